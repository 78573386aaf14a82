//! The packages of one lockfile and who needs whom.
//!
//! Lockfiles list a package once per place, once per peer context or once per marker; an inventory wants it
//! once per name and version. Lockfiles that do not mark development packages still tell where the roots are,
//! so that scopes can be spread along the edges.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use yagura_fs::File;
use yagura_model::{Location, Package, Relation, Scope};

use crate::Found;

/// Packages by name and version, in the order in which they were first named.
#[derive(Debug, Default)]
pub(crate) struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    index: HashMap<(Cow<'a, str>, Cow<'a, str>), usize>,
}

#[derive(Debug)]
struct Node<'a> {
    name: Cow<'a, str>,
    version: Cow<'a, str>,
    scope: Option<Scope>,
    relation: Relation,
    licenses: Vec<String>,
    commit: Option<String>,
    edges: Vec<usize>,
}

impl<'a> Graph<'a> {
    /// The number of a package, new or known.
    pub fn add(&mut self, name: Cow<'a, str>, version: Cow<'a, str>) -> usize {
        let next = self.nodes.len();
        *self.index.entry((name, version)).or_insert_with_key(|(name, version)| {
            self.nodes.push(Node {
                name: name.clone(),
                version: version.clone(),
                scope: None,
                relation: Relation::Unknown,
                licenses: Vec::new(),
                commit: None,
                edges: Vec::new(),
            });
            next
        })
    }

    /// How many packages there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Says what a package is needed for. The strongest need wins: run time, then optional.
    pub fn scope(&mut self, package: usize, scope: Scope) {
        if let Some(node) = self.nodes.get_mut(package) {
            node.scope = Some(stronger(node.scope, scope));
        }
    }

    /// Says that a package is needed for less than its dependants suggest.
    pub fn weaken(&mut self, package: usize, scope: Scope) {
        if let Some(node) = self.nodes.get_mut(package)
            && stronger(node.scope, scope) != scope
        {
            node.scope = Some(scope);
        }
    }

    /// Says how the project came to a package; `Direct` wins.
    pub fn relation(&mut self, package: usize, relation: Relation) {
        if let Some(node) = self.nodes.get_mut(package)
            && node.relation != Relation::Direct
        {
            node.relation = relation;
        }
    }

    /// Adds licences.
    pub fn licenses(&mut self, package: usize, licenses: impl IntoIterator<Item = String>) {
        if let Some(node) = self.nodes.get_mut(package) {
            for license in licenses {
                if !node.licenses.contains(&license) {
                    node.licenses.push(license);
                }
            }
        }
    }

    /// Says which commit a package was built from.
    pub fn commit(&mut self, package: usize, commit: Option<String>) {
        if let Some(node) = self.nodes.get_mut(package) {
            node.commit = node.commit.take().or(commit);
        }
    }

    /// Says that a package asks for another.
    pub fn edge(&mut self, from: usize, to: usize) {
        if from != to
            && let Some(node) = self.nodes.get_mut(from)
        {
            node.edges.push(to);
        }
    }

    /// Marks the roots as direct and everything they reach as transitive, and gives each package the
    /// strongest scope that reaches it. What no root reaches stays as it is.
    pub fn spread(&mut self, roots: &[(usize, Scope)]) {
        let mut reached = vec![false; self.nodes.len()];
        for scope in [Scope::Runtime, Scope::Optional, Scope::Development] {
            let mut queue: VecDeque<usize> =
                roots.iter().filter(|root| root.1 == scope).map(|root| root.0).collect();
            while let Some(package) = queue.pop_front() {
                let (Some(node), Some(seen)) = (self.nodes.get_mut(package), reached.get_mut(package)) else {
                    continue;
                };
                if std::mem::replace(seen, true) {
                    continue;
                }
                node.scope = Some(stronger(node.scope, scope));
                if node.relation != Relation::Direct {
                    node.relation = Relation::Transitive;
                }
                queue.extend(&node.edges);
            }
        }
        for root in roots {
            self.relation(root.0, Relation::Direct);
        }
    }

    /// Turns the graph into packages that were found in `file`.
    pub fn finish(self, ecosystem: &str, file: &File<'_>, found: &mut Found) {
        let mut versions: HashMap<&str, usize> = HashMap::with_capacity(self.nodes.len());
        for node in &self.nodes {
            *versions.entry(&node.name).or_default() += 1;
        }
        found.packages.reserve(self.nodes.len());
        for node in &self.nodes {
            let mut edges: Vec<String> = Vec::with_capacity(node.edges.len());
            for target in node.edges.iter().filter_map(|&edge| self.nodes.get(edge)) {
                edges.push(match versions.get(&*target.name) {
                    Some(1) => target.name.to_string(),
                    _ => format!("{}@{}", target.name, target.version),
                });
            }
            edges.sort_unstable();
            edges.dedup();
            let location = Location::path(file.path.clone());
            let mut package = Package::new(ecosystem, node.name.as_ref(), node.version.as_ref(), location);
            package.scope = node.scope.unwrap_or_default();
            package.relation = node.relation;
            package.licenses.clone_from(&node.licenses);
            package.commit.clone_from(&node.commit);
            package.depends_on = edges;
            found.packages.push(package);
        }
    }
}

fn stronger(known: Option<Scope>, new: Scope) -> Scope {
    let strength = |scope| match scope {
        Scope::Runtime => 2,
        Scope::Optional => 1,
        Scope::Development => 0,
    };
    match known {
        Some(known) if strength(known) >= strength(new) => known,
        _ => new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::render;
    use yagura_fs::Limits;
    use yagura_model::TreePath;

    #[test]
    fn scopes_spread_through_cycles_and_the_strongest_wins() {
        let mut graph = Graph::default();
        let [app, tool, shared, shared2] = [("app", "1"), ("tool", "1"), ("shared", "1"), ("shared", "2")]
            .map(|(n, v)| graph.add(n.into(), v.into()));
        for (from, to) in [(app, shared), (shared, app), (tool, shared), (tool, shared2), (tool, tool)] {
            graph.edge(from, to);
        }
        graph.spread(&[(app, Scope::Runtime), (tool, Scope::Development)]);
        let (path, limits) = (TreePath::from_text("lock").unwrap(), Limits::default());
        let mut found = Found::default();
        graph.finish("npm", &File::in_memory(&path, b"", false, &limits), &mut found);
        insta::assert_snapshot!(render(&found), @r#"
        npm app 1 runtime/direct -> shared@1 @lock
        npm tool 1 development/direct -> shared@1, shared@2 @lock
        npm shared 1 runtime/transitive -> app @lock
        npm shared 2 development/transitive @lock
        "#);
    }
}
