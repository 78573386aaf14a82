//! Numbers that stand for words in columns. They are stored: a number is never given to another word.

use crate::StoreError;
use yagura_model::{CloseReason, FindingStatus, ScanKind, Severity};

/// A kind of scan.
pub fn of_scan(scan: ScanKind) -> i64 {
    match scan {
        ScanKind::Package => 0,
        ScanKind::Network => 1,
        ScanKind::Code => 2,
    }
}

/// The kind of scan of a number.
pub fn scan(code: i64) -> Result<ScanKind, StoreError> {
    match code {
        0 => Ok(ScanKind::Package),
        1 => Ok(ScanKind::Network),
        2 => Ok(ScanKind::Code),
        _ => Err(unknown("kind of scan", code)),
    }
}

/// A status.
pub fn of_status(status: FindingStatus) -> i64 {
    match status {
        FindingStatus::Active => 0,
        FindingStatus::Suppressed => 1,
        FindingStatus::Closed => 2,
    }
}

/// The status of a number.
pub fn status(code: i64) -> Result<FindingStatus, StoreError> {
    match code {
        0 => Ok(FindingStatus::Active),
        1 => Ok(FindingStatus::Suppressed),
        2 => Ok(FindingStatus::Closed),
        _ => Err(unknown("status", code)),
    }
}

/// A severity: 0 for the least severe, 5 for critical.
pub fn of_severity(severity: Severity) -> i64 {
    Severity::ALL.iter().position(|one| *one == severity).map_or(0, |at| at as i64)
}

/// The severity of a number.
pub fn severity(code: i64) -> Result<Severity, StoreError> {
    usize::try_from(code)
        .ok()
        .and_then(|at| Severity::ALL.get(at).copied())
        .ok_or_else(|| unknown("severity", code))
}

/// A reason for closing.
pub fn of_reason(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Remediated => "remediated",
        CloseReason::ResourceGone => "resource-gone",
        CloseReason::Disabled => "disabled",
    }
}

/// The reason of a word.
pub fn reason(word: &str) -> Result<CloseReason, StoreError> {
    match word {
        "remediated" => Ok(CloseReason::Remediated),
        "resource-gone" => Ok(CloseReason::ResourceGone),
        "disabled" => Ok(CloseReason::Disabled),
        _ => Err(StoreError::Corrupt { what: "reason".into(), source: format!("`{word}`").into() }),
    }
}

fn unknown(what: &str, code: i64) -> StoreError {
    StoreError::Corrupt { what: what.to_owned(), source: format!("no meaning for {code}").into() }
}
