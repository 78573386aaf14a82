//! JavaScript and TypeScript: expressions, and what is written to.

use super::*;

impl Lowering<'_> {
    pub(super) fn js_child(&mut self, node: Node<'_>, name: &str) -> Expr {
        match field(node, name) {
            Some(child) => self.js_expr(child),
            None => Expr { at: self.spot(node), kind: ExprKind::Unknown(Vec::new()) },
        }
    }

    pub(super) fn js_args(&mut self, node: Node<'_>) -> Vec<Arg> {
        if node.kind() == "template_string" {
            return vec![Arg { name: None, spread: false, value: self.js_expr(node) }];
        }
        let mut out = Vec::new();
        for child in children(node) {
            let (spread, inner) = match child.kind() {
                "spread_element" => (true, children(child).first().copied()),
                _ => (false, Some(child)),
            };
            if let Some(inner) = inner {
                out.push(Arg { name: None, spread, value: self.js_expr(inner) });
            }
        }
        out
    }

    pub(super) fn js_expr(&mut self, node: Node<'_>) -> Expr {
        self.js_named(node, None)
    }

    /// An expression that gets a name, if it is a function.
    pub(super) fn js_named(&mut self, node: Node<'_>, name: Option<Name>) -> Expr {
        self.nested(node, |this, node| this.js_kind(node, name))
    }

    pub(super) fn js_kind(&mut self, node: Node<'_>, named: Option<Name>) -> ExprKind {
        let at = self.spot(node);
        match node.kind() {
            "identifier" | "shorthand_property_identifier" | "property_identifier" => self.variable(node),
            "this" => ExprKind::This,
            "super" => ExprKind::Super,
            "string" => ExprKind::Const(Const::Text(self.js_string(node))),
            "template_string" => {
                let mut parts = Vec::new();
                for child in children(node) {
                    let spot = self.spot(child);
                    match child.kind() {
                        "template_substitution" => {
                            parts.extend(children(child).first().map(|inner| self.js_expr(*inner)));
                        }
                        _ => {
                            let text = unescaped(self.slice(child));
                            parts.push(Expr { at: spot, kind: ExprKind::Const(Const::Text(text)) });
                        }
                    }
                }
                if parts.is_empty() { ExprKind::Const(Const::Text("".into())) } else { ExprKind::Text(parts) }
            }
            "number" => ExprKind::Const(number(self.slice(node))),
            "true" => ExprKind::Const(Const::Bool(true)),
            "false" => ExprKind::Const(Const::Bool(false)),
            "null" | "undefined" => ExprKind::Const(Const::Null),
            "regex" => {
                // As the text between its slashes, which is what guards look at.
                let class = self.names.of("RegExp");
                let pattern = Expr { at, kind: ExprKind::Const(Const::Text(self.slice(node).into())) };
                let args = vec![Arg { name: None, spread: false, value: pattern }];
                ExprKind::New(Box::new(New { class, args, body: None, fields: Vec::new() }))
            }
            "array" => {
                let mut items = Vec::new();
                for child in children(node) {
                    let (spread, inner) = match child.kind() {
                        "spread_element" => (true, children(child).first().copied()),
                        _ => (false, Some(child)),
                    };
                    items.extend(inner.map(|inner| (self.js_expr(inner), spread)));
                }
                ExprKind::List(items)
            }
            "object" => self.js_object(node),
            "member_expression" => {
                let object = self.js_child(node, "object");
                match field(node, "property") {
                    Some(name) => {
                        let text = self.slice(name).trim_start_matches('#');
                        let name = self.names.of(text);
                        // `module.exports` is what the file gives.
                        if text == "exports"
                            && matches!(&object.kind, ExprKind::Name(base) if self.names.text(*base) == "module")
                        {
                            return ExprKind::Name(self.names.of("<exports>"));
                        }
                        ExprKind::Field(Box::new(object), name)
                    }
                    None => ExprKind::Unknown(vec![object]),
                }
            }
            "subscript_expression" => {
                let object = self.js_child(node, "object");
                let index = self.js_child(node, "index");
                ExprKind::Index(Box::new(object), Box::new(index))
            }
            "call_expression" => self.js_call(node),
            "new_expression" => {
                let args = field(node, "arguments").map(|args| self.js_args(args)).unwrap_or_default();
                match field(node, "constructor") {
                    Some(class) if matches!(class.kind(), "identifier" | "member_expression") => {
                        let text = self.slice(class).to_owned();
                        let name = self.names.of(&text);
                        let class = if class.kind() == "identifier" { self.resolve(name) } else { name };
                        ExprKind::New(Box::new(New { class, args, body: None, fields: Vec::new() }))
                    }
                    Some(class) => {
                        let callee = self.js_expr(class);
                        ExprKind::Call(Box::new(Call { callee, args, apart: false }))
                    }
                    None => ExprKind::Unknown(Vec::new()),
                }
            }
            "assignment_expression" => {
                let left = field(node, "left");
                let name = left.and_then(|left| match left.kind() {
                    "identifier" => Some(left),
                    "member_expression" => field(left, "property"),
                    _ => None,
                });
                let name = name.map(|name| self.name(name));
                let value = match field(node, "right") {
                    Some(right) => self.js_named(right, name),
                    None => Expr { at, kind: ExprKind::Unknown(Vec::new()) },
                };
                let target = left.map_or(Target::Nothing, |left| self.js_target(left, false));
                ExprKind::Assign(Box::new(target), Box::new(value))
            }
            "augmented_assignment_expression" => {
                let target = field(node, "left").map_or(Target::Nothing, |left| self.js_target(left, false));
                let (left, right) = (self.js_child(node, "left"), self.js_child(node, "right"));
                let op = field(node, "operator").map_or("", |op| op.kind());
                let op = binary_op(op.strip_suffix('=').unwrap_or(op));
                let value = Expr { at, kind: ExprKind::Binary(op, Box::new(left), Box::new(right)) };
                ExprKind::Assign(Box::new(target), Box::new(value))
            }
            "update_expression" => {
                let Some(argument) = field(node, "argument") else { return ExprKind::Unknown(Vec::new()) };
                let op = match field(node, "operator").map_or("", |op| op.kind()) {
                    "++" => BinaryOp::Add,
                    _ => BinaryOp::Sub,
                };
                let target = self.js_target(argument, false);
                let before = self.js_expr(argument);
                let one = Expr { at, kind: ExprKind::Const(Const::Int(1)) };
                let value = Expr { at, kind: ExprKind::Binary(op, Box::new(before), Box::new(one)) };
                if self.slice(node).starts_with(['+', '-']) {
                    ExprKind::Assign(Box::new(target), Box::new(value))
                } else {
                    ExprKind::PostAssign(Box::new(target), Box::new(value))
                }
            }
            "binary_expression" => self.js_binary(node),
            "unary_expression" => {
                let op = field(node, "operator").map_or("", |op| op.kind());
                match op {
                    "!" => ExprKind::Unary(UnaryOp::Not, Box::new(self.js_child(node, "argument"))),
                    "-" => ExprKind::Unary(UnaryOp::Minus, Box::new(self.js_child(node, "argument"))),
                    "~" => ExprKind::Unary(UnaryOp::BitNot, Box::new(self.js_child(node, "argument"))),
                    "+" => ExprKind::Unary(UnaryOp::Plus, Box::new(self.js_child(node, "argument"))),
                    "delete" => {
                        let target =
                            field(node, "argument").map_or(Target::Nothing, |one| self.js_target(one, false));
                        let nothing = Expr { at, kind: ExprKind::Const(Const::Null) };
                        ExprKind::Assign(Box::new(target), Box::new(nothing))
                    }
                    "void" => ExprKind::Const(Const::Null),
                    // The name of a type.
                    _ => ExprKind::Unknown(Vec::new()),
                }
            }
            "ternary_expression" => ExprKind::If(
                Box::new(self.js_child(node, "condition")),
                Box::new(self.js_child(node, "consequence")),
                Box::new(self.js_child(node, "alternative")),
            ),
            "arrow_function" | "function_expression" | "function" | "generator_function" => {
                let own = field(node, "name").map(|name| self.name(name));
                let name = own.or(named).unwrap_or_else(|| self.names.of(""));
                ExprKind::Closure(self.js_function(node, name, true, None, false))
            }
            "class" => match self.js_class(node) {
                Some((name, id)) => {
                    let read = Expr { at, kind: ExprKind::Name(name) };
                    ExprKind::Do(vec![Stmt::Class(name, id), Stmt::Expr(read)])
                }
                None => ExprKind::Unknown(Vec::new()),
            },
            "sequence_expression" => {
                let items = children(node).into_iter().map(|child| self.js_expr(child)).collect();
                ExprKind::Sequence(items)
            }
            "parenthesized_expression"
            | "await_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "jsx_expression" => match children(node).first() {
                Some(inner) => self.js_named(*inner, named).kind,
                None => ExprKind::Unknown(Vec::new()),
            },
            "type_assertion" => match children(node).last() {
                Some(inner) => self.js_expr(*inner).kind,
                None => ExprKind::Unknown(Vec::new()),
            },
            "yield_expression" => match children(node).first() {
                Some(inner) => self.js_expr(*inner).kind,
                None => ExprKind::Unknown(Vec::new()),
            },
            "jsx_attribute" => self.js_attribute(node),
            "comment" | "type_annotation" | "type_arguments" => ExprKind::Unknown(Vec::new()),
            _ => {
                let parts = children(node).into_iter().map(|child| self.js_expr(child)).collect();
                ExprKind::Unknown(parts)
            }
        }
    }

    /// `dangerouslySetInnerHTML={{__html: x}}` writes what is in it; other attributes are escaped.
    pub(super) fn js_attribute(&mut self, node: Node<'_>) -> ExprKind {
        let at = self.spot(node);
        let parts = children(node);
        let name = parts.first().map(|name| self.slice(*name).to_owned()).unwrap_or_default();
        let Some(value) = parts.get(1) else { return ExprKind::Unknown(Vec::new()) };
        let value = self.js_expr(*value);
        let (jsx, name) = (self.names.of("jsx"), self.names.of(&name));
        let target = Target::Field(Expr { at, kind: ExprKind::Name(jsx) }, name);
        ExprKind::Assign(Box::new(target), Box::new(value))
    }

    pub(super) fn js_object(&mut self, node: Node<'_>) -> ExprKind {
        let mut entries = Vec::new();
        for child in children(node) {
            let at = self.spot(child);
            match child.kind() {
                "pair" => {
                    let Some(key) = field(child, "key") else { continue };
                    let name = matches!(key.kind(), "property_identifier").then(|| self.name(key));
                    let key = self.js_key(key);
                    let value = match field(child, "value") {
                        Some(value) => self.js_named(value, name),
                        None => continue,
                    };
                    entries.push((Some(key), value));
                }
                "shorthand_property_identifier" => {
                    let key = Expr { at, kind: ExprKind::Const(Const::Text(self.slice(child).into())) };
                    entries.push((Some(key), self.js_expr(child)));
                }
                "method_definition" => {
                    let Some(name) = field(child, "name") else { continue };
                    let key = self.js_key(name);
                    let name = self.name(name);
                    let id = self.js_function(child, name, true, None, false);
                    entries.push((Some(key), Expr { at, kind: ExprKind::Closure(id) }));
                }
                "spread_element" => {
                    if let Some(inner) = children(child).first() {
                        entries.push((None, self.js_expr(*inner)));
                    }
                }
                _ => {}
            }
        }
        ExprKind::Map(entries)
    }

    pub(super) fn js_key(&mut self, node: Node<'_>) -> Expr {
        let at = self.spot(node);
        match node.kind() {
            "computed_property_name" => match children(node).first() {
                Some(inner) => self.js_expr(*inner),
                None => Expr { at, kind: ExprKind::Unknown(Vec::new()) },
            },
            "string" => Expr { at, kind: ExprKind::Const(Const::Text(self.js_string(node))) },
            "number" => Expr { at, kind: ExprKind::Const(number(self.slice(node))) },
            _ => Expr { at, kind: ExprKind::Const(Const::Text(self.slice(node).into())) },
        }
    }

    pub(super) fn js_call(&mut self, node: Node<'_>) -> ExprKind {
        let Some(function) = field(node, "function") else { return ExprKind::Unknown(Vec::new()) };
        let arguments = field(node, "arguments");
        // `require('x')` and `import('x')` are the file or module of this name.
        if (self.slice(function) == "require" || function.kind() == "import")
            && let Some(arguments) = arguments
            && let [one] = children(arguments).as_slice()
            && one.kind() == "string"
        {
            let source = self.js_string(*one);
            let local = format!("<require {source}>");
            let (local, from) = (self.names.of(&local), self.names.of(&source));
            if !self.imports.iter().any(|import| import.local == Some(local)) {
                self.imports.push(Import { local: Some(local), from, member: None });
            }
            return ExprKind::Name(local);
        }
        let args = arguments.map(|args| self.js_args(args)).unwrap_or_default();
        let callee = self.js_expr(function);
        ExprKind::Call(Box::new(Call { callee, args, apart: false }))
    }

    pub(super) fn js_binary(&mut self, node: Node<'_>) -> ExprKind {
        let op = field(node, "operator").map_or("", |op| op.kind());
        if op == "+" {
            let mut terms = Vec::new();
            let mut at = node;
            while at.kind() == "binary_expression" && field(at, "operator").is_some_and(|op| op.kind() == "+")
            {
                terms.extend(field(at, "right"));
                match field(at, "left") {
                    Some(left) => at = left,
                    None => break,
                }
            }
            terms.push(at);
            terms.reverse();
            return ExprKind::Sum(terms.into_iter().map(|term| self.js_expr(term)).collect());
        }
        let left = self.js_child(node, "left");
        if op == "instanceof" {
            let kind =
                field(node, "right").map(|kind| self.name(kind)).unwrap_or_else(|| self.names.of("Object"));
            return ExprKind::IsKind(Box::new(left), kind);
        }
        let right = self.js_child(node, "right");
        ExprKind::Binary(binary_op(op), Box::new(left), Box::new(right))
    }

    pub(super) fn js_target(&mut self, node: Node<'_>, declares: bool) -> Target {
        let at = self.spot(node);
        match node.kind() {
            "identifier" | "shorthand_property_identifier_pattern" => {
                let name = self.name(node);
                if declares {
                    Target::Declare(self.declare(name), None, at)
                } else {
                    Target::Name(self.resolve(name), at)
                }
            }
            "member_expression" => {
                let object = self.js_child(node, "object");
                match field(node, "property") {
                    Some(name) => {
                        let text = self.slice(name).trim_start_matches('#');
                        if text == "exports"
                            && matches!(&object.kind, ExprKind::Name(base) if self.names.text(*base) == "module")
                        {
                            let exports = self.names.of("<exports>");
                            return Target::Name(exports, at);
                        }
                        let name = self.names.of(text);
                        Target::Field(self.js_exports(object), name)
                    }
                    None => Target::Nothing,
                }
            }
            "subscript_expression" => {
                let object = self.js_child(node, "object");
                Target::Index(object, self.js_child(node, "index"))
            }
            "array_pattern" => {
                let mut targets = Vec::new();
                let mut cursor = node.walk();
                let mut empty = true;
                for child in node.children(&mut cursor) {
                    match child.kind() {
                        "," => {
                            if empty {
                                targets.push((Target::Nothing, false));
                            }
                            empty = true;
                        }
                        "rest_pattern" => {
                            empty = false;
                            if let Some(inner) = children(child).first() {
                                targets.push((self.js_target(*inner, declares), true));
                            }
                        }
                        _ if child.is_named() => {
                            empty = false;
                            targets.push((self.js_target(child, declares), false));
                        }
                        _ => {}
                    }
                }
                Target::List(targets)
            }
            "object_pattern" => {
                let mut targets = Vec::new();
                for child in children(node) {
                    match child.kind() {
                        "shorthand_property_identifier_pattern" => {
                            let key = self.name(child);
                            targets.push((Some(key), self.js_target(child, declares), None));
                        }
                        "pair_pattern" => {
                            let key = field(child, "key").map(|key| self.name(key));
                            let Some(value) = field(child, "value") else { continue };
                            let (value, default) = match value.kind() {
                                "assignment_pattern" => {
                                    let default = field(value, "right").map(|right| self.js_expr(right));
                                    match field(value, "left") {
                                        Some(left) => (left, default),
                                        None => continue,
                                    }
                                }
                                _ => (value, None),
                            };
                            targets.push((key, self.js_target(value, declares), default));
                        }
                        "object_assignment_pattern" => {
                            let Some(left) = field(child, "left") else { continue };
                            let default = field(child, "right").map(|right| self.js_expr(right));
                            let key = self.name(left);
                            targets.push((Some(key), self.js_target(left, declares), default));
                        }
                        "rest_pattern" => {
                            if let Some(inner) = children(child).first() {
                                targets.push((None, self.js_target(*inner, declares), None));
                            }
                        }
                        _ => {}
                    }
                }
                Target::Map(targets)
            }
            "assignment_pattern" => {
                field(node, "left").map_or(Target::Nothing, |left| self.js_target(left, declares))
            }
            "parenthesized_expression" | "non_null_expression" | "as_expression" => {
                children(node).first().map_or(Target::Nothing, |inner| self.js_target(*inner, declares))
            }
            _ => Target::Nothing,
        }
    }

    /// `exports.x = …` writes into what the file gives.
    pub(super) fn js_exports(&mut self, object: Expr) -> Expr {
        match &object.kind {
            ExprKind::Name(name) if self.names.text(*name) == "exports" => {
                Expr { at: object.at, kind: ExprKind::Name(self.names.of("<exports>")) }
            }
            _ => object,
        }
    }
}
