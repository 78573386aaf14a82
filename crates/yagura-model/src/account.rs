//! What is switched on, per account and region.

use crate::{AccountId, Home};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A kind of scanning that an account switches on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScanType {
    /// Instances.
    Ec2,
    /// Images.
    Ecr,
    /// Packages of functions.
    Lambda,
    /// Code of functions; needs [`Self::Lambda`].
    LambdaCode,
    /// Source code repositories.
    CodeRepository,
}

impl ScanType {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Ec2, Self::Ecr, Self::Lambda, Self::LambdaCode, Self::CodeRepository];
}

/// Where a scan type is between off and on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActivationStatus {
    /// Asked for; a loop turns it on.
    Enabling,
    /// On.
    Enabled,
    /// Asked to stop; a loop turns it off.
    Disabling,
    /// Off.
    #[default]
    Disabled,
    /// The AWS account is about to be suspended.
    Suspending,
    /// The AWS account is suspended.
    Suspended,
}

/// One scan type of one home.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// On, off, or between.
    pub status: ActivationStatus,
    /// When that last changed.
    pub since: Timestamp,
    /// First activation ever; starts the trial.
    pub trial_started: Option<Timestamp>,
}

/// The service in one account and region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Which one.
    pub home: Home,
    /// Scan types that were ever switched on.
    pub activations: BTreeMap<ScanType, Activation>,
    /// How scans behave.
    pub configuration: Configuration,
    /// The delegated administrator it belongs to, when it is a member.
    pub administrator: Option<AccountId>,
}

impl Account {
    /// An account that nothing was switched on in.
    pub fn new(home: Home) -> Self {
        Self {
            home,
            activations: BTreeMap::new(),
            configuration: Configuration::default(),
            administrator: None,
        }
    }

    /// The status of one scan type.
    pub fn status(&self, scan: ScanType) -> ActivationStatus {
        self.activations.get(&scan).map(|activation| activation.status).unwrap_or_default()
    }

    /// True while a scan type is on.
    pub fn scans(&self, scan: ScanType) -> bool {
        self.status(scan) == ActivationStatus::Enabled
    }
}

/// How scans behave in one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configuration {
    /// How instances are looked into.
    pub ec2_mode: Ec2Mode,
    /// True when the own agent is wanted on instances.
    pub own_agent: bool,
    /// How long images are monitored.
    pub images: ImageWindows,
    /// True when this account was configured itself and does not follow its administrator.
    pub individually: bool,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// How instances are looked into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ec2Mode {
    /// Through agents only.
    Agent,
    /// Through agents, and through snapshots where there is none.
    #[default]
    Hybrid,
}

/// How long images are monitored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageWindows {
    /// Days after a push; `None` for ever.
    pub push_days: Option<u16>,
    /// Days after the last use or pull.
    pub use_days: u16,
    /// What counts as use.
    pub use_by: UseBy,
}

impl Default for ImageWindows {
    fn default() -> Self {
        Self { push_days: Some(14), use_days: 14, use_by: UseBy::InUse }
    }
}

/// What counts as the last use of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UseBy {
    /// Last seen running in a cluster.
    InUse,
    /// Last pulled.
    Pull,
}
