//! What an expression can be: constants, objects, closures, something from outside, and what flowed into it.

use super::ir::{ClassId, Const, FunctionId, Spot};
use super::names::Name;
use std::rc::Rc;

/// More possible constants than this are any.
const MOST_CONSTS: usize = 4;
/// More possible objects than this are not told apart any longer.
const MOST_OBJECTS: usize = 6;
/// More flows into one value than this add nothing.
const MOST_ATOMS: usize = 6;
/// Steps of a flow that are kept.
const MOST_STEPS: u32 = 48;
/// Longer texts are not followed.
pub const MOST_TEXT: usize = 4096;

/// Index of an object of the state.
pub type Object = u32;

/// A bit for each context in which a value is harmless.
pub type Contexts = u64;

/// One step of a flow.
#[derive(Debug)]
pub struct Trace {
    /// Where.
    pub at: Spot,
    /// The step before.
    pub before: Option<Rc<Trace>>,
    /// How many steps there are.
    pub length: u32,
}

impl Drop for Trace {
    /// Long chains are taken apart one by one, not by recursion.
    fn drop(&mut self) {
        let mut next = self.before.take();
        while let Some(step) = next {
            match Rc::try_unwrap(step) {
                Ok(mut step) => next = step.before.take(),
                Err(_) => break,
            }
        }
    }
}

/// Something from outside that flowed into a value.
#[derive(Debug, Clone)]
pub struct Atom {
    /// The kind of source, by number.
    pub kind: u8,
    /// What was read: `HttpServletRequest.getParameter`.
    pub source: Name,
    /// Contexts in which it can do no harm any longer.
    pub clean: Contexts,
    /// How it came here.
    pub trace: Rc<Trace>,
}

impl Atom {
    fn same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.source == other.source && first(&self.trace) == first(&other.trace)
    }
}

fn first(trace: &Trace) -> Spot {
    let mut at = trace;
    while let Some(before) = &at.before {
        at = before;
    }
    at.at
}

/// A function with the variables around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closure {
    /// The function.
    pub function: FunctionId,
    /// Where the variables around it live.
    pub scope: Option<Object>,
    /// The object that it is a method of.
    pub this: Option<Object>,
}

/// A set of values that an expression may have.
#[derive(Debug, Clone, Default)]
pub struct Value {
    /// One of these constants; `None`: not known.
    pub consts: Option<Rc<[Const]>>,
    /// A text of which parts are known; `\0` stands for the others.
    pub shape: Option<Rc<str>>,
    /// What flowed into it.
    pub taint: Option<Rc<[Atom]>>,
    /// Objects of the state.
    pub objects: Option<Rc<[Object]>>,
    /// Closures and functions.
    pub functions: Option<Rc<[Closure]>>,
    /// The class itself.
    pub class: Option<ClassId>,
    /// Something that the program does not define: its full name, or that of its type.
    pub path: Option<Name>,
}

impl Value {
    /// Nothing is known of it.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// A constant.
    pub fn constant(value: Const) -> Self {
        Self { consts: Some(Rc::from([value])), ..Self::default() }
    }

    /// A text.
    pub fn text(value: &str) -> Self {
        Self::constant(Const::Text(value.into()))
    }

    /// A truth value.
    pub fn bool(value: bool) -> Self {
        Self::constant(Const::Bool(value))
    }

    /// A whole number.
    pub fn int(value: i64) -> Self {
        Self::constant(Const::Int(value))
    }

    /// An object.
    pub fn object(object: Object) -> Self {
        Self { objects: Some(Rc::from([object])), ..Self::default() }
    }

    /// A closure.
    pub fn closure(closure: Closure) -> Self {
        Self { functions: Some(Rc::from([closure])), ..Self::default() }
    }

    /// Something with a name outside of the program.
    pub fn external(path: Name) -> Self {
        Self { path: Some(path), ..Self::default() }
    }

    /// A value of which only the flows are known.
    pub fn tainted(taint: Option<Rc<[Atom]>>) -> Self {
        Self { taint, ..Self::default() }
    }

    /// The one constant that it is.
    pub fn known(&self) -> Option<&Const> {
        match self.consts.as_deref() {
            Some([one]) if self.objects.is_none() => Some(one),
            _ => None,
        }
    }

    /// The one text that it is.
    pub fn known_text(&self) -> Option<&str> {
        match self.known() {
            Some(Const::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The one number that it is.
    pub fn known_int(&self) -> Option<i64> {
        match self.known() {
            Some(Const::Int(value)) => Some(*value),
            _ => None,
        }
    }

    /// Its objects.
    pub fn objects(&self) -> &[Object] {
        self.objects.as_deref().unwrap_or_default()
    }

    /// Its closures.
    pub fn functions(&self) -> &[Closure] {
        self.functions.as_deref().unwrap_or_default()
    }

    /// What flowed into it.
    pub fn atoms(&self) -> &[Atom] {
        self.taint.as_deref().unwrap_or_default()
    }

    /// Whether nothing at all is known of it, not even a name.
    pub fn is_blank(&self) -> bool {
        self.consts.is_none()
            && self.objects.is_none()
            && self.functions.is_none()
            && self.class.is_none()
            && self.path.is_none()
    }

    /// Whether it is true, where every possibility says the same.
    pub fn truth(&self) -> Option<bool> {
        if let Some(consts) = &self.consts {
            if self.objects.is_some() || self.functions.is_some() {
                return None;
            }
            let mut out = None;
            for value in consts.iter() {
                let truth = match value {
                    Const::Null => false,
                    Const::Bool(value) => *value,
                    Const::Int(value) => *value != 0,
                    Const::Float(value) => *value != 0.0,
                    Const::Text(text) => !text.is_empty(),
                };
                if out.is_some_and(|before| before != truth) {
                    return None;
                }
                out = Some(truth);
            }
            return out;
        }
        None
    }

    /// Its text with `\0` for what is not known.
    pub fn shape(&self) -> Option<Rc<str>> {
        match self.known() {
            Some(value) => Some(text_of(value)),
            None => self.shape.clone(),
        }
    }

    /// Either of two values.
    pub fn join(&self, other: &Self) -> Self {
        let consts = match (&self.consts, &other.consts) {
            (Some(a), Some(b)) => {
                if a == b {
                    Some(a.clone())
                } else {
                    let mut all: Vec<Const> = a.to_vec();
                    all.extend(b.iter().filter(|value| !a.contains(value)).cloned());
                    (all.len() <= MOST_CONSTS).then(|| all.into())
                }
            }
            // Nothing, or an object: what is asked of it is asked of the object.
            (Some(a), None) if is_null(a) && other.objects.is_some() => None,
            _ => None,
        };
        let shape = match (self.shape(), other.shape()) {
            (Some(a), Some(b)) if a == b => Some(a),
            (Some(a), None) if other.is_nothing() => Some(a),
            (None, Some(b)) if self.is_nothing() => Some(b),
            _ => None,
        };
        Self {
            consts,
            shape,
            taint: join_taint(&self.taint, &other.taint),
            objects: union(&self.objects, &other.objects, MOST_OBJECTS),
            functions: union(&self.functions, &other.functions, MOST_OBJECTS),
            class: self.class.or(other.class),
            path: self.path.or(other.path),
        }
    }

    fn is_nothing(&self) -> bool {
        self.consts.as_deref().is_some_and(is_null)
    }

    /// The same value, known to be harmless in these contexts.
    pub fn cleaned(mut self, contexts: Contexts) -> Self {
        self.taint = clean(&self.taint, contexts);
        self
    }

    /// The same value one step further.
    pub fn at(mut self, at: Spot) -> Self {
        self.taint = step(&self.taint, at);
        self
    }
}

fn is_null(consts: &[Const]) -> bool {
    matches!(consts, [Const::Null])
}

/// How a constant is written into a text.
pub fn text_of(value: &Const) -> Rc<str> {
    match value {
        Const::Null => "null".into(),
        Const::Bool(value) => value.to_string().into(),
        Const::Int(value) => value.to_string().into(),
        Const::Float(value) => value.to_string().into(),
        Const::Text(text) => text.clone(),
    }
}

fn union<T: Copy + PartialEq>(a: &Option<Rc<[T]>>, b: &Option<Rc<[T]>>, most: usize) -> Option<Rc<[T]>> {
    match (a, b) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (Some(a), Some(b)) => {
            if a == b || b.iter().all(|item| a.contains(item)) {
                return Some(a.clone());
            }
            let mut all = a.to_vec();
            all.extend(b.iter().filter(|item| !a.contains(item)));
            all.truncate(most);
            Some(all.into())
        }
    }
}

/// Flows of either side. The same flow twice is harmless only where both are.
pub fn join_taint(a: &Option<Rc<[Atom]>>, b: &Option<Rc<[Atom]>>) -> Option<Rc<[Atom]>> {
    match (a, b) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (Some(a), Some(b)) => {
            if Rc::ptr_eq(a, b) {
                return Some(a.clone());
            }
            let mut all = a.to_vec();
            for atom in b.iter() {
                if let Some(known) = all.iter_mut().find(|known| known.same(atom)) {
                    known.clean &= atom.clean;
                } else if all.len() < MOST_ATOMS {
                    all.push(atom.clone());
                }
            }
            Some(all.into())
        }
    }
}

/// The flows, harmless in these contexts from now on.
pub fn clean(taint: &Option<Rc<[Atom]>>, contexts: Contexts) -> Option<Rc<[Atom]>> {
    let taint = taint.as_ref()?;
    if contexts == 0 {
        return Some(taint.clone());
    }
    let left: Vec<Atom> = taint
        .iter()
        .map(|atom| Atom { clean: atom.clean | contexts, ..atom.clone() })
        .filter(|atom| atom.clean != Contexts::MAX)
        .collect();
    (!left.is_empty()).then(|| left.into())
}

/// The flows, one step further.
pub fn step(taint: &Option<Rc<[Atom]>>, at: Spot) -> Option<Rc<[Atom]>> {
    let taint = taint.as_ref()?;
    if taint.iter().all(|atom| {
        atom.trace.length >= MOST_STEPS || (atom.trace.at.line == at.line && atom.trace.at.file == at.file)
    }) {
        return Some(taint.clone());
    }
    let moved = taint.iter().map(|atom| {
        let here = atom.trace.at.line == at.line && atom.trace.at.file == at.file;
        if here || atom.trace.length >= MOST_STEPS {
            return atom.clone();
        }
        let length = atom.trace.length + 1;
        Atom { trace: Rc::new(Trace { at, before: Some(atom.trace.clone()), length }), ..atom.clone() }
    });
    Some(moved.collect())
}

/// One text behind the other, as far as they are known.
pub fn concat(parts: &[&Value]) -> Value {
    let taint = parts.iter().fold(None, |taint, part| join_taint(&taint, &part.taint));
    let mut shape = String::new();
    let mut known = true;
    for part in parts {
        match part.shape() {
            Some(text) if shape.len() + text.len() <= MOST_TEXT => {
                known &= !text.contains('\0') && part.known().is_some();
                shape.push_str(&text);
            }
            _ => {
                known = false;
                if !shape.ends_with('\0') {
                    shape.push('\0');
                }
            }
        }
    }
    if known {
        return Value { taint, ..Value::text(&shape) };
    }
    Value { shape: (shape != "\0").then(|| shape.into()), taint, ..Value::default() }
}
