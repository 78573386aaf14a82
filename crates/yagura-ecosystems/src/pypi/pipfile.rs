//! `Pipfile` and `Pipfile.lock` of Pipenv (<https://pipenv.pypa.io/en/latest/pipfile.html>).
//!
//! The lockfile has two lists, `default` and `develop`, and no edges; the `Pipfile` beside names the direct
//! packages.

use super::{ID, is_installed};
use crate::graph::Graph;
use crate::lenient::{Entries, Flag, Text, json_error};
use crate::{Cataloger, Found, Manifest, Note};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use yagura_fs::{File, ReadError};
use yagura_model::{Scope, Unread, UnreadReason};

/// Reads the lockfile.
pub(super) struct PipfileLock;

impl Cataloger for PipfileLock {
    fn id(&self) -> &'static str {
        "pypi/pipfile-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["Pipfile.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        if is_installed(file.path) {
            return Ok(());
        }
        let text = file.text()?;
        let mut lock = Lock::default();
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let outcome = Reading(&mut lock).deserialize(&mut deserializer).and_then(|()| deserializer.end());
        let mut graph = Graph::default();
        for (name, entry, scope) in &lock.0 {
            if entry.path.get().is_some() || entry.editable.0 && entry.reference.get().is_none() {
                continue;
            }
            let version = entry.version.as_str().trim_start_matches('=').trim();
            let commit = entry.reference.get();
            let Some(version) = Some(version).filter(|version| !version.is_empty()).or(commit) else {
                found.unread.push(Unread {
                    path: file.path.clone(),
                    reason: UnreadReason::Unsupported,
                    detail: format!("`{name}` has no version"),
                });
                continue;
            };
            let number = graph.add(Cow::Borrowed(name), Cow::Borrowed(version));
            graph.scope(number, *scope);
            graph.commit(number, commit.map(str::to_owned));
        }
        graph.finish(ID, file, found);
        outcome.map_err(|error| json_error(file.path, &error))
    }
}

#[derive(Default)]
struct Lock<'a>(Vec<(Cow<'a, str>, Entry<'a>, Scope)>);

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    /// The commit of a package from git.
    #[serde(borrow, rename = "ref")]
    reference: Text<'a>,
    #[serde(borrow)]
    path: Text<'a>,
    editable: Flag,
}

struct Reading<'l, 'a>(&'l mut Lock<'a>);

impl<'a> DeserializeSeed<'a> for Reading<'_, 'a> {
    type Value = ();
    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Reading<'_, 'a> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a lockfile object")
    }
    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Text<'a>>()? {
            let scope = match key.as_str() {
                "_meta" => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                // Every other section but the first is a category that is installed on demand.
                "default" => Scope::Runtime,
                _ => Scope::Development,
            };
            map.next_value_seed(Entries::new(|name, entry| self.0.0.push((name, entry, scope))))?;
        }
        Ok(())
    }
}

/// Reads the manifest.
pub(super) struct Pipfile;

impl Cataloger for Pipfile {
    fn id(&self) -> &'static str {
        "pypi/pipfile"
    }

    fn files(&self) -> &'static [&'static str] {
        &["Pipfile"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        if is_installed(file.path) {
            return Ok(());
        }
        let text = file.text()?;
        let document: Document = toml::from_str(&text)
            .map_err(|error| ReadError::malformed(file.path, error.message().to_owned()))?;
        let mut direct = BTreeMap::new();
        for (names, scope) in
            [(document.dev_packages, Scope::Development), (document.packages, Scope::Runtime)]
        {
            direct.extend(names.into_keys().map(|name| (name, scope)));
        }
        if !direct.is_empty() {
            found.notes.push(Note::Manifest(Manifest { ecosystem: ID.to_owned(), direct, complete: false }));
        }
        Ok(())
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Document {
    packages: BTreeMap<String, IgnoredAny>,
    dev_packages: BTreeMap<String, IgnoredAny>,
}
