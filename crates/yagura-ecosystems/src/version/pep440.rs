//! PyPI: ordered like `packaging.version.Version`, with `LegacyVersion` for what is not PEP 440.
//!
//! Algorithm: <https://packaging.python.org/en/latest/specifications/version-specifiers/> and, for legacy
//! versions, `pkg_resources.parse_version` of old (kept by packaging up to 21). Every legacy version sorts
//! below every proper one.

use super::key::{Key, digits, is_commit, is_zero, take};
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of PyPI.
pub struct Pep440;

/// The value to register.
pub static PEP440: Pep440 = Pep440;

const LEGACY: u8 = 0x00;
const PROPER: u8 = 0x01;

impl VersionScheme for Pep440 {
    fn id(&self) -> &'static str {
        "pep440"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let trimmed = version.trim();
        if trimmed.is_empty() || is_commit(trimmed) {
            return Err(bad(self, version));
        }
        let lower;
        let text = if trimmed.bytes().any(|byte| byte.is_ascii_uppercase()) {
            lower = trimmed.to_ascii_lowercase();
            lower.as_str()
        } else {
            trimmed
        };
        Ok(match Parts::of(text.as_bytes()) {
            Some(parts) => parts.key(text),
            None => legacy(text),
        })
    }

    fn is_version(&self, version: &str) -> bool {
        Parts::of(version.trim().to_ascii_lowercase().as_bytes()).is_some()
    }
}

/// A version by its parts; texts are lower-case.
#[derive(Default)]
struct Parts<'a> {
    epoch: &'a [u8],
    release: &'a [u8],
    /// `a`, `b` or `r` (for `rc`), and its number.
    pre: Option<(u8, &'a [u8])>,
    post: Option<&'a [u8]>,
    dev: Option<&'a [u8]>,
    local: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// `None` for what PEP 440 does not accept.
    fn of(version: &'a [u8]) -> Option<Self> {
        let mut parts = Self::default();
        let mut rest = version.strip_prefix(b"v").unwrap_or(version);
        if let (epoch, [b'!', tail @ ..]) = digits(rest)
            && !epoch.is_empty()
        {
            parts.epoch = epoch;
            rest = tail;
        }
        let start = rest;
        loop {
            let (number, tail) = digits(rest);
            if number.is_empty() {
                return None;
            }
            rest = tail;
            match tail {
                [b'.', more @ ..] if more.first().is_some_and(u8::is_ascii_digit) => rest = more,
                _ => break,
            }
        }
        parts.release = start.get(..start.len() - rest.len())?;
        if let Some((word, number, tail)) =
            label(rest, &[b"alpha", b"a", b"beta", b"b", b"preview", b"pre", b"c", b"rc"])
        {
            let kind = match word {
                b"alpha" | b"a" => b'a',
                b"beta" | b"b" => b'b',
                _ => b'r',
            };
            parts.pre = Some((kind, number));
            rest = tail;
        }
        if let [b'-', tail @ ..] = rest
            && let (number @ [_, ..], tail) = digits(tail)
        {
            parts.post = Some(number);
            rest = tail;
        } else if let Some((_, number, tail)) = label(rest, &[b"post", b"rev", b"r"]) {
            parts.post = Some(number);
            rest = tail;
        }
        if let Some((_, number, tail)) = label(rest, &[b"dev"]) {
            parts.dev = Some(number);
            rest = tail;
        }
        if let [b'+', tail @ ..] = rest {
            let proper = tail
                .split(|byte| is_separator(*byte))
                .all(|segment| !segment.is_empty() && segment.iter().all(u8::is_ascii_alphanumeric));
            if !proper {
                return None;
            }
            parts.local = Some(tail);
            rest = b"";
        }
        rest.is_empty().then_some(parts)
    }

    fn key(&self, text: &str) -> VersionKey {
        let mut key = Key::of(text);
        key.tag(PROPER);
        key.number(self.epoch);
        let mut zeros = 0;
        for number in self.release.split(|&byte| byte == b'.') {
            if is_zero(number) {
                zeros += 1;
                continue;
            }
            for _ in 0..std::mem::take(&mut zeros) {
                key.number(b"");
            }
            key.number(number);
        }
        key.tag(0x01);
        match self.pre {
            None if self.post.is_none() && self.dev.is_some() => key.tag(0x10),
            Some((kind, number)) => {
                key.tag(match kind {
                    b'a' => 0x11,
                    b'b' => 0x12,
                    _ => 0x13,
                });
                key.number(number);
            }
            None => key.tag(0x14),
        }
        match self.post {
            None => key.tag(0x10),
            Some(number) => {
                key.tag(0x11);
                key.number(number);
            }
        }
        match self.dev {
            Some(number) => {
                key.tag(0x10);
                key.number(number);
            }
            None => key.tag(0x11),
        }
        match self.local {
            None => key.tag(0x01),
            Some(local) => {
                for segment in local.split(|byte| is_separator(*byte)) {
                    if segment.iter().all(u8::is_ascii_digit) {
                        key.number(segment);
                    } else {
                        key.tag(0x10);
                        key.text(segment);
                    }
                }
                key.tag(0x02);
            }
        }
        key.done()
    }
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'.' | b'-' | b'_')
}

/// One of the words with optional separators around it, its number, and what follows.
fn label<'a>(text: &'a [u8], words: &[&'static [u8]]) -> Option<(&'static [u8], &'a [u8], &'a [u8])> {
    let text = match text {
        [byte, tail @ ..] if is_separator(*byte) => tail,
        text => text,
    };
    words.iter().find_map(|word| {
        let tail = text.strip_prefix(*word)?;
        // A separator belongs to the label only when a number follows it, or nothing that could use it.
        let (number, after) = match tail {
            [byte, more @ ..] if is_separator(*byte) && more.first().is_some_and(u8::is_ascii_digit) => {
                digits(more)
            }
            [byte] if is_separator(*byte) => (&b""[..], &b""[..]),
            tail => digits(tail),
        };
        let clean =
            !after.first().is_some_and(u8::is_ascii_alphabetic) || !number.is_empty() || starts_label(after);
        clean.then_some((*word, number, after))
    })
}

/// True where another label may start right after a word (`1.0adev1`).
fn starts_label(text: &[u8]) -> bool {
    [&b"post"[..], b"rev", b"r", b"dev"].iter().any(|word| text.starts_with(word))
}

/// The key of a version from before PEP 440: a list of texts, numbers padded to eight digits, words marked
/// with `*`, closed by `*final`.
fn legacy(version: &str) -> VersionKey {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    let mut rest = version.as_bytes();
    while let Some(&byte) = rest.first() {
        let (part, tail) = match byte {
            b'.' | b'-' => rest.split_at(1),
            b'0'..=b'9' => digits(rest),
            b'a'..=b'z' => take(rest, |byte| byte.is_ascii_lowercase()),
            _ => take(rest, |byte| !matches!(byte, b'.' | b'-' | b'0'..=b'9' | b'a'..=b'z')),
        };
        rest = tail;
        match part {
            b"." => {}
            [b'0'..=b'9', ..] => {
                let mut padded = vec![b'0'; 8usize.saturating_sub(part.len())];
                padded.extend_from_slice(part);
                parts.push(padded);
            }
            word => {
                let word: &[u8] = match word {
                    b"pre" | b"preview" | b"rc" => b"c",
                    b"-" => b"final-",
                    b"dev" => b"@",
                    word => word,
                };
                push_word(&mut parts, word);
            }
        }
    }
    push_word(&mut parts, b"final");
    let mut key = Key::of(version);
    key.tag(LEGACY);
    for part in &parts {
        key.tag(0x02);
        key.text(part);
    }
    key.tag(0x01);
    key.done()
}

fn push_word(parts: &mut Vec<Vec<u8>>, word: &[u8]) {
    if word < b"final".as_slice() {
        while parts.last().is_some_and(|last| last == b"*final-") {
            parts.pop();
        }
    }
    while parts.last().is_some_and(|last| last == b"00000000") {
        parts.pop();
    }
    let mut part = Vec::with_capacity(word.len() + 1);
    part.push(b'*');
    part.extend_from_slice(word);
    parts.push(part);
}
