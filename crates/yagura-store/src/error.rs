//! What can go wrong with the database.

use std::error::Error;

/// A failed question to the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer; try again later.
    #[error("the database cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// Somebody else wrote first; read again.
    #[error("`{what}` was changed by somebody else")]
    Conflict {
        /// What was to be written.
        what: String,
    },
    /// Others wrote at the same time, again and again; the call was repeated and given up.
    #[error("too many write to the database at once")]
    Contended(#[source] Box<dyn Error + Send + Sync>),
    /// The disk is full or read-only.
    #[error("the database cannot be written")]
    ReadOnly(#[source] Box<dyn Error + Send + Sync>),
    /// The file or schema is newer than this program.
    #[error("the database has schema {found}, this program knows {known}")]
    Newer {
        /// Of the database.
        found: i64,
        /// Of this program.
        known: i64,
    },
    /// A page token that was not made by this list.
    #[error("the page token does not belong to this request")]
    BadToken,
    /// Stored data that cannot be read back.
    #[error("stored {what} cannot be read")]
    Corrupt {
        /// Which.
        what: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Anything else the database says.
    #[error("the database refused a statement")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// True when the same call may succeed a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::ReadOnly(_) | Self::Contended(_))
    }
}
