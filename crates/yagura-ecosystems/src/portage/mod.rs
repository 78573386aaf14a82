//! Portage packages: Gentoo.
//!
//! One folder per package, `var/db/pkg/CATEGORY/NAME-VERSION`; `CONTENTS` in it lists what it installed.
//! <https://dev.gentoo.org/~zmedico/portage/doc/man/portage.5.html>. Slots and use flags are left out.

use crate::ownership::could_hold_software;
use crate::version::apk::APK;
use crate::{Cataloger, Ecosystem, Found, Note, Owned, as_is, platform};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, TreePath};

/// Gentoo, for which there are no advisories here. Alpine took its versions from it.
pub static GENTOO: Ecosystem = Ecosystem {
    id: "portage",
    purl: "ebuild",
    versions: &APK,
    normalize: as_is,
    release: as_is,
    catalogers: &[&CONTENTS, &platform::OS_RELEASE],
    resolve: None,
};

static CONTENTS: Contents = Contents;

/// Reads the folders of installed packages.
struct Contents;

impl Cataloger for Contents {
    fn id(&self) -> &'static str {
        "portage/contents"
    }

    fn files(&self) -> &'static [&'static str] {
        &["var/db/pkg/*/*/CONTENTS"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let mut parts = file.path.parent().rsplit('/');
        let (folder, category) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let Some((name, version)) = split(folder) else {
            return Err(ReadError::malformed(file.path, "its folder is not `name-version`"));
        };
        let name = format!("{category}/{name}");
        found.packages.push(Package::new(
            "portage",
            name.as_str(),
            version,
            Location::path(file.path.clone()),
        ));
        let text = file.text()?;
        // `obj PATH CHECKSUM TIME`; a path may hold spaces.
        let files = text
            .lines()
            .filter_map(|line| line.strip_prefix("obj ")?.rsplitn(3, ' ').nth(2))
            .filter(|path| could_hold_software(path.as_bytes()))
            .filter_map(TreePath::from_text)
            .collect();
        found.notes.push(Note::Owned(Owned {
            name,
            ecosystem: "portage".to_owned(),
            files,
            directories: Vec::new(),
        }));
        Ok(())
    }
}

/// `openssl-3.0.13-r2`: the version begins at the last dash before a digit, a revision aside.
fn split(folder: &str) -> Option<(&str, &str)> {
    let (at, _) = folder.match_indices('-').rfind(|(at, _)| {
        folder.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    })?;
    Some((folder.get(..at)?, folder.get(at + 1..)?)).filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn folders_name_packages_and_contents_their_files() {
        let contents = b"dir /usr\nobj /usr/bin/my tool 0123 1700000000\nsym /usr/bin/t -> my tool 1700000000\nobj /usr/share/doc/x 01 1\n";
        let path = "var/db/pkg/dev-libs/openssl-compat-1.1.1w-r2/CONTENTS";
        insta::assert_snapshot!(render(&read(&CONTENTS, path, contents)), @r#"
        portage dev-libs/openssl-compat 1.1.1w-r2 runtime/unknown @var/db/pkg/dev-libs/openssl-compat-1.1.1w-r2/CONTENTS
        note {"owned":{"name":"dev-libs/openssl-compat","ecosystem":"portage","files":["usr/bin/my tool"]}}
        "#);
        assert_eq!(read(&CONTENTS, "var/db/pkg/a/b/CONTENTS", b"").unread.len(), 1);
    }
}
