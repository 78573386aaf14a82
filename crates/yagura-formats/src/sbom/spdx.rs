//! SPDX 2.2 and 2.3, as the JSON document or what the tag-value reader makes of the other spelling.
//! <https://spdx.github.io/spdx-spec/v2.3/>

use super::{Component, Draft, Ecosystems, Graph, Sbom, SbomError, list, locations, platform, text};
use serde_json::Value;

const VERSIONS: &[&str] = &["SPDX-2.2", "SPDX-2.3"];

pub(super) fn read(document: &Value, ecosystems: &Ecosystems) -> Result<Sbom, SbomError> {
    let version = text(document, "spdxVersion").unwrap_or_default();
    if version.is_empty() {
        return Err(SbomError::Unknown);
    }
    let format = version.replacen('-', " ", 1);
    if !VERSIONS.contains(&version) {
        return Err(SbomError::Unsupported { format });
    }
    let mut graph = Graph::default();
    for relationship in list(document, "relationships") {
        let (Some(from), Some(to), Some(kind)) = (
            text(relationship, "spdxElementId"),
            text(relationship, "relatedSpdxElement"),
            text(relationship, "relationshipType"),
        ) else {
            continue;
        };
        match kind {
            "DESCRIBES" => graph.root = graph.root.or(Some(to)),
            "DESCRIBED_BY" => graph.root = graph.root.or(Some(from)),
            "DEPENDS_ON" => graph.needs.entry(from).or_default().push(to),
            "DEPENDENCY_OF" => graph.needs.entry(to).or_default().push(from),
            _ => {}
        }
    }
    graph.root = graph.root.or_else(|| list(document, "documentDescribes").first()?.as_str());
    let mut draft = Draft::default();
    for package in list(document, "packages") {
        one(&mut draft, package, &graph, ecosystems);
    }
    let name = text(document, "name").map(str::to_owned);
    Ok(Sbom { format, name, inventory: draft.finish(&graph, ecosystems) })
}

fn one<'a>(draft: &mut Draft<'a>, entry: &'a Value, graph: &Graph<'_>, ecosystems: &Ecosystems) {
    let purl = list(entry, "externalRefs")
        .iter()
        .find(|reference| text(reference, "referenceType") == Some("purl"))
        .and_then(|reference| text(reference, "referenceLocator"));
    let purpose = text(entry, "primaryPackagePurpose").unwrap_or_default().to_ascii_uppercase();
    let component = Component {
        reference: text(entry, "SPDXID").unwrap_or_default(),
        name: text(entry, "name").unwrap_or_default(),
        version: text(entry, "versionInfo").unwrap_or_default(),
        purl,
    };
    if matches!(purpose.as_str(), "OPERATING-SYSTEM" | "OPERATING_SYSTEM") {
        if draft.platform.is_none() {
            draft.platform = Some(platform(component.name, component.version, None));
        }
        return;
    }
    // What the document is about, and what only groups packages, is not a package.
    let groups = matches!(purpose.as_str(), "APPLICATION" | "CONTAINER" | "DEVICE" | "FILE")
        || graph.root == Some(component.reference);
    if purl.is_none() && groups {
        return;
    }
    draft.add(&component, ecosystems, |package| {
        package.licenses = ["licenseDeclared", "licenseConcluded"]
            .into_iter()
            .filter_map(|key| text(entry, key))
            .find(|license| !matches!(*license, "" | "NOASSERTION" | "NONE"))
            .map(str::to_owned)
            .into_iter()
            .collect();
        package.locations = locations(places(text(entry, "sourceInfo").unwrap_or_default()));
    });
}

/// The paths in `sourceInfo`, as Yagura and syft word it.
fn places(text: &str) -> Vec<(String, Option<&str>)> {
    let paths = text.strip_prefix("found in ").or_else(|| {
        text.strip_prefix("acquired package info from ")
            .and_then(|rest| rest.split_once(": "))
            .map(|(_, paths)| paths)
    });
    paths
        .into_iter()
        .flat_map(|paths| paths.split(", "))
        .filter(|path| !path.is_empty())
        .map(|path| (path.to_owned(), None))
        .collect()
}
