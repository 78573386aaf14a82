//! Under which ecosystems and names a package's advisories are asked for.

use crate::Verdict;
use crate::judge::{compared, judge};
use crate::kernel::signed_source;
use crate::sourced::sourced;
use yagura_ecosystems::{Ecosystem, canonical, ecosystem, platform};
use yagura_model::{Advisories, EcosystemId, Package, Statement, VersionKey};

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
    fn plan(&mut self, id: &EcosystemId) -> Option<&Plan> {
        if self.plans.get(self.last).is_none_or(|plan| plan.of != *id) {
            self.last = self.plans.iter().position(|plan| plan.of == *id).unwrap_or_else(|| {
                self.plans.push(Plan {
                    of: id.clone(),
                    known: ecosystem(id),
                    ask: platform::lookups(&canonical(id)),
                });
                self.plans.len() - 1
            });
        }
        self.plans.get(self.last)
    }

    /// Calls `visit` with every statement about a package and its verdict. A package that nobody speaks of
    /// costs no allocation. False when the ecosystem is not known.
    pub fn statements<'a>(
        &mut self,
        package: &Package,
        advisories: &'a dyn Advisories,
        visit: &mut dyn FnMut(Statement<'a>, Verdict<'a>),
    ) -> bool {
        let Some(plan) = self.plan(&package.ecosystem) else { return false };
        let mut keys = Keys { known: plan.known, own: None, source: None };
        let normalize =
            |name| plan.known.map_or(std::borrow::Cow::Borrowed(name), |known| (known.normalize)(name));
        let own = normalize(&package.name);
        let source =
            package.source.as_ref().map(|source| normalize(&source.name)).filter(|name| *name != own);
        let signed = package.source.as_ref().and_then(|source| signed_source(&source.name));
        let streams = platform::streams(&plan.of, &package.version);
        for id in plan.ask.iter().chain(&streams) {
            for name in [Some(&own), source.as_ref(), signed.as_ref()].into_iter().flatten() {
                advisories.statements(id, name, &mut |statement| {
                    let verdict = match compared(package, &statement) {
                        Some(version) => judge(package, keys.of(package, version), &statement),
                        None => Verdict::OtherName,
                    };
                    visit(statement, verdict);
                });
            }
        }
        plan.known.is_some()
    }
}

/// Every ecosystem and name, canonical, under which [`Lookups::statements`] asks for a package's advisories: what an
/// inverse index holds it under.
pub fn names(package: &Package) -> Vec<(EcosystemId, String)> {
    // A binary whose source the inventory leaves out is judged, and so must be found, under its source.
    let package = &*sourced(package);
    let known = ecosystem(&package.ecosystem);
    let normalize =
        |name: &str| known.map_or_else(|| name.to_owned(), |known| (known.normalize)(name).into_owned());
    let source = package.source.as_ref();
    let mut names: Vec<String> = std::iter::once(normalize(&package.name))
        .chain(source.map(|source| normalize(&source.name)))
        .chain(source.and_then(|source| signed_source(&source.name)).map(|name| name.into_owned()))
        .collect();
    names.sort();
    names.dedup();
    let mut list = Vec::new();
    let of = canonical(&package.ecosystem);
    for id in platform::lookups(&of).into_iter().chain(platform::streams(&of, &package.version)) {
        list.extend(names.iter().map(|name| (id.clone(), name.clone())));
    }
    list
}

/// Sort keys of a package's versions, made when first asked for.
struct Keys {
    known: Option<&'static Ecosystem>,
    own: Option<Option<VersionKey>>,
    source: Option<Option<VersionKey>>,
}

impl Keys {
    fn of(&mut self, package: &Package, version: &str) -> Option<&VersionKey> {
        let slot = if version == package.version { &mut self.own } else { &mut self.source };
        slot.get_or_insert_with(|| {
            let scheme = self.known?.versions;
            scheme.key(version).ok().filter(|_| scheme.is_version(version))
        })
        .as_ref()
    }
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
