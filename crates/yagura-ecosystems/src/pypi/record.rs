//! `RECORD` of a dist-info directory (<https://packaging.python.org/specifications/recording-installed-packages/>)
//! and `installed-files.txt` of an egg-info directory: which files a distribution brought.
//!
//! Only files that could be executables or archives are noted: an environment has a hundred thousand sources,
//! and nobody asks who owns them.

use super::ID;
use crate::{Cataloger, Found, Note, Owned};
use std::borrow::Cow;
use yagura_fs::{File, ReadError};
use yagura_model::TreePath;

/// Reads both kinds.
pub(super) struct Record;

impl Cataloger for Record {
    fn id(&self) -> &'static str {
        "pypi/record"
    }

    fn files(&self) -> &'static [&'static str] {
        &["RECORD", "installed-files.txt"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let directory = file.path.parent();
        let (site, own) = directory.rsplit_once('/').unwrap_or(("", directory));
        // Paths of RECORD start at site-packages, those of installed-files.txt at the directory itself.
        let (stem, base) = match (own.strip_suffix(".dist-info"), own.strip_suffix(".egg-info")) {
            (Some(stem), _) if file.path.name() == "RECORD" => (stem, site),
            (_, Some(stem)) if file.path.name() != "RECORD" => (stem, directory),
            _ => return Ok(()),
        };
        let name = stem.split_once('-').map_or(stem, |(name, _)| name);
        let text = file.text()?;
        let files: Vec<TreePath> = text
            .lines()
            .filter(|line| may_be_binary(line))
            .filter_map(|line| TreePath::from_text(&format!("{base}/{}", first_field(line))))
            .collect();
        if !files.is_empty() {
            found.notes.push(Note::Owned(Owned {
                name: name.to_owned(),
                ecosystem: ID.to_owned(),
                files,
                directories: Vec::new(),
            }));
        }
        Ok(())
    }
}

/// False for endings that are text or bytecode. Takes a path, or a line of CSV that starts with one.
pub(crate) fn may_be_binary(line: &str) -> bool {
    const TEXTS: [&str; 24] = [
        "py", "pyc", "pyi", "pyx", "pxd", "txt", "md", "rst", "h", "hpp", "c", "cpp", "json", "html", "css",
        "js", "map", "svg", "png", "po", "mo", "yaml", "yml", "typed",
    ];
    let path = line.split(',').next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    !file.is_empty()
        && !path.contains(".dist-info/")
        && !file.rsplit_once('.').is_some_and(|(_, ending)| TEXTS.contains(&ending.trim_end_matches('"')))
}

/// The path of a CSV line.
fn first_field(line: &str) -> Cow<'_, str> {
    match line.strip_prefix('"') {
        None => Cow::Borrowed(line.split(',').next().unwrap_or_default()),
        Some(quoted) => {
            let mut end = 0;
            let bytes = quoted.as_bytes();
            while let Some(&byte) = bytes.get(end) {
                match (byte, bytes.get(end + 1)) {
                    (b'"', Some(b'"')) => end += 2,
                    (b'"', _) => break,
                    _ => end += 1,
                }
            }
            Cow::Owned(quoted.get(..end).unwrap_or(quoted).replace("\"\"", "\""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn only_possible_binaries_are_noted() {
        let record = b"a/__init__.py,sha256=x,1\na/_speed.cpython-311-x86_64-linux-gnu.so,sha256=x,1\n../../../bin/a,sha256=x,1\n\"a/b,c.so\",,\na-1.dist-info/LICENSE,,\n../../../../../../../etc/x,,\n";
        insta::assert_snapshot!(render(&read(&Record, "v/lib/python3/site-packages/a-1.dist-info/RECORD", record)), @r#"
        note {"owned":{"name":"a","ecosystem":"PyPI","files":["v/lib/python3/site-packages/a/_speed.cpython-311-x86_64-linux-gnu.so","v/bin/a","v/lib/python3/site-packages/a/b,c.so"]}}
        "#);
        insta::assert_snapshot!(render(&read(&Record, "s/a-1.egg-info/installed-files.txt", b"../a/x.so\n../a/y.py\nPKG-INFO\n")), @r#"
        note {"owned":{"name":"a","ecosystem":"PyPI","files":["s/a/x.so","s/a-1.egg-info/PKG-INFO"]}}
        "#);
    }

    #[test]
    fn other_files_of_the_same_name_say_nothing() {
        assert!(read(&Record, "x/RECORD", b"a.so,,\n").is_empty());
        assert!(read(&Record, "a.dist-info/installed-files.txt", b"a.so\n").is_empty());
    }
}
