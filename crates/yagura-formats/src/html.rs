//! `html`: one file for people, in English or Japanese. It loads nothing from anywhere, needs no script, reads
//! well with a screen reader and on paper.

use crate::text::xml;
use crate::{Format, Report};
use std::io;
use yagura_model::{Detection, Severity};

/// The format.
pub struct Html;

const STYLE: &str = "
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.4; }
body { max-width: 80rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; width: 100%; margin-block: 1rem; }
caption { text-align: start; font-weight: bold; padding-block: .5rem; }
th, td { text-align: start; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8886; overflow-wrap: anywhere; }
.severity { font-weight: bold; white-space: nowrap; border-inline-start: .4rem solid #888; padding-inline-start: .5rem; }
.CRITICAL { border-color: #a50026; } .HIGH { border-color: #d73027; } .MEDIUM { border-color: #f08c00; }
.LOW { border-color: #4575b4; } .INFORMATIONAL { border-color: #888; } .UNTRIAGED { border-color: #888; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dd { margin: 0; }
details { margin-block: 1rem; } summary { cursor: pointer; font-weight: bold; }
@media print { details > * { display: block; } }
";

impl Format for Html {
    fn id(&self) -> &'static str {
        "html"
    }

    fn media_type(&self) -> &'static str {
        "text/html; charset=utf-8"
    }

    fn render(&self, report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let say = |english, japanese| report.lang.pick(english, japanese);
        let name = xml(&report.target.name);
        writeln!(
            out,
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>Yagura: {name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{name}</h1>",
            say("en", "ja")
        )?;
        overview(report, out)?;
        for note in report.notes {
            writeln!(out, "<p role=\"note\">{}</p>", xml(note))?;
        }
        let (active, suppressed): (Vec<&Detection>, Vec<&Detection>) =
            report.detections.iter().partition(|detection| detection.suppressed.is_none());
        if report.judged {
            if active.is_empty() {
                writeln!(
                    out,
                    "<p>{}</p>",
                    say("No known vulnerabilities.", "既知の脆弱性は見つかりませんでした。")
                )?;
            } else {
                findings(&active, report, say("Findings", "検出結果"), out)?;
            }
        }
        if !suppressed.is_empty() {
            folded(say("Suppressed findings", "抑制された検出"), suppressed.len(), out)?;
            findings(&suppressed, report, say("Suppressed findings", "抑制された検出"), out)?;
            writeln!(out, "</details>")?;
        }
        unread(report, out)?;
        packages(report, out)?;
        data(report, out)?;
        writeln!(out, "</main>\n</body>\n</html>")
    }
}

fn overview(report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let say = |english, japanese| report.lang.pick(english, japanese);
    writeln!(out, "<dl>")?;
    let mut entry = |term: &str, value: &str| writeln!(out, "<dt>{term}</dt><dd>{}</dd>", xml(value));
    if let Some(digest) = report.target.digest.as_ref().or(report.target.commit.as_ref()) {
        entry(say("Digest", "ダイジェスト"), digest)?;
    }
    if let Some(platform) = &report.inventory.platform {
        entry(say("Operating system", "オペレーティングシステム"), &platform.name)?;
    }
    if let Some(day) = report.end_of_life {
        entry(say("Without fixes since", "サポート終了日"), &day.to_string())?;
    }
    entry(say("Packages", "パッケージ数"), &report.inventory.packages.len().to_string())?;
    for severity in Severity::ALL.into_iter().rev() {
        let active = report.detections.iter().filter(|detection| detection.suppressed.is_none());
        let count = active.filter(|detection| detection.severity == severity).count();
        if count > 0 {
            entry(severity.as_str(), &count.to_string())?;
        }
    }
    if let Some(created) = report.created {
        let created = created.strftime("%Y-%m-%d %H:%M UTC").to_string();
        entry(say("Scanned", "スキャン日時"), &created)?;
    }
    entry("Yagura", report.tool_version)?;
    writeln!(out, "</dl>")
}

fn findings(
    detections: &[&Detection],
    report: &Report<'_>,
    caption: &str,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let say = |english, japanese| report.lang.pick(english, japanese);
    let columns = [
        say("Severity", "深刻度"),
        say("Vulnerability", "脆弱性"),
        say("Package", "パッケージ"),
        say("Installed", "導入済み"),
        say("Fixed in", "修正版"),
        say("Title", "概要"),
        say("Location", "場所"),
    ];
    head(caption, &columns, out)?;
    for detection in detections {
        let facts = &detection.vulnerability;
        let fix = match detection.fix.versions.as_slice() {
            [] => detection.fix.status.as_str().to_owned(),
            versions => versions.join(", "),
        };
        let mut title = xml(&facts.summary);
        if facts.kev.is_some() {
            title.push_str(&format!(
                " <strong>{}</strong>",
                say("Known to be exploited.", "悪用が確認されています。")
            ));
        }
        if let Some(decision) = &detection.suppressed {
            let reason = decision.reason.as_deref().unwrap_or_default();
            title.push_str(&format!("<br>{} {}", xml(&decision.by), xml(reason)));
        }
        let places: Vec<String> =
            detection.package.locations.iter().map(|location| xml(location.path.as_str())).collect();
        writeln!(
            out,
            "<tr><td><span class=\"severity {0}\">{0}</span></td><th scope=\"row\">{1}</th><td>{2}</td>\
             <td>{3}</td><td>{4}</td><td>{title}</td><td>{5}</td></tr>",
            detection.severity.as_str(),
            link(facts.id.as_str(), &facts.references),
            xml(&detection.package.name),
            xml(&detection.package.version),
            xml(&fix),
            places.join("<br>"),
        )?;
    }
    writeln!(out, "</tbody>\n</table>")
}

/// The id, leading to the first reference that a browser may safely open.
fn link(id: &str, references: &[String]) -> String {
    match references.iter().find(|url| url.starts_with("https://")) {
        Some(url) => format!("<a href=\"{}\" rel=\"noreferrer noopener\">{}</a>", xml(url), xml(id)),
        None => xml(id),
    }
}

fn unread(report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let say = |english, japanese| report.lang.pick(english, japanese);
    if report.inventory.unread.is_empty() {
        return Ok(());
    }
    let columns = [say("Path", "パス"), say("Reason", "理由")];
    head(say("Not read", "読み取れなかったもの"), &columns, out)?;
    for entry in &report.inventory.unread {
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            xml(entry.path.as_str()),
            xml(&entry.detail)
        )?;
    }
    writeln!(out, "</tbody>\n</table>")
}

fn packages(report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let say = |english, japanese| report.lang.pick(english, japanese);
    folded(say("Packages", "パッケージ"), report.inventory.packages.len(), out)?;
    let columns = [
        say("Name", "名前"),
        say("Version", "バージョン"),
        say("Ecosystem", "エコシステム"),
        say("Licences", "ライセンス"),
    ];
    head(say("Packages", "パッケージ"), &columns, out)?;
    for package in &report.inventory.packages {
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            xml(&package.name),
            xml(&package.version),
            xml(package.ecosystem.as_str()),
            xml(&package.licenses.join(", ")),
        )?;
    }
    writeln!(out, "</tbody>\n</table>\n</details>")
}

fn data(report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let say = |english, japanese| report.lang.pick(english, japanese);
    if report.data.is_empty() {
        return Ok(());
    }
    let columns = [
        say("Source", "情報源"),
        say("Date", "日付"),
        say("Advisories", "アドバイザリ数"),
        say("Last error", "直近のエラー"),
    ];
    head(say("Advisory data", "アドバイザリデータ"), &columns, out)?;
    for source in report.data {
        let date = source.date.map(|date| date.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{date}</td><td>{}</td><td>{}</td></tr>",
            xml(&source.id),
            source.count,
            xml(source.error.as_deref().unwrap_or_default()),
        )?;
    }
    writeln!(out, "</tbody>\n</table>")
}

fn folded(title: &str, count: usize, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "<details>\n<summary>{title} ({count})</summary>")
}

fn head(caption: &str, columns: &[&str], out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "<table>\n<caption>{caption}</caption>\n<thead>\n<tr>")?;
    for column in columns {
        write!(out, "<th scope=\"col\">{column}</th>")?;
    }
    writeln!(out, "\n</tr>\n</thead>\n<tbody>")
}
