//! `ScanSbom`: a document judged like any inventory, and thrown away (section 22 of the rules).
//!
//! The document is read by the reader that the command line uses. Before that every component is given its number as
//! a location, so that what is found leads back to the component.

use crate::call::Call;
use crate::failure::Failure;
use crate::http::request_id;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use yagura_findings::detect;
use yagura_formats::inspector_scan::shapes::{OutputFormat, ScanSbomRequest, ScanSbomResponse};
use yagura_formats::inspector_scan::{Affected, Component, Found, Scan, cyclonedx, inspector};
use yagura_formats::sbom;
use yagura_model::{Advisories, Detection, Inventory, Severity, Vulnerability};

/// Namespace of the generator's properties.
const GENERATOR: &str = "amazon:inspector:sbom_generator:";

/// Deepest nesting of components.
const DEEPEST: usize = 32;

/// Judges a document. Nothing is stored.
pub(crate) async fn scan(call: &Call<'_>, request: ScanSbomRequest) -> Result<ScanSbomResponse, Failure> {
    let advisories = (call.api.advisories)();
    let advisories = advisories.ok_or_else(|| Failure::Internal("there are no advisories yet".to_owned()))?;
    let (ecosystems, settings, now) = (call.api.ecosystems, call.api.settings.clone(), call.now);
    let work = move || {
        let mut draft = Draft::read(&request.sbom, settings.sbom_components)?;
        let inventory = draft.inventory(&request.sbom, &ecosystems)?;
        let found = draft.judge(&inventory, &*advisories, now);
        let scan = Scan {
            components: draft.components,
            found,
            time: now,
            serial_number: format!("urn:uuid:{}", request_id()),
            version: settings.version.clone(),
        };
        let cyclone = matches!(request.output_format, None | Some(OutputFormat::CycloneDx15));
        Ok(if cyclone { cyclonedx(&scan) } else { inspector(&scan) })
    };
    let document: Result<Value, Failure> = tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Failure::Internal(format!("the scan ended early: {error}")))?;
    Ok(ScanSbomResponse { sbom: Some(document?) })
}

/// A document on its way.
#[derive(Default)]
struct Draft {
    components: Vec<Component>,
    /// Components so far; the number of the last one.
    count: usize,
    /// CVEs that a live patch took care of.
    patched: BTreeSet<String>,
    /// The components as the reader gets them.
    plain: Vec<Value>,
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn properties(value: &Value) -> impl Iterator<Item = (&str, &str)> {
    list(value, "properties")
        .iter()
        .filter_map(|property| Some((text(property, "name")?, text(property, "value")?)))
}

impl Draft {
    fn read(document: &Value, most: usize) -> Result<Draft, Failure> {
        if !document.is_object() {
            return Err(Failure::CannotParse("`sbom` must be a JSON object".to_owned()));
        }
        let format = text(document, "bomFormat").unwrap_or_default();
        let version = text(document, "specVersion").unwrap_or_default();
        if format != "CycloneDX" || version != "1.5" {
            return Err(Failure::UnsupportedSbom("`sbom` must be a CycloneDX 1.5 document".to_owned()));
        }
        let mut draft = Draft::default();
        let metadata = document.get("metadata").unwrap_or(&Value::Null);
        let patched =
            properties(metadata).filter(|(name, _)| *name == format!("{GENERATOR}live_patched_cves"));
        draft.patched = patched.flat_map(|(_, ids)| ids.split(',').map(|id| id.trim().to_owned())).collect();
        for component in list(document, "components") {
            let component = draft.component(component, 0)?;
            draft.components.push(component);
        }
        if draft.count > most {
            let message = format!("the document has {} components; at most {most} are scanned", draft.count);
            return Err(Failure::Invalid(message));
        }
        Ok(draft)
    }

    /// Numbers a component and what is inside it.
    fn component(&mut self, value: &Value, depth: usize) -> Result<Component, Failure> {
        if depth > DEEPEST {
            return Err(Failure::Invalid(format!("components are nested deeper than {DEEPEST} levels")));
        }
        self.count += 1;
        let reference = format!("comp-{}", self.count);
        let mut component = Component {
            reference: reference.clone(),
            kind: text(value, "type").unwrap_or("library").to_owned(),
            name: text(value, "name").unwrap_or_default().to_owned(),
            version: text(value, "version").map(str::to_owned),
            purl: text(value, "purl").map(str::to_owned),
            ..Component::default()
        };
        let mut duplicate = false;
        for (name, found) in properties(value) {
            match name.strip_prefix(GENERATOR) {
                Some("source_path") => component.path = Some(found.to_owned()),
                Some("is_duplicate_package") => duplicate = found == "true",
                Some(name) => {
                    if let Some(id) = name.strip_prefix("dockerfile_finding:") {
                        component.dockerfile.insert(id.to_owned(), found.to_owned());
                    }
                }
                None => {}
            }
        }
        if !duplicate {
            self.plain.push(plain(value, &reference));
        }
        for inside in list(value, "components") {
            let inside = self.component(inside, depth + 1)?;
            component.components.push(inside);
        }
        Ok(component)
    }

    /// The document's packages, each with the number of its component as its location.
    fn inventory(&mut self, document: &Value, ecosystems: &sbom::Ecosystems) -> Result<Inventory, Failure> {
        let flat = json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "metadata": {"component": system_of(document)},
            "components": std::mem::take(&mut self.plain),
        });
        let read = sbom::read(flat.to_string().as_bytes(), ecosystems);
        let mut inventory = read.map_err(|error| Failure::UnsupportedSbom(error.to_string()))?.inventory;
        // Skipped components carry their number as their name.
        let skipped: HashMap<String, String> =
            inventory.unread.drain(..).map(|unread| (unread.path.to_string(), unread.detail)).collect();
        each(&mut self.components, &mut |component| {
            component.warning = skipped.get(&component.reference).cloned()
        });
        Ok(inventory)
    }

    fn judge(
        &mut self,
        inventory: &Inventory,
        advisories: &dyn Advisories,
        now: jiff::Timestamp,
    ) -> Vec<Found> {
        let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
        let judged = detect(inventory, advisories, today);
        let mut found: Vec<Found> = Vec::new();
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        let mut hit: BTreeSet<String> = BTreeSet::new();
        for detection in judged.detections {
            let id = detection.vulnerability.id.to_string();
            let Some(reference) =
                detection.package.locations.first().map(|location| location.path.to_string())
            else {
                continue;
            };
            if self.patched.contains(&id) {
                continue;
            }
            hit.insert(reference.clone());
            let position = *index.entry(id).or_insert_with(|| {
                found.push(new_found(&detection));
                found.len() - 1
            });
            if let Some(entry) = found.get_mut(position) {
                let fixed = detection.fix.versions.first().cloned();
                entry.affects.push(Affected { reference, purl: None, fixed, path: None });
            }
        }
        let known: BTreeMap<String, &yagura_model::Package> = inventory
            .packages
            .iter()
            .filter_map(|package| Some((package.locations.first()?.path.to_string(), package)))
            .collect();
        let malicious: BTreeSet<String> = found
            .iter()
            .filter(|entry| entry.facts.id.as_str().starts_with("MAL-"))
            .flat_map(|entry| entry.affects.iter().map(|affected| affected.reference.clone()))
            .collect();
        let mut places: BTreeMap<String, (Option<String>, Option<String>)> = BTreeMap::new();
        let mut dockerfile: Vec<Found> = Vec::new();
        each(&mut self.components, &mut |component| {
            places.insert(component.reference.clone(), (component.purl.clone(), component.path.clone()));
            component.malicious = malicious.contains(&component.reference);
            if component.kind == "operating-system" {
                component.end_of_life = judged.end_of_life;
            }
            dockerfile.extend(component.dockerfile.keys().map(|id| in_dockerfile(id, &component.reference)));
            if let Some(package) = known.get(&component.reference)
                && !hit.contains(&component.reference)
            {
                component.info = Some(clean_or_unknown(package, advisories, today).to_owned());
            }
        });
        for entry in &mut found {
            entry.affects.sort_by_key(|affected| number(&affected.reference));
            entry.affects.dedup_by(|left, right| left.reference == right.reference);
            for affected in &mut entry.affects {
                if let Some((purl, path)) = places.get(&affected.reference) {
                    affected.purl.clone_from(purl);
                    affected.path.clone_from(path);
                }
            }
        }
        found.extend(dockerfile);
        found
    }
}

/// A component without what the reader must not take for its place; its number is its only location and its name.
fn plain(value: &Value, reference: &str) -> Value {
    let mut properties: Vec<Value> = list(value, "properties")
        .iter()
        .filter(|property| {
            let name = text(property, "name").unwrap_or_default();
            !name.contains("location") && !name.contains("FilePath") && !name.contains("Layer")
        })
        .cloned()
        .collect();
    properties.push(json!({"name": "yagura:location", "value": reference}));
    let system = text(value, "type") == Some("operating-system");
    let name = if system { text(value, "name").unwrap_or_default() } else { reference };
    let mut plain = json!({
        "bom-ref": reference,
        "type": text(value, "type").unwrap_or("library"),
        "name": name,
        "version": text(value, "version").unwrap_or_default(),
        "properties": properties,
    });
    if let (Some(members), Some(purl)) = (plain.as_object_mut(), text(value, "purl")) {
        members.insert("purl".to_owned(), json!(purl));
    }
    plain
}

/// The document's own subject, when it is an operating system.
fn system_of(document: &Value) -> Value {
    let subject = document.get("metadata").and_then(|metadata| metadata.get("component"));
    let system = subject.filter(|subject| text(subject, "type") == Some("operating-system"));
    system.map_or(Value::Null, |system| json!({"type": "operating-system", "name": system.get("name"), "version": system.get("version")}))
}

fn each(components: &mut [Component], visit: &mut dyn FnMut(&mut Component)) {
    for component in components {
        visit(component);
        each(&mut component.components, visit);
    }
}

fn number(reference: &str) -> usize {
    reference.strip_prefix("comp-").and_then(|number| number.parse().ok()).unwrap_or(usize::MAX)
}

fn new_found(detection: &Detection) -> Found {
    Found {
        facts: detection.vulnerability.clone(),
        severity: detection.severity,
        source: detection.source.clone(),
        advisory: detection.advisory.clone(),
        affects: Vec::new(),
    }
}

/// What is said of a package without a vulnerability.
fn clean_or_unknown(
    package: &yagura_model::Package,
    advisories: &dyn Advisories,
    today: jiff::civil::Date,
) -> &'static str {
    let alone = Inventory { packages: vec![package.clone()], ..Inventory::default() };
    if detect(&alone, advisories, today).unjudged > 0 {
        "Component skipped: no rules found."
    } else {
        "Component scanned: no vulnerabilities found."
    }
}

/// A finding that the generator made in a Dockerfile comes back as a vulnerability.
fn in_dockerfile(id: &str, reference: &str) -> Found {
    let severity = match id.get(..13) {
        Some("IN-DOCKER-007") => Severity::Critical,
        Some("IN-DOCKER-005" | "IN-DOCKER-006") => Severity::High,
        _ if id.starts_with("IN-CERTIFICATE") => Severity::Medium,
        _ => Severity::Informational,
    };
    let facts = Vulnerability {
        id: id.into(),
        aliases: Vec::new(),
        summary: "A check of the Dockerfile failed on the lines that the component names.".to_owned(),
        details: String::new(),
        ratings: Vec::new(),
        cwes: Vec::new(),
        published: None,
        modified: None,
        references: Vec::new(),
        epss: None,
        kev: None,
    };
    let affects = vec![Affected { reference: reference.to_owned(), purl: None, fixed: None, path: None }];
    Found { facts, severity, source: "yagura".into(), advisory: id.to_owned(), affects }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(components: Value) -> Value {
        json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components})
    }

    #[test]
    fn r216_other_documents_are_refused() {
        for other in [json!([]), json!({}), json!({"bomFormat": "CycloneDX", "specVersion": "1.4"})] {
            assert!(Draft::read(&other, 10).is_err(), "{other}");
        }
    }

    #[test]
    fn r217_too_many_components_are_refused() {
        let inside = json!([{"name": "a", "components": [{"name": "b"}, {"name": "c"}]}]);
        assert!(Draft::read(&document(inside.clone()), 3).is_ok());
        assert!(matches!(Draft::read(&document(inside), 2), Err(Failure::Invalid(_))));
    }

    #[test]
    fn r220_components_are_numbered_in_document_order() {
        let inside = json!([{"name": "a", "bom-ref": "x", "components": [{"name": "b"}]}, {"name": "c"}]);
        let draft = Draft::read(&document(inside), 10).unwrap();
        let mut references = Vec::new();
        let mut components = draft.components;
        each(&mut components, &mut |component| {
            references.push(format!("{}={}", component.name, component.reference))
        });
        assert_eq!(references, ["a=comp-1", "b=comp-2", "c=comp-3"]);
    }

    #[test]
    fn r226_findings_in_dockerfiles_come_back() {
        let name = format!("{GENERATOR}dockerfile_finding:IN-DOCKER-007-001");
        let file = json!([{"type": "file", "name": "dockerfile:Dockerfile",
            "properties": [{"name": name, "value": "affected_lines:3-3"}]}]);
        let draft = Draft::read(&document(file), 10).unwrap();
        assert_eq!(draft.components[0].dockerfile["IN-DOCKER-007-001"], "affected_lines:3-3");
        assert_eq!(in_dockerfile("IN-DOCKER-007-001", "comp-1").severity, Severity::Critical);
    }

    #[test]
    fn deep_nesting_is_refused() {
        let mut value = json!({"name": "leaf"});
        for _ in 0..100 {
            value = json!({"name": "outer", "components": [value]});
        }
        assert!(matches!(Draft::read(&document(json!([value])), 1000), Err(Failure::Invalid(_))));
    }
}
