//! What happened, in the order in which the store wrote it. Events, Security Hub, webhooks and reports read nothing
//! else, and old changes are the history.

use crate::{Coverage, Finding, FindingId, ResourceId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that happened to a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Ascending; assigned by the store.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// The resource it concerns.
    pub resource: ResourceId,
    /// What.
    pub what: Changed,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changed {
    /// A finding was created, updated, suppressed, re-opened or closed; this is how it reads now.
    Finding(Box<Finding>),
    /// A closed finding left the list; its history stays.
    Forgotten(FindingId),
    /// The tags of a resource changed; its findings are as they were.
    Tags,
    /// Coverage changed.
    Coverage(Box<Coverage>),
    /// The first scan of a resource ended, with the counts of active findings by severity, least severe first.
    FirstScan([u32; 6]),
}
