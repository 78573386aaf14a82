//! Rules, as the engines and `yagura rules` see them.

use crate::code::{Code, Model};
use crate::config::Config;
use crate::page::{self, Block, PageError};
use crate::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use yagura_model::Severity;

/// The built-in pages: path below `rules/`, and text.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// A parsed page.
#[derive(Debug)]
pub struct Rule {
    /// Unique among all rules.
    pub id: String,
    /// The page, as errors name it.
    pub page: String,
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
    /// Its line in the page, from 1.
    pub line: u32,
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

    /// The rules that come with the program, and beside them these pages. A page with the id of a built-in one replaces
    /// it, and a model page with its file name a built-in model.
    ///
    /// # Errors
    /// The first page that is not a rule, or two of these pages with one id.
    pub fn with_own<'a>(own: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, PageError> {
        let own: Vec<(&str, &str)> = own.into_iter().collect();
        let mine = Self::read(own.iter().copied())?;
        for rule in &mine.rules {
            let checked = match &rule.matcher {
                Matcher::Secret(secret) => secret.check(),
                Matcher::Config(_) | Matcher::Code(_) => Ok(()),
            };
            if let Err(detail) = checked {
                let text = own.iter().find(|(path, _)| *path == rule.page).map_or("", |(_, text)| text);
                let part = format!("pattern of `{}`", rule.matcher.scanner());
                return Err(PageError::malformed(&rule.page, &part, detail).within(0, text));
            }
        }
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let models: BTreeSet<String> =
            own.iter().filter(|(_, text)| is_model(text)).map(|(path, _)| name(path)).collect();
        let built_in = Self::pages().filter(|(path, text)| !is_model(text) || !models.contains(&name(path)));
        let mut all = Self::read(built_in)?;
        all.rules.retain(|rule| mine.get(&rule.id).is_none());
        all.models.extend(mine.models);
        let kinds: BTreeSet<&str> = all
            .models
            .iter()
            .flat_map(|model| {
                let fills = model.fills.iter().filter_map(|fill| fill.kind.as_deref());
                let calls = model.callbacks.iter().flat_map(|back| back.sources.values().map(String::as_str));
                model.sources.iter().map(|source| source.kind.as_str()).chain(fills).chain(calls)
            })
            .collect();
        for rule in &mine.rules {
            let Matcher::Code(code) = &rule.matcher else { continue };
            if let Some(kind) = code.sources.iter().find(|kind| !kinds.contains(kind.as_str())) {
                let known: Vec<&str> = kinds.iter().copied().collect();
                let text = own.iter().find(|(path, _)| *path == rule.page).map_or("", |(_, text)| text);
                let detail = format!("`{kind}` is no kind of source; there are {}", known.join(", "));
                return Err(PageError::malformed(&rule.page, "sources", detail).within(0, text));
            }
        }
        all.rules.extend(mine.rules);
        all.rules.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
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
                let detail = format!("`{}` has the id `{}` too; give one of them another", a.page, b.id);
                return Err(PageError::malformed(&b.page, "id", detail));
            }
        }
        Ok(Self { rules, models })
    }

    /// The rule of an id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok().and_then(|at| self.rules.get(at))
    }
}

fn is_model(text: &str) -> bool {
    text.contains("\n```yaml model\n")
}

/// The model that a page is, if it is one.
fn model(path: &str, text: &str) -> Result<Option<Model>, PageError> {
    if !is_model(text) {
        return Ok(None);
    }
    let start = text.find("\n# ").map_or(0, |at| at + 1);
    let before = text.get(..start).unwrap_or_default().matches('\n').count();
    let text = text.get(start..).unwrap_or_default();
    let blocks = page::blocks(path, text, u32::try_from(before).unwrap_or(u32::MAX))?;
    let block = blocks.iter().find(|block| block.role == "model");
    block.map(|block| Model::read(path, block.text).map_err(within(block))).transpose()
}

/// Errors of an engine know the line of its block alone.
fn within<'a>(block: &'a Block<'_>) -> impl FnOnce(PageError) -> PageError + 'a {
    |error| error.within(block.before, block.text)
}

fn rule(path: &str, text: &str) -> Result<Rule, PageError> {
    let page = page::read(path, text)?;
    let mut matcher = None;
    let mut examples = Vec::new();
    for block in &page.blocks {
        let within = within(block);
        match block.role {
            "secret" => {
                matcher = Some(Matcher::Secret(Secret::read(path, block.text).map_err(within)?));
            }
            "code" => {
                matcher = Some(Matcher::Code(Box::new(Code::read(path, block.text).map_err(within)?)));
            }
            "config" => {
                matcher = Some(Matcher::Config(Box::new(Config::read(path, block.text).map_err(within)?)));
            }
            // An example in the language of templates is one document; of secrets, each line is one.
            "finding" | "ok" if block.language != "text" => examples.push(Example {
                language: block.language.to_owned(),
                text: block.text.to_owned(),
                finding: block.role == "finding",
                line: block.before + 1,
            }),
            "finding" | "ok" => {
                let lines = (block.before + 1..).zip(block.text.lines()).filter(|(_, line)| !line.is_empty());
                examples.extend(lines.map(|(number, line)| Example {
                    language: "text".to_owned(),
                    text: line.to_owned(),
                    finding: block.role == "finding",
                    line: number,
                }))
            }
            "" => {}
            role => {
                let detail =
                    "no block has this name; there are `secret`, `config`, `code`, `model`, `finding`, `ok`";
                return Err(within(PageError::malformed(path, role, detail)));
            }
        }
    }
    let Some(matcher) = matcher else {
        let detail = "no block says how to find; give one: `yaml secret`, `yaml config` or `yaml code`";
        return Err(PageError::malformed(path, "page", detail));
    };
    let mut tags = vec![matcher.scanner().to_owned()];
    tags.extend(page.front.tags);
    Ok(Rule {
        id: page.front.id,
        page: path.to_owned(),
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
