//! npm: ordered like node-semver in loose mode.
//!
//! Algorithm: <https://github.com/npm/node-semver#versions>. SemVer with `v`, `=` and spaces before the
//! version, and pre-releases without `-` (`1.2.3beta`).

use super::{VersionScheme, bad, semver};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of npm.
pub struct Npm;

/// The value to register.
pub static NPM: Npm = Npm;

impl VersionScheme for Npm {
    fn id(&self) -> &'static str {
        "npm"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let (key, _) = semver::precedence(version, false).ok_or_else(|| bad(self, version))?;
        Ok(key.done())
    }
}
