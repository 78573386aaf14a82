//! How fast secrets are looked for: `YAGURA_BENCH_TREE=DIR cargo bench -p yagura-rules`. One thread.

use std::collections::BTreeMap;
use std::time::Instant;
use yagura_fs::{Directory, Limits};
use yagura_rules::{RuleSet, Scan};

#[allow(clippy::unwrap_used, reason = "a benchmark that cannot run has to stop")]
fn main() {
    let Some(root) = std::env::var_os("YAGURA_BENCH_TREE") else {
        eprintln!("nothing was measured: name a directory of sources in YAGURA_BENCH_TREE");
        std::process::exit(2);
    };
    let start = Instant::now();
    let rules = RuleSet::built_in().unwrap();
    let scan = Scan::new(&rules, &["secret".to_owned()]);
    println!("{} rules ready after {:.1} ms", rules.rules.len(), start.elapsed().as_secs_f64() * 1e3);
    let tree = Directory::open(root.as_ref()).unwrap();
    let mut by_rule = BTreeMap::<String, usize>::new();
    for _ in 0..3 {
        let start = Instant::now();
        let found = scan.tree(&tree, &Limits::default(), &|_, _| false);
        let seconds = start.elapsed().as_secs_f64();
        let megabytes = found.bytes as f64 / 1e6;
        println!(
            "{} files, {megabytes:.1} MB, {:.1} MB/s, {} findings",
            found.files,
            megabytes / seconds,
            found.detections.len()
        );
        by_rule.clear();
        for one in found.detections {
            *by_rule.entry(one.cause.rule).or_default() += 1;
        }
    }
    println!("{by_rule:?}");
}
