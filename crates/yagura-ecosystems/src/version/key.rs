//! Building blocks of sort keys.
//!
//! A key is a sequence of tokens. The first byte of a token tells its kind, and kinds are numbered in the
//! order in which they compare at one position, so that a scheme is mostly a table of tags. Numbers of any
//! length take `0x40..=0x7f`: what sorts below numbers has a smaller tag, what sorts above has a larger one.
//! Every key is closed by a tag, because otherwise a longer key would always sort after its own prefix.

use yagura_model::VersionKey;

/// The highest first byte of a number; the byte says "the count of digits follows".
const LONG_NUMBER: u8 = 0x7f;
/// The first byte of a number without digits, which is zero.
const NUMBER: u8 = 0x40;

/// A key being written.
pub(super) struct Key(Vec<u8>);

impl Key {
    /// An empty key with room for a version of this length.
    pub(super) fn of(version: &str) -> Self {
        Self(Vec::with_capacity(version.len().saturating_mul(2).clamp(16, 4096)))
    }

    /// One byte: a kind, or the end of something.
    pub(super) fn tag(&mut self, tag: u8) {
        self.0.push(tag);
    }

    /// A decimal number of any length. Leading zeros do not count; no digits mean zero.
    pub(super) fn number(&mut self, digits: &[u8]) {
        let (_, digits) = take(digits, |byte| byte == b'0');
        match u8::try_from(digits.len()) {
            Ok(count) if count < LONG_NUMBER - NUMBER => self.0.push(NUMBER + count),
            _ => {
                self.0.push(LONG_NUMBER);
                self.0.extend_from_slice(&(digits.len() as u64).to_be_bytes());
            }
        }
        self.0.extend_from_slice(digits);
    }

    /// Bytes that compare as bytes, where a prefix is smaller.
    pub(super) fn text(&mut self, text: &[u8]) {
        self.mapped(text, |byte| byte);
    }

    /// The same, without regard to ASCII case.
    pub(super) fn folded(&mut self, text: &[u8]) {
        self.mapped(text, |byte| byte.to_ascii_lowercase());
    }

    fn mapped(&mut self, text: &[u8], map: impl Fn(u8) -> u8) {
        for &byte in text {
            match map(byte) {
                low @ 0..=1 => self.0.extend_from_slice(&[1, low + 1]),
                byte => self.0.push(byte),
            }
        }
        self.0.push(0);
    }

    /// A count where more is greater.
    pub(super) fn more(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u64).to_be_bytes());
    }

    /// A count where more is smaller.
    pub(super) fn fewer(&mut self, count: usize) {
        self.0.extend_from_slice(&(!(count as u64)).to_be_bytes());
    }

    /// The finished key.
    pub(super) fn done(self) -> VersionKey {
        VersionKey::new(self.0)
    }
}

/// Splits where the bytes stop being wanted.
pub(super) fn take(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&byte| !wanted(byte)).unwrap_or(bytes.len());
    bytes.split_at(end)
}

/// Splits off leading decimal digits.
pub(super) fn digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    take(bytes, |byte| byte.is_ascii_digit())
}

/// True for a full git commit id, which no scheme can order.
pub(super) fn is_commit(version: &str) -> bool {
    matches!(version.len(), 40 | 64)
        && version.bytes().all(|byte| byte.is_ascii_hexdigit())
        && version.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// True for a number that is zero, or for no digits at all.
pub(super) fn is_zero(digits: &[u8]) -> bool {
    digits.iter().all(|&byte| byte == b'0')
}

/// A run of zeros whose meaning depends on what follows, in schemes where a missing number counts as zero.
///
/// There, the end of a version is an endless run of zeros, so that a run before something smaller than zero
/// sorts below the end (and the shorter the run, the further below), and a run before something greater sorts
/// above it (and the shorter, the further above).
#[derive(Default)]
pub(super) struct Zeros(usize);

impl Zeros {
    /// Something smaller than zero, right after the run.
    const BELOW: u8 = 0x08;
    const BELOW_LATER: u8 = 0x10;
    /// The end of the version.
    const END: u8 = 0x20;
    /// Something greater than zero after at least one zero. Without a zero, the thing itself must start
    /// with a greater byte.
    const ABOVE_LATER: u8 = 0x30;

    /// Holds one more zero back.
    pub(super) fn add(&mut self) {
        self.0 += 1;
    }

    /// Forgets the zeros held back.
    pub(super) fn clear(&mut self) {
        self.0 = 0;
    }

    /// Announces something smaller than zero.
    pub(super) fn below(&mut self, key: &mut Key) {
        match std::mem::take(&mut self.0) {
            0 => key.tag(Self::BELOW),
            count => {
                key.tag(Self::BELOW_LATER);
                key.more(count);
            }
        }
    }

    /// Announces something greater than zero.
    pub(super) fn above(&mut self, key: &mut Key) {
        match std::mem::take(&mut self.0) {
            0 => {}
            count => {
                key.tag(Self::ABOVE_LATER);
                key.fewer(count);
            }
        }
    }

    /// The end, which swallows the zeros held back.
    pub(super) fn end(&mut self, key: &mut Key) {
        self.0 = 0;
        key.tag(Self::END);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(write: impl Fn(&mut Key)) -> VersionKey {
        let mut key = Key::of("");
        write(&mut key);
        key.done()
    }

    #[test]
    fn numbers_of_any_length_compare_by_value() {
        let long = "9".repeat(100);
        let longer = "1".repeat(1000);
        let ordered = ["0", "9", "10", "99999999999999999999", &long, &longer];
        for pair in ordered.windows(2) {
            assert!(
                key(|k| k.number(pair[0].as_bytes())) < key(|k| k.number(pair[1].as_bytes())),
                "{pair:?}"
            );
        }
        assert_eq!(key(|k| k.number(b"007")), key(|k| k.number(b"7")));
        assert_eq!(key(|k| k.number(b"")), key(|k| k.number(b"0")));
    }

    #[test]
    fn texts_compare_as_bytes_even_with_zero_bytes() {
        let ordered: [&[u8]; 6] = [b"", b"\0", b"\0\0", b"\x01", b"a", b"a\0"];
        for pair in ordered.windows(2) {
            assert!(key(|k| k.text(pair[0])) < key(|k| k.text(pair[1])), "{pair:?}");
        }
    }

    #[test]
    fn only_whole_commit_ids_are_refused() {
        assert!(is_commit("0a2e7b4c0a2e7b4c0a2e7b4c0a2e7b4c0a2e7b4c"));
        assert!(!is_commit("20200101"));
        assert!(!is_commit("0a2e7b4"));
    }
}
