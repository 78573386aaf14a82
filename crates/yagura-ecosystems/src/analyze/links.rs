//! Upper layers that reach through symbolic links of lower ones.
//!
//! Where a lower layer has `lib -> usr/lib`, an entry `lib/apk/db/installed` of an upper layer replaces
//! `usr/lib/apk/db/installed`: container runtimes follow links in the directories of an entry when they unpack it. An
//! upper layer that holds `lib` itself as a directory takes the link away first.

use crate::catalog::Catalog;
use std::borrow::Cow;
use std::collections::BTreeMap;
use yagura_model::TreePath;

/// Most links on the way to one file, as in the kernel.
const MOST: usize = 40;

/// The layers with every path where it ends up. Borrowed when no path changes, which is nearly always.
pub(super) fn followed(layers: &[Catalog]) -> Cow<'_, [Catalog]> {
    let mut links: BTreeMap<&str, &str> = BTreeMap::new();
    let mut moved: Vec<(usize, BTreeMap<&str, TreePath>)> = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let gone = layer.directories.iter().chain(&layer.removed);
        gone.for_each(|path| {
            links.remove(path.as_str());
        });
        links.extend(layer.symlinks.iter().map(|(path, target)| (path.as_str(), target.as_str())));
        if links.is_empty() {
            continue;
        }
        let changes: BTreeMap<&str, TreePath> =
            paths(layer).filter_map(|path| Some((path.as_str(), follow(path.as_str(), &links)?))).collect();
        if !changes.is_empty() {
            moved.push((number, changes));
        }
    }
    if moved.is_empty() {
        return Cow::Borrowed(layers);
    }
    let mut rewritten = layers.to_vec();
    for (number, changes) in &moved {
        if let Some(layer) = rewritten.get_mut(*number) {
            rewrite(layer, changes);
        }
    }
    Cow::Owned(rewritten)
}

/// Everything of a layer that has a place.
fn paths(layer: &Catalog) -> impl Iterator<Item = &TreePath> {
    layer
        .files
        .keys()
        .chain(layer.unexplained.keys())
        .chain(&layer.removed)
        .chain(&layer.opaque)
        .chain(layer.symlinks.keys())
        .chain(layer.hardlinks.iter().flat_map(|(link, target)| [link, target]))
}

/// Where a path ends up; `None` when no directory on its way is a link, or the links lead nowhere.
fn follow(path: &str, links: &BTreeMap<&str, &str>) -> Option<TreePath> {
    let mut path = Cow::Borrowed(path);
    for _ in 0..MOST {
        let link = path.match_indices('/').find_map(|(end, _)| {
            let directory = path.get(..end)?;
            Some((directory.len(), *links.get(directory)?))
        });
        let Some((end, target)) = link else {
            return match path {
                Cow::Borrowed(_) => None,
                Cow::Owned(path) => TreePath::from_text(&path),
            };
        };
        let directory = path.get(..end)?;
        let above = directory.rsplit_once('/').map_or("", |(above, _)| above);
        let target = if target.starts_with('/') { target.to_owned() } else { format!("{above}/{target}") };
        path = Cow::Owned(normal(&format!("{target}{}", path.get(end..)?)));
    }
    None
}

/// Without `.` and `..`; the root is above itself, as for a process in the container.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn rewrite(layer: &mut Catalog, changes: &BTreeMap<&str, TreePath>) {
    let place = |path: &TreePath| changes.get(path.as_str()).unwrap_or(path).clone();
    layer.files = std::mem::take(&mut layer.files)
        .into_iter()
        .map(|(path, mut found)| {
            if let Some(to) = changes.get(path.as_str()) {
                let locations = found.packages.iter_mut().flat_map(|package| &mut package.locations);
                locations
                    .filter(|location| location.path == path)
                    .for_each(|location| location.path = to.clone());
            }
            (place(&path), found)
        })
        .collect();
    layer.unexplained = std::mem::take(&mut layer.unexplained)
        .into_iter()
        .map(|(path, reason)| (place(&path), reason))
        .collect();
    layer.symlinks = std::mem::take(&mut layer.symlinks)
        .into_iter()
        .map(|(path, target)| (place(&path), target))
        .collect();
    layer.removed.iter_mut().chain(&mut layer.opaque).for_each(|path| *path = place(path));
    for (link, target) in &mut layer.hardlinks {
        (*link, *target) = (place(link), place(target));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Found;
    use yagura_model::{Location, Package};

    fn path(text: &str) -> TreePath {
        TreePath::from_text(text).unwrap()
    }

    fn layer(
        symlinks: &[(&str, &str)],
        directories: &[&str],
        removed: &[&str],
        files: &[(&str, &str)],
    ) -> Catalog {
        let file = |(at, name): &(&str, &str)| {
            let package = Package::new("apk", *name, "1", Location::path(path(at)));
            (path(at), Found { packages: vec![package], ..Found::default() })
        };
        Catalog {
            symlinks: symlinks.iter().map(|(at, target)| (path(at), (*target).to_owned())).collect(),
            directories: directories.iter().map(|at| path(at)).collect(),
            removed: removed.iter().map(|at| path(at)).collect(),
            files: files.iter().map(file).collect(),
            ..Catalog::default()
        }
    }

    fn names(layers: &[Catalog]) -> Vec<String> {
        let inventory = crate::analyze::analyze(layers);
        inventory.packages.iter().map(|p| format!("{} {}", p.name, p.locations[0].path)).collect()
    }

    #[test]
    fn entries_below_a_link_of_a_lower_layer_land_at_its_target() {
        let base =
            layer(&[("lib", "usr/lib")], &["usr", "usr/lib"], &[], &[("usr/lib/apk/db/installed", "old")]);
        let upper = layer(&[], &[], &[], &[("lib/apk/db/installed", "new")]);
        assert_eq!(names(&[base.clone(), upper]), ["new usr/lib/apk/db/installed"]);
        let whiteout = layer(&[], &[], &["lib/apk"], &[]);
        assert_eq!(names(&[base.clone(), whiteout]), [""; 0]);
        // With a directory in its place the link is gone, and both files are there.
        let directory = layer(&[], &["lib", "lib/apk"], &[], &[("lib/apk/db/installed", "new")]);
        assert_eq!(names(&[base, directory]).len(), 2);
    }

    #[test]
    fn links_to_links_absolute_ones_and_circles_end() {
        let links = layer(
            &[("a", "b"), ("b", "/c/../d"), ("x", "y"), ("y", "x"), ("d/up", "../../../e")],
            &[],
            &[],
            &[],
        );
        let upper =
            layer(&[], &[], &[], &[("a/installed", "one"), ("x/installed", "two"), ("d/up/f", "three")]);
        assert_eq!(names(&[links, upper]), ["one d/installed", "three e/f", "two x/installed"]);
    }
}
