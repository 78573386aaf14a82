//! Alpine's `secdb` and the same format at Wolfi and Chainguard: fixed version to ids, per source package.
//!
//! Format: <https://secdb.alpinelinux.org/>. Version `0` means that the package never had the problem. Ids may
//! have several words (`CVE-2019-1 (+ regression)`), underscores for dashes, or be Chainguard's own numbers
//! (`CGA-…`), which only repeat the others of their list.

use crate::feed::{Document, Feed, FeedError, Pick, Sink};
use serde::Deserialize;
use std::collections::BTreeMap;
use yagura_model::{Advisory, Affected, Event, FixStatus, Range, RangeKind, SourceId};

/// A distribution that publishes a secdb.
pub struct SecDb {
    id: &'static str,
    title: &'static str,
    base: &'static str,
    ecosystem: &'static str,
    documents: &'static [&'static str],
}

/// Alpine Linux; releases come from the folder.
pub static ALPINE: SecDb = SecDb {
    id: "alpine",
    title: "Alpine secdb",
    base: "https://secdb.alpinelinux.org",
    ecosystem: "Alpine",
    documents: &[],
};

/// Chainguard.
pub static CHAINGUARD: SecDb = SecDb {
    id: "chainguard",
    title: "Chainguard security data",
    base: "https://packages.cgr.dev",
    ecosystem: "Chainguard",
    documents: &["chainguard/security.json"],
};

/// Wolfi.
pub static WOLFI: SecDb = SecDb {
    id: "wolfi",
    title: "Wolfi security data",
    base: "https://packages.wolfi.dev",
    ecosystem: "Wolfi",
    documents: &["os/security.json"],
};

/// The first Alpine release with a secdb, and the last minor number asked for.
const ALPINE_MINORS: std::ops::RangeInclusive<u32> = 2..=40;

#[derive(Deserialize)]
struct Json {
    #[serde(default)]
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    pkg: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    secfixes: Option<BTreeMap<String, Option<Vec<String>>>>,
}

impl Feed for SecDb {
    fn id(&self) -> &'static str {
        self.id
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn base(&self) -> &'static str {
        self.base
    }

    fn folder(&self) -> &'static str {
        self.id
    }

    fn start(&self) -> Vec<Pick> {
        if self.id != "alpine" {
            return self.documents.iter().map(|path| Pick::new(*path)).collect();
        }
        let releases =
            std::iter::once("edge".to_owned()).chain(ALPINE_MINORS.map(|minor| format!("v3.{minor}")));
        let both = |release: String| {
            ["main", "community"].map(|name| Pick::new(format!("{release}/{name}.json")).optional())
        };
        releases.flat_map(both).collect()
    }

    fn reads(&self, path: &str) -> bool {
        if self.id == "alpine" {
            path.ends_with("/main.json") || path.ends_with("/community.json")
        } else {
            path.ends_with("security.json")
        }
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from(self.id)
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let json: Json = serde_json::from_slice(document.bytes)
            .map_err(|error| FeedError::malformed(document.path, error))?;
        let ecosystem = match document.path.split_once('/') {
            Some((release, _)) if self.id == "alpine" => format!("{}:{release}", self.ecosystem),
            _ => self.ecosystem.to_owned(),
        };
        let source = self.source(document.path);
        let mut advisories: BTreeMap<String, Advisory> = BTreeMap::new();
        for Package { name, secfixes } in json.packages.into_iter().map(|entry| entry.pkg) {
            for (version, texts) in secfixes.unwrap_or_default() {
                for id in ids(&texts.unwrap_or_default()) {
                    let mut affected = Affected::new(ecosystem.as_str(), name.clone());
                    let mut events = vec![Event::Introduced("0".to_owned())];
                    affected.status = if version == "0" {
                        FixStatus::NotAffected
                    } else {
                        events.push(Event::Fixed(version.clone()));
                        FixStatus::Fixed
                    };
                    affected.ranges.push(Range { kind: RangeKind::Ecosystem, events });
                    let advisory =
                        advisories.entry(id.clone()).or_insert_with(|| Advisory::new(source.clone(), id));
                    advisory.affected.push(affected);
                }
            }
        }
        advisories.into_values().for_each(|advisory| out.advisory(advisory));
        Ok(())
    }
}

/// The ids of a list of texts.
fn ids(texts: &[String]) -> Vec<String> {
    let mut ids: Vec<String> = texts
        .iter()
        .flat_map(|text| text.split([' ', ',', ';']))
        .map(|word| word.trim_matches(['(', ')', '+', '.', ':']).replace('_', "-"))
        .filter(|word| {
            let (prefix, rest) = word.split_once('-').unwrap_or_default();
            !prefix.is_empty()
                && prefix.chars().all(|c| c.is_ascii_uppercase())
                && rest.chars().any(|c| c.is_ascii_digit())
        })
        .collect();
    if ids.iter().any(|id| !id.starts_with("CGA-")) {
        ids.retain(|id| !id.starts_with("CGA-"));
    }
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    #[test]
    fn ids_are_words_with_a_prefix() {
        let texts = ["CVE-2019-1 (+ regression)", "CVE_2020_2", "XSA-123", "CGA-aaaa-1", "see above"]
            .map(str::to_owned);
        assert_eq!(ids(&texts), ["CVE-2019-1", "CVE-2020-2", "XSA-123"]);
        assert_eq!(ids(&["CGA-aaaa-1".to_owned()]), ["CGA-aaaa-1"]);
    }

    #[test]
    fn version_zero_is_not_affected() {
        let json = r#"{"packages":[{"pkg":{"name":"foo","secfixes":{"1.2-r0":["CVE-2024-1"],"0":["CVE-2024-2"]}}},
            {"pkg":{"name":"bar","secfixes":null}}]}"#;
        let mut batch = Batch::default();
        ALPINE.read(&Document { path: "v3.19/main.json", bytes: json.as_bytes() }, &mut batch).unwrap();
        let said: Vec<(&str, &str, FixStatus)> = batch
            .advisories
            .iter()
            .map(|one| (one.id.as_str(), one.affected[0].ecosystem.as_str(), one.affected[0].status))
            .collect();
        assert_eq!(
            said,
            [
                ("CVE-2024-1", "Alpine:v3.19", FixStatus::Fixed),
                ("CVE-2024-2", "Alpine:v3.19", FixStatus::NotAffected)
            ]
        );
    }
}
