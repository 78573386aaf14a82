//! Packagist: ordered like Composer, which is PHP's `version_compare` over normalized versions.
//!
//! Algorithm: <https://www.php.net/manual/function.version-compare.php> and
//! <https://github.com/composer/semver>. Words sort by their beginning: unknown, `dev`, `alpha`, `beta`, `rc`,
//! then the end of the version, then numbers, then `p`/`pl`/`patch`; what follows in the word does not count.
//! As Composer does, a leading `v` is dropped, case is ignored, and missing numbers up to the fourth are zero.
//! Branches (`dev-main`) sort below everything by their names; Composer never matches them to a range.

use super::key::{Key, digits, is_commit, take};
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of Composer.
pub struct Packagist;

/// The value to register.
pub static PACKAGIST: Packagist = Packagist;

const BRANCH: u8 = 0x00;
const UNKNOWN: u8 = 0x01;
const END: u8 = 0x06;
const PATCH: u8 = 0x90;
/// What the `x` of `2.x-dev` stands for.
const ANY: &[u8] = b"9999999";
/// Numbers that Composer writes in every version.
const NUMBERS: usize = 4;

impl VersionScheme for Packagist {
    fn id(&self) -> &'static str {
        "packagist"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let trimmed = version.trim();
        if trimmed.is_empty() || is_commit(trimmed) {
            return Err(bad(self, version));
        }
        let mut key = Key::of(trimmed);
        if let Some(branch) = trimmed.strip_prefix("dev-") {
            key.tag(BRANCH);
            key.text(branch.as_bytes());
            return Ok(key.done());
        }
        let mut rest = match trimmed.as_bytes() {
            [b'v' | b'V', tail @ ..] if tail.first().is_some_and(u8::is_ascii_digit) => tail,
            bytes => bytes,
        };
        rest = leading_numbers(&mut key, rest);
        while let Some(&byte) = rest.first() {
            if byte.is_ascii_digit() {
                let (number, tail) = digits(rest);
                key.number(number);
                rest = tail;
            } else if byte.is_ascii_alphabetic() {
                let (word, tail) = take(rest, |byte| byte.is_ascii_alphabetic());
                key.tag(rank(word));
                rest = tail;
            } else {
                rest = take(rest, |byte| !byte.is_ascii_alphanumeric()).1;
            }
        }
        key.tag(END);
        Ok(key.done())
    }

    fn is_version(&self, version: &str) -> bool {
        !version.trim().starts_with("dev-")
    }
}

/// Writes the numbers of the beginning, at least four, and returns what follows. Nothing is written when the
/// version starts with a word.
fn leading_numbers<'a>(key: &mut Key, version: &'a [u8]) -> &'a [u8] {
    if !version.first().is_some_and(u8::is_ascii_digit) {
        return version;
    }
    let mut rest = version;
    let mut fill: &[u8] = b"";
    let mut count = 0;
    loop {
        let (number, tail) = digits(rest);
        key.number(number);
        count += 1;
        rest = tail;
        match tail {
            [b'.', more @ ..] if more.first().is_some_and(u8::is_ascii_digit) => rest = more,
            [b'.', b'x' | b'X' | b'*', more @ ..] if !more.first().is_some_and(u8::is_ascii_alphanumeric) => {
                fill = ANY;
                rest = take(more, |byte| matches!(byte, b'.' | b'x' | b'X' | b'*')).1;
                break;
            }
            _ => break,
        }
    }
    for _ in count..NUMBERS {
        key.number(fill);
    }
    rest
}

/// The class of a word, by its beginning and in any case.
fn rank(word: &[u8]) -> u8 {
    let starts =
        |prefix: &[u8]| word.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if starts(b"dev") {
        0x02
    } else if starts(b"a") {
        0x03
    } else if starts(b"b") {
        0x04
    } else if starts(b"rc") {
        0x05
    } else if starts(b"p") {
        PATCH
    } else {
        UNKNOWN
    }
}
