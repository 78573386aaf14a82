//! XML answers, read into a small tree first: names of elements are what counts, namespaces and attributes do not.
//!
//! The parser expands no entities but the five of XML and character references, so that a document cannot grow.

use super::{Blob, Time};
use crate::base64;
use quick_xml::Reader;
use quick_xml::events::Event;

/// Deepest nesting that is read; answers of AWS have less than twenty levels.
const DEPTH: usize = 64;

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// Without prefix.
    pub name: String,
    /// All text directly inside.
    pub text: String,
    /// In order.
    pub children: Vec<Node>,
}

/// Reads a document and returns its outermost element.
///
/// # Errors
/// What is wrong, for people.
pub fn parse(bytes: &[u8]) -> Result<Node, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Node> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let closed = match event {
            Event::Start(start) => {
                if open.len() >= DEPTH {
                    return Err(format!("nested deeper than {DEPTH} levels"));
                }
                open.push(Node { name: start.local_name().as_ref().to_owned(), ..Node::default() });
                None
            }
            Event::Empty(start) => {
                Some(Node { name: start.local_name().as_ref().to_owned(), ..Node::default() })
            }
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(text.as_ref());
                }
                None
            }
            Event::CData(text) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(text.as_ref());
                }
                None
            }
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(character) => Some(character),
                    None => match reference.as_ref() {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => return Err("an entity that XML does not define".to_owned()),
                    },
                };
                if let Some(node) = open.last_mut() {
                    node.text.extend(character);
                }
                None
            }
            Event::Eof => return Err("no element, or one that does not end".to_owned()),
            _ => None,
        };
        if let Some(node) = closed {
            match open.last_mut() {
                Some(parent) => parent.children.push(node),
                None => return Ok(node),
            }
        }
    }
}

impl Node {
    /// The first child of a name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of a child.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// The nearest element, itself included, that has a child of a name, looking `depth` levels down.
    pub fn find(&self, name: &str, depth: usize) -> Option<&Self> {
        if self.child(name).is_some() {
            return Some(self);
        }
        self.children.iter().filter(|_| depth > 0).find_map(|child| child.find(name, depth - 1))
    }
}

/// A value of an answer. The error says what is wrong.
pub(in crate::aws) trait FromXml: Sized {
    fn from_xml(node: &Node) -> Result<Self, String>;
}

impl FromXml for String {
    fn from_xml(node: &Node) -> Result<Self, String> {
        Ok(node.text.clone())
    }
}

macro_rules! parsed {
    ($($kind:ty),*) => {$(
        impl FromXml for $kind {
            fn from_xml(node: &Node) -> Result<Self, String> {
                let text = node.text.trim();
                text.parse().map_err(|_| format!("`{}` is not a {}", node.name, stringify!($kind)))
            }
        }
    )*};
}
parsed!(i64, f64, bool);

impl FromXml for Time {
    fn from_xml(node: &Node) -> Result<Self, String> {
        Self::parse(node.text.trim()).ok_or_else(|| format!("`{}` is not a point in time", node.name))
    }
}

impl FromXml for Blob {
    fn from_xml(node: &Node) -> Result<Self, String> {
        base64::decode(&node.text).map(Self).ok_or_else(|| format!("`{}` is not base64", node.name))
    }
}

/// A member. An empty element is an empty text, and nothing for other kinds.
pub(in crate::aws) fn member<T: FromXml>(node: &Node, name: &str) -> Result<Option<T>, String> {
    node.child(name).map(T::from_xml).transpose()
}

/// A number, truth value or time, for which an empty element says nothing.
pub(in crate::aws) fn scalar<T: FromXml>(node: &Node, name: &str) -> Result<Option<T>, String> {
    node.child(name).filter(|child| !child.text.trim().is_empty()).map(T::from_xml).transpose()
}

/// Items of a list inside an element of its own.
pub(in crate::aws) fn list<T: FromXml>(node: &Node, name: &str, item: &str) -> Result<Vec<T>, String> {
    node.child(name).map_or(Ok(Vec::new()), |list| flat(list, item))
}

/// Items of a list that stand beside other members.
pub(in crate::aws) fn flat<T: FromXml>(node: &Node, item: &str) -> Result<Vec<T>, String> {
    node.children.iter().filter(|child| child.name == item).map(T::from_xml).collect()
}

/// A value of a request's document.
pub(in crate::aws) trait ToXml {
    fn write(&self, out: &mut String);
}

/// An element with a value, if there is one.
pub(in crate::aws) fn element<T: ToXml>(out: &mut String, name: &str, value: Option<&T>) {
    if let Some(value) = value {
        out.push_str(&format!("<{name}>"));
        value.write(out);
        out.push_str(&format!("</{name}>"));
    }
}

impl ToXml for String {
    fn write(&self, out: &mut String) {
        out.push_str(&quick_xml::escape::escape(self.as_str()));
    }
}

impl ToXml for i64 {
    fn write(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_text_and_references() {
        let root = parse(b"<?xml version='1.0'?><a xmlns='x'><b:c>1 &lt; &#50;<![CDATA[ &]]></b:c><d/></a>")
            .unwrap();
        assert_eq!(root.text("c"), Some("1 < 2 &"));
        assert_eq!(root.text("d"), Some(""));
        assert_eq!(scalar::<i64>(&root, "d"), Ok(None));
        assert!(scalar::<i64>(&root, "c").is_err());
    }

    #[test]
    fn hostile_documents_are_refused() {
        let deep = "<a>".repeat(10_000);
        for text in ["", "<a>", "<a></b>", &deep, "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "plain"] {
            assert!(parse(text.as_bytes()).is_err(), "{text:.40}");
        }
    }

    #[test]
    fn lists_have_an_element_of_their_own_or_not() {
        let root = parse(b"<r><l><member>a</member><member>b</member></l><f>1</f><f>2</f></r>").unwrap();
        assert_eq!(list::<String>(&root, "l", "member").unwrap(), ["a", "b"]);
        assert_eq!(flat::<i64>(&root, "f").unwrap(), [1, 2]);
    }
}
