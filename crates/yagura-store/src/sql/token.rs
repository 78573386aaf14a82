//! Page tokens: where a page ended, bound to the request whose list it is.

use super::key::digest;
use crate::StoreError;
use crate::database::{from_json, to_json};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::{Debug, Write as _};

/// What a token is bound to.
pub fn bound(request: &impl Debug) -> String {
    digest(format!("{request:?}").as_bytes())
}

/// A token: hexadecimal, so that it passes unchanged through every client.
pub fn write<T: Serialize>(position: &T, bound: &str) -> Result<String, StoreError> {
    let text = to_json(&(bound, position))?;
    let mut token = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        let _ = write!(token, "{byte:02x}");
    }
    Ok(token)
}

/// The position of a token.
pub fn read<T: DeserializeOwned>(token: Option<&str>, bound: &str) -> Result<Option<T>, StoreError> {
    let Some(token) = token else { return Ok(None) };
    let bytes = token
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect::<Option<Vec<u8>>>();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(StoreError::BadToken)?;
    let (of, position): (String, T) = from_json(&text, "token").map_err(|_| StoreError::BadToken)?;
    if of == bound { Ok(Some(position)) } else { Err(StoreError::BadToken) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_belong_to_their_request() {
        let token = write(&(1_i64, "é"), &bound(&"a")).unwrap();
        assert_eq!(read(Some(&token), &bound(&"a")).unwrap(), Some((1_i64, "é".to_owned())));
        assert!(matches!(read::<(i64, String)>(Some(&token), &bound(&"b")), Err(StoreError::BadToken)));
        for bad in ["", "zz", "7b", "é", &token[1..]] {
            assert!(
                matches!(read::<(i64, String)>(Some(bad), &bound(&"a")), Err(StoreError::BadToken)),
                "{bad}"
            );
        }
    }
}
