//! `packrat.lock`, the lockfile before renv. <https://rstudio.github.io/packrat/>

use super::ecosystem;
use super::records::{names, records};
use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package};

pub(super) struct PackratLock;

impl Cataloger for PackratLock {
    fn id(&self) -> &'static str {
        "cran/packrat-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["packrat.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let mut is_lock = false;
        for record in records(&text) {
            is_lock |= record.contains_key("PackratFormat");
            let (Some(name), Some(version)) = (record.get("Package"), record.get("Version")) else {
                continue;
            };
            let source = record.get("Source").map(String::as_str).unwrap_or_default();
            let location = Location::path(file.path.clone());
            let mut package = Package::new(ecosystem(source), name.as_str(), version.as_str(), location);
            package.depends_on = record.get("Requires").into_iter().flat_map(|list| names(list)).collect();
            package.depends_on.sort_unstable();
            package.commit = record.get("GithubSha1").or_else(|| record.get("RemoteSha")).cloned();
            found.packages.push(package);
        }
        if is_lock { Ok(()) } else { Err(ReadError::malformed(file.path, "there is no `PackratFormat`")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn records_are_packages() {
        let text = b"PackratFormat: 1.4\nPackratVersion: 0.5.0\nRVersion: 4.2.2\nRepos: CRAN=https://cran.r-project.org\n\nPackage: BH\nSource: CRAN\nVersion: 1.78.0-0\nHash: 4a4e\n\nPackage: gh\nSource: github\nVersion: 1.2\nRequires: BH,\n  jsonlite\nGithubSha1: 0a1b\n";
        insta::assert_snapshot!(render(&read(&PackratLock, "packrat/packrat.lock", text)), @r#"
        CRAN BH 1.78.0-0 runtime/unknown @packrat/packrat.lock
        CRAN gh 1.2 commit=0a1b runtime/unknown -> BH, jsonlite @packrat/packrat.lock
        "#);
        assert_eq!(read(&PackratLock, "packrat.lock", b"nonsense").unread.len(), 1);
    }
}
