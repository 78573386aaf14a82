//! The values of expressions, and what is written where.

use super::ir::*;
use super::library;
use super::machine::{Gone, Machine, Run, joined};
use super::names::Name;
use super::state::{Key, Kind};
use super::value::{Closure, Value, concat, join_taint};

impl<'p> Machine<'p> {
    /// The value of an expression.
    pub(super) fn evaluate(&mut self, expr: &'p Expr) -> Run<Value> {
        if !self.step() {
            return Ok(Value::unknown());
        }
        match &expr.kind {
            ExprKind::Const(value) => Ok(Value::constant(value.clone())),
            ExprKind::Name(name) => Ok(self.read_name(*name, expr.at)),
            ExprKind::This | ExprKind::Super => Ok(self.this()),
            ExprKind::Field(base, name) => {
                let base_value = self.evaluate(base)?;
                Ok(self.read_field(&base_value, *name, expr.at, Some(base)))
            }
            ExprKind::Index(base, index) => {
                let base = self.evaluate(base)?;
                let index = self.evaluate(index)?;
                Ok(self.read_index(&base, &index, expr.at))
            }
            ExprKind::Call(call) => self.call(call, expr.at),
            ExprKind::New(new) => self.make_new(new, expr.at),
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right),
            ExprKind::Unary(op, value) => {
                let value = self.evaluate(value)?;
                Ok(self.unary(*op, value))
            }
            ExprKind::If(condition, then, other) => {
                let value = self.evaluate(condition)?;
                match self.truth(&value) {
                    Some(true) => self.evaluate(then),
                    Some(false) => self.evaluate(other),
                    None => {
                        let (one, other) = self.either(
                            |this| {
                                this.refine(condition, true);
                                this.evaluate(then)
                            },
                            |this| {
                                this.refine(condition, false);
                                this.evaluate(other)
                            },
                        )?;
                        Ok(joined(one, other))
                    }
                }
            }
            ExprKind::Assign(target, value) => {
                let from = value;
                let mut value = self.evaluate(value)?.at(expr.at);
                // A second name for the same thing is still known by the first.
                if value.is_blank() && value.taint.is_none() && matches!(from.kind, ExprKind::Name(_)) {
                    value.path = self.hint(from);
                }
                self.write(target, value.clone(), expr.at)?;
                Ok(value)
            }
            ExprKind::PostAssign(target, value) => {
                let before = self.read_target(target)?;
                let value = self.evaluate(value)?;
                self.write(target, value, expr.at)?;
                Ok(before)
            }
            ExprKind::Closure(id) => {
                let frame = self.stack.last().copied();
                let this = self.this().objects().first().copied();
                self.captured.extend(frame.map(|frame| frame.scope));
                let closure = Closure { function: *id, scope: frame.map(|frame| frame.scope), this };
                self.pending.push(closure);
                Ok(Value::closure(closure))
            }
            ExprKind::List(items) => {
                let mut elements = Vec::new();
                for (item, spread) in items {
                    let value = self.evaluate(item)?;
                    elements.push((value, *spread));
                }
                Ok(self.make_list(elements, expr.at))
            }
            ExprKind::Map(entries) => {
                let object = self.make(Kind::Map, None, expr.at);
                for (key, value) in entries {
                    let key = match key {
                        Some(key) => Some(self.evaluate(key)?),
                        None => None,
                    };
                    let value = self.evaluate(value)?;
                    match key {
                        Some(key) => self.put(object, &key, value),
                        None => self.copy_into(object, &value),
                    }
                }
                Ok(Value::object(object))
            }
            ExprKind::Sum(terms) => {
                let mut total: Option<Value> = None;
                for term in terms {
                    let value = self.evaluate(term)?;
                    total = Some(match total {
                        None => value,
                        Some(before) => self.binary_values(BinaryOp::Add, &before, &value),
                    });
                }
                Ok(total.unwrap_or_default())
            }
            ExprKind::Text(parts) => {
                let mut values = Vec::new();
                for part in parts {
                    let value = self.evaluate(part)?;
                    values.push(self.as_text(&value));
                }
                Ok(concat(&values.iter().collect::<Vec<_>>()))
            }
            ExprKind::Cast(kind, value) => {
                let value = self.evaluate(value)?;
                Ok(self.cast(*kind, value))
            }
            ExprKind::IsKind(value, kind) => {
                let value = self.evaluate(value)?;
                Ok(self.is_kind(&value, *kind))
            }
            ExprKind::Do(body) => self.run_valued(body),
            ExprKind::Sequence(items) => {
                let mut last = Value::unknown();
                for item in items {
                    last = self.evaluate(item)?;
                }
                Ok(last)
            }
            ExprKind::Unknown(parts) => {
                let mut taint = None;
                for part in parts {
                    let value = self.evaluate(part)?;
                    taint = join_taint(&taint, &self.deep(&value));
                }
                Ok(Value::tainted(taint))
            }
        }
    }

    /// The own object of the running function.
    pub(super) fn this(&self) -> Value {
        let mut scope = self.stack.last().map(|frame| frame.scope);
        while let Some(object) = scope {
            if let Some(this) = self.state.get(object, Key::Whole) {
                return this.clone();
            }
            scope = self.state.meta(object).parent;
        }
        Value::unknown()
    }

    /// A value as part of a text.
    pub(super) fn as_text(&mut self, value: &Value) -> Value {
        if value.objects.is_none() {
            return Value {
                consts: value.consts.clone(),
                shape: value.shape.clone(),
                taint: value.taint.clone(),
                ..Value::default()
            };
        }
        if let [object] = value.objects()
            && self.state.meta(*object).kind == Kind::Builder
            && let Some(whole) = self.state.get(*object, Key::Whole)
        {
            let mut whole = whole.clone();
            whole.taint = join_taint(&whole.taint, &value.taint);
            return whole;
        }
        Value::tainted(self.deep(value))
    }

    /// A value as a number: all that it can still be is too large.
    pub(super) fn as_number(&mut self, value: &Value) -> Value {
        let numeric =
            self.books.get(&self.language()).map_or(super::value::Contexts::MAX, |book| book.numeric);
        Value::tainted(self.deep(value)).cleaned(numeric)
    }

    pub(super) fn cast(&mut self, kind: Name, value: Value) -> Value {
        let text = self.names.text(kind);
        if library::is_number(text) {
            let known = match value.known() {
                Some(Const::Int(number)) => Some(Const::Int(*number)),
                Some(Const::Float(number)) if library::is_whole(text) => Some(Const::Int(*number as i64)),
                Some(Const::Text(text)) => text.parse().ok().map(Const::Int),
                Some(Const::Bool(truth)) => Some(Const::Int(i64::from(*truth))),
                _ => None,
            };
            return known.map_or_else(|| self.as_number(&value), Value::constant);
        }
        if library::is_text(text) && value.objects.is_some() {
            return value;
        }
        let path = value.path;
        let mut value = self.typed(Value { path: None, ..value }, Some(kind));
        value.path = value.path.or(path);
        value
    }

    pub(super) fn is_kind(&mut self, value: &Value, kind: Name) -> Value {
        let Some(frame) = self.stack.last().copied() else { return Value::unknown() };
        if value.known() == Some(&Const::Null) {
            return Value::bool(false);
        }
        let short = self.names.shared(kind);
        let short = short.rsplit('.').next().unwrap_or_default();
        if let Some(Const::Text(_)) = value.known() {
            return match library::is_text(short) {
                true => Value::bool(true),
                false if matches!(short, "Object" | "CharSequence" | "Comparable" | "Serializable") => {
                    Value::unknown()
                }
                false => Value::bool(false),
            };
        }
        let class = self.scopes.class_of(self.program, self.names, frame.module, frame.class, kind);
        if let (Some(class), [object]) = (class, value.objects())
            && let Kind::Instance(own) = self.state.meta(*object).kind
        {
            let fits = self.scopes.chain(self.program, self.names, own).contains(&class);
            if fits || !self.state.meta(*object).foreign {
                return Value::bool(fits);
            }
        }
        Value::unknown()
    }

    /// Whether a value is true in the running language.
    pub(super) fn truth(&self, value: &Value) -> Option<bool> {
        if value.consts.is_none() {
            if value.functions.is_some() {
                return Some(true);
            }
            if value.taint.is_none()
                && let [object] = value.objects()
            {
                let meta = self.state.meta(*object);
                let empty_is_false = matches!(self.language(), Language::Python | Language::Php);
                if meta.foreign || (empty_is_false && matches!(meta.kind, Kind::List | Kind::Map)) {
                    return None;
                }
                return Some(true);
            }
            return None;
        }
        value.truth()
    }

    pub(super) fn binary(&mut self, op: BinaryOp, left: &'p Expr, right: &'p Expr) -> Run<Value> {
        match op {
            BinaryOp::And | BinaryOp::Or => {
                let first = self.evaluate(left)?;
                let stops = op == BinaryOp::Or;
                match self.truth(&first) {
                    Some(truth) if truth == stops => Ok(first),
                    Some(_) => {
                        self.refine(left, !stops);
                        self.evaluate(right)
                    }
                    None => {
                        let depth = self.state.depth();
                        self.state.push();
                        self.refine(left, !stops);
                        let second = self.evaluate(right);
                        let writes = self.state.take(depth);
                        let Ok(second) = second else { return Ok(first) };
                        self.state.merge(vec![writes, Default::default()]);
                        if self.truth(&second) == Some(stops) {
                            return Ok(Value { taint: join_taint(&first.taint, &second.taint), ..second });
                        }
                        let boolish = |value: &Value| value.consts.is_none() && value.objects.is_none();
                        if boolish(&first) && matches!(second.known(), Some(Const::Bool(_))) {
                            return Ok(Value::tainted(first.taint));
                        }
                        Ok(first.join(&second))
                    }
                }
            }
            BinaryOp::Otherwise => {
                let first = self.evaluate(left)?;
                match first.known() {
                    Some(Const::Null) => self.evaluate(right),
                    Some(_) => Ok(first),
                    None => {
                        if first.objects.is_some() && first.consts.is_none() {
                            return Ok(first);
                        }
                        let (_, second) =
                            self.either(|_| Ok(Value::unknown()), |this| this.evaluate(right))?;
                        Ok(joined(Some(first), second))
                    }
                }
            }
            _ => {
                let left = self.evaluate(left)?;
                let right = self.evaluate(right)?;
                Ok(self.binary_values(op, &left, &right))
            }
        }
    }

    /// The value of two values and an operator.
    pub(super) fn binary_values(&mut self, op: BinaryOp, left: &Value, right: &Value) -> Value {
        match op {
            BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem
                if self.language() == Language::Php =>
            {
                // A text becomes a number.
                let value = library::arithmetic(op, left, right);
                if value.taint.is_some() { self.as_number(&value) } else { value }
            }
            BinaryOp::Add if !library::adds_texts(self.language()) => library::arithmetic(op, left, right),
            BinaryOp::Add => {
                if let (Some(a), Some(b)) = (left.known(), right.known())
                    && !matches!(a, Const::Text(_))
                    && !matches!(b, Const::Text(_))
                {
                    return library::arithmetic(op, left, right);
                }
                if left
                    .objects()
                    .iter()
                    .chain(right.objects())
                    .any(|object| self.state.meta(*object).kind == Kind::List)
                    && !matches!(self.language(), Language::Java)
                {
                    return self
                        .make_list(vec![(left.clone(), true), (right.clone(), true)], Spot::default());
                }
                let (left, right) = (self.as_text(left), self.as_text(right));
                concat(&[&left, &right])
            }
            BinaryOp::Join => {
                let (left, right) = (self.as_text(left), self.as_text(right));
                concat(&[&left, &right])
            }
            BinaryOp::Eq | BinaryOp::NotEq => {
                let equal = library::equal(left, right).or_else(|| self.same_object(left, right));
                match equal {
                    Some(equal) => Value::bool(equal == (op == BinaryOp::Eq)),
                    None => Value::unknown(),
                }
            }
            BinaryOp::In => self.contains(right, left),
            BinaryOp::Rem if self.language() == Language::Python && right.known_int().is_none() => {
                let parts = match self.known_elements(right) {
                    Some(elements) if right.objects.is_some() => {
                        elements.into_iter().map(|(_, value)| self.as_text(&value)).collect()
                    }
                    _ => vec![self.as_text(right)],
                };
                super::texts::formatted(left, &parts)
            }
            BinaryOp::Other => Value::tainted(join_taint(&self.deep(left), &self.deep(right))),
            _ => library::arithmetic(op, left, right),
        }
    }

    /// Whether two values are the same object, or one is an object and the other is nothing.
    pub(super) fn same_object(&self, left: &Value, right: &Value) -> Option<bool> {
        let nothing = |value: &Value| value.known() == Some(&Const::Null);
        let made = |value: &Value| {
            value.consts.is_none()
                && value.taint.is_none()
                && !value.objects().is_empty()
                && value.objects().iter().all(|object| !self.state.meta(*object).foreign)
        };
        if (nothing(left) && made(right)) || (nothing(right) && made(left)) {
            return Some(false);
        }
        None
    }

    pub(super) fn unary(&mut self, op: UnaryOp, value: Value) -> Value {
        match op {
            UnaryOp::Through => value,
            UnaryOp::Not => self.truth(&value).map_or_else(Value::unknown, |truth| Value::bool(!truth)),
            UnaryOp::Minus => match value.known() {
                Some(Const::Int(number)) => Value::int(number.wrapping_neg()),
                Some(Const::Float(number)) => Value::constant(Const::Float(-number)),
                _ => Value::unknown(),
            },
            UnaryOp::BitNot => value.known_int().map_or_else(Value::unknown, |number| Value::int(!number)),
            UnaryOp::Plus => match value.known() {
                Some(Const::Int(_) | Const::Float(_)) => value,
                _ => self.as_number(&value),
            },
        }
    }

    /// A name for something of which no type is known: `?cursor`.
    pub(super) fn hint(&mut self, expr: &Expr) -> Option<Name> {
        let name = match &expr.kind {
            ExprKind::Name(name) | ExprKind::Field(_, name) => *name,
            ExprKind::This => return None,
            ExprKind::Call(call) => match &call.callee.kind {
                ExprKind::Field(_, name) | ExprKind::Name(name) => *name,
                _ => return None,
            },
            _ => return None,
        };
        let text = self.names.shared(name);
        let text = text.split('#').next().unwrap_or_default();
        Some(self.names.of(&format!("?{text}")))
    }

    /// The full name of a field of a value.
    pub(super) fn full_path(&mut self, owner: &Value, name: Name, base: &Expr) -> Option<Name> {
        let mut path = owner.path;
        if let [object] = owner.objects() {
            let meta = self.state.meta(*object);
            path = meta.path.or(path);
            if let Kind::Instance(class) = meta.kind {
                path = self
                    .scopes
                    .outside_base(self.program, self.names, class)
                    .or_else(|| self.class(class).map(|class| class.full));
            }
        }
        if let Some(class) = owner.class {
            path = self.class(class).map(|class| class.full);
        }
        let path = path.or_else(|| self.hint(base))?;
        Some(self.scopes.dotted(self.names, path, name))
    }

    /// Nothing more happens on this path.
    #[allow(dead_code, reason = "languages with functions that never return use it")]
    pub(super) fn stop<T>(&self) -> Run<T> {
        Err(Gone)
    }
}
