//! One package against one statement: affected or not, and the comparison that decided.

use yagura_ecosystems::ecosystem;
use yagura_model::{FixStatus, Interval, Package, Statement, Upper, VersionKey};

/// Shorter texts are not taken for commits.
const SHORTEST_COMMIT: usize = 7;

/// What matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match<'a> {
    /// The version lies in this interval.
    Interval(Interval<'a>),
    /// The advisory lists this version.
    Listed(&'a str),
    /// The package was built from the commit that introduced the problem.
    Commit(&'a str),
}

/// What one statement means for one package, with the texts that prove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// The package has the problem.
    Affected {
        /// What matched.
        by: Match<'a>,
        /// The version with the fix that ends the matching interval: sort key and text.
        fix: Option<(&'a [u8], &'a str)>,
    },
    /// The source is still looking; the version lies in the range in question.
    UnderInvestigation {
        /// What matched.
        by: Match<'a>,
    },
    /// The installed version has the fix.
    Fixed {
        /// The version that brought it.
        at: &'a str,
    },
    /// The source says that this package does not have the problem.
    NotAffected,
    /// The installed version is older than the first affected one.
    BelowRange {
        /// The first affected version.
        first: &'a str,
    },
    /// The installed version is newer than the last affected one.
    AboveRange {
        /// The last affected version, or the limit of what was considered.
        last: &'a str,
    },
    /// The advisory lists versions, and this is none of them.
    NotListed,
    /// Another module stream, or modular against non-modular.
    OtherModule {
        /// The stream that the statement speaks of; `None` for packages outside modules.
        wanted: Option<&'a str>,
    },
    /// Another architecture.
    OtherArch,
    /// The statement names a source package and this is only a binary of that name, or the reverse.
    OtherName,
    /// The version has no place in the order of its ecosystem and is not listed.
    Unorderable,
}

impl Verdict<'_> {
    /// True when this verdict alone would make a detection.
    pub fn is_hit(&self) -> bool {
        matches!(self, Self::Affected { .. } | Self::UnderInvestigation { .. })
    }
}

/// Judges one package against one statement. `version` is the one that the statement speaks of, `key` its sort key,
/// `None` when it has no place among the versions of its ecosystem.
pub fn judge<'a>(
    package: &Package,
    version: &str,
    key: Option<&VersionKey>,
    statement: &Statement<'a>,
) -> Verdict<'a> {
    if !statement.arches.is_empty()
        && let Some(arch) = package.arch.as_deref()
        && !matches!(arch, "noarch" | "all" | "any")
        && !statement.arches.contains(&arch)
    {
        return Verdict::OtherArch;
    }
    if let Some(other) = module_mismatch(package, statement) {
        return other;
    }
    match position(package, version, key, statement) {
        Ok(by) => match statement.status {
            FixStatus::NotAffected => Verdict::NotAffected,
            FixStatus::UnderInvestigation => Verdict::UnderInvestigation { by },
            _ => Verdict::Affected { by, fix: fix_of(&by) },
        },
        Err(outside) => outside,
    }
}

/// The fix at the end of what matched.
fn fix_of<'a>(by: &Match<'a>) -> Option<(&'a [u8], &'a str)> {
    match by {
        Match::Interval(Interval { upper: Upper::Fixed(key, text), .. }) => Some((key, text)),
        _ => None,
    }
}

/// A modular advisory speaks of its stream only, and any other advisory of packages outside modules.
/// Versions built in modules carry `.module` in their release, which tells where nobody says.
fn module_mismatch<'a>(package: &Package, statement: &Statement<'a>) -> Option<Verdict<'a>> {
    let built_in_module = |text: &str| text.contains(".module");
    let modular = package.module.is_some() || built_in_module(&package.version);
    let speaks_of_modules = statement.module.is_some()
        || statement.intervals.iter().any(|interval| match interval.upper {
            Upper::Fixed(_, text) | Upper::Limit(_, text) | Upper::LastAffected(_, text) => {
                built_in_module(text)
            }
            Upper::Open => false,
        });
    if modular != speaks_of_modules {
        return Some(Verdict::OtherModule { wanted: statement.module });
    }
    let (Some(installed), Some(wanted)) = (package.module.as_deref(), statement.module) else { return None };
    let same = installed.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
    (!same).then_some(Verdict::OtherModule { wanted: Some(wanted) })
}

/// What matches, or where the version lies instead.
fn position<'a>(
    package: &Package,
    version: &str,
    key: Option<&VersionKey>,
    statement: &Statement<'a>,
) -> Result<Match<'a>, Verdict<'a>> {
    if let Some(commit) = package.commit.as_deref().filter(|commit| commit.len() >= SHORTEST_COMMIT) {
        // Build information often holds abbreviated commits.
        let same = |other: &str| {
            other.starts_with(commit) || (other.len() >= SHORTEST_COMMIT && commit.starts_with(other))
        };
        for range in &statement.commits {
            if same(range.introduced) {
                return Ok(Match::Commit(range.introduced));
            }
            if let Some(fixed) = range.fixed.filter(|fixed| same(fixed)) {
                return Err(Verdict::Fixed { at: fixed });
            }
        }
    }
    let key = key.map(VersionKey::as_bytes);
    // Ranges before lists: only a range tells where the fix is, and databases publish both.
    let within = key.and_then(|key| statement.intervals.iter().find(|interval| interval.contains(key)));
    if let Some(interval) = within {
        return Ok(Match::Interval(*interval));
    }
    if let Some(listed) = statement.versions.iter().find(|listed| **listed == version) {
        return Ok(Match::Listed(listed));
    }
    let Some(key) = key else {
        let everything = statement
            .intervals
            .iter()
            .find(|interval| interval.lower.is_none() && interval.upper == Upper::Open);
        return everything.map(|interval| Match::Interval(*interval)).ok_or(Verdict::Unorderable);
    };
    // Ascending and disjoint: the last that starts before the version was passed.
    let mut passed = None;
    for interval in &statement.intervals {
        if interval.lower.is_some_and(|(lower, _)| lower > key) {
            break;
        }
        passed = Some(interval);
    }
    if statement.intervals.is_empty() {
        return listed_as_equal(package, key, statement).ok_or(Verdict::NotListed);
    }
    Err(match passed.map(|interval| interval.upper) {
        Some(Upper::Fixed(_, at)) => Verdict::Fixed { at },
        Some(Upper::Limit(_, last) | Upper::LastAffected(_, last)) => Verdict::AboveRange { last },
        Some(Upper::Open) | None => Verdict::BelowRange {
            first: statement
                .intervals
                .first()
                .and_then(|interval| interval.lower)
                .map_or("", |(_, text)| text),
        },
    })
}

/// Where an advisory only lists versions, other spellings of a listed version count: `1.0` and `1.0.0` on
/// PyPI.
fn listed_as_equal<'a>(package: &Package, key: &[u8], statement: &Statement<'a>) -> Option<Match<'a>> {
    let scheme = ecosystem(&package.ecosystem)?.versions;
    statement
        .versions
        .iter()
        .find(|listed| scheme.key(listed).is_ok_and(|listed| listed.as_bytes() == key))
        .map(|listed| Match::Listed(listed))
}
