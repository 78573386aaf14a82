//! The database of installed packages: paragraphs of one-letter fields.

use crate::{Cataloger, Found, Note, Owned};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, SourcePackage, TreePath};

/// Reads `lib/apk/db/installed`.
pub static INSTALLED: Installed = Installed;

/// See [`INSTALLED`].
pub struct Installed;

impl Cataloger for Installed {
    fn id(&self) -> &'static str {
        "apk/installed"
    }

    fn files(&self) -> &'static [&'static str] {
        &["lib/apk/db/installed", "usr/lib/apk/db/installed"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let mut entry = Entry::default();
        for line in text.lines().chain([""]) {
            if line.is_empty() {
                std::mem::take(&mut entry).finish(file, found);
            } else if let Some((name, value)) = line.split_once(':') {
                entry.field(name, value);
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Entry<'a> {
    package: &'a str,
    version: &'a str,
    arch: &'a str,
    origin: &'a str,
    license: &'a str,
    directory: &'a str,
    files: Vec<TreePath>,
}

impl<'a> Entry<'a> {
    fn field(&mut self, name: &str, value: &'a str) {
        match name {
            "P" => self.package = value,
            "V" => self.version = value,
            "A" => self.arch = value,
            "o" => self.origin = value,
            "L" => self.license = value,
            "F" => self.directory = value,
            "R" => self.files.extend(TreePath::from_text(&format!("{}/{value}", self.directory))),
            _ => {}
        }
    }

    fn finish(self, file: &File<'_>, found: &mut Found) {
        if self.package.is_empty() || self.version.is_empty() {
            return;
        }
        let mut package = Package::new("apk", self.package, self.version, Location::path(file.path.clone()));
        package.arch = Some(self.arch).filter(|arch| !arch.is_empty()).map(str::to_owned);
        package.licenses =
            Some(self.license).filter(|text| !text.is_empty()).map(str::to_owned).into_iter().collect();
        let origin = if self.origin.is_empty() { self.package } else { self.origin };
        package.source = Some(SourcePackage { name: origin.to_owned(), version: self.version.to_owned() });
        found.packages.push(package);
        found.notes.push(Note::Owned(Owned {
            name: self.package.to_owned(),
            ecosystem: "apk".to_owned(),
            files: self.files,
            directories: Vec::new(),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn packages_know_their_origin_and_files() {
        let text = b"C:Q1x\nP:libcrypto3\nV:3.1.4-r5\nA:x86_64\nL:Apache-2.0\no:openssl\nF:usr/lib\nR:libcrypto.so.3\na:0:0:755\n\nP:half";
        insta::assert_snapshot!(render(&read(&INSTALLED, "lib/apk/db/installed", text)), @r#"
        apk libcrypto3 3.1.4-r5 source=openssl@3.1.4-r5 arch=x86_64 runtime/unknown (Apache-2.0) @lib/apk/db/installed
        note {"owned":{"name":"libcrypto3","ecosystem":"apk","files":["usr/lib/libcrypto.so.3"]}}
        "#);
    }
}
