//! Computing a slice of the matrix again: load, decide, write.
//!
//! Resources are locked in the order of their numbers, so that a row and a column that meet in a cell take turns.
//! What else a decision reads (account, filters) may change meanwhile; whoever changes it marks the row again.

use super::resources::{self, Stored};
use super::stored::{CauseCache, State};
use super::write::Batch;
use super::{SqlStore, code, columns, coverage, documents, homes, inventories, marks};
use crate::database::{Tx, args, write};
use crate::{Decide, Lease, StoreError};
use jiff::Timestamp;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use yagura_findings::{Exposure, Slice, View};
use yagura_model::{Account, Cause, Filter, Finding, FindingId, Inventory, Package, ResourceId, ScanKind};

/// Resources of a column that are written in one transaction.
const SHARD: usize = 500;

/// The file of advisories that every process judges by.
pub const ADVISORIES: &str = "advisories";

/// What is the same for all resources of a home.
struct HomeFacts {
    account: Account,
    suppressions: Vec<Filter>,
}

impl SqlStore {
    pub(super) async fn compute(
        &self,
        lease: &Lease<Slice>,
        decide: Decide<'_>,
        advisories: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        match &lease.work {
            Slice::Row(resource, scan) => {
                self.compute_row(resource, *scan, lease.mark, decide, advisories, now).await
            }
            Slice::Column(vulnerability) => {
                let slice = marks::column_slice(vulnerability);
                let (packages, members) = {
                    let mut tx = self.database.read().await?;
                    let row =
                        tx.row("SELECT packages FROM mark WHERE slice = $1", args![slice.as_str()]).await?;
                    let Some(row) = row else { return Ok(0) };
                    let packages = columns::packages(&mut tx, &marks::packages(&row, 0)?).await?;
                    let members = columns::members(&mut tx, vulnerability.as_str(), &packages).await?;
                    (packages, members)
                };
                let mut written = 0;
                for shard in members.chunks(SHARD) {
                    written += write!(self.database, |tx| {
                        same_advisories(&mut tx, advisories).await?;
                        let stored = resources::by_numbers(&mut tx, shard).await?;
                        let mut batch = Batch::new(now);
                        let part = Part {
                            scan: ScanKind::Package,
                            column: Some((vulnerability.as_str(), &packages)),
                            cache: &self.inventories,
                        };
                        judge(&mut tx, &stored, &part, decide, now, &mut batch).await?;
                        batch.flush(&mut tx).await?
                    })?;
                }
                write!(self.database, |tx| { marks::clear(&mut tx, &slice, lease.mark).await? })?;
                Ok(written)
            }
        }
    }

    async fn compute_row(
        &self,
        resource: &ResourceId,
        scan: ScanKind,
        mark: u64,
        decide: Decide<'_>,
        advisories: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        write!(self.database, |tx| {
            same_advisories(&mut tx, advisories).await?;
            let stored: Vec<Stored> =
                resources::by_ids(&mut tx, std::slice::from_ref(resource)).await?.into_values().collect();
            let mut batch = Batch::new(now);
            judge(
                &mut tx,
                &stored,
                &Part { scan, column: None, cache: &self.inventories },
                decide,
                now,
                &mut batch,
            )
            .await?;
            for stored in &stored {
                if !stored.gone && first_scan(&mut tx, stored.no, scan).await? {
                    batch.first_scan(stored.no);
                }
            }
            let written = batch.flush(&mut tx).await?;
            for stored in &stored {
                marks::clear(&mut tx, &marks::row_slice(stored.no, scan), mark).await?;
            }
            written
        })
    }
}

/// Refuses to write what was judged by other advisories than those that hold now. The lock keeps them so until the
/// commit; columns are marked only after the file was replaced.
async fn same_advisories(tx: &mut Tx, judged_by: Option<Timestamp>) -> Result<(), StoreError> {
    let Some(judged_by) = judged_by else { return Ok(()) };
    let row = tx.row("SELECT written FROM file WHERE name = $1 FOR SHARE", args![ADVISORIES]).await?;
    let current = row.map(|row| row.time(0)).transpose()?;
    if current.is_some_and(|current| current != judged_by) {
        return Err(StoreError::Conflict { what: ADVISORIES.into() });
    }
    Ok(())
}

/// True once: when something was collected and its findings are about to be written for the first time.
async fn first_scan(tx: &mut Tx, resource: i64, scan: ScanKind) -> Result<bool, StoreError> {
    let noted = tx
        .run(
            "UPDATE collected SET judged = 1 WHERE resource_no = $1 AND scan = $2 AND judged = 0",
            args![resource, code::of_scan(scan)],
        )
        .await?;
    Ok(noted > 0)
}

/// The part of a resource that is looked at.
struct Part<'a> {
    scan: ScanKind,
    /// The vulnerability and the packages its advisories speak of, for a column.
    column: Option<(&'a str, &'a HashMap<i64, Package>)>,
    /// For a row.
    cache: &'a inventories::Cache,
}

/// Decides resource by resource and collects what is to be written.
async fn judge(
    tx: &mut Tx,
    stored: &[Stored],
    part: &Part<'_>,
    decide: Decide<'_>,
    now: Timestamp,
    batch: &mut Batch,
) -> Result<(), StoreError> {
    let numbers: Vec<i64> = stored.iter().map(|one| one.no).collect();
    let homes = home_facts(tx, stored).await?;
    let mut coverage = coverage::of_resources(tx, &numbers).await?;
    let collected = Collected::load(tx, &numbers, part).await?;
    let mut findings = findings(tx, &numbers, stored, part).await?;
    for one in stored {
        let Some(facts) = homes.get(&one.home_no) else { continue };
        let known = findings.remove(&one.no).unwrap_or_default();
        let view = View {
            resource: (!one.gone).then(|| one.resource.clone()),
            account: facts.account.clone(),
            coverage: coverage.remove(&one.no).unwrap_or_default(),
            inventory: collected.inventory(one.no, part),
            causes: collected.causes.get(&(one.no, part.scan)).cloned().unwrap_or_default(),
            kernel: collected.kernels.get(&one.no).cloned(),
            exposure: collected.exposure(one.no),
            findings: known.iter().map(|known| known.finding.clone()).collect(),
            suppressions: facts.suppressions.clone(),
            now,
        };
        let decision = decide(&view);
        batch.add(one, known, decision);
    }
    Ok(())
}

async fn home_facts(tx: &mut Tx, stored: &[Stored]) -> Result<HashMap<i64, HomeFacts>, StoreError> {
    let mut facts = HashMap::new();
    for one in stored {
        if let Entry::Vacant(vacant) = facts.entry(one.home_no) {
            let account = homes::load(tx, &one.resource.id.home).await?;
            let suppressions = documents::suppressions(tx, one.home_no).await?;
            vacant.insert(HomeFacts { account, suppressions });
        }
    }
    Ok(facts)
}

/// What was collected of some resources.
#[derive(Default)]
struct Collected {
    inventories: HashMap<i64, i64>,
    kernels: HashMap<i64, String>,
    causes: HashMap<(i64, ScanKind), Vec<Cause>>,
    heads: HashMap<i64, inventories::Numbers>,
    whole: HashMap<i64, Arc<Inventory>>,
}

impl Collected {
    async fn load(tx: &mut Tx, numbers: &[i64], part: &Part<'_>) -> Result<Self, StoreError> {
        let mut all = Self::default();
        let rows = tx
            .rows(
                "SELECT resource_no, scan, inventory_no, kernel, causes FROM collected WHERE resource_no IN ANY($1)",
                args![numbers.to_vec()],
            )
            .await?;
        for row in &rows {
            let (no, scan) = (row.int(0)?, code::scan(row.int(1)?)?);
            if let Some(inventory) = row.int_or_none(2)? {
                all.inventories.insert(no, inventory);
            }
            if let Some(kernel) = row.text_or_none(3)? {
                all.kernels.insert(no, kernel.to_owned());
            }
            if row.text_or_none(4)?.is_some() {
                all.causes.insert((no, scan), row.json(4, "causes")?);
            }
        }
        if part.scan == ScanKind::Package {
            let mut inventories: Vec<i64> = all.inventories.values().copied().collect();
            inventories.sort_unstable();
            inventories.dedup();
            if part.column.is_some() {
                all.heads = inventories::heads(tx, &inventories).await?;
            } else {
                for no in inventories {
                    all.whole.insert(no, part.cache.whole(tx, no).await?);
                }
            }
        }
        Ok(all)
    }

    fn inventory(&self, no: i64, part: &Part<'_>) -> Inventory {
        let Some(inventory) = self.inventories.get(&no) else { return Inventory::default() };
        let found = match part.column {
            Some((_, packages)) => {
                self.heads.get(inventory).map(|numbers| inventories::part(numbers, packages))
            }
            None => self.whole.get(inventory).map(|inventory| Inventory::clone(inventory)),
        };
        found.unwrap_or_default()
    }

    fn exposure(&self, no: i64) -> Exposure {
        Exposure::of(self.causes.get(&(no, ScanKind::Network)).map(Vec::as_slice))
    }
}

/// A finding as stored.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its vulnerability's number.
    pub vulnerability: Option<i64>,
    /// The finding.
    pub finding: Finding,
}

/// Stored findings of a part of some resources, off the list included, by resource.
async fn findings(
    tx: &mut Tx,
    numbers: &[i64],
    stored: &[Stored],
    part: &Part<'_>,
) -> Result<HashMap<i64, Vec<Known>>, StoreError> {
    const COLUMNS: &str = "SELECT c.status, c.urgency, c.age, c.first_at, c.last_at, c.closed_at, \
                           c.closed_because, c.suppressed_by, c.no, c.id, c.resource_no, c.cause_no, \
                           c.vulnerability_no FROM finding c";
    let rows = match part.column {
        None => {
            tx.rows(
                &format!("{COLUMNS} WHERE c.resource_no IN ANY($1) AND c.scan = $2 ORDER BY c.id"),
                args![numbers.to_vec(), code::of_scan(part.scan)],
            )
            .await?
        }
        Some((vulnerability, _)) => {
            tx.rows(
                &format!(
                    "{COLUMNS} JOIN vulnerability v ON v.no = c.vulnerability_no \
                     WHERE v.id = $2 AND c.resource_no IN ANY($1) ORDER BY c.id"
                ),
                args![numbers.to_vec(), super::key::key(vulnerability)],
            )
            .await?
        }
    };
    let causes = rows.iter().map(|row| row.int(11)).collect::<Result<Vec<_>, _>>()?;
    let causes = CauseCache::load(tx, causes).await?;
    let ids: HashMap<i64, &ResourceId> = stored.iter().map(|one| (one.no, &one.resource.id)).collect();
    let mut found: HashMap<i64, Vec<Known>> = HashMap::new();
    for row in &rows {
        let resource = row.int(10)?;
        let Some(id) = ids.get(&resource) else { continue };
        let finding = State::read(row, 0)?.finding(
            FindingId::new(row.text(9)?),
            (*id).clone(),
            causes.get(row.int(11)?)?,
        );
        found.entry(resource).or_default().push(Known { vulnerability: row.int_or_none(12)?, finding });
    }
    Ok(found)
}
