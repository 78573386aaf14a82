//! `environment.yml` (<https://docs.conda.io/projects/conda/en/latest/user-guide/tasks/manage-environments.html>).
//!
//! `conda env export` pins with `name=version=build`; ranges and fuzzy versions are named, not guessed. The
//! `pip` section holds requirements of PyPI.

use super::ID;
use crate::pypi::requirements::{Requirement, parse};
use crate::{Cataloger, Found, pypi};
use serde::Deserialize;
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, Relation, Unread, UnreadReason};

/// Reads it.
pub(super) struct Environment;

impl Cataloger for Environment {
    fn id(&self) -> &'static str {
        "conda/environment"
    }

    fn files(&self) -> &'static [&'static str] {
        &["environment.yml", "environment.yaml", "environment-*.yml", "environment-*.yaml"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let document: Document = serde_saphyr::from_str(&text)
            .map_err(|error| ReadError::malformed(file.path, first_line(&error.to_string())))?;
        let mut unpinned = Vec::new();
        for dependency in &document.dependencies {
            match dependency {
                Dependency::Conda(wanted) => match pin(wanted) {
                    Some((name, Some(version))) => push(ID, name, version, file, found),
                    Some((name, None)) => unpinned.push(name),
                    None => {}
                },
                Dependency::Section(section) => {
                    for wanted in &section.pip {
                        match parse(wanted) {
                            Requirement::Pinned { name, version, .. } => {
                                push(pypi::ID, name, version, file, found);
                            }
                            Requirement::Unpinned(name) => unpinned.push(name),
                            Requirement::None => {}
                        }
                    }
                }
                Dependency::Other(_) => {}
            }
        }
        if let Some(first) = unpinned.first() {
            found.unread.push(Unread {
                path: file.path.clone(),
                reason: UnreadReason::NoLockfile,
                detail: format!(
                    "{} requirements name no exact version, for instance `{first}`; `conda env export` does",
                    unpinned.len()
                ),
            });
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Dependency {
    Conda(String),
    Section(Section),
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Section {
    pip: Vec<String>,
}

fn push(ecosystem: &str, name: &str, version: &str, file: &File<'_>, found: &mut Found) {
    let mut package = Package::new(ecosystem, name, version, Location::path(file.path.clone()));
    // An export lists everything, a written file only what somebody asked for.
    package.relation = Relation::Unknown;
    found.packages.push(package);
}

/// Name and exact version of a match specification; `None` where it names no package.
fn pin(wanted: &str) -> Option<(&str, Option<&str>)> {
    let wanted = wanted.rsplit("::").next().unwrap_or(wanted).trim();
    let end = wanted.find(['=', '<', '>', '!', '~', ' ', '[']).unwrap_or(wanted.len());
    let (name, rest) = (wanted.get(..end)?, wanted.get(end..)?.trim());
    if name.is_empty() {
        return None;
    }
    let (version, exact) = match (rest.strip_prefix("=="), rest.strip_prefix('=')) {
        (Some(version), _) => (version, true),
        (None, Some(version)) => match version.split_once('=') {
            Some((version, _build)) => (version, true),
            // `=1.2` stands for 1.2 and everything that starts with it.
            None => (version, version.split('.').count() >= 3),
        },
        (None, None) => ("", false),
    };
    let version = version.split('=').next().unwrap_or(version).trim();
    let plain = !version.is_empty() && !version.contains(['*', ',', '|', '<', '>', ' ']);
    Some((name, (exact && plain).then_some(version)))
}

/// The YAML reader's messages show the document below their first line.
pub(super) fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn exports_are_pins() {
        let yaml = "name: x\nchannels: [conda-forge]\ndependencies:\n  - numpy=1.26.4=py311_0\n  - conda-forge::scipy==1.11.4\n  - pandas=2.2\n  - zlib=1.2.13\n  - python>=3.9\n  - pip\n  - pip:\n    - requests==2.31.0\n    - flask\n    - -r more.txt\n";
        insta::assert_snapshot!(render(&read(&Environment, "environment.yml", yaml.as_bytes())), @r#"
        conda numpy 1.26.4 runtime/unknown @environment.yml
        conda scipy 1.11.4 runtime/unknown @environment.yml
        conda zlib 1.2.13 runtime/unknown @environment.yml
        PyPI requests 2.31.0 runtime/unknown @environment.yml
        unread environment.yml NoLockfile 4 requirements name no exact version, for instance `pandas`; `conda env export` does
        "#);
    }

    #[test]
    fn broken_yaml_is_reported() {
        let found = read(&Environment, "environment.yml", b"dependencies: [a, ");
        assert!(found.packages.is_empty());
        assert_eq!(found.unread.len(), 1);
        let deep = "[".repeat(100_000);
        assert_eq!(read(&Environment, "environment.yml", deep.as_bytes()).unread.len(), 1);
    }
}
