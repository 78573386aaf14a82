//! `pdm.lock` (<https://pdm-project.org/latest/usage/lockfile/>).
//!
//! A package with extras is listed once per set of extras. Direct packages are those of the
//! `pyproject.toml` beside.

use super::blocks::blocks;
use super::locked::{Locked, Wanted};
use super::{is_installed, requirement_name};
use crate::{Cataloger, Found};
use serde::Deserialize;
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

/// Reads it.
pub(super) struct PdmLock;

impl Cataloger for PdmLock {
    fn id(&self) -> &'static str {
        "pypi/pdm-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["pdm.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        if is_installed(file.path) {
            return Ok(());
        }
        let text = file.text()?;
        let mut locked = Locked::default();
        let outcome = blocks(&text, "package", file, |entry: Entry| {
            if entry.path.is_some() {
                return;
            }
            let number = locked.add(entry.name, entry.version);
            if entry.groups.is_empty() || entry.groups.iter().any(|group| group == "default") {
                locked.graph.scope(number, Scope::Runtime);
            } else {
                locked.graph.scope(number, Scope::Development);
            }
            locked.graph.commit(number, entry.revision);
            for requirement in &entry.dependencies {
                if let Some((name, _)) = requirement_name(requirement) {
                    locked.ask(number, Wanted::any(name));
                }
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
    /// A directory of the project.
    path: Option<String>,
    /// The commit of a package from git.
    revision: Option<String>,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}
