//! Why an advisory file is refused.

/// A file that cannot be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Not an advisory file at all.
    #[error("this is not an advisory database")]
    NotADatabase,
    /// Written by another version.
    #[error("the advisory database has format {found}; this program reads format {expected}")]
    Version {
        /// The format of the file.
        found: u32,
        /// The format of this program.
        expected: u32,
    },
    /// Shorter or longer than its header says.
    #[error("the advisory database has {found} bytes where its header says {expected}")]
    Length {
        /// By the header.
        expected: u64,
        /// In the file.
        found: u64,
    },
    /// A checksum does not fit, or an offset points nowhere.
    #[error("the advisory database is damaged: {what}")]
    Damaged {
        /// The part.
        what: &'static str,
    },
    /// Too much data for the format's 32-bit offsets.
    #[error("section `{section}` of the advisory database outgrew 4 GiB")]
    TooLarge {
        /// The section.
        section: &'static str,
    },
    /// Compression failed while building.
    #[error("cannot compress advisory texts")]
    Compression {
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

impl DatabaseError {
    /// What the user does next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotADatabase => "point --db at the file that `yagura db update` or `yagura db build` wrote",
            Self::Version { found, expected } if found > expected => {
                "update yagura, or rebuild with `yagura db build`"
            }
            Self::Version { .. } | Self::Length { .. } | Self::Damaged { .. } => {
                "run `yagura db update`, or import a fresh copy with `yagura db import`"
            }
            Self::TooLarge { .. } => "build with fewer feeds: `yagura db build --only ...`",
            Self::Compression { .. } => "free some memory and build again",
        }
    }
}
