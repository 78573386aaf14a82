//! SBOM exports in Inspector's shape: CycloneDX 1.4 and SPDX 2.3, one document for each resource. Source: Amazon
//! Inspector User Guide, *Exporting SBOMs*.
//!
//! Purls of OS packages differ from those of everything else here: the type is that of the package database, and the
//! architecture is in capitals.

use super::key;
use crate::inspector2::words::{is_os, platform};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use yagura_model::{
    Cause, Finding, FindingStatus, Inventory, Package, Resource, ResourceDetails, ResourceId, ResourceKind,
};

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SbomFormat {
    /// CycloneDX 1.4 JSON.
    CycloneDx,
    /// SPDX 2.3 JSON.
    Spdx,
}

impl SbomFormat {
    /// The API's word, which is a part of keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CycloneDx => "CYCLONEDX_1_4",
            Self::Spdx => "SPDX_2_3",
        }
    }
}

/// The key of a resource's document:
/// `<prefix>/<FORMAT>_outputs_<report>/account=<account>/resource=<TYPE>/<resource>_<FORMAT>.json`.
pub fn sbom_key(prefix: &str, format: SbomFormat, report: &str, resource: &ResourceId) -> String {
    let word = format.as_str();
    let name = match resource.kind {
        // Slashes of an image's ARN would be folders.
        ResourceKind::Image => resource.name.replace('/', "_"),
        _ => resource.name.to_string(),
    };
    let account = &resource.home.account;
    let kind = resource.kind.resource_type();
    key(prefix, &format!("{word}_outputs_{report}/account={account}/resource={kind}/{name}_{word}.json"))
}

/// What is exported of one resource.
pub struct Exported<'a> {
    /// The resource.
    pub resource: &'a Resource,
    /// Its packages.
    pub inventory: &'a Inventory,
    /// Its findings; active package findings become vulnerabilities.
    pub findings: &'a [Finding],
    /// When the export was made.
    pub at: Timestamp,
    /// How a package is written as a purl.
    pub purl: fn(&Package) -> String,
}

/// The document.
pub fn sbom(exported: &Exported<'_>, format: SbomFormat) -> Value {
    let components = components(exported);
    match format {
        SbomFormat::CycloneDx => cyclonedx(exported, &components),
        SbomFormat::Spdx => spdx(exported, &components),
    }
}

/// A package at one place.
struct Component<'a> {
    package: &'a Package,
    purl: String,
    path: Option<&'a str>,
    /// 32 hexadecimal digits.
    reference: String,
    /// Vulnerabilities that it has.
    vulnerabilities: Vec<&'a str>,
}

/// An OS package is one component, any other one for each place.
fn components<'a>(exported: &Exported<'a>) -> Vec<Component<'a>> {
    let hits = hits(exported.findings);
    let mut components = Vec::new();
    let mut known = BTreeSet::new();
    for package in &exported.inventory.packages {
        let purl = (exported.purl)(package);
        let mut add = |path: Option<&'a str>| {
            let written = match path {
                Some(path) => with_qualifier(&purl, "path", path),
                None => os_purl(package).unwrap_or_else(|| purl.clone()),
            };
            let hex = blake3::hash(written.as_bytes()).to_hex();
            let reference = hex.get(..32).unwrap_or_default().to_owned();
            // A database may list a package twice; a reference names one component.
            if !known.insert(reference.clone()) {
                return;
            }
            let vulnerabilities = hits.get(&(purl.as_str(), path.unwrap_or_default()));
            components.push(Component {
                package,
                reference,
                purl: written,
                path,
                vulnerabilities: vulnerabilities.cloned().unwrap_or_default(),
            });
        };
        if is_os(&package.ecosystem) {
            add(None);
        } else {
            package.locations.iter().for_each(|place| add(Some(place.path.as_str())));
        }
    }
    components
}

/// Vulnerabilities by purl and path of the affected package.
fn hits(findings: &[Finding]) -> BTreeMap<(&str, &str), Vec<&str>> {
    let mut hits: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.status == FindingStatus::Active) {
        let Cause::Package(cause) = &finding.cause else { continue };
        for package in &cause.packages {
            let path = package.path.as_deref().unwrap_or_default();
            hits.entry((&package.purl, path)).or_default().push(cause.vulnerability.as_str());
        }
    }
    for ids in hits.values_mut() {
        ids.sort_unstable();
        ids.dedup();
    }
    hits
}

/// `pkg:dpkg/libss2@1.44.5-1?arch=ARM64&epoch=0&upstream=e2fsprogs-1.44.5-1.src.dpkg`; `None` for languages.
fn os_purl(package: &Package) -> Option<String> {
    let kind = database(package)?;
    let (epoch, version) = split_epoch(&package.version);
    let mut out = format!("pkg:{kind}/{}@{}", encoded(&package.name), encoded(version));
    let mut separator = '?';
    let mut add = |name: &str, value: &str| {
        out.push_str(&format!("{separator}{name}={}", encoded(value)));
        separator = '&';
    };
    if let Some(arch) = &package.arch {
        add("arch", &arch.to_uppercase());
    }
    add("epoch", epoch);
    if let Some(source) = &package.source {
        let (_, version) = split_epoch(&source.version);
        add("upstream", &format!("{}-{version}.src.{kind}", source.name));
    }
    Some(out)
}

/// The kind of database that an OS package is in.
fn database(package: &Package) -> Option<&'static str> {
    if !is_os(&package.ecosystem) {
        return None;
    }
    Some(match package.ecosystem.base() {
        "Debian" | "Ubuntu" => "dpkg",
        "Alpine" | "Chainguard" | "Wolfi" => "apk",
        "Arch" => "pacman",
        _ => "rpm",
    })
}

fn split_epoch(version: &str) -> (&str, &str) {
    version
        .split_once(':')
        .filter(|(epoch, _)| epoch.bytes().all(|byte| byte.is_ascii_digit()))
        .unwrap_or(("0", version))
}

fn with_qualifier(purl: &str, name: &str, value: &str) -> String {
    let separator = if purl.contains('?') { '&' } else { '?' };
    format!("{purl}{separator}{name}={}", encoded(value))
}

/// Percent-encoded for a purl; the characters that Inspector leaves plain stay.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~+/:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn cyclonedx(exported: &Exported<'_>, components: &[Component<'_>]) -> Value {
    let property = |name: &str, value: &str| json!({ "name": name, "value": value });
    let id = &exported.resource.id;
    let mut properties = Vec::new();
    match &exported.resource.details {
        ResourceDetails::Image(image) => properties.push(property("imageId", &image.digest)),
        ResourceDetails::Instance(instance) => {
            properties.push(property("instanceId", &id.name));
            if let Some(image) = &instance.machine_image {
                properties.push(property("imageId", image));
            }
        }
        _ => {}
    }
    if let Some(architecture) = architecture(exported.resource) {
        properties.push(property("architecture", architecture));
    }
    properties.push(property("accountId", id.home.account.as_str()));
    properties.push(property("resourceId", &id.name));
    let listed: Vec<Value> = components
        .iter()
        .map(|component| {
            json!({
                "type": if component.path.is_some() { "library" } else { "application" },
                "name": component.package.name,
                "version": component.package.version,
                "purl": component.purl,
                "bom-ref": component.reference,
            })
        })
        .collect();
    let mut affects: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for component in components {
        for id in &component.vulnerabilities {
            affects.entry(id).or_default().push(json!({ "ref": component.reference }));
        }
    }
    let vulnerabilities: Vec<Value> =
        affects.into_iter().map(|(id, affects)| json!({ "id": id, "affects": affects })).collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.4",
        "version": 1,
        "metadata": {
            "timestamp": exported.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "component": null,
            "properties": properties,
        },
        "components": listed,
        "vulnerabilities": vulnerabilities,
    })
}

fn architecture(resource: &Resource) -> Option<&str> {
    match &resource.details {
        ResourceDetails::Image(image) => image.architecture.as_deref(),
        ResourceDetails::Instance(instance) => instance.architecture.as_deref(),
        ResourceDetails::Function(function) => function.architectures.first().map(String::as_str),
        _ => None,
    }
}

/// there is no licence of the data.
fn spdx(exported: &Exported<'_>, components: &[Component<'_>]) -> Value {
    let id = &exported.resource.id;
    let account = &id.home.account;
    let family = match id.kind {
        ResourceKind::Instance => "EC2",
        ResourceKind::Image => "ECR",
        ResourceKind::Function => "LAMBDA",
        _ => "OTHER",
    };
    let told = exported.inventory.platform.as_ref();
    let platform =
        told.and_then(|told| platform(&told.id, &told.version)).unwrap_or_else(|| "null".to_owned());
    let image = match &exported.resource.details {
        ResourceDetails::Instance(instance) => instance.machine_image.as_deref(),
        _ => None,
    };
    let name = match image {
        Some(image) => format!("{account}/{family}/{}/{image}", id.name),
        None => format!("{account}/{family}/{}", id.name),
    };
    let mut packages = Vec::new();
    let mut relationships = Vec::new();
    for component in components {
        let package = component.package;
        let kind = database(package).map_or_else(|| package.ecosystem.base().to_lowercase(), str::to_owned);
        let reference =
            format!("SPDXRef-Package-{}-{}-{}", plain(&kind), plain(&package.name), component.reference);
        let mut references = vec![json!({
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": component.purl,
        })];
        for id in &component.vulnerabilities {
            references.push(json!({
                "referenceCategory": "SECURITY",
                "referenceType": "vulnerability",
                "referenceLocator": id,
            }));
        }
        let source = component.path.or_else(|| package.locations.first().map(|place| place.path.as_str()));
        packages.push(json!({
            "SPDXID": reference,
            "name": package.name,
            "versionInfo": package.version,
            "downloadLocation": "NOASSERTION",
            "sourceInfo": source.unwrap_or_default(),
            "filesAnalyzed": false,
            "externalRefs": references,
        }));
        relationships.push(json!({
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBES",
            "relatedSpdxElement": reference,
        }));
    }
    json!({
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "creationInfo": {
            "created": exported.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "creators": [format!("Organization: {account}"), "Tool: Amazon Inspector SBOM Generator"],
        },
        "documentNamespace": format!(
            "{family}://{}/{platform}/null/{}",
            id.name,
            architecture(exported.resource).unwrap_or("null")
        ),
        "packages": packages,
        "relationships": relationships,
    })
}

/// The characters that an SPDX id may have.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::testing::{function, image, instance, package_finding};
    use yagura_model::{Location, Platform, SourcePackage, TreePath};

    fn purl(package: &Package) -> String {
        if package.ecosystem.as_str() == "npm" {
            format!("pkg:npm/{}@{}", package.name, package.version)
        } else {
            format!("pkg:deb/debian/{}@{}", package.name, package.version)
        }
    }

    fn inventory() -> Inventory {
        let at = |path: &str| Location::path(TreePath::from_text(path).unwrap());
        let mut os = Package::new("Debian:12", "libssl3", "1:3.0.1-1", at("var/lib/dpkg/status"));
        os.arch = Some("amd64".into());
        os.source = Some(SourcePackage { name: "openssl".into(), version: "1:3.0.1-1".into() });
        let mut js = Package::new("npm", "openssl", "1.0.0", at("app/package-lock.json"));
        js.locations.push(at("old/package-lock.json"));
        let platform = Platform { id: "debian".into(), version: "12".into(), ..Platform::default() };
        Inventory { platform: Some(platform), packages: vec![os, js], ..Inventory::default() }
    }

    #[test]
    fn documents_by_resource_and_format() {
        for (name, resource) in [("image", image()), ("instance", instance()), ("function", function())] {
            let mut closed = package_finding(&resource);
            closed.status = FindingStatus::Closed;
            let findings = [package_finding(&resource), closed];
            let inventory = inventory();
            let at = "2026-11-03T00:00:00Z".parse().unwrap();
            let exported =
                Exported { resource: &resource, inventory: &inventory, findings: &findings, at, purl };
            insta::assert_json_snapshot!(format!("cyclonedx_{name}"), sbom(&exported, SbomFormat::CycloneDx));
            insta::assert_json_snapshot!(format!("spdx_{name}"), sbom(&exported, SbomFormat::Spdx));
        }
    }

    #[test]
    fn keys_are_partitions_of_a_table() {
        let key = |resource: Resource| sbom_key("exports", SbomFormat::Spdx, "r-1", &resource.id);
        insta::assert_snapshot!([image(), instance(), function()].map(key).join("\n"));
        assert!(
            sbom_key("", SbomFormat::CycloneDx, "r-1", &image().id).starts_with("CYCLONEDX_1_4_outputs_r-1/")
        );
    }
}
