//! CSAF 2.0 documents of Red Hat and SUSE: advisories (RHSA, SUSE-SU) and VEX (one per CVE).
//!
//! Format: <https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html>; where the documents are:
//! <https://security.access.redhat.com/data/csaf/v2/>, <https://ftp.suse.com/pub/projects/security/>. The product tree relates packages (purls, or NEVRA
//! texts) to product streams (CPEs; SUSE's by name). An advisory's word is what it fixes; a VEX document also says what is
//! affected, not affected, looked into, or will not be fixed. Left out: container images, and "not affected" of
//! single builds, which only repeats that another build has the fix.

mod product;

use crate::archive;
use crate::feed::{Document, Feed, FeedError, From, Pick, Sink, cwe, timestamp};
use crate::rating;
use product::{Part, Products};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use yagura_model::{Advisory, Affected, Event, FixStatus, Range, RangeKind, Rating, Reference, SourceId};

/// A publisher of CSAF and VEX.
pub struct CsafFeed {
    id: &'static str,
    title: &'static str,
    base: &'static str,
}

/// Red Hat.
pub static RED_HAT: CsafFeed =
    CsafFeed { id: "redhat", title: "Red Hat CSAF and VEX", base: "https://security.access.redhat.com/data" };

/// SUSE, whose archives hold one file per CVE or advisory.
pub static SUSE: CsafFeed =
    CsafFeed { id: "suse", title: "SUSE CSAF and VEX", base: "https://ftp.suse.com/pub/projects/security" };

#[derive(Deserialize)]
struct Csaf {
    document: Head,
    product_tree: Option<product::Tree>,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct Head {
    title: Option<String>,
    tracking: Tracking,
    aggregate_severity: Option<Words>,
    #[serde(default)]
    notes: Vec<Note>,
}

#[derive(Deserialize)]
struct Tracking {
    id: String,
    initial_release_date: Option<String>,
    current_release_date: Option<String>,
}

#[derive(Deserialize)]
struct Words {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Note {
    category: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Vulnerability {
    cve: Option<String>,
    title: Option<String>,
    cwe: Option<Weakness>,
    #[serde(default)]
    notes: Vec<Note>,
    #[serde(default)]
    product_status: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    remediations: Vec<Remediation>,
    #[serde(default)]
    scores: Vec<Score>,
    #[serde(default)]
    threats: Vec<Threat>,
    #[serde(default)]
    references: Vec<Link>,
}

#[derive(Deserialize)]
struct Weakness {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Remediation {
    category: String,
    details: Option<String>,
    #[serde(default)]
    product_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Score {
    cvss_v3: Option<Vector>,
    cvss_v2: Option<Vector>,
    cvss_v4: Option<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    vector_string: Option<String>,
}

#[derive(Deserialize)]
struct Threat {
    category: String,
    details: Option<String>,
}

#[derive(Deserialize)]
struct Link {
    url: Option<String>,
}

impl Feed for CsafFeed {
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
        if self.id == "suse" {
            return vec![Pick::new("csaf-vex.tar.bz2").optional()];
        }
        let list = |kind: &str| Pick::new(format!("csaf/v2/{kind}/archive_latest.txt")).optional();
        vec![list("advisories"), list("vex"), Pick::new("csaf-v2.zip").optional()]
    }

    /// OSV has what SUSE fixes; its VEX adds what is not fixed, in some gigabytes.
    fn on_request(&self) -> bool {
        self.id == "suse"
    }

    /// `archive_latest.txt` holds the name of the newest archive beside it.
    fn follow(&self, document: &Document<'_>) -> Vec<Pick> {
        let Some(folder) = document.path.strip_suffix("/archive_latest.txt") else { return Vec::new() };
        let name = String::from_utf8_lossy(document.bytes).trim().to_owned();
        if name.is_empty() || name.contains(['/', '\\']) || !name.ends_with(".tar.zst") {
            return Vec::new();
        }
        // One name in the cache, so that an old archive does not stay beside a new one.
        let path = format!("{folder}/archive.tar.zst");
        vec![Pick { path, from: From::Sibling(name), optional: false }]
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with(".zip") || path.contains(".tar.") || (path.contains("csaf") && path.ends_with(".json"))
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from(self.id)
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let wanted = |name: &str| name.ends_with(".json");
        let mut visit = |name: &str, bytes: Result<&[u8], FeedError>| {
            if let Err(error) = bytes.and_then(|bytes| read_csaf(self.id, name, bytes, out)) {
                out.unread(error.to_string());
            }
        };
        if document.path.ends_with(".zip") {
            archive::each_member(document.path, document.bytes, wanted, &mut visit)
        } else if document.path.contains(".tar.") {
            archive::each_tar_member(document.path, document.bytes, wanted, &mut visit)
        } else {
            read_csaf(self.id, document.path, document.bytes, out)
        }
    }
}

fn read_csaf(source: &'static str, path: &str, bytes: &[u8], out: &mut dyn Sink) -> Result<(), FeedError> {
    let csaf: Csaf = serde_json::from_slice(bytes).map_err(|error| FeedError::malformed(path, error))?;
    let products = Products::new(csaf.product_tree.as_ref());
    let mut advisory = Advisory::new(source, csaf.document.tracking.id);
    let vex = advisory.id.starts_with("CVE-");
    advisory.published = csaf.document.tracking.initial_release_date.as_deref().and_then(timestamp);
    advisory.modified = csaf.document.tracking.current_release_date.as_deref().and_then(timestamp);
    advisory.summary = csaf.document.title.unwrap_or_default();
    advisory.details = note(&csaf.document.notes, "general");
    let word = csaf.document.aggregate_severity.and_then(|words| words.text);
    if let Some(date) = advisory.modified {
        out.dated(date);
    }
    let mut all: BTreeSet<Said> = BTreeSet::new();
    for vulnerability in csaf.vulnerabilities {
        let ratings = ratings(source, &vulnerability, word.as_deref());
        let cwes: Vec<u16> = vulnerability.cwe.iter().filter_map(|one| cwe(one.id.as_deref()?)).collect();
        said(&vulnerability, &products, vex, &mut all);
        let cve = vulnerability.cve.clone().unwrap_or_default();
        if vex {
            advisory.ratings = ratings;
            advisory.cwes = cwes;
            advisory.details = note(&vulnerability.notes, "description");
            let links = vulnerability.references.into_iter().filter_map(|link| link.url);
            advisory.references = links.map(|url| Reference { kind: "WEB".to_owned(), url }).collect();
        } else if !cve.is_empty() {
            let mut facts = crate::feed::Facts::new(source, cve.clone());
            facts.ratings = ratings;
            facts.cwes = cwes;
            facts.summary = vulnerability.title.clone().unwrap_or_default();
            facts.details = note(&vulnerability.notes, "description");
            out.facts(facts);
            advisory.upstream.push(cve);
        }
    }
    if !vex {
        advisory.ratings.extend(word.as_deref().map(|word| rating::from_word(source, word)));
        let url = match source {
            "suse" => format!("https://www.suse.com/support/update/announcement/{}", advisory.id),
            _ => format!("https://access.redhat.com/errata/{}", advisory.id),
        };
        advisory.references.push(Reference { kind: "ADVISORY".to_owned(), url });
    }
    advisory.affected = all.into_iter().map(Said::affected).collect();
    out.advisory(advisory);
    Ok(())
}

/// The ecosystem of a product stream: `enterprise_linux:9::appstream` is `Red Hat:9`, every other stream keeps
/// its name (`Red Hat:rhel_eus:9.2`), because its packages have fixes of their own.
pub fn ecosystem(stream: &str) -> String {
    let stream = stream.split_once("::").map_or(stream, |(stream, _)| stream);
    let release = match stream.strip_prefix("enterprise_linux:") {
        Some(version) => version.split('.').next().unwrap_or(version),
        None => stream,
    };
    format!("Red Hat:{release}")
}

fn note(notes: &[Note], category: &str) -> String {
    notes.iter().find(|note| note.category == category).and_then(|note| note.text.clone()).unwrap_or_default()
}

fn ratings(source: &'static str, vulnerability: &Vulnerability, word: Option<&str>) -> Vec<Rating> {
    let mut ratings: Vec<Rating> = Vec::new();
    for score in &vulnerability.scores {
        for vector in [&score.cvss_v3, &score.cvss_v4, &score.cvss_v2].into_iter().flatten() {
            if let Some(vector) = &vector.vector_string {
                let rating = rating::from_vector(source, vector);
                if !ratings.contains(&rating) {
                    ratings.push(rating);
                }
            }
        }
    }
    let impact = vulnerability.threats.iter().find(|threat| threat.category == "impact");
    let word = impact.and_then(|threat| threat.details.as_deref()).or(word);
    match (ratings.first_mut(), word) {
        (Some(first), Some(word)) => first.word = Some(word.to_owned()),
        (None, Some(word)) => ratings.push(rating::from_word(source, word)),
        _ => {}
    }
    ratings
}

/// A statement before it is written out; architectures of one version fall together.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    ecosystem: String,
    part: Part,
    status: FixStatus,
}

impl Said {
    fn affected(self) -> Affected {
        let mut affected = Affected::new(self.ecosystem.as_str(), self.part.name);
        affected.binary = self.part.binary;
        affected.module = self.part.module;
        affected.status = self.status;
        let mut events = vec![Event::Introduced("0".to_owned())];
        if self.status == FixStatus::Fixed {
            events.extend(self.part.version.map(Event::Fixed));
        }
        affected.ranges.push(Range { kind: RangeKind::Ecosystem, events });
        affected
    }
}

fn said(vulnerability: &Vulnerability, products: &Products<'_>, vex: bool, all: &mut BTreeSet<Said>) {
    let mut plans: BTreeMap<&str, FixStatus> = BTreeMap::new();
    for remediation in &vulnerability.remediations {
        let details = remediation.details.as_deref().unwrap_or_default();
        let status = match (remediation.category.as_str(), details) {
            ("no_fix_planned", "Out of support scope") => FixStatus::EndOfLife,
            ("no_fix_planned", _) => FixStatus::WillNotFix,
            ("none_available", "Fix deferred") => FixStatus::Deferred,
            _ => continue,
        };
        plans.extend(remediation.product_ids.iter().map(|id| (id.as_str(), status)));
    }
    for (state, ids) in &vulnerability.product_status {
        let status = match state.as_str() {
            "fixed" | "first_fixed" | "recommended" => FixStatus::Fixed,
            "known_affected" if vex => FixStatus::Affected,
            "known_not_affected" if vex => FixStatus::NotAffected,
            "under_investigation" if vex => FixStatus::UnderInvestigation,
            _ => continue,
        };
        for id in ids {
            let Some((ecosystem, mut part)) = products.resolve(id) else { continue };
            let status = match status {
                FixStatus::Affected => plans.get(id.as_str()).copied().unwrap_or(status),
                other => other,
            };
            match status {
                FixStatus::Fixed if part.version.is_none() => continue,
                FixStatus::NotAffected if part.version.is_some() => continue,
                FixStatus::Fixed => {}
                _ => part.version = None,
            }
            all.insert(Said { ecosystem, part, status });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    fn read(json: &str) -> Batch {
        let mut batch = Batch::default();
        RED_HAT.read(&Document { path: "csaf/v2/x.json", bytes: json.as_bytes() }, &mut batch).unwrap();
        batch
    }

    #[test]
    fn vex_tells_every_state() {
        let batch = read(include_str!("fixtures/vex.json"));
        insta::assert_json_snapshot!("vex", batch.advisories);
    }

    #[test]
    fn an_advisory_tells_what_it_fixes_and_rates_each_cve() {
        let batch = read(include_str!("fixtures/advisory.json"));
        insta::assert_json_snapshot!("advisory", (batch.advisories, batch.facts.len()));
    }

    #[test]
    fn suse_names_products_and_recommends_fixes() {
        let mut batch = Batch::default();
        let document =
            Document { path: "csaf-vex/cve-2024-0001.json", bytes: include_bytes!("fixtures/suse.json") };
        SUSE.read(&document, &mut batch).unwrap();
        let said: Vec<String> = batch.advisories[0]
            .affected
            .iter()
            .map(|one| {
                let fix = one.ranges[0].events.get(1);
                format!("{}/{} {} {fix:?}", one.ecosystem, one.name, one.status.as_str())
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
        SUSE:Linux Enterprise Server 15 SP5/baz affected None
        SUSE:Linux Enterprise Server 15 SP5/foo fixed Some(Fixed("0:1.2-150500.3.1"))
        openSUSE:Leap 15.6/libbar1 fixed Some(Fixed("0:1.2-150500.3.1"))
        "#);
    }
}
