//! CVE records (JSON 5.x) in the layout of `cvelistV5`: descriptions, CWEs and scores of the CNA and of CISA's
//! vulnrichment.
//!
//! Format: <https://cveproject.github.io/cve-schema/>. Left out: `affected`, which names products and not
//! packages, and rejected records.

use crate::archive;
use crate::feed::{Document, Facts, Feed, FeedError, Pick, Sink, cwe, timestamp};
use crate::rating;
use serde::Deserialize;
use yagura_model::SourceId;

/// The list of CVE records.
pub struct Cve;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    cve_metadata: Metadata,
    containers: Containers,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    cve_id: String,
    state: Option<String>,
    assigner_short_name: Option<String>,
    date_published: Option<String>,
    date_updated: Option<String>,
}

#[derive(Deserialize)]
struct Containers {
    cna: Option<Container>,
    #[serde(default)]
    adp: Vec<Container>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    title: Option<String>,
    provider_metadata: Option<Provider>,
    #[serde(default)]
    descriptions: Vec<Text>,
    #[serde(default)]
    problem_types: Vec<Problem>,
    #[serde(default)]
    metrics: Vec<Metric>,
    #[serde(default)]
    references: Vec<Link>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    short_name: Option<String>,
}

#[derive(Deserialize)]
struct Text {
    lang: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    descriptions: Vec<Weakness>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Weakness {
    cwe_id: Option<String>,
}

#[derive(Deserialize)]
struct Metric {
    #[serde(rename = "cvssV2_0")]
    v2: Option<Vector>,
    #[serde(rename = "cvssV3_0")]
    v30: Option<Vector>,
    #[serde(rename = "cvssV3_1")]
    v31: Option<Vector>,
    #[serde(rename = "cvssV4_0")]
    v4: Option<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    vector_string: Option<String>,
}

#[derive(Deserialize)]
struct Link {
    url: Option<String>,
}

impl Feed for Cve {
    fn id(&self) -> &'static str {
        "cve"
    }

    fn title(&self) -> &'static str {
        "CVE records"
    }

    fn base(&self) -> &'static str {
        "https://github.com/CVEProject/cvelistV5"
    }

    fn folder(&self) -> &'static str {
        "cve5"
    }

    fn start(&self) -> Vec<Pick> {
        vec![Pick::at("cves.zip", "https://github.com/CVEProject/cvelistV5/archive/refs/heads/main.zip")]
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with(".zip") || is_record(path)
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from("cve")
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        if !document.path.ends_with(".zip") {
            return read_record(document.path, document.bytes, out);
        }
        archive::each_member(document.path, document.bytes, is_record, &mut |name, bytes| {
            if let Err(error) = bytes.and_then(|bytes| read_record(name, bytes, out)) {
                out.unread(error.to_string());
            }
        })
    }
}

fn is_record(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with("CVE-") && name.ends_with(".json"))
}

fn read_record(path: &str, bytes: &[u8], out: &mut dyn Sink) -> Result<(), FeedError> {
    let record: Record = serde_json::from_slice(bytes).map_err(|error| FeedError::malformed(path, error))?;
    let Metadata { cve_id, state, assigner_short_name, date_published, date_updated } = record.cve_metadata;
    if state.as_deref() == Some("REJECTED") {
        return Ok(());
    }
    let mut facts = Facts::new("cve", cve_id);
    facts.published = date_published.as_deref().and_then(timestamp);
    facts.modified = date_updated.as_deref().and_then(timestamp);
    if let Some(modified) = facts.modified {
        out.dated(modified);
    }
    let assigner = assigner_short_name.unwrap_or_else(|| "cna".to_owned());
    for (container, cna) in record
        .containers
        .cna
        .iter()
        .map(|cna| (cna, true))
        .chain(record.containers.adp.iter().map(|adp| (adp, false)))
    {
        let source =
            match container.provider_metadata.as_ref().and_then(|provider| provider.short_name.as_deref()) {
                _ if cna => assigner.to_ascii_lowercase(),
                Some(name) => name.to_ascii_lowercase(),
                None => "adp".to_owned(),
            };
        for metric in &container.metrics {
            for vector in [&metric.v31, &metric.v30, &metric.v4, &metric.v2].into_iter().flatten() {
                if let Some(vector) = &vector.vector_string {
                    facts.ratings.push(rating::from_vector(source.clone(), vector));
                }
            }
        }
        let weaknesses = container.problem_types.iter().flat_map(|problem| &problem.descriptions);
        facts.cwes.extend(weaknesses.filter_map(|weakness| cwe(weakness.cwe_id.as_deref()?)));
        facts.references.extend(container.references.iter().filter_map(|link| link.url.clone()));
        if cna {
            facts.summary = container.title.clone().unwrap_or_default();
            let english = container.descriptions.iter().find(|text| {
                text.lang
                    .as_deref()
                    .is_some_and(|lang| lang.get(..2).is_some_and(|lang| lang.eq_ignore_ascii_case("en")))
            });
            facts.details = english.and_then(|text| text.value.clone()).unwrap_or_default();
        }
    }
    facts.cwes.sort_unstable();
    facts.cwes.dedup();
    out.facts(facts);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    #[test]
    fn cna_and_vulnrichment_are_told_apart() {
        let json = r#"{"cveMetadata":{"cveId":"CVE-2024-1","state":"PUBLISHED","assignerShortName":"GitHub_M",
            "datePublished":"2024-01-01T00:00:00.000Z"},"containers":{"cna":{"title":"t","descriptions":[
            {"lang":"fr","value":"non"},{"lang":"en-US","value":"prose"}],"metrics":[{"cvssV3_1":{"vectorString":
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}]},"adp":[{"providerMetadata":{"shortName":"CISA-ADP"},
            "problemTypes":[{"descriptions":[{"cweId":"CWE-79"}]}],"metrics":[{"cvssV3_1":{"vectorString":
            "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}]}]}}"#;
        let mut batch = Batch::default();
        Cve.read(&Document { path: "cves/2024/0xxx/CVE-2024-1.json", bytes: json.as_bytes() }, &mut batch)
            .unwrap();
        let facts = &batch.facts[0];
        let sources: Vec<&str> = facts.ratings.iter().map(|rating| rating.source.as_str()).collect();
        assert_eq!(sources, ["github_m", "cisa-adp"]);
        assert_eq!(
            (facts.summary.as_str(), facts.details.as_str(), &facts.cwes[..]),
            ("t", "prose", &[79][..])
        );
    }
}
