//! The life of findings (R-111… …R-169): what has to be written so that the stored findings of a slice
//! say what is true now.
//!
//! Pure and idempotent: reconciling what was written gives nothing more to write. A row and a column decide each
//! cell alike. In order: does the resource still [stand](standing::standing) to be judged; what is there now
//! ([`seen`]); what was there before; which rules suppress it ([`suppress`]).

mod identity;
mod seen;
mod standing;
mod suppress;
#[cfg(test)]
mod tests;

pub use identity::{finding_id, package_finding_id};
pub use standing::{Standing, standing};

use crate::{Decision, Slice, View};
use jiff::{SignedDuration, Timestamp};
use seen::{Seen, seen};
use std::collections::{BTreeMap, BTreeSet};
use suppress::Suppression;
use yagura_model::{
    Advisories, Cause, CloseReason, Closed, Finding, FindingId, FindingStatus, ResourceId, ScanKind,
    Vulnerability,
};

/// A problem that comes back within this time re-opens its finding.
const REOPENS_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Decides one resource of a slice.
pub fn reconcile(slice: &Slice, view: &View, advisories: &dyn Advisories) -> Decision {
    let stored = view.findings.iter().filter(|finding| belongs(slice, finding));
    let stored: BTreeMap<&FindingId, &Finding> = stored.map(|finding| (&finding.id, finding)).collect();
    let mut writer = Writer {
        view,
        advisories,
        suppression: Suppression::new(view),
        findings: BTreeMap::new(),
        facts: BTreeMap::new(),
    };
    match standing(slice, view) {
        Standing::Close(because) => {
            for finding in stored.values().filter(|finding| is_open(finding)) {
                let closed = writer.closed(finding, because);
                writer.write(Some(finding), closed);
            }
        }
        Standing::Keep => {
            for finding in stored.values().filter(|finding| is_open(finding)) {
                writer.write(Some(finding), (*finding).clone());
            }
        }
        Standing::Judge => {
            let mut still = BTreeSet::new();
            for seen in seen(slice, view, advisories) {
                let Some(resource) = &view.resource else { break };
                let id = finding_id(&resource.id, &seen.cause);
                writer.see(stored.get(&id).copied(), &id, &resource.id, seen);
                still.insert(id);
            }
            for finding in stored.values().filter(|finding| is_open(finding) && !still.contains(&finding.id))
            {
                let closed = writer.closed(finding, CloseReason::Remediated);
                writer.write(Some(finding), closed);
            }
        }
    }
    let Writer { findings, mut facts, .. } = writer;
    let named: BTreeSet<&str> = findings.values().filter_map(vulnerability_of).collect();
    facts.retain(|id, _| named.contains(id.as_str()));
    Decision { facts: facts.into_values().flatten().collect(), findings: findings.into_values().collect() }
}

/// True for findings that the slice speaks of; others in the view are left alone.
fn belongs(slice: &Slice, finding: &Finding) -> bool {
    match (slice, &finding.cause) {
        (Slice::Row(_, ScanKind::Package), Cause::Package(_))
        | (Slice::Row(_, ScanKind::Network), Cause::Network(_))
        | (Slice::Row(_, ScanKind::Code), Cause::Code(_)) => true,
        (Slice::Column(vulnerability), Cause::Package(cause)) => cause.vulnerability == *vulnerability,
        _ => false,
    }
}

fn is_open(finding: &Finding) -> bool {
    finding.status != FindingStatus::Closed
}

fn vulnerability_of(finding: &Finding) -> Option<&str> {
    match &finding.cause {
        Cause::Package(cause) => Some(cause.vulnerability.as_str()),
        _ => None,
    }
}

struct Writer<'a> {
    view: &'a View,
    advisories: &'a dyn Advisories,
    suppression: Suppression<'a>,
    findings: BTreeMap<FindingId, Finding>,
    /// Facts by vulnerability; `None` for one that nobody speaks of any more.
    facts: BTreeMap<String, Option<Vulnerability>>,
}

impl Writer<'_> {
    /// Puts what is there now beside what was stored.
    fn see(&mut self, old: Option<&Finding>, id: &FindingId, resource: &ResourceId, seen: Seen) {
        let now = self.view.now;
        if let Some(facts) = seen.facts {
            self.facts.insert(facts.id.as_str().to_owned(), Some(facts));
        }
        let mut finding = Finding {
            id: id.clone(),
            resource: resource.clone(),
            cause: seen.cause,
            title: seen.title,
            severity: seen.severity,
            status: FindingStatus::Active,
            suppressed_by: Vec::new(),
            first_observed_at: now,
            last_observed_at: now,
            updated_at: now,
            closed: None,
        };
        if let Some(old) = old {
            if !self.is_new_again(old) {
                finding.first_observed_at = old.first_observed_at;
            }
            let same = finding.cause == old.cause
                && finding.title == old.title
                && finding.severity == old.severity
                && is_open(old);
            if same {
                finding.last_observed_at = old.last_observed_at;
                finding.updated_at = old.updated_at;
                finding.status = old.status;
                finding.suppressed_by.clone_from(&old.suppressed_by);
            }
        }
        self.write(old, finding);
    }

    /// a finding that closed more than seven days ago, or with its scan type, starts anew.
    fn is_new_again(&self, old: &Finding) -> bool {
        old.closed.is_some_and(|closed| {
            closed.because == CloseReason::Disabled
                || self.view.now.duration_since(closed.at) > REOPENS_WITHIN
        })
    }

    fn closed(&self, finding: &Finding, because: CloseReason) -> Finding {
        Finding {
            status: FindingStatus::Closed,
            suppressed_by: Vec::new(),
            updated_at: self.view.now,
            closed: Some(Closed { at: self.view.now, because }),
            ..finding.clone()
        }
    }

    /// Applies the suppression rules, and notes the finding where it differs from the stored one.
    fn write(&mut self, old: Option<&Finding>, mut finding: Finding) {
        if is_open(&finding) && self.suppression.any() {
            let facts = match vulnerability_of(&finding) {
                Some(id) => {
                    let advisories = self.advisories;
                    let known = self.facts.entry(id.to_owned());
                    known.or_insert_with(|| advisories.vulnerability(id)).as_ref()
                }
                None => None,
            };
            self.suppression.apply(&mut finding, facts, self.view.now);
        } else if finding.status == FindingStatus::Suppressed {
            suppress::release(&mut finding, self.view.now);
        }
        if old != Some(&finding) {
            self.findings.insert(finding.id.clone(), finding);
        }
    }
}

/// When a closed finding leaves the list: three days after its resource went, one day after its scan type
/// was switched off, thirty days after it was remediated.
pub fn listed_until(closed: &Closed) -> Timestamp {
    let days = match closed.because {
        CloseReason::ResourceGone => 3,
        CloseReason::Disabled => 1,
        CloseReason::Remediated => 30,
    };
    closed.at.checked_add(SignedDuration::from_hours(days * 24)).unwrap_or(Timestamp::MAX)
}
