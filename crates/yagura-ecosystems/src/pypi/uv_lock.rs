//! `uv.lock` (<https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile>).
//!
//! The project and its workspace members are listed among the packages, with a source of `virtual`,
//! `editable` or `directory`; they are the roots and not packages themselves.

use super::blocks::blocks;
use super::is_installed;
use super::locked::{Locked, Wanted};
use crate::{Cataloger, Found};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

/// Reads it.
pub(super) struct UvLock;

impl Cataloger for UvLock {
    fn id(&self) -> &'static str {
        "pypi/uv-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["uv.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        if is_installed(file.path) {
            return Ok(());
        }
        let text = file.text()?;
        let mut locked = Locked::default();
        let outcome = blocks(&text, "package", file, |entry: Entry| entry.list(&mut locked));
        locked.finish(file, found);
        outcome
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    name: String,
    version: Option<String>,
    #[serde(default)]
    source: Source,
    #[serde(default)]
    dependencies: Vec<Dependency>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<Dependency>>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Vec<Dependency>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Source {
    r#virtual: Option<IgnoredAny>,
    editable: Option<IgnoredAny>,
    directory: Option<IgnoredAny>,
    git: Option<String>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    version: Option<String>,
}

impl Entry {
    fn list(self, locked: &mut Locked) {
        let local = self.source.r#virtual.is_some()
            || self.source.editable.is_some()
            || self.source.directory.is_some();
        let groups = [
            (vec![self.dependencies], Scope::Runtime),
            (self.optional_dependencies.into_values().collect(), Scope::Optional),
            (self.dev_dependencies.into_values().collect(), Scope::Development),
        ];
        // A locked package lists only those of its extras that somebody asked for.
        let number = match (local, self.version) {
            (false, Some(version)) => {
                let number = locked.add(self.name, version);
                let commit = self.source.git.as_deref().and_then(|url| url.rsplit_once('#'));
                locked.graph.commit(number, commit.map(|(_, commit)| commit.to_owned()));
                Some(number)
            }
            _ => None,
        };
        for (lists, scope) in groups {
            for dependency in lists.into_iter().flatten() {
                let wanted = Wanted { name: dependency.name, version: dependency.version };
                match number {
                    Some(number) => locked.ask(number, wanted),
                    None if local => locked.root(wanted, scope),
                    None => {}
                }
            }
        }
    }
}
