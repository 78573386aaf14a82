//! The order of findings in a list, and positions in it.

use super::attributes::{Of, place, table};
use super::condition::Builder;
use crate::database::{Row, Value};
use crate::{Sort, StoreError};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use yagura_findings::filter::{FieldKind, kind};
use yagura_model::Field;

/// What a list is sorted by: expressions over `finding f`, then the id.
pub struct Order {
    /// The expressions.
    pub by: Vec<String>,
    /// Greatest first, the id included.
    pub descending: bool,
    /// How an index can be walked in this order.
    pub walk: Walk,
}

/// Whether an index has the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// By home and status.
    Status,
    /// By home.
    Home,
    /// Not at all.
    No,
}

impl Order {
    /// The order of a request.
    pub fn of(sort: Sort) -> Self {
        let column = |text: &str| vec![text.to_owned()];
        let (by, walk) = match sort.field {
            // Urgency and age are negative: least first is most severe and newest first.
            None => return Self { by: default_order(), descending: false, walk: Walk::Status },
            Some(Field::Severity) => {
                return Self { by: default_order(), descending: !sort.descending, walk: Walk::Status };
            }
            Some(Field::FindingArn) => (Vec::new(), Walk::No),
            Some(Field::FindingStatus) => (column("f.status"), Walk::No),
            Some(Field::FindingType) => {
                (column("CASE f.scan WHEN 2 THEN 0 WHEN 1 THEN 1 ELSE 2 END"), Walk::No)
            }
            Some(Field::FirstObservedAt) => (column("f.first_at"), Walk::Home),
            Some(Field::LastObservedAt) => (column("f.last_at"), Walk::Home),
            Some(Field::InspectorScore) => (column("f.score"), Walk::Home),
            Some(Field::UpdatedAt) => (column("-f.age"), Walk::No),
            Some(field) => (attribute(field), Walk::No),
        };
        Self { by, descending: sort.descending, walk }
    }

    /// `ORDER BY …`, over columns `k0`, `k1`, …, `id`.
    pub fn clause(&self, names: &[String]) -> String {
        let direction = if self.descending { " DESC" } else { "" };
        let mut parts: Vec<String> = names
            .iter()
            .map(|name| {
                // What has no value comes first, and last when descending.
                let nulls = if self.walk == Walk::Status || name.ends_with("_at") {
                    ""
                } else if self.descending {
                    " NULLS LAST"
                } else {
                    " NULLS FIRST"
                };
                format!("{name}{direction}{nulls}")
            })
            .collect();
        parts.push(format!("id{direction}"));
        format!("ORDER BY {}", parts.join(", "))
    }

    /// True for rows behind a position.
    pub fn behind(&self, names: &[String], position: &Position, builder: &mut Builder<'_>) -> String {
        let sign = if self.descending { "<" } else { ">" };
        let id = builder.bind(position.id.as_str());
        if self.walk == Walk::Status {
            let values: Vec<String> =
                position.values.iter().map(|value| builder.bind(value.value())).collect();
            return format!("({}, id) {sign} ({}, {id})", names.join(", "), values.join(", "));
        }
        let Some((name, value)) = names.first().zip(position.values.first()) else {
            return format!("id {sign} {id}");
        };
        match value {
            Part::Nothing if self.descending => format!("({name} IS NULL AND id < {id})"),
            Part::Nothing => format!("({name} IS NOT NULL OR id > {id})"),
            value => {
                let value = builder.bind(value.value());
                let rest = if self.descending { format!(" OR {name} IS NULL") } else { String::new() };
                // The first condition is what an index understands.
                format!("({name} {sign}= {value} AND ({name} {sign} {value} OR id {sign} {id}){rest})")
            }
        }
    }

    /// Compares two positions.
    pub fn compare(&self, a: &Position, b: &Position) -> Ordering {
        let ascending = a
            .values
            .iter()
            .zip(&b.values)
            .map(|(a, b)| a.compare(b))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| a.id.cmp(&b.id));
        if self.descending { ascending.reverse() } else { ascending }
    }
}

fn default_order() -> Vec<String> {
    vec!["f.urgency".to_owned(), "f.age".to_owned()]
}

/// The least value of an attribute.
fn attribute(field: Field) -> Vec<String> {
    let (of, code) = place(field);
    let owner = match of {
        Of::Cause => "f.cause_no",
        Of::Vulnerability => "f.vulnerability_no",
        Of::Resource => "f.resource_no",
        // Coverage is no part of a finding, and packages and tags have no order.
        Of::Coverage | Of::Package | Of::Finding => return Vec::new(),
    };
    let value = match kind(field) {
        FieldKind::Texts => "text",
        FieldKind::Number => "number",
        FieldKind::Time => "moment",
        FieldKind::Ports | FieldKind::Tags | FieldKind::Packages => return Vec::new(),
    };
    let (table, column) = table(of);
    vec![format!("(SELECT min(a.{value}) FROM {table} a WHERE a.{column} = {owner} AND a.field = {code})")]
}

/// Where a finding is in a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Position {
    values: Vec<Part>,
    /// The finding's id.
    pub id: String,
}

impl Position {
    /// From the first columns of a row: the values, then the id.
    pub fn read(row: &Row, values: usize) -> Result<Self, StoreError> {
        let id = row.text(values)?.to_owned();
        Ok(Self { values: row.0.iter().take(values).map(Part::of).collect(), id })
    }
}

/// A value of a position. Numbers with a fraction are kept as bits, so that they come back unchanged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Part {
    Nothing,
    Int(i64),
    Real(u64),
    Text(String),
}

impl Part {
    fn of(value: &Value) -> Self {
        match value {
            Value::Int(Some(value)) => Self::Int(*value),
            Value::Real(Some(value)) => Self::Real(value.to_bits()),
            Value::Text(Some(value)) => Self::Text(value.clone()),
            _ => Self::Nothing,
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Nothing => Value::Int(None),
            Self::Int(value) => (*value).into(),
            Self::Real(bits) => f64::from_bits(*bits).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Real(a), Self::Real(b)) => f64::from_bits(*a).total_cmp(&f64::from_bits(*b)),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (a, b) => (*a != Self::Nothing).cmp(&(*b != Self::Nothing)),
        }
    }
}
