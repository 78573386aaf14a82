//! Whether, and why not, a resource is scanned.

use crate::{ResourceId, Unread};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a scan looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ScanKind {
    /// Vulnerable packages.
    Package,
    /// Open network paths.
    Network,
    /// Vulnerable code.
    Code,
}

/// One resource under one kind of scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Which resource.
    pub resource: ResourceId,
    /// Which scan.
    pub scan: ScanKind,
    /// True while it is monitored.
    pub active: bool,
    /// Why, or why not.
    pub reason: ScanReason,
    /// How its inventory comes about; instances only.
    pub mode: Option<ScanMode>,
    /// Last scan.
    pub last_scanned_at: Option<Timestamp>,
    /// When status or reason last changed.
    pub changed_at: Timestamp,
    /// What the last scan could not read, the first of them; empty when everything was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
}

/// How an instance's inventory comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScanMode {
    /// Systems Manager inventory.
    Ec2SsmAgentBased,
    /// EBS snapshots.
    Ec2Agentless,
    /// The own agent on EC2.
    Ec2InspectorAgentBased,
    /// The own agent elsewhere.
    VmInspectorAgentBased,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $word:literal),* $(,)?) => {
        /// Why a resource is, or is not, scanned. The words are the API's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ScanReason {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl ScanReason {
            /// All reasons.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

reasons! {
    /// The last scan went well.
    Successful = "SUCCESSFUL",
    /// Known, not scanned yet.
    PendingInitialScan = "PENDING_INITIAL_SCAN",
    /// A scan runs.
    ScanInProgress = "SCAN_IN_PROGRESS",
    /// Waiting for the scan after it became eligible again.
    PendingRevivalScan = "PENDING_REVIVAL_SCAN",
    /// AWS refused a call.
    AccessDenied = "ACCESS_DENIED",
    /// A key may not be used, or belongs to the customer.
    AccessDeniedToEncryptionKey = "ACCESS_DENIED_TO_ENCRYPTION_KEY",
    /// Something broke on our side.
    InternalError = "INTERNAL_ERROR",
    /// No agent.
    UnmanagedEc2Instance = "UNMANAGED_EC2_INSTANCE",
    /// Stopped.
    Ec2InstanceStopped = "EC2_INSTANCE_STOPPED",
    /// An agent that never sent an inventory.
    NoInventory = "NO_INVENTORY",
    /// The inventory is older than seven days.
    StaleInventory = "STALE_INVENTORY",
    /// No advisories for this operating system.
    UnsupportedOs = "UNSUPPORTED_OS",
    /// No support for this Lambda runtime.
    UnsupportedRuntime = "UNSUPPORTED_RUNTIME",
    /// Not an image manifest that is read.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE",
    /// No analysis for this language.
    UnsupportedLanguage = "UNSUPPORTED_LANGUAGE",
    /// Code that cannot be opened, such as a function that is an image.
    UnsupportedCodeArtifacts = "UNSUPPORTED_CODE_ARTIFACTS",
    /// A damaged artifact.
    InvalidArtifact = "INVALID_ARTIFACT",
    /// A tag asks for it.
    ExcludedByTag = "EXCLUDED_BY_TAG",
    /// Its windows have lapsed.
    ScanEligibilityExpired = "SCAN_ELIGIBILITY_EXPIRED",
    /// Its repository is scanned on request only.
    ScanFrequencyManual = "SCAN_FREQUENCY_MANUAL",
    /// Its repository is scanned on push only.
    ScanFrequencyScanOnPush = "SCAN_FREQUENCY_SCAN_ON_PUSH",
    /// Archived in ECR.
    ImageArchived = "IMAGE_ARCHIVED",
    /// Gone; its findings are about to go too.
    ResourceTerminated = "RESOURCE_TERMINATED",
    /// Its scan type is being switched off.
    PendingDisable = "PENDING_DISABLE",
    /// Too many or too large volumes.
    AgentlessInstanceStorageLimitExceeded = "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED",
    /// Reading its volumes took too long.
    AgentlessInstanceCollectionTimeLimitExceeded = "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED",
    /// Too large.
    StorageLimitExceeded = "STORAGE_LIMIT_EXCEEDED",
    /// Unpacking took too long.
    ExtractionCollectionTimeLimitExceeded = "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED",
    /// Over 5,000 packages.
    DeepInspectionPackageCollectionLimitExceeded = "DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED",
    /// Systems Manager's daily limit.
    DeepInspectionDailySsmInventoryLimitExceeded = "DEEP_INSPECTION_DAILY_SSM_INVENTORY_LIMIT_EXCEEDED",
    /// Over 15 minutes.
    DeepInspectionCollectionTimeLimitExceeded = "DEEP_INSPECTION_COLLECTION_TIME_LIMIT_EXCEEDED",
    /// No language packages were sent.
    DeepInspectionNoInventory = "DEEP_INSPECTION_NO_INVENTORY",
    /// The code host no longer lets us in.
    IntegrationConnectionLost = "INTEGRATION_CONNECTION_LOST",
    /// No scan configuration.
    NoScanConfigurationAssociated = "NO_SCAN_CONFIGURATION_ASSOCIATED",
    /// Not managed; resources beyond AWS.
    ResourceUnmanaged = "RESOURCE_UNMANAGED",
    /// Stopped; resources beyond AWS.
    ResourceStopped = "RESOURCE_STOPPED",
}
