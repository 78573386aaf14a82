//! `poetry.lock` of Poetry 1 and 2 (<https://python-poetry.org/docs/basic-usage/>).
//!
//! Older files state a `category`, Poetry 2 states `groups`; between them nothing tells development packages
//! from others. Direct packages are those of the `pyproject.toml` beside.

use super::blocks::blocks;
use super::is_installed;
use super::locked::{Locked, Wanted};
use crate::{Cataloger, Found};
use serde::Deserialize;
use std::collections::BTreeMap;
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

/// Reads both.
pub(super) struct PoetryLock;

impl Cataloger for PoetryLock {
    fn id(&self) -> &'static str {
        "pypi/poetry-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["poetry.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        if is_installed(file.path) {
            return Ok(());
        }
        let text = file.text()?;
        let mut locked = Locked::default();
        let outcome = blocks(&text, "package", file, |entry: Entry| {
            let scope = match (entry.category.as_deref(), &entry.groups, entry.optional) {
                (Some("dev"), ..) => Scope::Development,
                (_, Some(groups), _) if !groups.iter().any(|group| group == "main") => Scope::Development,
                (_, _, true) => Scope::Optional,
                _ => Scope::Runtime,
            };
            let number = locked.add(entry.name, entry.version);
            locked.graph.scope(number, scope);
            locked
                .graph
                .commit(number, entry.source.resolved_reference.filter(|_| entry.source.kind == "git"));
            for name in entry.dependencies.keys() {
                locked.ask(number, Wanted::any(name));
            }
        });
        locked.finish(file, found);
        outcome
    }
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    category: Option<String>,
    groups: Option<Vec<String>>,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    dependencies: BTreeMap<String, serde::de::IgnoredAny>,
    #[serde(default)]
    source: Source,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Source {
    #[serde(rename = "type")]
    kind: String,
    resolved_reference: Option<String>,
}
