//! Under which ecosystems and names a package's advisories are asked for.

use crate::Verdict;
use crate::judge::judge;
use crate::kernel::signed_source;
use crate::sourced::sourced;
use std::borrow::Cow;
use std::cell::OnceCell;
use yagura_ecosystems::{Ecosystem, canonical, ecosystem, platform};
use yagura_model::{Advisories, Candidate, EcosystemId, Package, Statement, VersionKey};

/// What is the same for all packages of one ecosystem, computed once.
struct Plan {
    of: EcosystemId,
    known: Option<&'static Ecosystem>,
    ask: Vec<EcosystemId>,
}

/// The plans of the ecosystems met so far. Inventories are sorted by ecosystem, so the last one nearly always
/// fits.
#[derive(Default)]
pub struct Lookups {
    plans: Vec<Plan>,
    last: usize,
}

impl Lookups {
    fn plan(&mut self, id: &EcosystemId) -> &Plan {
        if self.plans.get(self.last).is_none_or(|plan| plan.of != *id) {
            self.last = self.plans.iter().position(|plan| plan.of == *id).unwrap_or(self.plans.len());
        }
        if self.last == self.plans.len() {
            let ask = platform::lookups(&canonical(id));
            self.plans.push(Plan { of: id.clone(), known: ecosystem(id), ask });
        }
        &self.plans[self.last]
    }

    /// What to ask about a package.
    pub fn ask<'l>(&'l mut self, package: &'l Package) -> Asked<'l> {
        let plan = self.plan(&package.ecosystem);
        let names = Names::of(package, plan.known);
        let streams = platform::streams(&plan.of, &package.version);
        Asked { plan, package, names, streams, keys: Default::default() }
    }
}

/// One package with the names under which advisories speak of it.
pub struct Asked<'l> {
    plan: &'l Plan,
    package: &'l Package,
    names: Names<'l>,
    streams: Vec<EcosystemId>,
    /// Sort keys of [`Self::versions`], made when first asked for.
    keys: [OnceCell<Option<VersionKey>>; 2],
}

impl Asked<'_> {
    /// False when the ecosystem is not known, so that nothing can be said of the package.
    pub fn is_known(&self) -> bool {
        self.plan.known.is_some()
    }

    /// False when no statement is a hit. Most packages end here, without an allocation for a text.
    pub fn may_be_affected(&self, advisories: &dyn Advisories) -> bool {
        let candidate = Candidate {
            versions: &self.versions(),
            key: &|index| self.key(index).map(VersionKey::as_bytes),
            has_commit: self.package.commit.is_some(),
        };
        self.places().any(|(id, name)| advisories.may_affect(id, name, &candidate))
    }

    /// Calls `visit` with every statement about the package and its verdict.
    pub fn statements<'a>(
        &self,
        advisories: &'a dyn Advisories,
        visit: &mut dyn FnMut(Statement<'a>, Verdict<'a>),
    ) {
        for (id, name) in self.places() {
            advisories.statements(id, name, &mut |statement| {
                let verdict = match self.names.compared(self.package, &statement) {
                    Some(version) => {
                        let index = usize::from(version != self.package.version);
                        judge(self.package, version, self.key(index), &statement)
                    }
                    None => Verdict::OtherName,
                };
                visit(statement, verdict);
            });
        }
    }

    fn places(&self) -> impl Iterator<Item = (&EcosystemId, &str)> {
        let ids = self.plan.ask.iter().chain(&self.streams);
        ids.flat_map(|id| self.names.distinct().map(move |name| (id, name)))
    }

    /// The package's own version, and its source's.
    fn versions(&self) -> [&str; 2] {
        let own = self.package.version.as_str();
        [own, self.package.source.as_ref().map_or(own, |source| &source.version)]
    }

    fn key(&self, index: usize) -> Option<&VersionKey> {
        let [own, source] = self.versions();
        let (index, version) = if index == 0 || own == source { (0, own) } else { (1, source) };
        let key = || {
            let scheme = self.plan.known?.versions;
            scheme.key(version).ok().filter(|_| scheme.is_version(version))
        };
        self.keys.get(index)?.get_or_init(key).as_ref()
    }
}

/// The names under which advisories can speak of a package, normalized.
pub struct Names<'p> {
    own: Cow<'p, str>,
    source: Option<Cow<'p, str>>,
    signed: Option<Cow<'p, str>>,
}

impl<'p> Names<'p> {
    /// `known` is the package's ecosystem.
    pub fn of(package: &'p Package, known: Option<&'static Ecosystem>) -> Self {
        let normalize = |name: &'p str| known.map_or(Cow::Borrowed(name), |known| (known.normalize)(name));
        let source = package.source.as_ref();
        Self {
            own: normalize(&package.name),
            source: source.map(|source| normalize(&source.name)),
            signed: source.and_then(|source| signed_source(&source.name)),
        }
    }

    /// Each once.
    fn distinct(&self) -> impl Iterator<Item = &str> {
        let source = self.source.as_deref().filter(|name| *name != self.own);
        let others = |name: &&str| *name != self.own && Some(*name) != source;
        let signed = self.signed.as_deref().filter(others);
        [Some(&*self.own), source, signed].into_iter().flatten()
    }

    /// The version of a package that a statement speaks of: the installed one for binary names, the source
    /// package's for source names; `None` when the statement does not name this package.
    pub fn compared(&self, package: &'p Package, statement: &Statement<'_>) -> Option<&'p str> {
        let own = package.version.as_str();
        match (&package.source, &self.source) {
            (Some(source), Some(name)) if !statement.binary => {
                if name == statement.name {
                    return Some(&source.version);
                }
                // Versions of signing sources are their own; the binary carries the kernel's.
                (self.signed.as_deref() == Some(statement.name)).then_some(own)
            }
            _ => (self.own == statement.name).then_some(own),
        }
    }
}

/// Every ecosystem and name, canonical, under which [`Lookups::statements`] asks for a package's advisories: what an
/// inverse index holds it under.
pub fn names(package: &Package) -> Vec<(EcosystemId, String)> {
    // A binary whose source the inventory leaves out is judged, and so must be found, under its source.
    let package = &*sourced(package);
    let names = Names::of(package, ecosystem(&package.ecosystem));
    let mut names: Vec<&str> = names.distinct().collect();
    names.sort_unstable();
    let mut list = Vec::new();
    let of = canonical(&package.ecosystem);
    for id in platform::lookups(&of).into_iter().chain(platform::streams(&of, &package.version)) {
        list.extend(names.iter().map(|name| (id.clone(), (*name).to_owned())));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use yagura_model::{Location, TreePath};

    #[test]
    fn r158_a_binary_without_a_source_is_indexed_under_the_one_it_is_judged_by() {
        let place = Location::path(TreePath::from_text("AWS:Application").unwrap());
        let package = Package::new("Ubuntu:22.04", "libc6", "2.35-0ubuntu3.1", place);
        let names: Vec<String> = names(&package).into_iter().map(|(_, name)| name).collect();
        assert!(
            names.iter().any(|name| name == "glibc") && names.iter().any(|name| name == "libc6"),
            "{names:?}"
        );
    }
}
