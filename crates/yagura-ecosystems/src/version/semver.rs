//! SemVer 2.0, read generously: crates.io, Hex, Swift, Julia and everything that says it is semantic.
//!
//! Algorithm: <https://semver.org/#spec-item-11>. On top of it: a leading `v` or `=`, any count of numbers
//! (missing ones are zero, zeros after the third do not count), numbers of any length, and a pre-release that
//! is not introduced by `-`. Build metadata does not count.

use super::key::{Key, digits, is_commit, is_zero, take};
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of semver.org.
pub struct Semver;

/// The value to register.
pub static SEMVER: Semver = Semver;

impl VersionScheme for Semver {
    fn id(&self) -> &'static str {
        "semver"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let (key, _) = precedence(version, false).ok_or_else(|| bad(self, version))?;
        Ok(key.done())
    }
}

const END: u8 = 0x01;
const PRERELEASE: u8 = 0x10;
const RELEASE: u8 = 0x20;
const REVISION: u8 = 0x30;
const WORD: u8 = 0x80;
/// Numbers that are always written.
const NUMBERS: usize = 3;

/// The key of numbers and pre-release, still open, and the build metadata. `fold` ignores ASCII case.
/// `None` when the text does not start with a number.
pub(super) fn precedence(version: &str, fold: bool) -> Option<(Key, Option<&[u8]>)> {
    let (mut key, rest) = numbers(version)?;
    let (prerelease, build) = split_build(rest);
    write_prerelease(&mut key, prerelease, fold);
    Some((key, build))
}

/// The same with a numeric pre-release taken for a packaging revision, which sorts after the release.
pub(super) fn with_revision(version: &str) -> Option<Key> {
    let (mut key, rest) = numbers(version)?;
    let (suffix, _) = split_build(rest);
    match suffix.split_first() {
        Some((b'-', revision)) if !revision.is_empty() && revision.iter().all(u8::is_ascii_digit) => {
            key.tag(REVISION);
            key.number(revision);
        }
        _ => write_prerelease(&mut key, suffix, false),
    }
    Some(key)
}

/// Writes the leading numbers and returns what follows them.
fn numbers(version: &str) -> Option<(Key, &[u8])> {
    let version = version.trim();
    let mut rest =
        version.trim_start_matches(|c: char| matches!(c, 'v' | 'V' | '=') || c.is_whitespace()).as_bytes();
    if !rest.first().is_some_and(u8::is_ascii_digit) || is_commit(version) {
        return None;
    }
    let mut key = Key::of(version);
    let mut count = 0;
    let mut zeros = 0;
    loop {
        let (number, tail) = digits(rest);
        if count >= NUMBERS && is_zero(number) {
            zeros += 1;
        } else {
            for _ in 0..std::mem::take(&mut zeros) {
                key.number(b"");
            }
            key.number(number);
        }
        count += 1;
        rest = tail;
        match tail {
            [b'.', more @ ..] if more.first().is_some_and(u8::is_ascii_digit) => rest = more,
            _ => break,
        }
    }
    for _ in count..NUMBERS {
        key.number(b"");
    }
    Some((key, rest))
}

fn split_build(rest: &[u8]) -> (&[u8], Option<&[u8]>) {
    let (before, after) = take(rest, |byte| byte != b'+');
    (before, after.split_first().map(|(_, build)| build))
}

fn write_prerelease(key: &mut Key, prerelease: &[u8], fold: bool) {
    let prerelease = match prerelease {
        [b'-' | b'.', rest @ ..] => rest,
        rest => rest,
    };
    if prerelease.is_empty() {
        key.tag(RELEASE);
    } else {
        key.tag(PRERELEASE);
        identifiers(key, prerelease, fold);
    }
}

/// Writes dot-separated identifiers: numbers below words, fewer below more.
pub(super) fn identifiers(key: &mut Key, text: &[u8], fold: bool) {
    for identifier in text.split(|&byte| byte == b'.') {
        if !identifier.is_empty() && identifier.iter().all(u8::is_ascii_digit) {
            key.number(identifier);
        } else {
            key.tag(WORD);
            if fold {
                key.folded(identifier);
            } else {
                key.text(identifier);
            }
        }
    }
    key.tag(END);
}
