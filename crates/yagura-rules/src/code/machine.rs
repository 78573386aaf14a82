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

/// Rounds of a loop that are run one by one.
const MOST_ROUNDS: usize = 24;
/// Rounds of a loop whose end is not known.
const OPEN_ROUNDS: usize = 3;
/// Calls inside of each other.
pub(super) const MOST_CALLS: usize = 14;
/// Closures of one entry that are run although nobody was seen to call them.
const MOST_PENDING: usize = 64;
/// Steps for an entry, and for each of its own expressions.
const STEPS: (u64, u64) = (6_000, 250);

/// Where paths that leave a statement meet.
#[derive(Debug)]
struct Point {
    kind: PointKind,
    depth: usize,
    exits: Vec<(Writes, Value)>,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum PointKind {
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
    points: Vec<Point>,
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
    fn root(&mut self, closure: Closure) {
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
        self.state.push();
        let ended = self.run(body);
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

    fn declare_function(&mut self, name: Name, id: FunctionId) {
        let Some(frame) = self.stack.last().copied() else { return };
        let closure = Closure { function: id, scope: Some(frame.scope), this: None };
        self.captured.insert(frame.scope);
        self.state.set(frame.scope, Key::Name(name), Value::closure(closure));
    }

    fn statement(&mut self, stmt: &'p Stmt) -> Run<()> {
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
            Stmt::Defer(body) => self.run(body),
        }
    }

    /// What a class that is declared inside of a function does at once.
    fn local_statics(&mut self, id: ClassId, frame: Frame) -> Run<()> {
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
    fn leave(&mut self, meets: impl Fn(&PointKind) -> bool, value: Value) -> Run<()> {
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
    fn left_by(&mut self, kind: PointKind, inside: impl FnOnce(&mut Self) -> Run<()>) -> Run<()> {
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

    fn run_loop(&mut self, looped: &'p Loop) -> Run<()> {
        self.left_by(PointKind::Break(looped.label, true), |this| {
            let mut rounds = 0;
            loop {
                if !(looped.body_first && rounds == 0)
                    && let Some(condition) = &looped.condition
                {
                    let value = this.evaluate(condition)?;
                    match this.truth(&value) {
                        Some(false) => return Ok(()),
                        Some(true) => {}
                        None => {
                            this.loop_limit(condition, &value);
                            break;
                        }
                    }
                }
                rounds += 1;
                if rounds > MOST_ROUNDS || this.steps == 0 {
                    break;
                }
                this.round(looped.label, |this| this.run(&looped.body))?;
                this.run(&looped.step)?;
            }
            this.open_rounds(looped.condition.is_none(), |this| {
                if let Some(condition) = &looped.condition {
                    this.refine(condition, true);
                }
                this.round(looped.label, |this| this.run(&looped.body))?;
                this.run(&looped.step)?;
                if let Some(condition) = &looped.condition {
                    this.evaluate(condition)?;
                }
                Ok(())
            })?;
            if let Some(condition) = &looped.condition {
                this.refine(condition, false);
            }
            Ok(())
        })
    }

    /// One round of a loop: `continue` ends it.
    fn round(&mut self, label: Option<Name>, inside: impl FnOnce(&mut Self) -> Run<()>) -> Run<()> {
        self.left_by(PointKind::Continue(label), inside)
    }

    /// Rounds of which nobody knows how many there are, until another one would not add anything.
    fn open_rounds(&mut self, endless: bool, mut inside: impl FnMut(&mut Self) -> Run<()>) -> Run<()> {
        for round in 0..OPEN_ROUNDS {
            let depth = self.state.depth();
            self.state.push();
            let ended = inside(self);
            let mut writes = self.state.take(depth);
            if ended.is_err() {
                // Each round is left: behind the loop stands only what never went round.
                return if endless && round == 0 { Err(Gone) } else { Ok(()) };
            }
            let mut changed = false;
            for ((object, key), value) in &mut writes {
                let Some(before) = self.state.get(*object, *key) else {
                    changed = true;
                    continue;
                };
                if value.consts != before.consts {
                    // What changes from round to round can be anything.
                    value.consts = None;
                    value.shape = None;
                    changed |= before.consts.is_some();
                }
                changed |= value.atoms().len() > before.atoms().len()
                    || value.objects().len() > before.objects().len()
                    || value.shape != before.shape;
            }
            if endless {
                self.state.merge(vec![writes]);
            } else {
                self.state.merge(vec![writes, Writes::default()]);
            }
            if !changed || self.steps == 0 {
                break;
            }
        }
        if endless { Err(Gone) } else { Ok(()) }
    }

    fn run_each(&mut self, each: &'p Each) -> Run<()> {
        let over = self.evaluate(&each.over)?;
        let at = each.over.at;
        let known = self.known_elements(&over);
        self.left_by(PointKind::Break(each.label, true), |this| {
            if let Some(elements) = known
                && elements.len() <= MOST_ROUNDS
            {
                for (key, value) in elements {
                    this.round(each.label, |this| {
                        if let Some(target) = &each.key {
                            this.write(target, key, at)?;
                        }
                        if let Some(target) = &each.value {
                            this.write(target, value, at)?;
                        }
                        this.run(&each.body)
                    })?;
                }
                return Ok(());
            }
            let (key, value) = this.any_element(&over, at);
            this.open_rounds(false, |this| {
                this.round(each.label, |this| {
                    if let Some(target) = &each.key {
                        this.write(target, key.clone(), at)?;
                    }
                    if let Some(target) = &each.value {
                        this.write(target, value.clone(), at)?;
                    }
                    this.run(&each.body)
                })
            })
        })
    }

    /// Runs a choice; its value is that of the case that was run.
    pub(super) fn run_switch(&mut self, switch: &'p Switch) -> Run<Value> {
        let subject = match &switch.subject {
            Some(subject) => Some(self.evaluate(subject)?),
            None => None,
        };
        let mut result: Option<Value> = None;
        self.left_by(PointKind::Break(None, true), |this| {
            // Which cases can be met: `Some(true)` stops the search.
            let mut ways: Vec<usize> = Vec::new();
            let mut default = None;
            let mut decided = false;
            for (index, case) in switch.cases.iter().enumerate() {
                if case.labels.is_empty() && case.guard.is_none() && !case.open {
                    default = Some(index);
                    continue;
                }
                match this.case_fits(case, subject.as_ref())? {
                    Some(true) => {
                        ways.push(index);
                        decided = true;
                        break;
                    }
                    Some(false) => {}
                    None => ways.push(index),
                }
            }
            if !decided {
                ways.extend(default);
            }
            let none_fits = !decided && default.is_none();
            let depth = this.state.depth();
            let mut branches = Vec::new();
            if none_fits {
                branches.push(Writes::default());
            }
            for way in ways {
                this.state.push();
                let ended = this.case_body(switch, way, subject.as_ref());
                if let Ok(value) = ended {
                    branches.push(this.state.since(depth));
                    result = Some(result.take().map_or_else(|| value.clone(), |before| before.join(&value)));
                }
                this.state.cut(depth);
            }
            if branches.is_empty() {
                return Err(Gone);
            }
            this.state.merge(branches);
            Ok(())
        })?;
        Ok(result.unwrap_or_default())
    }

    fn case_body(&mut self, switch: &'p Switch, way: usize, subject: Option<&Value>) -> Run<Value> {
        let mut value = Value::default();
        for (index, case) in switch.cases.iter().enumerate().skip(way) {
            if let (Some(target), Some(subject)) = (&case.bind, subject) {
                self.write(target, subject.clone(), Spot::default())?;
            }
            if index == way
                && let (Some(asked), [label]) = (&switch.subject, case.labels.as_slice())
            {
                self.refine_equal(asked, label);
            }
            value = self.run_valued(&case.body)?;
            if !switch.falls_through {
                break;
            }
        }
        Ok(value)
    }

    fn case_fits(&mut self, case: &'p Case, subject: Option<&Value>) -> Run<Option<bool>> {
        let mut out = Some(false);
        if case.open {
            out = None;
        }
        for label in &case.labels {
            let value = self.evaluate(label)?;
            let fits = match subject {
                Some(subject) => super::library::equal(subject, &value),
                None => self.truth(&value),
            };
            match fits {
                Some(true) => {
                    out = Some(true);
                    break;
                }
                Some(false) => {}
                None => out = None,
            }
        }
        if case.labels.is_empty() && !case.open {
            out = Some(true);
        }
        if let Some(guard) = &case.guard
            && out != Some(false)
        {
            let value = self.evaluate(guard)?;
            out = match (out, self.truth(&value)) {
                (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        Ok(out)
    }

    /// Runs statements whose last one is an expression that gives the value.
    pub(super) fn run_valued(&mut self, body: &'p [Stmt]) -> Run<Value> {
        let Some((last, before)) = body.split_last() else { return Ok(Value::unknown()) };
        self.run(before)?;
        match last {
            Stmt::Expr(value) => self.evaluate(value),
            Stmt::Switch(switch) => self.run_switch(switch),
            Stmt::Block(None, body) => self.run_valued(body),
            Stmt::Break(None) => {
                // A case that ends in `break`: its value stands before.
                let value = match before.last() {
                    Some(Stmt::Expr(_)) | None => Value::unknown(),
                    Some(_) => Value::unknown(),
                };
                self.statement(last)?;
                Ok(value)
            }
            Stmt::If(condition, then, other) => {
                let value = self.evaluate(condition)?;
                match self.truth(&value) {
                    Some(true) => self.run_valued(then),
                    Some(false) => self.run_valued(other),
                    None => {
                        let (one, other) = self.either(
                            |this| {
                                this.refine(condition, true);
                                this.run_valued(then)
                            },
                            |this| {
                                this.refine(condition, false);
                                this.run_valued(other)
                            },
                        )?;
                        Ok(joined(one, other))
                    }
                }
            }
            _ => {
                self.statement(last)?;
                Ok(Value::unknown())
            }
        }
    }

    fn run_try(&mut self, tried: &'p Try) -> Run<()> {
        let depth = self.state.depth();
        let has_catch = !tried.catches.is_empty();
        if has_catch {
            self.points.push(Point { kind: PointKind::Try, depth, exits: Vec::new() });
        }
        self.state.push();
        let mut ended = self.run(&tried.body);
        let normal = self.state.take(depth);
        let mut thrown = Vec::new();
        let mut error: Option<Value> = None;
        if has_catch {
            let exits = self.points.pop().map(|point| point.exits).unwrap_or_default();
            for (writes, value) in exits {
                error = Some(error.map_or_else(|| value.clone(), |before| before.join(&value)));
                thrown.push(writes);
            }
        }
        let mut branches = Vec::new();
        if ended.is_ok() {
            if tried.otherwise.is_empty() {
                branches.push(normal.clone());
            } else {
                self.state.push();
                self.state.apply(normal.clone());
                ended = self.run(&tried.otherwise);
                if ended.is_ok() {
                    branches.push(self.state.since(depth));
                }
                self.state.cut(depth);
            }
        }
        if has_catch {
            let explicit = !thrown.is_empty();
            if !explicit || ended.is_ok() {
                // Something in it may fail at any of its statements.
                thrown.push(Writes::default());
                thrown.push(normal);
            }
            for (target, kinds, body) in &tried.catches {
                self.state.push();
                self.state.merge(thrown.clone());
                let mut value = error.clone().unwrap_or_default();
                if value.objects.is_none() {
                    value.path = value.path.or(kinds.first().copied());
                }
                let caught = match target {
                    Some(target) => self.write(target, value, Spot::default()),
                    None => Ok(()),
                };
                if caught.and_then(|()| self.run(body)).is_ok() {
                    branches.push(self.state.since(depth));
                }
                self.state.cut(depth);
            }
        }
        if branches.is_empty() {
            if !tried.finally.is_empty() {
                self.state.push();
                let _ = self.run(&tried.finally);
                self.state.cut(depth);
            }
            return Err(Gone);
        }
        self.state.merge(branches);
        self.run(&tried.finally)
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
