//! Rules applied: what is called, written or printed, and with what.

use super::call::Given;
use super::ir::*;
use super::machine::{Hit, Machine};
use super::names::Name;
use super::query::{Position, Scalar, Sink, Where};
use super::state::{Key, Kind};
use super::value::{Atom, Value};
use std::rc::Rc;

impl<'p> Machine<'p> {
    /// A call, before it happens.
    pub(super) fn check_call(&mut self, path: Name, owner: Option<&Value>, args: &[Given<'p>], at: Spot) {
        let matches = self.matches(path);
        for (rule, sink) in &matches.calls {
            self.check(*rule, *sink, owner, args, at);
        }
    }

    /// A variable or field that is written.
    pub(super) fn check_write(&mut self, name: Name, path: Option<Name>, value: &Value, at: Spot) {
        let text = self.names.shared(name);
        let plain = match text.split_once('#') {
            Some((plain, _)) => self.names.of(plain),
            None => name,
        };
        let matches = self.matches(path.unwrap_or(plain));
        if matches.writes.is_empty() {
            return;
        }
        let given = [Given { name: None, value: value.clone(), place: None }];
        for (rule, sink) in &matches.writes {
            self.check(*rule, *sink, None, &given, at);
        }
    }

    /// A named place that is no call.
    pub(super) fn place(&mut self, place: &str, value: &Value, at: Spot) {
        let language = self.language();
        let Some(book) = self.books.get(&language) else { return };
        let found: Vec<(usize, usize)> = book
            .places
            .iter()
            .filter(|(name, ..)| *name == place)
            .map(|(_, rule, sink)| (*rule, *sink))
            .collect();
        if found.is_empty() {
            return;
        }
        let given = [Given { name: None, value: value.clone(), place: None }];
        for (rule, sink) in found {
            self.check(rule, sink, None, &given, at);
        }
    }

    /// How often a loop goes round that something from outside decides.
    pub(super) fn loop_limit(&mut self, condition: &'p Expr, _value: &Value) {
        let ExprKind::Binary(
            BinaryOp::Less | BinaryOp::LessEq | BinaryOp::Greater | BinaryOp::GreaterEq,
            left,
            right,
        ) = &condition.kind
        else {
            return;
        };
        for side in [left, right] {
            if let Ok(value) = self.evaluate(side) {
                self.place("loop-limit", &value, condition.at);
            }
        }
    }

    fn check(&mut self, rule: usize, sink: usize, owner: Option<&Value>, args: &[Given<'p>], at: Spot) {
        let language = self.language();
        let Some(book) = self.books.get(&language) else { return };
        let (Some(spec), Some(about), Some((number, _))) =
            (book.sink(rule, sink), book.about.get(rule).copied(), book.rules.get(rule).copied())
        else {
            return;
        };
        let needs_flow = book.rules.get(rule).is_some_and(|(_, code)| !code.sources.is_empty());
        if !spec.wheres.iter().all(|condition| self.holds(condition, owner, args)) {
            return;
        }
        if !needs_flow {
            self.hit(number, at, None);
            return;
        }
        for value in self.picked(spec, owner, args) {
            if spec.prefix && has_prefix(&value) {
                continue;
            }
            let taint = self.deep(&value);
            let quoted = if is_quoted(&value) { about.quoted } else { 0 };
            let reaches = |atom: &&Atom| {
                about.kinds & (1 << atom.kind) != 0 && atom.clean & (about.context | quoted) == 0
            };
            let best = taint
                .iter()
                .flat_map(|atoms| atoms.iter())
                .filter(reaches)
                .min_by_key(|atom| atom.trace.length);
            if let Some(atom) = best {
                self.hit(number, at, Some(atom.clone()));
            }
        }
    }

    /// The arguments that a sink is about.
    fn picked(&mut self, sink: &Sink, owner: Option<&Value>, args: &[Given<'p>]) -> Vec<Value> {
        let mut out = Vec::new();
        for position in &sink.args {
            match position {
                Position::Word(word) if word == "all" => {
                    out.extend(args.iter().map(|given| given.value.clone()))
                }
                position => out.extend(self.at_position(position, owner, args)),
            }
        }
        out
    }

    fn at_position(
        &mut self,
        position: &Position,
        owner: Option<&Value>,
        args: &[Given<'p>],
    ) -> Option<Value> {
        match position {
            Position::Number(at) if *at >= 0 => {
                let plain = args.iter().filter(|given| given.name.is_none());
                plain.skip(usize::try_from(*at).ok()?).map(|given| given.value.clone()).next()
            }
            Position::Number(at) => {
                let at = args.len().checked_sub(usize::try_from(-at).ok()?)?;
                args.get(at).map(|given| given.value.clone())
            }
            Position::Word(word) if word == "this" => owner.cloned(),
            Position::Word(word) => {
                let name = self.names.known(word)?;
                args.iter().find(|given| given.name == Some(name)).map(|given| given.value.clone())
            }
        }
    }

    /// Whether a condition holds.
    pub(super) fn holds(&mut self, condition: &Where, owner: Option<&Value>, args: &[Given<'p>]) -> bool {
        let mut value = self.at_position(&condition.arg, owner, args);
        if let (Some(field), Some(whole)) = (&condition.field, &value) {
            let key = Key::Name(self.names.of(field));
            let known: Vec<Option<Value>> =
                whole.objects().iter().map(|object| self.state.get(*object, key).cloned()).collect();
            if whole.objects.is_none() {
                // Somebody else's object: nothing is known of it.
                return false;
            }
            value = known.into_iter().next().flatten();
        }
        if let Some(missing) = condition.missing
            && missing != value.is_none()
        {
            return false;
        }
        // A constant of a library is known by its name.
        let name = value.as_ref().and_then(|value| value.path).map(|path| self.names.shared(path));
        let texts = |value: &Value| -> Vec<Rc<str>> {
            match (&value.consts, &value.shape) {
                (Some(consts), _) => consts.iter().map(super::value::text_of).collect(),
                (None, Some(shape)) => vec![shape.clone()],
                (None, None) => name.iter().cloned().collect(),
            }
        };
        if let Some(regex) = &condition.matches
            && !value.as_ref().is_some_and(|value| texts(value).iter().any(|text| regex.is_match(text)))
        {
            return false;
        }
        if let Some(regex) = &condition.not_matches {
            let Some(value) = &value else { return false };
            let texts = texts(value);
            if texts.is_empty() || texts.iter().any(|text| regex.is_match(text)) {
                return false;
            }
        }
        if let Some(wanted) = &condition.is
            && !value.as_ref().is_some_and(|value| may_be(value, wanted))
        {
            return false;
        }
        if let Some(wanted) = &condition.is_not
            && value.as_ref().is_some_and(|value| {
                value.consts.is_none() && value.objects.is_none() || may_be(value, wanted)
            })
        {
            return false;
        }
        if let Some(limit) = condition.less
            && value.as_ref().and_then(Value::known_int).is_none_or(|number| number >= limit)
        {
            return false;
        }
        if let Some(limit) = condition.more
            && value.as_ref().and_then(Value::known_int).is_none_or(|number| number <= limit)
        {
            return false;
        }
        if let Some(answer) = condition.always
            && !value.as_ref().is_some_and(|value| self.always(value, answer))
        {
            return false;
        }
        if let Some(constant) = condition.constant {
            let is = match &value {
                Some(value) => self.is_constant(value),
                None => false,
            };
            if is != constant {
                return false;
            }
        }
        if let Some(kinds) = &condition.tainted {
            let language = self.language();
            let mask = self.books.get(&language).map_or(0, |book| book.mask(kinds));
            let taint = value.and_then(|value| self.deep(&value));
            if !taint.iter().flat_map(|atoms| atoms.iter()).any(|atom| mask & (1 << atom.kind) != 0) {
                return false;
            }
        }
        true
    }

    /// A function that does nothing but return this.
    fn always(&self, value: &Value, answer: bool) -> bool {
        let says = |id: FunctionId| {
            self.function(id).is_some_and(|function| match function.body.as_slice() {
                [Stmt::Return(Some(Expr { kind: ExprKind::Const(Const::Bool(said)), .. }), _)] => {
                    *said == answer
                }
                _ => false,
            })
        };
        let methods = value.objects().iter().filter_map(|object| match self.state.meta(*object).kind {
            Kind::Instance(class) => self.class(class),
            _ => None,
        });
        value.functions().iter().any(|closure| says(closure.function))
            || methods.flat_map(|class| &class.methods).any(|method| says(*method))
    }

    /// A text, a number or a list of them that stands in the source.
    fn is_constant(&mut self, value: &Value) -> bool {
        if value.taint.is_some() {
            return false;
        }
        if let Some(consts) = &value.consts {
            return consts.iter().all(|value| match value {
                Const::Text(text) => !text.is_empty(),
                Const::Null => false,
                _ => true,
            });
        }
        match self.known_elements(value) {
            Some(elements) => {
                !elements.is_empty()
                    && elements.iter().all(|(_, value)| value.consts.is_some() && value.taint.is_none())
            }
            None => false,
        }
    }

    fn hit(&mut self, rule: usize, at: Spot, atom: Option<Atom>) {
        if let Some(known) = self.found.get(&(rule, at))
            && atom.as_ref().is_none_or(|atom| known.flow.len() <= atom.trace.length as usize + 1)
        {
            return;
        }
        let mut flow = Vec::new();
        let mut local = false;
        if let Some(atom) = atom {
            local = self.books.get(&self.language()).is_some_and(|book| book.is_local(atom.kind));
            let mut step = Some(&atom.trace);
            while let Some(trace) = step {
                flow.push(trace.at);
                step = trace.before.as_ref();
            }
            flow.reverse();
            flow.push(at);
        }
        // Where the sink is in another file than the function that was entered, the flaw is what that file hands over:
        // everybody who calls a helper with such data is told, not the helper.
        let file = self.stack.first().map_or(at.file, |root| root.module);
        let at = if file == at.file {
            at
        } else {
            flow.iter().rev().find(|step| step.file == file).copied().unwrap_or(at)
        };
        self.found.insert((rule, at), Hit { rule, at, flow, local });
    }
}

/// Whether everything that is not known of a text stands between quotes.
fn is_quoted(value: &Value) -> bool {
    let Some(shape) = value.shape() else { return false };
    let mut open: Option<char> = None;
    for c in shape.chars() {
        match (c, open) {
            ('\0', None) => return false,
            ('\'' | '"', None) => open = Some(c),
            (c, Some(quote)) if c == quote => open = None,
            _ => {}
        }
    }
    shape.contains('\0')
}

/// A text whose beginning is known far enough to say where it leads.
fn has_prefix(value: &Value) -> bool {
    let Some(shape) = value.shape() else { return false };
    let Some(head) = shape.split('\0').next() else { return false };
    match head.split_once("://") {
        Some((_, rest)) => rest.contains(['/', '?', '#']),
        None => {
            head.starts_with('/') && !head.starts_with("//") && head.len() > 1
                || head.starts_with('?')
                || head.starts_with('#')
        }
    }
}

fn may_be(value: &Value, wanted: &Scalar) -> bool {
    let Some(consts) = &value.consts else { return false };
    consts.iter().any(|known| match (known, wanted) {
        (Const::Bool(a), Scalar::Bool(b)) => a == b,
        (Const::Int(a), Scalar::Int(b)) => a == b,
        (Const::Text(a), Scalar::Text(b)) => **a == **b,
        (Const::Null, Scalar::Null(())) => true,
        _ => false,
    })
}
