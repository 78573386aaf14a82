//! Starter advisories: well-known vulnerabilities that are compiled in, so that a first run shows something
//! true without a network.
//!
//! Facts (ids, names, ranges, vectors, dates) are those of public sources; summaries are our own. The texts are
//! one table of vulnerabilities and one of affected packages per ecosystem, edited by hand; the first lines of
//! each tell its columns. The set is a taste, not a feed: what is missing here says nothing.

use crate::feed::{Sink, timestamp};
use crate::rating;
use jiff::civil::Date;
use std::collections::BTreeMap;
use yagura_model::{Advisory, Affected, Event, FixStatus, Kev, Range, RangeKind};

/// The source id of these advisories.
pub const SOURCE: &str = "starter";

const VULNERABILITIES: &str = include_str!("vulnerabilities.tsv");

/// Affected packages, in alphabetical order of files.
const AFFECTED: &[&str] = &[
    include_str!("almalinux.tsv"),
    include_str!("alpine.tsv"),
    include_str!("amazon.tsv"),
    include_str!("cargo.tsv"),
    include_str!("cran.tsv"),
    include_str!("debian.tsv"),
    include_str!("github_actions.tsv"),
    include_str!("go.tsv"),
    include_str!("hackage.tsv"),
    include_str!("hex.tsv"),
    include_str!("maven.tsv"),
    include_str!("npm.tsv"),
    include_str!("nuget.tsv"),
    include_str!("packagist.tsv"),
    include_str!("pub.tsv"),
    include_str!("pypi.tsv"),
    include_str!("rubygems.tsv"),
    include_str!("swift.tsv"),
    include_str!("ubuntu.tsv"),
];

/// Distributions whose advisories name installed packages, not source packages.
const BY_BINARY: &[&str] = &["AlmaLinux", "Amazon Linux"];

/// All starter advisories, sorted by id.
pub fn starter() -> Vec<Advisory> {
    parse(VULNERABILITIES, AFFECTED).0.advisories
}

/// The KEV entries of the starter vulnerabilities, sorted by id. What CISA asks for is left empty.
pub fn kev() -> Vec<(String, Kev)> {
    parse(VULNERABILITIES, AFFECTED).0.kev
}

/// Pushes all of it, as a feed does.
pub fn read(out: &mut dyn Sink) {
    let (set, _) = parse(VULNERABILITIES, AFFECTED);
    for advisory in set.advisories {
        out.advisory(advisory);
    }
    for (id, kev) in set.kev {
        out.kev(&id, kev);
    }
}

/// The Japanese summary of a starter vulnerability, where it has one.
pub fn japanese(id: &str) -> Option<&'static str> {
    rows(VULNERABILITIES).find(|(_, fields)| fields.first() == Some(&id))?.1.get(7).copied()
}

#[derive(Default)]
struct Set {
    advisories: Vec<Advisory>,
    kev: Vec<(String, Kev)>,
}

/// Joins both kinds of tables; the second value tells the lines that are wrong, which tests keep empty.
fn parse(vulnerabilities: &str, affected: &[&str]) -> (Set, Vec<String>) {
    let mut complaints = Vec::new();
    let mut packages: BTreeMap<&str, Vec<Affected>> = BTreeMap::new();
    for (line, fields) in affected.iter().flat_map(|text| rows(text)) {
        match fields.as_slice() {
            [id, ecosystem, package, versions] => match ranges(versions) {
                Some(ranges) => {
                    let entry = packages.entry(id).or_default();
                    entry.extend(releases(ecosystem).map(|id| affects(&id, package, &ranges)));
                }
                None => complaints.push(format!("line {line}: `{versions}` is not a list of ranges")),
            },
            _ => complaints.push(format!("line {line}: 4 columns are expected, not {}", fields.len())),
        }
    }
    let mut set = Set::default();
    for (line, fields) in rows(vulnerabilities) {
        let [id, published, vector, cwes, kev, aliases, summary, rest @ ..] = fields.as_slice() else {
            complaints.push(format!("line {line}: 7 or 8 columns are expected, not {}", fields.len()));
            continue;
        };
        if rest.len() > 1 {
            complaints.push(format!("line {line}: 7 or 8 columns are expected, not {}", fields.len()));
        }
        let mut advisory = Advisory::new(SOURCE, *id);
        advisory.aliases = list(aliases).map(str::to_owned).collect();
        advisory.summary = (*summary).to_owned();
        advisory.published = known(published).and_then(timestamp);
        advisory.ratings =
            known(vector).map(|vector| rating::from_vector(SOURCE, vector)).into_iter().collect();
        advisory.cwes = list(cwes).filter_map(|number| number.parse().ok()).collect();
        advisory.affected = packages.remove(id).unwrap_or_default();
        if advisory.affected.is_empty() {
            complaints.push(format!("line {line}: no package is affected by {id}"));
        }
        if let Some(text) = known(kev) {
            match catalogued(text) {
                Some(kev) => set.kev.push(((*id).to_owned(), kev)),
                None => complaints.push(format!("line {line}: `{text}` is not added/due[/ransomware]")),
            }
        }
        set.advisories.push(advisory);
    }
    complaints.extend(packages.keys().map(|id| format!("packages name {id}, which is not described")));
    (set, complaints)
}

/// The lines of a table with their numbers, without comments.
fn rows(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(index, line)| (index + 1, line.split('\t').collect()))
}

fn known(field: &str) -> Option<&str> {
    (field != "-").then_some(field)
}

fn list(field: &str) -> impl Iterator<Item = &str> {
    known(field).into_iter().flat_map(|field| field.split(','))
}

/// `Alpine:v3.18,v3.19` is two ecosystems.
fn releases(ecosystem: &str) -> impl Iterator<Item = String> {
    let (base, releases) =
        ecosystem.split_once(':').map_or((ecosystem, None), |(base, all)| (base, Some(all)));
    let one = releases.is_none().then(|| base.to_owned());
    one.into_iter().chain(
        releases.into_iter().flat_map(|all| all.split(',')).map(move |release| format!("{base}:{release}")),
    )
}

fn affects(ecosystem: &str, package: &str, ranges: &[Range]) -> Affected {
    let mut affected = Affected::new(ecosystem, package);
    affected.binary = BY_BINARY.contains(&affected.ecosystem.base());
    affected.ranges = ranges.to_vec();
    let is_fixed =
        ranges.iter().flat_map(|range| &range.events).any(|event| matches!(event, Event::Fixed(_)));
    affected.status = if is_fixed { FixStatus::Fixed } else { FixStatus::Affected };
    affected
}

/// Ranges separated by `|`: `>=1.0 <1.2`, `<1.2`, `<=1.1`, `>=1.0` or `*` for everything.
fn ranges(text: &str) -> Option<Vec<Range>> {
    text.split('|').map(|range| range_of(range.trim())).collect()
}

fn range_of(text: &str) -> Option<Range> {
    let mut events = Vec::new();
    let mut words = text.split_whitespace().peekable();
    match words.peek()?.strip_prefix(">=") {
        Some(version) => {
            events.push(Event::Introduced(version.to_owned()));
            words.next();
        }
        None => events.push(Event::Introduced("0".to_owned())),
    }
    match words.next() {
        None => {}
        Some("*") if events.len() == 1 && text == "*" => {}
        Some(word) => events.push(match (word.strip_prefix("<="), word.strip_prefix('<')) {
            (Some(version), _) => Event::LastAffected(version.to_owned()),
            (None, Some(version)) => Event::Fixed(version.to_owned()),
            (None, None) => return None,
        }),
    }
    words.next().is_none().then_some(Range { kind: RangeKind::Ecosystem, events })
}

fn catalogued(text: &str) -> Option<Kev> {
    let mut parts = text.split('/');
    let added: Date = parts.next()?.parse().ok()?;
    let due: Date = parts.next()?.parse().ok()?;
    let ransomware = match parts.next() {
        None => false,
        Some("ransomware") => true,
        Some(_) => return None,
    };
    Some(Kev { added, due: Some(due), action: String::new(), ransomware })
}

#[cfg(test)]
mod tests;
