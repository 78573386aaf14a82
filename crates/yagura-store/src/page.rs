//! Lists: pages, order and groups.

use serde::{Deserialize, Serialize};
use yagura_model::{AccountId, Coverage, Criteria, Field, Finding, Home, Resource, Vulnerability};

/// What part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many.
    pub limit: usize,
    /// Where the last page ended, as [`Page::next`] said. It is bound to criteria and order by its maker.
    pub after: Option<String>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

/// The order of a list of findings. Without a field: most severe first, then last updated first, then id.
/// By severity it is the same, or the reverse. By another field, ties are broken by id in the same direction, and
/// what has no value comes before everything that has one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sort {
    /// By what; `None` for the default order.
    pub field: Option<Field>,
    /// Greatest first.
    pub descending: bool,
}

/// A finding with everything that is stored elsewhere once.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingRow {
    /// The finding.
    pub finding: Finding,
    /// Its resource as last seen; kept after the resource is gone.
    pub resource: Resource,
    /// Facts about its vulnerability; `None` for code and network findings.
    pub vulnerability: Option<Vulnerability>,
}

/// Coverage with its resource.
#[derive(Debug, Clone, PartialEq)]
pub struct CoverageRow {
    /// The entry.
    pub coverage: Coverage,
    /// Its resource as last seen.
    pub resource: Resource,
}

/// What coverage is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoverageGroup {
    /// Status code.
    Status,
    /// Reason.
    Reason,
    /// Account.
    Account,
    /// Kind of resource.
    Kind,
    /// Repository of images.
    Repository,
}

/// What findings are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Aggregation {
    /// By finding type and account.
    FindingType,
    /// By package name.
    Package,
    /// By title.
    Title,
    /// By image repository.
    Repository,
    /// By machine image of instances.
    Ami,
    /// By instance.
    AwsEc2Instance,
    /// By image.
    AwsEcrContainer,
    /// By layer of an image.
    ImageLayer,
    /// By account.
    Account,
    /// By function.
    AwsLambdaFunction,
    /// By layer of a function.
    LambdaLayer,
    /// By code project.
    CodeRepository,
}

/// A question about groups.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateRequest {
    /// Which accounts and regions.
    pub homes: Vec<Home>,
    /// By what.
    pub by: Aggregation,
    /// Conditions on findings and their resources, as the aggregation's request gave them.
    pub criteria: Criteria,
    /// Order.
    pub order: AggregateOrder,
    /// Greatest first.
    pub descending: bool,
}

/// What groups are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AggregateOrder {
    /// Critical findings.
    Critical,
    /// High findings.
    High,
    /// All findings.
    #[default]
    All,
    /// Instances (machine images).
    AffectedInstances,
    /// Images (repositories).
    AffectedImages,
    /// Network findings (instances).
    NetworkFindings,
}

/// One group.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// What it is a group of.
    pub key: AggregateKey,
    /// The account, where groups are per account.
    pub account: Option<AccountId>,
    /// Active findings by severity, least severe first ([`yagura_model::Severity::ALL`]).
    pub severities: [u64; 6],
    /// Active findings with a known exploit.
    pub exploitable: u64,
    /// Active findings with a fix.
    pub fixable: u64,
    /// Network findings, or affected instances or images, where the aggregation has such a count.
    pub related: u64,
}

/// The values that name a group.
#[derive(Debug, Clone, PartialEq)]
pub enum AggregateKey {
    /// The account alone.
    Account,
    /// A finding type's word.
    FindingType(String),
    /// A package name.
    Package(String),
    /// A title and the vulnerability's id.
    Title(String, Option<String>),
    /// A repository's name.
    Repository(String),
    /// `ami-…`.
    MachineImage(String),
    /// A whole resource.
    Resource(Box<Resource>),
    /// A layer, its repository and the image.
    ImageLayer {
        /// Diff id.
        layer: String,
        /// Repository.
        repository: String,
        /// The image's ARN.
        image: String,
    },
    /// A function's layer and the function's name.
    FunctionLayer {
        /// ARN of the layer version.
        layer: String,
        /// Function.
        function: String,
    },
    /// A code project's name.
    Project(String),
}
