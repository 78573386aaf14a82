//! `DESCRIPTION` of installed packages, below a library directory.
//! <https://cran.r-project.org/doc/manuals/r-release/R-exts.html#The-DESCRIPTION-file>
//!
//! Only installed packages have a `Built` field; sources in a checkout do not. Packages of R itself (`Priority:
//! base`) are left out, because R's own version says it all.

use super::ecosystem;
use super::records::{names, records};
use crate::{Cataloger, Found, Note, Owned};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, TreePath};

pub(super) struct Description;

impl Cataloger for Description {
    fn id(&self) -> &'static str {
        "cran/description"
    }

    fn files(&self) -> &'static [&'static str] {
        &["**/library/*/DESCRIPTION", "**/site-library/*/DESCRIPTION", "**/renv/library/**/DESCRIPTION"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let record = records(&text).next().unwrap_or_default();
        let get = |key: &str| record.get(key).map(String::as_str).unwrap_or_default();
        if get("Package").is_empty() || get("Version").is_empty() {
            return Err(ReadError::malformed(file.path, "there is no `Package` and `Version`"));
        }
        if get("Built").is_empty() {
            return Ok(());
        }
        let ecosystem = match (get("biocViews"), get("Repository")) {
            ("", repository) => ecosystem(repository),
            _ => ecosystem("Bioconductor"),
        };
        if get("Priority") != "base" {
            let location = Location::path(file.path.clone());
            let mut package = Package::new(ecosystem, get("Package"), get("Version"), location);
            package.licenses =
                Some(get("License")).filter(|text| !text.is_empty()).map(str::to_owned).into_iter().collect();
            package.depends_on =
                ["Depends", "Imports", "LinkingTo"].iter().flat_map(|key| names(get(key))).collect();
            package.depends_on.sort_unstable();
            package.depends_on.dedup();
            found.packages.push(package);
        }
        found.notes.extend(TreePath::from_text(file.path.parent()).map(|directory| {
            Note::Owned(Owned {
                name: get("Package").to_owned(),
                ecosystem: ecosystem.to_owned(),
                files: Vec::new(),
                directories: vec![directory],
            })
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    const PATH: &str = "usr/lib/R/site-library/readxl/DESCRIPTION";

    #[test]
    fn installed_packages_are_told() {
        let text = b"Package: readxl\nTitle: Read Excel Files\nVersion: 1.4.1\nLicense: MIT + file LICENSE\nDepends: R (>= 3.4)\nImports: cellranger, tibble\n        (>= 2.0.1), utils\nLinkingTo: cpp11\nRepository: CRAN\nBuilt: R 4.2.2; x86_64-pc-linux-gnu; 2022-09-01; unix\n";
        insta::assert_snapshot!(render(&read(&Description, PATH, text)), @r#"
        CRAN readxl 1.4.1 runtime/unknown (MIT + file LICENSE) -> cellranger, cpp11, tibble, utils @usr/lib/R/site-library/readxl/DESCRIPTION
        note {"owned":{"name":"readxl","ecosystem":"CRAN","directories":["usr/lib/R/site-library/readxl"]}}
        "#);
    }

    #[test]
    fn sources_and_parts_of_r_are_not() {
        let source = b"Package: x\nVersion: 1.0\n";
        let base = b"Package: stats\nVersion: 4.2.2\nPriority: base\nBuilt: R 4.2.2; ; ; unix\n";
        assert!(read(&Description, PATH, source).is_empty());
        assert!(read(&Description, PATH, base).packages.is_empty());
        assert_eq!(read(&Description, PATH, b"\xff\x00").unread.len(), 1);
    }
}
