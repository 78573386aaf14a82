//! CycloneDX JSON. <https://cyclonedx.org/docs/1.6/json/>
//!
//! Besides the purl: licences, scope, evidence, nesting, the dependency graph, and the properties in which
//! syft, trivy and Yagura keep what a purl cannot say.

use super::{Component, Draft, Ecosystems, Graph, Sbom, SbomError, list, locations, platform, text};
use serde_json::Value;
use yagura_model::{EcosystemId, Owner, Package, Scope, SourcePackage};

const VERSIONS: &[&str] = &["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];

/// Components that are never packages; without a purl they are not worth a word.
const NOT_PACKAGES: &[&str] =
    &["file", "container", "device", "data", "cryptographic-asset", "machine-learning-model", "platform"];

pub(super) fn read(document: &Value, ecosystems: &Ecosystems) -> Result<Sbom, SbomError> {
    let version = text(document, "specVersion").unwrap_or("without version");
    let format = format!("CycloneDX {version}");
    if !VERSIONS.contains(&version) {
        return Err(SbomError::Unsupported { format });
    }
    let metadata = document.get("metadata").unwrap_or(&Value::Null);
    let root = metadata.get("component").unwrap_or(&Value::Null);
    let mut draft = Draft::default();
    // The document's own order; nesting is as deep as the JSON parser allows.
    let mut open: Vec<&Value> = list(document, "components").iter().rev().collect();
    if text(root, "type") == Some("operating-system") {
        operating_system(&mut draft, root);
    }
    open.extend(list(root, "components").iter().rev());
    while let Some(component) = open.pop() {
        open.extend(list(component, "components").iter().rev());
        one(&mut draft, component, ecosystems);
    }
    let mut graph = Graph { root: text(root, "bom-ref"), ..Graph::default() };
    for entry in list(document, "dependencies") {
        if let Some(from) = text(entry, "ref") {
            let needs = list(entry, "dependsOn").iter().filter_map(Value::as_str);
            graph.needs.entry(from).or_default().extend(needs);
        }
    }
    let name = text(root, "name").map(str::to_owned);
    Ok(Sbom { format, name, inventory: draft.finish(&graph, ecosystems) })
}

fn operating_system(draft: &mut Draft<'_>, component: &Value) {
    if draft.platform.is_none()
        && let Some(name) = text(component, "name")
    {
        let version = text(component, "version").unwrap_or_default();
        draft.platform = Some(platform(name, version, text(component, "description")));
    }
}

fn one<'a>(draft: &mut Draft<'a>, component: &'a Value, ecosystems: &Ecosystems) {
    let kind = text(component, "type").unwrap_or_default();
    if kind == "operating-system" {
        return operating_system(draft, component);
    }
    let properties = Properties(list(component, "properties"));
    let entry = Component {
        reference: text(component, "bom-ref").unwrap_or_default(),
        name: text(component, "name").unwrap_or_default(),
        version: text(component, "version").unwrap_or_default(),
        purl: text(component, "purl"),
    };
    // Trivy lists lockfiles as applications that only group their packages.
    let groups = properties.get("aquasecurity:trivy:Class").is_some();
    if entry.purl.is_none() && (NOT_PACKAGES.contains(&kind) || groups) {
        return;
    }
    draft.add(&entry, ecosystems, |package| fill(package, component, &properties));
}

fn fill(package: &mut Package, component: &Value, properties: &Properties<'_>) {
    if let Some(ecosystem) = properties.get("yagura:ecosystem") {
        package.ecosystem = EcosystemId::from(ecosystem);
    }
    package.licenses = licenses(component);
    let development = properties.get("yagura:scope") == Some("development")
        || properties.get("cdx:npm:package:development") == Some("true");
    package.scope = match text(component, "scope") {
        _ if development => Scope::Development,
        Some("optional") => Scope::Optional,
        Some("excluded") => Scope::Development,
        _ => Scope::Runtime,
    };
    package.locations = locations(places(component, properties));
    if let Some(source) = source(package, properties) {
        package.source = Some(source);
    }
    let module = ["yagura:module", "aquasecurity:trivy:Modularitylabel", "syft:metadata:modularityLabel"];
    if let Some(module) = module.into_iter().find_map(|name| properties.get(name)) {
        package.module = Some(module.to_owned());
    }
    if let Some((name, version)) = properties.get("yagura:owner").and_then(|owner| owner.rsplit_once('@')) {
        let ecosystem = properties.get("yagura:owner-ecosystem").unwrap_or_default();
        package.owner = Some(Owner {
            ecosystem: EcosystemId::from(ecosystem),
            name: name.to_owned(),
            version: version.to_owned(),
        });
    }
}

/// Name and value pairs; a name may appear several times.
struct Properties<'a>(&'a [Value]);

impl<'a> Properties<'a> {
    fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.0.iter().filter_map(|property| Some((text(property, "name")?, text(property, "value")?)))
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.pairs().find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value)
    }
}

fn licenses(component: &Value) -> Vec<String> {
    list(component, "licenses")
        .iter()
        .filter_map(|choice| {
            let license = choice.get("license").unwrap_or(&Value::Null);
            text(choice, "expression").or_else(|| text(license, "id")).or_else(|| text(license, "name"))
        })
        .map(str::to_owned)
        .collect()
}

/// Paths with the layers that brought them.
fn places<'a>(component: &'a Value, properties: &Properties<'a>) -> Vec<(String, Option<&'a str>)> {
    let mut places: Vec<(String, Option<&str>)> = Vec::new();
    let evidence = component.get("evidence").unwrap_or(&Value::Null);
    for occurrence in list(evidence, "occurrences") {
        if let Some(path) = text(occurrence, "location") {
            places.push((path.to_owned(), None));
        }
    }
    let trivy_layer = properties.get("aquasecurity:trivy:LayerDiffID");
    for (name, value) in properties.pairs() {
        let syft = name.strip_prefix("syft:location:").and_then(|rest| rest.split_once(':'));
        match (name, syft) {
            ("yagura:location", _) | (_, Some((_, "path"))) => places.push((value.to_owned(), None)),
            ("aquasecurity:trivy:FilePath", _) => places.push((value.to_owned(), trivy_layer)),
            // Both write the layer next to its path; syft before it.
            ("yagura:layer", _) => {
                if let Some(place) = places.last_mut() {
                    place.1 = Some(value);
                }
            }
            _ => {}
        }
    }
    for (name, layer) in properties.pairs() {
        if let Some((index, "layerID")) =
            name.strip_prefix("syft:location:").and_then(|rest| rest.split_once(':'))
        {
            let path = properties.get(&format!("syft:location:{index}:path"));
            for place in places.iter_mut().filter(|(place, _)| Some(place.as_str()) == path) {
                place.1 = Some(layer);
            }
        }
    }
    if let (true, Some(layer)) = (places.is_empty(), trivy_layer) {
        places.push((String::new(), Some(layer)));
    }
    places
}

/// The source package, where the purl has none.
fn source(package: &Package, properties: &Properties<'_>) -> Option<SourcePackage> {
    if let Some((name, version)) = properties.get("yagura:source").and_then(|source| source.rsplit_once('@'))
    {
        return Some(SourcePackage { name: name.to_owned(), version: version.to_owned() });
    }
    if package.source.is_some() {
        return None;
    }
    if let Some(name) = properties.get("aquasecurity:trivy:SrcName") {
        let mut version = String::new();
        if let Some(epoch) = properties.get("aquasecurity:trivy:SrcEpoch").filter(|epoch| *epoch != "0") {
            version.push_str(epoch);
            version.push(':');
        }
        version.push_str(properties.get("aquasecurity:trivy:SrcVersion").unwrap_or(&package.version));
        if let Some(release) = properties.get("aquasecurity:trivy:SrcRelease") {
            version.push('-');
            version.push_str(release);
        }
        return Some(SourcePackage { name: name.to_owned(), version });
    }
    let name =
        properties.get("syft:metadata:source").or_else(|| properties.get("syft:metadata:originPackage"))?;
    let version = properties.get("syft:metadata:sourceVersion").unwrap_or(&package.version);
    Some(SourcePackage { name: name.to_owned(), version: version.to_owned() })
}
