//! Predicates on policy documents, and on rules of security groups and network ACLs.

use super::cloudformation;
use super::value::{Value, snake};
use serde::Deserialize;

/// What a statement of a policy allows. Every field that is given has to be so in the same statement.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grant {
    /// One of its actions is this one, or a wildcard that covers it.
    action: Option<String>,
    /// One of its actions is covered by this wildcard: `s3:*` covers `s3:GetObject`.
    action_any: Vec<String>,
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

impl Grant {
    /// Whether a statement of the document allows it; `None` where that is not known.
    pub fn truth(&self, document: &Value) -> Option<bool> {
        let read;
        let document = match document {
            Value::Text(text) => {
                read = cloudformation::document(text).unwrap_or(Value::Null);
                &read
            }
            other => other,
        };
        if matches!(document, Value::Unknown(_)) {
            return None;
        }
        let mut known = true;
        for statement in field(document, "statement").map_or(&[][..], Value::items) {
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
        if effect.is_some_and(|effect| effect != "Allow") {
            return Some(false);
        }
        let mut parts = Vec::new();
        if self.action.is_some() || !self.action_any.is_empty() {
            let actions = field(statement, "action");
            let hit = |text: &str| {
                self.action.as_ref().is_some_and(|wanted| covers(text, wanted))
                    || self.action_any.iter().any(|wanted| covers(text, wanted))
            };
            parts.push(actions.map_or(Some(false), |actions| one(actions, &hit)));
        }
        if let Some(wanted) = &self.resource {
            let resources = field(statement, "resource");
            parts.push(resources.map_or(Some(false), |resources| one(resources, &|text| text == wanted)));
        }
        if self.principal.is_some() || self.principal_type.is_some() {
            let hit = |text: &str| self.principal.as_ref().is_none_or(|wanted| text == wanted);
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
        let mut known = true;
        for rule in rules {
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
        let first = |names: &[&str]| names.iter().find_map(|name| rule.get(name));
        let protocol = first(&["protocol", "ip_protocol"]).and_then(Value::as_text);
        if matches!(protocol.as_deref(), Some("-1" | "all")) {
            return Some(true);
        }
        if self.port == -1 {
            let from = first(&["from_port"]).and_then(Value::as_number);
            return Some(from == Some(-1.0));
        }
        let (Some(from), Some(to)) = (first(&["from_port"]), first(&["to_port"])) else { return Some(false) };
        let port = f64::from(self.port);
        Some((from.as_number()?..=to.as_number()?).contains(&port))
    }
}
