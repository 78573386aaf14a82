//! `conan.lock`: the graph of Conan 1 and the flat lists of Conan 2.
//! <https://docs.conan.io/1/versioning/lockfiles.html>, <https://docs.conan.io/2/tutorial/versioning/lockfiles.html>

use super::{ID, reference};
use crate::document::{Packages, items, json, text, texts};
use crate::{Cataloger, Found};
use serde_json::Value;
use std::collections::BTreeSet;
use yagura_fs::{File, ReadError};
use yagura_model::{Relation, Scope};

pub(super) struct ConanLock;

impl Cataloger for ConanLock {
    fn id(&self) -> &'static str {
        "conan/conan-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["conan.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let document = json(file)?;
        let mut packages = Packages::new(ID, file);
        if let Some(nodes) = document.get("graph_lock").and_then(|graph| graph.get("nodes")) {
            graph(nodes, &mut packages);
        } else if document.get("requires").is_some() || document.get("build_requires").is_some() {
            for (list, scope) in [
                ("build_requires", Scope::Development),
                ("python_requires", Scope::Development),
                ("requires", Scope::Runtime),
            ] {
                for item in items(&document, list) {
                    let Some((name, version)) = item.as_str().and_then(reference) else { continue };
                    if let Some(package) = packages.add(name, version) {
                        package.scope = scope;
                    }
                }
            }
        } else {
            return Err(ReadError::malformed(file.path, "there are neither nodes nor requirements"));
        }
        packages.finish(found);
        Ok(())
    }
}

fn graph(nodes: &Value, packages: &mut Packages<'_>) {
    let Some(nodes) = nodes.as_object() else { return };
    // The project itself is the node without a version.
    let is_project = |node: &Value| reference(text(node, "ref")).is_none();
    let direct: BTreeSet<&str> = nodes
        .values()
        .filter(|node| is_project(node))
        .flat_map(|node| texts(node, "requires").into_iter().chain(texts(node, "build_requires")))
        .collect();
    let mut runtime: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (number, node) in nodes {
        let Some((name, version)) = reference(text(node, "ref")) else { continue };
        let Some(package) = packages.add(name, version) else { continue };
        if text(node, "context") != "build" {
            runtime.insert((name, version));
        }
        let needed = runtime.contains(&(name, version));
        package.scope = if needed { Scope::Runtime } else { Scope::Development };
        if direct.contains(number.as_str()) {
            package.relation = Relation::Direct;
        } else if package.relation == Relation::Unknown {
            package.relation = Relation::Transitive;
        }
        package.depends_on.extend(
            texts(node, "requires")
                .into_iter()
                .filter_map(|number| reference(text(nodes.get(number)?, "ref")))
                .map(|(name, version)| format!("{name}@{version}")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn both_layouts_are_read() {
        let v1 = br#"{"graph_lock": {"nodes": {
            "0": {"ref": "conanfile.txt", "requires": ["1"], "build_requires": ["3"]},
            "1": {"ref": "poco/1.9.4#0", "requires": ["2"], "context": "host"},
            "2": {"ref": "openssl/1.1.1q@user/stable#1", "context": "host"},
            "3": {"ref": "cmake/3.22.6", "context": "build"}}}, "version": "0.4"}"#;
        let v2 = br#"{"version": "0.5", "requires": ["zlib/1.2.11#4524fcdd41f33e8df88ece6e755a5dcc%1650538915.154", "fmt/[>8]"],
            "build_requires": ["cmake/3.25.3#0"], "python_requires": []}"#;
        insta::assert_snapshot!(render(&read(&ConanLock, "conan.lock", v1)), @r#"
        ConanCenter poco 1.9.4 runtime/direct -> openssl @conan.lock
        ConanCenter openssl 1.1.1q runtime/transitive @conan.lock
        ConanCenter cmake 3.22.6 development/direct @conan.lock
        "#);
        insta::assert_snapshot!(render(&read(&ConanLock, "conan.lock", v2)), @r#"
        ConanCenter cmake 3.25.3 development/unknown @conan.lock
        ConanCenter zlib 1.2.11 runtime/unknown @conan.lock
        "#);
        for bytes in [&v1[..100], b"{}", b"\xff"] {
            assert_eq!(read(&ConanLock, "conan.lock", bytes).unread.len(), 1);
        }
    }
}
