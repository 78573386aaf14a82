//! NuGet: ordered like `NuGet.Versioning.VersionComparer.VersionRelease`.
//!
//! Algorithm: <https://learn.microsoft.com/nuget/concepts/package-versioning>. SemVer with a fourth number,
//! where missing numbers are zero and pre-release labels ignore case.

use super::{VersionScheme, bad, semver};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of NuGet.
pub struct Nuget;

/// The value to register.
pub static NUGET: Nuget = Nuget;

impl VersionScheme for Nuget {
    fn id(&self) -> &'static str {
        "nuget"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let (key, _) = semver::precedence(version, true).ok_or_else(|| bad(self, version))?;
        Ok(key.done())
    }
}
