//! What a scan has to say, before it takes a form.

use jiff::Timestamp;
use jiff::civil::Date;
use std::io;
use yagura_model::{CodeDetection, Detection, Inventory, Lang, Package};

/// One way to print a [`Report`].
pub trait Format: Sync {
    /// What `--format` takes: `json`, `cyclonedx`.
    fn id(&self) -> &'static str;

    /// The IANA media type.
    fn media_type(&self) -> &'static str;

    /// Whether [`Report::code`] has a place in the document.
    fn holds_code(&self) -> bool {
        false
    }

    /// Writes the whole document.
    ///
    /// # Errors
    /// Only those of `out`.
    fn render(&self, report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()>;
}

/// The result of one scan.
pub struct Report<'a> {
    /// What was scanned.
    pub target: &'a Target,
    /// What was found in it.
    pub inventory: &'a Inventory,
    /// Active and suppressed detections, most severe first. Empty for an inventory.
    pub detections: &'a [Detection],
    /// Flaws in files, sorted by path and line; empty where nobody asked for them.
    pub code: &'a [CodeDetection],
    /// False for `yagura inventory`: then the absence of detections means nothing.
    pub judged: bool,
    /// The advisory sources that were used.
    pub data: &'a [SourceState],
    /// The day from which the platform gets no more fixes, when that day has passed.
    pub end_of_life: Option<Date>,
    /// Remarks for people, already in [`Self::lang`].
    pub notes: &'a [String],
    /// Yagura's version.
    pub tool_version: &'a str,
    /// The time of the scan, from which ages are counted in texts for people. No document carries it.
    pub now: Timestamp,
    /// The time that documents carry; `None` leaves it out, so that the same input gives the same bytes.
    pub created: Option<Timestamp>,
    /// The language of texts for people.
    pub lang: Lang,
    /// How a package is written as a purl.
    pub purl: fn(&Package) -> String,
}

impl Report<'_> {
    /// The time for formats that cannot do without one: [`Self::created`], else that of the newest advisory data,
    /// else the beginning of Unix time.
    pub fn stamp(&self) -> Timestamp {
        let newest = self.data.iter().filter_map(|source| source.date).max();
        self.created.or(newest).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// True when everything that was wanted could be read.
    pub fn is_complete(&self) -> bool {
        !self.inventory.unread.iter().any(|entry| entry.reason.is_failure())
    }
}

/// What was scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The kind of thing.
    pub kind: TargetKind,
    /// The path or reference as the user gave it.
    pub name: String,
    /// The image's manifest digest, `sha256:…`.
    pub digest: Option<String>,
    /// The image's tags.
    pub tags: Vec<String>,
    /// The commit id of a repository.
    pub commit: Option<String>,
}

/// The kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A machine's root file system.
    Host,
    /// A directory or file.
    Directory,
    /// A git work tree.
    Repository,
    /// A container image.
    Image,
    /// A zip archive.
    Archive,
    /// An SBOM document.
    Sbom,
    /// Disk images or snapshots of one machine.
    Disk,
}

impl TargetKind {
    /// The word in JSON output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Directory => "directory",
            Self::Repository => "repository",
            Self::Image => "image",
            Self::Archive => "archive",
            Self::Sbom => "sbom",
            Self::Disk => "disk",
        }
    }
}

/// An advisory source and how fresh it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// The source's id: `osv/PyPI`, `debian`, `starter`.
    pub id: String,
    /// The newest statement it holds.
    pub date: Option<Timestamp>,
    /// How many advisories it holds.
    pub count: u64,
    /// Why its last update failed; the data is then older than it could be.
    pub error: Option<String>,
}
