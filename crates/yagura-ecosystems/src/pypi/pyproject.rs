//! `pyproject.toml`: what a project asks for, in the standard tables
//! (<https://packaging.python.org/specifications/pyproject-toml/>, PEP 735 groups) and in those of Poetry, PDM
//! and uv. It never tells versions.

use super::{ID, requirement_name};
use crate::{Cataloger, Found, Manifest, Note};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Value;
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

/// Reads it.
pub(super) struct Pyproject;

impl Cataloger for Pyproject {
    fn id(&self) -> &'static str {
        "pypi/pyproject"
    }

    fn files(&self) -> &'static [&'static str] {
        &["pyproject.toml"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        if super::is_installed(file.path) {
            return Ok(());
        }
        let text = file.text()?;
        let document: Document = toml::from_str(&text)
            .map_err(|error| ReadError::malformed(file.path, error.message().to_owned()))?;
        let direct = document.direct();
        if !direct.is_empty() {
            found.notes.push(Note::Manifest(Manifest { ecosystem: ID.to_owned(), direct, complete: false }));
        }
        Ok(())
    }
}

type Groups = BTreeMap<String, Vec<Value>>;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Document {
    project: Project,
    dependency_groups: Groups,
    tool: Tool,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Project {
    dependencies: Vec<Value>,
    optional_dependencies: Groups,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tool {
    poetry: Poetry,
    pdm: Pdm,
    uv: Uv,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Poetry {
    dependencies: BTreeMap<String, Value>,
    dev_dependencies: BTreeMap<String, Value>,
    group: BTreeMap<String, PoetryGroup>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PoetryGroup {
    dependencies: BTreeMap<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Pdm {
    dev_dependencies: Groups,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Uv {
    dev_dependencies: Vec<Value>,
}

impl Document {
    /// Names in the order of increasing need, so that the strongest scope is written last.
    fn direct(&self) -> BTreeMap<String, Scope> {
        let mut direct = BTreeMap::new();
        let mut add = |requirement: &Value, scope| {
            if let Some((name, _)) = requirement.as_str().and_then(requirement_name) {
                direct.insert(name.to_owned(), scope);
            }
        };
        for requirement in
            self.dependency_groups.values().chain(self.tool.pdm.dev_dependencies.values()).flatten()
        {
            add(requirement, Scope::Development);
        }
        for requirement in &self.tool.uv.dev_dependencies {
            add(requirement, Scope::Development);
        }
        for requirement in self.project.optional_dependencies.values().flatten() {
            add(requirement, Scope::Optional);
        }
        for requirement in &self.project.dependencies {
            add(requirement, Scope::Runtime);
        }
        let poetry = &self.tool.poetry;
        let groups = poetry.group.values().flat_map(|group| group.dependencies.keys());
        for name in poetry.dev_dependencies.keys().chain(groups) {
            direct.entry(name.clone()).or_insert(Scope::Development);
        }
        for (name, wanted) in poetry.dependencies.iter().filter(|(name, _)| *name != "python") {
            let optional = wanted.get("optional").and_then(Value::as_bool).unwrap_or(false);
            direct.insert(name.clone(), if optional { Scope::Optional } else { Scope::Runtime });
        }
        direct
    }
}
