//! A row of the matrix: everything that holds on one inventory. A column is the same, for one vulnerability.

use crate::combine::{Cell, combine};
use crate::exempt::{exempt, installed_running};
use crate::lookup::Lookups;
use crate::sourced::sourced;
use crate::{Verdict, end_of_life, severity};
use jiff::civil::Date;
use std::collections::BTreeMap;
use yagura_model::{Advisories, Detection, Fix, Inventory, Package, Statement, Vulnerability};

/// The result of judging an inventory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judged {
    /// Most severe first, then by vulnerability, package, version and location.
    pub detections: Vec<Detection>,
    /// The last day of the platform's support, if that is past.
    pub end_of_life: Option<Date>,
    /// Packages of ecosystems that are not known here.
    pub unjudged: usize,
}

/// Judges every package. `today` decides whether the platform is out of support.
pub fn detect(inventory: &Inventory, advisories: &dyn Advisories, today: Date) -> Judged {
    detect_running(inventory, advisories, today, None)
}

/// The same for a running system, whose kernel release is `uname -r`: kernels that are installed but do not
/// run are not judged, and an old one that still runs is.
pub fn detect_running(
    inventory: &Inventory,
    advisories: &dyn Advisories,
    today: Date,
    kernel: Option<&str>,
) -> Judged {
    row(inventory, advisories, today, installed_running(&inventory.packages, kernel))
}

/// The same where the running kernel is known to be one of the installed ones.
pub(crate) fn row(
    inventory: &Inventory,
    advisories: &dyn Advisories,
    today: Date,
    running: Option<&str>,
) -> Judged {
    let end = end_of_life(inventory, today);
    let mut detections: Vec<Detection> = end.iter().filter_map(|end| end.detection(inventory)).collect();
    let mut row = Row::new(advisories);
    let mut unjudged = 0;
    for package in &inventory.packages {
        let known = row.judge(package, running, None, &mut detections);
        unjudged += usize::from(!known);
    }
    sort(&mut detections);
    Judged { detections, end_of_life: end.map(|end| end.date), unjudged }
}

/// One column: where a vulnerability holds among packages. `id` is the vulnerability's own id
/// ([`Advisories::vulnerability`] tells it for aliases).
pub fn detect_vulnerability(
    id: &str,
    inventory: &Inventory,
    advisories: &dyn Advisories,
    kernel: Option<&str>,
) -> Vec<Detection> {
    column(id, inventory, advisories, installed_running(&inventory.packages, kernel))
}

/// The same where the running kernel is known to be installed, although it need not be among these packages.
pub(crate) fn column(
    id: &str,
    inventory: &Inventory,
    advisories: &dyn Advisories,
    running: Option<&str>,
) -> Vec<Detection> {
    let mut detections = Vec::new();
    let mut row = Row::new(advisories);
    for package in &inventory.packages {
        row.judge(package, running, Some(id), &mut detections);
    }
    sort(&mut detections);
    detections
}

fn sort(detections: &mut [Detection]) {
    detections.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| a.vulnerability.id.cmp(&b.vulnerability.id))
            .then_with(|| a.package.ecosystem.cmp(&b.package.ecosystem))
            .then_with(|| a.package.name.cmp(&b.package.name))
            .then_with(|| a.package.version.cmp(&b.package.version))
            .then_with(|| a.package.locations.cmp(&b.package.locations))
    });
}

/// What is kept from package to package.
struct Row<'a> {
    advisories: &'a dyn Advisories,
    lookups: Lookups,
    /// Statements about the package at hand.
    statements: Vec<(Statement<'a>, Verdict<'a>)>,
    facts: BTreeMap<&'a str, Vulnerability>,
}

impl<'a> Row<'a> {
    fn new(advisories: &'a dyn Advisories) -> Self {
        Self { advisories, lookups: Lookups::default(), statements: Vec::new(), facts: BTreeMap::new() }
    }

    /// Judges one package; false when its ecosystem is not known.
    fn judge(
        &mut self,
        listed: &Package,
        running: Option<&str>,
        only: Option<&str>,
        found: &mut Vec<Detection>,
    ) -> bool {
        let package = &*sourced(listed);
        if exempt(package, running).is_some() {
            return true;
        }
        let asked = self.lookups.ask(package);
        let known = asked.is_known();
        if !asked.may_be_affected(self.advisories) {
            return known;
        }
        let statements = &mut self.statements;
        statements.clear();
        let mut any = false;
        asked.statements(self.advisories, &mut |statement, verdict| {
            if only.is_none_or(|id| statement.vulnerabilities.contains(&id)) {
                any |= verdict.is_hit();
                statements.push((statement, verdict));
            }
        });
        if !any {
            return known;
        }
        let mut cells: Vec<(&'a str, usize)> = statements
            .iter()
            .enumerate()
            .flat_map(|(index, (statement, _))| statement.vulnerabilities.iter().map(move |id| (*id, index)))
            .filter(|(id, _)| only.is_none_or(|only| only == *id))
            .collect();
        cells.sort_unstable();
        cells.dedup();
        for cell in cells.chunk_by(|a, b| a.0 == b.0) {
            let Some((id, _)) = cell.first() else { continue };
            let mut said: Vec<(&Statement<'a>, Verdict<'a>)> = cell
                .iter()
                .filter_map(|(_, index)| self.statements.get(*index))
                .map(|(statement, verdict)| (statement, *verdict))
                .collect();
            said.sort_by_key(|(statement, _)| (statement.source, statement.advisory));
            if let Some(decision) = combine(package, &said).filter(|decision| decision.affected) {
                let facts = self
                    .facts
                    .entry(id)
                    .or_insert_with(|| self.advisories.vulnerability(id).unwrap_or_else(|| unknown(id)));
                found.extend(detection(listed, facts, &said, &decision));
            }
        }
        known
    }
}

/// A vulnerability of which nothing but the id is known.
pub(crate) fn unknown(id: &str) -> Vulnerability {
    Vulnerability {
        id: id.into(),
        aliases: Vec::new(),
        summary: String::new(),
        details: String::new(),
        ratings: Vec::new(),
        cwes: Vec::new(),
        published: None,
        modified: None,
        references: Vec::new(),
        epss: None,
        kev: None,
    }
}

/// The detection that a decision makes.
fn detection(
    package: &Package,
    facts: &Vulnerability,
    said: &[(&Statement<'_>, Verdict<'_>)],
    decision: &Cell<'_>,
) -> Option<Detection> {
    let (decisive, _) = said.get(decision.decisive)?;
    let hits = || said.iter().filter(|(_, verdict)| verdict.is_hit()).map(|(statement, _)| *statement);
    let mut sources = vec![decisive.source];
    for statement in hits() {
        if !sources.contains(&statement.source) {
            sources.push(statement.source);
        }
    }
    let word = decisive.severity.or_else(|| hits().find_map(|statement| statement.severity));
    let word = word.map(str::to_owned);
    let scored = severity::score(facts, &sources, word.as_deref(), package.ecosystem.as_str());
    let (severity, vendor_severity) = (scored.severity, scored.word.map(str::to_owned));
    let (score, vector, score_source) = match scored.rating {
        Some(rating) => (rating.score, rating.vector.clone(), Some(rating.source.clone())),
        None => (None, None, None),
    };
    Some(Detection {
        vulnerability: facts.clone(),
        package: package.clone(),
        severity,
        score,
        vector,
        score_source,
        vendor_severity,
        advisory: decisive.advisory.to_owned(),
        source: decisive.source.into(),
        fix: Fix {
            status: decision.status,
            versions: decision.fixes.iter().map(|text| (*text).to_owned()).collect(),
        },
        suppressed: None,
    })
}
