//! `yarn.lock` of Yarn 1 (<https://classic.yarnpkg.com/lang/en/docs/yarn-lock/>) and of Yarn 2 and later
//! (<https://yarnpkg.com/configuration/yarnrc>; a subset of YAML, one `resolution` per entry).
//!
//! Neither tells development packages from others: the manifest beside does. Yarn 2 and later list the
//! workspaces, which are the project itself; what they ask for is direct.

use super::indented::{lines, list};
use super::{ID, alias, commit, is_installed, part, split_name};
use crate::graph::Graph;
use crate::{Cataloger, Found};
use std::borrow::Cow;
use std::collections::HashMap;
use yagura_fs::{File, ReadError};
use yagura_model::Relation;

/// Reads both kinds.
pub(super) struct YarnLock;

impl Cataloger for YarnLock {
    fn id(&self) -> &'static str {
        "npm/yarn-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["yarn.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        if is_installed(file.path) {
            return Ok(());
        }
        let text = file.text()?;
        let mut trouble = None;
        let mut entries = entries(&text, file, &mut trouble);
        // A file that ends inside a version or a name would tell a wrong one.
        let last_line = text.rsplit('\n').next().unwrap_or_default().trim_start();
        if (last_line.starts_with("version") || last_line.starts_with("resolution"))
            && let Some(entry) = entries.last_mut()
        {
            entry.version = Cow::Borrowed("");
        }
        if let Some(at) = entries.iter().position(|entry| entry.version.is_empty()) {
            let last = at + 1 == entries.len();
            let line = entries.get(at).map_or(0, |entry| entry.line);
            let detail = format!("the entry at line {line} has no version");
            trouble = trouble.or_else(|| {
                Some(match last {
                    true => ReadError::truncated(file.path, detail),
                    false => ReadError::malformed(file.path, detail),
                })
            });
            entries.retain(|entry| !entry.version.is_empty());
        }
        resolve(&entries, file).finish(ID, file, found);
        trouble.map_or(Ok(()), Err)
    }
}

#[derive(Default)]
struct Entry<'a> {
    line: usize,
    /// `name@range`, as dependants write it.
    patterns: Vec<Cow<'a, str>>,
    version: Cow<'a, str>,
    /// Yarn 1: the address of the tarball.
    resolved: Cow<'a, str>,
    /// Yarn 2 and later: `name@protocol:reference`.
    resolution: Cow<'a, str>,
    dependencies: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

fn entries<'a>(text: &'a str, file: &File<'_>, trouble: &mut Option<ReadError>) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    let mut in_dependencies = false;
    let mut in_metadata = false;
    for line in lines(text) {
        if line.indent == 0 {
            in_metadata = line.key == "__metadata";
            if in_metadata {
                continue;
            }
            if !line.body.ends_with(':') {
                let detail = format!("line {} is not an entry", line.number);
                trouble.get_or_insert_with(|| ReadError::malformed(file.path, detail));
                in_metadata = true;
                continue;
            }
            // Yarn 1 quotes each pattern, later ones quote the whole list.
            let patterns = list(line.body)
                .flat_map(|item| match item {
                    Cow::Borrowed(item) => item.split(", ").map(Cow::Borrowed).collect::<Vec<_>>(),
                    Cow::Owned(item) => item.split(", ").map(|item| Cow::Owned(item.to_owned())).collect(),
                })
                .collect();
            entries.push(Entry { line: line.number, patterns, ..Entry::default() });
            in_dependencies = false;
            continue;
        }
        let Some(entry) = entries.last_mut().filter(|_| !in_metadata) else { continue };
        if line.indent == 2 {
            in_dependencies = false;
            match &*line.key {
                "version" => entry.version = line.value,
                "resolved" => entry.resolved = line.value,
                "resolution" => entry.resolution = line.value,
                "dependencies" | "optionalDependencies" => in_dependencies = true,
                _ => {}
            }
        } else if line.indent == 4 && in_dependencies {
            entry.dependencies.push((line.key, line.value));
        }
    }
    entries
}

fn resolve<'a>(entries: &[Entry<'a>], file: &File<'_>) -> Graph<'a> {
    let mut graph = Graph::default();
    let mut by_pattern: HashMap<&str, Option<usize>> = HashMap::with_capacity(entries.len());
    // The only entry of a name answers for ranges that were overridden by `resolutions`.
    let mut by_name: HashMap<&str, Option<usize>> = HashMap::with_capacity(entries.len());
    let mut numbers = Vec::with_capacity(entries.len());
    let berry = entries.iter().any(|entry| !entry.resolution.is_empty());
    for entry in entries {
        let number = name(entry).map(|name| {
            let number = graph.add(name, entry.version.clone());
            let address = if entry.resolution.is_empty() { &entry.resolved } else { &entry.resolution };
            graph.commit(
                number,
                commit(split_name(address).filter(|_| berry).map_or(address, |s| s.1)).map(str::to_owned),
            );
            number
        });
        numbers.push(number);
        for pattern in &entry.patterns {
            by_pattern.insert(pattern, number);
            if let Some((name, _)) = split_name(pattern) {
                let only = by_name.entry(name).or_insert(number);
                if *only != number {
                    *only = None;
                }
            }
        }
    }
    let mut wanted = String::new();
    for (entry, &from) in entries.iter().zip(&numbers) {
        let workspace = entry.resolution.contains("@workspace:");
        if from.is_none() && !workspace {
            continue;
        }
        for (name, range) in &entry.dependencies {
            let mut find = |protocol: &str| {
                wanted.clear();
                wanted.extend([name, "@", protocol, range]);
                by_pattern.get(wanted.as_str()).copied()
            };
            let exact = find("").or_else(|| if berry { find("npm:") } else { None });
            let Some(to) = exact.unwrap_or_else(|| by_name.get(name.as_ref()).copied().flatten()) else {
                continue;
            };
            match from {
                Some(from) => graph.edge(from, to),
                None => graph.relation(to, Relation::Direct),
            }
        }
    }
    if entries.iter().any(|entry| entry.resolution.contains("@workspace:")) && !file.limits.is_cancelled() {
        for number in 0..graph.len() {
            graph.relation(number, Relation::Transitive);
        }
    }
    graph
}

/// The real name of an entry's package; `None` for workspaces and linked directories.
fn name<'a>(entry: &Entry<'a>) -> Option<Cow<'a, str>> {
    if !entry.resolution.is_empty() {
        let (_, reference) = split_name(&entry.resolution)?;
        let local = ["workspace:", "link:", "portal:", "soft:"].iter().any(|p| reference.starts_with(p))
            || reference.starts_with("file:")
                && !reference.contains(".tgz")
                && !reference.contains(".tar.gz");
        return (!local)
            .then(|| part(&entry.resolution, |text| split_name(text).map_or(text, |split| split.0)));
    }
    // `resolutions` may send plain ranges to another package: then only one pattern tells its name.
    let aliased =
        |pattern: &&Cow<'a, str>| split_name(pattern).is_some_and(|(_, range)| range.starts_with("npm:"));
    let pattern = entry.patterns.iter().find(aliased).or(entry.patterns.first())?;
    let (_, range) = split_name(pattern)?;
    let local = ["file:", "link:", "workspace:", "portal:"].iter().any(|p| range.starts_with(p));
    if entry.resolved.is_empty() && local {
        return None;
    }
    Some(part(pattern, |text| match split_name(text) {
        Some((name, range)) => match range.strip_prefix("npm:") {
            // `npm:real@range`, or `npm:real` for any version of it.
            Some(real) => alias(range).map_or(real, |split| split.0),
            None => name,
        },
        None => text,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    fn check(text: &str) -> String {
        render(&read(&YarnLock, "yarn.lock", text.as_bytes()))
    }

    #[test]
    fn addresses_and_aliases_of_yarn_1() {
        insta::assert_snapshot!(check(concat!(
            "# yarn lockfile v1\n\n",
            "chokidar@^2.1.8, chokidar@^3.0.0, \"chokidar@npm:@n/chokidar-2@2.1.8-x.3\":\n  version \"2.1.8-x.3\"\n  resolved \"https://registry.yarnpkg.com/@n/chokidar-2/-/chokidar-2-2.1.8-x.3.tgz#32\"\n\n",
            "\"local@file:./local\":\n  version \"1.0.0\"\n\n",
            "\"tool@git+https://example.org/tool.git\":\n  version \"2.0.0\"\n  resolved \"git+https://example.org/tool.git#0123456789012345678901234567890123456789\"\n  dependencies:\n    chokidar \"^3.0.0\"\n",
        )), @r#"
        npm @n/chokidar-2 2.1.8-x.3 runtime/unknown @yarn.lock
        npm tool 2.0.0 commit=0123456789012345678901234567890123456789 runtime/unknown -> @n/chokidar-2 @yarn.lock
        "#);
    }

    #[test]
    fn protocols_of_yarn_4() {
        insta::assert_snapshot!(check(concat!(
            "__metadata:\n  version: 8\n\n",
            "\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  dependencies:\n    fsevents: \"npm:^2\"\n    linked: \"link:./linked\"\n\n",
            "\"fsevents@npm:^2\":\n  version: 2.3.3\n  resolution: \"fsevents@npm:2.3.3\"\n\n",
            "\"fsevents@patch:fsevents@npm%3A^2#optional!builtin<compat/fsevents>\":\n  version: 2.3.3\n  resolution: \"fsevents@patch:fsevents@npm%3A2.3.3#optional!builtin<compat/fsevents>::version=2.3.3&hash=df0bf1\"\n\n",
            "\"linked@link:./linked::locator=app%40workspace%3A.\":\n  version: 0.0.0-use.local\n  resolution: \"linked@link:./linked::locator=app%40workspace%3A.\"\n\n",
            "\"tool@https://example.org/tool.git#commit=0123456789012345678901234567890123456789\":\n  version: 2.0.0\n  resolution: \"tool@https://example.org/tool.git#commit=0123456789012345678901234567890123456789\"\n",
        )), @r#"
        npm fsevents 2.3.3 runtime/direct @yarn.lock
        npm tool 2.0.0 commit=0123456789012345678901234567890123456789 runtime/transitive @yarn.lock
        "#);
    }

    #[test]
    fn conflict_marks_are_reported_and_the_rest_is_read() {
        insta::assert_snapshot!(check("a@1:\n  version \"1.0.0\"\n\n<<<<<<< HEAD\nb@1:\n  version \"1.0.1\"\n\nc@1:\n"), @r#"
        npm a 1.0.0 runtime/unknown @yarn.lock
        npm b 1.0.1 runtime/unknown @yarn.lock
        unread yarn.lock Malformed line 4 is not an entry
        "#);
    }
}
