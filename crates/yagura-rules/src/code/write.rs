//! Assignments: variables, fields, elements, and values that are taken apart.

use super::ir::*;
use super::machine::{Machine, Run};
use super::names::Name;
use super::scope::Found;
use super::state::{Key, Kind, Meta};
use super::value::Value;

impl<'p> Machine<'p> {
    /// What a target holds now.
    pub(super) fn read_target(&mut self, target: &'p Target) -> Run<Value> {
        match target {
            Target::Name(name, at) => Ok(self.read_name(*name, *at)),
            Target::Field(base, name) => {
                let value = self.evaluate(base)?;
                Ok(self.read_field(&value, *name, base.at, Some(base)))
            }
            Target::Index(base, index) => {
                let base = self.evaluate(base)?;
                let index = self.evaluate(index)?;
                Ok(self.read_index(&base, &index, Spot::default()))
            }
            _ => Ok(Value::unknown()),
        }
    }

    /// Writes a value to a target.
    pub(super) fn write(&mut self, target: &'p Target, value: Value, at: Spot) -> Run<()> {
        match target {
            Target::Nothing => {}
            Target::Declare(name, kind, spot) => {
                let value = self.typed(value, *kind);
                self.check_write(*name, None, &value, *spot);
                if let Some(frame) = self.stack.last().copied() {
                    self.state.set(frame.scope, Key::Name(*name), value);
                }
            }
            Target::Name(name, spot) => {
                self.check_write(*name, None, &value, *spot);
                self.write_name(*name, value);
            }
            Target::Field(base, name) => {
                let owner = self.evaluate(base)?;
                let path = self.full_path(&owner, *name, base);
                self.check_write(*name, path, &value, at);
                self.write_field(&owner, base, Key::Name(*name), value);
            }
            Target::Index(base, index) => {
                let owner = self.evaluate(base)?;
                let index = self.evaluate(index)?;
                if let Some(name) = index.known_text().map(|text| self.names.of(text)) {
                    let path = self.full_path(&owner, name, base);
                    self.check_write(name, path, &value, at);
                }
                let key = match index.known() {
                    Some(Const::Int(at)) => Key::At(*at),
                    Some(Const::Text(text)) => Key::Name(self.names.of(text)),
                    _ => Key::Any,
                };
                self.write_field(&owner, base, key, value);
            }
            Target::Push(base) => {
                let owner = self.evaluate(base)?;
                let mut owner = owner;
                if owner.objects.is_none() {
                    let list = self.make_list(Vec::new(), at);
                    self.write_place(base, list.clone());
                    owner = list;
                }
                for object in owner.objects().to_vec() {
                    self.append(object, value.clone());
                }
            }
            Target::List(targets) => {
                let known = self.known_elements(&value);
                let (_, any) = self.any_element(&value, at);
                for (index, (target, rest)) in targets.iter().enumerate() {
                    let element = match &known {
                        Some(elements) if *rest => {
                            let left = elements.iter().skip(index).map(|(_, value)| (value.clone(), false));
                            self.make_list(left.collect(), at)
                        }
                        Some(elements) => {
                            elements.get(index).map(|(_, value)| value.clone()).unwrap_or_default()
                        }
                        None if *rest => value.clone(),
                        None if value.objects.is_some() => {
                            self.read_index(&value, &Value::int(index as i64), at)
                        }
                        None => any.clone(),
                    };
                    self.write(target, element, at)?;
                }
            }
            Target::Map(targets) => {
                for (key, target, default) in targets {
                    let mut element = match key {
                        Some(key) => self.read_field(&value, *key, at, None),
                        None => value.clone(),
                    };
                    if let Some(default) = default
                        && (element.known() == Some(&Const::Null) || element.is_blank())
                    {
                        let other = self.evaluate(default)?;
                        element = if element.known().is_some() { other } else { element.join(&other) };
                    }
                    self.write(target, element, at)?;
                }
            }
        }
        Ok(())
    }

    /// Writes a variable where it lives.
    pub(super) fn write_name(&mut self, name: Name, value: Value) {
        let Some(frame) = self.stack.last().copied() else { return };
        let mut scope = Some(frame.scope);
        while let Some(object) = scope {
            if self.state.get(object, Key::Name(name)).is_some() {
                self.state.set(object, Key::Name(name), value);
                return;
            }
            scope = self.state.meta(object).parent;
        }
        match self.scopes.find(self.program, self.names, frame.module, frame.class, name) {
            Found::Field(class, true) => {
                if let Some(object) = self.static_object(class) {
                    self.state.set(object, Key::Name(name), value);
                }
            }
            Found::Field(_, false) => {
                let this = self.this();
                for object in this.objects().to_vec() {
                    self.state.set(object, Key::Name(name), value.clone());
                }
            }
            Found::Module(module, Some(member)) => {
                if let Some(object) = self.module(module) {
                    self.state.set(object, Key::Name(member), value);
                }
            }
            _ => {
                let globals =
                    matches!(self.language(), Language::JavaScript | Language::TypeScript | Language::Tsx);
                let scope =
                    if globals { self.module(frame.module).unwrap_or(frame.scope) } else { frame.scope };
                self.state.set(scope, Key::Name(name), value);
            }
        }
    }

    /// Writes into every object that a value may be; where it is none yet, it becomes one.
    pub(super) fn write_field(&mut self, owner: &Value, base: &'p Expr, key: Key, value: Value) {
        if let Some(class) = owner.class {
            if let Some(object) = self.static_object(class) {
                self.state.set(object, key, value);
            }
            return;
        }
        if owner.objects.is_none() {
            if owner.functions.is_some() || owner.known().is_some_and(|value| *value != Const::Null) {
                return;
            }
            let object = self.state.make(Meta {
                kind: if owner.path.is_some() { Kind::External } else { Kind::Map },
                path: owner.path,
                parent: None,
                foreign: owner.consts.is_none(),
                at: base.at,
            });
            if owner.taint.is_some() {
                self.state.set(object, Key::Whole, Value::tainted(owner.taint.clone()));
            }
            self.state.set(object, key, value);
            let made = Value { path: owner.path, ..Value::object(object) };
            self.write_place(base, made);
            return;
        }
        let one = owner.objects().len() == 1;
        for object in owner.objects().to_vec() {
            let meta = self.state.meta(object);
            if key == Key::Any || !one {
                self.state.add(object, key, &value);
            } else {
                self.state.set(object, key, value.clone());
            }
            if let (Kind::List, Key::At(at)) = (meta.kind, key) {
                let length = self.state.get(object, Key::Length).and_then(Value::known_int);
                if length.is_some_and(|length| at >= length) {
                    self.state.set(object, Key::Length, Value::int(at + 1));
                }
            }
        }
    }

    /// Writes to the place that an expression names, if it names one.
    pub(super) fn write_place(&mut self, place: &'p Expr, value: Value) {
        match &place.kind {
            ExprKind::Name(name) => self.write_name(*name, value),
            ExprKind::Field(base, name) => {
                if let Ok(owner) = self.evaluate(base)
                    && (owner.objects.is_some()
                        || owner.class.is_some()
                        || matches!(base.kind, ExprKind::Name(_)))
                {
                    self.write_field(&owner, base, Key::Name(*name), value);
                }
            }
            ExprKind::Index(base, index) => {
                if let (Ok(owner), Ok(index)) = (self.evaluate(base), self.evaluate(index)) {
                    let key = match index.known() {
                        Some(Const::Int(at)) => Key::At(*at),
                        Some(Const::Text(text)) => Key::Name(self.names.of(text)),
                        _ => Key::Any,
                    };
                    self.write_field(&owner, base, key, value);
                }
            }
            ExprKind::Cast(_, inner) | ExprKind::Unary(UnaryOp::Through, inner) => {
                self.write_place(inner, value)
            }
            _ => {}
        }
    }
}
