//! Methods of texts, and functions that stand alone.

use super::call::Given;
use super::collections::{join_elements, map};
use super::ir::*;
use super::library::{arg, equal};
use super::machine::Machine;
use super::names::Name;
use super::state::{Key, Kind};
use super::value::{MOST_TEXT, Value, concat, join_taint, text_of};

/// Methods of a text.
pub(super) fn text<'p>(
    machine: &mut Machine<'p>,
    owner: &Value,
    word: &str,
    args: &[Given<'p>],
    at: Spot,
) -> Option<Value> {
    let first = arg(args, 0);
    match word {
        "equals" | "Equals" | "equalsIgnoreCase" | "contentEquals" | "eq" | "eql?" => {
            let other = first.filter(|_| args.len() == 1)?;
            if word == "equalsIgnoreCase" {
                let (a, b) = (owner.known_text()?, other.known_text()?);
                return Some(Value::bool(a.eq_ignore_ascii_case(b)));
            }
            let known = match (owner.known(), other.known()) {
                (Some(Const::Text(_)), Some(Const::Null)) => Some(false),
                _ => equal(owner, other),
            };
            Some(known.map_or_else(Value::unknown, Value::bool))
        }
        "concat" => {
            let mut parts = vec![machine.as_text(owner)];
            for given in args {
                parts.push(machine.as_text(&given.value));
            }
            Some(concat(&parts.iter().collect::<Vec<_>>()))
        }
        "toString" | "ToString" | "valueOf" | "intern" | "toCharArray" | "getBytes" | "trim" | "strip"
        | "Trim" | "to_s" | "to_string" | "as_str" | "clone" | "ToCharArray" | "c_str" | "encode"
        | "decode" | "copy"
            if owner.functions.is_none() =>
        {
            let known = owner.known_text().map(|text| Value::text(text.trim()));
            let plain = !matches!(word, "trim" | "strip" | "Trim");
            let mut value = if plain { owner.clone() } else { known.unwrap_or_else(|| owner.clone()) };
            value.taint = owner.taint.clone();
            let keeps = owner.consts.is_some() || owner.taint.is_some() || owner.shape.is_some();
            keeps.then_some(value)
        }
        "format" if owner.known_text().is_some() && machine.language() == Language::Python => {
            let mut parts = Vec::new();
            for given in args {
                parts.push(machine.as_text(&given.value));
            }
            Some(braces(owner.known_text()?, &parts))
        }
        "format" | "formatted" if owner.known_text().is_some() => {
            let mut parts = Vec::new();
            for given in args {
                parts.push(machine.as_text(&given.value));
            }
            Some(formatted(owner, &parts))
        }
        "join" if owner.known_text().is_some() => {
            let list = first?.clone();
            Some(join_elements(machine, &list, owner))
        }
        "split" | "Split" => {
            if let (Some(text), Some(by)) = (owner.known_text(), first.and_then(Value::known_text))
                && !by.is_empty()
                && owner.taint.is_none()
            {
                let parts = text.split(by).map(|part| (Value::text(part), false)).collect();
                return Some(machine.make_list(parts, at));
            }
            let list = machine.make_list(Vec::new(), at);
            for object in list.objects().to_vec() {
                machine.state.set(object, Key::Any, Value::tainted(owner.taint.clone()));
                machine.state.set(object, Key::Length, Value::unknown());
            }
            Some(list)
        }
        "replace" | "replaceAll" | "Replace" | "replaceFirst" => {
            let (from, to) = (first?, arg(args, 1)?);
            if let (Some(text), Some(from), Some(to)) =
                (owner.known_text(), from.known_text(), to.known_text())
            {
                return Some(Value { taint: owner.taint.clone(), ..Value::text(&text.replace(from, to)) });
            }
            let to = to.clone();
            Some(Value::tainted(join_taint(&owner.taint, &machine.deep(&to))))
        }
        _ => {
            let text = owner.known_text()?.to_owned();
            folded(&text, owner, word, args)
        }
    }
}

/// Methods of a known text.
pub(super) fn folded(text: &str, owner: &Value, word: &str, args: &[Given<'_>]) -> Option<Value> {
    let keep = |value: &str| Some(Value { taint: owner.taint.clone(), ..Value::text(value) });
    let number =
        |at: usize| arg(args, at).and_then(Value::known_int).and_then(|value| usize::try_from(value).ok());
    let other = arg(args, 0).and_then(Value::known_text);
    match word {
        "length" | "size" | "len" => Some(Value::int(text.chars().count() as i64)),
        "charAt" => keep(&text.chars().nth(number(0)?)?.to_string()),
        "substring" | "slice" | "substr" | "Substring" => {
            let from = number(0)?;
            let to = match args.len() {
                1 => text.chars().count(),
                _ if matches!(word, "substr" | "Substring") => from + number(1)?,
                _ => number(1)?,
            };
            keep(&text.chars().skip(from).take(to.checked_sub(from)?).collect::<String>())
        }
        "toLowerCase" | "ToLower" | "lower" | "downcase" | "ToLowerInvariant" => keep(&text.to_lowercase()),
        "toUpperCase" | "ToUpper" | "upper" | "upcase" | "ToUpperInvariant" => keep(&text.to_uppercase()),
        "isEmpty" => Some(Value::bool(text.is_empty())),
        "startsWith" | "StartsWith" | "startswith" => Some(Value::bool(text.starts_with(other?))),
        "endsWith" | "EndsWith" | "endswith" => Some(Value::bool(text.ends_with(other?))),
        "contains" | "Contains" | "includes" => Some(Value::bool(text.contains(other?))),
        "indexOf" | "IndexOf" => Some(Value::int(text.find(other?).map_or(-1, |at| at as i64))),
        "repeat" => {
            let times = number(0)?;
            (text.len() * times <= MOST_TEXT).then(|| keep(&text.repeat(times)))?
        }
        "compareTo" => Some(Value::int(text.cmp(other?) as i64)),
        _ => None,
    }
}

/// Functions that stand alone, or on a class.
pub(super) fn function<'p>(
    machine: &mut Machine<'p>,
    path: Name,
    word: &str,
    args: &[Given<'p>],
    at: Spot,
) -> Option<Value> {
    let full = machine.names.shared(path);
    let fits = |end: &str| &*full == end || full.ends_with(&format!(".{end}"));
    let first = arg(args, 0).cloned();
    match word {
        "valueOf" | "toString" | "str" | "String" | "ToString" | "strval" | "copyValueOf"
            if fits("String.valueOf")
                || fits("str")
                || fits("String")
                || fits("Objects.toString")
                || fits("strval")
                || fits("Convert.ToString") =>
        {
            let value = first?;
            let text = machine.as_text(&value);
            Some(match text.known() {
                Some(known) => Value { taint: text.taint.clone(), ..Value::text(&text_of(known)) },
                None => text,
            })
        }
        "format" | "sprintf" | "Format" | "Sprintf" | "Sprint"
            if fits("String.format")
                || fits("sprintf")
                || fits("string.Format")
                || fits("String.Format")
                || fits("fmt.Sprintf") =>
        {
            let mut parts = Vec::new();
            for given in args.iter().skip(1) {
                let value = given.value.clone();
                match (value.known(), machine.known_elements(&value)) {
                    (None, Some(elements)) if args.len() == 2 && value.objects.is_some() => {
                        for (_, element) in elements {
                            parts.push(machine.as_text(&element));
                        }
                    }
                    _ => parts.push(machine.as_text(&value)),
                }
            }
            let format = machine.as_text(&first?);
            if matches!(word, "Format") {
                return Some(braces(format.known_text().unwrap_or_default(), &parts))
                    .map(|value| Value { taint: join_taint(&value.taint, &format.taint), ..value });
            }
            Some(formatted(&format, &parts))
        }
        "Sprint" | "Sprintln" if fits("fmt.Sprint") || fits("fmt.Sprintln") => {
            let mut parts = Vec::new();
            for given in args {
                parts.push(machine.as_text(&given.value));
            }
            Some(concat(&parts.iter().collect::<Vec<_>>()))
        }
        "equals" | "Equals" | "DeepEqual" if args.len() == 2 => {
            let known = equal(&first?, arg(args, 1)?);
            Some(known.map_or_else(Value::unknown, Value::bool))
        }
        "asList" | "of" | "listOf" | "ofEntries" | "singletonList" | "unmodifiableList" | "arrayListOf"
        | "mutableListOf"
            if fits("Arrays.asList")
                || fits("List.of")
                || fits("Set.of")
                || fits("Collections.singletonList")
                || fits("Stream.of")
                || fits("Array.of")
                || fits("listOf")
                || fits("Collections.unmodifiableList") =>
        {
            if let [one] = args
                && let [object] = one.value.objects()
                && machine.state.meta(*object).kind == Kind::List
            {
                return Some(one.value.clone());
            }
            let items = args.iter().map(|given| (given.value.clone(), false)).collect();
            Some(machine.make_list(items, at))
        }
        "list" | "tuple" | "set" | "frozenset" | "sorted" | "reversed" | "Array" | "from" | "iter"
            if matches!(
                &*full,
                "list" | "tuple" | "set" | "frozenset" | "sorted" | "Array" | "Array.from" | "iter"
            ) =>
        {
            Some(match first {
                Some(value) => machine.make_list(vec![(value, true)], at),
                None => machine.make_list(Vec::new(), at),
            })
        }
        "dict" | "Object" if matches!(&*full, "dict" | "Object") => {
            let object = machine.make(Kind::Map, None, at);
            for given in args {
                match given.name {
                    Some(name) => machine.state.set(object, Key::Name(name), given.value.clone()),
                    None => machine.copy_into(object, &given.value),
                }
            }
            Some(Value::object(object))
        }
        "GetBytes" | "GetString" if args.len() == 1 && full.contains("Encoding") => {
            let value = first?;
            Some(machine.as_text(&value))
        }
        "parse" | "stringify" if fits("JSON.parse") || fits("JSON.stringify") => first,
        "assign" if fits("Object.assign") => {
            let target = first?;
            for object in target.objects().to_vec() {
                for given in args.iter().skip(1) {
                    machine.copy_into(object, &given.value);
                }
            }
            Some(target)
        }
        "keys" | "values" | "entries" | "freeze" if full.starts_with("Object.") => {
            let value = first?;
            let [object] = value.objects() else { return None };
            let object = *object;
            match word {
                "freeze" => Some(value),
                _ => map(machine, object, word, &[], at).ok().flatten(),
            }
        }
        "resolve" | "all" | "race" if full.starts_with("Promise.") => first,
        "getResourceAsStream" | "getResource" | "openFileInput" => {
            let object = machine.make(Kind::External, None, at);
            machine.state.set(object, Key::At(0), first?);
            Some(Value::object(object))
        }
        "range" if &*full == "range" => {
            let (from, to) = match args {
                [to] => (Some(0), to.value.known_int()),
                [from, to] => (from.value.known_int(), to.value.known_int()),
                _ => (None, None),
            };
            let (from, to) = (from?, to?);
            if to - from > 24 {
                return None;
            }
            let items = (from..to.max(from)).map(|number| (Value::int(number), false)).collect();
            Some(machine.make_list(items, at))
        }
        "append" if &*full == "append" => {
            // Go: a list with more elements.
            let mut items = vec![(first.unwrap_or_default(), true)];
            items.extend(args.iter().skip(1).map(|given| (given.value.clone(), false)));
            Some(machine.make_list(items, at))
        }
        "len" | "count" | "strlen" | "sizeof" if matches!(&*full, "len" | "count" | "strlen" | "sizeof") => {
            Some(machine.length_of(&first?))
        }
        "implode" | "join"
            if &*full == "implode" || &*full == "join" || fits("strings.Join") || fits("String.join") =>
        {
            let (list, between) = match (&first, arg(args, 1)) {
                (Some(a), Some(b)) if b.objects.is_some() => (b.clone(), a.clone()),
                (Some(a), Some(b)) if a.objects.is_some() => (a.clone(), b.clone()),
                (Some(a), None) => (a.clone(), Value::text("")),
                _ => return None,
            };
            Some(join_elements(machine, &list, &between))
        }
        "int" | "float" | "parseInt" | "intval" | "Number" | "bool" | "Atoi" | "parseFloat" | "valueOf"
        | "ParseInt"
            if matches!(word, "int" | "float" | "intval" | "bool" | "parseInt" | "Number")
                || fits("Integer.valueOf")
                || fits("Integer.parseInt")
                || fits("Long.valueOf") =>
        {
            let value = first?;
            Some(match value.known() {
                Some(Const::Int(number)) => Value::int(*number),
                Some(Const::Text(text)) => text.trim().parse().map_or_else(|_| Value::unknown(), Value::int),
                Some(Const::Bool(truth)) => Value::int(i64::from(*truth)),
                _ => machine.as_number(&value),
            })
        }
        "max" | "min" if args.len() == 2 => {
            let (a, b) = (first?.known_int()?, arg(args, 1)?.known_int()?);
            Some(Value::int(if word == "max" { a.max(b) } else { a.min(b) }))
        }
        _ => None,
    }
}

/// `%s` and its like, filled in.
pub(super) fn formatted(format: &Value, parts: &[Value]) -> Value {
    let Some(text) = format.shape().filter(|text| text.len() <= MOST_TEXT) else {
        let taint = parts.iter().fold(format.taint.clone(), |taint, part| join_taint(&taint, &part.taint));
        return Value::tainted(taint);
    };
    let mut out: Vec<Value> = Vec::new();
    let mut literal = String::new();
    let mut parts = parts.iter();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            literal.push(c);
            continue;
        }
        let mut verb = None;
        while let Some(next) = chars.next() {
            if next == '%' {
                literal.push('%');
                break;
            }
            if next.is_ascii_alphabetic() {
                verb = Some(next);
                break;
            }
            if next == '(' {
                // A named part: `%(name)s`.
                for inner in chars.by_ref() {
                    if inner == ')' {
                        break;
                    }
                }
            }
        }
        let Some(verb) = verb else { continue };
        let part = parts.next().cloned().unwrap_or_default();
        out.push(Value::text(&literal));
        literal.clear();
        // Numbers carry nothing.
        let number = matches!(verb, 'd' | 'i' | 'u' | 'f' | 'x' | 'X' | 'o' | 'e' | 'g' | 'b' | 'c' | 't');
        out.push(if number { Value { taint: None, ..part } } else { part });
    }
    out.push(Value::text(&literal));
    out.extend(parts.cloned());
    let mut value = concat(&out.iter().collect::<Vec<_>>());
    value.taint = join_taint(&value.taint, &format.taint);
    value
}

/// `{}` and `{0}`, filled in.
pub(super) fn braces(text: &str, parts: &[Value]) -> Value {
    let mut out: Vec<Value> = Vec::new();
    let mut rest = text.get(..text.len().min(MOST_TEXT)).unwrap_or(text);
    let mut next = 0;
    while let Some((head, tail)) = rest.split_once('{') {
        let Some((name, tail)) = tail.split_once('}') else { break };
        out.push(Value::text(head));
        let number: Option<usize> = name.split([':', '!', ',']).next().unwrap_or_default().parse().ok();
        let at = number.unwrap_or(next);
        next += 1;
        out.push(parts.get(at).cloned().unwrap_or_else(|| {
            Value::tainted(parts.iter().fold(None, |taint, part| join_taint(&taint, &part.taint)))
        }));
        rest = tail;
    }
    out.push(Value::text(rest));
    concat(&out.iter().collect::<Vec<_>>())
}
