//! `bun.lock` (<https://bun.sh/docs/install/lockfile>): JSON with comments and trailing commas.
//!
//! `packages` maps a place (`name`, or `parent/name` where versions differ) to an array: `name@version` first,
//! an object with the package's own dependencies further on. The older binary `bun.lockb` has no published
//! format; it is reported, not read.

use super::{ID, commit, is_installed, is_version, split_name};
use crate::graph::Graph;
use crate::lenient::{Entries, Pairs, Text, json_error};
use crate::{Cataloger, Found};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

/// Reads the text form.
pub(super) struct BunLock;

impl Cataloger for BunLock {
    fn id(&self) -> &'static str {
        "npm/bun-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["bun.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        if is_installed(file.path) {
            return Ok(());
        }
        let text = file.text()?;
        let json = plain(&text);
        let mut lock = Lock::default();
        let mut deserializer = serde_json::Deserializer::from_str(&json);
        let outcome = Reading(&mut lock).deserialize(&mut deserializer).and_then(|()| deserializer.end());
        graph(&lock).finish(ID, file, found);
        outcome.map_err(|error| json_error(file.path, &error))
    }
}

/// Names the binary form.
pub(super) struct BunLockBinary;

impl Cataloger for BunLockBinary {
    fn id(&self) -> &'static str {
        "npm/bun-lock-binary"
    }

    fn files(&self) -> &'static [&'static str] {
        &["bun.lockb"]
    }

    fn read(&self, file: &File<'_>, _: &mut Found) -> Result<(), ReadError> {
        Err(ReadError::Unsupported {
            path: file.path.clone(),
            detail: "binary lockfile of bun; `bun install --save-text-lockfile` writes bun.lock".to_owned(),
        })
    }
}

/// The document without comments and trailing commas. Keeps the number of lines.
fn plain(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut start = 0;
    let mut at = 0;
    // Where `out` ends with a comma that nothing but space followed yet.
    let mut comma: Option<usize> = None;
    while let Some(&byte) = bytes.get(at) {
        let end = match (byte, bytes.get(at + 1)) {
            (b'"', _) => {
                let mut end = at + 1;
                while let Some(&inner) = bytes.get(end) {
                    end += match inner {
                        b'\\' => 2,
                        b'"' => break,
                        _ => 1,
                    };
                }
                comma = None;
                at = end + 1;
                continue;
            }
            (b'/', Some(b'/')) => text.get(at..).and_then(|t| t.find('\n')).map_or(bytes.len(), |n| at + n),
            (b'/', Some(b'*')) => {
                text.get(at..).and_then(|t| t.find("*/")).map_or(bytes.len(), |n| at + n + 2)
            }
            (b',', _) => {
                out.push_str(text.get(start..=at).unwrap_or_default());
                comma = Some(out.len() - 1);
                start = at + 1;
                at += 1;
                continue;
            }
            (b'}' | b']', _) => {
                if let Some(comma) = comma.take() {
                    out.replace_range(comma..=comma, " ");
                }
                at += 1;
                continue;
            }
            (b' ' | b'\t' | b'\r' | b'\n', _) => {
                at += 1;
                continue;
            }
            _ => {
                comma = None;
                at += 1;
                continue;
            }
        };
        out.push_str(text.get(start..at).unwrap_or_default());
        start = end;
        at = end;
    }
    out.push_str(text.get(start..).unwrap_or_default());
    out
}

#[derive(Default)]
struct Lock<'a> {
    workspaces: Vec<(Cow<'a, str>, Dependencies<'a>)>,
    packages: Vec<(Cow<'a, str>, Entry<'a>)>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Dependencies<'a> {
    /// Only of workspaces.
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    dependencies: Pairs<'a, IgnoredAny>,
    #[serde(borrow)]
    dev_dependencies: Pairs<'a, IgnoredAny>,
    #[serde(borrow)]
    optional_dependencies: Pairs<'a, IgnoredAny>,
    #[serde(borrow)]
    peer_dependencies: Pairs<'a, IgnoredAny>,
}

/// One array: texts, and at most one object that matters.
#[derive(Default)]
struct Entry<'a> {
    texts: Vec<Cow<'a, str>>,
    object: Dependencies<'a>,
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
            match key.as_str() {
                "workspaces" => {
                    map.next_value_seed(Entries::new(|key, value| self.0.workspaces.push((key, value))))?
                }
                "packages" => {
                    map.next_value_seed(Entries::new(|key, value| self.0.packages.push((key, value))))?
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Entry<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array;
        impl<'de> Visitor<'de> for Array {
            type Value = Entry<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entry<'de>, A::Error> {
                let mut entry = Entry::default();
                while let Some(item) = seq.next_element()? {
                    match item {
                        Item::Text(text) => entry.texts.push(text),
                        Item::Object(object) => entry.object = object,
                        Item::Other => {}
                    }
                }
                Ok(entry)
            }
        }
        deserializer.deserialize_seq(Array)
    }
}

enum Item<'a> {
    Text(Cow<'a, str>),
    Object(Dependencies<'a>),
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Item<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Item<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or an object")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Item::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Item::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Item::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Dependencies::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(Item::Object)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

fn graph<'a>(lock: &'a Lock<'a>) -> Graph<'a> {
    let mut graph = Graph::default();
    // place -> package; `None` for workspaces and linked directories.
    let mut places: HashMap<&str, Option<usize>> = HashMap::with_capacity(lock.packages.len());
    for (place, entry) in &lock.packages {
        let number = entry.texts.first().and_then(|first| split_name(first)).and_then(|(name, reference)| {
            let found = commit(reference)
                .or_else(|| reference.split_once('#').map(|(_, commit)| commit))
                .filter(|_| reference.starts_with("git"));
            let version = if is_version(reference) { reference } else { found? };
            let number = graph.add(Cow::Borrowed(name), Cow::Borrowed(version));
            graph.commit(number, found.map(str::to_owned));
            Some(number)
        });
        places.insert(place, number);
    }
    for (place, entry) in &lock.packages {
        let Some(from) = places.get(place.as_ref()).copied().flatten() else { continue };
        let object = &entry.object;
        let asked = [&object.dependencies, &object.optional_dependencies, &object.peer_dependencies];
        for (name, _) in asked.into_iter().flat_map(|pairs| &pairs.0) {
            if let Some(to) = resolve(&places, place, name) {
                graph.edge(from, to);
            }
        }
    }
    let mut roots = Vec::new();
    for (path, workspace) in &lock.workspaces {
        // The root's places have no prefix; `name/…` would be those of a package of the same name.
        let place = if path.is_empty() { "" } else { workspace.name.as_str() };
        for (pairs, scope) in [
            (&workspace.dependencies, Scope::Runtime),
            (&workspace.peer_dependencies, Scope::Runtime),
            (&workspace.optional_dependencies, Scope::Optional),
            (&workspace.dev_dependencies, Scope::Development),
        ] {
            roots
                .extend(pairs.0.iter().filter_map(|(name, _)| Some((resolve(&places, place, name)?, scope))));
        }
    }
    graph.spread(&roots);
    graph
}

/// The nearest place: `a/b/name`, `a/name`, `name`.
fn resolve(places: &HashMap<&str, Option<usize>>, from: &str, name: &str) -> Option<usize> {
    /// Longer places exist only in hostile files.
    const MAX_PLACE: usize = 1024;
    let mut above = if from.len() > MAX_PLACE { "" } else { from };
    let mut key = String::new();
    while !above.is_empty() {
        key.clear();
        key.extend([above, "/", name]);
        if let Some(&number) = places.get(key.as_str()) {
            return number;
        }
        above = above.rsplit_once('/').map_or("", |(above, _)| above);
    }
    places.get(name).copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn comments_and_trailing_commas_vanish() {
        assert_eq!(plain("{\"a,}\": [1, /* , */ 2, // x\n], }"), "{\"a,}\": [1,  2  \n]  }");
        assert_eq!(plain("\"open"), "\"open");
        assert_eq!(plain("/* open"), "");
        assert_eq!(plain("\"a\\\"b,]\",]"), "\"a\\\"b,]\" ]");
    }

    #[test]
    fn a_package_named_like_the_root_is_not_the_root() {
        let json = r#"{"lockfileVersion": 1,
            "workspaces": {"": {"name": "x", "dependencies": {"c": "2"}, "devDependencies": {"x": "1"}}},
            "packages": {
                "c": ["c@2.0.0", "", {}, ""],
                "x": ["x@1.0.0", "", {"dependencies": {"c": "1"}}, ""],
                "x/c": ["c@1.0.0", "", {}, ""],
                "git": ["git@git+https://example.org/git.git#0123456", {}, "x"],
            }}"#;
        insta::assert_snapshot!(render(&read(&BunLock, "bun.lock", json.as_bytes())), @r#"
        npm c 2.0.0 runtime/direct @bun.lock
        npm x 1.0.0 development/direct -> c@1.0.0 @bun.lock
        npm c 1.0.0 development/transitive @bun.lock
        npm git 0123456 commit=0123456 runtime/unknown @bun.lock
        "#);
    }

    #[test]
    fn the_binary_form_is_reported() {
        insta::assert_snapshot!(render(&read(&BunLockBinary, "bun.lockb", b"#!/usr/bin/env bun\n")), @r#"
        unread bun.lockb Unsupported binary lockfile of bun; `bun install --save-text-lockfile` writes bun.lock
        "#);
    }
}
