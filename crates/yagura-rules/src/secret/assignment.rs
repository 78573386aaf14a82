//! Values that are given to a name which says that it is a secret: `db_password = "…"`, `<apiToken> … </apiToken>`,
//! `setProperty("X_TOKEN", "…")`, whatever the language.
//!
//! Around a keyword the whole name is read and split into words. It must end in a word for a secret (`secretSize` and
//! `credentialsId` do not), and none of its words may say that it is public. Then come quotes, brackets, a type, an
//! operator; what follows, quoted or not, is the value.

use super::value::Source;

/// Words of which one is in every name of a secret; what the prefilter looks for.
pub const WORDS: &[&str] =
    &["token", "secret", "password", "passwd", "passphrase", "pwd", "key", "credential", "auth", "passw"];

/// A value and what its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// Where it is.
    pub start: usize,
    /// Its end.
    pub end: usize,
    /// True when quotes are around it.
    pub quoted: bool,
    /// True when the name is that of a password.
    pub password: bool,
}

/// Last words of names of passwords.
const PASSWORDS: &[&str] = &["password", "passwd", "passphrase", "pwd", "pass", "pw", "passw"];

/// Last words of names of tokens and keys.
const SECRETS: &[&str] = &[
    "token",
    "tokens",
    "secret",
    "secrets",
    "credential",
    "credentials",
    "auth",
    "apikey",
    "authorization",
    "secretkey",
    "accesskey",
    "privatekey",
    "authkey",
    "pat",
];

/// Words before a last `key` that make it a secret.
const KEYS: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "auth",
    "encryption",
    "signing",
    "master",
    "license",
    "account",
    "storage",
    "service",
    "subscription",
    "app",
    "application",
    "client",
    "consumer",
    "admin",
    "security",
    "session",
    "write",
    "read",
    "server",
    "project",
    "deploy",
    "shared",
    "hmac",
    "jwt",
    "crypt",
    "sas",
    "webhook",
    "dev",
    "prod",
    "user",
    "base",
];

/// Words that say that something is no secret.
const NONE: &[&str] = &[
    "public",
    "pub",
    "csrf",
    "xsrf",
    "foreign",
    "primary",
    "cache",
    "partition",
    "sort",
    "issuer",
    "hash",
    "token_type",
    "next",
    "page",
    "csrfmiddleware",
];

/// The value that is given to the name around `at` in the line `start..end`; a value may be on the next line.
pub fn read(text: &[u8], (start, end): (usize, usize), at: usize, source: Source) -> Option<Given> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let mut from = at;
    while from > start && text.get(from - 1).is_some_and(is_name) {
        from -= 1;
    }
    let mut to = at;
    while to < end && text.get(to).is_some_and(is_name) {
        to += 1;
    }
    let password = kind(text.get(from..to)?)?;
    let limit = text.len().min(end + 120);
    let (at, strong) = operator(text, to, end, limit)?;
    value(text, at, limit, strong, source).map(|(start, end, quoted)| Given { start, end, quoted, password })
}

/// True for the name of a password, false for that of another secret.
fn kind(name: &[u8]) -> Option<bool> {
    if name.len() > 120 {
        return None;
    }
    let words = words(name);
    let last = words.last()?;
    let before = words.len().checked_sub(2).and_then(|at| words.get(at)).map_or("", String::as_str);
    if words.iter().any(|word| NONE.contains(&word.as_str())) {
        return None;
    }
    match last.as_str() {
        word if PASSWORDS.iter().any(|one| {
            word == *one || (word.len() > one.len() + 1 && one.len() > 4 && word.ends_with(one))
        }) =>
        {
            Some(true)
        }
        word if SECRETS.iter().any(|one| word == *one || (one.len() > 4 && word.ends_with(one))) => {
            Some(false)
        }
        "key" | "keys" if KEYS.contains(&before) || words.len() > 2 => Some(false),
        "id" if matches!(before, "secret" | "token" | "key") => None,
        "value" | "string" | "b64" | "base64" | "v1" | "v2" | "prod" | "dev" | "live" | "test" => {
            if PASSWORDS.contains(&before) { Some(true) } else { SECRETS.contains(&before).then_some(false) }
        }
        _ => None,
    }
}

/// The words of a name, in lowercase: `dbAPIKey_2` is `db`, `api`, `key`.
fn words(name: &[u8]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (index, byte) in name.iter().enumerate() {
        let previous = index.checked_sub(1).and_then(|at| name.get(at)).copied().unwrap_or(b'_');
        let next = name.get(index + 1).copied().unwrap_or(b'_');
        let begins = byte.is_ascii_uppercase()
            && (previous.is_ascii_lowercase()
                || previous.is_ascii_digit()
                || (previous.is_ascii_uppercase() && next.is_ascii_lowercase()));
        if begins && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if byte.is_ascii_alphabetic() {
            word.push(char::from(byte.to_ascii_lowercase()));
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Reads what stands between a name and its value. The second part is true where an operator says that a value comes.
fn operator(text: &[u8], from: usize, line_end: usize, limit: usize) -> Option<(usize, bool)> {
    let mut at = from;
    let skip = |mut at: usize, set: &[u8]| {
        while at < limit && text.get(at).is_some_and(|byte| set.contains(byte)) {
            at += 1;
        }
        at
    };
    at = skip(at, b"\"'`]) \t");
    // A type between: `var token string = `, `token: &str = `.
    let operators = b":=?.>,|+";
    let mut operator_at = at;
    let mut seen = at;
    while seen < line_end.min(at + 30) {
        let byte = *text.get(seen)?;
        if byte == b'=' {
            operator_at = seen;
            break;
        }
        if !(byte.is_ascii_alphanumeric() || b"&<> :?'_[]".contains(&byte)) {
            break;
        }
        seen += 1;
    }
    if !text.get(at).is_some_and(|byte| operators.contains(byte)) {
        at = operator_at;
    } else if text.get(at) == Some(&b':') && operator_at > at {
        let between = text.get(at + 1..operator_at).unwrap_or_default();
        let is_type = !between.is_empty()
            && between.iter().any(u8::is_ascii_alphabetic)
            && between.len() < 20
            && between.ends_with(b" ");
        if is_type {
            at = operator_at;
        }
    }
    let begin = at;
    at = skip(at, operators);
    let operator = text.get(begin..at).unwrap_or_default();
    if operator.is_empty() || operator == b"." {
        return None;
    }
    // Comparisons with a literal give it away as well.
    let strong = operator.contains(&b'=') || operator.contains(&b':');
    at = skip(at, b" \t\r\n(");
    Some((at, strong))
}

/// The value at a place: begin, end, and whether quotes are around it.
fn value(text: &[u8], at: usize, limit: usize, strong: bool, source: Source) -> Option<(usize, usize, bool)> {
    let quote = text.get(at).copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    if let Some(quote) = quote {
        let start = at + 1;
        let most = text.len().min(start + 1_200);
        let inside = text.get(start..most)?;
        let end = inside.iter().position(|byte| *byte == quote || *byte == b'\n')?;
        return (inside.get(end) == Some(&quote) && end > 0).then_some((start, start + end, true));
    }
    // In a program a word without quotes is an expression.
    if !strong || source.quotes_text {
        return xml(text, at, limit);
    }
    let start = at;
    let most = text.len().min(start + 1_200);
    let rest = text.get(start..most)?;
    let end = rest
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || b"\"'`,;<>&\\".contains(byte))
        .unwrap_or(rest.len());
    // `f(`, `a[`: a call or an index, not a value.
    (end > 0 && !matches!(rest.get(end.saturating_sub(1)), Some(b'(' | b'[' | b'{' | b':'))).then_some((
        start,
        start + end,
        false,
    ))
}

/// The text of an element, behind the `>` of its tag.
fn xml(text: &[u8], at: usize, limit: usize) -> Option<(usize, usize, bool)> {
    let tag = text.get(..at)?.iter().rev().take(12).find(|byte| !byte.is_ascii_whitespace()) == Some(&b'>');
    let rest = text.get(at..limit.max(at))?;
    let end = rest.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'<')?;
    let closed = rest.get(end..)?.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
    (tag && closed && end > 0).then_some((at, at + end, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(path: &str, text: &str) -> Option<(String, bool)> {
        let at = WORDS.iter().filter_map(|word| text.to_ascii_lowercase().find(word)).min()?;
        let end = text.find('\n').unwrap_or(text.len());
        let given = read(text.as_bytes(), (0, end), at, Source::of(path))?;
        Some((text[given.start..given.end].to_owned(), given.password))
    }

    #[test]
    fn every_language_gives_values_to_names() {
        for text in [
            "var aToken string = \"v1\"",
            "aToken := `v1`",
            "a_token: 'v1'",
            "\"aToken\" => \"v1\"",
            "$aToken .= \"v1\"",
            "set(\"A_TOKEN\", \"v1\")",
            "A_TOKEN ?= \"v1\"",
            "A_TOKEN=v1",
            "<aToken>\n v1\n</aToken>",
            "let token: &str = \"v1\";",
            "{\"x\": \"A_TOKEN=v1\\nB=true\"}",
        ] {
            assert_eq!(given("x.txt", text), Some(("v1".to_owned(), false)), "{text}");
        }
        assert_eq!(given("x.py", "db_password = 'v'"), Some(("v".to_owned(), true)));
    }

    #[test]
    fn names_that_only_sound_like_secrets_give_nothing() {
        for text in
            ["secretSize = 'a'", "credentialsId: 'a'", "publicToken = 'a'", "csrf-token=a", "key_length = a"]
        {
            assert_eq!(given("x.txt", text), None, "{text}");
        }
        assert_eq!(given("x.py", "token = get_token"), None, "an expression");
    }
}
