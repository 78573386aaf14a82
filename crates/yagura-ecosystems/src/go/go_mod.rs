//! `go.mod` and `go.work` (<https://go.dev/ref/mod#go-mod-file>).
//!
//! Since Go 1.17 `go.mod` lists every module that the build needs; older files list direct ones only.
//! A module that is replaced by a directory is part of the project and not listed. Replacements of a `go.work`
//! are not applied to the modules it uses. Before Go 1.21 the `go` line names a language version and says
//! nothing about the toolchain, so it gives no `stdlib`.

use super::directives::{Directive, directives};
use super::{ID, STDLIB, toolchain_version};
use crate::{Cataloger, Found};
use std::collections::BTreeMap;
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, Relation};

/// Reads `go.mod`.
pub(super) struct GoMod;

impl Cataloger for GoMod {
    fn id(&self) -> &'static str {
        "go/go-mod"
    }

    fn files(&self) -> &'static [&'static str] {
        &["go.mod"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let directives = directives(&text);
        let replacements = replacements(&directives);
        // A module may be required twice; the last line is the one that Go keeps when it tidies.
        let mut required: BTreeMap<&str, (&str, Relation)> = BTreeMap::new();
        for directive in directives.iter().filter(|directive| directive.keyword == "require") {
            let [name, version] = directive.words.as_slice() else { continue };
            if !version.starts_with('v') {
                continue;
            }
            let indirect = directive.comment.split(';').any(|part| part.trim() == "indirect");
            let relation = if indirect { Relation::Transitive } else { Relation::Direct };
            required.insert(name, (version, relation));
        }
        for (name, (version, relation)) in required {
            let Some((name, version)) = replaced(&replacements, name, version) else { continue };
            let mut package = Package::new(ID, name, version, Location::path(file.path.clone()));
            package.relation = relation;
            found.packages.push(package);
        }
        found.packages.extend(stdlib(&directives, file));
        Ok(())
    }
}

/// Reads `go.work`, for its toolchain.
pub(super) struct GoWork;

impl Cataloger for GoWork {
    fn id(&self) -> &'static str {
        "go/go-work"
    }

    fn files(&self) -> &'static [&'static str] {
        &["go.work"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        found.packages.extend(stdlib(&directives(&text), file));
        Ok(())
    }
}

/// What stands for a module, by module and version; without a version, for all its versions.
type Replacements<'a> = BTreeMap<(&'a str, Option<&'a str>), (&'a str, Option<&'a str>)>;

fn replacements<'a>(directives: &[Directive<'a>]) -> Replacements<'a> {
    directives
        .iter()
        .filter(|directive| directive.keyword == "replace")
        .filter_map(|directive| match *directive.words.as_slice() {
            [name, "=>", target] => Some(((name, None), (target, None))),
            [name, "=>", target, version] => Some(((name, None), (target, Some(version)))),
            [name, version, "=>", target] => Some(((name, Some(version)), (target, None))),
            [name, version, "=>", target, new] => Some(((name, Some(version)), (target, Some(new)))),
            _ => None,
        })
        .collect()
}

/// `None` when a directory stands for the module.
fn replaced<'a>(
    replacements: &Replacements<'a>,
    name: &'a str,
    version: &'a str,
) -> Option<(&'a str, &'a str)> {
    match replacements.get(&(name, Some(version))).or_else(|| replacements.get(&(name, None))) {
        None => Some((name, version)),
        Some((target, version)) => Some((target, (*version)?)),
    }
}

/// The standard library of the toolchain that the file asks for.
fn stdlib(directives: &[Directive<'_>], file: &File<'_>) -> Option<Package> {
    let word = |keyword: &str| {
        directives.iter().find(|directive| directive.keyword == keyword)?.words.first().copied()
    };
    let version =
        word("toolchain").and_then(toolchain_version).or_else(|| word("go").filter(|go| is_toolchain(go)))?;
    let mut package = Package::new(ID, STDLIB, version, Location::path(file.path.clone()));
    package.relation = Relation::Direct;
    Some(package)
}

/// From 1.21 on the `go` line names the oldest toolchain that may be used.
fn is_toolchain(version: &str) -> bool {
    let mut numbers = version.split(['.', 'r', 'b']).map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    (major, minor) >= (1, 21)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    const GO_MOD: &[u8] = include_bytes!("fixtures/go.mod.txt");

    #[test]
    fn requirements_replacements_and_the_toolchain() {
        insta::assert_snapshot!(render(&read(&GoMod, "go.mod", GO_MOD)), @r"
        Go github.com/direct/one v1.2.3 runtime/direct @go.mod
        Go github.com/fork/two v0.1.1 runtime/direct @go.mod
        Go github.com/pinned/four v1.0.0 runtime/direct @go.mod
        Go github.com/quoted/five v2.0.0+incompatible runtime/transitive @go.mod
        Go github.com/single/line v1.0.0 runtime/direct @go.mod
        Go golang.org/x/text v0.3.7 runtime/transitive @go.mod
        Go stdlib 1.22.5 runtime/direct @go.mod
        ");
    }

    #[test]
    fn the_go_line_is_a_toolchain_only_since_1_21() {
        for (line, expected) in [
            ("go 1.20", None),
            ("go 1.21", Some("1.21")),
            ("go 1.22.3", Some("1.22.3")),
            ("go 1.22\ntoolchain go1.23.4", Some("1.23.4")),
            ("go 1.22\ntoolchain default", Some("1.22")),
            ("go 1.23rc1", Some("1.23rc1")),
            ("go", None),
        ] {
            let found = read(&GoWork, "go.work", line.as_bytes());
            assert_eq!(found.packages.first().map(|package| package.version.as_str()), expected, "{line}");
        }
    }

    #[test]
    fn truncated_and_odd_files_do_not_panic() {
        for end in 0..GO_MOD.len() {
            read(&GoMod, "go.mod", &GO_MOD[..end]);
        }
        let found = read(&GoMod, "go.mod", b"require (\nrequire (\n) )\n)\nreplace =>\nrequire a\n\xff\xfe");
        assert!(found.packages.is_empty());
    }
}
