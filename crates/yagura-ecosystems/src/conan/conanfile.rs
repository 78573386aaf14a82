//! `conanfile.txt`: what a project asks for, where versions are exact.
//! <https://docs.conan.io/2/reference/conanfile_txt.html>

use super::{ID, reference};
use crate::document::Packages;
use crate::{Cataloger, Found, Manifest, Note};
use yagura_fs::{File, ReadError};
use yagura_model::{Relation, Scope};

pub(super) struct Conanfile;

impl Cataloger for Conanfile {
    fn id(&self) -> &'static str {
        "conan/conanfile"
    }

    fn files(&self) -> &'static [&'static str] {
        &["conanfile.txt"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let mut packages = Packages::new(ID, file);
        let mut manifest = Manifest { ecosystem: ID.to_owned(), complete: true, ..Manifest::default() };
        let mut scope = None;
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.starts_with('[') {
                scope = match line {
                    "[requires]" => Some(Scope::Runtime),
                    "[build_requires]" | "[tool_requires]" | "[test_requires]" => Some(Scope::Development),
                    _ => None,
                };
            } else if let (Some(scope), Some((name, _))) = (scope, line.split_once('/')) {
                manifest.direct.insert(name.to_owned(), scope);
                let Some((name, version)) = reference(line) else {
                    manifest.complete = false;
                    continue;
                };
                if let Some(package) = packages.add(name, version) {
                    package.scope = scope;
                    package.relation = Relation::Direct;
                }
            }
        }
        packages.finish(found);
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
    fn exact_versions_are_packages() {
        let text = b"[requires]\npoco/1.9.4 # note\nzlib/[>=1.2.11 <2]\n\n[tool_requires]\ncmake/3.22.6@user/stable\n\n[options]\npoco/*:shared=True\n";
        insta::assert_snapshot!(render(&read(&Conanfile, "conanfile.txt", text)), @r#"
        ConanCenter poco 1.9.4 runtime/direct @conanfile.txt
        ConanCenter cmake 3.22.6 development/direct @conanfile.txt
        note {"manifest":{"ecosystem":"ConanCenter","direct":{"cmake":"development","poco":"runtime","zlib":"runtime"},"complete":false}}
        "#);
    }
}
