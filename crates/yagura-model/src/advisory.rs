//! Advisories: one source's statement about packages.

use crate::{EcosystemId, Rating, SourceId, VulnerabilityId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One source's statement: which versions of which packages are affected, and by what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advisory {
    /// The source's id: `DSA-5417-1`, `GHSA-jfh8-c2jp-5v3q`, `ALAS2023-2024-589`, `CVE-2024-1234`.
    pub id: String,
    /// The feed that said it.
    pub source: SourceId,
    /// Other ids of the *same* vulnerability.
    pub aliases: Vec<String>,
    /// Ids of the vulnerabilities that this advisory fixes, for errata that cover several.
    pub upstream: Vec<String>,
    /// One line.
    pub summary: String,
    /// Prose, Markdown, possibly empty.
    pub details: String,
    /// This source's ratings.
    pub ratings: Vec<Rating>,
    /// CWE numbers.
    pub cwes: Vec<u16>,
    /// First publication.
    pub published: Option<Timestamp>,
    /// Last change.
    pub modified: Option<Timestamp>,
    /// Set when the source took the advisory back: it then matches nothing.
    pub withdrawn: Option<Timestamp>,
    /// Links.
    pub references: Vec<Reference>,
    /// The packages.
    pub affected: Vec<Affected>,
}

impl Advisory {
    /// An advisory with everything but its identity left empty.
    pub fn new(source: impl Into<SourceId>, id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            source: source.into(),
            aliases: Vec::new(),
            upstream: Vec::new(),
            summary: String::new(),
            details: String::new(),
            ratings: Vec::new(),
            cwes: Vec::new(),
            published: None,
            modified: None,
            withdrawn: None,
            references: Vec::new(),
            affected: Vec::new(),
        }
    }

    /// The vulnerabilities this advisory speaks of: the CVEs among its own id, aliases and upstream ids;
    /// without any CVE, its own id.
    pub fn vulnerabilities(&self) -> Vec<VulnerabilityId> {
        let mut cves: Vec<VulnerabilityId> = std::iter::once(&self.id)
            .chain(&self.aliases)
            .chain(&self.upstream)
            .filter(|id| id.starts_with("CVE-"))
            .map(|id| VulnerabilityId::from(id.as_str()))
            .collect();
        cves.sort();
        cves.dedup();
        if cves.is_empty() {
            cves.push(VulnerabilityId::from(self.id.as_str()));
        }
        cves
    }
}

/// A link with its OSV type (`ADVISORY`, `FIX`, `WEB`, …).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The OSV type.
    pub kind: String,
    /// The address.
    pub url: String,
}

/// What an advisory says of one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    /// The ecosystem, with release for distributions.
    pub ecosystem: EcosystemId,
    /// The package's name; distributions name the source package unless [`Self::binary`] is set.
    pub name: String,
    /// True when [`Self::name`] is a binary (installed) package's name only.
    pub binary: bool,
    /// Affected ranges. With [`Self::versions`] also empty, every version is affected.
    pub ranges: Vec<Range>,
    /// Versions affected by name, whatever their order.
    pub versions: Vec<String>,
    /// What the source says about the state of the fix.
    pub status: FixStatus,
    /// Only packages of this RPM module stream, as in `nodejs:18`.
    pub module: Option<String>,
    /// Only these architectures; empty for all.
    pub arches: Vec<String>,
    /// The source's severity word for this package or release, where it differs by package.
    pub severity: Option<String>,
}

impl Affected {
    /// Every version of a package, until ranges say less.
    pub fn new(ecosystem: impl Into<EcosystemId>, name: impl Into<String>) -> Self {
        Self {
            ecosystem: ecosystem.into(),
            name: name.into(),
            binary: false,
            ranges: Vec::new(),
            versions: Vec::new(),
            status: FixStatus::Affected,
            module: None,
            arches: Vec::new(),
            severity: None,
        }
    }
}

/// A set of affected versions as OSV events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// How versions compare.
    pub kind: RangeKind,
    /// In the order published; sorted by whoever evaluates them.
    pub events: Vec<Event>,
}

/// How the versions of a range compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RangeKind {
    /// By the ecosystem's own scheme (OSV `SEMVER` and `ECOSYSTEM`).
    Ecosystem,
    /// Git commits: matched only where the commit is known.
    Git,
}

/// One boundary of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Affected from here; `0` means from the beginning.
    Introduced(String),
    /// No longer affected from here.
    Fixed(String),
    /// The last affected version.
    LastAffected(String),
    /// Versions from here on are not considered.
    Limit(String),
}

/// What a source says about the fix for a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixStatus {
    /// A version with the fix exists.
    Fixed,
    /// Affected, no fix yet.
    Affected,
    /// Affected, the fix is put off (`no-dsa`, `deferred`, `postponed`).
    Deferred,
    /// Affected, and the source will not fix it.
    WillNotFix,
    /// The source says this package does not have the problem.
    NotAffected,
    /// Being looked at.
    UnderInvestigation,
    /// The release gets no more fixes.
    EndOfLife,
}

impl FixStatus {
    /// The kebab-case word printed everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Affected => "affected",
            Self::Deferred => "deferred",
            Self::WillNotFix => "will-not-fix",
            Self::NotAffected => "not-affected",
            Self::UnderInvestigation => "under-investigation",
            Self::EndOfLife => "end-of-life",
        }
    }
}
