//! What names mean: variables apart, a name is a member of a class, something of the same file or package, something
//! that was brought in, or something that the program does not define.

use super::ir::*;
use super::names::{Name, Names};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Classes that are looked at above a class.
const MOST_BASES: usize = 12;

/// What a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A field, declared in this class; true: of the class itself.
    Field(ClassId, bool),
    /// A method, found from this class on.
    Method(ClassId),
    /// A function.
    Function(FunctionId),
    /// A class.
    Class(ClassId),
    /// A file, or a member of it.
    Module(ModuleId, Option<Name>),
    /// Something from outside of the program, with its full name.
    Path(Name),
}

/// The names of a program, and what was found out about them.
#[derive(Debug, Default)]
pub struct Scopes {
    classes_full: HashMap<Name, ClassId>,
    classes_short: HashMap<Name, Vec<ClassId>>,
    functions_in: HashMap<(ModuleId, Name), FunctionId>,
    classes_in: HashMap<(ModuleId, Name), ClassId>,
    inner: HashMap<(ClassId, Name), ClassId>,
    /// Classes that are declared inside of functions.
    local_classes: HashMap<(ModuleId, Name), ClassId>,
    /// Files of each package or path.
    modules: HashMap<Name, Vec<ModuleId>>,
    global_functions: HashMap<(u8, Name), FunctionId>,
    called: HashSet<Name>,
    assigned: HashSet<Name>,
    found: HashMap<(ModuleId, Option<ClassId>, Name), Found>,
    chains: HashMap<ClassId, Rc<[ClassId]>>,
    outside: HashMap<ClassId, Option<Name>>,
    classes: HashMap<(ModuleId, Option<ClassId>, Name), Option<ClassId>>,
    dotted: HashMap<(Name, Name), Name>,
    below: HashMap<ClassId, Vec<ClassId>>,
}

impl Scopes {
    /// Notes the names of a program.
    pub fn new(program: &Program, names: &mut Names) -> Self {
        let mut out = Self::default();
        for (id, class) in program.classes.iter().enumerate() {
            let id = id as ClassId;
            out.classes_full.entry(class.full).or_insert(id);
            out.classes_short.entry(class.name).or_default().push(id);
            if class.is_local && class.outer.is_none() {
                out.local_classes.entry((class.module, class.name)).or_insert(id);
            }
            if let Some(outer) = class.outer {
                out.inner.insert((outer, class.name), id);
            }
        }
        for (id, module) in program.modules.iter().enumerate() {
            let id = id as ModuleId;
            out.modules.entry(module.name).or_default().push(id);
            for function in &module.functions {
                if let Some(own) = program.functions.get(*function as usize) {
                    out.functions_in.insert((id, own.name), *function);
                    out.global_functions.entry((family(module.language), own.name)).or_insert(*function);
                }
            }
            for class in &module.classes {
                if let Some(own) = program.classes.get(*class as usize) {
                    out.classes_in.insert((id, own.name), *class);
                }
            }
        }
        let mut uses = Uses { called: &mut out.called, assigned: &mut out.assigned };
        for function in &program.functions {
            uses.statements(&function.body);
        }
        for class in &program.classes {
            for field in &class.fields {
                if let Some(value) = &field.value {
                    uses.expression(value);
                }
            }
        }
        for id in 0..program.classes.len() {
            let id = id as ClassId;
            for above in out.chain(program, names, id).iter().skip(1) {
                out.below.entry(*above).or_default().push(id);
            }
        }
        out
    }

    /// Whether anything in the program calls something of this name.
    pub fn is_called(&self, name: Name) -> bool {
        self.called.contains(&name)
    }

    /// Whether anything in the program writes a field or variable of this name behind its declaration.
    pub fn is_assigned(&self, name: Name) -> bool {
        self.assigned.contains(&name)
    }

    /// `a` and `b` as `a.b`.
    pub fn dotted(&mut self, names: &mut Names, path: Name, name: Name) -> Name {
        if let Some(known) = self.dotted.get(&(path, name)) {
            return *known;
        }
        let text = format!("{}.{}", names.text(path), names.text(name));
        // Names that grow without end say nothing.
        let dotted = if text.len() > 200 { path } else { names.of(&text) };
        self.dotted.insert((path, name), dotted);
        dotted
    }

    /// The class of a full name.
    pub fn class_named(&self, path: Name) -> Option<ClassId> {
        self.classes_full.get(&path).copied()
    }

    /// A class inside of a class.
    pub fn inner(&self, class: ClassId, name: Name) -> Option<ClassId> {
        self.inner.get(&(class, name)).copied()
    }

    /// Classes that extend or implement a class.
    pub fn below(&self, class: ClassId) -> &[ClassId] {
        self.below.get(&class).map(Vec::as_slice).unwrap_or_default()
    }

    /// A class and those above it, nearest first.
    pub fn chain(&mut self, program: &Program, names: &mut Names, class: ClassId) -> Rc<[ClassId]> {
        if let Some(known) = self.chains.get(&class) {
            return known.clone();
        }
        let mut out = vec![class];
        let mut at = 0;
        while let Some(id) = out.get(at).copied()
            && out.len() < MOST_BASES
        {
            at += 1;
            let Some(own) = program.classes.get(id as usize) else { continue };
            for base in &own.bases {
                let found = self.class_of(program, names, own.module, own.outer, *base);
                if let Some(found) = found
                    && !out.contains(&found)
                {
                    out.push(found);
                }
            }
        }
        let out: Rc<[ClassId]> = out.into();
        self.chains.insert(class, out.clone());
        out
    }

    /// The full name of the nearest class above that the program does not define.
    pub fn outside_base(&mut self, program: &Program, names: &mut Names, class: ClassId) -> Option<Name> {
        if let Some(known) = self.outside.get(&class) {
            return *known;
        }
        let mut out = None;
        'search: for id in self.chain(program, names, class).iter() {
            let Some(own) = program.classes.get(*id as usize) else { continue };
            for base in &own.bases {
                if self.class_of(program, names, own.module, own.outer, *base).is_none() {
                    out = Some(self.imported(program, names, own.module, *base));
                    break 'search;
                }
            }
        }
        self.outside.insert(class, out);
        out
    }

    /// Whether a class or one above it declares a field.
    pub fn declares(&mut self, program: &Program, names: &mut Names, class: ClassId, name: Name) -> bool {
        self.chain(program, names, class).iter().any(|id| {
            program
                .classes
                .get(*id as usize)
                .is_some_and(|own| own.fields.iter().any(|field| field.name == name))
        })
    }

    /// The declared type of a field.
    pub fn field_kind(
        &mut self,
        program: &Program,
        names: &mut Names,
        class: ClassId,
        name: Name,
    ) -> Option<Name> {
        self.chain(program, names, class).iter().find_map(|id| {
            let own = program.classes.get(*id as usize)?;
            own.fields.iter().find(|field| field.name == name)?.kind
        })
    }

    /// The methods of a name in the nearest class that has any.
    pub fn methods(
        &mut self,
        program: &Program,
        names: &mut Names,
        class: ClassId,
        name: Name,
    ) -> Vec<FunctionId> {
        for id in self.chain(program, names, class).iter() {
            let Some(own) = program.classes.get(*id as usize) else { continue };
            let found: Vec<FunctionId> = own
                .methods
                .iter()
                .copied()
                .filter(|method| program.functions.get(*method as usize).is_some_and(|own| own.name == name))
                .collect();
            let real =
                |id: &FunctionId| program.functions.get(*id as usize).is_some_and(|own| !own.body.is_empty());
            if found.iter().any(real) {
                return found;
            }
        }
        Vec::new()
    }

    /// The class that a type name means.
    pub fn class_of(
        &mut self,
        program: &Program,
        names: &mut Names,
        module: ModuleId,
        class: Option<ClassId>,
        name: Name,
    ) -> Option<ClassId> {
        if let Some(known) = self.classes.get(&(module, class, name)) {
            return *known;
        }
        let found = self.look_class(program, names, module, class, name);
        self.classes.insert((module, class, name), found);
        found
    }

    fn look_class(
        &mut self,
        program: &Program,
        names: &mut Names,
        module: ModuleId,
        class: Option<ClassId>,
        name: Name,
    ) -> Option<ClassId> {
        let text = names.shared(name);
        if let Some((head, last)) = text.rsplit_once('.') {
            if let Some(found) = self.classes_full.get(&name) {
                return Some(*found);
            }
            let (head, last) = (names.of(head), names.of(last));
            let outer = self.class_of(program, names, module, class, head);
            if let Some(outer) = outer {
                return self.inner(outer, last);
            }
            let own = program.modules.get(module as usize)?;
            for import in &own.imports {
                if import.local == Some(head)
                    && let Some((target, None)) = self.module_of(program, names, module, import)
                    && let Some(found) = self.class_in(program, target, last)
                {
                    return Some(found);
                }
            }
            return None;
        }
        let mut around = class;
        let mut steps = 0;
        while let Some(id) = around {
            let own = program.classes.get(id as usize)?;
            if own.name == name {
                return Some(id);
            }
            if let Some(found) = self.inner(id, name) {
                return Some(found);
            }
            around = own.outer;
            steps += 1;
            if steps > MOST_BASES {
                break;
            }
        }
        if let Some(found) = self.class_in(program, module, name) {
            return Some(found);
        }
        if let Some(found) = self.local_classes.get(&(module, name)) {
            return Some(*found);
        }
        let own = program.modules.get(module as usize)?;
        for import in &own.imports {
            if import.local == Some(name) {
                if import.member.is_none()
                    && let Some(found) = self.classes_full.get(&import.from)
                {
                    return Some(*found);
                }
                let (target, member) = self.module_of(program, names, module, import)?;
                return self.class_in(program, target, member.unwrap_or(name));
            }
        }
        for other in self.modules.get(&own.name).cloned().unwrap_or_default() {
            if let Some(found) = self.class_in(program, other, name) {
                return Some(found);
            }
        }
        for import in &own.imports {
            if import.local.is_none() {
                let full = format!("{}.{}", names.text(import.from), text);
                if let Some(full) = names.known(&full)
                    && let Some(found) = self.classes_full.get(&full)
                {
                    return Some(*found);
                }
                if let Some((target, _)) = self.module_of(program, names, module, import)
                    && let Some(found) = self.class_in(program, target, name)
                {
                    return Some(found);
                }
            }
        }
        if matches!(family(own.language), 1 | 3 | 4) {
            // Languages that find classes by loading what they like.
            return match self.classes_short.get(&name).map(Vec::as_slice) {
                Some([one]) => {
                    let other = program.classes.get(*one as usize)?;
                    let same = program.modules.get(other.module as usize)?.language == own.language;
                    (same && !other.is_local).then_some(*one)
                }
                _ => None,
            };
        }
        None
    }

    fn class_in(&self, program: &Program, module: ModuleId, name: Name) -> Option<ClassId> {
        if let Some(found) = self.classes_in.get(&(module, name)) {
            return Some(*found);
        }
        let own = program.modules.get(module as usize)?;
        // Files of one Go package are one scope.
        if own.language == Language::Go {
            for other in self.modules.get(&own.name).into_iter().flatten() {
                if let Some(found) = self.classes_in.get(&(*other, name)) {
                    return Some(*found);
                }
            }
        }
        None
    }

    /// The full name of a declared type.
    pub fn type_path(
        &mut self,
        program: &Program,
        names: &mut Names,
        module: ModuleId,
        class: Option<ClassId>,
        name: Name,
    ) -> Name {
        if let Some(found) = self.class_of(program, names, module, class, name)
            && let Some(found) = program.classes.get(found as usize)
        {
            return found.full;
        }
        self.imported(program, names, module, name)
    }

    /// The full name of something from outside, by what the file brings in.
    pub fn imported(&mut self, program: &Program, names: &mut Names, module: ModuleId, name: Name) -> Name {
        let Some(own) = program.modules.get(module as usize) else { return name };
        let text = names.shared(name);
        let (head, rest) = match text.split_once('.') {
            Some((head, rest)) => (head, Some(rest)),
            None => (&*text, None),
        };
        for import in &own.imports {
            if import.local.is_some_and(|local| names.text(local) == head) {
                let mut full = names.text(import.from).to_owned();
                if let Some(member) = import.member {
                    full = format!("{full}.{}", names.text(member));
                }
                if let Some(rest) = rest {
                    full = format!("{full}.{rest}");
                }
                return names.of(&full);
            }
        }
        name
    }

    /// What a name means that is no variable.
    pub fn find(
        &mut self,
        program: &Program,
        names: &mut Names,
        module: ModuleId,
        class: Option<ClassId>,
        name: Name,
    ) -> Found {
        if let Some(known) = self.found.get(&(module, class, name)) {
            return *known;
        }
        let found = self.look(program, names, module, class, name);
        self.found.insert((module, class, name), found);
        found
    }

    fn look(
        &mut self,
        program: &Program,
        names: &mut Names,
        module: ModuleId,
        class: Option<ClassId>,
        name: Name,
    ) -> Found {
        let Some(own) = program.modules.get(module as usize) else { return Found::Path(name) };
        let implied_this = matches!(family(own.language), 1 | 3 | 6 | 7)
            || matches!(own.language, Language::Cpp | Language::Ruby);
        let mut around = class.filter(|_| implied_this);
        let mut steps = 0;
        while let Some(id) = around {
            for above in self.chain(program, names, id).iter() {
                let Some(above_class) = program.classes.get(*above as usize) else { continue };
                if let Some(field) = above_class.fields.iter().find(|field| field.name == name) {
                    return Found::Field(*above, field.is_static);
                }
                let has = above_class.methods.iter().any(|method| {
                    program.functions.get(*method as usize).is_some_and(|method| method.name == name)
                });
                if has {
                    return Found::Method(id);
                }
            }
            around = program.classes.get(id as usize).and_then(|class| class.outer);
            steps += 1;
            if steps > MOST_BASES {
                break;
            }
        }
        if let Some(found) = self.functions_in.get(&(module, name)) {
            return Found::Function(*found);
        }
        if let Some(found) = self.class_of(program, names, module, class, name) {
            return Found::Class(found);
        }
        for import in &own.imports {
            if import.local == Some(name) {
                if let Some((target, member)) = self.module_of(program, names, module, import) {
                    return Found::Module(target, member);
                }
                if let (Some(member), Some(class)) = (import.member, self.classes_full.get(&import.from)) {
                    let class = *class;
                    if let Some(own) = program.classes.get(class as usize)
                        && own.fields.iter().any(|field| field.name == member)
                    {
                        return Found::Field(class, true);
                    }
                    return Found::Method(class);
                }
                let mut full = names.text(import.from).to_owned();
                if let Some(member) = import.member {
                    full = format!("{full}.{}", names.text(member));
                }
                return Found::Path(names.of(&full));
            }
        }
        // The same package in another file.
        if matches!(family(own.language), 2 | 5 | 6 | 7) {
            for other in self.modules.get(&own.name).cloned().unwrap_or_default() {
                if let Some(found) = self.functions_in.get(&(other, name)) {
                    return Found::Function(*found);
                }
            }
        }
        for import in &own.imports {
            if import.local.is_none()
                && let Some((target, _)) = self.module_of(program, names, module, import)
                && let Some(found) = self.member(program, names, target, name)
            {
                return found;
            }
        }
        if matches!(family(own.language), 3 | 4 | 8)
            && let Some(found) = self.global_functions.get(&(family(own.language), name))
        {
            return Found::Function(*found);
        }
        // A variable of another file of the same package.
        if own.language == Language::Go {
            for other in self.modules.get(&own.name).cloned().unwrap_or_default() {
                if other != module && self.declares_top(program, other, name) {
                    return Found::Module(other, Some(name));
                }
            }
        }
        Found::Path(name)
    }

    fn declares_top(&self, program: &Program, module: ModuleId, name: Name) -> bool {
        let Some(body) =
            program.modules.get(module as usize).and_then(|own| program.functions.get(own.body as usize))
        else {
            return false;
        };
        body.body.iter().any(|stmt| match stmt {
            Stmt::Expr(Expr { kind: ExprKind::Assign(target, _), .. }) => {
                matches!(&**target, Target::Declare(own, ..) if *own == name)
            }
            _ => false,
        })
    }

    /// A function or class of a file.
    pub fn member(
        &mut self,
        program: &Program,
        names: &mut Names,
        module: ModuleId,
        name: Name,
    ) -> Option<Found> {
        if let Some(found) = self.functions_in.get(&(module, name)) {
            return Some(Found::Function(*found));
        }
        if let Some(found) = self.class_in(program, module, name) {
            return Some(Found::Class(found));
        }
        let own = program.modules.get(module as usize)?;
        if own.language == Language::Go {
            for other in self.modules.get(&own.name).cloned().unwrap_or_default() {
                if let Some(found) = self.functions_in.get(&(other, name)) {
                    return Some(Found::Function(*found));
                }
                if self.declares_top(program, other, name) {
                    return Some(Found::Module(other, Some(name)));
                }
            }
        }
        // A member that the file brings in from another one.
        let import = own.imports.iter().find(|import| import.local == Some(name))?.clone();
        let (target, member) = self.module_of(program, names, module, &import)?;
        (target != module).then_some(Found::Module(target, member))
    }

    /// The file that an import means, and which of its members.
    fn module_of(
        &mut self,
        program: &Program,
        names: &mut Names,
        module: ModuleId,
        import: &Import,
    ) -> Option<(ModuleId, Option<Name>)> {
        let own = program.modules.get(module as usize)?;
        let from = names.shared(import.from);
        let known = |text: &str| names.known(text).and_then(|name| self.modules.get(&name)?.first().copied());
        let folder = own.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        match own.language {
            Language::JavaScript | Language::TypeScript | Language::Tsx => {
                if !from.starts_with('.') {
                    return None;
                }
                let joined = join_path(folder, &from);
                let stem = ["js", "ts", "jsx", "tsx", "mjs", "cjs"]
                    .iter()
                    .find_map(|ending| joined.strip_suffix(&format!(".{ending}")));
                let found = stem.and_then(known).or_else(|| known(&joined));
                let found = found.or_else(|| known(&format!("{joined}/index")))?;
                Some((found, import.member))
            }
            Language::Python => {
                // `os.path` is a file `os/path`, from the folder of the file or any folder above it.
                let dots = from.bytes().take_while(|byte| *byte == b'.').count();
                let path = from.trim_start_matches('.').replace('.', "/");
                let mut folder = folder.to_owned();
                let up =
                    |folder: &str| folder.rsplit_once('/').map_or(String::new(), |(up, _)| up.to_owned());
                for _ in 1..dots {
                    folder = up(&folder);
                }
                loop {
                    let base = join_path(&folder, &path);
                    if let Some(member) = import.member
                        && let Some(found) = known(&format!("{base}/{}", names.text(member)))
                    {
                        return Some((found, None));
                    }
                    if let Some(found) = known(&base).or_else(|| known(&format!("{base}/__init__"))) {
                        return Some((found, import.member));
                    }
                    if folder.is_empty() || dots > 0 {
                        return None;
                    }
                    folder = up(&folder);
                }
            }
            _ => {
                // Packages by their last parts: `example.com/app/db` is a folder `db`.
                let mut rest = &*from;
                loop {
                    if let Some(found) = known(rest) {
                        return Some((found, import.member));
                    }
                    rest = rest.split_once('/')?.1;
                }
            }
        }
    }
}

/// Languages that see each other's code, or find names in the same way.
fn family(language: Language) -> u8 {
    match language {
        Language::Java => 1,
        Language::JavaScript | Language::TypeScript | Language::Tsx => 2,
        Language::CSharp => 3,
        Language::Php => 4,
        Language::Python => 5,
        Language::Kotlin => 6,
        Language::Scala => 7,
        Language::C | Language::Cpp => 8,
        Language::Ruby => 4,
        Language::Go => 9,
        Language::Rust => 10,
        Language::Shell => 11,
    }
}

fn join_path(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Collects what is called and what is written.
struct Uses<'a> {
    called: &'a mut HashSet<Name>,
    assigned: &'a mut HashSet<Name>,
}

impl Uses<'_> {
    fn statements(&mut self, body: &[Stmt]) {
        for stmt in body {
            self.statement(stmt);
        }
    }

    fn statement(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Expr(value) => self.expression(value),
            Stmt::If(condition, then, other) => {
                self.expression(condition);
                self.statements(then);
                self.statements(other);
            }
            Stmt::Loop(looped) => {
                looped.condition.iter().for_each(|value| self.expression(value));
                self.statements(&looped.body);
                self.statements(&looped.step);
            }
            Stmt::Each(each) => {
                each.key.iter().chain(&each.value).for_each(|target| self.target(target));
                self.expression(&each.over);
                self.statements(&each.body);
            }
            Stmt::Switch(switch) => {
                switch.subject.iter().for_each(|value| self.expression(value));
                for case in &switch.cases {
                    case.labels.iter().chain(&case.guard).for_each(|value| self.expression(value));
                    self.statements(&case.body);
                }
            }
            Stmt::Try(tried) => {
                self.statements(&tried.body);
                tried.catches.iter().for_each(|(_, _, body)| self.statements(body));
                self.statements(&tried.otherwise);
                self.statements(&tried.finally);
            }
            Stmt::Return(value, _) | Stmt::Throw(value, _) => {
                value.iter().for_each(|value| self.expression(value))
            }
            Stmt::Block(_, body) | Stmt::Defer(body) => self.statements(body),
            Stmt::Break(_) | Stmt::Continue(_) | Stmt::Function(..) | Stmt::Class(..) => {}
        }
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Name(name, _) => {
                self.assigned.insert(*name);
            }
            Target::Field(base, name) => {
                self.assigned.insert(*name);
                self.expression(base);
            }
            Target::Index(base, index) => {
                self.expression(base);
                self.expression(index);
            }
            Target::Push(base) => self.expression(base),
            Target::List(targets) => targets.iter().for_each(|(target, _)| self.target(target)),
            Target::Map(targets) => targets.iter().for_each(|(_, target, _)| self.target(target)),
            Target::Declare(..) | Target::Nothing => {}
        }
    }

    fn expression(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Call(call) => {
                if let ExprKind::Name(name) | ExprKind::Field(_, name) = &call.callee.kind {
                    self.called.insert(*name);
                }
                self.expression(&call.callee);
                call.args.iter().for_each(|arg| self.expression(&arg.value));
            }
            ExprKind::New(new) => {
                new.args.iter().for_each(|arg| self.expression(&arg.value));
                new.fields.iter().for_each(|(_, value)| self.expression(value));
            }
            ExprKind::Assign(target, value) | ExprKind::PostAssign(target, value) => {
                self.target(target);
                self.expression(value);
            }
            ExprKind::Field(base, _)
            | ExprKind::Unary(_, base)
            | ExprKind::Cast(_, base)
            | ExprKind::IsKind(base, _) => {
                self.expression(base);
            }
            ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => {
                self.expression(a);
                self.expression(b);
            }
            ExprKind::If(a, b, c) => {
                self.expression(a);
                self.expression(b);
                self.expression(c);
            }
            ExprKind::List(items) => items.iter().for_each(|(item, _)| self.expression(item)),
            ExprKind::Map(entries) => entries.iter().for_each(|(key, value)| {
                key.iter().for_each(|key| self.expression(key));
                self.expression(value);
            }),
            ExprKind::Sum(items)
            | ExprKind::Text(items)
            | ExprKind::Sequence(items)
            | ExprKind::Unknown(items) => {
                items.iter().for_each(|item| self.expression(item));
            }
            ExprKind::Do(body) => self.statements(body),
            ExprKind::Const(_)
            | ExprKind::Name(_)
            | ExprKind::This
            | ExprKind::Super
            | ExprKind::Closure(_) => {}
        }
    }
}
