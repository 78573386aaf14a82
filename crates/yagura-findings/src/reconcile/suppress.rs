//! Suppression rules (R-164…R-169).

use crate::View;
use crate::filter::{Subject, matches};
use jiff::Timestamp;
use yagura_model::{Filter, FilterAction, Finding, FindingStatus, Resource, Vulnerability};

/// The rules that hold for a resource.
pub(super) struct Suppression<'a> {
    resource: Option<&'a Resource>,
    rules: Vec<&'a Filter>,
}

impl<'a> Suppression<'a> {
    pub(super) fn new(view: &'a View) -> Self {
        let mut rules: Vec<&Filter> =
            view.suppressions.iter().filter(|filter| filter.action == FilterAction::Suppress).collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        Self { resource: view.resource.as_ref(), rules }
    }

    /// True when there is anything to apply.
    pub(super) fn any(&self) -> bool {
        self.resource.is_some() && !self.rules.is_empty()
    }

    /// Sets status and rules of an open finding.
    ///
    /// A rule sees the finding as it was before any rule: active, and last updated when it was last observed.
    /// Otherwise a rule on status or update time would undo itself.
    pub(super) fn apply(&self, finding: &mut Finding, facts: Option<&Vulnerability>, now: Timestamp) {
        let Some(resource) = self.resource else { return };
        let bare = Finding {
            status: FindingStatus::Active,
            suppressed_by: Vec::new(),
            updated_at: finding.last_observed_at,
            ..finding.clone()
        };
        let subject = Subject::finding(&bare, resource, facts);
        let by: Vec<_> = self
            .rules
            .iter()
            .filter(|rule| matches(&rule.criteria, &subject))
            .map(|rule| rule.id.clone())
            .collect();
        if by == finding.suppressed_by && by.is_empty() == (finding.status == FindingStatus::Active) {
            return;
        }
        finding.status = if by.is_empty() { FindingStatus::Active } else { FindingStatus::Suppressed };
        finding.suppressed_by = by;
        finding.updated_at = now;
    }
}

/// Makes a suppressed finding active again.
pub(super) fn release(finding: &mut Finding, now: Timestamp) {
    finding.status = FindingStatus::Active;
    finding.suppressed_by.clear();
    finding.updated_at = now;
}
