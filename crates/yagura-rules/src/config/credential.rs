//! Credentials that are written where everybody who reads the template reads them.

use super::value::Value;

/// Letters of a secret access key.
const SECRET: usize = 40;

/// Whether a credential is in the value, at any depth; `None` where a part of it is not known and no other holds one.
pub fn inside(value: &Value) -> Option<bool> {
    let parts = |items: &mut dyn Iterator<Item = &Value>| {
        let mut known = true;
        for item in items {
            match inside(item) {
                Some(true) => return Some(true),
                None => known = false,
                Some(false) => {}
            }
        }
        known.then_some(false)
    };
    match value {
        Value::Text(text) => Some(is_one(text)),
        Value::List(items) => parts(&mut items.iter()),
        Value::Map(map) => parts(&mut map.values()),
        Value::Unknown(_) => None,
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(false),
    }
}

/// An id of an access key (`AKIA`, `ASIA` and 16 more), a secret access key (40 letters, of every sort), or the
/// beginning of a private key.
fn is_one(text: &str) -> bool {
    if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
        return true;
    }
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '/' || c == '+')).any(|word| {
        let has = |test: fn(&u8) -> bool| word.bytes().any(|byte| test(&byte));
        let sorts = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
        let id = (word.starts_with("AKIA") || word.starts_with("ASIA"))
            && word.len() == 20
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        // A path is no key: of random letters few are slashes.
        id || (word.len() == SECRET && sorts && word.matches('/').count() < 4)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_names_and_hashes() {
        let id = format!("AKIA{}", "2345672345ABCDEF");
        let secret = format!("key={}", "aB3/".repeat(3) + &"xY7+".repeat(7));
        for (text, expected) in [
            (id.as_str(), true),
            (&secret, true),
            ("-----BEGIN RSA PRIVATE KEY-----", true),
            ("0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", false),
            ("arn:aws:iam::123456789012:role/service-role/Something", false),
            ("AKIASHORT", false),
        ] {
            assert_eq!(inside(&Value::text(text)), Some(expected), "{text}");
        }
        assert_eq!(inside(&Value::List(vec![Value::unknown(), Value::text("a")])), None);
        assert_eq!(inside(&Value::List(vec![Value::unknown(), Value::text(id)])), Some(true));
    }
}
