//! Suppressions that stand in the scanned file itself.
//!
//! `yagura:ignore RULE[,RULE] REASON` in a comment silences these rules (`*`: all) on its own line, or on the next one
//! where nothing but the comment is on its line. The words of other tools are understood as these tools read them:
//! `nosemgrep` and `nosec` on the line or alone on the line above, the others on the line itself. Ids behind them are
//! compared with the rule's own and with those that its page names as the same check.

use crate::rule::Rule;
use std::collections::BTreeMap;
use yagura_model::Suppressed;

/// Words of other tools that silence a line for secrets.
const OTHERS: &[&str] = &[
    "gitleaks:allow",
    "pragma: allowlist secret",
    "trufflehog:ignore",
    "kingfisher:ignore",
    "betterleaks:allow",
];

/// What begins a comment in one language or another.
const OPENERS: &[&str] = &["#", "//", "/*", "--", "*", ";", "%", "'"];

/// Statements of more lines are looked at on their first ones alone.
const MOST_LINES: u32 = 50;

/// What a file says about a finding of `rule` on `lines` (first and last, from 1); `line` gives lines by number.
pub fn inline<'a>(
    rule: &Rule,
    lines: (u32, u32),
    path: &str,
    line: impl Fn(u32) -> Option<&'a [u8]>,
) -> Option<Suppressed> {
    Asked { id: &rule.id, equivalents: &rule.equivalents }.inline(lines, path, line)
}

/// Whose finding it is.
struct Asked<'r> {
    id: &'r str,
    equivalents: &'r BTreeMap<String, Vec<String>>,
}

impl Asked<'_> {
    fn inline<'a>(
        &self,
        (first, last): (u32, u32),
        path: &str,
        line: impl Fn(u32) -> Option<&'a [u8]>,
    ) -> Option<Suppressed> {
        for number in first..=last.clamp(first, first.saturating_add(MOST_LINES)) {
            let own = line(number).unwrap_or_default();
            if let Some(reason) = self.own(own) {
                return Some(suppressed(path, number, reason));
            }
            if let Some(reason) = self.foreign(own, true) {
                return Some(suppressed(path, number, Some(reason)));
            }
        }
        let above = first.checked_sub(1).filter(|above| *above > 0)?;
        let text = line(above)?;
        let alone = text
            .iter()
            .find(|byte| !byte.is_ascii_whitespace())
            .is_some_and(|byte| b"#/*<-;%'\"".contains(byte));
        if !alone {
            return None;
        }
        if let Some(reason) = self.own(text) {
            return Some(suppressed(path, above, reason));
        }
        self.foreign(text, false).map(|reason| suppressed(path, above, Some(reason)))
    }

    /// The reason of a comment that names the rule; `Some(None)` without one.
    fn own(&self, line: &[u8]) -> Option<Option<String>> {
        const WORD: &[u8] = b"yagura:ignore";
        let rest = line.get(find(line, WORD)? + WORD.len()..)?;
        let rest = String::from_utf8_lossy(rest.get(..rest.len().min(400))?).into_owned();
        let rest = rest.strip_prefix(|c: char| c.is_whitespace())?.trim_start();
        let (rules, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        if !rules.split(',').any(|name| name == "*" || name == self.id) {
            return None;
        }
        let reason = closed(reason);
        Some((!reason.is_empty()).then(|| reason.to_owned()))
    }

    /// The words of other tools.
    fn foreign(&self, line: &[u8], same_line: bool) -> Option<String> {
        if same_line && let Some(word) = OTHERS.iter().find(|word| find(line, word.as_bytes()).is_some()) {
            return Some((*word).to_owned());
        }
        for (word, tools) in
            [("nosemgrep", &["semgrep"][..]), ("nosem", &["semgrep"]), ("nosec", &["bandit", "gosec"])]
        {
            if let Some(rest) = marked(line, word) {
                let ids: Vec<&str> = match word {
                    "nosec" => rest.split([',', ' ', ':', '\t']).filter(|id| is_check(id)).collect(),
                    _ => match rest.strip_prefix(':') {
                        // Ids are joined by commas; what follows the last one is a remark.
                        Some(ids) => ids
                            .trim_start()
                            .split(',')
                            .filter_map(|id| id.split_whitespace().next())
                            .filter(|id| !id.is_empty())
                            .collect(),
                        None => Vec::new(),
                    },
                };
                return (ids.is_empty() || ids.iter().any(|id| self.is(id, tools)))
                    .then(|| said(word, &rest));
            }
        }
        let rest = marked(line, "NOSONAR").filter(|_| same_line)?;
        let ids = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(ids, _)| ids);
        ids.is_none_or(|ids| ids.split(',').any(|id| self.is(id.trim(), &["sonar"])))
            .then(|| said("NOSONAR", &rest))
    }

    /// Whether an id of another tool is this rule; a path of folders may stand before it.
    fn is(&self, id: &str, tools: &[&str]) -> bool {
        let same = |known: &str| {
            known == id
                || id.rsplit('.').next() == known.rsplit('.').next()
                    && (id.ends_with(known) || known.ends_with(id))
        };
        same(self.id)
            || tools.iter().filter_map(|tool| self.equivalents.get(*tool)).flatten().any(|known| same(known))
    }
}

/// `B303` of Bandit, `G401` of gosec.
fn is_check(word: &str) -> bool {
    word.len() == 4 && word.starts_with(['B', 'G']) && word.bytes().skip(1).all(|byte| byte.is_ascii_digit())
}

/// What stands behind a word in a comment of the line.
fn marked(line: &[u8], word: &str) -> Option<String> {
    let at = find(line, word.as_bytes())?;
    let before = String::from_utf8_lossy(line.get(..at)?);
    if before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
        || !OPENERS.iter().any(|open| before.contains(open))
    {
        return None;
    }
    let rest = line.get(at + word.len()..)?;
    let rest = String::from_utf8_lossy(rest.get(..rest.len().min(400))?).into_owned();
    let ends = rest.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '-');
    ends.then_some(rest)
}

/// The words of the mark as the reason.
fn said(word: &str, rest: &str) -> String {
    let rest = closed(rest);
    if rest.is_empty() || rest.starts_with([':', '(']) {
        format!("{word}{rest}")
    } else {
        format!("{word} {rest}")
    }
}

/// Without what closes the comment.
fn closed(text: &str) -> &str {
    text.trim().trim_end_matches("*/").trim_end_matches("-->").trim()
}

fn suppressed(path: &str, number: u32, reason: Option<String>) -> Suppressed {
    Suppressed { by: format!("{path}:{number}"), reason, until: None }
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &'static str, rule: &str, number: u32) -> Option<String> {
        let lines: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
        let equivalents = BTreeMap::from([
            ("bandit".to_owned(), vec!["B303".to_owned()]),
            ("semgrep".to_owned(), vec!["python.lang.security.md5".to_owned()]),
        ]);
        let asked = Asked { id: rule, equivalents: &equivalents };
        let found = asked.inline((number, number), "a.py", |n| lines.get(n as usize - 1).copied())?;
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

    #[test]
    fn every_way_to_write_a_comment_will_do() {
        for text in [
            "// yagura:ignore x why\nf()",
            "/* yagura:ignore x why */\nf()",
            "<!-- yagura:ignore x why -->\nf()",
            "-- yagura:ignore x why\nf()",
            "; yagura:ignore x why\nf()",
            "% yagura:ignore x why\nf()",
            "' yagura:ignore x why\nf()",
            " * yagura:ignore x why\nf()",
            "# yagura:ignore x why\nf()",
        ] {
            assert_eq!(said(text, "x", 2).as_deref(), Some("a.py:1 why"), "{text}");
        }
    }

    #[test]
    fn the_words_of_other_tools_are_read_as_they_read_them() {
        for (text, silences) in [
            ("f()  # nosemgrep", true),
            ("f()  // nosemgrep: x", true),
            ("f()  # nosemgrep: other, folder.x", true),
            ("f()  # nosemgrep: other", false),
            ("f()  # nosemgrep: md5", true),
            ("f()  # nosec", true),
            ("f()  # nosec B303", true),
            ("f()  # nosec: B101,B303 old", true),
            ("f()  # nosec B101", false),
            ("f()  // #nosec G401", false),
            ("f()  // #nosec -- a file name", true),
            ("f()  // NOSONAR", true),
            ("f()  // NOSONAR(S2245)", false),
            ("f(\"nosec\")", false),
            ("nosecurity() # nosecurity", false),
        ] {
            assert_eq!(said(text, "x", 1).is_some(), silences, "{text}");
        }
        assert_eq!(said("# nosemgrep: x\nf()", "x", 2).as_deref(), Some("a.py:1 nosemgrep: x"));
        assert_eq!(said("// NOSONAR\nf()", "x", 2), None, "it speaks of its own line");
    }
}
