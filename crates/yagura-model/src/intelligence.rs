//! Facts about a vulnerability that hold whatever package has it.

use crate::{Rating, VulnerabilityId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Everything known about one vulnerability, stored once and joined when read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Vulnerability {
    /// The CVE id when one exists, otherwise the advisory's id.
    pub id: VulnerabilityId,
    /// Other ids, sorted: `GHSA-…`, `PYSEC-…`, `RUSTSEC-…`.
    pub aliases: Vec<String>,
    /// One line.
    pub summary: String,
    /// Prose, possibly empty.
    pub details: String,
    /// Ratings of all sources, in a fixed order.
    pub ratings: Vec<Rating>,
    /// CWE numbers, sorted.
    pub cwes: Vec<u16>,
    /// First publication anywhere.
    pub published: Option<Timestamp>,
    /// Last change anywhere.
    pub modified: Option<Timestamp>,
    /// Links, without duplicates.
    pub references: Vec<String>,
    /// Probability of exploitation, where FIRST has one.
    pub epss: Option<Epss>,
    /// Entry in CISA's catalogue of known exploited vulnerabilities.
    pub kev: Option<Kev>,
}

/// Ids of CWE numbers as they are written everywhere: `CWE-798`.
pub fn cwe_ids(numbers: &[u16]) -> Vec<String> {
    numbers.iter().map(|number| format!("CWE-{number}")).collect()
}

/// An EPSS score of one day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epss {
    /// Probability of exploitation in the next 30 days, 0.0–1.0 (FIRST EPSS).
    pub score: f64,
    /// Share of all scored CVEs with a lower or equal score, 0.0–1.0.
    pub percentile: f64,
    /// The day the score is of.
    pub date: Date,
}

/// An entry of CISA's KEV catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kev {
    /// The day it was added.
    pub added: Date,
    /// The day U.S. federal agencies must have acted by.
    pub due: Option<Date>,
    /// What CISA asks for.
    pub action: String,
    /// Used in ransomware campaigns as far as CISA knows.
    pub ransomware: bool,
}
