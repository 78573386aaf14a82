//! `vendor/modules.txt`: the modules whose code is in the project's `vendor` directory
//! (<https://go.dev/ref/mod#vendoring>).
//!
//! `## explicit` marks modules that `go.mod` names, which since Go 1.17 are all of them; so direct ones are
//! only told by `go.mod` itself.

use super::ID;
use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package};

/// Reads the list.
pub(super) struct ModulesTxt;

impl Cataloger for ModulesTxt {
    fn id(&self) -> &'static str {
        "go/vendor-modules"
    }

    fn files(&self) -> &'static [&'static str] {
        &["**/vendor/modules.txt", "vendor/modules.txt"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("# ") else { continue };
            let words: Vec<&str> = rest.split_whitespace().collect();
            let (name, version) = match *words.as_slice() {
                [name, version] => (name, version),
                // Lines without a version repeat a replacement that holds for all versions.
                [_, _, "=>", target, version] => (target, version),
                _ => continue,
            };
            if version.starts_with('v') {
                let location = Location::path(file.path.clone());
                found.packages.push(Package::new(ID, name, version, location));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn modules_and_replacements() {
        let text = b"# github.com/a/b v1.0.0\n## explicit; go 1.18\ngithub.com/a/b/pkg\n\
            # github.com/c/d v1.0.0 => github.com/fork/d v1.0.1\n## explicit\n\
            # github.com/e/f v1.0.0 => ./local\n# github.com/c/d => github.com/fork/d v1.0.1\n";
        insta::assert_snapshot!(render(&read(&ModulesTxt, "vendor/modules.txt", text)), @r"
        Go github.com/a/b v1.0.0 runtime/unknown @vendor/modules.txt
        Go github.com/fork/d v1.0.1 runtime/unknown @vendor/modules.txt
        ");
    }
}
