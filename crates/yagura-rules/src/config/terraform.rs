//! Terraform: the blocks of the files of one directory, with variables, locals, functions and dynamic blocks computed
//! as far as they can be without a provider.

use super::value::Value;
use super::{MOST_DEPTH, Resource, cloudformation};
use hcl_edit::Span;
use hcl_edit::expr::{
    BinaryOperator, Expression, FuncCall, ObjectKey, Traversal, TraversalOperator, UnaryOperator,
};
use hcl_edit::structure::{Block, Body};
use hcl_edit::template::{Element, Template};
use std::cell::Cell;
use std::collections::BTreeMap;

/// Most expressions that are computed for one directory: locals that multiply each other end here.
const MOST_STEPS: usize = 2_000_000;

/// Most copies of a dynamic block.
const MOST_COPIES: usize = 1_000;

/// A parsed file.
pub struct File {
    path: String,
    body: Body,
    /// Byte offsets of the beginnings of lines.
    lines: Vec<usize>,
}

/// Reads one file.
///
/// # Errors
/// What is wrong with it; nesting too deep for a reader that goes down by recursion is one such error.
pub fn parse(path: &str, text: &str) -> Result<File, String> {
    let (mut depth, mut most) = (0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'{' | b'[' | b'(' => {
                depth += 1;
                most = most.max(depth);
            }
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    // Operators nest without brackets.
    let operators = |line: &str| line.bytes().filter(|byte| b"!-?+*/".contains(byte)).count();
    if most > MOST_DEPTH || text.lines().any(|line| line.len() > 4_000 && operators(line) > 2_000) {
        return Err(format!("nested deeper than {MOST_DEPTH}"));
    }
    let body = hcl_edit::parser::parse_body(text)
        .map_err(|error| format!("line {}: {}", error.location().line(), error.message()))?;
    let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    Ok(File { path: path.to_owned(), body, lines })
}

impl File {
    fn line(&self, at: usize) -> u32 {
        u32::try_from(self.lines.partition_point(|start| *start <= at)).unwrap_or(u32::MAX)
    }
}

/// What names of a directory stand for.
struct Module<'a> {
    variables: BTreeMap<&'a str, Option<&'a Expression>>,
    locals: BTreeMap<&'a str, &'a Expression>,
    data: BTreeMap<(&'a str, &'a str), &'a Block>,
    steps: Cell<usize>,
}

/// Names that only a dynamic block or `for_each` knows.
type Bound = BTreeMap<String, Value>;

fn label(block: &Block, at: usize) -> &str {
    block.labels.get(at).map_or("", |label| label.as_str())
}

/// The resources of one directory.
pub fn read(files: &[File]) -> Vec<Resource> {
    let mut module = Module {
        variables: BTreeMap::new(),
        locals: BTreeMap::new(),
        data: BTreeMap::new(),
        steps: Cell::new(0),
    };
    for block in files.iter().flat_map(|file| file.body.blocks()) {
        match block.ident.as_str() {
            "variable" => {
                let default = block.body.get_attribute("default").map(|attribute| &attribute.value);
                module.variables.insert(label(block, 0), default);
            }
            "locals" => {
                for attribute in block.body.attributes() {
                    module.locals.insert(attribute.key.as_str(), &attribute.value);
                }
            }
            "data" => {
                module.data.insert((label(block, 0), label(block, 1)), block);
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    for file in files {
        for block in file.body.blocks() {
            let (kind, name) = (label(block, 0), label(block, 1));
            let data = match block.ident.as_str() {
                "resource" => false,
                "data" => true,
                _ => continue,
            };
            let none = Bound::new();
            if let Some(count) = block.body.get_attribute("count")
                && module.value(&count.value, &none, 0).as_number() == Some(0.0)
            {
                continue;
            }
            let span = block.span().unwrap_or_default();
            let lines = (file.line(span.start), file.line(span.end.saturating_sub(1).max(span.start)));
            let prefix = if data { "data." } else { "" };
            for bound in module.instances(block) {
                let mut properties = module.body(&block.body, &bound, 0);
                if data && kind == "aws_iam_policy_document" {
                    properties.insert("policy".to_owned(), policy(&Value::Map(properties.clone())));
                }
                out.push(Resource {
                    kind: format!("{prefix}{kind}"),
                    name: name.to_owned(),
                    address: format!("{prefix}{kind}.{name}"),
                    path: file.path.clone(),
                    lines,
                    properties: Value::Map(properties),
                    skips: Vec::new(),
                });
            }
        }
    }
    out
}

/// The policy that a document of `aws_iam_policy_document` makes.
fn policy(document: &Value) -> Value {
    let statements = document.get("statement").map_or(&[][..], Value::items).iter().map(|statement| {
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
        put("Condition", statement.get("condition"));
        let principals: BTreeMap<String, Value> = statement
            .get("principals")
            .map_or(&[][..], Value::items)
            .iter()
            .filter_map(|one| Some((one.get("type")?.as_text()?, one.get("identifiers")?.clone())))
            .collect();
        if !principals.is_empty() {
            out.insert("Principal".to_owned(), Value::Map(principals));
        }
        Value::Map(out)
    });
    Value::Map(BTreeMap::from([("Statement".to_owned(), Value::List(statements.collect()))]))
}

impl Module<'_> {
    /// What `each` stands for in every instance of a resource; one instance where `for_each` is not known.
    fn instances(&self, block: &Block) -> Vec<Bound> {
        let one = |key: Value, value: Value| {
            let both = BTreeMap::from([("key".to_owned(), key), ("value".to_owned(), value)]);
            Bound::from([("each".to_owned(), Value::Map(both))])
        };
        let each = block.body.get_attribute("for_each");
        match each.map(|each| self.value(&each.value, &Bound::new(), 0)) {
            Some(Value::Map(map)) => {
                map.into_iter().take(MOST_COPIES).map(|(key, value)| one(Value::Text(key), value)).collect()
            }
            Some(Value::List(items)) => {
                items.into_iter().take(MOST_COPIES).map(|item| one(item.clone(), item)).collect()
            }
            Some(_) => vec![one(Value::unknown(), Value::unknown())],
            None => vec![Bound::new()],
        }
    }

    fn body(&self, body: &Body, bound: &Bound, depth: usize) -> BTreeMap<String, Value> {
        let mut out = BTreeMap::new();
        if depth > MOST_DEPTH {
            return out;
        }
        for attribute in body.attributes() {
            let value = self.value(&attribute.value, bound, depth + 1);
            if value != Value::Null {
                out.insert(attribute.key.as_str().to_owned(), value);
            }
        }
        for block in body.blocks() {
            let (name, copies) = if block.ident.as_str() == "dynamic" {
                (label(block, 0), self.copies(block, bound, depth + 1))
            } else {
                (block.ident.as_str(), vec![Value::Map(self.body(&block.body, bound, depth + 1))])
            };
            let entry = out.entry(name.to_owned()).or_insert_with(|| Value::List(Vec::new()));
            match entry {
                Value::List(items) => items.extend(copies),
                other => *other = Value::List(copies),
            }
        }
        out
    }

    /// What a dynamic block makes; an unknown number of copies is an unknown value.
    fn copies(&self, block: &Block, bound: &Bound, depth: usize) -> Vec<Value> {
        let Some(each) = block.body.get_attribute("for_each") else { return vec![Value::unknown()] };
        let each = self.value(&each.value, bound, depth);
        let name = match block.body.get_attribute("iterator").map(|attribute| &attribute.value) {
            Some(Expression::Variable(name)) => name.as_str().to_owned(),
            _ => label(block, 0).to_owned(),
        };
        let Some(content) = block.body.get_blocks("content").next() else { return Vec::new() };
        let pairs: Vec<(Value, Value)> = match each {
            Value::List(items) => items.into_iter().map(|item| (item.clone(), item)).collect(),
            Value::Map(map) => map.into_iter().map(|(key, value)| (Value::Text(key), value)).collect(),
            _ => return vec![Value::unknown()],
        };
        let one = |(key, value): (Value, Value)| {
            let mut bound = bound.clone();
            let both = BTreeMap::from([("key".to_owned(), key), ("value".to_owned(), value)]);
            bound.insert(name.clone(), Value::Map(both));
            Value::Map(self.body(&content.body, &bound, depth + 1))
        };
        pairs.into_iter().take(MOST_COPIES).map(one).collect()
    }

    fn value(&self, expression: &Expression, bound: &Bound, depth: usize) -> Value {
        self.steps.set(self.steps.get() + 1);
        if depth > MOST_DEPTH || self.steps.get() > MOST_STEPS {
            return Value::unknown();
        }
        let next = |expression: &Expression| self.value(expression, bound, depth + 1);
        match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Bool(*value.value()),
            Expression::Number(value) => value.value().as_f64().map_or_else(Value::unknown, Value::Number),
            Expression::String(value) => Value::text(value.value()),
            Expression::Array(items) => Value::List(items.iter().map(next).collect()),
            Expression::Object(object) => {
                let mut map = BTreeMap::new();
                for (key, value) in object {
                    let key = match key {
                        ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
                        ObjectKey::Expression(key) => next(key).as_text(),
                    };
                    if let Some(key) = key {
                        map.insert(key, next(value.expr()));
                    }
                }
                Value::Map(map)
            }
            Expression::StringTemplate(template) => self.text(template.iter(), bound, depth + 1),
            Expression::HeredocTemplate(heredoc) => {
                let template: &Template = &heredoc.template;
                self.text(template.iter(), bound, depth + 1)
            }
            Expression::Parenthesis(inner) => next(inner.inner()),
            Expression::Variable(name) => {
                bound.get(name.as_str()).cloned().unwrap_or_else(|| Value::text(name.as_str()))
            }
            Expression::Conditional(choice) => match next(&choice.cond_expr) {
                Value::Bool(true) => next(&choice.true_expr),
                Value::Bool(false) => next(&choice.false_expr),
                _ => {
                    let (a, b) = (next(&choice.true_expr), next(&choice.false_expr));
                    if a == b { a } else { merged(&[a, b]) }
                }
            },
            Expression::FuncCall(call) => self.call(call, bound, depth + 1),
            Expression::Traversal(traversal) => self.traversal(traversal, bound, depth + 1),
            Expression::UnaryOp(operation) => match (operation.operator.value(), next(&operation.expr)) {
                (UnaryOperator::Not, Value::Bool(value)) => Value::Bool(!value),
                (UnaryOperator::Neg, Value::Number(value)) => Value::Number(-value),
                (_, other) => merged(&[other]),
            },
            Expression::BinaryOp(operation) => {
                let (a, b) = (next(&operation.lhs_expr), next(&operation.rhs_expr));
                binary(*operation.operator.value(), &a, &b)
            }
            Expression::ForExpr(_) => Value::unknown(),
        }
    }

    fn text<'e>(&self, elements: impl Iterator<Item = &'e Element>, bound: &Bound, depth: usize) -> Value {
        let (mut out, mut parts, mut known) = (String::new(), Vec::new(), true);
        for element in elements {
            match element {
                Element::Literal(text) => out.push_str(text.as_str()),
                Element::Interpolation(inner) => {
                    let value = self.value(&inner.expr, bound, depth);
                    match value.as_text() {
                        Some(text) => out.push_str(&text),
                        None => {
                            known = false;
                            out.push_str("${}");
                        }
                    }
                    parts.push(value);
                }
                Element::Directive(_) => known = false,
            }
        }
        match parts.as_slice() {
            _ if known => Value::Text(out),
            [one] if out == "${}" => one.clone(),
            // A policy is still worth reading when one name in it is not known.
            parts if out.trim_start().starts_with('{') => {
                cloudformation::document(&out).unwrap_or_else(|| merged(parts))
            }
            parts => merged(parts),
        }
    }

    fn call(&self, call: &FuncCall, bound: &Bound, depth: usize) -> Value {
        let arguments: Vec<Value> =
            call.args.iter().map(|argument| self.value(argument, bound, depth)).collect();
        let texts = || arguments.iter().map(Value::as_text).collect::<Option<Vec<String>>>();
        let one = || arguments.first().and_then(Value::as_text);
        let known = match (call.name.name.as_str(), arguments.as_slice()) {
            // A policy is compared as the document that it is, not as its text.
            (
                "jsonencode" | "tolist" | "toset" | "tomap" | "tostring" | "tonumber" | "tobool"
                | "nonsensitive" | "sensitive" | "base64encode" | "flatten" | "sort" | "distinct",
                [value],
            ) => Some(value.clone()),
            ("jsondecode", [Value::Text(text)]) => cloudformation::document(text),
            ("lower", _) => one().map(|text| Value::Text(text.to_lowercase())),
            ("upper", _) => one().map(|text| Value::Text(text.to_uppercase())),
            ("trimspace", _) => one().map(|text| Value::text(text.trim())),
            ("concat", lists) if lists.iter().all(|list| matches!(list, Value::List(_))) => {
                Some(Value::List(lists.iter().flat_map(|list| list.items().iter().cloned()).collect()))
            }
            ("merge", maps) if maps.iter().all(|map| matches!(map, Value::Map(_))) => {
                let mut all = BTreeMap::new();
                for map in maps {
                    if let Value::Map(map) = map {
                        all.extend(map.clone());
                    }
                }
                Some(Value::Map(all))
            }
            ("coalesce", values) => values
                .iter()
                .find(|value| !matches!(value, Value::Null) && value.as_text().as_deref() != Some(""))
                .cloned(),
            ("length", [Value::List(items)]) => Some(Value::Number(items.len() as f64)),
            ("length", [Value::Map(map)]) => Some(Value::Number(map.len() as f64)),
            ("join", [separator, Value::List(items)]) => {
                let items: Option<Vec<String>> = items.iter().map(Value::as_text).collect();
                items.zip(separator.as_text()).map(|(items, by)| Value::Text(items.join(&by)))
            }
            ("split", [..]) => texts().and_then(|texts| match texts.as_slice() {
                [by, text] if !by.is_empty() => Some(Value::List(text.split(by).map(Value::text).collect())),
                _ => None,
            }),
            ("replace", [..]) => texts().and_then(|texts| match texts.as_slice() {
                [text, from, to] if !from.is_empty() && !from.starts_with('/') => {
                    Some(Value::Text(text.replace(from, to)))
                }
                _ => None,
            }),
            ("lookup", [map, key, ..]) => key
                .as_text()
                .and_then(|key| map.get(&key).cloned())
                .or_else(|| matches!(map, Value::Map(_)).then(|| arguments.get(2).cloned())?),
            ("element", [Value::List(items), at]) =>
            {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
                at.as_number().and_then(|at| items.get((at as usize).checked_rem(items.len())?)).cloned()
            }
            ("try", values) => values.iter().find(|value| !matches!(value, Value::Unknown(_))).cloned(),
            _ => None,
        };
        known.unwrap_or_else(|| merged(&arguments))
    }

    fn traversal(&self, traversal: &Traversal, bound: &Bound, depth: usize) -> Value {
        let Expression::Variable(root) = &traversal.expr else {
            return merged(&[self.value(&traversal.expr, bound, depth)]);
        };
        let names: Vec<Option<String>> = traversal
            .operators
            .iter()
            .map(|operator| match operator.value() {
                TraversalOperator::GetAttr(name) => Some(name.as_str().to_owned()),
                TraversalOperator::Index(index) => self.value(index, bound, depth + 1).as_text(),
                TraversalOperator::LegacyIndex(index) => Some(index.value().to_string()),
                _ => None,
            })
            .collect();
        let name = |at: usize| names.get(at).and_then(Option::as_deref);
        let first = name(0).unwrap_or_default();
        let (mut value, rest) = match root.as_str() {
            "var" => match self.variables.get(first) {
                Some(Some(default)) => (self.value(default, &Bound::new(), depth + 1), 1),
                _ => return Value::unknown(),
            },
            "local" => match self.locals.get(first) {
                Some(expression) => (self.value(expression, &Bound::new(), depth + 1), 1),
                None => return Value::unknown(),
            },
            "data" => {
                let second = name(1).unwrap_or_default();
                let address = Value::Unknown(vec![format!("data.{first}.{second}")]);
                if first != "aws_iam_policy_document" || name(2) != Some("json") {
                    return address;
                }
                let Some(block) = self.data.get(&(first, second)) else { return address };
                return policy(&Value::Map(self.body(&block.body, bound, depth + 1)));
            }
            other => match bound.get(other) {
                Some(value) => (value.clone(), 0),
                None => return Value::Unknown(vec![format!("{other}.{first}")]),
            },
        };
        for step in names.iter().skip(rest) {
            let found = match (&value, step.as_deref()) {
                (Value::Map(map), Some(key)) => Some(map.get(key).cloned().unwrap_or(Value::Null)),
                (Value::List(items), Some(at)) => {
                    at.parse::<usize>().ok().and_then(|at| items.get(at)).cloned()
                }
                _ => None,
            };
            match found {
                Some(found) => value = found,
                None => return merged(&[value]),
            }
        }
        value
    }
}

fn binary(operator: BinaryOperator, a: &Value, b: &Value) -> Value {
    if matches!(a, Value::Unknown(_)) || matches!(b, Value::Unknown(_)) {
        return merged(&[a.clone(), b.clone()]);
    }
    match (operator, a, b) {
        (BinaryOperator::Eq, ..) => Value::Bool(a.same(b)),
        (BinaryOperator::NotEq, ..) => Value::Bool(!a.same(b)),
        (BinaryOperator::And, Value::Bool(a), Value::Bool(b)) => Value::Bool(*a && *b),
        (BinaryOperator::Or, Value::Bool(a), Value::Bool(b)) => Value::Bool(*a || *b),
        (BinaryOperator::Plus, Value::Number(a), Value::Number(b)) => Value::Number(a + b),
        (BinaryOperator::Minus, Value::Number(a), Value::Number(b)) => Value::Number(a - b),
        (BinaryOperator::Mul, Value::Number(a), Value::Number(b)) => Value::Number(a * b),
        _ => Value::unknown(),
    }
}

/// An unknown value that refers to what these refer to.
fn merged(values: &[Value]) -> Value {
    let mut names = Vec::new();
    values.iter().for_each(|value| value.references(&mut names));
    names.sort();
    names.dedup();
    Value::Unknown(names)
}
