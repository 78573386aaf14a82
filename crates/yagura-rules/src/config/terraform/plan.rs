//! Plans of Terraform, as `terraform show -json` prints them: values that are known before they are applied, and from
//! the configuration beside them what the others refer to.

use super::super::Resource;
use super::super::cloudformation::{self, Node};
use super::super::value::Value;
use std::collections::BTreeMap;

/// Deepest modules in modules.
const MOST_MODULES: usize = 30;

/// The resources of a plan; none where the text is none.
///
/// # Errors
/// What is wrong with the document.
pub fn read(path: &str, text: &str) -> Result<Vec<Resource>, String> {
    let Some(root) = cloudformation::parse(text)? else { return Ok(Vec::new()) };
    let planned = root.get("planned_values").and_then(|values| values.get("root_module"));
    let configuration = root.get("configuration").and_then(|written| written.get("root_module"));
    let mut out = Vec::new();
    if let Some(module) = planned {
        read_module(path, module, configuration, "", &mut out, 0);
    }
    Ok(out)
}

fn read_module(
    path: &str,
    module: &Node,
    written: Option<&Node>,
    prefix: &str,
    out: &mut Vec<Resource>,
    depth: usize,
) {
    // What is written, by its address in the module.
    let own: BTreeMap<&str, &Node> = written
        .and_then(|node| node.get("resources"))
        .map_or(&[][..], Node::items)
        .iter()
        .filter_map(|node| Some((node.get("address")?.text()?, node)))
        .collect();
    for node in module.get("resources").map_or(&[][..], Node::items) {
        let text = |key: &str| node.get(key).and_then(Node::text);
        let (Some(kind), Some(name)) = (text("type"), text("name")) else { continue };
        let data = if text("mode") == Some("data") { "data." } else { "" };
        let short = format!("{data}{kind}.{name}");
        let mut properties = node.get("values").map_or_else(|| Value::Map(BTreeMap::new()), Node::as_written);
        if let Some(expressions) = own.get(short.as_str()).and_then(|node| node.get("expressions")) {
            overlay(&mut properties, expressions, prefix);
        }
        out.push(Resource {
            kind: format!("{data}{kind}"),
            name: name.to_owned(),
            address: format!("{prefix}{short}"),
            path: path.to_owned(),
            lines: node.lines(),
            properties,
            skips: Vec::new(),
        });
    }
    if depth > MOST_MODULES {
        return;
    }
    for child in module.get("child_modules").map_or(&[][..], Node::items) {
        let Some(address) = child.get("address").and_then(Node::text) else { continue };
        // `module.a["x"].module.b` is called `b` in the configuration of its parent.
        let name = address.rsplit("module.").next().unwrap_or_default().split('[').next().unwrap_or_default();
        let written =
            written.and_then(|node| node.get("module_calls")?.get(name)).and_then(|call| call.get("module"));
        read_module(path, child, written, &format!("{address}."), out, depth + 1);
    }
}

/// Puts references where the plan knows no value.
fn overlay(value: &mut Value, expressions: &Node, prefix: &str) {
    let Value::Map(map) = value else { return };
    for (name, _, _, expression) in expressions.entries() {
        if let Some(references) = expression.get("references") {
            let known = map.get(name).is_some_and(|value| *value != Value::Null);
            if !known {
                let address = |node: &Node| Some(format!("{prefix}{}", resource(node.text()?)?));
                let mut names: Vec<String> = references.items().iter().filter_map(address).collect();
                names.dedup();
                map.insert(name.clone(), Value::Unknown(names));
            }
            continue;
        }
        // Blocks: in order.
        if let Some(Value::List(items)) = map.get_mut(name) {
            let blocks = expression.items();
            for (item, block) in items.iter_mut().zip(blocks.iter()) {
                overlay(item, block, prefix);
            }
        }
    }
}

/// `aws_s3_bucket.b` of `aws_s3_bucket.b[0].id`; nothing of variables and the like.
fn resource(reference: &str) -> Option<String> {
    let mut parts = reference.split(['.', '[']);
    let first = parts.next()?;
    match first {
        "var" | "local" | "each" | "count" | "path" | "self" | "terraform" | "module" => None,
        "data" => Some(format!("data.{}.{}", parts.next()?, parts.next()?)),
        kind => Some(format!("{kind}.{}", parts.next()?)),
    }
}
