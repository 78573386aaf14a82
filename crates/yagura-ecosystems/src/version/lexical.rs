//! Versions without known meaning: ordered as bytes. Useful where an advisory source compares texts.

use super::key::Key;
use super::{VersionScheme, bad};
use yagura_model::{BadVersion, VersionKey};

/// Byte order.
pub struct Lexical;

/// The value to register.
pub static LEXICAL: Lexical = Lexical;

impl VersionScheme for Lexical {
    fn id(&self) -> &'static str {
        "lexical"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        if version.is_empty() {
            return Err(bad(self, version));
        }
        let mut key = Key::of(version);
        key.text(version.as_bytes());
        Ok(key.done())
    }
}
