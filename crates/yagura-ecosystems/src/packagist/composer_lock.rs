//! `composer.lock`: what Composer resolved.
//! <https://getcomposer.org/doc/01-basic-usage.md#commit-your-composer-lock-file-to-version-control>
//!
//! Direct and transitive come from the `composer.json` beside it.

use super::{ID, add};
use crate::document::{Packages, items, json};
use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};
use yagura_model::Scope;

pub(super) struct ComposerLock;

impl Cataloger for ComposerLock {
    fn id(&self) -> &'static str {
        "packagist/composer-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["composer.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let document = json(file)?;
        if document.get("packages").is_none() && document.get("packages-dev").is_none() {
            return Err(ReadError::malformed(file.path, "there is no `packages` list"));
        }
        let mut packages = Packages::new(ID, file);
        for (list, scope) in [("packages-dev", Scope::Development), ("packages", Scope::Runtime)] {
            for entry in items(&document, list) {
                add(&mut packages, entry, scope);
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
    fn composers_own_lockfile_is_read() {
        let found = read(&ComposerLock, "composer.lock", include_bytes!("fixtures/composer.lock"));
        insta::assert_snapshot!(render(&found), @r#"
        Packagist acme/c 3.0.0-beta1 development/unknown -> acme/b @composer.lock
        Packagist acme/a v1.2.3 runtime/unknown (MIT) -> acme/b @composer.lock
        Packagist acme/b 2.0.1 runtime/unknown (Apache-2.0; GPL-2.0-only) @composer.lock
        "#);
    }

    #[test]
    fn branches_know_their_commit() {
        let json = br#"{"packages": [{"name": "a/b", "version": "dev-main", "source": {"reference": "0a1b"}},
            {"name": "c/d"}, 7, {"name": ["e"], "version": "1"}]}"#;
        insta::assert_snapshot!(render(&read(&ComposerLock, "composer.lock", json)), @r#"
        Packagist a/b dev-main commit=0a1b runtime/unknown @composer.lock
        "#);
    }

    #[test]
    fn broken_documents_are_reported() {
        for bytes in [&b"{\"packages\": [{\"name\""[..], b"{}", b"", b"null", b"\xff"] {
            assert_eq!(read(&ComposerLock, "composer.lock", bytes).unread.len(), 1);
        }
    }
}
