//! The wire formats of AWS, <https://smithy.io/2.0/aws/protocols/index.html>, and the values that they write in their
//! own ways.

pub mod json;
pub mod query;
pub mod rest;
pub mod xml;

use super::AwsError;
use super::send::Operation;
use crate::base64;
use jiff::Timestamp;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::fmt;

/// A point in time: seconds since 1970 in JSON, ISO 8601 in forms and XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Timestamp);

/// Bytes, in base64 wherever text is needed. Shows its length only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl Time {
    /// ISO 8601 or HTTP's date, as XML and headers have them.
    pub fn parse(text: &str) -> Option<Self> {
        let date = || Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp());
        text.parse().ok().or_else(date).map(Self)
    }

    fn from_seconds(seconds: f64) -> Option<Self> {
        // Milliseconds are what AWS knows; more digits are noise of the number format.
        let milliseconds = (seconds * 1000.0).round();
        (milliseconds.abs() < 9e15).then(|| Timestamp::from_millisecond(milliseconds as i64).ok())?.map(Self)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_millisecond() {
            whole if whole % 1000 == 0 => serializer.serialize_i64(whole / 1000),
            milliseconds => serializer.serialize_f64(milliseconds as f64 / 1000.0),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let time = match Value::deserialize(deserializer)? {
            Value::Number(number) => number.as_f64().and_then(Self::from_seconds),
            Value::String(text) => Self::parse(&text),
            _ => None,
        };
        time.ok_or_else(|| D::Error::custom("not a point in time"))
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        base64::decode(&text).map(Self).ok_or_else(|| D::Error::custom("not base64"))
    }
}

/// For lists and maps, which AWS leaves out or writes as `null` when they are empty.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Percent-encodes everything but the unreserved characters of RFC 3986, as signatures want it.
pub(super) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The error for an answer that is not what the model says.
pub(super) fn unreadable(operation: &Operation, detail: impl fmt::Display) -> AwsError {
    AwsError::Answer { action: operation.action, detail: detail.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_all_formats() {
        let expected = "2023-07-05T10:20:30Z".parse().unwrap();
        for text in
            ["1688552430", "1688552430.0", "\"2023-07-05T10:20:30Z\"", "\"Wed, 05 Jul 2023 10:20:30 GMT\""]
        {
            assert_eq!(serde_json::from_str::<Time>(text).unwrap().0, expected, "{text}");
        }
        assert_eq!(serde_json::to_string(&Time(expected)).unwrap(), "1688552430");
        let part: Time = serde_json::from_str("1688552430.123").unwrap();
        assert_eq!(serde_json::to_string(&part).unwrap(), "1688552430.123");
        for text in ["1e300", "\"yesterday\"", "{}"] {
            assert!(serde_json::from_str::<Time>(text).is_err());
        }
    }

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(percent("a-b_c.d~e f/é"), "a-b_c.d~e%20f%2F%C3%A9");
    }
}
