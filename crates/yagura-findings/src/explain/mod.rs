//! Why a vulnerability does, or does not, apply to an inventory: the verdict, then the proof.

mod messages;
mod text;

use crate::combine::combine;
use crate::exempt::{Exempt, exempt};
use crate::judge::{Match, Verdict};
use crate::lookup::{Lookups, Names};
use crate::sourced::sourced;
use messages::Message;
use serde::Serialize;
use yagura_ecosystems::ecosystem;
use yagura_model::{Advisories, Detection, FixStatus, Inventory, Lang, Package, Statement, Upper};

/// The answer to `explain`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The id that was asked for.
    pub asked: String,
    /// The id under which the vulnerability is known; `None` when the data does not know it.
    pub vulnerability: Option<String>,
    /// Its other ids.
    pub aliases: Vec<String>,
    /// One line about it.
    pub summary: String,
    /// Every package that an advisory about it speaks of, in the order of the inventory.
    pub packages: Vec<PackageAnswer>,
}

/// What was found for one package.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PackageAnswer {
    /// Its ecosystem.
    pub ecosystem: String,
    /// Its name.
    pub name: String,
    /// The installed version.
    pub version: String,
    /// Its source package with version, where it has one.
    pub built_from: Option<String>,
    /// The first file that names it.
    pub location: String,
    /// The OS package that ships it, and whose advisories therefore decide.
    pub owner: Option<String>,
    /// Why it is not judged: `owned`, `toolchain`, `not-kernel`, `not-running`.
    pub exempt: Option<&'static str>,
    /// True when the inventory has a finding for it, suppressed or not.
    pub affected: bool,
    /// The state of the fix.
    pub status: FixStatus,
    /// Versions with the fix, nearest first.
    pub fixes: Vec<String>,
    /// Who suppressed the finding, and why.
    pub suppressed: Option<String>,
    /// Each statement with its verdict.
    pub considered: Vec<Considered>,
}

/// One statement and what it meant for the package.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Considered {
    /// The advisory.
    pub advisory: String,
    /// The feed it came from.
    pub source: String,
    /// The package it names, with its ecosystem.
    pub about: String,
    /// The affected range as text, English.
    pub range: String,
    /// The version that was compared: the package's own, or its source's.
    pub compared: String,
    /// A word for the verdict: `affected`, `fixed`, `below-range`, …
    pub verdict: &'static str,
    /// The comparison in a sentence, English.
    pub because: String,
    /// The same in Japanese.
    pub because_ja: String,
    /// True for the statement that decided.
    pub decisive: bool,
}

/// Explains one vulnerability on an inventory. `detections` are those that [`detect`](crate::detect) made and
/// [`Decisions`](crate::Decisions) marked.
pub fn explain(
    id: &str,
    inventory: &Inventory,
    advisories: &dyn Advisories,
    detections: &[Detection],
) -> Explanation {
    let facts = advisories.vulnerability(id);
    let known = facts.as_ref().map_or(id, |facts| facts.id.as_str());
    let mut lookups = Lookups::default();
    let mut packages = Vec::new();
    let mut speaks = facts.is_some();
    for package in &inventory.packages {
        let mut said: Vec<(Statement<'_>, Verdict<'_>)> = Vec::new();
        let judged = sourced(package);
        lookups.ask(&judged).statements(advisories, &mut |statement, verdict| {
            let about = statement.vulnerabilities.iter().any(|about| *about == known || *about == id);
            if about || statement.advisory == id {
                said.push((statement, verdict));
            }
        });
        if !said.is_empty() {
            speaks = true;
            said.sort_by(|(a, _), (b, _)| (a.source, a.advisory).cmp(&(b.source, b.advisory)));
            packages.push(answer(package, &judged, &said, known, detections));
        }
    }
    Explanation {
        asked: id.to_owned(),
        vulnerability: speaks.then(|| known.to_owned()),
        aliases: facts.as_ref().map(|facts| facts.aliases.clone()).unwrap_or_default(),
        summary: facts.map(|facts| facts.summary).unwrap_or_default(),
        packages,
    }
}

/// `listed` is the package as the inventory and its detections have it, `package` the same with its source.
fn answer(
    listed: &Package,
    package: &Package,
    said: &[(Statement<'_>, Verdict<'_>)],
    known: &str,
    detections: &[Detection],
) -> PackageAnswer {
    let borrowed: Vec<(&Statement<'_>, Verdict<'_>)> =
        said.iter().map(|(statement, verdict)| (statement, *verdict)).collect();
    let cell = combine(package, &borrowed);
    // Detections know whether the running kernel was known; without one, only that rule is unknown here.
    let detection = detections.iter().find(|detection| {
        (detection.vulnerability.id.as_str() == known
            || said.iter().any(|(statement, _)| statement.advisory == detection.advisory))
            && detection.package == *listed
    });
    let exempt = exempt(package, None).or_else(|| {
        let missing = detection.is_none() && cell.as_ref().is_some_and(|cell| cell.affected);
        missing.then_some(Exempt::NotRunning)
    });
    let decisive = cell.as_ref().filter(|_| exempt.is_none()).map(|cell| cell.decisive);
    PackageAnswer {
        ecosystem: package.ecosystem.to_string(),
        name: package.name.clone(),
        version: package.version.clone(),
        built_from: package.source.as_ref().map(|source| format!("{} {}", source.name, source.version)),
        location: package.locations.first().map(|location| location.path.to_string()).unwrap_or_default(),
        owner: package.owner.as_ref().map(|owner| format!("{} {}", owner.name, owner.version)),
        exempt: exempt.map(|exempt| match exempt {
            Exempt::Owned(_) => "owned",
            Exempt::Toolchain => "toolchain",
            Exempt::NotKernel => "not-kernel",
            Exempt::NotRunning => "not-running",
        }),
        affected: detection.is_some(),
        status: cell.as_ref().map_or(FixStatus::NotAffected, |cell| cell.status),
        fixes: cell.iter().flat_map(|cell| &cell.fixes).map(|text| (*text).to_owned()).collect(),
        suppressed: detection.and_then(|detection| detection.suppressed.as_ref()).map(|suppressed| {
            match &suppressed.reason {
                Some(reason) => format!("{} ({reason})", suppressed.by),
                None => suppressed.by.clone(),
            }
        }),
        considered: said
            .iter()
            .enumerate()
            .map(|(index, (statement, verdict))| {
                consider(package, statement, verdict, decisive == Some(index))
            })
            .collect(),
    }
}

fn consider(
    package: &Package,
    statement: &Statement<'_>,
    verdict: &Verdict<'_>,
    decisive: bool,
) -> Considered {
    let names = Names::of(package, ecosystem(&package.ecosystem));
    let version = names.compared(package, statement).unwrap_or(&package.version);
    let (word, message, bound) = sentence(verdict);
    let values: &[&str] = match message {
        Message::OtherStream | Message::Commit => &[bound],
        _ => &[version, bound],
    };
    Considered {
        advisory: statement.advisory.to_owned(),
        source: statement.source.to_owned(),
        about: format!("{} {}", statement.ecosystem, statement.name),
        range: range(statement),
        compared: version.to_owned(),
        verdict: word,
        because: message.text(Lang::En, values),
        because_ja: message.text(Lang::Ja, values),
        decisive,
    }
}

/// A word, a message and the bound it names.
fn sentence<'a>(verdict: &Verdict<'a>) -> (&'static str, Message, &'a str) {
    match verdict {
        Verdict::Affected { by: Match::Interval(interval), .. } => {
            let (message, bound) = match interval.upper {
                Upper::Open => (Message::NoEnd, ""),
                Upper::Fixed(_, text) => (Message::BelowFix, text),
                Upper::Limit(_, text) => (Message::BelowLimit, text),
                Upper::LastAffected(_, text) => (Message::UpToLast, text),
            };
            ("affected", message, bound)
        }
        Verdict::Affected { by: Match::Listed(_), .. } => ("affected", Message::Listed, ""),
        Verdict::Affected { by: Match::Commit(commit), .. } => ("affected", Message::Commit, commit),
        Verdict::UnderInvestigation { .. } => ("under-investigation", Message::Investigated, ""),
        Verdict::Fixed { at } => ("fixed", Message::HasFix, at),
        Verdict::NotAffected => ("not-affected", Message::VendorSaysNo, ""),
        Verdict::BelowRange { first } => ("below-range", Message::BeforeFirst, first),
        Verdict::AboveRange { last } => ("above-range", Message::AfterLast, last),
        Verdict::NotListed => ("not-listed", Message::NotListed, ""),
        Verdict::OtherModule { wanted: Some(stream) } => ("other-module", Message::OtherStream, stream),
        Verdict::OtherModule { wanted: None } => ("other-module", Message::OutsideModules, ""),
        Verdict::OtherArch => ("other-arch", Message::OtherArch, ""),
        Verdict::OtherName => ("other-name", Message::OtherName, ""),
        Verdict::Unorderable => ("unorderable", Message::Unorderable, ""),
    }
}

/// The affected range as people write it.
fn range(statement: &Statement<'_>) -> String {
    let mut parts: Vec<String> = statement
        .intervals
        .iter()
        .map(|interval| {
            let lower = interval.lower.map(|(_, text)| format!(">= {text}"));
            let upper = match interval.upper {
                Upper::Open => None,
                Upper::Fixed(_, text) | Upper::Limit(_, text) => Some(format!("< {text}")),
                Upper::LastAffected(_, text) => Some(format!("<= {text}")),
            };
            match (lower, upper) {
                (None, None) => Message::AllVersions.text(Lang::En, &[]),
                (lower, upper) => lower.into_iter().chain(upper).collect::<Vec<_>>().join(", "),
            }
        })
        .collect();
    if !statement.versions.is_empty() {
        let count = statement.versions.len().to_string();
        parts.push(Message::ListedVersions.text(Lang::En, &[&count]));
    }
    parts.join(" or ")
}
