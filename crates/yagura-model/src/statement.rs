//! What an advisory says of one package, in the form that is judged: bounds are sort keys already.

use crate::{EcosystemId, FixStatus, Vulnerability};

/// One advisory's word on one package. Borrowed from the advisory file, so that looking costs no allocation
/// per text.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement<'a> {
    /// The advisory's id.
    pub advisory: &'a str,
    /// The feed it came from.
    pub source: &'a str,
    /// Ecosystem with release, canonical spelling.
    pub ecosystem: &'a str,
    /// Package name, normalized; a source package for distributions unless `binary`.
    pub name: &'a str,
    /// True when `name` is the name of an installed package only.
    pub binary: bool,
    /// The vulnerabilities it speaks of, representatives of their alias groups; at least one.
    pub vulnerabilities: Vec<&'a str>,
    /// Affected intervals, disjoint and ascending.
    pub intervals: Vec<Interval<'a>>,
    /// Versions affected by name.
    pub versions: Vec<&'a str>,
    /// Ranges of git commits.
    pub commits: Vec<CommitRange<'a>>,
    /// The state of the fix in the source's words.
    pub status: FixStatus,
    /// Only this RPM module stream (`name:stream`).
    pub module: Option<&'a str>,
    /// Only these architectures; empty for all.
    pub arches: Vec<&'a str>,
    /// The source's severity word for this package or release.
    pub severity: Option<&'a str>,
}

/// A contiguous set of versions of one scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval<'a> {
    /// First affected version: its sort key and its text; `None` from the beginning.
    pub lower: Option<(&'a [u8], &'a str)>,
    /// Where it ends.
    pub upper: Upper<'a>,
}

/// The end of an interval: sort key and text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upper<'a> {
    /// Every later version is affected.
    Open,
    /// The first version that is not affected, because it has the fix.
    Fixed(&'a [u8], &'a str),
    /// The first version that is not considered (OSV `limit`); it is not known to have a fix.
    Limit(&'a [u8], &'a str),
    /// The last affected version.
    LastAffected(&'a [u8], &'a str),
}

impl Interval<'_> {
    /// True when a version with this sort key lies inside.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.lower.is_none_or(|(lower, _)| lower <= key)
            && match self.upper {
                Upper::Open => true,
                Upper::Fixed(upper, _) | Upper::Limit(upper, _) => key < upper,
                Upper::LastAffected(upper, _) => key <= upper,
            }
    }
}

/// A range of commits, matched only by equality with its ends: ancestry needs the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitRange<'a> {
    /// `0` or the first bad commit.
    pub introduced: &'a str,
    /// The first good commit.
    pub fixed: Option<&'a str>,
}

/// A package as far as [`Advisories::may_affect`] looks at it.
pub struct Candidate<'c> {
    /// The versions that statements may be compared with: the package's own, and its source package's.
    pub versions: &'c [&'c str],
    /// The sort key of the version at an index, made when first asked for; `None` when its scheme has no place for it.
    pub key: &'c dyn Fn(usize) -> Option<&'c [u8]>,
    /// True when the commit is known that the package was built from.
    pub has_commit: bool,
}

/// Whoever can be asked for advisories: the advisory file, or a store.
pub trait Advisories {
    /// Calls `visit` with every statement about a package. `ecosystem` and `name` are canonical.
    fn statements<'a>(&'a self, ecosystem: &EcosystemId, name: &str, visit: &mut dyn FnMut(Statement<'a>));

    /// A quick look before [`Self::statements`]: false only when no statement about this package can speak of the
    /// candidate as affected. True costs nothing but the look.
    fn may_affect(&self, _ecosystem: &EcosystemId, _name: &str, _candidate: &Candidate<'_>) -> bool {
        true
    }

    /// The facts about a vulnerability, by its own id or any alias.
    fn vulnerability(&self, id: &str) -> Option<Vulnerability>;
}
