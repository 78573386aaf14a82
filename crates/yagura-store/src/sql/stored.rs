//! Findings as columns: what is decided about a cell, apart from what it is about, which is stored once.

use super::code;
use crate::StoreError;
use crate::database::{Row, Tx, Value, args, from_json, nanoseconds, to_json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use yagura_model::{Cause, Closed, FilterId, Finding, FindingId, FindingStatus, ResourceId, Severity};

/// What many findings have in common.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Common {
    /// What they are about.
    pub cause: Cause,
    /// Their title.
    pub title: String,
}

/// What is a finding's own.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    status: FindingStatus,
    severity: Severity,
    updated_at: Timestamp,
    first_at: Timestamp,
    last_at: Timestamp,
    closed: Option<Closed>,
    suppressed_by: Vec<FilterId>,
}

impl State {
    /// Of a finding.
    pub fn of(finding: &Finding) -> Self {
        Self {
            status: finding.status,
            severity: finding.severity,
            updated_at: finding.updated_at,
            first_at: finding.first_observed_at,
            last_at: finding.last_observed_at,
            closed: finding.closed,
            suppressed_by: finding.suppressed_by.clone(),
        }
    }

    /// Status, urgency, age, first, last, closed at, closed because, suppressed by.
    pub fn values(&self) -> Result<Vec<Value>, StoreError> {
        let suppressed =
            if self.suppressed_by.is_empty() { None } else { Some(to_json(&self.suppressed_by)?) };
        Ok(args![
            code::of_status(self.status),
            -code::of_severity(self.severity),
            nanoseconds(self.updated_at).saturating_neg(),
            self.first_at,
            self.last_at,
            self.closed.map(|closed| closed.at),
            self.closed.map(|closed| code::of_reason(closed.because)),
            suppressed,
        ])
    }

    /// The eight columns of [`Self::values`], from one on.
    pub fn read(row: &Row, at: usize) -> Result<Self, StoreError> {
        let closed = match (row.time_or_none(at + 5)?, row.text_or_none(at + 6)?) {
            (Some(at), Some(because)) => Some(Closed { at, because: code::reason(because)? }),
            _ => None,
        };
        let updated = row.int(at + 2)?.saturating_neg();
        Ok(Self {
            status: code::status(row.int(at)?)?,
            severity: code::severity(-row.int(at + 1)?)?,
            updated_at: Timestamp::from_nanosecond(updated.into())
                .map_err(|source| StoreError::Corrupt { what: "time".into(), source: source.into() })?,
            first_at: row.time(at + 3)?,
            last_at: row.time(at + 4)?,
            closed,
            suppressed_by: row
                .text_or_none(at + 7)?
                .map_or(Ok(Vec::new()), |text| from_json(text, "finding"))?,
        })
    }

    /// The whole finding.
    pub fn finding(self, id: FindingId, resource: ResourceId, common: &Common) -> Finding {
        Finding {
            id,
            resource,
            cause: common.cause.clone(),
            title: common.title.clone(),
            severity: self.severity,
            status: self.status,
            suppressed_by: self.suppressed_by,
            first_observed_at: self.first_at,
            last_observed_at: self.last_at,
            updated_at: self.updated_at,
            closed: self.closed,
        }
    }
}

/// Causes by their numbers, read once.
#[derive(Debug, Default)]
pub struct CauseCache(HashMap<i64, Common>);

impl CauseCache {
    /// Loads causes.
    pub async fn load(tx: &mut Tx, mut numbers: Vec<i64>) -> Result<Self, StoreError> {
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.is_empty() {
            return Ok(Self::default());
        }
        let rows = tx.rows("SELECT no, body FROM cause WHERE no IN ANY($1)", args![numbers]).await?;
        let pairs = rows.iter().map(|row| Ok((row.int(0)?, row.json(1, "cause")?)));
        Ok(Self(pairs.collect::<Result<_, StoreError>>()?))
    }

    /// One of those loaded.
    pub fn get(&self, number: i64) -> Result<&Common, StoreError> {
        self.0.get(&number).ok_or_else(|| StoreError::Corrupt {
            what: "finding".into(),
            source: format!("no cause {number}").into(),
        })
    }
}
