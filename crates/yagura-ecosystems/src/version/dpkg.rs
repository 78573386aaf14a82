//! Debian and Ubuntu: `[epoch:]upstream[-revision]`, ordered like `dpkg --compare-versions`.
//!
//! Algorithm: <https://www.debian.org/doc/debian-policy/ch-controlfields.html#version>. Upstream and revision
//! are compared as alternating runs of non-digits and digits. In a run of non-digits `~` sorts before the end
//! of the run, letters follow, and everything else comes last. A missing revision equals `0`.

use super::key::{Key, digits};
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of dpkg.
pub struct Dpkg;

/// The value to register.
pub static DPKG: Dpkg = Dpkg;

impl VersionScheme for Dpkg {
    fn id(&self) -> &'static str {
        "dpkg"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let trimmed = version.trim();
        if trimmed.is_empty() {
            return Err(bad(self, version));
        }
        let mut key = Key::of(trimmed);
        let (epoch, rest) = match trimmed.split_once(':') {
            Some((epoch, rest)) if !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit()) => {
                (epoch, rest)
            }
            _ => ("", trimmed),
        };
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        key.number(epoch.as_bytes());
        part(&mut key, upstream.as_bytes());
        part(&mut key, revision.as_bytes());
        Ok(key.done())
    }
}

const TILDE: u8 = 0x01;
const END: u8 = 0x02;

/// Writes upstream version or revision.
fn part(key: &mut Key, mut rest: &[u8]) {
    loop {
        while let Some((&byte, tail)) = rest.split_first()
            && !byte.is_ascii_digit()
        {
            match byte {
                b'~' => key.tag(TILDE),
                byte if byte.is_ascii_alphabetic() => key.tag(byte),
                byte => {
                    key.tag(0xff);
                    key.tag(byte);
                }
            }
            rest = tail;
        }
        key.tag(END);
        let (number, tail) = digits(rest);
        key.number(number);
        if tail.is_empty() {
            key.tag(END);
            return;
        }
        rest = tail;
    }
}
