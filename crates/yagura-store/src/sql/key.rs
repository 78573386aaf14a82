//! Texts from outside, of any length, in indexes of limited width.

use crate::database::storable;
use std::fmt::Write as _;

/// Bytes of a text that an index holds; PostgreSQL takes 2,700 in all.
const WIDTH: usize = 512;
/// Bytes of a long text that stay readable in its key.
const READABLE: usize = 440;

/// A text to look something up by: itself, or its beginning and a digest.
pub fn key(text: &str) -> String {
    let text = storable(text);
    if text.len() <= WIDTH {
        return text;
    }
    let mut short = head(&text, READABLE).to_owned();
    short.push('#');
    short.push_str(&digest(text.as_bytes()));
    short
}

/// The part of a text that an index holds, and the rest, if there is one.
pub fn split(text: &str) -> (String, Option<String>) {
    let text = storable(text);
    let head = head(&text, WIDTH).to_owned();
    let rest = text.get(head.len()..).filter(|rest| !rest.is_empty()).map(str::to_owned);
    (head, rest)
}

/// The first text after all that begin with `prefix`; `None` when there is no such text.
pub fn after(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

/// 160 bits of BLAKE3, in hexadecimal: what content is addressed by.
pub fn digest(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(40);
    for byte in blake3::hash(bytes).as_bytes().iter().take(20) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn head(text: &str, width: usize) -> &str {
    let mut end = width.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_have_short_keys_that_differ() {
        let long = "é".repeat(1000);
        assert!(key(&long).len() <= WIDTH);
        assert_ne!(key(&long), key(&format!("{long}x")));
        assert_eq!(key("short"), "short");
    }

    #[test]
    fn a_split_text_is_whole() {
        for text in ["", "a", &"é".repeat(600), &"x".repeat(512), &"x".repeat(513)] {
            let (head, rest) = split(text);
            assert_eq!(head + &rest.unwrap_or_default(), *text);
        }
    }

    #[test]
    fn prefixes_end_before_the_next_text() {
        assert_eq!(after("ab").as_deref(), Some("ac"));
        assert_eq!(after("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after(""), None);
    }
}
