//! Loops, choices and `try`: paths that part and meet again.

use super::ir::*;
use super::machine::{Gone, Machine, Point, PointKind, Run, joined};
use super::names::Name;
use super::state::Writes;
use super::value::Value;

/// Rounds of a loop that are run one by one.
const MOST_ROUNDS: usize = 24;
/// Rounds of a loop whose end is not known.
const OPEN_ROUNDS: usize = 3;

impl<'p> Machine<'p> {
    pub(super) fn run_loop(&mut self, looped: &'p Loop) -> Run<()> {
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
    pub(super) fn round(
        &mut self,
        label: Option<Name>,
        inside: impl FnOnce(&mut Self) -> Run<()>,
    ) -> Run<()> {
        self.left_by(PointKind::Continue(label), inside)
    }

    /// Rounds of which nobody knows how many there are, until another one would not add anything.
    pub(super) fn open_rounds(
        &mut self,
        endless: bool,
        mut inside: impl FnMut(&mut Self) -> Run<()>,
    ) -> Run<()> {
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

    pub(super) fn run_each(&mut self, each: &'p Each) -> Run<()> {
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

    pub(super) fn case_body(
        &mut self,
        switch: &'p Switch,
        way: usize,
        subject: Option<&Value>,
    ) -> Run<Value> {
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

    pub(super) fn case_fits(&mut self, case: &'p Case, subject: Option<&Value>) -> Run<Option<bool>> {
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

    pub(super) fn run_try(&mut self, tried: &'p Try) -> Run<()> {
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
