//! Whether a resource is judged at all: its scan type, and why it is or is not covered.

use crate::{Slice, View};
use yagura_model::{ActivationStatus, CloseReason, ScanKind, ScanReason};

/// What becomes of the findings of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They are what a judgement sees now.
    Judge,
    /// They stay: scanning pauses, or nothing new is known. Suppression rules still apply.
    Keep,
    /// They close.
    Close(CloseReason),
}

/// Decides by resource, activation and coverage.
pub fn standing(slice: &Slice, view: &View) -> Standing {
    let scan = match slice {
        Slice::Row(_, scan) => *scan,
        Slice::Column(_) => ScanKind::Package,
    };
    let Some(resource) = &view.resource else { return Standing::Close(CloseReason::ResourceGone) };
    if let Some(scan_type) = resource.id.kind.scan_type(scan) {
        match view.account.status(scan_type) {
            ActivationStatus::Enabled | ActivationStatus::Enabling => {}
            //
            ActivationStatus::Disabled | ActivationStatus::Disabling => {
                return Standing::Close(CloseReason::Disabled);
            }
            // for 90 days; whoever then removes the account removes its resources.
            ActivationStatus::Suspending | ActivationStatus::Suspended => return Standing::Keep,
        }
    }
    let Some(coverage) = view.coverage.iter().find(|coverage| coverage.scan == scan) else {
        return Standing::Judge;
    };
    if coverage.active {
        return Standing::Judge;
    }
    by_reason(coverage.reason, matches!(slice, Slice::Column(_)))
}

/// What an inactive resource's reason means for its findings.
fn by_reason(reason: ScanReason, column: bool) -> Standing {
    use ScanReason as R;
    match reason {
        // No longer eligible, by its owner's choice or by rule.
        R::UnmanagedEc2Instance
        | R::ResourceUnmanaged
        | R::UnsupportedOs
        | R::UnsupportedRuntime
        | R::UnsupportedMediaType
        | R::UnsupportedLanguage
        | R::UnsupportedCodeArtifacts
        | R::AccessDeniedToEncryptionKey
        | R::ExcludedByTag
        | R::ScanEligibilityExpired
        | R::ScanFrequencyManual
        | R::ImageArchived
        | R::ResourceTerminated
        | R::NoScanConfigurationAssociated => Standing::Close(CloseReason::ResourceGone),
        R::PendingDisable => Standing::Close(CloseReason::Disabled),
        // scanned once, when pushed. New advisories change nothing, a new inventory does.
        R::ScanFrequencyScanOnPush if column => Standing::Keep,
        R::ScanFrequencyScanOnPush => Standing::Judge,
        // R-33, and whatever hides the resource from us without telling that it got better.
        R::Ec2InstanceStopped
        | R::ResourceStopped
        | R::NoInventory
        | R::StaleInventory
        | R::AccessDenied
        | R::InternalError
        | R::InvalidArtifact
        | R::AgentlessInstanceStorageLimitExceeded
        | R::AgentlessInstanceCollectionTimeLimitExceeded
        | R::StorageLimitExceeded
        | R::ExtractionCollectionTimeLimitExceeded
        | R::IntegrationConnectionLost
        | R::PendingInitialScan
        | R::PendingRevivalScan
        | R::ScanInProgress => Standing::Keep,
        R::Successful
        | R::DeepInspectionPackageCollectionLimitExceeded
        | R::DeepInspectionDailySsmInventoryLimitExceeded
        | R::DeepInspectionCollectionTimeLimitExceeded
        | R::DeepInspectionNoInventory => Standing::Judge,
    }
}
