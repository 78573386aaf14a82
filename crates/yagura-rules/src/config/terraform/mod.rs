//! Terraform: the blocks of the files of a directory and of the modules that it calls, with variables, locals, functions
//! and dynamic blocks computed as far as they can be without a provider.

mod evaluate;
mod functions;
pub mod plan;
mod read;

pub use read::{File, parse};

use super::Resource;
use super::value::Value;
use evaluate::{Bound, Module};
use functions::policy;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// Most expressions that are computed for one root directory: locals that multiply each other end here.
const MOST_STEPS: usize = 2_000_000;

/// Most instances of a block.
const MOST_COPIES: usize = 1_000;

/// Modules in modules.
const MOST_MODULES: usize = 10;

/// The files of every directory.
pub type Directories = BTreeMap<String, Vec<File>>;

/// The directory of a module that is called from `from` by a path on disk.
fn called(from: &str, block: &Block) -> Option<String> {
    let source = block.body.get_attribute("source")?.value.as_str()?;
    if !source.starts_with("./") && !source.starts_with("../") {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    for part in source.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn label(block: &Block, at: usize) -> &str {
    block.labels.get(at).map_or("", |label| label.as_str())
}

/// The directories that no other calls as a module: modules are judged with the arguments of their callers.
pub fn roots(directories: &Directories) -> Vec<&str> {
    let mut modules = BTreeSet::new();
    for (from, files) in directories {
        for (block, _) in files.iter().flat_map(|file| &file.blocks) {
            if block.ident.as_str() == "module"
                && let Some(to) = called(from, block)
                && to != *from
            {
                modules.insert(to);
            }
        }
    }
    let roots: Vec<&str> =
        directories.keys().map(String::as_str).filter(|name| !modules.contains(*name)).collect();
    // Modules that call each other have no root.
    if roots.is_empty() { directories.keys().map(String::as_str).collect() } else { roots }
}

/// The resources of a root directory, and of the modules that it calls.
pub fn read(directories: &Directories, root: &str) -> Vec<Resource> {
    let steps = Cell::new(0);
    let module = Module::new(directories, root, String::new(), given(directories.get(root)), &steps, 0);
    let mut out = Vec::new();
    resources(&module, &mut out);
    out
}

/// Values that files next to the variables give them. A variable to which `*.tfvars` that are not read by themselves give
/// another value is not known.
fn given(files: Option<&Vec<File>>) -> BTreeMap<String, Value> {
    let Some(files) = files else { return BTreeMap::new() };
    let nothing = Directories::new();
    let steps = Cell::new(0);
    let empty = Module::new(&nothing, "", String::new(), BTreeMap::new(), &steps, 0);
    let mut values = BTreeMap::new();
    let mut sorted: Vec<&File> = files.iter().filter(|file| !file.assigned.is_empty()).collect();
    let name = |file: &File| file.path.rsplit('/').next().unwrap_or_default().to_owned();
    let rank = |file: &File| {
        let name = name(file);
        (name.contains(".auto.tfvars"), name)
    };
    sorted.sort_by_key(|file| rank(file));
    let own =
        |file: &&&File| name(file).starts_with("terraform.tfvars") || name(file).contains(".auto.tfvars");
    for file in sorted.iter().filter(own) {
        for (key, expression) in &file.assigned {
            values.insert(key.clone(), empty.value(expression, &Bound::new(), 0));
        }
    }
    let variables =
        files.iter().flat_map(|file| &file.blocks).filter(|(block, _)| block.ident.as_str() == "variable");
    let defaults: BTreeMap<&str, &Expression> = variables
        .filter_map(|(block, _)| Some((label(block, 0), &block.body.get_attribute("default")?.value)))
        .collect();
    for file in sorted.iter().filter(|file| !own(file)) {
        for (key, expression) in &file.assigned {
            let value = empty.value(expression, &Bound::new(), 0);
            let before = values.get(key).cloned();
            let default = || Some(empty.value(defaults.get(key.as_str())?, &Bound::new(), 0));
            if before.or_else(default) != Some(value) {
                values.insert(key.clone(), Value::unknown());
            }
        }
    }
    values
}

fn resources(module: &Module<'_>, out: &mut Vec<Resource>) {
    for file in module.files {
        for (block, lines) in &file.blocks {
            let (kind, name) = (label(block, 0), label(block, 1));
            let prefix = match block.ident.as_str() {
                "resource" => "",
                "data" => "data.",
                _ => continue,
            };
            for bound in module.instances(block) {
                if module.exhausted() {
                    return;
                }
                let mut properties = module.body(&block.body, &bound, 0);
                if prefix == "data." && kind == "aws_iam_policy_document" {
                    let document = policy(&Value::Map(properties.clone()));
                    properties.insert("policy".to_owned(), document);
                }
                out.push(Resource {
                    kind: format!("{prefix}{kind}"),
                    name: name.to_owned(),
                    address: format!("{}{prefix}{kind}.{name}", module.prefix),
                    path: file.path.clone(),
                    lines: *lines,
                    properties: Value::Map(properties),
                    skips: Vec::new(),
                });
            }
        }
    }
    for (_, child) in module.all_children() {
        resources(&child, out);
    }
}

/// The name of a variable, where an expression is nothing else.
fn plain(expression: &Expression) -> Option<&str> {
    match expression {
        Expression::Variable(name) => Some(name.as_str()),
        _ => None,
    }
}
