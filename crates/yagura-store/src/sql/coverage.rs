//! Whether resources are scanned.

use super::condition::{Builder, Context};
use super::resources::Stored;
use super::{SqlStore, changes, code, homes, marks, resources, token};
use crate::database::{Row, Tx, args, from_json, to_json, write};
use crate::{CoverageGroup, CoverageRow, Page, PageRequest, StoreError};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use yagura_model::{
    Changed, Coverage, Criteria, Home, Resource, ResourceId, ResourceKind, ScanKind, ScanMode, ScanReason,
};

/// Entries that are written at once.
const AT_ONCE: usize = 500;

const COLUMNS: &str =
    "v.resource_no, v.scan, v.active, v.reason, v.mode, v.last_scanned_at, v.changed_at, v.unread";

impl SqlStore {
    pub(super) async fn write_coverage(&self, batch: &[Coverage]) -> Result<(), StoreError> {
        for part in batch.chunks(AT_ONCE) {
            write!(self.database, |tx| {
                let ids: Vec<ResourceId> = part.iter().map(|one| one.resource.clone()).collect();
                let stored = resources::by_ids(&mut tx, &ids).await?;
                let mut entries = Vec::with_capacity(part.len());
                for coverage in part {
                    let Some(stored) = stored.get(&coverage.resource) else {
                        return Err(StoreError::Conflict { what: coverage.resource.to_string() });
                    };
                    entries.push((stored, coverage.clone()));
                }
                put(&mut tx, entries).await?;
            })?;
        }
        Ok(())
    }

    pub(super) async fn list_coverage(
        &self,
        of: &[Home],
        criteria: &Criteria,
        page: &PageRequest,
    ) -> Result<Page<CoverageRow>, StoreError> {
        let bound = token::bound(&("coverage", of, criteria));
        let after: Option<(i64, i64)> = token::read(page.after.as_deref(), &bound)?;
        let mut tx = self.database.read().await?;
        let homes = homes::numbers(&mut tx, of).await?;
        let mut builder = Builder::new(Context::Coverage, &homes);
        let condition = builder.all(criteria);
        let from = match after {
            Some((resource, scan)) => {
                let (resource, scan) = (builder.bind(resource), builder.bind(scan));
                format!(" AND (v.resource_no, v.scan) > ({resource}, {scan})")
            }
            None => String::new(),
        };
        let of_homes = builder.homes();
        let limit = builder.bind(page.limit.saturating_add(1));
        let rows = tx
            .rows(
                &format!(
                    "SELECT {COLUMNS}, r.body FROM coverage v JOIN resource r ON r.no = v.resource_no \
                     WHERE v.home_no IN ANY({of_homes}) AND {condition}{from} \
                     ORDER BY v.resource_no, v.scan LIMIT {limit}"
                ),
                builder.args,
            )
            .await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows.iter().take(page.limit) {
            let resource: Resource = row.json(8, "resource")?;
            items.push(CoverageRow { coverage: coverage(row, resource.id.clone())?, resource });
        }
        let next = match rows.get(page.limit.saturating_sub(1)) {
            Some(last) if rows.len() > page.limit => {
                Some(token::write(&(last.int(0)?, last.int(1)?), &bound)?)
            }
            _ => None,
        };
        Ok(Page { items, next })
    }

    pub(super) async fn group_coverage(
        &self,
        of: &[Home],
        criteria: &Criteria,
        group: Option<CoverageGroup>,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let mut tx = self.database.read().await?;
        let homes = homes::numbers(&mut tx, of).await?;
        let mut builder = Builder::new(Context::Coverage, &homes);
        let condition = builder.all(criteria);
        let by = match group {
            None => "''",
            Some(CoverageGroup::Status) => "CASE v.active WHEN 1 THEN 'ACTIVE' ELSE 'INACTIVE' END",
            Some(CoverageGroup::Reason) => "v.reason",
            Some(CoverageGroup::Account) => "(SELECT h.account FROM home h WHERE h.no = v.home_no)",
            Some(CoverageGroup::Kind) => "r.kind",
            Some(CoverageGroup::Repository) => {
                "CASE r.kind WHEN 'image' THEN r.parent WHEN 'image-repository' THEN r.key END"
            }
        };
        let of_homes = builder.homes();
        let rows = tx
            .rows(
                &format!(
                    "SELECT {by}, count(*) FROM coverage v JOIN resource r ON r.no = v.resource_no \
                     WHERE v.home_no IN ANY({of_homes}) AND {condition} GROUP BY 1 ORDER BY 1"
                ),
                builder.args,
            )
            .await?;
        let mut counts = BTreeMap::new();
        let mut all = 0;
        for row in &rows {
            let count = row.count(1)?;
            all += count;
            if let Some(value) = row.text_or_none(0)? {
                let value = match group {
                    Some(CoverageGroup::Kind) => {
                        ResourceKind::from_word(value).map_or("", ResourceKind::resource_type)
                    }
                    _ => value,
                };
                *counts.entry(value.to_owned()).or_insert(0) += count;
            }
        }
        counts.insert(String::new(), all);
        Ok(counts.into_iter().collect())
    }
}

/// Writes coverage of stored resources. A change of anything but the time of the last scan is a change; becoming or
/// no longer being active marks the row.
async fn put(tx: &mut Tx, entries: Vec<(&Stored, Coverage)>) -> Result<(), StoreError> {
    let numbers: Vec<i64> = entries.iter().map(|(stored, _)| stored.no).collect();
    let mut known: HashMap<(i64, ScanKind), Coverage> = HashMap::new();
    for (no, list) in of_resources(tx, &numbers).await? {
        known.extend(list.into_iter().map(|coverage| ((no, coverage.scan), coverage)));
    }
    let mut rows = Vec::new();
    let mut changed = BTreeMap::new();
    let mut marked = Vec::new();
    let mut latest = BTreeMap::new();
    for (stored, coverage) in entries {
        latest.insert((stored.no, code::of_scan(coverage.scan)), (stored, coverage));
    }
    for ((no, scan), (stored, coverage)) in latest {
        let before = known.get(&(no, coverage.scan));
        if before == Some(&coverage) {
            continue;
        }
        let unread = if coverage.unread.is_empty() { None } else { Some(to_json(&coverage.unread)?) };
        rows.push(args![
            no,
            scan,
            stored.home_no,
            coverage.active,
            coverage.reason.as_str(),
            coverage.mode.map(ScanMode::as_str),
            coverage.last_scanned_at,
            coverage.changed_at,
            unread,
        ]);
        if before.is_none_or(|before| before.active != coverage.active) {
            marked.push((no, coverage.scan));
        }
        let same = before.is_some_and(|before| {
            Coverage { last_scanned_at: before.last_scanned_at, ..coverage.clone() } == *before
        });
        if !same {
            changed.insert((no, scan), coverage);
        }
    }
    tx.insert(
        "INSERT INTO coverage (resource_no, scan, home_no, active, reason, mode, last_scanned_at, changed_at, unread)",
        rows,
        "ON CONFLICT (resource_no, scan) DO UPDATE SET active = excluded.active, reason = excluded.reason, \
         mode = excluded.mode, last_scanned_at = excluded.last_scanned_at, changed_at = excluded.changed_at, \
         unread = excluded.unread",
    )
    .await?;
    let marked: Vec<i64> = marked.into_iter().map(|(no, _)| no).collect();
    marks::resources(tx, &marked).await?;
    // Each at its own time; nearly always that is one.
    let mut by_time: BTreeMap<Timestamp, Vec<(i64, Changed)>> = BTreeMap::new();
    for ((no, _), coverage) in changed {
        by_time.entry(coverage.changed_at).or_default().push((no, Changed::Coverage(Box::new(coverage))));
    }
    for (at, list) in by_time {
        changes::append(tx, at, list).await?;
    }
    Ok(())
}

/// Stops all scans of these resources for a reason.
pub async fn set_all(
    tx: &mut Tx,
    numbers: &[i64],
    reason: ScanReason,
    now: Timestamp,
) -> Result<(), StoreError> {
    let stored = resources::by_numbers(tx, numbers).await?;
    let mut known = of_resources(tx, numbers).await?;
    let mut entries = Vec::new();
    for one in &stored {
        for coverage in known.remove(&one.no).unwrap_or_default() {
            if coverage.reason != reason {
                entries.push((one, Coverage { active: false, reason, changed_at: now, ..coverage }));
            }
        }
    }
    put(tx, entries).await
}

/// Coverage by resource.
pub async fn of_resources(tx: &mut Tx, numbers: &[i64]) -> Result<HashMap<i64, Vec<Coverage>>, StoreError> {
    let rows = tx
        .rows(
            &format!(
                "SELECT {COLUMNS}, r.body FROM coverage v JOIN resource r ON r.no = v.resource_no \
                 WHERE v.resource_no IN ANY($1) ORDER BY v.resource_no, v.scan"
            ),
            args![numbers.to_vec()],
        )
        .await?;
    let mut all: HashMap<i64, Vec<Coverage>> = HashMap::new();
    for row in &rows {
        let resource: Resource = row.json(8, "resource")?;
        all.entry(row.int(0)?).or_default().push(coverage(row, resource.id)?);
    }
    Ok(all)
}

fn coverage(row: &Row, resource: ResourceId) -> Result<Coverage, StoreError> {
    let word = |text: &str| format!("\"{text}\"");
    let reason: ScanReason = from_json(&word(row.text(3)?), "coverage")?;
    let mode: Option<ScanMode> =
        row.text_or_none(4)?.map(|mode| from_json(&word(mode), "coverage")).transpose()?;
    Ok(Coverage {
        resource,
        scan: code::scan(row.int(1)?)?,
        active: row.int(2)? != 0,
        reason,
        mode,
        last_scanned_at: row.time_or_none(5)?,
        changed_at: row.time(6)?,
        unread: row.text_or_none(7)?.map_or(Ok(Vec::new()), |text| from_json(text, "coverage"))?,
    })
}
