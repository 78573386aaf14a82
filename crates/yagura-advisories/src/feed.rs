//! What a feed is: a description of its downloads and a reader of its documents.

use jiff::Timestamp;
use jiff::civil::Date;
use yagura_model::{Advisory, Epss, Kev, Rating, SourceId};

/// One downloaded file of a feed.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// Its path below the feed's folder, as in `PyPI/all.zip`.
    pub path: &'a str,
    /// Its bytes, as published.
    pub bytes: &'a [u8],
}

/// A document that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// Its path below the feed's folder, in a mirror and in the cache.
    pub path: String,
    /// Where its publisher has it.
    pub from: From,
    /// True when its absence is no error: one of several spellings, or a list that only mirrors lack.
    pub optional: bool,
}

/// Where a publisher has a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum From {
    /// At the feed's base address and the same path.
    Base,
    /// At this address.
    Url(String),
    /// At this path relative to the document that named it.
    Sibling(String),
}

impl Pick {
    /// A document at the base address.
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), from: From::Base, optional: false }
    }

    /// A document elsewhere.
    pub fn at(path: impl Into<String>, url: impl Into<String>) -> Self {
        Self { from: From::Url(url.into()), ..Self::new(path) }
    }

    /// The same, but its absence is no error.
    pub fn optional(self) -> Self {
        Self { optional: true, ..self }
    }
}

/// An advisory source. Describes its downloads; the shell performs them.
pub trait Feed: Sync {
    /// The id that `--only` takes and outputs show: `osv`, `debian`.
    fn id(&self) -> &'static str;

    /// Its name for people.
    fn title(&self) -> &'static str;

    /// The publisher's base address; a mirror replaces it by `MIRROR/` + [`Self::folder`].
    fn base(&self) -> &'static str;

    /// The folder that stands for the publisher in a mirror, in the download cache and under `db build --from`.
    fn folder(&self) -> &'static str;

    /// The first documents to fetch.
    fn start(&self) -> Vec<Pick>;

    /// Documents that a fetched one names: the ecosystems of an OSV bucket, the updateinfo of a repository.
    fn follow(&self, document: &Document<'_>) -> Vec<Pick> {
        let _ = document;
        Vec::new()
    }

    /// True when `db update` fetches it only where `--only` names it: what it says comes by another feed, too.
    /// Documents that are there are always read.
    fn on_request(&self) -> bool {
        false
    }

    /// True when [`Self::read`] understands the document of this path; other files of the folder are left alone.
    fn reads(&self, path: &str) -> bool;

    /// The source that the document's statements are recorded under: `osv/PyPI`, `debian`.
    fn source(&self, path: &str) -> SourceId;

    /// The list of changes beside a document that holds many records, and the folder of the single records:
    /// OSV's `PyPI/modified_id.csv`. `None` where the document is fetched whole.
    fn changes(&self, path: &str) -> Option<String> {
        let _ = path;
        None
    }

    /// Reads one document, pushing what it says as it goes.
    ///
    /// # Errors
    /// The document is not what the feed publishes; what was pushed before stays valid. A single bad record
    /// among good ones is told to [`Sink::unread`] instead.
    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError>;
}

/// Takes what a feed reads.
pub trait Sink {
    /// A statement about packages.
    fn advisory(&mut self, advisory: Advisory);
    /// Facts about a vulnerability.
    fn facts(&mut self, facts: Facts);
    /// An EPSS score of a CVE.
    fn epss(&mut self, cve: &str, epss: Epss);
    /// An entry of the KEV catalogue.
    fn kev(&mut self, cve: &str, kev: Kev);
    /// The day or time the publisher put on the document.
    fn dated(&mut self, date: Timestamp);
    /// A record that could not be read, and why.
    fn unread(&mut self, what: String);
}

/// Facts about a vulnerability from a source that makes no statement about packages we judge by.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The CVE id.
    pub id: String,
    /// Who says so; ratings carry their own sources.
    pub source: SourceId,
    /// One line, possibly empty.
    pub summary: String,
    /// Prose, possibly empty.
    pub details: String,
    /// Ratings.
    pub ratings: Vec<Rating>,
    /// CWE numbers.
    pub cwes: Vec<u16>,
    /// First publication.
    pub published: Option<Timestamp>,
    /// Last change.
    pub modified: Option<Timestamp>,
    /// Links.
    pub references: Vec<String>,
}

impl Facts {
    /// Nothing but an identity.
    pub fn new(source: impl Into<SourceId>, id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            source: source.into(),
            summary: String::new(),
            details: String::new(),
            ratings: Vec::new(),
            cwes: Vec::new(),
            published: None,
            modified: None,
            references: Vec::new(),
        }
    }
}

/// A sink that keeps everything, for small documents and tests.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Batch {
    /// In the order read.
    pub advisories: Vec<Advisory>,
    /// In the order read.
    pub facts: Vec<Facts>,
    /// CVE and score.
    pub epss: Vec<(String, Epss)>,
    /// CVE and entry.
    pub kev: Vec<(String, Kev)>,
    /// The newest date given.
    pub dated: Option<Timestamp>,
    /// Records that could not be read.
    pub unread: Vec<String>,
}

impl Sink for Batch {
    fn advisory(&mut self, advisory: Advisory) {
        self.advisories.push(advisory);
    }

    fn facts(&mut self, facts: Facts) {
        self.facts.push(facts);
    }

    fn epss(&mut self, cve: &str, epss: Epss) {
        self.epss.push((cve.to_owned(), epss));
    }

    fn kev(&mut self, cve: &str, kev: Kev) {
        self.kev.push((cve.to_owned(), kev));
    }

    fn dated(&mut self, date: Timestamp) {
        self.dated = self.dated.max(Some(date));
    }

    fn unread(&mut self, what: String) {
        self.unread.push(what);
    }
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
    /// Expands to more than is sane.
    #[error("`{path}` expands to more than {limit} bytes")]
    TooLarge {
        /// The document or member.
        path: String,
        /// The bound.
        limit: u64,
    },
}

impl FeedError {
    /// A [`FeedError::Malformed`] from whatever a parser said.
    pub fn malformed(path: &str, detail: impl std::fmt::Display) -> Self {
        Self::Malformed { path: path.to_owned(), detail: detail.to_string() }
    }
}

/// Reads the timestamps that feeds publish: RFC 3339, the same without a zone (taken as UTC), or a day.
pub fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Some(stamp);
    }
    if let Ok(stamp) = text.parse::<jiff::civil::DateTime>() {
        return jiff::tz::TimeZone::UTC.to_timestamp(stamp).ok();
    }
    text.parse::<Date>().ok().and_then(|date| jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok())
}

/// The number of `CWE-79` or `79`.
pub fn cwe(text: &str) -> Option<u16> {
    let text = text.trim();
    let digits = text.strip_prefix("CWE-").unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok().filter(|number| *number > 0)
}
