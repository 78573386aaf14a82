//! One statement as bytes: flags, state, intervals, then whatever the flags announce.

use super::codec::{Cursor, put_bytes, put_text, put_varint};
use super::interval::{End, Span};
use yagura_model::{Affected, CommitRange, Event, FixStatus, Interval, RangeKind, Upper};

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
