//! Counts of active findings, kept with the findings.
//!
//! Each finding counts once for its resource, and once for each group it belongs to: its account, its packages, its
//! title, the parent of its resource, its layers. Counts are added in the order of their keys, so that two writers
//! do not wait in a circle.

use super::rematch::Known;
use super::resources::{self, Stored};
use super::stored::{CauseCache, State};
use super::{code, key};
use crate::StoreError;
use crate::database::{Tx, args, to_json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use yagura_model::{
    Cause, Finding, FindingId, FindingStatus, Resource, ResourceDetails, ResourceKind, ScanKind,
};

/// What is counted by, apart from the resource itself. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grouping {
    /// The account.
    Account = 1,
    /// Names of packages.
    Package = 2,
    /// Title and vulnerability.
    Title = 3,
    /// What resources are grouped under: [`resources::parent`].
    Parent = 4,
    /// Layers of images and functions.
    Layer = 5,
}

/// Counts: severities from the least severe, exploitable, fixable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// By severity.
    pub severities: [i64; 6],
    /// With a known exploit.
    pub exploitable: i64,
    /// With a fix for every package.
    pub fixable: i64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        for (sum, more) in self.severities.iter_mut().zip(other.severities) {
            *sum += more;
        }
        self.exploitable += other.exploitable;
        self.fixable += other.fixable;
    }

    fn of(finding: &Finding, exploitable: bool, sign: i64) -> Self {
        let mut counts = Self::default();
        if finding.status != FindingStatus::Active {
            return counts;
        }
        if let Some(count) = usize::try_from(code::of_severity(finding.severity))
            .ok()
            .and_then(|at| counts.severities.get_mut(at))
        {
            *count = sign;
        }
        counts.exploitable = if exploitable { sign } else { 0 };
        counts.fixable = if finding.cause.fix_available() == Some("YES") { sign } else { 0 };
        counts
    }

    fn total(&self) -> i64 {
        self.severities.iter().sum()
    }
}

/// A group: what it is counted by, the home, the kind of resource, the kind of scan, the texts that name it.
pub type Group = (Grouping, i64, ResourceKind, ScanKind, Vec<String>);

/// The groups that a finding counts for.
pub fn groups(resource: &Resource, home: i64, finding: &Finding) -> Vec<Group> {
    let (kind, scan) = (resource.id.kind, scan(&finding.cause));
    let mut list = vec![(Grouping::Account, home, kind, scan, Vec::new())];
    let mut add = |grouping, texts: Vec<String>| list.push((grouping, home, kind, scan, texts));
    let mut title = vec![finding.title.clone()];
    if let Some(parent) = resources::parent(resource) {
        add(Grouping::Parent, vec![parent.to_owned()]);
    }
    let mut layers = BTreeSet::new();
    match &finding.cause {
        Cause::Package(cause) => {
            title.push(cause.vulnerability.to_string());
            let names: BTreeSet<&str> = cause.packages.iter().map(|package| package.name.as_str()).collect();
            for name in names {
                add(Grouping::Package, vec![name.to_owned()]);
            }
            layers
                .extend(cause.packages.iter().filter_map(|package| package.layer.as_ref()?.as_str().into()));
        }
        Cause::Code(cause) => layers.extend(cause.layer.as_deref()),
        Cause::Network(_) => {}
    }
    add(Grouping::Title, title);
    for layer in layers {
        match &resource.details {
            ResourceDetails::Image(image) => add(
                Grouping::Layer,
                vec![layer.to_owned(), image.repository.clone(), resource.id.name.to_string()],
            ),
            ResourceDetails::Function(function) => {
                add(Grouping::Layer, vec![layer.to_owned(), function.name.clone()]);
            }
            _ => {}
        }
    }
    list
}

/// What is to be added to counts.
#[derive(Debug, Default)]
pub struct Tallies {
    resources: BTreeMap<(i64, i64), (i64, ResourceKind, Counts)>,
    parents: HashMap<i64, Group>,
    groups: BTreeMap<GroupKey, (String, Counts, i64)>,
}

/// Grouping, home, kind of resource, kind of scan, name: the primary key.
type GroupKey = (i64, i64, &'static str, i64, String);

impl Tallies {
    /// Counts a finding in (1) or out (-1).
    pub fn count(&mut self, stored: &Stored, finding: &Finding, exploitable: bool, sign: i64) {
        let counts = Counts::of(finding, exploitable, sign);
        if counts == Counts::default() {
            return;
        }
        let resource = &stored.resource;
        let of_resource = self.resources.entry((stored.no, code::of_scan(scan(&finding.cause)))).or_insert((
            stored.home_no,
            resource.id.kind,
            Counts::default(),
        ));
        of_resource.2.add(counts);
        if let Some(parent) = resources::parent(resource) {
            let group = (
                Grouping::Parent,
                stored.home_no,
                resource.id.kind,
                ScanKind::Package,
                vec![parent.to_owned()],
            );
            self.parents.insert(stored.no, group);
        }
        for group in groups(resource, stored.home_no, finding) {
            self.group(&group).1.add(counts);
        }
    }

    fn group(&mut self, (grouping, home, kind, scan, texts): &Group) -> &mut (String, Counts, i64) {
        let name = key::key(&texts.join("\u{1f}"));
        self.groups
            .entry((*grouping as i64, *home, kind.as_str(), code::of_scan(*scan), name))
            .or_insert_with(|| (to_json(texts).unwrap_or_default(), Counts::default(), 0))
    }

    /// Adds everything.
    pub async fn flush(mut self, tx: &mut Tx) -> Result<(), StoreError> {
        self.resources.retain(|_, (_, _, counts)| *counts != Counts::default());
        let touched: Vec<i64> =
            self.resources.keys().map(|(no, _)| *no).collect::<BTreeSet<_>>().into_iter().collect();
        let rows = self
            .resources
            .iter()
            .map(|((no, scan), (home, kind, counts))| {
                let mut row = args![*no, *scan, *home, kind.as_str()];
                row.extend(counts.severities.map(Into::into));
                row.extend(args![counts.exploitable, counts.fixable]);
                row
            })
            .collect();
        tx.insert(
            "INSERT INTO resource_tally (resource_no, scan, home_no, kind, s0, s1, s2, s3, s4, s5, exploitable, fixable)",
            rows,
            &format!("ON CONFLICT (resource_no, scan) DO UPDATE SET {}", added("resource_tally")),
        )
        .await?;
        self.count_parents(tx, touched).await?;
        let rows = self
            .groups
            .into_iter()
            .filter(|(_, (_, counts, related))| *counts != Counts::default() || *related != 0)
            .map(|((grouping, home, kind, scan, name), (body, counts, related))| {
                let mut row = args![grouping, home, kind, scan, name, body];
                row.extend(counts.severities.map(Into::into));
                row.extend(args![counts.exploitable, counts.fixable, related]);
                row
            })
            .collect();
        tx.insert(
            "INSERT INTO tally (grouping, home_no, kind, scan, name, body, s0, s1, s2, s3, s4, s5, exploitable, \
             fixable, related)",
            rows,
            &format!(
                "ON CONFLICT (grouping, home_no, kind, scan, name) DO UPDATE SET {}, \
                 related = tally.related + excluded.related",
                added("tally")
            ),
        )
        .await?;
        Ok(())
    }

    /// Resources that have their first active finding, or no more, count in or out for their parents.
    async fn count_parents(&mut self, tx: &mut Tx, touched: Vec<i64>) -> Result<(), StoreError> {
        let touched: Vec<i64> = touched.into_iter().filter(|no| self.parents.contains_key(no)).collect();
        if touched.is_empty() {
            return Ok(());
        }
        let rows = tx
            .rows(
                "SELECT resource_no, CAST(sum(s0 + s1 + s2 + s3 + s4 + s5) AS BIGINT) FROM resource_tally \
                 WHERE resource_no IN ANY($1) GROUP BY resource_no",
                args![touched],
            )
            .await?;
        for row in &rows {
            let (no, after) = (row.int(0)?, row.int(1)?);
            let difference: i64 = self
                .resources
                .range((no, i64::MIN)..=(no, i64::MAX))
                .map(|(_, (_, _, counts))| counts.total())
                .sum();
            let turn = i64::from(after > 0) - i64::from(after - difference > 0);
            if turn != 0
                && let Some(parent) = self.parents.get(&no).cloned()
            {
                self.group(&parent).2 += turn;
            }
        }
        Ok(())
    }
}

fn added(table: &str) -> String {
    ["s0", "s1", "s2", "s3", "s4", "s5", "exploitable", "fixable"]
        .map(|column| format!("{column} = {table}.{column} + excluded.{column}"))
        .join(", ")
}

/// Active findings of a resource by severity, least severe first.
pub async fn severities(tx: &mut Tx, resource: i64) -> Result<[u32; 6], StoreError> {
    let rows = tx
        .rows("SELECT s0, s1, s2, s3, s4, s5 FROM resource_tally WHERE resource_no = $1", args![resource])
        .await?;
    let mut counts = [0_u32; 6];
    for row in &rows {
        for (at, count) in counts.iter_mut().enumerate() {
            *count = count.saturating_add(u32::try_from(row.int(at)?).unwrap_or(0));
        }
    }
    Ok(counts)
}

/// Counts the active findings of a vulnerability as exploitable, or no longer.
pub async fn turn_exploitable(tx: &mut Tx, vulnerability: i64, exploitable: bool) -> Result<(), StoreError> {
    let members = tx
        .rows(
            "SELECT DISTINCT resource_no FROM finding WHERE vulnerability_no = $1 AND status = 0 ORDER BY resource_no",
            args![vulnerability],
        )
        .await?;
    let members = members.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
    for part in members.chunks(500) {
        let mut tallies = Tallies::default();
        for stored in resources::by_numbers(tx, part).await? {
            for known in active(tx, &stored).await? {
                if known.vulnerability == Some(vulnerability) {
                    tallies.count(&stored, &known.finding, !exploitable, -1);
                    tallies.count(&stored, &known.finding, exploitable, 1);
                }
            }
        }
        tallies.flush(tx).await?;
    }
    Ok(())
}

/// Moves the counts of a resource whose parent changed.
pub async fn move_resource(tx: &mut Tx, old: &Stored, new: &Resource) -> Result<(), StoreError> {
    let rows = active(tx, old).await?;
    let exploitable: BTreeSet<i64> = tx
        .rows(
            "SELECT v.no FROM vulnerability v JOIN finding f ON f.vulnerability_no = v.no \
             WHERE f.resource_no = $1 AND v.exploitable = 1",
            args![old.no],
        )
        .await?
        .iter()
        .map(|row| row.int(0))
        .collect::<Result<_, _>>()?;
    let moved = Stored { resource: new.clone(), ..old.clone() };
    // Out completely, then in again: so the parents see one resource leave and one arrive.
    for (stored, sign) in [(old, -1), (&moved, 1)] {
        let mut tallies = Tallies::default();
        for known in &rows {
            let known_exploit = known.vulnerability.is_some_and(|no| exploitable.contains(&no));
            tallies.count(stored, &known.finding, known_exploit, sign);
        }
        tallies.flush(tx).await?;
    }
    Ok(())
}

async fn active(tx: &mut Tx, stored: &Stored) -> Result<Vec<Known>, StoreError> {
    let rows = tx
        .rows(
            "SELECT c.status, c.urgency, c.age, c.first_at, c.last_at, c.closed_at, c.closed_because, \
             c.suppressed_by, c.no, c.id, c.cause_no, c.vulnerability_no FROM finding c \
             WHERE c.resource_no = $1 AND c.status = 0",
            args![stored.no],
        )
        .await?;
    let causes = rows.iter().map(|row| row.int(10)).collect::<Result<Vec<_>, _>>()?;
    let causes = CauseCache::load(tx, causes).await?;
    rows.iter()
        .map(|row| {
            let id = FindingId::new(row.text(9)?);
            let finding =
                State::read(row, 0)?.finding(id, stored.resource.id.clone(), causes.get(row.int(10)?)?);
            Ok(Known { vulnerability: row.int_or_none(11)?, finding })
        })
        .collect()
}

fn scan(cause: &Cause) -> ScanKind {
    match cause {
        Cause::Package(_) => ScanKind::Package,
        Cause::Network(_) => ScanKind::Network,
        Cause::Code(_) => ScanKind::Code,
    }
}
