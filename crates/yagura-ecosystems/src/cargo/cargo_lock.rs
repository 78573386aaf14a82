//! `Cargo.lock`, formats 1 to 4 (<https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html>).
//!
//! Packages without a source are the project's own members: they are not listed, and what they ask for is
//! direct. The file does not tell development dependencies from others; `Cargo.toml` beside it does.

use super::ID;
use crate::graph::Graph;
use crate::pypi::blocks::blocks;
use crate::{Cataloger, Found};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;
use yagura_fs::{File, ReadError};
use yagura_model::Relation;

/// Reads all formats.
pub(super) struct CargoLock;

impl Cataloger for CargoLock {
    fn id(&self) -> &'static str {
        "cargo/cargo-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["Cargo.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let mut entries: Vec<Entry> = Vec::new();
        let outcome = blocks(&text, "package", file, |entry: Entry| entries.push(entry));
        link(entries).finish(ID, file, found);
        outcome
    }
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// Members take no number in the graph, so that they are not reported.
fn link(entries: Vec<Entry>) -> Graph<'static> {
    let mut graph = Graph::default();
    let mut by_name: HashMap<&str, Vec<(&str, usize)>> = HashMap::new();
    let mut numbers = Vec::with_capacity(entries.len());
    for entry in &entries {
        let number = entry.source.as_deref().map(|source| {
            let number = graph.add(Cow::Owned(entry.name.clone()), Cow::Owned(entry.version.clone()));
            graph.commit(number, commit(source).map(str::to_owned));
            by_name.entry(&entry.name).or_default().push((&entry.version, number));
            number
        });
        numbers.push(number);
    }
    for (entry, number) in entries.iter().zip(numbers) {
        for wanted in &entry.dependencies {
            // `name`, `name version` or `name version (source)`, as short as is unambiguous.
            let mut words = wanted.split(' ');
            let name = words.next().unwrap_or_default();
            let version = words.next();
            let candidates = by_name.get(name).map_or(&[][..], Vec::as_slice);
            let Some(&(_, target)) =
                candidates.iter().find(|(have, _)| version.is_none_or(|version| version == *have))
            else {
                continue;
            };
            match number {
                Some(number) => graph.edge(number, target),
                None => graph.relation(target, Relation::Direct),
            }
        }
    }
    graph
}

/// The commit of `git+https://…?branch=main#0123…`.
fn commit(source: &str) -> Option<&str> {
    let (_, commit) = source.strip_prefix("git+")?.rsplit_once('#')?;
    (commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(commit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    const V3: &[u8] = include_bytes!("fixtures/v3.lock");

    #[test]
    fn members_are_the_project_and_what_they_ask_for_is_direct() {
        insta::assert_snapshot!(render(&read(&CargoLock, "Cargo.lock", V3)));
    }

    #[test]
    fn format_1_names_sources_in_edges() {
        let lock = br#"[[package]]
name = "app"
version = "0.1.0"
dependencies = [
 "rand 0.7.3 (registry+https://github.com/rust-lang/crates.io-index)",
]

[[package]]
name = "rand"
version = "0.6.5"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "rand"
version = "0.7.3"
source = "registry+https://github.com/rust-lang/crates.io-index"

[metadata]
"checksum rand 0.7.3 (registry+https://github.com/rust-lang/crates.io-index)" = "6a6b"
"#;
        insta::assert_snapshot!(render(&read(&CargoLock, "Cargo.lock", lock)), @r"
        crates.io rand 0.6.5 runtime/unknown @Cargo.lock
        crates.io rand 0.7.3 runtime/direct @Cargo.lock
        ");
    }

    #[test]
    fn a_truncated_file_keeps_what_came_before() {
        for end in 0..V3.len() {
            let found = read(&CargoLock, "Cargo.lock", &V3[..end]);
            assert!(found.packages.len() <= 4);
        }
        let found = read(&CargoLock, "Cargo.lock", &V3[..V3.len() - 20]);
        assert_eq!((found.packages.len(), found.unread.len()), (3, 1));
    }
}
