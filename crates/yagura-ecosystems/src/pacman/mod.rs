//! pacman packages: Arch Linux and what derives from it.
//!
//! One folder per package with `desc` and `files`, both made of `%SECTION%` lines and their values.
//! <https://man.archlinux.org/man/core/pacman/pacman.8.en>

use crate::ownership::could_hold_software;
use crate::version::pacman::PACMAN;
use crate::{Cataloger, Ecosystem, Found, Note, Owned, as_is, platform};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, SourcePackage, TreePath};

/// Arch Linux.
pub static ARCH: Ecosystem = Ecosystem {
    id: "Arch",
    purl: "alpm",
    versions: &PACMAN,
    normalize: as_is,
    release: as_is,
    catalogers: &[&LOCAL, &platform::OS_RELEASE, &platform::RELEASE_FILES],
    resolve: None,
};

static LOCAL: Local = Local;

/// Reads the folders of the local database.
struct Local;

impl Cataloger for Local {
    fn id(&self) -> &'static str {
        "pacman/local"
    }

    fn files(&self) -> &'static [&'static str] {
        &["var/lib/pacman/local/*/desc", "var/lib/pacman/local/*/files"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        if file.path.name() == "files" {
            // The folder is called `name-version-release`.
            let folder = file.path.parent().rsplit('/').next().unwrap_or_default();
            let Some(name) = folder.rsplitn(3, '-').nth(2) else {
                return Err(ReadError::malformed(file.path, "its folder is not `name-version-release`"));
            };
            let files = section(&text, "%FILES%")
                .filter(|path| !path.ends_with('/') && could_hold_software(path.as_bytes()))
                .filter_map(TreePath::from_text)
                .collect();
            found.notes.push(Note::Owned(Owned {
                name: name.to_owned(),
                ecosystem: "pacman".to_owned(),
                files,
                directories: Vec::new(),
            }));
            return Ok(());
        }
        let value = |name: &str| section(&text, name).next().map(str::to_owned);
        let (Some(name), Some(version)) = (value("%NAME%"), value("%VERSION%")) else {
            return Err(ReadError::malformed(file.path, "has no `%NAME%` or no `%VERSION%`"));
        };
        let source = value("%BASE%").unwrap_or_else(|| name.clone());
        let mut package = Package::new("pacman", name, version.clone(), Location::path(file.path.clone()));
        package.source = Some(SourcePackage { name: source, version });
        package.arch = value("%ARCH%");
        package.vendor = value("%PACKAGER%");
        package.licenses = section(&text, "%LICENSE%").map(str::to_owned).collect();
        found.packages.push(package);
        Ok(())
    }
}

/// The lines between a heading and the next empty line.
fn section<'a>(text: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    text.lines().skip_while(move |line| *line != heading).skip(1).take_while(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn folders_hold_packages_and_their_files() {
        let desc = b"%NAME%\nlib32-openssl\n\n%VERSION%\n1:3.3.1-1\n\n%BASE%\nlib32-openssl\n\n%ARCH%\nx86_64\n\n%LICENSE%\nApache-2.0\n";
        let files =
            b"%FILES%\nusr/\nusr/lib32/\nusr/lib32/libssl.so.3\nusr/share/doc/x\n\n%BACKUP%\netc/x\tabc\n";
        let folder = "var/lib/pacman/local/lib32-openssl-1:3.3.1-1";
        let mut told = render(&read(&LOCAL, &format!("{folder}/desc"), desc));
        told += &render(&read(&LOCAL, &format!("{folder}/files"), files));
        told += &render(&read(&LOCAL, &format!("{folder}/desc"), b"%NAME%\nx"));
        insta::assert_snapshot!(told, @r#"
        pacman lib32-openssl 1:3.3.1-1 source=lib32-openssl@1:3.3.1-1 arch=x86_64 runtime/unknown (Apache-2.0) @var/lib/pacman/local/lib32-openssl-1:3.3.1-1/desc
        note {"owned":{"name":"lib32-openssl","ecosystem":"pacman","files":["usr/lib32/libssl.so.3"]}}
        unread var/lib/pacman/local/lib32-openssl-1:3.3.1-1/desc Malformed has no `%NAME%` or no `%VERSION%`
        "#);
    }
}
