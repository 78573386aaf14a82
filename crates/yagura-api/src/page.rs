//! Pages of lists. A token is bound to the caller, the operation and everything asked but the page size, so that it
//! cannot be used with another question.

use crate::failure::Failure;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Digits of the binding at the front of a token.
const BINDING: usize = 24;

/// Which part of a list is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Pager {
    binding: String,
    /// At most this many.
    pub limit: usize,
    /// Where the last page ended.
    pub after: Option<String>,
}

/// What a token is bound to.
pub(crate) fn binding(caller: &str, operation: &str, input: &Value) -> String {
    let mut question = input.clone();
    if let Some(members) = question.as_object_mut() {
        members.remove("nextToken");
        members.remove("maxResults");
    }
    let digest = Sha256::digest(format!("{caller}\n{operation}\n{question}"));
    hex(&digest)[..BINDING].to_owned()
}

impl Pager {
    /// Reads the token of a request.
    ///
    /// # Errors
    /// It was not made for this question.
    pub fn new(binding: &str, most: usize, max: Option<i32>, token: Option<&str>) -> Result<Pager, Failure> {
        let limit =
            max.and_then(|max| usize::try_from(max).ok()).filter(|max| *max > 0).unwrap_or(most).min(most);
        let after =
            match token {
                None | Some("") => None,
                Some(token) => {
                    let position = token.strip_prefix(binding).and_then(from_hex);
                    Some(position.ok_or_else(|| {
                        Failure::Invalid("`nextToken` belongs to another request".to_owned())
                    })?)
                }
            };
        Ok(Pager { binding: binding.to_owned(), limit, after })
    }

    /// The token of a position; there is none for the end of a list.
    pub fn token(&self, position: Option<String>) -> Option<String> {
        position.map(|position| format!("{}{}", self.binding, hex(position.as_bytes())))
    }

    /// The wanted part of a list that is at hand.
    pub fn part<T>(&self, items: Vec<T>) -> Result<(Vec<T>, Option<String>), Failure> {
        let start: usize = match &self.after {
            None => 0,
            Some(position) => position
                .parse()
                .map_err(|_| Failure::Invalid("`nextToken` belongs to another list".to_owned()))?,
        };
        let end = start.saturating_add(self.limit);
        let next = (end < items.len()).then(|| end.to_string());
        Ok((items.into_iter().skip(start).take(self.limit).collect(), self.token(next)))
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn from_hex(text: &str) -> Option<String> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let digits = |index: usize| u8::from_str_radix(text.get(index..index + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(digits).collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_cover_a_list_once() {
        let binding = binding("123456789012/us-east-1", "ListFilters", &json!({"maxResults": 2}));
        let (mut token, mut seen) = (None, Vec::new());
        loop {
            let pager = Pager::new(&binding, 100, Some(2), token.as_deref()).unwrap();
            let (items, next) = pager.part((0..5).collect()).unwrap();
            seen.extend(items);
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_token_belongs_to_its_question() {
        let first = binding("a", "ListFilters", &json!({"action": "NONE", "maxResults": 2}));
        let same = binding("a", "ListFilters", &json!({"action": "NONE", "maxResults": 5, "nextToken": "x"}));
        let other = binding("a", "ListFilters", &json!({"action": "SUPPRESS"}));
        let token = Pager::new(&first, 10, None, None).unwrap().token(Some("4".to_owned())).unwrap();
        assert_eq!(Pager::new(&same, 10, None, Some(&token)).unwrap().after.as_deref(), Some("4"));
        assert!(Pager::new(&other, 10, None, Some(&token)).is_err());
        for garbage in ["x", "ä", &format!("{first}zz"), &first] {
            assert!(Pager::new(&first, 10, None, Some(garbage)).is_err(), "{garbage}");
        }
    }
}
