//! RubyGems: ordered like `Gem::Version`.
//!
//! Algorithm: <https://guides.rubygems.org/patterns/#semantic-versioning> and `Gem::Version#<=>`. A version is
//! its runs of digits and letters; `-` stands for `.pre.`. Letters sort below every number, a missing segment
//! equals zero, and zeros at the end of the leading numbers and of the whole do not count.

use super::key::{Key, Zeros, digits, is_commit, is_zero, take};
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of RubyGems.
pub struct Gem;

/// The value to register.
pub static GEM: Gem = Gem;

impl VersionScheme for Gem {
    fn id(&self) -> &'static str {
        "gem"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let trimmed = version.trim();
        let mut rest = match trimmed.as_bytes() {
            [b'v' | b'V', tail @ ..] if tail.first().is_some_and(u8::is_ascii_digit) => tail,
            bytes => bytes,
        };
        if !rest.iter().any(u8::is_ascii_alphanumeric) || is_commit(trimmed) {
            return Err(bad(self, version));
        }
        let mut key = Key::of(trimmed);
        let mut zeros = Zeros::default();
        let mut leading = true;
        while let Some((&byte, tail)) = rest.split_first() {
            if byte.is_ascii_digit() {
                let (number, tail) = digits(rest);
                if is_zero(number) {
                    zeros.add();
                } else {
                    zeros.above(&mut key);
                    key.number(number);
                }
                rest = tail;
            } else if byte.is_ascii_alphabetic() || byte == b'-' {
                let (letters, tail) = match byte {
                    b'-' => (&b"pre"[..], tail),
                    _ => take(rest, |byte| byte.is_ascii_alphabetic()),
                };
                if std::mem::take(&mut leading) {
                    zeros.clear();
                }
                zeros.below(&mut key);
                key.text(letters);
                rest = tail;
            } else {
                rest = tail;
            }
        }
        zeros.end(&mut key);
        Ok(key.done())
    }
}
