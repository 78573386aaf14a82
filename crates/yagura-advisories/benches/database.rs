//! Time to build the advisory file from the reference data, its size, and look-ups per second.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;
use yagura_advisories::{Builder, Database};
use yagura_model::{Advisories, EcosystemId};

fn main() {
    let Some(folder) = common::reference() else {
        eprintln!("nothing was measured: name the folder of reference data in YAGURA_CONFORMANCE");
        std::process::exit(2);
    };
    let start = Instant::now();
    let mut builder = Builder::new("2026-11-24T00:00:00Z".parse().unwrap());
    common::read_all(&folder, &mut builder);
    let read = start.elapsed();
    let bytes = builder.finish().unwrap();
    println!(
        "read {:.1} s, finish {:.1} s, {} MiB",
        read.as_secs_f64(),
        (start.elapsed() - read).as_secs_f64(),
        bytes.len() >> 20
    );
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    }
    let start = Instant::now();
    let database = Database::open(bytes).unwrap();
    println!("open {:.3} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    database.verify().unwrap();
    println!("verify {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let summary = database.summary();
    println!(
        "{} statements, {} packages, {} advisories, {} vulnerabilities",
        summary.statements, summary.packages, summary.advisories, summary.vulnerabilities
    );
    for source in &summary.sources {
        println!(
            "  {:<24} {:>7} advisories {:>7} facts {:>4} withdrawn {:>4} unread {:>6} unordered {:>7} unknown {} {}",
            source.id.as_str(),
            source.advisories,
            source.facts,
            source.withdrawn,
            source.unread,
            source.unordered,
            source.unknown,
            source.state.as_str(),
            source.error.as_deref().unwrap_or_default()
        );
    }
    let keys: Vec<(EcosystemId, String)> =
        database.keys().map(|(ecosystem, name, _)| (EcosystemId::from(ecosystem), name.to_owned())).collect();
    let missing: Vec<(EcosystemId, String)> =
        keys.iter().map(|(ecosystem, name)| (ecosystem.clone(), format!("{name}-not"))).collect();
    for (what, keys) in [("hit", &keys), ("miss", &missing)] {
        let start = Instant::now();
        let (mut rounds, mut rows) = (0u64, 0u64);
        while start.elapsed().as_secs_f64() < 1.0 {
            for (ecosystem, name) in keys {
                database.statements(ecosystem, name, &mut |_| rows += 1);
            }
            rounds += keys.len() as u64;
        }
        let time = start.elapsed().as_secs_f64();
        println!(
            "{what}: {:.0} look-ups/s, {:.0} ns each, {:.1} statements each",
            rounds as f64 / time,
            time / rounds as f64 * 1e9,
            rows as f64 / rounds as f64
        );
    }
}
