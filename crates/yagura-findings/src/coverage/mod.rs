//! Whether a resource is scanned, and why not (sections 3, 5, 6 and 17 of the rules): decided from what is known of
//! it, without looking at it.
//!
//! [`coverage`] is called after discovery, after every look, and when time has passed; it says the same for the same
//! facts. [`due`] says whether a collector should look now.

mod function;
mod image;
mod instance;
mod platform;
#[cfg(test)]
mod tests;

pub use image::{RegistryRule, frequency};
pub use platform::{platform_of_agent, supported, trouble};

use jiff::{SignedDuration, Timestamp};
use yagura_model::{
    Account, ActivationStatus, Coverage, Resource, ResourceDetails, ScanFrequency, ScanKind, ScanMode,
    ScanReason, Unread,
};

/// What is known beside the resource itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Looked {
    /// Last successful look.
    pub scanned_at: Option<Timestamp>,
    /// Why the last look failed, or what it could not do ([`trouble`] of what it brought); `None` when it went well.
    pub trouble: Option<ScanReason>,
    /// A first look runs right now.
    pub running: bool,
    /// What the last look could not read, the first of them.
    pub unread: Vec<Unread>,
    /// Of the image's repository; other kinds ignore it.
    pub frequency: ScanFrequency,
    /// Code repositories: their integration works.
    pub connected: bool,
    /// Code repositories: a scan configuration is associated.
    pub configured: bool,
}

/// An answer without the rest of a coverage entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Answer {
    active: bool,
    reason: ScanReason,
    mode: Option<ScanMode>,
}

impl Answer {
    fn no(reason: ScanReason) -> Self {
        Self { active: false, reason, mode: None }
    }

    /// Eligible: what the last look says.
    fn yes(looked: &Looked) -> Self {
        let active = |reason| Self { active: true, reason, mode: None };
        match (looked.trouble, looked.scanned_at) {
            (Some(trouble), _) if is_partial(trouble) => active(trouble),
            (Some(trouble), _) => Self::no(trouble),
            (None, Some(_)) => active(ScanReason::Successful),
            (None, None) if looked.running => active(ScanReason::ScanInProgress),
            (None, None) => active(ScanReason::PendingInitialScan),
        }
    }

    fn mode(self, mode: ScanMode) -> Self {
        Self { mode: Some(mode), ..self }
    }
}

/// True for reasons that a look gave, not the resource or its account: they hold until the next look.
pub fn is_trouble(reason: ScanReason) -> bool {
    may_pass(reason)
        || is_partial(reason)
        || matches!(
            reason,
            ScanReason::UnsupportedOs
                | ScanReason::UnsupportedMediaType
                | ScanReason::UnsupportedCodeArtifacts
                | ScanReason::InvalidArtifact
                | ScanReason::StorageLimitExceeded
                | ScanReason::AgentlessInstanceStorageLimitExceeded
        )
}

/// troubles that keep a resource active.
fn is_partial(reason: ScanReason) -> bool {
    matches!(
        reason,
        ScanReason::DeepInspectionPackageCollectionLimitExceeded
            | ScanReason::DeepInspectionDailySsmInventoryLimitExceeded
            | ScanReason::DeepInspectionCollectionTimeLimitExceeded
            | ScanReason::DeepInspectionNoInventory
    )
}

/// The coverage of a resource under one kind of scan. `None` when nothing looks at such a resource in this way
/// or its scan type is off.
pub fn coverage(
    resource: &Resource,
    scan: ScanKind,
    account: &Account,
    looked: &Looked,
    previous: Option<&Coverage>,
    now: Timestamp,
) -> Option<Coverage> {
    let scan_type = resource.id.kind.scan_type(scan)?;
    let activation = account.activations.get(&scan_type)?;
    let answer = match activation.status {
        ActivationStatus::Disabled => return None,
        ActivationStatus::Disabling => Answer::no(ScanReason::PendingDisable),
        _ => match &resource.details {
            ResourceDetails::Instance(details) if scan == ScanKind::Package => {
                instance::packages(details, &resource.tags, &account.configuration, looked, now)
            }
            ResourceDetails::Instance(details) => instance::network(details, &resource.tags, looked),
            ResourceDetails::Image(details) => {
                let asked = image::Asked {
                    windows: &account.configuration.images,
                    activated_at: activation.since,
                    previous,
                    looked,
                    now,
                };
                image::image(details, &asked)
            }
            ResourceDetails::ImageRepository(details) => image::repository(details, looked),
            ResourceDetails::Function(details) => {
                function::function(details, &resource.tags, scan, looked, now)
            }
            ResourceDetails::CodeRepository(_) => code_repository(looked),
            ResourceDetails::MachineImage(_) => Answer::yes(looked),
        },
    };
    let same = |previous: &&Coverage| previous.active == answer.active && previous.reason == answer.reason;
    Some(Coverage {
        resource: resource.id.clone(),
        scan,
        active: answer.active,
        reason: answer.reason,
        mode: answer.mode,
        last_scanned_at: looked.scanned_at,
        changed_at: previous.filter(same).map_or(now, |previous| previous.changed_at),
        unread: looked.unread.clone(),
    })
}

///
fn code_repository(looked: &Looked) -> Answer {
    if !looked.connected {
        Answer::no(ScanReason::IntegrationConnectionLost)
    } else if !looked.configured {
        Answer::no(ScanReason::NoScanConfigurationAssociated)
    } else {
        Answer::yes(looked)
    }
}

/// The entry of a resource that is gone; it shows until its findings are cleaned up.
pub fn terminated(previous: &Coverage, now: Timestamp) -> Coverage {
    Coverage { active: false, reason: ScanReason::ResourceTerminated, changed_at: now, ..previous.clone() }
}

/// True when a collector should look at the resource now: it never did, the resource changed since, or the interval
/// of its mode has passed. Inactive resources are looked at again only where the trouble may be over.
pub fn due(resource: &Resource, coverage: &Coverage, now: Timestamp) -> bool {
    let Some(last) = coverage.last_scanned_at else { return coverage.active || may_pass(coverage.reason) };
    let passed = |interval: SignedDuration| now.duration_since(last) >= interval;
    if !coverage.active {
        return may_pass(coverage.reason) && passed(SignedDuration::from_hours(1));
    }
    if coverage.reason == ScanReason::PendingRevivalScan {
        return true;
    }
    match &resource.details {
        ResourceDetails::Instance(_) if coverage.scan == ScanKind::Network => {
            passed(SignedDuration::from_hours(12))
        }
        ResourceDetails::Instance(details) => match coverage.mode {
            Some(ScanMode::Ec2Agentless) => passed(SignedDuration::from_hours(24)),
            // An own agent comes by itself.
            Some(ScanMode::Ec2InspectorAgentBased | ScanMode::VmInspectorAgentBased) => false,
            _ if instance::is_windows(details) => passed(SignedDuration::from_hours(6)),
            _ => passed(SignedDuration::from_mins(30)),
        },
        // deployed again.
        ResourceDetails::Function(details) => details.last_modified.is_some_and(|modified| modified > last),
        // An image never changes: its digest is its name. New advisories need no new look.
        _ => false,
    }
}

/// Troubles that may pass by themselves.
fn may_pass(reason: ScanReason) -> bool {
    matches!(
        reason,
        ScanReason::AccessDenied
            | ScanReason::AccessDeniedToEncryptionKey
            | ScanReason::InternalError
            | ScanReason::AgentlessInstanceCollectionTimeLimitExceeded
            | ScanReason::ExtractionCollectionTimeLimitExceeded
    )
}
