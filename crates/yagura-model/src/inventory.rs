//! Everything one look at a resource found.

use crate::{Package, Platform, TreePath};
use serde::{Deserialize, Serialize};

/// All packages of one resource at one time, and what could not be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The operating system; `None` for a project directory or a `scratch` image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Sorted by ecosystem, name, version, first location.
    pub packages: Vec<Package>,
    /// Sorted by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
}

/// Something that was seen but could not be turned into packages.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unread {
    /// Where it is; empty when it concerns the whole tree.
    pub path: TreePath,
    /// The kind of trouble.
    pub reason: UnreadReason,
    /// One line for people, lowercase, without a full stop.
    pub detail: String,
}

/// Why something is unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnreadReason {
    /// Permission, I/O.
    Unreadable,
    /// Ends early.
    Truncated,
    /// Contradicts its own format.
    Malformed,
    /// Over one of the limits.
    TooLarge,
    /// Nested deeper than the limit.
    TooDeep,
    /// The format or a feature of it is not supported.
    Unsupported,
    /// Encrypted.
    Encrypted,
    /// An executable that no package explains.
    UnknownExecutable,
    /// An archive that no package explains.
    UnknownArchive,
    /// A manifest without the lockfile that would tell versions.
    NoLockfile,
    /// Not part of the target, on purpose.
    LeftOut,
    /// Time ran out.
    TimedOut,
}

impl UnreadReason {
    /// True when the scan itself is incomplete (exit code 3); false when everything was read but not explained.
    pub fn is_failure(self) -> bool {
        !matches!(
            self,
            Self::UnknownExecutable
                | Self::UnknownArchive
                | Self::NoLockfile
                | Self::Unsupported
                | Self::LeftOut
        )
    }
}
