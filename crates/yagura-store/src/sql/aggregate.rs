//! Groups of active findings.
//!
//! Counts are kept for each group, kind of resource and kind of scan, and for each resource. Criteria on what names
//! a group are answered from them; any other criterion counts the findings themselves, by the same rule
//! ([`tally::groups`]).

use super::attributes::{Of, place};
use super::condition::{Builder, Context};
use super::stored::Common;
use super::tally::{self, Grouping};
use super::{SqlStore, code, findings, homes, token};
use crate::database::{Row, Tx, from_json};
use crate::{
    Aggregate, AggregateKey, AggregateOrder, AggregateRequest, Aggregation, Page, PageRequest, StoreError,
};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use yagura_model::{
    Criterion, Field, Finding, FindingId, FindingStatus, Home, Resource, ResourceKind, ScanKind, Severity,
    Test,
};

/// Counts of one group.
#[derive(Debug, Clone, Default)]
struct Counts {
    severities: [u64; 6],
    exploitable: u64,
    fixable: u64,
    related: u64,
}

/// A group before its key is made: the home where groups are per account, the number of a resource, texts.
type Name = (Option<i64>, i64, Vec<String>);

impl SqlStore {
    pub(super) async fn groups(
        &self,
        request: &AggregateRequest,
        page: &PageRequest,
    ) -> Result<Page<Aggregate>, StoreError> {
        let bound = token::bound(&("aggregate", request));
        let after: Option<(u64, Name)> = token::read(page.after.as_deref(), &bound)?;
        let mut tx = self.database.read().await?;
        let homes = homes::numbers(&mut tx, &request.homes).await?;
        let groups = Groups { request, homes: &homes };
        let mut found: Vec<(Name, Counts)> = if groups.are_counted() {
            groups.counted(&mut tx).await?.into_iter().collect()
        } else {
            groups.scanned(&mut tx).await?.into_iter().collect()
        };
        found.retain(|(_, counts)| counts.severities.iter().sum::<u64>() > 0);
        let order = |a: (u64, &Name), b: (u64, &Name)| {
            let by = a.0.cmp(&b.0);
            if request.descending { by.reverse() } else { by }.then_with(|| a.1.cmp(b.1))
        };
        let mut found: Vec<(u64, Name, Counts)> =
            found.into_iter().map(|(name, counts)| (groups.value(&counts), name, counts)).collect();
        if let Some((value, name)) = &after {
            found.retain(|one| order((one.0, &one.1), (*value, name)) == Ordering::Greater);
        }
        let more = found.len() > page.limit;
        if more && page.limit > 0 {
            // Only the page needs an order of its own.
            found.select_nth_unstable_by(page.limit - 1, |a, b| order((a.0, &a.1), (b.0, &b.1)));
        }
        found.truncate(page.limit);
        found.sort_by(|a, b| order((a.0, &a.1), (b.0, &b.1)));
        let next = match found.last() {
            Some((value, name, _)) if more => Some(token::write(&(value, name), &bound)?),
            _ => None,
        };
        let items = groups.named(&mut tx, found).await?;
        Ok(Page { items, next })
    }
}

struct Groups<'a> {
    request: &'a AggregateRequest,
    homes: &'a HashMap<Home, i64>,
}

impl Groups<'_> {
    fn grouping(&self) -> Option<Grouping> {
        match self.request.by {
            Aggregation::Account | Aggregation::FindingType => Some(Grouping::Account),
            Aggregation::Package => Some(Grouping::Package),
            Aggregation::Title => Some(Grouping::Title),
            Aggregation::Repository | Aggregation::Ami | Aggregation::CodeRepository => {
                Some(Grouping::Parent)
            }
            Aggregation::ImageLayer | Aggregation::LambdaLayer => Some(Grouping::Layer),
            Aggregation::AwsEc2Instance | Aggregation::AwsEcrContainer | Aggregation::AwsLambdaFunction => {
                None
            }
        }
    }

    /// The kind of resource that is counted, where there is only one.
    fn kind(&self) -> Option<ResourceKind> {
        match self.request.by {
            Aggregation::Ami | Aggregation::AwsEc2Instance => Some(ResourceKind::Instance),
            Aggregation::Repository | Aggregation::ImageLayer | Aggregation::AwsEcrContainer => {
                Some(ResourceKind::Image)
            }
            Aggregation::LambdaLayer | Aggregation::AwsLambdaFunction => Some(ResourceKind::Function),
            Aggregation::CodeRepository => Some(ResourceKind::CodeRepository),
            _ => None,
        }
    }

    /// The text of a group's name that an attribute is, where it is one.
    fn text(&self, field: Field) -> Option<usize> {
        Some(match (self.request.by, field) {
            (Aggregation::Title, Field::Title)
            | (Aggregation::Ami, Field::InstanceImage)
            | (Aggregation::Repository, Field::ImageRepository)
            | (Aggregation::CodeRepository, Field::ProjectName) => 0,
            (Aggregation::Title, Field::VulnerabilityId)
            | (Aggregation::ImageLayer, Field::ImageRepository)
            | (Aggregation::LambdaLayer, Field::FunctionName) => 1,
            (Aggregation::ImageLayer, Field::ResourceId) => 2,
            _ => return None,
        })
    }

    /// True when every criterion is on what the counts are kept by.
    fn are_counted(&self) -> bool {
        self.request.criteria.0.iter().all(|criterion| {
            let field = criterion.field;
            matches!(field, Field::FindingType | Field::ResourceType | Field::Account | Field::FindingStatus)
                || self.text(field).is_some()
                || (self.grouping().is_none() && place(field).0 == Of::Resource)
        })
    }

    async fn counted(&self, tx: &mut Tx) -> Result<BTreeMap<Name, Counts>, StoreError> {
        // Only active findings are counted, whatever else is asked for.
        if !self.all(&[Field::FindingStatus], Some("ACTIVE")) {
            return Ok(BTreeMap::new());
        }
        let homes: HashMap<i64, &Home> = self.homes.iter().map(|(home, no)| (*no, home)).collect();
        let mut builder = Builder::new(Context::Findings, self.homes);
        let of_homes = builder.homes();
        let rows = match self.grouping() {
            Some(grouping) => {
                let grouping = builder.bind(grouping as i64);
                let sql = format!(
                    "SELECT t.s0, t.s1, t.s2, t.s3, t.s4, t.s5, t.exploitable, t.fixable, t.home_no, t.scan, t.kind, \
                     t.related, 0, t.body FROM tally t WHERE t.grouping = {grouping} AND t.home_no IN ANY({of_homes})"
                );
                tx.rows(&sql, builder.args).await?
            }
            None => {
                let kind = builder.bind(self.kind().map_or("", ResourceKind::as_str));
                let conditions: Vec<String> = self
                    .request
                    .criteria
                    .0
                    .iter()
                    .filter(|criterion| place(criterion.field).0 == Of::Resource)
                    .map(|criterion| format!(" AND {}", builder.one(criterion, Some("t.resource_no"))))
                    .collect();
                let sql = format!(
                    "SELECT t.s0, t.s1, t.s2, t.s3, t.s4, t.s5, t.exploitable, t.fixable, t.home_no, t.scan, t.kind, \
                     0, t.resource_no FROM resource_tally t \
                     WHERE t.home_no IN ANY({of_homes}) AND t.kind = {kind}{}",
                    conditions.concat()
                );
                tx.rows(&sql, builder.args).await?
            }
        };
        let mut found: BTreeMap<Name, Counts> = BTreeMap::new();
        for row in &rows {
            let kind = ResourceKind::from_word(row.text(10)?);
            let scan = code::scan(row.int(9)?)?;
            let home = row.int(8)?;
            let texts: Vec<String> = match self.grouping() {
                Some(Grouping::Account) | None => Vec::new(),
                Some(_) => row.json(13, "group")?,
            };
            let account = homes.get(&home).map(|home| home.account.as_str());
            if self.kind().is_some_and(|wanted| Some(wanted) != kind)
                || !self.all(&[Field::FindingType], Some(type_of(scan)))
                || !self.all(&[Field::ResourceType], kind.map(ResourceKind::resource_type))
                || !self.all(&[Field::Account], account)
                || !self.texts_hold(&texts)
            {
                continue;
            }
            let counts = found.entry(self.name(home, row.int(12)?, scan, texts)).or_default();
            self.add(counts, row, scan)?;
        }
        Ok(found)
    }

    fn add(&self, counts: &mut Counts, row: &Row, scan: ScanKind) -> Result<(), StoreError> {
        let mut all = 0;
        for (at, count) in counts.severities.iter_mut().enumerate() {
            *count += row.count(at)?;
            all += row.count(at)?;
        }
        counts.exploitable += row.count(6)?;
        counts.fixable += row.count(7)?;
        counts.related += match self.request.by {
            Aggregation::AwsEc2Instance if scan == ScanKind::Network => all,
            Aggregation::Ami | Aggregation::Repository => row.count(11)?,
            _ => 0,
        };
        Ok(())
    }

    fn name(&self, home: i64, resource: i64, scan: ScanKind, texts: Vec<String>) -> Name {
        let home = Some(home);
        match self.request.by {
            Aggregation::FindingType => (home, 0, vec![type_of(scan).to_owned()]),
            _ => (home, resource, texts),
        }
    }

    fn texts_hold(&self, texts: &[String]) -> bool {
        self.request.criteria.0.iter().all(|criterion| match self.text(criterion.field) {
            Some(at) => holds(criterion, texts.get(at).map(String::as_str)),
            None => true,
        })
    }

    /// True when a value passes all criteria on some attributes.
    fn all(&self, fields: &[Field], value: Option<&str>) -> bool {
        // Where counts are of resources, the database has tested their attributes.
        self.request
            .criteria
            .0
            .iter()
            .filter(|criterion| fields.contains(&criterion.field))
            .all(|criterion| holds(criterion, value))
    }

    /// Counts the findings that match, one by one.
    async fn scanned(&self, tx: &mut Tx) -> Result<BTreeMap<Name, Counts>, StoreError> {
        /// Findings that are looked at together.
        const STEP: i64 = 5_000;
        let mut found: BTreeMap<Name, Counts> = BTreeMap::new();
        let mut seen: HashSet<(Name, i64)> = HashSet::new();
        let mut after = 0_i64;
        loop {
            let mut builder = Builder::new(Context::Findings, self.homes);
            let condition = builder.all(&self.request.criteria);
            let of_homes = builder.homes();
            let (start, limit) = (builder.bind(after), builder.bind(STEP));
            let sql = format!(
                "SELECT f.no, f.urgency, f.home_no, f.resource_no, c.body, v.exploitable FROM finding f \
                 JOIN cause c ON c.no = f.cause_no LEFT JOIN vulnerability v ON v.no = f.vulnerability_no \
                 WHERE f.no > {start} AND f.status = 0 AND f.listed = 1 AND f.home_no IN ANY({of_homes}) \
                 AND {condition} ORDER BY f.no LIMIT {limit}"
            );
            let rows = tx.rows(&sql, builder.args).await?;
            let Some(last) = rows.last() else { break };
            after = last.int(0)?;
            let numbers = rows.iter().map(|row| row.int(3)).collect::<Result<Vec<_>, _>>()?;
            let resources = findings::resources_by_number(tx, numbers).await?;
            for row in &rows {
                if let Some(resource) = resources.get(&row.int(3)?) {
                    self.count(row, resource, &mut found, &mut seen)?;
                }
            }
        }
        Ok(found)
    }

    fn count(
        &self,
        row: &Row,
        resource: &Resource,
        found: &mut BTreeMap<Name, Counts>,
        seen: &mut HashSet<(Name, i64)>,
    ) -> Result<(), StoreError> {
        let common: Common = from_json(row.text(4)?, "cause")?;
        let severity = code::severity(-row.int(1)?)?;
        let (home, number) = (row.int(2)?, row.int(3)?);
        let finding = active(resource, common, severity);
        let exploitable = row.int_or_none(5)? == Some(1);
        let fixable = finding.cause.fix_available() == Some("YES");
        for (grouping, _, kind, scan, texts) in tally::groups(resource, home, &finding) {
            let of_resource = self.grouping().is_none() && grouping == Grouping::Account;
            if !(of_resource || Some(grouping) == self.grouping())
                || self.kind().is_some_and(|wanted| wanted != kind)
            {
                continue;
            }
            let name = self.name(home, if of_resource { number } else { 0 }, scan, texts);
            let counts = found.entry(name.clone()).or_default();
            if let Some(count) = Severity::ALL
                .iter()
                .position(|one| *one == severity)
                .and_then(|at| counts.severities.get_mut(at))
            {
                *count += 1;
            }
            counts.exploitable += u64::from(exploitable);
            counts.fixable += u64::from(fixable);
            counts.related += match self.request.by {
                Aggregation::AwsEc2Instance => u64::from(scan == ScanKind::Network),
                Aggregation::Ami | Aggregation::Repository => u64::from(seen.insert((name, number))),
                _ => 0,
            };
        }
        Ok(())
    }

    fn value(&self, counts: &Counts) -> u64 {
        let [.., high, critical] = counts.severities;
        match self.request.order {
            AggregateOrder::Critical => critical,
            AggregateOrder::High => high,
            AggregateOrder::All => counts.severities.iter().sum(),
            AggregateOrder::AffectedInstances
            | AggregateOrder::AffectedImages
            | AggregateOrder::NetworkFindings => counts.related,
        }
    }

    async fn named(
        &self,
        tx: &mut Tx,
        found: Vec<(u64, Name, Counts)>,
    ) -> Result<Vec<Aggregate>, StoreError> {
        let numbers = found.iter().map(|(_, (_, no, _), _)| *no).filter(|no| *no != 0).collect();
        let mut resources = findings::resources_by_number(tx, numbers).await?;
        let homes: HashMap<i64, &Home> = self.homes.iter().map(|(home, no)| (*no, home)).collect();
        let mut items = Vec::with_capacity(found.len());
        for (_, (home, number, texts), counts) in found {
            let mut texts = texts.into_iter();
            let mut text = || texts.next().unwrap_or_default();
            let key = match self.request.by {
                Aggregation::Account => AggregateKey::Account,
                Aggregation::FindingType => AggregateKey::FindingType(text()),
                Aggregation::Package => AggregateKey::Package(text()),
                Aggregation::Title => {
                    AggregateKey::Title(text(), Some(text()).filter(|text| !text.is_empty()))
                }
                Aggregation::Repository => AggregateKey::Repository(text()),
                Aggregation::Ami => AggregateKey::MachineImage(text()),
                Aggregation::CodeRepository => AggregateKey::Project(text()),
                Aggregation::ImageLayer => {
                    AggregateKey::ImageLayer { layer: text(), repository: text(), image: text() }
                }
                Aggregation::LambdaLayer => AggregateKey::FunctionLayer { layer: text(), function: text() },
                Aggregation::AwsEc2Instance
                | Aggregation::AwsEcrContainer
                | Aggregation::AwsLambdaFunction => {
                    let Some(resource) = resources.remove(&number) else { continue };
                    AggregateKey::Resource(Box::new(resource))
                }
            };
            let account = home.and_then(|no| homes.get(&no)).map(|home| home.account.clone());
            items.push(Aggregate {
                key,
                account,
                severities: counts.severities,
                exploitable: counts.exploitable,
                fixable: counts.fixable,
                related: counts.related,
            });
        }
        Ok(items)
    }
}

/// As much of a finding as its groups look at.
fn active(resource: &Resource, common: Common, severity: Severity) -> Finding {
    let never = jiff::Timestamp::UNIX_EPOCH;
    Finding {
        id: FindingId::new(""),
        resource: resource.id.clone(),
        cause: common.cause,
        title: common.title,
        severity,
        status: FindingStatus::Active,
        suppressed_by: Vec::new(),
        first_observed_at: never,
        last_observed_at: never,
        updated_at: never,
        closed: None,
    }
}

fn type_of(scan: ScanKind) -> &'static str {
    match scan {
        ScanKind::Package => "PACKAGE_VULNERABILITY",
        ScanKind::Network => "NETWORK_REACHABILITY",
        ScanKind::Code => "CODE_VULNERABILITY",
    }
}

/// A criterion on one text.
fn holds(criterion: &Criterion, value: Option<&str>) -> bool {
    let (mut positive, mut passed) = (false, false);
    for test in &criterion.tests {
        match test {
            Test::NotEquals(text) if value == Some(text) => return false,
            Test::NotEquals(_) => {}
            Test::Equals(text) => {
                positive = true;
                passed |= value == Some(text);
            }
            Test::Prefix(text) => {
                positive = true;
                passed |= value.is_some_and(|value| value.starts_with(text.as_str()));
            }
            _ => positive = true,
        }
    }
    passed || !positive
}
