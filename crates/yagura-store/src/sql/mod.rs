//! The store over SQL: one file for each group of questions.

mod access;
mod aggregate;
mod attributes;
mod changes;
mod code;
mod collected;
mod columns;
mod condition;
mod coverage;
mod documents;
mod files;
mod findings;
mod history;
mod homes;
mod inventories;
mod key;
mod marks;
mod order;
mod rematch;
mod resources;
mod stored;
mod sweep;
mod tally;
mod token;
mod usage;
mod work;
mod write;

pub use rematch::ADVISORIES;

use crate::database::Database;
use crate::{
    AdvisoryChange, Aggregate, AggregateRequest, AuditEntry, ChangeAccount, Collected, CoverageGroup,
    CoverageRow, Credential, Decide, Document, FindingRow, Lease, LoopState, Page, PageRequest, Sort, Store,
    StoreError, Usage, UsageSample,
};
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use yagura_findings::Slice;
use yagura_model::{
    Account, Change, Coverage, Criteria, FindingId, Home, Inventory, Resource, ResourceId, ResourceKind,
    ScanKind, Vulnerability,
};

/// A store in a SQLite file or on a PostgreSQL server. Clones share its connections.
#[derive(Debug, Clone)]
pub struct SqlStore {
    database: Database,
    /// Inventories that were read lately: copies of an image are judged one after the other.
    inventories: Arc<inventories::Cache>,
}

impl SqlStore {
    /// Opens `sqlite:PATH`, made when it is not there, or `postgres://USER@HOST/NAME`, and brings its schema up to
    /// date.
    ///
    /// # Errors
    /// The database cannot be reached or written, or is newer than this program.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(address).await?, inventories: Arc::default() })
    }

    /// Closes every connection; what runs is waited for.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.all_accounts().await
    }

    async fn account(&self, home: &Home) -> Result<Account, StoreError> {
        self.one_account(home).await
    }

    async fn change_account(&self, home: &Home, change: ChangeAccount<'_>) -> Result<Account, StoreError> {
        self.rewrite_account(home, change).await
    }

    async fn document(&self, home: &Home, kind: &str, id: &str) -> Result<Option<Document>, StoreError> {
        self.one_document(home, kind, id).await
    }

    async fn documents(&self, home: Option<&Home>, kind: &str) -> Result<Vec<Document>, StoreError> {
        self.all_documents(home, kind).await
    }

    async fn put_document(&self, document: &Document) -> Result<u64, StoreError> {
        self.write_document(document).await
    }

    async fn delete_document(&self, home: &Home, kind: &str, id: &str) -> Result<bool, StoreError> {
        self.remove_document(home, kind, id).await
    }

    async fn put_resources(&self, batch: &[Resource], now: Timestamp) -> Result<(), StoreError> {
        self.write_resources(batch, now).await
    }

    async fn resource(&self, id: &ResourceId) -> Result<Option<Resource>, StoreError> {
        self.one_resource(id).await
    }

    async fn resources(
        &self,
        home: Option<&Home>,
        kind: Option<ResourceKind>,
        after: Option<&ResourceId>,
        limit: usize,
    ) -> Result<Vec<Resource>, StoreError> {
        self.list_resources(home, kind, after, limit).await
    }

    async fn remove_resources(&self, ids: &[ResourceId], now: Timestamp) -> Result<(), StoreError> {
        self.take_out(ids, now).await
    }

    async fn put_coverage(&self, batch: &[Coverage]) -> Result<(), StoreError> {
        self.write_coverage(batch).await
    }

    async fn coverage(
        &self,
        homes: &[Home],
        criteria: &Criteria,
        page: &PageRequest,
    ) -> Result<Page<CoverageRow>, StoreError> {
        self.list_coverage(homes, criteria, page).await
    }

    async fn count_coverage(
        &self,
        homes: &[Home],
        criteria: &Criteria,
        group: Option<CoverageGroup>,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        self.group_coverage(homes, criteria, group).await
    }

    async fn put_collected(
        &self,
        resource: &ResourceId,
        scan: ScanKind,
        collected: &Collected,
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write_collected(resource, scan, collected).await
    }

    async fn inventory(&self, resource: &ResourceId) -> Result<Option<Inventory>, StoreError> {
        self.one_inventory(resource).await
    }

    async fn holders(
        &self,
        homes: &[Home],
        ecosystem: Option<&str>,
        name: &str,
        limit: usize,
    ) -> Result<Vec<(ResourceId, Vec<String>)>, StoreError> {
        self.list_holders(homes, ecosystem, name, limit).await
    }

    async fn put_advisories(&self, batch: &[AdvisoryChange]) -> Result<usize, StoreError> {
        self.mark_columns(batch).await
    }

    async fn put_facts(&self, facts: &[Vulnerability]) -> Result<(), StoreError> {
        self.write_facts(facts).await
    }

    async fn facts(&self, id: &str) -> Result<Option<Vulnerability>, StoreError> {
        self.read_facts(id).await
    }

    async fn claim_marked(
        &self,
        worker: &str,
        lease: Duration,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Lease<Slice>>, StoreError> {
        self.claim(worker, lease, limit, now).await
    }

    async fn rematch(
        &self,
        lease: &Lease<Slice>,
        decide: Decide<'_>,
        advisories: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.compute(lease, decide, advisories, now).await
    }

    async fn marked(&self) -> Result<u64, StoreError> {
        self.count_marks().await
    }

    async fn findings(
        &self,
        homes: &[Home],
        criteria: &Criteria,
        sort: Sort,
        page: &PageRequest,
    ) -> Result<Page<FindingRow>, StoreError> {
        self.list_findings(homes, criteria, sort, page).await
    }

    async fn finding(&self, id: &FindingId) -> Result<Option<FindingRow>, StoreError> {
        self.one_finding(id).await
    }

    async fn aggregate(
        &self,
        request: &AggregateRequest,
        page: &PageRequest,
    ) -> Result<Page<Aggregate>, StoreError> {
        self.groups(request, page).await
    }

    async fn findings_as_of(
        &self,
        homes: &[Home],
        at: Timestamp,
        page: &PageRequest,
    ) -> Result<Page<FindingRow>, StoreError> {
        self.list_as_of(homes, at, page).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.tidy_up(now).await
    }

    async fn changes_after(&self, cursor: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        self.read_changes(cursor, limit).await
    }

    async fn cursor(&self, sink: &str) -> Result<u64, StoreError> {
        self.read_cursor(sink).await
    }

    async fn put_cursor(&self, sink: &str, cursor: u64) -> Result<(), StoreError> {
        self.move_cursor(sink, cursor).await
    }

    async fn lease(
        &self,
        name: &str,
        worker: &str,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Option<u64>, StoreError> {
        self.take_lease(name, worker, lease, now).await
    }

    async fn release(&self, name: &str, worker: &str) -> Result<(), StoreError> {
        self.drop_lease(name, worker).await
    }

    async fn put_loop_state(&self, state: &LoopState) -> Result<(), StoreError> {
        self.write_loop_state(state).await
    }

    async fn loop_states(&self) -> Result<Vec<LoopState>, StoreError> {
        self.read_loop_states().await
    }

    async fn credential(&self, key_id: &str) -> Result<Option<Credential>, StoreError> {
        self.one_credential(key_id).await
    }

    async fn credentials(&self) -> Result<Vec<Credential>, StoreError> {
        self.all_credentials().await
    }

    async fn put_credential(&self, credential: &Credential) -> Result<(), StoreError> {
        self.write_credential(credential).await
    }

    async fn note_signature(
        &self,
        signature: &str,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.see_signature(signature, expires, now).await
    }

    async fn put_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.append_audit(entry).await
    }

    async fn audit(&self, homes: &[Home], page: &PageRequest) -> Result<Page<AuditEntry>, StoreError> {
        self.list_audit(homes, page).await
    }

    async fn put_usage(&self, samples: &[UsageSample]) -> Result<(), StoreError> {
        self.write_usage(samples).await
    }

    async fn usage(&self, homes: &[Home], since: Timestamp) -> Result<Vec<Usage>, StoreError> {
        self.read_usage(homes, since).await
    }

    async fn put_file(&self, name: &str, bytes: &[u8], now: Timestamp) -> Result<(), StoreError> {
        self.write_file(name, bytes, now).await
    }

    async fn file_written(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        self.read_file_time(name).await
    }

    async fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_file(name).await
    }
}
