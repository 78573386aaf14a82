//! Suppressions that stand in the scanned file itself.
//!
//! `yagura:ignore RULE[,RULE] REASON` in a comment silences these rules (`*`: all) on its own line, or on the next one
//! where nothing but the comment is on its line. The words of other tools are understood on the line itself.

use yagura_model::Suppressed;

/// Words of other tools that silence a line for secrets.
const OTHERS: &[&str] = &[
    "gitleaks:allow",
    "pragma: allowlist secret",
    "trufflehog:ignore",
    "kingfisher:ignore",
    "betterleaks:allow",
];

/// What the file says about a finding of `rule` on line `number` (from 1); `lines` gives lines by number.
pub fn inline<'a>(
    rule: &str,
    number: u32,
    path: &str,
    line: impl Fn(u32) -> Option<&'a [u8]>,
) -> Option<Suppressed> {
    let own = line(number).unwrap_or_default();
    if let Some(reason) = named(own, rule) {
        return Some(suppressed(path, number, reason));
    }
    let other = OTHERS.iter().find(|word| find(own, word.as_bytes()).is_some());
    if let Some(word) = other {
        return Some(Suppressed {
            by: format!("{path}:{number}"),
            reason: Some((*word).to_owned()),
            until: None,
        });
    }
    let above = number.checked_sub(1).filter(|above| *above > 0)?;
    let text = line(above)?;
    let alone =
        text.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| b"#/*<-;%'\"".contains(byte));
    let reason = named(text, rule).filter(|_| alone)?;
    Some(suppressed(path, above, reason))
}

fn suppressed(path: &str, number: u32, reason: Option<String>) -> Suppressed {
    Suppressed { by: format!("{path}:{number}"), reason, until: None }
}

/// The reason of a comment that names the rule; `Some(None)` without one.
fn named(line: &[u8], rule: &str) -> Option<Option<String>> {
    const WORD: &[u8] = b"yagura:ignore";
    let rest = line.get(find(line, WORD)? + WORD.len()..)?;
    let rest = String::from_utf8_lossy(rest.get(..rest.len().min(400))?).into_owned();
    let rest = rest.strip_prefix(|c: char| c.is_whitespace())?.trim_start();
    let (rules, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if !rules.split(',').any(|name| name == "*" || name == rule) {
        return None;
    }
    let reason = reason.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
    Some((!reason.is_empty()).then(|| reason.to_owned()))
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &'static str, rule: &str, number: u32) -> Option<String> {
        let lines: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
        let found = inline(rule, number, "a.py", |n| lines.get(n as usize - 1).copied())?;
        Some(format!("{} {}", found.by, found.reason.unwrap_or_default()))
    }

    #[test]
    fn comments_silence_their_line_or_the_next() {
        let text = "# yagura:ignore x,y made up for a test\nkey = 1\nz = 2 # yagura:ignore *\nq = 3 # gitleaks:allow";
        assert_eq!(said(text, "x", 2).as_deref(), Some("a.py:1 made up for a test"));
        assert_eq!(said(text, "w", 2), None);
        assert_eq!(said(text, "w", 3).as_deref(), Some("a.py:3 "));
        assert_eq!(
            said(text, "w", 4).as_deref(),
            Some("a.py:4 gitleaks:allow"),
            "the line above has code of its own"
        );
    }
}
