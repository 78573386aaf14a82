//! Amazon Inspector Scan's interface, version 2023-08-08: one operation, and the documents it answers with.
//!
//! Source of the layouts: public outputs of the service, as CI plugins read them. `INSPECTOR_ALT` is
//! not documented; it is answered like `INSPECTOR`.

mod cyclonedx;
mod inspector;
mod rating;
pub mod shapes;

pub use cyclonedx::cyclonedx;
pub use inspector::inspector;

use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeMap;
use yagura_model::{Severity, SourceId, Vulnerability};

/// A document that was scanned.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Components in the order of the document, nested as there.
    pub components: Vec<Component>,
    /// What was found, most severe first.
    pub found: Vec<Found>,
    /// When.
    pub time: Timestamp,
    /// `urn:uuid:…`.
    pub serial_number: String,
    /// Version of the scanner.
    pub version: String,
}

/// A component of the document.
#[derive(Debug, Clone, Default)]
pub struct Component {
    /// `comp-7`: numbered in document order.
    pub reference: String,
    /// `library`, `application`, `operating-system`, `file`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its purl, as in the document.
    pub purl: Option<String>,
    /// The file it was found in.
    pub path: Option<String>,
    /// What was done with it.
    pub info: Option<String>,
    /// Why it was not judged.
    pub warning: Option<String>,
    /// The last day of support, when past.
    pub end_of_life: Option<Date>,
    /// Findings that the generator made in Dockerfiles: id and lines.
    pub dockerfile: BTreeMap<String, String>,
    /// True for a package that was published to do harm.
    pub malicious: bool,
    /// Components inside.
    pub components: Vec<Component>,
}

/// A vulnerability with the components that have it.
#[derive(Debug, Clone)]
pub struct Found {
    /// What is known of it.
    pub facts: Vulnerability,
    /// As judged.
    pub severity: Severity,
    /// Whose advisory decided.
    pub source: SourceId,
    /// The deciding advisory.
    pub advisory: String,
    /// In document order.
    pub affects: Vec<Affected>,
}

/// One affected component.
#[derive(Debug, Clone)]
pub struct Affected {
    /// `comp-7`.
    pub reference: String,
    /// Its purl.
    pub purl: Option<String>,
    /// The version with the fix.
    pub fixed: Option<String>,
    /// The file it was found in.
    pub path: Option<String>,
}

impl Scan {
    /// How many vulnerabilities there are of each counted severity: critical, high, medium, low, other.
    pub fn counts(&self) -> [(&'static str, usize); 5] {
        let of = |word: &str| self.found.iter().filter(|found| rating::counted(found) == word).count();
        ["critical", "high", "medium", "low", "other"].map(|word| (word, of(word)))
    }
}

/// ISO-8601 in UTC with milliseconds.
fn iso(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests;
