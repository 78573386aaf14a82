//! The table for people: sorted, grouped by ecosystem, with what to update to, what was not read, and how
//! old the data is.

mod code;
mod columns;
mod gaps;

pub use columns::{Cell, Columns};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::io::{self, Write};
use yagura_formats::{Report, SourceState};
use yagura_model::{Detection, FixStatus, Lang, Package, Severity, Suppressed};

/// How the terminal looks.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns; `None` when output is not a terminal: then nothing is wrapped.
    pub width: Option<u16>,
    /// Whether colours are wanted.
    pub colour: bool,
}

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
        code::write(report, look, show_suppressed, out)?;
        writeln!(out, "{}", summary(report))?;
    } else {
        packages(report, look, out)?;
    }
    gaps::write(&report.inventory.unread, lang, look, out)?;
    if !report.notes.is_empty() || report.judged {
        writeln!(out)?;
    }
    for note in report.notes {
        put_line(&format!("{} {}", lang.pick("note:", "注意:"), clean(note)), out)?;
    }
    if report.judged {
        data(report.data, report.now, lang, out)?;
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
    put_line(&format!("{bold}{}{}{bold:#} · {packages}", clean(&report.target.name), clean(&platform)), out)?;
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
    for (ecosystem, detections) in groups {
        heading(&clean(ecosystem), look, out)?;
        findings_of(&detections, report.lang, look).write(out)?;
        writeln!(out)?;
    }
    Ok(())
}

/// The line above a group of findings.
fn heading(text: &str, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let bold = if look.colour { Style::new().bold() } else { Style::new() };
    put_line(&format!("{bold}{text}{bold:#}"), out)
}

/// The findings of one ecosystem by the file in which the fix goes, worst first.
fn findings_of(detections: &[&Detection], lang: Lang, look: Look) -> Columns {
    let mut by_place: BTreeMap<String, Vec<&Detection>> = BTreeMap::new();
    for detection in detections {
        by_place.entry(place(&detection.package, lang)).or_default().push(detection);
    }
    let worst = |found: &[&Detection]| found.iter().map(|detection| detection.severity).max();
    let mut by_place: Vec<(String, Vec<&Detection>)> = by_place.into_iter().collect();
    by_place.sort_by(|(a, of_a), (b, of_b)| worst(of_b).cmp(&worst(of_a)).then_with(|| a.cmp(b)));
    let mut table = Columns::new(
        [
            lang.pick("Severity", "深刻度"),
            lang.pick("Vulnerability", "脆弱性"),
            lang.pick("Package", "パッケージ"),
            lang.pick("Installed", "導入済み"),
            lang.pick("Fixed in", "修正版"),
            lang.pick("Exploited / EPSS", "悪用 / EPSS"),
            lang.pick("Title", "概要"),
        ],
        look,
    );
    for (place, mut found) in by_place {
        if !place.is_empty() {
            table.section(Cell::new(place).styled(Style::new().dimmed()));
        }
        found.sort_by(|a, b| {
            b.severity
                .cmp(&a.severity)
                .then_with(|| a.package.name.cmp(&b.package.name))
                .then_with(|| a.package.version.cmp(&b.package.version))
                .then_with(|| a.vulnerability.id.cmp(&b.vulnerability.id))
        });
        for detection in found {
            table.row([
                severity(detection.severity, detection.suppressed.as_ref()),
                Cell::new(detection.vulnerability.id.as_str()),
                Cell::new(&detection.package.name),
                Cell::new(&detection.package.version),
                Cell::new(fix(detection, lang)),
                Cell::new(threat(detection, lang)),
                Cell::new(title_of(&detection.vulnerability.summary, detection.suppressed.as_ref())),
            ]);
        }
    }
    table
}

/// For language packages the file that named them, because that is where the fix goes. An OS package is updated
/// with its package manager, wherever its database lies.
fn place(package: &Package, lang: Lang) -> String {
    let Some(first) = package.locations.first().filter(|_| package.source.is_none()) else {
        return String::new();
    };
    match (package.locations.len(), lang) {
        (1, _) => first.path.as_str().to_owned(),
        (count, Lang::En) => format!("{} and {} more", first.path.as_str(), count - 1),
        (count, Lang::Ja) => format!("{} 他 {} か所", first.path.as_str(), count - 1),
    }
}

/// The title; who suppressed the finding comes first where somebody did.
fn title_of(title: &str, suppressed: Option<&Suppressed>) -> String {
    match suppressed {
        Some(decision) => format!("[{}] {title}", decision.by),
        None => title.to_owned(),
    }
}

fn packages(report: &Report<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let lang = report.lang;
    let mut table = Columns::new(
        [
            lang.pick("Ecosystem", "エコシステム"),
            lang.pick("Package", "パッケージ"),
            lang.pick("Version", "バージョン"),
            lang.pick("Licence", "ライセンス"),
            lang.pick("Found in", "場所"),
        ],
        look,
    );
    for package in &report.inventory.packages {
        let place = package.locations.first().map_or("", |location| location.path.as_str());
        table.row([
            Cell::new(package.ecosystem.as_str()),
            Cell::new(&package.name),
            Cell::new(&package.version),
            Cell::new(columns::cut(&package.licenses.join(", "), 40)),
            Cell::new(place),
        ]);
    }
    table.write(out)?;
    writeln!(out)
}

fn severity(severity: Severity, suppressed: Option<&Suppressed>) -> Cell {
    let text = if suppressed.is_some() { format!("({severity})") } else { severity.to_string() };
    Cell::new(text).styled(severity_style(severity))
}

/// How a severity looks on a terminal.
pub fn severity_style(severity: Severity) -> Style {
    let colour = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
    match severity {
        Severity::Critical => colour(AnsiColor::Red).bold(),
        Severity::High => colour(AnsiColor::Red),
        Severity::Medium => colour(AnsiColor::Yellow),
        Severity::Low => colour(AnsiColor::Blue),
        Severity::Informational | Severity::Untriaged => Style::new().dimmed(),
    }
}

fn fix(detection: &Detection, lang: Lang) -> String {
    if !detection.fix.versions.is_empty() {
        return detection.fix.versions.join(", ");
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
    let kev = detection.vulnerability.kev.as_ref().map(|_| lang.pick("known", "悪用あり").to_owned());
    [kev, epss].into_iter().flatten().collect::<Vec<_>>().join(" / ")
}

/// One line: how many of each severity, how many can be fixed, how many are hidden.
pub fn summary(report: &Report<'_>) -> String {
    let active: Vec<&Detection> = report.detections.iter().filter(|d| d.suppressed.is_none()).collect();
    let code: Vec<Severity> =
        report.code.iter().filter(|one| one.suppressed.is_none()).map(|one| one.cause.severity).collect();
    let all = active.len() + code.len();
    let suppressed = report.detections.len() + report.code.len() - all;
    let marks = report.detections.iter().map(|one| &one.suppressed);
    let marks = marks.chain(report.code.iter().map(|one| &one.suppressed));
    let known = marks.flatten().filter(|mark| mark.is_known()).count();
    // Who looks into files alone is not told about packages.
    let files_alone = report.inventory.packages.is_empty() && report.data.is_empty();
    let fixable = active.iter().filter(|d| !d.fix.versions.is_empty()).count();
    let exploited = active.iter().filter(|d| d.vulnerability.kev.is_some()).count();
    let parts: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .filter_map(|severity| {
            let count = active
                .iter()
                .map(|d| d.severity)
                .chain(code.iter().copied())
                .filter(|s| s == severity)
                .count();
            (count > 0).then(|| format!("{count} {}", severity.as_str().to_lowercase()))
        })
        .collect();
    let mut line = match report.lang {
        Lang::En => match all {
            0 if files_alone && report.is_complete() => "No flaw found in the files".to_owned(),
            0 if files_alone => "No flaw found in the files that could be read".to_owned(),
            0 if report.inventory.packages.is_empty() => {
                "No package was found: there was nothing to judge".to_owned()
            }
            0 if !report.is_complete() => "No known vulnerability found in what could be read".to_owned(),
            0 => "No known vulnerability found".to_owned(),
            1 => format!("1 finding: {}", parts.join(", ")),
            count => format!("{} findings: {}", thousands(count as u64), parts.join(", ")),
        },
        Lang::Ja => match all {
            0 if files_alone && report.is_complete() => "ファイルに問題は見つかりませんでした".to_owned(),
            0 if files_alone => "読み取れた範囲ではファイルに問題は見つかりませんでした".to_owned(),
            0 if report.inventory.packages.is_empty() => {
                "パッケージが見つからず、判定するものがありませんでした".to_owned()
            }
            0 if !report.is_complete() => "読み取れた範囲では既知の脆弱性は見つかりませんでした".to_owned(),
            0 => "既知の脆弱性は見つかりませんでした".to_owned(),
            count => format!("検出 {} 件: {}", thousands(count as u64), parts.join(", ")),
        },
    };
    for (count, english, japanese) in [
        (fixable, "fixed by an update", "更新で修正可能"),
        (exploited, "known exploited", "悪用確認済み"),
        (suppressed - known, "suppressed", "抑制済み"),
        (known, "known before", "既知"),
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

fn data(sources: &[SourceState], now: Timestamp, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    // What else there is to say of the data is among the notes.
    if sources.iter().all(|source| source.id == "starter") {
        return Ok(());
    }
    let total: u64 = sources.iter().map(|source| source.count).sum();
    let newest = sources.iter().filter_map(|source| source.date).max();
    let age = newest.map(|date| (now.as_second() - date.as_second()) / 86_400);
    let text = match (newest, age) {
        (Some(date), Some(age)) => {
            let day = date.strftime("%Y-%m-%d");
            match lang {
                Lang::En => format!("newest statement {day}, {} old", days(age, lang)),
                Lang::Ja => format!("最新の情報 {day} ({}前)", days(age, lang)),
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
    Ok(())
}

/// `1 day`, `12 days`.
pub fn days(count: i64, lang: Lang) -> String {
    match (lang, count) {
        (Lang::En, 1) => "1 day".to_owned(),
        (Lang::En, count) => format!("{count} days"),
        (Lang::Ja, count) => format!("{count} 日"),
    }
}

/// Control characters in names come from whoever wrote the scanned files; they must not reach a terminal.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { '\u{fffd}' } else { c }).collect()
}

/// Controls, and the characters that turn the direction of a line around.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes a line. CI systems take lines that begin with `::`, and `##[`, `##vso[`, `##teamcity[` anywhere, for
/// commands to themselves; a name from a scanned file must not give any.
pub(crate) fn put_line(line: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut line = line.replace("##", "# #");
    let start = line.len() - line.trim_start().len();
    if line[start..].starts_with("::") {
        line.insert(start + 1, ' ');
    }
    writeln!(out, "{line}")
}

/// Digits in groups of three.
pub fn thousands(number: u64) -> String {
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
