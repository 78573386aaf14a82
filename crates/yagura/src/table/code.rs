//! Flaws in files, by file and line.

use super::{Cell, Columns, Look, clean, heading, severity, title_of};
use anstyle::Style;
use std::io::{self, Write};
use yagura_formats::Report;
use yagura_model::{CodeDetection, Lang};

/// Writes what is shown; nothing where there is nothing.
///
/// # Errors
/// Only those of `out`.
pub fn write(report: &Report<'_>, look: Look, show_suppressed: bool, out: &mut dyn Write) -> io::Result<()> {
    let lang = report.lang;
    let shown: Vec<&CodeDetection> =
        report.code.iter().filter(|one| show_suppressed || one.suppressed.is_none()).collect();
    let (secrets, resources): (Vec<_>, Vec<_>) =
        shown.into_iter().partition(|one| one.cause.detector.starts_with("secret/"));
    let value = lang.pick("Value", "値");
    section(lang, lang.pick("Secrets", "シークレット"), value, &secrets, look, out)?;
    let resource = lang.pick("Resource", "リソース");
    section(lang, lang.pick("Configuration", "設定"), resource, &resources, look, out)
}

/// Flaws of one kind; `excerpt` is what their texts are.
fn section(
    lang: Lang,
    title: &str,
    excerpt: &str,
    shown: &[&CodeDetection],
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    if shown.is_empty() {
        return Ok(());
    }
    heading(title, look, out)?;
    let mut table = Columns::new(
        [
            lang.pick("Severity", "深刻度"),
            lang.pick("Rule", "ルール"),
            lang.pick("Line", "行"),
            excerpt,
            lang.pick("Title", "概要"),
        ],
        look,
    );
    let mut file = None;
    for one in shown {
        if file != Some(&one.cause.path) {
            file = Some(&one.cause.path);
            table.section(Cell::new(clean(&one.cause.path)).styled(Style::new().dimmed()));
        }
        table.row([
            severity(one.cause.severity, one.suppressed.as_ref()),
            Cell::new(&one.cause.rule),
            Cell::new(one.cause.lines.0.to_string()),
            Cell::new(&one.excerpt),
            Cell::new(title_of(lang.pick(&one.cause.detector_name, &one.name_ja), one.suppressed.as_ref())),
        ]);
    }
    table.write(out)?;
    writeln!(out)
}
