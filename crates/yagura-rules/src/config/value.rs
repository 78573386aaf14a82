//! What a document says, when everything that can be computed has been.

use std::collections::BTreeMap;

/// A value of a property.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Written as nothing; the same as not written.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string.
    Text(String),
    /// Values in order. Nested blocks of Terraform are lists of maps.
    List(Vec<Value>),
    /// Values by name. Names of CloudFormation properties are in snake case.
    Map(BTreeMap<String, Value>),
    /// Known only when it is deployed; the resources that it refers to, by address.
    Unknown(Vec<String>),
}

impl Value {
    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A `name` and its `value`: how a map is seen whose keys the author of the document chose.
    pub fn named(name: &str, value: Self) -> Self {
        Self::Map(BTreeMap::from([("name".to_owned(), Self::text(name)), ("value".to_owned(), value)]))
    }

    /// An unknown value that refers to nothing.
    pub fn unknown() -> Self {
        Self::Unknown(Vec::new())
    }

    /// The entry of a map, not null.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(map) => map.get(key).filter(|value| **value != Self::Null),
            _ => None,
        }
    }

    /// The scalar as text: `true`, `12`, `abc`.
    pub fn as_text(&self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(value) => Some(value.to_string()),
            Self::Text(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// The scalar as number; text is read.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Whether it is true, as conditions take it; text is read.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Text(text) if text == "true" => Some(true),
            Self::Text(text) if text == "false" => Some(false),
            _ => None,
        }
    }

    /// A list as it is, anything else as a list of one, null as none.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            Self::Null => &[],
            other => std::slice::from_ref(other),
        }
    }

    /// Whether two scalars say the same: `true` and `"True"`, `1` and `"1"`.
    pub fn same(&self, other: &Self) -> bool {
        match (self.as_text(), other.as_text()) {
            (Some(a), Some(b)) if matches!(self, Self::Bool(_)) || matches!(other, Self::Bool(_)) => {
                let word =
                    |text: &str| if text == "1" { "true".to_owned() } else { text.to_ascii_lowercase() };
                word(&a) == word(&b)
            }
            (Some(a), Some(b)) => a == b,
            _ => self == other,
        }
    }

    /// The addresses that it refers to, at any depth.
    pub fn references(&self, into: &mut Vec<String>) {
        match self {
            Self::Unknown(names) => into.extend(names.iter().cloned()),
            Self::List(items) => items.iter().for_each(|item| item.references(into)),
            Self::Map(map) => map.values().for_each(|item| item.references(into)),
            _ => {}
        }
    }

    /// The values at a path of names joined by `.`; lists on the way are gone through, and `*` is
    /// every name.
    pub fn at<'a>(&'a self, path: &str, into: &mut Vec<&'a Self>) {
        match self {
            Self::List(items) => items.iter().for_each(|item| item.at(path, into)),
            Self::Null => {}
            Self::Unknown(_) => into.push(self),
            other if path.is_empty() => into.push(other),
            Self::Map(map) => {
                let (step, rest) = path.split_once('.').unwrap_or((path, ""));
                if step == "*" {
                    return map.values().for_each(|value| value.at(rest, into));
                }
                if let Some(value) = map.get(step) {
                    // An empty list that is written is there, though nothing is in it.
                    if rest.is_empty() && *value == Self::List(Vec::new()) {
                        return;
                    }
                    value.at(rest, into);
                }
            }
            _ => {}
        }
    }
}

/// `KmsKeyId`, `SSESpecification` and `kms_key_id` in snake case.
pub fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let starts = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if starts {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_snake_case() {
        for (name, expected) in [
            ("KmsKeyId", "kms_key_id"),
            ("SSESpecification", "sse_specification"),
            ("kms_key_id", "kms_key_id"),
            ("IamInstanceProfile", "iam_instance_profile"),
        ] {
            assert_eq!(snake(name), expected);
            assert_eq!(snake(expected), expected);
        }
    }
}
