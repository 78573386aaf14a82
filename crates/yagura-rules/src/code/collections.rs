//! Methods of lists, maps and growing texts, by the names that they have in any language.

use super::call::Given;
use super::ir::*;
use super::library::{arg, property};
use super::machine::{Machine, Run};
use super::state::{Key, Kind};
use super::value::{Value, concat, join_taint};

/// All elements of a value, behind those of a list.
pub(super) fn add_all(machine: &mut Machine<'_>, object: u32, value: &Value, at: Spot) {
    match machine.known_elements(value) {
        Some(elements) => {
            for (_, element) in elements {
                machine.append(object, element);
            }
        }
        None => {
            let (_, element) = machine.any_element(value, at);
            machine.state.add(object, Key::Any, &element);
            machine.state.set(object, Key::Length, Value::unknown());
        }
    }
}

pub(super) fn list<'p>(
    machine: &mut Machine<'p>,
    object: u32,
    word: &str,
    args: &[Given<'p>],
    at: Spot,
) -> Run<Option<Value>> {
    let this = Value::object(object);
    let length = machine.state.get(object, Key::Length).and_then(Value::known_int);
    let first = arg(args, 0).cloned();
    Ok(Some(match (word, first) {
        (
            "add" | "push" | "append" | "addLast" | "offer" | "offerLast" | "addElement" | "Add" | "Enqueue"
            | "push_back" | "put",
            Some(value),
        ) if args.len() == 1 => {
            machine.append(object, value);
            Value::bool(true)
        }
        ("push" | "append", Some(_)) => {
            for given in args {
                machine.append(object, given.value.clone());
            }
            Value::unknown()
        }
        ("Push", Some(value)) => {
            machine.append(object, value);
            Value::unknown()
        }
        ("add" | "insert" | "Insert", Some(index)) => {
            let value = arg(args, 1).cloned().unwrap_or_default();
            insert(machine, object, index.known_int(), value, length);
            Value::unknown()
        }
        ("addFirst" | "unshift" | "offerFirst" | "prepend" | "appendleft", Some(value)) => {
            insert(machine, object, Some(0), value, length);
            Value::unknown()
        }
        ("addAll" | "extend" | "AddRange" | "push_all", Some(other)) => {
            add_all(machine, object, &other, at);
            Value::unknown()
        }
        ("get" | "elementAt" | "ElementAt" | "at" | "Get" | "getItem", Some(index)) => {
            machine.read_index(&this, &index, at)
        }
        ("set" | "setElementAt", Some(index)) => {
            let value = arg(args, 1).cloned().unwrap_or_default();
            match index.known_int() {
                Some(at) => machine.state.set(object, Key::At(at), value),
                None => machine.state.add(object, Key::Any, &value),
            }
            Value::unknown()
        }
        ("remove" | "removeAt" | "RemoveAt" | "pop" | "Remove", Some(index))
            if index.known_int().is_some() =>
        {
            take(machine, object, index.known_int(), length)
        }
        ("pop" | "removeLast" | "pollLast" | "Pop", None) => {
            let last = length.map(|length| length - 1);
            take(machine, object, last, length)
        }
        ("peekLast" | "getLast" | "lastElement" | "last" | "Last" | "Peek", None) => {
            let last = length.map(|length| length - 1).map_or_else(Value::unknown, Value::int);
            machine.read_index(&this, &last, at)
        }
        (
            "shift" | "remove" | "removeFirst" | "poll" | "pollFirst" | "popleft" | "Dequeue" | "take",
            None,
        ) => take(machine, object, Some(0), length),
        (
            "peek" | "getFirst" | "firstElement" | "element" | "first" | "First" | "peekFirst"
            | "FirstOrDefault",
            None,
        ) => machine.read_index(&this, &Value::int(0), at),
        ("clear" | "Clear" | "removeAllElements", _) => {
            for key in machine.state.keys(object) {
                machine.state.set(object, key, Value::constant(Const::Null));
            }
            machine.state.set(object, Key::Length, Value::int(0));
            Value::unknown()
        }
        ("size" | "length" | "count" | "Count" | "len", None) => machine.length_of(&this),
        ("isEmpty" | "empty", None) => length.map_or_else(Value::unknown, |length| Value::bool(length == 0)),
        ("contains" | "includes" | "Contains", Some(item)) => machine.contains(&this, &item),
        (
            "iterator" | "listIterator" | "stream" | "elements" | "toArray" | "ToArray" | "ToList" | "toList"
            | "values" | "parallelStream" | "iter" | "entries" | "collect" | "asList",
            _,
        ) => this,
        ("copy" | "clone" | "Clone", _) => machine.make_list(vec![(this, true)], at),
        ("slice" | "subList" | "GetRange", start) => {
            let from = start.as_ref().map_or(Some(0), Value::known_int);
            let to = arg(args, 1).map_or(length, Value::known_int);
            match (machine.known_elements(&this), from, to, length) {
                (Some(elements), Some(from), Some(to), Some(length)) => {
                    let clamp = |at: i64| {
                        usize::try_from(if at < 0 { length + at } else { at.min(length) }).unwrap_or(0)
                    };
                    let kept = elements.into_iter().map(|(_, value)| (value, false));
                    let kept: Vec<_> =
                        kept.skip(clamp(from)).take(clamp(to).saturating_sub(clamp(from))).collect();
                    machine.make_list(kept, at)
                }
                _ => machine.make_list(vec![(this, true)], at),
            }
        }
        ("splice", Some(start)) => {
            let known = machine.known_elements(&this);
            match (known, start.known_int(), arg(args, 1).and_then(Value::known_int)) {
                (Some(elements), Some(start), Some(count)) if start >= 0 && count >= 0 => {
                    let mut values: Vec<Value> = elements.into_iter().map(|(_, value)| value).collect();
                    let start = usize::try_from(start).unwrap_or(0).min(values.len());
                    let end = start.saturating_add(usize::try_from(count).unwrap_or(0)).min(values.len());
                    let new: Vec<Value> = args.iter().skip(2).map(|given| given.value.clone()).collect();
                    let taken: Vec<(Value, bool)> =
                        values.splice(start..end, new).map(|value| (value, false)).collect();
                    refill(machine, object, values);
                    machine.make_list(taken, at)
                }
                _ => {
                    for given in args.iter().skip(2) {
                        machine.state.add(object, Key::Any, &given.value);
                    }
                    this
                }
            }
        }
        ("reverse" | "Reverse", _) => {
            if let Some(elements) = machine.known_elements(&this) {
                let values = elements.into_iter().rev().map(|(_, value)| value).collect();
                refill(machine, object, values);
            }
            this
        }
        ("concat", _) => {
            let mut parts = vec![(this, true)];
            parts.extend(args.iter().map(|given| (given.value.clone(), given.value.objects.is_some())));
            machine.make_list(parts, at)
        }
        ("join" | "Join", _) => {
            let between = arg(args, 0).cloned().unwrap_or_else(|| Value::text(","));
            join_elements(machine, &this, &between)
        }
        ("next" | "nextElement" | "previous" | "Next", _) => {
            let mut value = machine.everything_in(object);
            value.consts = None;
            value
        }
        ("hasNext" | "hasMoreElements" | "MoveNext", _) => Value::unknown(),
        (
            "forEach" | "map" | "filter" | "find" | "flatMap" | "some" | "every" | "reduce" | "sort"
            | "findFirst" | "anyMatch" | "each" | "Select" | "Where" | "ForEach" | "mapToObj" | "peek"
            | "orElse" | "removeIf" | "reduceRight" | "findLast",
            _,
        ) => higher(machine, &this, word, args, at)?,
        _ => return Ok(None),
    }))
}

/// Functions that are called with the elements of a list.
pub(super) fn higher<'p>(
    machine: &mut Machine<'p>,
    list: &Value,
    word: &str,
    args: &[Given<'p>],
    at: Spot,
) -> Run<Value> {
    let Some(function) = arg(args, 0).filter(|value| value.functions.is_some()).cloned() else {
        let (_, any) = machine.any_element(list, at);
        return Ok(match word {
            "findFirst" | "find" | "reduce" | "orElse" => any,
            _ => list.clone(),
        });
    };
    let given = |value: Value| Given { name: None, value, place: None };
    let elements = match machine.known_elements(list) {
        Some(elements) if elements.len() <= 16 => elements,
        _ => vec![machine.any_element(list, at)],
    };
    if word.starts_with("reduce") {
        let mut total = arg(args, 1).cloned();
        for (_, element) in elements {
            total = Some(match total {
                None => element,
                Some(total) => machine.call_value(&function, vec![given(total), given(element)], at)?,
            });
        }
        return Ok(total.unwrap_or_default());
    }
    let mut results = Vec::new();
    let mut found: Option<Value> = None;
    for (index, element) in elements {
        let value = machine.call_value(
            &function,
            vec![given(element.clone()), given(index), given(list.clone())],
            at,
        )?;
        let truth = machine.truth(&value);
        match word {
            "map" | "Select" | "mapToObj" => results.push((value, false)),
            "flatMap" => results.push((value, true)),
            "filter" | "Where" if truth != Some(false) => results.push((element, false)),
            "find" | "findLast" if truth != Some(false) => {
                found = Some(super::machine::joined(found, Some(element)));
                if truth == Some(true) {
                    break;
                }
            }
            _ => {}
        }
    }
    Ok(match word {
        "map" | "Select" | "mapToObj" | "flatMap" | "filter" | "Where" => machine.make_list(results, at),
        "find" | "findLast" => found.unwrap_or_else(|| Value::constant(Const::Null)),
        "some" | "every" | "anyMatch" => Value::unknown(),
        _ => list.clone(),
    })
}

pub(super) fn refill(machine: &mut Machine<'_>, object: u32, values: Vec<Value>) {
    let length = values.len() as i64;
    for (at, value) in values.into_iter().enumerate() {
        machine.state.set(object, Key::At(at as i64), value);
    }
    machine.state.set(object, Key::Length, Value::int(length));
}

pub(super) fn insert(
    machine: &mut Machine<'_>,
    object: u32,
    index: Option<i64>,
    value: Value,
    length: Option<i64>,
) {
    let this = Value::object(object);
    match (index, length, machine.known_elements(&this)) {
        (Some(index), Some(length), Some(elements)) if (0..=length).contains(&index) => {
            let mut values: Vec<Value> = elements.into_iter().map(|(_, value)| value).collect();
            values.insert(usize::try_from(index).unwrap_or(0).min(values.len()), value);
            refill(machine, object, values);
        }
        _ => {
            machine.state.add(object, Key::Any, &value);
            machine.state.set(object, Key::Length, Value::unknown());
        }
    }
}

pub(super) fn take(machine: &mut Machine<'_>, object: u32, index: Option<i64>, length: Option<i64>) -> Value {
    let this = Value::object(object);
    match (index, length, machine.known_elements(&this)) {
        (Some(index), Some(length), Some(elements)) if (0..length).contains(&index) => {
            let mut values: Vec<Value> = elements.into_iter().map(|(_, value)| value).collect();
            let taken = values.remove(usize::try_from(index).unwrap_or(0));
            machine.state.set(object, Key::At(length - 1), Value::constant(Const::Null));
            refill(machine, object, values);
            taken
        }
        _ => {
            let mut value = machine.everything_in(object);
            value.consts = None;
            value
        }
    }
}

/// The elements of a list as one text.
pub(super) fn join_elements(machine: &mut Machine<'_>, list: &Value, between: &Value) -> Value {
    match machine.known_elements(list) {
        Some(elements) => {
            let mut parts = Vec::new();
            for (at, (_, element)) in elements.iter().enumerate() {
                if at > 0 {
                    parts.push(between.clone());
                }
                parts.push(machine.as_text(element));
            }
            concat(&parts.iter().collect::<Vec<_>>())
        }
        None => Value::tainted(machine.deep(list)),
    }
}

pub(super) fn map<'p>(
    machine: &mut Machine<'p>,
    object: u32,
    word: &str,
    args: &[Given<'p>],
    at: Spot,
) -> Run<Option<Value>> {
    let this = Value::object(object);
    let first = arg(args, 0).cloned();
    Ok(Some(match (word, first) {
        (
            "put" | "set" | "setProperty" | "Add" | "setdefault" | "putIfAbsent" | "setAttribute" | "store"
            | "append" | "Set",
            Some(key),
        ) if args.len() >= 2 => {
            let value = arg(args, 1).cloned().unwrap_or_default();
            machine.put(object, &key, value);
            this
        }
        ("add", Some(key)) => {
            machine.append(object, key);
            this
        }
        ("get" | "getProperty" | "getOrDefault" | "Get" | "fetch" | "getAttribute" | "pop", Some(key)) => {
            let value = machine.read_index(&this, &key, at);
            match arg(args, 1).cloned() {
                Some(default) if value.known() == Some(&Const::Null) => default,
                Some(default)
                    if value.known().is_none() && value.objects.is_none() && value.taint.is_none() =>
                {
                    value.join(&default)
                }
                _ => value,
            }
        }
        ("load", Some(stream)) => {
            load_properties(machine, object, &stream);
            Value::unknown()
        }
        ("remove" | "delete" | "Remove", Some(key)) => {
            let value = machine.read_index(&this, &key, at);
            machine.put(object, &key, Value::constant(Const::Null));
            value
        }
        ("containsKey" | "has" | "ContainsKey" | "contains", Some(key)) => {
            let value = machine.read_index(&this, &key, at);
            match value.known() {
                Some(Const::Null) => Value::bool(false),
                Some(_) => Value::bool(true),
                None => Value::unknown(),
            }
        }
        ("putAll" | "update" | "merge" | "addAll" | "assign", Some(other)) => {
            machine.copy_into(object, &other);
            this
        }
        ("keySet" | "keys" | "stringPropertyNames" | "propertyNames" | "Keys", None) => {
            match machine.known_elements(&this) {
                Some(elements) => {
                    let keys = elements.into_iter().map(|(key, _)| (key, false)).collect();
                    machine.make_list(keys, at)
                }
                None => Value::unknown(),
            }
        }
        ("values" | "Values", None) => match machine.known_elements(&this) {
            Some(elements) => {
                let values = elements.into_iter().map(|(_, value)| (value, false)).collect();
                machine.make_list(values, at)
            }
            None => {
                let any = machine.everything_in(object);
                let list = machine.make_list(Vec::new(), at);
                for object in list.objects().to_vec() {
                    machine.state.add(object, Key::Any, &any);
                    machine.state.set(object, Key::Length, Value::unknown());
                }
                list
            }
        },
        ("entrySet" | "items" | "entries", None) => match machine.known_elements(&this) {
            Some(elements) => {
                let mut pairs = Vec::new();
                for (key, value) in elements {
                    let pair = machine.make_list(vec![(key, false), (value, false)], at);
                    pairs.push((pair, false));
                }
                machine.make_list(pairs, at)
            }
            None => Value::tainted(machine.deep(&this)),
        },
        ("clear" | "Clear", _) => {
            for key in machine.state.keys(object) {
                machine.state.set(object, key, Value::constant(Const::Null));
            }
            Value::unknown()
        }
        ("forEach", Some(function)) if function.functions.is_some() => {
            let (_, element) = machine.any_element(&this, at);
            let given = |value: Value| Given { name: None, value, place: None };
            machine.call_value(&function, vec![given(element.clone()), given(element)], at)?
        }
        ("copy" | "clone", _) => {
            let copy = machine.make(Kind::Map, None, at);
            machine.copy_into(copy, &this);
            Value::object(copy)
        }
        ("size" | "isEmpty", _) => Value::unknown(),
        _ => return Ok(None),
    }))
}

/// `props.load(stream)` of a file of the tree: its keys and values are known.
pub(super) fn load_properties(machine: &mut Machine<'_>, object: u32, stream: &Value) {
    let mut name = None;
    for source in stream.objects() {
        if let Some(found) = machine.state.get(*source, Key::At(0)).and_then(Value::known_text) {
            name = Some(found.to_owned());
        }
    }
    let text = name.and_then(|name| {
        let name = name.trim_start_matches('/');
        machine
            .texts
            .iter()
            .find(|(path, _)| {
                *path == name || path.strip_suffix(name).is_some_and(|head| head.ends_with('/'))
            })
            .map(|(_, text)| text.clone())
    });
    let Some(text) = text else {
        let taint = machine.deep(stream);
        machine.state.add(object, Key::Any, &Value::tainted(taint));
        return;
    };
    for line in text.lines() {
        let line = line.trim_start();
        if line.starts_with(['#', '!']) {
            continue;
        }
        if let Some((key, value)) = line.split_once(['=', ':']) {
            let key = Key::Name(machine.names.of(key.trim()));
            machine.state.set(object, key, Value::text(value.trim()));
        }
    }
}

pub(super) fn builder(
    machine: &mut Machine<'_>,
    object: u32,
    owner: &Value,
    word: &str,
    args: &[Given<'_>],
) -> Option<Value> {
    let before = machine.state.get(object, Key::Whole).cloned().unwrap_or_default();
    let this = Value { taint: owner.taint.clone(), ..Value::object(object) };
    Some(match word {
        "append" | "Append" | "write" | "Write" | "AppendLine" | "WriteLine" | "push_str" | "add"
        | "WriteString" | "print" | "println" | "AppendFormat" => {
            let mut whole = before;
            for given in args {
                let part = machine.as_text(&given.value);
                whole = concat(&[&whole, &part]);
            }
            machine.state.set(object, Key::Whole, whole);
            this
        }
        "insert" | "Insert" => {
            let part = args.last().map(|given| machine.as_text(&given.value.clone())).unwrap_or_default();
            let whole = if arg(args, 0).and_then(Value::known_int) == Some(0) {
                concat(&[&part, &before])
            } else {
                Value::tainted(join_taint(&before.taint, &part.taint))
            };
            machine.state.set(object, Key::Whole, whole);
            this
        }
        "toString" | "ToString" | "String" | "substring" | "Substring" if args.is_empty() => {
            Value { taint: join_taint(&before.taint, &owner.taint), ..before }
        }
        "replace" | "Replace" | "deleteCharAt" | "delete" | "reverse" | "setCharAt" | "Remove" => {
            let mut taint = before.taint.clone();
            for given in args {
                taint = join_taint(&taint, &machine.deep(&given.value));
            }
            // `delete(0, length)` empties it.
            let whole = word == "delete"
                && arg(args, 0).and_then(Value::known_int) == Some(0)
                && arg(args, 1).is_some_and(|end| {
                    end.known_int()
                        .is_none_or(|end| before.known_text().is_none_or(|text| end >= text.len() as i64))
                });
            let value = if whole { Value::text("") } else { Value::tainted(taint) };
            machine.state.set(object, Key::Whole, value);
            this
        }
        "setLength" | "Clear" => {
            let empty = word == "Clear" || arg(args, 0).and_then(Value::known_int) == Some(0);
            let value = if empty { Value::text("") } else { Value::tainted(before.taint) };
            machine.state.set(object, Key::Whole, value);
            this
        }
        "length" | "Length" | "capacity" | "indexOf" => Value::unknown(),
        _ => return None,
    })
}

/// Getters of what setters of the same object left, and files that are read from the tree.
pub(super) fn external(
    machine: &mut Machine<'_>,
    object: u32,
    word: &str,
    args: &[Given<'_>],
) -> Option<Value> {
    if !args.is_empty() {
        return None;
    }
    let property = property(word, &["get", "is"])?;
    let key = Key::Name(machine.names.of(&property));
    machine.state.get(object, key).cloned()
}
