//! The conditions of a page: what must be so for a resource.
//!
//! A condition is true, false, or unknown; only what is certainly wrong makes a finding.

use super::credential;
use super::policy;
use super::value::Value;
use super::{Resource, View};
use crate::page::PageError;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;

/// Largest compiled form of a pattern of a page.
const MOST_PATTERN: usize = 1 << 20;

/// The block of a page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Types of resources: `aws_db_instance`, `AWS::RDS::DBInstance`, `data.aws_iam_policy_document`.
    pub resources: Vec<String>,
    /// For which of them the rule says anything; all of them without it.
    #[serde(default)]
    pub when: Option<Condition>,
    /// What must be so. Without it, there should be no such resource at all.
    #[serde(default)]
    pub require: Option<Condition>,
}

impl Config {
    /// Reads the block.
    ///
    /// # Errors
    /// It is not YAML of this shape, or a pattern in it is no regular expression.
    pub fn read(page: &str, text: &str) -> Result<Self, PageError> {
        let config: Self =
            serde_saphyr::from_str(text).map_err(|error| PageError::yaml(page, "config", &error))?;
        if config.resources.is_empty() {
            return Err(PageError::malformed(page, "config", "name the types of resources"));
        }
        for condition in config.when.iter().chain(&config.require) {
            condition.check().map_err(|detail| PageError::malformed(page, "config", detail))?;
        }
        Ok(config)
    }

    /// True where the resource is certainly not as the page asks.
    pub fn finds(&self, resource: &Resource, view: &View<'_>) -> bool {
        let at = Place { view, resource: Some(resource) };
        self.when.as_ref().is_none_or(|when| when.truth(&resource.properties, &at) == Some(true))
            && self
                .require
                .as_ref()
                .is_none_or(|require| require.truth(&resource.properties, &at) == Some(false))
    }
}

/// One condition. Every field that is given has to hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Condition {
    /// Names of properties in snake case, joined by `.`; `a | b`: the first that is there. Lists are gone through.
    path: Option<String>,
    /// What a property that is not written amounts to.
    default: Option<Scalar>,
    /// Every value is this one.
    is: Option<Scalar>,
    /// No value is this one; a property that is not written is not.
    is_not: Option<Scalar>,
    /// Every value is one of these.
    one_of: Option<Vec<Scalar>>,
    /// No value is one of these.
    none_of: Option<Vec<Scalar>>,
    /// Every one of these is among the values.
    includes: Option<Vec<Scalar>>,
    /// Whether it is written.
    set: Option<bool>,
    /// Every value has a place that this regular expression matches.
    matches: Option<Pattern>,
    /// No value has one.
    matches_not: Option<Pattern>,
    /// Every value is a number from this one on.
    at_least: Option<f64>,
    /// Every value is a number up to this one.
    at_most: Option<f64>,
    /// How many values there are at least.
    count: Option<usize>,
    /// Every value is the same as what stands at this other path of the resource.
    same_as: Option<String>,
    /// Whether a value holds a credential: an access key, a private key.
    credential: Option<bool>,
    /// It holds for what every value says, read as JSON or YAML.
    parsed: Option<Box<Condition>>,
    /// It holds for one statement of the policy that every value is.
    statement: Option<Box<Condition>>,
    /// It holds for every value at `path`; so also where there is none.
    every: Option<Box<Condition>>,
    /// It holds for one value at `path`.
    some: Option<Box<Condition>>,
    /// All of these hold.
    all: Vec<Condition>,
    /// One of these holds.
    any: Vec<Condition>,
    /// This does not hold.
    not: Option<Box<Condition>>,
    /// A statement of the policy at `path` allows this.
    allows: Option<policy::Grant>,
    /// A rule of a security group or network ACL lets everybody reach this port; `-1`: all of them.
    open: Option<policy::Opening>,
    /// Another resource of these types refers to this one, or this one to it, for which the condition holds.
    joined: Option<Box<Joined>>,
}

/// A regular expression; a page in which it is none cannot be read.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let regex = RegexBuilder::new(&text).size_limit(MOST_PATTERN).build();
        regex.map(Self).map_err(serde::de::Error::custom)
    }
}

impl Pattern {
    /// Whether the text has a place that fits.
    pub fn fits(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// A resource that belongs to another one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joined {
    resources: Vec<String>,
    #[serde(default)]
    to: Option<Condition>,
}

/// What a page compares with.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
}

impl Scalar {
    fn value(&self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(value) => Value::Number(*value),
            Self::Text(value) => Value::text(value),
        }
    }
}

/// Where a condition is asked.
struct Place<'a> {
    view: &'a View<'a>,
    resource: Option<&'a Resource>,
}

/// Three-valued "and": false wins, then unknown.
fn all(parts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part {
            Some(false) => return Some(false),
            None => known = false,
            Some(true) => {}
        }
    }
    known.then_some(true)
}

/// Three-valued "or": true wins, then unknown.
fn any(parts: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    all(parts.into_iter().map(|part| part.map(|truth| !truth))).map(|truth| !truth)
}

impl Condition {
    /// Whether it says anything about the values at its path.
    fn asks(&self) -> bool {
        self.is.is_some()
            || self.is_not.is_some()
            || self.one_of.is_some()
            || self.none_of.is_some()
            || self.includes.is_some()
            || self.set.is_some()
            || self.matches.is_some()
            || self.matches_not.is_some()
            || self.at_least.is_some()
            || self.at_most.is_some()
            || self.count.is_some()
            || self.same_as.is_some()
            || self.credential.is_some()
            || self.parsed.is_some()
            || self.statement.is_some()
            || self.every.is_some()
            || self.some.is_some()
            || self.allows.is_some()
    }

    /// Refuses conditions that say nothing: they would always hold.
    fn check(&self) -> Result<(), String> {
        let inner = [&self.not, &self.parsed, &self.statement, &self.every, &self.some];
        for one in self.all.iter().chain(&self.any).chain(inner.into_iter().filter_map(Option::as_deref)) {
            one.check()?;
        }
        if let Some(joined) = &self.joined
            && joined.resources.is_empty()
        {
            return Err("`joined` names no types of resources".to_owned());
        }
        if let Some(to) = self.joined.as_ref().and_then(|joined| joined.to.as_ref()) {
            to.check()?;
        }
        let other = !self.all.is_empty()
            || !self.any.is_empty()
            || self.not.is_some()
            || self.open.is_some()
            || self.joined.is_some();
        match (&self.path, self.asks()) {
            (Some(path), false) => Err(format!("nothing is asked of `{path}`")),
            (None, false) if !other => Err("a condition asks nothing".to_owned()),
            _ => Ok(()),
        }
    }

    fn truth(&self, on: &Value, at: &Place<'_>) -> Option<bool> {
        let mut parts = Vec::new();
        parts.extend((!self.all.is_empty()).then(|| all(self.all.iter().map(|one| one.truth(on, at)))));
        parts.extend((!self.any.is_empty()).then(|| any(self.any.iter().map(|one| one.truth(on, at)))));
        parts.extend(self.not.as_ref().map(|one| one.truth(on, at).map(|truth| !truth)));
        parts.extend(self.open.as_ref().map(|opening| opening.truth(on)));
        parts.extend(self.joined.as_ref().map(|joined| joined.truth(at)));
        if self.asks() {
            parts.push(self.property(on, at));
        }
        all(parts)
    }

    /// The part of the condition that is about the values at its path.
    fn property(&self, on: &Value, at: &Place<'_>) -> Option<bool> {
        let default = self.default.as_ref().map(Scalar::value);
        let mut found = Vec::new();
        for path in self.path.as_deref().unwrap_or("").split('|') {
            on.at(path.trim(), &mut found);
            found.retain(|value| **value != Value::Null);
            if !found.is_empty() {
                break;
            }
        }
        if found.is_empty() {
            found.extend(&default);
        }
        let unknown = |value: &Value| matches!(value, Value::Unknown(_));
        let mut parts = Vec::new();
        // A reference is written, though its value is not known; a dynamic block may make nothing.
        parts.extend(self.set.map(|set| Some(set != found.is_empty())));
        if let Some(least) = self.count {
            let uncertain = found.iter().any(|value| unknown(value));
            parts.push(if found.len() >= least { Some(true) } else { (!uncertain).then_some(false) });
        }
        let each = |wanted: &dyn Fn(&Value) -> bool| {
            let one = |value: &&Value| (!unknown(value)).then(|| wanted(value));
            if found.is_empty() { Some(false) } else { all(found.iter().map(one)) }
        };
        let none = |bad: &dyn Fn(&Value) -> bool| {
            all(found.iter().map(|value| (!unknown(value)).then(|| !bad(value))))
        };
        let same = |scalar: &Scalar, value: &Value| scalar.value().same(value);
        parts.extend(self.is.as_ref().map(|wanted| each(&|value| same(wanted, value))));
        parts.extend(self.is_not.as_ref().map(|bad| none(&|value| same(bad, value))));
        parts.extend(
            self.one_of.as_ref().map(|all| each(&|value| all.iter().any(|wanted| same(wanted, value)))),
        );
        parts.extend(self.none_of.as_ref().map(|all| none(&|value| all.iter().any(|bad| same(bad, value)))));
        parts.extend(self.includes.as_ref().map(|wanted| {
            all(wanted
                .iter()
                .map(|wanted| any(found.iter().map(|value| (!unknown(value)).then(|| same(wanted, value))))))
        }));
        parts.extend(self.at_least.map(|least| each(&|value| value.as_number().is_some_and(|n| n >= least))));
        parts.extend(self.at_most.map(|most| each(&|value| value.as_number().is_some_and(|n| n <= most))));
        let hit = |pattern: &Pattern, value: &Value| value.as_text().is_some_and(|text| pattern.fits(&text));
        parts.extend(self.matches.as_ref().map(|pattern| each(&|value| hit(pattern, value))));
        parts.extend(self.matches_not.as_ref().map(|pattern| none(&|value| hit(pattern, value))));
        parts.extend(self.same_as.as_ref().map(|path| {
            let mut others = Vec::new();
            on.at(path, &mut others);
            all(found.iter().map(|value| any(others.iter().map(|other| identical(value, other)))))
        }));
        parts.extend(self.credential.map(|wanted| {
            any(found.iter().map(|value| credential::inside(value))).map(|found| found == wanted)
        }));
        let inner = |condition: &Condition, value: &Value| {
            if unknown(value) { None } else { condition.truth(value, at) }
        };
        parts.extend(self.parsed.as_ref().map(|one| {
            let read = |value: &Value| {
                let value = policy::parsed(value);
                inner(one, &value)
            };
            if found.is_empty() { Some(false) } else { all(found.iter().map(|value| read(value))) }
        }));
        parts.extend(self.statement.as_ref().map(|one| {
            any(found.iter().map(|value| {
                let statements = policy::statements(value)?;
                any(statements.iter().map(|statement| inner(one, statement)))
            }))
        }));
        parts.extend(self.every.as_ref().map(|one| all(found.iter().map(|value| inner(one, value)))));
        parts.extend(self.some.as_ref().map(|one| any(found.iter().map(|value| inner(one, value)))));
        parts.extend(self.allows.as_ref().map(|grant| any(found.iter().map(|value| grant.truth(value)))));
        all(parts)
    }
}

/// Whether two values are the same; two references are, where both are to the same one resource.
fn identical(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Unknown(a), Value::Unknown(b)) if a.len() == 1 && a == b => Some(true),
        (Value::Unknown(a), Value::Unknown(b)) if a.len() == 1 && b.len() == 1 => Some(false),
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
        (a, b) => Some(a.same(b)),
    }
}

impl Joined {
    fn truth(&self, at: &Place<'_>) -> Option<bool> {
        let resource = at.resource?;
        let others = at.view.joined(resource)?;
        any(others.filter(|other| self.resources.contains(&other.kind)).map(|other| {
            let place = Place { view: at.view, resource: Some(other) };
            self.to.as_ref().map_or(Some(true), |to| to.truth(&other.properties, &place))
        }))
    }
}
