//! Names as numbers: compared and hashed at the cost of an integer.

use std::collections::HashMap;
use std::rc::Rc;

/// A name that was met in a program. Equal names are equal numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(pub(crate) u32);

/// All names of a program.
#[derive(Debug, Default)]
pub struct Names {
    numbers: HashMap<Rc<str>, Name>,
    texts: Vec<Rc<str>>,
}

impl Names {
    /// The number of a name.
    pub fn of(&mut self, text: &str) -> Name {
        if let Some(name) = self.numbers.get(text) {
            return *name;
        }
        let text: Rc<str> = text.into();
        let name = Name(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(text.clone());
        self.numbers.insert(text, name);
        name
    }

    /// The number of a name that was met before.
    pub fn known(&self, text: &str) -> Option<Name> {
        self.numbers.get(text).copied()
    }

    /// How it is written.
    pub fn text(&self, name: Name) -> &str {
        self.texts.get(name.0 as usize).map_or("", |text| text)
    }

    /// How it is written, to keep.
    pub fn shared(&self, name: Name) -> Rc<str> {
        self.texts.get(name.0 as usize).cloned().unwrap_or_default()
    }
}
