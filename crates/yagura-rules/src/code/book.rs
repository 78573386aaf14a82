//! All rules and models of a run, looked up by the names that a program uses.

use super::ir::Language;
use super::names::{Name, Names};
use super::query::{Act, Callback, Clean, Code, Fill, Model, Pattern, Sink, Source, Way};
use super::value::Contexts;
use std::collections::HashMap;
use std::rc::Rc;

/// What the pages say about one name.
#[derive(Debug, Default)]
pub struct Matches {
    /// Sinks that are calls: numbers of rule and sink.
    pub calls: Vec<(usize, usize)>,
    /// Sinks that are writes.
    pub writes: Vec<(usize, usize)>,
    /// The kind of source that its result is.
    pub source: Option<u8>,
    /// It is no source on an object that the program has made.
    pub received: bool,
    /// The kind of source that reading it is.
    pub read: Option<u8>,
    /// The type of its result.
    pub result: Option<Name>,
    /// Numbers of what makes harmless.
    pub clean: Vec<usize>,
    /// Numbers of what says whether something is harmless.
    pub guards: Vec<usize>,
    /// Numbers of what calls back.
    pub callbacks: Vec<usize>,
    /// Numbers of what writes into its arguments.
    pub fills: Vec<usize>,
}

impl Matches {
    /// Whether the pages do not speak of it.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
            && self.writes.is_empty()
            && self.source.is_none()
            && self.read.is_none()
            && self.result.is_none()
            && self.clean.is_empty()
            && self.guards.is_empty()
            && self.callbacks.is_empty()
            && self.fills.is_empty()
    }
}

#[derive(Debug, Clone, Copy)]
enum Entry {
    Call(usize, usize),
    Write(usize, usize),
    Source(usize),
    Result(usize),
    Clean(usize),
    Guard(usize),
    Callback(usize),
    Fill(usize),
}

/// What a rule is about.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The kinds of sources, as bits.
    pub kinds: u32,
    /// The bit of its context.
    pub context: Contexts,
    /// The bit of its context between quotes.
    pub quoted: Contexts,
}

/// The rules and models of one language.
#[derive(Debug)]
pub struct Book<'a> {
    /// Rules of this language: number in the caller's list, and what it says.
    pub rules: Vec<(usize, &'a Code)>,
    /// What each rule is about.
    pub about: Vec<About>,
    /// Sinks at named places.
    pub places: Vec<(&'static str, usize, usize)>,
    sources: Vec<(&'a Source, u8)>,
    results: Vec<(&'a [Pattern], &'a str)>,
    clean: Vec<(&'a Clean, Contexts)>,
    guards: Vec<(&'a Clean, Contexts)>,
    callbacks: Vec<&'a Callback>,
    fills: Vec<(&'a Fill, Option<u8>)>,
    kinds: Vec<&'a str>,
    /// Everything but numbers that are too large.
    pub numeric: Contexts,
    by_last: HashMap<&'a str, Vec<(&'a Pattern, Entry)>>,
    anywhere: Vec<(&'a Pattern, Entry)>,
    known: HashMap<Name, Rc<Matches>>,
}

impl<'a> Book<'a> {
    /// The pages that speak of a language.
    pub fn new(language: Language, rules: &[(usize, &'a Code)], models: &[&'a Model]) -> Self {
        let mut book = Self {
            rules: rules.iter().copied().filter(|(_, code)| code.languages.contains(&language)).collect(),
            about: Vec::new(),
            places: Vec::new(),
            sources: Vec::new(),
            results: Vec::new(),
            clean: Vec::new(),
            guards: Vec::new(),
            callbacks: Vec::new(),
            fills: Vec::new(),
            kinds: Vec::new(),
            numeric: Contexts::MAX,
            by_last: HashMap::new(),
            anywhere: Vec::new(),
            known: HashMap::new(),
        };
        let models: Vec<&Model> =
            models.iter().copied().filter(|model| model.languages.contains(&language)).collect();
        for (_, code) in rules {
            for kind in &code.sources {
                book.kind(kind);
            }
        }
        let mut contexts: Vec<&str> = Vec::new();
        for (_, code) in rules {
            if !contexts.contains(&code.context.as_str()) {
                contexts.push(&code.context);
            }
        }
        let mut contexts: Vec<String> = contexts.into_iter().map(str::to_owned).collect();
        contexts.extend(
            ["sql", "html", "shell", "ldap", "xpath", "code", "include"].map(|name| format!("{name}-quoted")),
        );
        let bit = |name: &str| -> Contexts {
            match name {
                "all" => return Contexts::MAX,
                // A number can only be too large.
                "number" => {
                    return !contexts.iter().position(|known| known == "limit").map_or(0, |at| 1 << at);
                }
                _ => {}
            }
            contexts.iter().position(|known| known == name).map_or(0, |at| 1 << at.min(62))
        };
        book.numeric = !bit("limit");
        for (number, (_, code)) in book.rules.clone().into_iter().enumerate() {
            let mask = code.sources.iter().fold(0, |mask, kind| mask | 1 << book.kind(kind));
            let quoted = format!("{}-quoted", code.context);
            book.about.push(About { kinds: mask, context: bit(&code.context), quoted: bit(&quoted) });
            for (at, sink) in code.sinks.iter().enumerate() {
                match sink.act {
                    Act::Call => book.index(&sink.patterns, Entry::Call(number, at)),
                    Act::Write => book.index(&sink.patterns, Entry::Write(number, at)),
                    Act::Place(place) => book.places.push((place, number, at)),
                }
            }
        }
        for model in models {
            for source in &model.sources {
                let kind = book.kind(&source.kind);
                book.sources.push((source, kind));
                if matches!(source.way, Way::Call | Way::Read) {
                    book.index(&source.patterns, Entry::Source(book.sources.len() - 1));
                }
            }
            for (patterns, kind) in &model.types {
                book.results.push((patterns, kind));
                book.index(patterns, Entry::Result(book.results.len() - 1));
            }
            for clean in &model.clean {
                book.clean.push((clean, clean.contexts.iter().fold(0, |all, name| all | bit(name))));
                book.index(&clean.patterns, Entry::Clean(book.clean.len() - 1));
            }
            for guard in &model.guards {
                book.guards.push((guard, guard.contexts.iter().fold(0, |all, name| all | bit(name))));
                book.index(&guard.patterns, Entry::Guard(book.guards.len() - 1));
            }
            for callback in &model.callbacks {
                book.callbacks.push(callback);
                book.index(&callback.patterns, Entry::Callback(book.callbacks.len() - 1));
            }
            for fill in &model.fills {
                let kind = fill.kind.as_deref().map(|kind| book.kind(kind));
                book.fills.push((fill, kind));
                book.index(&fill.patterns, Entry::Fill(book.fills.len() - 1));
            }
        }
        book
    }

    fn index(&mut self, patterns: &'a [Pattern], entry: Entry) {
        for pattern in patterns {
            match pattern.last() {
                Some(last) => self.by_last.entry(last).or_default().push((pattern, entry)),
                None => self.anywhere.push((pattern, entry)),
            }
        }
    }

    /// The number of a kind of source, below 32.
    pub fn kind(&mut self, kind: &'a str) -> u8 {
        let at = self.kinds.iter().position(|known| *known == kind).unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        });
        u8::try_from(at.min(31)).unwrap_or(31)
    }

    /// Whether a kind of source is nobody's but that of whoever runs the program.
    pub fn is_local(&self, kind: u8) -> bool {
        self.kinds
            .get(usize::from(kind))
            .is_some_and(|kind| matches!(*kind, "file" | "env" | "property" | "stdin" | "args" | "database"))
    }

    /// The bits of these kinds of sources.
    pub fn mask(&self, kinds: &[String]) -> u32 {
        kinds
            .iter()
            .filter_map(|kind| self.kinds.iter().position(|known| known == kind))
            .fold(0, |mask, at| mask | 1 << at.min(31))
    }

    /// A rule's sink.
    pub fn sink(&self, rule: usize, sink: usize) -> Option<&'a Sink> {
        self.rules.get(rule).and_then(|(_, code)| code.sinks.get(sink))
    }

    /// What makes harmless, and in which contexts.
    pub fn cleaner(&self, number: usize) -> Option<(&'a Clean, Contexts)> {
        self.clean.get(number).copied()
    }

    /// What says whether something is harmless, and in which contexts.
    pub fn guard(&self, number: usize) -> Option<(&'a Clean, Contexts)> {
        self.guards.get(number).copied()
    }

    /// What calls back.
    pub fn callback(&self, number: usize) -> Option<&'a Callback> {
        self.callbacks.get(number).copied()
    }

    /// What writes into its arguments, and the kind of source that it writes.
    pub fn fill(&self, number: usize) -> Option<(&'a Fill, Option<u8>)> {
        self.fills.get(number).copied()
    }

    /// Ways in by parameters, with the number of their kind.
    pub fn parameters(&self) -> impl Iterator<Item = (&'a Source, u8)> + '_ {
        self.sources.iter().copied().filter(|(source, _)| !matches!(source.way, Way::Call | Way::Read))
    }

    /// What the pages say of a name.
    pub fn matches(&mut self, names: &mut Names, path: Name) -> Rc<Matches> {
        if let Some(known) = self.known.get(&path) {
            return known.clone();
        }
        let mut out = Matches::default();
        let text = names.shared(path);
        let last = text.rsplit('.').next().unwrap_or_default();
        let fitting: Vec<Entry> = self
            .by_last
            .get(last)
            .into_iter()
            .flatten()
            .chain(&self.anywhere)
            .filter(|(pattern, _)| pattern.fits(&text))
            .map(|(_, entry)| *entry)
            .collect();
        for entry in fitting {
            match entry {
                Entry::Call(rule, sink) => push(&mut out.calls, (rule, sink)),
                Entry::Write(rule, sink) => push(&mut out.writes, (rule, sink)),
                Entry::Source(at) => {
                    if let Some((source, kind)) = self.sources.get(at) {
                        match source.way {
                            Way::Read => out.read = Some(*kind),
                            _ => {
                                out.source = Some(*kind);
                                out.received = source.received;
                            }
                        }
                    }
                }
                Entry::Result(at) => {
                    out.result = self.results.get(at).map(|(_, kind)| names.of(kind)).or(out.result);
                }
                Entry::Clean(at) => push(&mut out.clean, at),
                Entry::Guard(at) => push(&mut out.guards, at),
                Entry::Callback(at) => push(&mut out.callbacks, at),
                Entry::Fill(at) => push(&mut out.fills, at),
            }
        }
        let out = Rc::new(out);
        self.known.insert(path, out.clone());
        out
    }
}

fn push<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}
