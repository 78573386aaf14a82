//! Python environments as one project: what was asked for is marked beside each distribution, and every distribution
//! says what it needs.

use super::dependencies;
use super::overlay::Overlay;
use std::collections::{BTreeMap, HashSet};
use yagura_model::{Package, Relation, TreePath};

/// The distributions of each directory in which something was asked for.
pub(super) struct Environments<'a> {
    /// Directories of distributions that were asked for.
    requested: HashSet<&'a str>,
    /// By directory, usually a `site-packages`.
    packages: BTreeMap<String, Vec<Package>>,
}

impl<'a> Environments<'a> {
    pub fn new(overlay: &Overlay<'a>) -> Self {
        let requested: HashSet<&str> = overlay
            .files()
            .filter(|(path, _)| path.name() == "REQUESTED")
            .map(|(path, _)| path.parent())
            .collect();
        let packages = requested.iter().map(|directory| (above(directory).to_owned(), Vec::new())).collect();
        Self { requested, packages }
    }

    /// Keeps the packages of a file until all of its environment are there; false when it is in none.
    pub fn takes(&mut self, path: &TreePath, packages: &mut Vec<Package>) -> bool {
        if path.name() != "METADATA" {
            return false;
        }
        let Some(environment) = self.packages.get_mut(above(path.parent())) else { return false };
        if self.requested.contains(path.parent()) {
            packages.iter_mut().for_each(|package| package.relation = Relation::Direct);
        }
        environment.append(packages);
        true
    }

    /// Tells direct from transitive ones, and how each came.
    pub fn finish(self, all: &mut Vec<Package>) {
        for (_, mut packages) in self.packages {
            dependencies::link(&mut packages, &[]);
            all.append(&mut packages);
        }
    }
}

fn above(directory: &str) -> &str {
    directory.rsplit_once('/').map_or("", |(above, _)| above)
}

#[cfg(test)]
mod tests {
    use crate::analyze::analyze;
    use crate::catalog::Catalog;
    use crate::{ECOSYSTEMS, testing::read};
    use yagura_model::TreePath;

    fn environment(files: &[(&str, &str)]) -> Catalog {
        let mut catalog = Catalog::default();
        for (path, text) in files {
            let name = if path.ends_with("METADATA") { "pypi/metadata" } else { "pypi/requested" };
            let mut all = ECOSYSTEMS.iter().flat_map(|ecosystem| ecosystem.catalogers);
            let cataloger = all.find(|cataloger| cataloger.id() == name).unwrap();
            catalog.files.insert(TreePath::from_text(path).unwrap(), read(*cataloger, path, text.as_bytes()));
        }
        catalog
    }

    #[test]
    fn requested_distributions_are_direct_and_what_they_need_is_transitive() {
        let catalog = environment(&[
            (
                "v/site-packages/Flask-3.dist-info/METADATA",
                "Name: Flask\nVersion: 3\nRequires-Dist: Jinja2\n",
            ),
            ("v/site-packages/Flask-3.dist-info/REQUESTED", ""),
            (
                "v/site-packages/jinja2-1.dist-info/METADATA",
                "Name: jinja2\nVersion: 1\nRequires-Dist: Markup_Safe\n",
            ),
            ("v/site-packages/markupsafe-1.dist-info/METADATA", "Name: markup-safe\nVersion: 1\n"),
            ("v/site-packages/stray-1.dist-info/METADATA", "Name: stray\nVersion: 1\n"),
            ("w/site-packages/other-1.dist-info/METADATA", "Name: other\nVersion: 1\n"),
        ]);
        let told: Vec<String> = analyze(&[catalog])
            .packages
            .iter()
            .map(|p| format!("{} {:?} {}", p.name, p.relation, p.dependency_path.join(" ")))
            .collect();
        assert_eq!(
            told,
            [
                "Flask Direct ",
                "jinja2 Transitive Flask@3",
                "markup-safe Transitive Flask@3 jinja2@1",
                "other Unknown ",
                "stray Unknown "
            ]
        );
    }
}
