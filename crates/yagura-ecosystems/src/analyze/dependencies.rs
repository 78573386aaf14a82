//! Direct or transitive, run time or development, and one way to each package: from a lockfile's edges and
//! the manifests beside it.

use crate::{Manifest, normalize};
use std::collections::{HashMap, VecDeque};
use yagura_model::{EcosystemId, Package, Relation, Scope};

/// Most packages of a way that are kept, nearest to its end. Real ways are shorter than twenty; without a
/// bound, one long chain would cost memory by the square.
const LONGEST_WAY: usize = 64;

/// Most packages that one ambiguous name in a lockfile stands for.
const CANDIDATES: usize = 16;

/// Completes the packages of one lockfile. `manifests` are those of the project; without any, the packages
/// that the lockfile itself calls direct are the roots.
pub fn link(packages: &mut [Package], manifests: &[&Manifest]) {
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, package) in packages.iter().enumerate() {
        by_name.entry(package.name.clone()).or_default().push(index);
        // Manifests spell names as people do: `PyYAML` for `pyyaml`.
        let normal = normalize(&package.ecosystem, &package.name);
        if normal != package.name {
            by_name.entry(normal.into_owned()).or_default().push(index);
        }
        by_name.entry(format!("{}@{}", package.name, package.version)).or_default().push(index);
    }
    let asked = declare(packages, manifests, &by_name);
    let roots: Vec<usize> =
        (0..packages.len()).filter(|&index| packages[index].relation == Relation::Direct).collect();
    if roots.is_empty() {
        return;
    }
    let edges: Vec<Vec<usize>> = packages
        .iter()
        .map(|package| {
            package
                .depends_on
                .iter()
                .filter_map(|name| {
                    // Installed Python packages ask for each other in any spelling.
                    by_name.get(name).or_else(|| by_name.get(normalize(&package.ecosystem, name).as_ref()))
                })
                .flat_map(|candidates| candidates.iter().take(CANDIDATES))
                .copied()
                .collect()
        })
        .collect();
    if edges.iter().all(Vec::is_empty) {
        return;
    }
    let parents = shortest_ways(&roots, &edges);
    for index in 0..packages.len() {
        if let Some(way) = way_to(index, &parents, packages) {
            if packages[index].relation == Relation::Unknown {
                packages[index].relation = Relation::Transitive;
            }
            packages[index].dependency_path = way;
        }
    }
    if asked {
        spread_scopes(packages, &roots, &edges);
    }
}

/// Marks what the manifests ask for; true when that told scopes too. A lockfile that tells what is direct but
/// no scopes (`Cargo.lock`) takes only these from the manifests.
fn declare(packages: &mut [Package], manifests: &[&Manifest], by_name: &HashMap<String, Vec<usize>>) -> bool {
    let told = packages.iter().any(|package| package.relation == Relation::Direct);
    let scoped = packages.iter().any(|package| package.scope != Scope::Runtime);
    let mut asked: HashMap<usize, Scope> = HashMap::new();
    let direct = manifests.iter().flat_map(|manifest| {
        let ecosystem = EcosystemId::from(manifest.ecosystem.as_str());
        manifest.direct.iter().map(move |(name, scope)| (normalize(&ecosystem, name), scope))
    });
    for (name, scope) in direct {
        for &index in by_name.get(name.as_ref()).into_iter().flatten() {
            let Some(package) = packages.get(index) else { continue };
            let takes = match package.relation {
                Relation::Unknown => !told || scoped,
                Relation::Direct => told && !scoped,
                Relation::Transitive => false,
            };
            if takes {
                // Wanted at run time by one member means wanted at run time.
                let known = asked.entry(index).or_insert(*scope);
                *known = (*known).min(*scope);
            }
        }
    }
    for (&index, &scope) in &asked {
        if let Some(package) = packages.get_mut(index) {
            package.relation = Relation::Direct;
            package.scope = scope;
        }
    }
    !asked.is_empty()
}

/// For each reached node the node before it; roots point at themselves.
fn shortest_ways(roots: &[usize], edges: &[Vec<usize>]) -> Vec<Option<usize>> {
    let mut parents = vec![None; edges.len()];
    let mut queue: VecDeque<usize> = VecDeque::new();
    for &root in roots {
        parents[root] = Some(root);
        queue.push_back(root);
    }
    while let Some(node) = queue.pop_front() {
        for &next in &edges[node] {
            if parents[next].is_none() {
                parents[next] = Some(node);
                queue.push_back(next);
            }
        }
    }
    parents
}

/// The nodes between the project and a package; `None` when nothing leads to it.
fn way_to(index: usize, parents: &[Option<usize>], packages: &[Package]) -> Option<Vec<String>> {
    let mut way = Vec::new();
    let mut node = index;
    loop {
        let parent = parents[node]?;
        if parent == node {
            break;
        }
        if way.len() == LONGEST_WAY {
            break;
        }
        way.push(format!("{}@{}", packages[parent].name, packages[parent].version));
        node = parent;
    }
    way.reverse();
    Some(way)
}

/// A package is needed at run time when something that is needed at run time asks for it.
fn spread_scopes(packages: &mut [Package], roots: &[usize], edges: &[Vec<usize>]) {
    let mut needed: Vec<Option<Scope>> = vec![None; packages.len()];
    for scope in [Scope::Runtime, Scope::Optional, Scope::Development] {
        let mut open: Vec<usize> =
            roots.iter().copied().filter(|&root| packages[root].scope == scope).collect();
        while let Some(node) = open.pop() {
            if needed[node].is_none() {
                needed[node] = Some(scope);
                open.extend(&edges[node]);
            }
        }
    }
    for (package, needed) in packages.iter_mut().zip(needed) {
        package.scope = needed.unwrap_or(package.scope);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use yagura_model::Location;

    fn package(name: &str, depends_on: &[&str]) -> Package {
        let mut package = Package::new("npm", name, "1", Location::path(Default::default()));
        package.depends_on = depends_on.iter().map(|&name| name.to_owned()).collect();
        package
    }

    fn rendered(packages: &[Package]) -> String {
        packages
            .iter()
            .map(|p| {
                format!("{} {:?} {:?} via {}\n", p.name, p.relation, p.scope, p.dependency_path.join(" "))
            })
            .collect()
    }

    #[test]
    fn manifest_and_edges_tell_relation_scope_and_way() {
        let manifest = Manifest {
            ecosystem: "npm".to_owned(),
            direct: BTreeMap::from([("a".to_owned(), Scope::Runtime), ("t".to_owned(), Scope::Development)]),
            complete: false,
        };
        let mut packages = [
            package("a", &["b"]),
            package("b", &["c"]),
            package("c", &["a"]),
            package("t", &["c", "u"]),
            package("u", &[]),
            package("stray", &[]),
        ];
        link(&mut packages, &[&manifest]);
        insta::assert_snapshot!(rendered(&packages), @r"
        a Direct Runtime via 
        b Transitive Runtime via a@1
        c Transitive Runtime via t@1
        t Direct Development via 
        u Transitive Development via t@1
        stray Unknown Runtime via 
        ");
    }

    #[test]
    fn a_lockfile_that_tells_direct_packages_takes_only_scopes_from_manifests() {
        let manifest = Manifest {
            ecosystem: "crates.io".to_owned(),
            direct: BTreeMap::from([("a".to_owned(), Scope::Development), ("b".to_owned(), Scope::Runtime)]),
            complete: false,
        };
        let mut packages = [package("a", &["b", "c"]), package("b", &[]), package("c", &[])];
        packages[0].relation = Relation::Direct;
        link(&mut packages, &[&manifest]);
        insta::assert_snapshot!(rendered(&packages), @r"
        a Direct Development via 
        b Transitive Development via a@1
        c Transitive Development via a@1
        ");
    }

    #[test]
    fn without_a_manifest_nothing_is_guessed() {
        let mut packages = [package("a", &["b"]), package("b", &[])];
        link(&mut packages, &[]);
        assert!(packages.iter().all(|package| package.relation == Relation::Unknown));
    }

    #[test]
    fn a_long_chain_costs_linear_memory() {
        let mut packages: Vec<Package> =
            (0..20_000).map(|n| package(&format!("p{n}"), &[&format!("p{}", n + 1)])).collect();
        packages[0].relation = Relation::Direct;
        link(&mut packages, &[]);
        assert_eq!(packages[19_999].dependency_path.len(), LONGEST_WAY);
    }
}
