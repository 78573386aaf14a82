//! Constraints of incoming values, as data.

use regex::Regex;
use std::sync::OnceLock;

/// What a value must be. Bounds are inclusive; lengths count characters of texts and items of lists and maps.
#[derive(Debug)]
#[allow(missing_docs)] // bounds speak for themselves
pub enum Constraint {
    /// Any text.
    Text { min: usize, max: usize, pattern: Option<&'static Pattern> },
    /// One of these words.
    Words(&'static [&'static str]),
    /// A whole number.
    Integer { min: i64, max: i64 },
    /// A number with a fraction.
    Number { min: f64, max: f64 },
    /// True or false.
    Boolean,
    /// Seconds since 1970 as a number, perhaps with a fraction.
    Epoch,
    /// ISO-8601 text.
    IsoTime,
    /// Base64; the lengths are those of the bytes.
    Blob { min: usize, max: usize },
    /// Any JSON.
    Document,
    /// Values of one kind.
    List { min: usize, max: usize, item: &'static Constraint },
    /// Values of one kind by name.
    Map { min: usize, max: usize, key: &'static Constraint, value: &'static Constraint },
    /// Named members.
    Structure(&'static [Field]),
    /// Exactly one member.
    Union(&'static [Field]),
}

/// A member of a structure.
#[derive(Debug)]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it must be.
    pub constraint: &'static Constraint,
}

impl Field {
    /// A member that must be there.
    pub const fn required(name: &'static str, constraint: &'static Constraint) -> Field {
        Field { name, required: true, constraint }
    }

    /// A member that may be missing or null.
    pub const fn optional(name: &'static str, constraint: &'static Constraint) -> Field {
        Field { name, required: false, constraint }
    }
}

/// A regular expression that the whole text must match.
#[derive(Debug)]
pub struct Pattern {
    /// What the text must not begin with.
    not: Option<&'static str>,
    text: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A pattern in the syntax of the crate `regex`.
    pub const fn new(not: Option<&'static str>, text: &'static str) -> Pattern {
        Pattern { not, text, compiled: OnceLock::new() }
    }

    /// Whether the text as a whole matches. A pattern that does not compile matches nothing; a test compiles
    /// all of them.
    pub fn matches(&self, value: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&format!(r"\A(?:{})\z", self.text)).ok());
        self.not.is_none_or(|not| !value.starts_with(not))
            && compiled.as_ref().is_some_and(|regex| regex.is_match(value))
    }

    /// The pattern as the service model writes it.
    pub fn text(&self) -> String {
        self.not.map(|not| format!("(?!{not})")).unwrap_or_default() + self.text
    }

    /// Whether the engine understands the pattern.
    pub fn compiles(&self) -> bool {
        Regex::new(&format!(r"\A(?:{})\z", self.text)).is_ok()
    }
}
