//! Flaws in source code: values from outside that arrive where they do harm, and calls that are wrong by themselves.
//!
//! [`lower`] makes one representation ([`ir`]) of files in every language. [`machine`] runs it with sets of possible
//! values: calls with what they are given, branches as far as their conditions are not known. What the pages say of
//! libraries and of what is dangerous ([`query`]) is looked up by name ([`book`]). The cost for each entry is bounded
//! by the size of its function, so that the whole is linear in the size of the tree.

pub mod book;
mod branches;
mod call;
mod check;
mod collections;
mod construct;
mod elements;
mod entry;
mod evaluate;
pub mod ir;
mod library;
pub mod lower;
mod machine;
pub mod names;
mod outside;
pub mod query;
mod read;
mod refine;
mod scope;
pub mod state;
mod texts;
pub mod value;
mod write;

pub use query::{Code, Model};

use crate::rule::Rule;
use crate::suppress;
use book::Book;
use ir::{Language, Program};
use machine::Machine;
use names::Names;
use std::collections::{BTreeMap, BTreeSet};
use yagura_model::{CodeCause, CodeDetection, FlowStep, Severity, TreePath, Unread, UnreadReason};

/// Larger files are written by programs.
const MOST_BYTES: usize = 2 << 20;

/// Lines longer than this on average are made by a bundler; nobody reads findings there.
const MINIFIED: usize = 1_000;

/// The engine recurses over expressions and calls; what bounds it is counted for a stack of this size.
const STACK: usize = 512 << 20;

/// Files of constants that programs read: `*.properties`.
const CONSTANTS: &str = ".properties";

/// The source files of a tree.
#[derive(Debug, Default)]
pub struct Sources {
    files: BTreeMap<String, (Language, Vec<u8>)>,
    constants: BTreeMap<String, String>,
    unread: Vec<Unread>,
}

impl Sources {
    /// Takes a file if it is source code.
    pub fn add(&mut self, path: &TreePath, bytes: &[u8]) {
        let text = path.as_str();
        if text.ends_with(CONSTANTS) && bytes.len() <= MOST_BYTES {
            self.constants.insert(text.to_owned(), String::from_utf8_lossy(bytes).into_owned());
            return;
        }
        let Some(language) = lower::language(text, bytes) else { return };
        let mut left_out = |detail: String| {
            self.unread.push(Unread { path: path.clone(), reason: UnreadReason::LeftOut, detail });
        };
        if bytes.len() > MOST_BYTES {
            return left_out(format!("source code of {} bytes is not analysed", bytes.len()));
        }
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
        if bytes.len() > 20_000 && bytes.len() / lines > MINIFIED {
            return left_out("minified source code is not analysed".to_owned());
        }
        self.files.insert(text.to_owned(), (language, bytes.to_vec()));
    }

    /// Whether there is nothing to analyse.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// The rules on code, ready to be applied.
#[derive(Debug)]
pub struct Codes<'a> {
    rules: Vec<(&'a Rule, &'a Code)>,
    models: Vec<&'a Model>,
}

impl<'a> Codes<'a> {
    /// Prepares these rules and models.
    pub fn new(
        rules: impl IntoIterator<Item = (&'a Rule, &'a Code)>,
        models: impl IntoIterator<Item = &'a Model>,
    ) -> Self {
        Self { rules: rules.into_iter().collect(), models: models.into_iter().collect() }
    }

    /// Analyses all files together.
    pub fn judge(&self, sources: &Sources) -> (Vec<CodeDetection>, Vec<Unread>) {
        // A thread of its own for the size of its stack.
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("code".to_owned()).stack_size(STACK);
            match thread.spawn_scoped(scope, || self.run(sources)).map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(found)) => found,
                _ => {
                    let unread = Unread {
                        path: TreePath::default(),
                        reason: UnreadReason::Malformed,
                        detail: "the analysis of source code failed".to_owned(),
                    };
                    (Vec::new(), vec![unread])
                }
            }
        })
    }

    fn run(&self, sources: &Sources) -> (Vec<CodeDetection>, Vec<Unread>) {
        let mut unread = sources.unread.clone();
        let mut names = Names::default();
        let mut program = Program::default();
        let mut texts: Vec<&[u8]> = Vec::new();
        let mut languages = BTreeSet::new();
        for (path, (language, text)) in &sources.files {
            match lower::lower(&mut program, &mut names, path, text, *language) {
                Ok(_) => {
                    languages.insert(*language);
                    texts.push(text);
                }
                Err(error) => unread.push(Unread {
                    path: TreePath::from_text(path).unwrap_or_default(),
                    reason: UnreadReason::Malformed,
                    detail: error.to_string(),
                }),
            }
        }
        program.link();
        let rules: Vec<(usize, &Code)> = self.rules.iter().map(|(_, code)| *code).enumerate().collect();
        let books: BTreeMap<Language, Book<'_>> = languages
            .into_iter()
            .map(|language| (language, Book::new(language, &rules, &self.models)))
            .collect();
        let mut machine = Machine::new(&program, &mut names, books, &sources.constants);
        machine.all();
        let found = std::mem::take(&mut machine.found);
        drop(machine);
        let mut out = Vec::new();
        let mut seen = BTreeSet::new();
        for hit in found.values() {
            let Some((rule, _)) = self.rules.get(hit.rule) else { continue };
            // One statement may do the same thing twice.
            if !seen.insert((hit.rule, hit.at.file, hit.at.line)) {
                continue;
            }
            let mut rule_severity = rule.severity;
            if hit.local {
                rule_severity = lower_severity(rule_severity);
            }
            let text = texts.get(hit.at.file as usize).copied().unwrap_or_default();
            let path =
                |file: u32| program.modules.get(file as usize).map_or("", |module| module.path.as_str());
            let mut found = detection(rule, hit, path, text);
            found.cause.severity = rule_severity;
            out.push(found);
        }
        (out, unread)
    }
}

/// What only whoever starts the program can choose does less harm.
fn lower_severity(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        other => other.min(Severity::Low),
    }
}

fn detection<'p>(
    rule: &Rule,
    hit: &machine::Hit,
    path: impl Fn(u32) -> &'p str,
    text: &[u8],
) -> CodeDetection {
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    let line = |number: u32| lines.get(number.checked_sub(1)? as usize).copied();
    let own = path(hit.at.file);
    let excerpt =
        line(hit.at.line).map(|line| String::from_utf8_lossy(line).trim().to_owned()).unwrap_or_default();
    let last = if hit.at.end_line == hit.at.line { hit.at.end_column } else { hit.at.column };
    CodeDetection {
        cause: CodeCause {
            detector: format!("code/{}@v1", rule.id),
            detector_name: rule.name.clone(),
            tags: rule.tags.clone(),
            cwes: rule.cwe.clone(),
            severity: rule.severity,
            description: rule.description.clone(),
            remediation: rule.remediation.clone(),
            rule: rule.id.clone(),
            path: own.to_owned(),
            lines: (hit.at.line, hit.at.end_line),
            layer: None,
            flow: hit
                .flow
                .iter()
                .map(|at| FlowStep { path: path(at.file).to_owned(), line: at.line })
                .collect(),
        },
        name_ja: rule.name_ja.clone(),
        columns: (hit.at.column, last.max(hit.at.column)),
        excerpt: excerpt.chars().take(200).collect(),
        suppressed: suppress::inline(rule, (hit.at.line, hit.at.end_line), own, line),
    }
}
