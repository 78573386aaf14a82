//! Paths inside a tree.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;

/// A path inside a tree: relative, `/`-separated, without `.`, `..` or empty parts, always valid UTF-8.
/// Bytes that are not UTF-8 appear as `\xNN`. A file inside an archive inside the tree is joined with `!/`,
/// as in `opt/app.war!/WEB-INF/lib/log4j-core-2.14.1.jar`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TreePath(Box<str>);

impl TreePath {
    /// Takes a path as a file system or archive gives it. Leading `/` and `./`, doubled slashes and `.`
    /// parts vanish; `None` when a `..` part would leave the tree.
    pub fn new(raw: &[u8]) -> Option<Self> {
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in raw.split(|&byte| byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        let mut text = String::with_capacity(raw.len());
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                text.push('/');
            }
            for chunk in part.utf8_chunks() {
                text.push_str(chunk.valid());
                for byte in chunk.invalid() {
                    text.push_str(&format!("\\x{byte:02x}"));
                }
            }
        }
        Some(Self(text.into()))
    }

    /// The same for text. `None` when a `..` part would leave the tree.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::new(text.as_bytes())
    }

    /// The path as text, without a leading slash; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part: `b` of `a/b`.
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&*self.0, |(_, name)| name)
    }

    /// Everything before the last part, as text: `a` of `a/b`, empty for a top-level entry.
    pub fn parent(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    /// The path of something below this one. `None` when it would leave the tree.
    pub fn join(&self, relative: &str) -> Option<Self> {
        Self::from_text(&format!("{}/{relative}", self.0))
    }

    /// The path of a member of the archive at this path.
    pub fn member(&self, inner: &str) -> Self {
        Self(format!("{}!/{inner}", self.0).into())
    }

    /// True when this path is `directory` or lies below it.
    pub fn is_below(&self, directory: &str) -> bool {
        directory.is_empty()
            || self.0.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for TreePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalized() {
        for (raw, expected) in [
            (&b"/etc//os-release"[..], Some("etc/os-release")),
            (b"./a/./b/../c", Some("a/c")),
            (b"../x", None),
            (b"a/../../x", None),
            (b"caf\xe9", Some("caf\\xe9")),
            (b"/", Some("")),
        ] {
            assert_eq!(TreePath::new(raw).as_ref().map(TreePath::as_str), expected);
        }
    }

    #[test]
    fn below_respects_part_boundaries() {
        let path = TreePath::from_text("usr/lib/x").unwrap();
        assert!(path.is_below("usr/lib") && path.is_below("") && path.is_below("usr/lib/x"));
        assert!(!path.is_below("usr/li"));
    }
}
