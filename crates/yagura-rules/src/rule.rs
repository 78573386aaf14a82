//! Rules, as the engines and `yagura rules` see them.

use crate::code::{Code, Model};
use crate::config::Config;
use crate::page::{self, PageError};
use crate::secret::Secret;
use std::collections::BTreeMap;
use yagura_model::Severity;

/// The built-in pages: path below `rules/`, and text.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// A parsed page.
#[derive(Debug)]
pub struct Rule {
    /// Unique among all rules.
    pub id: String,
    /// Its name in English.
    pub name: String,
    /// Its name in Japanese.
    pub name_ja: String,
    /// The severity of its findings.
    pub severity: Severity,
    /// CWE numbers.
    pub cwe: Vec<u16>,
    /// Tags of its findings.
    pub tags: Vec<String>,
    /// Ids of the same check in other tools, by tool.
    pub equivalents: BTreeMap<String, Vec<String>>,
    /// Controls of published standards that it serves, `standard:id`.
    pub controls: Vec<String>,
    /// What a finding means.
    pub description: String,
    /// What to do about it.
    pub remediation: String,
    /// How it finds.
    pub matcher: Matcher,
    /// What it must find, and what it must not: the page's own tests, placeholders not filled in.
    pub examples: Vec<Example>,
}

/// How a rule finds, one variant for each engine.
#[derive(Debug)]
pub enum Matcher {
    /// The shape of a secret.
    Secret(Secret),
    /// What must be so for a resource of a template.
    Config(Box<Config>),
    /// What source code must not do.
    Code(Box<Code>),
}

impl Matcher {
    /// The scanner that it belongs to, as in `--scanners`.
    pub fn scanner(&self) -> &'static str {
        match self {
            Self::Secret(_) => "secret",
            Self::Config(_) => "config",
            Self::Code(_) => "code",
        }
    }
}

/// One example of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The language of its block: `text`, `hcl`, `yaml`, `json`.
    pub language: String,
    /// The text, in which `{A-Z0-9:12}` stands for twelve characters of these.
    pub text: String,
    /// True when the rule must find something.
    pub finding: bool,
}

/// All rules of a run.
#[derive(Debug)]
pub struct RuleSet {
    /// Sorted by id.
    pub rules: Vec<Rule>,
    /// What the rules on code know of libraries and frameworks.
    pub models: Vec<Model>,
}

impl RuleSet {
    /// The pages that come with the program: path and text of each.
    pub fn pages() -> impl Iterator<Item = (&'static str, &'static str)> {
        PAGES.iter().copied()
    }

    /// The rules that come with the program.
    ///
    /// # Errors
    /// A page is not a rule. Tests make sure that none is.
    pub fn built_in() -> Result<Self, PageError> {
        Self::read(Self::pages())
    }

    /// Rules of pages: path and text of each.
    ///
    /// # Errors
    /// The first page that is not a rule, or that has the id of another.
    pub fn read<'a>(pages: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, PageError> {
        let (mut rules, mut models) = (Vec::new(), Vec::new());
        for (path, text) in pages {
            match model(path, text)? {
                Some(model) => models.push(model),
                None => rules.push(rule(path, text)?),
            }
        }
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        for pair in rules.windows(2) {
            if let [a, b] = pair
                && a.id == b.id
            {
                return Err(PageError::malformed(&a.id, "front matter", "another page has this id"));
            }
        }
        Ok(Self { rules, models })
    }

    /// The rule of an id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok().and_then(|at| self.rules.get(at))
    }
}

/// The model that a page is, if it is one.
fn model(path: &str, text: &str) -> Result<Option<Model>, PageError> {
    if !text.contains("\n```yaml model\n") {
        return Ok(None);
    }
    let text = text.get(text.find("\n# ").map_or(0, |at| at + 1)..).unwrap_or_default();
    let blocks = page::blocks(path, text)?;
    let block = blocks.iter().find(|block| block.role == "model");
    block.map(|block| Model::read(path, block.text)).transpose()
}

fn rule(path: &str, text: &str) -> Result<Rule, PageError> {
    let page = page::read(path, text)?;
    let mut matcher = None;
    let mut examples = Vec::new();
    for block in &page.blocks {
        match block.role {
            "secret" => matcher = Some(Matcher::Secret(Secret::read(path, block.text)?)),
            "code" => matcher = Some(Matcher::Code(Box::new(Code::read(path, block.text)?))),
            "config" => matcher = Some(Matcher::Config(Box::new(Config::read(path, block.text)?))),
            // An example in the language of templates is one document; of secrets, each line is one.
            "finding" | "ok" if block.language != "text" => examples.push(Example {
                language: block.language.to_owned(),
                text: block.text.to_owned(),
                finding: block.role == "finding",
            }),
            "finding" | "ok" => {
                examples.extend(block.text.lines().filter(|line| !line.is_empty()).map(|line| Example {
                    language: "text".to_owned(),
                    text: line.to_owned(),
                    finding: block.role == "finding",
                }))
            }
            "" => {}
            role => return Err(PageError::malformed(path, role, "no engine takes blocks of this name")),
        }
    }
    let Some(matcher) = matcher else {
        return Err(PageError::malformed(path, "page", "it has no block that says how to find"));
    };
    let mut tags = vec![matcher.scanner().to_owned()];
    tags.extend(page.front.tags);
    Ok(Rule {
        id: page.front.id,
        name: page.name.to_owned(),
        name_ja: if page.front.ja.is_empty() { page.name.to_owned() } else { page.front.ja },
        severity: page.front.severity,
        cwe: page.front.cwe,
        tags,
        equivalents: page.front.equivalents,
        controls: page.front.controls,
        description: page.description,
        remediation: page.remediation,
        matcher,
        examples,
    })
}
