//! The one representation that every language is lowered to. Rules and the engine see nothing else.
//!
//! Statements stay structured: the engine runs them as a program would, with sets of possible values. What a language
//! has and the others lack is spelled out of these pieces by its lowering, for instance a comprehension as a loop.

use super::names::Name;
use std::rc::Rc;

/// A place in a source file. Lines and columns are from 1, columns in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Spot {
    /// Index of the file in the program.
    pub file: u32,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Last column, inside.
    pub end_column: u32,
}

/// Index of a function in the program.
pub type FunctionId = u32;
/// Index of a class in the program.
pub type ClassId = u32;
/// Index of a file in the program.
pub type ModuleId = u32;

/// Languages that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Language {
    Java,
    JavaScript,
    TypeScript,
    Tsx,
    Python,
    Go,
    Php,
    CSharp,
    Ruby,
    Kotlin,
    Scala,
    C,
    Cpp,
    Rust,
    Shell,
}

/// Everything that was read of a tree.
#[derive(Debug, Default)]
pub struct Program {
    /// By [`ModuleId`].
    pub modules: Vec<Module>,
    /// By [`FunctionId`].
    pub functions: Vec<Function>,
    /// By [`ClassId`].
    pub classes: Vec<Class>,
    /// Methods of types that stand in another file of the same package: file, type, method.
    pub loose_methods: Vec<(ModuleId, Name, FunctionId)>,
}

impl Program {
    /// Gives methods to types of other files of the same package.
    pub fn link(&mut self) {
        for (module, kind, method) in std::mem::take(&mut self.loose_methods) {
            let Some(package) = self.modules.get(module as usize).map(|own| own.name) else { continue };
            let found = self.classes.iter_mut().enumerate().find(|(_, class)| {
                class.name == kind
                    && !class.is_local
                    && self.modules.get(class.module as usize).is_some_and(|own| own.name == package)
            });
            let Some((id, class)) = found else { continue };
            class.methods.push(method);
            if let Some(function) = self.functions.get_mut(method as usize) {
                function.class = ClassId::try_from(id).ok();
                function.is_static = false;
            }
        }
    }
}

/// One source file.
#[derive(Debug)]
pub struct Module {
    /// Its path below the root of the tree.
    pub path: String,
    /// Its language.
    pub language: Language,
    /// How other files name it: a Java or Go package, a Python module path, a file path without its ending.
    pub name: Name,
    /// What it brings in.
    pub imports: Vec<Import>,
    /// Its top level, run once.
    pub body: FunctionId,
    /// Functions at its top level, by declaration.
    pub functions: Vec<FunctionId>,
    /// Classes at its top level, by declaration.
    pub classes: Vec<ClassId>,
}

/// A name from elsewhere.
#[derive(Debug, Clone)]
pub struct Import {
    /// What it is called here; `None` brings in every name.
    pub local: Option<Name>,
    /// Where it is from: `java.util.List`, `os.path`, `./routes/user`.
    pub from: Name,
    /// Which of its members; `None` is the module itself.
    pub member: Option<Name>,
}

/// A function, method, closure or the top level of a file.
#[derive(Debug)]
pub struct Function {
    /// Its name; empty for closures.
    pub name: Name,
    /// The file that it stands in.
    pub module: ModuleId,
    /// The class that it belongs to.
    pub class: Option<ClassId>,
    /// Parameters, in order, without the receiver.
    pub params: Vec<Param>,
    /// The name of its receiver where the language lets the author choose one.
    pub receiver: Option<Name>,
    /// Its statements.
    pub body: Vec<Stmt>,
    /// Annotations and decorators.
    pub marks: Vec<Mark>,
    /// Belongs to the class, not to its objects.
    pub is_static: bool,
    /// Closures find the variables of the function around them.
    pub is_closure: bool,
    /// Its declared result.
    pub result: Option<Name>,
    /// Its declaration.
    pub at: Spot,
    /// How many expressions and statements it has, closures apart.
    pub size: u32,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// What it is called.
    pub name: Name,
    /// Its declared type.
    pub kind: Option<Name>,
    /// Its value when the caller gives none.
    pub default: Option<Rc<Expr>>,
    /// A pattern that takes it apart.
    pub pattern: Option<Target>,
    /// Annotations.
    pub marks: Vec<Mark>,
    /// Takes all further arguments as a list.
    pub rest: bool,
    /// Takes all further named arguments as a map.
    pub named_rest: bool,
    /// Writing it changes the caller's variable.
    pub by_reference: bool,
}

/// An annotation or decorator.
#[derive(Debug, Clone)]
pub struct Mark {
    /// `org.springframework.web.bind.annotation.RequestParam`, `app.route`.
    pub path: Name,
    /// Its arguments.
    pub args: Vec<Arg>,
}

/// A class, interface, struct, trait or object.
#[derive(Debug)]
pub struct Class {
    /// Its name.
    pub name: Name,
    /// With its package.
    pub full: Name,
    /// The file that it stands in.
    pub module: ModuleId,
    /// The class around it.
    pub outer: Option<ClassId>,
    /// What it extends and implements.
    pub bases: Vec<Name>,
    /// Its methods and constructors.
    pub methods: Vec<FunctionId>,
    /// Its fields.
    pub fields: Vec<FieldDecl>,
    /// Annotations.
    pub marks: Vec<Mark>,
    /// The closure that an anonymous class sees the variables of.
    pub is_local: bool,
    /// Its declaration.
    pub at: Spot,
}

/// A field of a class.
#[derive(Debug, Clone)]
pub struct FieldDecl {
    /// What it is called.
    pub name: Name,
    /// Its declared type.
    pub kind: Option<Name>,
    /// Its first value.
    pub value: Option<Rc<Expr>>,
    /// Belongs to the class, not to its objects.
    pub is_static: bool,
    /// Annotations.
    pub marks: Vec<Mark>,
    /// Its declaration.
    pub at: Spot,
}

/// An argument of a call.
#[derive(Debug, Clone)]
pub struct Arg {
    /// Named arguments.
    pub name: Option<Name>,
    /// The value is a list whose elements are the arguments.
    pub spread: bool,
    /// Its value.
    pub value: Expr,
}

/// A value that is written in the source.
#[derive(Debug, Clone, PartialEq)]
pub enum Const {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number, or a character of a language that counts with them.
    Int(i64),
    /// Another number.
    Float(f64),
    /// A text or character.
    Text(Rc<str>),
}

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Where it stands.
    pub at: Spot,
    /// What it is.
    pub kind: ExprKind,
}

/// Kinds of expressions.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// Written in the source.
    Const(Const),
    /// A variable, field of the own object, function, class or import.
    Name(Name),
    /// The own object.
    This,
    /// The own object, as its base class sees it.
    Super,
    /// `a.b`
    Field(Box<Expr>, Name),
    /// `a[b]`
    Index(Box<Expr>, Box<Expr>),
    /// `f(a)`, `a.f(b)`
    Call(Box<Call>),
    /// `new C(a)`
    New(Box<New>),
    /// `a + b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `-a`
    Unary(UnaryOp, Box<Expr>),
    /// `c ? a : b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `a = b`; its value is what was written.
    Assign(Box<Target>, Box<Expr>),
    /// `a++` and the like: the value is what was there before.
    PostAssign(Box<Target>, Box<Expr>),
    /// A closure.
    Closure(FunctionId),
    /// A list or tuple. True: the element is spread.
    List(Vec<(Expr, bool)>),
    /// Keys and values; a missing key spreads the value.
    Map(Vec<(Option<Expr>, Expr)>),
    /// Several things added up from left to right.
    Sum(Vec<Expr>),
    /// A text put together of parts.
    Text(Vec<Expr>),
    /// A value seen as another type.
    Cast(Name, Box<Expr>),
    /// Whether a value is of a type.
    IsKind(Box<Expr>, Name),
    /// Statements with a value: that of their last expression.
    Do(Vec<Stmt>),
    /// Several expressions of which the last is the value.
    Sequence(Vec<Expr>),
    /// What the lowering does not know: an unknown value that its parts may flow into.
    Unknown(Vec<Expr>),
}

/// A call.
#[derive(Debug, Clone)]
pub struct Call {
    /// What is called.
    pub callee: Expr,
    /// What it is given.
    pub args: Vec<Arg>,
    /// Goes on later or elsewhere: `go f()`, a call that is awaited is not one.
    pub apart: bool,
}

/// The making of an object.
#[derive(Debug, Clone)]
pub struct New {
    /// The class.
    pub class: Name,
    /// What its constructor is given.
    pub args: Vec<Arg>,
    /// The class that is declared on the spot.
    pub body: Option<ClassId>,
    /// Fields that are set at once.
    pub fields: Vec<(Name, Expr)>,
}

/// Operators with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum BinaryOp {
    /// Adds numbers, joins texts: as the language does with what it is given.
    Add,
    /// Joins texts.
    Join,
    Sub,
    Mul,
    Div,
    Rem,
    Eq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    And,
    Or,
    /// The left side unless it is nothing.
    Otherwise,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    /// `a in b`
    In,
    /// Any other: an unknown value of both.
    Other,
}

/// Operators with one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum UnaryOp {
    Not,
    Minus,
    Plus,
    BitNot,
    /// A pointer or reference to it; what it points to.
    Through,
}

/// What can be written to.
#[derive(Debug, Clone)]
pub enum Target {
    /// A variable, or a field of the own object.
    Name(Name, Spot),
    /// A new variable of this scope, with its declared type.
    Declare(Name, Option<Name>, Spot),
    /// `a.b`
    Field(Expr, Name),
    /// `a[b]`
    Index(Expr, Expr),
    /// `a[] = b`
    Push(Expr),
    /// `a, b = c`; true takes all that is left.
    List(Vec<(Target, bool)>),
    /// `{a: b} = c`, with values for what is missing; without a key it takes all that is left.
    Map(Vec<(Option<Name>, Target, Option<Expr>)>),
    /// Nowhere.
    Nothing,
}

/// A statement.
#[derive(Debug, Clone)]
pub enum Stmt {
    /// An expression.
    Expr(Expr),
    /// `if`
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    /// A loop with a condition before or after its body, and a step after each round.
    Loop(Box<Loop>),
    /// A loop over the elements of something.
    Each(Box<Each>),
    /// A choice of values.
    Switch(Box<Switch>),
    /// `try`
    Try(Box<Try>),
    /// `return`
    Return(Option<Expr>, Spot),
    /// `throw`
    Throw(Option<Expr>, Spot),
    /// Leaves the loop of this label, or the nearest loop or switch.
    Break(Option<Name>),
    /// Next round of the loop of this label, or of the nearest one.
    Continue(Option<Name>),
    /// Statements of their own, which `break LABEL` leaves.
    Block(Option<Name>, Vec<Stmt>),
    /// A named function that is declared here.
    Function(Name, FunctionId),
    /// A class that is declared here.
    Class(Name, ClassId),
    /// Runs when the function ends.
    Defer(Vec<Stmt>),
}

/// A loop with a condition.
#[derive(Debug, Clone)]
pub struct Loop {
    /// Its name.
    pub label: Option<Name>,
    /// Missing: for ever.
    pub condition: Option<Expr>,
    /// The first round comes before the condition.
    pub body_first: bool,
    /// The statements.
    pub body: Vec<Stmt>,
    /// What comes after each round.
    pub step: Vec<Stmt>,
}

/// A loop over elements.
#[derive(Debug, Clone)]
pub struct Each {
    /// Its name.
    pub label: Option<Name>,
    /// Takes the key or index.
    pub key: Option<Target>,
    /// Takes the element.
    pub value: Option<Target>,
    /// What is gone through.
    pub over: Expr,
    /// The statements.
    pub body: Vec<Stmt>,
}

/// A choice of values.
#[derive(Debug, Clone)]
pub struct Switch {
    /// What decides. Missing: the first case that is true.
    pub subject: Option<Expr>,
    /// In order.
    pub cases: Vec<Case>,
    /// A case without `break` goes on in the next one.
    pub falls_through: bool,
}

/// One case of a choice.
#[derive(Debug, Clone)]
pub struct Case {
    /// Any of these; none for the default.
    pub labels: Vec<Expr>,
    /// Takes the subject under this name.
    pub bind: Option<Target>,
    /// An extra condition.
    pub guard: Option<Expr>,
    /// Neither label nor guard decides it: a type or shape that is not followed.
    pub open: bool,
    /// The statements.
    pub body: Vec<Stmt>,
}

/// `try`, `catch`, `finally`.
#[derive(Debug, Clone)]
pub struct Try {
    /// What may fail.
    pub body: Vec<Stmt>,
    /// Name of the error, its types, and what is done.
    pub catches: Vec<(Option<Target>, Vec<Name>, Vec<Stmt>)>,
    /// Runs when nothing failed.
    pub otherwise: Vec<Stmt>,
    /// Runs in any case.
    pub finally: Vec<Stmt>,
}
