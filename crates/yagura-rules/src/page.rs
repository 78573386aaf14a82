//! Rule pages: Markdown with a front matter and fenced blocks.
//!
//! ````text
//! ---
//! id: stripe-key
//! severity: critical
//! ---
//! # Name
//! What it means.
//! ## Instead
//! What to do.
//! ```yaml secret
//! keywords: [sk_live_]
//! ```
//! ```text finding
//! sk_live_{A-Za-z0-9:24}
//! ```
//! ````
//!
//! The second word of a fence says what the block is for. Other sections are documentation and are not read here.

use serde::Deserialize;
use std::collections::BTreeMap;
use yagura_model::Severity;

/// A page, split into its parts.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// The front matter.
    pub front: Front,
    /// The first heading.
    pub name: &'a str,
    /// The text between the first heading and the next one.
    pub description: String,
    /// The text below `## Instead`.
    pub remediation: String,
    /// The fenced blocks, in order.
    pub blocks: Vec<Block<'a>>,
}

/// The front matter of a page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Front {
    /// Lowercase words joined by `-`; the file name of the page.
    pub id: String,
    /// The severity of its findings.
    #[serde(deserialize_with = "severity")]
    pub severity: Severity,
    /// CWE numbers.
    #[serde(default)]
    pub cwe: Vec<u16>,
    /// The name in Japanese.
    #[serde(default)]
    pub ja: String,
    /// Tags beside those that the kind of rule gives.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Ids of the same check in other tools, by tool.
    #[serde(default)]
    pub equivalents: BTreeMap<String, Vec<String>>,
    /// Controls of published standards that it serves: `fsbp:S3.8`, `cis-aws-3.0:2.1.4`.
    #[serde(default)]
    pub controls: Vec<String>,
}

/// People write `high`, not `HIGH`.
fn severity<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Severity, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

/// A fenced block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// The language: the first word of the fence.
    pub language: &'a str,
    /// What it is for: the second word; empty for mere illustrations.
    pub role: &'a str,
    /// What is inside, with its line ends.
    pub text: &'a str,
    /// How many lines of the page are before its text.
    pub before: u32,
}

/// Why a page is no rule.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The front matter is missing or not closed.
    #[error("`{page}:1` does not begin with a front matter between lines `---`")]
    NoFront {
        /// The page.
        page: String,
    },
    /// The front matter or a block is not what it should be.
    #[error("`{page}{}`: {part}: {detail}", at(*line))]
    Malformed {
        /// The page.
        page: String,
        /// The line from 1: of the page once it is read as a whole, of the part before.
        line: Option<u32>,
        /// `front matter` or the role of a block.
        part: String,
        /// What is wrong.
        detail: String,
    },
}

impl PageError {
    /// An error in one part of a page.
    pub fn malformed(page: &str, part: &str, detail: impl std::fmt::Display) -> Self {
        Self::Malformed {
            page: page.to_owned(),
            line: None,
            part: part.to_owned(),
            detail: detail.to_string(),
        }
    }

    /// What the reader of YAML says of one part of a page.
    pub fn yaml(page: &str, part: &str, error: &serde_saphyr::Error) -> Self {
        let line = error.location().and_then(|at| u32::try_from(at.line()).ok()).filter(|line| *line > 0);
        let text = error.without_snippet().to_string();
        let text = text.lines().next().unwrap_or_default();
        // The line of the page is told before; that of the part would only confuse.
        let detail = match text.find(" at line ") {
            Some(at) => text.get(..at).unwrap_or(text),
            None => text,
        };
        Self::Malformed { page: page.to_owned(), line, part: part.to_owned(), detail: detail.to_owned() }
    }

    /// The same error with the line of the page; `text` begins behind line `before` of it. What names no line is looked
    /// for by the first word between backticks.
    #[must_use]
    pub fn within(self, before: u32, text: &str) -> Self {
        let Self::Malformed { page, line, part, detail } = self else { return self };
        let named = || {
            let word = detail.split('`').nth(1)?;
            let at = text.lines().position(|line| line.contains(word))?;
            u32::try_from(at + 1).ok()
        };
        let line = Some(before + line.or_else(named).unwrap_or(1));
        Self::Malformed { page, line, part, detail }
    }
}

/// A regular expression of a page. It runs in linear time; how large it may become is bounded here.
///
/// # Errors
/// It is none, or too large.
pub fn regex(text: &str) -> Result<regex::Regex, String> {
    let built =
        regex::RegexBuilder::new(text).size_limit(2 << 20).dfa_size_limit(2 << 20).nest_limit(100).build();
    built.map_err(|error| told(text, &error))
}

/// One line of what the library says in several.
pub fn told(pattern: &str, error: &regex::Error) -> String {
    let said = error.to_string();
    let last = said.lines().last().unwrap_or_default();
    let last = last.strip_prefix("error: ").unwrap_or(last);
    let short: String = pattern.chars().take(60).collect();
    format!("`{short}`: {last}")
}

/// `:3`
fn at(line: Option<u32>) -> String {
    line.map(|line| format!(":{line}")).unwrap_or_default()
}

/// Reads a page. `path` is for error messages.
///
/// # Errors
/// There is no front matter, it does not say what it has to, or a fence is not closed.
pub fn read<'a>(path: &str, text: &'a str) -> Result<Page<'a>, PageError> {
    let missing = || PageError::NoFront { page: path.to_owned() };
    let rest = text.strip_prefix("---\n").ok_or_else(missing)?;
    let (front, rest) = rest.split_once("\n---\n").ok_or_else(missing)?;
    let before = count(front) + 2;
    let front: Front = serde_saphyr::from_str(front)
        .map_err(|error| PageError::yaml(path, "front matter", &error).within(1, front))?;
    let Body { name, description, remediation, blocks } = body(path, rest, before)?;
    Ok(Page { front, name, description, remediation, blocks })
}

fn count(text: &str) -> u32 {
    u32::try_from(text.split('\n').count()).unwrap_or(u32::MAX)
}

/// The blocks of a page without front matter; `before` lines of it are not in `text`.
///
/// # Errors
/// A fence is not closed.
pub fn blocks<'a>(path: &str, text: &'a str, before: u32) -> Result<Vec<Block<'a>>, PageError> {
    Ok(body(path, text, before)?.blocks)
}

struct Body<'a> {
    name: &'a str,
    description: String,
    remediation: String,
    blocks: Vec<Block<'a>>,
}

fn body<'a>(path: &str, mut rest: &'a str, mut number: u32) -> Result<Body<'a>, PageError> {
    let (mut name, mut blocks) = ("", Vec::new());
    let (mut description, mut remediation) = (String::new(), String::new());
    let mut section = "";
    while let Some(line) = rest.split_inclusive('\n').next() {
        rest = rest.get(line.len()..).unwrap_or_default();
        number += 1;
        let line = line.trim_end();
        if let Some(fence) = line.strip_prefix("```") {
            let end = if rest.starts_with("```") { Some(0) } else { rest.find("\n```").map(|at| at + 1) };
            let Some(end) = end else {
                return Err(
                    PageError::malformed(path, fence, "the block is not closed").within(number - 1, "")
                );
            };
            let mut words = fence.split_whitespace();
            let (language, role) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let (inside, after) = rest.split_at(end);
            blocks.push(Block { language, role, text: inside, before: number });
            number += count(inside);
            rest = after.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some(heading) = line.strip_prefix("# ") {
            (name, section) = (heading, "description");
        } else if let Some(heading) = line.strip_prefix("## ") {
            section = if heading == "Instead" { "remediation" } else { "" };
        } else {
            let into = match section {
                "description" => &mut description,
                "remediation" => &mut remediation,
                _ => continue,
            };
            if !line.is_empty() {
                if !into.is_empty() {
                    into.push(' ');
                }
                into.push_str(line);
            }
        }
    }
    Ok(Body { name, description, remediation, blocks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_split_into_its_parts() {
        let text = "---\nid: x-y\nseverity: high\ncwe: [798]\n---\n# Name\n\nWhy it\nmatters.\n\n## Instead\n\nDo this.\n\n```yaml secret\nkeywords: [a]\n```\n\n## See\nmore\n";
        let page = read("x.md", text).unwrap();
        assert_eq!((page.front.id.as_str(), page.name), ("x-y", "Name"));
        assert_eq!((page.description.as_str(), page.remediation.as_str()), ("Why it matters.", "Do this."));
        assert_eq!(
            page.blocks,
            [Block { language: "yaml", role: "secret", text: "keywords: [a]\n", before: 15 }]
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        let said = |text| read("x.md", text).unwrap_err().to_string();
        assert!(said("# x").contains("does not begin with a front matter"));
        assert!(said("---\nid: x\nseverity: high\nsevere: 1\n---\n").contains("front matter"));
        assert!(said("---\nid: x\nseverity: high\n---\n```yaml secret\na").contains("not closed"));
    }
}
