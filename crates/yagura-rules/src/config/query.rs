//! The conditions of a page: what must be so for a resource.
//!
//! A condition is true, false, or unknown; only what is certainly wrong makes a finding.

use super::value::Value;
use super::{Resource, View, policy};
use crate::page::PageError;
use regex::Regex;
use serde::Deserialize;
use std::sync::OnceLock;

/// The block of a page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Types of resources: `aws_db_instance`, `AWS::RDS::DBInstance`, `data.aws_iam_policy_document`.
    pub resources: Vec<String>,
    /// For which of them the rule says anything; all of them without it.
    #[serde(default)]
    pub when: Option<Condition>,
    /// What must be so.
    pub require: Condition,
}

impl Config {
    /// Reads the block.
    ///
    /// # Errors
    /// It is not YAML of this shape, or a pattern in it is no regular expression.
    pub fn read(page: &str, text: &str) -> Result<Self, PageError> {
        let config: Self =
            serde_saphyr::from_str(text).map_err(|error| PageError::malformed(page, "config", error))?;
        if config.resources.is_empty() {
            return Err(PageError::malformed(page, "config", "name the types of resources"));
        }
        Ok(config)
    }

    /// True where the resource is certainly not as the page asks.
    pub fn finds(&self, resource: &Resource, view: &View<'_>) -> bool {
        let at = Place { view, resource: Some(resource) };
        self.when.as_ref().is_none_or(|when| when.truth(&resource.properties, &at) == Some(true))
            && self.require.truth(&resource.properties, &at) == Some(false)
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
    matches: Option<String>,
    /// No value has one.
    matches_not: Option<String>,
    /// Every value is a number from this one on.
    at_least: Option<f64>,
    /// Every value is a number up to this one.
    at_most: Option<f64>,
    /// How many values there are at least.
    count: Option<usize>,
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
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

/// A resource that belongs to another one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joined {
    resources: Vec<String>,
    #[serde(default)]
    to: Condition,
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
    fn truth(&self, on: &Value, at: &Place<'_>) -> Option<bool> {
        let mut parts = Vec::new();
        parts.extend((!self.all.is_empty()).then(|| all(self.all.iter().map(|one| one.truth(on, at)))));
        parts.extend((!self.any.is_empty()).then(|| any(self.any.iter().map(|one| one.truth(on, at)))));
        parts.extend(self.not.as_ref().map(|one| one.truth(on, at).map(|truth| !truth)));
        parts.extend(self.open.as_ref().map(|opening| opening.truth(on)));
        parts.extend(self.joined.as_ref().map(|joined| joined.truth(at)));
        if self.path.is_some() || self.is.is_some() || self.one_of.is_some() || self.matches.is_some() {
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
            if !found.is_empty() {
                break;
            }
        }
        found.retain(|value| **value != Value::Null);
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
        if self.matches.is_some() || self.matches_not.is_some() {
            let compile = || Regex::new(self.matches.as_deref().or(self.matches_not.as_deref())?).ok();
            let regex = self.compiled.get_or_init(compile).as_ref()?;
            let hit = |value: &Value| value.as_text().is_some_and(|text| regex.is_match(&text));
            parts.push(if self.matches.is_some() { each(&hit) } else { none(&hit) });
        }
        let inner = |condition: &Condition, value: &Value| {
            if unknown(value) { None } else { condition.truth(value, at) }
        };
        parts.extend(self.every.as_ref().map(|one| all(found.iter().map(|value| inner(one, value)))));
        parts.extend(self.some.as_ref().map(|one| any(found.iter().map(|value| inner(one, value)))));
        parts.extend(self.allows.as_ref().map(|grant| any(found.iter().map(|value| grant.truth(value)))));
        all(parts)
    }
}

impl Joined {
    fn truth(&self, at: &Place<'_>) -> Option<bool> {
        let resource = at.resource?;
        any(at
            .view
            .resources
            .iter()
            .filter(|other| self.resources.contains(&other.kind) && at.view.related(resource, other))
            .map(|other| self.to.truth(&other.properties, &Place { view: at.view, resource: Some(other) })))
    }
}
