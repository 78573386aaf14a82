//! `markdown`: a summary for merge requests and tickets, in GitHub's dialect.
//! <https://github.github.com/gfm/#tables-extension->

use crate::text::printable;
use crate::{Format, Report};
use std::io;
use yagura_model::{Detection, Severity};

/// The format.
pub struct Markdown;

/// Longer tables are refused by the places this text is pasted into.
const ROWS: usize = 200;

impl Format for Markdown {
    fn id(&self) -> &'static str {
        "markdown"
    }

    fn media_type(&self) -> &'static str {
        "text/markdown; charset=utf-8"
    }

    fn render(&self, report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let say = |english, japanese| report.lang.pick(english, japanese);
        writeln!(out, "## Yagura: {}\n", cell(&report.target.name))?;
        let active: Vec<&Detection> =
            report.detections.iter().filter(|detection| detection.suppressed.is_none()).collect();
        if report.judged {
            let counts: Vec<String> = Severity::ALL
                .into_iter()
                .rev()
                .map(|severity| (severity, active.iter().filter(|found| found.severity == severity).count()))
                .filter(|(_, count)| *count > 0)
                .map(|(severity, count)| format!("**{count}** {severity}"))
                .collect();
            if counts.is_empty() {
                writeln!(
                    out,
                    "{}\n",
                    say("No known vulnerabilities.", "既知の脆弱性は見つかりませんでした。")
                )?;
            } else {
                writeln!(out, "{}\n", counts.join(" · "))?;
                table(&active, report, out)?;
            }
        }
        let packages = report.inventory.packages.len();
        writeln!(out, "{}: {packages}", say("Packages", "パッケージ数"))?;
        let hidden = report.detections.len() - active.len();
        if hidden > 0 {
            writeln!(out, "\n{}: {hidden}", say("Suppressed findings", "抑制された検出"))?;
        }
        if let Some(day) = report.end_of_life {
            writeln!(
                out,
                "\n**{} {day}**",
                say("The platform is without fixes since", "プラットフォームのサポート終了日:")
            )?;
        }
        if !report.inventory.unread.is_empty() {
            writeln!(out, "\n### {}\n", say("Not read", "読み取れなかったもの"))?;
            for entry in report.inventory.unread.iter().take(ROWS) {
                writeln!(out, "- {}: {}", cell(entry.path.as_str()), cell(&entry.detail))?;
            }
            rest(report.inventory.unread.len(), report, out)?;
        }
        for note in report.notes {
            writeln!(out, "\n> {}", cell(note))?;
        }
        Ok(())
    }
}

fn table(active: &[&Detection], report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let say = |english, japanese| report.lang.pick(english, japanese);
    writeln!(
        out,
        "| {} | {} | {} | {} | {} |\n|---|---|---|---|---|",
        say("Severity", "深刻度"),
        say("Vulnerability", "脆弱性"),
        say("Package", "パッケージ"),
        say("Installed", "導入済み"),
        say("Fixed in", "修正版"),
    )?;
    for detection in active.iter().take(ROWS) {
        let fix = match detection.fix.versions.as_slice() {
            [] => detection.fix.status.as_str().to_owned(),
            versions => versions.join(", "),
        };
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            detection.severity,
            cell(detection.vulnerability.id.as_str()),
            cell(&detection.package.name),
            cell(&detection.package.version),
            cell(&fix),
        )?;
    }
    rest(active.len(), report, out)?;
    writeln!(out)
}

fn rest(count: usize, report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    match count.checked_sub(ROWS) {
        Some(more) if more > 0 => writeln!(out, "\n… {more} {}", report.lang.pick("more", "件省略")),
        _ => Ok(()),
    }
}

/// Text that means only itself: no markup, no links, no mentions, no line breaks.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(cell("@user/a|b"), "&#64;user/a\\|b");
        assert_eq!(cell("[x](http://e)<img>\n# h"), "\\[x\\](http://e)&lt;img&gt; \\# h");
    }
}
