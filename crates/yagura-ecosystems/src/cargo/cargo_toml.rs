//! `Cargo.toml`: what a member asks for, and what for
//! (<https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html>).
//!
//! Renamed dependencies count under the package's real name. Dependencies that a member takes over from its
//! workspace keep the name of their key; a rename in the workspace's table is not followed.

use super::ID;
use crate::{Cataloger, Found, Manifest, Note};
use std::collections::BTreeMap;
use toml::{Table, Value};
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

/// Reads the dependency tables.
pub(super) struct CargoToml;

impl Cataloger for CargoToml {
    fn id(&self) -> &'static str {
        "cargo/cargo-toml"
    }

    fn files(&self) -> &'static [&'static str] {
        &["Cargo.toml"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let document: Table =
            toml::from_str(&text).map_err(|error| ReadError::malformed(file.path, error.message()))?;
        let mut direct = BTreeMap::new();
        collect(&document, &mut direct);
        for (_, platform) in tables(document.get("target")) {
            collect(platform, &mut direct);
        }
        if !direct.is_empty() {
            found.notes.push(Note::Manifest(Manifest { ecosystem: ID.to_owned(), direct, complete: false }));
        }
        Ok(())
    }
}

/// Adds the three kinds of dependencies of one table. Wanted at run time anywhere means wanted at run time.
fn collect(table: &Table, direct: &mut BTreeMap<String, Scope>) {
    for (section, scope) in [
        ("dependencies", Scope::Runtime),
        ("build-dependencies", Scope::Development),
        ("dev-dependencies", Scope::Development),
    ] {
        let Some(dependencies) = table.get(section).and_then(Value::as_table) else { continue };
        for (key, value) in dependencies {
            let get = |field: &str| value.as_table().and_then(|table| table.get(field));
            // Nothing but a path: a member of the same project.
            if get("path").is_some() && get("version").is_none() {
                continue;
            }
            let name = get("package").and_then(Value::as_str).unwrap_or(key);
            let optional = get("optional").and_then(Value::as_bool).unwrap_or(false);
            let scope = if optional && scope == Scope::Runtime { Scope::Optional } else { scope };
            let known = direct.entry(name.to_owned()).or_insert(scope);
            *known = (*known).min(scope);
        }
    }
}

fn tables(value: Option<&Value>) -> impl Iterator<Item = (&String, &Table)> {
    value
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key, value.as_table()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn all_tables_count_and_the_strongest_scope_wins() {
        let manifest = br#"
            [package]
            name = "app"
            [dependencies]
            serde = "1"
            rng = { package = "rand", version = "0.8", optional = true }
            member = { path = "../member" }
            shared.workspace = true
            [dev-dependencies]
            insta = "1"
            serde = "1"
            [target.'cfg(unix)'.dependencies]
            libc = "0.2"
            [target.'cfg(windows)'.build-dependencies]
            cc = "1"
        "#;
        insta::assert_snapshot!(render(&read(&CargoToml, "Cargo.toml", manifest)));
    }

    #[test]
    fn odd_shapes_are_skipped() {
        let manifest = b"dependencies = 3\ntarget = [1]\n[build-dependencies]\nx = 5\n";
        assert_eq!(read(&CargoToml, "Cargo.toml", manifest).notes.len(), 1);
        assert_eq!(read(&CargoToml, "Cargo.toml", b"[dependencies").unread.len(), 1);
    }
}
