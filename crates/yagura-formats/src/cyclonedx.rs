//! `cyclonedx`: CycloneDX 1.4, 1.5 and 1.6 JSON. <https://cyclonedx.org/docs/1.6/json/>
//!
//! Components carry purl, licences, the files and layers they were found in, and the dependency graph as far
//! as lockfiles tell it. Detections become `vulnerabilities` with an analysis.

use crate::{Format, Report};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use yagura_model::{Detection, Owner, Package, Severity};

/// One version of the format.
pub struct CycloneDx {
    /// What `--format` takes.
    pub id: &'static str,
    /// `specVersion`.
    pub version: &'static str,
}

impl Format for CycloneDx {
    fn id(&self) -> &'static str {
        self.id
    }

    fn media_type(&self) -> &'static str {
        "application/vnd.cyclonedx+json"
    }

    fn render(&self, report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let references = References::new(report);
        let mut components: Vec<Value> = report.inventory.platform.iter().map(operating_system).collect();
        for (index, package) in report.inventory.packages.iter().enumerate() {
            components.push(component(package, references.of(index), report));
        }
        let mut document = json!({
            "$schema": format!("http://cyclonedx.org/schema/bom-{}.schema.json", self.version),
            "bomFormat": "CycloneDX",
            "specVersion": self.version,
            "serialNumber": serial_number(report),
            "version": 1,
            "metadata": metadata(report, self.version),
            "components": components,
            "dependencies": dependencies(report, &references),
        });
        if report.judged
            && let Some(document) = document.as_object_mut()
        {
            document.insert("vulnerabilities".to_owned(), vulnerabilities(report, &references));
        }
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    }
}

/// The `bom-ref` of each package: its purl, with a counter where several packages share one.
struct References<'a> {
    texts: Vec<String>,
    by_identity: HashMap<Identity<'a>, usize>,
}

type Identity<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, Option<&'a Owner>);

fn identity(package: &Package) -> Identity<'_> {
    let Package { ecosystem, name, version, arch, owner, .. } = package;
    (ecosystem.as_str(), name, version, arch.as_deref(), owner.as_ref())
}

impl<'a> References<'a> {
    fn new(report: &Report<'a>) -> Self {
        let mut used: HashMap<String, usize> = HashMap::new();
        let packages = &report.inventory.packages;
        let texts = packages.iter().map(|package| {
            let purl = (report.purl)(package);
            let count = used.entry(purl.clone()).or_insert(0);
            *count += 1;
            if *count == 1 { purl } else { format!("{purl}#{count}") }
        });
        Self {
            texts: texts.collect(),
            by_identity: packages.iter().enumerate().map(|(at, package)| (identity(package), at)).collect(),
        }
    }

    fn of(&self, index: usize) -> &str {
        self.texts.get(index).map_or("", String::as_str)
    }

    fn of_package(&self, package: &Package) -> Option<&str> {
        self.by_identity.get(&identity(package)).map(|&index| self.of(index))
    }
}

fn metadata(report: &Report<'_>, version: &str) -> Value {
    let tool = json!({ "type": "application", "name": "yagura", "version": report.tool_version });
    // 1.4 knows tools only as a list without types.
    let tools = if version == "1.4" {
        json!([{ "name": "yagura", "version": report.tool_version }])
    } else {
        json!({ "components": [tool] })
    };
    let target = report.target;
    let mut component = json!({
        "type": match target.kind {
            crate::TargetKind::Image => "container",
            crate::TargetKind::Host | crate::TargetKind::Disk => "device",
            _ => "application",
        },
        "bom-ref": "target",
        "name": target.name,
    });
    let identity = target.digest.as_ref().or(target.commit.as_ref());
    if let (Some(identity), Some(component)) = (identity, component.as_object_mut()) {
        component.insert("version".to_owned(), json!(identity));
    }
    let mut metadata = Map::new();
    if let Some(created) = report.created {
        let time = created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        metadata.insert("timestamp".to_owned(), json!(time));
    }
    metadata.insert("tools".to_owned(), tools);
    metadata.insert("component".to_owned(), component);
    // An SBOM that does not say what is missing from it would pass for complete.
    let unread = report.inventory.unread.iter().map(
        |entry| json!({ "name": "yagura:unread", "value": format!("{}: {}", entry.path, entry.detail) }),
    );
    let notes = report.notes.iter().map(|note| json!({ "name": "yagura:note", "value": note }));
    let properties: Vec<Value> = unread.chain(notes).collect();
    if !properties.is_empty() {
        metadata.insert("properties".to_owned(), json!(properties));
    }
    Value::Object(metadata)
}

fn operating_system(platform: &yagura_model::Platform) -> Value {
    json!({
        "type": "operating-system",
        "bom-ref": "operating-system",
        "name": platform.id,
        "version": platform.version,
        "description": platform.name,
    })
}

fn component(package: &Package, reference: &str, report: &Report<'_>) -> Value {
    let mut component = Map::new();
    component.insert("type".to_owned(), json!("library"));
    component.insert("bom-ref".to_owned(), json!(reference));
    let (group, name) = split_name(package);
    if let Some(group) = group {
        component.insert("group".to_owned(), json!(group));
    }
    component.insert("name".to_owned(), json!(name));
    component.insert("version".to_owned(), json!(package.version));
    if package.scope != yagura_model::Scope::Runtime {
        component.insert("scope".to_owned(), json!("optional"));
    }
    if !package.licenses.is_empty() {
        component.insert("licenses".to_owned(), licenses(&package.licenses));
    }
    component.insert("purl".to_owned(), json!((report.purl)(package)));
    component.insert("properties".to_owned(), json!(properties(package)));
    Value::Object(component)
}

/// Maven's group and npm's scope have a field of their own.
fn split_name(package: &Package) -> (Option<&str>, &str) {
    match package.ecosystem.base() {
        "Maven" => {
            package.name.split_once(':').map_or((None, &package.name), |(group, name)| (Some(group), name))
        }
        "npm" if package.name.starts_with('@') => {
            package.name.split_once('/').map_or((None, &package.name), |(scope, name)| (Some(scope), name))
        }
        _ => (None, &package.name),
    }
}

/// A valid expression alone, or a list of ids and names: the schema forbids mixing.
fn licenses(texts: &[String]) -> Value {
    if let [text] = texts
        && spdx::license_id(text).is_none()
        && spdx::Expression::parse(text).is_ok()
    {
        return json!([{ "expression": text }]);
    }
    let list: Vec<Value> = texts
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| match spdx::license_id(text) {
            Some(id) if id.name == text => json!({ "license": { "id": id.name } }),
            _ => json!({ "license": { "name": text } }),
        })
        .collect();
    json!(list)
}

fn properties(package: &Package) -> Vec<Value> {
    let mut properties = Vec::new();
    let mut add = |name: &str, value: &str| properties.push(json!({ "name": name, "value": value }));
    add("yagura:ecosystem", package.ecosystem.as_str());
    for location in &package.locations {
        add("yagura:location", location.path.as_str());
        if let Some(layer) = &location.layer {
            add("yagura:layer", layer.as_str());
        }
    }
    if let Some(source) = &package.source {
        add("yagura:source", &format!("{}@{}", source.name, source.version));
    }
    if let Some(module) = &package.module {
        add("yagura:module", module);
    }
    if let Some(Owner { ecosystem, name, version }) = &package.owner {
        add("yagura:owner", &format!("{name}@{version}"));
        add("yagura:owner-ecosystem", ecosystem.as_str());
    }
    if package.scope == yagura_model::Scope::Development {
        add("yagura:scope", "development");
    }
    properties
}

fn dependencies(report: &Report<'_>, references: &References<'_>) -> Value {
    let mut by_name: HashMap<(&str, String), Vec<usize>> = HashMap::new();
    for (index, package) in report.inventory.packages.iter().enumerate() {
        let ecosystem = package.ecosystem.as_str();
        by_name.entry((ecosystem, package.name.clone())).or_default().push(index);
        by_name.entry((ecosystem, format!("{}@{}", package.name, package.version))).or_default().push(index);
    }
    let mut graph: Vec<Value> = Vec::new();
    let direct: BTreeSet<&str> = report
        .inventory
        .packages
        .iter()
        .enumerate()
        .filter(|(_, package)| package.relation == yagura_model::Relation::Direct)
        .map(|(index, _)| references.of(index))
        .collect();
    graph.push(json!({ "ref": "target", "dependsOn": direct }));
    for (index, package) in report.inventory.packages.iter().enumerate() {
        let needs: BTreeSet<&str> = package
            .depends_on
            .iter()
            .filter_map(|name| by_name.get(&(package.ecosystem.as_str(), name.clone())))
            // An ambiguous name stands for all versions that are there; a few are enough to follow.
            .flat_map(|found| found.iter().take(8))
            .map(|&found| references.of(found))
            .filter(|reference| *reference != references.of(index))
            .collect();
        if !needs.is_empty() {
            graph.push(json!({ "ref": references.of(index), "dependsOn": needs }));
        }
    }
    json!(graph)
}

fn vulnerabilities(report: &Report<'_>, references: &References<'_>) -> Value {
    let mut affected: BTreeMap<&str, Vec<&Detection>> = BTreeMap::new();
    for detection in report.detections {
        affected.entry(detection.vulnerability.id.as_str()).or_default().push(detection);
    }
    let list: Vec<Value> = affected
        .into_iter()
        .filter_map(|(id, detections)| Some(vulnerability(id, detections.first()?, &detections, references)))
        .collect();
    json!(list)
}

fn vulnerability(
    id: &str,
    first: &Detection,
    detections: &[&Detection],
    references: &References<'_>,
) -> Value {
    let facts = &first.vulnerability;
    let affects: BTreeSet<&str> =
        detections.iter().filter_map(|detection| references.of_package(&detection.package)).collect();
    let mut rating = Map::new();
    rating.insert("severity".to_owned(), json!(severity(first.severity)));
    if let Some(source) = &first.score_source {
        rating.insert("source".to_owned(), json!({ "name": source.as_str() }));
    }
    if let Some(score) = first.score {
        rating.insert("score".to_owned(), json!(score));
    }
    if let Some(vector) = &first.vector {
        rating.insert("vector".to_owned(), json!(vector));
        rating.insert("method".to_owned(), json!(method(vector)));
    }
    let fixed: BTreeSet<&str> =
        detections.iter().flat_map(|detection| &detection.fix.versions).map(String::as_str).collect();
    let mut value = json!({
        "bom-ref": format!("vulnerability/{id}"),
        "id": id,
        "source": { "name": first.source.as_str() },
        "ratings": [rating],
        "cwes": facts.cwes,
        "description": facts.summary,
        "affects": affects.iter().map(|reference| json!({ "ref": reference })).collect::<Vec<_>>(),
    });
    let Some(object) = value.as_object_mut() else { return value };
    if !fixed.is_empty() {
        let fixed: Vec<&str> = fixed.into_iter().collect();
        object.insert("recommendation".to_owned(), json!(format!("Update to {}", fixed.join(" or "))));
    }
    let aliases: Vec<Value> = facts
        .aliases
        .iter()
        .map(|alias| json!({ "id": alias, "source": { "name": alias.split('-').next().unwrap_or(alias) } }))
        .collect();
    if !aliases.is_empty() {
        object.insert("references".to_owned(), json!(aliases));
    }
    for (key, time) in [("published", facts.published), ("updated", facts.modified)] {
        if let Some(time) = time {
            object.insert(key.to_owned(), json!(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()));
        }
    }
    if let Some(analysis) = analysis(detections, facts.kev.is_some()) {
        object.insert("analysis".to_owned(), analysis);
    }
    value
}

/// Suppressed everywhere: not affected, with the reason. Known exploited: exploitable. Otherwise nobody looked.
fn analysis(detections: &[&Detection], exploited: bool) -> Option<Value> {
    let decisions: Vec<_> = detections.iter().filter_map(|detection| detection.suppressed.as_ref()).collect();
    if decisions.len() == detections.len() {
        let decision = decisions.first()?;
        let detail = decision.reason.clone().unwrap_or_else(|| decision.by.clone());
        return Some(json!({ "state": "not_affected", "detail": detail }));
    }
    Some(json!({ "state": if exploited { "exploitable" } else { "in_triage" } }))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Informational => "info",
        Severity::Untriaged => "unknown",
    }
}

fn method(vector: &str) -> &'static str {
    match () {
        () if vector.starts_with("CVSS:4") => "CVSSv4",
        () if vector.starts_with("CVSS:3.1") => "CVSSv31",
        () if vector.starts_with("CVSS:3") => "CVSSv3",
        () => "CVSSv2",
    }
}

/// A UUID that is the same for the same content at the same time, so that output is reproducible.
fn serial_number(report: &Report<'_>) -> String {
    let mut state: [u64; 2] = [0xcbf2_9ce4_8422_2325, 0x9ae1_6a3b_2f90_404f];
    let mut mix = |text: &str| {
        for byte in text.bytes().chain([0]) {
            state[0] = (state[0] ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            state[1] = (state[1] ^ state[0].rotate_left(17)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    };
    mix(&report.target.name);
    mix(&report.created.map(|time| time.to_string()).unwrap_or_default());
    mix(report.target.digest.as_ref().or(report.target.commit.as_ref()).map_or("", String::as_str));
    for package in &report.inventory.packages {
        mix(package.ecosystem.as_str());
        mix(&package.name);
        mix(&package.version);
    }
    for detection in report.detections {
        mix(detection.vulnerability.id.as_str());
    }
    let [high, low] = state;
    format!(
        "urn:uuid:{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        (low >> 48) & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}
