//! `packages.lock.json`: every package of a project, per target framework.
//! <https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files#locking-dependencies>
//!
//! References to other projects are left out: they are not packages.

use super::ID;
use crate::document::{Packages, entries, json, text};
use crate::found::DotnetProject;
use crate::{Cataloger, Found, Note};
use std::collections::BTreeMap;
use yagura_fs::{File, ReadError};
use yagura_model::Relation;

pub(super) struct PackagesLock;

impl Cataloger for PackagesLock {
    fn id(&self) -> &'static str {
        "nuget/packages-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["packages.lock.json", "packages.*.lock.json"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let document = json(file)?;
        if !document.get("dependencies").is_some_and(serde_json::Value::is_object) {
            return Err(ReadError::malformed(file.path, "there is no `dependencies` object"));
        }
        let mut packages = Packages::new(ID, file);
        for (_, framework) in entries(&document, "dependencies") {
            let Some(framework) = framework.as_object() else { continue };
            // Edges name the version they ask for, not the one they get.
            let resolved: BTreeMap<String, (&str, &str)> = framework
                .iter()
                .map(|(name, entry)| (name.to_lowercase(), (name.as_str(), text(entry, "resolved"))))
                .collect();
            for (name, entry) in framework {
                let kind = text(entry, "type");
                if kind.eq_ignore_ascii_case("project") {
                    continue;
                }
                let Some(package) = packages.add(name, text(entry, "resolved")) else { continue };
                if kind.eq_ignore_ascii_case("direct") {
                    package.relation = Relation::Direct;
                } else if package.relation == Relation::Unknown {
                    package.relation = Relation::Transitive;
                }
                for (dependency, _) in entries(entry, "dependencies") {
                    if let Some((name, version)) = resolved.get(&dependency.to_lowercase()) {
                        package.depends_on.push(format!("{name}@{version}"));
                    }
                }
            }
        }
        packages.finish(found);
        found.notes.push(Note::DotnetProject(DotnetProject { locked: true, ..DotnetProject::default() }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    const PATH: &str = "app/packages.lock.json";

    #[test]
    fn packages_of_all_frameworks_are_told_once_and_projects_are_left_out() {
        let found = read(&PackagesLock, PATH, include_bytes!("fixtures/packages.lock.json"));
        insta::assert_snapshot!(render(&found), @r#"
        NuGet Serilog 2.12.0 runtime/direct -> System.Text.Json@6.0.0, System.Text.Json@8.0.0 @app/packages.lock.json
        NuGet System.Text.Json 6.0.0 runtime/transitive @app/packages.lock.json
        NuGet System.Text.Json 8.0.0 runtime/transitive @app/packages.lock.json
        NuGet runtime.native.System 4.3.0 runtime/transitive @app/packages.lock.json
        note {"dotnet_project":{"locked":true}}
        "#);
    }

    #[test]
    fn broken_documents_are_reported() {
        for (bytes, expected) in [
            (&b"{\"dependencies\": {\"net8.0\": {"[..], "Truncated"),
            (b"{\"dependencies\": []}", "Malformed"),
            (b"[1, 2", "Truncated"),
            (b"\xff\xfe\x00", "Malformed"),
            ("[".repeat(100_000).as_bytes(), "TooDeep"),
        ] {
            let found = render(&read(&PackagesLock, PATH, bytes));
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn odd_entries_do_not_hide_the_others() {
        let json = br#"{"dependencies": {"a": 1, "net8.0": {"X": 2, "Y": {"resolved": 3},
            "Z": {"type": [], "resolved": "1.0.0", "dependencies": {"Missing": "1.0.0"}}}}}"#;
        let found = read(&PackagesLock, PATH, json);
        assert_eq!(found.packages.len(), 1);
        assert!(found.unread.is_empty() && found.packages[0].depends_on.is_empty());
    }
}
