//! Values that JSON does not have: times, free documents, enumerations that may grow.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A free JSON document.
pub type Document = Value;

/// A time that travels as a number of seconds since 1970 with an optional fraction (milliseconds here).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub Timestamp);

impl Epoch {
    /// Reads a JSON number. `None`: not a number, or outside the years that can be written.
    pub fn read(value: &Value) -> Option<Epoch> {
        let milliseconds = (value.as_f64()? * 1000.0).round();
        // Every whole number of that size is exact in a double.
        let within = milliseconds.abs() < 9_007_199_254_740_992.0;
        let milliseconds = within.then_some(milliseconds as i64)?;
        Timestamp::from_millisecond(milliseconds).ok().map(Epoch)
    }
}

impl From<Timestamp> for Epoch {
    fn from(time: Timestamp) -> Epoch {
        Epoch(time)
    }
}

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let milliseconds = self.0.as_millisecond();
        if milliseconds % 1000 == 0 {
            serializer.serialize_i64(milliseconds / 1000)
        } else {
            serializer.serialize_f64(milliseconds as f64 / 1000.0)
        }
    }
}

impl<'de> Deserialize<'de> for Epoch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Epoch, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Epoch::read(&value).ok_or_else(|| serde::de::Error::custom("not a time in seconds since 1970"))
    }
}

/// A time that travels as ISO-8601 text in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IsoTime(pub Timestamp);

impl From<Timestamp> for IsoTime {
    fn from(time: Timestamp) -> IsoTime {
        IsoTime(time)
    }
}

/// Declares an enumeration that keeps words it does not know: what comes in has been checked before, and what
/// goes out may say more than the model (package managers, group keys).
macro_rules! open_enum {
    ($name:ident { $($variant:ident = $word:literal,)* }) => {
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name { $($variant,)* Other(String) }

        impl $name {
            /// The words of the model.
            pub const WORDS: &'static [&'static str] = &[$($word,)*];

            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self { $($name::$variant => $word,)* $name::Other(word) => word }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() { $($word => $name::$variant,)* _ => $name::Other(word) }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                $name::from(word.to_owned())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map($name::from)
            }
        }
    };
}
pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn epoch_is_a_number_with_an_optional_fraction() {
        let whole = Epoch::read(&json!(1_700_000_000)).unwrap();
        assert_eq!(serde_json::to_string(&whole).unwrap(), "1700000000");
        let fraction = Epoch::read(&json!(1_700_000_000.25)).unwrap();
        assert_eq!(serde_json::to_string(&fraction).unwrap(), "1700000000.25");
        assert_eq!(Epoch::read(&json!("1700000000")), None);
        assert_eq!(Epoch::read(&json!(1e300)), None);
        assert_eq!(Epoch::read(&json!(9e15)), None);
    }
}
