//! Python 3.

use super::*;

impl Lowering<'_> {
    pub(super) fn python(&mut self, root: Node<'_>) -> Vec<Stmt> {
        self.python_block(root)
    }

    fn python_block(&mut self, node: Node<'_>) -> Vec<Stmt> {
        let mut out = Vec::new();
        for child in children(node) {
            self.python_stmt(child, &mut out);
        }
        out
    }

    fn python_field_block(&mut self, node: Node<'_>, name: &str) -> Vec<Stmt> {
        field(node, name).map(|body| self.python_block(body)).unwrap_or_default()
    }

    fn python_stmt(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        if self.depth >= MOST_DEPTH {
            return;
        }
        self.depth += 1;
        self.count();
        self.python_stmt_inner(node, out);
        self.depth -= 1;
    }

    fn python_stmt_inner(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        match node.kind() {
            "import_statement" | "import_from_statement" | "future_import_statement" => {
                self.python_import(node)
            }
            "function_definition" => self.python_function(node, Vec::new(), out),
            "class_definition" => self.python_class(node, Vec::new(), out),
            "decorated_definition" => {
                let marks: Vec<Mark> = children(node)
                    .into_iter()
                    .filter(|child| child.kind() == "decorator")
                    .filter_map(|child| self.python_mark(child))
                    .collect();
                match field(node, "definition") {
                    Some(inner) if inner.kind() == "class_definition" => self.python_class(inner, marks, out),
                    Some(inner) => self.python_function(inner, marks, out),
                    None => {}
                }
            }
            "expression_statement" => {
                for child in children(node) {
                    let value = self.python_expr(child);
                    out.push(Stmt::Expr(value));
                }
            }
            "if_statement" => {
                let condition = self.python_child(node, "condition");
                let then = self.python_field_block(node, "consequence");
                let clauses = fields(node, "alternative");
                let other = self.python_else(&clauses);
                out.push(Stmt::If(condition, then, other));
            }
            "while_statement" => {
                let condition = self.python_child(node, "condition");
                let body = self.python_field_block(node, "body");
                out.push(Stmt::Loop(Box::new(Loop {
                    label: None,
                    condition: Some(condition),
                    body_first: false,
                    body,
                    step: Vec::new(),
                })));
                self.python_after(node, out);
            }
            "for_statement" => {
                let over = self.python_child(node, "right");
                let value = field(node, "left").map(|left| self.python_target(left));
                let body = self.python_field_block(node, "body");
                out.push(Stmt::Each(Box::new(Each { label: None, key: None, value, over, body })));
                self.python_after(node, out);
            }
            "try_statement" => self.python_try(node, out),
            "with_statement" => {
                for clause in children(node).into_iter().filter(|child| child.kind() == "with_clause") {
                    for item in children(clause) {
                        let Some(value) = field(item, "value") else { continue };
                        if value.kind() == "as_pattern" {
                            let parts = children(value);
                            let Some(inner) = parts.first() else { continue };
                            let inner = self.python_expr(*inner);
                            let target = field(value, "alias")
                                .and_then(|alias| children(alias).first().copied())
                                .map_or(Target::Nothing, |alias| self.python_target(alias));
                            out.push(assign(target, inner, at));
                        } else {
                            let value = self.python_expr(value);
                            out.push(Stmt::Expr(value));
                        }
                    }
                }
                let body = self.python_field_block(node, "body");
                out.extend(body);
            }
            "return_statement" => {
                let value = children(node).first().map(|value| self.python_expr(*value));
                out.push(Stmt::Return(value, at));
            }
            "raise_statement" => {
                let value = children(node).first().map(|value| self.python_expr(*value));
                out.push(Stmt::Throw(value, at));
            }
            "break_statement" => out.push(Stmt::Break(None)),
            "continue_statement" => out.push(Stmt::Continue(None)),
            "match_statement" => self.python_match(node, out),
            "global_statement" | "nonlocal_statement" => {
                for child in children(node) {
                    let name = self.name(child);
                    // A name that is declared elsewhere: it is written there.
                    let elsewhere = name;
                    if let Some(scope) = self.scopes.last_mut() {
                        scope.names.insert(name, elsewhere);
                    }
                }
            }
            "assert_statement" => {
                if let Some(condition) = children(node).first() {
                    let condition = self.python_expr(*condition);
                    out.push(Stmt::Expr(condition));
                }
            }
            "delete_statement" | "pass_statement" | "comment" => {}
            "block" => {
                let body = self.python_block(node);
                out.extend(body);
            }
            _ => {
                let value = self.python_expr(node);
                out.push(Stmt::Expr(value));
            }
        }
    }

    /// `else` of a loop: it runs when nothing broke the loop; that it may not run is not followed.
    fn python_after(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        if let Some(clause) = field(node, "alternative") {
            let body = self.python_field_block(clause, "body");
            out.extend(body);
        }
    }

    fn python_else(&mut self, clauses: &[Node<'_>]) -> Vec<Stmt> {
        let mut other = Vec::new();
        for clause in clauses.iter().rev() {
            if clause.kind() == "elif_clause" {
                let condition = self.python_child(*clause, "condition");
                let then = self.python_field_block(*clause, "consequence");
                other = vec![Stmt::If(condition, then, other)];
            } else {
                other = self.python_field_block(*clause, "body");
            }
        }
        other
    }

    fn python_try(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let body = self.python_field_block(node, "body");
        let (mut catches, mut otherwise, mut finally) = (Vec::new(), Vec::new(), Vec::new());
        for clause in children(node) {
            match clause.kind() {
                "except_clause" | "except_group_clause" => {
                    let (mut target, mut kinds, mut handler) = (None, Vec::new(), Vec::new());
                    for part in children(clause) {
                        match part.kind() {
                            "block" => handler = self.python_block(part),
                            "as_pattern" => {
                                let parts = children(part);
                                if let Some(kind) = parts.first() {
                                    kinds.push(self.name(*kind));
                                }
                                target = field(part, "alias")
                                    .and_then(|alias| children(alias).first().copied())
                                    .map(|alias| self.python_target(alias));
                            }
                            "tuple" => {
                                for kind in children(part) {
                                    kinds.push(self.name(kind));
                                }
                            }
                            _ => kinds.push(self.name(part)),
                        }
                    }
                    catches.push((target, kinds, handler));
                }
                "else_clause" => otherwise = self.python_field_block(clause, "body"),
                "finally_clause" => {
                    finally = children(clause)
                        .into_iter()
                        .find(|child| child.kind() == "block")
                        .map(|body| self.python_block(body))
                        .unwrap_or_default();
                }
                _ => {}
            }
        }
        out.push(Stmt::Try(Box::new(Try { body, catches, otherwise, finally })));
    }

    fn python_match(&mut self, node: Node<'_>, out: &mut Vec<Stmt>) {
        let subject = self.python_child(node, "subject");
        let mut cases = Vec::new();
        let clauses = field(node, "body").map(children).unwrap_or_default();
        for clause in clauses.into_iter().filter(|child| child.kind() == "case_clause") {
            let (mut labels, mut bind, mut open) = (Vec::new(), None, false);
            let mut plain = false;
            for pattern in children(clause).into_iter().filter(|child| child.kind() == "case_pattern") {
                let inner = children(pattern).first().copied();
                match inner {
                    None => plain = true,
                    Some(inner) if inner.kind() == "dotted_name" && !self.slice(inner).contains('.') => {
                        let (at, name) = (self.spot(inner), self.name(inner));
                        bind = Some(Target::Declare(name, None, at));
                        plain = true;
                    }
                    Some(inner)
                        if matches!(
                            inner.kind(),
                            "string" | "integer" | "float" | "true" | "false" | "none"
                        ) =>
                    {
                        let label = self.python_expr(inner);
                        labels.push(label);
                    }
                    Some(inner) if inner.kind() == "union_pattern" => {
                        for one in children(inner) {
                            let label = self.python_expr(one);
                            labels.push(label);
                        }
                    }
                    Some(_) => open = true,
                }
            }
            let guard = field(clause, "guard")
                .and_then(|guard| children(guard).first().copied())
                .map(|guard| self.python_expr(guard));
            if plain {
                labels.clear();
            }
            let body = self.python_field_block(clause, "consequence");
            cases.push(Case { labels, bind, guard, open, body });
        }
        out.push(Stmt::Switch(Box::new(Switch { subject: Some(subject), cases, falls_through: false })));
    }

    fn python_import(&mut self, node: Node<'_>) {
        let module = field(node, "module_name").map(|module| self.slice(module).to_owned());
        if has_token(node, "wildcard_import")
            || children(node).iter().any(|child| child.kind() == "wildcard_import")
        {
            if let Some(module) = module {
                let from = self.names.of(&module);
                self.imports.push(Import { local: None, from, member: None });
            }
            return;
        }
        for name in fields(node, "name") {
            let (path, alias) = match name.kind() {
                "aliased_import" => {
                    let path =
                        field(name, "name").map(|name| self.slice(name).to_owned()).unwrap_or_default();
                    (path, field(name, "alias").map(|alias| self.name(alias)))
                }
                _ => (self.slice(name).to_owned(), None),
            };
            let import = match &module {
                Some(module) => {
                    let member = self.names.of(&path);
                    Import {
                        local: Some(alias.unwrap_or(member)),
                        from: self.names.of(module),
                        member: Some(member),
                    }
                }
                None => match alias {
                    Some(alias) => Import { local: Some(alias), from: self.names.of(&path), member: None },
                    None => {
                        // `import a.b` binds `a`.
                        let first = path.split('.').next().unwrap_or_default().to_owned();
                        let first = self.names.of(&first);
                        Import { local: Some(first), from: first, member: None }
                    }
                },
            };
            self.imports.push(import);
        }
    }

    fn python_mark(&mut self, node: Node<'_>) -> Option<Mark> {
        let inner = children(node).first().copied()?;
        if inner.kind() == "call" {
            let path = field(inner, "function").map(|function| self.name(function))?;
            let args = field(inner, "arguments").map(|args| self.python_args(args)).unwrap_or_default();
            return Some(Mark { path, args });
        }
        Some(Mark { path: self.name(inner), args: Vec::new() })
    }

    fn python_function(&mut self, node: Node<'_>, marks: Vec<Mark>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        let Some(name) = field(node, "name").map(|name| self.name(name)) else { return };
        let nested = self.counts.len() > 1;
        let class = self.classes.last().copied().filter(|_| !nested);
        let result = field(node, "return_type").map(|kind| self.python_type(kind));
        self.enter();
        let mut params =
            field(node, "parameters").map(|params| self.python_params(params)).unwrap_or_default();
        let body = self.python_field_block(node, "body");
        let size = self.leave();
        let has = |word: &str, this: &Self| marks.iter().any(|mark| this.names.text(mark.path) == word);
        let is_class_method = has("classmethod", self);
        let is_static = class.is_none() || is_class_method || has("staticmethod", self);
        let mut receiver = None;
        if class.is_some() && !has("staticmethod", self) && !params.is_empty() {
            receiver = Some(params.remove(0).name);
        }
        let name = if class.is_some() && self.names.text(name) == "__init__" {
            self.names.of("<new>")
        } else {
            name
        };
        let module = self.file;
        let id = self.add(Function {
            name,
            module,
            class,
            params,
            receiver,
            body,
            marks,
            is_static,
            is_closure: nested,
            result,
            at,
            size,
        });
        if class.is_some() {
            self.methods.push(id);
        } else {
            if !nested {
                self.functions.push(id);
            }
            out.push(Stmt::Function(name, id));
        }
    }

    fn python_params(&mut self, node: Node<'_>) -> Vec<Param> {
        let mut out = Vec::new();
        for child in children(node) {
            let mut named = child;
            let (mut kind, mut default) = (None, None);
            match child.kind() {
                "typed_parameter" | "typed_default_parameter" | "default_parameter" => {
                    kind = field(child, "type").map(|kind| self.python_type(kind));
                    default = field(child, "value").map(|value| Rc::new(self.python_expr(value)));
                    match field(child, "name").or_else(|| children(child).first().copied()) {
                        Some(name) => named = name,
                        None => continue,
                    }
                }
                "identifier" | "list_splat_pattern" | "dictionary_splat_pattern" => {}
                _ => continue,
            }
            let rest = named.kind() == "list_splat_pattern";
            let named_rest = named.kind() == "dictionary_splat_pattern";
            let name = if rest || named_rest { children(named).first().copied() } else { Some(named) };
            let Some(name) = name else { continue };
            let mut one = param(self.name(name));
            // `id: int = Path(...)`: what says where it comes from is a mark.
            if let Some(default) = &default
                && let ExprKind::Call(call) = &default.kind
                && let ExprKind::Name(path) = &call.callee.kind
            {
                one.marks.push(Mark { path: *path, args: Vec::new() });
            }
            one.kind = kind;
            one.default = default;
            one.rest = rest;
            one.named_rest = named_rest;
            out.push(one);
        }
        out
    }

    /// A type without its arguments: `Optional[str]` is `str`.
    fn python_type(&mut self, node: Node<'_>) -> Name {
        let text = self.slice(node).trim_matches(['"', '\'']);
        let text = text.split('|').next().unwrap_or(text).trim();
        let inner = text.strip_prefix("Optional[").and_then(|inner| inner.strip_suffix(']')).unwrap_or(text);
        let name = inner.split('[').next().unwrap_or(inner).to_owned();
        self.names.of(&name)
    }

    fn python_class(&mut self, node: Node<'_>, marks: Vec<Mark>, out: &mut Vec<Stmt>) {
        let at = self.spot(node);
        let Some(name) = field(node, "name").map(|name| self.name(name)) else { return };
        let is_local = self.counts.len() > 1;
        let id = self.reserve_class(name, at, is_local);
        let mut bases = Vec::new();
        for base in field(node, "superclasses").map(children).unwrap_or_default() {
            if matches!(base.kind(), "identifier" | "attribute") {
                bases.push(self.name(base));
            }
        }
        self.classes.push(id);
        let outer = std::mem::take(&mut self.methods);
        let counts = std::mem::replace(&mut self.counts, vec![0]);
        let body = self.python_field_block(node, "body");
        self.counts = counts;
        let methods = std::mem::replace(&mut self.methods, outer);
        self.classes.pop();
        let mut decls = Vec::new();
        for stmt in body {
            if let Stmt::Expr(Expr { at, kind: ExprKind::Assign(target, value) }) = stmt
                && let Target::Declare(name, kind, _) = *target
            {
                decls.push(FieldDecl {
                    name,
                    kind,
                    value: Some(Rc::new(*value)),
                    is_static: true,
                    marks: Vec::new(),
                    at,
                });
            }
        }
        if let Some(class) = self.class_mut(id) {
            class.bases = bases;
            class.methods = methods;
            class.fields = decls;
            class.marks = marks;
        }
        out.push(Stmt::Class(name, id));
    }

    fn python_child(&mut self, node: Node<'_>, name: &str) -> Expr {
        match field(node, name) {
            Some(child) => self.python_expr(child),
            None => Expr { at: self.spot(node), kind: ExprKind::Unknown(Vec::new()) },
        }
    }

    fn python_args(&mut self, node: Node<'_>) -> Vec<Arg> {
        if node.kind() == "generator_expression" {
            return vec![Arg { name: None, spread: false, value: self.python_expr(node) }];
        }
        let mut out = Vec::new();
        for child in children(node) {
            let arg = match child.kind() {
                "keyword_argument" => {
                    let name = field(child, "name").map(|name| self.name(name));
                    Arg { name, spread: false, value: self.python_child(child, "value") }
                }
                "list_splat" | "dictionary_splat" => {
                    let Some(inner) = children(child).first().copied() else { continue };
                    Arg { name: None, spread: true, value: self.python_expr(inner) }
                }
                _ => Arg { name: None, spread: false, value: self.python_expr(child) },
            };
            out.push(arg);
        }
        out
    }

    fn python_expr(&mut self, node: Node<'_>) -> Expr {
        self.nested(node, Self::python_kind)
    }

    fn python_kind(&mut self, node: Node<'_>) -> ExprKind {
        let at = self.spot(node);
        match node.kind() {
            "identifier" => {
                let name = self.name(node);
                ExprKind::Name(name)
            }
            "string" => self.python_string(node),
            "concatenated_string" => {
                let parts = children(node).into_iter().map(|part| self.python_expr(part)).collect();
                ExprKind::Text(parts)
            }
            "integer" | "float" => ExprKind::Const(number(self.slice(node))),
            "true" => ExprKind::Const(Const::Bool(true)),
            "false" => ExprKind::Const(Const::Bool(false)),
            "none" => ExprKind::Const(Const::Null),
            "parenthesized_expression" | "await" | "type" => match children(node).first() {
                Some(inner) => self.python_expr(*inner).kind,
                None => ExprKind::Unknown(Vec::new()),
            },
            "attribute" => {
                let object = self.python_child(node, "object");
                match field(node, "attribute").map(|name| self.name(name)) {
                    Some(name) => ExprKind::Field(Box::new(object), name),
                    None => ExprKind::Unknown(vec![object]),
                }
            }
            "subscript" => {
                let value = self.python_child(node, "value");
                match field(node, "subscript") {
                    Some(index) if index.kind() == "slice" => ExprKind::Unknown(vec![value]),
                    Some(index) => {
                        let index = self.python_expr(index);
                        ExprKind::Index(Box::new(value), Box::new(index))
                    }
                    None => ExprKind::Unknown(vec![value]),
                }
            }
            "call" => self.python_call(node),
            "binary_operator" => self.python_binary(node),
            "boolean_operator" => {
                let op = binary_op(field(node, "operator").map_or("", |op| op.kind()));
                let (left, right) = (self.python_child(node, "left"), self.python_child(node, "right"));
                ExprKind::Binary(op, Box::new(left), Box::new(right))
            }
            "not_operator" => ExprKind::Unary(UnaryOp::Not, Box::new(self.python_child(node, "argument"))),
            "unary_operator" => {
                let op = match field(node, "operator").map_or("", |op| op.kind()) {
                    "-" => UnaryOp::Minus,
                    "~" => UnaryOp::BitNot,
                    _ => UnaryOp::Plus,
                };
                ExprKind::Unary(op, Box::new(self.python_child(node, "argument")))
            }
            "comparison_operator" => self.python_comparison(node),
            "conditional_expression" => {
                let parts = children(node);
                let [then, condition, other] = parts.as_slice() else { return ExprKind::Unknown(Vec::new()) };
                let condition = self.python_expr(*condition);
                let then = self.python_expr(*then);
                let other = self.python_expr(*other);
                ExprKind::If(Box::new(condition), Box::new(then), Box::new(other))
            }
            "lambda" => {
                self.enter();
                let params =
                    field(node, "parameters").map(|params| self.python_params(params)).unwrap_or_default();
                let value = self.python_child(node, "body");
                self.closure(params, vec![Stmt::Return(Some(value), at)], at)
            }
            "list" | "tuple" | "set" | "expression_list" | "pattern_list" => {
                let mut items = Vec::new();
                for child in children(node) {
                    if child.kind() == "list_splat" {
                        if let Some(inner) = children(child).first() {
                            items.push((self.python_expr(*inner), true));
                        }
                    } else {
                        items.push((self.python_expr(child), false));
                    }
                }
                ExprKind::List(items)
            }
            "dictionary" => {
                let mut entries = Vec::new();
                for child in children(node) {
                    if child.kind() == "pair" {
                        let key = self.python_child(child, "key");
                        entries.push((Some(key), self.python_child(child, "value")));
                    } else if let Some(inner) = children(child).first() {
                        entries.push((None, self.python_expr(*inner)));
                    }
                }
                ExprKind::Map(entries)
            }
            "list_comprehension"
            | "generator_expression"
            | "set_comprehension"
            | "dictionary_comprehension" => self.python_comprehension(node),
            "assignment" => {
                let Some(right) = field(node, "right") else { return ExprKind::Unknown(Vec::new()) };
                let value = self.python_expr(right);
                let target = match field(node, "left") {
                    Some(left) if left.kind() == "identifier" => {
                        let kind = field(node, "type").map(|kind| self.python_type(kind));
                        match self.python_target(left) {
                            Target::Declare(name, _, at) => Target::Declare(name, kind, at),
                            other => other,
                        }
                    }
                    Some(left) => self.python_target(left),
                    None => Target::Nothing,
                };
                ExprKind::Assign(Box::new(target), Box::new(value))
            }
            "augmented_assignment" => {
                let target = field(node, "left").map_or(Target::Nothing, |left| self.python_target(left));
                let left = self.python_child(node, "left");
                let right = self.python_child(node, "right");
                let op = field(node, "operator").map_or("", |op| op.kind());
                let op = binary_op(op.strip_suffix('=').unwrap_or(op));
                let value = Expr { at, kind: ExprKind::Binary(op, Box::new(left), Box::new(right)) };
                ExprKind::Assign(Box::new(target), Box::new(value))
            }
            "named_expression" => {
                let value = self.python_child(node, "value");
                let target = field(node, "name").map_or(Target::Nothing, |name| self.python_target(name));
                ExprKind::Assign(Box::new(target), Box::new(value))
            }
            "yield" => match children(node).first() {
                Some(inner) => {
                    let value = self.python_expr(*inner);
                    let given = self.names.of("<yield>");
                    let yielded = Target::Push(Expr { at, kind: ExprKind::Name(given) });
                    ExprKind::Assign(Box::new(yielded), Box::new(value))
                }
                None => ExprKind::Unknown(Vec::new()),
            },
            _ => {
                let parts = children(node).into_iter().map(|child| self.python_expr(child)).collect();
                ExprKind::Unknown(parts)
            }
        }
    }

    fn python_string(&mut self, node: Node<'_>) -> ExprKind {
        let mut parts = Vec::new();
        let mut raw = false;
        for child in children(node) {
            let at = self.spot(child);
            match child.kind() {
                "string_start" => raw = self.slice(child).to_ascii_lowercase().contains('r'),
                "string_content" => {
                    let text = self.slice(child);
                    let text = if raw { text.into() } else { unescaped(text) };
                    parts.push(Expr { at, kind: ExprKind::Const(Const::Text(text)) });
                }
                "interpolation" => {
                    let value = field(child, "expression").or_else(|| children(child).first().copied());
                    parts.extend(value.map(|value| self.python_expr(value)));
                }
                _ => {}
            }
        }
        match parts.as_slice() {
            [] => ExprKind::Const(Const::Text("".into())),
            [Expr { kind: ExprKind::Const(value), .. }] => ExprKind::Const(value.clone()),
            _ => ExprKind::Text(parts),
        }
    }

    fn python_call(&mut self, node: Node<'_>) -> ExprKind {
        let at = self.spot(node);
        let args = field(node, "arguments").map(|args| self.python_args(args)).unwrap_or_default();
        let Some(function) = field(node, "function") else { return ExprKind::Unknown(Vec::new()) };
        // `super().f(x)`
        if function.kind() == "attribute"
            && let Some(object) = field(function, "object")
            && object.kind() == "call"
            && field(object, "function").is_some_and(|inner| self.slice(inner) == "super")
            && let Some(name) = field(function, "attribute")
        {
            let name = match self.slice(name) {
                "__init__" => self.names.of("<new>"),
                other => self.names.of(other),
            };
            let base = Expr { at, kind: ExprKind::Super };
            let callee = Expr { at, kind: ExprKind::Field(Box::new(base), name) };
            return ExprKind::Call(Box::new(Call { callee, args, apart: false }));
        }
        let callee = self.python_expr(function);
        ExprKind::Call(Box::new(Call { callee, args, apart: false }))
    }

    fn python_binary(&mut self, node: Node<'_>) -> ExprKind {
        let op = field(node, "operator").map_or("", |op| op.kind());
        if op == "+" {
            let mut terms = Vec::new();
            let mut at = node;
            while at.kind() == "binary_operator" && field(at, "operator").is_some_and(|op| op.kind() == "+") {
                terms.extend(field(at, "right"));
                match field(at, "left") {
                    Some(left) => at = left,
                    None => break,
                }
            }
            terms.push(at);
            terms.reverse();
            return ExprKind::Sum(terms.into_iter().map(|term| self.python_expr(term)).collect());
        }
        let left = self.python_child(node, "left");
        let right = self.python_child(node, "right");
        // `"%s" % (a, b)`
        ExprKind::Binary(binary_op(op), Box::new(left), Box::new(right))
    }

    fn python_comparison(&mut self, node: Node<'_>) -> ExprKind {
        let mut cursor = node.walk();
        let all: Vec<Node<'_>> = node.children(&mut cursor).filter(|child| !child.is_extra()).collect();
        let mut left: Option<Node<'_>> = None;
        let mut op = String::new();
        let mut out: Option<Expr> = None;
        for child in all {
            if !child.is_named() || matches!(child.kind(), "not in" | "is not") {
                if !op.is_empty() {
                    op.push(' ');
                }
                op.push_str(child.kind());
                continue;
            }
            if let Some(before) = left {
                let at = self.spot(node);
                let (a, b) = (self.python_expr(before), self.python_expr(child));
                let (kind, negated) = match op.as_str() {
                    "is" => (BinaryOp::Eq, false),
                    "is not" => (BinaryOp::NotEq, false),
                    "not in" => (BinaryOp::In, true),
                    other => (binary_op(other), false),
                };
                let mut one = Expr { at, kind: ExprKind::Binary(kind, Box::new(a), Box::new(b)) };
                if negated {
                    one = Expr { at, kind: ExprKind::Unary(UnaryOp::Not, Box::new(one)) };
                }
                out = Some(match out {
                    None => one,
                    Some(before) => {
                        Expr { at, kind: ExprKind::Binary(BinaryOp::And, Box::new(before), Box::new(one)) }
                    }
                });
                op.clear();
            }
            left = Some(child);
        }
        out.map_or(ExprKind::Unknown(Vec::new()), |out| out.kind)
    }

    fn python_comprehension(&mut self, node: Node<'_>) -> ExprKind {
        let at = self.spot(node);
        self.renamed += 1;
        let list = format!("[]#{}", self.renamed);
        let list = self.names.of(&list);
        let read = || Expr { at, kind: ExprKind::Name(list) };
        let is_map = node.kind() == "dictionary_comprehension";
        let Some(body) = field(node, "body") else { return ExprKind::Unknown(Vec::new()) };
        let add = if is_map && body.kind() == "pair" {
            let key = self.python_child(body, "key");
            let value = self.python_child(body, "value");
            assign(Target::Index(read(), key), value, at)
        } else {
            let value = self.python_expr(body);
            assign(Target::Push(read()), value, at)
        };
        let mut inner = vec![add];
        for clause in children(node).into_iter().rev() {
            match clause.kind() {
                "for_in_clause" => {
                    let over = self.python_child(clause, "right");
                    let value = field(clause, "left").map(|left| self.python_target(left));
                    inner =
                        vec![Stmt::Each(Box::new(Each { label: None, key: None, value, over, body: inner }))];
                }
                "if_clause" => {
                    if let Some(condition) = children(clause).first() {
                        let condition = self.python_expr(*condition);
                        inner = vec![Stmt::If(condition, inner, Vec::new())];
                    }
                }
                _ => {}
            }
        }
        let empty = if is_map { ExprKind::Map(Vec::new()) } else { ExprKind::List(Vec::new()) };
        let mut body = vec![assign(Target::Declare(list, None, at), Expr { at, kind: empty }, at)];
        body.extend(inner);
        body.push(Stmt::Expr(read()));
        ExprKind::Do(body)
    }

    fn python_target(&mut self, node: Node<'_>) -> Target {
        match node.kind() {
            "identifier" => {
                let (at, name) = (self.spot(node), self.name(node));
                // `global` and `nonlocal` names live elsewhere.
                let elsewhere = self.scopes.last().is_some_and(|scope| scope.names.contains_key(&name));
                if elsewhere { Target::Name(name, at) } else { Target::Declare(name, None, at) }
            }
            "attribute" => {
                let object = self.python_child(node, "object");
                match field(node, "attribute").map(|name| self.name(name)) {
                    Some(name) => Target::Field(object, name),
                    None => Target::Nothing,
                }
            }
            "subscript" => {
                let value = self.python_child(node, "value");
                match field(node, "subscript") {
                    Some(index) => Target::Index(value, self.python_expr(index)),
                    None => Target::Nothing,
                }
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" | "list" | "expression_list" => {
                let mut targets = Vec::new();
                for child in children(node) {
                    if child.kind() == "list_splat_pattern" {
                        if let Some(inner) = children(child).first() {
                            targets.push((self.python_target(*inner), true));
                        }
                    } else {
                        targets.push((self.python_target(child), false));
                    }
                }
                Target::List(targets)
            }
            "parenthesized_expression" | "as_pattern_target" => {
                children(node).first().map_or(Target::Nothing, |inner| self.python_target(*inner))
            }
            _ => Target::Nothing,
        }
    }
}
