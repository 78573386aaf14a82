//! NVD's yearly files, formats 1.1 and 2.0: scores, descriptions and CWEs.
//!
//! Formats: <https://nvd.nist.gov/vuln/data-feeds>. Left out on purpose: configurations. CPE names are no
//! package names, and the distributions' and ecosystems' own advisories decide (R-158).

use crate::archive;
use crate::feed::{Document, Facts, Feed, FeedError, Pick, Sink, cwe, timestamp};
use crate::rating;
use serde::Deserialize;
use yagura_model::SourceId;

/// The first year with a file of its own.
const FIRST_YEAR: u16 = 2002;
/// The last year asked for; files of years to come are missing and optional.
const LAST_YEAR: u16 = 2040;

/// The yearly files.
pub struct Nvd;

#[derive(Deserialize)]
struct New {
    timestamp: Option<String>,
    vulnerabilities: Vec<NewItem>,
}

#[derive(Deserialize)]
struct NewItem {
    cve: NewCve,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewCve {
    id: String,
    published: Option<String>,
    last_modified: Option<String>,
    vuln_status: Option<String>,
    #[serde(default)]
    descriptions: Vec<Text>,
    #[serde(default)]
    metrics: Metrics,
    #[serde(default)]
    weaknesses: Vec<Weakness>,
    #[serde(default)]
    references: Vec<Link>,
}

#[derive(Deserialize)]
struct Text {
    lang: String,
    value: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metrics {
    cvss_metric_v40: Vec<Metric>,
    cvss_metric_v31: Vec<Metric>,
    cvss_metric_v30: Vec<Metric>,
    cvss_metric_v2: Vec<Metric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    source: Option<String>,
    cvss_data: Vector,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    vector_string: String,
}

#[derive(Deserialize)]
struct Weakness {
    #[serde(default)]
    description: Vec<Text>,
}

#[derive(Deserialize)]
struct Link {
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldItem {
    cve: OldCve,
    #[serde(default)]
    impact: Impact,
    published_date: Option<String>,
    last_modified_date: Option<String>,
}

#[derive(Deserialize)]
struct Old {
    #[serde(rename = "CVE_data_timestamp")]
    timestamp: Option<String>,
    #[serde(rename = "CVE_Items")]
    items: Vec<OldItem>,
}

#[derive(Deserialize)]
struct OldCve {
    #[serde(rename = "CVE_data_meta")]
    meta: OldMeta,
    #[serde(default)]
    problemtype: OldProblems,
    #[serde(default)]
    references: OldLinks,
    description: OldTexts,
}

#[derive(Deserialize)]
struct OldMeta {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OldProblems {
    problemtype_data: Vec<Weakness>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OldLinks {
    reference_data: Vec<Link>,
}

#[derive(Deserialize)]
struct OldTexts {
    #[serde(default)]
    description_data: Vec<Text>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Impact {
    base_metric_v3: Option<MetricV3>,
    base_metric_v2: Option<MetricV2>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetricV3 {
    cvss_v3: Vector,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetricV2 {
    cvss_v2: Vector,
}

impl Feed for Nvd {
    fn id(&self) -> &'static str {
        "nvd"
    }

    fn title(&self) -> &'static str {
        "NVD"
    }

    fn base(&self) -> &'static str {
        "https://nvd.nist.gov/feeds/json/cve"
    }

    fn folder(&self) -> &'static str {
        "nvd"
    }

    fn start(&self) -> Vec<Pick> {
        (FIRST_YEAR..=LAST_YEAR)
            .map(|year| Pick::new(format!("2.0/nvdcve-2.0-{year}.json.gz")).optional())
            .collect()
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with(".json.gz") || path.ends_with(".json")
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from("nvd")
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = archive::unpack(document.path, document.bytes)?;
        let malformed = |error: serde_json::Error| FeedError::malformed(document.path, error);
        if document.path.contains("1.1") {
            let file: Old = serde_json::from_slice(&bytes).map_err(malformed)?;
            // `2022-10-20T07:00Z` has no seconds.
            if let Some(date) = file.timestamp.and_then(|stamp| timestamp(&stamp.replace('Z', ":00Z"))) {
                out.dated(date);
            }
            file.items.into_iter().for_each(|item| old(item, out));
        } else {
            let file: New = serde_json::from_slice(&bytes).map_err(malformed)?;
            if let Some(date) = file.timestamp.as_deref().and_then(timestamp) {
                out.dated(date);
            }
            file.vulnerabilities.into_iter().for_each(|item| new(item.cve, out));
        }
        Ok(())
    }
}

fn new(cve: NewCve, out: &mut dyn Sink) {
    if cve.vuln_status.as_deref() == Some("Rejected") {
        return;
    }
    let mut facts = Facts::new("nvd", cve.id);
    let Metrics { cvss_metric_v31, cvss_metric_v30, cvss_metric_v40, cvss_metric_v2 } = cve.metrics;
    for metric in [cvss_metric_v31, cvss_metric_v30, cvss_metric_v40, cvss_metric_v2].into_iter().flatten() {
        // NVD repeats what CNAs say; only its own rating is `nvd`.
        let source = match metric.source.as_deref() {
            None | Some("nvd@nist.gov") => "nvd",
            Some(other) => other,
        };
        facts.ratings.push(rating::from_vector(source, &metric.cvss_data.vector_string));
    }
    facts.details = english(cve.descriptions);
    facts.cwes = weaknesses(&cve.weaknesses);
    facts.references = cve.references.into_iter().map(|link| link.url).collect();
    facts.published = cve.published.as_deref().and_then(timestamp);
    facts.modified = cve.last_modified.as_deref().and_then(timestamp);
    out.facts(facts);
}

fn old(item: OldItem, out: &mut dyn Sink) {
    let mut facts = Facts::new("nvd", item.cve.meta.id);
    let v3 = item.impact.base_metric_v3.map(|metric| metric.cvss_v3.vector_string);
    let v2 = item.impact.base_metric_v2.map(|metric| metric.cvss_v2.vector_string);
    facts.ratings =
        [v3, v2].into_iter().flatten().map(|vector| rating::from_vector("nvd", &vector)).collect();
    facts.details = english(item.cve.description.description_data);
    facts.cwes = weaknesses(&item.cve.problemtype.problemtype_data);
    facts.references = item.cve.references.reference_data.into_iter().map(|link| link.url).collect();
    let stamp = |text: Option<String>| text.and_then(|text| timestamp(&text.replace('Z', ":00Z")));
    facts.published = stamp(item.published_date);
    facts.modified = stamp(item.last_modified_date);
    if !facts.details.starts_with("** REJECT **") {
        out.facts(facts);
    }
}

fn english(texts: Vec<Text>) -> String {
    texts.into_iter().find(|text| text.lang == "en").map(|text| text.value).unwrap_or_default()
}

fn weaknesses(weaknesses: &[Weakness]) -> Vec<u16> {
    let mut cwes: Vec<u16> = weaknesses
        .iter()
        .flat_map(|weakness| &weakness.description)
        .filter_map(|text| cwe(&text.value))
        .collect();
    cwes.sort_unstable();
    cwes.dedup();
    cwes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    fn read(path: &str, text: &str) -> Batch {
        let mut batch = Batch::default();
        Nvd.read(&Document { path, bytes: text.as_bytes() }, &mut batch).unwrap();
        batch
    }

    #[test]
    fn both_formats_give_the_same_facts() {
        let new = r#"{"timestamp":"2022-10-20T07:00:00.000","vulnerabilities":[{"cve":{"id":"CVE-2022-1",
            "published":"2022-03-11T18:15:00.000","lastModified":"2022-08-19T12:28:00.000","descriptions":[
            {"lang":"en","value":"prose"}],"metrics":{"cvssMetricV31":[{"source":"nvd@nist.gov","cvssData":
            {"vectorString":"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:C/C:H/I:N/A:N"}}],"cvssMetricV2":[{"cvssData":
            {"vectorString":"AV:L/AC:L/Au:N/C:P/I:N/A:N"}}]},"weaknesses":[{"description":[{"lang":"en",
            "value":"CWE-79"}]}],"references":[{"url":"https://example.org"}]}}]}"#;
        let old = r#"{"CVE_data_timestamp":"2022-10-20T07:00Z","CVE_Items":[{"cve":{"CVE_data_meta":{"ID":
            "CVE-2022-1"},"problemtype":{"problemtype_data":[{"description":[{"lang":"en","value":"CWE-79"}]}]},
            "references":{"reference_data":[{"url":"https://example.org"}]},"description":{"description_data":[
            {"lang":"en","value":"prose"}]}},"impact":{"baseMetricV3":{"cvssV3":{"vectorString":
            "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:C/C:H/I:N/A:N"}},"baseMetricV2":{"cvssV2":{"vectorString":
            "AV:L/AC:L/Au:N/C:P/I:N/A:N"}}},"publishedDate":"2022-03-11T18:15Z",
            "lastModifiedDate":"2022-08-19T12:28Z"}]}"#;
        let (new, old) = (read("2.0/a.json", new), read("1.1/nvdcve-1.1-2022.json", old));
        assert_eq!(new, old);
        let scores: Vec<Option<f64>> = new.facts[0].ratings.iter().map(|rating| rating.score).collect();
        assert_eq!(scores, [Some(6.5), Some(2.1)]);
    }
}
