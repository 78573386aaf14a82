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
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(
            out,
            r#"<testsuites name="yagura {}" tests="{}" failures="{failures}">"#,
            xml(&report.target.name),
            failures.max(suites.len())
        )?;
        for (ecosystem, detections) in suites {
            writeln!(
                out,
                r#"  <testsuite name="{}" tests="{}" failures="{}">"#,
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
