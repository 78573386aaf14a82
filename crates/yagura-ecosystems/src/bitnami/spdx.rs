//! `opt/bitnami/<application>/.spdx-<application>.spdx`: SPDX 2 in JSON.
//! <https://spdx.github.io/spdx-spec/v2.3/>
//!
//! Only packages with a Bitnami purl are taken. Others in the document are found by their own files.

use super::ID;
use crate::document::{Packages, items, json, text};
use crate::{Cataloger, Found, Note, Owned};
use std::str::FromStr;
use yagura_fs::{File, ReadError};
use yagura_model::TreePath;

pub(super) struct BitnamiSpdx;

impl Cataloger for BitnamiSpdx {
    fn id(&self) -> &'static str {
        "bitnami/spdx"
    }

    fn files(&self) -> &'static [&'static str] {
        &["opt/bitnami/**/.spdx-*.spdx", "opt/bitnami/**/.spdx-*.json"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let document = json(file)?;
        if !text(&document, "spdxVersion").starts_with("SPDX-") {
            return Err(ReadError::malformed(file.path, "there is no `spdxVersion`"));
        }
        let mut packages = Packages::new(ID, file);
        let mut names = Vec::new();
        for entry in items(&document, "packages") {
            let purl = items(entry, "externalRefs")
                .iter()
                .map(|reference| text(reference, "referenceLocator"))
                .find(|locator| locator.starts_with("pkg:bitnami/"));
            let Some(Ok(purl)) = purl.map(packageurl::PackageUrl::from_str) else { continue };
            let version = application_version(purl.version().unwrap_or_default());
            let Some(package) = packages.add(purl.name(), version) else { continue };
            package.arch = purl.qualifiers().get("arch").map(|arch| arch.to_string());
            let license = match text(entry, "licenseDeclared") {
                "" | "NOASSERTION" | "NONE" => text(entry, "licenseConcluded"),
                license => license,
            };
            if !matches!(license, "" | "NOASSERTION" | "NONE") {
                package.licenses = vec![license.to_owned()];
            }
            names.push(purl.name().to_owned());
        }
        packages.finish(found);
        // The first package is the application that the folder holds.
        if let (Some(name), Some(folder)) =
            (names.into_iter().next(), TreePath::from_text(file.path.parent()))
        {
            found.notes.push(Note::Owned(Owned {
                name,
                ecosystem: ID.to_owned(),
                files: Vec::new(),
                directories: vec![folder],
            }));
        }
        Ok(())
    }
}

/// `7.2.4-1` is revision 1 of 7.2.4; Bitnami's advisories speak of 7.2.4, and `-1` would read as a pre-release.
fn application_version(version: &str) -> &str {
    match version.rsplit_once('-') {
        Some((version, revision)) if revision.bytes().all(|byte| byte.is_ascii_digit()) => version,
        _ => version,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    const PATH: &str = "opt/bitnami/redis/.spdx-redis.spdx";

    #[test]
    fn the_application_is_told_without_its_revision() {
        let json = br#"{"spdxVersion": "SPDX-2.3", "packages": [
            {"name": "redis", "versionInfo": "7.2.4-1", "licenseDeclared": "BSD-3-Clause", "externalRefs": [
              {"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:*:redis:redis:7.2.4:*:*:*:*:*:*:*"},
              {"referenceType": "purl", "referenceLocator": "pkg:bitnami/redis@7.2.4-1?arch=amd64&distro=debian-12"}]},
            {"name": "jemalloc", "externalRefs": [{"referenceLocator": "pkg:generic/jemalloc@5.3.0"}]}]}"#;
        insta::assert_snapshot!(render(&read(&BitnamiSpdx, PATH, json)), @r#"
        Bitnami redis 7.2.4 arch=amd64 runtime/unknown (BSD-3-Clause) @opt/bitnami/redis/.spdx-redis.spdx
        note {"owned":{"name":"redis","ecosystem":"Bitnami","directories":["opt/bitnami/redis"]}}
        "#);
        for bytes in [&json[..100], b"{}", b"\xff"] {
            assert_eq!(read(&BitnamiSpdx, PATH, bytes).unread.len(), 1);
        }
    }
}
