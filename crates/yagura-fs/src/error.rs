//! Why something could not be read.

use yagura_model::{TreePath, Unread, UnreadReason};

/// One failed read. Errors of a file become [`Unread`] entries; only a tree that cannot be opened at all
/// stops a scan.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error("cannot read `{path}`")]
    Io {
        /// The file.
        path: TreePath,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Ends before its format says so.
    #[error("`{path}` ends early: {detail}")]
    Truncated {
        /// The file.
        path: TreePath,
        /// What was missing.
        detail: String,
    },
    /// Contradicts its own format.
    #[error("`{path}` is malformed: {detail}")]
    Malformed {
        /// The file.
        path: TreePath,
        /// What contradicts.
        detail: String,
    },
    /// Over a limit.
    #[error("`{path}` is over the limit of {limit} {unit}")]
    TooLarge {
        /// The file.
        path: TreePath,
        /// The limit.
        limit: u64,
        /// What is counted: `bytes`, `entries`.
        unit: &'static str,
    },
    /// Nested too deeply.
    #[error("`{path}` is nested deeper than {limit} levels")]
    TooDeep {
        /// The file.
        path: TreePath,
        /// The limit.
        limit: usize,
    },
    /// A format or feature that is not supported.
    #[error("`{path}` is not supported: {detail}")]
    Unsupported {
        /// The file.
        path: TreePath,
        /// What is not supported.
        detail: String,
    },
    /// Encrypted, and we have no key.
    #[error("`{path}` is encrypted")]
    Encrypted {
        /// The file.
        path: TreePath,
    },
    /// The time given for the scan ran out, or the user stopped it.
    #[error("time ran out at `{path}`")]
    Cancelled {
        /// Where it stopped.
        path: TreePath,
    },
}

impl ReadError {
    /// Shorthand for [`ReadError::Malformed`].
    pub fn malformed(path: &TreePath, detail: impl Into<String>) -> Self {
        Self::Malformed { path: path.clone(), detail: detail.into() }
    }

    /// Shorthand for [`ReadError::Truncated`].
    pub fn truncated(path: &TreePath, detail: impl Into<String>) -> Self {
        Self::Truncated { path: path.clone(), detail: detail.into() }
    }

    /// Passes through interfaces that only know `io::Error`; [`Self::from_io`] takes it out again.
    pub(crate) fn into_io(self) -> std::io::Error {
        match self {
            Self::Io { source, .. } => source,
            other => std::io::Error::other(other),
        }
    }

    /// Errors are not `Clone`; this says the same again, also when a reader is asked twice.
    pub(crate) fn copy(error: &std::io::Error) -> std::io::Error {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>());
        match inner {
            Some(Self::TooLarge { path, limit, unit }) => {
                Self::TooLarge { path: path.clone(), limit: *limit, unit }.into_io()
            }
            Some(Self::Cancelled { path }) => Self::Cancelled { path: path.clone() }.into_io(),
            Some(Self::Malformed { path, detail }) => Self::malformed(path, detail.clone()).into_io(),
            _ => std::io::Error::new(error.kind(), error.to_string()),
        }
    }

    /// The error of a read at `path`: a `ReadError` inside is taken out, and the kinds that decoders use for
    /// bad input are told from those of the medium.
    pub(crate) fn from_io(path: &TreePath, source: std::io::Error) -> Self {
        let source = match source.downcast::<Self>() {
            Ok(inner) => return inner,
            Err(source) => source,
        };
        match source.kind() {
            std::io::ErrorKind::UnexpectedEof => Self::truncated(path, source.to_string()),
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput => {
                Self::malformed(path, source.to_string())
            }
            _ => Self::Io { path: path.clone(), source },
        }
    }

    /// The error of a medium that knows no paths, about this one.
    pub fn of_medium(path: &TreePath, source: std::io::Error) -> Self {
        Self::from_io(path, source).named(path)
    }

    /// The same about another path: what a disk or a container format says about itself knows no path.
    pub(crate) fn named(mut self, name: &TreePath) -> Self {
        match &mut self {
            Self::Io { path, .. }
            | Self::Truncated { path, .. }
            | Self::Malformed { path, .. }
            | Self::TooLarge { path, .. }
            | Self::TooDeep { path, .. }
            | Self::Unsupported { path, .. }
            | Self::Encrypted { path }
            | Self::Cancelled { path } => *path = name.clone(),
        }
        self
    }

    /// The file it failed on.
    pub fn path(&self) -> &TreePath {
        match self {
            Self::Io { path, .. }
            | Self::Truncated { path, .. }
            | Self::Malformed { path, .. }
            | Self::TooLarge { path, .. }
            | Self::TooDeep { path, .. }
            | Self::Unsupported { path, .. }
            | Self::Encrypted { path }
            | Self::Cancelled { path } => path,
        }
    }

    /// The entry that reports this error in an inventory.
    pub fn to_unread(&self) -> Unread {
        let (reason, detail) = match self {
            Self::Io { source, .. } => (UnreadReason::Unreadable, source.to_string().to_lowercase()),
            Self::Truncated { detail, .. } => (UnreadReason::Truncated, detail.clone()),
            Self::Malformed { detail, .. } => (UnreadReason::Malformed, detail.clone()),
            Self::TooLarge { limit, unit, .. } => (UnreadReason::TooLarge, format!("over {limit} {unit}")),
            Self::TooDeep { limit, .. } => (UnreadReason::TooDeep, format!("deeper than {limit} levels")),
            Self::Unsupported { detail, .. } => (UnreadReason::Unsupported, detail.clone()),
            Self::Encrypted { .. } => (UnreadReason::Encrypted, "encrypted".to_owned()),
            Self::Cancelled { .. } => (UnreadReason::TimedOut, "time ran out".to_owned()),
        };
        Unread { path: self.path().clone(), reason, detail }
    }
}
