//! What the file says of its sources.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use yagura_model::SourceId;

/// One source: what it gave, of when, and what went wrong last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// `osv/PyPI`, `debian`.
    pub id: SourceId,
    /// For people.
    pub title: String,
    /// The newest date the publisher put on the data.
    pub upstream: Option<Timestamp>,
    /// When the documents were last fetched or confirmed unchanged. `None` for a build from a folder.
    pub fetched: Option<Timestamp>,
    /// Advisories read, withdrawn ones included.
    pub advisories: u64,
    /// Of these, taken back by their source.
    pub withdrawn: u64,
    /// Scores, descriptions and exploitation entries read.
    pub facts: u64,
    /// Records that could not be read.
    pub unread: u64,
    /// Bounds of ranges that have no order in their scheme; matched by listed versions only.
    pub unordered: u64,
    /// Statements about packages of ecosystems without a known version scheme.
    pub unknown: u64,
    /// How things stand.
    pub state: SourceState,
    /// The last error, in words.
    pub error: Option<String>,
}

/// How a source stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceState {
    /// Everything was read.
    #[default]
    Good,
    /// Some records could not be read.
    Partial,
    /// The last download failed; older documents are in use.
    Stale,
    /// Nothing of it could be read.
    Failed,
}

impl SourceState {
    /// The kebab-case word printed everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Partial => "partial",
            Self::Stale => "stale",
            Self::Failed => "failed",
        }
    }
}

impl SourceStatus {
    /// A source of which nothing has been read.
    pub fn new(id: SourceId) -> Self {
        Self {
            id,
            title: String::new(),
            upstream: None,
            fetched: None,
            advisories: 0,
            withdrawn: 0,
            facts: 0,
            unread: 0,
            unordered: 0,
            unknown: 0,
            state: SourceState::Good,
            error: None,
        }
    }

    /// Derives the state from the counts, unless a failed download has already set it.
    pub fn settle(&mut self) {
        if self.state == SourceState::Good && (self.error.is_some() || self.unread > 0) {
            let nothing = self.advisories == 0 && self.facts == 0;
            self.state = if nothing { SourceState::Failed } else { SourceState::Partial };
        }
    }
}

/// The counts of the whole file, as stored.
#[derive(Debug, Serialize)]
pub struct Contents<'a> {
    /// Statements after precedence.
    pub statements: u64,
    /// Pairs of ecosystem and name.
    pub packages: u64,
    /// Advisories in force.
    pub advisories: u64,
    /// Vulnerabilities with any fact or advisory.
    pub vulnerabilities: u64,
    /// By id.
    pub sources: Vec<&'a SourceStatus>,
}

/// The counts of the whole file, as read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Summary {
    /// Statements after precedence.
    pub statements: u64,
    /// Pairs of ecosystem and name.
    pub packages: u64,
    /// Advisories in force.
    pub advisories: u64,
    /// Vulnerabilities with any fact or advisory.
    pub vulnerabilities: u64,
    /// By id.
    pub sources: Vec<SourceStatus>,
}
