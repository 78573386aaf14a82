//! The variables and objects of a run, in layers: a branch writes into a layer of its own, and where branches meet
//! again only what was written is compared. The cost is that of the writes, not of everything there is.

use super::ir::{ClassId, Spot};
use super::names::Name;
use super::value::{Object, Value};
use rustc_hash::FxHashMap;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The variables of a running function.
    Frame,
    /// Of a class of the program.
    Instance(ClassId),
    /// Elements in order.
    List,
    /// Values by key.
    Map,
    /// A text that grows.
    Builder,
    /// Of a class that the program does not define.
    External,
}

/// What does not change about an object.
#[derive(Debug, Clone, Copy)]
pub struct Meta {
    /// What it is.
    pub kind: Kind,
    /// The name of its class where the program does not define it.
    pub path: Option<Name>,
    /// Frames: the variables of the function around it.
    pub parent: Option<Object>,
    /// Nothing is known of what it holds: somebody else made it.
    pub foreign: bool,
    /// Where it was made.
    pub at: Spot,
}

/// A place in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// A variable, field or key that is a text.
    Name(Name),
    /// An element by its number.
    At(i64),
    /// Elements or fields that are not told apart.
    Any,
    /// The object itself: what its text is, what flowed into it as a whole.
    Whole,
    /// How many elements it has.
    Length,
}

/// What was written, by place.
pub type Writes = FxHashMap<(Object, Key), Value>;

/// All variables and objects.
#[derive(Debug, Default)]
pub struct State {
    layers: Vec<Writes>,
    metas: Vec<Meta>,
    /// Every key that an object ever had, frames apart. Those of dropped layers stay and find nothing.
    keys: Vec<Vec<Key>>,
}

impl State {
    /// An empty state.
    pub fn new() -> Self {
        Self { layers: vec![Writes::default()], metas: Vec::new(), keys: Vec::new() }
    }

    /// A new object.
    pub fn make(&mut self, meta: Meta) -> Object {
        self.metas.push(meta);
        self.keys.push(Vec::new());
        Object::try_from(self.metas.len() - 1).unwrap_or(Object::MAX)
    }

    /// What is known of an object from the beginning.
    pub fn meta(&self, object: Object) -> Meta {
        self.metas.get(object as usize).copied().unwrap_or(Meta {
            kind: Kind::External,
            path: None,
            parent: None,
            foreign: true,
            at: Spot::default(),
        })
    }

    /// What stands in a place.
    pub fn get(&self, object: Object, key: Key) -> Option<&Value> {
        self.layers.iter().rev().filter(|layer| !layer.is_empty()).find_map(|layer| layer.get(&(object, key)))
    }

    /// Writes over what stands there.
    pub fn set(&mut self, object: Object, key: Key, value: Value) {
        if let Some(layer) = self.layers.last_mut() {
            layer.insert((object, key), value);
        }
        if self.meta(object).kind != Kind::Frame
            && let Some(keys) = self.keys.get_mut(object as usize)
            && !keys.contains(&key)
        {
            keys.push(key);
        }
    }

    /// Adds a possibility to what stands there.
    pub fn add(&mut self, object: Object, key: Key, value: &Value) {
        let joined = match self.get(object, key) {
            Some(before) => before.join(value),
            None => value.clone(),
        };
        self.set(object, key, joined);
    }

    /// The keys that an object has, in the order in which they were first written.
    pub fn keys(&self, object: Object) -> Vec<Key> {
        let keys = self.keys.get(object as usize).map(Vec::as_slice).unwrap_or_default();
        keys.iter().copied().filter(|key| self.get(object, *key).is_some()).collect()
    }

    /// How many layers there are.
    pub fn depth(&self) -> usize {
        self.layers.len()
    }

    /// How many objects there are.
    pub fn objects(&self) -> usize {
        self.metas.len()
    }

    /// Forgets the objects that were made since.
    pub fn forget(&mut self, objects: usize) {
        self.metas.truncate(objects);
        self.keys.truncate(objects);
    }

    /// Begins a branch.
    pub fn push(&mut self) {
        self.layers.push(Writes::default());
    }

    /// Ends a branch and takes its writes away.
    pub fn pop(&mut self) -> Writes {
        if self.layers.len() > 1 { self.layers.pop().unwrap_or_default() } else { Writes::default() }
    }

    /// The writes of all layers above this depth, as one.
    pub fn since(&self, depth: usize) -> Writes {
        let mut out = Writes::default();
        for layer in self.layers.iter().skip(depth) {
            for (place, value) in layer {
                out.insert(*place, value.clone());
            }
        }
        out
    }

    /// Takes away the layers above this depth, as one.
    pub fn take(&mut self, depth: usize) -> Writes {
        let mut layers = self.layers.split_off(depth.max(1).min(self.layers.len())).into_iter();
        let mut out = layers.next().unwrap_or_default();
        for layer in layers {
            out.extend(layer);
        }
        out
    }

    /// Drops the layers above this depth.
    pub fn cut(&mut self, depth: usize) {
        self.layers.truncate(depth.max(1));
    }

    /// Writes what one branch wrote.
    pub fn apply(&mut self, writes: Writes) {
        let Some(layer) = self.layers.last_mut() else { return };
        if layer.len() < writes.len() {
            let before = std::mem::replace(layer, writes);
            for (place, value) in before {
                layer.entry(place).or_insert(value);
            }
        } else {
            layer.extend(writes);
        }
    }

    /// Goes on behind several branches: each place holds what any of them left there.
    pub fn merge(&mut self, mut branches: Vec<Writes>) {
        if branches.len() <= 1 {
            if let Some(writes) = branches.pop() {
                self.apply(writes);
            }
            return;
        }
        let mut joined = Writes::default();
        for branch in &branches {
            for place in branch.keys() {
                if joined.contains_key(place) {
                    continue;
                }
                let (object, key) = *place;
                let mut value: Option<Value> = None;
                let mut missing = false;
                // What stood there before is looked up once.
                let mut before: Option<Option<&Value>> = None;
                for other in &branches {
                    let found = match other.get(place) {
                        Some(found) => Some(found),
                        None => {
                            let first = before.is_none();
                            let found = *before.get_or_insert_with(|| self.get(object, key));
                            missing |= found.is_none();
                            if !first {
                                continue;
                            }
                            found
                        }
                    };
                    if let Some(found) = found {
                        value = Some(value.map_or_else(|| found.clone(), |value| value.join(found)));
                    }
                }
                let Some(mut value) = value else { continue };
                // A field that only one branch has set is not known behind them.
                if missing && self.meta(object).kind != Kind::Frame {
                    value.consts = None;
                }
                joined.insert(*place, value);
            }
        }
        self.apply(joined);
    }
}
