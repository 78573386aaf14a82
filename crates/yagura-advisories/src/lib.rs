//! Advisory feeds, and the one file that all of them are compiled into.
//!
//! A [`Feed`] describes what to download and how to read it; it performs no I/O. `database` builds and reads
//! the advisory file over plain bytes.

use jiff::Timestamp;
use yagura_model::Advisory;

/// One downloaded file of a feed.
pub struct Document<'a> {
    /// Its path below the feed's base address, as in `osv/PyPI/all.zip`.
    pub path: &'a str,
    /// Its bytes, as published.
    pub bytes: &'a [u8],
}

/// What a feed wants downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// The publisher's base address; `--db-mirror` replaces it.
    pub base: &'static str,
    /// The folder that stands for the publisher in a mirror or under `db build --from`: `osv`, `debian`.
    pub folder: &'static str,
    /// Paths below both, fixed ones first; each is fetched with its ETag.
    pub paths: Vec<String>,
}

/// An advisory source. Describes its downloads; the shell performs them.
pub trait Feed: Sync {
    /// The id that outputs show: `osv`, `debian`.
    fn id(&self) -> &'static str;

    /// What to fetch; `since` is the newest modification already held.
    fn download(&self, since: Option<Timestamp>) -> Download;

    /// Reads one document, pushing advisories as it goes.
    ///
    /// # Errors
    /// The document is not what the feed publishes; what was pushed before stays valid.
    fn read(&self, document: &Document<'_>, out: &mut Vec<Advisory>) -> Result<(), FeedError>;
}

/// Why a document of a feed could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Not the format the feed publishes.
    #[error("`{path}` is not a document of this feed: {detail}")]
    Malformed {
        /// The document.
        path: String,
        /// What was found.
        detail: String,
    },
}
