//! Reads an OVAL document into definitions, tests, objects, states and variables.

use super::criteria::Node;
use crate::feed::timestamp;
use crate::xml::Step;
use std::collections::HashMap;

/// A definition with its criteria.
#[derive(Default)]
pub struct Definition {
    pub class: String,
    pub title: String,
    pub description: String,
    pub severity: String,
    pub date: Option<String>,
    pub platforms: Vec<String>,
    /// Source, id and address.
    pub references: Vec<(String, String, String)>,
    pub criteria: Vec<Node>,
}

/// A test: the ids of its object and state.
#[derive(Default)]
pub struct Test {
    pub object: String,
    pub state: String,
    /// True for `none satisfy`: it holds where the package is *not* there.
    pub negated: bool,
}

/// The parts of a document, by id.
#[derive(Default)]
pub struct Reader {
    pub definitions: Vec<Definition>,
    open: Option<Definition>,
    /// Groups of criteria that are open.
    groups: Vec<(bool, Vec<Node>)>,
    pub tests: HashMap<String, Test>,
    /// A name, or a variable that holds names.
    objects: HashMap<String, Name>,
    pub states: HashMap<String, (String, String)>,
    variables: HashMap<String, Vec<String>>,
    /// The id of the test, object, state or variable that is open, and the operation of its `evr`.
    current: String,
    operation: String,
    variable: Option<String>,
    pub dated: Option<jiff::Timestamp>,
}

enum Name {
    Is(String),
    Variable(String),
}

impl Reader {
    /// The names of an object.
    pub fn names(&self, object: &str) -> Vec<String> {
        match self.objects.get(object) {
            Some(Name::Is(name)) => vec![name.clone()],
            Some(Name::Variable(id)) => self.variables.get(id).cloned().unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// Takes one step through the document.
    pub fn step(&mut self, step: &Step<'_>) {
        match step {
            Step::Open("definition", attributes) => {
                let class = attributes.get("class").unwrap_or_default().to_owned();
                self.open = Some(Definition { class, ..Definition::default() });
                self.groups.clear();
            }
            Step::Close("definition", _) => self.definitions.extend(self.open.take()),
            Step::Close("timestamp", text) => self.dated = self.dated.or_else(|| timestamp(text)),
            Step::Open("criteria", attributes) => {
                self.groups.push((attributes.get("operator").unwrap_or("AND") == "AND", Vec::new()));
            }
            Step::Close("criteria", _) => {
                if let Some((all, nodes)) = self.groups.pop() {
                    self.node(Node::Group { all, nodes });
                }
            }
            Step::Open("criterion", attributes) => {
                let text = |name| attributes.get(name).unwrap_or_default().to_owned();
                self.node(Node::Test { test: text("test_ref"), comment: text("comment") });
            }
            Step::Open("rpminfo_test" | "dpkginfo_test", attributes) => {
                self.named(attributes.get("id"));
                let check = attributes.get("check").unwrap_or_default();
                self.tests.entry(self.current.clone()).or_default().negated = check == "none satisfy";
            }
            Step::Open(
                "rpminfo_object" | "dpkginfo_object" | "rpminfo_state" | "dpkginfo_state"
                | "constant_variable",
                attributes,
            ) => self.named(attributes.get("id")),
            Step::Open("object", attributes) => {
                attributes.get("object_ref").unwrap_or_default().clone_into(&mut self.test().object);
            }
            Step::Open("state", attributes) => {
                attributes.get("state_ref").unwrap_or_default().clone_into(&mut self.test().state);
            }
            Step::Open("name", attributes) => self.variable = attributes.get("var_ref").map(str::to_owned),
            Step::Close("name", text) => {
                let name = match self.variable.take() {
                    Some(id) => Name::Variable(id),
                    None => Name::Is((*text).to_owned()),
                };
                self.objects.insert(self.current.clone(), name);
            }
            Step::Close("value", text) if self.open.is_none() => {
                self.variables.entry(self.current.clone()).or_default().push((*text).to_owned());
            }
            Step::Open("evr", attributes) => {
                // Some writers leave the operation to its default, but mean a fix.
                attributes.get("operation").unwrap_or("less than").clone_into(&mut self.operation);
            }
            Step::Close("evr", text) => {
                self.states
                    .insert(self.current.clone(), (std::mem::take(&mut self.operation), (*text).to_owned()));
            }
            other => {
                if let Some(definition) = self.open.as_mut() {
                    metadata(other, definition);
                }
            }
        }
    }

    fn named(&mut self, id: Option<&str>) {
        id.unwrap_or_default().clone_into(&mut self.current);
    }

    fn test(&mut self) -> &mut Test {
        self.tests.entry(self.current.clone()).or_default()
    }

    fn node(&mut self, node: Node) {
        match (self.groups.last_mut(), self.open.as_mut()) {
            (Some((_, nodes)), _) => nodes.push(node),
            (None, Some(definition)) => definition.criteria.push(node),
            (None, None) => {}
        }
    }
}

fn metadata(step: &Step<'_>, definition: &mut Definition) {
    match step {
        Step::Close("title", text) => (*text).clone_into(&mut definition.title),
        Step::Close("description", text) => (*text).clone_into(&mut definition.description),
        Step::Close("severity", text) => (*text).clone_into(&mut definition.severity),
        Step::Close("platform", text) => definition.platforms.push((*text).to_owned()),
        Step::Close("advisory_date" | "public_date", text) => definition.date = Some((*text).to_owned()),
        Step::Open("issued", attributes) => definition.date = attributes.get("date").map(str::to_owned),
        Step::Open("reference", attributes) => {
            let text = |name| attributes.get(name).unwrap_or_default().to_owned();
            definition.references.push((text("source"), text("ref_id"), text("ref_url")));
        }
        _ => {}
    }
}
