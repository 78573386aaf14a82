//! `spdx`: SPDX 2.3 JSON. <https://spdx.github.io/spdx-spec/v2.3/>

use crate::{Format, Report};
use serde_json::{Value, json};
use std::io;
use yagura_model::Package;

/// The format.
pub struct Spdx;

impl Format for Spdx {
    fn id(&self) -> &'static str {
        "spdx"
    }

    fn media_type(&self) -> &'static str {
        "application/spdx+json"
    }

    fn render(&self, report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let root = json!({
            "SPDXID": "SPDXRef-Target",
            "name": report.target.name,
            "versionInfo": report.target.digest.as_ref().or(report.target.commit.as_ref()).cloned().unwrap_or_default(),
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": false,
            "primaryPackagePurpose": match report.target.kind {
                crate::TargetKind::Image => "CONTAINER",
                crate::TargetKind::Host | crate::TargetKind::Disk => "DEVICE",
                _ => "APPLICATION",
            },
        });
        let mut packages = vec![root];
        let mut relationships = vec![json!({
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relatedSpdxElement": "SPDXRef-Target",
            "relationshipType": "DESCRIBES",
        })];
        for (index, package) in report.inventory.packages.iter().enumerate() {
            let id = format!("SPDXRef-Package-{}", index + 1);
            packages.push(describe(package, &id, report));
            relationships.push(json!({
                "spdxElementId": "SPDXRef-Target",
                "relatedSpdxElement": id,
                "relationshipType": "CONTAINS",
            }));
        }
        let name = &report.target.name;
        let mut document = json!({
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": name,
            "documentNamespace": format!("https://yagura.invalid/spdx/{}/{}", encoded(name), fingerprint(report)),
            "creationInfo": {
                "created": report.stamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "creators": [format!("Tool: yagura-{}", report.tool_version)],
            },
            "packages": packages,
            "relationships": relationships,
        });
        let gaps: Vec<String> = report
            .inventory
            .unread
            .iter()
            .map(|entry| format!("not read: {}: {}", entry.path, entry.detail))
            .chain(report.notes.iter().cloned())
            .collect();
        if let (false, Some(document)) = (gaps.is_empty(), document.as_object_mut()) {
            document.insert("comment".to_owned(), json!(gaps.join("\n")));
        }
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    }
}

fn describe(package: &Package, id: &str, report: &Report<'_>) -> Value {
    let mut references = vec![json!({
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": (report.purl)(package),
    })];
    if let Some(commit) = &package.commit {
        references.push(json!({
            "referenceCategory": "OTHER",
            "referenceType": "commit",
            "referenceLocator": commit,
        }));
    }
    let places: Vec<&str> = package.locations.iter().map(|location| location.path.as_str()).collect();
    json!({
        "SPDXID": id,
        "name": package.name,
        "versionInfo": package.version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": declared(&package.licenses),
        "copyrightText": "NOASSERTION",
        "sourceInfo": format!("found in {}", places.join(", ")),
        "externalRefs": references,
    })
}

/// An SPDX expression, or NOASSERTION: free text is not allowed here.
fn declared(licenses: &[String]) -> String {
    let valid = |text: &&String| spdx::Expression::parse(text).is_ok();
    match licenses {
        [] => "NOASSERTION".to_owned(),
        [one] => Some(one).filter(valid).cloned().unwrap_or_else(|| "NOASSERTION".to_owned()),
        several if several.iter().all(|text| valid(&text)) => {
            several.iter().map(|text| format!("({text})")).collect::<Vec<_>>().join(" AND ")
        }
        _ => "NOASSERTION".to_owned(),
    }
}

/// Tells documents about different contents apart (FNV-1a, 64 bits).
fn fingerprint(report: &Report<'_>) -> String {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    let created = report.created.map(|time| time.to_string()).unwrap_or_default();
    let target = report.target.digest.as_ref().or(report.target.commit.as_ref());
    let purls = report.inventory.packages.iter().map(|package| (report.purl)(package));
    for text in [created, target.cloned().unwrap_or_default()].into_iter().chain(purls) {
        for byte in text.bytes().chain([0]) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    format!("{state:016x}")
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
