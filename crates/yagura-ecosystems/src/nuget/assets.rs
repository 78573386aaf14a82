//! `obj/project.assets.json`: what `dotnet restore` resolved.
//! <https://github.com/NuGet/NuGet.Client> (LockFileFormat) writes it; the layout is not specified elsewhere.
//!
//! Projects of the same solution are left out.

use super::ID;
use crate::document::{Packages, entries, json, text};
use crate::found::DotnetProject;
use crate::{Cataloger, Found, Note};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use yagura_fs::{File, ReadError};

pub(super) struct ProjectAssets;

impl Cataloger for ProjectAssets {
    fn id(&self) -> &'static str {
        "nuget/project-assets"
    }

    fn files(&self) -> &'static [&'static str] {
        &["project.assets.json"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let document = json(file)?;
        if !document.get("targets").is_some_and(Value::is_object) {
            return Err(ReadError::malformed(file.path, "there is no `targets` object"));
        }
        let direct: BTreeSet<String> = document
            .get("project")
            .into_iter()
            .flat_map(|project| entries(project, "frameworks"))
            .flat_map(|(_, framework)| entries(framework, "dependencies"))
            .map(|(name, _)| name.to_lowercase())
            .collect();
        let mut packages = Packages::new(ID, file);
        for (_, target) in entries(&document, "targets") {
            let Some(target) = target.as_object() else { continue };
            let resolved: BTreeMap<String, &str> = target
                .keys()
                .filter_map(|key| Some((key.split_once('/')?.0.to_lowercase(), key.as_str())))
                .collect();
            for (key, entry) in target {
                let Some((name, version)) = key.split_once('/') else { continue };
                if text(entry, "type") != "package" {
                    continue;
                }
                let Some(package) = packages.add(name, version) else { continue };
                package.depends_on.extend(
                    entries(entry, "dependencies")
                        .filter_map(|(name, _)| Some(resolved.get(&name.to_lowercase())?.replace('/', "@"))),
                );
            }
        }
        packages.relate(|package| direct.contains(&package.name.to_lowercase()));
        packages.finish(found);
        found.notes.push(Note::DotnetProject(DotnetProject { locked: true, ..DotnetProject::default() }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn resolved_packages_are_told_with_their_edges() {
        let json = br#"{"version": 3, "targets": {"net8.0": {
            "Serilog/2.12.0": {"type": "package", "dependencies": {"System.Text.Json": "5.0.0"}},
            "System.Text.Json/8.0.0": {"type": "package"}, "Core/1.0.0": {"type": "project"}}},
            "project": {"frameworks": {"net8.0": {"dependencies": {"serilog": {"target": "Package"}}}}}}"#;
        let found = read(&ProjectAssets, "app/obj/project.assets.json", json);
        insta::assert_snapshot!(render(&found), @r#"
        NuGet Serilog 2.12.0 runtime/direct -> System.Text.Json @app/obj/project.assets.json
        NuGet System.Text.Json 8.0.0 runtime/transitive @app/obj/project.assets.json
        note {"dotnet_project":{"locked":true}}
        "#);
        let cut = read(&ProjectAssets, "app/obj/project.assets.json", &json[..90]);
        assert_eq!(cut.unread.len(), 1);
    }
}
