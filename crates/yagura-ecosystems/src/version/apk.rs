//! Alpine, Wolfi and Chainguard: ordered like `apk version`.
//!
//! Format: `number{.number}{letter}{_suffix{number}}{~hash}{-rN}`,
//! <https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/master/doc/apk-package.5.scd>. After equal parts,
//! a version that goes on is newer, unless it goes on with `_alpha`, `_beta`, `_pre` or `_rc`. Numbers after
//! the first compare as texts when either starts with zero, so `1.01` is older than `1.1`. From the first
//! thing that does not belong, nothing is compared; letters followed by numbers (`6.6p1`), which only apk 2
//! accepts, are ordered all the same.

use super::key::{Key, digits, take};
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of apk.
pub struct Apk;

/// The value to register.
pub static APK: Apk = Apk;

// What may follow at one position, oldest first. Numbers take 0x40..=0x7f.
const INVALID_EARLY: u8 = 0x08;
const END: u8 = 0x0a;
const INVALID_LATE: u8 = 0x0c;
const REVISION: u8 = 0x10;
const HASH: u8 = 0x14;
const SUFFIX_NUMBER: u8 = 0x18;
const LETTER: u8 = 0x24;
const LETTER_NUMBER: u8 = 0x26;
const TRAILING_DOT: u8 = 0x28;
const LEADING_ZERO: u8 = 0x2a;
const NO_NUMBER: u8 = 0x2c;

/// Suffixes and their tags: the first four are below [`END`], the rest above.
const SUFFIXES: [(&[u8], u8); 9] = [
    (b"alpha", 0x02),
    (b"beta", 0x03),
    (b"pre", 0x04),
    (b"rc", 0x05),
    (b"cvs", 0x1c),
    (b"svn", 0x1d),
    (b"git", 0x1e),
    (b"hg", 0x1f),
    (b"p", 0x20),
];

impl VersionScheme for Apk {
    fn id(&self) -> &'static str {
        "apk"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let trimmed = version.trim();
        if trimmed.is_empty() {
            return Err(bad(self, version));
        }
        let mut key = Key::of(trimmed);
        let rest = numbers(&mut key, trimmed.as_bytes());
        let rest = letters(&mut key, rest);
        let (rest, any) = suffixes(&mut key, rest);
        let (rest, more) = hash_and_revision(&mut key, rest);
        key.tag(match (rest.is_empty(), any || more) {
            (true, _) => END,
            (false, false) => INVALID_EARLY,
            (false, true) => INVALID_LATE,
        });
        Ok(key.done())
    }
}

fn numbers<'a>(key: &mut Key, version: &'a [u8]) -> &'a [u8] {
    let (first, mut rest) = digits(version);
    key.number(first);
    while let [b'.', tail @ ..] = rest {
        let (number, tail) = digits(tail);
        match number {
            [] if tail.first() == Some(&b'.') => key.tag(NO_NUMBER),
            [] => key.tag(TRAILING_DOT),
            [b'0', ..] => {
                key.tag(LEADING_ZERO);
                key.text(number);
            }
            _ => key.number(number),
        }
        rest = tail;
    }
    rest
}

fn letters<'a>(key: &mut Key, mut rest: &'a [u8]) -> &'a [u8] {
    while let Some((letter @ b'a'..=b'z', tail)) = rest.split_first() {
        key.tag(LETTER);
        key.tag(*letter);
        let (number, tail) = digits(tail);
        rest = tail;
        if number.is_empty() {
            break;
        }
        key.tag(LETTER_NUMBER);
        key.number(number);
    }
    rest
}

fn suffixes<'a>(key: &mut Key, mut rest: &'a [u8]) -> (&'a [u8], bool) {
    let mut any = false;
    while let [b'_', tail @ ..] = rest {
        let (word, tail) = take(tail, |byte| byte.is_ascii_lowercase());
        let Some((_, tag)) = SUFFIXES.iter().find(|(name, _)| *name == word) else { break };
        key.tag(*tag);
        any = true;
        let (number, tail) = digits(tail);
        if !number.is_empty() {
            key.tag(SUFFIX_NUMBER);
            key.number(number);
        }
        rest = tail;
    }
    (rest, any)
}

fn hash_and_revision<'a>(key: &mut Key, mut rest: &'a [u8]) -> (&'a [u8], bool) {
    let mut any = false;
    if let [b'~', tail @ ..] = rest {
        let (hash, tail) = take(tail, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !hash.is_empty() {
            key.tag(HASH);
            key.text(hash);
            any = true;
            rest = tail;
        }
    }
    if let [b'-', b'r', tail @ ..] = rest {
        let (number, tail) = digits(tail);
        key.tag(REVISION);
        key.number(number);
        any = true;
        rest = tail;
    }
    (rest, any)
}
