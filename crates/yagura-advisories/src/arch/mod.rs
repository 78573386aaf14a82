//! Arch Linux's security tracker: `all.json`, one entry per group of issues.
//!
//! Published at <https://security.archlinux.org/all.json>. `affected` is the version that was looked at, not a
//! lower bound.

use crate::feed::{Document, Feed, FeedError, Pick, Sink};
use crate::rating;
use serde::Deserialize;
use yagura_model::{Advisory, Affected, Event, FixStatus, Range, RangeKind, Reference, SourceId};

/// The tracker.
pub struct Arch;

#[derive(Deserialize)]
struct Group {
    name: String,
    packages: Vec<String>,
    status: String,
    severity: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    fixed: Option<String>,
    #[serde(default)]
    issues: Vec<String>,
    #[serde(default)]
    advisories: Vec<String>,
}

impl Feed for Arch {
    fn id(&self) -> &'static str {
        "arch"
    }

    fn title(&self) -> &'static str {
        "Arch Linux security tracker"
    }

    fn base(&self) -> &'static str {
        "https://security.archlinux.org"
    }

    fn folder(&self) -> &'static str {
        "arch"
    }

    fn start(&self) -> Vec<Pick> {
        vec![Pick::new("all.json")]
    }

    fn reads(&self, path: &str) -> bool {
        path == "all.json"
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from("arch")
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let groups: Vec<Group> = serde_json::from_slice(document.bytes)
            .map_err(|error| FeedError::malformed(document.path, error))?;
        for group in groups {
            let mut advisory = Advisory::new("arch", group.name);
            advisory.upstream = group.issues;
            advisory.summary = group.kind.unwrap_or_default();
            let word = group.severity.filter(|word| word != "Unknown");
            advisory.ratings = word.iter().map(|word| rating::from_word("arch", word)).collect();
            advisory.references = group
                .advisories
                .iter()
                .map(|id| Reference {
                    kind: "ADVISORY".to_owned(),
                    url: format!("https://security.archlinux.org/{id}"),
                })
                .collect();
            let (status, fixed) = match (group.status.as_str(), group.fixed) {
                ("Not affected", _) => (FixStatus::NotAffected, None),
                ("Unknown", _) => (FixStatus::UnderInvestigation, None),
                (_, Some(fixed)) => (FixStatus::Fixed, Some(fixed)),
                _ => (FixStatus::Affected, None),
            };
            for package in group.packages {
                let mut affected = Affected::new("Arch", package);
                affected.binary = true;
                affected.status = status;
                let mut events = vec![Event::Introduced("0".to_owned())];
                events.extend(fixed.clone().map(Event::Fixed));
                affected.ranges.push(Range { kind: RangeKind::Ecosystem, events });
                advisory.affected.push(affected);
            }
            out.advisory(advisory);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    #[test]
    fn states_of_groups() {
        let json = r#"[{"name":"AVG-2","packages":["foo","libfoo"],"status":"Fixed","severity":"High",
            "type":"information disclosure","affected":"1-1","fixed":"1-2","issues":["CVE-2024-1"],
            "advisories":["ASA-202401-1"]},{"name":"AVG-1","packages":["bar"],"status":"Vulnerable",
            "severity":"Unknown","affected":"1-1","fixed":null,"issues":["CVE-2024-2"],"advisories":[]}]"#;
        let mut batch = Batch::default();
        Arch.read(&Document { path: "all.json", bytes: json.as_bytes() }, &mut batch).unwrap();
        let states: Vec<FixStatus> =
            batch.advisories.iter().flat_map(|one| &one.affected).map(|one| one.status).collect();
        assert_eq!(states, [FixStatus::Fixed, FixStatus::Fixed, FixStatus::Affected]);
        assert!(batch.advisories[1].ratings.is_empty());
    }
}
