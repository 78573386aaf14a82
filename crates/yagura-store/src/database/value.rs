//! Values and rows as both databases understand them.

use crate::StoreError;
use jiff::Timestamp;

/// A parameter, or a column of a row. The type is told even for nothing, because PostgreSQL asks for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `BIGINT`.
    Int(Option<i64>),
    /// `DOUBLE PRECISION`.
    Real(Option<f64>),
    /// `TEXT`.
    Text(Option<String>),
    /// `BYTEA`, `BLOB`.
    Bytes(Option<Vec<u8>>),
    /// A list for `IN ANY`; a parameter only.
    Ints(Vec<i64>),
    /// A list for `IN ANY`; a parameter only.
    Texts(Vec<String>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Int(Some(i64::try_from(value).unwrap_or(i64::MAX)))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(Some(i64::try_from(value).unwrap_or(i64::MAX)))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(Some(value))
    }
}

impl From<Option<f64>> for Value {
    fn from(value: Option<f64>) -> Self {
        Self::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(storable(value)))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(if value.contains('\0') { storable(&value) } else { value }))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        value.map_or(Self::Text(None), Self::from)
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        value.map_or(Self::Text(None), Self::from)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(Some(value))
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(Some(value.to_vec()))
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(Some(nanoseconds(value)))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(value: Option<Timestamp>) -> Self {
        Self::Int(value.map(nanoseconds))
    }
}

impl From<Vec<i64>> for Value {
    fn from(value: Vec<i64>) -> Self {
        Self::Ints(value)
    }
}

impl From<Vec<String>> for Value {
    fn from(value: Vec<String>) -> Self {
        Self::Texts(value.into_iter().map(|text| storable(&text)).collect())
    }
}

/// Nanoseconds since 1970; times before 1677 and after 2262 are the nearest that fits.
pub fn nanoseconds(time: Timestamp) -> i64 {
    let nanoseconds = time.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

/// PostgreSQL's text holds no NUL; its symbol stands in for it, in what is stored and in what is asked for.
pub fn storable(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "\u{2400}") } else { text.to_owned() }
}

/// A row of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// A whole number.
    pub fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.int_or_none(column)?.ok_or_else(|| corrupt(column, "is empty"))
    }

    /// A whole number or nothing.
    pub fn int_or_none(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(*value),
            Some(value) if is_nothing(value) => Ok(None),
            _ => Err(corrupt(column, "is no whole number")),
        }
    }

    /// A count, or another whole number that is never negative.
    pub fn count(&self, column: usize) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(|_| corrupt(column, "is negative"))
    }

    /// A number with a fraction.
    pub fn real_or_none(&self, column: usize) -> Result<Option<f64>, StoreError> {
        match self.0.get(column) {
            Some(Value::Real(value)) => Ok(*value),
            #[expect(clippy::cast_precision_loss, reason = "SQLite may answer a whole number here")]
            Some(Value::Int(value)) => Ok(value.map(|value| value as f64)),
            Some(value) if is_nothing(value) => Ok(None),
            _ => Err(corrupt(column, "is no number")),
        }
    }

    /// A text.
    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.text_or_none(column)?.ok_or_else(|| corrupt(column, "is empty"))
    }

    /// A text or nothing.
    pub fn text_or_none(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Ok(value.as_deref()),
            Some(value) if is_nothing(value) => Ok(None),
            _ => Err(corrupt(column, "is no text")),
        }
    }

    /// Bytes.
    pub fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        match self.0.get(column) {
            Some(Value::Bytes(Some(value))) => Ok(value),
            _ => Err(corrupt(column, "is not bytes")),
        }
    }

    /// A time.
    pub fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
        self.time_or_none(column)?.ok_or_else(|| corrupt(column, "is empty"))
    }

    /// A time or nothing.
    pub fn time_or_none(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        self.int_or_none(column)?
            .map(|value| {
                Timestamp::from_nanosecond(value.into())
                    .map_err(|source| StoreError::Corrupt { what: "time".into(), source: source.into() })
            })
            .transpose()
    }

    /// A JSON document.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: usize, what: &str) -> Result<T, StoreError> {
        from_json(self.text(column)?, what)
    }
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Int(None) | Value::Real(None) | Value::Text(None) | Value::Bytes(None))
}

fn corrupt(column: usize, why: &str) -> StoreError {
    StoreError::Corrupt { what: "row".into(), source: format!("column {column} {why}").into() }
}

/// A document as text.
pub fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Refused(source.into()))
}

/// A document from text.
pub fn from_json<T: serde::de::DeserializeOwned>(text: &str, what: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|source| StoreError::Corrupt { what: what.to_owned(), source: source.into() })
}
