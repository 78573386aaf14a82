//! Lists of findings.
//!
//! A list is answered in one of two ways. Either some criterion selects few findings, found through the index of its
//! attribute: they are tested and sorted. Or there are many, and an index that has the list's order is walked until
//! the page is full, one walk for each home and status, merged here. A small question first says which.

use super::attributes::{Of, package_place, place, table};
use super::condition::{Builder, Context, is_negative, statuses};
use super::order::{Order, Position, Walk};
use super::stored::{CauseCache, State};
use super::{SqlStore, homes, token};
use crate::database::{Tx, args};
use crate::{FindingRow, Page, PageRequest, Sort, StoreError};
use std::collections::HashMap;
use yagura_model::{Criteria, Criterion, Field, FindingId, Home, Resource, Test, Vulnerability};

/// Findings that are sorted rather than walked to.
const FEW: usize = 10_000;
/// Walks that are merged; with more homes than that, everything is sorted.
const WALKS: usize = 64;

impl SqlStore {
    pub(super) async fn list_findings(
        &self,
        of: &[Home],
        criteria: &Criteria,
        sort: Sort,
        page: &PageRequest,
    ) -> Result<Page<FindingRow>, StoreError> {
        let bound = token::bound(&("findings", of, criteria, sort));
        let after: Option<Position> = token::read(page.after.as_deref(), &bound)?;
        let mut tx = self.database.read().await?;
        let homes = homes::numbers(&mut tx, of).await?;
        if homes.is_empty() || page.limit == 0 {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let order = Order::of(sort);
        let list =
            List { homes: &homes, criteria, order: &order, after: after.as_ref(), limit: page.limit + 1 };
        let mut found = list.find(&mut tx).await?;
        let more = found.len() > page.limit;
        found.truncate(page.limit);
        let next = match found.last() {
            Some((position, _)) if more => Some(token::write(position, &bound)?),
            _ => None,
        };
        let numbers: Vec<i64> = found.iter().map(|(_, no)| *no).collect();
        let mut rows = load(&mut tx, &numbers).await?;
        let items = numbers.iter().filter_map(|no| rows.remove(no)).collect();
        Ok(Page { items, next })
    }

    pub(super) async fn one_finding(&self, id: &FindingId) -> Result<Option<FindingRow>, StoreError> {
        let mut tx = self.database.read().await?;
        let row = tx.row("SELECT no FROM finding WHERE id = $1", args![id.as_str()]).await?;
        let Some(no) = row.map(|row| row.int(0)).transpose()? else { return Ok(None) };
        Ok(load(&mut tx, &[no]).await?.remove(&no))
    }
}

/// A list that is asked for.
struct List<'a> {
    homes: &'a HashMap<Home, i64>,
    criteria: &'a Criteria,
    order: &'a Order,
    after: Option<&'a Position>,
    limit: usize,
}

type Found = Vec<(Position, i64)>;

impl List<'_> {
    async fn find(&self, tx: &mut Tx) -> Result<Found, StoreError> {
        if let Some(few) = self.few(tx).await? {
            return self.sorted(tx, few).await;
        }
        let statuses = self.statuses();
        let walks = match self.order.walk {
            Walk::Status => self.homes.len() * statuses.len(),
            Walk::Home => self.homes.len(),
            Walk::No => usize::MAX,
        };
        if walks > WALKS { self.sorted(tx, None).await } else { self.walked(tx, &statuses).await }
    }

    /// Statuses that may be listed.
    fn statuses(&self) -> Vec<i64> {
        let mut list = vec![0, 1, 2];
        for criterion in self.criteria.0.iter().filter(|criterion| criterion.field == Field::FindingStatus) {
            let positive: Vec<&Test> = criterion.tests.iter().filter(|test| !is_negative(test)).collect();
            if !positive.is_empty() {
                let passing = statuses(&positive);
                list.retain(|status| passing.contains(status));
            }
        }
        list
    }

    /// The criterion that selects fewest findings, if it selects few: `Some(None)` when the finding's own id is asked
    /// for.
    async fn few(&self, tx: &mut Tx) -> Result<Option<Option<&Criterion>>, StoreError> {
        let exact = |criterion: &&Criterion| {
            criterion.field == Field::FindingArn
                && criterion.tests.iter().any(|test| matches!(test, Test::Equals(_)))
                && criterion.tests.iter().all(|test| !matches!(test, Test::Prefix(_)))
        };
        if self.criteria.0.iter().any(|criterion| exact(&criterion)) {
            return Ok(Some(None));
        }
        let mut best = None;
        let mut fewest = FEW + 1;
        for criterion in &self.criteria.0 {
            let mut builder = Builder::new(Context::Findings, self.homes);
            let Some(source) = self.source(&mut builder, criterion) else { continue };
            let limit = builder.bind(fewest);
            let sql = format!("SELECT count(*) FROM (SELECT s.no FROM {source} LIMIT {limit}) t");
            let count = tx.row(&sql, builder.args).await?.map_or(Ok(0), |row| row.count(0))?;
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            if count < fewest {
                (best, fewest) = (Some(criterion), count);
            }
            if fewest < 100 {
                break;
            }
        }
        Ok(best.map(Some))
    }

    /// Findings `s` that a criterion may select, through the index of its attribute, with everything else that is
    /// asked of the same thing; `None` for criteria without one.
    fn source(&self, builder: &mut Builder<'_>, criterion: &Criterion) -> Option<String> {
        let positive: Vec<&Test> = criterion.tests.iter().filter(|test| !is_negative(test)).collect();
        if positive.is_empty() {
            return None;
        }
        let (of, code) = place(criterion.field);
        let (owner, values) = match of {
            Of::Finding | Of::Coverage => return None,
            Of::Package => ("cause_no", package_source(builder, &positive)?),
            Of::Resource | Of::Cause | Of::Vulnerability => {
                let values =
                    builder.values(criterion.field, &positive, "a").unwrap_or_else(|| "1 = 0".to_owned());
                (table(of).1, format!("a.field = {code} AND {values}"))
            }
        };
        let (table, column) = table(of);
        let owned = format!("a.{column}");
        let also: Vec<String> = self
            .criteria
            .0
            .iter()
            .filter(|other| {
                !std::ptr::eq(*other, criterion) && place(other.field).0 == of && of != Of::Package
            })
            .map(|other| format!(" AND {}", builder.one(other, Some(&owned))))
            .collect();
        Some(format!(
            "{table} a CROSS JOIN finding s WHERE s.{owner} = a.{column} AND {values}{}",
            also.concat()
        ))
    }

    /// All that match, sorted by the database.
    async fn sorted(&self, tx: &mut Tx, few: Option<&Criterion>) -> Result<Found, StoreError> {
        let mut builder = Builder::new(Context::Findings, self.homes);
        let mut conditions = vec!["f.listed = 1".to_owned(), builder.all(self.criteria)];
        if let Some(source) = few.and_then(|criterion| self.source(&mut builder, criterion)) {
            conditions.push(format!("f.no IN (SELECT s.no FROM {source})"));
        }
        let of_homes = builder.homes();
        // The sign keeps SQLite from walking an index of homes instead.
        conditions.push(format!("+f.home_no IN ANY({of_homes})"));
        let columns: Vec<String> =
            self.order.by.iter().enumerate().map(|(at, by)| format!("{by} AS k{at}, ")).collect();
        let names: Vec<String> = (0..self.order.by.len()).map(|at| format!("k{at}")).collect();
        let behind = match self.after {
            Some(position) => format!("WHERE {}", self.order.behind(&names, position, &mut builder)),
            None => String::new(),
        };
        let listed = if names.is_empty() { String::new() } else { format!("{}, ", names.join(", ")) };
        let limit = builder.bind(self.limit);
        let sql = format!(
            "SELECT {listed}id, no FROM (SELECT {}f.id AS id, f.no AS no FROM finding f WHERE {}) t {behind} {} \
             LIMIT {limit}",
            columns.concat(),
            conditions.join(" AND "),
            self.order.clause(&names),
        );
        self.positions(tx, &sql, builder).await
    }

    /// The beginning of what matches, from indexes that have the order.
    async fn walked(&self, tx: &mut Tx, statuses: &[i64]) -> Result<Found, StoreError> {
        let mut homes: Vec<i64> = self.homes.values().copied().collect();
        homes.sort_unstable();
        let of_each: Vec<Option<i64>> = match self.order.walk {
            Walk::Status => statuses.iter().copied().map(Some).collect(),
            _ => vec![None],
        };
        let mut found = Vec::new();
        for home in homes {
            for status in &of_each {
                let mut builder = Builder::new(Context::Findings, self.homes);
                let home = builder.bind(home);
                let mut conditions = vec!["f.listed = 1".to_owned(), format!("f.home_no = {home}")];
                if let Some(status) = status {
                    conditions.push(format!("f.status = {status}"));
                }
                conditions.push(builder.all(self.criteria));
                if let Some(position) = self.after {
                    conditions.push(self.order.behind(&self.order.by, position, &mut builder));
                }
                let limit = builder.bind(self.limit);
                let sql = format!(
                    "SELECT {}, f.id, f.no FROM finding f WHERE {} {} LIMIT {limit}",
                    self.order.by.join(", "),
                    conditions.join(" AND "),
                    self.order.clause(&self.order.by),
                );
                found.append(&mut self.positions(tx, &sql, builder).await?);
            }
        }
        found.sort_by(|(a, _), (b, _)| self.order.compare(a, b));
        found.truncate(self.limit);
        Ok(found)
    }

    async fn positions(&self, tx: &mut Tx, sql: &str, builder: Builder<'_>) -> Result<Found, StoreError> {
        let values = self.order.by.len();
        let rows = tx.rows(sql, builder.args).await?;
        rows.iter().map(|row| Ok((Position::read(row, values)?, row.int(values + 1)?))).collect()
    }
}

/// Package attributes through whose index every one of these tests can be found.
fn package_source(builder: &mut Builder<'_>, tests: &[&Test]) -> Option<String> {
    let mut parts = Vec::with_capacity(tests.len());
    for test in tests {
        let Test::Package(test) = test else { continue };
        let (field, text) =
            test.texts.iter().find(|(_, test)| matches!(test, Test::Equals(_) | Test::Prefix(_)))?;
        let value = builder.values(Field::Title, &[text], "a")?;
        parts.push(format!("(a.field = {} AND {value})", package_place(*field)));
    }
    if parts.is_empty() { None } else { Some(format!("({})", parts.join(" OR "))) }
}

/// Findings with everything that is stored once, by number.
pub async fn load(tx: &mut Tx, numbers: &[i64]) -> Result<HashMap<i64, FindingRow>, StoreError> {
    let rows = tx
        .rows(
            "SELECT c.status, c.urgency, c.age, c.first_at, c.last_at, c.closed_at, c.closed_because, \
             c.suppressed_by, c.no, c.id, c.cause_no, c.resource_no, c.vulnerability_no \
             FROM finding c WHERE c.no IN ANY($1)",
            args![numbers.to_vec()],
        )
        .await?;
    let causes = rows.iter().map(|row| row.int(10)).collect::<Result<Vec<_>, _>>()?;
    let causes = CauseCache::load(tx, causes).await?;
    let resources = rows.iter().map(|row| row.int(11)).collect::<Result<Vec<_>, _>>()?;
    let resources = resources_by_number(tx, resources).await?;
    let mut vulnerabilities: Vec<i64> =
        rows.iter().filter_map(|row| row.int_or_none(12).transpose()).collect::<Result<_, _>>()?;
    vulnerabilities.sort_unstable();
    vulnerabilities.dedup();
    let facts = tx
        .rows(
            "SELECT no, body FROM vulnerability WHERE no IN ANY($1) AND body IS NOT NULL",
            args![vulnerabilities],
        )
        .await?;
    let facts: HashMap<i64, Vulnerability> = facts
        .iter()
        .map(|row| Ok((row.int(0)?, row.json(1, "vulnerability")?)))
        .collect::<Result<_, StoreError>>()?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let Some(resource) = resources.get(&row.int(11)?) else { continue };
        let id = FindingId::new(row.text(9)?);
        let finding = State::read(row, 0)?.finding(id, resource.id.clone(), causes.get(row.int(10)?)?);
        let vulnerability = row.int_or_none(12)?.and_then(|no| facts.get(&no).cloned());
        found.insert(row.int(8)?, FindingRow { finding, resource: resource.clone(), vulnerability });
    }
    Ok(found)
}

/// Resources as last seen, gone ones included.
pub async fn resources_by_number(
    tx: &mut Tx,
    mut numbers: Vec<i64>,
) -> Result<HashMap<i64, Resource>, StoreError> {
    numbers.sort_unstable();
    numbers.dedup();
    let rows = tx.rows("SELECT no, body FROM resource WHERE no IN ANY($1)", args![numbers]).await?;
    rows.iter().map(|row| Ok((row.int(0)?, row.json(1, "resource")?))).collect()
}
