//! Records of work: leases, loops, keys, audit, usage, settings documents.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yagura_model::{Cause, EcosystemId, Home, Inventory, ResourceId, Vulnerability, VulnerabilityId};

/// A settings document. Its shape belongs to whoever writes it; the store keeps it, versioned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Where it holds.
    pub home: Home,
    /// `filter`, `organization`, `member`, `findings-report`, `sbom-export`, …
    pub kind: String,
    /// Unique in home and kind.
    pub id: String,
    /// The version that was read; 0 for one that does not exist yet.
    pub version: u64,
    /// The content.
    pub body: serde_json::Value,
}

/// What one look at a resource brought.
#[derive(Debug, Clone, PartialEq)]
pub enum Collected {
    /// Packages, and the release of the running kernel.
    Packages {
        /// The packages.
        inventory: Inventory,
        /// `uname -r`, where an installed package explains it ([`yagura_findings::running_kernel`]).
        kernel: Option<String>,
    },
    /// What a code or network scan found.
    Causes(Vec<Cause>),
}

/// An advisory that is new, changed or withdrawn: one column.
#[derive(Debug, Clone, PartialEq)]
pub struct AdvisoryChange {
    /// The vulnerability.
    pub vulnerability: VulnerabilityId,
    /// Every package that it is now said of, or was said of before: canonical ecosystem and name.
    pub packages: Vec<(EcosystemId, String)>,
    /// Facts as they are now; `None` when nobody speaks of it any more.
    pub facts: Option<Vulnerability>,
}

/// A piece of work that is somebody's until a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease<T> {
    /// The work.
    pub work: T,
    /// Who does it.
    pub worker: String,
    /// Grows with every mark; the mark is cleared only if it is still this one.
    pub mark: u64,
    /// When it may be taken over.
    pub until: Timestamp,
}

/// What a loop last did, for metrics and the console.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoopState {
    /// `discover`, `collect`, `ingest`, `rematch`, `deliver`, `sweep`; sinks and accounts after a slash.
    pub name: String,
    /// Last start.
    pub started_at: Option<Timestamp>,
    /// Last end without an error.
    pub succeeded_at: Option<Timestamp>,
    /// What waits.
    pub backlog: u64,
    /// The last error, until a run succeeds.
    pub error: Option<String>,
    /// How often it ran, failed, and what it handled.
    pub counts: BTreeMap<String, u64>,
}

/// A key that may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// `AKIA…`-like, 20 characters.
    pub key_id: String,
    /// 40 characters.
    pub secret: String,
    /// The account whose caller this is.
    pub home_account: yagura_model::AccountId,
    /// What it may do.
    pub role: Role,
    /// For people.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was switched off.
    pub revoked_at: Option<Timestamp>,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    Administrator,
    /// Every operation that changes nothing.
    Reader,
    /// Handing in inventories.
    IngestOnly,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Whose account and region it was about.
    pub home: Home,
    /// The key.
    pub key_id: String,
    /// The operation.
    pub operation: String,
    /// The HTTP status.
    pub status: u16,
    /// The id that the answer carried.
    pub request_id: String,
    /// The caller's address.
    pub from: String,
}

/// One resource under one meter for one hour, or one scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UsageSample {
    /// Which resource.
    pub resource: ResourceId,
    /// The meter's word: `EC2_INSTANCE_HOURS`, `ECR_INITIAL_SCAN`, …
    pub meter: String,
    /// The start of the hour, or the time of the scan.
    pub at: Timestamp,
    /// Hours or scans.
    pub amount: f64,
}

/// Summed use.
#[derive(Debug, Clone, PartialEq)]
pub struct Usage {
    /// Whose.
    pub home: Home,
    /// The meter's word.
    pub meter: String,
    /// Hours or scans.
    pub total: f64,
    /// Since when there are samples.
    pub since: Timestamp,
}
