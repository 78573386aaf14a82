//! Reading, resolving and analysing a snapshot folder: `cargo bench -p yagura-network --bench reach -- FOLDER`.
//! Also what one changed document costs: the whole analysis again on the network built anew.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench ends where it cannot go on, and prints"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};
use yagura_network::document::{Scope, Snapshot};
use yagura_network::facts::{Analysis, Question};
use yagura_network::network::Network;

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let out = work();
    let took: Duration = start.elapsed();
    println!("{what:<12} {:>8.0} ms", took.as_secs_f64() * 1000.0);
    out
}

fn main() {
    let Some(folder) =
        std::env::args().skip(1).find(|argument| !argument.starts_with("--")).map(PathBuf::from)
    else {
        println!("skipped: name a snapshot folder");
        return;
    };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let snapshot = timed("read", || {
        let mut snapshot = Snapshot::default();
        for file in &files {
            snapshot.read(&Scope::default(), &file.to_string_lossy(), &std::fs::read(file).unwrap()).unwrap();
        }
        snapshot
    });
    let network = timed("resolve", || Network::build(&snapshot));
    let (interfaces, groups) = network.size();
    let analysis = timed("analyse", || Analysis::new(&network, &Question::default()));
    let findings = timed("findings", || analysis.findings().count());
    println!("{interfaces} interfaces, {groups} groups, {} facts, {findings} findings", analysis.facts.len());
}
