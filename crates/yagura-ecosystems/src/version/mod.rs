//! Version schemes: one file per scheme, each mapping a version to bytes that sort in version order.

use yagura_model::{BadVersion, VersionKey};

/// Maps a version to bytes that sort in version order.
pub trait VersionScheme: Sync {
    /// The name that `yagura compare` takes: `dpkg`, `pep440`.
    fn id(&self) -> &'static str;

    /// The sort key. Equal versions (`1.0` and `1.0.0` on PyPI) have equal keys.
    ///
    /// # Errors
    /// [`BadVersion`] for texts that cannot be ordered; such versions match only where an advisory lists them.
    fn key(&self, version: &str) -> Result<VersionKey, BadVersion>;
}

/// Every scheme, for `yagura compare`.
pub static SCHEMES: &[&dyn VersionScheme] = &[];

/// The scheme of a name.
pub fn scheme(id: &str) -> Option<&'static dyn VersionScheme> {
    SCHEMES.iter().copied().find(|scheme| scheme.id() == id)
}
