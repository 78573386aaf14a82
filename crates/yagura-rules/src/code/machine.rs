//! Runs a program with sets of possible values: every function from where it is entered, calls with the values that
//! they are given, both sides of a branch unless its condition is known.
//!
//! What is found is where a value from outside arrives at a place that must not have it, on a path that the known
//! values allow. The work for one entry is bounded by the size of what it can reach; beyond that bound calls are no
//! longer followed, and what goes into them comes out of them.

use super::book::{Book, Matches};
use super::ir::*;
use super::names::{Name, Names};
use super::scope::Scopes;
use super::state::{Key, Kind, Meta, State, Writes};
use super::value::{Atom, Closure, Object, Trace, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

/// A path of the program that does not go on: it was left by `return`, `break` or `throw`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone;

/// The outcome of running something.
pub(super) type Run<T> = Result<T, Gone>;

/// Calls inside of each other.
pub(super) const MOST_CALLS: usize = 14;
/// Closures of one entry that are run although nobody was seen to call them.
const MOST_PENDING: usize = 64;
/// Steps for an entry, and for each of its own expressions.
const STEPS: (u64, u64) = (6_000, 250);

/// Where paths that leave a statement meet.
#[derive(Debug)]
pub(super) struct Point {
    pub(super) kind: PointKind,
    pub(super) depth: usize,
    pub(super) exits: Vec<(Writes, Value)>,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(super) enum PointKind {
    Function,
    Break(Option<Name>, bool),
    Continue(Option<Name>),
    Try,
}

/// A running function.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) function: FunctionId,
    pub(super) scope: Object,
    pub(super) class: Option<ClassId>,
    pub(super) module: ModuleId,
}

/// One finding.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Number of the rule in the caller's list.
    pub rule: usize,
    /// Where.
    pub at: Spot,
    /// How something came there, from its source on; empty where no flow is asked for.
    pub flow: Vec<Spot>,
    /// It came from a file, the environment or whoever started the program.
    pub local: bool,
}

/// Runs a program.
pub(super) struct Machine<'p> {
    pub(super) program: &'p Program,
    pub(super) names: &'p mut Names,
    pub(super) scopes: Scopes,
    pub(super) books: BTreeMap<Language, Book<'p>>,
    pub(super) texts: &'p BTreeMap<String, String>,
    pub(super) state: State,
    pub(super) stack: Vec<Frame>,
    pub(super) points: Vec<Point>,
    /// What runs when the functions end.
    defers: Vec<Vec<&'p [Stmt]>>,
    pub(super) modules: Vec<Option<Object>>,
    pub(super) statics: HashMap<ClassId, Object>,
    pub(super) executed: HashSet<FunctionId>,
    /// Closures that were made, of which nobody has seen a call yet.
    pub(super) pending: Vec<Closure>,
    /// Frames whose variables outlive them.
    pub(super) captured: HashSet<Object>,
    pub(super) found: BTreeMap<(usize, Spot), Hit>,
    pub(super) steps: u64,
    /// Files that are passing a name on right now.
    pub(super) passed_on: u32,
    pub(super) words: Words,
}

/// Names that the engine itself asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) empty: Name,
    pub(super) constructor: Name,
    pub(super) initializer: Name,
    pub(super) static_initializer: Name,
    pub(super) exports: Name,
}

impl<'p> Machine<'p> {
    /// Prepares a program.
    pub(super) fn new(
        program: &'p Program,
        names: &'p mut Names,
        books: BTreeMap<Language, Book<'p>>,
        texts: &'p BTreeMap<String, String>,
    ) -> Self {
        let words = Words {
            empty: names.of(""),
            constructor: names.of("<new>"),
            initializer: names.of("<init>"),
            static_initializer: names.of("<static>"),
            exports: names.of("<exports>"),
        };
        let scopes = Scopes::new(program, names);
        Self {
            program,
            names,
            scopes,
            books,
            texts,
            state: State::new(),
            stack: Vec::new(),
            points: Vec::new(),
            defers: Vec::new(),
            modules: vec![None; program.modules.len()],
            statics: HashMap::new(),
            executed: HashSet::new(),
            pending: Vec::new(),
            captured: HashSet::new(),
            found: BTreeMap::new(),
            steps: 0,
            passed_on: 0,
            words,
        }
    }

    /// Runs everything: the top level of each file, then every function that nothing else ran.
    pub(super) fn all(&mut self) {
        for module in 0..self.program.modules.len() {
            self.module(module as ModuleId);
        }
        for class in 0..self.program.classes.len() {
            self.static_object(class as ClassId);
        }
        for closure in std::mem::take(&mut self.pending) {
            self.root(closure);
        }
        let program = self.program;
        let mut later = Vec::new();
        for (id, function) in program.functions.iter().enumerate() {
            let id = id as FunctionId;
            if function.is_closure
                || function.name == self.words.empty
                || function.name == self.words.static_initializer
                || function.name == self.words.initializer
            {
                continue;
            }
            if self.scopes.is_called(function.name) && !self.is_entry(id) {
                later.push(id);
                continue;
            }
            self.root(Closure { function: id, scope: None, this: None });
        }
        for id in later {
            if !self.executed.contains(&id) {
                self.root(Closure { function: id, scope: None, this: None });
            }
        }
    }

    pub(super) fn language(&self) -> Language {
        let module = self.stack.last().map_or(0, |frame| frame.module);
        self.program.modules.get(module as usize).map_or(Language::Java, |module| module.language)
    }

    pub(super) fn function(&self, id: FunctionId) -> Option<&'p Function> {
        self.program.functions.get(id as usize)
    }

    pub(super) fn class(&self, id: ClassId) -> Option<&'p Class> {
        self.program.classes.get(id as usize)
    }

    /// What the pages say of a name.
    pub(super) fn matches(&mut self, path: Name) -> Rc<Matches> {
        let language = self.language();
        match self.books.get_mut(&language) {
            Some(book) => book.matches(self.names, path),
            None => Rc::default(),
        }
    }

    /// A value that comes from outside.
    pub(super) fn source(&self, kind: u8, source: Name, at: Spot) -> Rc<[Atom]> {
        Rc::from([Atom { kind, source, clean: 0, trace: Rc::new(Trace { at, before: None, length: 1 }) }])
    }

    /// Takes one step; false when there are none left.
    pub(super) fn step(&mut self) -> bool {
        if self.steps == 0 {
            return false;
        }
        self.steps -= 1;
        true
    }

    /// The variables of a file's top level, which is run when it is first asked for.
    pub(super) fn module(&mut self, id: ModuleId) -> Option<Object> {
        let known = self.modules.get_mut(id as usize)?;
        if let Some(object) = known {
            return Some(*object);
        }
        let module = self.program.modules.get(id as usize)?;
        let body = self.function(module.body)?;
        let object = self.state.make(Meta {
            kind: Kind::Frame,
            path: None,
            parent: None,
            foreign: false,
            at: Spot::default(),
        });
        *self.modules.get_mut(id as usize)? = Some(object);
        let before = std::mem::replace(&mut self.steps, STEPS.0 + STEPS.1 * u64::from(body.size));
        let frame = Frame { function: module.body, scope: object, class: None, module: id };
        let _ = self.run_frame(frame, &body.body);
        self.steps = before;
        Some(object)
    }

    /// Runs a function whose caller is not known.
    pub(super) fn root(&mut self, closure: Closure) {
        let id = closure.function;
        if function_is_done(closure, &self.executed) {
            return;
        }
        let Some(function) = self.function(id) else { return };
        let objects = self.state.objects();
        let depth = self.state.depth();
        self.state.push();
        self.steps = STEPS.0 + STEPS.1 * u64::from(function.size);
        self.stack.push(Frame { function: id, scope: 0, class: function.class, module: function.module });
        let this = match function.class {
            _ if closure.scope.is_some() => closure.this,
            Some(class) if !function.is_static => {
                let object = self.state.make(Meta {
                    kind: Kind::Instance(class),
                    path: None,
                    parent: None,
                    foreign: true,
                    at: function.at,
                });
                Some(object)
            }
            _ => None,
        };
        let given = self.entry_arguments(id, function);
        self.stack.pop();
        let _ = self.invoke(Closure { this, ..closure }, given, function.at);
        // Closures that were handed to somebody who may call them later.
        for _ in 0..MOST_PENDING {
            let Some(closure) = self.pending.pop() else { break };
            if function_is_done(closure, &self.executed) {
                continue;
            }
            let Some(function) = self.function(closure.function) else { continue };
            self.points.clear();
            self.stack.clear();
            self.stack.push(Frame {
                function: closure.function,
                scope: 0,
                class: function.class,
                module: function.module,
            });
            let given = self.entry_arguments(closure.function, function);
            self.stack.pop();
            let _ = self.invoke(closure, given, function.at);
        }
        self.pending.clear();
        self.points.clear();
        self.stack.clear();
        self.captured.retain(|object| (*object as usize) < objects);
        self.state.cut(depth);
        self.state.forget(objects);
    }

    /// Runs the statements of a function in its frame, and gives what it returns.
    pub(super) fn run_frame(&mut self, frame: Frame, body: &'p [Stmt]) -> Run<Value> {
        let depth = self.state.depth();
        self.executed.insert(frame.function);
        self.points.push(Point { kind: PointKind::Function, depth, exits: Vec::new() });
        self.stack.push(frame);
        self.defers.push(Vec::new());
        self.state.push();
        let ended = self.run(body);
        let defers = self.defers.pop().unwrap_or_default();
        let mut out: Option<Value> = None;
        let mut branches = Vec::new();
        let writes = self.state.take(depth);
        if ended.is_ok() {
            branches.push(writes);
        }
        self.stack.pop();
        let exits = self.points.pop().map(|point| point.exits).unwrap_or_default();
        for (writes, value) in exits {
            branches.push(writes);
            out = Some(out.map_or_else(|| value.clone(), |before| before.join(&value)));
        }
        if !defers.is_empty() {
            self.run_defers(frame, defers, &mut branches);
        }
        if branches.is_empty() {
            return Err(Gone);
        }
        let keeps = self.captured.contains(&frame.scope)
            || self.function(frame.function).is_none_or(|function| {
                function.name == self.words.empty && !function.is_closure
                    || function.params.iter().any(|param| param.by_reference)
            });
        if !keeps {
            // Nobody sees its variables any longer.
            for writes in &mut branches {
                writes.retain(|(object, _), _| *object != frame.scope);
            }
        }
        self.state.merge(branches);
        Ok(out.unwrap_or_default())
    }

    /// Runs what was put off to the end of a function, behind all ways out of it.
    pub(super) fn run_defers(&mut self, frame: Frame, defers: Vec<&'p [Stmt]>, branches: &mut Vec<Writes>) {
        let depth = self.state.depth();
        self.state.push();
        self.state.merge(std::mem::take(branches));
        self.stack.push(frame);
        for body in defers.into_iter().rev() {
            let _ = self.run(body);
        }
        self.stack.pop();
        branches.push(self.state.take(depth));
    }

    /// Runs statements.
    pub(super) fn run(&mut self, body: &'p [Stmt]) -> Run<()> {
        for stmt in body {
            if let Stmt::Function(name, id) = stmt {
                self.declare_function(*name, *id);
            }
        }
        for stmt in body {
            self.statement(stmt)?;
        }
        Ok(())
    }

    pub(super) fn declare_function(&mut self, name: Name, id: FunctionId) {
        let Some(frame) = self.stack.last().copied() else { return };
        let closure = Closure { function: id, scope: Some(frame.scope), this: None };
        self.captured.insert(frame.scope);
        self.state.set(frame.scope, Key::Name(name), Value::closure(closure));
    }

    pub(super) fn statement(&mut self, stmt: &'p Stmt) -> Run<()> {
        if !self.step() {
            return Ok(());
        }
        match stmt {
            Stmt::Expr(value) => self.evaluate(value).map(|_| ()),
            Stmt::If(condition, then, other) => {
                let value = self.evaluate(condition)?;
                match self.truth(&value) {
                    Some(true) => {
                        self.refine(condition, true);
                        self.run(then)
                    }
                    Some(false) => {
                        self.refine(condition, false);
                        self.run(other)
                    }
                    None => self
                        .either(
                            |this| {
                                this.refine(condition, true);
                                this.run(then)
                            },
                            |this| {
                                this.refine(condition, false);
                                this.run(other)
                            },
                        )
                        .map(|_| ()),
                }
            }
            Stmt::Loop(looped) => self.run_loop(looped),
            Stmt::Each(each) => self.run_each(each),
            Stmt::Switch(switch) => self.run_switch(switch).map(|_| ()),
            Stmt::Try(tried) => self.run_try(tried),
            Stmt::Return(value, at) => {
                let value = match value {
                    Some(value) => self.evaluate(value)?,
                    None => Value::constant(Const::Null),
                };
                self.place("return", &value, *at);
                self.leave(|kind| matches!(kind, PointKind::Function), value)
            }
            Stmt::Throw(value, _) => {
                let value = match value {
                    Some(value) => self.evaluate(value)?,
                    None => Value::unknown(),
                };
                self.leave(|kind| matches!(kind, PointKind::Try), value)
            }
            Stmt::Break(label) => self.leave(
                |kind| match kind {
                    PointKind::Break(own, plain) => match label {
                        Some(label) => *own == Some(*label),
                        None => *plain,
                    },
                    _ => false,
                },
                Value::unknown(),
            ),
            Stmt::Continue(label) => self.leave(
                |kind| match kind {
                    PointKind::Continue(own) => label.is_none() || own == label,
                    _ => false,
                },
                Value::unknown(),
            ),
            Stmt::Block(label, body) => match label {
                None => self.run(body),
                Some(label) => self.left_by(PointKind::Break(Some(*label), false), |this| this.run(body)),
            },
            Stmt::Function(..) => Ok(()),
            Stmt::Class(name, id) => {
                if let Some(frame) = self.stack.last().copied() {
                    let value = Value { class: Some(*id), ..Value::default() };
                    self.state.set(frame.scope, Key::Name(*name), value);
                    self.captured.insert(frame.scope);
                    self.local_statics(*id, frame)?;
                }
                Ok(())
            }
            Stmt::Defer(body) => {
                match self.defers.last_mut() {
                    Some(defers) if defers.len() < 16 => defers.push(body),
                    _ => {}
                }
                Ok(())
            }
        }
    }

    /// What a class that is declared inside of a function does at once.
    pub(super) fn local_statics(&mut self, id: ClassId, frame: Frame) -> Run<()> {
        let Some(class) = self.class(id).filter(|class| class.is_local) else { return Ok(()) };
        for method in &class.methods {
            if let Some(function) = self.function(*method)
                && function.name == self.words.static_initializer
            {
                let closure = Closure { function: *method, scope: Some(frame.scope), this: None };
                self.invoke(closure, Vec::new(), class.at)?;
            }
        }
        Ok(())
    }

    /// Goes to the nearest point of this kind, with what was written on the way.
    pub(super) fn leave(&mut self, meets: impl Fn(&PointKind) -> bool, value: Value) -> Run<()> {
        let at = self.points.iter().rposition(|point| meets(&point.kind));
        if let Some(point) = at.and_then(|at| self.points.get_mut(at))
            && point.exits.len() < 32
        {
            let writes = self.state.since(point.depth);
            point.exits.push((writes, value));
        }
        Err(Gone)
    }

    /// Runs something that paths may leave to a point behind it.
    pub(super) fn left_by(&mut self, kind: PointKind, inside: impl FnOnce(&mut Self) -> Run<()>) -> Run<()> {
        let depth = self.state.depth();
        self.points.push(Point { kind, depth, exits: Vec::new() });
        self.state.push();
        let ended = inside(self);
        let mut branches = Vec::new();
        let writes = self.state.take(depth);
        if ended.is_ok() {
            branches.push(writes);
        }
        let exits = self.points.pop().map(|point| point.exits).unwrap_or_default();
        branches.extend(exits.into_iter().map(|(writes, _)| writes));
        if branches.is_empty() {
            return Err(Gone);
        }
        self.state.merge(branches);
        Ok(())
    }

    /// Runs both of two ways.
    pub(super) fn either<T>(
        &mut self,
        one: impl FnOnce(&mut Self) -> Run<T>,
        other: impl FnOnce(&mut Self) -> Run<T>,
    ) -> Run<(Option<T>, Option<T>)> {
        let depth = self.state.depth();
        let mut branches = Vec::new();
        self.state.push();
        let first = one(self).ok();
        let writes = self.state.take(depth);
        if first.is_some() {
            branches.push(writes);
        }
        self.state.push();
        let second = other(self).ok();
        let writes = self.state.take(depth);
        if second.is_some() {
            branches.push(writes);
        }
        if branches.is_empty() {
            return Err(Gone);
        }
        self.state.merge(branches);
        Ok((first, second))
    }

    /// Runs something that may or may not happen.
    pub(super) fn perhaps(&mut self, inside: impl FnOnce(&mut Self) -> Run<()>) {
        let depth = self.state.depth();
        self.state.push();
        let ended = inside(self);
        let writes = self.state.take(depth);
        if ended.is_ok() {
            self.state.merge(vec![writes, Writes::default()]);
        }
    }
}

/// Whether a closure was run already; functions that stand alone are run from outside once more.
fn function_is_done(closure: Closure, executed: &HashSet<FunctionId>) -> bool {
    closure.scope.is_some() && executed.contains(&closure.function)
}

/// Either of two values that may be missing.
pub(super) fn joined(one: Option<Value>, other: Option<Value>) -> Value {
    match (one, other) {
        (Some(one), Some(other)) => one.join(&other),
        (Some(value), None) | (None, Some(value)) => value,
        (None, None) => Value::unknown(),
    }
}
