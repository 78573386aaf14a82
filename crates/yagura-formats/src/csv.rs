//! `csv`: one finding a line, RFC 4180, with a byte order mark so that spreadsheets see UTF-8.

use crate::text::printable;
use crate::{Format, Report};
use std::io;

/// The format.
pub struct Csv;

const COLUMNS: &[&str] = &[
    "Vulnerability",
    "Severity",
    "Score",
    "Package",
    "Ecosystem",
    "Installed",
    "Fixed in",
    "Status",
    "Source",
    "Advisory",
    "Known exploited",
    "EPSS",
    "Title",
    "Location",
    "Suppressed by",
];

impl Format for Csv {
    fn id(&self) -> &'static str {
        "csv"
    }

    fn media_type(&self) -> &'static str {
        "text/csv; charset=utf-8"
    }

    fn render(&self, report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all("\u{feff}".as_bytes())?;
        line(out, COLUMNS.iter().map(|&column| column.to_owned()))?;
        for detection in report.detections {
            let vulnerability = &detection.vulnerability;
            let package = &detection.package;
            let places: Vec<&str> = package.locations.iter().map(|location| location.path.as_str()).collect();
            line(
                out,
                [
                    vulnerability.id.to_string(),
                    detection.severity.to_string(),
                    detection.score.map(|score| format!("{score:.1}")).unwrap_or_default(),
                    package.name.clone(),
                    package.ecosystem.to_string(),
                    package.version.clone(),
                    detection.fix.versions.join(" "),
                    detection.fix.status.as_str().to_owned(),
                    detection.source.to_string(),
                    detection.advisory.clone(),
                    if vulnerability.kev.is_some() { "yes" } else { "no" }.to_owned(),
                    vulnerability.epss.map(|epss| format!("{:.5}", epss.score)).unwrap_or_default(),
                    vulnerability.summary.clone(),
                    places.join(" "),
                    detection.suppressed.as_ref().map(|by| by.by.clone()).unwrap_or_default(),
                ]
                .into_iter(),
            )?;
        }
        Ok(())
    }
}

/// One line of fields.
pub(crate) fn line(out: &mut dyn io::Write, fields: impl Iterator<Item = String>) -> io::Result<()> {
    let fields: Vec<String> = fields.map(|field| quoted(&field)).collect();
    write!(out, "{}\r\n", fields.join(","))
}

/// Quotes where needed. A leading `=`, `+`, `-` or `@` would run as a formula in a spreadsheet, and the
/// names in a report are an attacker's to choose, so such a field begins with an apostrophe. Control characters
/// would reach the terminal that prints the file.
fn quoted(field: &str) -> String {
    let field = printable(field);
    let defused =
        if field.trim_start().starts_with(['=', '+', '-', '@']) { format!("'{field}") } else { field };
    if defused.contains([',', '"']) { format!("\"{}\"", defused.replace('"', "\"\"")) } else { defused }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn fields_are_quoted_and_formulas_defused() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(quoted("\t\u{1b}[31m=1"), "  [31m=1");
    }
}
