//! Joins the catalogs of a tree's layers into one inventory: what is visible, on which platform, owned by
//! whom, asked for by whom. Pure: the same catalogs always give the same inventory.

mod dependencies;
mod environments;
mod links;
mod overlay;

use crate::catalog::Catalog;
use crate::{ECOSYSTEMS, Found, Manifest, Note, binary, ownership, platform, rpm};
use overlay::Overlay;
use std::collections::{BTreeMap, BTreeSet};
use yagura_model::{Inventory, Owner, Package, Platform, Relation, TreePath, Unread, UnreadReason};

/// Merges layers, base first; later layers hide what they replace or remove.
pub fn analyze(layers: &[Catalog]) -> Inventory {
    let layers = &*links::followed(layers);
    let overlay = Overlay::new(layers);
    let mut unread: Vec<Unread> = layers.iter().flat_map(|layer| &layer.unread).cloned().collect();
    unread.extend(overlay.files().flat_map(|(_, found)| &found.unread).cloned());

    let manifests = Manifests::new(&overlay);
    let mut packages = packages(&overlay, &manifests, &mut unread);
    let platform = identify(&overlay, &packages, &mut unread);
    platform::assign(platform.as_ref(), &mut packages);
    let owners = ownership::Index::new(overlay.files().flat_map(|(_, found)| owned(found)));
    attribute(&mut packages, &owners);
    // A program that an OS package ships is that package.
    packages.retain(|package| package.owner.is_none() || package.ecosystem.as_str() != binary::ID);
    report_unexplained(&overlay, &owners, &mut unread);
    manifests.report_missing_lockfiles(&packages, &mut unread);
    unread.retain(|entry| entry.reason != UnreadReason::NoLockfile || !is_shipped(&entry.path, &owners));

    let packages = merge(packages);
    unread.sort();
    unread.dedup();
    Inventory { platform, packages, unread }
}

/// One inventory of trees that lie side by side and hide nothing of each other, such as a function's code and its layers.
/// The first platform that is told holds.
pub fn combine(inventories: Vec<Inventory>) -> Inventory {
    let mut combined = Inventory::default();
    for inventory in inventories {
        combined.platform = combined.platform.or(inventory.platform);
        combined.packages.extend(inventory.packages);
        combined.unread.extend(inventory.unread);
    }
    combined.packages = merge(combined.packages);
    combined.unread.sort();
    combined.unread.dedup();
    combined
}

/// The packages of every file, completed by the manifests beside it, and those that only several files
/// together tell.
fn packages(overlay: &Overlay<'_>, manifests: &Manifests<'_>, unread: &mut Vec<Unread>) -> Vec<Package> {
    let mut all = Vec::new();
    let mut environments = environments::Environments::new(overlay);
    for (path, found) in overlay.files() {
        if found.packages.is_empty() {
            continue;
        }
        let mut packages = overlay.packages(path);
        rpm::settle(path, found, &mut packages, |path| overlay.found(path));
        let asked = manifests.of(path, &packages);
        dependencies::link(&mut packages, asked);
        if !environments.takes(path, &mut packages) {
            all.append(&mut packages);
        }
    }
    environments.finish(&mut all);
    let notes: Vec<(&TreePath, &Note)> =
        overlay.files().flat_map(|(path, found)| found.notes.iter().map(move |note| (path, note))).collect();
    for resolve in ECOSYSTEMS.iter().filter_map(|ecosystem| ecosystem.resolve) {
        all.extend(resolve(&notes, unread));
    }
    all
}

fn identify(overlay: &Overlay<'_>, packages: &[Package], unread: &mut Vec<Unread>) -> Option<Platform> {
    let told: Vec<(&TreePath, &Platform)> = overlay
        .files()
        .flat_map(|(path, found)| found.notes.iter().map(move |note| (path, note)))
        .filter_map(|(path, note)| match note {
            Note::Platform(platform) => Some((path, platform)),
            _ => None,
        })
        .collect();
    let formats: BTreeSet<&str> = packages.iter().map(|package| package.ecosystem.as_str()).collect();
    platform::choose(&told, &formats, unread)
}

fn owned(found: &Found) -> impl Iterator<Item = &crate::Owned> {
    found.notes.iter().filter_map(|note| match note {
        Note::Owned(owned) => Some(owned),
        _ => None,
    })
}

/// Language packages that the operating system's packages ship are theirs.
fn attribute(packages: &mut [Package], owners: &ownership::Index) {
    let shipped: BTreeMap<(String, String), Owner> = packages
        .iter()
        .filter_map(|package| {
            let format = platform::package_format(&package.ecosystem)?;
            let owner = Owner {
                ecosystem: package.ecosystem.clone(),
                name: package.name.clone(),
                version: package.version.clone(),
            };
            Some(((format.to_owned(), package.name.clone()), owner))
        })
        .collect();
    for package in packages.iter_mut() {
        if platform::package_format(&package.ecosystem).is_some() {
            continue;
        }
        let location = package.locations.first();
        package.owner = location
            .and_then(|location| owners.system_owner_of(&location.path))
            .and_then(|(format, name)| shipped.get(&(format.to_owned(), name.to_owned())))
            .cloned();
    }
}

/// A manifest or list of requirements among the files of an OS package asks for nothing here: whatever was built
/// from it is in the package. Which package ships a document is not kept, and none of them installs anything.
fn is_shipped(path: &TreePath, owners: &ownership::Index) -> bool {
    path.as_str().starts_with("usr/share/doc/") || owners.system_owner_of(path).is_some()
}

/// What was seen but is not explained by any package.
fn report_unexplained(overlay: &Overlay<'_>, owners: &ownership::Index, unread: &mut Vec<Unread>) {
    for (path, reason) in overlay.unexplained() {
        if !owners.explains(path) {
            let detail = match reason {
                UnreadReason::UnknownExecutable => "executable that no package explains",
                _ => "archive that no package explains",
            };
            unread.push(Unread { path: path.clone(), reason, detail: detail.to_owned() });
        }
    }
    unread.retain(|entry| entry.reason != UnreadReason::UnknownArchive || !owners.explains(&entry.path));
}

/// The manifests of a tree, joined with the directory whose lockfile answers them.
struct Manifests<'a> {
    /// By ecosystem, then by the lockfile's directory.
    answered: BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a Manifest>>>,
    unanswered: Vec<(&'a TreePath, &'a Manifest)>,
}

impl<'a> Manifests<'a> {
    /// A manifest is answered by the lockfile in its directory or, for workspaces, in the nearest one above.
    fn new(overlay: &'a Overlay<'_>) -> Self {
        let lockfiles: BTreeSet<(&str, &str)> = overlay
            .files()
            .filter(|(path, _)| !is_installed(project(path)))
            .filter_map(|(path, found)| Some((found.packages.first()?.ecosystem.as_str(), project(path))))
            .collect();
        let mut manifests = Self { answered: BTreeMap::new(), unanswered: Vec::new() };
        for (path, manifest) in overlay.files().flat_map(|(path, found)| {
            found.notes.iter().filter_map(move |note| match note {
                Note::Manifest(manifest) => Some((path, manifest)),
                _ => None,
            })
        }) {
            if is_installed(path.as_str()) {
                continue;
            }
            let ecosystem = manifest.ecosystem.as_str();
            match ancestors(path.parent()).find(|directory| lockfiles.contains(&(ecosystem, *directory))) {
                Some(directory) => {
                    let directories = manifests.answered.entry(ecosystem).or_default();
                    directories.entry(directory).or_default().push(manifest);
                }
                None => manifests.unanswered.push((path, manifest)),
            }
        }
        manifests
    }

    fn of(&self, lockfile: &TreePath, packages: &[Package]) -> &[&'a Manifest] {
        packages
            .first()
            .and_then(|package| self.answered.get(package.ecosystem.as_str()))
            .and_then(|directories| directories.get(project(lockfile)))
            .map_or(&[], Vec::as_slice)
    }

    /// A manifest that asks for packages, without a lockfile and without installed packages below it, is a gap.
    fn report_missing_lockfiles(&self, packages: &[Package], unread: &mut Vec<Unread>) {
        let mut directories: BTreeSet<(&str, &str)> = BTreeSet::new();
        for package in packages {
            for location in &package.locations {
                directories.insert((package.ecosystem.as_str(), location.path.parent()));
            }
        }
        for (path, manifest) in &self.unanswered {
            let ecosystem = manifest.ecosystem.as_str();
            if manifest.complete || manifest.direct.is_empty() {
                continue;
            }
            let installed = directories
                .range((ecosystem, path.parent())..)
                .next()
                .is_some_and(|(id, directory)| *id == ecosystem && is_below(directory, path.parent()));
            if !installed {
                unread.push(Unread {
                    path: (*path).clone(),
                    reason: UnreadReason::NoLockfile,
                    detail: format!(
                        "asks for {} {ecosystem} packages, but no lockfile or installed package tells their versions",
                        manifest.direct.len()
                    ),
                });
            }
        }
    }
}

/// The directory of the project that a lockfile belongs to. npm keeps one inside `node_modules`, and images
/// often have no other.
fn project(lockfile: &TreePath) -> &str {
    let parent = lockfile.parent();
    match lockfile.name() {
        ".package-lock.json" => {
            parent.strip_suffix("node_modules").map_or(parent, |above| above.trim_end_matches('/'))
        }
        _ => parent,
    }
}

/// Manifests inside installed packages speak of their authors' projects, not of this one.
fn is_installed(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "node_modules" | "site-packages" | "dist-packages" | "bower_components"))
}

fn is_below(path: &str, directory: &str) -> bool {
    directory.is_empty()
        || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A directory and those above it, the root last.
fn ancestors(directory: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(directory), |directory| {
        (!directory.is_empty()).then(|| directory.rsplit_once('/').map_or("", |(parent, _)| parent))
    })
}

/// The same package of the same owner at several places is one package with several locations.
fn merge(packages: Vec<Package>) -> Vec<Package> {
    type Key = (String, String, String, Option<String>, Option<Owner>);
    let mut merged: BTreeMap<Key, Package> = BTreeMap::new();
    for package in packages {
        let key = (
            package.ecosystem.as_str().to_owned(),
            package.name.clone(),
            package.version.clone(),
            package.arch.clone(),
            package.owner.clone(),
        );
        match merged.entry(key) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(package);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => join(entry.get_mut(), package),
        }
    }
    let mut packages: Vec<Package> = merged.into_values().collect();
    for package in &mut packages {
        package.locations.sort();
        package.locations.dedup();
        package.licenses.sort();
        package.licenses.dedup();
    }
    packages
}

fn join(package: &mut Package, other: Package) {
    let Package { locations, scope, relation, licenses, dependency_path, depends_on, source, .. } = other;
    package.locations.extend(locations);
    package.licenses.extend(licenses);
    // An installed package does not know what it is needed for; a lockfile that tells its relation does.
    package.scope = match (package.relation, relation) {
        (Relation::Direct | Relation::Transitive, Relation::Unknown) => package.scope,
        (Relation::Unknown, Relation::Direct | Relation::Transitive) => scope,
        // `Runtime` sorts first: what is needed at run time anywhere is a run-time package.
        _ => package.scope.min(scope),
    };
    // A direct request anywhere makes the package direct.
    if relation == Relation::Direct || package.relation == Relation::Unknown {
        package.relation = relation;
        package.dependency_path = dependency_path;
    }
    if package.depends_on.is_empty() {
        package.depends_on = depends_on;
    }
    if package.source.is_none() {
        package.source = source;
    }
}
