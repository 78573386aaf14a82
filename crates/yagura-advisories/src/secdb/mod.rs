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
                for (id, aliases) in ids(&texts.unwrap_or_default()) {
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
                    advisory.aliases.extend(aliases);
                    advisory.aliases.sort_unstable();
                    advisory.aliases.dedup();
                }
            }
        }
        advisories.into_values().for_each(|advisory| out.advisory(advisory));
        Ok(())
    }
}

/// The ids of a list of texts, each with its other names. A text is one problem: where it names CVEs, what else it
/// names (`XSA-453`, `VSV00013`) is the same under another name.
fn ids(texts: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in texts {
        let words = text.split([' ', ',', ';', '/']).map(word).filter(|word| is_id(word));
        let (cves, others): (Vec<String>, Vec<String>) = words.partition(|word| word.starts_with("CVE-"));
        match cves.as_slice() {
            [] => all.extend(others.into_iter().map(|id| (id, Vec::new()))),
            [cve] => all.entry(cve.clone()).or_default().extend(others),
            _ => all.extend(cves.into_iter().map(|id| (id, Vec::new()))),
        }
    }
    if all.keys().any(|id| !id.starts_with("CGA-")) {
        all.retain(|id, _| !id.starts_with("CGA-"));
    }
    all
}

fn word(text: &str) -> String {
    text.trim_matches(['(', ')', '+', '.', ':']).replace('_', "-")
}

/// A prefix of capitals, a hyphen, and a number somewhere behind it: `CVE-2024-1`, `DW202402-001`. Varnish's
/// numbers have no hyphen.
fn is_id(word: &str) -> bool {
    let (prefix, rest) = match word.strip_prefix("VSV") {
        Some(rest) => ("VSV", rest),
        None => word.split_once('-').unwrap_or_default(),
    };
    prefix.len() > 1
        && prefix.starts_with(|c: char| c.is_ascii_uppercase())
        && prefix.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        && rest.chars().any(|c| c.is_ascii_digit())
        && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    fn said(texts: &[&str]) -> String {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        ids(&texts)
            .into_iter()
            .map(|(id, aliases)| std::iter::once(id).chain(aliases).collect::<Vec<_>>().join("="))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn ids_are_words_with_a_prefix() {
        assert_eq!(
            said(&["CVE-2019-1 (+ regression)", "CVE_2020_2", "XSA-123", "CGA-aaaa-1", "see above"]),
            "CVE-2019-1 CVE-2020-2 XSA-123"
        );
        assert_eq!(said(&["CGA-aaaa-1"]), "CGA-aaaa-1");
        assert_eq!(said(&["DW202402-001", "CVE-????-?????", "(802.11)"]), "DW202402-001");
    }

    #[test]
    fn one_text_is_one_problem() {
        assert_eq!(
            said(&["CVE-2024-2193 XSA-453", "CVE-2023-44487 VSV00013"]),
            "CVE-2023-44487=VSV00013 CVE-2024-2193=XSA-453"
        );
        // Several CVEs cannot share an alias: they would be merged.
        assert_eq!(said(&["CVE-2020-1 CVE-2020-2 XSA-1"]), "CVE-2020-1 CVE-2020-2");
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
