//! `stack.yaml.lock`: packages that a project adds to its snapshot.
//! <https://docs.haskellstack.org/en/stable/topics/lock_files/>
//!
//! Packages of the snapshot itself are listed on Stackage only, and left out.

use super::ID;
use crate::document::{Packages, text};
use crate::{Cataloger, Found};
use serde::Deserialize;
use serde_json::Value;
use yagura_fs::{File, ReadError};
use yagura_model::Relation;

pub(super) struct StackLock;

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    packages: Vec<Value>,
}

impl Cataloger for StackLock {
    fn id(&self) -> &'static str {
        "hackage/stack-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["stack.yaml.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let document: Document = serde_saphyr::from_str(&file.text()?).map_err(|error| {
            let detail = error.to_string();
            ReadError::malformed(file.path, detail.lines().next().unwrap_or_default())
        })?;
        let mut packages = Packages::new(ID, file);
        for entry in &document.packages {
            let Some(completed) = entry.get("completed") else { continue };
            // `aeson-2.0.3.0@sha256:…,9012` or the parts of a git repository.
            let hackage = text(completed, "hackage").split('@').next().unwrap_or_default();
            let (name, version) = match hackage.rsplit_once('-') {
                Some(parts) => parts,
                None => (text(completed, "name"), text(completed, "version")),
            };
            if let Some(package) = packages.add(name, version) {
                package.relation = Relation::Direct;
                let commit = text(completed, "commit");
                package.commit = (!commit.is_empty()).then(|| commit.to_owned());
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
    fn added_packages_are_told() {
        let text = b"packages:\n- completed:\n    hackage: tls-session-manager-0.0.4@sha256:00,1\n    pantry-tree: {sha256: 00, size: 1}\n  original:\n    hackage: tls-session-manager-0.0.4\n- completed:\n    name: fork\n    version: 1.2.0\n    commit: 0a1b\n    git: https://example.org/fork\nsnapshots: []\n";
        insta::assert_snapshot!(render(&read(&StackLock, "stack.yaml.lock", text)), @r#"
        Hackage tls-session-manager 0.0.4 runtime/direct @stack.yaml.lock
        Hackage fork 1.2.0 commit=0a1b runtime/direct @stack.yaml.lock
        "#);
        assert_eq!(read(&StackLock, "stack.yaml.lock", b"packages: {a").unread.len(), 1);
    }
}
