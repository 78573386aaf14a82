//! Debian's security tracker: its JSON export, and the DSA and DLA lists.
//!
//! Sources: <https://security-tracker.debian.org/tracker/data/json>, and `data/DSA/list`, `data/DLA/list` of
//! <https://salsa.debian.org/security-tracker-team/security-tracker>. A file `changelog-fixes.json` of the same
//! shape as the tracker's is read as a source of its own, which only fills gaps. Names are source packages.
//! Left out: `repositories`, which is what the archive holds and not what is affected.

mod list;

use crate::feed::{Document, Feed, FeedError, Pick, Sink};
use crate::rating;
use serde::Deserialize;
use std::collections::BTreeMap;
use yagura_model::{Advisory, Affected, Event, FixStatus, Range, RangeKind, Reference, SourceId};

/// Code names and numbers.
const RELEASES: &[(&str, &str)] = &[
    ("woody", "3.0"),
    ("sarge", "3.1"),
    ("etch", "4"),
    ("lenny", "5"),
    ("squeeze", "6"),
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
];

/// The tracker.
pub struct Debian;

type Tracker = BTreeMap<String, BTreeMap<String, Issue>>;

#[derive(Deserialize)]
struct Issue {
    description: Option<String>,
    #[serde(default)]
    releases: BTreeMap<String, Release>,
}

#[derive(Deserialize)]
struct Release {
    status: Option<String>,
    fixed_version: Option<String>,
    urgency: Option<String>,
    nodsa: Option<String>,
    nodsa_reason: Option<String>,
}

impl Feed for Debian {
    fn id(&self) -> &'static str {
        "debian"
    }

    fn title(&self) -> &'static str {
        "Debian security tracker"
    }

    fn base(&self) -> &'static str {
        "https://security-tracker.debian.org"
    }

    fn folder(&self) -> &'static str {
        "debian"
    }

    fn start(&self) -> Vec<Pick> {
        let raw = "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master";
        let list = |path: &str| Pick::at(path, format!("{raw}/{path}"));
        vec![Pick::new("tracker/data/json"), list("data/DSA/list"), list("data/DLA/list")]
    }

    fn reads(&self, path: &str) -> bool {
        matches!(path, "tracker/data/json" | "changelog-fixes.json" | "data/DSA/list" | "data/DLA/list")
    }

    fn source(&self, path: &str) -> SourceId {
        SourceId::from(match path {
            "changelog-fixes.json" => "debian-changelog",
            "data/DSA/list" => "debian-dsa",
            "data/DLA/list" => "debian-dla",
            _ => "debian",
        })
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let source = self.source(document.path);
        if document.path.ends_with("/list") {
            return list::read(document, &source, out);
        }
        let tracker: Tracker = serde_json::from_slice(document.bytes)
            .map_err(|error| FeedError::malformed(document.path, error))?;
        let mut advisories: BTreeMap<String, Advisory> = BTreeMap::new();
        for (package, issues) in tracker {
            for (id, issue) in issues {
                // Temporary numbers stand for issues without an id.
                let advisory =
                    advisories.entry(id.clone()).or_insert_with(|| Advisory::new(source.clone(), id.clone()));
                if advisory.references.is_empty() {
                    let url = format!("https://security-tracker.debian.org/tracker/{id}");
                    advisory.references.push(Reference { kind: "ADVISORY".to_owned(), url });
                    advisory.details = issue.description.unwrap_or_default();
                }
                let affected =
                    issue.releases.into_iter().filter_map(|(name, release)| affect(&package, &name, release));
                advisory.affected.extend(affected);
            }
        }
        for mut advisory in advisories.into_values() {
            // One word for all releases is the issue's; otherwise each keeps its own.
            let mut words: Vec<&str> =
                advisory.affected.iter().filter_map(|one| one.severity.as_deref()).collect();
            words.dedup();
            if let ([word], true) = (words.as_slice(), advisory.ratings.is_empty()) {
                advisory.ratings.push(rating::from_word(source.clone(), word));
            }
            out.advisory(advisory);
        }
        Ok(())
    }
}

fn affect(package: &str, name: &str, release: Release) -> Option<Affected> {
    let mut affected = Affected::new(format!("Debian:{}", number(name)?).as_str(), package);
    let mut events = vec![Event::Introduced("0".to_owned())];
    let urgency = release.urgency.as_deref().map(|word| word.trim_end_matches('*')).unwrap_or_default();
    let put_off = match release.nodsa_reason.as_deref() {
        Some("ignored") => Some(FixStatus::WillNotFix),
        Some("postponed") => Some(FixStatus::Deferred),
        _ => release.nodsa.as_ref().map(|_| FixStatus::Deferred),
    };
    affected.status = match (release.status.as_deref(), release.fixed_version) {
        // Version 0 is the tracker's way to say that the package never had the problem.
        (_, Some(version)) if version == "0" => FixStatus::NotAffected,
        (Some("resolved"), Some(version)) => {
            events.push(Event::Fixed(version));
            FixStatus::Fixed
        }
        (Some("undetermined"), _) => FixStatus::UnderInvestigation,
        (Some("open") | None, _) if urgency == "end-of-life" => FixStatus::EndOfLife,
        (Some("open"), _) if urgency == "unimportant" => put_off.unwrap_or(FixStatus::Deferred),
        (Some("open"), _) => put_off.unwrap_or(FixStatus::Affected),
        _ => return None,
    };
    affected.ranges.push(Range { kind: RangeKind::Ecosystem, events });
    affected.severity = match urgency {
        "" | "not yet assigned" | "end-of-life" => None,
        word => Some(word.to_owned()),
    };
    Some(affected)
}

/// `12` of `bookworm`; releases without a number (`sid`) are judged by nobody.
fn number(name: &str) -> Option<&'static str> {
    RELEASES.iter().find(|(code, _)| *code == name).map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;
    use std::fmt::Write;

    #[test]
    fn states_of_the_tracker() {
        let json = r#"{"foo":{"CVE-2024-1":{"description":"prose","releases":{
            "bookworm":{"status":"resolved","fixed_version":"1.0-1+deb12u1","urgency":"medium"},
            "bullseye":{"status":"resolved","fixed_version":"0","urgency":"unimportant"},
            "buster":{"status":"open","urgency":"end-of-life"},
            "trixie":{"status":"open","urgency":"unimportant"},
            "stretch":{"status":"open","urgency":"low","nodsa":"Minor issue","nodsa_reason":"ignored"},
            "jessie":{"status":"open","urgency":"low**","nodsa":"Minor issue","nodsa_reason":""},
            "wheezy":{"status":"undetermined","urgency":"not yet assigned"},
            "squeeze":{"status":"open","urgency":"not yet assigned"},
            "sid":{"status":"resolved","fixed_version":"2","urgency":"low"}}}}}"#;
        let mut batch = Batch::default();
        Debian.read(&Document { path: "tracker/data/json", bytes: json.as_bytes() }, &mut batch).unwrap();
        let mut text = String::new();
        for one in &batch.advisories[0].affected {
            let fixed = one.ranges[0].events.get(1);
            writeln!(text, "{} {} {fixed:?} {:?}", one.ecosystem, one.status.as_str(), one.severity).unwrap();
        }
        insta::assert_snapshot!("states", text);
    }
}
