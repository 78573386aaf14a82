//! A flat view of XML documents: elements as they open, with attributes and text, without DTD expansion.
//!
//! Built on `quick-xml`'s pull parser. Entities other than the five of XML and character references stay as
//! they are written; nothing is fetched or expanded.

use crate::feed::FeedError;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Depth beyond which a document is refused; the deepest published is an OVAL criteria tree of about 12.
const DEEPEST: usize = 256;

/// One step through a document. Names are local, without a namespace prefix.
#[derive(Debug)]
pub enum Step<'a> {
    /// An element opens; an empty element opens and closes.
    Open(&'a str, &'a Attributes),
    /// An element closes, with the text directly inside it, trimmed.
    Close(&'a str, &'a str),
}

/// The attributes of an element, in document order.
#[derive(Debug, Default)]
pub struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// The value of an attribute by its local name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Walks a document, calling `visit` on every step.
///
/// # Errors
/// Not well-formed, or nested too deeply; the steps before were visited.
pub fn walk(path: &str, bytes: &[u8], visit: &mut dyn FnMut(Step<'_>)) -> Result<(), FeedError> {
    let mut reader = Reader::from_reader(bytes);
    let mut stack: Vec<(String, String)> = Vec::new();
    loop {
        match reader.read_event().map_err(|error| FeedError::malformed(path, error))? {
            Event::Start(start) => {
                if stack.len() >= DEEPEST {
                    return Err(FeedError::malformed(path, format!("nested deeper than {DEEPEST}")));
                }
                let (name, attributes) = open(&start);
                visit(Step::Open(&name, &attributes));
                stack.push((name, String::new()));
            }
            Event::Empty(start) => {
                let (name, attributes) = open(&start);
                visit(Step::Open(&name, &attributes));
                visit(Step::Close(&name, ""));
            }
            Event::End(_) => {
                if let Some((name, text)) = stack.pop() {
                    visit(Step::Close(&name, text.trim()));
                }
            }
            Event::Text(text) => {
                if let Some((_, sum)) = stack.last_mut() {
                    sum.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some((_, sum)) = stack.last_mut() {
                    sum.push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some((_, sum)) = stack.last_mut() {
                    sum.push_str(&entity(&reference));
                }
            }
            Event::Eof if stack.is_empty() => return Ok(()),
            Event::Eof => return Err(FeedError::malformed(path, "ends inside an element")),
            _ => {}
        }
    }
}

fn open(start: &BytesStart<'_>) -> (String, Attributes) {
    let name = start.local_name().as_ref().to_owned();
    let attributes = start
        .attributes()
        .with_checks(false)
        .flatten()
        .map(|attribute| {
            let key = attribute.key.local_name().as_ref().to_owned();
            (key, unescape(&attribute.value))
        })
        .collect();
    (name, Attributes(attributes))
}

/// Replaces the entities of XML in an attribute value.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match after.split_once(';') {
            Some((name, tail)) if name.len() <= 10 => {
                out.push_str(&entity(name));
                rest = tail;
            }
            _ => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> String {
    let code = name.strip_prefix('#').and_then(|digits| match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    });
    match (name, code.and_then(char::from_u32)) {
        ("amp", _) => "&".to_owned(),
        ("lt", _) => "<".to_owned(),
        ("gt", _) => ">".to_owned(),
        ("quot", _) => "\"".to_owned(),
        ("apos", _) => "'".to_owned(),
        (_, Some(character)) => character.to_string(),
        _ => format!("&{name};"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, walk};

    fn steps(xml: &str) -> (Vec<String>, bool) {
        let mut seen = Vec::new();
        let result = walk("x.xml", xml.as_bytes(), &mut |step| {
            seen.push(match step {
                Step::Open(name, attributes) => format!("<{name} {:?}", attributes.get("id")),
                Step::Close(name, text) => format!("</{name} {text}"),
            });
        });
        (seen, result.is_ok())
    }

    #[test]
    fn names_are_local_and_entities_of_xml_are_replaced() {
        let (seen, ok) = steps("<o:a xmlns:o='u' id='x &lt; &#65;'> 1 &amp; 2 <b/></o:a>");
        assert!(ok);
        assert_eq!(seen, ["<a Some(\"x < A\")", "<b None", "</b ", "</a 1 & 2"]);
    }

    #[test]
    fn a_dtd_expands_nothing() {
        let (seen, ok) = steps("<!DOCTYPE a [<!ENTITY b \"boom\">]><a>&b;</a>");
        assert!(ok);
        assert_eq!(seen, ["<a None", "</a &b;"]);
    }

    #[test]
    fn damage_keeps_what_was_read_before() {
        let (seen, ok) = steps("<a><b>1</b><c>");
        assert!(!ok);
        assert_eq!(seen.len(), 4);
        let (_, ok) = steps(&"<a>".repeat(100_000));
        assert!(!ok);
    }
}
