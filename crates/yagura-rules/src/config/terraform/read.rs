//! The files of Terraform: HCL, its form in JSON, and values of variables.

use super::super::MOST_DEPTH;
use super::super::cloudformation::{self, Node};
use super::super::value::Value;
use hcl_edit::expr::{Expression, Object, ObjectKey, ObjectValue};
use hcl_edit::structure::{Attribute, Block, Body, Structure};
use hcl_edit::template::{Element, StringTemplate};
use hcl_edit::{Ident, Span};

/// Most operators in one expression: they nest without brackets.
const MOST_OPERATORS: usize = 1_000;

/// A parsed file.
pub struct File {
    /// Its path.
    pub path: String,
    /// Its blocks, with their first and last lines.
    pub blocks: Vec<(Block, (u32, u32))>,
    /// What is assigned outside of blocks: values of variables.
    pub assigned: Vec<(String, Expression)>,
}

/// Reads one file: JSON where its name ends in `.json`.
///
/// # Errors
/// What is wrong with it; nesting too deep for a reader that goes down by recursion is one such error.
pub fn parse(path: &str, text: &str) -> Result<File, String> {
    if path.ends_with(".json") {
        return json(path, text);
    }
    bounded(text)?;
    let body = hcl_edit::parser::parse_body(text)
        .map_err(|error| format!("line {}: {}", error.location().line(), error.message()))?;
    let starts: Vec<usize> =
        std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let line = |at: usize| u32::try_from(starts.partition_point(|start| *start <= at)).unwrap_or(u32::MAX);
    let mut file = File { path: path.to_owned(), blocks: Vec::new(), assigned: Vec::new() };
    for structure in body {
        match structure {
            Structure::Block(block) => {
                let span = block.span().unwrap_or_default();
                let lines = (line(span.start), line(span.end.saturating_sub(1).max(span.start)));
                file.blocks.push((block, lines));
            }
            Structure::Attribute(attribute) => {
                file.assigned.push((attribute.key.as_str().to_owned(), attribute.value));
            }
        }
    }
    Ok(file)
}

/// Refuses text on which a parser that goes down by recursion would run out of stack. Brackets and operators in
/// comments and in the literal parts of strings do not count.
fn bounded(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    let at = |place: usize| bytes.get(place).copied().unwrap_or(0);
    // What is open: brackets, `"` for a string, `$` for an interpolation, `<` for a heredoc; with operators so far.
    let mut open: Vec<(u8, usize)> = vec![(0, 0)];
    let mut ends: Vec<&str> = Vec::new();
    let (mut place, mut directives) = (0, 0_usize);
    while place < bytes.len() {
        if open.len() > MOST_DEPTH || directives > MOST_DEPTH {
            return Err(format!("nested deeper than {MOST_DEPTH}"));
        }
        let byte = at(place);
        let inside = open.last().map_or(0, |open| open.0);
        if inside == b'"' || inside == b'<' {
            match byte {
                b'\\' if inside == b'"' => place += 1,
                b'$' | b'%' if at(place + 1) == byte && at(place + 2) == b'{' => place += 2,
                b'$' | b'%' if at(place + 1) == b'{' => {
                    if byte == b'%' {
                        let word = text.get(place + 2..).unwrap_or_default();
                        let word = word.trim_start_matches(['~', ' ', '\t']);
                        if word.starts_with("if") || word.starts_with("for") {
                            directives += 1;
                        } else if word.starts_with("end") {
                            directives = directives.saturating_sub(1);
                        }
                    }
                    open.push((b'$', 0));
                    place += 1;
                }
                b'"' if inside == b'"' => drop(open.pop()),
                b'\n' if inside == b'"' => drop(open.pop()),
                b'\n' => {
                    let rest = text.get(place + 1..).unwrap_or_default();
                    let line = rest.lines().next().unwrap_or_default().trim();
                    if ends.last().is_some_and(|end| *end == line) {
                        ends.pop();
                        open.pop();
                        place += line.len();
                    }
                }
                _ => {}
            }
            place += 1;
            continue;
        }
        match byte {
            b'#' => place = end_of_line(bytes, place),
            b'/' if at(place + 1) == b'/' => place = end_of_line(bytes, place),
            b'/' if at(place + 1) == b'*' => {
                place = text
                    .get(place + 2..)
                    .and_then(|rest| rest.find("*/"))
                    .map_or(bytes.len(), |end| place + end + 3);
            }
            b'"' => open.push((b'"', 0)),
            b'<' if at(place + 1) == b'<' => {
                let rest = text.get(place + 2..).unwrap_or_default();
                let word = rest.strip_prefix('-').unwrap_or(rest).lines().next().unwrap_or_default().trim();
                if !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
                    ends.push(word);
                    open.push((b'<', 0));
                    // The line end that follows is where its first line begins.
                    place = end_of_line(bytes, place).saturating_sub(1);
                }
            }
            b'{' | b'[' | b'(' => open.push((byte, 0)),
            b'}' | b']' | b')' if open.len() > 1 => drop(open.pop()),
            b'\n' | b',' if matches!(inside, 0 | b'{' | b'[') => {
                if let Some(top) = open.last_mut() {
                    top.1 = 0;
                }
            }
            b'!' | b'-' | b'?' | b'+' | b'*' | b'/' | b'%' | b'&' | b'|' | b'<' | b'>' | b'=' | b'.' => {
                if let Some(top) = open.last_mut() {
                    top.1 += 1;
                    if top.1 > MOST_OPERATORS {
                        return Err(format!("more than {MOST_OPERATORS} operators in one expression"));
                    }
                }
            }
            _ => {}
        }
        place += 1;
    }
    Ok(())
}

fn end_of_line(bytes: &[u8], from: usize) -> usize {
    bytes.iter().skip(from).position(|byte| *byte == b'\n').map_or(bytes.len(), |end| from + end)
}

/// Blocks that have labels in JSON, and how many.
fn labels(kind: &str) -> usize {
    match kind {
        "resource" | "data" => 2,
        "variable" | "module" | "output" | "provider" => 1,
        _ => 0,
    }
}

fn json(path: &str, text: &str) -> Result<File, String> {
    let mut file = File { path: path.to_owned(), blocks: Vec::new(), assigned: Vec::new() };
    let Some(root) = cloudformation::parse(text)? else { return Ok(file) };
    let variables = path.ends_with(".tfvars.json");
    for (name, first, last, node) in root.entries() {
        if variables {
            file.assigned.push((name.clone(), expression(node)));
        } else {
            blocks(name, &mut Vec::new(), node, (*first, *last), &mut file.blocks);
        }
    }
    Ok(file)
}

fn blocks(
    kind: &str,
    names: &mut Vec<String>,
    node: &Node,
    lines: (u32, u32),
    into: &mut Vec<(Block, (u32, u32))>,
) {
    if names.len() < labels(kind) {
        for node in each(node) {
            for (name, first, last, inner) in node.entries() {
                names.push(name.clone());
                blocks(kind, names, inner, (*first, *last), into);
                names.pop();
            }
        }
        return;
    }
    let Ok(ident) = Ident::try_new(kind) else { return };
    for node in each(node) {
        let mut block = Block::builder(ident.clone());
        for name in names.iter() {
            block = block.label(name.as_str());
        }
        into.push((block.structures(body(node)).build(), lines));
    }
}

/// A list as its items, anything else as itself.
fn each(node: &Node) -> &[Node] {
    match node {
        Node::List(items) => items,
        other => std::slice::from_ref(other),
    }
}

fn body(node: &Node) -> Body {
    let mut structures: Vec<Structure> = Vec::new();
    for (name, _, _, inner) in node.entries() {
        let Ok(ident) = Ident::try_new(name.as_str()) else { continue };
        if name == "dynamic" {
            for (label, _, _, inner) in each(inner).iter().flat_map(Node::entries) {
                for one in each(inner) {
                    let block = Block::builder(ident.clone()).label(label.as_str());
                    structures.push(block.structures(body(one)).build().into());
                }
            }
        } else if name == "content" || name == "lifecycle" {
            for one in each(inner) {
                structures.push(Block::builder(ident.clone()).structures(body(one)).build().into());
            }
        } else {
            structures.push(Attribute::new(ident, expression(inner)).into());
        }
    }
    structures.into()
}

fn expression(node: &Node) -> Expression {
    match node {
        Node::List(items) => Expression::Array(items.iter().map(expression).collect()),
        Node::Map(entries) => {
            let mut object = Object::new();
            for (name, _, _, inner) in entries {
                object.insert(ObjectKey::Expression(template(name)), ObjectValue::new(expression(inner)));
            }
            Expression::Object(object)
        }
        Node::Scalar(Value::Bool(value)) => (*value).into(),
        Node::Scalar(Value::Number(value)) => (*value).into(),
        Node::Scalar(Value::Text(text)) => template(text),
        Node::Scalar(_) => Expression::Null(hcl_edit::Decorated::new(hcl_edit::expr::Null)),
    }
}

/// Strings of JSON are templates.
fn template(text: &str) -> Expression {
    if (text.contains("${") || text.contains("%{"))
        && bounded(&format!("x = \"{}\"", text.replace('\n', " "))).is_ok()
        && let Ok(parsed) = hcl_edit::parser::parse_template(text)
    {
        let elements: Vec<Element> = parsed.into_iter().collect();
        return Expression::StringTemplate(StringTemplate::from(elements));
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_only_where_they_nest() {
        let open = "(".repeat(500);
        for text in [
            format!("a = \"{open}\"\n"),
            format!("# {open}\n/* {open} */ a = 1\n"),
            format!("a = <<EOT\n{open}\nEOT\nb = [1]\n"),
            format!("a = [{}]\n", "1 - 2,\n".repeat(5_000)),
            "a = \"${b}\"\n".repeat(5_000),
        ] {
            assert_eq!(bounded(&text), Ok(()), "{}", text.get(..40).unwrap_or_default());
        }
        for text in [
            format!("a = {open}"),
            format!("a = {}1", "\"${".repeat(300)),
            format!("a = ({}1)", "1 +\n".repeat(5_000)),
            format!("a = {}b", "!".repeat(5_000)),
            format!("a = \"{}\"", "%{ if true }".repeat(500)),
        ] {
            assert!(bounded(&text).is_err(), "{}", text.get(..40).unwrap_or_default());
        }
    }
}
