//! The table for people: sorted, grouped by ecosystem, with what to update to, what was not read, and how
//! old the data is.

use anstyle::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, presets};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::io::{self, Write};
use yagura_formats::{Report, SourceState};
use yagura_model::{Detection, FixStatus, Lang, Package, Severity, Unread};

/// How the terminal looks.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns; `None` when output is not a terminal: then nothing is wrapped.
    pub width: Option<u16>,
    /// Whether colours are wanted.
    pub colour: bool,
}

/// Unread entries that are listed one by one.
const LISTED_UNREAD: usize = 12;

/// Age from which data is called old.
const OLD_DAYS: i64 = 7;

/// Writes findings, gaps and data age; packages instead of findings for an inventory.
///
/// # Errors
/// Only those of `out`.
pub fn render(report: &Report<'_>, look: Look, show_suppressed: bool, out: &mut dyn Write) -> io::Result<()> {
    let lang = report.lang;
    title(report, look, out)?;
    if report.judged {
        findings(report, look, show_suppressed, out)?;
        writeln!(out, "{}", summary(report))?;
    } else {
        packages(report, look, out)?;
    }
    unread(&report.inventory.unread, lang, out)?;
    for note in report.notes {
        writeln!(out, "{} {note}", lang.pick("note:", "注意:"))?;
    }
    if report.judged {
        data(report.data, report.created, lang, out)?;
    }
    Ok(())
}

fn title(report: &Report<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let bold = if look.colour { Style::new().bold() } else { Style::new() };
    let platform = report.inventory.platform.as_ref().map_or(String::new(), |platform| {
        let name = if platform.name.is_empty() { &platform.id } else { &platform.name };
        format!(" ({name})")
    });
    let count = report.inventory.packages.len();
    let packages = match report.lang {
        Lang::En if count == 1 => "1 package".to_owned(),
        Lang::En => format!("{} packages", thousands(count as u64)),
        Lang::Ja => format!("パッケージ {} 件", thousands(count as u64)),
    };
    writeln!(out, "{bold}{}{platform}{bold:#} · {packages}", clean(&report.target.name))?;
    if let Some(date) = report.end_of_life {
        match report.lang {
            Lang::En => writeln!(out, "end of life: this release has had no security fixes since {date}")?,
            Lang::Ja => writeln!(out, "サポート終了: このリリースの修正提供は {date} に終了しています")?,
        }
    }
    writeln!(out)
}

fn findings(report: &Report<'_>, look: Look, show_suppressed: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut groups: BTreeMap<&str, Vec<&Detection>> = BTreeMap::new();
    for detection in report.detections {
        if show_suppressed || detection.suppressed.is_none() {
            groups.entry(detection.package.ecosystem.as_str()).or_default().push(detection);
        }
    }
    for (ecosystem, mut detections) in groups {
        detections.sort_by(|a, b| {
            b.severity
                .cmp(&a.severity)
                .then_with(|| a.package.name.cmp(&b.package.name))
                .then_with(|| a.package.version.cmp(&b.package.version))
                .then_with(|| a.vulnerability.id.cmp(&b.vulnerability.id))
        });
        let mut table = new_table(look);
        let lang = report.lang;
        table.set_header(
            [
                lang.pick("Severity", "深刻度"),
                lang.pick("Vulnerability", "脆弱性"),
                lang.pick("Package", "パッケージ"),
                lang.pick("Installed", "導入済み"),
                lang.pick("Fixed in", "修正版"),
                lang.pick("Known exploited / EPSS", "悪用確認 / EPSS"),
                lang.pick("Title", "概要"),
            ]
            .map(|text| heading(text, look)),
        );
        for detection in detections {
            table.add_row([
                severity(detection, look),
                Cell::new(clean(detection.vulnerability.id.as_str())),
                Cell::new(name_and_place(&detection.package)),
                Cell::new(clean(&detection.package.version)),
                Cell::new(fix(detection, lang)),
                Cell::new(threat(detection, lang)),
                Cell::new(shorten(&clean(&detection.vulnerability.summary), 100)),
            ]);
        }
        if let Some(column) = table.column_mut(1) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        writeln!(out, "{ecosystem}")?;
        write_table(&table, out)?;
    }
    Ok(())
}

fn packages(report: &Report<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let lang = report.lang;
    let mut table = new_table(look);
    table.set_header(
        [
            lang.pick("Ecosystem", "エコシステム"),
            lang.pick("Package", "パッケージ"),
            lang.pick("Version", "バージョン"),
            lang.pick("Licence", "ライセンス"),
            lang.pick("Found in", "場所"),
        ]
        .map(|text| heading(text, look)),
    );
    for package in &report.inventory.packages {
        let place = package.locations.first().map_or("", |location| location.path.as_str());
        table.add_row([
            Cell::new(package.ecosystem.as_str()),
            Cell::new(clean(&package.name)),
            Cell::new(clean(&package.version)),
            Cell::new(shorten(&clean(&package.licenses.join(", ")), 40)),
            Cell::new(clean(place)),
        ]);
    }
    write_table(&table, out)
}

fn new_table(look: Look) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    match look.width {
        Some(width) => {
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(width);
        }
        None => {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    if look.colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

fn write_table(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out)
}

fn heading(text: &str, look: Look) -> Cell {
    let cell = Cell::new(text);
    if look.colour { cell.add_attribute(Attribute::Bold) } else { cell }
}

fn severity(detection: &Detection, look: Look) -> Cell {
    let text = if detection.suppressed.is_some() {
        format!("({})", detection.severity)
    } else {
        detection.severity.to_string()
    };
    let cell = Cell::new(text);
    if !look.colour {
        return cell;
    }
    match detection.severity {
        Severity::Critical => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Severity::High => cell.fg(Color::Red),
        Severity::Medium => cell.fg(Color::Yellow),
        Severity::Low => cell.fg(Color::Blue),
        Severity::Informational | Severity::Untriaged => cell.fg(Color::DarkGrey),
    }
}

/// The package; for language packages also the file that named it, because that is where the fix goes.
fn name_and_place(package: &Package) -> String {
    let mut text = clean(&package.name);
    if package.source.is_none()
        && let Some(location) = package.locations.first()
    {
        text.push('\n');
        text.push_str("  ");
        text.push_str(&clean(location.path.as_str()));
        if package.locations.len() > 1 {
            text.push_str(&format!(" (+{})", package.locations.len() - 1));
        }
    }
    text
}

fn fix(detection: &Detection, lang: Lang) -> String {
    if !detection.fix.versions.is_empty() {
        return clean(&detection.fix.versions.join(", "));
    }
    status(detection.fix.status, lang).to_owned()
}

fn status(status: FixStatus, lang: Lang) -> &'static str {
    let (english, japanese) = match status {
        FixStatus::Fixed => ("fixed", "修正あり"),
        FixStatus::Affected => ("no fix yet", "修正なし"),
        FixStatus::Deferred => ("fix deferred", "修正延期"),
        FixStatus::WillNotFix => ("will not be fixed", "修正予定なし"),
        FixStatus::NotAffected => ("not affected", "影響なし"),
        FixStatus::UnderInvestigation => ("under investigation", "調査中"),
        FixStatus::EndOfLife => ("end of life", "サポート終了"),
    };
    lang.pick(english, japanese)
}

fn threat(detection: &Detection, lang: Lang) -> String {
    let epss = detection.vulnerability.epss.map(|epss| format!("{:.1} %", epss.score * 100.0));
    let kev = detection.vulnerability.kev.as_ref().map(|_| lang.pick("exploited", "悪用あり").to_owned());
    [kev, epss].into_iter().flatten().collect::<Vec<_>>().join(" / ")
}

/// One line: how many of each severity, how many can be fixed, how many are hidden.
pub fn summary(report: &Report<'_>) -> String {
    let active: Vec<&Detection> = report.detections.iter().filter(|d| d.suppressed.is_none()).collect();
    let suppressed = report.detections.len() - active.len();
    let fixable = active.iter().filter(|d| !d.fix.versions.is_empty()).count();
    let exploited = active.iter().filter(|d| d.vulnerability.kev.is_some()).count();
    let parts: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .filter_map(|severity| {
            let count = active.iter().filter(|d| d.severity == *severity).count();
            (count > 0).then(|| format!("{count} {}", severity.as_str().to_lowercase()))
        })
        .collect();
    let mut line = match report.lang {
        Lang::En => match active.len() {
            0 => "No known vulnerability found".to_owned(),
            1 => format!("1 finding: {}", parts.join(", ")),
            count => format!("{} findings: {}", thousands(count as u64), parts.join(", ")),
        },
        Lang::Ja => match active.len() {
            0 => "既知の脆弱性は見つかりませんでした".to_owned(),
            count => format!("検出 {} 件: {}", thousands(count as u64), parts.join(", ")),
        },
    };
    for (count, english, japanese) in [
        (fixable, "fixed by an update", "更新で修正可能"),
        (exploited, "known exploited", "悪用確認済み"),
        (suppressed, "suppressed", "抑制済み"),
    ] {
        if count > 0 {
            line.push_str(&match report.lang {
                Lang::En => format!("; {count} {english}"),
                Lang::Ja => format!("、{japanese} {count} 件"),
            });
        }
    }
    line.push_str(report.lang.pick(".", "。"));
    line
}

fn unread(entries: &[Unread], lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    match lang {
        Lang::En => writeln!(out, "\nNot covered by this result ({}):", thousands(entries.len() as u64))?,
        Lang::Ja => writeln!(out, "\nこの結果に含まれないもの ({} 件):", thousands(entries.len() as u64))?,
    }
    // What failed comes before what is merely unexplained.
    let (failed, unexplained): (Vec<&Unread>, Vec<&Unread>) =
        entries.iter().partition(|entry| entry.reason.is_failure());
    for entry in failed.into_iter().chain(unexplained).take(LISTED_UNREAD) {
        let path = if entry.path.as_str().is_empty() { "." } else { entry.path.as_str() };
        writeln!(out, "  {}: {}", clean(path), clean(&entry.detail))?;
    }
    if entries.len() > LISTED_UNREAD {
        let rest = entries.len() - LISTED_UNREAD;
        match lang {
            Lang::En => writeln!(out, "  … and {rest} more; `-f json` lists all of them")?,
            Lang::Ja => writeln!(out, "  … 他 {rest} 件。全件は `-f json` で表示できます")?,
        }
    }
    Ok(())
}

fn data(sources: &[SourceState], now: Timestamp, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    if sources.iter().all(|source| source.id == "starter") {
        let count: u64 = sources.iter().map(|source| source.count).sum();
        return match lang {
            Lang::En => writeln!(
                out,
                "Data: only the {count} starter advisories that come with the program. \
                 For real coverage run `yagura db update`, or `yagura db import FILE` without a network."
            ),
            Lang::Ja => writeln!(
                out,
                "データ: 同梱のスターター勧告 {count} 件のみを使用しました。\
                 実際の検査には `yagura db update` (閉域網では `yagura db import FILE`) を実行してください。"
            ),
        };
    }
    let total: u64 = sources.iter().map(|source| source.count).sum();
    let newest = sources.iter().filter_map(|source| source.date).max();
    let age = newest.map(|date| (now.as_second() - date.as_second()) / 86_400);
    let text = match (newest, age) {
        (Some(date), Some(age)) => {
            let day = date.strftime("%Y-%m-%d");
            match lang {
                Lang::En => format!("newest statement {day}, {age} days ago"),
                Lang::Ja => format!("最新の情報 {day} ({age} 日前)"),
            }
        }
        _ => lang.pick("age unknown", "更新日不明").to_owned(),
    };
    match lang {
        Lang::En => {
            writeln!(out, "Data: {} advisories from {} sources, {text}.", thousands(total), sources.len())?
        }
        Lang::Ja => {
            writeln!(out, "データ: {} 情報源、勧告 {} 件、{text}。", sources.len(), thousands(total))?;
        }
    }
    if age.is_some_and(|age| age > OLD_DAYS) {
        writeln!(
            out,
            "{}",
            lang.pick(
                "      It may miss recent vulnerabilities; `yagura db update` renews it.",
                "      新しい脆弱性が含まれない可能性があります。`yagura db update` で更新できます。"
            )
        )?;
    }
    for source in sources {
        if let Some(error) = &source.error {
            match lang {
                Lang::En => writeln!(out, "      `{}` could not be updated: {}", source.id, clean(error))?,
                Lang::Ja => writeln!(out, "      `{}` を更新できませんでした: {}", source.id, clean(error))?,
            }
        }
    }
    Ok(())
}

/// Control characters in names come from whoever wrote the scanned files; they must not reach a terminal.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bold red for error words on standard error.
pub fn error_style() -> Style {
    Style::new().bold().fg_color(Some(AnsiColor::Red.into()))
}
