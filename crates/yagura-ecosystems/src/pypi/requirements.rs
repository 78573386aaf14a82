//! Requirement files of pip (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>).
//!
//! Exact pins are packages; everything else is named as unpinned and never guessed. `# via` comments of
//! pip-compile and uv tell edges and direct requirements. Included files are found by their own names;
//! constraint files (`-c`) install nothing.

use super::locked::{Locked, Wanted};
use super::{is_installed, requirement_name};
use crate::{Cataloger, Found};
use std::borrow::Cow;
use std::collections::BTreeSet;
use yagura_fs::{File, ReadError};
use yagura_model::{Relation, Scope, Unread, UnreadReason};

/// How many unpinned names one entry shows.
const SHOWN: usize = 5;

/// Reads them.
pub(super) struct Requirements;

impl Cataloger for Requirements {
    fn id(&self) -> &'static str {
        "pypi/requirements"
    }

    fn files(&self) -> &'static [&'static str] {
        &["requirements*.txt", "*requirements.txt", "**/requirements/*.txt"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        if is_installed(file.path) {
            return Ok(());
        }
        let text = decode(file)?;
        let mut locked = Locked::default();
        let mut unpinned = BTreeSet::new();
        let mut via = Via::default();
        let mut pins = 0_usize;
        for line in logical_lines(&text) {
            let (requirement, comment) = split_comment(&line);
            let requirement = requirement.trim();
            if !requirement.is_empty() {
                via.number = None;
                via.open = false;
                match parse(requirement) {
                    Requirement::Pinned { name, version, commit } => {
                        let number = locked.add(name.to_owned(), version.to_owned());
                        locked.graph.scope(number, scope(file));
                        locked.graph.commit(number, commit.map(str::to_owned));
                        via.number = Some((number, name.to_owned()));
                        pins += 1;
                    }
                    Requirement::Unpinned(name) => drop(unpinned.insert(name.to_owned())),
                    Requirement::None => {}
                }
            }
            if let Some(comment) = comment {
                via.take(comment);
            }
        }
        via.finish(&mut locked);
        locked.finish(file, found);
        if !unpinned.is_empty() {
            let names: Vec<&str> = unpinned.iter().take(SHOWN).map(String::as_str).collect();
            let more = if unpinned.len() > SHOWN { ", …" } else { "" };
            found.unread.push(Unread {
                path: file.path.clone(),
                reason: UnreadReason::NoLockfile,
                detail: format!(
                    "{} of {} requirements name no exact version: {}{more}; pin them with `pip freeze` or pip-compile",
                    unpinned.len(),
                    unpinned.len() + pins,
                    names.join(", "),
                ),
            });
        }
        Ok(())
    }
}

/// `pip freeze` in PowerShell writes UTF-16.
fn decode<'f>(file: &'f File<'_>) -> Result<Cow<'f, str>, ReadError> {
    let bytes = file.bytes()?;
    let unit = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return file.text(),
    };
    let units = bytes.chunks_exact(2).skip(1).filter_map(|pair| Some(unit(pair.try_into().ok()?)));
    Ok(Cow::Owned(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()))
}

/// Joins lines that end in a backslash.
fn logical_lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut lines = text.lines();
    std::iter::from_fn(move || {
        let first = lines.next()?;
        let Some(open) = first.strip_suffix('\\') else { return Some(Cow::Borrowed(first)) };
        let mut joined = open.to_owned();
        for next in lines.by_ref() {
            match next.strip_suffix('\\') {
                Some(open) => joined.push_str(open),
                None => {
                    joined.push_str(next);
                    break;
                }
            }
        }
        Some(Cow::Owned(joined))
    })
}

/// A comment starts at the beginning or after a space: `#egg=name` is part of an address.
fn split_comment(line: &str) -> (&str, Option<&str>) {
    let at = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|&at| line.get(..at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t'])));
    match at {
        Some(at) => (line.get(..at).unwrap_or(line), line.get(at + 1..)),
        None => (line, None),
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Requirement<'a> {
    Pinned {
        name: &'a str,
        version: &'a str,
        commit: Option<&'a str>,
    },
    Unpinned(&'a str),
    /// An option, a local path, something that is no requirement.
    None,
}

pub(crate) fn parse(line: &str) -> Requirement<'_> {
    let line = match line.strip_prefix("-e").or_else(|| line.strip_prefix("--editable")) {
        Some(rest) => rest.trim_start_matches([' ', '=']),
        None if line.starts_with('-') => return Requirement::None,
        None => line,
    };
    if is_address(line) {
        return address(None, line);
    }
    let Some((name, rest)) = requirement_name(line) else { return Requirement::None };
    let rest = rest.trim_start();
    // Extras.
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']').map_or("", |(_, rest)| rest).trim_start(),
        None => rest,
    };
    if let Some(target) = rest.strip_prefix('@') {
        return address(Some(name), target.trim());
    }
    if rest.starts_with(['/', '\\', ':']) {
        // A path such as `packages/local`.
        return Requirement::None;
    }
    let specifiers = rest.split(';').next().unwrap_or(rest);
    let specifiers = specifiers.split(" --").next().unwrap_or(specifiers);
    let specifiers = specifiers.trim().trim_start_matches('(').trim_end_matches(')');
    if !specifiers.is_empty() && !specifiers.starts_with(['=', '<', '>', '!', '~']) {
        return Requirement::None;
    }
    let pin = specifiers.split(',').find_map(|one| {
        let version = one.trim().strip_prefix("==")?;
        let version = version.strip_prefix('=').unwrap_or(version).trim();
        let exact = !version.is_empty() && !version.contains(['*', ' ', '$', '{', '"', '\'']);
        exact.then_some(version)
    });
    match pin {
        Some(version) => Requirement::Pinned { name, version, commit: None },
        None => Requirement::Unpinned(name),
    }
}

fn is_address(text: &str) -> bool {
    let scheme = text.split("://").next().filter(|scheme| scheme.len() < text.len());
    scheme.is_some_and(|scheme| {
        scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// A wheel or sdist tells its version in its name, a git address at most its commit.
fn address<'a>(name: Option<&'a str>, text: &'a str) -> Requirement<'a> {
    let text = text.split([' ', ';']).next().unwrap_or(text);
    let (path, fragment) = text.split_once('#').unwrap_or((text, ""));
    let egg = fragment.split('&').find_map(|field| field.strip_prefix("egg=")).and_then(requirement_name);
    let name = name.or(egg.map(|(name, _)| name));
    if path.starts_with("git+") {
        let commit = path
            .rsplit_once('@')
            .map(|(_, commit)| commit)
            .filter(|commit| commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()));
        return match (name, commit) {
            (Some(name), Some(commit)) => Requirement::Pinned { name, version: commit, commit: Some(commit) },
            (Some(name), None) => Requirement::Unpinned(name),
            (None, _) => Requirement::None,
        };
    }
    let file = path.rsplit('/').next().unwrap_or(path);
    let parts = match file.strip_suffix(".whl") {
        Some(stem) => stem.split_once('-').map(|(n, rest)| (n, rest.split('-').next().unwrap_or(rest))),
        None => [".tar.gz", ".zip"]
            .iter()
            .find_map(|ending| file.strip_suffix(ending))
            .and_then(|stem| stem.rsplit_once('-')),
    };
    match (parts, name) {
        (Some((from_file, version)), name) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            Requirement::Pinned { name: name.unwrap_or(from_file), version, commit: None }
        }
        (_, Some(name)) => Requirement::Unpinned(name),
        _ => Requirement::None,
    }
}

/// `# via` comments below or beside a requirement.
#[derive(Default)]
struct Via {
    /// The requirement that comments belong to.
    number: Option<(usize, String)>,
    open: bool,
    direct: Vec<usize>,
    needed: Vec<(String, usize, String)>,
}

impl Via {
    fn take(&mut self, comment: &str) {
        let comment = comment.trim();
        let list = match comment.strip_prefix("via") {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => rest,
            _ if self.open => comment,
            _ => return,
        };
        let Some((number, name)) = &self.number else { return };
        self.open = true;
        for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let is_file = [".in", ".txt", ".toml", ".toml)"].iter().any(|ending| item.ends_with(ending));
            if item.starts_with('-') || is_file {
                self.direct.push(*number);
            } else {
                self.needed.push((item.to_owned(), *number, name.clone()));
            }
        }
    }

    fn finish(self, locked: &mut Locked) {
        for number in self.direct {
            locked.graph.relation(number, Relation::Direct);
        }
        for (parent, number, name) in self.needed {
            let parents = locked.targets(&Wanted::any(&parent));
            // uv names the project itself where pip-compile names its file.
            let relation = if parents.is_empty() { Relation::Direct } else { Relation::Transitive };
            locked.graph.relation(number, relation);
            for from in parents {
                locked.ask(from, Wanted::any(&name));
            }
        }
    }
}

/// `requirements-dev.txt` and `requirements/test.txt` say in their name what they are for.
fn scope(file: &File<'_>) -> Scope {
    let development = file
        .path
        .name()
        .trim_end_matches(".txt")
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| matches!(word, "dev" | "develop" | "development" | "test" | "tests" | "testing"));
    if development { Scope::Development } else { Scope::Runtime }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    fn check(text: &str) -> String {
        render(&read(&Requirements, "requirements.txt", text.as_bytes()))
    }

    #[test]
    fn pins_are_packages() {
        insta::assert_snapshot!(check(concat!(
            "\u{feff}# comment\n",
            "Django==4.2.1 ; python_version >= '3.8'  # why\n",
            "requests[socks] == 2.31.0 --hash=sha256:aa\n",
            "urllib3===1.26.5 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n",
            "zope.interface (==5.4.0)\n",
            "-r other.txt\n--index-url https://example.org/simple\n-e .\n./local\nlibs/local\n",
            "pip @ https://example.org/pip-22.0-py3-none-any.whl#sha256=dd\n",
            "git+https://example.org/x/tool.git@0123456789012345678901234567890123456789#egg=tool\n",
            "https://example.org/plain-1.5.tar.gz\n",
        )), @r#"
        PyPI Django 4.2.1 runtime/unknown @requirements.txt
        PyPI requests 2.31.0 runtime/unknown @requirements.txt
        PyPI urllib3 1.26.5 runtime/unknown @requirements.txt
        PyPI zope.interface 5.4.0 runtime/unknown @requirements.txt
        PyPI pip 22.0 runtime/unknown @requirements.txt
        PyPI tool 0123456789012345678901234567890123456789 commit=0123456789012345678901234567890123456789 runtime/unknown @requirements.txt
        PyPI plain 1.5 runtime/unknown @requirements.txt
        "#);
    }

    #[test]
    fn unpinned_requirements_are_named_not_guessed() {
        insta::assert_snapshot!(check("flask\nnumpy>=1.2,<2\nidna~=3.0\nsix==1.*\nattrs==21.4.0\npytz != 2020\nx==${V}\n"), @r#"
        PyPI attrs 21.4.0 runtime/unknown @requirements.txt
        unread requirements.txt NoLockfile 6 of 7 requirements name no exact version: flask, idna, numpy, pytz, six, …; pin them with `pip freeze` or pip-compile
        "#);
    }

    #[test]
    fn via_comments_tell_edges() {
        insta::assert_snapshot!(check(concat!(
            "certifi==2024.2.2 \\\n    --hash=sha256:aa\n    # via requests\n",
            "idna==3.6\n    # via\n    #   httpx\n    #   requests\n",
            "requests==2.31.0\n    # via -r requirements.in\n",
            "httpx==0.27.0  # via -r requirements.in\n",
        )), @r#"
        PyPI certifi 2024.2.2 runtime/transitive @requirements.txt
        PyPI idna 3.6 runtime/transitive @requirements.txt
        PyPI requests 2.31.0 runtime/direct -> certifi, idna @requirements.txt
        PyPI httpx 0.27.0 runtime/direct -> idna @requirements.txt
        "#);
    }

    #[test]
    fn utf_16_is_read() {
        let bytes: Vec<u8> = "\u{feff}a==1\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&Requirements, "requirements.txt", &bytes).packages.len(), 1);
    }

    #[test]
    fn file_names_tell_development() {
        let scope = |path| read(&Requirements, path, b"a==1").packages.remove(0).scope;
        assert_eq!(scope("requirements-dev.txt"), Scope::Development);
        assert_eq!(scope("requirements/test.txt"), Scope::Development);
        assert_eq!(scope("requirements.txt"), Scope::Runtime);
        assert!(read(&Requirements, "v/site-packages/x/requirements.txt", b"a==1").is_empty());
    }
}
