//! Several statements about one package and one vulnerability: one answer.

use crate::Verdict;
use crate::judge::Match;
use yagura_ecosystems::platform::{is_stream, package_format};
use yagura_model::{FixStatus, Package, Statement, Upper};

/// The answer for one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<'a> {
    /// True when the cell holds a detection.
    pub affected: bool,
    /// The index of the statement that decided.
    pub decisive: usize,
    /// The state of the fix.
    pub status: FixStatus,
    /// Versions with the fix, nearest first.
    pub fixes: Vec<&'a str>,
}

/// Joins the verdicts of one cell. `None` when no statement speaks of the package at all.
///
/// The rules, in order:
/// 1. A source that says "not affected" wins.
/// 2. For OS packages a fix that is installed wins over "affected, no fix known": Ubuntu's base archive says
///    the latter of what Ubuntu Pro has fixed.
/// 3. A fix of the extended support stream that the package was built for wins over any later one: the same
///    problem is fixed under another version there.
/// 4. Otherwise any statement that says "affected" counts. Those with a fix decide before those without.
/// 5. A statement that is only under investigation decides when none says "affected".
pub fn combine<'a>(package: &Package, cell: &[(&Statement<'a>, Verdict<'a>)]) -> Option<Cell<'a>> {
    let no = |decisive, status| Some(Cell { affected: false, decisive, status, fixes: Vec::new() });
    let first = |test: &dyn Fn(&Verdict<'a>) -> bool| cell.iter().position(|(_, verdict)| test(verdict));
    if let Some(index) = first(&|verdict| matches!(verdict, Verdict::NotAffected)) {
        return no(index, FixStatus::NotAffected);
    }
    let in_stream = cell.iter().position(|(statement, verdict)| {
        is_stream(statement.ecosystem) && matches!(verdict, Verdict::Fixed { .. })
    });
    if let Some(index) = in_stream {
        return no(index, FixStatus::Fixed);
    }
    let fixed = first(&|verdict| matches!(verdict, Verdict::Fixed { .. }));
    let of_system = package_format(&package.ecosystem).is_some();
    let counts = |verdict: &Verdict<'a>| match verdict {
        Verdict::Affected { by, fix } => !(of_system && fixed.is_some() && fix.is_none() && is_open(by)),
        Verdict::UnderInvestigation { .. } => !(of_system && fixed.is_some()),
        _ => false,
    };
    let affected = |(_, verdict): &(&Statement<'a>, Verdict<'a>)| match verdict {
        Verdict::Affected { fix, .. } if counts(verdict) => Some(*fix),
        _ => None,
    };
    let mut fixes: Vec<(&'a [u8], &'a str, usize)> = cell
        .iter()
        .enumerate()
        .filter_map(|(index, one)| {
            let fix = affected(one)??;
            // A stream's fix lies below the one of the newest minor release, and is one all the same.
            let (key, text) = if is_stream(one.0.ecosystem) { fix } else { settle(cell, fix) };
            Some((key, text, index))
        })
        .collect();
    fixes.sort_unstable();
    if let Some((_, _, decisive)) = fixes.first() {
        let decisive = *decisive;
        fixes.dedup_by(|a, b| a.0 == b.0);
        let fixes = fixes.into_iter().map(|(_, text, _)| text).collect();
        return Some(Cell { affected: true, decisive, status: FixStatus::Fixed, fixes });
    }
    let unfixed = cell
        .iter()
        .enumerate()
        .filter(|(_, one)| affected(one).is_some())
        .map(|(index, (statement, _))| (telling(statement.status), index))
        .min();
    if let Some((_, decisive)) = unfixed {
        let status = cell.get(decisive).map_or(FixStatus::Affected, |(statement, _)| statement.status);
        // "Fixed", but no version is known.
        let status = if status == FixStatus::Fixed { FixStatus::Affected } else { status };
        return Some(Cell { affected: true, decisive, status, fixes: Vec::new() });
    }
    if let Some(decisive) = first(&|verdict| counts(verdict)) {
        let status = FixStatus::UnderInvestigation;
        return Some(Cell { affected: true, decisive, status, fixes: Vec::new() });
    }
    match fixed {
        Some(index) => no(index, FixStatus::Fixed),
        None if cell.is_empty() => None,
        None => {
            // A reason about the version says more than one about the name.
            let index = first(&|verdict| {
                !matches!(verdict, Verdict::OtherName | Verdict::OtherArch | Verdict::OtherModule { .. })
            });
            no(index.unwrap_or(0), FixStatus::NotAffected)
        }
    }
}

fn is_open(by: &Match<'_>) -> bool {
    matches!(by, Match::Interval(interval) if interval.upper == Upper::Open)
}

/// The most telling state first.
fn telling(status: FixStatus) -> u8 {
    match status {
        FixStatus::EndOfLife => 0,
        FixStatus::WillNotFix => 1,
        FixStatus::Deferred => 2,
        _ => 3,
    }
}

/// Follows a fix to a version that no other affected range of the cell contains: a first fix may have been
/// incomplete, and two sources may disagree. Ends without a fix are not followed.
fn settle<'a>(cell: &[(&Statement<'a>, Verdict<'a>)], start: (&'a [u8], &'a str)) -> (&'a [u8], &'a str) {
    let mut fix = start;
    let hits = || cell.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Affected { .. }));
    // Each step moves to a greater version, and there are no more steps than intervals.
    let bound = hits().map(|(statement, _)| statement.intervals.len()).sum::<usize>().min(64);
    for _ in 0..bound {
        let next = hits().flat_map(|(statement, _)| &statement.intervals).find_map(|interval| match interval
            .upper
        {
            Upper::Fixed(key, text) if interval.contains(fix.0) => Some((key, text)),
            _ => None,
        });
        match next {
            Some(next) => fix = next,
            None => break,
        }
    }
    fix
}
