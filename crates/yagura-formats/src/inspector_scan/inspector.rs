//! `INSPECTOR`, and `INSPECTOR_ALT`.

use super::rating::{nvd, origin, put, vendor, word};
use super::{Component, Found, Scan, iso};
use crate::inspector2::finding::{description, midnight};
use serde_json::{Map, Value, json};
use yagura_model::cvss::version as cvss_version;
use yagura_model::{Severity, cwe_ids};

/// The findings without the components.
pub fn inspector(scan: &Scan) -> Value {
    let counts: Map<String, Value> =
        scan.counts().into_iter().map(|(word, count)| (word.to_owned(), Value::from(count))).collect();
    let mut messages = Vec::new();
    scan.components.iter().for_each(|component| collect(component, &mut messages));
    let mut out = Map::from_iter([("vulnerability_count".to_owned(), Value::Object(counts))]);
    put(&mut out, "messages", (!messages.is_empty()).then_some(messages));
    let found: Vec<Value> = scan.found.iter().map(vulnerability).collect();
    put(&mut out, "vulnerabilities", (!found.is_empty()).then_some(found));
    Value::Object(out)
}

fn collect(component: &Component, messages: &mut Vec<Value>) {
    if let Some(text) = component.info.as_ref().or(component.warning.as_ref()) {
        let mut message = Map::from_iter([("name".to_owned(), Value::from(component.name.as_str()))]);
        put(&mut message, "purl", component.purl.as_deref());
        put(&mut message, "info", Some(text.as_str()));
        messages.push(Value::Object(message));
    }
    component.components.iter().for_each(|inside| collect(inside, messages));
}

fn vulnerability(found: &Found) -> Value {
    let facts = &found.facts;
    let severity = nvd(found).and_then(|rating| rating.score).map_or(found.severity, Severity::from_score);
    let mut out = Map::new();
    put(&mut out, "id", Some(facts.id.as_str()));
    put(&mut out, "severity", Some(word(severity)));
    put(&mut out, "source", Some(origin(found).1).filter(|url| !url.is_empty()));
    put(&mut out, "related", (!facts.aliases.is_empty()).then(|| facts.aliases.clone()));
    put(&mut out, "description", Some(description(facts)));
    put(&mut out, "references", (!facts.references.is_empty()).then(|| facts.references.clone()));
    put(&mut out, "created", facts.published.map(iso));
    put(&mut out, "updated", facts.modified.map(iso));
    put(&mut out, "published", facts.published.map(iso));
    put(&mut out, "properties", Some(properties(found)));
    let affects = found.affects.iter().map(|affected| {
        let mut out = Map::new();
        put(&mut out, "installed_version", affected.purl.as_deref());
        put(&mut out, "fixed_version", affected.fixed.as_deref());
        put(&mut out, "path", affected.path.as_deref());
        Value::Object(out)
    });
    put(&mut out, "affects", Some(affects.collect::<Vec<_>>()));
    Value::Object(out)
}

fn properties(found: &Found) -> Value {
    let facts = &found.facts;
    let mut out = Map::new();
    let cwes = cwe_ids(&facts.cwes);
    put(&mut out, "cwes", (!cwes.is_empty()).then_some(cwes));
    let third = facts.ratings.iter().filter_map(|rating| {
        let (vector, score) = (rating.vector.as_ref()?, rating.score?);
        cvss_version(vector).starts_with('3').then(|| {
            json!({
                "source": vendor(&rating.source),
                "severity": word(Severity::from_score(score)),
                "cvss_3_base_score": score,
                "cvss_3_base_vector": vector,
            })
        })
    });
    let third: Vec<Value> = third.collect();
    put(&mut out, "cvss", (!third.is_empty()).then_some(third));
    put(&mut out, "epss", facts.epss.map(|epss| epss.score));
    if let Some(kev) = &facts.kev {
        let day = |day| midnight(day).map(|time| iso(time.0));
        put(&mut out, "exploit_available", Some(true));
        put(&mut out, "exploit_last_seen_in_public", day(kev.added));
        put(&mut out, "cisa_kev_date_added", day(kev.added));
        put(&mut out, "cisa_kev_date_due", kev.due.and_then(day));
    }
    Value::Object(out)
}
