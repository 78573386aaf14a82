//! What is checked of a value before it counts.

use serde::Deserialize;

/// Shannon entropy in bits per byte.
pub fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in value {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let all = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / all)
        .map(|share| -share * share.log2())
        .sum()
}

/// Words that are in texts about secrets, not in secrets. Lowercase.
const WORDS: &[&str] = &[
    "example",
    "redacted",
    "placeholder",
    "changeme",
    "change_me",
    "your_",
    "your-",
    "yourtoken",
    "_here",
    "-here",
    "insert_",
    "replace",
    "dummy",
    "notreal",
    "<your",
    "xxxx",
    "****",
    "####",
    "....",
    "todo",
    "foobar",
    "not-set",
    "not_set",
    "undefined",
    "fixme",
    "my_secret",
    "my-secret",
];

/// True for text that stands where a secret will be: `xxxx`, `${TOKEN}`, `<your token>`, AWS's own `…EXAMPLE`.
pub fn is_placeholder(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let text = String::from_utf8_lossy(lower.get(..lower.len().min(400)).unwrap_or_default());
    let opened = [
        ("${", ""),
        ("$(", ""),
        ("{{", ""),
        ("<%", ""),
        ("<", ">"),
        ("%", "%"),
        ("{", "}"),
        ("[", "]"),
        ("@", "@"),
        ("__", "__"),
        ("#{", "}"),
    ]
    .iter()
    .any(|(open, close)| text.starts_with(open) && text.ends_with(close));
    let variable = text
        .strip_prefix('$')
        .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:.".contains(&byte)));
    let inside = ["${", "$(", "{{", "#{", "%(", "<%="].iter().any(|open| text.contains(open));
    opened || variable || inside || longest_run(value) >= 7 || WORDS.iter().any(|word| text.contains(word))
}

/// The longest run of one byte.
fn longest_run(value: &[u8]) -> usize {
    let (mut longest, mut run, mut last) = (0, 0, None);
    for byte in value {
        run = if last == Some(*byte) { run + 1 } else { 1 };
        last = Some(*byte);
        longest = longest.max(run);
    }
    longest
}

/// What may be shown of a value: its first characters, never more than a sixth of it nor more than four, and its length.
pub fn excerpt(value: &[u8]) -> String {
    let shown = (value.len() / 6).min(4);
    let head: String = value
        .iter()
        .take(shown)
        .map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' })
        .collect();
    format!("{head}… ({} characters)", String::from_utf8_lossy(value).chars().count())
}

/// Checksums at the end of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// CRC-32 of the 30 characters after the prefix, in six digits to the base 62.
    /// <https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/>
    Crc32Base62,
}

impl Checksum {
    /// True when the value carries the checksum of itself.
    pub fn holds(self, value: &[u8]) -> bool {
        let Self::Crc32Base62 = self;
        let Some(at) = value.iter().position(|byte| *byte == b'_') else { return false };
        let body = value.get(at + 1..).unwrap_or_default();
        let Some((random, digits)) = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at))
        else {
            return false;
        };
        base62(crc32(random)) == digits
    }
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn base62(mut number: u32) -> [u8; 6] {
    let mut out = [b'0'; 6];
    for place in out.iter_mut().rev() {
        *place = DIGITS.get((number % 62) as usize).copied().unwrap_or(b'0');
        number /= 62;
    }
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_tell_issued_from_invented() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let random = b"abcdefghijABCDEFGHIJ0123456789";
        let mut value = b"ghp_".to_vec();
        value.extend(random);
        value.extend(base62(crc32(random)));
        assert!(Checksum::Crc32Base62.holds(&value));
        value.pop();
        value.push(b'_');
        assert!(!Checksum::Crc32Base62.holds(&value));
    }

    #[test]
    fn placeholders_are_no_secrets() {
        for text in
            ["xxxxxxxxxx", "${TOKEN}", "<your-token>", "AKIAIOSFODNN7EXAMPLE", "%PASSWORD%", "[REDACTED]"]
        {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
        assert!(!is_placeholder(b"k3yb0ard-cat"));
        assert_eq!(excerpt(b"hunter2"), "h… (7 characters)");
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
    }
}
