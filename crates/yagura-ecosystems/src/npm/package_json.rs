//! `package.json`: an installed package below `node_modules`, otherwise a project's manifest
//! (<https://docs.npmjs.com/cli/configuring-npm/package-json>).
//!
//! Only a package's own `package.json` counts as installed: packages carry more of them, as stubs for
//! sub-paths and as test data. Ranges are never guessed into versions.

use super::{ID, alias};
use crate::lenient::{Pairs, Text, json_error};
use crate::{Cataloger, Found, Manifest, Note, Owned};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use std::collections::BTreeMap;
use std::fmt;
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, Scope, TreePath};

/// Reads both kinds.
pub(super) struct PackageJson;

impl Cataloger for PackageJson {
    fn id(&self) -> &'static str {
        "npm/package-json"
    }

    fn files(&self) -> &'static [&'static str] {
        &["package.json"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let place = place(file.path.parent());
        if place == Place::Inside {
            return Ok(());
        }
        let text = file.text()?;
        let document: Document<'_> =
            serde_json::from_str(&text).map_err(|error| json_error(file.path, &error))?;
        match (place, document.name.get(), document.version.get()) {
            (Place::Installed, Some(name), Some(version)) => {
                installed(file, name, version, document.license.0, document.licenses.0, found);
            }
            (Place::Elsewhere, Some(name), Some(version))
                if is_unpacked(file.path.parent(), name, version) =>
            {
                installed(file, name, version, document.license.0, document.licenses.0, found);
            }
            (Place::Elsewhere, ..) => manifest(&document, found),
            _ => {}
        }
        Ok(())
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    license: Licenses,
    licenses: Licenses,
    #[serde(borrow)]
    dependencies: Pairs<'a, Text<'a>>,
    #[serde(borrow)]
    dev_dependencies: Pairs<'a, Text<'a>>,
    #[serde(borrow)]
    optional_dependencies: Pairs<'a, Text<'a>>,
    #[serde(borrow)]
    peer_dependencies: Pairs<'a, Text<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The top of a package below `node_modules`.
    Installed,
    /// Further inside such a package.
    Inside,
    /// Not below `node_modules`.
    Elsewhere,
}

/// What a directory is by its path alone.
fn place(directory: &str) -> Place {
    let Some(inner) = below_modules(directory) else { return Place::Elsewhere };
    let is_test = |part: &str| {
        matches!(
            part,
            "test" | "tests" | "__tests__" | "fixture" | "fixtures" | "__fixtures__" | "spec" | "testdata"
        )
    };
    let mut levels = inner.split("/node_modules/").peekable();
    while let Some(level) = levels.next() {
        let name = if level.starts_with('@') { 2 } else { 1 };
        if levels.peek().is_none() {
            let whole = level.split('/').count() == name && !level.starts_with('.');
            return if whole { Place::Installed } else { Place::Inside };
        }
        // A package may be called `test`; a directory inside a package with this name holds test data.
        if level.split('/').skip(name).any(is_test) {
            break;
        }
    }
    Place::Inside
}

/// The rest of a path below the outermost directory of installed packages.
fn below_modules(directory: &str) -> Option<&str> {
    // Debian's packages of Node.js modules, which may bundle others in a `node_modules` of their own.
    directory
        .strip_prefix("usr/share/nodejs/")
        .or_else(|| directory.strip_prefix("usr/lib/nodejs/"))
        .or_else(|| directory.strip_prefix("usr/lib/")?.split_once("/nodejs/").and_then(native))
        .or_else(|| directory.strip_prefix("node_modules/"))
        .or_else(|| directory.split_once("/node_modules/").map(|(_, inner)| inner))
}

/// Modules with native code are in a directory of their architecture: `usr/lib/x86_64-linux-gnu/nodejs`.
fn native<'a>((architecture, inner): (&str, &'a str)) -> Option<&'a str> {
    (architecture.contains("-linux-") && !architecture.contains('/')).then_some(inner)
}

/// A registry tarball that somebody unpacked, as images do with Yarn: `opt/yarn-v1.22.19`.
fn is_unpacked(directory: &str, name: &str, version: &str) -> bool {
    let last = directory.rsplit('/').next().unwrap_or_default();
    last.strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|rest| rest.strip_prefix('v').unwrap_or(rest) == version)
}

fn installed(
    file: &File<'_>,
    name: &str,
    version: &str,
    license: Vec<String>,
    licenses: Vec<String>,
    found: &mut Found,
) {
    let version = version.trim().trim_start_matches(['v', '=']);
    let mut package = Package::new(ID, name, version, Location::path(file.path.clone()));
    package.licenses = license;
    for license in licenses {
        if !package.licenses.contains(&license) {
            package.licenses.push(license);
        }
    }
    found.packages.push(package);
    found.notes.push(Note::Owned(Owned {
        name: name.to_owned(),
        ecosystem: ID.to_owned(),
        files: Vec::new(),
        directories: TreePath::from_text(file.path.parent()).into_iter().collect(),
    }));
}

fn manifest(document: &Document<'_>, found: &mut Found) {
    let mut direct = BTreeMap::new();
    for (pairs, scope) in [
        (&document.peer_dependencies, Scope::Runtime),
        (&document.dev_dependencies, Scope::Development),
        (&document.dependencies, Scope::Runtime),
        // npm lists an optional dependency here and ignores a copy among `dependencies`.
        (&document.optional_dependencies, Scope::Optional),
    ] {
        for (name, wanted) in &pairs.0 {
            let wanted = wanted.as_str();
            if ["file:", "link:", "workspace:", "portal:"].iter().any(|local| wanted.starts_with(local)) {
                continue;
            }
            let name = alias(wanted).map_or(name.as_ref(), |(real, _)| real);
            direct.insert(name.to_owned(), scope);
        }
    }
    // A project that asks for nothing lacks nothing.
    if !direct.is_empty() {
        found.notes.push(Note::Manifest(Manifest { ecosystem: ID.to_owned(), direct, complete: false }));
    }
}

/// Licences in every shape npm has seen: `"MIT"`, `{"type": "MIT"}`, and lists of both.
#[derive(Default)]
struct Licenses(Vec<String>);

impl<'de> Deserialize<'de> for Licenses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Vec<String>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(if text.is_empty() { Vec::new() } else { vec![text.to_owned()] })
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut licenses = Vec::new();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    match key.as_str() {
                        "type" | "name" if licenses.is_empty() => licenses = map.next_value::<Licenses>()?.0,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(licenses)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut licenses = Vec::new();
                while let Some(Licenses(more)) = seq.next_element()? {
                    licenses.extend(more);
                }
                Ok(licenses)
            }
        }
        de::Deserializer::deserialize_any(deserializer, Any).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn only_the_top_of_an_installed_package_counts() {
        for (path, expected) in [
            ("app/node_modules/a/package.json", Place::Installed),
            ("node_modules/@s/a/package.json", Place::Installed),
            ("node_modules/a/node_modules/b/package.json", Place::Installed),
            ("node_modules/.pnpm/a@1.0.0/node_modules/a/package.json", Place::Installed),
            ("node_modules/test/package.json", Place::Installed),
            ("node_modules/test/node_modules/@s/tests/package.json", Place::Installed),
            ("node_modules/@s/test/node_modules/a/package.json", Place::Installed),
            ("usr/share/nodejs/semver/package.json", Place::Installed),
            ("usr/share/nodejs/npm/node_modules/@colors/colors/package.json", Place::Installed),
            ("usr/share/nodejs/@babel/preset-env/node_modules/js-levenshtein/package.json", Place::Installed),
            ("usr/lib/x86_64-linux-gnu/nodejs/node-expat/package.json", Place::Installed),
            ("tests/app/node_modules/a/package.json", Place::Installed),
            ("node_modules/a/dist/esm/package.json", Place::Inside),
            ("node_modules/@s/package.json", Place::Inside),
            ("node_modules/resolve/test/resolver/node_modules/x/package.json", Place::Inside),
            ("node_modules/.cache/package.json", Place::Inside),
            ("usr/share/nodejs/terser/bin/package.json", Place::Inside),
            ("usr/share/nodejs/a/test/node_modules/b/package.json", Place::Inside),
            ("usr/lib/app/nodejs/server/package.json", Place::Elsewhere),
            ("app/package.json", Place::Elsewhere),
        ] {
            assert_eq!(place(path.strip_suffix("/package.json").unwrap()), expected, "{path}");
        }
    }

    #[test]
    fn licences_in_every_shape() {
        let licenses = |field: &str| {
            let json = format!(r#"{{"name": "a", "version": "1.0.0", {field}}}"#);
            read(&PackageJson, "node_modules/a/package.json", json.as_bytes()).packages.remove(0).licenses
        };
        assert_eq!(licenses(r#""license": "MIT""#), ["MIT"]);
        assert_eq!(licenses(r#""license": {"type": "MIT", "url": "x"}"#), ["MIT"]);
        assert_eq!(licenses(r#""licenses": [{"type": "MIT"}, "ISC", 1]"#), ["MIT", "ISC"]);
        assert_eq!(licenses(r#""license": null"#), [""; 0]);
    }

    #[test]
    fn packages_without_name_or_version_are_none() {
        for json in
            [r#"{"name": "a"}"#, r#"{"name": 1, "version": "1"}"#, r#"{"name": "a", "version": {}}"#, "[]"]
        {
            assert!(
                read(&PackageJson, "node_modules/a/package.json", json.as_bytes()).packages.is_empty(),
                "{json}"
            );
        }
    }

    #[test]
    fn manifests_and_unpacked_packages() {
        let manifest = br#"{"name": "shop", "version": "1.0.0", "dependencies": {"a": "^1", "left": "npm:real@2", "own": "workspace:*", "o": "1"},
            "devDependencies": {"d": "1"}, "optionalDependencies": {"o": "1"}}"#;
        insta::assert_snapshot!(render(&read(&PackageJson, "shop/package.json", manifest)), @r#"
        note {"manifest":{"ecosystem":"npm","direct":{"a":"runtime","d":"development","o":"optional","real":"runtime"},"complete":false}}
        "#);
        let yarn = br#"{"name": "yarn", "version": "1.22.19", "license": "BSD-2-Clause", "dependencies": {"a": "1"}}"#;
        insta::assert_snapshot!(render(&read(&PackageJson, "opt/yarn-v1.22.19/package.json", yarn)), @r#"
        npm yarn 1.22.19 runtime/unknown (BSD-2-Clause) @opt/yarn-v1.22.19/package.json
        note {"owned":{"name":"yarn","ecosystem":"npm","directories":["opt/yarn-v1.22.19"]}}
        "#);
    }
}
