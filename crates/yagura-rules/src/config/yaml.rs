//! YAML and JSON as Kubernetes, Compose and CI services write them: several documents in one file, anchors, merge keys,
//! and the lines of everything.
//!
//! Source: <https://yaml.org/spec/1.2.2/>, and the merge key of YAML 1.1, which all of these tools understand. A value
//! with a tag of an application (`!reference`) is unknown.

use super::MOST_DEPTH;
use super::value::{Value, snake};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use std::collections::{BTreeMap, HashMap};

/// Most values of one file, copies that aliases make among them.
const MOST_NODES: usize = 400_000;

/// A part of a document.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it begins and ends, from 1.
    pub lines: (u32, u32),
    data: Data,
    depth: usize,
    size: usize,
}

#[derive(Debug, Clone)]
enum Data {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, u32, Node)>),
}

impl Node {
    fn scalar(value: Value, lines: (u32, u32)) -> Self {
        Self { lines, data: Data::Scalar(value), depth: 0, size: 1 }
    }

    /// The entry of a map, or the one that comes in by a merge key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Data::Map(entries) = &self.data else { return None };
        entries.iter().find(|entry| entry.0 == key).map(|entry| &entry.2)
    }

    /// The node at the end of these keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Keys, their lines and values of a map.
    pub fn entries(&self) -> &[(String, u32, Node)] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list.
    pub fn items(&self) -> &[Self] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// The scalar as text.
    pub fn text(&self) -> Option<String> {
        match &self.data {
            Data::Scalar(value) => value.as_text(),
            _ => None,
        }
    }

    /// True for a map.
    pub fn is_map(&self) -> bool {
        matches!(self.data, Data::Map(_))
    }

    /// What rules see: keys in snake case, and unknown what `unknown` says of a text.
    pub fn value(&self, unknown: &dyn Fn(&str) -> bool) -> Value {
        match &self.data {
            Data::Scalar(Value::Text(text)) if unknown(text) => Value::unknown(),
            Data::Scalar(value) => value.clone(),
            Data::List(items) => Value::List(items.iter().map(|item| item.value(unknown)).collect()),
            Data::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|(key, _, node)| (snake(key), node.value(unknown)))
                    .collect::<BTreeMap<_, _>>(),
            ),
        }
    }
}

/// A map or list that is not closed yet.
struct Open {
    map: bool,
    anchor: usize,
    first: u32,
    unknown: bool,
    key: Option<(String, u32)>,
    entries: Vec<(String, u32, Node)>,
    items: Vec<Node>,
    merged: Vec<Node>,
    /// A key that is no scalar: `{{ name }}` that no program has filled in.
    odd: bool,
}

/// The documents of a text.
#[derive(Debug, Default)]
pub struct Documents {
    /// Their roots, in order.
    pub roots: Vec<Node>,
    /// True where a map has a key that is no scalar, as `{{ name }}` is.
    pub odd: bool,
}

fn line(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn own(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.handle == "!" && !tag.suffix.is_empty())
}

fn last_line(span: &Span, style: ScalarStyle) -> u32 {
    // A block scalar ends where the next token begins.
    let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
    let ends_before = (block || span.end.col() == 0) && span.end.line() > span.start.line();
    line(span.end.line().saturating_sub(usize::from(ends_before)))
}

/// Reads all documents.
///
/// # Errors
/// What is wrong with the text.
pub fn parse(text: &str) -> Result<Documents, String> {
    let mut out = Documents::default();
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, Node> = HashMap::new();
    let mut left = MOST_NODES;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let first = line(span.start.line());
        let (anchor, done) = match event {
            Event::MappingStart(anchor, ref tag) | Event::SequenceStart(anchor, ref tag) => {
                if open.len() >= MOST_DEPTH {
                    return Err(format!("nested deeper than {MOST_DEPTH}"));
                }
                open.push(Open {
                    map: matches!(event, Event::MappingStart(..)),
                    anchor,
                    first,
                    unknown: own(tag.as_deref()),
                    key: None,
                    entries: Vec::new(),
                    items: Vec::new(),
                    merged: Vec::new(),
                    odd: false,
                });
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let Some(closed) = open.pop() else { continue };
                out.odd |= closed.odd;
                (closed.anchor, closed.close())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let value = if own(tag.as_deref()) { Value::unknown() } else { scalar(&text, style) };
                let raw = text.into_owned();
                let node = Node::scalar(value, (first, last_line(&span, style).max(first)));
                if let Some(parent) = open.last_mut()
                    && parent.map
                    && parent.key.is_none()
                {
                    parent.key = Some((raw, first));
                    continue;
                }
                (anchor, node)
            }
            Event::Alias(anchor) => {
                let node = anchors.get(&anchor).filter(|node| node.depth + open.len() < MOST_DEPTH).cloned();
                let lines = (first, first);
                (0, node.map_or_else(|| Node::scalar(Value::unknown(), lines), |node| Node { lines, ..node }))
            }
            _ => continue,
        };
        left = left.checked_sub(done.size.min(left + 1)).ok_or("it has too many values")?;
        if anchor > 0 {
            left = left.checked_sub(done.size.min(left + 1)).ok_or("it has too many values")?;
            anchors.insert(anchor, done.clone());
        }
        match open.last_mut() {
            None => out.roots.push(done),
            Some(parent) => parent.take(done),
        }
    }
    Ok(out)
}

impl Open {
    fn take(&mut self, node: Node) {
        if !self.map {
            return self.items.push(node);
        }
        match self.key.take() {
            Some((key, _)) if key == "<<" && !node.items().is_empty() => {
                self.merged.extend(node.items().iter().cloned());
            }
            Some((key, _)) if key == "<<" && node.is_map() => self.merged.push(node),
            Some((key, at)) => self.entries.push((key, at, node)),
            None => {
                self.odd = true;
                self.key = Some((String::new(), node.lines.0));
            }
        }
    }

    fn close(mut self) -> Node {
        for merged in std::mem::take(&mut self.merged) {
            let Data::Map(entries) = merged.data else { continue };
            for entry in entries {
                if !self.entries.iter().any(|own| own.0 == entry.0) {
                    self.entries.push(entry);
                }
            }
        }
        let inner: Vec<&Node> = match self.map {
            true => self.entries.iter().map(|entry| &entry.2).collect(),
            false => self.items.iter().collect(),
        };
        let end = inner.iter().map(|node| node.lines.1).max().unwrap_or(self.first).max(self.first);
        let depth = inner.iter().map(|node| node.depth + 1).max().unwrap_or(0);
        let size = inner.iter().map(|node| node.size).sum::<usize>() + 1;
        let data = match (self.unknown || self.odd, self.map) {
            (true, _) => Data::Scalar(Value::unknown()),
            (false, true) => Data::Map(self.entries),
            (false, false) => Data::List(self.items),
        };
        Node { lines: (self.first, end), data, depth, size }
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if !matches!(style, ScalarStyle::Plain) {
        return Value::text(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        other => match other.parse::<f64>() {
            // `010` and `1.10` are read by people as they stand.
            Ok(number) if number.is_finite() && number.to_string() == other => Value::Number(number),
            _ => Value::text(other),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Vec<Value> {
        parse(text).unwrap().roots.iter().map(|root| root.value(&|text| text.contains("{{"))).collect()
    }

    fn map(pairs: &[(&str, Value)]) -> Value {
        Value::Map(pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
    }

    #[test]
    fn documents_anchors_and_merge_keys_are_read() {
        let text = "a: &x {hostPort: 1, on: no}\nb: {<<: *x, on: yes}\n---\n- *x\n- \"{{ v }}\"\n- !reference [a, b]\n- 1.10\n";
        let one = |on: &str| map(&[("host_port", Value::Number(1.0)), ("on", Value::text(on))]);
        let list = vec![one("no"), Value::unknown(), Value::unknown(), Value::text("1.10")];
        assert_eq!(value(text), [map(&[("a", one("no")), ("b", one("yes"))]), Value::List(list)]);
    }

    #[test]
    fn lines_are_those_of_the_text() {
        let text = "a:\n  - b: 1\n    c: |\n      x\n      y\n  - d: 2\n\n\ne: 3\n";
        let documents = parse(text).unwrap();
        let lines: Vec<_> =
            documents.roots[0].get("a").unwrap().items().iter().map(|item| item.lines).collect();
        assert_eq!(lines, [(2, 5), (6, 6)]);
        assert_eq!(documents.roots[0].lines, (1, 9));
    }

    #[test]
    fn what_no_program_has_filled_in_is_odd() {
        assert!(parse("image: {{ .Values.image }}\n").unwrap().odd);
        assert!(!parse("image: \"{{ .Values.image }}\"\n").unwrap().odd);
    }

    #[test]
    fn aliases_that_multiply_are_refused() {
        let mut text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n".to_owned();
        for level in 1..20 {
            let below = level - 1;
            text += &format!("a{level}: &a{level} [{}]\n", format!("*a{below}, ").repeat(10));
        }
        assert_eq!(parse(&text).unwrap_err(), "it has too many values");
        assert!(parse(&"[".repeat(50_000)).is_err());
    }
}
