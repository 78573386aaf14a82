//! `*.deps.json`: what a built .NET application loads, beside its assemblies.
//! <https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md>
//!
//! The application itself and projects of the same solution are not packages. Shared frameworks describe
//! themselves the same way, so `shared/Microsoft.NETCore.App/8.0.1/` is found through its own file.

use super::ID;
use crate::document::{Packages, entries, json, text};
use crate::{Cataloger, Found, Note, Owned};
use serde_json::Value;
use std::collections::BTreeSet;
use yagura_fs::{File, ReadError};
use yagura_model::{Relation, TreePath};

pub(super) struct DepsJson;

impl Cataloger for DepsJson {
    fn id(&self) -> &'static str {
        "nuget/deps-json"
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.deps.json"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let document = json(file)?;
        if !document.get("libraries").is_some_and(Value::is_object) {
            return Err(ReadError::malformed(file.path, "there is no `libraries` object"));
        }
        let (direct, has_projects) = direct(&document);
        let mut packages = Packages::new(ID, file);
        for (key, library) in entries(&document, "libraries") {
            let Some((name, version)) = package_of(key, text(library, "type")) else { continue };
            if let Some(package) = packages.add(name, version)
                && has_projects
            {
                package.relation = match direct.contains(&key.to_lowercase()) {
                    true => Relation::Direct,
                    false => Relation::Transitive,
                };
            }
        }
        let mut shipped = Vec::new();
        for (_, target) in entries(&document, "targets") {
            for (key, assets) in target.as_object().into_iter().flatten() {
                let library = document.get("libraries").and_then(|libraries| libraries.get(key));
                let kind = library.map_or("", |library| text(library, "type"));
                let name = key.split_once('/').map_or(key.as_str(), |(name, _)| name);
                let files = files(file.path, name, kind, assets);
                if !files.is_empty() {
                    let name = name.strip_prefix(RUNTIME_PACK).unwrap_or(name).to_owned();
                    shipped.push(Owned { name, ecosystem: ID.to_owned(), files, directories: Vec::new() });
                }
                if let Some((name, version)) = package_of(key, kind)
                    && let Some(package) = packages.add(name, version)
                {
                    package.depends_on.extend(
                        entries(assets, "dependencies")
                            .filter_map(|(name, version)| Some(format!("{name}@{}", version.as_str()?))),
                    );
                }
            }
        }
        packages.finish(found);
        found.notes.extend(shipped.into_iter().map(Note::Owned));
        Ok(())
    }
}

/// How the SDK marks the runtime that a self-contained application carries.
const RUNTIME_PACK: &str = "runtimepack.";

/// The package that a library key `Name/1.0.0` stands for; `None` for projects and bare references.
fn package_of<'k>(key: &'k str, kind: &str) -> Option<(&'k str, &'k str)> {
    let (name, version) = key.split_once('/')?;
    match kind {
        "package" => Some((name, version)),
        "runtimepack" => Some((name.strip_prefix(RUNTIME_PACK).unwrap_or(name), version)),
        _ => None,
    }
}

/// Lower-case keys of what projects ask for, and whether there are projects at all.
fn direct(document: &Value) -> (BTreeSet<String>, bool) {
    let projects: BTreeSet<&str> = entries(document, "libraries")
        .filter(|(_, library)| text(library, "type") == "project")
        .map(|(key, _)| key)
        .collect();
    let mut direct = BTreeSet::new();
    for (_, target) in entries(document, "targets") {
        for (key, assets) in target.as_object().into_iter().flatten() {
            if projects.contains(key.as_str()) {
                for (name, version) in entries(assets, "dependencies") {
                    if let Some(version) = version.as_str() {
                        direct.insert(format!("{name}/{version}").to_lowercase());
                    }
                }
            }
        }
    }
    (direct, !projects.is_empty())
}

/// Where the assets of a library end up: flat beside the file, or below `runtimes/` as listed.
fn files(deps: &TreePath, library: &str, kind: &str, assets: &Value) -> Vec<TreePath> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for group in ["runtime", "native", "runtimeTargets"] {
        for (asset, _) in entries(assets, group) {
            names.insert(match group {
                "runtimeTargets" => asset,
                _ => asset.rsplit('/').next().unwrap_or(asset),
            });
        }
    }
    if kind == "project" {
        // The host executable that starts the application.
        names.insert(library);
    }
    let folder = deps.parent();
    let executable = (kind == "project").then(|| format!("{library}.exe"));
    names
        .into_iter()
        .chain(executable.as_deref())
        .filter(|name| !name.ends_with("_._"))
        .filter_map(|name| TreePath::from_text(&format!("{folder}/{name}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn packages_and_the_runtime_pack_are_told_and_the_application_is_not() {
        let found = read(&DepsJson, "srv/App.deps.json", include_bytes!("fixtures/App.deps.json"));
        insta::assert_snapshot!(render(&found), @r#"
        NuGet Newtonsoft.Json.Bson 1.0.2 runtime/direct -> Newtonsoft.Json @srv/App.deps.json
        NuGet Newtonsoft.Json 13.0.1 runtime/transitive @srv/App.deps.json
        NuGet Microsoft.NETCore.App.Runtime.linux-x64 8.0.1 runtime/direct @srv/App.deps.json
        note {"owned":{"name":"App","ecosystem":"NuGet","files":["srv/App","srv/App.dll","srv/App.exe"]}}
        note {"owned":{"name":"Newtonsoft.Json.Bson","ecosystem":"NuGet","files":["srv/Newtonsoft.Json.Bson.dll","srv/runtimes/win/lib/net8.0/Extra.dll"]}}
        note {"owned":{"name":"Newtonsoft.Json","ecosystem":"NuGet","files":["srv/Newtonsoft.Json.dll"]}}
        note {"owned":{"name":"Microsoft.NETCore.App.Runtime.linux-x64","ecosystem":"NuGet","files":["srv/System.Text.Json.dll","srv/libclrjit.so"]}}
        "#);
    }

    #[test]
    fn a_shared_framework_describes_itself() {
        let json =
            br#"{"targets": {".NETCoreApp,Version=v8.0": {"Microsoft.NETCore.App.Runtime.linux-x64/8.0.1":
            {"runtime": {"System.Private.CoreLib.dll": {}}, "native": {"libcoreclr.so": {}}}}},
            "libraries": {"Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "package"}}}"#;
        let path = "usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json";
        let found = read(&DepsJson, path, json);
        insta::assert_snapshot!(render(&found), @r#"
        NuGet Microsoft.NETCore.App.Runtime.linux-x64 8.0.1 runtime/unknown @usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json
        note {"owned":{"name":"Microsoft.NETCore.App.Runtime.linux-x64","ecosystem":"NuGet","files":["usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/System.Private.CoreLib.dll","usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/libcoreclr.so"]}}
        "#);
    }

    #[test]
    fn hostile_documents_are_reported() {
        let whole = include_bytes!("fixtures/App.deps.json");
        for end in (0..whole.len() - 2).step_by(97) {
            let found = read(&DepsJson, "App.deps.json", &whole[..end]);
            assert_eq!(found.unread.len(), 1, "cut at {end}");
        }
        let escape = br#"{"targets": {"t": {"A/1": {"runtime": {"../../../../etc/x.dll": {}, "..": {}}}}},
            "libraries": {"A/1": {"type": "package"}, "NoVersion": {"type": "package"}}}"#;
        let found = render(&read(&DepsJson, "a/App.deps.json", escape));
        assert!(!found.contains("etc/"), "{found}");
    }
}
