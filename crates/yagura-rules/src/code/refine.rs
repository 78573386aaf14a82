//! What a condition says about values on the path on which it holds: something that equals a constant is that
//! constant, something that a guard let pass is harmless where the guard says so.

use super::ir::*;
use super::library;
use super::machine::{Frame, MOST_CALLS, Machine};
use super::state::{Key, Kind, Meta};
use super::value::{Contexts, Value};

impl<'p> Machine<'p> {
    /// Goes on in the knowledge that a condition is true or false.
    pub(super) fn refine(&mut self, condition: &'p Expr, truth: bool) {
        if self.steps == 0 {
            return;
        }
        match &condition.kind {
            ExprKind::Unary(UnaryOp::Not, inner) => self.refine(inner, !truth),
            ExprKind::Binary(BinaryOp::And, left, right) if truth => {
                self.refine(left, true);
                self.refine(right, true);
            }
            ExprKind::Binary(BinaryOp::Or, left, right) if !truth => {
                self.refine(left, false);
                self.refine(right, false);
            }
            ExprKind::Binary(op @ (BinaryOp::Eq | BinaryOp::NotEq), left, right) => {
                if (*op == BinaryOp::Eq) == truth {
                    self.refine_equal(left, right);
                    self.refine_equal(right, left);
                }
                self.refine_compared(left, right, (*op == BinaryOp::Eq) == truth);
            }
            ExprKind::Binary(BinaryOp::Less | BinaryOp::LessEq, left, right) => {
                self.refine_limit(if truth { left } else { right }, if truth { right } else { left });
            }
            ExprKind::Binary(BinaryOp::Greater | BinaryOp::GreaterEq, left, right) => {
                self.refine_limit(if truth { right } else { left }, if truth { left } else { right });
            }
            ExprKind::Binary(BinaryOp::In, item, list) if truth => self.refine_member(item, list),
            ExprKind::Call(call) => self.refine_call(call, truth),
            ExprKind::Assign(_, value) => self.refine(value, truth),
            ExprKind::Name(_) | ExprKind::Field(..) if !truth => {}
            _ => {}
        }
    }

    /// `check(x) == true`, `-1 != list.indexOf(x)`, `re.match(x) is not None`.
    fn refine_compared(&mut self, left: &'p Expr, right: &'p Expr, equal: bool) {
        let (ExprKind::Call(call), ExprKind::Const(known)) = (&left.kind, &right.kind) else { return };
        let holds = match known {
            Const::Bool(value) => *value == equal,
            Const::Null => !equal,
            Const::Int(1) => equal,
            Const::Int(0) => !equal,
            _ => return,
        };
        self.refine_call(call, holds);
    }

    /// Something that equals a constant.
    pub(super) fn refine_equal(&mut self, place: &'p Expr, other: &'p Expr) {
        if !is_place(place) || !is_simple(other) {
            return;
        }
        let Ok(other) = self.evaluate(other) else { return };
        let Some(consts) = other.consts.clone().filter(|_| other.objects.is_none()) else { return };
        if matches!(&*consts, [Const::Null]) {
            return;
        }
        let Ok(before) = self.evaluate(place) else { return };
        if before.consts.is_none() && before.objects.is_none() {
            self.write_place(place, Value { consts: Some(consts), ..Value::default() });
        }
    }

    /// Something that is not greater than something that nobody outside decides.
    fn refine_limit(&mut self, smaller: &'p Expr, greater: &'p Expr) {
        if !is_place(smaller) || !is_simple(greater) {
            return;
        }
        let Ok(limit) = self.evaluate(greater) else { return };
        if limit.known_int().is_some_and(|limit| limit > 0)
            || limit.known().is_none() && limit.taint.is_none()
        {
            let numeric = self.books.get(&self.language()).map_or(Contexts::MAX, |book| book.numeric);
            self.harmless(smaller, !numeric);
        }
    }

    /// Something that is among constants.
    fn refine_member(&mut self, item: &'p Expr, list: &'p Expr) {
        if !is_place(item) {
            return;
        }
        let Ok(list) = self.evaluate(list) else { return };
        if self.is_constant_list(&list) {
            self.harmless(item, Contexts::MAX);
        }
    }

    fn is_constant_list(&mut self, list: &Value) -> bool {
        let Some(elements) = self.known_elements(list) else { return false };
        !elements.is_empty()
            && elements.iter().all(|(key, value)| {
                let known = |value: &Value| value.consts.is_some() && value.taint.is_none();
                known(value)
                    || known(key) && value.taint.is_none() && !matches!(key.known(), Some(Const::Int(_)))
            })
    }

    fn harmless(&mut self, place: &'p Expr, contexts: Contexts) {
        let place = inner_place(place);
        if !is_place(place) {
            return;
        }
        if let Ok(before) = self.evaluate(place)
            && before.taint.is_some()
        {
            self.write_place(place, before.cleaned(contexts));
        }
    }

    fn refine_call(&mut self, call: &'p Call, truth: bool) {
        let arg = |at: usize| call.args.get(at).map(|arg| &arg.value);
        if let ExprKind::Field(base, name) = &call.callee.kind {
            let word = self.names.shared(*name);
            if truth {
                match &*word {
                    "equals" | "Equals" | "equalsIgnoreCase" | "contentEquals" => {
                        if let Some(other) = arg(0) {
                            self.refine_equal(base, other);
                            self.refine_equal(other, base);
                        }
                    }
                    "contains" | "includes" | "Contains" | "containsKey" | "has" | "include?"
                    | "ContainsKey" => {
                        if let Some(item) = arg(0) {
                            self.refine_member(item, base);
                        }
                    }
                    "matches" | "isdigit" | "isnumeric" | "isdecimal" | "isalnum" | "isalpha"
                    | "matchEntire" => {
                        let safe = match &*word {
                            "matches" => self.pattern_contexts(arg(0), true),
                            _ => Contexts::MAX,
                        };
                        self.harmless(base, safe);
                    }
                    _ => {}
                }
            }
            if truth
                && matches!(
                    &*word,
                    "test" | "match" | "fullmatch" | "MatchString" | "IsMatch" | "matches" | "find" | "Match"
                )
            {
                // A pattern on the left or as the first argument, the text as the last one.
                let whole = matches!(&*word, "fullmatch");
                let own = self.pattern_contexts(Some(base), whole);
                if own != 0
                    && let Some(text) = arg(0)
                {
                    self.harmless(text, own);
                } else if let Some(text) = call.args.last().map(|arg| &arg.value) {
                    let given = self.pattern_contexts(arg(0), whole || (&*word == "matches"));
                    self.harmless(text, given);
                    if &*word == "match" {
                        self.harmless(base, given);
                    }
                }
            }
        }
        let callee = match &call.callee.kind {
            ExprKind::Name(name) => Some(*name),
            _ => None,
        };
        if let Some(name) = callee {
            let word = self.names.shared(name);
            match &*word {
                "in_array" | "array_search" if truth => {
                    if let (Some(item), Some(list)) = (arg(0), arg(1)) {
                        self.refine_member(item, list);
                    }
                }
                "array_key_exists" if truth => {
                    if let (Some(item), Some(list)) = (arg(0), arg(1)) {
                        self.refine_member(item, list);
                    }
                }
                "preg_match" | "preg_match_all" if truth => {
                    let safe = self.pattern_contexts(arg(0), false);
                    if let Some(text) = arg(1) {
                        self.harmless(text, safe);
                    }
                }
                _ => {}
            }
        }
        if truth {
            self.refine_guard(call);
        }
        self.refine_own(call, truth);
    }

    /// A function of the program that only returns a condition on what it is given.
    fn refine_own(&mut self, call: &'p Call, truth: bool) {
        let value = match &call.callee.kind {
            ExprKind::Name(name) => self.read_name(*name, call.callee.at),
            ExprKind::Field(base, name) if is_simple(base) => match self.evaluate(base) {
                Ok(owner) => self.read_field(&owner, *name, call.callee.at, Some(base)),
                Err(_) => return,
            },
            _ => return,
        };
        let [closure] = value.functions() else { return };
        let Some(function) = self.function(closure.function) else { return };
        let [Stmt::Return(Some(condition), _)] = function.body.as_slice() else { return };
        if self.stack.iter().any(|frame| frame.function == closure.function) || self.stack.len() >= MOST_CALLS
        {
            return;
        }
        if !call.args.iter().all(|arg| is_simple(&arg.value)) {
            return;
        }
        let Ok(args) = self.given(&call.args) else { return };
        let scope = self.state.make(Meta {
            kind: Kind::Frame,
            path: None,
            parent: closure.scope.or(self.modules.get(function.module as usize).copied().flatten()),
            foreign: false,
            at: function.at,
        });
        for (param, given) in function.params.iter().zip(&args) {
            self.state.set(scope, Key::Name(param.name), given.value.clone());
        }
        self.stack.push(Frame {
            function: closure.function,
            scope,
            class: function.class,
            module: function.module,
        });
        self.refine(condition, truth);
        self.stack.pop();
        for (param, given) in function.params.iter().zip(&args) {
            let Some(value) = self.state.get(scope, Key::Name(param.name)).cloned() else { continue };
            if let Some(place) = given.place.filter(|place| is_place(place))
                && (value.atoms().len() != given.value.atoms().len()
                    || value.atoms().iter().zip(given.value.atoms()).any(|(a, b)| a.clean != b.clean))
            {
                self.write_place(place, value);
            }
        }
    }

    /// Guards that models know.
    fn refine_guard(&mut self, call: &'p Call) {
        let path = match &call.callee.kind {
            ExprKind::Name(name) => {
                let value = self.read_name(*name, call.callee.at);
                value.path
            }
            ExprKind::Field(base, name) if is_simple(base) => match self.evaluate(base) {
                Ok(owner) => self.full_path(&owner, *name, base),
                Err(_) => None,
            },
            _ => None,
        };
        let Some(path) = path else { return };
        let matches = self.matches(path);
        if matches.guards.is_empty() {
            return;
        }
        let Ok(args) = self.given(&call.args) else { return };
        let language = self.language();
        for number in &matches.guards {
            let Some((guard, contexts)) = self.books.get(&language).and_then(|book| book.guard(*number))
            else {
                continue;
            };
            if guard.wheres.iter().all(|condition| self.holds(condition, None, &args))
                && let Some(place) = args.get(guard.arg).and_then(|given| given.place)
            {
                self.harmless(place, contexts);
            }
        }
    }

    /// The contexts in which a text is harmless that a regular expression matches: all, when it lets only letters,
    /// digits and a few harmless signs pass from the beginning to the end.
    fn pattern_contexts(&mut self, pattern: Option<&'p Expr>, whole: bool) -> Contexts {
        let Some(pattern) = pattern else { return 0 };
        let Ok(value) = self.evaluate(pattern) else { return 0 };
        let mut text = value.known_text().map(str::to_owned);
        for object in value.objects() {
            if let Some(inner) = self.state.get(*object, Key::At(0)).and_then(Value::known_text) {
                text = Some(inner.to_owned());
            }
        }
        match text {
            Some(text) if is_strict(&text, whole) => Contexts::MAX,
            _ => 0,
        }
    }
}

/// Reading it calls nothing.
fn is_simple(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Name(_) | ExprKind::This => true,
        ExprKind::Field(base, _) | ExprKind::Cast(_, base) => is_simple(base),
        ExprKind::Index(base, index) => is_simple(base) && is_simple(index),
        _ => false,
    }
}

/// Variables and fields.
fn is_place(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Name(_) | ExprKind::Field(..) | ExprKind::Index(..))
}

/// What a conversion is made of: `(string) $x`, `x.trim()`.
fn inner_place(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Cast(_, inner) | ExprKind::Unary(UnaryOp::Through, inner) => inner_place(inner),
        ExprKind::Call(call) => match &call.callee.kind {
            ExprKind::Field(base, _) if call.args.is_empty() => inner_place(base),
            _ => expr,
        },
        _ => expr,
    }
}

/// Whether a regular expression lets only words pass.
fn is_strict(pattern: &str, whole: bool) -> bool {
    let mut text = pattern;
    // `/^…$/i` of languages that write patterns so.
    if let Some(first) = text.chars().next()
        && matches!(first, '/' | '#' | '~')
        && let Some(end) = text.rfind(first)
        && end > 0
    {
        text = text.get(1..end).unwrap_or(text);
    }
    let text = match text.strip_prefix('^').or_else(|| text.strip_prefix("\\A")) {
        Some(rest) => match rest
            .strip_suffix('$')
            .or_else(|| rest.strip_suffix("\\z"))
            .or_else(|| rest.strip_suffix("\\Z"))
        {
            Some(inner) => inner,
            None if whole => rest,
            None => return false,
        },
        None if whole => text.strip_suffix('$').unwrap_or(text),
        None => return false,
    };
    let mut chars = text.chars().peekable();
    let mut in_class = false;
    let mut in_count = false;
    while let Some(c) = chars.next() {
        if in_count {
            in_count = c != '}';
            continue;
        }
        match c {
            '\\' => match chars.next() {
                Some('d' | 'w') => {}
                Some('.' | '-' | '_') => {}
                _ => return false,
            },
            '[' if !in_class => {
                if chars.peek() == Some(&'^') {
                    return false;
                }
                in_class = true;
            }
            ']' if in_class => in_class = false,
            '.' if !in_class => return false,
            '{' if !in_class => in_count = true,
            '(' | ')' | '?' | '+' | '*' | '|' | ':' if !in_class => {}
            '-' | '_' => {}
            c if c.is_alphanumeric() => {}
            _ => return false,
        }
    }
    let _ = library::is_text;
    true
}

#[cfg(test)]
mod tests {
    use super::is_strict;

    #[test]
    fn only_patterns_that_hold_from_end_to_end_are_strict() {
        assert!(is_strict("^[a-zA-Z0-9_]+$", false));
        assert!(is_strict("/^[0-9]*$/", false));
        assert!(is_strict("\\d{1,5}", true));
        assert!(!is_strict("[a-z]+", false), "something may stand around it");
        assert!(!is_strict("^.*$", false));
        assert!(!is_strict("^[^;]+$", false));
    }
}
