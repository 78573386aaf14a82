//! Lines of machine-written, indented files: `yarn.lock` and `pnpm-lock.yaml`.
//!
//! Both are written by one program each in a fixed shape: two spaces per level, one entry per line. Reading
//! lines is many times faster than reading YAML, keeps what came before an error, and has no depth. Not for
//! YAML that people write.

use std::borrow::Cow;

/// One `key value` or `key: value` line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Number in the file, from 1.
    pub number: usize,
    /// Leading spaces.
    pub indent: usize,
    /// The line without indentation.
    pub body: &'a str,
    /// Without quotes and colon.
    pub key: Cow<'a, str>,
    /// Without quotes; empty for a line that opens a block.
    pub value: Cow<'a, str>,
}

/// Lines with content, without comments.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut rest = text.lines().enumerate();
    std::iter::from_fn(move || {
        for (index, raw) in rest.by_ref() {
            let raw = raw.trim_end();
            let body = raw.trim_start_matches(' ');
            if body.is_empty() || body.starts_with('#') || body == "---" {
                continue;
            }
            let indent = raw.len() - body.len();
            // Keys of more than 1,024 characters are written as `? key` with `: value` below.
            let body = match body.strip_prefix("? ") {
                Some(key) => key,
                None => match body.strip_prefix(": ") {
                    // The value sits on the same line; what belongs to the key stands below it.
                    Some(value) => {
                        let (key, value) = split(value);
                        return Some(Line { number: index + 1, indent: indent + 2, body, key, value });
                    }
                    None => body,
                },
            };
            let (key, value) = split(body);
            return Some(Line { number: index + 1, indent, body, key, value });
        }
        None
    })
}

/// Splits a line at the end of its key.
fn split(body: &str) -> (Cow<'_, str>, Cow<'_, str>) {
    let (key, rest) = scalar(body);
    let rest = rest.strip_prefix(':').unwrap_or(rest).trim_start();
    (key, value(rest))
}

/// A value without its quotes.
pub(super) fn value(text: &str) -> Cow<'_, str> {
    if text.starts_with(['"', '\'']) { scalar(text).0 } else { Cow::Borrowed(text) }
}

/// The entries of `{a: b, c: d}`, without looking into nested braces.
pub(super) fn flow(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let inner = text.strip_prefix('{').map_or("", |inner| inner.strip_suffix('}').unwrap_or(inner));
    let mut rest = inner;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([',', ' ']);
        if rest.is_empty() {
            return None;
        }
        let (key, after) = scalar(rest);
        let after = after.strip_prefix(':').unwrap_or(after).trim_start();
        let (value, after) = if after.starts_with(['"', '\'']) {
            scalar(after)
        } else {
            let end = after.find([',', '}']).unwrap_or(after.len());
            (
                Cow::Borrowed(after.get(..end).unwrap_or_default().trim_end()),
                after.get(end..).unwrap_or_default(),
            )
        };
        // Whatever the text, every step consumes something.
        rest = after.get(usize::from(!after.is_empty())..).unwrap_or_default();
        Some((key, value))
    })
}

/// The texts of `a, "b", c:`.
pub(super) fn list(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([',', ' ']);
        if rest.is_empty() || rest == ":" {
            return None;
        }
        if rest.starts_with(['"', '\'']) {
            let (item, after) = scalar(rest);
            rest = after;
            return Some(item);
        }
        let end = rest.find(',').unwrap_or(rest.len());
        let item = rest.get(..end).unwrap_or_default();
        rest = rest.get(end..).unwrap_or_default();
        Some(Cow::Borrowed(item.strip_suffix(':').unwrap_or(item)))
    })
}

/// A key at the start of a text, and what follows it.
fn scalar(text: &str) -> (Cow<'_, str>, &str) {
    match text.as_bytes().first() {
        Some(b'"') => quoted(text, b'"'),
        Some(b'\'') => quoted(text, b'\''),
        _ => {
            // A colon ends a key only before a space or at the end: `a@npm:1.0.0` has one inside.
            let bytes = text.as_bytes();
            let end = (0..bytes.len())
                .find(|&at| match bytes.get(at) {
                    Some(b' ') => true,
                    Some(b':') => matches!(bytes.get(at + 1), None | Some(b' ')),
                    _ => false,
                })
                .unwrap_or(bytes.len());
            (Cow::Borrowed(text.get(..end).unwrap_or(text)), text.get(end..).unwrap_or_default())
        }
    }
}

fn quoted(text: &str, quote: u8) -> (Cow<'_, str>, &str) {
    let bytes = text.as_bytes();
    let mut at = 1;
    let mut escaped = false;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'\\' && quote == b'"' {
            escaped = true;
            at += 2;
        } else if byte == quote {
            if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') {
                escaped = true;
                at += 2;
            } else {
                break;
            }
        } else {
            at += 1;
        }
    }
    let inner = text.get(1..at.min(text.len())).unwrap_or_default();
    let rest = text.get(at + 1..).unwrap_or_default();
    let inner = match (escaped, quote) {
        (false, _) => Cow::Borrowed(inner),
        (true, b'\'') => Cow::Owned(inner.replace("''", "'")),
        (true, _) => Cow::Owned(inner.replace("\\\"", "\"").replace("\\\\", "\\")),
    };
    (inner, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_keys_and_values() {
        let text = "# comment\n\n\"a@^1\", b@2:\n  version \"1.0.0\"\n  '@x/y': 2.0.0(z@1)\n    k: {a: 'b, c', d: e}\n  ? long\n  : deep: 1\n";
        let lines: Vec<_> = lines(text)
            .map(|line| format!("{} {} `{}` `{}`", line.number, line.indent, line.key, line.value))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        3 0 `a@^1` `, b@2:`
        4 2 `version` `1.0.0`
        5 2 `@x/y` `2.0.0(z@1)`
        6 4 `k` `{a: 'b, c', d: e}`
        7 2 `long` ``
        8 4 `deep` `1`
        "#);
    }

    #[test]
    fn flow_maps_are_split() {
        let pairs = |text| flow(text).map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ");
        assert_eq!(pairs("{a: 'b, c', d: e}"), "a=b, c d=e");
        assert_eq!(
            pairs("{integrity: sha512-a==, tarball: https://x/y.tgz}"),
            "integrity=sha512-a== tarball=https://x/y.tgz"
        );
        assert_eq!(pairs("{"), "");
        assert_eq!(pairs("{a"), "a=");
        assert_eq!(pairs("plain"), "");
    }
}
