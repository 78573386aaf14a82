//! Calls: to functions of the program, which are run with what they are given, and to everything else, which the
//! models and the built-in knowledge of texts and collections describe.

use super::ir::*;
use super::library;
use super::machine::{Frame, Gone, MOST_CALLS, Machine, Run, joined};
use super::names::Name;
use super::state::{Key, Kind, Meta};
use super::value::{Closure, Object, Value, join_taint};

/// Functions of one name that a call may mean.
const MOST_TARGETS: usize = 4;

/// An argument as it is given.
#[derive(Debug, Clone)]
pub(super) struct Given<'p> {
    pub(super) name: Option<Name>,
    pub(super) value: Value,
    /// What was written, where it names a place.
    pub(super) place: Option<&'p Expr>,
}

impl<'p> Machine<'p> {
    pub(super) fn call(&mut self, call: &'p Call, at: Spot) -> Run<Value> {
        let value = match &call.callee.kind {
            ExprKind::Super | ExprKind::This => {
                let args = self.given(&call.args)?;
                let class = self.stack.last().and_then(|frame| frame.class);
                let this = self.this().objects().first().copied();
                if let (Some(class), Some(this)) = (class, this) {
                    if matches!(call.callee.kind, ExprKind::Super) {
                        self.construct_above(class, this, args, at)?;
                    } else {
                        self.run_constructor(class, this, args, at)?;
                    }
                }
                Value::unknown()
            }
            ExprKind::Field(base, name) if matches!(base.kind, ExprKind::Super) => {
                let args = self.given(&call.args)?;
                self.call_above(*name, args, at)?
            }
            ExprKind::Field(base, name) => {
                let owner = self.evaluate(base)?;
                let args = self.given(&call.args)?;
                self.call_method(&owner, base, *name, args, at)?
            }
            ExprKind::Name(name) => {
                let value = self.read_name(*name, call.callee.at);
                let args = self.given(&call.args)?;
                if value.is_blank() {
                    let path = self.hint(&call.callee);
                    self.outside_call(path, None, *name, args, at)?
                } else {
                    self.call_value(&value, args, at)?
                }
            }
            _ => {
                let value = self.evaluate(&call.callee)?;
                let args = self.given(&call.args)?;
                self.call_value(&value, args, at)?
            }
        };
        Ok(value)
    }

    pub(super) fn given(&mut self, args: &'p [Arg]) -> Run<Vec<Given<'p>>> {
        let mut out = Vec::new();
        for arg in args {
            let value = self.evaluate(&arg.value)?;
            if arg.spread {
                match self.known_elements(&value) {
                    Some(elements) => {
                        let named =
                            value.objects().iter().all(|object| self.state.meta(*object).kind == Kind::Map);
                        for (key, value) in elements {
                            let name = key.known_text().map(|text| self.names.of(text)).filter(|_| named);
                            out.push(Given { name, value, place: None });
                        }
                    }
                    None => {
                        let (_, element) = self.any_element(&value, arg.value.at);
                        out.push(Given { name: None, value: element, place: None });
                    }
                }
                continue;
            }
            out.push(Given { name: arg.name, value, place: Some(&arg.value) });
        }
        Ok(out)
    }

    /// Calls a value.
    pub(super) fn call_value(&mut self, value: &Value, args: Vec<Given<'p>>, at: Spot) -> Run<Value> {
        let mut out: Option<Value> = None;
        let mut gone = false;
        if value.functions.is_some() {
            match self.call_functions(value.functions(), args.clone(), at) {
                Ok(value) => out = Some(value),
                Err(Gone) => gone = true,
            }
        }
        if let Some(class) = value.class {
            let made = self.construct(class, args.clone(), at)?;
            out = Some(joined(out, Some(made)));
        }
        if let Some(path) = value.path.filter(|_| value.functions.is_none() && value.class.is_none()) {
            let name = self.last_part(path);
            let result = self.outside_call(Some(path), None, name, args.clone(), at)?;
            out = Some(joined(out, Some(result)));
        }
        for object in value.objects().to_vec() {
            if let Kind::Instance(class) = self.state.meta(object).kind {
                for word in ["__call__", "__invoke", "invoke", "apply", "call"] {
                    let name = self.names.of(word);
                    let method = self.method_value(class, name, Some(object));
                    if method.functions.is_some() {
                        let result = self.call_functions(method.functions(), args.clone(), at)?;
                        out = Some(joined(out, Some(result)));
                        break;
                    }
                }
            }
        }
        if out.is_none() && gone {
            return Err(Gone);
        }
        match out {
            Some(out) => Ok(out),
            None => {
                let taint = self.taint_of(&args);
                Ok(Value::tainted(join_taint(&taint, &value.taint)))
            }
        }
    }

    pub(super) fn last_part(&mut self, path: Name) -> Name {
        let text = self.names.shared(path);
        let last = text.rsplit('.').next().unwrap_or_default();
        self.names.of(last)
    }

    pub(super) fn taint_of(&mut self, args: &[Given<'p>]) -> Option<std::rc::Rc<[super::value::Atom]>> {
        let mut taint = None;
        for arg in args {
            taint = join_taint(&taint, &self.deep(&arg.value));
        }
        taint
    }

    /// Calls one of several functions: of those of one name, the ones that take so many arguments.
    pub(super) fn call_functions(
        &mut self,
        functions: &[Closure],
        args: Vec<Given<'p>>,
        at: Spot,
    ) -> Run<Value> {
        let mut fitting: Vec<Closure> = functions.to_vec();
        if functions.len() > 1 {
            let takes = |closure: &Closure| {
                self.function(closure.function).is_some_and(|function| {
                    let least =
                        function.params.iter().filter(|param| param.default.is_none() && !param.rest).count();
                    let open = function.params.iter().any(|param| param.rest || param.named_rest);
                    (args.len() <= function.params.len() || open) && args.len() >= least
                })
            };
            fitting.retain(takes);
            if fitting.is_empty() {
                fitting = functions.to_vec();
            }
            if fitting.len() > 1 {
                let scores: Vec<i32> =
                    fitting.iter().map(|closure| self.fit(closure.function, &args)).collect();
                let best = scores.iter().copied().max().unwrap_or_default();
                let mut scores = scores.into_iter();
                fitting.retain(|_| scores.next() == Some(best));
            }
        }
        fitting.truncate(MOST_TARGETS);
        if let [one] = fitting.as_slice() {
            return self.invoke(*one, args, at);
        }
        let depth = self.state.depth();
        let mut branches = Vec::new();
        let mut out: Option<Value> = None;
        for closure in fitting {
            self.state.push();
            if let Ok(value) = self.invoke(closure, args.clone(), at) {
                branches.push(self.state.since(depth));
                out = Some(joined(out, Some(value)));
            }
            self.state.cut(depth);
        }
        if branches.is_empty() {
            return Err(Gone);
        }
        self.state.merge(branches);
        Ok(out.unwrap_or_default())
    }

    /// How well the declared types of a function fit what it is given.
    pub(super) fn fit(&mut self, id: FunctionId, args: &[Given<'p>]) -> i32 {
        let Some(function) = self.function(id) else { return 0 };
        let mut score = 0;
        for (param, given) in function.params.iter().zip(args) {
            let Some(kind) = param.kind else { continue };
            let kind = self.names.shared(kind);
            let kind = kind.rsplit('.').next().unwrap_or_default();
            let value = &given.value;
            let fits = match value.known() {
                Some(Const::Text(_)) => library::is_text(kind) || matches!(kind, "char" | "Character"),
                Some(Const::Int(_)) => library::is_number(kind),
                Some(Const::Bool(_)) => matches!(kind, "boolean" | "bool" | "Boolean"),
                _ => {
                    let path = value.path.map(|path| self.names.shared(path));
                    path.is_some_and(|path| path.rsplit('.').next() == Some(kind))
                        || value.objects().first().is_some_and(|object| match self.state.meta(*object).kind {
                            Kind::Instance(class) => {
                                let chain = self.scopes.chain(self.program, self.names, class);
                                chain.iter().any(|id| {
                                    self.program
                                        .classes
                                        .get(*id as usize)
                                        .is_some_and(|class| self.names.text(class.name) == kind)
                                })
                            }
                            _ => false,
                        })
                }
            };
            score += if fits { 2 } else { 0 };
        }
        score
    }

    /// Runs a function of the program.
    pub(super) fn invoke(&mut self, closure: Closure, mut args: Vec<Given<'p>>, at: Spot) -> Run<Value> {
        let Some(function) = self.function(closure.function) else { return Ok(Value::unknown()) };
        let again = self.stack.iter().filter(|frame| frame.function == closure.function).count();
        if self.stack.len() >= MOST_CALLS || again >= 3 || self.steps == 0 {
            return Ok(Value::tainted(self.taint_of(&args)));
        }
        if again == 2 {
            // A function that calls itself: numbers that count down can be anything in the end.
            for given in &mut args {
                given.value.consts = None;
            }
        }
        if function.body.is_empty() && !function.is_closure && function.class.is_some() {
            // A method without a body: somebody else has it.
            let result = self.below_call(closure, &args, at)?;
            if let Some(value) = result {
                return Ok(value);
            }
        }
        let around = closure.scope.or_else(|| self.captured(closure));
        let parent = around.or_else(|| self.module_scope(function.module));
        let scope = self.state.make(Meta { kind: Kind::Frame, path: None, parent, foreign: false, at });
        if let Some(this) = closure.this {
            let this = Value::object(this);
            if let Some(receiver) = function.receiver {
                self.state.set(scope, Key::Name(receiver), this.clone());
            }
            self.state.set(scope, Key::Whole, this);
        } else if let (Some(receiver), Some(class)) = (function.receiver, function.class) {
            // A method of the class itself.
            self.state.set(scope, Key::Name(receiver), Value { class: Some(class), ..Value::default() });
        }
        let frame =
            Frame { function: closure.function, scope, class: function.class, module: function.module };
        self.stack.push(frame);
        let bound = self.bind(function, scope, &args, at);
        self.stack.pop();
        bound?;
        let result = self.run_frame(frame, &function.body)?;
        for (index, param) in function.params.iter().enumerate() {
            if param.by_reference
                && let Some(place) = args.get(index).and_then(|given| given.place)
                && let Some(value) = self.state.get(scope, Key::Name(param.name)).cloned()
            {
                self.write_place(place, value);
            }
        }
        let result = result.at(at);
        Ok(if function.result.is_some() && result.objects.is_none() && result.path.is_none() {
            self.stack.push(frame);
            let typed = self.typed(result, function.result);
            self.stack.pop();
            typed
        } else {
            result
        })
    }

    /// Variables around the class that a method belongs to.
    pub(super) fn captured(&self, closure: Closure) -> Option<Object> {
        closure.this.and_then(|this| self.state.meta(this).parent)
    }

    pub(super) fn module_scope(&self, module: ModuleId) -> Option<Object> {
        self.modules.get(module as usize).copied().flatten()
    }

    /// An interface's method on an object of which only the interface is known: those that implement it.
    pub(super) fn below_call(
        &mut self,
        closure: Closure,
        args: &[Given<'p>],
        at: Spot,
    ) -> Run<Option<Value>> {
        let Some(function) = self.function(closure.function) else { return Ok(None) };
        let Some(class) = function.class else { return Ok(None) };
        let below: Vec<ClassId> = self.scopes.below(class).iter().copied().take(MOST_TARGETS).collect();
        let mut functions = Vec::new();
        for class in below {
            let methods = self.scopes.methods(self.program, self.names, class, function.name);
            for method in methods {
                let real = self
                    .function(method)
                    .is_some_and(|own| !own.body.is_empty() && own.params.len() == function.params.len());
                if real {
                    let this = self.foreign(class, at);
                    functions.push(Closure { function: method, scope: None, this: Some(this) });
                }
            }
        }
        functions.dedup_by_key(|closure| closure.function);
        if functions.is_empty() {
            return Ok(None);
        }
        self.call_functions(&functions, args.to_vec(), at).map(Some)
    }

    /// An object of a class that somebody else made.
    pub(super) fn foreign(&mut self, class: ClassId, at: Spot) -> Object {
        self.state.make(Meta { kind: Kind::Instance(class), path: None, parent: None, foreign: true, at })
    }

    pub(super) fn bind(
        &mut self,
        function: &'p Function,
        scope: Object,
        args: &[Given<'p>],
        at: Spot,
    ) -> Run<()> {
        let mut positional = args.iter().filter(|given| given.name.is_none());
        let python = self.language() == Language::Python;
        let _ = python;
        for param in &function.params {
            let plain = |name: Name| name == param.name;
            let value = if param.rest {
                let items: Vec<(Value, bool)> =
                    positional.by_ref().map(|given| (given.value.clone(), false)).collect();
                self.make_list(items, at)
            } else if param.named_rest {
                let object = self.make(Kind::Map, None, at);
                for given in args {
                    if let Some(name) = given.name
                        && !function.params.iter().any(|param| param.name == name)
                    {
                        self.state.set(object, Key::Name(name), given.value.clone());
                    }
                }
                Value::object(object)
            } else {
                let named = args.iter().find(|given| given.name.is_some_and(plain));
                match named.or_else(|| positional.next()) {
                    Some(given) => self.typed(given.value.clone(), param.kind),
                    None => match &param.default {
                        Some(default) => self.evaluate(default)?,
                        None => self.typed(Value::unknown(), param.kind),
                    },
                }
            };
            let value = value.at(at).at(function.at);
            match &param.pattern {
                Some(pattern) => self.write(pattern, value, at)?,
                None => self.state.set(scope, Key::Name(param.name), value),
            }
        }
        Ok(())
    }

    /// Calls a method of a value.
    pub(super) fn call_method(
        &mut self,
        owner: &Value,
        base: &'p Expr,
        name: Name,
        args: Vec<Given<'p>>,
        at: Spot,
    ) -> Run<Value> {
        let mut results: Option<Value> = None;
        let mut gone = 0;
        let mut tried = 0;
        if let Some(class) = owner.class {
            tried += 1;
            let value = self.class_member_for_call(class, name, at);
            let result = if value.functions.is_some() || value.class.is_some() {
                self.call_value(&value, args.clone(), at)
            } else if let Some(built) = library::class_method(self, class, name, &args, at) {
                Ok(built)
            } else {
                let path = value.path.or_else(|| self.full_path(owner, name, base));
                self.outside_call(path, None, name, args.clone(), at)
            };
            match result {
                Ok(value) => results = Some(joined(results, Some(value))),
                Err(Gone) => gone += 1,
            }
        }
        let objects = owner.objects().to_vec();
        let several = objects.len() > 1;
        let depth = self.state.depth();
        let mut branches = Vec::new();
        for object in objects {
            tried += 1;
            if several {
                self.state.push();
            }
            let result = self.call_object(owner, object, base, name, args.clone(), at);
            match result {
                Ok(value) => {
                    results = Some(joined(results, Some(value)));
                    if several {
                        branches.push(self.state.since(depth));
                    }
                }
                Err(Gone) => gone += 1,
            }
            if several {
                self.state.cut(depth);
            }
        }
        if several && !branches.is_empty() {
            self.state.merge(branches);
        }
        if owner.functions.is_some() {
            tried += 1;
            match self.call_of_function(owner, base, name, args.clone(), at) {
                Ok(value) => results = Some(joined(results, Some(value))),
                Err(Gone) => gone += 1,
            }
        }
        if tried > 0 {
            return match results {
                Some(value) => Ok(value),
                None if gone > 0 => Err(Gone),
                None => Ok(Value::unknown()),
            };
        }
        // A declared type of the program: any class that is or extends it.
        if let Some(class) = owner.path.and_then(|path| self.scopes.class_named(path)) {
            let object = self.foreign(class, at);
            if owner.taint.is_some() {
                self.state.set(object, Key::Any, Value::tainted(owner.taint.clone()));
            }
            let methods = self.method_value(class, name, Some(object));
            let mut functions = methods.functions().to_vec();
            for below in self.scopes.below(class).to_vec().into_iter().take(MOST_TARGETS) {
                for method in self.scopes.methods(self.program, self.names, below, name) {
                    if !functions.iter().any(|known| known.function == method) {
                        let this = self.foreign(below, at);
                        functions.push(Closure { function: method, scope: None, this: Some(this) });
                    }
                }
            }
            let has_body =
                |closure: &Closure| self.function(closure.function).is_some_and(|own| !own.body.is_empty());
            if functions.iter().any(has_body) {
                functions.retain(has_body);
            }
            if !functions.is_empty() {
                return self.call_functions(&functions, args, at);
            }
        }
        let path = self.full_path(owner, name, base);
        self.outside_call(path, Some((owner, base)), name, args, at)
    }

    pub(super) fn class_member_for_call(&mut self, class: ClassId, name: Name, at: Spot) -> Value {
        let value = Value { class: Some(class), ..Value::default() };
        self.read_field(&value, name, at, None)
    }

    pub(super) fn call_object(
        &mut self,
        owner: &Value,
        object: Object,
        base: &'p Expr,
        name: Name,
        args: Vec<Given<'p>>,
        at: Spot,
    ) -> Run<Value> {
        let meta = self.state.meta(object);
        let one = Value { taint: owner.taint.clone(), ..Value::object(object) };
        if let Some(value) = self.state.get(object, Key::Name(name)).cloned()
            && (value.functions.is_some() || value.class.is_some())
        {
            if value.functions.is_some() {
                let bound: Vec<Closure> = value
                    .functions()
                    .iter()
                    .map(|closure| {
                        let arrow = self
                            .function(closure.function)
                            .is_some_and(|own| own.is_closure && own.receiver.is_none());
                        Closure {
                            this: if arrow && closure.this.is_some() { closure.this } else { Some(object) },
                            ..*closure
                        }
                    })
                    .collect();
                return self.call_functions(&bound, args, at);
            }
            return self.call_value(&value, args, at);
        }
        match meta.kind {
            Kind::Instance(class) => {
                let methods = self.method_value(class, name, Some(object));
                if methods.functions.is_some() {
                    let mut functions = methods.functions().to_vec();
                    if meta.foreign {
                        for below in self.scopes.below(class).to_vec().into_iter().take(MOST_TARGETS) {
                            for method in self.scopes.methods(self.program, self.names, below, name) {
                                if !functions.iter().any(|known| known.function == method) {
                                    let this = self.foreign(below, at);
                                    functions.push(Closure {
                                        function: method,
                                        scope: None,
                                        this: Some(this),
                                    });
                                }
                            }
                        }
                    }
                    return self.call_functions(&functions, args, at);
                }
                if let Some(value) = self.state.get(object, Key::Name(name)).cloned() {
                    return self.call_value(&value, args, at);
                }
                // Threads and the like: starting them runs them.
                let word = self.names.shared(name);
                if matches!(&*word, "start" | "fork" | "execute" | "schedule")
                    && let Some(run) = self.names.known("run")
                {
                    let method = self.method_value(class, run, Some(object));
                    if method.functions.is_some() {
                        return self.call_functions(method.functions(), Vec::new(), at);
                    }
                }
                let path = self
                    .scopes
                    .outside_base(self.program, self.names, class)
                    .or_else(|| self.class(class).map(|class| class.full));
                let path = path.map(|path| self.scopes.dotted(self.names, path, name));
                self.outside_call(path, Some((&one, base)), name, args, at)
            }
            Kind::Frame => {
                let value = self.read_field(&Value::object(object), name, at, None);
                self.call_value(&value, args, at)
            }
            Kind::List | Kind::Map | Kind::Builder | Kind::External => {
                let path = match meta.path {
                    Some(path) => Some(self.scopes.dotted(self.names, path, name)),
                    None => self.full_path(&one, name, base),
                };
                self.outside_call(path, Some((&one, base)), name, args, at)
            }
        }
    }

    /// `f.call(x)`, `f.apply(x, list)`, `f.bind(x)`, and any method of a lambda that stands for an interface.
    pub(super) fn call_of_function(
        &mut self,
        owner: &Value,
        base: &'p Expr,
        name: Name,
        mut args: Vec<Given<'p>>,
        at: Spot,
    ) -> Run<Value> {
        let language = self.language();
        let text = self.names.shared(name);
        if matches!(language, Language::JavaScript | Language::TypeScript | Language::Tsx) {
            let this = args.first().and_then(|given| given.value.objects().first().copied());
            let bound = |this: Option<Object>| -> Vec<Closure> {
                owner
                    .functions()
                    .iter()
                    .map(|closure| Closure { this: this.or(closure.this), ..*closure })
                    .collect()
            };
            match &*text {
                "call" => {
                    if !args.is_empty() {
                        args.remove(0);
                    }
                    return self.call_functions(&bound(this), args, at);
                }
                "apply" => {
                    let list = args.get(1).map(|given| given.value.clone()).unwrap_or_default();
                    let given = match self.known_elements(&list) {
                        Some(elements) => elements.into_iter().map(|(_, value)| value).collect(),
                        None => vec![self.any_element(&list, at).1],
                    };
                    let given =
                        given.into_iter().map(|value| Given { name: None, value, place: None }).collect();
                    return self.call_functions(&bound(this), given, at);
                }
                "bind" => {
                    return Ok(Value { functions: Some(bound(this).into()), ..Value::default() });
                }
                _ => {
                    let value = self.state_of_function(owner, name);
                    if let Some(value) = value {
                        return self.call_value(&value, args, at);
                    }
                    let path = self.hint(base).map(|hint| self.scopes.dotted(self.names, hint, name));
                    return self.outside_call(path, Some((owner, base)), name, args, at);
                }
            }
        }
        self.call_functions(owner.functions(), args, at)
    }

    /// Fields of functions are not followed.
    pub(super) fn state_of_function(&self, _owner: &Value, _name: Name) -> Option<Value> {
        None
    }

    pub(super) fn call_above(&mut self, name: Name, args: Vec<Given<'p>>, at: Spot) -> Run<Value> {
        let Some(frame) = self.stack.last().copied() else { return Ok(Value::unknown()) };
        let this = self.this().objects().first().copied();
        let Some(class) = frame.class else { return Ok(Value::unknown()) };
        let chain = self.scopes.chain(self.program, self.names, class);
        for above in chain.iter().skip(1) {
            let methods = self.method_value(*above, name, this);
            if methods.functions.is_some() {
                return self.call_functions(methods.functions(), args, at);
            }
        }
        if name == self.words.constructor {
            return Ok(Value::unknown());
        }
        let path = self.scopes.outside_base(self.program, self.names, class);
        let path = path.map(|path| self.scopes.dotted(self.names, path, name));
        self.outside_call(path, None, name, args, at)
    }
}
