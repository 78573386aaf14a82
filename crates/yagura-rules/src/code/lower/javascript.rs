//! JavaScript and TypeScript, with JSX.

use super::*;

impl Lowering<'_> {
    pub(super) fn javascript(&mut self, root: Node<'_>) -> Vec<Stmt> {
        let at = self.spot(root);
        let mut out = Vec::new();
        let text = std::str::from_utf8(self.text).unwrap_or_default();
        if text.contains("module.exports") || text.contains("exports.") {
            let exports = self.names.of("<exports>");
            let empty = Expr { at, kind: ExprKind::Map(Vec::new()) };
            out.push(assign(Target::Declare(exports, None, at), empty, at));
        }
        for child in children(root) {
            self.js_stmt(child, &mut out);
        }
        out
    }

    fn js_block(&mut self, node: Node<'_>) -> Vec<Stmt> {
        self.scoped(|this| {
            let mut out = Vec::new();
            match node.kind() {
                "statement_block" | "class_static_block" => {
                    for child in children(node) {
                        this.js_stmt(child, &mut out);
                    }
                }
                "else_clause" | "finally_clause" => {
                    for child in children(node) {
                        let inner = this.js_block(child);
                        out.extend(inner);
                    }
                }
                _ => this.js_stmt(node, &mut out),
            }
            out
        })
    }

    fn js_field_block(&mut self, node: Node<'_>, name: &str) -> Vec<Stmt> {
        field(node, name).map(|body| self.js_block(body)).unwrap_or_default()
    }

    fn js_stmt(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        if self.depth >= MOST_DEPTH {
            return;
        }
        self.depth += 1;
        self.count();
        self.js_stmt_inner(node, out);
        self.depth -= 1;
    }

    fn js_stmt_inner(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        match node.kind() {
            "import_statement" => self.js_import(node),
            "export_statement" => self.js_export(node, out),
            "function_declaration" | "generator_function_declaration" => {
                let Some(name) = field(node, "name").map(|name| self.name(name)) else { return };
                let nested = self.counts.len() > 1;
                let id = self.js_function(node, name, nested, None, false);
                if !nested {
                    self.functions.push(id);
                }
                out.push(Stmt::Function(name, id));
            }
            "class_declaration" | "abstract_class_declaration" => {
                if let Some((name, id)) = self.js_class(node) {
                    out.push(Stmt::Class(name, id));
                }
            }
            "lexical_declaration" | "variable_declaration" => self.js_declaration(node, out),
            "expression_statement" => {
                for child in children(node) {
                    let value = self.js_expr(child);
                    out.push(Stmt::Expr(value));
                }
            }
            "statement_block" => {
                let body = self.js_block(node);
                out.push(Stmt::Block(None, body));
            }
            "if_statement" => {
                let condition = self.js_child(node, "condition");
                let then = self.js_field_block(node, "consequence");
                let other = self.js_field_block(node, "alternative");
                out.push(Stmt::If(condition, then, other));
            }
            "for_statement" | "while_statement" | "do_statement" | "for_in_statement" => {
                self.js_loop(node, None, out)
            }
            "labeled_statement" => {
                let label = field(node, "label").map(|label| self.name(label));
                let Some(body) = field(node, "body") else { return };
                match body.kind() {
                    "for_statement" | "while_statement" | "do_statement" | "for_in_statement" => {
                        self.js_loop(body, label, out);
                    }
                    _ => {
                        let body = self.js_block(body);
                        out.push(Stmt::Block(label, body));
                    }
                }
            }
            "return_statement" => {
                let value = children(node).first().map(|value| self.js_expr(*value));
                out.push(Stmt::Return(value, at));
            }
            "throw_statement" => {
                let value = children(node).first().map(|value| self.js_expr(*value));
                out.push(Stmt::Throw(value, at));
            }
            "break_statement" => {
                let label = field(node, "label").map(|label| self.name(label));
                out.push(Stmt::Break(label));
            }
            "continue_statement" => {
                let label = field(node, "label").map(|label| self.name(label));
                out.push(Stmt::Continue(label));
            }
            "switch_statement" => {
                let subject = self.js_child(node, "value");
                let mut cases = Vec::new();
                for clause in field(node, "body").map(children).unwrap_or_default() {
                    let labels: Vec<Expr> =
                        field(clause, "value").map(|value| self.js_expr(value)).into_iter().collect();
                    let body = self.scoped(|this| {
                        let mut body = Vec::new();
                        for child in fields(clause, "body") {
                            this.js_stmt(child, &mut body);
                        }
                        body
                    });
                    cases.push(Case { labels, bind: None, guard: None, open: false, body });
                }
                out.push(Stmt::Switch(Box::new(Switch {
                    subject: Some(subject),
                    cases,
                    falls_through: true,
                })));
            }
            "try_statement" => {
                let body = self.js_field_block(node, "body");
                let mut catches = Vec::new();
                if let Some(handler) = field(node, "handler") {
                    let caught = self.scoped(|this| {
                        let target = field(handler, "parameter").map(|param| this.js_target(param, true));
                        (target, Vec::new(), this.js_field_block(handler, "body"))
                    });
                    catches.push(caught);
                }
                let finally = self.js_field_block(node, "finalizer");
                out.push(Stmt::Try(Box::new(Try { body, catches, otherwise: Vec::new(), finally })));
            }
            "enum_declaration" => {
                let Some(name) = field(node, "name").map(|name| self.name(name)) else { return };
                let mut entries = Vec::new();
                for (number, member) in
                    field(node, "body").map(children).unwrap_or_default().into_iter().enumerate()
                {
                    let spot = self.spot(member);
                    let (key, value) = match member.kind() {
                        "enum_assignment" => (field(member, "name"), field(member, "value")),
                        _ => (Some(member), None),
                    };
                    let Some(key) = key else { continue };
                    let key = Expr { at: spot, kind: ExprKind::Const(Const::Text(self.slice(key).into())) };
                    let value = match value {
                        Some(value) => self.js_expr(value),
                        None => Expr { at: spot, kind: ExprKind::Const(Const::Int(number as i64)) },
                    };
                    entries.push((Some(key), value));
                }
                let value = Expr { at, kind: ExprKind::Map(entries) };
                let name = self.declare(name);
                out.push(assign(Target::Declare(name, None, at), value, at));
            }
            "empty_statement"
            | "interface_declaration"
            | "type_alias_declaration"
            | "ambient_declaration"
            | "function_signature"
            | "hash_bang_line"
            | "debugger_statement" => {}
            _ => {
                let value = self.js_expr(node);
                out.push(Stmt::Expr(value));
            }
        }
    }

    fn js_declaration(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        for declarator in children(node).into_iter().filter(|child| child.kind() == "variable_declarator") {
            let Some(name) = field(declarator, "name") else { continue };
            let value = field(declarator, "value");
            let named = (name.kind() == "identifier").then(|| self.name(name));
            let value = match value {
                Some(value) => self.js_named(value, named),
                None => Expr { at, kind: ExprKind::Const(Const::Null) },
            };
            let mut target = self.js_target(name, true);
            if let (Target::Declare(_, kind, _), Some(annotation)) = (&mut target, field(declarator, "type"))
            {
                *kind = self.js_type(annotation);
            }
            out.push(assign(target, value, at));
        }
    }

    /// A type annotation without its arguments.
    fn js_type(&mut self, node: Node<'_>) -> Option<Name> {
        let text = self.slice(node).trim_start_matches(':').trim();
        let text = text.split(['<', '[', '|', ' ']).next().unwrap_or(text);
        let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
        plain.then(|| self.names.of(text))
    }

    fn js_loop(&mut self, node: Node<'_>, label: Option<Name>, out: &mut Vec<Stmt>) {
        if node.kind() == "for_in_statement" {
            let over = self.js_child(node, "right");
            let of = field(node, "operator").is_some_and(|op| op.kind() == "of");
            let each = self.scoped(|this| {
                let declares = field(node, "kind").is_some();
                let target = field(node, "left").map(|left| this.js_target(left, declares));
                let body = this.js_field_block(node, "body");
                let (key, value) = if of { (None, target) } else { (target, None) };
                Each { label, key, value, over, body }
            });
            out.push(Stmt::Each(Box::new(each)));
            return;
        }
        let (begin, looped) = self.scoped(|this| {
            let mut begin = Vec::new();
            if let Some(init) = field(node, "initializer") {
                this.js_stmt(init, &mut begin);
            }
            let condition = field(node, "condition").and_then(|condition| match condition.kind() {
                "empty_statement" => None,
                "expression_statement" => children(condition).first().map(|inner| this.js_expr(*inner)),
                _ => Some(this.js_expr(condition)),
            });
            let body = this.js_field_block(node, "body");
            let step =
                field(node, "increment").map(|step| Stmt::Expr(this.js_expr(step))).into_iter().collect();
            (begin, Loop { label, condition, body_first: node.kind() == "do_statement", body, step })
        });
        out.extend(begin);
        out.push(Stmt::Loop(Box::new(looped)));
    }

    fn js_string(&self, node: Node<'_>) -> Rc<str> {
        unquoted(self.slice(node), &["\"", "'", "`"])
    }

    fn js_import(&mut self, node: Node<'_>) {
        let Some(source) = field(node, "source").map(|source| self.js_string(source)) else { return };
        let from = self.names.of(&source);
        for clause in children(node).into_iter().filter(|child| child.kind() == "import_clause") {
            for part in children(clause) {
                match part.kind() {
                    "identifier" => {
                        let local = Some(self.name(part));
                        self.imports.push(Import { local, from, member: None });
                    }
                    "namespace_import" => {
                        let local = children(part).first().map(|name| self.name(*name));
                        self.imports.push(Import { local, from, member: None });
                    }
                    "named_imports" => {
                        for one in children(part) {
                            let Some(name) = field(one, "name").map(|name| self.name(name)) else { continue };
                            let local = field(one, "alias").map(|alias| self.name(alias)).unwrap_or(name);
                            let member = (self.names.text(name) != "default").then_some(name);
                            self.imports.push(Import { local: Some(local), from, member });
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn js_export(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        let default = self.names.of("default");
        let is_default = has_token(node, "default");
        if let Some(declaration) = field(node, "declaration") {
            self.js_stmt(declaration, out);
            if is_default && let Some(name) = field(declaration, "name") {
                let value = self.js_expr(name);
                out.push(assign(Target::Declare(default, None, at), value, at));
            }
        }
        if let Some(value) = field(node, "value") {
            let value = self.js_named(value, Some(default));
            out.push(assign(Target::Declare(default, None, at), value, at));
        }
        let source = field(node, "source").map(|source| self.js_string(source));
        for clause in children(node).into_iter().filter(|child| child.kind() == "export_clause") {
            for one in children(clause) {
                let Some(name) = field(one, "name").map(|name| self.name(name)) else { continue };
                let shown = field(one, "alias").map(|alias| self.name(alias)).unwrap_or(name);
                match &source {
                    Some(source) => {
                        let from = self.names.of(source);
                        self.imports.push(Import { local: Some(shown), from, member: Some(name) });
                    }
                    None if shown != name => {
                        let value = Expr { at, kind: ExprKind::Name(name) };
                        out.push(assign(Target::Declare(shown, None, at), value, at));
                    }
                    None => {}
                }
            }
        }
    }

    fn js_function(
        &mut self,
        node: Node<'_>,
        name: Name,
        closure: bool,
        class: Option<ClassId>,
        is_static: bool,
    ) -> FunctionId {
        let at = self.spot(node);
        self.enter();
        let params = match (field(node, "parameters"), field(node, "parameter")) {
            (Some(params), _) => self.js_params(params),
            (None, Some(one)) => {
                let name = self.name(one);
                vec![param(self.declare(name))]
            }
            _ => Vec::new(),
        };
        let body = match field(node, "body") {
            Some(body) if body.kind() == "statement_block" => self.js_block(body),
            Some(body) => {
                let value = self.js_expr(body);
                vec![Stmt::Return(Some(value), at)]
            }
            None => Vec::new(),
        };
        let size = self.leave();
        // Arrow functions have the `this` of the function around them.
        let receiver = (node.kind() != "arrow_function").then(|| self.names.of("this"));
        let module = self.file;
        let marks = class.map(|_| self.js_marks(node)).unwrap_or_default();
        self.add(Function {
            name,
            module,
            class,
            params,
            receiver: receiver.filter(|_| class.is_none()),
            body,
            marks,
            is_static,
            is_closure: closure,
            result: None,
            at,
            size,
        })
    }

    fn js_marks(&mut self, node: Node<'_>) -> Vec<Mark> {
        let mut found: Vec<Node<'_>> =
            children(node).into_iter().filter(|child| child.kind() == "decorator").collect();
        // Decorators of a method stand before it in the body.
        let mut before = node.prev_named_sibling();
        while let Some(sibling) = before.filter(|sibling| sibling.kind() == "decorator") {
            found.push(sibling);
            before = sibling.prev_named_sibling();
        }
        let mut out = Vec::new();
        for mark in found {
            let Some(inner) = children(mark).first().copied() else { continue };
            let path = field(inner, "function").unwrap_or(inner);
            out.push(Mark { path: self.name(path), args: Vec::new() });
        }
        out
    }

    fn js_params(&mut self, node: Node<'_>) -> Vec<Param> {
        let mut out = Vec::new();
        for child in children(node) {
            let (mut pattern, mut kind, mut default) = (child, None, None);
            let mut marks = Vec::new();
            if matches!(child.kind(), "required_parameter" | "optional_parameter") {
                kind = field(child, "type").and_then(|kind| self.js_type(kind));
                default = field(child, "value").map(|value| Rc::new(self.js_expr(value)));
                marks = self.js_marks(child);
                match field(child, "pattern") {
                    Some(inner) => pattern = inner,
                    None => continue,
                }
            }
            if pattern.kind() == "assignment_pattern" {
                default = field(pattern, "right").map(|value| Rc::new(self.js_expr(value)));
                match field(pattern, "left") {
                    Some(inner) => pattern = inner,
                    None => continue,
                }
            }
            let rest = pattern.kind() == "rest_pattern";
            if rest {
                match children(pattern).first() {
                    Some(inner) => pattern = *inner,
                    None => continue,
                }
            }
            let mut one = if pattern.kind() == "identifier" {
                let name = self.name(pattern);
                param(self.declare(name))
            } else {
                let target = self.js_target(pattern, true);
                let mut one = param(self.names.of("{}"));
                one.pattern = Some(target);
                one
            };
            one.kind = kind;
            one.default = default;
            one.rest = rest;
            one.marks = marks;
            out.push(one);
        }
        out
    }

    fn js_class(&mut self, node: Node<'_>) -> Option<(Name, ClassId)> {
        let at = self.spot(node);
        let name = match field(node, "name") {
            Some(name) => self.name(name),
            None => self.names.of("<class>"),
        };
        let is_local = self.counts.len() > 1;
        let id = self.reserve_class(name, at, is_local);
        let mut bases = Vec::new();
        for heritage in children(node).into_iter().filter(|child| child.kind() == "class_heritage") {
            for part in children(heritage) {
                match part.kind() {
                    "extends_clause" => bases.extend(field(part, "value").map(|value| self.name(value))),
                    "implements_clause" => {
                        for kind in children(part) {
                            bases.extend(self.js_type(kind));
                        }
                    }
                    _ => bases.push(self.name(part)),
                }
            }
        }
        let marks = self.js_marks(node);
        self.classes.push(id);
        let (mut methods, mut decls) = (Vec::new(), Vec::new());
        for member in field(node, "body").map(children).unwrap_or_default() {
            match member.kind() {
                "method_definition" => {
                    let Some(name) = field(member, "name") else { continue };
                    let name = match self.slice(name) {
                        "constructor" => self.names.of("<new>"),
                        text => self.names.of(text.trim_start_matches('#')),
                    };
                    let is_static = has_token(member, "static");
                    let method = self.js_function(member, name, false, Some(id), is_static);
                    if has_token(member, "get")
                        && let Some(function) = self.program.functions.get_mut(method as usize)
                    {
                        function.marks.push(Mark { path: self.names.of("property"), args: Vec::new() });
                    }
                    methods.push(method);
                    self.js_parameter_fields(member, &mut decls);
                }
                "field_definition" | "public_field_definition" => {
                    let Some(name) = field(member, "property").or_else(|| field(member, "name")) else {
                        continue;
                    };
                    let text = self.slice(name).trim_start_matches('#');
                    let name = self.names.of(text);
                    let kind = field(member, "type").and_then(|kind| self.js_type(kind));
                    let value = field(member, "value").map(|value| Rc::new(self.js_named(value, Some(name))));
                    let is_static = has_token(member, "static");
                    let at = self.spot(member);
                    decls.push(FieldDecl { name, kind, value, is_static, marks: Vec::new(), at });
                }
                "class_static_block" => {
                    self.enter();
                    let body = field(member, "body").map(|body| self.js_block(body)).unwrap_or_default();
                    let size = self.leave();
                    let name = self.names.of("<static>");
                    let module = self.file;
                    methods.push(self.add(Function {
                        name,
                        module,
                        class: Some(id),
                        params: Vec::new(),
                        receiver: None,
                        body,
                        marks: Vec::new(),
                        is_static: true,
                        is_closure: false,
                        result: None,
                        at,
                        size,
                    }));
                }
                _ => {}
            }
        }
        self.classes.pop();
        if let Some(class) = self.class_mut(id) {
            class.bases = bases;
            class.methods = methods;
            class.fields = decls;
            class.marks = marks;
        }
        Some((name, id))
    }

    /// `constructor(private db: Db)` declares a field.
    fn js_parameter_fields(&mut self, method: Node<'_>, out: &mut Vec<FieldDecl>) {
        for child in field(method, "parameters").map(children).unwrap_or_default() {
            if !children(child).iter().any(|part| part.kind() == "accessibility_modifier") {
                continue;
            }
            let Some(pattern) = field(child, "pattern") else { continue };
            let name = self.name(pattern);
            let kind = field(child, "type").and_then(|kind| self.js_type(kind));
            let at = self.spot(child);
            out.push(FieldDecl { name, kind, value: None, is_static: false, marks: Vec::new(), at });
        }
    }

    fn js_child(&mut self, node: Node<'_>, name: &str) -> Expr {
        match field(node, name) {
            Some(child) => self.js_expr(child),
            None => Expr { at: self.spot(node), kind: ExprKind::Unknown(Vec::new()) },
        }
    }

    fn js_args(&mut self, node: Node<'_>) -> Vec<Arg> {
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

    fn js_expr(&mut self, node: Node<'_>) -> Expr {
        self.js_named(node, None)
    }

    /// An expression that gets a name, if it is a function.
    fn js_named(&mut self, node: Node<'_>, name: Option<Name>) -> Expr {
        self.nested(node, |this, node| this.js_kind(node, name))
    }

    fn js_kind(&mut self, node: Node<'_>, named: Option<Name>) -> ExprKind {
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
    fn js_attribute(&mut self, node: Node<'_>) -> ExprKind {
        let at = self.spot(node);
        let parts = children(node);
        let name = parts.first().map(|name| self.slice(*name).to_owned()).unwrap_or_default();
        let Some(value) = parts.get(1) else { return ExprKind::Unknown(Vec::new()) };
        let value = self.js_expr(*value);
        let (jsx, name) = (self.names.of("jsx"), self.names.of(&name));
        let target = Target::Field(Expr { at, kind: ExprKind::Name(jsx) }, name);
        ExprKind::Assign(Box::new(target), Box::new(value))
    }

    fn js_object(&mut self, node: Node<'_>) -> ExprKind {
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

    fn js_key(&mut self, node: Node<'_>) -> Expr {
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

    fn js_call(&mut self, node: Node<'_>) -> ExprKind {
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

    fn js_binary(&mut self, node: Node<'_>) -> ExprKind {
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

    fn js_target(&mut self, node: Node<'_>, declares: bool) -> Target {
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
    fn js_exports(&mut self, object: Expr) -> Expr {
        match &object.kind {
            ExprKind::Name(name) if self.names.text(*name) == "exports" => {
                Expr { at: object.at, kind: ExprKind::Name(self.names.of("<exports>")) }
            }
            _ => object,
        }
    }
}
