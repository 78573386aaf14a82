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
    let kinds = [
        ("code/", lang.pick("Source code", "ソースコード"), lang.pick("Code", "コード")),
        ("secret/", lang.pick("Secrets", "シークレット"), lang.pick("Value", "値")),
        ("config/", lang.pick("Configuration", "設定"), lang.pick("Resource", "リソース")),
    ];
    for (kind, title, excerpt) in kinds {
        let own: Vec<&CodeDetection> =
            shown.iter().copied().filter(|one| one.cause.detector.starts_with(kind)).collect();
        section(lang, title, excerpt, &own, look, out)?;
    }
    Ok(())
}

/// The title, and where the flow begins.
fn said_of(lang: Lang, one: &CodeDetection) -> String {
    let title = title_of(lang.pick(&one.cause.detector_name, &one.name_ja), one.suppressed.as_ref());
    let Some(first) = one.cause.flow.first() else { return title };
    let line = first.line;
    match (first.path == one.cause.path, lang) {
        (true, Lang::En) => format!("{title}, from line {line}"),
        (true, Lang::Ja) => format!("{title} ({line} 行目から)"),
        (false, Lang::En) => format!("{title}, from {}:{line}", clean(&first.path)),
        (false, Lang::Ja) => format!("{title} ({}:{line} から)", clean(&first.path)),
    }
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
            Cell::new(said_of(lang, one)),
        ]);
    }
    table.write(out)?;
    writeln!(out)
}
