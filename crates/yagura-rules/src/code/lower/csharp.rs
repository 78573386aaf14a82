//! C#.

use super::*;

impl Lowering<'_> {
    pub(super) fn csharp(&mut self, root: Node<'_>) -> Vec<Stmt> {
        let mut out = Vec::new();
        self.cs_top(root, &mut out);
        out
    }

    fn cs_top(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        for child in children(node) {
            match child.kind() {
                "using_directive" => self.cs_using(child),
                "namespace_declaration" | "file_scoped_namespace_declaration" => {
                    if let Some(name) = field(child, "name") {
                        self.package = self.slice(name).to_owned();
                    }
                    match field(child, "body") {
                        Some(body) => self.cs_top(body, out),
                        None => self.cs_top(child, out),
                    }
                }
                "global_statement" => {
                    for inner in children(child) {
                        self.cs_stmt(inner, out);
                    }
                }
                "identifier" | "qualified_name" => {}
                _ => {
                    if !self.cs_class(child, out) {
                        self.cs_stmt(child, out);
                    }
                }
            }
        }
    }

    fn cs_using(&mut self, node: Node<'_>) {
        let alias = field(node, "name").map(|name| self.name(name));
        let Some(path) = children(node).last().copied() else { return };
        let from = self.name(path);
        self.imports.push(Import { local: alias, from, member: None });
    }

    /// A type without its arguments, brackets and question mark.
    fn cs_type(&mut self, node: Node<'_>) -> Name {
        let text = self.slice(node);
        let text = text.split(['<', '[', '?']).next().unwrap_or(text).trim().to_owned();
        self.names.of(&text)
    }

    fn cs_marks(&mut self, node: Node<'_>) -> Vec<Mark> {
        let mut out = Vec::new();
        for list in children(node).into_iter().filter(|child| child.kind() == "attribute_list") {
            for mark in children(list) {
                if let Some(name) = field(mark, "name") {
                    out.push(Mark { path: self.name(name), args: Vec::new() });
                }
            }
        }
        out
    }

    fn cs_has(&self, node: Node<'_>, word: &str) -> bool {
        children(node).iter().any(|child| child.kind() == "modifier" && self.slice(*child) == word)
    }

    /// A type declaration of any kind; false when the node is none.
    fn cs_class(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) -> bool {
        if !matches!(
            node.kind(),
            "class_declaration"
                | "struct_declaration"
                | "interface_declaration"
                | "record_declaration"
                | "enum_declaration"
        ) {
            return false;
        }
        let Some(name) = field(node, "name").map(|name| self.name(name)) else { return true };
        let at = self.spot(node);
        let id = self.reserve_class(name, at, self.counts.len() > 1);
        let mut bases = Vec::new();
        for list in children(node).into_iter().filter(|child| child.kind() == "base_list") {
            for base in children(list) {
                bases.push(self.cs_type(base));
            }
        }
        let marks = self.cs_marks(node);
        self.classes.push(id);
        let (mut methods, mut decls) = (Vec::new(), Vec::new());
        for member in field(node, "body").map(children).unwrap_or_default() {
            self.cs_member(member, id, &mut methods, &mut decls);
        }
        self.classes.pop();
        if let Some(class) = self.class_mut(id) {
            class.bases = bases;
            class.methods = methods;
            class.fields = decls;
            class.marks = marks;
        }
        out.push(Stmt::Class(name, id));
        true
    }

    fn cs_member(
        &mut self,
        member: Node<'_>,
        class: ClassId,
        methods: &mut Vec<FunctionId>,
        decls: &mut Vec<FieldDecl>,
    ) {
        let at = self.spot(member);
        match member.kind() {
            "method_declaration" => {
                let Some(name) = field(member, "name").map(|name| self.name(name)) else { return };
                methods.push(self.cs_function(member, name, Some(class), false));
            }
            "constructor_declaration" => {
                let name = self.names.of(if self.cs_has(member, "static") { "<static>" } else { "<new>" });
                methods.push(self.cs_function(member, name, Some(class), false));
            }
            "field_declaration" | "event_field_declaration" => {
                let is_static = self.cs_has(member, "static") || self.cs_has(member, "const");
                for declaration in
                    children(member).into_iter().filter(|child| child.kind() == "variable_declaration")
                {
                    let kind = field(declaration, "type").map(|kind| self.cs_type(kind));
                    for declarator in children(declaration)
                        .into_iter()
                        .filter(|child| child.kind() == "variable_declarator")
                    {
                        let parts = children(declarator);
                        let Some(name) = parts.first().map(|name| self.name(*name)) else { continue };
                        let value = self.cs_initializer(declarator).map(|value| Rc::new(self.cs_expr(value)));
                        decls.push(FieldDecl { name, kind, value, is_static, marks: Vec::new(), at });
                    }
                }
            }
            "property_declaration" => {
                let Some(name) = field(member, "name").map(|name| self.name(name)) else { return };
                let kind = field(member, "type").map(|kind| self.cs_type(kind));
                let is_static = self.cs_has(member, "static");
                // `int X => f();` is a method that is read without brackets.
                let computed =
                    field(member, "value").filter(|value| value.kind() == "arrow_expression_clause");
                if computed.is_some() {
                    let id = self.cs_function(member, name, Some(class), false);
                    if let Some(function) = self.program.functions.get_mut(id as usize) {
                        function.marks.push(Mark { path: self.names.of("property"), args: Vec::new() });
                    }
                    methods.push(id);
                    return;
                }
                let value = field(member, "value").map(|value| Rc::new(self.cs_expr(value)));
                let marks = self.cs_marks(member);
                decls.push(FieldDecl { name, kind, value, is_static, marks, at });
            }
            "enum_member_declaration" => {
                let Some(name) = field(member, "name").map(|name| self.name(name)) else { return };
                let text = Expr { at, kind: ExprKind::Const(Const::Text(self.names.shared(name))) };
                decls.push(FieldDecl {
                    name,
                    kind: None,
                    value: Some(Rc::new(text)),
                    is_static: true,
                    marks: Vec::new(),
                    at,
                });
            }
            // Both sides of a conditional are code.
            kind if kind.starts_with("preproc_") => {
                for inner in children(member) {
                    self.cs_member(inner, class, methods, decls);
                }
            }
            _ => {
                let mut ignored = Vec::new();
                self.cs_class(member, &mut ignored);
            }
        }
    }

    /// What stands behind the `=` of a declaration.
    fn cs_initializer<'t>(&self, declarator: Node<'t>) -> Option<Node<'t>> {
        let parts = children(declarator);
        let last = parts.get(1..)?.last().copied()?;
        match last.kind() {
            "equals_value_clause" => children(last).first().copied(),
            "bracketed_argument_list" => None,
            _ => Some(last),
        }
    }

    fn cs_function(
        &mut self,
        node: Node<'_>,
        name: Name,
        class: Option<ClassId>,
        closure: bool,
    ) -> FunctionId {
        let at = self.spot(node);
        let marks = self.cs_marks(node);
        let is_static = self.cs_has(node, "static");
        let result = field(node, "returns").or_else(|| field(node, "type")).map(|kind| self.cs_type(kind));
        self.enter();
        let params = match field(node, "parameters") {
            Some(params) if params.kind() == "identifier" || params.kind() == "implicit_parameter" => {
                let name = self.name(params);
                vec![param(self.declare(name))]
            }
            Some(params) => self.cs_params(params),
            None => Vec::new(),
        };
        let mut body = Vec::new();
        for initializer in
            children(node).into_iter().filter(|child| child.kind() == "constructor_initializer")
        {
            let kind = if self.slice(initializer).trim_start_matches([':', ' ']).starts_with("this") {
                ExprKind::This
            } else {
                ExprKind::Super
            };
            let args = children(initializer).into_iter().find(|child| child.kind() == "argument_list");
            let args = args.map(|args| self.cs_args(args)).unwrap_or_default();
            let call = Call { callee: Expr { at, kind }, args, apart: false };
            body.push(Stmt::Expr(Expr { at, kind: ExprKind::Call(Box::new(call)) }));
        }
        if let Some(block) = field(node, "body").or_else(|| field(node, "value")) {
            match block.kind() {
                "block" => body.extend(self.cs_block(block)),
                "arrow_expression_clause" => {
                    if let Some(value) = children(block).first() {
                        let value = self.cs_expr(*value);
                        body.push(Stmt::Return(Some(value), at));
                    }
                }
                _ => {
                    let value = self.cs_expr(block);
                    body.push(Stmt::Return(Some(value), at));
                }
            }
        }
        let size = self.leave();
        let module = self.file;
        self.add(Function {
            name,
            module,
            class,
            params,
            receiver: None,
            body,
            marks,
            is_static,
            is_closure: closure,
            result: result.filter(|_| !closure),
            at,
            size,
        })
    }

    fn cs_params(&mut self, node: Node<'_>) -> Vec<Param> {
        let mut out = Vec::new();
        for child in children(node) {
            let Some(name) = field(child, "name").or_else(|| (child.kind() == "identifier").then_some(child))
            else {
                continue;
            };
            let kind = field(child, "type").map(|kind| self.cs_type(kind));
            let name = self.name(name);
            let mut one = param(self.declare_kind(name, kind));
            one.kind = kind;
            one.marks = self.cs_marks(child);
            one.rest = self.cs_has(child, "params") || has_token(child, "params");
            one.by_reference = self.cs_has(child, "ref") || self.cs_has(child, "out");
            out.push(one);
        }
        out
    }

    fn cs_block(&mut self, node: Node<'_>) -> Vec<Stmt> {
        self.scoped(|this| {
            let mut out = Vec::new();
            if node.kind() == "block" {
                for child in children(node) {
                    this.cs_stmt(child, &mut out);
                }
            } else {
                this.cs_stmt(node, &mut out);
            }
            out
        })
    }

    fn cs_field_block(&mut self, node: Node<'_>, name: &str) -> Vec<Stmt> {
        field(node, name).map(|body| self.cs_block(body)).unwrap_or_default()
    }

    fn cs_stmt(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        if self.depth >= MOST_DEPTH {
            return;
        }
        self.depth += 1;
        self.count();
        self.cs_stmt_inner(node, out);
        self.depth -= 1;
    }

    fn cs_stmt_inner(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        match node.kind() {
            "block" => {
                let body = self.cs_block(node);
                out.push(Stmt::Block(None, body));
            }
            "local_declaration_statement" => {
                for declaration in
                    children(node).into_iter().filter(|child| child.kind() == "variable_declaration")
                {
                    self.cs_declaration(declaration, out);
                }
            }
            "variable_declaration" => self.cs_declaration(node, out),
            "expression_statement" => {
                for child in children(node) {
                    let value = self.cs_expr(child);
                    out.push(Stmt::Expr(value));
                }
            }
            "if_statement" => {
                let condition = self.cs_child(node, "condition");
                let then = self.cs_field_block(node, "consequence");
                let other = self.cs_field_block(node, "alternative");
                out.push(Stmt::If(condition, then, other));
            }
            "while_statement" | "do_statement" => {
                let parts = children(node);
                let condition = field(node, "condition")
                    .or_else(|| parts.iter().copied().find(|part| part.kind() != "block"));
                let condition = condition.map(|condition| self.cs_expr(condition));
                let body = match field(node, "body") {
                    Some(body) => self.cs_block(body),
                    None => Vec::new(),
                };
                let body_first = node.kind() == "do_statement";
                out.push(Stmt::Loop(Box::new(Loop {
                    label: None,
                    condition,
                    body_first,
                    body,
                    step: Vec::new(),
                })));
            }
            "for_statement" => {
                let (begin, looped) = self.scoped(|this| {
                    let mut begin = Vec::new();
                    for init in fields(node, "initializer") {
                        this.cs_stmt(init, &mut begin);
                    }
                    let condition = field(node, "condition").map(|condition| this.cs_expr(condition));
                    let body = this.cs_field_block(node, "body");
                    let step = fields(node, "update")
                        .into_iter()
                        .map(|step| Stmt::Expr(this.cs_expr(step)))
                        .collect();
                    (begin, Loop { label: None, condition, body_first: false, body, step })
                });
                out.extend(begin);
                out.push(Stmt::Loop(Box::new(looped)));
            }
            "foreach_statement" => {
                let over = self.cs_child(node, "right");
                let each = self.scoped(|this| {
                    let kind = field(node, "type").map(|kind| this.cs_type(kind));
                    let value = field(node, "left").map(|left| {
                        let (at, name) = (this.spot(left), this.name(left));
                        Target::Declare(this.declare_kind(name, kind), kind, at)
                    });
                    let body = this.cs_field_block(node, "body");
                    Each { label: None, key: None, value, over, body }
                });
                out.push(Stmt::Each(Box::new(each)));
            }
            "switch_statement" => {
                let subject = self.cs_child(node, "value");
                let mut cases = Vec::new();
                for section in field(node, "body").map(children).unwrap_or_default() {
                    let (mut labels, mut body, mut open) = (Vec::new(), Vec::new(), false);
                    self.scoped(|this| {
                        for child in children(section) {
                            match child.kind() {
                                "constant_pattern" => {
                                    labels.extend(children(child).first().map(|label| this.cs_expr(*label)));
                                }
                                "case_switch_label" => {
                                    labels.extend(children(child).first().map(|label| this.cs_expr(*label)));
                                }
                                kind if kind.ends_with("_pattern") => open = true,
                                "default_switch_label" | "when_clause" => {}
                                kind if kind.ends_with("_literal") => labels.push(this.cs_expr(child)),
                                _ => this.cs_stmt(child, &mut body),
                            }
                        }
                    });
                    cases.push(Case { labels, bind: None, guard: None, open, body });
                }
                out.push(Stmt::Switch(Box::new(Switch {
                    subject: Some(subject),
                    cases,
                    falls_through: true,
                })));
            }
            "return_statement" => {
                let value = children(node).first().map(|value| self.cs_expr(*value));
                out.push(Stmt::Return(value, at));
            }
            "throw_statement" => {
                let value = children(node).first().map(|value| self.cs_expr(*value));
                out.push(Stmt::Throw(value, at));
            }
            "break_statement" => out.push(Stmt::Break(None)),
            "continue_statement" => out.push(Stmt::Continue(None)),
            "try_statement" => self.cs_try(node, out),
            "using_statement" | "lock_statement" | "fixed_statement" | "checked_statement"
            | "unsafe_statement" => {
                let body = self.scoped(|this| {
                    let mut body = Vec::new();
                    let own = field(node, "body");
                    for child in children(node) {
                        if own.is_none_or(|own| own.id() != child.id()) {
                            this.cs_stmt(child, &mut body);
                        }
                    }
                    if let Some(own) = own {
                        body.extend(this.cs_block(own));
                    }
                    body
                });
                out.push(Stmt::Block(None, body));
            }
            "local_function_statement" => {
                let Some(name) = field(node, "name").map(|name| self.name(name)) else { return };
                let id = self.cs_function(node, name, None, true);
                out.push(Stmt::Function(name, id));
            }
            "labeled_statement" => {
                for child in children(node).into_iter().skip(1) {
                    self.cs_stmt(child, out);
                }
            }
            "empty_statement" | "comment" | "goto_statement" => {}
            kind if kind.starts_with("preproc_") => {
                // Both sides of a conditional are code.
                for child in children(node) {
                    if child.kind().ends_with("_statement") || child.kind().starts_with("preproc_") {
                        self.cs_stmt(child, out);
                    }
                }
            }
            _ => {
                let value = self.cs_expr(node);
                out.push(Stmt::Expr(value));
            }
        }
    }

    fn cs_declaration(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        let kind =
            field(node, "type").map(|kind| self.cs_type(kind)).filter(|kind| self.names.text(*kind) != "var");
        for declarator in children(node).into_iter().filter(|child| child.kind() == "variable_declarator") {
            let Some(name) = children(declarator).first().copied() else { continue };
            let value = match self.cs_initializer(declarator) {
                Some(value) => self.cs_expr(value),
                None => Expr { at, kind: ExprKind::Const(Const::Null) },
            };
            let (spot, name) = (self.spot(name), self.name(name));
            let name = self.declare_kind(name, kind);
            out.push(assign(Target::Declare(name, kind, spot), value, at));
        }
    }

    fn cs_try(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let body = self.cs_field_block(node, "body");
        let (mut catches, mut finally) = (Vec::new(), Vec::new());
        for clause in children(node) {
            match clause.kind() {
                "catch_clause" => {
                    let caught = self.scoped(|this| {
                        let declaration =
                            children(clause).into_iter().find(|child| child.kind() == "catch_declaration");
                        let kind =
                            declaration.and_then(|one| field(one, "type")).map(|kind| this.cs_type(kind));
                        let target = declaration.and_then(|one| field(one, "name")).map(|name| {
                            let (at, name) = (this.spot(name), this.name(name));
                            Target::Declare(this.declare_kind(name, kind), kind, at)
                        });
                        (target, kind.into_iter().collect(), this.cs_field_block(clause, "body"))
                    });
                    catches.push(caught);
                }
                "finally_clause" => {
                    finally = children(clause).first().map(|body| self.cs_block(*body)).unwrap_or_default();
                }
                _ => {}
            }
        }
        out.push(Stmt::Try(Box::new(Try { body, catches, otherwise: Vec::new(), finally })));
    }

    fn cs_child(&mut self, node: Node<'_>, name: &str) -> Expr {
        match field(node, name) {
            Some(child) => self.cs_expr(child),
            None => Expr { at: self.spot(node), kind: ExprKind::Unknown(Vec::new()) },
        }
    }

    fn cs_args(&mut self, node: Node<'_>) -> Vec<Arg> {
        let mut out = Vec::new();
        for child in children(node) {
            let name = field(child, "name").map(|name| self.name(name));
            let Some(inner) = children(child).last().copied() else { continue };
            let inner = if child.kind() == "argument" { inner } else { child };
            // `out var x`
            let value = self.cs_expr(inner);
            out.push(Arg { name, spread: false, value });
        }
        out
    }

    fn cs_expr(&mut self, node: Node<'_>) -> Expr {
        self.nested(node, Self::cs_kind)
    }

    fn cs_kind(&mut self, node: Node<'_>) -> ExprKind {
        let at = self.spot(node);
        match node.kind() {
            "identifier" | "predefined_type" => self.variable(node),
            "generic_name" | "qualified_name" | "alias_qualified_name" => ExprKind::Name(self.cs_type(node)),
            "this" | "this_expression" => ExprKind::This,
            "base" | "base_expression" => ExprKind::Super,
            "string_literal" => ExprKind::Const(Const::Text(unquoted(self.slice(node), &["\""]))),
            "verbatim_string_literal" => {
                let text = self.slice(node).trim_start_matches('@').trim_matches('"');
                ExprKind::Const(Const::Text(text.into()))
            }
            "raw_string_literal" => ExprKind::Const(Const::Text(self.slice(node).trim_matches('"').into())),
            "character_literal" => ExprKind::Const(Const::Text(unquoted(self.slice(node), &["'"]))),
            "integer_literal" | "real_literal" => ExprKind::Const(number(self.slice(node))),
            "boolean_literal" => ExprKind::Const(Const::Bool(self.slice(node) == "true")),
            "null_literal" | "default_expression" => ExprKind::Const(Const::Null),
            "interpolated_string_expression" => {
                let mut parts = Vec::new();
                for child in children(node) {
                    let spot = self.spot(child);
                    match child.kind() {
                        "interpolation" => {
                            let inner = children(child)
                                .into_iter()
                                .find(|part| !part.kind().starts_with("interpolation_"));
                            parts.extend(inner.map(|inner| self.cs_expr(inner)));
                        }
                        "string_content" | "interpolated_string_text" => {
                            let text = unescaped(self.slice(child));
                            parts.push(Expr { at: spot, kind: ExprKind::Const(Const::Text(text)) });
                        }
                        _ => {}
                    }
                }
                ExprKind::Text(parts)
            }
            "parenthesized_expression"
            | "await_expression"
            | "checked_expression"
            | "ref_expression"
            | "postfix_unary_expression"
                if !self.slice(node).ends_with("++") && !self.slice(node).ends_with("--") =>
            {
                match children(node).first() {
                    Some(inner) => self.cs_expr(*inner).kind,
                    None => ExprKind::Unknown(Vec::new()),
                }
            }
            "member_access_expression" => {
                let object = self.cs_child(node, "expression");
                match field(node, "name").map(|name| self.cs_type(name)) {
                    Some(name) => ExprKind::Field(Box::new(object), name),
                    None => ExprKind::Unknown(vec![object]),
                }
            }
            "conditional_access_expression" => {
                let parts = children(node);
                let [object, access] = parts.as_slice() else { return ExprKind::Unknown(Vec::new()) };
                let object = self.cs_expr(*object);
                self.cs_conditional(object, *access)
            }
            "element_access_expression" => {
                let object = self.cs_child(node, "expression");
                let index = field(node, "subscript")
                    .and_then(|list| children(list).first().copied())
                    .and_then(|argument| children(argument).last().copied().or(Some(argument)));
                match index {
                    Some(index) => {
                        let index = self.cs_expr(index);
                        ExprKind::Index(Box::new(object), Box::new(index))
                    }
                    None => ExprKind::Unknown(vec![object]),
                }
            }
            "invocation_expression" => {
                let args = field(node, "arguments").map(|args| self.cs_args(args)).unwrap_or_default();
                match field(node, "function") {
                    Some(function) if function.kind() == "conditional_access_expression" => {
                        let callee = self.cs_expr(function);
                        ExprKind::Call(Box::new(Call { callee, args, apart: false }))
                    }
                    Some(function) => {
                        let callee = self.cs_expr(function);
                        ExprKind::Call(Box::new(Call { callee, args, apart: false }))
                    }
                    None => ExprKind::Unknown(Vec::new()),
                }
            }
            "object_creation_expression" | "implicit_object_creation_expression" => self.cs_new(node),
            "array_creation_expression" | "implicit_array_creation_expression" | "stackalloc_expression" => {
                let initializer =
                    children(node).into_iter().find(|child| child.kind() == "initializer_expression");
                match initializer {
                    Some(initializer) => self.cs_kind(initializer),
                    None => ExprKind::List(Vec::new()),
                }
            }
            "initializer_expression" | "collection_expression" | "tuple_expression" => {
                let items = children(node).into_iter().map(|item| {
                    let inner = if item.kind() == "argument" {
                        children(item).last().copied().unwrap_or(item)
                    } else {
                        item
                    };
                    (self.cs_expr(inner), false)
                });
                ExprKind::List(items.collect())
            }
            "anonymous_object_creation_expression" => {
                let mut entries = Vec::new();
                for child in children(node) {
                    let parts = children(child);
                    if let [name, value] = parts.as_slice() {
                        let key = Expr { at, kind: ExprKind::Const(Const::Text(self.slice(*name).into())) };
                        entries.push((Some(key), self.cs_expr(*value)));
                    }
                }
                ExprKind::Map(entries)
            }
            "assignment_expression" => {
                let target = field(node, "left").map_or(Target::Nothing, |left| self.cs_target(left));
                let right = self.cs_child(node, "right");
                let operator = children(node)
                    .iter()
                    .find(|child| child.kind() == "assignment_operator")
                    .map(|op| self.slice(*op));
                let operator =
                    operator.or_else(|| field(node, "operator").map(|op| self.slice(op))).unwrap_or("=");
                let value = match operator.strip_suffix('=').filter(|op| !op.is_empty()) {
                    Some(op) => {
                        let left = self.cs_child(node, "left");
                        Expr { at, kind: ExprKind::Binary(binary_op(op), Box::new(left), Box::new(right)) }
                    }
                    None => right,
                };
                ExprKind::Assign(Box::new(target), Box::new(value))
            }
            "binary_expression" => self.cs_binary(node),
            "prefix_unary_expression" | "postfix_unary_expression" => {
                let Some(operand) = children(node).first().copied() else {
                    return ExprKind::Unknown(Vec::new());
                };
                let text = self.slice(node);
                if text.starts_with("++")
                    || text.starts_with("--")
                    || text.ends_with("++")
                    || text.ends_with("--")
                {
                    let op = if text.contains("++") { BinaryOp::Add } else { BinaryOp::Sub };
                    let target = self.cs_target(operand);
                    let before = self.cs_expr(operand);
                    let one = Expr { at, kind: ExprKind::Const(Const::Int(1)) };
                    let value = Expr { at, kind: ExprKind::Binary(op, Box::new(before), Box::new(one)) };
                    return if text.starts_with(['+', '-']) {
                        ExprKind::Assign(Box::new(target), Box::new(value))
                    } else {
                        ExprKind::PostAssign(Box::new(target), Box::new(value))
                    };
                }
                let op = match text.chars().next() {
                    Some('!') => UnaryOp::Not,
                    Some('-') => UnaryOp::Minus,
                    Some('~') => UnaryOp::BitNot,
                    _ => UnaryOp::Plus,
                };
                ExprKind::Unary(op, Box::new(self.cs_expr(operand)))
            }
            "conditional_expression" => ExprKind::If(
                Box::new(self.cs_child(node, "condition")),
                Box::new(self.cs_child(node, "consequence")),
                Box::new(self.cs_child(node, "alternative")),
            ),
            "cast_expression" => {
                let value = self.cs_child(node, "value");
                match field(node, "type").map(|kind| self.cs_type(kind)) {
                    Some(kind) => ExprKind::Cast(kind, Box::new(value)),
                    None => value.kind,
                }
            }
            "as_expression" => {
                let value = self.cs_child(node, "left");
                match field(node, "right").map(|kind| self.cs_type(kind)) {
                    Some(kind) => ExprKind::Cast(kind, Box::new(value)),
                    None => value.kind,
                }
            }
            "is_expression" => {
                let value = self.cs_child(node, "left");
                let kind = field(node, "right")
                    .map(|kind| self.cs_type(kind))
                    .unwrap_or_else(|| self.names.of("object"));
                ExprKind::IsKind(Box::new(value), kind)
            }
            "typeof_expression" => {
                let kind = children(node).first().map(|kind| self.cs_type(*kind));
                kind.map_or(ExprKind::Unknown(Vec::new()), ExprKind::Name)
            }
            "lambda_expression" | "anonymous_method_expression" => {
                let name = self.names.of("");
                ExprKind::Closure(self.cs_function(node, name, None, true))
            }
            "throw_expression" => {
                let value = children(node).first().map(|value| self.cs_expr(*value));
                ExprKind::Do(vec![Stmt::Throw(value, at)])
            }
            "declaration_expression" => match field(node, "name") {
                Some(name) => {
                    let name = self.name(name);
                    ExprKind::Name(self.declare(name))
                }
                None => ExprKind::Unknown(Vec::new()),
            },
            _ => {
                let parts = children(node).into_iter().map(|child| self.cs_expr(child)).collect();
                ExprKind::Unknown(parts)
            }
        }
    }

    /// `a?.b` and `a?[b]`
    fn cs_conditional(&mut self, object: Expr, access: Node<'_>) -> ExprKind {
        match access.kind() {
            "member_binding_expression" => match field(access, "name").map(|name| self.cs_type(name)) {
                Some(name) => ExprKind::Field(Box::new(object), name),
                None => ExprKind::Unknown(vec![object]),
            },
            "invocation_expression" => {
                let args = field(access, "arguments").map(|args| self.cs_args(args)).unwrap_or_default();
                let at = self.spot(access);
                match field(access, "function") {
                    Some(function) => {
                        let kind = self.cs_conditional(object, function);
                        let call = Call { callee: Expr { at, kind }, args, apart: false };
                        ExprKind::Call(Box::new(call))
                    }
                    None => ExprKind::Unknown(vec![object]),
                }
            }
            _ => ExprKind::Unknown(vec![object]),
        }
    }

    fn cs_new(&mut self, node: Node<'_>) -> ExprKind {
        let args = field(node, "arguments").map(|args| self.cs_args(args)).unwrap_or_default();
        let class =
            field(node, "type").map(|kind| self.cs_type(kind)).unwrap_or_else(|| self.names.of("object"));
        let mut named = Vec::new();
        let mut items = Vec::new();
        for child in field(node, "initializer").map(children).unwrap_or_default() {
            match (child.kind(), field(child, "left"), field(child, "right")) {
                ("assignment_expression", Some(left), Some(right)) if left.kind() == "identifier" => {
                    let name = self.name(left);
                    named.push((name, self.cs_expr(right)));
                }
                _ => items.push((self.cs_expr(child), false)),
            }
        }
        if !items.is_empty() {
            return ExprKind::List(items);
        }
        ExprKind::New(Box::new(New { class, args, body: None, fields: named }))
    }

    fn cs_binary(&mut self, node: Node<'_>) -> ExprKind {
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
            return ExprKind::Sum(terms.into_iter().map(|term| self.cs_expr(term)).collect());
        }
        let left = self.cs_child(node, "left");
        if matches!(op, "as" | "is") {
            let kind = field(node, "right")
                .map(|kind| self.cs_type(kind))
                .unwrap_or_else(|| self.names.of("object"));
            return if op == "as" {
                ExprKind::Cast(kind, Box::new(left))
            } else {
                ExprKind::IsKind(Box::new(left), kind)
            };
        }
        let right = self.cs_child(node, "right");
        ExprKind::Binary(binary_op(op), Box::new(left), Box::new(right))
    }

    fn cs_target(&mut self, node: Node<'_>) -> Target {
        match node.kind() {
            "identifier" => self.written(node),
            "member_access_expression" => {
                let object = self.cs_child(node, "expression");
                match field(node, "name").map(|name| self.cs_type(name)) {
                    Some(name) => Target::Field(object, name),
                    None => Target::Nothing,
                }
            }
            "element_access_expression" => {
                let object = self.cs_child(node, "expression");
                let index = field(node, "subscript")
                    .and_then(|list| children(list).first().copied())
                    .and_then(|argument| children(argument).last().copied().or(Some(argument)));
                match index {
                    Some(index) => Target::Index(object, self.cs_expr(index)),
                    None => Target::Nothing,
                }
            }
            "tuple_expression" => {
                let targets = children(node)
                    .into_iter()
                    .map(|item| (self.cs_target(children(item).last().copied().unwrap_or(item)), false))
                    .collect();
                Target::List(targets)
            }
            "declaration_expression" => match field(node, "name") {
                Some(name) => {
                    let (at, name) = (self.spot(name), self.name(name));
                    Target::Declare(self.declare(name), None, at)
                }
                None => Target::Nothing,
            },
            "parenthesized_expression" => {
                children(node).first().map_or(Target::Nothing, |inner| self.cs_target(*inner))
            }
            _ => Target::Nothing,
        }
    }
}
