//! PHP.

use super::*;

impl Lowering<'_> {
    pub(super) fn php(&mut self, root: Node<'_>) -> Vec<Stmt> {
        self.php_block(root)
    }

    fn php_block(&mut self, node: Node<'_>) -> Vec<Stmt> {
        let mut out = Vec::new();
        match node.kind() {
            "program" | "compound_statement" | "colon_block" | "declaration_list" => {
                for child in children(node) {
                    self.php_stmt(child, &mut out);
                }
            }
            _ => self.php_stmt(node, &mut out),
        }
        out
    }

    fn php_field_block(&mut self, node: Node<'_>, name: &str) -> Vec<Stmt> {
        field(node, name).map(|body| self.php_block(body)).unwrap_or_default()
    }

    fn php_stmt(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        if self.depth >= MOST_DEPTH {
            return;
        }
        self.depth += 1;
        self.count();
        self.php_stmt_inner(node, out);
        self.depth -= 1;
    }

    /// A call of something that is built into the language.
    fn php_built_in(&mut self, name: &str, args: Vec<Expr>, at: Spot) -> Expr {
        let callee = Expr { at, kind: ExprKind::Name(self.names.of(name)) };
        let args = args.into_iter().map(|value| Arg { name: None, spread: false, value }).collect();
        Expr { at, kind: ExprKind::Call(Box::new(Call { callee, args, apart: false })) }
    }

    fn php_exprs(&mut self, node: Node<'_>) -> Vec<Expr> {
        children(node)
            .into_iter()
            .flat_map(
                |child| if child.kind() == "sequence_expression" { children(child) } else { vec![child] },
            )
            .map(|child| self.php_expr(child))
            .collect()
    }

    fn php_stmt_inner(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        match node.kind() {
            "php_tag" | "text" | "text_interpolation" | "comment" | "empty_statement" => {}
            "expression_statement" => {
                for child in children(node) {
                    let value = self.php_expr(child);
                    out.push(Stmt::Expr(value));
                }
            }
            "echo_statement" => {
                let args = self.php_exprs(node);
                let value = self.php_built_in("echo", args, at);
                out.push(Stmt::Expr(value));
            }
            "exit_statement" => {
                let args = self.php_exprs(node);
                let value = self.php_built_in("exit", args, at);
                out.push(Stmt::Expr(value));
                out.push(Stmt::Throw(None, at));
            }
            "compound_statement" | "colon_block" => {
                let body = self.php_block(node);
                out.extend(body);
            }
            "if_statement" => {
                let condition = self.php_child(node, "condition");
                let then = self.php_field_block(node, "body");
                let mut other = Vec::new();
                for clause in fields(node, "alternative").into_iter().rev() {
                    if clause.kind() == "else_if_clause" {
                        let condition = self.php_child(clause, "condition");
                        let then = self.php_field_block(clause, "body");
                        other = vec![Stmt::If(condition, then, other)];
                    } else {
                        other = self.php_field_block(clause, "body");
                    }
                }
                out.push(Stmt::If(condition, then, other));
            }
            "while_statement" | "do_statement" => {
                let condition = Some(self.php_child(node, "condition"));
                let body = self.php_field_block(node, "body");
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
                for init in fields(node, "initialize") {
                    let value = self.php_expr(init);
                    out.push(Stmt::Expr(value));
                }
                let condition = fields(node, "condition").last().map(|condition| self.php_expr(*condition));
                let step =
                    fields(node, "update").into_iter().map(|step| Stmt::Expr(self.php_expr(step))).collect();
                let mut body = Vec::new();
                for part in fields(node, "body") {
                    body.extend(self.php_block(part));
                }
                out.push(Stmt::Loop(Box::new(Loop {
                    label: None,
                    condition,
                    body_first: false,
                    body,
                    step,
                })));
            }
            "foreach_statement" => {
                let body_node = field(node, "body");
                let parts: Vec<Node<'_>> = children(node)
                    .into_iter()
                    .filter(|child| body_node.is_none_or(|body| body.id() != child.id()))
                    .collect();
                let [over, element, ..] = parts.as_slice() else { return };
                let over = self.php_expr(*over);
                let (key, value) = if element.kind() == "pair" {
                    let pair = children(*element);
                    let target = |this: &mut Self, at: usize| pair.get(at).map(|node| this.php_target(*node));
                    (target(self, 0), target(self, 1))
                } else {
                    (None, Some(self.php_target(*element)))
                };
                let body = body_node.map(|body| self.php_block(body)).unwrap_or_default();
                out.push(Stmt::Each(Box::new(Each { label: None, key, value, over, body })));
            }
            "switch_statement" => {
                let subject = self.php_child(node, "condition");
                let mut cases = Vec::new();
                for clause in field(node, "body").map(children).unwrap_or_default() {
                    let value = field(clause, "value");
                    let labels: Vec<Expr> = value.map(|value| self.php_expr(value)).into_iter().collect();
                    let mut body = Vec::new();
                    for child in children(clause) {
                        if value.is_none_or(|value| value.id() != child.id()) {
                            self.php_stmt(child, &mut body);
                        }
                    }
                    cases.push(Case { labels, bind: None, guard: None, open: false, body });
                }
                out.push(Stmt::Switch(Box::new(Switch {
                    subject: Some(subject),
                    cases,
                    falls_through: true,
                })));
            }
            "return_statement" => {
                let value = children(node).first().map(|value| self.php_expr(*value));
                out.push(Stmt::Return(value, at));
            }
            "break_statement" => out.push(Stmt::Break(None)),
            "continue_statement" => out.push(Stmt::Continue(None)),
            "try_statement" => {
                let body = self.php_field_block(node, "body");
                let (mut catches, mut finally) = (Vec::new(), Vec::new());
                for clause in children(node) {
                    match clause.kind() {
                        "catch_clause" => {
                            let kinds = field(clause, "type")
                                .map(children)
                                .unwrap_or_default()
                                .into_iter()
                                .map(|kind| self.php_class_name(kind))
                                .collect();
                            let target = field(clause, "name").map(|name| self.php_target(name));
                            let handler = self.php_field_block(clause, "body");
                            catches.push((target, kinds, handler));
                        }
                        "finally_clause" => finally = self.php_field_block(clause, "body"),
                        _ => {}
                    }
                }
                out.push(Stmt::Try(Box::new(Try { body, catches, otherwise: Vec::new(), finally })));
            }
            "function_definition" => {
                let Some(name) = field(node, "name").map(|name| self.name(name)) else { return };
                let id = self.php_function(node, name, None, false, false);
                self.functions.push(id);
                out.push(Stmt::Function(name, id));
            }
            "class_declaration" | "interface_declaration" | "trait_declaration" | "enum_declaration" => {
                if let Some((name, id)) = self.php_class(node) {
                    out.push(Stmt::Class(name, id));
                }
            }
            "namespace_definition" => {
                if let Some(name) = field(node, "name") {
                    self.package = self.slice(name).replace('\\', ".");
                }
                let body = self.php_field_block(node, "body");
                out.extend(body);
            }
            "namespace_use_declaration" => {
                for clause in
                    children(node).into_iter().filter(|child| child.kind() == "namespace_use_clause")
                {
                    let parts = children(clause);
                    let Some(path) = parts.first() else { continue };
                    let full = self.slice(*path).trim_start_matches('\\').replace('\\', ".");
                    let last = full.rsplit('.').next().unwrap_or_default().to_owned();
                    let local = match field(clause, "alias") {
                        Some(alias) => self.name(alias),
                        None => self.names.of(&last),
                    };
                    let from = self.names.of(&full);
                    self.imports.push(Import { local: Some(local), from, member: None });
                }
            }
            "global_declaration" => {
                for child in children(node) {
                    let name = self.name(child);
                    if let Some(scope) = self.scopes.last_mut() {
                        scope.names.insert(name, name);
                    }
                }
            }
            "function_static_declaration" => {
                for child in children(node) {
                    let Some(name) = field(child, "name") else { continue };
                    let value = match field(child, "value") {
                        Some(value) => self.php_expr(value),
                        None => Expr { at, kind: ExprKind::Const(Const::Null) },
                    };
                    let target = self.php_target(name);
                    out.push(assign(target, value, at));
                }
            }
            "unset_statement" => {
                for child in children(node) {
                    let target = self.php_target(child);
                    out.push(assign(target, Expr { at, kind: ExprKind::Const(Const::Null) }, at));
                }
            }
            "const_declaration" => {
                for element in children(node) {
                    let parts = children(element);
                    if let [name, value] = parts.as_slice() {
                        let value = self.php_expr(*value);
                        let name = self.name(*name);
                        out.push(assign(Target::Declare(name, None, at), value, at));
                    }
                }
            }
            _ => {
                let value = self.php_expr(node);
                out.push(Stmt::Expr(value));
            }
        }
    }

    fn php_class_name(&mut self, node: Node<'_>) -> Name {
        let text = self.slice(node).trim_start_matches(['\\', '?']).replace('\\', ".");
        self.names.of(&text)
    }

    fn php_function(
        &mut self,
        node: Node<'_>,
        name: Name,
        class: Option<ClassId>,
        is_static: bool,
        closure: bool,
    ) -> FunctionId {
        let at = self.spot(node);
        self.enter();
        let params = field(node, "parameters").map(|params| self.php_params(params)).unwrap_or_default();
        let body = match field(node, "body") {
            Some(body) if body.kind() == "compound_statement" => self.php_block(body),
            Some(body) => {
                let value = self.php_expr(body);
                vec![Stmt::Return(Some(value), at)]
            }
            None => Vec::new(),
        };
        let size = self.leave();
        let module = self.file;
        let result = field(node, "return_type").map(|kind| self.php_class_name(kind));
        self.add(Function {
            name,
            module,
            class,
            params,
            receiver: None,
            body,
            marks: Vec::new(),
            is_static,
            is_closure: closure,
            result,
            at,
            size,
        })
    }

    fn php_params(&mut self, node: Node<'_>) -> Vec<Param> {
        let mut out = Vec::new();
        for child in children(node) {
            let Some(name) = field(child, "name") else { continue };
            let name = match name.kind() {
                "by_ref" => children(name).first().map_or(name, |inner| *inner),
                _ => name,
            };
            let mut one = param(self.name(name));
            one.kind = field(child, "type").map(|kind| self.php_class_name(kind));
            one.default = field(child, "default_value").map(|value| Rc::new(self.php_expr(value)));
            one.rest = child.kind() == "variadic_parameter";
            one.by_reference = has_token(child, "&")
                || field(child, "reference_modifier").is_some()
                || children(child).iter().any(|part| part.kind() == "reference_modifier");
            out.push(one);
        }
        out
    }

    fn php_class(&mut self, node: Node<'_>) -> Option<(Name, ClassId)> {
        let at = self.spot(node);
        let name = match field(node, "name") {
            Some(name) => self.name(name),
            None => self.names.of("<class>"),
        };
        let id = self.reserve_class(name, at, self.counts.len() > 1);
        let mut bases = Vec::new();
        for clause in children(node) {
            if matches!(clause.kind(), "base_clause" | "class_interface_clause") {
                for base in children(clause) {
                    bases.push(self.php_class_name(base));
                }
            }
        }
        self.classes.push(id);
        let (mut methods, mut decls) = (Vec::new(), Vec::new());
        let body = field(node, "body")
            .or_else(|| children(node).into_iter().find(|child| child.kind() == "declaration_list"));
        for member in body.map(children).unwrap_or_default() {
            let is_static = children(member).iter().any(|part| part.kind() == "static_modifier");
            match member.kind() {
                "method_declaration" => {
                    let Some(name) = field(member, "name") else { continue };
                    let name = match self.slice(name) {
                        "__construct" => self.names.of("<new>"),
                        text => self.names.of(text),
                    };
                    methods.push(self.php_function(member, name, Some(id), is_static, false));
                }
                "property_declaration" => {
                    for element in
                        children(member).into_iter().filter(|part| part.kind() == "property_element")
                    {
                        let parts = children(element);
                        let Some(name) = field(element, "name").or_else(|| parts.first().copied()) else {
                            continue;
                        };
                        let text = self.slice(name).trim_start_matches('$');
                        let name = self.names.of(text);
                        let value = field(element, "default_value")
                            .or_else(|| parts.get(1).copied())
                            .map(|value| {
                                if value.kind() == "property_initializer" {
                                    children(value).first().copied().unwrap_or(value)
                                } else {
                                    value
                                }
                            })
                            .map(|value| Rc::new(self.php_expr(value)));
                        let at = self.spot(element);
                        decls.push(FieldDecl { name, kind: None, value, is_static, marks: Vec::new(), at });
                    }
                }
                "const_declaration" => {
                    for element in children(member).into_iter().filter(|part| part.kind() == "const_element")
                    {
                        let parts = children(element);
                        if let [name, value] = parts.as_slice() {
                            let value = Some(Rc::new(self.php_expr(*value)));
                            let (name, at) = (self.name(*name), self.spot(element));
                            decls.push(FieldDecl {
                                name,
                                kind: None,
                                value,
                                is_static: true,
                                marks: Vec::new(),
                                at,
                            });
                        }
                    }
                }
                "use_declaration" => {
                    for kind in children(member) {
                        bases.push(self.php_class_name(kind));
                    }
                }
                _ => {}
            }
        }
        self.classes.pop();
        if let Some(class) = self.class_mut(id) {
            class.bases = bases;
            class.methods = methods;
            class.fields = decls;
        }
        Some((name, id))
    }

    fn php_child(&mut self, node: Node<'_>, name: &str) -> Expr {
        match field(node, name) {
            Some(child) => self.php_expr(child),
            None => Expr { at: self.spot(node), kind: ExprKind::Unknown(Vec::new()) },
        }
    }

    fn php_args(&mut self, node: Node<'_>) -> Vec<Arg> {
        let mut out = Vec::new();
        for child in children(node) {
            let name = field(child, "name").map(|name| {
                let text = format!("${}", self.slice(name));
                self.names.of(&text)
            });
            let parts = children(child);
            let Some(inner) = parts.last().copied() else { continue };
            let (spread, inner) = match inner.kind() {
                "variadic_unpacking" => (true, children(inner).first().copied().unwrap_or(inner)),
                _ if child.kind() == "variadic_unpacking" => (true, inner),
                _ if child.kind() == "argument" => (false, inner),
                _ => (false, child),
            };
            out.push(Arg { name, spread, value: self.php_expr(inner) });
        }
        out
    }

    fn php_expr(&mut self, node: Node<'_>) -> Expr {
        self.nested(node, Self::php_kind)
    }

    /// `self`, `static`, `parent` or a class before `::`.
    fn php_scope(&mut self, node: Node<'_>) -> Expr {
        let at = self.spot(node);
        let kind = match self.slice(node) {
            "parent" => ExprKind::Super,
            "self" | "static" => {
                let own = self.classes.last().and_then(|id| self.program.classes.get(*id as usize));
                own.map_or(ExprKind::This, |own| ExprKind::Name(own.name))
            }
            _ if matches!(node.kind(), "name" | "qualified_name") => {
                ExprKind::Name(self.php_class_name(node))
            }
            _ => return self.php_expr(node),
        };
        Expr { at, kind }
    }

    fn php_member(&mut self, node: Node<'_>) -> Option<Name> {
        let text = self.slice(node).trim_start_matches('$');
        matches!(node.kind(), "name" | "variable_name").then(|| self.names.of(text))
    }

    fn php_kind(&mut self, node: Node<'_>) -> ExprKind {
        let at = self.spot(node);
        match node.kind() {
            "variable_name" => match self.slice(node) {
                "$this" => ExprKind::This,
                _ => ExprKind::Name(self.name(node)),
            },
            "name" | "qualified_name" | "namespace_name" => ExprKind::Name(self.php_class_name(node)),
            "integer" | "float" => ExprKind::Const(number(self.slice(node))),
            "boolean" => ExprKind::Const(Const::Bool(self.slice(node).eq_ignore_ascii_case("true"))),
            "null" => ExprKind::Const(Const::Null),
            "string" => ExprKind::Const(Const::Text(unquoted(self.slice(node), &["'", "\""]))),
            "string_content" | "escape_sequence" | "string_value" => {
                ExprKind::Const(Const::Text(unescaped(self.slice(node))))
            }
            "encapsed_string" | "heredoc" | "heredoc_body" => {
                let mut parts = Vec::new();
                for child in children(node) {
                    if matches!(child.kind(), "heredoc_start" | "heredoc_end") {
                        continue;
                    }
                    parts.push(self.php_expr(child));
                }
                if parts.is_empty() { ExprKind::Const(Const::Text("".into())) } else { ExprKind::Text(parts) }
            }
            "nowdoc" => ExprKind::Const(Const::Text(self.slice(node).into())),
            "array_creation_expression" | "list_literal" => {
                let items = children(node);
                let keyed = items
                    .iter()
                    .any(|item| children(*item).len() > 1 && item.kind() == "array_element_initializer");
                if keyed {
                    let mut entries = Vec::new();
                    for item in items {
                        let parts = children(item);
                        match parts.as_slice() {
                            [key, value] => {
                                let key = self.php_expr(*key);
                                entries.push((Some(key), self.php_expr(*value)));
                            }
                            [value] => entries.push((None, self.php_expr(*value))),
                            _ => {}
                        }
                    }
                    return ExprKind::Map(entries);
                }
                let mut list = Vec::new();
                for item in items {
                    let inner = children(item).first().copied().unwrap_or(item);
                    if inner.kind() == "variadic_unpacking" {
                        list.extend(children(inner).first().map(|inner| (self.php_expr(*inner), true)));
                    } else {
                        list.push((self.php_expr(inner), false));
                    }
                }
                ExprKind::List(list)
            }
            "subscript_expression" => {
                let parts = children(node);
                let Some(base) = parts.first() else { return ExprKind::Unknown(Vec::new()) };
                let base = self.php_expr(*base);
                match parts.get(1) {
                    Some(index) => {
                        // Inside of a text, `$a[key]` has no quotes.
                        let index = match index.kind() {
                            "name" => {
                                Expr { at, kind: ExprKind::Const(Const::Text(self.slice(*index).into())) }
                            }
                            _ => self.php_expr(*index),
                        };
                        ExprKind::Index(Box::new(base), Box::new(index))
                    }
                    None => ExprKind::Unknown(vec![base]),
                }
            }
            "member_access_expression" | "nullsafe_member_access_expression" => {
                let object = self.php_child(node, "object");
                match field(node, "name").and_then(|name| self.php_member(name)) {
                    Some(name) => ExprKind::Field(Box::new(object), name),
                    None => ExprKind::Unknown(vec![object]),
                }
            }
            "scoped_property_access_expression" => {
                let Some(scope) = field(node, "scope") else { return ExprKind::Unknown(Vec::new()) };
                let scope = self.php_scope(scope);
                match field(node, "name").and_then(|name| self.php_member(name)) {
                    Some(name) => ExprKind::Field(Box::new(scope), name),
                    None => ExprKind::Unknown(vec![scope]),
                }
            }
            "class_constant_access_expression" => {
                let parts = children(node);
                let [scope, name] = parts.as_slice() else { return ExprKind::Unknown(Vec::new()) };
                let scope = self.php_scope(*scope);
                let name = self.name(*name);
                ExprKind::Field(Box::new(scope), name)
            }
            "member_call_expression" | "nullsafe_member_call_expression" => {
                let object = self.php_child(node, "object");
                let args = field(node, "arguments").map(|args| self.php_args(args)).unwrap_or_default();
                self.php_method(node, object, args)
            }
            "scoped_call_expression" => {
                let Some(scope) = field(node, "scope") else { return ExprKind::Unknown(Vec::new()) };
                let scope = self.php_scope(scope);
                let args = field(node, "arguments").map(|args| self.php_args(args)).unwrap_or_default();
                self.php_method(node, scope, args)
            }
            "function_call_expression" => {
                let args = field(node, "arguments").map(|args| self.php_args(args)).unwrap_or_default();
                match field(node, "function") {
                    Some(function) => {
                        let callee = self.php_expr(function);
                        ExprKind::Call(Box::new(Call { callee, args, apart: false }))
                    }
                    None => ExprKind::Unknown(Vec::new()),
                }
            }
            "object_creation_expression" => {
                let parts = children(node);
                let args =
                    parts.iter().find(|part| part.kind() == "arguments").map(|args| self.php_args(*args));
                let args = args.unwrap_or_default();
                match parts.first() {
                    Some(class) if matches!(class.kind(), "name" | "qualified_name" | "variable_name") => {
                        let class = match self.slice(*class) {
                            "self" | "static" => {
                                let own =
                                    self.classes.last().and_then(|id| self.program.classes.get(*id as usize));
                                own.map(|own| own.name).unwrap_or_else(|| self.names.of("self"))
                            }
                            _ if class.kind() == "variable_name" => self.name(*class),
                            _ => self.php_class_name(*class),
                        };
                        ExprKind::New(Box::new(New { class, args, body: None, fields: Vec::new() }))
                    }
                    Some(class) if class.kind() == "anonymous_class" => match self.php_class(*class) {
                        Some((name, id)) => {
                            let new = New { class: name, args, body: Some(id), fields: Vec::new() };
                            ExprKind::New(Box::new(new))
                        }
                        None => ExprKind::Unknown(Vec::new()),
                    },
                    _ => ExprKind::Unknown(args.into_iter().map(|arg| arg.value).collect()),
                }
            }
            "assignment_expression" | "reference_assignment_expression" => {
                let value = self.php_child(node, "right");
                let target = field(node, "left").map_or(Target::Nothing, |left| self.php_target(left));
                ExprKind::Assign(Box::new(target), Box::new(value))
            }
            "augmented_assignment_expression" => {
                let target = field(node, "left").map_or(Target::Nothing, |left| self.php_target(left));
                let (left, right) = (self.php_child(node, "left"), self.php_child(node, "right"));
                let op = field(node, "operator").map_or("", |op| op.kind());
                let op = binary_op(op.strip_suffix('=').unwrap_or(op));
                let value = Expr { at, kind: ExprKind::Binary(op, Box::new(left), Box::new(right)) };
                ExprKind::Assign(Box::new(target), Box::new(value))
            }
            "update_expression" => {
                let Some(argument) = field(node, "argument").or_else(|| children(node).first().copied())
                else {
                    return ExprKind::Unknown(Vec::new());
                };
                let text = self.slice(node);
                let op = if text.contains("++") { BinaryOp::Add } else { BinaryOp::Sub };
                let target = self.php_target(argument);
                let before = self.php_expr(argument);
                let one = Expr { at, kind: ExprKind::Const(Const::Int(1)) };
                let value = Expr { at, kind: ExprKind::Binary(op, Box::new(before), Box::new(one)) };
                if text.starts_with(['+', '-']) {
                    ExprKind::Assign(Box::new(target), Box::new(value))
                } else {
                    ExprKind::PostAssign(Box::new(target), Box::new(value))
                }
            }
            "binary_expression" => self.php_binary(node),
            "unary_op_expression" => {
                let op = match field(node, "operator").map_or("", |op| op.kind()) {
                    "!" => UnaryOp::Not,
                    "-" => UnaryOp::Minus,
                    "~" => UnaryOp::BitNot,
                    _ => UnaryOp::Plus,
                };
                let argument = field(node, "argument").or_else(|| children(node).last().copied());
                match argument {
                    Some(argument) => ExprKind::Unary(op, Box::new(self.php_expr(argument))),
                    None => ExprKind::Unknown(Vec::new()),
                }
            }
            "conditional_expression" => {
                let condition = self.php_child(node, "condition");
                let then = match field(node, "body") {
                    Some(body) => self.php_expr(body),
                    None => condition.clone(),
                };
                let other = self.php_child(node, "alternative");
                ExprKind::If(Box::new(condition), Box::new(then), Box::new(other))
            }
            "cast_expression" => {
                let value = self.php_child(node, "value");
                let kind = field(node, "type")
                    .map(|kind| self.name(kind))
                    .unwrap_or_else(|| self.names.of("string"));
                ExprKind::Cast(kind, Box::new(value))
            }
            "anonymous_function" | "anonymous_function_creation_expression" | "arrow_function" => {
                let name = self.names.of("");
                ExprKind::Closure(self.php_function(node, name, None, false, true))
            }
            "match_expression" => {
                let subject = self.php_child(node, "condition");
                let mut cases = Vec::new();
                for arm in field(node, "body").map(children).unwrap_or_default() {
                    let labels = field(arm, "conditional_expressions")
                        .map(children)
                        .unwrap_or_default()
                        .into_iter()
                        .map(|label| self.php_expr(label))
                        .collect();
                    let value = self.php_child(arm, "return_expression");
                    cases.push(Case {
                        labels,
                        bind: None,
                        guard: None,
                        open: false,
                        body: vec![Stmt::Expr(value)],
                    });
                }
                let switch = Switch { subject: Some(subject), cases, falls_through: false };
                ExprKind::Do(vec![Stmt::Switch(Box::new(switch))])
            }
            "include_expression"
            | "include_once_expression"
            | "require_expression"
            | "require_once_expression" => {
                let args = self.php_exprs(node);
                self.php_built_in("include", args, at).kind
            }
            "print_intrinsic" => {
                let args = self.php_exprs(node);
                self.php_built_in("print", args, at).kind
            }
            "exit_statement" => {
                let args = self.php_exprs(node);
                self.php_built_in("exit", args, at).kind
            }
            "shell_command_expression" => {
                let parts = children(node).into_iter().map(|child| self.php_expr(child)).collect();
                let text = Expr { at, kind: ExprKind::Text(parts) };
                self.php_built_in("shell_exec", vec![text], at).kind
            }
            "throw_expression" => {
                let value = children(node).first().map(|value| self.php_expr(*value));
                ExprKind::Do(vec![Stmt::Throw(value, at)])
            }
            "parenthesized_expression" | "error_suppression_expression" | "clone_expression" | "by_ref" => {
                match children(node).last() {
                    Some(inner) => self.php_expr(*inner).kind,
                    None => ExprKind::Unknown(Vec::new()),
                }
            }
            "sequence_expression" => {
                let items = children(node).into_iter().map(|child| self.php_expr(child)).collect();
                ExprKind::Sequence(items)
            }
            _ => {
                let parts = children(node).into_iter().map(|child| self.php_expr(child)).collect();
                ExprKind::Unknown(parts)
            }
        }
    }

    fn php_method(&mut self, node: Node<'_>, object: Expr, args: Vec<Arg>) -> ExprKind {
        let at = self.spot(node);
        let name = field(node, "name");
        let Some(member) = name.filter(|name| name.kind() == "name").map(|name| match self.slice(name) {
            "__construct" => self.names.of("<new>"),
            text => self.names.of(text),
        }) else {
            let mut parts = vec![object];
            parts.extend(args.into_iter().map(|arg| arg.value));
            return ExprKind::Unknown(parts);
        };
        let callee = Expr { at, kind: ExprKind::Field(Box::new(object), member) };
        ExprKind::Call(Box::new(Call { callee, args, apart: false }))
    }

    fn php_binary(&mut self, node: Node<'_>) -> ExprKind {
        let operator = field(node, "operator").map_or("", |op| op.kind());
        if operator == "." {
            let mut terms = Vec::new();
            let mut at = node;
            while at.kind() == "binary_expression" && field(at, "operator").is_some_and(|op| op.kind() == ".")
            {
                terms.extend(field(at, "right"));
                match field(at, "left") {
                    Some(left) => at = left,
                    None => break,
                }
            }
            terms.push(at);
            terms.reverse();
            return ExprKind::Text(terms.into_iter().map(|term| self.php_expr(term)).collect());
        }
        let left = self.php_child(node, "left");
        if operator == "instanceof" {
            let kind = field(node, "right").map(|kind| self.php_class_name(kind));
            let kind = kind.unwrap_or_else(|| self.names.of("object"));
            return ExprKind::IsKind(Box::new(left), kind);
        }
        let right = self.php_child(node, "right");
        ExprKind::Binary(binary_op(operator), Box::new(left), Box::new(right))
    }

    fn php_target(&mut self, node: Node<'_>) -> Target {
        let at = self.spot(node);
        match node.kind() {
            "variable_name" => {
                let name = self.name(node);
                // `global $x` lives elsewhere.
                let elsewhere = self.scopes.last().is_some_and(|scope| scope.names.contains_key(&name));
                if elsewhere { Target::Name(name, at) } else { Target::Declare(name, None, at) }
            }
            "member_access_expression" | "nullsafe_member_access_expression" => {
                let object = self.php_child(node, "object");
                match field(node, "name").and_then(|name| self.php_member(name)) {
                    Some(name) => Target::Field(object, name),
                    None => Target::Nothing,
                }
            }
            "scoped_property_access_expression" => {
                let Some(scope) = field(node, "scope") else { return Target::Nothing };
                let scope = self.php_scope(scope);
                match field(node, "name").and_then(|name| self.php_member(name)) {
                    Some(name) => Target::Field(scope, name),
                    None => Target::Nothing,
                }
            }
            "subscript_expression" => {
                let parts = children(node);
                let Some(base) = parts.first() else { return Target::Nothing };
                let base = self.php_expr(*base);
                match parts.get(1) {
                    Some(index) => Target::Index(base, self.php_expr(*index)),
                    None => Target::Push(base),
                }
            }
            "list_literal" | "array_creation_expression" => {
                let mut targets = Vec::new();
                for item in children(node) {
                    let inner =
                        children(item).last().copied().filter(|_| item.kind() == "array_element_initializer");
                    targets.push((self.php_target(inner.unwrap_or(item)), false));
                }
                Target::List(targets)
            }
            "by_ref" | "parenthesized_expression" => {
                children(node).first().map_or(Target::Nothing, |inner| self.php_target(*inner))
            }
            _ => Target::Nothing,
        }
    }
}
