//! What rule pages and model pages say about code, and how the names in them are compared.
//!
//! A pattern is a name with dots, compared from its end: `Runtime.exec` fits `java.lang.Runtime.exec`, and
//! `java.lang.Runtime.exec` fits a call on something of type `Runtime`. `*` stands for one part, `~text` for a part
//! that contains the text, `new C` for the making of an object, `{a,b}` for either. A pattern of one part fits only a
//! name of one part.

use super::ir::Language;
use crate::page::PageError;
use regex::Regex;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A pattern of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Its parts, last one first.
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Exact(String),
    Contains(String),
    Any,
}

impl Pattern {
    /// Reads a pattern; braces make several of one.
    pub fn read(text: &str) -> Vec<Self> {
        expand(text.trim()).iter().map(|text| Self::one(text)).collect()
    }

    fn one(text: &str) -> Self {
        let text = match text.strip_prefix("new ") {
            Some(class) => format!("{class}.new"),
            None => text.to_owned(),
        };
        let parts = text.rsplit('.').map(|part| match part {
            "*" => Part::Any,
            _ => match part.strip_prefix('~') {
                Some(inner) => Part::Contains(inner.to_ascii_lowercase()),
                None => Part::Exact(part.to_owned()),
            },
        });
        Self { parts: parts.collect() }
    }

    /// The last part where it is a word, by which patterns are looked up.
    pub fn last(&self) -> Option<&str> {
        match self.parts.first() {
            Some(Part::Exact(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether it fits a full name.
    pub fn fits(&self, path: &str) -> bool {
        let mut parts = self.parts.iter();
        let mut names = path.rsplit('.');
        let mut same = 0;
        loop {
            match (parts.next(), names.next()) {
                (None, None) => return true,
                (None, Some(_)) => return same > 1,
                (Some(_), None) => return same > 1,
                (Some(part), Some(name)) => {
                    let fits = match part {
                        Part::Any => true,
                        Part::Exact(text) => text == name || is_last_of(text, name),
                        Part::Contains(text) => name.to_ascii_lowercase().contains(text.as_str()),
                    };
                    if !fits {
                        return false;
                    }
                    same += 1;
                }
            }
        }
    }
}

/// `http` is `net/http`, and `jwt` is `github.com/golang-jwt/jwt/v5`.
fn is_last_of(text: &str, path: &str) -> bool {
    let Some((head, last)) = path.rsplit_once('/') else { return false };
    let version = last.strip_prefix('v').is_some_and(|rest| rest.parse::<u32>().is_ok());
    if version { head.rsplit('/').next() == Some(text) } else { last == text }
}

/// `a.{b,c}.d` is `a.b.d` and `a.c.d`.
fn expand(text: &str) -> Vec<String> {
    let Some((head, rest)) = text.split_once('{') else { return vec![text.to_owned()] };
    let Some((inner, tail)) = rest.split_once('}') else { return vec![text.to_owned()] };
    inner.split(',').flat_map(|word| expand(&format!("{head}{}{tail}", word.trim()))).collect()
}

/// One pattern or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Patterns {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Patterns {
    /// All of them.
    pub fn read(&self) -> Vec<Pattern> {
        match self {
            Self::One(text) => Pattern::read(text),
            Self::Many(texts) => texts.iter().flat_map(|text| Pattern::read(text)).collect(),
        }
    }

    fn texts(&self) -> Vec<&str> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts.iter().map(String::as_str).collect(),
        }
    }
}

/// An argument of a call: its number from 0, its name, `this` for the receiver, or `all`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Position {
    /// From 0; negative ones from the end.
    Number(i32),
    /// `this`, `all`, `result`, or the name of an argument.
    Word(String),
}

/// A condition on one argument of a call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWhere {
    arg: Position,
    #[serde(default)]
    field: Option<String>,
    #[serde(default)]
    matches: Option<String>,
    #[serde(default)]
    not_matches: Option<String>,
    #[serde(default)]
    is: Option<Scalar>,
    #[serde(default)]
    is_not: Option<Scalar>,
    #[serde(default)]
    less: Option<i64>,
    #[serde(default)]
    more: Option<i64>,
    #[serde(default)]
    always: Option<bool>,
    #[serde(default)]
    missing: Option<bool>,
    #[serde(default)]
    constant: Option<bool>,
    #[serde(default)]
    tainted: Option<Vec<String>>,
}

/// A value that is written in a page.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true`
    Bool(bool),
    /// `1`
    Int(i64),
    /// `text`
    Text(String),
    /// `null`
    Null(()),
}

/// A condition on one argument of a call. Values that are not known fulfil none, `is_not`, `missing` and
/// `constant: false` apart.
#[derive(Debug, Clone)]
pub struct Where {
    /// Which argument.
    pub arg: Position,
    /// A field that was set on it, instead of the argument itself.
    pub field: Option<String>,
    /// A possible text of it matches.
    pub matches: Option<Regex>,
    /// It is known, and no possible text of it matches.
    pub not_matches: Option<Regex>,
    /// It may be this.
    pub is: Option<Scalar>,
    /// It is not known to be this.
    pub is_not: Option<Scalar>,
    /// It is a number that is less.
    pub less: Option<i64>,
    /// It is a number that is greater.
    pub more: Option<i64>,
    /// It is a function that can return nothing but this.
    pub always: Option<bool>,
    /// It is not given.
    pub missing: Option<bool>,
    /// It is a constant, empty texts and nothing apart.
    pub constant: Option<bool>,
    /// Something of these kinds flowed into it.
    pub tainted: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSink {
    #[serde(default)]
    call: Option<Patterns>,
    #[serde(default)]
    write: Option<Patterns>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    args: Option<Vec<Position>>,
    #[serde(default, rename = "where")]
    wheres: Vec<RawWhere>,
    #[serde(default)]
    quoted: bool,
    #[serde(default)]
    prefix: bool,
}

/// Where something must not happen, or must not arrive.
#[derive(Debug, Clone)]
pub struct Sink {
    /// What is done.
    pub act: Act,
    /// The names that it is done with.
    pub patterns: Vec<Pattern>,
    /// The arguments that nothing from outside may reach.
    pub args: Vec<Position>,
    /// All must hold.
    pub wheres: Vec<Where>,
    /// A known beginning of the text makes it harmless: an address with its host.
    pub prefix: bool,
}

/// What a sink is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A call.
    Call,
    /// Writing a field or variable.
    Write,
    /// What a handler returns, what a template prints, the condition of a loop: named places of the language.
    Place(&'static str),
}

/// Named places that are no calls.
const PLACES: &[&str] = &["loop-limit", "allocation", "print", "return", "include", "backtick"];

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCode {
    languages: Vec<String>,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    context: String,
    sinks: Vec<RawSink>,
}

/// How a rule on code finds.
#[derive(Debug)]
pub struct Code {
    /// Where it applies.
    pub languages: Vec<Language>,
    /// Kinds of sources; none: the sinks alone decide.
    pub sources: Vec<String>,
    /// The context in which a value does harm: `sql`, `shell`.
    pub context: String,
    /// Any of these.
    pub sinks: Vec<Sink>,
}

impl Code {
    /// Reads the block of a page.
    ///
    /// # Errors
    /// It says something that no rule says.
    pub fn read(page: &str, text: &str) -> Result<Self, PageError> {
        let bad = |detail: String| PageError::malformed(page, "code", detail);
        let raw: RawCode =
            serde_saphyr::from_str(text).map_err(|error| PageError::yaml(page, "code", &error))?;
        let languages = read_languages(&raw.languages).map_err(bad)?;
        let sinks = raw.sinks.iter().map(sink).collect::<Result<Vec<_>, _>>().map_err(bad)?;
        Ok(Self { languages, sources: raw.sources, context: raw.context, sinks })
    }
}

/// What `languages` of a page may name.
pub const LANGUAGES: &[&str] = &[
    "c",
    "csharp",
    "go",
    "java",
    "javascript",
    "jvm",
    "kotlin",
    "php",
    "python",
    "ruby",
    "rust",
    "scala",
    "shell",
];

fn read_languages(words: &[String]) -> Result<Vec<Language>, String> {
    let mut out = Vec::new();
    for word in words {
        match word.as_str() {
            "java" => out.push(Language::Java),
            "javascript" => out.extend([Language::JavaScript, Language::TypeScript, Language::Tsx]),
            "python" => out.push(Language::Python),
            "go" => out.push(Language::Go),
            "php" => out.push(Language::Php),
            "csharp" => out.push(Language::CSharp),
            "ruby" => out.push(Language::Ruby),
            "kotlin" => out.push(Language::Kotlin),
            "scala" => out.push(Language::Scala),
            "c" => out.extend([Language::C, Language::Cpp]),
            "rust" => out.push(Language::Rust),
            "shell" => out.push(Language::Shell),
            "jvm" => out.extend([Language::Java, Language::Kotlin, Language::Scala]),
            other => {
                return Err(format!(
                    "`languages`: `{other}` is no language; there are {}",
                    LANGUAGES.join(", ")
                ));
            }
        }
    }
    Ok(out)
}

fn sink(raw: &RawSink) -> Result<Sink, String> {
    let (act, patterns) = match (&raw.call, &raw.write, &raw.value) {
        (Some(call), None, None) => (Act::Call, call.read()),
        (None, Some(write), None) => (Act::Write, write.read()),
        (None, None, Some(place)) => {
            let place = PLACES
                .iter()
                .find(|known| *known == place)
                .ok_or_else(|| format!("`{place}` is no place; there are {}", PLACES.join(", ")))?;
            (Act::Place(place), Vec::new())
        }
        _ => return Err("a sink has one of `call`, `write`, `value`".to_owned()),
    };
    let _ = raw.quoted;
    let args = raw.args.clone().unwrap_or_else(|| vec![Position::Word("all".to_owned())]);
    let wheres = raw.wheres.iter().map(condition).collect::<Result<Vec<_>, _>>()?;
    Ok(Sink { act, patterns, args, wheres, prefix: raw.prefix })
}

fn condition(raw: &RawWhere) -> Result<Where, String> {
    let regex = |text: &Option<String>| text.as_ref().map(|text| crate::page::regex(text)).transpose();
    Ok(Where {
        arg: raw.arg.clone(),
        field: raw.field.clone(),
        matches: regex(&raw.matches)?,
        not_matches: regex(&raw.not_matches)?,
        is: raw.is.clone(),
        is_not: raw.is_not.clone(),
        less: raw.less,
        more: raw.more,
        always: raw.always,
        missing: raw.missing,
        constant: raw.constant,
        tainted: raw.tainted.clone(),
    })
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    languages: Vec<String>,
    #[serde(default)]
    sources: Vec<RawSource>,
    #[serde(default)]
    types: BTreeMap<String, Patterns>,
    #[serde(default)]
    clean: Vec<RawClean>,
    #[serde(default)]
    guards: Vec<RawClean>,
    #[serde(default)]
    callbacks: Vec<RawCallback>,
    #[serde(default)]
    fills: Vec<RawFill>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    #[serde(default)]
    call: Option<Patterns>,
    #[serde(default)]
    read: Option<Patterns>,
    #[serde(default)]
    param: Option<Patterns>,
    #[serde(default)]
    mark: Option<Patterns>,
    #[serde(default)]
    class_mark: Option<Patterns>,
    #[serde(default)]
    function: Option<Patterns>,
    #[serde(default)]
    args: Option<Vec<usize>>,
    #[serde(default)]
    except: Option<Patterns>,
    #[serde(default)]
    received: bool,
    kind: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClean {
    call: Patterns,
    #[serde(rename = "for")]
    contexts: Vec<String>,
    #[serde(default)]
    arg: usize,
    #[serde(default, rename = "where")]
    wheres: Vec<RawWhere>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCallback {
    call: Patterns,
    #[serde(default)]
    params: BTreeMap<i32, String>,
    #[serde(default)]
    sources: BTreeMap<i32, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFill {
    call: Patterns,
    args: Vec<i32>,
    #[serde(default)]
    kind: Option<String>,
}

/// A way in for what comes from outside.
#[derive(Debug, Clone)]
pub struct Source {
    /// How it is met.
    pub way: Way,
    /// The names.
    pub patterns: Vec<Pattern>,
    /// Functions and marks: which parameters; all when empty.
    pub args: Vec<usize>,
    /// Functions and marks: parameters of these types are something else.
    pub except: Vec<Pattern>,
    /// Only on objects that the program has not made itself.
    pub received: bool,
    /// What kind of source it is.
    pub kind: String,
}

/// How something comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The result of a call.
    Call,
    /// Reading a name or field.
    Read,
    /// A parameter of this name.
    Param,
    /// A parameter with this annotation, or all parameters of a function that has it.
    Mark,
    /// The parameters of the methods of a class with this annotation.
    ClassMark,
    /// The parameters of a function of this name.
    Function,
}

/// A function that makes its argument harmless, or says whether it is.
#[derive(Debug, Clone)]
pub struct Clean {
    /// The names.
    pub patterns: Vec<Pattern>,
    /// The contexts, `all` among them.
    pub contexts: Vec<String>,
    /// Guards: the argument that is looked at.
    pub arg: usize,
    /// All must hold.
    pub wheres: Vec<Where>,
}

/// A call that calls what it is given.
#[derive(Debug, Clone)]
pub struct Callback {
    /// The names.
    pub patterns: Vec<Pattern>,
    /// The types of the closure's parameters, by number.
    pub params: BTreeMap<i32, String>,
    /// The kinds of sources that its parameters are.
    pub sources: BTreeMap<i32, String>,
}

/// A call that writes into its arguments.
#[derive(Debug, Clone)]
pub struct Fill {
    /// The names.
    pub patterns: Vec<Pattern>,
    /// Which arguments, from 0.
    pub args: Vec<i32>,
    /// What they hold afterwards; `None`: what flowed into the other arguments.
    pub kind: Option<String>,
}

/// What is known of libraries and frameworks.
#[derive(Debug)]
pub struct Model {
    /// Where it applies.
    pub languages: Vec<Language>,
    /// Ways in.
    pub sources: Vec<Source>,
    /// The type of what calls give, by pattern.
    pub types: Vec<(Vec<Pattern>, String)>,
    /// Functions that make harmless.
    pub clean: Vec<Clean>,
    /// Functions that say whether something is harmless.
    pub guards: Vec<Clean>,
    /// Calls that call back.
    pub callbacks: Vec<Callback>,
    /// Calls that write into their arguments.
    pub fills: Vec<Fill>,
}

impl Model {
    /// Reads the block of a page.
    ///
    /// # Errors
    /// It says something that no model says.
    pub fn read(page: &str, text: &str) -> Result<Self, PageError> {
        let bad = |detail: String| PageError::malformed(page, "model", detail);
        let raw: RawModel =
            serde_saphyr::from_str(text).map_err(|error| PageError::yaml(page, "model", &error))?;
        let languages = read_languages(&raw.languages).map_err(bad)?;
        let sources = raw.sources.iter().map(source).collect::<Result<Vec<_>, _>>().map_err(bad)?;
        let cleans = |raws: &[RawClean]| {
            raws.iter()
                .map(|raw| {
                    Ok(Clean {
                        patterns: raw.call.read(),
                        contexts: raw.contexts.clone(),
                        arg: raw.arg,
                        wheres: raw.wheres.iter().map(condition).collect::<Result<Vec<_>, String>>()?,
                    })
                })
                .collect::<Result<Vec<_>, String>>()
        };
        let types = raw
            .types
            .iter()
            .flat_map(|(kind, calls)| {
                calls.texts().into_iter().map(|call| (Pattern::read(call), kind.clone())).collect::<Vec<_>>()
            })
            .collect();
        Ok(Self {
            languages,
            sources,
            types,
            clean: cleans(&raw.clean).map_err(bad)?,
            guards: cleans(&raw.guards).map_err(bad)?,
            callbacks: raw
                .callbacks
                .iter()
                .map(|raw| Callback {
                    patterns: raw.call.read(),
                    params: raw.params.clone(),
                    sources: raw.sources.clone(),
                })
                .collect(),
            fills: raw
                .fills
                .iter()
                .map(|raw| Fill { patterns: raw.call.read(), args: raw.args.clone(), kind: raw.kind.clone() })
                .collect(),
        })
    }
}

fn source(raw: &RawSource) -> Result<Source, String> {
    let ways = [
        (Way::Call, &raw.call),
        (Way::Read, &raw.read),
        (Way::Param, &raw.param),
        (Way::Mark, &raw.mark),
        (Way::ClassMark, &raw.class_mark),
        (Way::Function, &raw.function),
    ];
    let mut given = ways.iter().filter_map(|(way, patterns)| Some((*way, patterns.as_ref()?)));
    let (Some((way, patterns)), None) = (given.next(), given.next()) else {
        return Err(
            "a source has one of `call`, `read`, `param`, `mark`, `class_mark`, `function`".to_owned()
        );
    };
    Ok(Source {
        way,
        patterns: patterns.read(),
        args: raw.args.clone().unwrap_or_default(),
        except: raw.except.as_ref().map(Patterns::read).unwrap_or_default(),
        received: raw.received,
        kind: raw.kind.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str) -> bool {
        Pattern::read(pattern).iter().any(|pattern| pattern.fits(path))
    }

    #[test]
    fn patterns_are_compared_from_their_end() {
        assert!(fits("Runtime.exec", "java.lang.Runtime.exec"));
        assert!(fits("java.lang.Runtime.exec", "Runtime.exec"));
        assert!(!fits("java.lang.Runtime.exec", "exec"), "one part says too little");
        assert!(fits("exec", "exec"));
        assert!(!fits("exec", "child_process.exec"));
        assert!(fits("*.{execute,executemany}", "?x.executemany"));
        assert!(fits("~cursor.execute", "sqlite3.connect().cursor().execute"));
        assert!(fits("new java.util.Random", "java.util.Random.new"));
        assert!(!fits("a.b", "c.b"));
    }
}
