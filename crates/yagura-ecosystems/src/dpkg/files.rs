//! Which files each package ships: `info/*.list`, and the checksum lists of images without dpkg.

use crate::ownership::could_hold_software;
use crate::{Cataloger, Found, Note, Owned};
use yagura_fs::{File, ReadError};
use yagura_model::TreePath;

/// Reads dpkg's file lists.
pub static FILES: Files = Files;

/// See [`FILES`].
pub struct Files;

impl Cataloger for Files {
    fn id(&self) -> &'static str {
        "dpkg/files"
    }

    fn files(&self) -> &'static [&'static str] {
        &["var/lib/dpkg/info/*.list", "var/lib/dpkg/status.d/*.md5sums", "usr/lib/dpkg/status.d/*.md5sums"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let name = file.path.name();
        let (name, checksums) = match name.strip_suffix(".list") {
            Some(name) => (name, false),
            None => (name.strip_suffix(".md5sums").unwrap_or(name), true),
        };
        // `libc6:amd64.list`: the architecture is not part of the name.
        let name = name.split(':').next().unwrap_or(name);
        let files = text
            .lines()
            .filter_map(
                |line| if checksums { line.split_once("  ").map(|(_, path)| path) } else { Some(line) },
            )
            .filter(|path| could_hold_software(path.as_bytes()))
            .filter_map(TreePath::from_text)
            .collect();
        found.notes.push(Note::Owned(Owned {
            name: name.to_owned(),
            ecosystem: "dpkg".to_owned(),
            files,
            directories: Vec::new(),
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn lists_and_checksums_name_files() {
        let list = b"/.\n/usr/lib/python3/dist-packages/six.py\n/usr/share/doc/x/copyright\n";
        insta::assert_snapshot!(render(&read(&FILES, "var/lib/dpkg/info/python3-six:all.list", list)), @r#"note {"owned":{"name":"python3-six","ecosystem":"dpkg","files":["","usr/lib/python3/dist-packages/six.py"]}}"#);
        let sums = b"0123456789abcdef0123456789abcdef  usr/bin/x\n";
        insta::assert_snapshot!(render(&read(&FILES, "var/lib/dpkg/status.d/x.md5sums", sums)), @r#"note {"owned":{"name":"x","ecosystem":"dpkg","files":["usr/bin/x"]}}"#);
    }
}
