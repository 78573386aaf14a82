//! The text in which LVM2 keeps its metadata: sections, assignments, lists.

use std::collections::BTreeMap;

/// A value or a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `name { … }`
    Section(BTreeMap<String, Value>),
    /// `name = "text"`
    Text(String),
    /// `name = 5`; other numbers do not matter to us.
    Number(u64),
    /// `name = [ … ]`
    List(Vec<Value>),
}

impl Value {
    /// A member of a section.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.section()?.get(name)
    }

    /// All members of a section.
    pub fn section(&self) -> Option<&BTreeMap<String, Self>> {
        if let Self::Section(members) = self { Some(members) } else { None }
    }

    /// The text of a member.
    pub fn text(&self, name: &str) -> Option<&str> {
        if let Some(Self::Text(text)) = self.get(name) { Some(text) } else { None }
    }

    /// The number of a member.
    pub fn number(&self, name: &str) -> Option<u64> {
        if let Some(Self::Number(number)) = self.get(name) { Some(*number) } else { None }
    }

    /// The list of a member.
    pub fn list(&self, name: &str) -> &[Self] {
        if let Some(Self::List(list)) = self.get(name) { list } else { &[] }
    }
}

/// Most levels of sections.
const DEPTH: usize = 8;

/// Reads a whole text; `None` when it is not in this format.
pub fn parse(text: &str) -> Option<Value> {
    let mut words = Words { rest: text };
    let root = section(&mut words, 0)?;
    Some(Value::Section(root))
}

fn section(words: &mut Words<'_>, depth: usize) -> Option<BTreeMap<String, Value>> {
    let mut members = BTreeMap::new();
    loop {
        match words.next() {
            None => return (depth == 0).then_some(members),
            Some(Word::Sign('}')) => return (depth > 0).then_some(members),
            Some(Word::Bare(name)) => {
                let value = match words.next()? {
                    Word::Sign('{') if depth < DEPTH => Value::Section(section(words, depth + 1)?),
                    Word::Sign('=') => value(words)?,
                    _ => return None,
                };
                members.insert(name.to_owned(), value);
            }
            Some(_) => return None,
        }
    }
}

fn value(words: &mut Words<'_>) -> Option<Value> {
    match words.next()? {
        Word::Sign('[') => {
            let mut list = Vec::new();
            loop {
                match words.next()? {
                    Word::Sign(']') => return Some(Value::List(list)),
                    Word::Sign(',') => {}
                    word => list.push(scalar(word)?),
                }
            }
        }
        word => scalar(word),
    }
}

fn scalar(word: Word<'_>) -> Option<Value> {
    match word {
        Word::Text(text) => Some(Value::Text(text)),
        Word::Bare(word) => Some(word.parse().map_or_else(|_| Value::Text(word.to_owned()), Value::Number)),
        Word::Sign(_) => None,
    }
}

enum Word<'a> {
    Bare(&'a str),
    Text(String),
    Sign(char),
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<Word<'a>> {
        loop {
            self.rest = self.rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '\0');
            if !self.rest.starts_with('#') {
                break;
            }
            self.rest = self.rest.split_once('\n').map_or("", |(_, after)| after);
        }
        let first = self.rest.chars().next()?;
        if "{}[]=,".contains(first) {
            self.rest = self.rest.get(1..)?;
            return Some(Word::Sign(first));
        }
        if first == '"' {
            let mut text = String::new();
            let mut letters = self.rest.char_indices().skip(1);
            while let Some((at, letter)) = letters.next() {
                match letter {
                    '"' => {
                        self.rest = self.rest.get(at + 1..)?;
                        return Some(Word::Text(text));
                    }
                    '\\' => text.push(letters.next()?.1),
                    letter => text.push(letter),
                }
            }
            return None;
        }
        let end = self
            .rest
            .find(|letter: char| letter.is_whitespace() || "{}[]=,#\"\0".contains(letter))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(Word::Bare(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_lists_and_comments() {
        let text = "vg0 {\n# c\nid = \"a\\\"b\"\nextent_size = 8192 # 4 MiB\nstatus = [\"READ\", \"WRITE\"]\n\
                    lv { segment1 { stripes = [\"pv0\", 0] } }\nempty = []\n}\n\0\0";
        let parsed = parse(text).unwrap();
        let vg = parsed.get("vg0").unwrap();
        assert_eq!((vg.text("id"), vg.number("extent_size")), (Some("a\"b"), Some(8192)));
        assert_eq!(vg.list("status").len(), 2);
        let segment = vg.get("lv").and_then(|lv| lv.get("segment1")).unwrap();
        assert_eq!(segment.list("stripes"), [Value::Text("pv0".into()), Value::Number(0)]);
        for bad in ["a {", "a }", "a = [", "= 1", "a = \"", "a b", &"a {".repeat(100)] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
