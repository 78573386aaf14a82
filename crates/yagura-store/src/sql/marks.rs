//! What has to be computed again. A mark is set in the transaction that made it necessary, and a mark that is set
//! again is a new one: whoever works on the old one cannot clear it.

use super::{SqlStore, code, homes};
use crate::database::{Row, Tx, args, from_json, to_json, write};
use crate::{Lease, StoreError};
use jiff::Timestamp;
use std::time::Duration;
use yagura_findings::Slice;
use yagura_model::{ResourceId, ScanKind, VulnerabilityId};

/// Columns go first: a new advisory does not wait for a fleet that is being discovered.
const COLUMN: i64 = 0;
const ROW: i64 = 1;

/// `… ON CONFLICT`: the mark is renewed, and nobody holds it.
const RENEW: &str = "ON CONFLICT (slice) DO UPDATE SET number = excluded.number, until = 0";

impl SqlStore {
    pub(super) async fn claim(
        &self,
        worker: &str,
        lease: Duration,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Lease<Slice>>, StoreError> {
        let until = later(now, lease);
        write!(self.database, |tx| {
            let free = tx
                .rows(
                    "SELECT slice FROM mark WHERE until <= $1 ORDER BY rank, number LIMIT $2 \
                     FOR UPDATE SKIP LOCKED",
                    args![now, limit],
                )
                .await?;
            let slices =
                free.iter().map(|row| Ok(row.text(0)?.to_owned())).collect::<Result<Vec<_>, StoreError>>()?;
            if slices.is_empty() {
                return Ok(Vec::new());
            }
            tx.run("UPDATE mark SET until = $2 WHERE slice IN ANY($1)", args![slices.clone(), until]).await?;
            let rows = tx
                .rows(
                    "SELECT m.vulnerability, m.number, m.scan, r.body FROM mark m \
                     LEFT JOIN resource r ON r.no = m.resource_no \
                     WHERE m.slice IN ANY($1) ORDER BY m.rank, m.number",
                    args![slices],
                )
                .await?;
            let mut leases = Vec::with_capacity(rows.len());
            for row in &rows {
                leases.push(Lease {
                    work: slice(row)?,
                    worker: worker.to_owned(),
                    mark: row.count(1)?,
                    until,
                });
            }
            leases
        })
    }

    pub(super) async fn count_marks(&self) -> Result<u64, StoreError> {
        let mut tx = self.database.read().await?;
        tx.row("SELECT count(*) FROM mark", args![]).await?.map_or(Ok(0), |row| row.count(0))
    }
}

fn slice(row: &Row) -> Result<Slice, StoreError> {
    #[derive(serde::Deserialize)]
    struct Named {
        id: ResourceId,
    }
    Ok(match row.text_or_none(0)? {
        Some(vulnerability) => Slice::Column(vulnerability.into()),
        None => Slice::Row(row.json::<Named>(3, "resource")?.id, code::scan(row.int(2)?)?),
    })
}

/// A time after another; the last there is when the sum is none.
pub fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// A new number, greater than all before.
async fn next(tx: &mut Tx) -> Result<i64, StoreError> {
    if tx.is_shared() {
        // Outside of the transaction, so that writers do not wait for each other.
        let row = tx.row("SELECT nextval('mark_number')", args![]).await?;
        return row.map_or(Ok(0), |row| row.int(0));
    }
    let row =
        tx.row("UPDATE counter SET value = value + 1 WHERE name = 'mark' RETURNING value", args![]).await?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// Marks every collected row of these homes.
pub async fn home(tx: &mut Tx, homes: &[i64]) -> Result<(), StoreError> {
    let number = next(tx).await?;
    tx.run(
        &format!(
            "INSERT INTO mark (slice, scan, resource_no, rank, number, until) \
             SELECT {ROW_SLICE}, c.scan, c.resource_no, {ROW}, $2, 0 \
             FROM resource r JOIN collected c ON c.resource_no = r.no WHERE r.home_no IN ANY($1) \
             ORDER BY c.resource_no, c.scan {RENEW}"
        ),
        args![homes.to_vec(), number],
    )
    .await?;
    Ok(())
}

/// Marks every collected row of these resources.
pub async fn resources(tx: &mut Tx, resources: &[i64]) -> Result<(), StoreError> {
    if resources.is_empty() {
        return Ok(());
    }
    let number = next(tx).await?;
    tx.run(
        &format!(
            "INSERT INTO mark (slice, scan, resource_no, rank, number, until) \
             SELECT {ROW_SLICE}, c.scan, c.resource_no, {ROW}, $2, 0 \
             FROM collected c WHERE c.resource_no IN ANY($1) ORDER BY c.resource_no, c.scan {RENEW}"
        ),
        args![resources.to_vec(), number],
    )
    .await?;
    Ok(())
}

/// How a row's mark is called, as SQL over `collected c`.
const ROW_SLICE: &str = "'r' || CAST(c.resource_no AS TEXT) || '/' || CAST(c.scan AS TEXT)";

/// How a row's mark is called.
pub fn row_slice(resource: i64, scan: ScanKind) -> String {
    format!("r{resource}/{}", code::of_scan(scan))
}

/// How a column's mark is called.
pub fn column_slice(vulnerability: &VulnerabilityId) -> String {
    super::key::key(&format!("c{vulnerability}"))
}

/// Marks one row.
pub async fn row(tx: &mut Tx, resource: i64, scan: ScanKind) -> Result<(), StoreError> {
    let number = next(tx).await?;
    let row = args![row_slice(resource, scan), code::of_scan(scan), resource, ROW, number, 0_i64];
    tx.insert("INSERT INTO mark (slice, scan, resource_no, rank, number, until)", vec![row], RENEW).await?;
    Ok(())
}

/// Marks columns: each with the packages that its advisories speak of. Packages of a mark that still waits stay.
pub async fn columns(
    tx: &mut Tx,
    columns: Vec<(&VulnerabilityId, Vec<(String, String)>)>,
) -> Result<(), StoreError> {
    let number = next(tx).await?;
    let names: Vec<String> = columns.iter().map(|(vulnerability, _)| column_slice(vulnerability)).collect();
    let waiting = tx
        .rows(
            "SELECT slice, packages FROM mark WHERE slice IN ANY($1) ORDER BY slice FOR UPDATE",
            args![names],
        )
        .await?;
    let mut before = std::collections::HashMap::new();
    for row in &waiting {
        before.insert(row.text(0)?.to_owned(), packages(row, 1)?);
    }
    let mut rows = Vec::with_capacity(columns.len());
    for (vulnerability, mut packages) in columns {
        let slice = column_slice(vulnerability);
        packages.extend(before.remove(&slice).unwrap_or_default());
        packages.sort();
        packages.dedup();
        rows.push(args![slice, vulnerability.as_str(), to_json(&packages)?, COLUMN, number, 0_i64]);
    }
    rows.sort_by(|a, b| format!("{:?}", a.first()).cmp(&format!("{:?}", b.first())));
    tx.insert(
        "INSERT INTO mark (slice, vulnerability, packages, rank, number, until)",
        rows,
        "ON CONFLICT (slice) DO UPDATE SET number = excluded.number, until = 0, packages = excluded.packages",
    )
    .await?;
    Ok(())
}

/// The packages of a column's mark.
pub fn packages(row: &Row, column: usize) -> Result<Vec<(String, String)>, StoreError> {
    row.text_or_none(column)?.map_or(Ok(Vec::new()), |text| from_json(text, "mark"))
}

/// Clears a mark, if it is still this one.
pub async fn clear(tx: &mut Tx, slice: &str, mark: u64) -> Result<(), StoreError> {
    tx.run("DELETE FROM mark WHERE slice = $1 AND number = $2", args![slice, mark]).await?;
    Ok(())
}

/// The number of a resource.
pub async fn resource_number(tx: &mut Tx, id: &ResourceId) -> Result<Option<i64>, StoreError> {
    let homes = homes::numbers(tx, std::slice::from_ref(&id.home)).await?;
    let Some(home) = homes.get(&id.home) else { return Ok(None) };
    let row = tx
        .row(
            "SELECT no FROM resource WHERE home_no = $1 AND kind = $2 AND key = $3",
            args![*home, id.kind.as_str(), super::key::key(&id.name)],
        )
        .await?;
    row.map(|row| row.int(0)).transpose()
}
