//! Secrets in text.
//!
//! One pass over all keywords (Aho–Corasick, case-insensitive) finds the places where a rule could fire; only there its
//! regular expression runs, in a window of bounded length and in linear time. What matches is checked: enough entropy,
//! no placeholder, the checksum where the format has one. Three kinds of rules:
//!
//! - `keywords` + `pattern`: tokens that are told by their own shape;
//! - `near` + `pattern`: values that are told by the name of a service before them;
//! - `assigned`: values that are given to a name which says that it is a secret ([`assignment`]).
//!
//! No value leaves this module: a detection carries its position, its first characters and its length.

mod assignment;
mod check;
mod lines;
mod value;

use crate::page::PageError;
use crate::rule::Rule;
use crate::suppress;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use lines::Lines;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use yagura_model::{CodeCause, CodeDetection, Severity};

/// Bytes before and after a keyword in which its pattern is looked for.
const BEFORE: usize = 160;
const AFTER: usize = 2_400;

/// Bytes after a keyword whose value is `long`.
const LONG_AFTER: usize = 9_600;

/// Bytes after the name of a service in which its value is looked for.
const NEAR: usize = 200;

/// Rules that know no token by its shape do not look at longer lines: they are generated.
const LONG_LINE: usize = 4_000;

/// Most findings of one file.
const MOST: usize = 5_000;

/// The block of a page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Words of which one must be there, in lowercase.
    #[serde(default)]
    keywords: Vec<String>,
    /// Names of services before the value, in lowercase.
    #[serde(default)]
    near: Vec<String>,
    /// What kind of name the value is assigned to: `credential` or `password`.
    #[serde(default)]
    assigned: Option<Assigned>,
    /// The value, or its first group.
    #[serde(default)]
    pattern: Option<String>,
    /// True for a value of several lines, as a key in PEM: it is looked for further behind the keyword.
    #[serde(default)]
    long: bool,
    /// Least bytes of one word around the keyword: short keywords are everywhere, long words are not.
    #[serde(default)]
    least: usize,
    /// Least entropy of the value in bits per character.
    #[serde(default)]
    entropy: f64,
    /// True when the value must look drawn, beside having the shape.
    #[serde(default)]
    random: bool,
    /// The checksum at the end of the value.
    #[serde(default)]
    checksum: Option<check::Checksum>,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

/// Names that say what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Assigned {
    Credential,
    Password,
}

impl Secret {
    /// Reads the block.
    ///
    /// # Errors
    /// It is not YAML of this shape. Whether its pattern is a regular expression is seen when it is first needed.
    pub fn read(page: &str, text: &str) -> Result<Self, PageError> {
        let secret: Self =
            serde_saphyr::from_str(text).map_err(|error| PageError::yaml(page, "secret", &error))?;
        let ways = [!secret.keywords.is_empty(), !secret.near.is_empty(), secret.assigned.is_some()];
        if ways.iter().filter(|way| **way).count() != 1 {
            return Err(PageError::malformed(page, "secret", "give one of keywords, near and assigned"));
        }
        if secret.pattern.is_none() && !secret.keywords.is_empty() {
            return Err(PageError::malformed(page, "secret", "give a pattern"));
        }
        Ok(secret)
    }

    /// The pattern, compiled when it is first needed: most rules never are.
    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| self.compile()?.ok()).as_ref()
    }

    fn compile(&self) -> Option<Result<Regex, regex::Error>> {
        let pattern = self.pattern.as_deref()?;
        let pattern = if self.near.is_empty() { pattern.to_owned() } else { format!("^(?:{pattern})$") };
        Some(RegexBuilder::new(&pattern).unicode(false).size_limit(4 << 20).build())
    }

    /// Compiles what is compiled only when it is needed.
    ///
    /// # Errors
    /// The pattern is no regular expression.
    pub fn check(&self) -> Result<(), String> {
        match self.compile() {
            Some(Err(error)) => Err(crate::page::told(self.pattern.as_deref().unwrap_or_default(), &error)),
            _ => Ok(()),
        }
    }
}

/// What a keyword leads to.
#[derive(Debug, Clone, Copy)]
enum Lead {
    Shape(usize),
    Near(usize),
    Assigned,
}

/// The engine.
#[derive(Debug)]
pub struct Secrets<'a> {
    rules: Vec<(&'a Rule, &'a Secret)>,
    /// Every keyword once.
    words: Option<AhoCorasick>,
    /// By keyword.
    leads: Vec<Vec<Lead>>,
    credential: Option<usize>,
    password: Option<usize>,
}

/// A match in a text.
struct Match {
    rule: usize,
    start: usize,
    end: usize,
    severity: Severity,
}

impl<'a> Secrets<'a> {
    /// Prepares the rules.
    pub fn new(rules: impl IntoIterator<Item = (&'a Rule, &'a Secret)>) -> Self {
        let rules: Vec<(&Rule, &Secret)> = rules.into_iter().collect();
        let mut leads: BTreeMap<String, Vec<Lead>> = BTreeMap::new();
        let (mut credential, mut password) = (None, None);
        for (index, (_, secret)) in rules.iter().enumerate() {
            for word in &secret.keywords {
                leads.entry(word.to_ascii_lowercase()).or_default().push(Lead::Shape(index));
            }
            for word in &secret.near {
                leads.entry(word.to_ascii_lowercase()).or_default().push(Lead::Near(index));
            }
            match secret.assigned {
                Some(Assigned::Credential) => credential = Some(index),
                Some(Assigned::Password) => password = Some(index),
                None => {}
            }
        }
        if credential.is_some() || password.is_some() {
            for word in assignment::WORDS {
                leads.entry((*word).to_owned()).or_default().push(Lead::Assigned);
            }
        }
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(leads.keys())
            .ok();
        Self { rules, words, leads: leads.into_values().collect(), credential, password }
    }

    /// The secrets of a text, at most one for each stretch of it.
    pub fn text(&self, path: &str, text: &[u8]) -> Vec<CodeDetection> {
        let lines = Lines::new(text);
        let matches = self.matches(path, text, &lines);
        matches.iter().filter_map(|found| self.detection(path, text, &lines, found)).collect()
    }

    fn matches(&self, path: &str, text: &[u8], lines: &Lines<'_>) -> Vec<Match> {
        let Some(words) = &self.words else { return Vec::new() };
        let source = value::Source::of(path);
        let mut found: Vec<Match> = Vec::new();
        // Where each rule has been looked for already.
        let mut done: Vec<usize> = vec![0; self.rules.len()];
        let mut assigned_to = 0;
        for hit in words.find_overlapping_iter(text) {
            if found.len() >= MOST {
                break;
            }
            for lead in self.leads.get(hit.pattern().as_usize()).into_iter().flatten() {
                match *lead {
                    Lead::Shape(rule) => {
                        self.shape(rule, text, hit.start(), hit.end(), &mut done, &mut found)
                    }
                    Lead::Near(rule) if source.knows_names => {
                        let (start, end) = lines.around(hit.start());
                        if end - start <= LONG_LINE {
                            self.near(rule, text, (hit.start(), hit.end()), source, &mut found);
                        }
                    }
                    Lead::Assigned if source.knows_names && hit.start() >= assigned_to => {
                        let (start, end) = lines.around(hit.start());
                        if end - start <= LONG_LINE {
                            assigned_to = hit.end();
                            self.assigned(text, (start, end), hit.start(), source, &mut found);
                        }
                    }
                    Lead::Near(_) | Lead::Assigned => {}
                }
            }
        }
        self.best(found)
    }

    fn shape(
        &self,
        rule: usize,
        text: &[u8],
        start: usize,
        end: usize,
        done: &mut [usize],
        found: &mut Vec<Match>,
    ) {
        let Some(&(_, secret)) = self.rules.get(rule) else { return };
        if !value::is_word_of(text, start, secret.least) {
            return;
        }
        let Some(regex) = secret.regex() else { return };
        let from = done.get(rule).copied().unwrap_or_default();
        let after = if secret.long { LONG_AFTER } else { AFTER };
        let window = text.get(..text.len().min(end + after)).unwrap_or(text);
        let at = start.saturating_sub(BEFORE).max(from);
        if at > window.len() || end < from {
            return;
        }
        let Some(groups) = regex.captures_at(window, at) else { return };
        let Some(whole) = groups.get(0) else { return };
        // A match that begins behind this keyword belongs to a later one.
        if whole.start() > end || whole.end() < end {
            return;
        }
        let value = groups.get(1).unwrap_or(whole);
        if !value::stands_alone(text, value.start(), value.end()) {
            return;
        }
        if let Some(mark) = done.get_mut(rule) {
            *mark = value.end();
        }
        self.push(rule, text, value.start(), value.end(), found);
    }

    /// Looks at the next words after the name of a service for one of the right shape.
    fn near(
        &self,
        rule: usize,
        text: &[u8],
        (start, end): (usize, usize),
        source: value::Source,
        found: &mut Vec<Match>,
    ) {
        let Some(&(_, secret)) = self.rules.get(rule) else { return };
        if !value::begins_word(text, start) {
            return;
        }
        for (from, to) in value::candidates(text, start, end, NEAR) {
            let Some(candidate) = text.get(from..to) else { continue };
            let fits = match secret.regex() {
                Some(regex) => regex.is_match(candidate) && value::is_varied(candidate),
                None => value::is_random(candidate),
            };
            // In a program a word without quotes is a name.
            let fits = fits && (!source.quotes_text || value::is_quoted(text, from));
            if fits {
                self.push(rule, text, from, to, found);
                return;
            }
        }
    }

    fn assigned(
        &self,
        text: &[u8],
        line: (usize, usize),
        at: usize,
        source: value::Source,
        found: &mut Vec<Match>,
    ) {
        let Some(given) = assignment::read(text, line, at, source) else { return };
        let rule = if given.password { self.password } else { self.credential };
        let Some(rule) = rule else { return };
        let Some(value) = text.get(given.start..given.end) else { return };
        let fits =
            if given.password { value::is_password(value, given.quoted) } else { value::is_random(value) };
        if fits {
            self.push(rule, text, given.start, given.end, found);
        }
    }

    /// Keeps a match that passes the checks.
    fn push(&self, rule: usize, text: &[u8], start: usize, end: usize, found: &mut Vec<Match>) {
        let Some((page, secret)) = self.rules.get(rule) else { return };
        let Some(value) = text.get(start..end) else { return };
        if (secret.random && !value::is_random(value))
            || check::entropy(value) < secret.entropy
            || check::is_placeholder(value)
        {
            return;
        }
        // Anybody can write text of the right shape; only its issuer gets the checksum right.
        let right = secret.checksum.is_none_or(|checksum| checksum.holds(value));
        found.push(Match {
            rule,
            start,
            end,
            severity: if right { page.severity } else { page.severity.min(Severity::Low) },
        });
    }

    /// One match for each stretch of text: a shape says more than a name, and a name more than a kind of name.
    fn best(&self, mut found: Vec<Match>) -> Vec<Match> {
        let rank = |rule: usize| {
            self.rules.get(rule).map_or(3, |(_, secret)| match () {
                () if !secret.keywords.is_empty() => 0,
                () if !secret.near.is_empty() && secret.pattern.is_some() => 1,
                () if !secret.near.is_empty() => 2,
                () => 3,
            })
        };
        found.sort_by_key(|one| (rank(one.rule), one.start, std::cmp::Reverse(one.end), one.rule));
        // Kept stretches never overlap, so that the neighbour before a start is the only one that can reach it.
        let mut kept: BTreeMap<usize, Match> = BTreeMap::new();
        for one in found {
            let before = kept.range(..one.end).next_back();
            if before.is_none_or(|(_, other)| other.end <= one.start) {
                kept.insert(one.start, one);
            }
        }
        kept.into_values().collect()
    }

    fn detection(&self, path: &str, text: &[u8], lines: &Lines<'_>, found: &Match) -> Option<CodeDetection> {
        let (rule, _) = self.rules.get(found.rule)?;
        let (first, column) = lines.position(found.start);
        let (last, end_column) = lines.position(found.end.saturating_sub(1).max(found.start));
        Some(CodeDetection {
            cause: CodeCause {
                detector: format!("secret/{}@v1", rule.id),
                detector_name: rule.name.clone(),
                tags: rule.tags.clone(),
                cwes: rule.cwe.clone(),
                severity: found.severity,
                description: rule.description.clone(),
                remediation: rule.remediation.clone(),
                rule: rule.id.clone(),
                path: path.to_owned(),
                lines: (first, last),
                layer: None,
                flow: Vec::new(),
            },
            name_ja: rule.name_ja.clone(),
            columns: (column, end_column),
            excerpt: check::excerpt(text.get(found.start..found.end)?),
            suppressed: suppress::inline(rule, (first, last), path, |number| lines.line(number)),
        })
    }
}
