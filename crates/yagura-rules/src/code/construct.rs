//! The making of objects: their fields, their constructors, and what is known of objects from outside.

use super::call::Given;
use super::ir::*;
use super::library;
use super::machine::{Frame, Machine, Run};
use super::names::Name;
use super::scope::Found;
use super::state::{Key, Kind, Meta};
use super::value::{Closure, Object, Value};

impl<'p> Machine<'p> {
    /// `new C(a)`
    pub(super) fn make_new(&mut self, new: &'p New, at: Spot) -> Run<Value> {
        let args = self.given(&new.args)?;
        let Some(frame) = self.stack.last().copied() else { return Ok(Value::unknown()) };
        let value = match new.body {
            Some(body) => {
                self.captured.insert(frame.scope);
                let object = self.state.make(Meta {
                    kind: Kind::Instance(body),
                    path: None,
                    parent: Some(frame.scope),
                    foreign: false,
                    at,
                });
                self.fill_fields(body, object, at)?;
                self.construct_above(body, object, args, at)?;
                Value::object(object)
            }
            None => {
                // A class may be a variable.
                let variable = self.variable(new.class);
                let class =
                    self.scopes.class_of(self.program, self.names, frame.module, frame.class, new.class);
                match (variable, class) {
                    (Some(value), _) if !value.is_blank() => {
                        if value.functions.is_some() {
                            self.new_of_function(&value, args, at)?
                        } else {
                            match value.path {
                                Some(path) if value.class.is_none() => self.make_outside(path, args, at)?,
                                _ => self.call_value(&value, args, at)?,
                            }
                        }
                    }
                    (_, Some(class)) => self.construct(class, args, at)?,
                    _ => {
                        let value =
                            match self.scopes.find(self.program, self.names, frame.module, None, new.class) {
                                Found::Module(module, member) => match (self.module(module), member) {
                                    (Some(object), Some(member)) => {
                                        self.read_field(&Value::object(object), member, at, None)
                                    }
                                    (Some(object), None) => self.exported(object, module),
                                    _ => Value::unknown(),
                                },
                                Found::Function(id) => {
                                    Value::closure(Closure { function: id, scope: None, this: None })
                                }
                                _ => Value::unknown(),
                            };
                        if value.functions.is_some() {
                            self.new_of_function(&value, args, at)?
                        } else if value.class.is_some() {
                            self.call_value(&value, args, at)?
                        } else {
                            let path =
                                self.scopes.imported(self.program, self.names, frame.module, new.class);
                            self.make_outside(path, args, at)?
                        }
                    }
                }
            }
        };
        for (name, field) in &new.fields {
            let field_value = self.evaluate(field)?;
            for object in value.objects().to_vec() {
                let path = self.full_path(&Value::object(object), *name, field);
                self.check_write(*name, path, &field_value, field.at);
                self.state.set(object, Key::Name(*name), field_value.clone());
            }
        }
        Ok(value)
    }

    pub(super) fn variable(&self, name: Name) -> Option<Value> {
        let mut scope = self.stack.last().map(|frame| frame.scope);
        while let Some(object) = scope {
            if let Some(value) = self.state.get(object, Key::Name(name)) {
                return Some(value.clone());
            }
            scope = self.state.meta(object).parent;
        }
        None
    }

    /// `new f()` of a function: its `this` is a new object.
    pub(super) fn new_of_function(&mut self, value: &Value, args: Vec<Given<'p>>, at: Spot) -> Run<Value> {
        let object = self.make(Kind::Map, None, at);
        let functions: Vec<Closure> =
            value.functions().iter().map(|closure| Closure { this: Some(object), ..*closure }).collect();
        let result = self.call_functions(&functions, args, at)?;
        Ok(if result.objects.is_some() { result } else { Value::object(object) })
    }

    /// An object of a class of the program.
    pub(super) fn construct(&mut self, class: ClassId, args: Vec<Given<'p>>, at: Spot) -> Run<Value> {
        let parent =
            self.class(class).filter(|own| own.is_local).and(self.stack.last().map(|frame| frame.scope));
        let object =
            self.state.make(Meta { kind: Kind::Instance(class), path: None, parent, foreign: false, at });
        self.fill_fields(class, object, at)?;
        self.run_constructor(class, object, args, at)?;
        Ok(Value::object(object))
    }

    /// The first values of the fields, those of classes above first.
    pub(super) fn fill_fields(&mut self, class: ClassId, object: Object, at: Spot) -> Run<()> {
        let chain = self.scopes.chain(self.program, self.names, class);
        for id in chain.iter().rev() {
            let Some(own) = self.class(*id) else { continue };
            let parent =
                self.state.meta(object).parent.or(self.modules.get(own.module as usize).copied().flatten());
            let scope = self.state.make(Meta { kind: Kind::Frame, path: None, parent, foreign: false, at });
            self.state.set(scope, Key::Whole, Value::object(object));
            let function = self.stack.last().map_or(0, |frame| frame.function);
            let frame = Frame { function, scope, class: Some(*id), module: own.module };
            for field in own.fields.iter().filter(|field| !field.is_static) {
                self.stack.push(frame);
                let value = match &field.value {
                    Some(value) => self.evaluate(value).unwrap_or_default(),
                    None => Value::constant(Const::Null),
                };
                let value = self.typed(value, field.kind);
                self.stack.pop();
                self.state.set(object, Key::Name(field.name), value);
            }
            for method in &own.methods {
                if let Some(function) = self.function(*method)
                    && function.name == self.words.initializer
                {
                    let closure = Closure { function: *method, scope: None, this: Some(object) };
                    self.invoke(closure, Vec::new(), at)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn run_constructor(
        &mut self,
        class: ClassId,
        object: Object,
        args: Vec<Given<'p>>,
        at: Spot,
    ) -> Run<()> {
        let Some(own) = self.class(class) else { return Ok(()) };
        let constructors: Vec<Closure> = own
            .methods
            .iter()
            .filter(|id| {
                self.function(**id)
                    .is_some_and(|method| method.name == self.words.constructor || method.name == own.name)
            })
            .map(|id| Closure { function: *id, scope: None, this: Some(object) })
            .collect();
        if constructors.is_empty() {
            return self.construct_above(class, object, args, at);
        }
        self.call_functions(&constructors, args, at).map(|_| ())
    }

    pub(super) fn construct_above(
        &mut self,
        class: ClassId,
        object: Object,
        args: Vec<Given<'p>>,
        at: Spot,
    ) -> Run<()> {
        let chain = self.scopes.chain(self.program, self.names, class);
        if let Some(above) = chain.get(1).copied() {
            return self.run_constructor(above, object, args, at);
        }
        if let Some(path) = self.scopes.outside_base(self.program, self.names, class) {
            let taint = self.taint_of(&args);
            if taint.is_some() {
                self.state.add(object, Key::Whole, &Value::tainted(taint));
            }
            let new = self.names.of("new");
            let path = self.scopes.dotted(self.names, path, new);
            self.check_call(path, None, &args, at);
        }
        Ok(())
    }

    /// An object of a class that the program does not define.
    pub(super) fn make_outside(&mut self, path: Name, args: Vec<Given<'p>>, at: Spot) -> Run<Value> {
        let new = self.names.of("new");
        let full = self.scopes.dotted(self.names, path, new);
        self.check_call(full, None, &args, at);
        let matches = self.matches(full);
        if let Some(value) = self.cleaned_by(&matches.clean, &args) {
            return Ok(value);
        }
        let text = self.names.shared(path);
        let short = text.rsplit('.').next().unwrap_or_default();
        let kind = library::container(short, self.language()).unwrap_or(Kind::External);
        if kind == Kind::External && library::is_text(short) {
            let value = args.first().map(|given| given.value.clone()).unwrap_or_else(|| Value::text(""));
            return Ok(self.as_text(&value));
        }
        let object = self.make(kind, Some(path), at);
        match kind {
            Kind::Builder => {
                let first = match args.first() {
                    Some(given) if given.value.known_int().is_none() => self.as_text(&given.value.clone()),
                    _ => Value::text(""),
                };
                self.state.set(object, Key::Whole, first);
            }
            Kind::List => {
                self.state.set(object, Key::Length, Value::int(0));
                let first = args.first().map(|given| given.value.clone());
                if let Some(first) = first.filter(|value| value.objects.is_some() || value.taint.is_some()) {
                    super::collections::add_all(self, object, &first, at);
                }
            }
            Kind::Map => {
                if let Some(first) = args.first().map(|given| given.value.clone())
                    && first.known().is_none()
                    && !first.is_blank()
                {
                    self.copy_into(object, &first);
                }
            }
            _ => {
                for (index, given) in args.iter().enumerate() {
                    let taint = self.deep(&given.value);
                    if taint.is_some() {
                        self.state.add(object, Key::Whole, &Value::tainted(taint));
                    }
                    let key = Key::At(index as i64);
                    let shown = Value { taint: None, ..given.value.clone() };
                    self.state.set(object, key, shown);
                }
            }
        }
        if let Some(kind) = matches.source {
            let taint = Some(self.source(kind, path, at));
            self.state.set(object, Key::Whole, Value::tainted(taint));
        }
        self.run_callbacks(&args, &matches.callbacks, None, at);
        Ok(Value { path: Some(path), ..Value::object(object) })
    }
}
