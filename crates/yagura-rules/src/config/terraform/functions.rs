//! Functions and operators of Terraform. A function that is not here, or is given what is not known, gives an unknown
//! value that refers to what its arguments refer to.

use super::super::cloudformation;
use super::super::value::Value;
use super::evaluate::merged;
use hcl_edit::expr::BinaryOperator;
use std::collections::BTreeMap;

/// Most items and bytes that a function makes.
const MOST_ITEMS: usize = 10_000;
const MOST_TEXT: usize = 1 << 20;

/// What a call gives.
pub fn call(name: &str, arguments: &[Value]) -> Value {
    let value = known(name, arguments).filter(|value| match value {
        Value::Text(text) => text.len() <= MOST_TEXT,
        Value::List(items) => items.len() <= MOST_ITEMS,
        _ => true,
    });
    value.unwrap_or_else(|| merged(arguments))
}

fn whole(value: &Value) -> Option<usize> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index, checked to be one")]
    value.as_number().filter(|number| (0.0..1e9).contains(number)).map(|number| number as usize)
}

fn number(value: usize) -> Value {
    #[allow(clippy::cast_precision_loss, reason = "lengths are small")]
    Value::Number(value as f64)
}

fn list(value: &Value) -> Option<&Vec<Value>> {
    match value {
        Value::List(items) => Some(items),
        _ => None,
    }
}

fn map(value: &Value) -> Option<&BTreeMap<String, Value>> {
    match value {
        Value::Map(map) => Some(map),
        _ => None,
    }
}

fn is_known(value: &Value) -> bool {
    match value {
        Value::Unknown(_) => false,
        Value::List(items) => items.iter().all(is_known),
        Value::Map(map) => map.values().all(is_known),
        _ => true,
    }
}

fn flat(items: &[Value], into: &mut Vec<Value>) {
    for item in items {
        match item {
            Value::List(inner) => flat(inner, into),
            other => into.push(other.clone()),
        }
    }
}

fn distinct(items: &[Value]) -> Vec<Value> {
    let mut seen = std::collections::BTreeSet::new();
    let fresh = |item: &&Value| match item.as_text() {
        Some(text) => seen.insert(text),
        None => true,
    };
    items.iter().filter(fresh).cloned().collect()
}

fn text_of(name: &str, texts: &[String]) -> Option<Value> {
    let parts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let trimmed = |text: &str, of: &str| text.trim_matches(|c| of.contains(c)).to_owned();
    Some(Value::Text(match (name, parts.as_slice()) {
        ("lower", [text]) => text.to_lowercase(),
        ("upper", [text]) => text.to_uppercase(),
        ("title", [text]) => text.split(' ').map(capital).collect::<Vec<_>>().join(" "),
        ("trimspace", [text]) => text.trim().to_owned(),
        ("chomp", [text]) => text.trim_end_matches(['\n', '\r']).to_owned(),
        ("trim", [text, of]) => trimmed(text, of),
        ("trimprefix", [text, of]) => text.strip_prefix(of).unwrap_or(text).to_owned(),
        ("trimsuffix", [text, of]) => text.strip_suffix(of).unwrap_or(text).to_owned(),
        ("strrev", [text]) => text.chars().rev().collect(),
        ("replace", [text, from, to]) if !from.is_empty() && !from.starts_with('/') => text.replace(from, to),
        ("startswith", [text, of]) => return Some(Value::Bool(text.starts_with(of))),
        ("endswith", [text, of]) => return Some(Value::Bool(text.ends_with(of))),
        ("strcontains", [text, of]) => return Some(Value::Bool(text.contains(of))),
        ("split", [by, text]) if !by.is_empty() => {
            return Some(Value::List(text.split(by).map(Value::text).collect()));
        }
        ("jsondecode" | "yamldecode", [text]) => return cloudformation::document_as_written(text),
        ("format", [pattern, rest @ ..]) => return format(pattern, rest),
        _ => return None,
    }))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `%s`, `%d`, `%v` and `%q` in order; other verbs are not computed.
fn format(pattern: &str, arguments: &[&str]) -> Option<Value> {
    let (mut out, mut rest, mut arguments) = (String::new(), pattern, arguments.iter());
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let mut letters = after.chars();
        match letters.next()? {
            '%' => out.push('%'),
            's' | 'd' | 'v' => out.push_str(arguments.next()?),
            'q' => out.push_str(&format!("\"{}\"", arguments.next()?)),
            _ => return None,
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    Some(Value::Text(out))
}

fn known(name: &str, arguments: &[Value]) -> Option<Value> {
    let texts: Option<Vec<String>> = arguments.iter().map(Value::as_text).collect();
    if let Some(value) = texts.as_ref().and_then(|texts| text_of(name, texts)) {
        return Some(value);
    }
    match (name, arguments) {
        // A policy is compared as the document that it is, not as its text.
        (
            "jsonencode" | "yamlencode" | "nonsensitive" | "sensitive" | "base64encode" | "tomap" | "tolist"
            | "issensitive",
            [value],
        ) => Some(value.clone()),
        ("jsondecode" | "yamldecode", [value @ (Value::Map(_) | Value::List(_))]) => Some(value.clone()),
        ("tobool", [value]) => value.truth().map(Value::Bool),
        ("tonumber", [value]) => value.as_number().map(Value::Number),
        ("tostring", [value]) => value.as_text().map(Value::Text),
        ("toset" | "distinct", [Value::List(items)]) => Some(Value::List(distinct(items))),
        ("flatten", [Value::List(items)]) => {
            let mut all = Vec::new();
            flat(items, &mut all);
            Some(Value::List(all))
        }
        ("compact", [Value::List(items)]) => {
            let full = |item: &&Value| !matches!(item, Value::Null) && item.as_text().as_deref() != Some("");
            Some(Value::List(items.iter().filter(full).cloned().collect()))
        }
        ("sort", [Value::List(items)]) => {
            let mut texts: Vec<String> = items.iter().map(Value::as_text).collect::<Option<_>>()?;
            texts.sort();
            Some(Value::List(texts.into_iter().map(Value::Text).collect()))
        }
        ("reverse", [Value::List(items)]) => Some(Value::List(items.iter().rev().cloned().collect())),
        ("concat", lists) => {
            let lists: Vec<&Vec<Value>> = lists.iter().map(list).collect::<Option<_>>()?;
            Some(Value::List(lists.into_iter().flatten().cloned().collect()))
        }
        ("setunion", lists) => {
            let lists: Vec<&Vec<Value>> = lists.iter().map(list).collect::<Option<_>>()?;
            let all: Vec<Value> = lists.into_iter().flatten().cloned().collect();
            Some(Value::List(distinct(&all)))
        }
        ("merge", maps) => {
            let maps: Vec<&Value> = maps.iter().filter(|map| **map != Value::Null).collect();
            let maps: Vec<&BTreeMap<String, Value>> = maps.into_iter().map(map).collect::<Option<_>>()?;
            let entries = maps.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone()));
            Some(Value::Map(entries.collect()))
        }
        ("keys", [Value::Map(map)]) => Some(Value::List(map.keys().map(Value::text).collect())),
        ("values", [Value::Map(map)]) => Some(Value::List(map.values().cloned().collect())),
        ("zipmap", [Value::List(keys), Value::List(values)]) => {
            let keys: Vec<String> = keys.iter().map(Value::as_text).collect::<Option<_>>()?;
            Some(Value::Map(keys.into_iter().zip(values.iter().cloned()).collect()))
        }
        ("coalesce", values) => {
            let empty =
                |value: &&Value| matches!(value, Value::Null) || value.as_text().as_deref() == Some("");
            values.iter().find(|value| !empty(value)).cloned()
        }
        ("coalescelist", values) => {
            values.iter().find(|value| **value != Value::List(Vec::new()) && **value != Value::Null).cloned()
        }
        ("length", [Value::List(items)]) => Some(number(items.len())),
        ("length", [Value::Map(map)]) => Some(number(map.len())),
        ("length", [Value::Text(text)]) => Some(number(text.chars().count())),
        ("join", [by, Value::List(items)]) => {
            let items: Option<Vec<String>> = items.iter().map(Value::as_text).collect();
            items.zip(by.as_text()).map(|(items, by)| Value::Text(items.join(&by)))
        }
        ("lookup", [Value::Map(map), key, rest @ ..]) => {
            let key = key.as_text()?;
            map.get(&key).cloned().or_else(|| rest.first().cloned())
        }
        ("element", [Value::List(items), at]) => items.get(whole(at)?.checked_rem(items.len())?).cloned(),
        ("slice", [Value::List(items), from, to]) => {
            Some(Value::List(items.get(whole(from)?..whole(to)?)?.to_vec()))
        }
        ("one", [Value::List(items)]) => match items.as_slice() {
            [] => Some(Value::Null),
            [one] => Some(one.clone()),
            _ => None,
        },
        ("contains", [Value::List(items), value]) if is_known(value) => {
            if items.iter().any(|item| item.same(value)) {
                return Some(Value::Bool(true));
            }
            items.iter().all(is_known).then_some(Value::Bool(false))
        }
        ("index", [Value::List(items), value]) if is_known(value) => {
            items.iter().position(|item| item.same(value)).map(number)
        }
        ("alltrue" | "anytrue", [Value::List(items)]) => {
            let truths: Vec<bool> = items.iter().map(Value::truth).collect::<Option<_>>()?;
            let all = truths.iter().all(|truth| *truth);
            let any = truths.iter().any(|truth| *truth);
            Some(Value::Bool(if name == "alltrue" { all } else { any }))
        }
        ("max" | "min" | "sum", values) => {
            let mut items = Vec::new();
            flat(values, &mut items);
            let numbers: Vec<f64> = items.iter().map(Value::as_number).collect::<Option<_>>()?;
            let pick = |pick: fn(f64, f64) -> f64| numbers.iter().copied().reduce(pick);
            Some(Value::Number(match name {
                "max" => pick(f64::max)?,
                "min" => pick(f64::min)?,
                _ => numbers.iter().sum(),
            }))
        }
        ("floor" | "ceil" | "abs", [value]) => {
            let value = value.as_number()?;
            Some(Value::Number(match name {
                "floor" => value.floor(),
                "ceil" => value.ceil(),
                _ => value.abs(),
            }))
        }
        ("range", [to]) => Some(Value::List((0..whole(to)?.min(MOST_ITEMS + 1)).map(number).collect())),
        ("range", [from, to]) => {
            let (from, to) = (whole(from)?, whole(to)?);
            Some(Value::List((from..to.min(from + MOST_ITEMS + 1)).map(number).collect()))
        }
        ("substr", [text, from, length]) => {
            let (text, from) = (text.as_text()?, whole(from)?);
            let length = whole(length).unwrap_or(usize::MAX);
            Some(Value::Text(text.chars().skip(from).take(length).collect()))
        }
        ("try", values) => values.iter().find(|value| !matches!(value, Value::Null)).cloned(),
        ("can", [value]) if is_known(value) => Some(Value::Bool(true)),
        _ => None,
    }
}

/// What an operator gives.
pub fn binary(operator: BinaryOperator, a: &Value, b: &Value) -> Value {
    // One side is enough where it decides.
    match (operator, a.truth(), b.truth()) {
        (BinaryOperator::And, Some(false), _) | (BinaryOperator::And, _, Some(false)) => {
            return Value::Bool(false);
        }
        (BinaryOperator::Or, Some(true), _) | (BinaryOperator::Or, _, Some(true)) => {
            return Value::Bool(true);
        }
        (BinaryOperator::And, Some(true), Some(true)) => return Value::Bool(true),
        (BinaryOperator::Or, Some(false), Some(false)) => return Value::Bool(false),
        _ => {}
    }
    if !is_known(a) || !is_known(b) {
        return merged(&[a.clone(), b.clone()]);
    }
    match operator {
        BinaryOperator::Eq => return Value::Bool(a.same(b)),
        BinaryOperator::NotEq => return Value::Bool(!a.same(b)),
        _ => {}
    }
    let (Some(a), Some(b)) = (a.as_number(), b.as_number()) else { return Value::unknown() };
    match operator {
        BinaryOperator::Plus => Value::Number(a + b),
        BinaryOperator::Minus => Value::Number(a - b),
        BinaryOperator::Mul => Value::Number(a * b),
        BinaryOperator::Div if b != 0.0 => Value::Number(a / b),
        BinaryOperator::Mod if b != 0.0 => Value::Number(a % b),
        BinaryOperator::Less => Value::Bool(a < b),
        BinaryOperator::LessEq => Value::Bool(a <= b),
        BinaryOperator::Greater => Value::Bool(a > b),
        BinaryOperator::GreaterEq => Value::Bool(a >= b),
        _ => Value::unknown(),
    }
}

/// The policy that a document of `aws_iam_policy_document` makes.
pub fn policy(document: &Value) -> Value {
    let statements = document.get("statement").map_or(&[][..], Value::items).iter().map(|statement| {
        if matches!(statement, Value::Unknown(_)) {
            return statement.clone();
        }
        let mut out = BTreeMap::new();
        let mut put = |name: &str, value: Option<&Value>| {
            if let Some(value) = value {
                out.insert(name.to_owned(), value.clone());
            }
        };
        put("Effect", Some(statement.get("effect").unwrap_or(&Value::text("Allow"))));
        put("Action", statement.get("actions"));
        put("NotAction", statement.get("not_actions"));
        put("Resource", statement.get("resources"));
        put("NotResource", statement.get("not_resources"));
        let mut tests: BTreeMap<String, Value> = BTreeMap::new();
        for one in statement.get("condition").map_or(&[][..], Value::items) {
            let text = |name: &str| one.get(name).and_then(Value::as_text);
            let (Some(test), Some(variable)) = (text("test"), text("variable")) else { continue };
            let keys = tests.entry(test).or_insert_with(|| Value::Map(BTreeMap::new()));
            if let Value::Map(keys) = keys {
                keys.insert(variable, one.get("values").cloned().unwrap_or(Value::Null));
            }
        }
        match (tests.is_empty(), statement.get("condition")) {
            (false, _) => drop(out.insert("Condition".to_owned(), Value::Map(tests))),
            (true, Some(unknown)) => drop(out.insert("Condition".to_owned(), unknown.clone())),
            (true, None) => {}
        }
        let mut principals: BTreeMap<String, Value> = BTreeMap::new();
        for one in statement.get("principals").map_or(&[][..], Value::items) {
            let Some(kind) = one.get("type").and_then(Value::as_text) else { continue };
            let more = one.get("identifiers").map_or(&[][..], Value::items);
            let all = principals.entry(kind).or_insert_with(|| Value::List(Vec::new()));
            if let Value::List(all) = all {
                all.extend(more.iter().cloned());
            }
        }
        if !principals.is_empty() {
            out.insert("Principal".to_owned(), Value::Map(principals));
        }
        Value::Map(out)
    });
    let mut statements: Vec<Value> = statements.collect();
    // Statements of other documents are added to its own.
    let others = ["source_policy_documents", "override_policy_documents", "source_json", "override_json"];
    let others: Vec<Value> = others.iter().filter_map(|name| document.get(name).cloned()).collect();
    for other in others.iter().flat_map(Value::items) {
        match other.get("Statement") {
            Some(more) => statements.extend(more.items().iter().cloned()),
            None => statements.push(merged(std::slice::from_ref(other))),
        }
    }
    Value::Map(BTreeMap::from([("Statement".to_owned(), Value::List(statements))]))
}
