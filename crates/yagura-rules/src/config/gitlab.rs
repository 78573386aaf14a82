//! Pipelines of GitLab: the file is a `GitLab::Pipeline`, each job a `GitLab::Job` with all lines of its scripts.
//!
//! Source: <https://docs.gitlab.com/ci/yaml/>. `include` and `extends` are not followed; what a hidden job sets is judged
//! where it stands.

use super::Resource;
use super::formats::{Refused, extension};
use super::value::Value;
use super::yaml::{self, Node};
use std::collections::BTreeMap;
use yagura_model::TreePath;

/// Keys of a pipeline that are no jobs.
const RESERVED: &[&str] = &[
    "default",
    "include",
    "stages",
    "types",
    "variables",
    "workflow",
    "spec",
    "cache",
    "image",
    "services",
    "pages:deploy",
    "before_script",
    "after_script",
];

/// `.gitlab-ci.yml`, `web.gitlab-ci.yml`.
pub fn takes(path: &TreePath, _: &[u8]) -> bool {
    let name = path.name();
    matches!(extension(path).as_str(), "yaml" | "yml")
        && (name.ends_with("gitlab-ci.yml")
            || name.ends_with("gitlab-ci.yaml")
            || path.parent().ends_with(".gitlab/ci"))
}

/// Inputs of components, filled in before the pipeline is read.
fn unknown(text: &str) -> bool {
    text.contains("$[[")
}

/// The pipeline and jobs of a file.
///
/// # Errors
/// It is no YAML.
pub fn read(path: &str, text: &str) -> Result<Vec<Resource>, Refused> {
    let mut out = Vec::new();
    for root in yaml::parse(text)?.roots.iter().filter(|root| root.is_map()) {
        let mut push = |kind: &str, name: &str, node: &Node, first: u32| {
            let Value::Map(mut properties) = node.value(&unknown) else { return };
            let pipeline = kind == "Pipeline";
            if pipeline {
                properties.retain(|key, _| RESERVED.contains(&key.as_str()));
                properties.insert("include".to_owned(), includes(root.get("include")));
            }
            properties.insert("variables".to_owned(), variables(node.get("variables")));
            let image = node.get("image").map(|image| image.get("name").unwrap_or(image));
            properties.insert("image".to_owned(), image.map_or(Value::Null, |image| image.value(&unknown)));
            let mut lines = Vec::new();
            for key in ["before_script", "script", "after_script"] {
                node.get(key).into_iter().for_each(|script| flat(script, &mut lines));
            }
            properties.insert("commands".to_owned(), Value::List(lines));
            out.push(Resource {
                kind: format!("GitLab::{kind}"),
                name: name.to_owned(),
                address: name.to_owned(),
                path: path.to_owned(),
                lines: (first, if pipeline { first } else { node.lines.1.max(first) }),
                properties: Value::Map(properties),
                skips: Vec::new(),
            });
        };
        push("Pipeline", "pipeline", root, root.lines.0);
        for (name, line, job) in root.entries() {
            if (name == "default" || !RESERVED.contains(&name.as_str())) && job.is_map() {
                push("Job", name, job, *line);
            }
        }
    }
    Ok(out)
}

/// Lines of scripts, lists in lists too.
fn flat(node: &Node, into: &mut Vec<Value>) {
    into.extend(node.text().filter(|text| !unknown(text)).map(Value::Text));
    node.items().iter().for_each(|item| flat(item, into));
}

/// Names and values; a value may be a map with a description.
fn variables(node: Option<&Node>) -> Value {
    let pair = |(name, _, value): &(String, u32, Node)| {
        let value = value.get("value").unwrap_or(value).value(&unknown);
        Value::named(name, value)
    };
    Value::List(node.map_or(&[][..], Node::entries).iter().map(pair).collect())
}

/// `include` as a list of maps: a text is `remote` or `local`.
fn includes(node: Option<&Node>) -> Value {
    let Some(node) = node else { return Value::List(Vec::new()) };
    let one = |node: &Node| match node.text() {
        Some(text) => {
            let key = if text.starts_with("http") { "remote" } else { "local" };
            Value::Map(BTreeMap::from([(key.to_owned(), Value::Text(text))]))
        }
        None => node.value(&unknown),
    };
    let items = if node.items().is_empty() { std::slice::from_ref(node) } else { node.items() };
    Value::List(items.iter().map(one).collect())
}
