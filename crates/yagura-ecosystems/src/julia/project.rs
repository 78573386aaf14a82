//! `Project.toml`: which packages a Julia project asks for.
//! <https://pkgdocs.julialang.org/v1/toml-files/#Project.toml>

use super::ID;
use crate::{Cataloger, Found, Manifest, Note};
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

pub(super) struct ProjectToml;

impl Cataloger for ProjectToml {
    fn id(&self) -> &'static str {
        "julia/project"
    }

    fn files(&self) -> &'static [&'static str] {
        &["Project.toml", "JuliaProject.toml"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        // Other tools have a `Project.toml` too; one that is no TOML is none of ours.
        let Ok(document) = toml::from_str::<toml::Table>(&file.text()?) else { return Ok(()) };
        let mut manifest = Manifest { ecosystem: ID.to_owned(), ..Manifest::default() };
        for (table, scope) in [("extras", Scope::Development), ("deps", Scope::Runtime)] {
            let names = document.get(table).and_then(toml::Value::as_table).into_iter().flatten();
            let with_uuid = names.filter(|(_, uuid)| uuid.as_str().is_some_and(|uuid| uuid.len() == 36));
            manifest.direct.extend(with_uuid.map(|(name, _)| (name.clone(), scope)));
        }
        if !manifest.direct.is_empty() {
            found.notes.push(Note::Manifest(manifest));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn extras_are_for_tests() {
        let text = b"name = \"App\"\n[deps]\nHTTP = \"cd3eb016-35fb-5094-929b-558a96fad6f3\"\n[extras]\nTest = \"8dfed614-e22c-5e08-85e1-65c5234f0b40\"\n";
        insta::assert_snapshot!(render(&read(&ProjectToml, "Project.toml", text)), @r#"
        note {"manifest":{"ecosystem":"Julia","direct":{"HTTP":"runtime","Test":"development"},"complete":false}}
        "#);
        assert!(read(&ProjectToml, "Project.toml", b"= nothing").unread.is_empty());
    }
}
