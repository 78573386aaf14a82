//! `junit`: one failed test case for each active finding, grouped by ecosystem, for CI systems.

use crate::text::{printable, xml};
use crate::{Format, Report};
use std::collections::BTreeMap;
use std::io;
use yagura_model::Detection;

/// The format.
pub struct Junit;

impl Format for Junit {
    fn id(&self) -> &'static str {
        "junit"
    }

    fn media_type(&self) -> &'static str {
        "application/xml"
    }

    fn render(&self, report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let mut suites: BTreeMap<&str, Vec<&Detection>> = BTreeMap::new();
        for package in &report.inventory.packages {
            suites.entry(package.ecosystem.as_str()).or_default();
        }
        for detection in report.detections.iter().filter(|detection| detection.suppressed.is_none()) {
            suites.entry(detection.package.ecosystem.as_str()).or_default().push(detection);
        }
        let failures: usize = suites.values().map(Vec::len).sum();
        let unread = report.inventory.unread.iter().filter(|entry| entry.reason.is_failure());
        let unread: Vec<String> = unread.map(|entry| format!("{}: {}", entry.path, entry.detail)).collect();
        let remarks = !unread.is_empty() || !report.notes.is_empty();
        let tests = suites.values().map(|found| found.len().max(1)).sum::<usize>()
            + if remarks { unread.len().max(1) } else { 0 };
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(
            out,
            r#"<testsuites name="yagura {}" tests="{tests}" errors="{}" failures="{failures}">"#,
            xml(&report.target.name),
            unread.len()
        )?;
        if remarks {
            notes_and_gaps(&unread, report.notes, out)?;
        }
        for (ecosystem, detections) in suites {
            writeln!(
                out,
                r#"  <testsuite name="{}" tests="{}" errors="0" failures="{}">"#,
                xml(ecosystem),
                detections.len().max(1),
                detections.len()
            )?;
            if detections.is_empty() {
                writeln!(
                    out,
                    r#"    <testcase classname="{}" name="no known vulnerability"/>"#,
                    xml(ecosystem)
                )?;
            }
            for detection in detections {
                case(detection, out)?;
            }
            writeln!(out, "  </testsuite>")?;
        }
        writeln!(out, "</testsuites>")
    }
}

/// What a CI system has no word for: remarks are properties, and what could not be read is an error, because a
/// scan that broke must not look clean.
fn notes_and_gaps(unread: &[String], notes: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    let errors = unread.len();
    writeln!(out, r#"  <testsuite name="yagura" tests="{}" errors="{errors}" failures="0">"#, errors.max(1))?;
    if !notes.is_empty() {
        writeln!(out, "    <properties>")?;
        for note in notes {
            writeln!(out, r#"      <property name="note" value="{}"/>"#, xml(&printable(note)))?;
        }
        writeln!(out, "    </properties>")?;
    }
    if unread.is_empty() {
        writeln!(out, r#"    <testcase classname="yagura" name="everything was read"/>"#)?;
    }
    for entry in unread {
        let entry = xml(&printable(entry));
        writeln!(out, r#"    <testcase classname="yagura" name="{entry}">"#)?;
        writeln!(out, r#"      <error type="unread" message="{entry}"/>"#)?;
        writeln!(out, "    </testcase>")?;
    }
    writeln!(out, "  </testsuite>")
}

fn case(detection: &Detection, out: &mut dyn io::Write) -> io::Result<()> {
    let package = &detection.package;
    let fix = match detection.fix.versions.as_slice() {
        [] => detection.fix.status.as_str().to_owned(),
        versions => format!("fixed in {}", versions.join(", ")),
    };
    writeln!(
        out,
        r#"    <testcase classname="{}" name="{} {}">"#,
        xml(&format!("{} {}", package.name, package.version)),
        xml(detection.vulnerability.id.as_str()),
        xml(&package.name)
    )?;
    writeln!(
        out,
        r#"      <failure type="{}" message="{}">{}</failure>"#,
        detection.severity,
        xml(&format!(
            "{} {} in {} {}: {fix}",
            detection.severity, detection.vulnerability.id, package.name, package.version
        )),
        xml(&printable(&detection.vulnerability.summary))
    )?;
    writeln!(out, "    </testcase>")
}
