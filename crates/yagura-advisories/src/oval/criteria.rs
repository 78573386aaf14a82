//! The tree of criteria, flattened: each test with the platforms and the module that its branch asks for.

/// One node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A test, by its id, with the comment that says in words what it is about.
    Test { test: String, comment: String },
    /// Nodes of which all (`AND`) or any must hold.
    Group { all: bool, nodes: Vec<Node> },
}

/// A test with what surrounds it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leaf {
    /// The test's id.
    pub test: String,
    /// Its comment.
    pub comment: String,
    /// Products of which any must be installed; empty where the criteria name none.
    pub platforms: Vec<String>,
    /// The module stream that must be enabled.
    pub module: Option<String>,
}

/// Every test that is about a package, in document order.
pub fn leaves(nodes: &[Node]) -> Vec<Leaf> {
    let mut found = Vec::new();
    for node in nodes {
        visit(node, &Leaf::default(), &mut found);
    }
    found
}

/// Depth is bounded by that of the document.
fn visit(node: &Node, around: &Leaf, found: &mut Vec<Leaf>) {
    match node {
        Node::Test { test, comment } => {
            if platform(comment).is_none() && module(comment).is_none() {
                found.push(Leaf { test: test.clone(), comment: comment.clone(), ..around.clone() });
            }
        }
        Node::Group { all: true, nodes } => {
            let mut inside = around.clone();
            for node in nodes {
                if let Some(names) = platforms(node) {
                    inside.platforms = names;
                } else if let Node::Test { comment, .. } = node
                    && let Some(stream) = module(comment)
                {
                    inside.module = Some(stream.to_owned());
                }
            }
            nodes
                .iter()
                .filter(|node| platforms(node).is_none())
                .for_each(|node| visit(node, &inside, found));
        }
        Node::Group { all: false, nodes } => nodes.iter().for_each(|node| visit(node, around, found)),
    }
}

/// The products that a branch asks for, if it asks for nothing else.
fn platforms(node: &Node) -> Option<Vec<String>> {
    match node {
        Node::Test { comment, .. } => platform(comment).map(|name| vec![name.to_owned()]),
        Node::Group { nodes, .. } if nodes.is_empty() => None,
        Node::Group { nodes, .. } => {
            let names: Option<Vec<Vec<String>>> = nodes.iter().map(platforms).collect();
            names.map(|names| names.concat())
        }
    }
}

/// `SUSE Linux Enterprise Server 15 SP5 is installed`. Packages are "installed" in comments, too.
fn platform(comment: &str) -> Option<&str> {
    let name = comment.strip_suffix(" is installed")?;
    ["SUSE ", "openSUSE ", "Oracle Linux ", "Ubuntu "]
        .iter()
        .any(|vendor| name.starts_with(vendor))
        .then_some(name)
}

/// Oracle's `Module nodejs:18 is enabled`.
fn module(comment: &str) -> Option<&str> {
    comment.strip_prefix("Module ")?.strip_suffix(" is enabled")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(comment: &str) -> Node {
        Node::Test { test: comment.to_owned(), comment: comment.to_owned() }
    }

    fn group(all: bool, nodes: &[Node]) -> Node {
        Node::Group { all, nodes: nodes.to_vec() }
    }

    #[test]
    fn each_branch_has_its_own_platforms() {
        let tree = [group(
            false,
            &[
                group(
                    true,
                    &[
                        group(false, &[test("SUSE A is installed"), test("SUSE B is installed")]),
                        group(false, &[test("x-1 is installed"), group(true, &[test("y is affected")])]),
                    ],
                ),
                group(true, &[test("SUSE C is installed"), test("z is not affected")]),
            ],
        )];
        let said: Vec<(String, String)> =
            leaves(&tree).into_iter().map(|leaf| (leaf.comment, leaf.platforms.join("+"))).collect();
        let expected = [
            ("x-1 is installed", "SUSE A+SUSE B"),
            ("y is affected", "SUSE A+SUSE B"),
            ("z is not affected", "SUSE C"),
        ];
        assert_eq!(said, expected.map(|(comment, names)| (comment.to_owned(), names.to_owned())));
    }
}
