//! The vocabulary of Yagura: plain data that every other crate speaks.
//!
//! Nothing here reads, decides or renders. A word that two crates need lives here; a word that one crate
//! needs lives there.

pub mod account;
pub mod advisory;
pub mod change;
pub mod coverage;
pub mod cvss;
pub mod detection;
pub mod filter;
pub mod finding;
pub mod id;
pub mod intelligence;
pub mod inventory;
pub mod lang;
pub mod package;
pub mod path;
pub mod platform;
pub mod resource;
pub mod severity;
pub mod statement;
pub mod version;
pub mod words;

pub use account::{
    Account, Activation, ActivationStatus, Configuration, Ec2Mode, ImageWindows, ScanType, UseBy,
};
pub use advisory::{Advisory, Affected, Event, FixStatus, Range, RangeKind, Reference};
pub use change::{Change, Changed};
pub use coverage::{Coverage, ScanKind, ScanMode, ScanReason};
pub use detection::{CodeDetection, Detection, Fix, Suppressed};
pub use filter::{Criteria, Criterion, Field, Filter, FilterAction, PackageField, PackageTest, Test};
pub use finding::{
    Adjustment, Cause, CloseReason, Closed, CodeCause, Finding, FindingStatus, FlowStep, NetworkCause,
    PackageCause, Score, VulnerablePackage,
};
pub use id::{AccountId, EcosystemId, FilterId, FindingId, LayerId, Region, SourceId, VulnerabilityId};
pub use intelligence::{Epss, Kev, Vulnerability, cwe_ids};
pub use inventory::{Inventory, Unread, UnreadReason};
pub use lang::Lang;
pub use package::{Location, Owner, Package, Relation, Scope, SourcePackage};
pub use path::TreePath;
pub use platform::Platform;
pub use resource::{
    Agent, AgentKind, CodeRepository, Function, Home, Image, ImageRepository, ImageUse, Instance,
    InstanceState, MachineImage, Resource, ResourceDetails, ResourceId, ResourceKind, ScanFrequency, Volume,
};
pub use severity::{Rating, Severity};
pub use statement::{Advisories, Candidate, CommitRange, Interval, Statement, Upper};
pub use version::{BadVersion, VersionKey};
