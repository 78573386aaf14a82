//! RPM distributions: `[epoch:]version[-release]`, each part ordered like `rpmvercmp`.
//!
//! Algorithm: <https://rpm-software-management.github.io/rpm/manual/tags.html> and `rpmio/rpmvercmp.c` since
//! rpm 4.15. Separators only separate. `~` sorts before the end of the text and `^` right after it; runs of
//! letters come next, numbers last. A missing epoch equals `0`; a missing release sorts before every release.

use super::key::{Key, digits, take};
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of rpm.
pub struct Rpm;

/// The value to register.
pub static RPM: Rpm = Rpm;

impl VersionScheme for Rpm {
    fn id(&self) -> &'static str {
        "rpm"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let trimmed = version.trim();
        if trimmed.is_empty() {
            return Err(bad(self, version));
        }
        let mut key = Key::of(trimmed);
        let (epoch, rest) = match trimmed.split_once(':') {
            Some((epoch, rest)) if epoch.bytes().all(|byte| byte.is_ascii_digit()) => (epoch, rest),
            _ => ("", trimmed),
        };
        let (version, release) = rest.rsplit_once('-').unwrap_or((rest, ""));
        key.number(epoch.as_bytes());
        part(&mut key, version.as_bytes());
        part(&mut key, release.as_bytes());
        Ok(key.done())
    }
}

const TILDE: u8 = 0x01;
const END: u8 = 0x02;
const CARET: u8 = 0x03;
const LETTERS: u8 = 0x10;

/// Writes version or release.
fn part(key: &mut Key, mut rest: &[u8]) {
    while let Some((&byte, tail)) = rest.split_first() {
        match byte {
            b'~' => {
                key.tag(TILDE);
                rest = tail;
            }
            b'^' => {
                key.tag(CARET);
                rest = tail;
            }
            byte if byte.is_ascii_digit() => {
                let (number, tail) = digits(rest);
                key.number(number);
                rest = tail;
            }
            byte if byte.is_ascii_alphabetic() => {
                let (letters, tail) = take(rest, |byte| byte.is_ascii_alphabetic());
                key.tag(LETTERS);
                key.text(letters);
                rest = tail;
            }
            _ => rest = tail,
        }
    }
    key.tag(END);
}
