//! What a decision about stored findings sees.
//!
//! The store loads a [`View`], a pure function decides, and the store writes the [`Decision`] in the same
//! transaction. A row and a column show the same cell the same way, so that both decide alike.

use crate::Exposure;
use jiff::Timestamp;
use yagura_model::{
    Account, Coverage, Filter, Finding, Inventory, Resource, ResourceId, ScanKind, Vulnerability,
    VulnerabilityId,
};

/// A part of the matrix that is computed again at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slice {
    /// Everything one kind of scan says of one resource: its inventory, tags, windows or activation changed.
    Row(ResourceId, ScanKind),
    /// One vulnerability on every resource that holds a package it speaks of: an advisory changed.
    Column(VulnerabilityId),
}

/// One resource of a slice.
#[derive(Debug, Clone)]
pub struct View {
    /// The resource; `None` when it is gone and only findings are left.
    pub resource: Option<Resource>,
    /// Its account and region.
    pub account: Account,
    /// Whether it is scanned.
    pub coverage: Vec<Coverage>,
    /// Its packages: all of them in a row; in a column those whose name the vulnerability's advisories mention.
    pub inventory: Inventory,
    /// What code and network scans found, in a row of that kind.
    pub causes: Vec<yagura_model::Cause>,
    /// The release of the kernel that runs; only one that an installed package explains, see
    /// [`crate::running_kernel`].
    pub kernel: Option<String>,
    /// From where an instance can be reached: [`Exposure::of`] the open paths that its last network scan
    /// found. A scan that finds other paths marks the instance's row of packages, too.
    pub exposure: Exposure,
    /// Stored findings of the slice on this resource, closed ones included.
    pub findings: Vec<Finding>,
    /// Suppression rules that hold for this resource: its home's, and its administrator's.
    pub suppressions: Vec<Filter>,
    /// When this is decided.
    pub now: Timestamp,
}

/// What a decision wants written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    /// Findings that are new or differ from the stored ones. Each becomes a change.
    pub findings: Vec<Finding>,
    /// Facts about vulnerabilities that `findings` name, to be stored once.
    pub facts: Vec<Vulnerability>,
}
