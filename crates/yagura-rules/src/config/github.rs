//! Workflows and actions of GitHub: `GitHub::Workflow`, `GitHub::Job`, `GitHub::Step` and `GitHub::Action`.
//!
//! A step knows the events of its workflow and the permissions that hold for it, so that a rule can ask for all in one
//! place. Expressions (`${{ … }}`) are left as text: they are what many rules look for.
//!
//! Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>.

use super::Resource;
use super::compose::pairs;
use super::formats::{Refused, extension};
use super::value::Value;
use super::yaml::{self, Node};
use std::collections::BTreeMap;
use yagura_model::TreePath;

/// Workflows by their folder, actions by their name.
pub fn takes(path: &TreePath, _: &[u8]) -> bool {
    if !matches!(extension(path).as_str(), "yaml" | "yml") {
        return false;
    }
    let parent = path.parent();
    let workflow = [".github/workflows", ".gitea/workflows", ".forgejo/workflows"]
        .iter()
        .any(|folder| parent == *folder || parent.ends_with(&format!("/{folder}")));
    workflow || matches!(path.name(), "action.yml" | "action.yaml")
}

const LITERAL: fn(&str) -> bool = |_| false;

/// Whether GitHub puts something in.
fn expression(text: &str) -> bool {
    text.contains("${{")
}

struct Context<'a> {
    path: &'a str,
    out: Vec<Resource>,
}

impl Context<'_> {
    fn push(&mut self, kind: &str, name: &str, lines: (u32, u32), properties: BTreeMap<String, Value>) {
        self.out.push(Resource {
            kind: format!("GitHub::{kind}"),
            name: name.to_owned(),
            address: name.to_owned(),
            path: self.path.to_owned(),
            lines,
            properties: Value::Map(properties),
            skips: Vec::new(),
        });
    }

    fn steps(&mut self, owner: &str, steps: Option<&Node>, above: &BTreeMap<String, Value>) {
        for (at, step) in steps.map_or(&[][..], Node::items).iter().enumerate() {
            let mut properties = map(step.value(&LITERAL));
            properties.extend(above.clone());
            environment(&mut properties, step.get("env"));
            used(&mut properties);
            let script = step
                .get("run")
                .or_else(|| step.at(&["with", "script"]))
                .and_then(Node::text)
                .map_or(Value::Null, Value::Text);
            properties.insert("script".to_owned(), script);
            let name = step.get("name").or_else(|| step.get("id")).and_then(Node::text);
            let name = format!("{owner}/{}", name.unwrap_or_else(|| (at + 1).to_string()));
            self.push("Step", &name, step.lines, properties);
        }
    }
}

fn map(value: Value) -> BTreeMap<String, Value> {
    match value {
        Value::Map(map) => map,
        _ => BTreeMap::new(),
    }
}

/// Variables as names and values, in which expressions are unknown, and all values as they are written.
fn environment(properties: &mut BTreeMap<String, Value>, node: Option<&Node>) {
    properties.insert("env".to_owned(), pairs(node, &expression));
    let texts = node.map_or(&[][..], Node::entries).iter().filter_map(|entry| entry.2.text());
    properties.insert("env_text".to_owned(), Value::List(texts.map(Value::Text).collect()));
}

/// `uses: owner/name/path@ref` as `action`, `owner` and `ref`.
fn used(properties: &mut BTreeMap<String, Value>) {
    let Some(uses) = properties.get("uses").and_then(Value::as_text) else { return };
    // `./` and `$/` are this repository.
    if uses.starts_with(['.', '$']) || uses.contains("://") {
        return;
    }
    let (action, version) = uses.split_once('@').unwrap_or((&uses, ""));
    let owner = action.split('/').next().unwrap_or_default();
    properties.insert("action".to_owned(), Value::text(action.to_lowercase()));
    properties.insert("owner".to_owned(), Value::text(owner.to_lowercase()));
    properties.insert("ref".to_owned(), Value::text(version));
}

/// The names of `on`, in its three forms.
fn events(node: Option<&Node>) -> Value {
    let Some(node) = node else { return Value::List(Vec::new()) };
    let mut names: Vec<String> = node.items().iter().filter_map(Node::text).collect();
    names.extend(node.entries().iter().map(|entry| entry.0.clone()));
    names.extend(node.text());
    Value::List(names.into_iter().map(Value::Text).collect())
}

/// The workflow, jobs and steps of a file.
///
/// # Errors
/// It is no YAML.
pub fn read(path: &str, text: &str) -> Result<Vec<Resource>, Refused> {
    let documents = yaml::parse(text)?;
    let Some(root) = documents.roots.first() else { return Ok(Vec::new()) };
    let mut context = Context { path, out: Vec::new() };
    if let Some(runs) = root.get("runs") {
        let above = BTreeMap::from([("composite".to_owned(), Value::Bool(true))]);
        context.push("Action", "action", root.lines, map(root.value(&LITERAL)));
        context.steps("action", runs.get("steps"), &above);
        return Ok(context.out);
    }
    let Some(jobs) = root.get("jobs") else { return Ok(Vec::new()) };
    let events = events(root.get("on").or_else(|| root.get("true")));
    let granted = root.get("permissions");
    let mut missing = 0_usize;
    for (name, line, job) in jobs.entries() {
        let mut properties = map(job.value(&LITERAL));
        let permissions = job.get("permissions").or(granted);
        missing += usize::from(permissions.is_none());
        let above = BTreeMap::from([("events".to_owned(), events.clone())]);
        properties.extend(above.clone());
        environment(&mut properties, job.get("env"));
        let services = job.get("services").map_or(&[][..], Node::entries);
        let containers = job.get("container").into_iter().chain(services.iter().map(|entry| &entry.2));
        let containers = containers.map(|node| match node.text() {
            Some(image) => Value::Map(BTreeMap::from([("image".to_owned(), Value::Text(image))])),
            None => node.value(&expression),
        });
        properties.insert("containers".to_owned(), Value::List(containers.collect()));
        used(&mut properties);
        context.steps(name, job.get("steps"), &above);
        context.push("Job", name, (*line, job.lines.1.max(*line)), properties);
    }
    let mut properties = map(root.value(&LITERAL));
    properties.remove("jobs");
    properties.insert("events".to_owned(), events);
    environment(&mut properties, root.get("env"));
    properties.insert("jobs_without_permissions".to_owned(), Value::Number(missing as f64));
    context.push("Workflow", "workflow", root.lines, properties);
    Ok(context.out)
}
