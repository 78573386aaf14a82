//! Predicates on policy documents, and on rules of security groups and network ACLs.

use super::cloudformation;
use super::query::Pattern;
use super::value::{Value, snake};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a statement of a policy allows. Every field that is given has to be so in the same statement.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grant {
    /// One of its actions is this one, or a wildcard that covers it.
    action: Option<String>,
    /// One of its actions is covered by this wildcard: `s3:*` covers `s3:GetObject`.
    action_any: Vec<String>,
    /// One of its actions is one that this regular expression matches.
    action_matches: Option<Pattern>,
    /// One of its resources is this text.
    resource: Option<String>,
    /// One of its principals is this text; `*` also as `AWS: "*"`.
    principal: Option<String>,
    /// The principal's type: `AWS`, `Service`.
    principal_type: Option<String>,
    /// Whether it has conditions.
    conditional: Option<bool>,
}

fn field<'a>(statement: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Map(map) = statement else { return None };
    map.iter().find(|(key, value)| snake(key) == name && **value != Value::Null).map(|(_, value)| value)
}

/// `None` where one of the texts is not known and no other is it.
fn one(value: &Value, wanted: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut known = true;
    for item in value.items() {
        match item {
            Value::Text(text) if wanted(text) => return Some(true),
            Value::Unknown(_) => known = false,
            _ => {}
        }
    }
    known.then_some(false)
}

/// Whether `pattern`, with `*`, covers the text; case is not regarded, as in actions.
fn covers(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            text.len() >= before.len() + after.len()
                && text.starts_with(before)
                && text.ends_with(after.trim_start_matches('*'))
        }
    }
}

/// The document that a text is, as JSON or YAML; what is no text as it is.
pub fn document(value: &Value) -> Cow<'_, Value> {
    match value {
        Value::Text(text) => Cow::Owned(cloudformation::document(text).unwrap_or(Value::Null)),
        other => Cow::Borrowed(other),
    }
}

/// The document that a value is, with its names in snake case.
pub fn parsed(value: &Value) -> Value {
    match value {
        Value::Text(_) => document(value).into_owned(),
        other => named(other),
    }
}

fn named(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::List(items.iter().map(named).collect()),
        Value::Map(map) => Value::Map(map.iter().map(|(key, value)| (snake(key), named(value))).collect()),
        other => other.clone(),
    }
}

/// The statements of a policy in one form: `effect`, `action`, `resource`, … as they are written, `principal` a map of
/// lists (everybody is `aws: ["*"]`), and `condition` a list of `test`, `key`, `value`. `None` where the policy is not
/// known.
pub fn statements(value: &Value) -> Option<Vec<Value>> {
    let document = document(value);
    if matches!(*document, Value::Unknown(_)) {
        return None;
    }
    let statements = field(&document, "statement").map_or(&[][..], Value::items);
    Some(statements.iter().map(normal).collect())
}

fn normal(statement: &Value) -> Value {
    let Value::Map(map) = statement else { return statement.clone() };
    let one = |(key, value): (&String, &Value)| {
        let name = snake(key);
        let value = match (name.as_str(), value) {
            ("principal" | "not_principal", Value::Map(kinds)) => {
                Value::Map(kinds.iter().map(|(kind, value)| (snake(kind), value.clone())).collect())
            }
            ("principal" | "not_principal", Value::Text(_)) => {
                Value::Map(BTreeMap::from([("aws".to_owned(), value.clone())]))
            }
            ("condition", Value::Map(tests)) => Value::List(
                tests
                    .iter()
                    .flat_map(|(test, keys)| match keys {
                        Value::Map(keys) => keys
                            .iter()
                            .map(|(key, value)| {
                                condition(Value::text(snake(test)), Value::text(snake(key)), value)
                            })
                            .collect(),
                        other => vec![condition(Value::text(snake(test)), Value::unknown(), other)],
                    })
                    .collect(),
            ),
            _ => value.clone(),
        };
        (name, value)
    };
    Value::Map(map.iter().map(one).collect())
}

fn condition(test: Value, key: Value, value: &Value) -> Value {
    Value::Map(BTreeMap::from([
        ("test".to_owned(), test),
        ("key".to_owned(), key),
        ("value".to_owned(), value.clone()),
    ]))
}

impl Grant {
    /// Whether a statement of the document allows it; `None` where that is not known.
    pub fn truth(&self, document: &Value) -> Option<bool> {
        let document = self::document(document);
        if matches!(*document, Value::Unknown(_)) {
            return None;
        }
        let mut known = true;
        for statement in field(&document, "statement").map_or(&[][..], Value::items) {
            match self.statement(statement) {
                Some(true) => return Some(true),
                None => known = false,
                Some(false) => {}
            }
        }
        known.then_some(false)
    }

    fn statement(&self, statement: &Value) -> Option<bool> {
        let effect = field(statement, "effect").and_then(Value::as_text);
        if matches!(statement, Value::Unknown(_)) {
            return None;
        }
        if effect.is_some_and(|effect| effect != "Allow") {
            return Some(false);
        }
        let mut parts = Vec::new();
        if self.action.is_some() || !self.action_any.is_empty() || self.action_matches.is_some() {
            let actions = field(statement, "action");
            let hit = |text: &str| {
                self.action.as_ref().is_some_and(|wanted| covers(text, wanted))
                    || self.action_any.iter().any(|wanted| covers(text, wanted))
                    || self.action_matches.as_ref().is_some_and(|pattern| pattern.fits(text))
            };
            parts.push(actions.map_or(Some(false), |actions| one(actions, &hit)));
        }
        if let Some(wanted) = &self.resource {
            let resources = field(statement, "resource");
            parts.push(resources.map_or(Some(false), |resources| one(resources, &|text| text == wanted)));
        }
        if self.principal.is_some() || self.principal_type.is_some() {
            // `arn:aws:iam::*:role/x` is a role that anybody can make.
            let anybody = |text: &str| text.contains(":iam::*:");
            let hit = |text: &str| {
                self.principal
                    .as_ref()
                    .is_none_or(|wanted| text == wanted || (wanted == "*" && anybody(text)))
            };
            parts.push(match field(statement, "principal") {
                None => Some(false),
                Some(Value::Map(kinds)) => {
                    let mut truths = kinds
                        .iter()
                        .filter(|(kind, _)| match &self.principal_type {
                            Some(wanted) => snake(kind) == snake(wanted) || *kind == "*",
                            None => snake(kind) == "aws" || *kind == "*",
                        })
                        .map(|(_, value)| one(value, &hit));
                    let first = truths.find(|truth| *truth != Some(false));
                    first.unwrap_or(Some(false))
                }
                Some(other) => one(other, &hit),
            });
        }
        if let Some(wanted) = self.conditional {
            let some = match field(statement, "condition") {
                Some(Value::Map(map)) => !map.is_empty(),
                Some(Value::List(items)) => !items.is_empty(),
                other => other.is_some(),
            };
            parts.push(Some(some == wanted));
        }
        if parts.contains(&Some(false)) {
            return Some(false);
        }
        parts.iter().all(Option::is_some).then_some(true)
    }
}

/// A port that everybody on the Internet can reach.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The port; `-1`: all of them.
    port: i32,
    /// Paths of the rules; an empty path is the resource itself.
    rules: Vec<String>,
}

const EVERYBODY: &[&str] = &["0.0.0.0/0", "::/0", "0000:0000:0000:0000:0000:0000:0000:0000/0"];

impl Opening {
    /// Whether one of the rules opens it; `None` where that is not known.
    pub fn truth(&self, on: &Value) -> Option<bool> {
        let mut rules = Vec::new();
        for path in &self.rules {
            on.at(path, &mut rules);
        }
        // Entries of a network ACL are asked in the order of their numbers, and the first that fits decides.
        let number =
            |rule: &Value| ["rule_no", "rule_number"].iter().find_map(|name| rule.get(name)?.as_number());
        rules.sort_by(|a, b| number(a).partial_cmp(&number(b)).unwrap_or(std::cmp::Ordering::Equal));
        let mut known = true;
        for rule in rules {
            if rule.get("action").and_then(Value::as_text).is_some_and(|text| text == "deny") {
                if self.reaches(rule) == Some(true) {
                    return known.then_some(false);
                }
                continue;
            }
            match self.rule(rule) {
                Some(true) => return Some(true),
                None => known = false,
                Some(false) => {}
            }
        }
        known.then_some(false)
    }

    fn rule(&self, rule: &Value) -> Option<bool> {
        if matches!(rule, Value::Unknown(_)) {
            return None;
        }
        // Entries of a network ACL may deny, or be about what leaves.
        let text = |name: &str| rule.get(name).and_then(Value::as_text);
        if text("rule_action").is_some_and(|text| text == "deny")
            || text("egress").is_some_and(|text| text == "true")
        {
            return Some(false);
        }
        self.reaches(rule)
    }

    /// Whether the rule is about this port and everybody, whatever it does with them.
    fn reaches(&self, rule: &Value) -> Option<bool> {
        let mut ranges = Vec::new();
        for name in [
            "cidr_blocks",
            "ipv6_cidr_blocks",
            "cidr_ip",
            "cidr_ipv6",
            "cidr_ipv4",
            "cidr_block",
            "ipv6_cidr_block",
        ] {
            rule.at(name, &mut ranges);
        }
        let everybody =
            ranges.iter().any(|range| range.as_text().is_some_and(|text| EVERYBODY.contains(&text.as_str())));
        if !everybody {
            return (!ranges.iter().any(|range| matches!(range, Value::Unknown(_)))).then_some(false);
        }
        let range = rule.get("port_range").unwrap_or(&Value::Null);
        let first = |names: &[&str]| names.iter().find_map(|name| rule.get(name).or_else(|| range.get(name)));
        let protocol = first(&["protocol", "ip_protocol"]).and_then(Value::as_text);
        let port = |names: &[&str]| first(names).filter(|value| **value != Value::text(""));
        let (from, to) = (port(&["from_port", "from"]), port(&["to_port", "to"]));
        let all = matches!(protocol.as_deref(), Some("-1" | "all"));
        if self.port == -1 {
            // Ports beside "all protocols" say nothing to AWS, but mean something to whoever wrote them.
            let narrow =
                |value: Option<&Value>| value.and_then(Value::as_number).is_some_and(|port| port > 0.0);
            let minus = from.and_then(Value::as_number) == Some(-1.0);
            return Some(minus || (all && !narrow(from) && !narrow(to)));
        }
        if all {
            return Some(true);
        }
        let (Some(from), Some(to)) = (from, to) else { return Some(false) };
        let port = f64::from(self.port);
        Some((from.as_number()?..=to.as_number()?).contains(&port))
    }
}
