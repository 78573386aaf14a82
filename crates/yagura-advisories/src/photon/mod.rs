//! Photon OS: one JSON list of CVE, package and fixed version for each release.
//!
//! Published at <https://packages.vmware.com/photon/photon_cve_metadata/>. `res_ver` is the version with the
//! fix; `NA` means that there is none. Left out: the free-text `aff_ver`, which ranges already say.

use crate::feed::{Document, Feed, FeedError, Pick, Sink};
use serde::Deserialize;
use std::collections::BTreeMap;
use yagura_model::{Advisory, Affected, Event, FixStatus, Range, RangeKind, SourceId};

/// Photon's lists.
pub struct Photon;

#[derive(Deserialize)]
struct Entry {
    cve_id: String,
    pkg: String,
    cve_score: Option<f64>,
    res_ver: Option<String>,
    status: Option<String>,
}

impl Feed for Photon {
    fn id(&self) -> &'static str {
        "photon"
    }

    fn title(&self) -> &'static str {
        "Photon OS CVE metadata"
    }

    fn base(&self) -> &'static str {
        "https://packages.vmware.com/photon/photon_cve_metadata"
    }

    fn folder(&self) -> &'static str {
        "photon"
    }

    fn start(&self) -> Vec<Pick> {
        ["3.0", "4.0", "5.0"]
            .iter()
            .map(|release| Pick::new(format!("cve_data_photon{release}.json")).optional())
            .collect()
    }

    fn reads(&self, path: &str) -> bool {
        release(path).is_some()
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from("photon")
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let release = release(document.path)
            .ok_or_else(|| FeedError::malformed(document.path, "no release in its name"))?;
        let entries: Vec<Entry> = serde_json::from_slice(document.bytes)
            .map_err(|error| FeedError::malformed(document.path, error))?;
        let mut advisories: BTreeMap<String, Advisory> = BTreeMap::new();
        for entry in entries {
            let advisory = advisories
                .entry(entry.cve_id.clone())
                .or_insert_with(|| Advisory::new("photon", entry.cve_id.clone()));
            if let (Some(score), true) =
                (entry.cve_score.filter(|score| *score > 0.0), advisory.ratings.is_empty())
            {
                let rating = yagura_model::Rating {
                    source: "photon".into(),
                    vector: None,
                    score: Some(score),
                    word: None,
                };
                advisory.ratings.push(rating);
            }
            let mut affected = Affected::new(format!("Photon OS:{release}").as_str(), entry.pkg);
            let mut events = vec![Event::Introduced("0".to_owned())];
            affected.status = match (entry.status.as_deref(), entry.res_ver.as_deref().map(str::trim)) {
                (Some("Not Affected"), _) => FixStatus::NotAffected,
                (_, None | Some("" | "NA" | "-")) => FixStatus::Affected,
                (_, Some(version)) => {
                    events.push(Event::Fixed(version.to_owned()));
                    FixStatus::Fixed
                }
            };
            affected.ranges.push(Range { kind: RangeKind::Ecosystem, events });
            advisory.affected.push(affected);
        }
        advisories.into_values().for_each(|advisory| out.advisory(advisory));
        Ok(())
    }
}

fn release(path: &str) -> Option<&str> {
    path.strip_prefix("cve_data_photon")?.strip_suffix(".json").filter(|release| !release.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    #[test]
    fn fixed_and_unfixed() {
        let json = r#"[{"cve_id":"CVE-2024-1","pkg":"foo","cve_score":7.5,"aff_ver":"all versions before 1.0-2.ph5",
            "res_ver":"1.0-2.ph5","status":"Fixed"},{"cve_id":"CVE-2024-1","pkg":"bar","res_ver":"NA"}]"#;
        let mut batch = Batch::default();
        Photon
            .read(&Document { path: "cve_data_photon5.0.json", bytes: json.as_bytes() }, &mut batch)
            .unwrap();
        let [foo, bar] = batch.advisories[0].affected.as_slice() else { panic!("two packages") };
        assert_eq!((foo.ecosystem.as_str(), foo.status), ("Photon OS:5.0", FixStatus::Fixed));
        assert_eq!((bar.name.as_str(), bar.status), ("bar", FixStatus::Affected));
    }
}
