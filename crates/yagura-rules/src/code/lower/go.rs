//! Go.

use super::*;

impl Lowering<'_> {
    pub(super) fn go(&mut self, root: Node<'_>, path: &str) -> Vec<Stmt> {
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        self.package = folder.to_owned();
        // Types first: methods may stand before them.
        for node in children(root) {
            if node.kind() == "type_declaration" {
                self.go_types(node, false);
            }
        }
        let mut out = Vec::new();
        for node in children(root) {
            match node.kind() {
                "import_declaration" => self.go_imports(node),
                "type_declaration" | "package_clause" => {}
                _ => self.go_stmt(node, &mut out),
            }
        }
        out
    }

    fn go_imports(&mut self, node: Node<'_>) {
        for part in children(node) {
            if part.kind() == "import_spec_list" {
                self.go_imports(part);
            } else if let Some(path) = field(part, "path") {
                let path = unquoted(self.slice(path), &["\"", "`"]);
                let from = self.names.of(&path);
                let local = match field(part, "name") {
                    Some(name) if name.kind() == "dot" => None,
                    Some(name) => Some(self.name(name)),
                    None => {
                        let mut parts = path.rsplit('/');
                        let last = parts.next().unwrap_or_default();
                        let version = last.strip_prefix('v').is_some_and(|rest| rest.parse::<u32>().is_ok());
                        let last = if version { parts.next().unwrap_or(last) } else { last };
                        let last = last.split(".v").next().unwrap_or(last).to_owned();
                        Some(self.names.of(&last))
                    }
                };
                self.imports.push(Import { local, from, member: None });
            }
        }
    }

    fn go_types(&mut self, node: Node<'_>, is_local: bool) {
        for spec in children(node) {
            let Some(name) = field(spec, "name").map(|name| self.name(name)) else { continue };
            let at = self.spot(spec);
            let id = self.reserve_class(name, at, is_local);
            let (mut decls, mut bases) = (Vec::new(), Vec::new());
            let kind = field(spec, "type");
            if let Some(kind) = kind.filter(|kind| kind.kind() == "struct_type") {
                let list = children(kind).into_iter().flat_map(children);
                for member in list.filter(|child| child.kind() == "field_declaration") {
                    let kind = field(member, "type").map(|kind| self.go_type(kind));
                    let names = fields(member, "name");
                    if names.is_empty() {
                        bases.extend(kind);
                    }
                    for name in names {
                        let (at, name) = (self.spot(name), self.name(name));
                        decls.push(FieldDecl {
                            name,
                            kind,
                            value: None,
                            is_static: false,
                            marks: Vec::new(),
                            at,
                        });
                    }
                }
            }
            if let Some(class) = self.class_mut(id) {
                class.fields = decls;
                class.bases = bases;
            }
        }
    }

    /// A type without pointers, packages of generics and brackets.
    fn go_type(&mut self, node: Node<'_>) -> Name {
        let text = self.slice(node).trim_start_matches(['*', '&', ' ', '(']);
        let text = match text.strip_prefix("[]") {
            Some(element) => element.trim_start_matches('*'),
            None => text,
        };
        let name = text.split(['[', '{', ' ', ')']).next().unwrap_or(text).to_owned();
        self.names.of(&name)
    }

    fn go_block(&mut self, node: Node<'_>) -> Vec<Stmt> {
        self.scoped(|this| {
            let mut out = Vec::new();
            this.go_list(node, &mut out);
            out
        })
    }

    fn go_list(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        for child in children(node) {
            if child.kind() == "statement_list" {
                self.go_list(child, out);
            } else {
                self.go_stmt(child, out);
            }
        }
    }

    fn go_field_block(&mut self, node: Node<'_>, name: &str) -> Vec<Stmt> {
        match field(node, name) {
            Some(body) if body.kind() == "if_statement" => self.scoped(|this| {
                let mut out = Vec::new();
                this.go_stmt(body, &mut out);
                out
            }),
            Some(body) => self.go_block(body),
            None => Vec::new(),
        }
    }

    fn go_stmt(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        if self.depth >= MOST_DEPTH {
            return;
        }
        self.depth += 1;
        self.count();
        self.go_stmt_inner(node, out);
        self.depth -= 1;
    }

    fn go_stmt_inner(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        match node.kind() {
            "function_declaration" => {
                let Some(name) = field(node, "name").map(|name| self.name(name)) else { return };
                let id = self.go_function(node, name, None, None, false);
                self.functions.push(id);
                out.push(Stmt::Function(name, id));
            }
            "method_declaration" => self.go_method(node),
            "type_declaration" => self.go_types(node, true),
            "var_declaration" | "const_declaration" => self.go_variables(node, out),
            "block" => {
                let body = self.go_block(node);
                out.push(Stmt::Block(None, body));
            }
            "statement_list" => self.go_list(node, out),
            "short_var_declaration" | "assignment_statement" => self.go_assignment(node, out),
            "inc_statement" | "dec_statement" => {
                let Some(operand) = children(node).first().copied() else { return };
                let op = if node.kind() == "inc_statement" { BinaryOp::Add } else { BinaryOp::Sub };
                let before = self.go_expr(operand);
                let one = Expr { at, kind: ExprKind::Const(Const::Int(1)) };
                let value = Expr { at, kind: ExprKind::Binary(op, Box::new(before), Box::new(one)) };
                let target = self.go_target(operand, false);
                out.push(assign(target, value, at));
            }
            "if_statement" => {
                let body = self.scoped(|this| {
                    let mut body = Vec::new();
                    if let Some(init) = field(node, "initializer") {
                        this.go_stmt(init, &mut body);
                    }
                    let condition = this.go_child(node, "condition");
                    let then = this.go_field_block(node, "consequence");
                    let other = this.go_field_block(node, "alternative");
                    body.push(Stmt::If(condition, then, other));
                    body
                });
                out.extend(body);
            }
            "for_statement" => self.go_loop(node, None, out),
            "labeled_statement" => {
                let parts = children(node);
                let label = parts.first().map(|label| self.name(*label));
                match parts.get(1) {
                    Some(body) if body.kind() == "for_statement" => self.go_loop(*body, label, out),
                    Some(body) => {
                        let mut inner = Vec::new();
                        self.go_stmt(*body, &mut inner);
                        out.push(Stmt::Block(label, inner));
                    }
                    None => {}
                }
            }
            "expression_switch_statement" | "type_switch_statement" | "select_statement" => {
                self.go_switch(node, out)
            }
            "return_statement" => {
                let values: Vec<Node<'_>> =
                    children(node)
                        .into_iter()
                        .flat_map(|child| {
                            if child.kind() == "expression_list" { children(child) } else { vec![child] }
                        })
                        .collect();
                let value = match values.as_slice() {
                    [] => None,
                    [one] => Some(self.go_expr(*one)),
                    several => {
                        let items = several.iter().map(|one| (self.go_expr(*one), false)).collect();
                        Some(Expr { at, kind: ExprKind::List(items) })
                    }
                };
                out.push(Stmt::Return(value, at));
            }
            "break_statement" => {
                let label = children(node).first().map(|label| self.name(*label));
                out.push(Stmt::Break(label));
            }
            "continue_statement" => {
                let label = children(node).first().map(|label| self.name(*label));
                out.push(Stmt::Continue(label));
            }
            "go_statement" => {
                for child in children(node) {
                    let value = self.go_expr(child);
                    out.push(Stmt::Expr(value));
                }
            }
            "defer_statement" => {
                let body = children(node).into_iter().map(|child| Stmt::Expr(self.go_expr(child))).collect();
                out.push(Stmt::Defer(body));
            }
            "send_statement" => {
                let channel = self.go_child(node, "channel");
                let value = self.go_child(node, "value");
                out.push(assign(Target::Push(channel), value, at));
            }
            "expression_statement" => {
                for child in children(node) {
                    let value = self.go_expr(child);
                    out.push(Stmt::Expr(value));
                }
            }
            "receive_statement" => {
                let value = self.go_child(node, "right");
                let targets: Vec<Node<'_>> = field(node, "left").map(children).unwrap_or_default();
                let target = match targets.first() {
                    Some(first) => self.go_target(*first, has_token(node, ":=")),
                    None => Target::Nothing,
                };
                out.push(assign(target, value, at));
            }
            "fallthrough_statement" | "empty_statement" | "goto_statement" | "comment" => {}
            _ => {
                let value = self.go_expr(node);
                out.push(Stmt::Expr(value));
            }
        }
    }

    fn go_variables(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        for (number, spec) in children(node).into_iter().enumerate() {
            if matches!(spec.kind(), "var_spec_list" | "const_spec_list") {
                self.go_variables(spec, out);
                continue;
            }
            let kind = field(spec, "type").map(|kind| self.go_type(kind));
            let values: Vec<Node<'_>> = field(spec, "value").map(children).unwrap_or_default();
            let names = fields(spec, "name");
            if names.len() > 1 && values.len() == 1 {
                let value = values.first().map(|value| self.go_expr(*value));
                let targets = names.into_iter().map(|name| (self.go_target(name, true), false)).collect();
                if let Some(value) = value {
                    out.push(assign(Target::List(targets), value, at));
                }
                continue;
            }
            for (index, name) in names.into_iter().enumerate() {
                let value = match values.get(index) {
                    Some(value) if self.slice(*value) == "iota" => {
                        Expr { at, kind: ExprKind::Const(Const::Int(number as i64)) }
                    }
                    Some(value) => self.go_expr(*value),
                    None => self.go_zero(field(spec, "type"), at),
                };
                let spot = self.spot(name);
                let name = self.name(name);
                let name = self.declare_kind(name, kind);
                out.push(assign(Target::Declare(name, kind, spot), value, at));
            }
        }
    }

    /// What a variable holds that nothing was written to.
    fn go_zero(&mut self, kind: Option<Node<'_>>, at: Spot) -> Expr {
        let Some(kind) = kind else { return Expr { at, kind: ExprKind::Const(Const::Null) } };
        let kind = match kind.kind() {
            "slice_type" | "array_type" => ExprKind::List(Vec::new()),
            "map_type" => ExprKind::Map(Vec::new()),
            _ => match self.slice(kind) {
                "string" => ExprKind::Const(Const::Text("".into())),
                "bool" => ExprKind::Const(Const::Bool(false)),
                "int" | "int64" | "int32" | "uint" | "byte" => ExprKind::Const(Const::Int(0)),
                text if text.starts_with('*')
                    || text.starts_with("func")
                    || text.contains("interface")
                    || text == "error" =>
                {
                    ExprKind::Const(Const::Null)
                }
                _ => {
                    let class = self.go_type(kind);
                    ExprKind::New(Box::new(New { class, args: Vec::new(), body: None, fields: Vec::new() }))
                }
            },
        };
        Expr { at, kind }
    }

    fn go_assignment(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        let declares = node.kind() == "short_var_declaration";
        let left = field(node, "left").map(children).unwrap_or_default();
        let right = field(node, "right").map(children).unwrap_or_default();
        let operator = field(node, "operator").map_or("=", |op| op.kind());
        if let (Some(op), [target], [value]) = (
            operator.strip_suffix('=').filter(|op| !op.is_empty() && *op != ":"),
            left.as_slice(),
            right.as_slice(),
        ) {
            let before = self.go_expr(*target);
            let value = self.go_expr(*value);
            let value = Expr { at, kind: ExprKind::Binary(binary_op(op), Box::new(before), Box::new(value)) };
            let target = self.go_target(*target, false);
            out.push(assign(target, value, at));
            return;
        }
        match (left.as_slice(), right.as_slice()) {
            ([target], [value]) => {
                let value = self.go_expr(*value);
                let target = self.go_target(*target, declares);
                out.push(assign(target, value, at));
            }
            (targets, [value]) => {
                let mut value = self.go_expr(*value);
                // `v, ok := m[k]`
                if !matches!(value.kind, ExprKind::Call(_)) {
                    let unknown = Expr { at, kind: ExprKind::Unknown(Vec::new()) };
                    value = Expr { at, kind: ExprKind::List(vec![(value, false), (unknown, false)]) };
                }
                let targets =
                    targets.iter().map(|target| (self.go_target(*target, declares), false)).collect();
                out.push(assign(Target::List(targets), value, at));
            }
            (targets, values) => {
                let items = values.iter().map(|value| (self.go_expr(*value), false)).collect();
                let targets =
                    targets.iter().map(|target| (self.go_target(*target, declares), false)).collect();
                out.push(assign(Target::List(targets), Expr { at, kind: ExprKind::List(items) }, at));
            }
        }
    }

    fn go_loop(&mut self, node: Node<'_>, label: Option<Name>, out: &mut Vec<Stmt>) {
        let body_node = field(node, "body");
        let clause =
            children(node).into_iter().find(|child| body_node.is_none_or(|body| body.id() != child.id()));
        let body = self.scoped(|this| {
            let mut begin = Vec::new();
            let looped = match clause {
                Some(clause) if clause.kind() == "range_clause" => {
                    let over = this.go_child(clause, "right");
                    let declares = has_token(clause, ":=");
                    let targets = field(clause, "left").map(children).unwrap_or_default();
                    let mut targets = targets.into_iter().map(|target| this.go_target(target, declares));
                    let key = targets.next();
                    let value = targets.next();
                    drop(targets);
                    let body = body_node.map(|body| this.go_block(body)).unwrap_or_default();
                    Stmt::Each(Box::new(Each { label, key, value, over, body }))
                }
                Some(clause) if clause.kind() == "for_clause" => {
                    if let Some(init) = field(clause, "initializer") {
                        this.go_stmt(init, &mut begin);
                    }
                    let condition = field(clause, "condition").map(|condition| this.go_expr(condition));
                    let mut step = Vec::new();
                    let body = body_node.map(|body| this.go_block(body)).unwrap_or_default();
                    if let Some(update) = field(clause, "update") {
                        this.go_stmt(update, &mut step);
                    }
                    Stmt::Loop(Box::new(Loop { label, condition, body_first: false, body, step }))
                }
                other => {
                    let condition = other.map(|condition| this.go_expr(condition));
                    let body = body_node.map(|body| this.go_block(body)).unwrap_or_default();
                    Stmt::Loop(Box::new(Loop { label, condition, body_first: false, body, step: Vec::new() }))
                }
            };
            begin.push(looped);
            begin
        });
        out.extend(body);
    }

    fn go_switch(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let body = self.scoped(|this| {
            let mut begin = Vec::new();
            if let Some(init) = field(node, "initializer") {
                this.go_stmt(init, &mut begin);
            }
            let is_type = node.kind() == "type_switch_statement";
            let subject = field(node, "value").map(|value| this.go_expr(value));
            let alias = field(node, "alias").and_then(|alias| children(alias).first().copied());
            let mut cases = Vec::new();
            for clause in children(node) {
                if !clause.kind().ends_with("_case") {
                    continue;
                }
                let (mut labels, mut body) = (Vec::new(), Vec::new());
                let is_default = clause.kind() == "default_case";
                let case = this.scoped(|this| {
                    let bind = alias.map(|alias| this.go_target(alias, true));
                    let mut skip = Vec::new();
                    if let Some(values) = field(clause, "value") {
                        skip.push(values.id());
                        if !is_type {
                            labels = children(values).into_iter().map(|value| this.go_expr(value)).collect();
                        }
                    }
                    skip.extend(fields(clause, "type").iter().map(|kind| kind.id()));
                    for child in children(clause) {
                        if !skip.contains(&child.id()) {
                            this.go_stmt(child, &mut body);
                        }
                    }
                    Case {
                        labels,
                        bind,
                        guard: None,
                        open: !is_default && (is_type || node.kind() == "select_statement"),
                        body,
                    }
                });
                cases.push(case);
            }
            begin.push(Stmt::Switch(Box::new(Switch { subject, cases, falls_through: false })));
            begin
        });
        out.extend(body);
    }

    fn go_function(
        &mut self,
        node: Node<'_>,
        name: Name,
        class: Option<ClassId>,
        receiver: Option<Node<'_>>,
        closure: bool,
    ) -> FunctionId {
        let at = self.spot(node);
        self.enter();
        let receiver = receiver
            .and_then(|list| children(list).first().copied())
            .and_then(|one| field(one, "name"))
            .map(|name| self.name(name))
            .map(|name| self.declare(name));
        let params = field(node, "parameters").map(|params| self.go_params(params)).unwrap_or_default();
        let mut body = Vec::new();
        // Named results are variables.
        if let Some(result) = field(node, "result").filter(|result| result.kind() == "parameter_list") {
            for one in children(result) {
                for name in fields(one, "name") {
                    let spot = self.spot(name);
                    let name = self.name(name);
                    let name = self.declare(name);
                    let zero = self.go_zero(field(one, "type"), spot);
                    body.push(assign(Target::Declare(name, None, spot), zero, spot));
                }
            }
        }
        if let Some(block) = field(node, "body") {
            self.go_list(block, &mut body);
        }
        let size = self.leave();
        let result = field(node, "result")
            .filter(|result| result.kind() != "parameter_list")
            .map(|kind| self.go_type(kind));
        let module = self.file;
        self.add(Function {
            name,
            module,
            class,
            params,
            receiver,
            body,
            marks: Vec::new(),
            is_static: class.is_none(),
            is_closure: closure,
            result,
            at,
            size,
        })
    }

    fn go_method(&mut self, node: Node<'_>) {
        let Some(name) = field(node, "name").map(|name| self.name(name)) else { return };
        let Some(receiver) = field(node, "receiver") else { return };
        let kind =
            children(receiver).first().and_then(|one| field(*one, "type")).map(|kind| self.go_type(kind));
        let class = kind.and_then(|kind| {
            self.top_classes
                .iter()
                .copied()
                .find(|id| self.program.classes.get(*id as usize).is_some_and(|class| class.name == kind))
        });
        let id = self.go_function(node, name, class, Some(receiver), false);
        match (class, kind) {
            (Some(class), _) => {
                if let Some(class) = self.class_mut(class) {
                    class.methods.push(id);
                }
            }
            (None, Some(kind)) => self.program.loose_methods.push((self.file, kind, id)),
            (None, None) => {}
        }
    }

    fn go_params(&mut self, node: Node<'_>) -> Vec<Param> {
        let mut out = Vec::new();
        for child in children(node) {
            let kind = field(child, "type").map(|kind| self.go_type(kind));
            let rest = child.kind() == "variadic_parameter_declaration";
            let names = fields(child, "name");
            if names.is_empty() {
                out.push(param(self.names.of("_")));
            }
            for name in names {
                let name = self.name(name);
                let mut one = param(self.declare_kind(name, kind));
                one.kind = kind;
                one.rest = rest;
                out.push(one);
            }
        }
        out
    }

    fn go_child(&mut self, node: Node<'_>, name: &str) -> Expr {
        match field(node, name) {
            Some(child) if child.kind() == "expression_list" => match children(child).first() {
                Some(first) => self.go_expr(*first),
                None => Expr { at: self.spot(node), kind: ExprKind::Unknown(Vec::new()) },
            },
            Some(child) => self.go_expr(child),
            None => Expr { at: self.spot(node), kind: ExprKind::Unknown(Vec::new()) },
        }
    }

    fn go_expr(&mut self, node: Node<'_>) -> Expr {
        self.nested(node, Self::go_kind)
    }

    fn go_kind(&mut self, node: Node<'_>) -> ExprKind {
        let at = self.spot(node);
        match node.kind() {
            "identifier" | "type_identifier" | "package_identifier" | "field_identifier" => {
                self.variable(node)
            }
            "interpreted_string_literal" => ExprKind::Const(Const::Text(unquoted(self.slice(node), &["\""]))),
            "raw_string_literal" => ExprKind::Const(Const::Text(self.slice(node).trim_matches('`').into())),
            "rune_literal" => ExprKind::Const(Const::Text(unquoted(self.slice(node), &["'"]))),
            "int_literal" | "float_literal" | "imaginary_literal" => {
                let text = self.slice(node);
                // `0o644` is also written `0644`.
                let octal =
                    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
                let value = if octal {
                    i64::from_str_radix(text, 8).map_or(Const::Float(0.0), Const::Int)
                } else {
                    number(text)
                };
                ExprKind::Const(value)
            }
            "true" => ExprKind::Const(Const::Bool(true)),
            "false" => ExprKind::Const(Const::Bool(false)),
            "nil" => ExprKind::Const(Const::Null),
            "parenthesized_expression" => match children(node).first() {
                Some(inner) => self.go_expr(*inner).kind,
                None => ExprKind::Unknown(Vec::new()),
            },
            "selector_expression" => {
                let operand = self.go_child(node, "operand");
                match field(node, "field").map(|name| self.name(name)) {
                    Some(name) => ExprKind::Field(Box::new(operand), name),
                    None => ExprKind::Unknown(vec![operand]),
                }
            }
            "index_expression" => {
                let operand = self.go_child(node, "operand");
                let index = self.go_child(node, "index");
                ExprKind::Index(Box::new(operand), Box::new(index))
            }
            "slice_expression" => {
                let operand = self.go_child(node, "operand");
                let mut args = Vec::new();
                for name in ["start", "end"] {
                    let value = match field(node, name) {
                        Some(value) => self.go_expr(value),
                        None if name == "start" => Expr { at, kind: ExprKind::Const(Const::Int(0)) },
                        None => continue,
                    };
                    args.push(Arg { name: None, spread: false, value });
                }
                let name = self.names.of("slice");
                let callee = Expr { at, kind: ExprKind::Field(Box::new(operand), name) };
                ExprKind::Call(Box::new(Call { callee, args, apart: false }))
            }
            "call_expression" => self.go_call(node),
            "composite_literal" => self.go_composite(node),
            "func_literal" => {
                let name = self.names.of("");
                ExprKind::Closure(self.go_function(node, name, None, None, true))
            }
            "binary_expression" => self.go_binary(node),
            "unary_expression" => {
                let operand = self.go_child(node, "operand");
                match field(node, "operator").map_or("", |op| op.kind()) {
                    "!" => ExprKind::Unary(UnaryOp::Not, Box::new(operand)),
                    "-" => ExprKind::Unary(UnaryOp::Minus, Box::new(operand)),
                    "^" => ExprKind::Unary(UnaryOp::BitNot, Box::new(operand)),
                    "<-" => {
                        let any = Expr { at, kind: ExprKind::Unknown(Vec::new()) };
                        ExprKind::Index(Box::new(operand), Box::new(any))
                    }
                    _ => ExprKind::Unary(UnaryOp::Through, Box::new(operand)),
                }
            }
            "type_assertion_expression" => self.go_child(node, "operand").kind,
            "type_conversion_expression" => {
                let operand = self.go_child(node, "operand");
                // `[]byte(x)` keeps the text.
                let kind = field(node, "type").filter(|kind| kind.kind() != "slice_type");
                match kind.map(|kind| self.go_type(kind)) {
                    Some(kind) => ExprKind::Cast(kind, Box::new(operand)),
                    None => operand.kind,
                }
            }
            "literal_element" => match children(node).first() {
                Some(inner) => self.go_expr(*inner).kind,
                None => ExprKind::Unknown(Vec::new()),
            },
            _ => {
                let parts = children(node).into_iter().map(|child| self.go_expr(child)).collect();
                ExprKind::Unknown(parts)
            }
        }
    }

    fn go_call(&mut self, node: Node<'_>) -> ExprKind {
        let at = self.spot(node);
        let Some(function) = field(node, "function") else { return ExprKind::Unknown(Vec::new()) };
        let arguments = field(node, "arguments").map(children).unwrap_or_default();
        match (self.slice(function), arguments.as_slice()) {
            ("make", [kind, ..]) => {
                return match kind.kind() {
                    "map_type" => ExprKind::Map(Vec::new()),
                    _ => ExprKind::List(Vec::new()),
                };
            }
            ("new", [kind]) => {
                let class = self.go_type(*kind);
                return ExprKind::New(Box::new(New {
                    class,
                    args: Vec::new(),
                    body: None,
                    fields: Vec::new(),
                }));
            }
            ("string" | "int" | "int64" | "int32" | "float64" | "uint" | "byte" | "rune", [value]) => {
                let kind = self.name(function);
                let value = self.go_expr(*value);
                return ExprKind::Cast(kind, Box::new(value));
            }
            _ => {}
        }
        if matches!(function.kind(), "slice_type" | "array_type") {
            // `[]byte(x)`
            return match arguments.first() {
                Some(value) => self.go_expr(*value).kind,
                None => ExprKind::List(Vec::new()),
            };
        }
        let mut args = Vec::new();
        for argument in arguments {
            let (spread, inner) = match argument.kind() {
                "variadic_argument" => (true, children(argument).first().copied().unwrap_or(argument)),
                _ => (false, argument),
            };
            args.push(Arg { name: None, spread, value: self.go_expr(inner) });
        }
        // `f(a, b...)`
        if has_token(field(node, "arguments").unwrap_or(node), "...")
            && let Some(last) = args.last_mut()
        {
            last.spread = true;
        }
        let callee = self.go_expr(function);
        let panics = matches!(self.slice(function), "panic" | "os.Exit" | "log.Fatal" | "log.Fatalf");
        let call = ExprKind::Call(Box::new(Call { callee, args, apart: false }));
        if panics {
            let value = Expr { at, kind: call };
            return ExprKind::Do(vec![Stmt::Expr(value), Stmt::Throw(None, at)]);
        }
        call
    }

    fn go_composite(&mut self, node: Node<'_>) -> ExprKind {
        let Some(kind) = field(node, "type") else { return ExprKind::Unknown(Vec::new()) };
        let elements = field(node, "body").map(children).unwrap_or_default();
        self.go_literal(Some(kind), elements)
    }

    fn go_literal(&mut self, kind: Option<Node<'_>>, elements: Vec<Node<'_>>) -> ExprKind {
        let is_list = kind.is_some_and(|kind| {
            matches!(kind.kind(), "slice_type" | "array_type" | "implicit_length_array_type")
        });
        let is_map = kind.is_some_and(|kind| kind.kind() == "map_type");
        let inner = kind.and_then(|kind| field(kind, "element").or_else(|| field(kind, "value")));
        let mut list = Vec::new();
        let mut entries = Vec::new();
        let mut plain = Vec::new();
        for element in elements {
            let (key, value) = match element.kind() {
                "keyed_element" => {
                    let parts = children(element);
                    (parts.first().copied(), parts.get(1).copied())
                }
                _ => (None, Some(element)),
            };
            let Some(value) = value else { continue };
            let unwrapped = if value.kind() == "literal_element" {
                children(value).first().copied().unwrap_or(value)
            } else {
                value
            };
            let at = self.spot(unwrapped);
            let shown = if unwrapped.kind() == "literal_value" {
                // The type of the elements is left out.
                let kind = self.go_literal(inner, children(unwrapped));
                Expr { at, kind }
            } else {
                self.go_expr(unwrapped)
            };
            match key {
                Some(key) if is_map => {
                    let key = self.go_expr(key);
                    entries.push((Some(key), shown));
                }
                Some(key) => {
                    let name = self.name(key);
                    plain.push((Some(name), shown));
                }
                None if is_list => list.push((shown, false)),
                None => plain.push((None, shown)),
            }
        }
        if is_list {
            list.extend(plain.into_iter().map(|(_, value)| (value, false)));
            return ExprKind::List(list);
        }
        if is_map {
            return ExprKind::Map(entries);
        }
        let class = match kind {
            Some(kind) => self.go_type(kind),
            None => self.names.of("struct"),
        };
        let order: Vec<Name> = self
            .top_classes
            .iter()
            .filter_map(|id| self.program.classes.get(*id as usize))
            .find(|own| own.name == class)
            .map(|own| own.fields.iter().map(|field| field.name).collect())
            .unwrap_or_default();
        let mut named = Vec::new();
        for (index, (name, value)) in plain.into_iter().enumerate() {
            if let Some(name) = name.or_else(|| order.get(index).copied()) {
                named.push((name, value));
            }
        }
        ExprKind::New(Box::new(New { class, args: Vec::new(), body: None, fields: named }))
    }

    fn go_binary(&mut self, node: Node<'_>) -> ExprKind {
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
            return ExprKind::Sum(terms.into_iter().map(|term| self.go_expr(term)).collect());
        }
        let left = self.go_child(node, "left");
        let right = self.go_child(node, "right");
        ExprKind::Binary(binary_op(op), Box::new(left), Box::new(right))
    }

    fn go_target(&mut self, node: Node<'_>, declares: bool) -> Target {
        let at = self.spot(node);
        match node.kind() {
            "identifier" => {
                let name = self.name(node);
                if self.names.text(name) == "_" {
                    return Target::Nothing;
                }
                // `a, err := …` writes an `err` of the same block again.
                let known = self.scopes.last().is_some_and(|scope| scope.names.contains_key(&name));
                if declares && !known {
                    return Target::Declare(self.declare(name), None, at);
                }
                self.written(node)
            }
            "selector_expression" => {
                let operand = self.go_child(node, "operand");
                match field(node, "field").map(|name| self.name(name)) {
                    Some(name) => Target::Field(operand, name),
                    None => Target::Nothing,
                }
            }
            "index_expression" => {
                let operand = self.go_child(node, "operand");
                Target::Index(operand, self.go_child(node, "index"))
            }
            "parenthesized_expression" => {
                children(node).first().map_or(Target::Nothing, |inner| self.go_target(*inner, false))
            }
            "unary_expression" => {
                field(node, "operand").map_or(Target::Nothing, |inner| self.go_target(inner, false))
            }
            _ => Target::Nothing,
        }
    }
}
