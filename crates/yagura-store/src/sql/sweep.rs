//! What leaves with time.

use super::changes::{self, Entry};
use super::{SqlStore, code, inventories};
use crate::StoreError;
use crate::database::{args, nanoseconds, write};
use jiff::{SignedDuration, Timestamp};
use yagura_model::CloseReason;

/// Findings, entries or inventories that leave in one transaction.
const AT_ONCE: i64 = 1_000;

/// How long closed findings stay listed.
const LISTED: [(CloseReason, SignedDuration); 3] = [
    (CloseReason::Remediated, SignedDuration::from_hours(30 * 24)),
    (CloseReason::ResourceGone, SignedDuration::from_hours(3 * 24)),
    (CloseReason::Disabled, SignedDuration::from_hours(24)),
];

impl SqlStore {
    pub(super) async fn tidy_up(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut left = 0;
        for (reason, listed) in LISTED {
            let before = now.checked_sub(listed).unwrap_or(Timestamp::MIN);
            left += self.forget(reason, before, now).await?;
        }
        self.drop_coverage().await?;
        self.drop_unused().await?;
        write!(self.database, |tx| {
            tx.run("DELETE FROM seen_signature WHERE expires < $1", args![now]).await?;
        })?;
        Ok(left)
    }

    async fn forget(
        &self,
        reason: CloseReason,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut left = 0;
        loop {
            let gone: usize = write!(self.database, |tx| {
                let rows = tx
                    .rows(
                        "SELECT f.no, f.resource_no FROM finding f WHERE f.listed = 1 AND f.closed_at IS NOT NULL \
                         AND f.closed_because = $1 AND f.closed_at <= $2 ORDER BY f.closed_at LIMIT $3 \
                         FOR UPDATE SKIP LOCKED",
                        args![code::of_reason(reason), nanoseconds(before), AT_ONCE],
                    )
                    .await?;
                let mut numbers = Vec::with_capacity(rows.len());
                let mut entries = Vec::with_capacity(rows.len());
                for row in &rows {
                    numbers.push(row.int(0)?);
                    entries.push((row.int(1)?, Entry::Forgotten(row.int(0)?)));
                }
                tx.run("UPDATE finding SET listed = 0 WHERE no IN ANY($1)", args![numbers]).await?;
                changes::append_all(&mut tx, now, entries).await?;
                rows.len()
            })?;
            if gone == 0 {
                return Ok(left);
            }
            left += gone as u64;
        }
    }

    /// coverage of what is gone, once none of its findings is listed.
    async fn drop_coverage(&self) -> Result<(), StoreError> {
        write!(self.database, |tx| {
            tx.run(
                "DELETE FROM coverage WHERE resource_no IN (SELECT r.no FROM resource r WHERE r.gone_at IS NOT NULL \
                 AND NOT EXISTS (SELECT 1 FROM finding f WHERE f.resource_no = r.no AND f.listed = 1) \
                 AND NOT EXISTS (SELECT 1 FROM mark m WHERE m.resource_no = r.no))",
                args![],
            )
            .await?;
        })
    }

    /// Inventories that no resource has any more, and packages that no inventory has.
    async fn drop_unused(&self) -> Result<(), StoreError> {
        loop {
            let dropped: usize = write!(self.database, |tx| {
                if tx.is_shared() {
                    let free =
                        tx.row(inventories::EXCLUSIVE, args![]).await?.map_or(Ok(0), |row| row.int(0))?;
                    if free == 0 {
                        // Somebody brings inventories at this moment; another time.
                        return Ok(0);
                    }
                }
                let unused = tx
                    .rows(
                        "SELECT i.no, i.packages FROM inventory i WHERE NOT EXISTS \
                         (SELECT 1 FROM collected c WHERE c.inventory_no = i.no) LIMIT $1",
                        args![AT_ONCE],
                    )
                    .await?;
                for row in &unused {
                    let (no, packages) = (row.int(0)?, inventories::distinct(row.bytes(1)?));
                    tx.run(
                        "DELETE FROM occurrence WHERE inventory_no = $1 AND package_no IN ANY($2)",
                        args![no, packages.clone()],
                    )
                    .await?;
                    tx.run("DELETE FROM inventory WHERE no = $1", args![no]).await?;
                    let orphans = tx
                        .rows(
                            "SELECT p.no FROM package p WHERE p.no IN ANY($1) AND NOT EXISTS \
                             (SELECT 1 FROM occurrence o WHERE o.package_no = p.no)",
                            args![packages],
                        )
                        .await?;
                    let orphans = orphans.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
                    tx.run("DELETE FROM package_name WHERE package_no IN ANY($1)", args![orphans.clone()])
                        .await?;
                    tx.run("DELETE FROM package WHERE no IN ANY($1)", args![orphans]).await?;
                }
                unused.len()
            })?;
            if dropped == 0 {
                return Ok(());
            }
        }
    }
}
