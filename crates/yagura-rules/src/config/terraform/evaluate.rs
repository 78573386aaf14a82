//! Expressions of Terraform, as far as their values are known before anything is built.

use super::super::value::Value;
use super::super::{MOST_DEPTH, cloudformation};
use super::functions::{binary, call, policy};
use super::read::File;
use super::{Directories, MOST_COPIES, MOST_MODULES, MOST_STEPS, called, label, plain};
use hcl_edit::expr::{Expression, ForExpr, ObjectKey, Traversal, TraversalOperator, UnaryOperator};
use hcl_edit::structure::{Block, Body};
use hcl_edit::template::{Directive, Element, Template};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Names that only a dynamic block, a `for` or an instance knows.
pub type Bound = BTreeMap<String, Value>;

/// A letter that no document has, around the numbers of parts that are not known.
const HOLE: char = '\u{f8ff}';

/// What a call of a module counts as.
const MODULE_STEPS: usize = 500;

type Instances<'a> = Vec<(Value, Rc<Module<'a>>)>;

/// One call of a directory: what its names stand for.
pub struct Module<'a> {
    directories: &'a Directories,
    directory: String,
    pub files: &'a [File],
    /// `module.a.module.b.`
    pub prefix: String,
    variables: BTreeMap<&'a str, Option<&'a Expression>>,
    given: BTreeMap<String, Value>,
    locals: BTreeMap<&'a str, &'a Expression>,
    /// Values of locals; those that are being computed are unknown to themselves.
    computed: RefCell<BTreeMap<&'a str, Value>>,
    blocks: BTreeMap<(&'a str, &'a str, &'a str), &'a Block>,
    children: RefCell<BTreeMap<String, Rc<Instances<'a>>>>,
    steps: &'a Cell<usize>,
    depth: usize,
}

impl<'a> Module<'a> {
    /// Calls a directory with these values of variables.
    pub fn new(
        directories: &'a Directories,
        directory: &str,
        prefix: String,
        given: BTreeMap<String, Value>,
        steps: &'a Cell<usize>,
        depth: usize,
    ) -> Self {
        let files = directories.get(directory).map_or(&[][..], Vec::as_slice);
        let mut module = Self {
            directories,
            directory: directory.to_owned(),
            files,
            prefix,
            variables: BTreeMap::new(),
            given,
            locals: BTreeMap::new(),
            computed: RefCell::default(),
            blocks: BTreeMap::new(),
            children: RefCell::default(),
            steps,
            depth,
        };
        for (block, _) in files.iter().flat_map(|file| &file.blocks) {
            module.steps.set(module.steps.get() + 1);
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
                kind @ ("data" | "module" | "output") => {
                    let second = if kind == "data" { label(block, 1) } else { "" };
                    module.blocks.insert((kind, label(block, 0), second), block);
                }
                _ => {}
            }
        }
        module
    }

    /// Whether too much has been computed.
    pub fn exhausted(&self) -> bool {
        self.steps.get() > MOST_STEPS
    }

    /// What `each` and `count` stand for in every instance of a block; one instance where their number is not known.
    pub fn instances(&self, block: &Block) -> Vec<Bound> {
        let one = |key: Value, value: Value| {
            let both = BTreeMap::from([("key".to_owned(), key), ("value".to_owned(), value)]);
            Bound::from([("each".to_owned(), Value::Map(both))])
        };
        let index = |at: Value| {
            Bound::from([("count".to_owned(), Value::Map(BTreeMap::from([("index".to_owned(), at)])))])
        };
        if let Some(count) = block.body.get_attribute("count") {
            let count = match self.value(&count.value, &Bound::new(), 0) {
                Value::Bool(count) => Some(f64::from(u8::from(count))),
                other => other.as_number(),
            };
            return match count {
                Some(count) => {
                    let numbers = std::iter::successors(Some(0.0), |at| Some(at + 1.0));
                    numbers
                        .take_while(|at| *at < count)
                        .take(MOST_COPIES)
                        .map(|at| index(Value::Number(at)))
                        .collect()
                }
                None => vec![index(Value::unknown())],
            };
        }
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

    /// The properties of a block.
    pub fn body(&self, body: &Body, bound: &Bound, depth: usize) -> BTreeMap<String, Value> {
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
        let iterator = block.body.get_attribute("iterator").and_then(|attribute| plain(&attribute.value));
        let name = iterator.unwrap_or_else(|| label(block, 0));
        let Some(content) = block.body.get_blocks("content").next() else { return Vec::new() };
        let Some(pairs) = pairs(each) else { return vec![Value::unknown()] };
        let one = |(key, value): (Value, Value)| {
            let mut bound = bound.clone();
            let both = BTreeMap::from([("key".to_owned(), key), ("value".to_owned(), value)]);
            bound.insert(name.to_owned(), Value::Map(both));
            Value::Map(self.body(&content.body, &bound, depth + 1))
        };
        pairs.into_iter().take(MOST_COPIES).map(one).collect()
    }

    /// Every call of a module.
    pub fn all_children(&self) -> Instances<'a> {
        let names: Vec<&'a str> =
            self.blocks.keys().filter(|key| key.0 == "module").map(|key| key.1).collect();
        names.into_iter().flat_map(|name| self.children(name).iter().cloned().collect::<Vec<_>>()).collect()
    }

    /// The instances of a module that is called here, by `count.index` or `each.key`.
    fn children(&self, name: &str) -> Rc<Instances<'a>> {
        if let Some(known) = self.children.borrow().get(name) {
            return Rc::clone(known);
        }
        // A call whose arguments need its own outputs sees none.
        self.children.borrow_mut().insert(name.to_owned(), Rc::default());
        let mut instances = Vec::new();
        if let Some(block) = self.blocks.get(&("module", name, ""))
            && self.depth < MOST_MODULES
            && let Some(directory) = called(&self.directory, block)
            && self.directories.contains_key(&directory)
        {
            for bound in self.instances(block) {
                if self.exhausted() {
                    break;
                }
                // A module costs more than an expression.
                self.steps.set(self.steps.get() + MODULE_STEPS);
                let given = self.body(&block.body, &bound, 0);
                let prefix = format!("{}module.{name}.", self.prefix);
                let key = |name: &str, inner: &str| bound.get(name).and_then(|map| map.get(inner).cloned());
                let key = key("each", "key").or_else(|| key("count", "index")).unwrap_or(Value::Null);
                let module =
                    Module::new(self.directories, &directory, prefix, given, self.steps, self.depth + 1);
                instances.push((key, Rc::new(module)));
            }
        }
        let instances = Rc::new(instances);
        self.children.borrow_mut().insert(name.to_owned(), Rc::clone(&instances));
        instances
    }

    /// The value of an expression.
    pub fn value(&self, expression: &Expression, bound: &Bound, depth: usize) -> Value {
        self.steps.set(self.steps.get() + 1);
        if depth > MOST_DEPTH || self.exhausted() {
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
                        ObjectKey::Expression(key) => {
                            plain(key).map(str::to_owned).or_else(|| next(key).as_text())
                        }
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
            Expression::Conditional(choice) => match next(&choice.cond_expr).truth() {
                Some(true) => next(&choice.true_expr),
                Some(false) => next(&choice.false_expr),
                None => {
                    let (a, b) = (next(&choice.true_expr), next(&choice.false_expr));
                    if a == b { a } else { merged(&[a, b]) }
                }
            },
            Expression::FuncCall(function) => {
                let mut arguments: Vec<Value> = function.args.iter().map(next).collect();
                // `f(list...)` hands the items over one by one.
                if function.args.expand_final() {
                    match arguments.pop() {
                        Some(Value::List(items)) => arguments.extend(items),
                        Some(other) => return merged(&[other]),
                        None => {}
                    }
                }
                call(function.name.name.as_str(), &arguments)
            }
            Expression::Traversal(traversal) => self.traversal(traversal, bound, depth + 1),
            Expression::UnaryOp(operation) => {
                let value = next(&operation.expr);
                match (operation.operator.value(), value.truth(), &value) {
                    (UnaryOperator::Not, Some(truth), _) => Value::Bool(!truth),
                    (UnaryOperator::Neg, _, Value::Number(value)) => Value::Number(-value),
                    _ => merged(&[value]),
                }
            }
            Expression::BinaryOp(operation) => {
                let (a, b) = (next(&operation.lhs_expr), next(&operation.rhs_expr));
                binary(*operation.operator.value(), &a, &b)
            }
            Expression::ForExpr(each) => self.each(each, bound, depth + 1),
        }
    }

    fn each(&self, each: &ForExpr, bound: &Bound, depth: usize) -> Value {
        let collection = self.value(&each.intro.collection_expr, bound, depth);
        let Some(pairs) = pairs(collection.clone()) else { return merged(&[collection]) };
        let mut bound = bound.clone();
        let (mut items, mut map): (Vec<Value>, BTreeMap<String, Value>) = Default::default();
        for (key, value) in pairs {
            if let Some(name) = &each.intro.key_var {
                bound.insert(name.as_str().to_owned(), key);
            }
            bound.insert(each.intro.value_var.as_str().to_owned(), value);
            if let Some(condition) = &each.cond {
                match self.value(&condition.expr, &bound, depth).truth() {
                    Some(true) => {}
                    Some(false) => continue,
                    // What is among the items is then not known.
                    None => return merged(&[collection]),
                }
            }
            let value = self.value(&each.value_expr, &bound, depth);
            match &each.key_expr {
                None => items.push(value),
                Some(key) => {
                    let Some(key) = self.value(key, &bound, depth).as_text() else {
                        return merged(&[collection, value]);
                    };
                    if each.grouping {
                        let group = map.entry(key).or_insert_with(|| Value::List(Vec::new()));
                        if let Value::List(group) = group {
                            group.push(value);
                        }
                    } else {
                        map.insert(key, value);
                    }
                }
            }
            if self.exhausted() {
                return Value::unknown();
            }
        }
        if each.key_expr.is_some() { Value::Map(map) } else { Value::List(items) }
    }

    fn text<'e>(&self, elements: impl Iterator<Item = &'e Element>, bound: &Bound, depth: usize) -> Value {
        let (mut out, mut parts) = (String::new(), Vec::new());
        for element in elements {
            let value = match element {
                Element::Literal(text) => {
                    out.push_str(text.as_str());
                    continue;
                }
                Element::Interpolation(inner) => self.value(&inner.expr, bound, depth),
                Element::Directive(directive) => match &**directive {
                    Directive::If(choice) => {
                        match self.value(&choice.if_expr.cond_expr, bound, depth).truth() {
                            Some(true) => self.text(choice.if_expr.template.iter(), bound, depth + 1),
                            Some(false) => match &choice.else_expr {
                                Some(other) => self.text(other.template.iter(), bound, depth + 1),
                                None => Value::text(""),
                            },
                            None => Value::unknown(),
                        }
                    }
                    Directive::For(_) => Value::unknown(),
                },
            };
            match value.as_text() {
                Some(text) => out.push_str(&text),
                None => {
                    out.push_str(&format!("{HOLE}{}{HOLE}", parts.len()));
                    parts.push(value);
                }
            }
        }
        match parts.as_slice() {
            [] => Value::Text(out),
            [one] if out == format!("{HOLE}0{HOLE}") => one.clone(),
            // A policy is still worth reading when one name in it is not known.
            parts if out.trim_start().starts_with(['{', '[']) => cloudformation::document(&out)
                .map_or_else(|| merged(parts), |document| filled(document, parts)),
            parts => merged(parts),
        }
    }

    fn traversal(&self, traversal: &Traversal, bound: &Bound, depth: usize) -> Value {
        let operators: Vec<&TraversalOperator> = traversal.operators.iter().map(|one| one.value()).collect();
        let Expression::Variable(root) = &traversal.expr else {
            let value = self.value(&traversal.expr, bound, depth);
            return self.walk(value, &operators, bound, depth);
        };
        let name = |at: usize| match operators.get(at) {
            Some(TraversalOperator::GetAttr(name)) => name.as_str(),
            _ => "",
        };
        let (first, second) = (name(0), name(1));
        let rest = |from: usize| operators.get(from..).unwrap_or_default();
        match root.as_str() {
            "var" => self.walk(self.variable(first, depth), rest(1), bound, depth),
            "local" => self.walk(self.local(first, depth), rest(1), bound, depth),
            "module" => self.output(first, rest(1), bound, depth),
            "data" => {
                let address = Value::Unknown(vec![format!("{}data.{first}.{second}", self.prefix)]);
                if first != "aws_iam_policy_document" || operators.len() < 3 {
                    return address;
                }
                match self.blocks.get(&("data", first, second)) {
                    Some(block) if block.body.get_attribute("for_each").is_none() => {
                        let count = |bound: &Bound| bound.contains_key("count");
                        let bound = self.instances(block).into_iter().next().filter(count);
                        policy(&Value::Map(self.body(&block.body, &bound.unwrap_or_default(), depth + 1)))
                    }
                    _ => address,
                }
            }
            "path" | "terraform" | "self" => Value::unknown(),
            other => match bound.get(other) {
                Some(value) => self.walk(value.clone(), &operators, bound, depth),
                None => {
                    let mut names = vec![format!("{}{other}.{first}", self.prefix)];
                    // An index may refer to something too.
                    for operator in rest(1) {
                        if let TraversalOperator::Index(index) = operator {
                            self.value(index, bound, depth + 1).references(&mut names);
                        }
                    }
                    Value::Unknown(names)
                }
            },
        }
    }

    fn variable(&self, name: &str, depth: usize) -> Value {
        if let Some(value) = self.given.get(name) {
            return value.clone();
        }
        match self.variables.get(name) {
            Some(Some(default)) => self.value(default, &Bound::new(), depth + 1),
            _ => Value::unknown(),
        }
    }

    fn local(&self, name: &str, depth: usize) -> Value {
        let Some((name, expression)) = self.locals.get_key_value(name) else { return Value::unknown() };
        if let Some(known) = self.computed.borrow().get(name) {
            return known.clone();
        }
        self.computed.borrow_mut().insert(name, Value::unknown());
        let value = self.value(expression, &Bound::new(), depth + 1);
        self.computed.borrow_mut().insert(name, value.clone());
        value
    }

    /// An output of a module that is called here.
    fn output(&self, name: &str, operators: &[&TraversalOperator], bound: &Bound, depth: usize) -> Value {
        let Some(block) = self.blocks.get(&("module", name, "")) else { return Value::unknown() };
        let many = block.body.has_attribute("for_each") || block.body.has_attribute("count");
        let children = self.children(name);
        let of = |child: &Module<'a>, operators: &[&TraversalOperator]| {
            let Some((TraversalOperator::GetAttr(output), rest)) = operators.split_first() else {
                return Value::unknown();
            };
            let Some(block) = child.blocks.get(&("output", output.as_str(), "")) else {
                return Value::unknown();
            };
            let Some(attribute) = block.body.get_attribute("value") else { return Value::unknown() };
            let value = child.value(&attribute.value, &Bound::new(), depth + 1);
            self.walk(value, rest, bound, depth)
        };
        match operators.split_first() {
            _ if !many => children.first().map_or_else(Value::unknown, |(_, child)| of(child, operators)),
            Some((TraversalOperator::Index(index), rest)) => {
                let index = self.value(index, bound, depth + 1);
                match children.iter().find(|(key, _)| key.same(&index)) {
                    Some((_, child)) => of(child, rest),
                    None => {
                        let all: Vec<Value> = children.iter().map(|(_, child)| of(child, rest)).collect();
                        merged(&all)
                    }
                }
            }
            Some((TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_), rest)) => {
                Value::List(children.iter().map(|(_, child)| of(child, rest)).collect())
            }
            _ => Value::unknown(),
        }
    }

    /// Goes from a value along attributes, indices and splats.
    fn walk(&self, value: Value, operators: &[&TraversalOperator], bound: &Bound, depth: usize) -> Value {
        let Some((operator, rest)) = operators.split_first() else { return value };
        if depth > MOST_DEPTH {
            return Value::unknown();
        }
        let step = match operator {
            TraversalOperator::GetAttr(name) => Some(name.as_str().to_owned()),
            TraversalOperator::Index(index) => self.value(index, bound, depth + 1).as_text(),
            TraversalOperator::LegacyIndex(index) => Some(index.value().to_string()),
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                return match value {
                    Value::Unknown(_) => merged(&[value]),
                    value => {
                        let each = |item: &Value| self.walk(item.clone(), rest, bound, depth + 1);
                        Value::List(value.items().iter().map(each).collect())
                    }
                };
            }
        };
        let found = match (&value, step.as_deref()) {
            (Value::Map(map), Some(key)) => Some(map.get(key).cloned().unwrap_or(Value::Null)),
            (Value::List(items), Some(at)) => at.parse::<usize>().ok().and_then(|at| items.get(at)).cloned(),
            _ => None,
        };
        match found {
            Some(found) => self.walk(found, rest, bound, depth + 1),
            None => merged(&[value]),
        }
    }
}

/// Keys and values of what can be gone through.
fn pairs(value: Value) -> Option<Vec<(Value, Value)>> {
    match value {
        Value::List(items) => {
            let numbers = std::iter::successors(Some(0.0), |at| Some(at + 1.0));
            Some(numbers.map(Value::Number).zip(items).collect())
        }
        Value::Map(map) => Some(map.into_iter().map(|(key, value)| (Value::Text(key), value)).collect()),
        _ => None,
    }
}

/// Puts parts that are not known back into the document in whose text they were numbered.
fn filled(document: Value, parts: &[Value]) -> Value {
    match document {
        Value::List(items) => Value::List(items.into_iter().map(|item| filled(item, parts)).collect()),
        Value::Map(map) => {
            Value::Map(map.into_iter().map(|(key, value)| (key, filled(value, parts))).collect())
        }
        Value::Text(text) if text.contains(HOLE) => {
            let numbers = text.split(HOLE).skip(1).step_by(2);
            let own: Vec<Value> =
                numbers.filter_map(|number| parts.get(number.parse::<usize>().ok()?).cloned()).collect();
            match own.as_slice() {
                [one] if text.trim_matches(HOLE).parse::<usize>().is_ok() => one.clone(),
                own => merged(own),
            }
        }
        other => other,
    }
}

/// An unknown value that refers to what these refer to.
pub fn merged(values: &[Value]) -> Value {
    let mut names = Vec::new();
    values.iter().for_each(|value| value.references(&mut names));
    names.sort();
    names.dedup();
    Value::Unknown(names)
}
