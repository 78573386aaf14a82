//! SBOM documents in: CycloneDX JSON 1.2 to 1.7, SPDX 2.2 and 2.3 as JSON or tag-value.
//!
//! A component becomes a package through its purl; what has none, or a broken one, becomes an `unread` entry
//! with the words of R-219, because silence would look like a clean result. Left out: XML, SPDX 3, and
//! vulnerabilities that the document states itself.

mod cyclonedx;
mod spdx;
mod tag_value;

use serde_json::Value;
use std::collections::HashMap;
use yagura_model::{
    EcosystemId, Inventory, LayerId, Location, Package, Platform, Relation, TreePath, Unread, UnreadReason,
};

/// What the reader must be told about ecosystems, which this crate does not know.
#[derive(Clone, Copy)]
pub struct Ecosystems {
    /// The package that a purl names, or why the text is not a purl.
    pub from_purl: fn(&str) -> Result<Package, String>,
    /// The ecosystem of a platform's packages.
    pub of_platform: fn(&Platform) -> Option<EcosystemId>,
}

/// A document that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sbom {
    /// Its format and version: `CycloneDX 1.5`.
    pub format: String,
    /// What it describes, where it says so.
    pub name: Option<String>,
    /// Its packages.
    pub inventory: Inventory,
}

/// Why a document cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum SbomError {
    /// Not JSON, or cut off.
    #[error("the document is not valid JSON")]
    NotJson(#[source] serde_json::Error),
    /// JSON, but no SBOM.
    #[error(
        "the document is neither CycloneDX nor SPDX; known are CycloneDX JSON, SPDX JSON and SPDX tag-value"
    )]
    Unknown,
    /// A format in a version or spelling that is not supported.
    #[error("`{format}` cannot be read; known are CycloneDX JSON 1.2 to 1.7, SPDX 2.2 and 2.3")]
    Unsupported {
        /// Format and version as the document states them.
        format: String,
    },
}

/// Reads a document.
///
/// # Errors
/// [`SbomError`] when nothing of it can be used; a single bad component never fails the document.
pub fn read(document: &[u8], ecosystems: &Ecosystems) -> Result<Sbom, SbomError> {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let start = document.trim_ascii_start();
    if start.starts_with(b"SPDXVersion:") || start.starts_with(b"#") {
        return spdx::read(&tag_value::read(&String::from_utf8_lossy(document)), ecosystems);
    }
    if start.starts_with(b"<") {
        return Err(SbomError::Unsupported { format: "XML".to_owned() });
    }
    let value: Value = serde_json::from_slice(document).map_err(SbomError::NotJson)?;
    if text(&value, "bomFormat") == Some("CycloneDX") || value.get("specVersion").is_some() {
        cyclonedx::read(&value, ecosystems)
    } else if value.get("spdxVersion").is_some() {
        spdx::read(&value, ecosystems)
    } else if text(&value, "@context").is_some_and(|context| context.contains("spdx.org")) {
        Err(SbomError::Unsupported { format: "SPDX 3".to_owned() })
    } else {
        Err(SbomError::Unknown)
    }
}

/// A component on its way to a package.
struct Component<'a> {
    /// Its id inside the document.
    reference: &'a str,
    name: &'a str,
    version: &'a str,
    purl: Option<&'a str>,
}

/// The inventory being made, with the packages' ids for the dependency graph.
#[derive(Default)]
struct Draft<'a> {
    platform: Option<Platform>,
    packages: Vec<(&'a str, Package)>,
    unread: Vec<Unread>,
}

impl<'a> Draft<'a> {
    /// Adds the package of a component; `fill` adds what the format tells besides.
    fn add(&mut self, component: &Component<'a>, ecosystems: &Ecosystems, fill: impl FnOnce(&mut Package)) {
        let Some(purl) = component.purl.filter(|purl| !purl.trim().is_empty()) else {
            return self.skip(component, UnreadReason::Unsupported, "Component skipped: no purl provided.");
        };
        let Ok(mut package) = (ecosystems.from_purl)(purl.trim()) else {
            return self.skip(component, UnreadReason::Malformed, "Component skipped: invalid purl.");
        };
        if package.version.is_empty() {
            package.version = component.version.to_owned();
        }
        if package.version.is_empty() {
            return self.skip(
                component,
                UnreadReason::Unsupported,
                "Component skipped: no version provided.",
            );
        }
        fill(&mut package);
        self.packages.push((component.reference, package));
    }

    fn skip(&mut self, component: &Component<'_>, reason: UnreadReason, detail: &str) {
        let path = TreePath::from_text(component.name).unwrap_or_default();
        self.unread.push(Unread { path, reason, detail: detail.to_owned() });
    }

    /// Joins the graph, gives OS packages the platform's release, and sorts.
    fn finish(mut self, graph: &Graph<'_>, ecosystems: &Ecosystems) -> Inventory {
        if let Some(platform) = &mut self.platform {
            platform.ecosystem = (ecosystems.of_platform)(platform);
            for (_, package) in &mut self.packages {
                // A purl without `distro` knows only the distribution, or not even that (R-218).
                let of_platform = platform.ecosystem.as_ref().filter(|ecosystem| {
                    package.ecosystem.release().is_none()
                        && (ecosystem.base() == package.ecosystem.as_str()
                            || ["apk", "dpkg", "pacman", "rpm"].contains(&package.ecosystem.as_str()))
                });
                if let Some(ecosystem) = of_platform {
                    package.ecosystem = ecosystem.clone();
                }
            }
        }
        let names: HashMap<&str, String> = self
            .packages
            .iter()
            .map(|(reference, package)| (*reference, format!("{}@{}", package.name, package.version)))
            .collect();
        for (reference, package) in &mut self.packages {
            if let Some(needs) = graph.needs.get(reference) {
                package.depends_on = needs.iter().filter_map(|need| names.get(need).cloned()).collect();
                package.depends_on.sort();
                package.depends_on.dedup();
            }
            if graph.direct(reference) {
                package.relation = Relation::Direct;
            }
        }
        let mut packages: Vec<Package> = self.packages.into_iter().map(|(_, package)| package).collect();
        packages.sort_by(|a, b| {
            (&a.ecosystem, &a.name, &a.version, &a.locations).cmp(&(
                &b.ecosystem,
                &b.name,
                &b.version,
                &b.locations,
            ))
        });
        self.unread.sort();
        Inventory { platform: self.platform, packages, unread: self.unread }
    }
}

/// Who needs whom, by ids of the document.
#[derive(Default)]
struct Graph<'a> {
    root: Option<&'a str>,
    needs: HashMap<&'a str, Vec<&'a str>>,
}

impl Graph<'_> {
    fn direct(&self, reference: &str) -> bool {
        self.root.and_then(|root| self.needs.get(root)).is_some_and(|needs| {
            // A root that needs everything tells nothing.
            needs.len() < self.needs.len() && needs.contains(&reference)
        })
    }
}

/// The platform that an operating-system component names. Scanners do not all use os-release ids.
fn platform(name: &str, version: &str, description: Option<&str>) -> Platform {
    let id = name.trim().to_ascii_lowercase();
    let id = match id.as_str() {
        "alma" => "almalinux",
        "amazon" | "amazonlinux" | "amazon linux" => "amzn",
        "cbl-mariner" => "mariner",
        "opensuse.leap" => "opensuse-leap",
        "opensuse.tumbleweed" => "opensuse-tumbleweed",
        "oracle" | "oraclelinux" => "ol",
        "redhat" | "red hat enterprise linux" => "rhel",
        "suse linux enterprise server" => "sles",
        id => id,
    };
    // `2 (Karoo)` and `12 (bookworm)`.
    let version = version.split(" (").next().unwrap_or(version).trim();
    let full = description.map_or_else(|| format!("{name} {version}").trim().to_owned(), str::to_owned);
    Platform { id: id.to_owned(), version: version.to_owned(), name: full, ..Platform::default() }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Where a component says it was found. Without a word about it, the place is the document itself.
fn locations(paths: Vec<(String, Option<&str>)>) -> Vec<Location> {
    let mut locations: Vec<Location> = paths
        .into_iter()
        .filter_map(|(path, layer)| {
            Some(Location { path: TreePath::from_text(&path)?, layer: layer.map(LayerId::from) })
        })
        .collect();
    if locations.is_empty() {
        locations.push(Location::path(TreePath::default()));
    }
    locations.sort();
    locations.dedup();
    locations
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enough of a purl parser for these tests; the real one belongs to the ecosystems.
    fn from_purl(text: &str) -> Result<Package, String> {
        let purl: packageurl::PackageUrl<'_> = text.parse().map_err(|error| format!("{error}"))?;
        let ecosystem = match purl.ty() {
            "deb" => "Debian",
            "rpm" => "rpm",
            kind => kind,
        };
        let name =
            purl.namespace().filter(|_| purl.ty() == "npm").map(|scope| format!("{scope}/{}", purl.name()));
        let place = Location::path(TreePath::default());
        let version = purl.version().unwrap_or_default();
        Ok(Package::new(ecosystem, name.unwrap_or_else(|| purl.name().to_owned()), version, place))
    }

    fn of_platform(platform: &Platform) -> Option<EcosystemId> {
        (platform.id == "debian").then(|| EcosystemId::from(format!("Debian:{}", platform.version)))
    }

    const ECOSYSTEMS: Ecosystems = Ecosystems { from_purl, of_platform };

    fn render(document: &str) -> String {
        let sbom = match read(document.as_bytes(), &ECOSYSTEMS) {
            Ok(sbom) => sbom,
            Err(error) => return error.to_string(),
        };
        let mut out = format!("{} of {}\n", sbom.format, sbom.name.unwrap_or_default());
        if let Some(platform) = sbom.inventory.platform {
            out.push_str(&format!("{} {} ({})\n", platform.id, platform.version, platform.name));
        }
        for package in sbom.inventory.packages {
            out.push_str(&serde_json::to_string(&package).unwrap());
            out.push('\n');
        }
        for unread in sbom.inventory.unread {
            out.push_str(&format!("unread {} {:?} {}\n", unread.path, unread.reason, unread.detail));
        }
        out
    }

    #[test]
    fn a_document_of_syft_is_read() {
        insta::assert_snapshot!(render(include_str!("fixtures/syft.cdx.json")));
    }

    #[test]
    fn a_document_of_trivy_is_read() {
        insta::assert_snapshot!(render(include_str!("fixtures/trivy.cdx.json")));
    }

    #[test]
    fn spdx_is_read_in_both_spellings() {
        insta::assert_snapshot!(render(include_str!("fixtures/example.spdx.json")));
        insta::assert_snapshot!(render(include_str!("fixtures/example.spdx")));
    }

    #[test]
    fn r219_what_is_skipped_is_said() {
        let document = r#"{"bomFormat":"CycloneDX","specVersion":"1.4","components":[
            {"type":"library","name":"plain","version":"1"},
            {"type":"library","name":"broken","version":"1","purl":"pkg:"},
            {"type":"library","name":"versionless","purl":"pkg:npm/versionless"},
            {"type":"file","name":"/etc/passwd"}]}"#;
        insta::assert_snapshot!(render(document), @r"
        CycloneDX 1.4 of 
        unread broken Malformed Component skipped: invalid purl.
        unread plain Unsupported Component skipped: no purl provided.
        unread versionless Unsupported Component skipped: no version provided.
        ");
    }

    #[test]
    fn other_documents_are_refused_with_what_is_known() {
        let answers: Vec<String> = [
            "",
            "{",
            "[]",
            "{}",
            "<bom/>",
            "# nothing",
            r#"{"bomFormat":"CycloneDX","specVersion":"2.0"}"#,
            r#"{"spdxVersion":"SPDX-2.1"}"#,
            r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}"#,
        ]
        .iter()
        .map(|document| render(document))
        .collect();
        insta::assert_snapshot!(answers.join("\n"));
    }

    #[test]
    fn deep_nesting_is_an_error_and_wrong_types_are_not() {
        let deep = format!("{}{}", r#"{"specVersion":"1.5","components":["#.repeat(5000), "]}".repeat(5000));
        assert!(matches!(read(deep.as_bytes(), &ECOSYSTEMS), Err(SbomError::NotJson(_))));
        let odd = r#"{"specVersion":"1.5","components":[7,{"name":[],"purl":{}},{"components":"x"}],
            "metadata":[],"dependencies":{"ref":1}}"#;
        assert!(read(odd.as_bytes(), &ECOSYSTEMS).is_ok());
    }
}
