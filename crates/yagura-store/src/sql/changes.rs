//! The change log.
//!
//! Numbers are given in the order in which transactions become visible: whoever appends holds one lock from there
//! to the commit, so a reader never sees a number and later a smaller one.

use super::SqlStore;
use super::stored::{CauseCache, State};
use crate::StoreError;
use crate::database::{Row, Tx, Value, args, to_json, write};
use jiff::Timestamp;
use yagura_model::{Change, Changed, FindingId, Resource, ResourceId};

/// The lock of those that append to the log.
const LOG: &str = "SELECT pg_advisory_xact_lock(7120132)";

const FINDING: i64 = 0;
const FORGOTTEN: i64 = 1;
const TAGS: i64 = 2;
const COVERAGE: i64 = 3;
const FIRST_SCAN: i64 = 4;

const INSERT: &str = "INSERT INTO change (at, resource_no, what, finding_no, cause_no, status, urgency, age, \
                      first_at, last_at, closed_at, closed_because, suppressed_by, body)";

/// Columns of a change that tells a finding's state, in the order of [`State::read`].
pub const STATE: &str =
    "c.status, c.urgency, c.age, c.first_at, c.last_at, c.closed_at, c.closed_because, c.suppressed_by";

/// A change that is to be appended.
pub enum Entry {
    /// A finding's number, its cause's number, and how it reads now.
    Finding(i64, i64, State),
    /// A finding's number.
    Forgotten(i64),
    /// Anything else.
    Other(Changed),
}

impl SqlStore {
    pub(super) async fn read_changes(&self, cursor: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        let mut tx = self.database.read().await?;
        let rows = tx
            .rows(
                &format!(
                    "SELECT {STATE}, c.id, c.at, c.what, c.body, c.cause_no, f.id, r.body, c.resource_no \
                     FROM change c JOIN resource r ON r.no = c.resource_no \
                     LEFT JOIN finding f ON f.no = c.finding_no WHERE c.id > $1 ORDER BY c.id LIMIT $2"
                ),
                args![cursor, limit],
            )
            .await?;
        let causes: Vec<i64> = rows.iter().filter_map(|row| row.int_or_none(12).ok().flatten()).collect();
        let causes = CauseCache::load(&mut tx, causes).await?;
        let mut resources: std::collections::HashMap<i64, ResourceId> = std::collections::HashMap::new();
        let mut changes = Vec::with_capacity(rows.len());
        for row in &rows {
            let no = row.int(15)?;
            let resource = match resources.get(&no) {
                Some(id) => id.clone(),
                None => {
                    let id = row.json::<Resource>(14, "resource")?.id;
                    resources.insert(no, id.clone());
                    id
                }
            };
            changes.push(change(row, resource, &causes)?);
        }
        Ok(changes)
    }

    pub(super) async fn read_cursor(&self, sink: &str) -> Result<u64, StoreError> {
        let mut tx = self.database.read().await?;
        let row = tx.row("SELECT value FROM sink_cursor WHERE sink = $1", args![sink]).await?;
        row.map_or(Ok(0), |row| row.count(0))
    }

    pub(super) async fn move_cursor(&self, sink: &str, cursor: u64) -> Result<(), StoreError> {
        write!(self.database, |tx| {
            tx.run(
                "INSERT INTO sink_cursor (sink, value) VALUES ($1, $2) ON CONFLICT (sink) DO UPDATE \
                 SET value = excluded.value WHERE excluded.value > sink_cursor.value",
                args![sink, cursor],
            )
            .await?;
        })
    }
}

fn change(row: &Row, resource: ResourceId, causes: &CauseCache) -> Result<Change, StoreError> {
    let id = || Ok::<_, StoreError>(FindingId::new(row.text(13)?));
    let what = match row.int(10)? {
        FINDING => {
            let finding = State::read(row, 0)?.finding(id()?, resource.clone(), causes.get(row.int(12)?)?);
            Changed::Finding(Box::new(finding))
        }
        FORGOTTEN => Changed::Forgotten(id()?),
        TAGS => Changed::Tags,
        COVERAGE => Changed::Coverage(row.json(11, "change")?),
        FIRST_SCAN => Changed::FirstScan(row.json(11, "change")?),
        other => {
            return Err(StoreError::Corrupt {
                what: "change".into(),
                source: format!("no meaning for {other}").into(),
            });
        }
    };
    Ok(Change { id: row.count(8)?, at: row.time(9)?, resource, what })
}

/// Appends what concerns resources. Nothing else is locked afterwards in the same transaction.
pub async fn append(tx: &mut Tx, now: Timestamp, changes: Vec<(i64, Changed)>) -> Result<(), StoreError> {
    append_all(tx, now, changes.into_iter().map(|(no, what)| (no, Entry::Other(what))).collect()).await
}

/// Appends changes, each with the number of its resource.
pub async fn append_all(tx: &mut Tx, now: Timestamp, entries: Vec<(i64, Entry)>) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    if tx.is_shared() {
        tx.run(LOG, args![]).await?;
    }
    let rows = entries.into_iter().map(|(no, entry)| row(now, no, entry)).collect::<Result<_, _>>()?;
    tx.insert(INSERT, rows, "").await?;
    Ok(())
}

fn row(now: Timestamp, resource: i64, entry: Entry) -> Result<Vec<Value>, StoreError> {
    let nothing = || [const { Value::Int(None) }; 6].into_iter();
    let mut row = args![now, resource];
    match entry {
        Entry::Finding(finding, cause, state) => {
            row.extend(args![FINDING, finding, cause]);
            row.extend(state.values()?);
            row.push(Value::Text(None));
        }
        Entry::Forgotten(finding) => {
            row.extend(args![FORGOTTEN, finding, None::<i64>]);
            row.extend(nothing());
            row.extend([const { Value::Text(None) }; 3]);
        }
        Entry::Other(what) => {
            let (code, body) = match what {
                Changed::Tags => (TAGS, None),
                Changed::Coverage(coverage) => (COVERAGE, Some(to_json(&coverage)?)),
                Changed::FirstScan(counts) => (FIRST_SCAN, Some(to_json(&counts)?)),
                // These have entries of their own, with numbers.
                Changed::Finding(_) | Changed::Forgotten(_) => {
                    return Err(StoreError::Refused("a finding's change needs its number".into()));
                }
            };
            row.extend(args![code, None::<i64>, None::<i64>]);
            row.extend(nothing());
            row.extend([Value::Text(None), Value::Text(None), Value::from(body)]);
        }
    }
    Ok(row)
}
