//! Version keys: versions as bytes that sort in version order.

use serde::{Deserialize, Serialize};

/// A version of one scheme, encoded so that comparing the bytes compares the versions.
/// Keys of different schemes must not be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionKey(Vec<u8>);

impl VersionKey {
    /// Wraps encoded bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to compare.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A version that its scheme cannot order; it can still be listed by an advisory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{version}` is not a version of scheme `{scheme}`")]
pub struct BadVersion {
    /// The text that was given.
    pub version: String,
    /// The scheme's id, for instance `dpkg`.
    pub scheme: &'static str,
}
