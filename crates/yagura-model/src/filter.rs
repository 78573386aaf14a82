//! Filters: conditions on findings, coverage and resources, as data.
//!
//! One filter is evaluated in memory (suppression, reports) and in both databases (lists), and all three must
//! select the same.

use crate::{AccountId, FilterId, Home};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All criteria must hold. Empty selects everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Criteria(pub Vec<Criterion>);

/// One attribute and the tests on it: alternatives are any of `Equals`, `Prefix` and ranges; all of `NotEquals` are
/// required.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// What is looked at. An attribute with several values (tags, layers) passes a positive test with any of them, and
    /// a negative one with none.
    pub field: Field,
    /// At least one.
    pub tests: Vec<Test>,
}

/// A test on an attribute. Text is compared exactly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// The same text.
    Equals(String),
    /// A text that begins so.
    Prefix(String),
    /// Another text.
    NotEquals(String),
    /// A number in a closed range; an open end has no bound.
    Between(Option<f64>, Option<f64>),
    /// A time in a closed range; an open end has no bound.
    During(Option<Timestamp>, Option<Timestamp>),
    /// A tag; without a value, any value.
    Tag(String, Option<String>),
    /// An affected package that passes every test given.
    Package(Box<PackageTest>),
}

/// Tests on one affected package; all that are given must hold for the same package.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PackageTest {
    /// Text tests by attribute: name, version, release, architecture, layer, function layer, path.
    pub texts: Vec<(PackageField, Test)>,
    /// Bounds of the epoch.
    pub epoch: Option<(Option<f64>, Option<f64>)>,
}

/// Attributes of an affected package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageField {
    /// Its name.
    Name,
    /// Its version without epoch and release.
    Version,
    /// The part after the last hyphen of an OS package's version; others have none.
    Release,
    /// The architecture in capitals.
    Architecture,
    /// The diff id of its layer.
    Layer,
    /// The ARN of its function layer.
    FunctionLayer,
    /// Its path.
    Path,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Attributes that filters look at and lists are sorted by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Field { $($(#[$doc])* $name,)* }

        impl Field {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

fields! {
    /// The finding's ARN.
    FindingArn,
    /// The account of the resource.
    Account,
    /// `PACKAGE_VULNERABILITY`, `NETWORK_REACHABILITY`, `CODE_VULNERABILITY`.
    FindingType,
    /// The severity's word.
    Severity,
    /// `ACTIVE`, `SUPPRESSED`, `CLOSED`.
    FindingStatus,
    /// The title.
    Title,
    /// First detection.
    FirstObservedAt,
    /// Last detection.
    LastObservedAt,
    /// Last change.
    UpdatedAt,
    /// 0.0–10.0.
    InspectorScore,
    /// 0.0–1.0.
    EpssScore,
    /// `YES`, `NO`, `PARTIAL`.
    FixAvailable,
    /// `YES`, `NO`.
    ExploitAvailable,
    /// The API's word for the kind of resource.
    ResourceType,
    /// The resource's name.
    ResourceId,
    /// Tags of the resource.
    ResourceTags,
    /// `ami-…`.
    InstanceImage,
    /// `vpc-…`.
    InstanceVpc,
    /// `subnet-…`.
    InstanceSubnet,
    /// Architecture of the image.
    ImageArchitecture,
    /// Digest of the image.
    ImageHash,
    /// Last push.
    ImagePushedAt,
    /// Last pull.
    ImagePulledAt,
    /// Registry of the image.
    ImageRegistry,
    /// Repository of the image.
    ImageRepository,
    /// Tags of the image, not of the resource.
    ImageTags,
    /// How many tasks and pods run it.
    ImageInUseCount,
    /// Last seen running.
    ImageLastInUseAt,
    /// Name of the function.
    FunctionName,
    /// ARNs of its layers.
    FunctionLayers,
    /// Its runtime as AWS Lambda spells it: `python3.12`.
    FunctionRuntime,
    /// Its last change.
    FunctionLastModifiedAt,
    /// Its role.
    FunctionRole,
    /// First and last port; passes when the ranges overlap.
    PortRange,
    /// `TCP`, `UDP`.
    NetworkProtocol,
    /// Ids of components on the path.
    ComponentId,
    /// Types of components on the path.
    ComponentType,
    /// The vulnerability's id.
    VulnerabilityId,
    /// The id of the source whose advisory decided: `debian`.
    VulnerabilitySource,
    /// The vendor's word.
    VendorSeverity,
    /// Other ids of the vulnerability.
    RelatedVulnerabilities,
    /// Affected packages.
    VulnerablePackages,
    /// Name of the code detector.
    DetectorName,
    /// Tags of the code detector.
    DetectorTags,
    /// File of a code finding.
    CodePath,
    /// Name of the code project.
    ProjectName,
    /// Provider of the code project.
    ProjectProvider,
    /// `PUBLIC` or `PRIVATE`.
    ProjectVisibility,
    /// The last commit that was scanned.
    ProjectCommit,
    /// Id of the machine image.
    MachineImageId,
    /// Its name.
    MachineImageName,
    /// Its owner.
    MachineImageOwner,
    /// Its platform.
    MachineImagePlatform,
    /// `AWS` or `NOT_APPLICABLE`.
    Provider,
    /// The provider's account.
    ProviderAccount,
    /// The provider's region.
    ProviderRegion,
    /// The provider's organization.
    ProviderOrganization,
    /// `ACTIVE`, `INACTIVE`: coverage.
    ScanStatusCode,
    /// The reason's word: coverage.
    ScanStatusReason,
    /// `PACKAGE`, `NETWORK`, `CODE`: coverage.
    ScanType,
    /// The mode's word: coverage.
    ScanMode,
    /// Last scan: coverage.
    LastScannedAt,
}

/// A saved filter; with [`FilterAction::Suppress`] a suppression rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    /// Which one.
    pub id: FilterId,
    /// Where it holds. An administrator's rules hold for members too.
    pub home: Home,
    /// Unique per home.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Why findings are suppressed.
    pub reason: Option<String>,
    /// What it does.
    pub action: FilterAction,
    /// What it selects, as the API spelled it.
    pub criteria: Criteria,
    /// The request's own criteria, given back unchanged.
    pub document: serde_json::Value,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Who made it.
    pub owner: AccountId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a filter does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FilterAction {
    /// A saved view.
    None,
    /// Suppression.
    Suppress,
}
