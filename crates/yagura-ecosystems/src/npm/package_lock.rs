//! `package-lock.json`, `npm-shrinkwrap.json` and the hidden lockfile `node_modules/.package-lock.json`.
//!
//! Versions 2 and 3 list installed places in `packages`, version 1 nests them in `dependencies`
//! (<https://docs.npmjs.com/cli/configuring-npm/package-lock-json>). Version 2 has both; `packages` is read.
//! The project itself, its workspaces and linked directories are not packages; what they ask for is direct.

use super::{ID, alias, commit, is_installed, is_version, tarball_version};
use crate::graph::Graph;
use crate::lenient::{Entries, Flag, Pairs, Text, json_error};
use crate::{Cataloger, Found};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use yagura_fs::{File, ReadError};
use yagura_model::{Relation, Scope, Unread, UnreadReason};

/// Longest install path whose dependencies are resolved; longer ones exist only in hostile files.
const MAX_PLACE: usize = 1024;

/// Reads all three.
pub(super) struct PackageLock;

impl Cataloger for PackageLock {
    fn id(&self) -> &'static str {
        "npm/package-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["package-lock.json", "npm-shrinkwrap.json", ".package-lock.json"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let hidden = file.path.name() == ".package-lock.json";
        if hidden != file.path.parent().ends_with("node_modules") || !hidden && is_installed(file.path) {
            return Ok(());
        }
        let text = file.text()?;
        let mut lock = Lock::default();
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let outcome = Reading(&mut lock).deserialize(&mut deserializer).and_then(|()| deserializer.end());
        let mut graph = Graph::default();
        if lock.places.is_empty() {
            nested(&lock, &mut graph, file, found);
        } else {
            places(&lock, &mut graph, file, found);
        }
        graph.finish(ID, file, found);
        outcome.map_err(|error| json_error(file.path, &error))?;
        if !lock.recognized {
            return Err(ReadError::malformed(
                file.path,
                "it has no lockfileVersion, packages or dependencies",
            ));
        }
        Ok(())
    }
}

/// What was read, in document order. Filled as the document is read, so that an error keeps what came before.
#[derive(Default)]
struct Lock<'a> {
    /// It has a field that makes it a lockfile.
    recognized: bool,
    /// `packages` of versions 2 and 3.
    places: Vec<(Cow<'a, str>, Place<'a>)>,
    /// `dependencies` of version 1.
    dependencies: Vec<(Cow<'a, str>, Dependency<'a>)>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Place<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    resolved: Text<'a>,
    #[serde(borrow)]
    license: Text<'a>,
    link: Flag,
    dev: Flag,
    optional: Flag,
    dev_optional: Flag,
    #[serde(borrow)]
    dependencies: Pairs<'a, IgnoredAny>,
    #[serde(borrow)]
    dev_dependencies: Pairs<'a, IgnoredAny>,
    #[serde(borrow)]
    optional_dependencies: Pairs<'a, IgnoredAny>,
    #[serde(borrow)]
    peer_dependencies: Pairs<'a, IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Dependency<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    resolved: Text<'a>,
    dev: Flag,
    optional: Flag,
    #[serde(borrow)]
    requires: Pairs<'a, IgnoredAny>,
    #[serde(borrow)]
    dependencies: Pairs<'a, Dependency<'a>>,
}

/// Reads a whole lockfile into a [`Lock`].
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
            self.0.recognized |= matches!(key.as_str(), "lockfileVersion" | "packages" | "dependencies");
            match key.as_str() {
                "packages" => {
                    map.next_value_seed(Entries::new(|key, place| self.0.places.push((key, place))))?
                }
                // Version 2 repeats itself here for npm 6.
                "dependencies" if self.0.places.is_empty() => {
                    map.next_value_seed(Entries::new(|key, dependency| {
                        self.0.dependencies.push((key, dependency));
                    }))?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Versions 2 and 3: places are install paths such as `node_modules/a/node_modules/b`.
fn places<'a>(lock: &'a Lock<'a>, graph: &mut Graph<'a>, file: &File<'_>, found: &mut Found) {
    // (directory that holds node_modules, name below it) -> package; `None` for links to local directories.
    let mut installed: HashMap<(&str, &str), Option<usize>> = HashMap::with_capacity(lock.places.len());
    let mut numbers: Vec<Option<usize>> = Vec::with_capacity(lock.places.len());
    let mut versionless = Vec::new();
    for (path, place) in &lock.places {
        let Some((directory, name)) = split_place(path) else {
            numbers.push(None);
            continue;
        };
        let address = place.resolved.as_str();
        let number = match (place.link.0, place.version.get()) {
            (true, _) => None,
            (false, Some(version)) => {
                Some(graph.add(Cow::Borrowed(place.name.get().unwrap_or(name)), Cow::Borrowed(version)))
            }
            (false, None) => {
                let version = commit(address).or_else(|| tarball_version(name, address));
                match version {
                    Some(version) => Some(
                        graph.add(Cow::Borrowed(place.name.get().unwrap_or(name)), Cow::Borrowed(version)),
                    ),
                    None => {
                        versionless.push(name);
                        None
                    }
                }
            }
        };
        if let Some(number) = number {
            graph.scope(number, scope_of(place.dev.0, place.optional.0 || place.dev_optional.0));
            graph.licenses(number, place.license.get().map(str::to_owned));
            graph.commit(number, commit(address).map(str::to_owned));
        }
        installed.insert((directory, name), number);
        numbers.push(number);
    }

    let rooted = lock.places.iter().any(|(path, _)| path.is_empty());
    for ((path, place), &number) in lock.places.iter().zip(&numbers) {
        if file.limits.is_cancelled() {
            return;
        }
        if path.len() > MAX_PLACE || place.link.0 {
            continue;
        }
        let local = split_place(path).is_none();
        let asked = [&place.dependencies, &place.optional_dependencies, &place.peer_dependencies];
        let development = local.then_some(&place.dev_dependencies);
        for (name, _) in asked.into_iter().chain(development).flat_map(|pairs| &pairs.0) {
            let Some(target) = resolve(&installed, path, name) else { continue };
            match number {
                Some(number) => graph.edge(number, target),
                None if local => graph.relation(target, Relation::Direct),
                None => {}
            }
        }
    }
    if rooted {
        for number in 0..graph.len() {
            graph.relation(number, Relation::Transitive);
        }
    }
    report(&versionless, file, found);
}

/// The directory above the last `node_modules` of a path and the name below it. `None` for the project,
/// workspaces and linked directories.
fn split_place(path: &str) -> Option<(&str, &str)> {
    let (directory, name) = match path.rsplit_once("/node_modules/") {
        Some(split) => split,
        None => ("", path.strip_prefix("node_modules/")?),
    };
    let parts = name.split('/').count();
    let whole = if name.starts_with('@') { parts == 2 } else { parts == 1 };
    (whole && !name.is_empty()).then_some((directory, name))
}

/// Node's resolution: `node_modules` of the directory itself, then of each directory above it.
fn resolve(installed: &HashMap<(&str, &str), Option<usize>>, from: &str, name: &str) -> Option<usize> {
    let mut directory = from;
    loop {
        if let Some(&number) = installed.get(&(directory, name)) {
            return number;
        }
        if directory.is_empty() {
            return None;
        }
        directory = directory.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

/// Version 1: a tree of dependencies; each level is one `node_modules`.
fn nested<'a>(lock: &'a Lock<'a>, graph: &mut Graph<'a>, file: &File<'_>, found: &mut Found) {
    let mut versionless = Vec::new();
    let top: Level<'_> = level(lock.dependencies.iter(), graph, &mut versionless);
    let mut chain = vec![top];
    descend(&lock.dependencies, &mut chain, graph, &mut versionless, file);
    report(&versionless, file, found);
}

/// Alias or name -> package of one `node_modules`.
type Level<'a> = HashMap<&'a str, Option<usize>>;

fn level<'a>(
    dependencies: impl Iterator<Item = &'a (Cow<'a, str>, Dependency<'a>)>,
    graph: &mut Graph<'a>,
    versionless: &mut Vec<&'a str>,
) -> Level<'a> {
    let mut level = HashMap::new();
    for (name, dependency) in dependencies {
        let stated = dependency.version.as_str();
        let (name_of, version) = match alias(stated) {
            Some((real, version)) => (real, Some(version)),
            None if is_version(stated) => (name.as_ref(), Some(stated)),
            None if stated.starts_with("file:") && !stated.ends_with("gz") => {
                level.insert(name.as_ref(), None);
                continue;
            }
            None => (
                name.as_ref(),
                commit(stated)
                    .or_else(|| tarball_version(name, stated))
                    .or_else(|| tarball_version(name, dependency.resolved.as_str())),
            ),
        };
        let number = version.map(|version| graph.add(Cow::Borrowed(name_of), Cow::Borrowed(version)));
        match number {
            Some(number) => {
                graph.scope(number, scope_of(dependency.dev.0, dependency.optional.0));
                graph.commit(number, commit(stated).map(str::to_owned));
            }
            None => versionless.push(name),
        }
        level.insert(name.as_ref(), number);
    }
    level
}

/// Depth is bounded by serde_json, which refuses documents nested deeper than 128 levels.
fn descend<'a>(
    dependencies: &'a [(Cow<'a, str>, Dependency<'a>)],
    chain: &mut Vec<Level<'a>>,
    graph: &mut Graph<'a>,
    versionless: &mut Vec<&'a str>,
    file: &File<'_>,
) {
    for (name, dependency) in dependencies {
        if file.limits.is_cancelled() {
            return;
        }
        let number = chain.last().and_then(|level| level.get(name.as_ref()).copied()).flatten();
        chain.push(level(dependency.dependencies.0.iter(), graph, versionless));
        if let Some(number) = number {
            for (wanted, _) in &dependency.requires.0 {
                let target =
                    chain.iter().rev().find_map(|level| level.get(wanted.as_ref()).copied()).flatten();
                if let Some(target) = target {
                    graph.edge(number, target);
                }
            }
        }
        descend(&dependency.dependencies.0, chain, graph, versionless, file);
        chain.pop();
    }
}

/// `dev` with `optional`, or `devOptional`: npm's flags exclude a package only when all its users are of
/// that kind.
fn scope_of(development: bool, optional: bool) -> Scope {
    match (development, optional) {
        (true, _) => Scope::Development,
        (false, true) => Scope::Optional,
        (false, false) => Scope::Runtime,
    }
}

fn report(versionless: &[&str], file: &File<'_>, found: &mut Found) {
    if let Some(first) = versionless.first() {
        found.unread.push(Unread {
            path: file.path.clone(),
            reason: UnreadReason::Unsupported,
            detail: format!("{} packages have no version, for instance `{first}`", versionless.len()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn links_addresses_and_bundles() {
        let json = r#"{"lockfileVersion": 3, "packages": {
            "": {"name": "shop", "dependencies": {"own": "*", "git": "x", "tar": "x", "b": "1"}},
            "packages/own": {"version": "1.0.0", "dependencies": {"b": "2"}},
            "packages/own/node_modules/b": {"version": "2.0.0"},
            "node_modules/own": {"resolved": "packages/own", "link": true},
            "node_modules/b": {"version": "1.0.0", "dependencies": {"inner": "1"}, "peerDependencies": {"git": "*"}},
            "node_modules/b/node_modules/inner": {"version": "1.0.0", "inBundle": true, "license": "ISC"},
            "node_modules/git": {"version": "3.0.0", "resolved": "git+ssh://git@github.com/x/git.git#0123456789012345678901234567890123456789"},
            "node_modules/tar": {"resolved": "https://example.org/tar-4.5.6.tgz"},
            "node_modules/odd": {"version": 7, "resolved": "https://example.org/odd"}}}"#;
        insta::assert_snapshot!(render(&read(&PackageLock, "package-lock.json", json.as_bytes())), @r#"
        npm b 2.0.0 runtime/direct @package-lock.json
        npm b 1.0.0 runtime/direct -> git, inner @package-lock.json
        npm inner 1.0.0 runtime/transitive (ISC) @package-lock.json
        npm git 3.0.0 commit=0123456789012345678901234567890123456789 runtime/direct @package-lock.json
        npm tar 4.5.6 runtime/direct @package-lock.json
        unread package-lock.json Unsupported 1 packages have no version, for instance `odd`
        "#);
    }

    #[test]
    fn nested_levels_of_version_1_shadow_each_other() {
        let json = r#"{"lockfileVersion": 1, "dependencies": {
            "a": {"version": "1.0.0", "requires": {"b": "2", "c": "1"}, "dependencies": {
                "b": {"version": "2.0.0", "bundled": true, "requires": {"c": "1"}}}},
            "b": {"version": "1.0.0", "dev": true},
            "c": {"version": "npm:real@1.2.3", "optional": true},
            "git": {"version": "github:x/git#0123456789012345678901234567890123456789", "from": "github:x/git"},
            "local": {"version": "file:../local"},
            "tar": {"version": "https://example.org/tar-4.5.6.tgz"},
            "odd": {"version": "https://example.org/archive"}}}"#;
        insta::assert_snapshot!(render(&read(&PackageLock, "npm-shrinkwrap.json", json.as_bytes())), @r#"
        npm a 1.0.0 runtime/unknown -> b@2.0.0, real @npm-shrinkwrap.json
        npm b 1.0.0 development/unknown @npm-shrinkwrap.json
        npm real 1.2.3 optional/unknown @npm-shrinkwrap.json
        npm git 0123456789012345678901234567890123456789 commit=0123456789012345678901234567890123456789 runtime/unknown @npm-shrinkwrap.json
        npm tar 4.5.6 runtime/unknown @npm-shrinkwrap.json
        npm b 2.0.0 runtime/unknown -> real @npm-shrinkwrap.json
        unread npm-shrinkwrap.json Unsupported 1 packages have no version, for instance `odd`
        "#);
    }

    #[test]
    fn lockfiles_that_packages_carry_are_left_out() {
        let json = br#"{"packages": {"node_modules/a": {"version": "1.0.0"}}}"#;
        for (path, count) in [
            ("node_modules/.package-lock.json", 1),
            ("node_modules/x/package-lock.json", 0),
            (".package-lock.json", 0),
            ("package-lock.json", 1),
        ] {
            assert_eq!(read(&PackageLock, path, json).packages.len(), count, "{path}");
        }
    }
}
