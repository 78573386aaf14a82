//! The formats whose files stand alone: how each is told from other files, and its reader.

use super::{Resource, cdk, compose, dockerfile, github, gitlab, kubernetes};
use yagura_model::{TreePath, UnreadReason};

/// A format of single files.
pub struct Format {
    /// Whether this path and text are such a file.
    pub takes: fn(&TreePath, &[u8]) -> bool,
    /// Its resources.
    pub read: fn(&str, &str) -> Result<Vec<Resource>, Refused>,
}

/// All of them. A file may be taken by several.
pub static FORMATS: &[Format] = &[
    Format { takes: kubernetes::takes, read: kubernetes::read },
    Format { takes: dockerfile::takes, read: dockerfile::read },
    Format { takes: compose::takes, read: compose::read },
    Format { takes: github::takes, read: github::read },
    Format { takes: gitlab::takes, read: gitlab::read },
    Format { takes: cdk::takes, read: cdk::read },
];

/// Why a file gave no resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The kind of reason.
    pub reason: UnreadReason,
    /// What is wrong, or why it was left out.
    pub detail: String,
}

impl From<String> for Refused {
    fn from(detail: String) -> Self {
        Self { reason: UnreadReason::Malformed, detail }
    }
}

/// The last part of a path behind its last dot, in lowercase.
pub fn extension(path: &TreePath) -> String {
    path.name().rsplit_once('.').map_or_else(String::new, |(_, extension)| extension.to_lowercase())
}

/// Whether a text contains a word.
pub fn has(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}
