//! Calls to what the program does not define: what the models say of them, and what is taken for granted otherwise.

use super::call::Given;
use super::ir::*;
use super::library;
use super::machine::{Machine, Run};
use super::names::Name;
use super::state::{Key, Kind, Meta};
use super::value::{Closure, Value, join_taint};

impl<'p> Machine<'p> {
    /// A call to something that the program does not define.
    pub(super) fn outside_call(
        &mut self,
        path: Option<Name>,
        receiver: Option<(&Value, &'p Expr)>,
        name: Name,
        args: Vec<Given<'p>>,
        at: Spot,
    ) -> Run<Value> {
        let full = path.unwrap_or(name);
        let owner = receiver.map(|(value, _)| value);
        self.check_call(full, owner, &args, at);
        let matches = self.matches(full);
        for fill in &matches.fills {
            self.fill(*fill, owner, &args, full, at);
        }
        if let Some(value) = self.cleaned_by(&matches.clean, &args) {
            return Ok(value);
        }
        let own = owner.is_some_and(|owner| {
            !owner.objects().is_empty()
                && owner.objects().iter().all(|object| !self.state.meta(*object).foreign)
        });
        if let Some(kind) = matches.source.filter(|_| !(own && matches.received)) {
            return Ok(Value {
                taint: Some(self.source(kind, full, at)),
                path: matches.result,
                ..Value::unknown()
            });
        }
        if let Some(value) = library::method(self, full, receiver, name, &args, at)? {
            return Ok(match matches.result {
                Some(result) if value.objects.is_none() => Value { path: Some(result), ..value },
                _ => value,
            });
        }
        let owner_taint = owner.and_then(|owner| self.receiver_taint(owner, name));
        let from_args = self.taint_of(&args);
        self.run_callbacks(&args, &matches.callbacks, owner.cloned(), at);
        if let Some((owner, base)) = receiver {
            self.outside_write(owner, base, name, &args);
        }
        let text = self.names.shared(name);
        let mut taint = join_taint(&owner_taint, &from_args);
        if library::is_clean_method(&text) {
            taint = None;
        }
        let path = match matches.result {
            Some(result) => Some(result),
            None => path.map(|path| self.made_by(path, &text)),
        };
        Ok(Value { taint: super::value::step(&taint, at), path, ..Value::unknown() })
    }

    /// The type of what a call gives: `C.getInstance` gives a `C`, anything else something of its own.
    pub(super) fn made_by(&mut self, path: Name, method: &str) -> Name {
        if matches!(method, "getInstance" | "newInstance" | "getDefault" | "create") {
            let text = self.names.shared(path);
            let class = text.strip_suffix(method).and_then(|class| class.strip_suffix('.'));
            let named = |class: &str| {
                class.rsplit('.').next().is_some_and(|last| last.starts_with(char::is_uppercase))
            };
            if let Some(class) = class.filter(|class| named(class)) {
                return self.names.of(class);
            }
        }
        self.called(path)
    }

    /// `f` as `f()`.
    pub(super) fn called(&mut self, path: Name) -> Name {
        let text = self.names.shared(path);
        if text.len() > 160 {
            return path;
        }
        self.names.of(&format!("{text}()"))
    }

    /// What flows from an object into the result of one of its methods.
    pub(super) fn receiver_taint(
        &mut self,
        owner: &Value,
        name: Name,
    ) -> Option<std::rc::Rc<[super::value::Atom]>> {
        let text = self.names.shared(name);
        let getter = library::property(&text, &["get", "is"]);
        let Some(property) = getter else { return self.deep(owner) };
        let property = self.names.of(&property);
        let mut taint = owner.taint.clone();
        for object in owner.objects().to_vec() {
            if self.state.meta(object).kind != Kind::External {
                taint = join_taint(&taint, &self.deep(&Value::object(object)));
                continue;
            }
            for key in [Key::Whole, Key::Any, Key::Name(property)] {
                if let Some(value) = self.state.get(object, key).cloned() {
                    taint = join_taint(&taint, &self.deep(&value));
                }
            }
        }
        taint
    }

    /// What a method of an object from outside leaves in the object.
    pub(super) fn outside_write(&mut self, owner: &Value, base: &'p Expr, name: Name, args: &[Given<'p>]) {
        let text = self.names.shared(name);
        let setter = library::property(&text, &["set", "with"]);
        let changes = setter.is_some() || library::is_mutator(&text);
        if !changes || args.is_empty() {
            return;
        }
        let taint = self.taint_of(args);
        if owner.objects.is_none() {
            if taint.is_some()
                && matches!(base.kind, ExprKind::Name(_) | ExprKind::Field(..))
                && owner.path.is_some()
            {
                let object = self.state.make(Meta {
                    kind: Kind::External,
                    path: owner.path,
                    parent: None,
                    foreign: true,
                    at: base.at,
                });
                let whole = Value::tainted(join_taint(&owner.taint, &taint));
                self.state.set(object, Key::Whole, whole);
                self.write_place(base, Value { path: owner.path, ..Value::object(object) });
            }
            return;
        }
        for object in owner.objects().to_vec() {
            match (&setter, args) {
                (Some(property), [one]) => {
                    let key = Key::Name(self.names.of(property));
                    self.state.set(object, key, one.value.clone());
                }
                _ => self.state.add(object, Key::Any, &Value::tainted(taint.clone())),
            }
        }
    }

    /// What models say is written into arguments.
    pub(super) fn fill(
        &mut self,
        number: usize,
        owner: Option<&Value>,
        args: &[Given<'p>],
        path: Name,
        at: Spot,
    ) {
        let language = self.language();
        let Some((fill, kind)) = self.books.get(&language).and_then(|book| book.fill(number)) else { return };
        let taint = match kind {
            Some(kind) => Some(self.source(kind, path, at)),
            None => {
                let mut taint = owner.and_then(|owner| self.deep(owner));
                for (index, given) in args.iter().enumerate() {
                    if !fill.args.contains(&(index as i32)) {
                        taint = join_taint(&taint, &self.deep(&given.value));
                    }
                }
                taint
            }
        };
        for index in &fill.args {
            let from = usize::try_from(*index).unwrap_or(args.len());
            for given in args.iter().skip(from).take(if *index < 0 { usize::MAX } else { 1 }) {
                if given.value.objects.is_some() {
                    for object in given.value.objects().to_vec() {
                        self.state.set(object, Key::Any, Value::tainted(taint.clone()));
                    }
                }
                if let Some(place) = given.place {
                    let mut value = Value { consts: None, shape: None, ..given.value.clone() };
                    value.taint = join_taint(&value.taint, &taint);
                    self.write_place(place, value);
                }
            }
        }
    }

    /// The result of a function that makes harmless.
    pub(super) fn cleaned_by(&mut self, numbers: &[usize], args: &[Given<'p>]) -> Option<Value> {
        let language = self.language();
        let mut contexts = 0;
        for number in numbers {
            let (clean, own) = self.books.get(&language).and_then(|book| book.cleaner(*number))?;
            if clean.wheres.iter().all(|condition| self.holds(condition, None, args)) {
                contexts |= own;
            }
        }
        if contexts == 0 {
            return None;
        }
        let known =
            args.first().filter(|given| given.value.known().is_some()).map(|given| given.value.clone());
        let taint = self.taint_of(args);
        if taint.is_none()
            && let Some(value) = known
        {
            return Some(Value { taint: None, shape: value.shape(), ..Value::default() });
        }
        Some(Value::tainted(taint).cleaned(contexts))
    }

    /// Runs the closures among the arguments: something outside calls them.
    pub(super) fn run_callbacks(
        &mut self,
        args: &[Given<'p>],
        callbacks: &[usize],
        owner: Option<Value>,
        at: Spot,
    ) {
        let language = self.language();
        let specs: Vec<_> = callbacks
            .iter()
            .filter_map(|number| self.books.get(&language).and_then(|book| book.callback(*number)))
            .collect();
        let owner_taint = owner.as_ref().and_then(|owner| self.deep(owner));
        for given in args {
            let mut functions = given.value.functions().to_vec();
            for object in given.value.objects().to_vec() {
                let meta = self.state.meta(object);
                if let Kind::Instance(class) = meta.kind
                    && self
                        .class(class)
                        .is_some_and(|own| own.is_local && self.names.text(own.name).is_empty())
                {
                    // An anonymous class: whoever gets it calls its methods.
                    for method in self.class(class).map(|own| own.methods.as_slice()).unwrap_or_default() {
                        functions.push(Closure { function: *method, scope: None, this: Some(object) });
                    }
                } else if let Kind::Instance(class) = meta.kind {
                    // An object of an interface that somebody else calls.
                    let outside = self.scopes.outside_base(self.program, self.names, class).is_some();
                    for method in self.class(class).map(|own| own.methods.as_slice()).unwrap_or_default() {
                        let called = self.function(*method).is_some_and(|own| {
                            matches!(
                                self.names.text(own.name),
                                "run" | "call" | "accept" | "apply" | "handle" | "execute"
                            )
                        });
                        if outside && called {
                            functions.push(Closure { function: *method, scope: None, this: Some(object) });
                        }
                    }
                } else if meta.kind == Kind::Map && specs.is_empty() {
                    for key in self.state.keys(object) {
                        if let Some(value) = self.state.get(object, key) {
                            functions.extend(value.functions());
                        }
                    }
                }
            }
            for closure in functions {
                let Some(function) = self.function(closure.function) else { continue };
                let count = function.params.len() as i32;
                let mut values = Vec::new();
                for index in 0..count {
                    let mut value = Value::tainted(if index == 0 { owner_taint.clone() } else { None });
                    for spec in &specs {
                        if let Some(kind) =
                            spec.params.get(&index).or_else(|| spec.params.get(&(index - count)))
                        {
                            value.path = Some(self.names.of(kind));
                        }
                        if let Some(kind) =
                            spec.sources.get(&index).or_else(|| spec.sources.get(&(index - count)))
                        {
                            let number = self
                                .books
                                .get(&language)
                                .map(|book| book.mask(std::slice::from_ref(kind)).trailing_zeros())
                                .and_then(|bit| u8::try_from(bit).ok());
                            if let Some(number) = number.filter(|number| *number < 32) {
                                let name =
                                    function.params.get(index as usize).map_or(self.words.empty, |p| p.name);
                                value.taint = Some(self.source(number, name, function.at));
                            }
                        }
                    }
                    values.push(Given { name: None, value, place: None });
                }
                self.perhaps(|this| this.invoke(closure, values, at).map(|_| ()));
            }
        }
    }
}
