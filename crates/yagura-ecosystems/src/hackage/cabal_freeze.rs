//! `cabal.project.freeze`: exact versions as constraints.
//! <https://cabal.readthedocs.io/en/stable/cabal-commands.html#cabal-freeze>

use super::ID;
use crate::document::Packages;
use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};

pub(super) struct CabalFreeze;

impl Cataloger for CabalFreeze {
    fn id(&self) -> &'static str {
        "hackage/cabal-freeze"
    }

    fn files(&self) -> &'static [&'static str] {
        &["cabal.project.freeze", "cabal.config"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let mut packages = Packages::new(ID, file);
        for constraint in text.split([',', '\n']) {
            let constraint = constraint.split("--").next().unwrap_or_default().trim();
            let constraint = constraint.strip_prefix("constraints:").unwrap_or(constraint).trim();
            let Some((name, version)) = constraint.split_once("==") else { continue };
            let name = name.trim();
            let name = name.strip_prefix("any.").unwrap_or(name);
            // Whatever follows the number is another condition.
            let version = version.split_whitespace().next().unwrap_or_default();
            let exact = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            if exact && !name.contains(char::is_whitespace) {
                packages.add(name, version);
            }
        }
        packages.finish(found);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn exact_constraints_are_packages() {
        let text = b"active-repositories: hackage.haskell.org:merge\nconstraints: any.aeson ==2.0.3.0,\n             aeson -cffi +ordered-keymap,\n             any.base ==4.16.3.0, -- note ==1\n             open ==1.*\nindex-state: hackage.haskell.org 2022-09-01T00:00:00Z\n";
        insta::assert_snapshot!(render(&read(&CabalFreeze, "cabal.project.freeze", text)), @r#"
        Hackage aeson 2.0.3.0 runtime/unknown @cabal.project.freeze
        Hackage base 4.16.3.0 runtime/unknown @cabal.project.freeze
        "#);
    }
}
