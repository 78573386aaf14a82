//! Findings: detections that are stored, with an identity, a status and a history.

use crate::{FilterId, FindingId, FixStatus, LayerId, ResourceId, Severity, SourceId, VulnerabilityId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One problem on one resource.
///
/// Facts about the vulnerability itself (description, scores of all sources, EPSS, KEV) are stored once, with the
/// vulnerability, and joined when read; tags and details are the resource's. A finding holds what was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Derived from the identity of [`Cause`] and resource; stable for ever.
    pub id: FindingId,
    /// Where.
    pub resource: ResourceId,
    /// What.
    pub cause: Cause,
    /// One line.
    pub title: String,
    /// Section 12 of the rules.
    pub severity: Severity,
    /// Where it is in its life.
    pub status: FindingStatus,
    /// The filters that suppress it, sorted; empty unless suppressed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suppressed_by: Vec<FilterId>,
    /// First detection since it was last new.
    pub first_observed_at: Timestamp,
    /// Last detection that changed something.
    pub last_observed_at: Timestamp,
    /// Last change of any kind.
    pub updated_at: Timestamp,
    /// When and why it closed.
    pub closed: Option<Closed>,
}

/// Where a finding is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FindingStatus {
    /// Not remediated.
    Active,
    /// Not remediated, and a suppression rule matches.
    Suppressed,
    /// Remediated, or its resource went away.
    Closed,
}

/// The end of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// Why; decides how long it stays listed.
    pub because: CloseReason,
}

/// Why a finding closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloseReason {
    /// A scan or an advisory no longer sees the cause; listed for 30 days.
    Remediated,
    /// The resource was deleted, terminated or is no longer eligible; listed for 3 days.
    ResourceGone,
    /// The scan type or the service was switched off.
    Disabled,
}

/// What a finding is about, one variant per finding type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A vulnerability of installed packages; identity: resource and vulnerability.
    Package(PackageCause),
    /// An open network path; identity: resource, protocol, ports and path.
    Network(NetworkCause),
    /// A flaw in code; identity: resource, detector, file and lines.
    Code(CodeCause),
}

/// A vulnerability, and all packages of the resource that have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackageCause {
    /// The column.
    pub vulnerability: VulnerabilityId,
    /// The affected packages, sorted by name, version, path; at least one.
    pub packages: Vec<VulnerablePackage>,
    /// Whose advisory decided.
    pub source: SourceId,
    /// The deciding advisory's id.
    pub advisory: String,
    /// The vendor's own word.
    pub vendor_severity: Option<String>,
    /// The score of this finding (section 13 of the rules); `None` without any CVSS.
    pub score: Option<Score>,
}

/// One affected package of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VulnerablePackage {
    /// Its package URL, which also tells its ecosystem.
    pub purl: String,
    /// The ecosystem with its release, as in `Debian:12`.
    pub ecosystem: String,
    /// Its name.
    pub name: String,
    /// The whole version, with epoch and release.
    pub version: String,
    /// The ecosystem's own spelling of the architecture.
    pub arch: Option<String>,
    /// Where it was found; empty for OS packages.
    pub path: Option<String>,
    /// The layer that introduced it.
    pub layer: Option<LayerId>,
    /// The nearest version with the fix.
    pub fixed_in: Option<String>,
    /// The source's word on the fix.
    pub fix: FixStatus,
}

/// A score and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// 0.0–10.0, one decimal.
    pub value: f64,
    /// The vector, with adjustments.
    pub vector: String,
    /// `3.1`, `3.0`, `2.0`.
    pub version: String,
    /// Who published the base vector.
    pub source: SourceId,
    /// The base score before adjustments.
    pub base: f64,
    /// What was changed, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
}

/// One changed metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// `AV`.
    pub metric: String,
    /// A short sentence.
    pub reason: String,
}

/// An open path to an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkCause {
    /// `TCP` or `UDP`.
    pub protocol: String,
    /// First and last port.
    pub ports: (u16, u16),
    /// From the edge to the instance: component id and CloudFormation-style type.
    pub steps: Vec<(String, String)>,
    /// The request arrives but no answer can get back; only for UDP.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_way: bool,
}

/// A flaw in code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeCause {
    /// `python/sql-injection@v1`.
    pub detector: String,
    /// Its name.
    pub detector_name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// CWE numbers.
    pub cwes: Vec<u16>,
    /// The detector's severity.
    #[serde(default)]
    pub severity: Severity,
    /// What is wrong, in sentences.
    #[serde(default)]
    pub description: String,
    /// What to do, in sentences.
    #[serde(default)]
    pub remediation: String,
    /// The rule.
    pub rule: String,
    /// The file.
    pub path: String,
    /// First and last line, from 1.
    pub lines: (u32, u32),
    /// The layer of a function.
    pub layer: Option<String>,
    /// How something from outside comes to the flaw, from its source on; empty where the flaw is in the place itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flow: Vec<FlowStep>,
}

/// One step of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowStep {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
}
