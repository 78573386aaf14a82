//! The packages of a small organization beside what a correct scanner finds on them, and must not find. The lists, the
//! expectations and the advisories are not part of the repository: set `YAGURA_CONFORMANCE` to a folder that holds
//! them, or put it beside the checkout as `shared`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing unwrap is a failing test")]

use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use yagura_advisories::{Builder, Database, Document, FEEDS};
use yagura_model::{Detection, Inventory, Location, Package, SourcePackage, TreePath};

/// What the resources' packages are judged by. All of the data would give the same, later.
const DOCUMENTS: &[&str] = &[
    "alpine/v3.18/main.json",
    "alpine/v3.18/community.json",
    "amazon/2023/core/repodata/updateinfo.xml.gz",
    "debian/tracker/data/json",
    "debian/changelog-fixes.json",
    "osv/Maven/all.zip",
    "osv/PyPI/all.zip",
    "osv/Ubuntu/all.zip",
    "osv/npm/all.zip",
];

/// Resources and the list of OS packages that they hold.
const LISTS: &[(&str, &str, &str)] = &[
    ("web-1", "ubuntu2204.txt", "Ubuntu:22.04"),
    ("db-1", "ubuntu2204.txt", "Ubuntu:22.04"),
    ("app-1", "al2023.txt", "Amazon Linux:2023"),
    ("batch-1", "al2023.txt", "Amazon Linux:2023"),
    ("acme/batch:3.0", "al2023.txt", "Amazon Linux:2023"),
    ("legacy-1", "debian12.txt", "Debian:12"),
    ("acme/web:1.1", "debian12.txt", "Debian:12"),
    ("acme/api:2.0 amd64", "alpine318.txt", "Alpine:v3.18"),
    ("acme/api:2.0 arm64", "alpine318.txt", "Alpine:v3.18"),
];

#[derive(Deserialize)]
struct Expected {
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    packages: Option<Lists>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lists {
    #[serde(default)]
    must: Vec<Rule>,
    #[serde(default)]
    must_not: Vec<Rule>,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
struct Rule {
    vulnerability_id: String,
    packages_any_of: Vec<String>,
    installed: Option<String>,
    fixed_in: Option<String>,
    only_if_fixed_in_contains: Option<String>,
    /// About layers of functions, which are no matter of matching.
    only_if_no_layer_arn: Option<bool>,
}

impl Rule {
    fn fits(&self, detection: &Detection) -> bool {
        let id = detection.vulnerability.id.as_str();
        (self.vulnerability_id == "*" || self.vulnerability_id == id)
            && self.packages_any_of.contains(&detection.package.name)
            && self.only_if_fixed_in_contains.as_ref().is_none_or(|part| {
                detection.fix.versions.iter().any(|version| version.contains(part.as_str()))
            })
    }
}

fn data() -> Option<PathBuf> {
    let root = std::env::var_os("YAGURA_CONFORMANCE")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")));
    root.join("testbed/accounts/acme/expected.json").is_file().then_some(root)
}

fn database(advisories: &Path) -> Vec<u8> {
    let mut builder = Builder::new("2026-11-24T00:00:00Z".parse().unwrap());
    for document in DOCUMENTS {
        let (folder, path) = document.split_once('/').unwrap();
        let feed = FEEDS.iter().find(|feed| feed.folder() == folder && feed.reads(path)).unwrap();
        let bytes = fs::read(advisories.join(document)).unwrap();
        builder.read(*feed, &Document { path, bytes: &bytes }).unwrap();
    }
    builder.finish().unwrap()
}

fn package(ecosystem: &str, name: &str, version: &str) -> Package {
    Package::new(ecosystem, name, version, Location::path(TreePath::from_text("x").unwrap()))
}

/// One line is `name version arch source source-version state`, `-` for what is not told.
fn listed(text: &str, ecosystem: &str, sources: bool) -> Vec<Package> {
    let mut packages = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.get(5).is_some_and(|state| state.contains("config-files")) {
            continue;
        }
        let mut one = package(ecosystem, words[0], words[1]);
        let told = |index: usize| words.get(index).copied().filter(|word| *word != "-");
        one.arch = told(2).map(str::to_owned);
        one.source = sources.then(|| SourcePackage {
            name: told(3).unwrap_or(words[0]).to_owned(),
            version: told(4).unwrap_or(words[1]).to_owned(),
        });
        packages.push(one);
    }
    packages
}

/// A language package that a rule names, with its version. OS packages are in the lists.
fn language(rule: &Rule, systems: &[Package]) -> Option<Package> {
    let name = rule.packages_any_of.first()?;
    if systems.iter().any(|package| package.name == *name) {
        return None;
    }
    let ecosystem = match name.as_str() {
        name if name.contains(':') => "Maven",
        "axios" | "express" | "lodash" | "minimist" => "npm",
        _ => "PyPI",
    };
    Some(package(ecosystem, name, rule.installed.as_deref()?))
}

/// What is wrong on one resource; `sources` tells whether the inventory knows source packages.
fn wrong(resource: &Resource, root: &Path, database: &Database<Vec<u8>>, sources: bool) -> Vec<String> {
    let Some(lists) = &resource.packages else { return Vec::new() };
    let mut packages = Vec::new();
    if let Some((_, file, ecosystem)) = LISTS.iter().find(|(name, ..)| *name == resource.name) {
        let text = fs::read_to_string(root.join("testbed/accounts/acme/packages").join(file)).unwrap();
        packages = listed(&text, ecosystem, sources);
    }
    // The image's last layer upgrades what its rules name in another version.
    for rule in lists.must.iter().chain(&lists.must_not) {
        let Some(installed) = &rule.installed else { continue };
        for one in packages
            .iter_mut()
            .filter(|one| one.name == "openssl" && rule.packages_any_of.contains(&one.name))
        {
            one.version.clone_from(installed);
            if let Some(source) = &mut one.source {
                source.version.clone_from(installed);
            }
        }
    }
    let mut others: Vec<Package> =
        lists.must.iter().chain(&lists.must_not).filter_map(|rule| language(rule, &packages)).collect();
    others.push(package("Maven", "org.apache.logging.log4j:log4j-api", "2.17.1"));
    others.push(package("PyPI", "chardet", "3.0.4"));
    packages.extend(others);
    let inventory = Inventory { packages, ..Inventory::default() };
    let found = yagura_findings::detect(&inventory, database, "2026-11-24".parse().unwrap()).detections;
    let mut wrong = Vec::new();
    for rule in &lists.must {
        match found.iter().find(|one| rule.fits(one)) {
            None => wrong.push(format!("{}: missing {rule:?}", resource.name)),
            Some(one) => {
                // Databases disagree about later fixes of incomplete ones; the expected one is among them or earlier.
                let fixed = rule.fixed_in.iter().all(|fix| one.fix.versions.contains(fix));
                if !fixed {
                    wrong.push(format!("{}: {rule:?} is fixed in {:?}", resource.name, one.fix.versions));
                }
            }
        }
    }
    let about =
        |rule: &&Rule| rule.only_if_no_layer_arn.is_none() && !rule.packages_any_of.contains(&"*".to_owned());
    for rule in lists.must_not.iter().filter(about) {
        // A jar that a layer deletes is a matter of the inventory.
        if resource.name == "acme/batch:3.0"
            && rule.packages_any_of.iter().any(|name| name.contains("log4j-core"))
        {
            continue;
        }
        wrong.extend(found.iter().filter(|one| rule.fits(one)).map(|one| {
            format!(
                "{}: {} on {} {}",
                resource.name, one.vulnerability.id, one.package.name, one.package.version
            )
        }));
    }
    wrong
}

#[test]
fn r158_what_must_be_found_is_found_and_nothing_that_must_not() {
    let Some(root) = data() else {
        println!("skipped: no conformance data");
        return;
    };
    let text = fs::read_to_string(root.join("testbed/accounts/acme/expected.json")).unwrap();
    let expected: Expected = serde_json::from_str(&text).unwrap();
    let database = Database::open(database(&root.join("advisories"))).unwrap();
    let rules: usize = expected
        .resources
        .iter()
        .filter_map(|resource| resource.packages.as_ref())
        .map(|lists| lists.must.len() + lists.must_not.len())
        .sum();
    assert!(rules > 150, "{rules}");
    let mut all = Vec::new();
    for resource in &expected.resources {
        for sources in [true, false] {
            let wrong = wrong(resource, &root, &database, sources);
            let kind = if sources { "with sources" } else { "binaries only" };
            all.extend(wrong.into_iter().map(|text| format!("{kind}: {text}")));
        }
    }
    assert!(all.is_empty(), "{all:#?}");
    println!("{rules} rules hold");
}
