//! `pnpm-lock.yaml` of lockfile versions 5, 6 and 9 (<https://github.com/pnpm/spec/tree/master/lockfile>).
//!
//! Version 5 writes `/name/1.0.0_peers`, version 6 `/name@1.0.0(peers)`, version 9 `name@1.0.0` with one
//! snapshot for each set of peers. The file is read line by line; a file that was reformatted into flow
//! style is not understood.

use super::indented::{Line, flow, lines};
use super::{ID, commit, is_installed, is_version, split_name};
use crate::graph::Graph;
use crate::{Cataloger, Found};
use std::borrow::Cow;
use std::collections::HashMap;
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

/// Reads all versions.
pub(super) struct PnpmLock;

impl Cataloger for PnpmLock {
    fn id(&self) -> &'static str {
        "npm/pnpm-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["pnpm-lock.yaml"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        if is_installed(file.path) {
            return Ok(());
        }
        let text = file.text()?;
        let mut lock = Lock::default();
        for line in lines(&text) {
            lock.take(line);
        }
        // The key of the last package may be cut as well.
        let cut = lock.packages.pop_if(|last| !last.resolved);
        graph(&lock).finish(ID, file, found);
        if let Some(line) = lock.odd_line {
            return Err(ReadError::malformed(file.path, format!("line {line} is not an entry")));
        }
        if !lock.versioned {
            return Err(ReadError::malformed(file.path, "it has no lockfileVersion"));
        }
        if let Some(cut) = cut {
            return Err(ReadError::truncated(file.path, format!("`{}` has no resolution", cut.key)));
        }
        match lock.packages.last() {
            Some(last) if lock.separate && lock.snapshots.is_empty() => {
                Err(ReadError::truncated(file.path, format!("no snapshots follow `{}`", last.key)))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Default)]
struct Lock<'a> {
    versioned: bool,
    /// Version 9: edges are in `snapshots`.
    separate: bool,
    roots: Vec<(Reference<'a>, Scope)>,
    packages: Vec<Entry<'a>>,
    snapshots: Vec<Entry<'a>>,
    odd_line: Option<usize>,
    // Where the reader is.
    section: Section,
    block: Block,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Section {
    #[default]
    Other,
    Importers,
    /// A single project's dependencies, at the top.
    Roots,
    Packages,
    Snapshots,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Block {
    #[default]
    Other,
    Edges(Scope),
}

/// A dependency as its dependant writes it: name and version, path or address.
struct Reference<'a> {
    name: Cow<'a, str>,
    target: Cow<'a, str>,
}

#[derive(Default)]
struct Entry<'a> {
    key: Cow<'a, str>,
    /// Stated for packages that are not from a registry.
    name: Option<Cow<'a, str>>,
    version: Option<Cow<'a, str>>,
    resolved: bool,
    local: bool,
    commit: Option<String>,
    dev: bool,
    optional: bool,
    edges: Vec<Reference<'a>>,
}

impl<'a> Lock<'a> {
    fn take(&mut self, line: Line<'a>) {
        if line.indent == 0 {
            self.block = Block::Other;
            self.section = match &*line.key {
                "importers" => Section::Importers,
                "packages" => Section::Packages,
                "snapshots" => Section::Snapshots,
                "lockfileVersion" => {
                    self.versioned = true;
                    self.separate =
                        line.value.split('.').next().and_then(|v| v.parse::<u32>().ok()) >= Some(9);
                    Section::Other
                }
                key => match edges(key, true) {
                    Some(scope) => {
                        self.block = Block::Edges(scope);
                        Section::Roots
                    }
                    None => Section::Other,
                },
            };
            let block = matches!(self.section, Section::Importers | Section::Packages | Section::Snapshots);
            if !line.body.contains(':') || block && !matches!(&*line.value, "" | "{}") {
                self.odd_line.get_or_insert(line.number);
            }
            return;
        }
        match (self.section, line.indent) {
            (Section::Roots, 2) | (Section::Importers, 6) => self.root(line.key, line.value),
            (Section::Roots, 4) | (Section::Importers, 8) => self.root_version(line),
            (Section::Importers, 4) => {
                self.block = edges(&line.key, true).map_or(Block::Other, Block::Edges);
            }
            (Section::Packages, 2) => self.packages.push(Entry { key: line.key, ..Entry::default() }),
            (Section::Snapshots, 2) => self.snapshots.push(Entry { key: line.key, ..Entry::default() }),
            (Section::Packages, 4) => {
                self.block = edges(&line.key, false).map_or(Block::Other, Block::Edges);
                if let Some(entry) = self.packages.last_mut() {
                    entry.field(line);
                }
            }
            (Section::Snapshots, 4) => {
                self.block = edges(&line.key, false).map_or(Block::Other, Block::Edges);
                if let Some(entry) = self.snapshots.last_mut() {
                    entry.field(line);
                }
            }
            (section @ (Section::Packages | Section::Snapshots), 6) if self.block != Block::Other => {
                let entries =
                    if section == Section::Packages { &mut self.packages } else { &mut self.snapshots };
                if let Some(entry) = entries.last_mut() {
                    entry.edges.push(Reference { name: line.key, target: line.value });
                }
            }
            _ => {}
        }
    }

    /// A root of version 5, `name: 1.0.0`, or the first line of one of version 6.
    fn root(&mut self, name: Cow<'a, str>, target: Cow<'a, str>) {
        if let Block::Edges(scope) = self.block {
            self.roots.push((Reference { name, target }, scope));
        }
    }

    /// A root of version 6 and later: `specifier` and `version` below the name.
    fn root_version(&mut self, line: Line<'a>) {
        if line.key == "version"
            && self.block != Block::Other
            && let Some((root, _)) = self.roots.last_mut()
        {
            root.target = line.value;
        }
    }
}

impl<'a> Entry<'a> {
    fn field(&mut self, line: Line<'a>) {
        match &*line.key {
            "name" => self.name = Some(line.value),
            "version" => self.version = Some(line.value),
            "dev" => self.dev = line.value == "true",
            "optional" => self.optional = line.value == "true",
            "resolution" => {
                self.resolved = true;
                for (key, value) in flow(&line.value) {
                    match &*key {
                        "commit" => self.commit = Some(value.into_owned()),
                        "tarball" => self.commit = commit(&value).map(str::to_owned),
                        "type" => self.local = value == "directory",
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    /// Name and version; `None` for directories of the project.
    fn identity(&self) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
        if self.local {
            return None;
        }
        let (name, version) = match &self.key {
            Cow::Borrowed(key) => identity(key).map(|(n, v)| (Cow::Borrowed(n), Cow::Borrowed(v))),
            Cow::Owned(key) => {
                identity(key).map(|(n, v)| (Cow::Owned(n.to_owned()), Cow::Owned(v.to_owned())))
            }
        }
        .unzip();
        let name = self.name.clone().or(name)?;
        // An address instead of a version tells at most a commit.
        let version =
            self.version.clone().or(version.filter(|version| is_version(version))).or_else(|| {
                self.commit.clone().or_else(|| commit(&self.key).map(str::to_owned)).map(Cow::Owned)
            })?;
        Some((name, version))
    }
}

/// What a block of dependencies is needed for. Peers of a package are among its dependencies.
fn edges(key: &str, root: bool) -> Option<Scope> {
    match key {
        "dependencies" => Some(Scope::Runtime),
        "optionalDependencies" => Some(Scope::Optional),
        "devDependencies" if root => Some(Scope::Development),
        _ => None,
    }
}

/// Name and version of a key without its peers.
fn identity(key: &str) -> Option<(&str, &str)> {
    let bare = base(key).trim_start_matches('/');
    if let Some((name, version)) = split_name(bare) {
        // In version 5, an `@` is part of the peers, and the name before it holds the version.
        let slashes = usize::from(name.starts_with('@'));
        if name.matches('/').count() == slashes && (is_version(version) || version.contains(':')) {
            return Some((name, version));
        }
    }
    let (name, version) = bare.rsplit_once('/')?;
    let version = version.split('_').next().unwrap_or(version);
    // A key of another registry starts with its host.
    let name = match (key.starts_with('/'), name.rfind("/@")) {
        (true, _) => name,
        (false, Some(at)) => name.get(at + 1..)?,
        (false, None) => name.rsplit('/').next()?,
    };
    Some((name, version))
}

/// A key without the peers of version 6 and later.
fn base(key: &str) -> &str {
    key.split('(').next().unwrap_or(key)
}

fn graph<'a>(lock: &Lock<'a>) -> Graph<'a> {
    let mut graph = Graph::default();
    let mut by_key: HashMap<&str, usize> = HashMap::new();
    // package -> (needed only for development, needed only as an option), as far as all its entries say so
    let mut only: Vec<(bool, bool)> = Vec::new();
    let mut weaken = |number: usize, dev: bool, optional: bool| match only.get_mut(number) {
        Some(flags) => *flags = (flags.0 && dev, flags.1 && optional),
        None => only.resize(number + 1, (dev, optional)),
    };
    for entry in &lock.packages {
        let Some((name, version)) = entry.identity() else { continue };
        let number = graph.add(name, version);
        graph.commit(number, entry.commit.clone());
        by_key.insert(&entry.key, number);
        if !lock.separate {
            weaken(number, entry.dev, entry.optional);
        }
    }
    for snapshot in &lock.snapshots {
        let Some(&number) = by_key.get(base(&snapshot.key)) else { continue };
        by_key.insert(&snapshot.key, number);
        weaken(number, false, snapshot.optional);
    }
    let mut key = String::new();
    let mut find = |reference: &Reference<'_>| {
        let (name, target) = (&*reference.name, &*reference.target);
        if let Some(&number) = by_key.get(target) {
            return Some(number);
        }
        for parts in [[name, "@", target, ""], ["/", name, "@", target], ["/", name, "/", target]] {
            key.clear();
            key.extend(parts);
            if let Some(&number) = by_key.get(key.as_str()).or_else(|| by_key.get(base(&key))) {
                return Some(number);
            }
        }
        None
    };
    for entry in lock.packages.iter().chain(&lock.snapshots) {
        let Some(&from) = by_key.get(&*entry.key) else { continue };
        for reference in &entry.edges {
            if let Some(to) = find(reference) {
                graph.edge(from, to);
            }
        }
    }
    let roots: Vec<(usize, Scope)> =
        lock.roots.iter().filter_map(|(reference, scope)| Some((find(reference)?, *scope))).collect();
    graph.spread(&roots);
    for (number, &(dev, optional)) in only.iter().enumerate() {
        if dev {
            graph.weaken(number, Scope::Development);
        } else if optional {
            graph.weaken(number, Scope::Optional);
        }
    }
    graph
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn keys_tell_name_and_version() {
        for (key, name, version) in [
            ("/debug/4.3.4", "debug", "4.3.4"),
            ("/debug/4.3.4_supports-color@8.1.1", "debug", "4.3.4"),
            ("/@s/x/1.0.0_@y+z@2.0.0", "@s/x", "1.0.0"),
            ("/string_decoder/1.1.1", "string_decoder", "1.1.1"),
            ("registry.example.org/@s/x/1.0.0", "@s/x", "1.0.0"),
            ("registry.example.org/x/1.0.0", "x", "1.0.0"),
            ("/@s/x@1.0.0(@y/z@2.0.0)(w@1.0.0)", "@s/x", "1.0.0"),
            ("x@1.0.0-rc.1(y@2.0.0)", "x", "1.0.0-rc.1"),
            ("x@https://example.org/x.tgz", "x", "https://example.org/x.tgz"),
        ] {
            assert_eq!(identity(key), Some((name, version)), "{key}");
        }
    }

    #[test]
    fn peers_git_and_directories() {
        let yaml = concat!(
            "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n",
            "      x:\n        specifier: ^1\n        version: 1.0.0(y@2.0.0)\n",
            "      own:\n        specifier: file:own\n        version: file:own\n",
            "      git:\n        specifier: x/git\n        version: https://codeload.github.com/x/git/tar.gz/0123456789012345678901234567890123456789\n",
            "\npackages:\n\n",
            "  git@https://codeload.github.com/x/git/tar.gz/0123456789012345678901234567890123456789:\n    resolution: {tarball: https://codeload.github.com/x/git/tar.gz/0123456789012345678901234567890123456789}\n    version: 5.0.0\n\n",
            "  own@file:own:\n    resolution: {directory: own, type: directory}\n\n",
            "  x@1.0.0:\n    resolution: {integrity: sha512-x}\n    deprecated: |-\n      dependencies:\n      not: 1.0.0\n    peerDependencies:\n      y: '*'\n\n",
            "  y@2.0.0:\n    resolution: {integrity: sha512-y}\n\n",
            "snapshots:\n\n  x@1.0.0(y@2.0.0):\n    dependencies:\n      y: 2.0.0\n\n  y@2.0.0: {}\n",
        );
        insta::assert_snapshot!(render(&read(&PnpmLock, "pnpm-lock.yaml", yaml.as_bytes())), @r#"
        npm git 5.0.0 commit=0123456789012345678901234567890123456789 runtime/direct @pnpm-lock.yaml
        npm x 1.0.0 runtime/direct -> y @pnpm-lock.yaml
        npm y 2.0.0 runtime/transitive @pnpm-lock.yaml
        "#);
    }

    #[test]
    fn files_cut_between_lists_are_reported() {
        let cut =
            "lockfileVersion: '9.0'\n\npackages:\n\n  x@1.0.0:\n    resolution: {integrity: a}\n\n  y@1.0";
        insta::assert_snapshot!(render(&read(&PnpmLock, "pnpm-lock.yaml", cut.as_bytes())), @r#"
        npm x 1.0.0 runtime/unknown @pnpm-lock.yaml
        unread pnpm-lock.yaml Truncated `y@1.0` has no resolution
        "#);
    }
}
