//! JSON values that are used only when they have the expected type.
//!
//! Manifests are written by hand and by broken tools: a `version` may be a number, `dependencies` a list.
//! One odd field must not hide the rest of the file, so the types here accept any value and keep what fits.
//! Texts are borrowed from the document where it has no escapes.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use yagura_fs::ReadError;
use yagura_model::TreePath;

/// How deep serde_json goes before it gives up.
const JSON_DEPTH: usize = 128;

/// What a JSON error means for the file.
pub(crate) fn json_error(path: &TreePath, error: &serde_json::Error) -> ReadError {
    if error.is_eof() {
        ReadError::truncated(path, format!("the document ends at line {}", error.line()))
    } else if error.to_string().starts_with("recursion limit") {
        ReadError::TooDeep { path: path.clone(), limit: JSON_DEPTH }
    } else {
        ReadError::malformed(path, error.to_string())
    }
}

/// A text, or nothing where the value is something else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub Option<Cow<'a, str>>);

impl<'a> Text<'a> {
    /// The text; `None` when it is absent, empty or not a text.
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// The text, empty when absent.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

/// True only for the value `true`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub bool);

/// An object as pairs in document order; empty where the value is something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pairs<'a, T>(pub Vec<(Cow<'a, str>, T)>);

impl<T> Default for Pairs<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// An array; a single value counts as an array of one, null as none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Texts<'a>(pub Vec<Cow<'a, str>>);

/// Reads an object entry by entry into a callback, so that what came before an error is not lost.
/// Other values are skipped.
pub(crate) struct Entries<F, T>(pub F, pub PhantomData<T>);

impl<F, T> Entries<F, T> {
    /// Calls `each` for every entry.
    pub fn new(each: F) -> Self {
        Self(each, PhantomData)
    }
}

/// The scalar methods of a visitor that takes none of them.
macro_rules! ignore {
    ($result:expr => $($method:ident($type:ty)),*) => {
        $(fn $method<E: Error>(self, _: $type) -> Result<Self::Value, E> { Ok($result) })*
    };
}

fn skip_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }
            ignore!(Text(None) => visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64));
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Text(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                skip_map(map).map(|()| Text(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                skip_seq(seq).map(|()| Text(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Flag;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Flag, E> {
                Ok(Flag(value))
            }
            ignore!(Flag(false) => visit_str(&str), visit_i64(i64), visit_u64(u64), visit_f64(f64));
            fn visit_unit<E: Error>(self) -> Result<Flag, E> {
                Ok(Flag(false))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Flag, A::Error> {
                skip_map(map).map(|()| Flag(false))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Flag, A::Error> {
                skip_seq(seq).map(|()| Flag(false))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Pairs<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut pairs = Vec::new();
        Entries::<_, T>::new(|key, value| pairs.push((key, value))).deserialize(deserializer)?;
        Ok(Self(pairs))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Vec<Cow<'de, str>>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(vec![Cow::Borrowed(text)])
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(vec![Cow::Owned(text.to_owned())])
            }
            ignore!(Vec::new() => visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64));
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                skip_map(map).map(|()| Vec::new())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut texts = Vec::new();
                while let Some(Text(text)) = seq.next_element()? {
                    texts.extend(text);
                }
                Ok(texts)
            }
        }
        deserializer.deserialize_any(Any).map(Self)
    }
}

impl<'de, F, T> DeserializeSeed<'de> for Entries<F, T>
where
    F: FnMut(Cow<'de, str>, T),
    T: de::Deserialize<'de>,
{
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F, T> Visitor<'de> for Entries<F, T>
where
    F: FnMut(Cow<'de, str>, T),
    T: de::Deserialize<'de>,
{
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    ignore!(() => visit_bool(bool), visit_str(&str), visit_i64(i64), visit_u64(u64), visit_f64(f64));
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        skip_seq(seq)
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Text(key)) = map.next_key()? {
            let value = map.next_value()?;
            (self.0)(key.unwrap_or_default(), value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Document<'a> {
        #[serde(borrow, default)]
        name: Text<'a>,
        #[serde(default)]
        dev: Flag,
        #[serde(borrow, default)]
        dependencies: Pairs<'a, Text<'a>>,
        #[serde(borrow, default)]
        bundled: Texts<'a>,
    }

    #[test]
    fn odd_types_count_as_absent() {
        for odd in ["1", "-1", "1.5", "null", "[[{}]]", "{\"a\":{\"b\":[]}}", "false"] {
            let json = format!(
                r#"{{"name": {odd}, "dev": {odd}, "dependencies": [{odd}], "bundled": {odd}, "extra": {odd}}}"#
            );
            let document: Document<'_> = serde_json::from_str(&json).unwrap();
            assert!(document.name.get().is_none() && !document.dev.0, "{odd}");
            assert!(document.dependencies.0.is_empty() && document.bundled.0.is_empty(), "{odd}");
        }
    }

    #[test]
    fn fitting_types_are_kept() {
        let json = r#"{"name": "a\u0062", "dev": true, "dependencies": {"x": "1", "y": 2}, "bundled": "z"}"#;
        let document: Document<'_> = serde_json::from_str(json).unwrap();
        assert_eq!(document.name.get(), Some("ab"));
        assert!(document.dev.0);
        assert_eq!(document.dependencies.0.len(), 2);
        assert_eq!(document.bundled.0, ["z"]);
    }

    #[test]
    fn entries_before_an_error_are_kept() {
        let mut seen = Vec::new();
        let mut deserializer = serde_json::Deserializer::from_str(r#"{"a": 1, "b": 2, "c""#);
        let outcome =
            Entries::<_, u8>::new(|key, value| seen.push((key, value))).deserialize(&mut deserializer);
        assert!(outcome.is_err());
        assert_eq!(seen, [("a".into(), 1), ("b".into(), 2)]);
    }
}
