//! Ratings of a vulnerability as the scan prints them.

use super::Found;
use crate::inspector2::words::{source, source_url};
use jiff::civil::Date;
use serde_json::{Map, Value, json};
use yagura_model::cvss::version as cvss_version;
use yagura_model::{Epss, Rating, Severity, SourceId};

/// The name in ratings of advisories without a CVE and of Dockerfile findings.
pub(super) const OURS: &str = "AMAZON_INSPECTOR";

/// The severity that the counters see: NVD's, else ours, else other.
pub(super) fn counted(found: &Found) -> &'static str {
    let severity = match nvd(found) {
        Some(rating) => rating.score.map(Severity::from_score),
        None if !found.facts.id.is_cve() => Some(found.severity),
        None => None,
    };
    match severity {
        Some(Severity::Critical) => "critical",
        Some(Severity::High) => "high",
        Some(Severity::Medium) => "medium",
        Some(Severity::Low) => "low",
        _ => "other",
    }
}

/// The word of a severity in ratings.
pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Informational => "info",
        Severity::Untriaged => "unknown",
    }
}

/// NVD's rating: version 3, else version 2.
pub(super) fn nvd(found: &Found) -> Option<&Rating> {
    let of = |version: &str| {
        found.facts.ratings.iter().find(|rating| rating.source.as_str() == "nvd" && has(rating, version))
    };
    of("3").or_else(|| of("2"))
}

fn has(rating: &Rating, version: &str) -> bool {
    rating.score.is_some()
        && rating.vector.as_deref().is_some_and(|vector| cvss_version(vector).starts_with(version))
}

/// All ratings, NVD first, then vendors, then EPSS.
pub(super) fn ratings(found: &Found) -> Vec<Value> {
    let id = found.facts.id.as_str();
    let mut out: Vec<Value> = nvd(found).and_then(|rating| cvss(rating, id)).into_iter().collect();
    let vendors = found.facts.ratings.iter().filter(|rating| rating.source.as_str() != "nvd");
    out.extend(vendors.filter_map(|rating| cvss(rating, id)));
    if !found.facts.id.is_cve() {
        let named = json!({"name": OURS});
        out.push(json!({"source": named, "severity": word(found.severity), "method": "other"}));
    }
    out.extend(found.facts.epss.map(|score| epss(&score, id)));
    out
}

fn cvss(rating: &Rating, id: &str) -> Option<Value> {
    let (vector, score) = (rating.vector.as_ref()?, rating.score?);
    let method = match cvss_version(vector) {
        "3.1" => "CVSSv31",
        "3.0" => "CVSSv3",
        "2.0" => "CVSSv2",
        "4.0" => "CVSSv4",
        _ => "other",
    };
    Some(json!({
        "source": {"name": vendor(&rating.source), "url": source_url(&rating.source, id, id)},
        "severity": word(Severity::from_score(score)),
        "score": (score * 10.0).round() / 10.0,
        "method": method,
        "vector": vector,
    }))
}

/// A vendor's name in ratings.
pub(super) fn vendor(id: &SourceId) -> String {
    let name = match id.as_str() {
        "nvd" => "NVD",
        "amazon" => "Amazon Linux",
        "debian" | "osv/Debian" => "Debian",
        "osv/Ubuntu" | "ubuntu" => "Ubuntu Linux",
        "redhat" => "Red Hat",
        "alpine" => "Alpine Linux",
        "cve" => "MITRE",
        "github" => "GITHUB",
        // Language advisories in OSV are GitHub's, or carry its rating.
        other if other.starts_with("osv/") => "GITHUB",
        _ => return source(id),
    };
    name.to_owned()
}

fn epss(score: &Epss, id: &str) -> Value {
    // Models change rarely; FIRST names them by their first day.
    let second = Date::constant(2025, 3, 17);
    let model = if score.date >= second { "v2025.03.14" } else { "v2023.03.01" };
    json!({
        "source": {"name": "EPSS", "url": format!("https://api.first.org/data/v1/epss?cve={id}")},
        "severity": "none",
        "score": score.score,
        "method": "other",
        "vector": format!("model:{model},date:{}T00:00:00+0000", score.date),
    })
}

/// Name and page of the source of a vulnerability: NVD for CVEs, else the advisory's own.
pub(super) fn origin(found: &Found) -> (String, String) {
    let id = found.facts.id.as_str();
    if found.facts.id.is_cve() {
        return ("NVD".to_owned(), format!("https://nvd.nist.gov/vuln/detail/{id}"));
    }
    if id.starts_with("IN-") {
        return (OURS.to_owned(), String::new());
    }
    let name = id.split('-').next().unwrap_or(id).to_owned();
    (name, source_url(&found.source, &found.advisory, id))
}

/// The same for another id of a vulnerability.
pub(super) fn reference(found: &Found, alias: &str) -> Value {
    let name = alias.split('-').next().unwrap_or(alias);
    let url = match name {
        "CVE" => format!("https://nvd.nist.gov/vuln/detail/{alias}"),
        "GHSA" => format!("https://github.com/advisories/{alias}"),
        _ => source_url(&found.source, alias, alias),
    };
    let name = match name {
        "CVE" => "NVD",
        "GHSA" => "GITHUB",
        name => name,
    };
    json!({"id": alias, "source": {"name": name, "url": url}})
}

/// Inserts what there is.
pub(super) fn put(object: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value.into());
    }
}
