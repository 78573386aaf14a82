//! `Package.resolved`, versions 1 to 3: what the Swift Package Manager pinned.
//! <https://docs.swift.org/package-manager/> describes its use; the layout is that of `PinsStore`.
//!
//! Local packages are left out. A pin of a branch has no version and is listed by its commit.

use super::{ID, repository};
use crate::document::{Packages, items, json, text};
use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};

pub(super) struct PackageResolved;

impl Cataloger for PackageResolved {
    fn id(&self) -> &'static str {
        "swift/package-resolved"
    }

    fn files(&self) -> &'static [&'static str] {
        &["Package.resolved", ".package.resolved"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let document = json(file)?;
        // Version 1 wraps the list once more.
        let holder = document.get("object").unwrap_or(&document);
        if !holder.get("pins").is_some_and(serde_json::Value::is_array) {
            return Err(ReadError::malformed(file.path, "there is no `pins` list"));
        }
        let mut packages = Packages::new(ID, file);
        for pin in items(holder, "pins") {
            if text(pin, "kind").starts_with("local") || text(pin, "kind") == "fileSystem" {
                continue;
            }
            let address = match (text(pin, "location"), text(pin, "repositoryURL")) {
                ("", "") => text(pin, "identity"),
                ("", address) | (address, _) => address,
            };
            let Some(state) = pin.get("state") else { continue };
            let (version, revision) = (text(state, "version"), text(state, "revision"));
            let version = if version.is_empty() { revision } else { version };
            if let Some(package) = packages.add(&repository(address), version)
                && !revision.is_empty()
            {
                package.commit = Some(revision.to_owned());
            }
        }
        packages.finish(found);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn all_versions_of_the_file_are_read() {
        let v1 = br#"{"object": {"pins": [{"package": "swift-nio", "repositoryURL": "https://github.com/apple/swift-nio.git",
            "state": {"branch": null, "revision": "124119f0", "version": "2.40.0"}}]}, "version": 1}"#;
        let v3 = br#"{"originHash": "00", "pins": [
            {"identity": "vapor", "kind": "remoteSourceControl", "location": "https://github.com/vapor/vapor.git", "state": {"revision": "0a1b", "version": "4.84.1"}},
            {"identity": "branch", "kind": "remoteSourceControl", "location": "git@example.org:x/Branch.git", "state": {"branch": "main", "revision": "2c3d"}},
            {"identity": "mona.linkedlist", "kind": "registry", "location": "", "state": {"version": "1.1.0"}},
            {"identity": "mine", "kind": "localSourceControl", "location": "/Users/me/mine", "state": {"revision": "4e5f"}}], "version": 3}"#;
        insta::assert_snapshot!(render(&read(&PackageResolved, "Package.resolved", v1)), @r#"
        SwiftURL github.com/apple/swift-nio 2.40.0 commit=124119f0 runtime/unknown @Package.resolved
        "#);
        insta::assert_snapshot!(render(&read(&PackageResolved, "Package.resolved", v3)), @r#"
        SwiftURL github.com/vapor/vapor 4.84.1 commit=0a1b runtime/unknown @Package.resolved
        SwiftURL example.org/x/branch 2c3d commit=2c3d runtime/unknown @Package.resolved
        SwiftURL mona.linkedlist 1.1.0 runtime/unknown @Package.resolved
        "#);
        assert_eq!(read(&PackageResolved, "Package.resolved", &v3[..200]).unread.len(), 1);
    }
}
