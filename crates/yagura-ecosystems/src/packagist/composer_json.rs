//! `composer.json`: which packages the project asks for.
//! <https://getcomposer.org/doc/04-schema.md>

use super::{ID, is_package};
use crate::document::{entries, json};
use crate::{Cataloger, Found, Manifest, Note};
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

pub(super) struct ComposerJson;

impl Cataloger for ComposerJson {
    fn id(&self) -> &'static str {
        "packagist/composer-json"
    }

    fn files(&self) -> &'static [&'static str] {
        &["composer.json"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        // Every package below `vendor/` brings its manifest; `installed.json` speaks for them.
        if file.path.as_str().split('/').any(|part| part == "vendor") {
            return Ok(());
        }
        let document = json(file)?;
        let mut manifest = Manifest { ecosystem: ID.to_owned(), ..Manifest::default() };
        for (list, scope) in [("require-dev", Scope::Development), ("require", Scope::Runtime)] {
            let names = entries(&document, list).filter(|(name, _)| is_package(name));
            manifest.direct.extend(names.map(|(name, _)| (name.to_owned(), scope)));
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
    fn platform_requirements_are_left_out() {
        let json =
            br#"{"require": {"php": ">=8", "ext-json": "*", "a/b": "^1"}, "require-dev": {"c/d": "1"}}"#;
        insta::assert_snapshot!(render(&read(&ComposerJson, "composer.json", json)), @r#"
        note {"manifest":{"ecosystem":"Packagist","direct":{"a/b":"runtime","c/d":"development"},"complete":false}}
        "#);
    }
}
