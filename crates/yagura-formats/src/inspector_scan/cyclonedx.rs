//! `CYCLONE_DX_1_5`.

use super::rating::{origin, put, ratings, reference};
use super::{Component, Found, Scan, iso};
use crate::inspector2::finding::midnight;
use serde_json::{Map, Value, json};

const NAMESPACE: &str = "amazon:inspector:sbom_scanner:";

/// The scanned document with what was found in it.
pub fn cyclonedx(scan: &Scan) -> Value {
    let counters =
        scan.counts().map(|(word, count)| property(&format!("{word}_vulnerabilities"), &count.to_string()));
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": scan.serial_number,
        "metadata": {
            "properties": counters,
            "tools": {"services": [{"name": "Amazon Inspector Scan SBOM API", "version": scan.version}]},
            "timestamp": iso(scan.time),
        },
        "components": scan.components.iter().map(component).collect::<Vec<_>>(),
    });
    // nothing found, no member.
    if let Some(members) = document.as_object_mut().filter(|_| !scan.found.is_empty()) {
        let found = scan.found.iter().enumerate().map(|(index, found)| vulnerability(index + 1, found));
        members.insert("vulnerabilities".to_owned(), found.collect());
    }
    document
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": format!("{NAMESPACE}{name}"), "value": value})
}

fn component(component: &Component) -> Value {
    let mut out = Map::new();
    put(&mut out, "bom-ref", Some(component.reference.as_str()));
    put(&mut out, "type", Some(component.kind.as_str()));
    put(&mut out, "name", Some(component.name.as_str()));
    put(&mut out, "version", component.version.as_deref());
    put(&mut out, "purl", component.purl.as_deref());
    let mut properties = Vec::new();
    let end = component.end_of_life.and_then(midnight).map(|time| iso(time.0));
    let texts = [
        ("path", component.path.as_deref()),
        ("info", component.info.as_deref()),
        ("warning", component.warning.as_deref()),
        ("end_of_life", end.as_deref()),
        ("is_malicious", component.malicious.then_some("true")),
    ];
    properties.extend(texts.into_iter().filter_map(|(name, text)| Some(property(name, text?))));
    let dockerfile = component.dockerfile.iter();
    properties.extend(dockerfile.map(|(id, lines)| property(&format!("dockerfile_finding:{id}"), lines)));
    put(&mut out, "properties", (!properties.is_empty()).then_some(properties));
    let inside: Vec<Value> = component.components.iter().map(self::component).collect();
    put(&mut out, "components", (!inside.is_empty()).then_some(inside));
    Value::Object(out)
}

fn vulnerability(number: usize, found: &Found) -> Value {
    let facts = &found.facts;
    let (name, url) = origin(found);
    let mut source = Map::from_iter([("name".to_owned(), Value::from(name))]);
    put(&mut source, "url", Some(url).filter(|url| !url.is_empty()));
    let mut out = Map::new();
    put(&mut out, "bom-ref", Some(format!("vuln-{number}")));
    put(&mut out, "id", Some(facts.id.as_str()));
    put(&mut out, "source", Some(Value::Object(source)));
    let own = Some(&found.advisory).filter(|advisory| advisory.as_str() != facts.id.as_str());
    let others = facts.aliases.iter().chain(own.filter(|advisory| !facts.aliases.contains(advisory)));
    let references: Vec<Value> = others.map(|alias| reference(found, alias)).collect();
    put(&mut out, "references", (!references.is_empty()).then_some(references));
    put(&mut out, "ratings", Some(ratings(found)));
    put(&mut out, "cwes", (!facts.cwes.is_empty()).then(|| facts.cwes.clone()));
    put(&mut out, "description", Some(crate::inspector2::finding::description(facts)));
    let advisories: Vec<Value> = facts.references.iter().map(|url| json!({"url": url})).collect();
    put(&mut out, "advisories", (!advisories.is_empty()).then_some(advisories));
    put(&mut out, "created", facts.published.map(iso));
    put(&mut out, "updated", facts.modified.map(iso));
    put(&mut out, "published", facts.published.map(iso));
    let affects: Vec<Value> =
        found.affects.iter().map(|affected| json!({"ref": affected.reference})).collect();
    put(&mut out, "affects", Some(affects));
    let state = if facts.kev.is_some() { "exploitable" } else { "in_triage" };
    put(&mut out, "analysis", Some(json!({"state": state})));
    let mut properties: Vec<Value> = found
        .affects
        .iter()
        .filter_map(|affected| {
            Some(property(&format!("fixed_version:{}", affected.reference), affected.fixed.as_ref()?))
        })
        .collect();
    if let Some(kev) = &facts.kev {
        let day = |day| midnight(day).map(|time| iso(time.0)).unwrap_or_default();
        properties.push(property("exploit_available", "true"));
        properties.push(property("exploit_last_seen_in_public", &day(kev.added)));
        properties.push(property("cisa_kev_date_added", &day(kev.added)));
        properties.extend(kev.due.map(|due| property("cisa_kev_date_due", &day(due))));
    }
    put(&mut out, "properties", (!properties.is_empty()).then_some(properties));
    Value::Object(out)
}
