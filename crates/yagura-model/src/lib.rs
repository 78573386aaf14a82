//! The vocabulary of Yagura: plain data that every other crate speaks.
//!
//! Nothing here reads, decides or renders. A word that two crates need lives here; a word that one crate
//! needs lives there.

pub mod advisory;
pub mod finding;
pub mod id;
pub mod intelligence;
pub mod inventory;
pub mod lang;
pub mod package;
pub mod path;
pub mod platform;
pub mod severity;
pub mod statement;
pub mod version;

pub use advisory::{Advisory, Affected, Event, FixStatus, Range, RangeKind, Reference};
pub use finding::{Detection, Fix, Suppressed};
pub use id::{EcosystemId, LayerId, SourceId, VulnerabilityId};
pub use intelligence::{Epss, Kev, Vulnerability};
pub use inventory::{Inventory, Unread, UnreadReason};
pub use lang::Lang;
pub use package::{Location, Owner, Package, Relation, Scope, SourcePackage};
pub use path::TreePath;
pub use platform::Platform;
pub use severity::{Rating, Severity};
pub use statement::{Advisories, CommitRange, Interval, Statement, Upper};
pub use version::{BadVersion, VersionKey};
