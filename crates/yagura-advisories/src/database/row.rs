//! One statement as bytes: flags, state, intervals, then whatever the flags announce.

use super::codec::{Cursor, put_bytes, put_text, put_varint};
use super::interval::{End, Span};
use yagura_model::{Affected, Candidate, CommitRange, Event, FixStatus, Interval, RangeKind, Upper};

const BINARY: u8 = 1;
const MODULE: u8 = 2;
const ARCHES: u8 = 4;
const SEVERITY: u8 = 8;
const VERSIONS: u8 = 16;
const COMMITS: u8 = 32;

const LOWER: u8 = 1;
const FIXED: u8 = 2;
const LIMIT: u8 = 4;
const LAST: u8 = 6;
const END: u8 = 6;

const STATES: [FixStatus; 7] = [
    FixStatus::Fixed,
    FixStatus::Affected,
    FixStatus::Deferred,
    FixStatus::WillNotFix,
    FixStatus::NotAffected,
    FixStatus::UnderInvestigation,
    FixStatus::EndOfLife,
];

/// Appends what an advisory says of one package. `word` numbers texts that are stored once.
pub fn encode(out: &mut Vec<u8>, affected: &Affected, spans: &[Span], mut word: impl FnMut(&str) -> u32) {
    let commits: Vec<(&str, Option<&str>)> = commits(affected);
    let mut versions: Vec<&str> = affected.versions.iter().map(String::as_str).collect();
    versions.sort_unstable();
    versions.dedup();
    let mut flags = 0;
    for (set, flag) in [
        (affected.binary, BINARY),
        (affected.module.is_some(), MODULE),
        (!affected.arches.is_empty(), ARCHES),
        (affected.severity.is_some(), SEVERITY),
        (!versions.is_empty(), VERSIONS),
        (!commits.is_empty(), COMMITS),
    ] {
        flags |= if set { flag } else { 0 };
    }
    out.push(flags);
    out.push(STATES.iter().position(|state| *state == affected.status).unwrap_or(1) as u8);
    put_varint(out, spans.len() as u64);
    for span in spans {
        let lower = if span.lower.is_some() { LOWER } else { 0 };
        let (kind, end) = match &span.end {
            End::Open => (0, None),
            End::Fixed(bound) => (FIXED, Some(bound)),
            End::Limit(bound) => (LIMIT, Some(bound)),
            End::Last(bound) => (LAST, Some(bound)),
        };
        out.push(lower | kind);
        for (key, text) in span.lower.iter().chain(end) {
            put_bytes(out, key);
            put_text(out, text);
        }
    }
    for text in affected.module.iter().chain(&affected.severity) {
        put_varint(out, u64::from(word(text)));
    }
    if !affected.arches.is_empty() {
        put_varint(out, affected.arches.len() as u64);
        for arch in &affected.arches {
            put_varint(out, u64::from(word(arch)));
        }
    }
    if !versions.is_empty() {
        put_varint(out, versions.len() as u64);
        for version in versions {
            put_text(out, version);
        }
    }
    if !commits.is_empty() {
        put_varint(out, commits.len() as u64);
        for (introduced, fixed) in commits {
            put_text(out, introduced);
            put_text(out, fixed.unwrap_or_default());
        }
    }
}

/// Neighbouring events of git ranges, as published: commits have no order here.
fn commits(affected: &Affected) -> Vec<(&str, Option<&str>)> {
    let mut commits = Vec::new();
    for range in affected.ranges.iter().filter(|range| range.kind == RangeKind::Git) {
        let mut open: Vec<&str> = Vec::new();
        for event in &range.events {
            match event {
                Event::Introduced(commit) => open.push(commit),
                Event::Fixed(commit) if open.is_empty() => commits.push(("0", Some(commit.as_str()))),
                Event::Fixed(commit) => {
                    commits.extend(open.drain(..).map(|introduced| (introduced, Some(commit.as_str()))));
                }
                Event::LastAffected(_) | Event::Limit(_) => {}
            }
        }
        commits.extend(open.into_iter().map(|introduced| (introduced, None)));
    }
    commits
}

/// A statement's own part, as decoded.
#[derive(Debug)]
pub struct Row<'a> {
    pub binary: bool,
    pub status: FixStatus,
    pub intervals: Vec<Interval<'a>>,
    pub module: Option<u32>,
    pub severity: Option<u32>,
    pub arches: Vec<u32>,
    pub versions: Vec<&'a str>,
    pub commits: Vec<CommitRange<'a>>,
}

/// Reads what [`encode`] wrote; `None` for anything else.
pub fn decode<'a>(cursor: &mut Cursor<'a>) -> Option<Row<'a>> {
    let flags = cursor.byte()?;
    let status = *STATES.get(usize::from(cursor.byte()?))?;
    let count = cursor.count()?;
    let mut intervals = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        intervals.push(interval(cursor)?);
    }
    let word = |cursor: &mut Cursor<'a>, flag: u8| -> Option<Option<u32>> {
        if flags & flag == 0 { Some(None) } else { Some(Some(u32::try_from(cursor.varint()?).ok()?)) }
    };
    let module = word(cursor, MODULE)?;
    let severity = word(cursor, SEVERITY)?;
    let mut arches = Vec::new();
    if flags & ARCHES != 0 {
        for _ in 0..cursor.count()? {
            arches.push(u32::try_from(cursor.varint()?).ok()?);
        }
    }
    let mut versions = Vec::new();
    if flags & VERSIONS != 0 {
        let count = cursor.count()?;
        versions.reserve(count.min(1024));
        for _ in 0..count {
            versions.push(cursor.text()?);
        }
    }
    let mut commits = Vec::new();
    if flags & COMMITS != 0 {
        for _ in 0..cursor.count()? {
            let introduced = cursor.text()?;
            let fixed = cursor.text()?;
            commits.push(CommitRange { introduced, fixed: (!fixed.is_empty()).then_some(fixed) });
        }
    }
    Some(Row { binary: flags & BINARY != 0, status, intervals, module, severity, arches, versions, commits })
}

/// True unless the statement at the cursor cannot speak of the candidate as affected, whatever its architecture and
/// module: what [`decode`] would tell, without texts and allocations. `None` for what [`encode`] did not write.
pub fn may_affect(cursor: &mut Cursor<'_>, candidate: &Candidate<'_>) -> Option<bool> {
    let flags = cursor.byte()?;
    if *STATES.get(usize::from(cursor.byte()?))? == FixStatus::NotAffected {
        return Some(false);
    }
    if flags & COMMITS != 0 && candidate.has_commit {
        return Some(true);
    }
    let intervals = cursor.count()?;
    for _ in 0..intervals {
        let kind = cursor.byte()?;
        let mut bound = || -> Option<&[u8]> {
            let key = cursor.bytes()?;
            cursor.bytes()?;
            Some(key)
        };
        let lower = if kind & LOWER != 0 { Some(bound()?) } else { None };
        let upper = if kind & END != 0 { Some(bound()?) } else { None };
        let holds = |key: Option<&[u8]>| match (key, upper) {
            (Some(key), Some(upper)) => {
                lower.is_none_or(|lower| lower <= key) && (key < upper || kind & END == LAST && key == upper)
            }
            (Some(key), None) => lower.is_none_or(|lower| lower <= key),
            // Without a place in the order, all versions still hold this one.
            (None, upper) => lower.is_none() && upper.is_none(),
        };
        if (0..candidate.versions.len()).any(|index| holds((candidate.key)(index))) {
            return Some(true);
        }
    }
    if flags & VERSIONS == 0 {
        return Some(false);
    }
    // Where only versions are listed, other spellings count.
    if intervals == 0 {
        return Some(true);
    }
    for flag in [MODULE, SEVERITY] {
        if flags & flag != 0 {
            cursor.varint()?;
        }
    }
    if flags & ARCHES != 0 {
        for _ in 0..cursor.count()? {
            cursor.varint()?;
        }
    }
    for _ in 0..cursor.count()? {
        let listed = cursor.bytes()?;
        if candidate.versions.iter().any(|version| version.as_bytes() == listed) {
            return Some(true);
        }
    }
    Some(false)
}

fn interval<'a>(cursor: &mut Cursor<'a>) -> Option<Interval<'a>> {
    let kind = cursor.byte()?;
    let mut bound = || -> Option<(&'a [u8], &'a str)> { Some((cursor.bytes()?, cursor.text()?)) };
    let lower = if kind & LOWER != 0 { Some(bound()?) } else { None };
    let upper = match kind & END {
        0 => Upper::Open,
        end => {
            let (key, text) = bound()?;
            match end {
                FIXED => Upper::Fixed(key, text),
                LIMIT => Upper::Limit(key, text),
                _ => Upper::LastAffected(key, text),
            }
        }
    };
    Some(Interval { lower, upper })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn bound() -> impl Strategy<Value = (Vec<u8>, String)> {
        vec(0u8..3, 0..3).prop_map(|key| (key.clone(), format!("{key:?}")))
    }

    fn span() -> impl Strategy<Value = Span> {
        let end = prop_oneof![
            Just(End::Open),
            bound().prop_map(End::Fixed),
            bound().prop_map(End::Limit),
            bound().prop_map(End::Last),
        ];
        (proptest::option::of(bound()), end).prop_map(|(lower, end)| Span { lower, end })
    }

    fn statement() -> impl Strategy<Value = Vec<u8>> {
        let flags = (0..STATES.len(), any::<bool>(), any::<bool>(), any::<bool>());
        let lists = (vec("[ab]", 0..3), vec("[1-3]", 0..3));
        (vec(span(), 0..3), flags, lists).prop_map(|(spans, flags, (arches, versions))| {
            let (status, module, severity, commit) = flags;
            let mut affected = Affected::new("Example", "foo");
            affected.status = STATES[status];
            affected.module = module.then(|| "m:1".to_owned());
            affected.severity = severity.then(|| "high".to_owned());
            affected.arches = arches;
            affected.versions = versions;
            if commit {
                let events = vec![Event::Introduced("abc".into()), Event::Fixed("def".into())];
                affected.ranges.push(yagura_model::Range { kind: RangeKind::Git, events });
            }
            let mut bytes = Vec::new();
            encode(&mut bytes, &affected, &spans, |_| 7);
            bytes
        })
    }

    proptest! {
        /// The quick look says what the decoded statement says, and no more than once too often.
        #[test]
        fn the_quick_look_agrees_with_the_statement(
            bytes in statement(),
            text in "[1-4]",
            key in proptest::option::of(vec(0u8..3, 0..3)),
            has_commit: bool,
        ) {
            let row = decode(&mut Cursor::at(&bytes, 0)).unwrap();
            let key = key.as_deref();
            let within = row.intervals.iter().any(|interval| match key {
                Some(key) => interval.contains(key),
                None => interval.lower.is_none() && interval.upper == Upper::Open,
            });
            let listed = row.versions.contains(&text.as_str())
                || row.intervals.is_empty() && !row.versions.is_empty();
            let hit = row.status != FixStatus::NotAffected
                && (within || listed || has_commit && !row.commits.is_empty());
            let candidate = Candidate { versions: &[&text], key: &|_| key, has_commit };
            prop_assert_eq!(may_affect(&mut Cursor::at(&bytes, 0), &candidate), Some(hit));
            for end in 0..bytes.len() {
                may_affect(&mut Cursor::at(&bytes[..end], 0), &candidate);
            }
        }
    }
}
