//! Conan: ordered like `conan.internal.model.version.Version`.
//!
//! Algorithm: <https://docs.conan.io/2/tutorial/versioning/version_ranges.html>. Items between dots; trailing
//! zeros do not count; `-` starts a pre-release (older), `+` build metadata (newer). Items such as `1k` order
//! as number, then letters, so that `1.1.1` is older than `1.1.1k` as OpenSSL means it.

use super::key::{Key, digits, is_commit, is_zero, take};
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of Conan.
pub struct Conan;

/// The value to register.
pub static CONAN: Conan = Conan;

const PRERELEASE: u8 = 0x01;
const END: u8 = 0x02;
const BUILD: u8 = 0x03;
const ITEM: u8 = 0x04;
const LETTERS: u8 = 0x80;

impl VersionScheme for Conan {
    fn id(&self) -> &'static str {
        "conan"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let trimmed = version.trim();
        if !trimmed.bytes().any(|byte| byte.is_ascii_alphanumeric()) || is_commit(trimmed) {
            return Err(bad(self, version));
        }
        let mut key = Key::of(trimmed);
        let (rest, build) = trimmed.split_once('+').unwrap_or((trimmed, ""));
        let (main, prerelease) = rest.split_once('-').unwrap_or((rest, ""));
        items(&mut key, main.as_bytes());
        if !prerelease.is_empty() {
            key.tag(PRERELEASE);
            items(&mut key, prerelease.as_bytes());
        }
        if !build.is_empty() {
            key.tag(BUILD);
            items(&mut key, build.as_bytes());
        }
        key.tag(END);
        Ok(key.done())
    }
}

fn items(key: &mut Key, text: &[u8]) {
    let mut zeros = 0;
    for item in text.split(|&byte| byte == b'.') {
        if is_zero(item) {
            zeros += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut zeros) {
            key.tag(ITEM);
            key.number(b"");
            key.tag(END);
        }
        key.tag(ITEM);
        let mut rest = item;
        while let Some(&byte) = rest.first() {
            if byte.is_ascii_digit() {
                let (number, tail) = digits(rest);
                key.number(number);
                rest = tail;
            } else {
                let (letters, tail) = take(rest, |byte| !byte.is_ascii_digit());
                key.tag(LETTERS);
                key.text(letters);
                rest = tail;
            }
        }
        key.tag(END);
    }
    // Pre-release and build must be told from further items, and the end from both.
    key.tag(END);
}
