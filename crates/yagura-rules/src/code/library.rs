//! What every language's texts, numbers and collections do, by the names that their methods have.

use super::call::Given;
use super::collections::{builder, external, list, map};
use super::ir::*;
use super::machine::{Machine, Run};
use super::names::Name;
use super::state::Kind;
use super::texts::{function, text};
use super::value::{Value, join_taint};

/// Whether two values are equal, where all possibilities say the same.
pub fn equal(left: &Value, right: &Value) -> Option<bool> {
    if left.objects.is_some() || right.objects.is_some() {
        return None;
    }
    let (a, b) = (left.consts.as_deref()?, right.consts.as_deref()?);
    let mut out = None;
    for x in a {
        for y in b {
            let same = same(x, y);
            if out.is_some_and(|before| before != same) {
                return None;
            }
            out = Some(same);
        }
    }
    out
}

fn same(a: &Const, b: &Const) -> bool {
    match (a, b) {
        (Const::Int(a), Const::Float(b)) | (Const::Float(b), Const::Int(a)) => *a as f64 == *b,
        _ => a == b,
    }
}

/// Whether `+` joins texts.
pub fn adds_texts(language: Language) -> bool {
    !matches!(language, Language::Php | Language::C | Language::Shell)
}

/// Numbers and an operator.
pub fn arithmetic(op: BinaryOp, left: &Value, right: &Value) -> Value {
    let (Some(a), Some(b)) = (left.known(), right.known()) else {
        let compares =
            matches!(op, BinaryOp::Less | BinaryOp::LessEq | BinaryOp::Greater | BinaryOp::GreaterEq);
        return Value::tainted(if compares { None } else { join_taint(&left.taint, &right.taint) });
    };
    if let (Const::Text(a), Const::Text(b)) = (a, b) {
        let order = a.cmp(b);
        return match op {
            BinaryOp::Less => Value::bool(order.is_lt()),
            BinaryOp::LessEq => Value::bool(order.is_le()),
            BinaryOp::Greater => Value::bool(order.is_gt()),
            BinaryOp::GreaterEq => Value::bool(order.is_ge()),
            _ => Value::unknown(),
        };
    }
    if let (Some(a), Some(b)) = (whole(a), whole(b)) {
        let number = |value: Option<i64>| value.map_or_else(Value::unknown, Value::int);
        return match op {
            BinaryOp::Add => number(a.checked_add(b)),
            BinaryOp::Sub => number(a.checked_sub(b)),
            BinaryOp::Mul => number(a.checked_mul(b)),
            BinaryOp::Div => number(a.checked_div(b)),
            BinaryOp::Rem => number(a.checked_rem(b)),
            BinaryOp::Less => Value::bool(a < b),
            BinaryOp::LessEq => Value::bool(a <= b),
            BinaryOp::Greater => Value::bool(a > b),
            BinaryOp::GreaterEq => Value::bool(a >= b),
            BinaryOp::BitAnd => Value::int(a & b),
            BinaryOp::BitOr => Value::int(a | b),
            BinaryOp::BitXor => Value::int(a ^ b),
            BinaryOp::ShiftLeft => number(u32::try_from(b).ok().and_then(|b| a.checked_shl(b))),
            BinaryOp::ShiftRight => number(u32::try_from(b).ok().and_then(|b| a.checked_shr(b))),
            _ => Value::unknown(),
        };
    }
    let (Some(a), Some(b)) = (float(a), float(b)) else { return Value::unknown() };
    let number = |value: f64| Value::constant(Const::Float(value));
    match op {
        BinaryOp::Add => number(a + b),
        BinaryOp::Sub => number(a - b),
        BinaryOp::Mul => number(a * b),
        BinaryOp::Div => number(a / b),
        BinaryOp::Less => Value::bool(a < b),
        BinaryOp::LessEq => Value::bool(a <= b),
        BinaryOp::Greater => Value::bool(a > b),
        BinaryOp::GreaterEq => Value::bool(a >= b),
        _ => Value::unknown(),
    }
}

fn whole(value: &Const) -> Option<i64> {
    match value {
        Const::Int(value) => Some(*value),
        Const::Bool(value) => Some(i64::from(*value)),
        _ => None,
    }
}

fn float(value: &Const) -> Option<f64> {
    match value {
        Const::Int(value) => Some(*value as f64),
        Const::Float(value) => Some(*value),
        _ => None,
    }
}

/// Types of numbers: nothing that flowed into a text survives there.
pub fn is_number(kind: &str) -> bool {
    is_whole(kind)
        || matches!(
            kind,
            "double"
                | "float"
                | "Double"
                | "Float"
                | "float64"
                | "float32"
                | "decimal"
                | "BigDecimal"
                | "Number"
                | "number"
        )
}

/// Types of whole numbers, and of other things of a fixed small set.
pub fn is_whole(kind: &str) -> bool {
    matches!(
        kind,
        "int"
            | "long"
            | "short"
            | "byte"
            | "Integer"
            | "Long"
            | "Short"
            | "boolean"
            | "bool"
            | "Boolean"
            | "int8"
            | "int16"
            | "int32"
            | "int64"
            | "uint"
            | "uint8"
            | "uint16"
            | "uint32"
            | "uint64"
            | "integer"
            | "Int"
            | "UInt32"
            | "Int32"
            | "Int64"
            | "BigInteger"
    )
}

/// Types of texts.
pub fn is_text(kind: &str) -> bool {
    matches!(kind, "String" | "string" | "str" | "CharSequence" | "std::string" | "&str" | "String?")
}

/// What a class of a standard library is for the engine.
pub fn container(class: &str, language: Language) -> Option<Kind> {
    let class = class.split('<').next().unwrap_or(class);
    Some(match class {
        "ArrayList"
        | "LinkedList"
        | "Vector"
        | "Stack"
        | "HashSet"
        | "LinkedHashSet"
        | "TreeSet"
        | "ArrayDeque"
        | "PriorityQueue"
        | "CopyOnWriteArrayList"
        | "ConcurrentLinkedQueue"
        | "LinkedBlockingQueue"
        | "List"
        | "Array"
        | "Set"
        | "Queue"
        | "SortedSet"
        | "ArrayObject"
        | "SplStack"
        | "SplQueue"
        | "ArrayBlockingQueue"
        | "ConcurrentLinkedDeque"
        | "LinkedBlockingDeque"
        | "SplObjectStorage"
        | "Vec"
        | "VecDeque" => Kind::List,
        "HashMap"
        | "LinkedHashMap"
        | "TreeMap"
        | "Hashtable"
        | "ConcurrentHashMap"
        | "Properties"
        | "Map"
        | "Dictionary"
        | "SortedList"
        | "SortedDictionary"
        | "WeakHashMap"
        | "WeakMap"
        | "IdentityHashMap"
        | "ConcurrentSkipListMap"
        | "NameValueCollection"
        | "Object"
        | "BTreeMap"
        | "URLSearchParams"
            if class != "Object"
                || matches!(language, Language::JavaScript | Language::TypeScript | Language::Tsx) =>
        {
            Kind::Map
        }
        "StringBuilder" | "StringBuffer" | "StringWriter" | "StringJoiner" => Kind::Builder,
        _ => return None,
    })
}

/// A field whose value is not what flowed into its object.
pub fn is_clean_field(name: &str) -> bool {
    matches!(name, "length" | "size" | "Length" | "Count" | "constructor" | "byteLength")
}

/// The number of elements.
pub fn is_length(name: &str) -> bool {
    matches!(name, "length" | "Length" | "Count" | "size")
}

/// `getName` is `name`, by these beginnings.
pub fn property(method: &str, beginnings: &[&str]) -> Option<String> {
    let rest = beginnings.iter().find_map(|beginning| {
        let upper =
            beginning.get(..1).map(|first| first.to_uppercase() + beginning.get(1..).unwrap_or_default());
        method.strip_prefix(beginning).or_else(|| method.strip_prefix(upper.as_deref().unwrap_or_default()))
    })?;
    let first = rest.chars().next()?;
    if !first.is_uppercase() {
        return None;
    }
    Some(first.to_lowercase().chain(rest.chars().skip(1)).collect())
}

/// Methods that put something into their object.
pub fn is_mutator(method: &str) -> bool {
    const WORDS: &[&str] = &[
        "add", "put", "append", "push", "insert", "write", "offer", "load", "set", "update", "concat",
        "parse", "Add", "Append", "Insert", "Write", "Push", "Enqueue", "Set", "print", "fill", "bind",
        "extend", "store", "send", "init", "register", "unshift",
    ];
    WORDS.iter().any(|word| method.starts_with(word))
}

/// Methods whose results say little about what flowed in: numbers, truth values, lengths.
pub fn is_clean_method(method: &str) -> bool {
    matches!(
        method,
        "length"
            | "size"
            | "indexOf"
            | "lastIndexOf"
            | "equals"
            | "equalsIgnoreCase"
            | "Equals"
            | "contains"
            | "Contains"
            | "includes"
            | "startsWith"
            | "endsWith"
            | "StartsWith"
            | "EndsWith"
            | "startswith"
            | "endswith"
            | "hashCode"
            | "GetHashCode"
            | "compareTo"
            | "compare"
            | "isEmpty"
            | "isBlank"
            | "matches"
            | "containsKey"
            | "containsValue"
            | "ContainsKey"
            | "has"
            | "hasOwnProperty"
            | "isPresent"
            | "hasNext"
            | "hasMoreElements"
            | "parseInt"
            | "parseFloat"
            | "parseLong"
            | "parseDouble"
            | "intValue"
            | "longValue"
            | "isInteger"
            | "isNaN"
            | "isdigit"
            | "isalnum"
            | "isalpha"
            | "isnumeric"
            | "len"
            | "int"
            | "float"
            | "bool"
            | "isinstance"
            | "strlen"
            | "count"
            | "sizeof"
            | "strpos"
            | "strcmp"
            | "in_array"
            | "is_numeric"
            | "is_int"
            | "intval"
            | "floatval"
            | "boolval"
            | "array_key_exists"
            | "isset"
            | "empty"
            | "preg_match"
            | "ctype_digit"
            | "ctype_alnum"
            | "ctype_alpha"
            | "Atoi"
            | "ParseInt"
            | "ParseFloat"
            | "ParseBool"
            | "ParseUint"
            | "HasPrefix"
            | "HasSuffix"
            | "Index"
            | "MatchString"
            | "EqualFold"
            | "TryParse"
            | "IsNullOrEmpty"
            | "IsNullOrWhiteSpace"
            | "IndexOf"
            | "IsMatch"
            | "test"
            | "to_i"
            | "to_f"
            | "empty?"
            | "include?"
            | "nil?"
            | "start_with?"
            | "end_with?"
            | "match?"
            | "is_a?"
            | "key?"
            | "getClass"
            | "typeof"
            | "type"
            | "getTime"
            | "nextInt"
            | "available"
    )
}

/// Methods of a class of the program that its language gives to every class.
pub(super) fn class_method<'p>(
    machine: &mut Machine<'p>,
    class: ClassId,
    name: Name,
    args: &[Given<'p>],
    at: Spot,
) -> Option<Value> {
    let text = machine.names.shared(name);
    match &*text {
        "newInstance" | "new" => machine.construct(class, args.to_vec(), at).ok(),
        "values" => Some(Value::unknown()),
        _ => None,
    }
}

/// A method or function that is known here; `None` leaves it to the models.
pub(super) fn method<'p>(
    machine: &mut Machine<'p>,
    path: Name,
    receiver: Option<(&Value, &'p Expr)>,
    name: Name,
    args: &[Given<'p>],
    at: Spot,
) -> Run<Option<Value>> {
    let word = machine.names.shared(name);
    if let Some((owner, base)) = receiver {
        if let [object] = owner.objects() {
            let found = match machine.state.meta(*object).kind {
                Kind::List => list(machine, *object, &word, args, at)?,
                Kind::Map => map(machine, *object, &word, args, at)?,
                Kind::Builder => builder(machine, *object, owner, &word, args),
                Kind::External => external(machine, *object, &word, args),
                Kind::Instance(_) | Kind::Frame => None,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        let _ = base;
        if owner.objects.is_none()
            && let Some(found) = text(machine, owner, &word, args, at)
        {
            return Ok(Some(found));
        }
    }
    Ok(function(machine, path, &word, args, at))
}

pub(super) fn arg<'v>(args: &'v [Given<'_>], at: usize) -> Option<&'v Value> {
    args.get(at).map(|given| &given.value)
}
