//! `conda-meta/*.json`, one file for each package of an environment
//! (<https://docs.conda.io/projects/conda/en/stable/dev-guide/deep-dives/install.html>).

use super::ID;
use crate::lenient::{Text, Texts, json_error};
use crate::pypi::record::may_be_binary;
use crate::{Cataloger, Found, Note, Owned};
use serde::Deserialize;
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, TreePath};

/// Reads it.
pub(super) struct CondaMeta;

impl Cataloger for CondaMeta {
    fn id(&self) -> &'static str {
        "conda/conda-meta"
    }

    fn files(&self) -> &'static [&'static str] {
        &["**/conda-meta/*.json"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let document: Document<'_> =
            serde_json::from_str(&text).map_err(|error| json_error(file.path, &error))?;
        let (Some(name), Some(version)) = (document.name.get(), document.version.get()) else {
            return Err(ReadError::malformed(file.path, "it has no name or no version"));
        };
        let mut package = Package::new(ID, name, version, Location::path(file.path.clone()));
        package.arch = document.subdir.get().map(str::to_owned);
        package.licenses = document.license.get().map(str::to_owned).into_iter().collect();
        package.depends_on = document
            .depends
            .0
            .iter()
            .filter_map(|wanted| wanted.split([' ', '=', '<', '>', '[']).next())
            // Virtual packages such as `__glibc` describe the machine.
            .filter(|name| !name.is_empty() && !name.starts_with("__"))
            .map(str::to_owned)
            .collect();
        found.packages.push(package);
        let prefix = file.path.parent().rsplit_once('/').map_or("", |(prefix, _)| prefix);
        let files: Vec<TreePath> = document
            .files
            .0
            .iter()
            .filter(|path| may_be_binary(path))
            .filter_map(|path| TreePath::from_text(&format!("{prefix}/{path}")))
            .collect();
        if !files.is_empty() {
            found.notes.push(Note::Owned(Owned {
                name: name.to_owned(),
                ecosystem: ID.to_owned(),
                files,
                directories: Vec::new(),
            }));
        }
        Ok(())
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    subdir: Text<'a>,
    #[serde(borrow)]
    license: Text<'a>,
    #[serde(borrow)]
    depends: Texts<'a>,
    #[serde(borrow)]
    files: Texts<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn a_package_and_its_binaries() {
        let json = br#"{"name": "numpy", "version": "1.26.4", "build": "py311_0", "subdir": "linux-64", "license": "BSD-3-Clause",
            "depends": ["__glibc >=2.17", "libblas >=3.9.0,<4.0a0", "python >=3.11"],
            "files": ["lib/python3.11/site-packages/numpy/__init__.py", "lib/python3.11/site-packages/numpy/core/x.so", "bin/f2py"]}"#;
        insta::assert_snapshot!(render(&read(&CondaMeta, "opt/conda/conda-meta/numpy-1.26.4-py311_0.json", json)), @r#"
        conda numpy 1.26.4 arch=linux-64 runtime/unknown (BSD-3-Clause) -> libblas, python @opt/conda/conda-meta/numpy-1.26.4-py311_0.json
        note {"owned":{"name":"numpy","ecosystem":"conda","files":["opt/conda/lib/python3.11/site-packages/numpy/core/x.so","opt/conda/bin/f2py"]}}
        "#);
    }

    #[test]
    fn odd_files_are_reported() {
        for (json, reason) in [
            ("{}", "Malformed"),
            ("{\"name\": 1, \"version\": \"2\"}", "Malformed"),
            ("{\"name\":", "Truncated"),
        ] {
            let found = read(&CondaMeta, "conda-meta/x.json", json.as_bytes());
            assert!(found.packages.is_empty() && render(&found).contains(reason), "{json}");
        }
    }
}
