//! Lockfiles, manifests and installed packages of one project, joined.

#![allow(clippy::unwrap_used)] // a failing unwrap is a failing test

use std::path::Path;
use yagura_ecosystems::analyze::analyze;
use yagura_ecosystems::catalog::{Selection, catalog};
use yagura_fs::{Directory, Limits};

/// One line per package: `name version scope/relation via path`.
fn inventory(files: &[(&str, &str)]) -> String {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let tree = Directory::open(root.path()).unwrap();
    let catalog = catalog(&tree, &Selection::default(), &Limits::default()).unwrap();
    let inventory = analyze(&[catalog]);
    let mut out = String::new();
    for package in &inventory.packages {
        let kind = format!("{:?}/{:?}", package.scope, package.relation).to_lowercase();
        out.push_str(&format!(
            "{} {} {kind} via {}\n",
            package.name,
            package.version,
            package.dependency_path.join(" ")
        ));
    }
    for unread in &inventory.unread {
        out.push_str(&format!("unread {} {}\n", unread.path, unread.detail));
    }
    out
}

const MANIFEST: &str = r#"{"name": "shop", "dependencies": {"a": "1"}, "devDependencies": {"t": "1"}}"#;

#[test]
fn installed_packages_have_the_scope_of_the_hidden_lockfile() {
    let lock = r#"{"lockfileVersion": 3, "packages": {
        "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "1"}},
        "node_modules/b": {"version": "1.0.0"},
        "node_modules/t": {"version": "1.0.0", "dev": true, "dependencies": {"u": "1"}},
        "node_modules/u": {"version": "1.0.0", "dev": true}}}"#;
    let package = |name: &str| format!(r#"{{"name": "{name}", "version": "1.0.0"}}"#);
    insta::assert_snapshot!(inventory(&[
        ("package.json", MANIFEST),
        ("node_modules/.package-lock.json", lock),
        ("node_modules/a/package.json", &package("a")),
        ("node_modules/b/package.json", &package("b")),
        ("node_modules/t/package.json", &package("t")),
        ("node_modules/u/package.json", &package("u")),
    ]), @r#"
    a 1.0.0 runtime/direct via 
    b 1.0.0 runtime/transitive via a@1.0.0
    t 1.0.0 development/direct via 
    u 1.0.0 development/transitive via t@1.0.0
    "#);
}

#[test]
fn a_manifest_gives_a_yarn_lock_its_scopes() {
    let lock = "a@1:\n  version \"1.0.0\"\n  dependencies:\n    b \"1\"\n\nb@1:\n  version \"1.0.0\"\n\nt@1:\n  version \"1.0.0\"\n  dependencies:\n    u \"1\"\n\nu@1:\n  version \"1.0.0\"\n";
    insta::assert_snapshot!(inventory(&[("package.json", MANIFEST), ("yarn.lock", lock)]), @r#"
    a 1.0.0 runtime/direct via 
    b 1.0.0 runtime/transitive via a@1.0.0
    t 1.0.0 development/direct via 
    u 1.0.0 development/transitive via t@1.0.0
    "#);
}

#[test]
fn a_manifest_alone_is_a_gap() {
    insta::assert_snapshot!(inventory(&[("package.json", MANIFEST)]), @r#"
    unread package.json asks for 2 npm packages, but no lockfile or installed package tells their versions
    "#);
}

#[test]
fn python_names_meet_however_they_are_spelled() {
    let manifest = "[tool.poetry.dependencies]\nPyYAML = \"*\"\n[tool.poetry.group.dev.dependencies]\npytest_cov = \"*\"\n";
    let lock = "[[package]]\nname = \"pyyaml\"\nversion = \"6.0\"\n\n[[package]]\nname = \"pytest-cov\"\nversion = \"5.0\"\n[package.dependencies]\nCoverage = \"*\"\n\n[[package]]\nname = \"coverage\"\nversion = \"7.0\"\n";
    insta::assert_snapshot!(inventory(&[("pyproject.toml", manifest), ("poetry.lock", lock)]), @r#"
    coverage 7.0 development/transitive via pytest-cov@5.0
    pytest-cov 5.0 development/direct via 
    pyyaml 6.0 runtime/direct via
    "#);
}
