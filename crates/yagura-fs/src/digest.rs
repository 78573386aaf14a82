//! Digests of blobs, and readers that check them as bytes pass.
//!
//! Format: <https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests>. Of the registered
//! algorithms only SHA-256 is known here; no registry serves anything else.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io::{self, Read};

/// `sha256:` and 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(Box<str>);

impl Digest {
    /// Checks the form. Everything that becomes part of a path or URL goes through here.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        let valid = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        valid.then(|| Self(text.into()))
    }

    /// The digest of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_hash(Sha256::new_with_prefix(bytes))
    }

    fn from_hash(hash: Sha256) -> Self {
        Self(format!("sha256:{:x}", hash.finalize()).into())
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the colon.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not a sha256 digest"))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0.into()
    }
}

/// A reader whose end is an error when the bytes before it have another digest or length than expected.
pub struct Verified<R> {
    reader: R,
    hash: Option<Sha256>,
    expected: Digest,
    left: Option<u64>,
}

impl<R: Read> Verified<R> {
    /// Expects `expected` and, where given, exactly `size` bytes.
    pub fn new(reader: R, expected: Digest, size: Option<u64>) -> Self {
        Self { reader, hash: Some(Sha256::new()), expected, left: size }
    }
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        let invalid = |text: String| Err(io::Error::new(io::ErrorKind::InvalidData, text));
        if let Some(left) = &mut self.left {
            match left.checked_sub(count as u64) {
                Some(rest) => *left = rest,
                None => return invalid(format!("it is longer than stated for `{}`", self.expected)),
            }
        }
        if count > 0 || buffer.is_empty() {
            if let Some(hash) = &mut self.hash {
                hash.update(buffer.get(..count).unwrap_or_default());
            }
            return Ok(count);
        }
        if let Some(left) = self.left.filter(|left| *left > 0) {
            let text = format!("{left} bytes of `{}` are missing", self.expected);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        match self.hash.take().map(Digest::from_hash) {
            Some(actual) if actual != self.expected => {
                invalid(format!("its digest is `{actual}`, expected `{}`", self.expected))
            }
            _ => Ok(0),
        }
    }
}
