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

    pub(super) fn js_block(&mut self, node: Node<'_>) -> Vec<Stmt> {
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

    pub(super) fn js_field_block(&mut self, node: Node<'_>, name: &str) -> Vec<Stmt> {
        field(node, name).map(|body| self.js_block(body)).unwrap_or_default()
    }

    pub(super) fn js_stmt(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        if self.depth >= MOST_DEPTH {
            return;
        }
        self.depth += 1;
        self.count();
        self.js_stmt_inner(node, out);
        self.depth -= 1;
    }

    pub(super) fn js_stmt_inner(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
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

    pub(super) fn js_declaration(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
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
    pub(super) fn js_type(&mut self, node: Node<'_>) -> Option<Name> {
        let text = self.slice(node).trim_start_matches(':').trim();
        let text = text.split(['<', '[', '|', ' ']).next().unwrap_or(text);
        let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
        plain.then(|| self.names.of(text))
    }

    pub(super) fn js_loop(&mut self, node: Node<'_>, label: Option<Name>, out: &mut Vec<Stmt>) {
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

    pub(super) fn js_string(&self, node: Node<'_>) -> Rc<str> {
        unquoted(self.slice(node), &["\"", "'", "`"])
    }

    pub(super) fn js_import(&mut self, node: Node<'_>) {
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

    pub(super) fn js_export(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
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

    pub(super) fn js_function(
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

    pub(super) fn js_marks(&mut self, node: Node<'_>) -> Vec<Mark> {
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

    pub(super) fn js_params(&mut self, node: Node<'_>) -> Vec<Param> {
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

    pub(super) fn js_class(&mut self, node: Node<'_>) -> Option<(Name, ClassId)> {
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
    pub(super) fn js_parameter_fields(&mut self, method: Node<'_>, out: &mut Vec<FieldDecl>) {
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
}
