//! `vendor/composer/installed.json`: what Composer put below `vendor/`.
//! Version 1 is a bare list, version 2 an object (<https://getcomposer.org/upgrade/UPGRADE-2.0.md>).

use super::{ID, add};
use crate::document::{Packages, items, json, text, texts};
use crate::{Cataloger, Found, Note, Owned};
use serde_json::Value;
use std::collections::BTreeSet;
use yagura_fs::{File, ReadError};
use yagura_model::{Scope, TreePath};

pub(super) struct Installed;

impl Cataloger for Installed {
    fn id(&self) -> &'static str {
        "packagist/installed"
    }

    fn files(&self) -> &'static [&'static str] {
        &["**/composer/installed.json"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let document = json(file)?;
        let list = match &document {
            Value::Array(list) => list.as_slice(),
            Value::Object(_) => items(&document, "packages"),
            _ => return Err(ReadError::malformed(file.path, "there is no list of packages")),
        };
        let development: BTreeSet<&str> = texts(&document, "dev-package-names").into_iter().collect();
        let mut packages = Packages::new(ID, file);
        let mut shipped = Vec::new();
        for entry in list {
            let name = text(entry, "name");
            let scope = if development.contains(name) { Scope::Development } else { Scope::Runtime };
            add(&mut packages, entry, scope);
            let folder = match text(entry, "install-path") {
                "" => format!("../{name}"),
                path => path.to_owned(),
            };
            // A package may be installed outside of what is scanned.
            let directory = TreePath::from_text(&format!("{}/{folder}", file.path.parent()));
            if let Some(directory) =
                directory.filter(|directory| !name.is_empty() && !directory.as_str().is_empty())
            {
                shipped.push(Note::Owned(Owned {
                    name: name.to_owned(),
                    ecosystem: ID.to_owned(),
                    files: Vec::new(),
                    directories: vec![directory],
                }));
            }
        }
        packages.finish(found);
        found.notes.append(&mut shipped);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    const PATH: &str = "srv/vendor/composer/installed.json";

    #[test]
    fn the_list_of_composer_2_tells_development_packages() {
        let found = read(&Installed, PATH, include_bytes!("fixtures/installed.json"));
        insta::assert_snapshot!(render(&found), @r#"
        Packagist acme/a v1.2.3 runtime/unknown (MIT) -> acme/b @srv/vendor/composer/installed.json
        Packagist acme/b 2.0.1 runtime/unknown (Apache-2.0; GPL-2.0-only) @srv/vendor/composer/installed.json
        Packagist acme/c 3.0.0-beta1 development/unknown -> acme/b @srv/vendor/composer/installed.json
        note {"owned":{"name":"acme/a","ecosystem":"Packagist","directories":["srv/vendor/acme/a"]}}
        note {"owned":{"name":"acme/b","ecosystem":"Packagist","directories":["srv/vendor/acme/b"]}}
        note {"owned":{"name":"acme/c","ecosystem":"Packagist","directories":["srv/vendor/acme/c"]}}
        "#);
    }

    #[test]
    fn the_list_of_composer_1_is_bare() {
        let json = br#"[{"name": "monolog/monolog", "version": "1.25.0", "license": ["MIT"]}]"#;
        insta::assert_snapshot!(render(&read(&Installed, PATH, json)), @r#"
        Packagist monolog/monolog 1.25.0 runtime/unknown (MIT) @srv/vendor/composer/installed.json
        note {"owned":{"name":"monolog/monolog","ecosystem":"Packagist","directories":["srv/vendor/monolog/monolog"]}}
        "#);
    }

    #[test]
    fn paths_do_not_leave_the_tree() {
        let json = br#"[{"name": "a/b", "version": "1", "install-path": "../../../../../etc"}]"#;
        let found = read(&Installed, PATH, json);
        assert_eq!((found.packages.len(), found.notes.len()), (1, 0));
        assert_eq!(read(&Installed, PATH, b"7").unread.len(), 1);
    }
}
