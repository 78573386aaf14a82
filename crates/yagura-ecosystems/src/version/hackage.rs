//! Hackage: ordered like `Data.Version`.
//!
//! Algorithm: <https://hackage.haskell.org/package/base/docs/Data-Version.html>. Lists of numbers in
//! lexicographic order, where `1.0` is smaller than `1.0.0`.

use super::{VersionScheme, bad, cran};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of Hackage.
pub struct Hackage;

/// The value to register.
pub static HACKAGE: Hackage = Hackage;

impl VersionScheme for Hackage {
    fn id(&self) -> &'static str {
        "hackage"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        cran::numbers(version).ok_or_else(|| bad(self, version))
    }
}
