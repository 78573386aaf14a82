//! What is watched: instances, images, functions and repositories, each in an account and a region.

use crate::{AccountId, Region};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The account and region that hold the state of a resource. Nothing is looked up across regions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Home {
    /// Twelve digits.
    pub account: AccountId,
    /// `eu-central-1`.
    pub region: Region,
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

/// A resource of one home.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ResourceId {
    /// Where it lives.
    pub home: Home,
    /// What it is.
    pub kind: ResourceKind,
    /// Its id as the API prints it: `i-…`, the image's ARN with digest, the function's ARN with `:$LATEST`.
    pub name: Box<str>,
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.home, self.kind.as_str(), self.name)
    }
}

/// The kinds of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceKind {
    /// An EC2 instance, or a machine elsewhere that reports its own inventory.
    Instance,
    /// A container image in a registry, one platform of it.
    Image,
    /// The repository that holds images; it has coverage but no inventory.
    ImageRepository,
    /// A Lambda function.
    Function,
    /// A repository of source code.
    CodeRepository,
    /// An image that instances are launched from.
    MachineImage,
}

impl ResourceKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Instance,
        Self::Image,
        Self::ImageRepository,
        Self::Function,
        Self::CodeRepository,
        Self::MachineImage,
    ];

    /// The word that the store and logs use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Image => "image",
            Self::ImageRepository => "image-repository",
            Self::Function => "function",
            Self::CodeRepository => "code-repository",
            Self::MachineImage => "machine-image",
        }
    }

    /// The kind of a word of [`Self::as_str`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Something that is watched, as its owner describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// Which one.
    pub id: ResourceId,
    /// Its tags; copied to findings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What is particular to its kind.
    pub details: ResourceDetails,
}

/// What is particular to a kind of resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceDetails {
    /// An instance.
    Instance(Box<Instance>),
    /// An image.
    Image(Box<Image>),
    /// A repository of images.
    ImageRepository(ImageRepository),
    /// A function.
    Function(Box<Function>),
    /// A repository of code.
    CodeRepository(CodeRepository),
    /// A machine image.
    MachineImage(MachineImage),
}

/// An instance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Instance {
    /// `t3.small`.
    pub instance_type: Option<String>,
    /// `ami-…`.
    pub machine_image: Option<String>,
    /// IPv4 addresses, public ones first.
    pub ipv4: Vec<String>,
    /// IPv6 addresses.
    pub ipv6: Vec<String>,
    /// Name of the key pair.
    pub key_name: Option<String>,
    /// ARN of the instance profile.
    pub instance_profile: Option<String>,
    /// `vpc-…`.
    pub vpc: Option<String>,
    /// `subnet-…`.
    pub subnet: Option<String>,
    /// Last launch.
    pub launched_at: Option<Timestamp>,
    /// `x86_64`, `arm64`.
    pub architecture: Option<String>,
    /// Runs, rests or is gone.
    pub state: InstanceState,
    /// What Systems Manager, or the agent of the machine, last said of itself.
    pub agent: Option<Agent>,
    /// Attached EBS volumes, by device.
    pub volumes: Vec<Volume>,
    /// True for a machine outside AWS that reports itself.
    pub beyond_aws: bool,
}

/// Whether an instance runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// Running, or about to.
    #[default]
    Running,
    /// Stopped or stopping.
    Stopped,
    /// Terminated or shutting down.
    Terminated,
}

/// What an agent says of its machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Who speaks.
    pub kind: AgentKind,
    /// True while it answers.
    pub online: bool,
    /// When it last answered.
    pub last_seen: Option<Timestamp>,
    /// `Ubuntu`, `Amazon Linux`, `Microsoft Windows Server 2022 Datacenter`.
    pub platform_name: String,
    /// `22.04`, `2023`, `10.0.20348`.
    pub platform_version: String,
    /// Its own version.
    pub version: Option<String>,
    /// When it last sent an inventory.
    pub inventory_at: Option<Timestamp>,
}

/// The kinds of agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentKind {
    /// Systems Manager.
    SystemsManager,
    /// `yagura host --report`.
    Own,
}

/// An EBS volume of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// `vol-…`.
    pub id: String,
    /// `/dev/xvda`.
    pub device: String,
    /// GiB.
    pub size: u32,
    /// True for the volume that the instance boots from.
    pub root: bool,
    /// The KMS key, when encrypted.
    pub kms_key: Option<String>,
}

/// A container image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    /// Account id of the registry, or its host name.
    pub registry: String,
    /// `acme/web`.
    pub repository: String,
    /// `sha256:…` of the manifest.
    pub digest: String,
    /// Tags of the image itself and of indexes that hold it, sorted.
    pub tags: Vec<String>,
    /// Last push.
    pub pushed_at: Option<Timestamp>,
    /// Last pull.
    pub pulled_at: Option<Timestamp>,
    /// Media type of the manifest.
    pub media_type: Option<String>,
    /// `amd64`, from the image's configuration.
    pub architecture: Option<String>,
    /// The operating system's name and version, once known.
    pub platform: Option<String>,
    /// From the image's configuration.
    pub author: Option<String>,
    /// Archived images are not scanned.
    pub archived: bool,
    /// When it was last taken out of the archive; restarts its window.
    pub activated_at: Option<Timestamp>,
    /// The index that it is a platform of.
    pub index: Option<String>,
    /// Where it runs, once known.
    pub uses: Vec<ImageUse>,
    /// When usage was last looked at.
    pub uses_seen_at: Option<Timestamp>,
    /// Last seen running.
    pub last_in_use_at: Option<Timestamp>,
}

/// A cluster in which an image runs or ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageUse {
    /// ARN of the ECS or EKS cluster.
    pub cluster: String,
    /// True for EKS, false for ECS.
    pub kubernetes: bool,
    /// ARN of the task definition or `namespace/workload`.
    pub workload: Option<String>,
    /// Tasks or pods that run now.
    pub running: u32,
    /// Tasks or pods that are known to have stopped.
    pub stopped: u32,
    /// Last seen running.
    pub last_in_use_at: Timestamp,
}

/// A repository of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageRepository {
    /// `acme/web`.
    pub name: String,
    /// As the registry's rules say.
    pub frequency: ScanFrequency,
}

/// When the images of a repository are scanned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScanFrequency {
    /// No rule matches.
    #[default]
    Manual,
    /// Once, when pushed.
    OnPush,
    /// While in its window.
    Continuous,
}

/// A Lambda function.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// `python3.12`; `None` for functions that are images.
    pub runtime: Option<String>,
    /// Base64 SHA-256 of its code.
    pub code_sha256: String,
    /// `$LATEST`.
    pub version: String,
    /// ARN of the execution role.
    pub role: Option<String>,
    /// ARNs of layer versions, in order.
    pub layers: Vec<String>,
    /// True when its code is a container image.
    pub image: bool,
    /// `x86_64`, `arm64`.
    pub architectures: Vec<String>,
    /// Last change of code or configuration.
    pub last_modified: Option<Timestamp>,
    /// Last invocation, as far as it can be seen.
    pub last_invoked: Option<Timestamp>,
    /// The customer managed key of its code.
    pub kms_key: Option<String>,
}

/// A repository of source code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CodeRepository {
    /// `acme/shop`.
    pub project: String,
    /// ARN of the integration that found it.
    pub integration: String,
    /// `GITHUB` or `GITLAB_SELF_MANAGED`.
    pub provider: String,
    /// `PUBLIC` or `PRIVATE`.
    pub visibility: Option<String>,
    /// The last commit that was scanned.
    pub commit: Option<String>,
}

/// An image that instances are launched from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MachineImage {
    /// Its name.
    pub name: Option<String>,
    /// Who owns it.
    pub owner: Option<AccountId>,
    /// `UBUNTU_22_04`.
    pub platform: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}
