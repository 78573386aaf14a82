//! The packages of one Python lockfile, found by normalized name.

use super::{ID, normalize};
use crate::Found;
use crate::graph::Graph;
use std::collections::HashMap;
use yagura_fs::File;
use yagura_model::Scope;

/// A name has several versions only where markers exclude each other; more than these are hostile.
const MAX_VERSIONS: usize = 16;

/// A lockfile while it is read: names may be asked for before they are listed.
#[derive(Default)]
pub(super) struct Locked {
    pub graph: Graph<'static>,
    by_name: HashMap<String, Vec<(String, usize)>>,
    asked: Vec<(usize, Wanted)>,
    roots: Vec<(Wanted, Scope)>,
}

/// A package that something asks for; the version only where the lockfile tells it.
pub(super) struct Wanted {
    pub name: String,
    pub version: Option<String>,
}

impl Wanted {
    /// Whatever version is locked.
    pub fn any(name: &str) -> Self {
        Self { name: name.to_owned(), version: None }
    }
}

impl Locked {
    /// Lists a package.
    pub fn add(&mut self, name: String, version: String) -> usize {
        let number = self.graph.add(name.clone().into(), version.clone().into());
        let known = self.by_name.entry(normalize(&name).into_owned()).or_default();
        if known.len() < MAX_VERSIONS && known.iter().all(|(_, other)| *other != number) {
            known.push((version, number));
        }
        number
    }

    /// A package asks for another.
    pub fn ask(&mut self, from: usize, wanted: Wanted) {
        self.asked.push((from, wanted));
    }

    /// The project asks for a package.
    pub fn root(&mut self, wanted: Wanted, scope: Scope) {
        self.roots.push((wanted, scope));
    }

    /// Resolves what was asked for and pushes the packages.
    pub fn finish(mut self, file: &File<'_>, found: &mut Found) {
        for (from, wanted) in std::mem::take(&mut self.asked) {
            for to in self.targets(&wanted) {
                self.graph.edge(from, to);
            }
        }
        let roots: Vec<(usize, Scope)> = std::mem::take(&mut self.roots)
            .iter()
            .flat_map(|(wanted, scope)| self.targets(wanted).into_iter().map(|number| (number, *scope)))
            .collect();
        if !roots.is_empty() {
            self.graph.spread(&roots);
        }
        self.graph.finish(ID, file, found);
    }

    /// The packages of a name, or the one of a version.
    pub fn targets(&self, wanted: &Wanted) -> Vec<usize> {
        self.by_name
            .get(&*normalize(&wanted.name))
            .into_iter()
            .flatten()
            .filter(|(version, _)| wanted.version.as_ref().is_none_or(|wanted| wanted == version))
            .map(|&(_, number)| number)
            .collect()
    }
}
