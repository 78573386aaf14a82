//! `renv.lock`. <https://rstudio.github.io/renv/articles/lockfile.html>

use super::ecosystem;
use crate::document::{entries, json, text, texts};
use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package};

pub(super) struct RenvLock;

impl Cataloger for RenvLock {
    fn id(&self) -> &'static str {
        "cran/renv-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["renv.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let document = json(file)?;
        if !document.get("Packages").is_some_and(serde_json::Value::is_object) {
            return Err(ReadError::malformed(file.path, "there is no `Packages` object"));
        }
        for (key, entry) in entries(&document, "Packages") {
            let name = Some(text(entry, "Package")).filter(|name| !name.is_empty()).unwrap_or(key);
            let version = text(entry, "Version");
            if name.is_empty() || version.is_empty() {
                continue;
            }
            let source = ["Source", "Repository"]
                .map(|key| ecosystem(text(entry, key)))
                .into_iter()
                .find(|&id| id != super::ID)
                .unwrap_or(super::ID);
            let mut package = Package::new(source, name, version, Location::path(file.path.clone()));
            package.depends_on = texts(entry, "Requirements")
                .into_iter()
                .filter(|name| {
                    *name != "R" && document.get("Packages").is_some_and(|all| all.get(name).is_some())
                })
                .map(str::to_owned)
                .collect();
            package.depends_on.sort_unstable();
            package
                .licenses
                .extend(Some(text(entry, "License")).filter(|text| !text.is_empty()).map(str::to_owned));
            let commit = text(entry, "RemoteSha");
            // Packages of repositories state their version there.
            package.commit = (commit.len() == 40).then(|| commit.to_owned());
            found.packages.push(package);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn sources_are_told_apart() {
        let json = br#"{"R": {"Version": "4.2.2"}, "Packages": {
            "R6": {"Package": "R6", "Version": "2.5.1", "Source": "Repository", "Repository": "CRAN"},
            "BiocGenerics": {"Package": "BiocGenerics", "Version": "0.44.0", "Source": "Bioconductor"},
            "dev": {"Package": "dev", "Version": "0.0.9", "Source": "GitHub", "Requirements": ["R", "R6", "methods"],
                "RemoteSha": "5e0c4e6a1f2f5d8a9b7c3d2e1f0a9b8c7d6e5f4a"}, "odd": 7}}"#;
        insta::assert_snapshot!(render(&read(&RenvLock, "renv.lock", json)), @r#"
        Bioconductor BiocGenerics 0.44.0 runtime/unknown @renv.lock
        CRAN R6 2.5.1 runtime/unknown @renv.lock
        CRAN dev 0.0.9 commit=5e0c4e6a1f2f5d8a9b7c3d2e1f0a9b8c7d6e5f4a runtime/unknown -> R6 @renv.lock
        "#);
        assert_eq!(read(&RenvLock, "renv.lock", &json[..60]).unread.len(), 1);
    }
}
