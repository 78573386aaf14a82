//! Findings as they read at a time.

use super::changes::STATE;
use super::stored::{CauseCache, State};
use super::{SqlStore, findings, homes, token};
use crate::database::{args, nanoseconds};
use crate::{FindingRow, Page, PageRequest, StoreError};
use jiff::Timestamp;
use std::collections::HashMap;
use yagura_model::{FindingId, Home, Vulnerability};

impl SqlStore {
    /// By id: the last change of each finding until then, unless it had left the list.
    pub(super) async fn list_as_of(
        &self,
        of: &[Home],
        at: Timestamp,
        page: &PageRequest,
    ) -> Result<Page<FindingRow>, StoreError> {
        let bound = token::bound(&("as of", of, nanoseconds(at)));
        let after: Option<String> = token::read(page.after.as_deref(), &bound)?;
        let mut tx = self.database.read().await?;
        let mut of_homes: Vec<i64> = homes::numbers(&mut tx, of).await?.into_values().collect();
        of_homes.sort_unstable();
        let rows = tx
            .rows(
                &format!(
                    "SELECT {STATE}, f.id, c.cause_no, f.resource_no, f.vulnerability_no FROM finding f \
                     JOIN change c ON c.id = (SELECT max(l.id) FROM change l WHERE l.finding_no = f.no AND l.at <= $2) \
                     WHERE f.home_no IN ANY($1) AND c.cause_no IS NOT NULL AND ($3 IS NULL OR f.id > $3) \
                     ORDER BY f.id LIMIT $4"
                ),
                args![of_homes, at, after, page.limit.saturating_add(1)],
            )
            .await?;
        let more = rows.len() > page.limit;
        let rows = rows.get(..page.limit).unwrap_or(&rows);
        let causes = rows.iter().map(|row| row.int(9)).collect::<Result<Vec<_>, _>>()?;
        let causes = CauseCache::load(&mut tx, causes).await?;
        let numbers = rows.iter().map(|row| row.int(10)).collect::<Result<Vec<_>, _>>()?;
        let resources = findings::resources_by_number(&mut tx, numbers).await?;
        let facts = facts(&mut tx, rows).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(resource) = resources.get(&row.int(10)?) else { continue };
            let id = FindingId::new(row.text(8)?);
            let finding = State::read(row, 0)?.finding(id, resource.id.clone(), causes.get(row.int(9)?)?);
            let vulnerability = row.int_or_none(11)?.and_then(|no| facts.get(&no).cloned());
            items.push(FindingRow { finding, resource: resource.clone(), vulnerability });
        }
        let next = match rows.last() {
            Some(last) if more => Some(token::write(&last.text(8)?, &bound)?),
            _ => None,
        };
        Ok(Page { items, next })
    }
}

async fn facts(
    tx: &mut crate::database::Tx,
    rows: &[crate::database::Row],
) -> Result<HashMap<i64, Vulnerability>, StoreError> {
    let mut numbers: Vec<i64> =
        rows.iter().filter_map(|row| row.int_or_none(11).transpose()).collect::<Result<_, _>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    let found = tx
        .rows("SELECT no, body FROM vulnerability WHERE no IN ANY($1) AND body IS NOT NULL", args![numbers])
        .await?;
    found.iter().map(|row| Ok((row.int(0)?, row.json(1, "vulnerability")?))).collect()
}
