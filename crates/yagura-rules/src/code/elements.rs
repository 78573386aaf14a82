//! Objects with elements: lists and maps.

use super::ir::*;
use super::library;
use super::machine::Machine;
use super::names::Name;
use super::state::{Key, Kind, Meta};
use super::value::{Atom, Object, Value, join_taint};
use std::rc::Rc;

/// Elements of a list that are told apart.
const MOST_ELEMENTS: i64 = 64;

impl<'p> Machine<'p> {
    /// A new object of this run.
    pub(super) fn make(&mut self, kind: Kind, path: Option<Name>, at: Spot) -> Object {
        self.state.make(Meta { kind, path, parent: None, foreign: false, at })
    }

    /// A list of these elements.
    pub(super) fn make_list(&mut self, items: Vec<(Value, bool)>, at: Spot) -> Value {
        let object = self.make(Kind::List, None, at);
        let mut length = Some(0_i64);
        for (value, spread) in items {
            if spread {
                match self.known_elements(&value) {
                    Some(elements) => {
                        for (_, element) in elements {
                            self.push(object, element, &mut length);
                        }
                    }
                    None => {
                        let (_, element) = self.any_element(&value, at);
                        self.state.add(object, Key::Any, &element);
                        length = None;
                    }
                }
            } else {
                self.push(object, value, &mut length);
            }
        }
        self.state.set(object, Key::Length, length.map_or_else(Value::unknown, Value::int));
        Value::object(object)
    }

    pub(super) fn push(&mut self, object: Object, value: Value, length: &mut Option<i64>) {
        match length {
            Some(at) if *at < MOST_ELEMENTS => {
                self.state.set(object, Key::At(*at), value);
                *at += 1;
            }
            _ => {
                self.state.add(object, Key::Any, &value);
                if let Some(at) = length {
                    *at += 1;
                }
            }
        }
    }

    /// All elements and fields of an object as one value.
    pub(super) fn everything_in(&mut self, object: Object) -> Value {
        let mut out: Option<Value> = None;
        for key in self.state.keys(object) {
            if key == Key::Length {
                continue;
            }
            if let Some(value) = self.state.get(object, key) {
                out = Some(out.map_or_else(|| value.clone(), |before| before.join(value)));
            }
        }
        let mut value = out.unwrap_or_default();
        // One of several elements.
        if value.consts.as_deref().is_some_and(|consts| consts.len() == 1)
            && self.state.keys(object).len() > 2
        {
            value.shape = None;
        }
        value
    }

    /// The elements of a value in order, with their keys, where they are all known.
    pub(super) fn known_elements(&mut self, value: &Value) -> Option<Vec<(Value, Value)>> {
        let [object] = value.objects() else { return None };
        if value.taint.is_some() {
            return None;
        }
        let object = *object;
        let meta = self.state.meta(object);
        if meta.foreign || self.state.get(object, Key::Any).is_some() {
            return None;
        }
        match meta.kind {
            Kind::List => {
                let length = self.state.get(object, Key::Length).and_then(Value::known_int)?;
                if length > MOST_ELEMENTS {
                    return None;
                }
                let mut out = Vec::new();
                for at in 0..length {
                    out.push((
                        Value::int(at),
                        self.state.get(object, Key::At(at)).cloned().unwrap_or_default(),
                    ));
                }
                Some(out)
            }
            Kind::Map => {
                let mut out = Vec::new();
                for key in self.state.keys(object) {
                    let shown = match key {
                        Key::Name(name) => Value::text(self.names.text(name)),
                        Key::At(at) => Value::int(at),
                        Key::Whole => return None,
                        _ => continue,
                    };
                    out.push((shown, self.state.get(object, key).cloned().unwrap_or_default()));
                }
                Some(out)
            }
            _ => None,
        }
    }

    /// Any key and any element of a value.
    pub(super) fn any_element(&mut self, value: &Value, _at: Spot) -> (Value, Value) {
        let mut out: Option<Value> = None;
        for object in value.objects().iter().copied() {
            let element = self.everything_in(object);
            out = Some(out.map_or_else(|| element.clone(), |before| before.join(&element)));
        }
        let mut element = out.unwrap_or_default();
        if value.objects.is_none() {
            element.path = value.path;
            if let Some(path) = value.path {
                let text = format!("{}[]", self.names.text(path));
                let each = self.names.of(&text);
                if let Some(kind) = self.matches(each).result {
                    element.path = Some(kind);
                }
            }
        }
        element.consts = None;
        element.shape = None;
        element.taint = join_taint(&element.taint, &value.taint);
        (Value::tainted(value.taint.clone()), element)
    }

    /// Everything that flowed into a value and what it holds.
    pub(super) fn deep(&mut self, value: &Value) -> Option<Rc<[Atom]>> {
        let mut seen = Vec::new();
        self.deeper(value, 4, &mut seen)
    }

    pub(super) fn deeper(&mut self, value: &Value, depth: u32, seen: &mut Vec<Object>) -> Option<Rc<[Atom]>> {
        let mut taint = value.taint.clone();
        if depth == 0 {
            return taint;
        }
        for object in value.objects().iter().copied() {
            if seen.contains(&object) || seen.len() > 64 {
                continue;
            }
            seen.push(object);
            if self.state.meta(object).kind == Kind::Frame {
                continue;
            }
            for key in self.state.keys(object).into_iter().take(96) {
                if let Some(inner) = self.state.get(object, key).cloned() {
                    taint = join_taint(&taint, &self.deeper(&inner, depth - 1, seen));
                }
            }
        }
        taint
    }

    /// Writes the value of a key into a map.
    pub(super) fn put(&mut self, object: Object, key: &Value, value: Value) {
        match key.known() {
            Some(Const::Text(text)) => {
                let name = self.names.of(text);
                self.state.set(object, Key::Name(name), value);
            }
            Some(Const::Int(at)) => self.state.set(object, Key::At(*at), value),
            _ => {
                let mut value = value;
                value.taint = join_taint(&value.taint, &key.taint);
                self.state.add(object, Key::Any, &value);
            }
        }
    }

    /// Copies the fields and elements of a value into an object.
    pub(super) fn copy_into(&mut self, object: Object, value: &Value) {
        if let Some(elements) = self.known_elements(value) {
            for (key, element) in elements {
                self.put(object, &key, element);
            }
            return;
        }
        for other in value.objects().to_vec() {
            for key in self.state.keys(other) {
                if let Some(inner) = self.state.get(other, key).cloned() {
                    self.state.add(object, key, &inner);
                }
            }
        }
        if value.taint.is_some() || value.objects.is_none() {
            self.state.add(object, Key::Any, &Value::tainted(value.taint.clone()));
        }
    }

    /// Adds an element at the end of a list.
    pub(super) fn append(&mut self, object: Object, value: Value) {
        let length = self.state.get(object, Key::Length).and_then(Value::known_int);
        match length {
            Some(at) if at < MOST_ELEMENTS => {
                self.state.set(object, Key::At(at), value);
                self.state.set(object, Key::Length, Value::int(at + 1));
            }
            _ => self.state.add(object, Key::Any, &value),
        }
    }

    /// How many elements or characters there are, clean of what flowed in.
    pub(super) fn length_of(&mut self, value: &Value) -> Value {
        if let Some(text) = value.known_text() {
            return Value::int(text.chars().count() as i64);
        }
        if let [object] = value.objects() {
            return self.state.get(*object, Key::Length).cloned().unwrap_or_default();
        }
        Value::unknown()
    }

    /// Whether a collection of constants has a value in it.
    pub(super) fn contains(&mut self, list: &Value, item: &Value) -> Value {
        if let (Some(list), Some(item)) = (list.known_text(), item.known_text()) {
            return Value::bool(list.contains(item));
        }
        let Some(elements) = self.known_elements(list) else { return Value::unknown() };
        let is_map = list.objects().iter().any(|object| self.state.meta(*object).kind == Kind::Map);
        let mut unsure = false;
        for (key, value) in &elements {
            match library::equal(if is_map { key } else { value }, item) {
                Some(true) => return Value::bool(true),
                Some(false) => {}
                None => unsure = true,
            }
        }
        if unsure { Value::unknown() } else { Value::bool(false) }
    }
}
