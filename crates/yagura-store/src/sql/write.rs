//! Writing decisions: facts, causes, findings, counts and changes of many resources with few statements.

use super::attributes::{self, Of};
use super::changes::{self, Entry};
use super::rematch::Known;
use super::resources::Stored;
use super::stored::{Common, State};
use super::tally::Tallies;
use super::{code, columns, key};
use crate::StoreError;
use crate::database::{Tx, args, to_json};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use yagura_findings::Decision;
use yagura_model::{Cause, Changed, Finding, FindingId, ScanKind, Vulnerability};

/// What was decided about some resources.
pub struct Batch {
    now: Timestamp,
    findings: Vec<New>,
    facts: BTreeMap<String, Vulnerability>,
    first_scans: Vec<i64>,
}

/// A finding that is to be written, and what it was before.
struct New {
    resource: Stored,
    before: Option<Known>,
    finding: Finding,
}

impl Batch {
    /// Nothing yet.
    pub fn new(now: Timestamp) -> Self {
        Self { now, findings: Vec::new(), facts: BTreeMap::new(), first_scans: Vec::new() }
    }

    /// Adds the decision about a resource whose stored findings are `known`. What is as it was is left out.
    pub fn add(&mut self, resource: &Stored, known: Vec<Known>, decision: Decision) {
        let mut known: HashMap<FindingId, Known> =
            known.into_iter().map(|known| (known.finding.id.clone(), known)).collect();
        for facts in decision.facts {
            self.facts.entry(facts.id.to_string()).or_insert(facts);
        }
        // One finding twice in a decision: the last word counts.
        let decided: BTreeMap<FindingId, Finding> =
            decision.findings.into_iter().map(|finding| (finding.id.clone(), finding)).collect();
        for (id, finding) in decided {
            let before = known.remove(&id);
            if before.as_ref().is_none_or(|before| before.finding != finding) {
                self.findings.push(New { resource: resource.clone(), before, finding });
            }
        }
    }

    /// Notes that the first scan of a resource ended.
    pub fn first_scan(&mut self, resource: i64) {
        self.first_scans.push(resource);
    }

    /// Writes everything and answers the number of changes.
    pub async fn flush(self, tx: &mut Tx) -> Result<usize, StoreError> {
        let Self { now, findings, facts, first_scans } = self;
        let facts: Vec<&Vulnerability> = facts.values().collect();
        let ids: Vec<String> = findings.iter().filter_map(|new| vulnerability(&new.finding)).collect();
        let vulnerabilities = columns::ensure(tx, &facts, &ids).await?;
        let causes = causes(tx, &findings).await?;

        let mut rows = Vec::with_capacity(findings.len());
        let mut tallies = Tallies::default();
        let mut entries = Vec::with_capacity(findings.len());
        for (new, cause) in findings.iter().zip(&causes) {
            let finding = &new.finding;
            let known = vulnerability(finding).and_then(|id| vulnerabilities.get(&key::key(&id)));
            let exploitable = known.is_some_and(|known| known.exploitable);
            let state = State::of(finding);
            if let Some(before) = &new.before {
                tallies.count(&new.resource, &before.finding, exploitable, -1);
            }
            tallies.count(&new.resource, finding, exploitable, 1);
            let mut row = args![
                finding.id.as_str(),
                new.resource.home_no,
                new.resource.no,
                code::of_scan(scan(&finding.cause)),
                known.map(|known| known.no),
                *cause,
                score(&finding.cause),
                true
            ];
            row.extend(state.values()?);
            rows.push(row);
        }
        let answers = tx
            .insert(
                "INSERT INTO finding (id, home_no, resource_no, scan, vulnerability_no, cause_no, score, listed, \
                 status, urgency, age, first_at, last_at, closed_at, closed_because, suppressed_by)",
                rows,
                "ON CONFLICT (id) DO UPDATE SET vulnerability_no = excluded.vulnerability_no, \
                 cause_no = excluded.cause_no, score = excluded.score, listed = 1, status = excluded.status, \
                 urgency = excluded.urgency, age = excluded.age, first_at = excluded.first_at, \
                 last_at = excluded.last_at, closed_at = excluded.closed_at, \
                 closed_because = excluded.closed_because, suppressed_by = excluded.suppressed_by \
                 RETURNING id, no",
            )
            .await?;
        let mut numbers = HashMap::with_capacity(answers.len());
        for row in &answers {
            numbers.insert(row.text(0)?.to_owned(), row.int(1)?);
        }
        for (new, cause) in findings.iter().zip(&causes) {
            let Some(no) = numbers.get(new.finding.id.as_str()) else { continue };
            entries.push((new.resource.no, Entry::Finding(*no, *cause, State::of(&new.finding))));
        }
        tallies.flush(tx).await?;
        for resource in first_scans {
            let counts = super::tally::severities(tx, resource).await?;
            entries.push((resource, Entry::Other(Changed::FirstScan(counts))));
        }
        let written = entries.len();
        changes::append_all(tx, now, entries).await?;
        Ok(written)
    }
}

/// The numbers of what findings are about, one each; stored now if they are not yet.
async fn causes(tx: &mut Tx, findings: &[New]) -> Result<Vec<i64>, StoreError> {
    let mut bodies = BTreeMap::new();
    let mut order = Vec::with_capacity(findings.len());
    for new in findings {
        let finding = &new.finding;
        let body = to_json(&Common { cause: finding.cause.clone(), title: finding.title.clone() })?;
        let hash = key::digest(body.as_bytes());
        order.push(hash.clone());
        bodies.entry(hash).or_insert((body, new));
    }
    let mut numbers = by_hash(tx, bodies.keys().cloned().collect()).await?;
    let missing: Vec<_> = bodies.iter().filter(|(hash, _)| !numbers.contains_key(*hash)).collect();
    let rows = missing.iter().map(|(hash, (body, _))| args![hash.as_str(), body.as_str()]).collect();
    let answers = tx
        .insert("INSERT INTO cause (hash, body)", rows, "ON CONFLICT (hash) DO NOTHING RETURNING no, hash")
        .await?;
    let mut attributes = Vec::new();
    let mut packages = Vec::new();
    for row in &answers {
        let (no, hash) = (row.int(0)?, row.text(1)?.to_owned());
        if let Some((_, new)) = bodies.get(&hash) {
            attributes.push((no, attributes::of_cause(&new.finding, &new.resource.resource)));
            packages.push((no, attributes::of_packages(&new.finding.cause)));
        }
        numbers.insert(hash, no);
    }
    attributes::insert(tx, Of::Cause, attributes).await?;
    attributes::insert_packages(tx, packages).await?;
    let unseen: Vec<String> =
        missing.iter().map(|(hash, _)| (*hash).clone()).filter(|hash| !numbers.contains_key(hash)).collect();
    if !unseen.is_empty() {
        numbers.extend(by_hash(tx, unseen).await?);
    }
    order
        .iter()
        .map(|hash| {
            numbers.get(hash).copied().ok_or_else(|| StoreError::Contended("a cause vanished".into()))
        })
        .collect()
}

async fn by_hash(tx: &mut Tx, hashes: Vec<String>) -> Result<HashMap<String, i64>, StoreError> {
    let rows = tx.rows("SELECT hash, no FROM cause WHERE hash IN ANY($1)", args![hashes]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
}

fn vulnerability(finding: &Finding) -> Option<String> {
    match &finding.cause {
        Cause::Package(cause) => Some(cause.vulnerability.to_string()),
        _ => None,
    }
}

fn score(cause: &Cause) -> Option<f64> {
    match cause {
        Cause::Package(cause) => cause.score.as_ref().map(|score| score.value),
        _ => None,
    }
}

fn scan(cause: &Cause) -> ScanKind {
    match cause {
        Cause::Package(_) => ScanKind::Package,
        Cause::Network(_) => ScanKind::Network,
        Cause::Code(_) => ScanKind::Code,
    }
}
