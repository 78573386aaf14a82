//! What Yagura remembers: resources, inventories, findings, changes and settings, behind one trait.
//!
//! The trait asks questions of the domain; no SQL, row or pool shows through. Versions are never compared and
//! nothing is decided here: [`Store::rematch`] loads a slice, asks a pure function, and writes its answer in one
//! transaction.

mod database;
mod error;
mod page;
mod sql;
mod work;

pub use error::StoreError;
pub use page::{
    Aggregate, AggregateKey, AggregateOrder, AggregateRequest, Aggregation, CoverageGroup, CoverageRow,
    FindingRow, Page, PageRequest, Sort,
};
pub use sql::{ADVISORIES, SqlStore};
pub use work::{
    AdvisoryChange, AuditEntry, Collected, Credential, Document, Lease, LoopState, Role, Usage, UsageSample,
};

use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;
use yagura_findings::{Decision, Slice, View};
use yagura_model::{
    Account, Change, Coverage, Criteria, FindingId, Home, Inventory, Resource, ResourceId, ResourceKind,
    ScanKind, Vulnerability,
};

/// What is decided about one resource of a slice; pure, so that a conflict is simply retried.
pub type Decide<'a> = &'a (dyn Fn(&View) -> Decision + Send + Sync);

/// How an account is to be changed; pure, because it may run more than once.
pub type ChangeAccount<'a> = &'a (dyn Fn(&mut Account) + Send + Sync);

/// The memory of the service. All writers may be killed at any line; every method is one transaction.
#[async_trait]
pub trait Store: Send + Sync {
    // Accounts and settings

    /// Every account and region that was ever used.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;
    /// One of them; a fresh one when it was never used.
    async fn account(&self, home: &Home) -> Result<Account, StoreError>;
    /// Reads, changes and writes one account; the changed one is returned. Marks the rows that its scan types
    /// concern when an activation or a window changed. `change` may run more than once.
    async fn change_account(&self, home: &Home, change: ChangeAccount<'_>) -> Result<Account, StoreError>;

    /// A settings document (filter, organization, report request, scan configuration, …).
    async fn document(&self, home: &Home, kind: &str, id: &str) -> Result<Option<Document>, StoreError>;
    /// All documents of a kind, by id; of every home when none is given.
    async fn documents(&self, home: Option<&Home>, kind: &str) -> Result<Vec<Document>, StoreError>;
    /// Writes one if its stored version is `document.version` (0: it must not exist), and returns the new
    /// version; [`StoreError::Conflict`] otherwise. Documents of kind `filter` mark the rows of their home.
    async fn put_document(&self, document: &Document) -> Result<u64, StoreError>;
    /// Removes one; false when it was not there. Filters mark the rows of their home.
    async fn delete_document(&self, home: &Home, kind: &str, id: &str) -> Result<bool, StoreError>;

    // Resources and coverage

    /// Inserts or updates resources as discovered. Rows are marked where a decision could differ; a changed tag
    /// is a change.
    async fn put_resources(&self, batch: &[Resource], now: Timestamp) -> Result<(), StoreError>;
    /// One resource.
    async fn resource(&self, id: &ResourceId) -> Result<Option<Resource>, StoreError>;
    /// Resources in a fixed order, after one of them, at most `limit`.
    async fn resources(
        &self,
        home: Option<&Home>,
        kind: Option<ResourceKind>,
        after: Option<&ResourceId>,
        limit: usize,
    ) -> Result<Vec<Resource>, StoreError>;
    /// Takes resources that are gone out of the fleet; their inventories go, their rows are marked so that
    /// findings close, and their coverage says `RESOURCE_TERMINATED` until [`Self::sweep`].
    async fn remove_resources(&self, ids: &[ResourceId], now: Timestamp) -> Result<(), StoreError>;
    /// Writes coverage of known resources. What differs is a change, except the time of the last scan alone; the row
    /// is marked when the resource becomes or stops being active.
    async fn put_coverage(&self, batch: &[Coverage]) -> Result<(), StoreError>;
    /// Coverage in the homes given, by resource and scan.
    async fn coverage(
        &self,
        homes: &[Home],
        criteria: &Criteria,
        page: &PageRequest,
    ) -> Result<Page<CoverageRow>, StoreError>;
    /// How many entries match, by group value, and in all under the empty text.
    async fn count_coverage(
        &self,
        homes: &[Home],
        criteria: &Criteria,
        group: Option<CoverageGroup>,
    ) -> Result<Vec<(String, u64)>, StoreError>;

    // Rows

    /// Writes what one look at a resource brought and marks its row when it differs from the last.
    async fn put_collected(
        &self,
        resource: &ResourceId,
        scan: ScanKind,
        collected: &Collected,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// The packages of a resource.
    async fn inventory(&self, resource: &ResourceId) -> Result<Option<Inventory>, StoreError>;
    /// Resources that hold a package of this name, with its versions; every ecosystem when none is given.
    async fn holders(
        &self,
        homes: &[Home],
        ecosystem: Option<&str>,
        name: &str,
        limit: usize,
    ) -> Result<Vec<(ResourceId, Vec<String>)>, StoreError>;

    // Columns

    /// Notes that advisories changed: marks the columns that some inventory holds, and stores facts of
    /// vulnerabilities that findings name. Returns how many columns were marked.
    async fn put_advisories(&self, batch: &[AdvisoryChange]) -> Result<usize, StoreError>;
    /// Stores newer facts (EPSS, KEV, descriptions) of vulnerabilities that findings name; touches no finding.
    async fn put_facts(&self, facts: &[Vulnerability]) -> Result<(), StoreError>;
    /// Facts about one vulnerability, when some finding names it.
    async fn facts(&self, id: &str) -> Result<Option<Vulnerability>, StoreError>;

    // Matching

    /// Takes up to `limit` marked slices for `worker`; they are his until the lease ends.
    async fn claim_marked(
        &self,
        worker: &str,
        lease: Duration,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Lease<Slice>>, StoreError>;
    /// Loads the slice, decides resource by resource, writes findings and changes, clears the mark if the slice
    /// was not marked again meanwhile. Large columns are written in shards, and a killed one starts over.
    /// Returns the number of changes.
    ///
    /// `advisories` is when the file that `decide` judges by was written, as [`Self::file_written`] said of
    /// [`ADVISORIES`] when it was loaded. While another one is stored, nothing is written and the answer is
    /// [`StoreError::Conflict`]: load it and try again. So no slice that was judged by an older file is written
    /// after the columns that differ. `None` where there is one process and it replaces its file itself.
    async fn rematch(
        &self,
        lease: &Lease<Slice>,
        decide: Decide<'_>,
        advisories: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<usize, StoreError>;
    /// How many slices are marked.
    async fn marked(&self) -> Result<u64, StoreError>;

    // Findings

    /// Findings in the homes given that match, sorted and paged. Closed ones stay listed until [`Self::sweep`].
    async fn findings(
        &self,
        homes: &[Home],
        criteria: &Criteria,
        sort: Sort,
        page: &PageRequest,
    ) -> Result<Page<FindingRow>, StoreError>;
    /// One finding, listed or not.
    async fn finding(&self, id: &FindingId) -> Result<Option<FindingRow>, StoreError>;
    /// Counts of active findings by severity, grouped.
    async fn aggregate(
        &self,
        request: &AggregateRequest,
        page: &PageRequest,
    ) -> Result<Page<Aggregate>, StoreError>;
    /// Findings as they read at a time, from the change log; nothing is ever lost from it.
    async fn findings_as_of(
        &self,
        homes: &[Home],
        at: Timestamp,
        page: &PageRequest,
    ) -> Result<Page<FindingRow>, StoreError>;
    /// Takes closed findings off the list, with terminated coverage and what nothing
    /// refers to any more. Returns how many findings left.
    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError>;

    // Changes

    /// Changes after a cursor, ascending, at most `limit`. A change appears only when all before it are visible.
    async fn changes_after(&self, cursor: u64, limit: usize) -> Result<Vec<Change>, StoreError>;
    /// Where a sink is.
    async fn cursor(&self, sink: &str) -> Result<u64, StoreError>;
    /// Moves a sink forward, never back.
    async fn put_cursor(&self, sink: &str, cursor: u64) -> Result<(), StoreError>;

    // Work

    /// Takes the lease of a named piece of work; `None` while somebody else holds it.
    async fn lease(
        &self,
        name: &str,
        worker: &str,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError>;
    /// Gives a lease back early, if it is still held.
    async fn release(&self, name: &str, worker: &str) -> Result<(), StoreError>;
    /// What a loop last did.
    async fn put_loop_state(&self, state: &LoopState) -> Result<(), StoreError>;
    /// What all loops last did.
    async fn loop_states(&self) -> Result<Vec<LoopState>, StoreError>;

    // Access, audit, usage

    /// The key with this id.
    async fn credential(&self, key_id: &str) -> Result<Option<Credential>, StoreError>;
    /// Every key, secrets included; for the administrator's list and the first start.
    async fn credentials(&self) -> Result<Vec<Credential>, StoreError>;
    /// Writes a key.
    async fn put_credential(&self, credential: &Credential) -> Result<(), StoreError>;
    /// True the first time a signature is seen before `expires`; a replay is false.
    async fn note_signature(
        &self,
        signature: &str,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Appends to the audit log.
    async fn put_audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;
    /// The newest audit entries first.
    async fn audit(&self, homes: &[Home], page: &PageRequest) -> Result<Page<AuditEntry>, StoreError>;
    /// Adds metered use; a sample of the same resource, type and hour counts once.
    async fn put_usage(&self, samples: &[UsageSample]) -> Result<(), StoreError>;
    /// Metered use since a time, by account and type.
    async fn usage(&self, homes: &[Home], since: Timestamp) -> Result<Vec<Usage>, StoreError>;

    // Files that every process needs

    /// Stores a named file (the advisory file of this deployment) so that other processes find it.
    async fn put_file(&self, name: &str, bytes: &[u8], now: Timestamp) -> Result<(), StoreError>;
    /// When a named file was last written.
    async fn file_written(&self, name: &str) -> Result<Option<Timestamp>, StoreError>;
    /// A named file.
    async fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
}
