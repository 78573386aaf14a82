//! SPDX tag-value: `Tag: value` lines, long values between `<text>` and `</text>`.
//! <https://spdx.github.io/spdx-spec/v2.3/conformance/>
//!
//! Only what the SPDX reader looks at is kept, in the shape of the JSON document.

use serde_json::{Map, Value, json};

pub(super) fn read(text: &str) -> Value {
    let mut document = Map::new();
    let mut packages: Vec<Map<String, Value>> = Vec::new();
    let mut relationships: Vec<Value> = Vec::new();
    let mut in_package = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((tag, value)) = line.split_once(':').filter(|_| !line.starts_with('#')) else { continue };
        let mut value = value.trim().to_owned();
        if let Some(start) = value.strip_prefix("<text>") {
            let mut whole = String::new();
            let mut part = start;
            loop {
                if let Some((last, _)) = part.split_once("</text>") {
                    whole.push_str(last);
                    break;
                }
                whole.push_str(part);
                whole.push('\n');
                match lines.next() {
                    Some(next) => part = next,
                    None => break,
                }
            }
            value = whole;
        }
        let key = match tag.trim() {
            "SPDXVersion" => {
                document.insert("spdxVersion".to_owned(), json!(value));
                continue;
            }
            "DocumentName" => {
                document.insert("name".to_owned(), json!(value));
                continue;
            }
            "Relationship" => {
                if let [from, kind, to] = value.split_whitespace().collect::<Vec<_>>().as_slice() {
                    relationships.push(json!({
                        "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to,
                    }));
                }
                continue;
            }
            "PackageName" => {
                in_package = true;
                packages.push(Map::new());
                "name"
            }
            // Files and snippets end a package.
            "FileName" | "SnippetSPDXID" | "LicenseID" => {
                in_package = false;
                continue;
            }
            "SPDXID" => "SPDXID",
            "PackageVersion" => "versionInfo",
            "PackageLicenseDeclared" => "licenseDeclared",
            "PackageLicenseConcluded" => "licenseConcluded",
            "PackageSourceInfo" => "sourceInfo",
            "PrimaryPackagePurpose" => "primaryPackagePurpose",
            "ExternalRef" => "externalRefs",
            _ => continue,
        };
        let Some(package) = packages.last_mut().filter(|_| in_package) else { continue };
        if key == "externalRefs" {
            if let [_, kind, locator] = value.split_whitespace().collect::<Vec<_>>().as_slice() {
                let reference = json!({ "referenceType": kind, "referenceLocator": locator });
                match package.get_mut(key).and_then(Value::as_array_mut) {
                    Some(references) => references.push(reference),
                    None => {
                        package.insert(key.to_owned(), json!([reference]));
                    }
                }
            }
        } else {
            package.insert(key.to_owned(), json!(value));
        }
    }
    document.insert("packages".to_owned(), packages.into_iter().map(Value::Object).collect());
    document.insert("relationships".to_owned(), Value::Array(relationships));
    Value::Object(document)
}
