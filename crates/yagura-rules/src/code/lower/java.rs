//! Java.

use super::*;

impl Lowering<'_> {
    pub(super) fn java(&mut self, root: Node<'_>) -> Vec<Stmt> {
        for node in children(root) {
            match node.kind() {
                "package_declaration" => {
                    self.package =
                        children(node).last().map(|name| self.slice(*name).to_owned()).unwrap_or_default();
                }
                "import_declaration" => self.java_import(node),
                _ => {}
            }
        }
        let mut out = Vec::new();
        for node in children(root) {
            if !self.java_class_like(node, &mut out) && node.kind() != "import_declaration" {
                self.java_stmt(node, &mut out);
            }
        }
        out
    }

    fn java_import(&mut self, node: Node<'_>) {
        let Some(path) = children(node).into_iter().find(|child| child.kind() != "asterisk") else { return };
        let text = self.slice(path).to_owned();
        let is_static = has_token(node, "static");
        if children(node).iter().any(|child| child.kind() == "asterisk") {
            let from = self.names.of(&text);
            self.imports.push(Import { local: None, from, member: None });
            return;
        }
        let Some((head, last)) = text.rsplit_once('.') else { return };
        let local = self.names.of(last);
        let import = if is_static {
            Import { local: Some(local), from: self.names.of(head), member: Some(local) }
        } else {
            Import { local: Some(local), from: self.names.of(&text), member: None }
        };
        self.imports.push(import);
    }

    /// A class declaration of any kind; false when the node is none.
    fn java_class_like(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) -> bool {
        if !matches!(
            node.kind(),
            "class_declaration"
                | "interface_declaration"
                | "enum_declaration"
                | "record_declaration"
                | "annotation_type_declaration"
        ) {
            return false;
        }
        let Some(name) = field(node, "name") else { return true };
        let name = self.name(name);
        let is_local = self.counts.len() > 1;
        let at = self.spot(node);
        let id = self.reserve_class(name, at, is_local);
        let mut bases = Vec::new();
        for part in children(node) {
            match part.kind() {
                "superclass" | "super_interfaces" | "extends_interfaces" => self.java_types(part, &mut bases),
                _ => {}
            }
        }
        let marks = self.java_marks(node);
        let params = field(node, "parameters");
        self.classes.push(id);
        let (mut methods, mut fields) = (Vec::new(), Vec::new());
        if let Some(params) = params {
            self.java_record(params, &mut fields, &mut methods, name, at);
        }
        if let Some(body) = field(node, "body") {
            self.java_members(body, &mut methods, &mut fields);
        }
        self.classes.pop();
        if let Some(class) = self.class_mut(id) {
            class.bases = bases;
            class.methods = methods;
            class.fields = fields;
            class.marks = marks;
        }
        out.push(Stmt::Class(name, id));
        true
    }

    /// The fields, accessors and constructor that a record has without saying so.
    fn java_record(
        &mut self,
        params: Node<'_>,
        fields: &mut Vec<FieldDecl>,
        methods: &mut Vec<FunctionId>,
        class: Name,
        at: Spot,
    ) {
        self.enter();
        let params = self.java_params(params);
        let this = |at| Expr { at, kind: ExprKind::This };
        let mut body = Vec::new();
        let mut accessors = Vec::new();
        for param in &params {
            fields.push(FieldDecl {
                name: param.name,
                kind: param.kind,
                value: None,
                is_static: false,
                marks: Vec::new(),
                at,
            });
            body.push(Stmt::Expr(Expr {
                at,
                kind: ExprKind::Assign(
                    Box::new(Target::Field(this(at), param.name)),
                    Box::new(Expr { at, kind: ExprKind::Name(param.name) }),
                ),
            }));
            let read = Expr { at, kind: ExprKind::Field(Box::new(this(at)), param.name) };
            accessors.push((param.name, vec![Stmt::Return(Some(read), at)]));
        }
        let size = self.leave();
        let mut method = |this: &mut Self, name, params, body| {
            let (module, class) = (this.file, this.classes.last().copied());
            let id = this.add(Function {
                name,
                module,
                class,
                params,
                receiver: None,
                body,
                marks: Vec::new(),
                is_static: false,
                is_closure: false,
                result: None,
                at,
                size,
            });
            methods.push(id);
        };
        method(self, class, params, body);
        for (name, body) in accessors {
            method(self, name, Vec::new(), body);
        }
    }

    fn java_types(&mut self, node: Node<'_>, out: &mut Vec<Name>) {
        for child in children(node) {
            match child.kind() {
                "type_list" | "interface_type_list" => self.java_types(child, out),
                _ => {
                    let kind = self.java_type(child);
                    out.push(kind);
                }
            }
        }
    }

    /// A type without its arguments and dimensions.
    fn java_type(&mut self, node: Node<'_>) -> Name {
        match node.kind() {
            "generic_type" | "array_type" | "annotated_type" => {
                let inner = field(node, "element").or_else(|| {
                    children(node).into_iter().find(|child| !child.kind().ends_with("annotation"))
                });
                match inner {
                    Some(inner) => self.java_type(inner),
                    None => self.name(node),
                }
            }
            _ => {
                let text = self.slice(node);
                let text = text.split('<').next().unwrap_or(text);
                self.names.of(text)
            }
        }
    }

    fn java_marks(&mut self, node: Node<'_>) -> Vec<Mark> {
        let mut out = Vec::new();
        for modifiers in children(node).into_iter().filter(|child| child.kind() == "modifiers") {
            for mark in children(modifiers) {
                let Some(name) = field(mark, "name") else { continue };
                let path = self.name(name);
                let mut args = Vec::new();
                for arg in field(mark, "arguments").map(children).unwrap_or_default() {
                    if arg.kind() == "element_value_pair" {
                        let name = field(arg, "key").map(|key| self.name(key));
                        if let Some(value) = field(arg, "value") {
                            let value = self.java_expr(value);
                            args.push(Arg { name, spread: false, value });
                        }
                    } else {
                        let value = self.java_expr(arg);
                        args.push(Arg { name: None, spread: false, value });
                    }
                }
                out.push(Mark { path, args });
            }
        }
        out
    }

    fn java_is_static(&self, node: Node<'_>) -> bool {
        children(node).iter().any(|child| child.kind() == "modifiers" && has_token(*child, "static"))
    }

    fn java_members(&mut self, body: Node<'_>, methods: &mut Vec<FunctionId>, fields: &mut Vec<FieldDecl>) {
        for member in children(body) {
            match member.kind() {
                "method_declaration" | "constructor_declaration" | "compact_constructor_declaration" => {
                    methods.push(self.java_method(member));
                }
                "field_declaration" | "constant_declaration" => self.java_fields(member, fields),
                "static_initializer" | "block" => {
                    let at = self.spot(member);
                    self.enter();
                    let is_static = member.kind() == "static_initializer";
                    let inner = if is_static { children(member).into_iter().next() } else { Some(member) };
                    let body = inner.map(|inner| self.java_block(inner)).unwrap_or_default();
                    let size = self.leave();
                    let name = self.names.of(if is_static { "<static>" } else { "<init>" });
                    let (module, class) = (self.file, self.classes.last().copied());
                    methods.push(self.add(Function {
                        name,
                        module,
                        class,
                        params: Vec::new(),
                        receiver: None,
                        body,
                        marks: Vec::new(),
                        is_static,
                        is_closure: false,
                        result: None,
                        at,
                        size,
                    }));
                }
                "enum_constant" => {
                    let Some(name) = field(member, "name").map(|name| self.name(name)) else { continue };
                    let at = self.spot(member);
                    let class = self
                        .classes
                        .last()
                        .and_then(|id| self.program.classes.get(*id as usize))
                        .map(|class| class.name);
                    let args =
                        field(member, "arguments").map(|args| self.java_args(args)).unwrap_or_default();
                    let value = class.map(|class| {
                        Rc::new(Expr {
                            at,
                            kind: ExprKind::New(Box::new(New {
                                class,
                                args,
                                body: None,
                                fields: Vec::new(),
                            })),
                        })
                    });
                    fields.push(FieldDecl {
                        name,
                        kind: class,
                        value,
                        is_static: true,
                        marks: Vec::new(),
                        at,
                    });
                }
                "enum_body_declarations" => self.java_members(member, methods, fields),
                _ => {
                    let mut ignored = Vec::new();
                    self.java_class_like(member, &mut ignored);
                }
            }
        }
    }

    fn java_fields(&mut self, node: Node<'_>, out: &mut Vec<FieldDecl>) {
        let kind = field(node, "type").map(|kind| self.java_type(kind));
        let is_static = self.java_is_static(node) || node.kind() == "constant_declaration";
        let marks = self.java_marks(node);
        for declarator in fields(node, "declarator") {
            let Some(name) = field(declarator, "name").map(|name| self.name(name)) else { continue };
            let value = field(declarator, "value").map(|value| Rc::new(self.java_expr(value)));
            let at = self.spot(declarator);
            out.push(FieldDecl { name, kind, value, is_static, marks: marks.clone(), at });
        }
    }

    fn java_method(&mut self, node: Node<'_>) -> FunctionId {
        let at = self.spot(node);
        let name = field(node, "name").map(|name| self.name(name)).unwrap_or_else(|| self.names.of(""));
        let marks = self.java_marks(node);
        let is_static = self.java_is_static(node);
        let result = field(node, "type").map(|kind| self.java_type(kind));
        self.enter();
        let params = field(node, "parameters").map(|params| self.java_params(params)).unwrap_or_default();
        let body = field(node, "body").map(|body| self.java_block(body)).unwrap_or_default();
        let size = self.leave();
        let (module, class) = (self.file, self.classes.last().copied());
        self.add(Function {
            name,
            module,
            class,
            params,
            receiver: None,
            body,
            marks,
            is_static,
            is_closure: false,
            result,
            at,
            size,
        })
    }

    fn java_params(&mut self, node: Node<'_>) -> Vec<Param> {
        let mut out = Vec::new();
        for param in children(node) {
            let rest = param.kind() == "spread_parameter";
            let name = match param.kind() {
                "formal_parameter" => field(param, "name"),
                "spread_parameter" => children(param)
                    .into_iter()
                    .find(|child| child.kind() == "variable_declarator")
                    .and_then(|declarator| field(declarator, "name")),
                "identifier" => Some(param),
                _ => None,
            };
            let Some(name) = name else { continue };
            let kind = field(param, "type").map(|kind| self.java_type(kind));
            let marks = self.java_marks(param);
            let name = self.name(name);
            let name = self.declare_kind(name, kind);
            out.push(Param {
                name,
                kind,
                default: None,
                pattern: None,
                marks,
                rest,
                named_rest: false,
                by_reference: false,
            });
        }
        out
    }

    fn java_block(&mut self, node: Node<'_>) -> Vec<Stmt> {
        self.scoped(|this| {
            let mut out = Vec::new();
            if matches!(node.kind(), "block" | "constructor_body") {
                for child in children(node) {
                    this.java_stmt(child, &mut out);
                }
            } else {
                this.java_stmt(node, &mut out);
            }
            out
        })
    }

    fn java_stmt(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        if self.depth >= MOST_DEPTH {
            return;
        }
        self.depth += 1;
        self.count();
        self.java_stmt_inner(node, out);
        self.depth -= 1;
    }

    fn java_stmt_inner(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        match node.kind() {
            "block" => {
                let body = self.java_block(node);
                out.push(Stmt::Block(None, body));
            }
            "local_variable_declaration" => {
                let kind = field(node, "type").map(|kind| self.java_type(kind));
                for declarator in fields(node, "declarator") {
                    let value = field(declarator, "value").map(|value| self.java_expr(value));
                    let Some(name) = field(declarator, "name") else { continue };
                    let (spot, name) = (self.spot(name), self.name(name));
                    let name = self.declare_kind(name, kind);
                    let value = value.unwrap_or(Expr { at, kind: ExprKind::Const(Const::Null) });
                    out.push(assign(Target::Declare(name, kind, spot), value, at));
                }
            }
            "expression_statement" => {
                for child in children(node) {
                    let value = self.java_expr(child);
                    out.push(Stmt::Expr(value));
                }
            }
            "if_statement" => {
                let condition = self.java_child(node, "condition");
                let then = field(node, "consequence").map(|body| self.java_block(body)).unwrap_or_default();
                let other = field(node, "alternative").map(|body| self.java_block(body)).unwrap_or_default();
                out.push(Stmt::If(condition, then, other));
            }
            "while_statement" | "do_statement" | "for_statement" => self.java_loop(node, None, out),
            "enhanced_for_statement" => self.java_each(node, None, out),
            "labeled_statement" => {
                let parts = children(node);
                let label = parts.first().map(|label| self.name(*label));
                if let Some(body) = parts.get(1) {
                    match body.kind() {
                        "while_statement" | "do_statement" | "for_statement" => {
                            self.java_loop(*body, label, out)
                        }
                        "enhanced_for_statement" => self.java_each(*body, label, out),
                        _ => {
                            let body = self.java_block(*body);
                            out.push(Stmt::Block(label, body));
                        }
                    }
                }
            }
            "return_statement" => {
                let value = children(node).first().map(|value| self.java_expr(*value));
                out.push(Stmt::Return(value, at));
            }
            "yield_statement" => {
                if let Some(value) = children(node).first() {
                    let value = self.java_expr(*value);
                    out.push(Stmt::Expr(value));
                }
            }
            "throw_statement" => {
                let value = children(node).first().map(|value| self.java_expr(*value));
                out.push(Stmt::Throw(value, at));
            }
            "break_statement" => {
                let label = children(node).first().map(|label| self.name(*label));
                out.push(Stmt::Break(label));
            }
            "continue_statement" => {
                let label = children(node).first().map(|label| self.name(*label));
                out.push(Stmt::Continue(label));
            }
            "switch_expression" | "switch_statement" => {
                let switch = self.java_switch(node);
                out.push(Stmt::Switch(Box::new(switch)));
            }
            "try_statement" | "try_with_resources_statement" => self.java_try(node, out),
            "synchronized_statement" => {
                if let Some(body) = field(node, "body") {
                    let body = self.java_block(body);
                    out.push(Stmt::Block(None, body));
                }
            }
            "explicit_constructor_invocation" => {
                let args = field(node, "arguments").map(|args| self.java_args(args)).unwrap_or_default();
                let kind = match field(node, "constructor").map(|node| node.kind()) {
                    Some("super") => ExprKind::Super,
                    _ => ExprKind::This,
                };
                let callee = Expr { at, kind };
                let call = Call { callee, args, apart: false };
                out.push(Stmt::Expr(Expr { at, kind: ExprKind::Call(Box::new(call)) }));
            }
            "assert_statement" => {}
            _ => {
                if !self.java_class_like(node, out) {
                    for child in children(node) {
                        self.java_stmt(child, out);
                    }
                }
            }
        }
    }

    fn java_loop(&mut self, node: Node<'_>, label: Option<Name>, out: &mut Vec<Stmt>) {
        let (begin, looped) = self.scoped(|this| {
            let mut begin = Vec::new();
            for init in fields(node, "init") {
                if init.kind() == "local_variable_declaration" {
                    this.java_stmt(init, &mut begin);
                } else {
                    let value = this.java_expr(init);
                    begin.push(Stmt::Expr(value));
                }
            }
            let condition = field(node, "condition").map(|condition| this.java_expr(condition));
            let body = field(node, "body").map(|body| this.java_block(body)).unwrap_or_default();
            let step =
                fields(node, "update").into_iter().map(|step| Stmt::Expr(this.java_expr(step))).collect();
            let body_first = node.kind() == "do_statement";
            (begin, Loop { label, condition, body_first, body, step })
        });
        out.extend(begin);
        out.push(Stmt::Loop(Box::new(looped)));
    }

    fn java_each(&mut self, node: Node<'_>, label: Option<Name>, out: &mut Vec<Stmt>) {
        let over = self.java_child(node, "value");
        let each = self.scoped(|this| {
            let kind = field(node, "type").map(|kind| this.java_type(kind));
            let value = field(node, "name").map(|name| {
                let (at, name) = (this.spot(name), this.name(name));
                Target::Declare(this.declare(name), kind, at)
            });
            let body = field(node, "body").map(|body| this.java_block(body)).unwrap_or_default();
            Each { label, key: None, value, over, body }
        });
        out.push(Stmt::Each(Box::new(each)));
    }

    fn java_switch(&mut self, node: Node<'_>) -> Switch {
        let subject = self.java_child(node, "condition");
        let mut cases = Vec::new();
        let mut falls_through = true;
        for group in field(node, "body").map(children).unwrap_or_default() {
            let (mut labels, mut body) = (Vec::new(), Vec::new());
            let mut open = false;
            let is_rule = group.kind() == "switch_rule";
            falls_through &= !is_rule;
            self.scoped(|this| {
                for child in children(group) {
                    if child.kind() == "switch_label" {
                        for label in children(child) {
                            if label.kind() == "pattern" || label.kind() == "guard" {
                                open = true;
                            } else {
                                let label = this.java_expr(label);
                                labels.push(label);
                            }
                        }
                    } else {
                        this.java_stmt(child, &mut body);
                    }
                }
            });
            cases.push(Case { labels, bind: None, guard: None, open, body });
        }
        Switch { subject: Some(subject), cases, falls_through }
    }

    fn java_try(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let (body, resources) = self.scoped(|this| {
            let mut begin = Vec::new();
            for resource in field(node, "resources").map(children).unwrap_or_default() {
                let at = this.spot(resource);
                let kind = field(resource, "type").map(|kind| this.java_type(kind));
                if let (Some(name), Some(value)) = (field(resource, "name"), field(resource, "value")) {
                    let value = this.java_expr(value);
                    let name = this.name(name);
                    let name = this.declare(name);
                    begin.push(assign(Target::Declare(name, kind, at), value, at));
                }
            }
            let body = field(node, "body").map(|body| this.java_block(body)).unwrap_or_default();
            (body, begin)
        });
        let mut whole = resources;
        whole.extend(body);
        let (mut catches, mut finally) = (Vec::new(), Vec::new());
        for part in children(node) {
            match part.kind() {
                "catch_clause" => {
                    let caught = self.scoped(|this| {
                        let param =
                            children(part).into_iter().find(|child| child.kind() == "catch_formal_parameter");
                        let mut kinds = Vec::new();
                        let target = param.and_then(|param| {
                            for kind in
                                children(param).into_iter().filter(|child| child.kind() == "catch_type")
                            {
                                for kind in children(kind) {
                                    let kind = this.java_type(kind);
                                    kinds.push(kind);
                                }
                            }
                            let name = field(param, "name")?;
                            let (at, name) = (this.spot(name), this.name(name));
                            Some(Target::Declare(this.declare(name), kinds.first().copied(), at))
                        });
                        let body = field(part, "body").map(|body| this.java_block(body)).unwrap_or_default();
                        (target, kinds, body)
                    });
                    catches.push(caught);
                }
                "finally_clause" => {
                    finally = children(part).first().map(|body| self.java_block(*body)).unwrap_or_default();
                }
                _ => {}
            }
        }
        out.push(Stmt::Try(Box::new(Try { body: whole, catches, otherwise: Vec::new(), finally })));
    }

    fn java_child(&mut self, node: Node<'_>, name: &str) -> Expr {
        match field(node, name) {
            Some(child) => self.java_expr(child),
            None => Expr { at: self.spot(node), kind: ExprKind::Unknown(Vec::new()) },
        }
    }

    fn java_args(&mut self, node: Node<'_>) -> Vec<Arg> {
        children(node)
            .into_iter()
            .map(|arg| Arg { name: None, spread: false, value: self.java_expr(arg) })
            .collect()
    }

    fn java_expr(&mut self, node: Node<'_>) -> Expr {
        if node.kind() == "parenthesized_expression"
            && let Some(inner) = children(node).first()
            && self.depth < MOST_DEPTH
        {
            self.depth += 1;
            let inner = self.java_expr(*inner);
            self.depth -= 1;
            return inner;
        }
        self.nested(node, Self::java_kind)
    }

    fn java_kind(&mut self, node: Node<'_>) -> ExprKind {
        match node.kind() {
            "identifier" => self.variable(node),
            "this" => ExprKind::This,
            "super" => ExprKind::Super,
            "string_literal" => ExprKind::Const(Const::Text(unquoted(self.slice(node), &["\"\"\"", "\""]))),
            "character_literal" => ExprKind::Const(Const::Text(unquoted(self.slice(node), &["'"]))),
            "true" => ExprKind::Const(Const::Bool(true)),
            "false" => ExprKind::Const(Const::Bool(false)),
            "null_literal" => ExprKind::Const(Const::Null),
            kind if kind.ends_with("_literal") && kind != "class_literal" => {
                ExprKind::Const(number(self.slice(node)))
            }
            "method_invocation" => {
                let Some(name) = field(node, "name") else { return ExprKind::Unknown(Vec::new()) };
                let at = self.spot(name);
                let callee = match field(node, "object") {
                    Some(object) => {
                        let object = self.java_expr(object);
                        let name = self.name(name);
                        Expr { at, kind: ExprKind::Field(Box::new(object), name) }
                    }
                    None => {
                        let name = self.name(name);
                        Expr { at, kind: ExprKind::Name(name) }
                    }
                };
                let args = field(node, "arguments").map(|args| self.java_args(args)).unwrap_or_default();
                ExprKind::Call(Box::new(Call { callee, args, apart: false }))
            }
            "object_creation_expression" => {
                let class = field(node, "type").map(|kind| self.java_type(kind));
                let args = field(node, "arguments").map(|args| self.java_args(args)).unwrap_or_default();
                let body = children(node).into_iter().find(|child| child.kind() == "class_body");
                let class = class.unwrap_or_else(|| self.names.of(""));
                let body = body.map(|body| self.java_anonymous(body, class));
                ExprKind::New(Box::new(New { class, args, body, fields: Vec::new() }))
            }
            "field_access" => {
                let object = self.java_child(node, "object");
                let Some(name) = field(node, "field").map(|name| self.name(name)) else {
                    return ExprKind::Unknown(vec![object]);
                };
                ExprKind::Field(Box::new(object), name)
            }
            "array_access" => {
                let array = self.java_child(node, "array");
                let index = self.java_child(node, "index");
                ExprKind::Index(Box::new(array), Box::new(index))
            }
            "assignment_expression" => {
                let target = field(node, "left").map_or(Target::Nothing, |left| self.java_target(left));
                let operator = field(node, "operator").map_or("=", |operator| self.slice(operator));
                let right = self.java_child(node, "right");
                let value = match operator.strip_suffix('=').filter(|op| !op.is_empty()) {
                    None => right,
                    Some(op) => {
                        let left = self.java_child(node, "left");
                        let kind = ExprKind::Binary(binary_op(op), Box::new(left), Box::new(right));
                        Expr { at: self.spot(node), kind }
                    }
                };
                ExprKind::Assign(Box::new(target), Box::new(value))
            }
            "update_expression" => {
                let Some(operand) = children(node).first().copied() else {
                    return ExprKind::Unknown(Vec::new());
                };
                let text = self.slice(node);
                let op = if text.contains("++") { BinaryOp::Add } else { BinaryOp::Sub };
                let at = self.spot(node);
                let target = self.java_target(operand);
                let before = self.java_expr(operand);
                let one = Expr { at, kind: ExprKind::Const(Const::Int(1)) };
                let value = Expr { at, kind: ExprKind::Binary(op, Box::new(before), Box::new(one)) };
                if text.starts_with(['+', '-']) {
                    ExprKind::Assign(Box::new(target), Box::new(value))
                } else {
                    ExprKind::PostAssign(Box::new(target), Box::new(value))
                }
            }
            "binary_expression" => self.java_binary(node),
            "unary_expression" => {
                let operand = self.java_child(node, "operand");
                let op = match field(node, "operator").map_or("", |operator| self.slice(operator)) {
                    "!" => UnaryOp::Not,
                    "-" => UnaryOp::Minus,
                    "~" => UnaryOp::BitNot,
                    _ => UnaryOp::Plus,
                };
                ExprKind::Unary(op, Box::new(operand))
            }
            "ternary_expression" => ExprKind::If(
                Box::new(self.java_child(node, "condition")),
                Box::new(self.java_child(node, "consequence")),
                Box::new(self.java_child(node, "alternative")),
            ),
            "cast_expression" => {
                let value = self.java_child(node, "value");
                match field(node, "type").map(|kind| self.java_type(kind)) {
                    Some(kind) => ExprKind::Cast(kind, Box::new(value)),
                    None => value.kind,
                }
            }
            "instanceof_expression" => self.java_instanceof(node),
            "lambda_expression" => {
                let at = self.spot(node);
                self.enter();
                let params = match field(node, "parameters") {
                    Some(params) if params.kind() == "identifier" => {
                        let name = self.name(params);
                        let name = self.declare(name);
                        vec![param(name)]
                    }
                    Some(params) => self.java_params(params),
                    None => Vec::new(),
                };
                let body = match field(node, "body") {
                    Some(body) if body.kind() == "block" => self.java_block(body),
                    Some(body) => {
                        let value = self.java_expr(body);
                        vec![Stmt::Return(Some(value), at)]
                    }
                    None => Vec::new(),
                };
                self.closure(params, body, at)
            }
            "method_reference" => self.java_reference(node),
            "array_creation_expression" => match field(node, "value") {
                Some(value) => self.java_kind(value),
                None => ExprKind::List(Vec::new()),
            },
            "array_initializer" => {
                let items = children(node).into_iter().map(|item| (self.java_expr(item), false)).collect();
                ExprKind::List(items)
            }
            "switch_expression" => {
                let mut switch = self.java_switch(node);
                switch.falls_through = false;
                ExprKind::Do(vec![Stmt::Switch(Box::new(switch))])
            }
            "class_literal" => {
                let text = self.slice(node);
                let text = text.strip_suffix(".class").unwrap_or(text);
                let name = self.names.of(text);
                let inner = Expr { at: self.spot(node), kind: ExprKind::Name(name) };
                let class = self.names.of("class");
                ExprKind::Field(Box::new(inner), class)
            }
            "parenthesized_expression" => match children(node).first() {
                Some(inner) => self.java_expr(*inner).kind,
                None => ExprKind::Unknown(Vec::new()),
            },
            _ => {
                let parts = children(node).into_iter().map(|child| self.java_expr(child)).collect();
                ExprKind::Unknown(parts)
            }
        }
    }

    /// `a + b + c` may be thousands of terms long; it is gone through from the left without nesting.
    fn java_binary(&mut self, node: Node<'_>) -> ExprKind {
        let op = field(node, "operator").map_or("", |operator| self.slice(operator));
        if op == "+" {
            let mut terms = Vec::new();
            let mut at = node;
            while at.kind() == "binary_expression"
                && field(at, "operator").is_some_and(|operator| operator.kind() == "+")
            {
                terms.extend(field(at, "right"));
                match field(at, "left") {
                    Some(left) => at = left,
                    None => break,
                }
            }
            terms.push(at);
            terms.reverse();
            return ExprKind::Sum(terms.into_iter().map(|term| self.java_expr(term)).collect());
        }
        let op = binary_op(op);
        let left = self.java_child(node, "left");
        let right = self.java_child(node, "right");
        ExprKind::Binary(op, Box::new(left), Box::new(right))
    }

    fn java_instanceof(&mut self, node: Node<'_>) -> ExprKind {
        let left = self.java_child(node, "left");
        let at = self.spot(node);
        let (kind, name) = match field(node, "pattern") {
            Some(pattern) => {
                let parts = children(pattern);
                let kind = parts.iter().find(|part| part.kind() != "identifier").copied();
                (kind, parts.iter().find(|part| part.kind() == "identifier").copied())
            }
            None => (field(node, "right"), field(node, "name")),
        };
        let kind = kind.map(|kind| self.java_type(kind)).unwrap_or_else(|| self.names.of("Object"));
        match name {
            None => ExprKind::IsKind(Box::new(left), kind),
            Some(name) => {
                let name = self.name(name);
                let name = self.declare(name);
                let declared = Expr {
                    at,
                    kind: ExprKind::Assign(Box::new(Target::Declare(name, Some(kind), at)), Box::new(left)),
                };
                ExprKind::IsKind(Box::new(declared), kind)
            }
        }
    }

    fn java_target(&mut self, node: Node<'_>) -> Target {
        match node.kind() {
            "identifier" => self.written(node),
            "field_access" => {
                let object = self.java_child(node, "object");
                match field(node, "field").map(|name| self.name(name)) {
                    Some(name) => Target::Field(object, name),
                    None => Target::Nothing,
                }
            }
            "array_access" => Target::Index(self.java_child(node, "array"), self.java_child(node, "index")),
            "parenthesized_expression" => {
                children(node).first().map_or(Target::Nothing, |inner| self.java_target(*inner))
            }
            _ => Target::Nothing,
        }
    }

    fn java_anonymous(&mut self, body: Node<'_>, base: Name) -> ClassId {
        let at = self.spot(body);
        let name = self.names.of("");
        let id = self.reserve_class(name, at, true);
        self.classes.push(id);
        let (mut methods, mut fields) = (Vec::new(), Vec::new());
        self.java_members(body, &mut methods, &mut fields);
        self.classes.pop();
        if let Some(class) = self.class_mut(id) {
            class.bases = vec![base];
            class.methods = methods;
            class.fields = fields;
        }
        id
    }

    /// `A::b` is a closure that calls `A.b` with what it is given.
    fn java_reference(&mut self, node: Node<'_>) -> ExprKind {
        let at = self.spot(node);
        let parts = children(node);
        let Some(object) = parts.first() else { return ExprKind::Unknown(Vec::new()) };
        self.enter();
        let rest = self.names.of("arguments");
        let given = Expr { at, kind: ExprKind::Name(rest) };
        let args = vec![Arg { name: None, spread: true, value: given }];
        let kind = if has_token(node, "new") {
            let class = self.java_type(*object);
            ExprKind::New(Box::new(New { class, args, body: None, fields: Vec::new() }))
        } else {
            let object = self.java_expr(*object);
            let name = parts.last().map(|name| self.name(*name)).unwrap_or(rest);
            let callee = Expr { at, kind: ExprKind::Field(Box::new(object), name) };
            ExprKind::Call(Box::new(Call { callee, args, apart: false }))
        };
        let body = vec![Stmt::Return(Some(Expr { at, kind }), at)];
        let mut given = param(rest);
        given.rest = true;
        self.closure(vec![given], body, at)
    }
}
