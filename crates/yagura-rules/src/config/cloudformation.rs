//! CloudFormation templates, YAML and JSON: parameters, mappings, conditions and intrinsic functions.

use super::value::{Value, snake};
use super::{MOST_DEPTH, Resource};
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use std::collections::BTreeMap;

/// A document as written, with the lines of each entry of its maps.
#[derive(Debug, Clone)]
pub enum Node {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, u32, u32, Node)>),
}

impl Node {
    /// The entry of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|entry| entry.0 == key).map(|entry| &entry.3),
            _ => None,
        }
    }

    /// The entries of a map: name, first and last line, value.
    pub fn entries(&self) -> &[(String, u32, u32, Node)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// A string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The first and last line of a map.
    pub fn lines(&self) -> (u32, u32) {
        let first = self.entries().first().map_or(1, |entry| entry.1);
        (first, self.entries().iter().map(|entry| entry.2).fold(first, u32::max))
    }

    /// As a value, with names as they are written.
    pub fn as_written(&self) -> Value {
        match self {
            Self::Scalar(value) => value.clone(),
            Self::List(items) => Value::List(items.iter().map(Self::as_written).collect()),
            Self::Map(entries) => {
                Value::Map(entries.iter().map(|(key, _, _, node)| (key.clone(), node.as_written())).collect())
            }
        }
    }

    /// The items of a list.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }
}

/// A map or list that is not closed yet.
struct Open {
    map: bool,
    key: Option<(String, u32)>,
    entries: Vec<(String, u32, u32, Node)>,
    items: Vec<Node>,
    tag: Option<String>,
}

fn function(tag: Option<&Tag>) -> Option<String> {
    let tag = tag.filter(|tag| tag.handle == "!")?;
    Some(match tag.suffix.as_str() {
        "Ref" | "Condition" => tag.suffix.clone(),
        name => format!("Fn::{name}"),
    })
}

fn tagged(tag: Option<String>, node: Node, line: u32) -> Node {
    match tag {
        Some(name) => Node::Map(vec![(name, line, line, node)]),
        None => node,
    }
}

/// The first document of a text.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Option<Node>, String> {
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let first = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        let last = u32::try_from(span.end.line()).unwrap_or(u32::MAX);
        let done = match event {
            Event::MappingStart(_, tag) | Event::SequenceStart(_, tag) if open.len() >= MOST_DEPTH => {
                drop(tag);
                return Err(format!("nested deeper than {MOST_DEPTH}"));
            }
            Event::MappingStart(_, ref tag) | Event::SequenceStart(_, ref tag) => {
                open.push(Open {
                    map: matches!(event, Event::MappingStart(..)),
                    key: None,
                    entries: Vec::new(),
                    items: Vec::new(),
                    tag: function(tag.as_deref()),
                });
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let Some(closed) = open.pop() else { continue };
                let node = if closed.map { Node::Map(closed.entries) } else { Node::List(closed.items) };
                tagged(closed.tag, node, first)
            }
            Event::Scalar(text, style, _, tag) => {
                tagged(function(tag.as_deref()), Node::Scalar(scalar(&text, style)), first)
            }
            Event::Alias(_) => Node::Scalar(Value::unknown()),
            Event::DocumentEnd | Event::StreamEnd => return Ok(None),
            _ => continue,
        };
        let Some(parent) = open.last_mut() else {
            return Ok(Some(done));
        };
        if !parent.map {
            parent.items.push(done);
        } else if let Some((key, line)) = parent.key.take() {
            // A block mapping ends where the next token begins.
            let end = end_of(&done).unwrap_or(last).max(line);
            parent.entries.push((key, line, end, done));
        } else {
            let key = match &done {
                Node::Scalar(value) => value.as_text().unwrap_or_default(),
                _ => String::new(),
            };
            parent.key = Some((key, first));
        }
    }
    Ok(None)
}

/// The last line of what is inside.
fn end_of(node: &Node) -> Option<u32> {
    match node {
        Node::Map(entries) => entries.last().map(|entry| entry.2),
        Node::List(items) => items.iter().rev().find_map(end_of),
        Node::Scalar(_) => None,
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if !matches!(style, ScalarStyle::Plain) {
        return Value::text(text);
    }
    match text {
        "" | "~" | "null" | "Null" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" => Value::Bool(false),
        other => match other.parse::<f64>() {
            Ok(number) if number.is_finite() && !other.starts_with('0') || other == "0" => {
                Value::Number(number)
            }
            _ => Value::text(other),
        },
    }
}

/// A JSON or YAML text as a value, for policies in strings.
pub fn document(text: &str) -> Option<Value> {
    let node = parse(text).ok()??;
    let none = Node::Map(Vec::new());
    Some(Template { root: &none }.value(&node, 0))
}

/// The same with names as they are written.
pub fn document_as_written(text: &str) -> Option<Value> {
    Some(parse(text).ok()??.as_written())
}

struct Template<'a> {
    root: &'a Node,
}

/// The resources of a template; none where the text is no template.
///
/// # Errors
/// What is wrong with the document.
pub fn read(path: &str, text: &str) -> Result<Vec<Resource>, String> {
    let Some(root) = parse(text)? else { return Ok(Vec::new()) };
    let Some(resources) = root.get("Resources") else { return Ok(Vec::new()) };
    let template = Template { root: &root };
    let mut out = Vec::new();
    for (name, first, last, node) in resources.entries() {
        let Some(kind) = node.get("Type").and_then(Node::text) else { continue };
        if let Some(condition) = node.get("Condition").and_then(Node::text)
            && template.condition(condition, 0) == Some(false)
        {
            continue;
        }
        let mut properties = BTreeMap::new();
        if let Some(global) = kind.strip_prefix("AWS::Serverless::")
            && let Some(node) = root.get("Globals").and_then(|globals| globals.get(global))
            && let Value::Map(map) = template.value(node, 0)
        {
            properties = map;
        }
        if let Some(node) = node.get("Properties")
            && let Value::Map(map) = template.value(node, 0)
        {
            properties.extend(map);
        }
        let skips = skips(node);
        out.push(Resource {
            kind: kind.to_owned(),
            name: name.clone(),
            address: format!("{kind}.{name}"),
            path: path.to_owned(),
            lines: (*first, *last),
            properties: Value::Map(properties),
            skips,
        });
    }
    Ok(out)
}

/// What the metadata of a resource asks to leave out, in the words of other tools: ids and reasons.
fn skips(node: &Node) -> Vec<(String, String)> {
    let metadata = node.get("Metadata");
    let list = |tool: &str, key: &str| {
        metadata.and_then(|node| node.get(tool)?.get(key)).map_or(&[][..], Node::items)
    };
    let of = |skips: &[Node], reason: &str| -> Vec<(String, String)> {
        let text = |skip: &Node, key: &str| skip.get(key).and_then(Node::text).unwrap_or_default().to_owned();
        skips
            .iter()
            .map(|skip| (text(skip, "id"), text(skip, reason)))
            .filter(|(id, _)| !id.is_empty())
            .collect()
    };
    let mut all = of(list("checkov", "skip"), "comment");
    all.extend(of(list("cfn_nag", "rules_to_suppress"), "reason"));
    all
}

impl Template<'_> {
    fn value(&self, node: &Node, depth: usize) -> Value {
        if depth > MOST_DEPTH {
            return Value::unknown();
        }
        match node {
            Node::Scalar(value) => value.clone(),
            Node::List(items) => Value::List(
                items
                    .iter()
                    .map(|item| self.value(item, depth + 1))
                    .filter(|value| *value != Value::Null)
                    .collect(),
            ),
            Node::Map(entries) => match entries.as_slice() {
                [(name, _, _, inner)]
                    if name == "Ref"
                        || name == "Condition" && inner.text().is_some()
                        || name.starts_with("Fn::") =>
                {
                    self.call(name, inner, depth + 1)
                }
                entries => Value::Map(
                    entries
                        .iter()
                        .map(|(key, _, _, node)| (snake(key), self.value(node, depth + 1)))
                        .collect(),
                ),
            },
        }
    }

    fn call(&self, name: &str, inner: &Node, depth: usize) -> Value {
        match name {
            "Ref" => self.reference(inner.text().unwrap_or_default(), depth),
            "Fn::GetAtt" => {
                let name = match inner {
                    Node::List(items) => items.first().and_then(Node::text),
                    other => other.text().and_then(|text| text.split('.').next()),
                };
                Value::Unknown(name.map(str::to_owned).into_iter().collect())
            }
            "Fn::If" => {
                let [condition, then, otherwise] = inner.items() else { return Value::unknown() };
                match condition.text().and_then(|name| self.condition(name, depth + 1)) {
                    Some(true) => self.value(then, depth + 1),
                    Some(false) => self.value(otherwise, depth + 1),
                    None => {
                        let (a, b) = (self.value(then, depth + 1), self.value(otherwise, depth + 1));
                        if a == b { a } else { Value::unknown() }
                    }
                }
            }
            "Fn::Base64" => self.value(inner, depth + 1),
            "Fn::Sub" => {
                let text = match inner {
                    Node::List(items) => items.first().and_then(Node::text),
                    other => other.text(),
                };
                let own = inner.items().get(1);
                self.substitute(text.unwrap_or_default(), own, depth + 1)
            }
            "Fn::Join" => {
                let [separator, items] = inner.items() else { return Value::unknown() };
                let value = self.value(items, depth + 1);
                let texts: Option<Vec<String>> = value.items().iter().map(Value::as_text).collect();
                match (texts, separator.text()) {
                    (Some(texts), Some(separator)) => Value::Text(texts.join(separator)),
                    _ => unknown_from(&value),
                }
            }
            "Fn::Select" => {
                let [index, items] = inner.items() else { return Value::unknown() };
                let at = self.value(index, depth + 1).as_number();
                let items = self.value(items, depth + 1);
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
                at.and_then(|at| items.items().get(at as usize)).cloned().unwrap_or_else(Value::unknown)
            }
            "Fn::FindInMap" => {
                let mut node = self.root.get("Mappings");
                for step in inner.items() {
                    let key = self.value(step, depth + 1).as_text();
                    node = node.zip(key).and_then(|(node, key)| node.get(&key));
                }
                node.map_or_else(Value::unknown, |node| self.value(node, depth + 1))
            }
            _ => unknown_from(&match inner {
                Node::Map(entries) => {
                    Value::List(entries.iter().map(|(_, _, _, node)| self.value(node, depth + 1)).collect())
                }
                other => self.value(other, depth + 1),
            }),
        }
    }

    fn reference(&self, name: &str, depth: usize) -> Value {
        if name == "AWS::NoValue" {
            return Value::Null;
        }
        let parameter = self.root.get("Parameters").and_then(|parameters| parameters.get(name));
        match parameter {
            Some(parameter) => {
                parameter.get("Default").map_or_else(Value::unknown, |default| self.value(default, depth + 1))
            }
            None => Value::Unknown(vec![name.to_owned()]),
        }
    }

    fn substitute(&self, text: &str, own: Option<&Node>, depth: usize) -> Value {
        let (mut out, mut rest, mut names) = (String::new(), text, Vec::new());
        let mut known = true;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else { return Value::unknown() };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let value = own.and_then(|own| own.get(name)).map_or_else(
                || self.reference(name.split('.').next().unwrap_or_default(), depth),
                |node| self.value(node, depth),
            );
            match value.as_text() {
                Some(text) => out.push_str(&text),
                None => {
                    known = false;
                    value.references(&mut names);
                }
            }
        }
        out.push_str(rest);
        if known { Value::Text(out) } else { Value::Unknown(names) }
    }

    /// The truth of a named condition, where it can be known.
    fn condition(&self, name: &str, depth: usize) -> Option<bool> {
        self.truth(self.root.get("Conditions")?.get(name)?, depth + 1)
    }

    fn truth(&self, node: &Node, depth: usize) -> Option<bool> {
        if depth > MOST_DEPTH {
            return None;
        }
        let [(name, _, _, inner)] = node.entries() else { return None };
        let mut parts = inner.items().iter().map(|part| self.truth(part, depth + 1));
        match name.as_str() {
            "Condition" => self.condition(inner.text()?, depth + 1),
            "Fn::Not" => parts.next()?.map(|truth| !truth),
            "Fn::And" => parts.try_fold(true, |all, part| Some(all && part?)),
            "Fn::Or" => parts.try_fold(false, |any, part| Some(any || part?)),
            "Fn::Equals" => {
                let [a, b] = inner.items() else { return None };
                let (a, b) = (self.value(a, depth + 1), self.value(b, depth + 1));
                (a.as_text().is_some() && b.as_text().is_some()).then(|| a.same(&b))
            }
            _ => None,
        }
    }
}

fn unknown_from(value: &Value) -> Value {
    let mut names = Vec::new();
    value.references(&mut names);
    Value::Unknown(names)
}
