//! CRAN: ordered like R's `package_version`.
//!
//! Algorithm: <https://stat.ethz.ch/R-manual/R-devel/library/base/html/numeric_version.html>. Numbers between
//! `.` or `-` are compared one by one; the shorter of two otherwise equal versions is smaller. R accepts
//! nothing but numbers; letters are ordered below them here.

use super::key::{Key, digits, is_commit, take};
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of CRAN.
pub struct Cran;

/// The value to register.
pub static CRAN: Cran = Cran;

impl VersionScheme for Cran {
    fn id(&self) -> &'static str {
        "cran"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        numbers(version).ok_or_else(|| bad(self, version))
    }
}

const END: u8 = 0x01;
const LETTERS: u8 = 0x10;

/// The key of a list of numbers. `None` when the text does not start with a number.
pub(super) fn numbers(version: &str) -> Option<VersionKey> {
    let trimmed = version.trim();
    let mut rest = trimmed.strip_prefix(['v', 'V']).unwrap_or(trimmed).as_bytes();
    if !rest.first().is_some_and(u8::is_ascii_digit) || is_commit(trimmed) {
        return None;
    }
    let mut key = Key::of(trimmed);
    while let Some((&byte, tail)) = rest.split_first() {
        if byte.is_ascii_digit() {
            let (number, tail) = digits(rest);
            key.number(number);
            rest = tail;
        } else if byte.is_ascii_alphabetic() {
            let (letters, tail) = take(rest, |byte| byte.is_ascii_alphabetic());
            key.tag(LETTERS);
            key.text(letters);
            rest = tail;
        } else {
            rest = tail;
        }
    }
    key.tag(END);
    Some(key.done())
}
