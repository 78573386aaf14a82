//! Conda: ordered like `conda.models.version.VersionOrder`.
//!
//! Algorithm: <https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/pkg-specs.html#version-ordering>.
//! Epoch, version and local version; parts between `.`, `_` and `-`; within a part runs of digits and others,
//! a part that starts with letters gets a zero in front. Words sort below numbers, `dev` lowest, `post`
//! highest; whatever is missing is zero. A separator at the very end of the version belongs to its last part, as a
//! word below all letters: packages that count with letters write `1.0.1_` to stay below `1.0.1a`.

use super::key::{Key, Zeros, digits, is_commit, is_zero, take};
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of conda.
pub struct Conda;

/// The value to register.
pub static CONDA: Conda = Conda;

const DEV: u8 = 0x01;
const WORD: u8 = 0x02;
const POST: u8 = 0x80;
/// A part greater than zero that is not preceded by zero parts.
const ABOVE: u8 = 0x38;

impl VersionScheme for Conda {
    fn id(&self) -> &'static str {
        "conda"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let trimmed = version.trim();
        if !trimmed.bytes().any(|byte| byte.is_ascii_alphanumeric()) || is_commit(trimmed) {
            return Err(bad(self, version));
        }
        let lower = trimmed.to_ascii_lowercase();
        let (epoch, rest) = match lower.split_once('!') {
            Some((epoch, rest)) if epoch.bytes().all(|byte| byte.is_ascii_digit()) => (epoch, rest),
            _ => ("", lower.as_str()),
        };
        let (main, local) = rest.split_once('+').unwrap_or((rest, ""));
        let dotted = |text: &str| text.replace(['_', '-'], ".");
        let main = match main.strip_suffix(['_', '-']) {
            Some(closed) => dotted(closed) + "_",
            None => dotted(main),
        };
        let local = dotted(local);
        let mut key = Key::of(trimmed);
        key.number(epoch.as_bytes());
        parts(&mut key, main.as_bytes());
        parts(&mut key, local.as_bytes());
        Ok(key.done())
    }
}

fn parts(key: &mut Key, text: &[u8]) {
    let mut zeros = Zeros::default();
    for part in text.split(|&byte| byte == b'.') {
        match sign(part) {
            0 => zeros.add(),
            1 => {
                zeros.above(key);
                key.tag(ABOVE);
                runs(key, part);
            }
            _ => {
                zeros.below(key);
                runs(key, part);
            }
        }
    }
    zeros.end(key);
}

/// How a part compares to zero.
fn sign(part: &[u8]) -> i8 {
    let (_, rest) = take(part, |byte| byte == b'0');
    match rest.first() {
        None => 0,
        Some(byte) if byte.is_ascii_digit() => 1,
        // Zeros are a number, whose own value is zero: what follows decides.
        Some(_) if take(rest, |byte| !byte.is_ascii_digit()).0 == b"post" => 1,
        Some(_) => -1,
    }
}

fn runs(key: &mut Key, part: &[u8]) {
    let mut zeros = Zeros::default();
    if part.first().is_some_and(|byte| !byte.is_ascii_digit()) {
        zeros.add();
    }
    let mut rest = part;
    while let Some(&byte) = rest.first() {
        if byte.is_ascii_digit() {
            let (number, tail) = digits(rest);
            if is_zero(number) {
                zeros.add();
            } else {
                zeros.above(key);
                key.number(number);
            }
            rest = tail;
            continue;
        }
        let (word, tail) = take(rest, |byte| !byte.is_ascii_digit());
        match word {
            b"post" => {
                zeros.above(key);
                key.tag(POST);
            }
            b"dev" => {
                zeros.below(key);
                key.tag(DEV);
            }
            word => {
                zeros.below(key);
                key.tag(WORD);
                key.text(word);
            }
        }
        rest = tail;
    }
    zeros.end(key);
}
