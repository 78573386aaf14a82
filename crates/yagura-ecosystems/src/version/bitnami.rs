//! Bitnami: SemVer where a number after `-` is a packaging revision, newer than the version without it.
//!
//! Algorithm: <https://github.com/bitnami/go-version>.

use super::{VersionScheme, bad, semver};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of Bitnami's packages.
pub struct Bitnami;

/// The value to register.
pub static BITNAMI: Bitnami = Bitnami;

impl VersionScheme for Bitnami {
    fn id(&self) -> &'static str {
        "bitnami"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        semver::with_revision(version).map(super::key::Key::done).ok_or_else(|| bad(self, version))
    }
}
