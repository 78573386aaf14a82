//! `conda-lock.yml` (<https://conda.github.io/conda-lock/output/>): conda and pip packages for every platform.

use super::ID;
use super::environment::first_line;
use crate::graph::Graph;
use crate::{Cataloger, Found, pypi};
use serde::Deserialize;
use std::borrow::Cow;
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

/// Reads it.
pub(super) struct CondaLock;

impl Cataloger for CondaLock {
    fn id(&self) -> &'static str {
        "conda/conda-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["conda-lock.yml", "*.conda-lock.yml"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        // Ten thousand packages are an ordinary file here; the default budget is made for configuration.
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_nodes: 20_000_000, max_events: 40_000_000, max_total_scalar_bytes: 512 << 20 },
        };
        let document: Document = serde_saphyr::from_str_with_options(&text, options)
            .map_err(|error| ReadError::malformed(file.path, first_line(&error.to_string())))?;
        let (mut conda, mut pip) = (Graph::default(), Graph::default());
        for entry in document.package {
            let graph = if entry.manager == "pip" { &mut pip } else { &mut conda };
            let number = graph.add(Cow::Owned(entry.name), Cow::Owned(entry.version));
            graph.scope(
                number,
                match (entry.category.as_str(), entry.optional) {
                    ("main" | "", false) => Scope::Runtime,
                    ("main" | "", true) => Scope::Optional,
                    _ => Scope::Development,
                },
            );
        }
        conda.finish(ID, file, found);
        pip.finish(pypi::ID, file, found);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Document {
    package: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    #[serde(default)]
    manager: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    optional: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn platforms_are_merged() {
        let entry = |name: &str, platform: &str, manager: &str, category: &str| {
            format!(
                "- name: {name}\n  version: '1.0'\n  manager: {manager}\n  platform: {platform}\n  dependencies: {{a: '>=1'}}\n  url: https://example.org/x\n  hash:\n    md5: aa\n  category: {category}\n  optional: false\n"
            )
        };
        let yaml = format!(
            "version: 1\nmetadata:\n  platforms: [linux-64]\npackage:\n{}{}{}",
            entry("zlib", "linux-64", "conda", "main"),
            entry("zlib", "osx-64", "conda", "main"),
            entry("pytest", "linux-64", "pip", "dev")
        );
        insta::assert_snapshot!(render(&read(&CondaLock, "conda-lock.yml", yaml.as_bytes())), @r#"
        conda zlib 1.0 runtime/unknown @conda-lock.yml
        PyPI pytest 1.0 development/unknown @conda-lock.yml
        "#);
    }
}
