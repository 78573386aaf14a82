//! Packages judged per second and core, on real inventories and a warm database.
//!
//! usage: `YAGURA_BENCH_INPUTS=DIR YAGURA_BENCH_DB=FILE cargo bench -p yagura --bench matching`; DIR is what
//! `bench/make-inputs.sh` fills, FILE what `yagura db build` writes. Time is the time this thread was on a
//! processor, so that a busy machine does not change the figure.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::hint::black_box;
use std::path::PathBuf;
use yagura::data::Data;
use yagura::scan::{Options, Progress, TargetSpec, scan};
use yagura_findings::detect;
use yagura_model::Inventory;

/// Each is one line of the table; the last line is all of them together.
const INPUTS: &[&str] = &["debian-root", "node", "pyenv", "pyspark", "lockfiles"];
/// Seconds measured for each line.
const SECONDS: f64 = 1.0;

fn main() {
    let path = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (Some(inputs), Some(db)) = (path("YAGURA_BENCH_INPUTS"), path("YAGURA_BENCH_DB")) else {
        eprintln!(
            "nothing was measured: set YAGURA_BENCH_INPUTS to a directory that `bench/make-inputs.sh DIR` filled, and \
             YAGURA_BENCH_DB to a file that `yagura db build` wrote"
        );
        std::process::exit(2);
    };
    let data = Data::open(Some(db)).expect("the database opens");
    for name in INPUTS.iter().filter(|name| !inputs.join(name).exists()) {
        eprintln!(
            "`{name}` is not there and is left out; `bench/make-inputs.sh {} {name}` makes it",
            inputs.display()
        );
    }
    println!("| inventory | packages | detections | ns per package | packages/s |");
    println!("|---|---:|---:|---:|---:|");
    let inventories: Vec<(&str, Inventory)> = INPUTS
        .iter()
        .filter(|name| inputs.join(name).exists())
        .map(|name| {
            let target = inputs.join(name);
            let spec =
                if *name == "debian-root" { TargetSpec::Root(target) } else { TargetSpec::Directory(target) };
            let options = Options { offline: true, ..Options::default() };
            (*name, scan(&spec, &options, &Progress::new(false)).expect("the input is read").inventory)
        })
        .collect();
    for one in &inventories {
        line(one.0, std::slice::from_ref(one), &data);
    }
    line("all", &inventories, &data);
}

fn line(name: &str, inventories: &[(&str, Inventory)], data: &Data) {
    let round = || -> usize {
        let day = jiff::civil::date(2026, 1, 1);
        inventories
            .iter()
            .map(|(_, inventory)| black_box(detect(inventory, data, day)).detections.len())
            .sum()
    };
    let detections = round();
    let (start, mut rounds) = (on_processor(), 0u32);
    while on_processor() - start < SECONDS {
        round();
        rounds += 1;
    }
    let packages: usize = inventories.iter().map(|(_, inventory)| inventory.packages.len()).sum();
    let each = (on_processor() - start) / f64::from(rounds) / packages as f64;
    println!("| {name} | {packages} | {detections} | {:.0} | {:.0} |", each * 1e9, 1.0 / each);
}

/// Seconds that this thread was on a processor.
fn on_processor() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}
