//! `META-INF/MANIFEST.MF` (<https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html#jar-manifest>).

use std::collections::BTreeMap;

/// Attributes of the main section.
#[derive(Debug, Default)]
pub(super) struct Manifest(BTreeMap<String, String>);

/// Longer values are lists of packages, which nobody asks for here.
const MAX_VALUE: usize = 1024;

impl Manifest {
    /// Reads the main section; lines that begin with a space continue the one before.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut attributes = BTreeMap::new();
        let mut open: Option<(String, String)> = None;
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix(' ') {
                if let Some((_, value)) = open.as_mut().filter(|(_, value)| value.len() < MAX_VALUE) {
                    value.push_str(rest);
                }
                continue;
            }
            attributes.extend(open.take());
            if line.is_empty() {
                if attributes.is_empty() {
                    continue;
                }
                break;
            }
            open = line.split_once(':').map(|(key, value)| (key.to_owned(), value.trim_start().to_owned()));
        }
        attributes.extend(open);
        Self(attributes)
    }

    /// A value that is not empty and not a placeholder that some build forgot to fill in.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|value| value.trim()).filter(|value| !value.is_empty() && !value.contains("${"))
    }

    /// The value of an OSGi header without its directives.
    pub fn bundle(&self, key: &str) -> Option<&str> {
        self.get(key)?.split(';').next().map(str::trim).filter(|value| !value.is_empty())
    }
}
