//! From syntax trees to the representation of [`super::ir`]: one file for each language, on the ground that is here.

mod csharp;
mod go;
mod java;
mod javascript;
mod javascript_values;
mod php;
mod python;

use super::ir::*;
use super::names::{Name, Names};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;
use tree_sitter::{Node, ParseOptions, ParseState, Parser};

/// Deeper nesting is an unknown value; nobody writes it by hand.
const MOST_DEPTH: u32 = 180;

/// The parser says so often that it is still at work before it is stopped: grammars can be made to crawl.
const MOST_PROGRESS: u32 = 2_000_000;

/// Why a file was not read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LowerError {
    /// The parser gave up.
    #[error("the parser does not come to an end")]
    Slow,
    /// More than a number can count.
    #[error("it has too many functions")]
    TooMany,
}

/// The language of a file by its name, and by its first line where it has no ending.
pub fn language(path: &str, head: &[u8]) -> Option<Language> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    Some(match ending {
        "java" => Language::Java,
        "py" | "pyw" => Language::Python,
        "go" => Language::Go,
        "cs" => Language::CSharp,
        "php" | "php5" | "phtml" | "inc" => Language::Php,
        "js" | "jsx" | "mjs" | "cjs" => Language::JavaScript,
        "ts" | "mts" | "cts" => Language::TypeScript,
        "tsx" => Language::Tsx,
        _ => {
            let _ = head;
            return None;
        }
    })
}

/// Reads one file into the program.
///
/// # Errors
/// The parser takes too long.
pub fn lower(
    program: &mut Program,
    names: &mut Names,
    path: &str,
    text: &[u8],
    language: Language,
) -> Result<ModuleId, LowerError> {
    let grammar: tree_sitter::Language = match language {
        Language::Java => tree_sitter_java::LANGUAGE.into(),
        Language::Python => tree_sitter_python::LANGUAGE.into(),
        Language::CSharp => tree_sitter_c_sharp::LANGUAGE.into(),
        Language::Go => tree_sitter_go::LANGUAGE.into(),
        Language::Php => tree_sitter_php::LANGUAGE_PHP.into(),
        Language::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
        Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        Language::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
        _ => tree_sitter_java::LANGUAGE.into(),
    };
    let mut parser = Parser::new();
    if parser.set_language(&grammar).is_err() {
        return Err(LowerError::Slow);
    }
    let mut left = MOST_PROGRESS;
    let mut progress = |_: &ParseState| {
        left = left.saturating_sub(1);
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let read = &mut |at: usize, _| text.get(at..).unwrap_or_default();
    let Some(tree) = parser.parse_with_options(read, None, Some(options)) else {
        return Err(LowerError::Slow);
    };
    let file = ModuleId::try_from(program.modules.len()).map_err(|_| LowerError::TooMany)?;
    let empty = names.of("");
    let mut lowering = Lowering {
        names,
        program,
        text,
        file,
        depth: 0,
        classes: Vec::new(),
        scopes: Vec::new(),
        counts: vec![0],
        renamed: 0,
        functions: Vec::new(),
        top_classes: Vec::new(),
        methods: Vec::new(),
        imports: Vec::new(),
        package: String::new(),
    };
    lowering.program.modules.push(Module {
        path: path.to_owned(),
        language,
        name: empty,
        imports: Vec::new(),
        body: 0,
        functions: Vec::new(),
        classes: Vec::new(),
    });
    lowering.scopes.push(Scope::new(true));
    let root = tree.root_node();
    let body = match language {
        Language::Java => lowering.java(root),
        Language::Python => lowering.python(root),
        Language::Php => lowering.php(root),
        Language::Go => lowering.go(root, path),
        Language::CSharp => lowering.csharp(root),
        Language::JavaScript | Language::TypeScript | Language::Tsx => lowering.javascript(root),
        _ => Vec::new(),
    };
    let size = lowering.counts.pop().unwrap_or_default();
    let name = match lowering.package.as_str() {
        "" => {
            let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
            lowering.names.of(stem)
        }
        package => {
            let package = package.to_owned();
            lowering.names.of(&package)
        }
    };
    let at = lowering.spot(root);
    let body = lowering.add(Function {
        name: empty,
        module: file,
        class: None,
        params: Vec::new(),
        receiver: None,
        body,
        marks: Vec::new(),
        is_static: true,
        is_closure: false,
        result: None,
        at,
        size,
    });
    let Lowering { functions, top_classes, imports, program, .. } = lowering;
    if let Some(module) = program.modules.get_mut(file as usize) {
        module.name = name;
        module.body = body;
        module.functions = functions;
        module.classes = top_classes;
        module.imports = imports;
    }
    Ok(file)
}

/// Names that were declared between two braces, and what they are called in the function: an inner variable that hides
/// an outer one gets a name of its own.
#[derive(Debug)]
struct Scope {
    is_function: bool,
    names: HashMap<Name, Name>,
    /// Declared types, by what the variables are called in the function.
    kinds: HashMap<Name, Name>,
}

impl Scope {
    fn new(is_function: bool) -> Self {
        Self { is_function, names: HashMap::new(), kinds: HashMap::new() }
    }
}

/// The lowering of one file.
struct Lowering<'a> {
    names: &'a mut Names,
    program: &'a mut Program,
    text: &'a [u8],
    file: ModuleId,
    depth: u32,
    /// The classes around the current place, outermost first.
    classes: Vec<ClassId>,
    scopes: Vec<Scope>,
    /// Sizes of the functions around the current place.
    counts: Vec<u32>,
    renamed: u32,
    functions: Vec<FunctionId>,
    top_classes: Vec<ClassId>,
    /// Methods of the class at hand.
    methods: Vec<FunctionId>,
    imports: Vec<Import>,
    package: String,
}

impl<'a> Lowering<'a> {
    fn spot(&self, node: Node<'_>) -> Spot {
        let (start, end) = (node.start_position(), node.end_position());
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).saturating_add(1);
        Spot {
            file: self.file,
            line: number(start.row),
            column: number(start.column),
            end_line: number(end.row),
            end_column: number(end.column).saturating_sub(1),
        }
    }

    fn slice(&self, node: Node<'_>) -> &'a str {
        let bytes = self.text.get(node.byte_range()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn name(&mut self, node: Node<'_>) -> Name {
        let text = self.slice(node);
        self.names.of(text)
    }

    fn count(&mut self) {
        if let Some(count) = self.counts.last_mut() {
            *count += 1;
        }
    }

    /// An expression, unless it is nested too deeply.
    fn nested(&mut self, node: Node<'_>, read: impl FnOnce(&mut Self, Node<'_>) -> ExprKind) -> Expr {
        let at = self.spot(node);
        self.count();
        if self.depth >= MOST_DEPTH {
            return Expr { at, kind: ExprKind::Unknown(Vec::new()) };
        }
        self.depth += 1;
        let kind = read(self, node);
        self.depth -= 1;
        Expr { at, kind }
    }

    /// A function of the program, which gets a number.
    fn add(&mut self, function: Function) -> FunctionId {
        self.program.functions.push(function);
        FunctionId::try_from(self.program.functions.len() - 1).unwrap_or(FunctionId::MAX)
    }

    /// Makes room for a class, so that what is in it knows its number.
    fn reserve_class(&mut self, name: Name, at: Spot, is_local: bool) -> ClassId {
        let outer = self.classes.last().copied();
        let full = match outer.and_then(|outer| self.program.classes.get(outer as usize)) {
            Some(outer) => format!("{}.{}", self.names.text(outer.full), self.names.text(name)),
            None if self.package.is_empty() => self.names.text(name).to_owned(),
            None => format!("{}.{}", self.package, self.names.text(name)),
        };
        let full = self.names.of(&full);
        self.program.classes.push(Class {
            name,
            full,
            module: self.file,
            outer,
            bases: Vec::new(),
            methods: Vec::new(),
            fields: Vec::new(),
            marks: Vec::new(),
            is_local,
            at,
        });
        let id = ClassId::try_from(self.program.classes.len() - 1).unwrap_or(ClassId::MAX);
        if outer.is_none() && !is_local {
            self.top_classes.push(id);
        }
        id
    }

    fn class_mut(&mut self, id: ClassId) -> Option<&mut Class> {
        self.program.classes.get_mut(id as usize)
    }

    /// Opens a function: its variables are its own.
    fn enter(&mut self) {
        self.scopes.push(Scope::new(true));
        self.counts.push(0);
    }

    /// Closes it and says how large it was.
    fn leave(&mut self) -> u32 {
        self.scopes.pop();
        self.counts.pop().unwrap_or_default()
    }

    /// What is declared inside is forgotten behind it.
    fn scoped<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.push(Scope::new(false));
        let out = inside(self);
        self.scopes.pop();
        out
    }

    /// A new variable of this scope.
    fn declare(&mut self, name: Name) -> Name {
        let mut hidden = false;
        for scope in self.scopes.iter().rev() {
            hidden |= scope.names.contains_key(&name);
            if scope.is_function {
                break;
            }
        }
        let own = if hidden {
            self.renamed += 1;
            let text = format!("{}#{}", self.names.text(name), self.renamed);
            self.names.of(&text)
        } else {
            name
        };
        if let Some(scope) = self.scopes.last_mut() {
            scope.names.insert(name, own);
        }
        own
    }

    /// A new variable of this scope, with its declared type.
    fn declare_kind(&mut self, name: Name, kind: Option<Name>) -> Name {
        let own = self.declare(name);
        if let (Some(kind), Some(scope)) = (kind, self.scopes.last_mut()) {
            scope.kinds.insert(own, kind);
        }
        own
    }

    /// The declared type of a variable of the function at hand.
    fn kind_of(&self, own: Name) -> Option<Name> {
        for scope in self.scopes.iter().rev() {
            if let Some(kind) = scope.kinds.get(&own) {
                return Some(*kind);
            }
            if scope.is_function {
                break;
            }
        }
        None
    }

    /// A variable that is written: with its type where it has one.
    fn written(&mut self, node: Node<'_>) -> Target {
        let at = self.spot(node);
        let name = self.name(node);
        let own = self.resolve(name);
        match self.kind_of(own) {
            Some(kind) => Target::Declare(own, Some(kind), at),
            None => Target::Name(own, at),
        }
    }

    /// What a name is called that is read here.
    fn resolve(&self, name: Name) -> Name {
        self.scopes.iter().rev().find_map(|scope| scope.names.get(&name)).copied().unwrap_or(name)
    }

    fn variable(&mut self, node: Node<'_>) -> ExprKind {
        let name = self.name(node);
        ExprKind::Name(self.resolve(name))
    }
}

/// The named children of a node, comments apart.
fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| !child.is_extra()).collect()
}

fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

fn fields<'t>(node: Node<'t>, name: &str) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.children_by_field_name(name, &mut cursor).filter(Node::is_named).collect()
}

fn has_token(node: Node<'_>, token: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| child.kind() == token)
}

fn binary_op(text: &str) -> BinaryOp {
    match text {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "%" => BinaryOp::Rem,
        "==" | "===" => BinaryOp::Eq,
        "!=" | "!==" | "<>" => BinaryOp::NotEq,
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessEq,
        ">" => BinaryOp::Greater,
        ">=" => BinaryOp::GreaterEq,
        "&&" | "and" => BinaryOp::And,
        "||" | "or" => BinaryOp::Or,
        "??" | "?:" => BinaryOp::Otherwise,
        "&" => BinaryOp::BitAnd,
        "|" => BinaryOp::BitOr,
        "^" => BinaryOp::BitXor,
        "<<" => BinaryOp::ShiftLeft,
        ">>" | ">>>" => BinaryOp::ShiftRight,
        "." => BinaryOp::Join,
        "in" => BinaryOp::In,
        _ => BinaryOp::Other,
    }
}

/// A whole number as most languages write it; underscores and suffixes are dropped.
fn number(text: &str) -> Const {
    let clean: String = text.chars().filter(|c| *c != '_').collect();
    let lower = clean.to_ascii_lowercase();
    let radix = |prefix: &str, radix: u32| {
        lower.strip_prefix(prefix).map(|digits| {
            let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
            i64::from_str_radix(digits.get(..end).unwrap_or_default(), radix)
                .map_or(Const::Float(0.0), Const::Int)
        })
    };
    if let Some(value) = radix("0x", 16).or_else(|| radix("0b", 2)).or_else(|| radix("0o", 8)) {
        return value;
    }
    let plain = lower.trim_end_matches(['l', 'u', 'n', 'm']);
    if let Ok(value) = plain.parse::<i64>() {
        return Const::Int(value);
    }
    Const::Float(plain.trim_end_matches(['f', 'd']).parse().unwrap_or(0.0))
}

/// A quoted text without its quotes, the usual escapes undone.
fn unquoted(text: &str, quotes: &[&str]) -> Rc<str> {
    let inner = quotes
        .iter()
        .find_map(|quote| text.strip_prefix(quote).map(|rest| rest.strip_suffix(quote).unwrap_or(rest)))
        .unwrap_or(text);
    unescaped(inner)
}

fn unescaped(inner: &str) -> Rc<str> {
    if !inner.contains('\\') {
        return inner.into();
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('0') => out.push('\u{1}'),
            Some('\n') => {}
            Some(code @ ('u' | 'x')) => {
                let digits: String = chars.clone().take(if code == 'u' { 4 } else { 2 }).collect();
                if let Some(c) = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32) {
                    out.push(if c == '\0' { '\u{1}' } else { c });
                    chars.nth(digits.len().saturating_sub(1));
                } else {
                    out.push(code);
                }
            }
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out.into()
}

impl Lowering<'_> {
    /// Ends a function that was begun with [`Self::enter`] as a closure.
    fn closure(&mut self, params: Vec<Param>, body: Vec<Stmt>, at: Spot) -> ExprKind {
        let size = self.leave();
        let name = self.names.of("");
        let (module, class) = (self.file, self.classes.last().copied());
        ExprKind::Closure(self.add(Function {
            name,
            module,
            class,
            params,
            receiver: None,
            body,
            marks: Vec::new(),
            is_static: false,
            is_closure: true,
            result: None,
            at,
            size,
        }))
    }
}

fn assign(target: Target, value: Expr, at: Spot) -> Stmt {
    Stmt::Expr(Expr { at, kind: ExprKind::Assign(Box::new(target), Box::new(value)) })
}

fn param(name: Name) -> Param {
    Param {
        name,
        kind: None,
        default: None,
        pattern: None,
        marks: Vec::new(),
        rest: false,
        named_rest: false,
        by_reference: false,
    }
}
