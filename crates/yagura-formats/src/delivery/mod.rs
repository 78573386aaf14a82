//! What leaves the service: events, Security Hub findings, reports, SBOM exports, webhooks. Everything is one rendering
//! of the finding that the API shows ([`crate::inspector2::finding`]); nothing here knows how it is sent.

pub mod asff;
pub mod event;
pub mod findings_report;
pub mod sbom_export;
pub mod slack;
#[cfg(test)]
mod testing;

use crate::inspector2::shapes;
use yagura_model::{Finding, Resource, Vulnerability};

/// A finding with what is stored elsewhere once.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// Its resource as last seen.
    pub resource: &'a Resource,
    /// Facts about its vulnerability.
    pub vulnerability: Option<&'a Vulnerability>,
}

impl Subject<'_> {
    /// The finding as the API shows it.
    pub fn shown(&self) -> shapes::Finding {
        crate::inspector2::finding::finding(self.finding, self.resource, self.vulnerability)
    }
}

/// The object of a document in a bucket: `<prefix><rest>`, with a `/` between them where the prefix lacks one.
fn key(prefix: &str, rest: &str) -> String {
    let separator = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
    format!("{prefix}{separator}{rest}")
}
