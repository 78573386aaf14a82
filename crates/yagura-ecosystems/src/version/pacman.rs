//! Arch Linux: `[epoch:]version[-release]`, ordered like `vercmp` of pacman.
//!
//! Algorithm: <https://man.archlinux.org/man/vercmp.8>. Like rpm's of old, except that letters right after
//! a number make a version older (`1.0rc` before `1.0`) and that more separators make it newer.

use super::key::{Key, digits, take};
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of pacman.
pub struct Pacman;

/// The value to register.
pub static PACMAN: Pacman = Pacman;

impl VersionScheme for Pacman {
    fn id(&self) -> &'static str {
        "pacman"
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

const LETTERS_AT_ONCE: u8 = 0x01;
const END: u8 = 0x02;
const SEPARATED: u8 = 0x03;
const LETTERS: u8 = 0x10;
const NOTHING: u8 = 0x20;

fn part(key: &mut Key, text: &[u8]) {
    let mut rest = text;
    while let Some(&byte) = rest.first() {
        let (separators, tail) = take(rest, |byte| !byte.is_ascii_alphanumeric());
        if separators.is_empty() && byte.is_ascii_alphabetic() {
            key.tag(LETTERS_AT_ONCE);
        } else {
            key.tag(SEPARATED);
            key.number(separators.len().to_string().as_bytes());
        }
        rest = tail;
        match rest.first() {
            None => key.tag(NOTHING),
            Some(byte) if byte.is_ascii_digit() => {
                let (number, tail) = digits(rest);
                key.number(number);
                rest = tail;
            }
            Some(_) => {
                let (letters, tail) = take(rest, |byte| byte.is_ascii_alphabetic());
                key.tag(LETTERS);
                key.text(letters);
                rest = tail;
            }
        }
    }
    key.tag(END);
}
