//! What names, fields and elements hold.

use super::ir::*;
use super::library;
use super::machine::Machine;
use super::names::Name;
use super::scope::Found;
use super::state::{Key, Kind, Meta};
use super::value::{Closure, Object, Value, join_taint};

/// Files that pass a name on to each other.
const MOST_PASSED_ON: u32 = 8;

impl<'p> Machine<'p> {
    /// What a name means here.
    pub(super) fn read_name(&mut self, name: Name, at: Spot) -> Value {
        let Some(frame) = self.stack.last().copied() else { return Value::unknown() };
        let mut scope = Some(frame.scope);
        while let Some(object) = scope {
            if let Some(value) = self.state.get(object, Key::Name(name)) {
                return value.clone();
            }
            scope = self.state.meta(object).parent;
        }
        let found = self.scopes.find(self.program, self.names, frame.module, frame.class, name);
        match found {
            Found::Field(class, is_static) => {
                if is_static {
                    return self.static_field(class, name, at);
                }
                let this = self.this();
                if this.objects.is_some() {
                    return self.read_field(&this, name, at, None);
                }
                self.field_default(class, name, at)
            }
            Found::Method(class) => {
                let this = self.this();
                let object = this.objects().first().copied();
                self.method_value(class, name, object)
            }
            Found::Function(id) => Value::closure(Closure { function: id, scope: None, this: None }),
            Found::Class(id) => Value { class: Some(id), ..Value::default() },
            Found::Module(module, None) => match self.module(module) {
                Some(object) => self.exported(object, module),
                None => Value::unknown(),
            },
            Found::Module(module, Some(member)) => match self.module(module) {
                Some(object) => self.read_member(object, module, member, at),
                None => Value::unknown(),
            },
            Found::Path(path) => self.outside(path, at),
        }
    }

    /// Something that the program does not define.
    pub(super) fn outside(&mut self, path: Name, at: Spot) -> Value {
        let mut value = Value::external(path);
        let matches = self.matches(path);
        if let Some(kind) = matches.read {
            value.taint = Some(self.source(kind, path, at));
        }
        if let Some(result) = matches.result {
            value.path = Some(result);
        }
        value
    }

    /// What a file gives to those that bring it in.
    pub(super) fn exported(&mut self, object: Object, _module: ModuleId) -> Value {
        let default = self.names.of("default");
        let exports = self.state.get(object, Key::Name(self.words.exports));
        match exports.or_else(|| self.state.get(object, Key::Name(default))) {
            Some(value) => value.clone(),
            None => Value::object(object),
        }
    }

    pub(super) fn read_member(&mut self, object: Object, module: ModuleId, member: Name, at: Spot) -> Value {
        if let Some(value) = self.state.get(object, Key::Name(member)) {
            return value.clone();
        }
        if let Some(exports) = self.state.get(object, Key::Name(self.words.exports)).cloned() {
            return self.read_field(&exports, member, at, None);
        }
        match self.scopes.member(self.program, self.names, module, member) {
            Some(Found::Function(id)) => {
                Value::closure(Closure { function: id, scope: Some(object), this: None })
            }
            Some(Found::Class(id)) => Value { class: Some(id), ..Value::default() },
            Some(Found::Module(other, member)) if other != module && self.passed_on < MOST_PASSED_ON => {
                // Files may bring the same name in from each other.
                self.passed_on += 1;
                let value = match (self.module(other), member) {
                    (Some(object), Some(member)) => self.read_member(object, other, member, at),
                    (Some(object), None) => self.exported(object, other),
                    _ => Value::unknown(),
                };
                self.passed_on -= 1;
                value
            }
            _ => Value::unknown(),
        }
    }

    /// The variables of a class itself.
    pub(super) fn static_object(&mut self, id: ClassId) -> Option<Object> {
        if let Some(object) = self.statics.get(&id) {
            return Some(*object);
        }
        let class = self.class(id)?;
        if class.is_local {
            return None;
        }
        let object = self.state.make(Meta {
            kind: Kind::Instance(id),
            path: None,
            parent: None,
            foreign: false,
            at: class.at,
        });
        self.statics.insert(id, object);
        let module = self.module(class.module);
        let scope = self.state.make(Meta {
            kind: Kind::Frame,
            path: None,
            parent: module,
            foreign: false,
            at: class.at,
        });
        let function = self.program.modules.get(class.module as usize).map_or(0, |module| module.body);
        let before = std::mem::replace(&mut self.steps, 20_000);
        self.stack.push(super::machine::Frame { function, scope, class: Some(id), module: class.module });
        for field in &class.fields {
            if !field.is_static {
                continue;
            }
            let value = match &field.value {
                Some(value) => self.evaluate(value).unwrap_or_default(),
                None => Value::constant(Const::Null),
            };
            let value = self.typed(value, field.kind);
            self.state.set(object, Key::Name(field.name), value);
        }
        self.stack.pop();
        for method in &class.methods {
            if let Some(function) = self.function(*method)
                && function.name == self.words.static_initializer
            {
                let frame =
                    super::machine::Frame { function: *method, scope, class: Some(id), module: class.module };
                let _ = self.run_frame(frame, &function.body);
            }
        }
        self.steps = before;
        Some(object)
    }

    pub(super) fn static_field(&mut self, class: ClassId, name: Name, at: Spot) -> Value {
        match self.static_object(class) {
            Some(object) => match self.state.get(object, Key::Name(name)) {
                Some(value) => value.clone(),
                None => Value::unknown(),
            },
            None => self.field_default(class, name, at),
        }
    }

    /// What a field holds in an object that somebody else made.
    pub(super) fn field_default(&mut self, class: ClassId, name: Name, at: Spot) -> Value {
        for class in self.scopes.chain(self.program, self.names, class).iter().copied() {
            let Some(own) = self.class(class) else { continue };
            let Some(field) = own.fields.iter().find(|field| field.name == name) else { continue };
            if field.is_static && !own.is_local {
                return self.static_field(class, name, at);
            }
            let mut value = Value::unknown();
            if let Some(first) = &field.value
                && !self.scopes.is_assigned(name)
            {
                let Some(frame) = self.stack.last().copied() else { return value };
                self.stack.push(super::machine::Frame { class: Some(class), module: own.module, ..frame });
                value = self.evaluate(first).unwrap_or_default();
                self.stack.pop();
            }
            return self.typed(value, field.kind);
        }
        Value::unknown()
    }

    /// A value of a declared type.
    pub(super) fn typed(&mut self, mut value: Value, kind: Option<Name>) -> Value {
        let Some(kind) = kind else { return value };
        if value.consts.is_some() && value.known() != Some(&Const::Null) {
            return value;
        }
        if value.objects.is_none() && value.functions.is_none() && value.class.is_none() {
            let Some(frame) = self.stack.last().copied() else { return value };
            let path = self.scopes.type_path(self.program, self.names, frame.module, frame.class, kind);
            if value.path.is_none() || !self.names.text(path).is_empty() {
                value.path = Some(path);
            }
        }
        value
    }

    /// A field of a value.
    pub(super) fn read_field(&mut self, base: &Value, name: Name, at: Spot, from: Option<&'p Expr>) -> Value {
        let mut out: Option<Value> = None;
        let mut add = |value: Value| {
            out = Some(match out.take() {
                Some(before) => before.join(&value),
                None => value,
            });
        };
        if let Some(class) = base.class {
            let value = self.class_member(class, name, at);
            add(value);
        }
        for object in base.objects().iter().copied() {
            let value = self.object_field(object, name, at);
            add(value);
        }
        if base.objects.is_none() && base.class.is_none() {
            let mut value = Value::unknown();
            if let Some(path) = base.path {
                value = match self.scopes.class_named(path) {
                    Some(class) => self.field_default(class, name, at),
                    None => {
                        let path = self.scopes.dotted(self.names, path, name);
                        match self.scopes.class_named(path) {
                            Some(id) => Value { class: Some(id), ..Value::default() },
                            None => self.outside(path, at),
                        }
                    }
                };
            } else if let Some(hint) = from.and_then(|from| self.hint(from)) {
                let path = self.scopes.dotted(self.names, hint, name);
                let matches = self.matches(path);
                if let Some(kind) = matches.read {
                    value.taint = Some(self.source(kind, path, at));
                }
            }
            add(value);
        }
        let mut value = out.unwrap_or_default();
        if base.taint.is_some() && !library::is_clean_field(self.names.text(name)) {
            value.taint = join_taint(&value.taint, &base.taint);
        }
        if value.consts.is_none() && value.objects.is_none() && library::is_length(self.names.text(name)) {
            value = self.length_of(base);
        }
        value
    }

    pub(super) fn class_member(&mut self, class: ClassId, name: Name, at: Spot) -> Value {
        for class in self.scopes.chain(self.program, self.names, class).iter().copied() {
            if let Some(object) = self.static_object(class)
                && let Some(value) = self.state.get(object, Key::Name(name))
            {
                return value.clone();
            }
            let Some(own) = self.class(class) else { continue };
            if own.methods.iter().any(|id| self.function(*id).is_some_and(|method| method.name == name)) {
                return self.method_value(class, name, None);
            }
            if own.fields.iter().any(|field| field.name == name) {
                return self.field_default(class, name, at);
            }
            if let Some(inner) = self.scopes.inner(class, name) {
                return Value { class: Some(inner), ..Value::default() };
            }
        }
        if let Some(path) = self.scopes.outside_base(self.program, self.names, class) {
            let path = self.scopes.dotted(self.names, path, name);
            return self.outside(path, at);
        }
        Value::unknown()
    }

    /// All methods of this name as one value.
    pub(super) fn method_value(&mut self, class: ClassId, name: Name, this: Option<Object>) -> Value {
        let methods = self.scopes.methods(self.program, self.names, class, name);
        let functions: Vec<Closure> =
            methods.iter().map(|id| Closure { function: *id, scope: None, this }).collect();
        if functions.is_empty() {
            return Value::unknown();
        }
        Value { functions: Some(functions.into()), ..Value::default() }
    }

    pub(super) fn object_field(&mut self, object: Object, name: Name, at: Spot) -> Value {
        let meta = self.state.meta(object);
        if let Some(value) = self.state.get(object, Key::Name(name)) {
            let mut value = value.clone();
            if let Kind::Instance(class) = meta.kind
                && value.path.is_none()
                && value.objects.is_none()
                && value.functions.is_none()
                && value.consts.is_none()
            {
                let kind = self.scopes.field_kind(self.program, self.names, class, name);
                value = self.typed(value, kind);
            }
            if meta.kind == Kind::Map
                && let Some(any) = self.state.get(object, Key::Any)
            {
                value = value.join(any);
            }
            return value;
        }
        match meta.kind {
            Kind::Instance(class) => {
                let methods = self.method_value(class, name, Some(object));
                if let Some(closure) = methods.functions().first().copied() {
                    let property = self.function(closure.function).is_some_and(|function| {
                        function.marks.iter().any(|mark| {
                            matches!(
                                self.names.text(mark.path),
                                "property" | "cached_property" | "functools.cached_property"
                            )
                        })
                    });
                    if property {
                        return self.invoke(closure, Vec::new(), at).unwrap_or_default();
                    }
                    return methods;
                }
                if let Some(any) = self.state.get(object, Key::Any) {
                    return any.clone();
                }
                if meta.foreign || self.scopes.declares(self.program, self.names, class, name) {
                    return self.field_default(class, name, at);
                }
                match self.scopes.outside_base(self.program, self.names, class) {
                    Some(path) => {
                        let path = self.scopes.dotted(self.names, path, name);
                        self.outside(path, at)
                    }
                    None => Value::unknown(),
                }
            }
            Kind::Frame => {
                let module = self.modules.iter().position(|known| *known == Some(object));
                match module {
                    Some(module) => self.read_member(object, module as ModuleId, name, at),
                    None => Value::unknown(),
                }
            }
            Kind::List if library::is_length(self.names.text(name)) => {
                self.state.get(object, Key::Length).cloned().unwrap_or_default()
            }
            Kind::List => Value::unknown(),
            Kind::Map => match self.state.get(object, Key::Any) {
                Some(any) => any.clone(),
                None => Value::constant(Const::Null),
            },
            Kind::Builder => Value::unknown(),
            Kind::External => {
                let mut value = match meta.path {
                    Some(path) => {
                        let path = self.scopes.dotted(self.names, path, name);
                        self.outside(path, at)
                    }
                    None => Value::unknown(),
                };
                for key in [Key::Whole, Key::Any] {
                    if let Some(whole) = self.state.get(object, key) {
                        value.taint = join_taint(&value.taint, &whole.taint);
                    }
                }
                value
            }
        }
    }

    /// An element of a value.
    pub(super) fn read_index(&mut self, base: &Value, index: &Value, at: Spot) -> Value {
        let mut out: Option<Value> = None;
        for object in base.objects().iter().copied() {
            let value = self.element(object, index);
            out = Some(out.map_or_else(|| value.clone(), |before| before.join(&value)));
        }
        if out.is_none()
            && let Some(path) = base.path
        {
            let value = match index.known_text().map(|text| self.names.of(text)) {
                Some(name) => {
                    let path = self.scopes.dotted(self.names, path, name);
                    self.outside(path, at)
                }
                None => Value::unknown(),
            };
            out = Some(value);
        }
        if out.is_none()
            && let (Some(text), Some(index)) = (base.known_text(), index.known_int())
        {
            let letter = usize::try_from(index).ok().and_then(|index| text.chars().nth(index));
            out = letter.map(|letter| Value::text(&letter.to_string()));
        }
        let mut value = out.unwrap_or_default();
        value.taint = join_taint(&value.taint, &base.taint);
        value
    }

    pub(super) fn element(&mut self, object: Object, index: &Value) -> Value {
        let key = match index.known() {
            Some(Const::Int(at)) => Some(Key::At(*at)),
            Some(Const::Text(text)) => Some(Key::Name(self.names.of(text))),
            Some(Const::Bool(value)) => Some(Key::At(i64::from(*value))),
            _ => None,
        };
        let Some(mut key) = key else { return self.everything_in(object) };
        if let Key::At(at) = key
            && at < 0
            && let Some(length) = self.state.get(object, Key::Length).and_then(Value::known_int)
        {
            key = Key::At(length + at);
        }
        let own = self.state.get(object, key).cloned();
        let any = self.state.get(object, Key::Any).cloned();
        let whole = self.state.get(object, Key::Whole).and_then(|whole| whole.taint.clone());
        let mut value = match (own, any) {
            (Some(own), Some(any)) => own.join(&any),
            (Some(value), None) => value,
            (None, Some(any)) => any,
            (None, None) => match self.state.meta(object) {
                Meta { kind: Kind::Map | Kind::List, foreign: false, .. } => Value::constant(Const::Null),
                Meta { kind: Kind::Instance(_) | Kind::Frame, .. } => match key {
                    Key::Name(name) => self.object_field(object, name, Spot::default()),
                    _ => Value::unknown(),
                },
                Meta { path: Some(path), .. } => match key {
                    Key::Name(name) => {
                        let path = self.scopes.dotted(self.names, path, name);
                        self.outside(path, Spot::default())
                    }
                    _ => Value::unknown(),
                },
                _ => Value::unknown(),
            },
        };
        value.taint = join_taint(&value.taint, &whole);
        value
    }
}
