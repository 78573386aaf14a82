//! Layers on top of each other: which files are visible in the end, and which layer brought each package.

use crate::{Found, catalog::Catalog};
use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;
use yagura_model::{LayerId, Package, TreePath, UnreadReason};

/// The tree that remains after all layers.
#[derive(Default)]
pub struct Overlay<'a> {
    layers: Vec<Option<&'a LayerId>>,
    files: BTreeMap<&'a str, Visible<'a>>,
    unexplained: BTreeMap<&'a str, (&'a TreePath, UnreadReason)>,
}

/// A visible file, and what its path said in each layer since it last appeared, base first.
#[derive(Clone)]
struct Visible<'a> {
    path: &'a TreePath,
    history: Vec<(usize, &'a Found)>,
}

impl<'a> Overlay<'a> {
    /// Applies layers, base first.
    pub fn new(layers: &'a [Catalog]) -> Self {
        let mut overlay = Self::default();
        for (index, layer) in layers.iter().enumerate() {
            overlay.layers.push(layer.layer.as_ref());
            overlay.apply(index, layer);
        }
        overlay
    }

    fn apply(&mut self, index: usize, layer: &'a Catalog) {
        if index > 0 {
            for directory in &layer.opaque {
                self.hide_below(directory);
            }
            let replaced = layer.hardlinks.iter().map(|(link, _)| link);
            let replaced = replaced.filter(|link| !layer.files.contains_key(*link));
            for path in layer.removed.iter().chain(layer.symlinks.keys()).chain(replaced) {
                self.files.remove(path.as_str());
                self.unexplained.remove(path.as_str());
                self.hide_below(path);
            }
        }
        for (path, found) in &layer.files {
            let visible = self.files.entry(path.as_str());
            visible.or_insert(Visible { path, history: Vec::new() }).history.push((index, found));
            self.unexplained.remove(path.as_str());
        }
        for (path, reason) in &layer.unexplained {
            self.unexplained.insert(path.as_str(), (path, *reason));
        }
        for (link, target) in &layer.hardlinks {
            if !layer.files.contains_key(link)
                && let Some(visible) = self.files.get(target.as_str()).cloned()
            {
                self.files.insert(link.as_str(), visible);
            }
        }
    }

    fn hide_below(&mut self, directory: &TreePath) {
        let inside = format!("{directory}/");
        // '0' follows '/' in ASCII, so this is the range of all paths that start with `inside`.
        let end = format!("{directory}0");
        hide_range(&mut self.files, &inside, &end);
        hide_range(&mut self.unexplained, &inside, &end);
    }

    /// Every visible file with what it says, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&'a TreePath, &'a Found)> {
        self.files.values().filter_map(|visible| Some((visible.path, visible.history.last()?.1)))
    }

    /// What the visible file at a path says.
    pub fn found(&self, path: &str) -> Option<&'a Found> {
        Some(self.files.get(path)?.history.last()?.1)
    }

    /// Every visible executable and archive without explanation, sorted by path.
    pub fn unexplained(&self) -> impl Iterator<Item = (&'a TreePath, UnreadReason)> {
        self.unexplained.values().copied()
    }

    /// The packages of a visible file, each location carrying the layer that introduced the package:
    /// a package database is rewritten by every layer, so that is the first layer since which the file has
    /// named this version without interruption.
    pub fn packages(&self, path: &TreePath) -> Vec<Package> {
        let history = self.files.get(path.as_str()).map(|visible| visible.history.as_slice());
        let Some((&(top, found), earlier)) = history.and_then(<[_]>::split_last) else {
            return Vec::new();
        };
        let mut introduced = vec![top; found.packages.len()];
        let mut open: Vec<usize> = (0..found.packages.len()).collect();
        for &(layer, older) in earlier.iter().rev() {
            let named: HashSet<_> = older.packages.iter().map(identity).collect();
            open.retain(|&index| {
                let kept = named.contains(&identity(&found.packages[index]));
                if kept {
                    introduced[index] = layer;
                }
                kept
            });
        }
        let mut packages = found.packages.clone();
        for (package, layer) in packages.iter_mut().zip(introduced) {
            for location in &mut package.locations {
                location.layer = self.layers.get(layer).copied().flatten().cloned();
            }
        }
        packages
    }
}

fn hide_range<V>(map: &mut BTreeMap<&str, V>, start: &str, end: &str) {
    let hidden: Vec<_> =
        map.range::<str, _>((Bound::Included(start), Bound::Excluded(end))).map(|(path, _)| *path).collect();
    for path in hidden {
        map.remove(path);
    }
}

fn identity(package: &Package) -> (&str, &str, Option<&str>) {
    (&package.name, &package.version, package.arch.as_deref())
}
