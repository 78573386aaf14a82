//! What values look like: random text, passwords, and what is neither.

use super::check;

/// What the name of a file says about its text.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// False for files full of digests, where a name beside a value says nothing.
    pub knows_names: bool,
    /// True where a word without quotes is an expression, not a value.
    pub quotes_text: bool,
}

/// Names of files that list digests of packages.
const LOCKFILES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "cargo.lock",
    "go.sum",
    "poetry.lock",
    "pdm.lock",
    "uv.lock",
    "pipfile.lock",
    "composer.lock",
    "gemfile.lock",
    "podfile.lock",
    "packages.lock.json",
    "gradle.lockfile",
    "flake.lock",
    "mix.lock",
    "pubspec.lock",
    "deno.lock",
];

/// Endings of files of programs.
const PROGRAMS: &[&str] = &[
    "py", "pyi", "js", "jsx", "mjs", "cjs", "ts", "tsx", "java", "kt", "kts", "scala", "go", "rs", "c", "h",
    "cc", "cpp", "hpp", "cs", "rb", "php", "swift", "m", "lua", "pl", "pm", "groovy", "gradle", "dart",
    "vue", "r", "ex", "exs", "tf",
];

impl Source {
    /// What the path says.
    pub fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let minified = name.ends_with(".min.js")
            || name.ends_with(".min.css")
            || matches!(ending, "map" | "svg" | "ipynb");
        Self {
            knows_names: !minified && !LOCKFILES.contains(&name.as_str()),
            quotes_text: PROGRAMS.contains(&ending),
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// True when no letter or digit touches the stretch: a token inside a longer word is not that token.
pub fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let at = |index: Option<usize>| index.and_then(|index| text.get(index)).copied();
    let (before, first) = (at(start.checked_sub(1)), at(Some(start)));
    let (last, after) = (at(end.checked_sub(1)), at(Some(end)));
    // `\n` written out in a string of JSON is no letter before a token.
    let escaped =
        start >= 2 && at(Some(start - 2)) == Some(b'\\') && matches!(before, Some(b'n' | b't' | b'r'));
    let joins = |a: Option<u8>, b: Option<u8>| a.is_some_and(is_word) && b.is_some_and(is_word);
    (escaped || !joins(before, first)) && !joins(last, after)
}

/// True where a word begins, also inside a name: `Okta` in `myOkta`, not `okta` in `brokta`.
pub fn begins_word(text: &[u8], start: usize) -> bool {
    let Some(before) = start.checked_sub(1).and_then(|at| text.get(at)) else { return true };
    let upper = text.get(start).is_some_and(u8::is_ascii_uppercase);
    !before.is_ascii_alphabetic() || (before.is_ascii_lowercase() && upper)
}

/// True when the word around a place has so many bytes.
pub fn is_word_of(text: &[u8], at: usize, least: usize) -> bool {
    let inside = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-+/=.~%!:@".contains(byte);
    let after = text.get(at..).unwrap_or_default().iter().take(least).take_while(inside).count();
    after >= least || {
        let before =
            text.get(..at).unwrap_or_default().iter().rev().take(least - after).take_while(inside).count();
        before + after >= least
    }
}

/// Bytes that values are made of.
fn in_value(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-+/=.~%!".contains(&byte)
}

/// The stretches after the name of a service that could be its value: words of this line and the next, as long as
/// nothing stands between that shows another thing.
pub fn candidates(text: &[u8], start: usize, end: usize, most: usize) -> Vec<(usize, usize)> {
    let limit = text.len().min(end + most);
    let mut found = Vec::new();
    let mut at = end;
    // The rest of the name's own word: `adafruit` in `adafruitToken`, but not a word that began long before.
    while at < limit && text.get(at).copied().is_some_and(|byte| is_word(byte) || matches!(byte, b'-' | b'.'))
    {
        at += 1;
    }
    let mut breaks = 0;
    // A name that is glued to its value: `flatSECRET-ab12…`.
    for glue in (end..at).filter(|glue| matches!(text.get(*glue), Some(b'-' | b'_' | b'.'))) {
        found.push((glue + 1, at));
    }
    if start < end && at > end {
        found.push((end, at));
    }
    while at < limit && found.len() < 12 {
        let Some(&byte) = text.get(at) else { break };
        match byte {
            b'\n' => {
                breaks += 1;
                if breaks > 1 {
                    break;
                }
                at += 1;
            }
            // Paths, calls, fragments, comments and the ends of statements belong to something else.
            b'#' | b'/' | b'@' | b';' | b'?' | b'&' | b'$' => break,
            b'+' | b'=' | b'-' | b'.' | b'~' | b'%' | b'!' => at += 1,
            _ if in_value(byte) => {
                let from = at;
                while at < text.len() && text.get(at).copied().is_some_and(in_value) {
                    at += 1;
                }
                found.push(trim(text, from, at));
                // `key=value` in one stretch.
                if let Some(equals) =
                    text.get(from..at).and_then(|word| word.iter().position(|byte| *byte == b'='))
                    && equals + 1 < at - from
                {
                    found.push(trim(text, from + equals + 1, at));
                }
            }
            _ => at += 1,
        }
    }
    found
}

/// True when a quote stands before the stretch.
pub fn is_quoted(text: &[u8], start: usize) -> bool {
    start.checked_sub(1).and_then(|at| text.get(at)).is_some_and(|byte| b"\"'`=".contains(byte))
}

/// Without the punctuation of the sentence around it.
fn trim(text: &[u8], start: usize, mut end: usize) -> (usize, usize) {
    while end > start && matches!(text.get(end - 1), Some(b'.' | b'!' | b'/' | b'%')) {
        end -= 1;
    }
    (start, end)
}

/// Counts of what a value is made of.
struct Make {
    digits: usize,
    lower: usize,
    upper: usize,
    other: usize,
    /// Places where the kind of character changes.
    changes: usize,
}

fn make(value: &[u8]) -> Make {
    let mut made = Make { digits: 0, lower: 0, upper: 0, other: 0, changes: 0 };
    let mut last = 0;
    for byte in value {
        let kind = match byte {
            b'0'..=b'9' => {
                made.digits += 1;
                1
            }
            b'a'..=b'z' => {
                made.lower += 1;
                2
            }
            b'A'..=b'Z' => {
                made.upper += 1;
                3
            }
            _ => {
                made.other += 1;
                0
            }
        };
        made.changes += usize::from(last != kind);
        last = kind;
    }
    made
}

/// True for text with digits or mixed letters, of which a fixed pattern cannot say more.
pub fn is_varied(value: &[u8]) -> bool {
    let made = make(value);
    made.digits > 0
        || (made.lower > 0 && made.upper > 0 && made.changes * 4 > value.len())
        || value.len() >= 24
}

/// True for text that looks drawn, not chosen: what keys and tokens without a shape of their own look like.
pub fn is_random(value: &[u8]) -> bool {
    if !(12..=1_200).contains(&value.len()) || value.iter().any(u8::is_ascii_whitespace) {
        return false;
    }
    let made = make(value);
    let (letters, bits) = (made.lower + made.upper, check::entropy(value));
    if letters == 0 {
        return false;
    }
    // Names of modules, versions, hosts and files: words with punctuation between.
    let words = value.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let plain = |word: &[u8]| {
        let made = make(word);
        (made.digits == 0 && (made.upper == 0 || made.lower == 0 || made.changes * 3 <= word.len() + 2))
            || made.lower + made.upper == 0
            || (word.len() <= 8 && made.changes <= 4)
    };
    let (mut count, mut plains) = (0, 0);
    for word in words {
        count += 1;
        plains += usize::from(plain(word));
    }
    if count > 1 && plains == count && !is_uuid(value) {
        return false;
    }
    match () {
        () if is_uuid(value) => true,
        () if made.digits >= 2 => bits >= 2.8 && (made.changes >= 4 || value.len() >= 24),
        () if made.lower > 0 && made.upper > 0 => {
            value.len() >= 16 && bits >= 3.5 && made.changes * 3 >= value.len()
        }
        () => value.len() >= 20 && made.other == 0 && bits >= 3.7 && vowels_are_rare(value),
    }
}

/// Words of a language have a vowel every two or three letters.
fn vowels_are_rare(value: &[u8]) -> bool {
    let vowels = value.iter().filter(|byte| b"aeiouAEIOU".contains(byte)).count();
    vowels * 100 < value.len() * 26
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| {
            if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
        })
}

/// Values that say there is no password, or name its kind.
const NO_PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "string",
    "none",
    "null",
    "true",
    "false",
    "username",
    "required",
    "default",
    "hidden",
    "invalid",
    "current-password",
    "new-password",
    "unauthorized",
    "confirm",
    "optional",
];

/// True for what could be a password that somebody chose. Without quotes it must also not look like an expression.
pub fn is_password(value: &[u8], quoted: bool) -> bool {
    if !(5..=120).contains(&value.len()) || !value.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
    {
        return false;
    }
    let text = String::from_utf8_lossy(value).to_ascii_lowercase();
    if NO_PASSWORDS.contains(&text.as_str()) || value.iter().filter(|byte| **byte == b' ').count() > 1 {
        return false;
    }
    if text.contains("://")
        || text.starts_with('/')
        || text.ends_with(':')
        || text.contains("password") && text.contains(['.', ' ', '_', '-'])
    {
        return false;
    }
    if quoted {
        return value.iter().any(u8::is_ascii_alphanumeric);
    }
    let expression = value.iter().any(|byte| b"()[]{}<>,;|\\".contains(byte)) || value.contains(&b' ');
    let dotted = text.split('.').count() > 1 && text.split('.').all(|part| part.bytes().all(is_word));
    !expression && !dotted && check::entropy(value) >= 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_text_is_told_from_names() {
        for text in [
            "4wu2ivkh2et1pgr2ve8ydi3xluf8fyln",
            "98fc74a8-ff56-4a21-85f6-7a1fcac895c9",
            "dGhpc0lzQXJhbmRvbVRlc3Q0Mg",
        ] {
            assert!(is_random(text.as_bytes()), "{text}");
        }
        for text in [
            "searchConfluenceUsingCql",
            "org.slf4j.slf4j-api",
            "X25519.KeyPair",
            "chain_Anvil1_Key",
            "NEXUS-GPT4-API-KEY",
            "key_length",
            "2023-04-12",
            "internationalization",
            "monkeys-audio",
        ] {
            assert!(!is_random(text.as_bytes()), "{text}");
        }
    }
}
