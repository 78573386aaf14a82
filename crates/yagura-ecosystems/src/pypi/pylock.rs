//! `pylock.toml` and `pylock.NAME.toml`, the lockfile of PEP 751
//! (<https://packaging.python.org/specifications/pylock-toml/>).
//!
//! Directories are the project's own. A marker that asks for a dependency group makes a package a development
//! one, a marker that asks for an extra makes it optional.

use super::blocks::blocks;
use super::is_installed;
use super::locked::{Locked, Wanted};
use crate::{Cataloger, Found};
use serde::Deserialize;
use serde::de::IgnoredAny;
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

/// Reads it.
pub(super) struct Pylock;

impl Cataloger for Pylock {
    fn id(&self) -> &'static str {
        "pypi/pylock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["pylock.toml", "pylock.*.toml"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        if is_installed(file.path) {
            return Ok(());
        }
        let text = file.text()?;
        let mut locked = Locked::default();
        let outcome = blocks(&text, "packages", file, |entry: Entry| {
            let commit = entry.vcs.and_then(|vcs| vcs.commit_id);
            // The specification leaves the version out where it may change, as in a checkout.
            let Some(version) =
                entry.version.or_else(|| commit.clone()).filter(|_| entry.directory.is_none())
            else {
                return;
            };
            let marker = entry.marker.unwrap_or_default();
            let number = locked.add(entry.name, version);
            locked.graph.commit(number, commit);
            locked.graph.scope(
                number,
                if marker.contains("dependency_groups") {
                    Scope::Development
                } else if marker.contains("extras") {
                    Scope::Optional
                } else {
                    Scope::Runtime
                },
            );
            for dependency in entry.dependencies {
                if let Some(name) = dependency.name {
                    locked.ask(number, Wanted { name, version: dependency.version });
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
    version: Option<String>,
    marker: Option<String>,
    directory: Option<IgnoredAny>,
    vcs: Option<Vcs>,
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Vcs {
    commit_id: Option<String>,
}

#[derive(Deserialize)]
struct Dependency {
    name: Option<String>,
    version: Option<String>,
}
