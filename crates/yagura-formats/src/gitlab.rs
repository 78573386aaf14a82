//! `gitlab`: a report for GitLab's security dashboard, container scanning for images and dependency scanning for
//! everything else. <https://gitlab.com/gitlab-org/security-products/security-report-schemas>, version 15.0.
//!
//! Suppressed findings are left out: GitLab has no word for them in a report.

use crate::text::printable;
use crate::{Format, Report, TargetKind};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use yagura_model::{Detection, Package, Severity};

/// Longest name of a vulnerability that the schema accepts, in characters.
const MOST_NAME: usize = 255;
/// The same for a solution.
const MOST_SOLUTION: usize = 7000;

/// The format.
pub struct Gitlab;

impl Format for Gitlab {
    fn id(&self) -> &'static str {
        "gitlab"
    }

    fn media_type(&self) -> &'static str {
        "application/json"
    }

    fn render(&self, report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let kind = match report.target.kind {
            TargetKind::Image => "container_scanning",
            _ => "dependency_scanning",
        };
        let tool = json!({
            "id": "yagura",
            "name": "Yagura",
            "version": report.tool_version,
            "vendor": { "name": "Yagura" },
        });
        let time = report.stamp().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let unread = report.inventory.unread.iter().map(|entry| {
            let level = if entry.reason.is_failure() { "warn" } else { "info" };
            json!({ "level": level, "value": printable(&format!("{}: {}", entry.path, entry.detail)) })
        });
        let notes = report.notes.iter().map(|note| json!({ "level": "info", "value": printable(note) }));
        let messages: Vec<Value> = unread.chain(notes).collect();
        let active = report.detections.iter().filter(|detection| detection.suppressed.is_none());
        let mut document = json!({
            "version": "15.0.7",
            "scan": {
                "analyzer": tool,
                "scanner": tool,
                "type": kind,
                "start_time": time,
                "end_time": time,
                "status": if report.is_complete() { "success" } else { "failure" },
                "messages": messages,
            },
            "vulnerabilities": active.map(|detection| vulnerability(detection, report)).collect::<Vec<_>>(),
        });
        if let (true, Some(document)) = (kind == "dependency_scanning", document.as_object_mut()) {
            document.insert("dependency_files".to_owned(), dependency_files(report));
        }
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    }
}

fn vulnerability(detection: &Detection, report: &Report<'_>) -> Value {
    let facts = &detection.vulnerability;
    let package = &detection.package;
    let ids: BTreeSet<&str> = facts.aliases.iter().map(String::as_str).collect();
    let identifiers: Vec<Value> = std::iter::once(facts.id.as_str()).chain(ids).map(identifier).collect();
    let links: Vec<Value> = facts
        .references
        .iter()
        .filter(|url| {
            url.starts_with("https://") && !url.contains(|c: char| c.is_whitespace() || c.is_control())
        })
        .map(|url| json!({ "url": url }))
        .collect();
    let mut solution = match detection.fix.versions.as_slice() {
        [] => format!("No fix: {}", detection.fix.status.as_str()),
        versions => format!("Update {} to {}", package.name, versions.join(" or ")),
    };
    truncate(&mut solution, MOST_SOLUTION);
    let mut name = format!("{} in {}", facts.id, package.name);
    truncate(&mut name, MOST_NAME);
    let id = format!("{}/{}", facts.id, (report.purl)(package));
    json!({
        "id": printable(&id),
        "name": printable(&name),
        "description": printable(&facts.summary),
        "severity": severity(detection.severity),
        "solution": printable(&solution),
        "identifiers": identifiers,
        "links": links,
        "location": location(package, report),
    })
}

fn location(package: &Package, report: &Report<'_>) -> Value {
    let dependency = json!({
        "package": { "name": printable(&package.name) },
        "version": printable(&package.version),
    });
    if report.target.kind == TargetKind::Image {
        let system = report
            .inventory
            .platform
            .as_ref()
            .map(|platform| format!("{} {}", platform.id, platform.version));
        return json!({
            "dependency": dependency,
            "operating_system": printable(&system.unwrap_or_else(|| "none".to_owned())),
            "image": printable(&report.target.name),
        });
    }
    json!({ "dependency": dependency, "file": file(package, report) })
}

/// The file that names a package; the target itself for packages of an SBOM, which have none.
fn file(package: &Package, report: &Report<'_>) -> String {
    let path = package.locations.first().map(|location| location.path.as_str()).unwrap_or_default();
    printable(if path.is_empty() { &report.target.name } else { path })
}

/// All packages by the file that names them.
fn dependency_files(report: &Report<'_>) -> Value {
    let mut files: BTreeMap<(String, &str), Vec<Value>> = BTreeMap::new();
    for package in &report.inventory.packages {
        files.entry((file(package, report), package.ecosystem.base())).or_default().push(json!({
            "package": { "name": printable(&package.name) },
            "version": printable(&package.version),
        }));
    }
    let files = files.into_iter().map(|((path, manager), dependencies)| {
        json!({ "path": path, "package_manager": manager.to_lowercase(), "dependencies": dependencies })
    });
    json!(files.collect::<Vec<_>>())
}

fn truncate(text: &mut String, most: usize) {
    if let Some((at, _)) = text.char_indices().nth(most) {
        text.truncate(at);
    }
}

fn identifier(id: &str) -> Value {
    let kind = id.split_once('-').map_or(id, |(kind, _)| kind).to_ascii_lowercase();
    json!({ "type": kind, "name": id, "value": id, "url": format!("https://osv.dev/vulnerability/{id}") })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Informational => "Info",
        Severity::Untriaged => "Unknown",
    }
}
