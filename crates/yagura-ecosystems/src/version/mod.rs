//! Version schemes: one file per scheme, each mapping a version to bytes that sort in version order.
//!
//! Each file states the tool whose order it reproduces; `<scheme>.txt` beside it holds pairs that the tool
//! itself has ordered, and `tests/peers.rs` asks the tools about generated versions. Scanners meet every text
//! that was ever typed into a version field, so a scheme orders garbage where its tool does, and refuses only
//! what has no place in any order.

use yagura_model::{BadVersion, VersionKey};

pub mod apk;
pub mod bitnami;
pub mod check;
pub mod conan;
pub mod conda;
pub mod cran;
pub mod dpkg;
pub mod gem;
pub mod go;
pub mod hackage;
mod key;
pub mod lexical;
pub mod maven;
pub mod npm;
pub mod nuget;
pub mod packagist;
pub mod pacman;
pub mod pep440;
pub mod pub_;
pub mod rpm;
pub mod semver;
#[cfg(test)]
mod tests;

pub use check::{Broken, check_lines};

/// Maps a version to bytes that sort in version order.
pub trait VersionScheme: Sync {
    /// The name that `yagura compare` takes: `dpkg`, `pep440`.
    fn id(&self) -> &'static str;

    /// The sort key. Equal versions (`1.0` and `1.0.0` on PyPI) have equal keys.
    ///
    /// # Errors
    /// [`BadVersion`] for texts that cannot be ordered; such versions match only where an advisory lists them.
    fn key(&self, version: &str) -> Result<VersionKey, BadVersion>;

    /// False for texts that the tool orders only so that sorting never fails: branches of Packagist, what Go and
    /// PyPI do not accept as a version. No range speaks of them; they match where an advisory lists them, or
    /// where it means every version.
    fn is_version(&self, version: &str) -> bool {
        let _ = version;
        true
    }
}

/// Every scheme, for `yagura compare`.
pub static SCHEMES: &[&dyn VersionScheme] = &[
    &apk::APK,
    &bitnami::BITNAMI,
    &conan::CONAN,
    &conda::CONDA,
    &cran::CRAN,
    &dpkg::DPKG,
    &gem::GEM,
    &go::GO,
    &hackage::HACKAGE,
    &lexical::LEXICAL,
    &maven::MAVEN,
    &npm::NPM,
    &nuget::NUGET,
    &packagist::PACKAGIST,
    &pacman::PACMAN,
    &pep440::PEP440,
    &pub_::PUB,
    &rpm::RPM,
    &semver::SEMVER,
];

/// The scheme of a name.
pub fn scheme(id: &str) -> Option<&'static dyn VersionScheme> {
    SCHEMES.iter().copied().find(|scheme| scheme.id() == id)
}

/// The error of a scheme about a version. The text is cut, because it may be megabytes long.
fn bad(scheme: &dyn VersionScheme, version: &str) -> BadVersion {
    BadVersion { version: version.chars().take(100).collect(), scheme: scheme.id() }
}
