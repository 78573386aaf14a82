//! Collectors: what resources an account has, and what can be seen inside them.
//!
//! A collector lists and fetches; it judges nothing and catalogs nothing. What it brings is [`Evidence`], which the binary
//! turns into an inventory. A listing is whole or an error, because a resource that is missing from it counts as gone;
//! what is missing beside the listing, such as tags, is a [`Gap`].

pub mod account;
pub mod ec2;
pub mod ecr;
pub mod events;
pub mod lambda;
pub mod network;
pub mod organization;
pub mod ssm;
pub mod usage;

use crate::aws::Aws;
use crate::{AwsError, CloudError};
use async_trait::async_trait;
use jiff::Timestamp;
use yagura_fs::image::OpenImage;
use yagura_model::{Home, Package, Platform, Resource, ResourceKind, Unread};

/// An account in a region, and how to ask about it.
#[derive(Clone)]
pub struct Place {
    /// Whose resources these are.
    pub home: Home,
    /// Credentials for it.
    pub aws: Aws,
}

/// What discovery brought.
#[derive(Debug, Default)]
pub struct Discovery {
    /// All resources of the collector's kinds, sorted by id.
    pub resources: Vec<Resource>,
    /// What could not be learnt about them.
    pub gaps: Vec<Gap>,
}

/// Something beside the listing that could not be learnt.
#[derive(Debug)]
pub struct Gap {
    /// What is missing, for people: `tags of acme/web`.
    pub what: String,
    /// Why.
    pub error: CloudError,
}

/// What can be seen inside a resource.
pub enum Evidence {
    /// What an agent says is installed.
    Reported(Box<Reported>),
    /// An image, whose layers are read one by one.
    Image(Box<OpenImage>),
    /// Archives that are unpacked side by side, each by itself: a function's code, and its layers.
    Archives(Vec<lambda::Archive>),
}

/// An agent's list of packages.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reported {
    /// Its operating system. The ecosystem is left to whoever knows platforms.
    pub platform: Option<Platform>,
    /// With `dpkg` or `rpm` as the ecosystem where the platform decides on it.
    pub packages: Vec<Package>,
    /// When the agent looked; `None` when it never sent an inventory.
    pub captured_at: Option<Timestamp>,
    /// When language packages were looked for; `None` when they never were.
    pub deep_captured_at: Option<Timestamp>,
    /// What could not be understood.
    pub unread: Vec<Unread>,
    /// Installed updates of Windows, as `KB5032196`.
    pub updates: Vec<String>,
}

/// Knows one source of resources: how to list them and how to look inside.
#[async_trait]
pub trait Collector: Send + Sync {
    /// `ec2`, `ecr`, `lambda`.
    fn id(&self) -> &'static str;

    /// The kinds of resource that [`Self::discover`] lists completely.
    fn kinds(&self) -> &'static [ResourceKind];

    /// All resources of a place.
    ///
    /// # Errors
    /// The listing is not complete.
    async fn discover(&self, place: &Place, now: Timestamp) -> Result<Discovery, CloudError>;

    /// Looks inside a resource of one of [`Self::kinds`].
    ///
    /// # Errors
    /// It cannot be looked into, or there is nothing to see.
    async fn collect(&self, place: &Place, resource: &Resource) -> Result<Evidence, CloudError>;
}

/// The collectors for AWS.
pub fn collectors() -> Vec<Box<dyn Collector>> {
    vec![Box::<ec2::Ec2>::default(), Box::<ecr::Ecr>::default(), Box::<lambda::Lambda>::default()]
}

impl Gap {
    fn new(what: impl Into<String>, error: AwsError) -> Self {
        Self { what: what.into(), error: error.into() }
    }
}

/// For resources that a collector was not made for.
fn not_ours(collector: &'static str, resource: &Resource) -> CloudError {
    CloudError::Invalid {
        what: "resource of this collector",
        text: resource.id.to_string(),
        detail: format!("`{collector}` does not collect it"),
    }
}
