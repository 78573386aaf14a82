//! `sarif`: SARIF 2.1.0, one rule for each vulnerability or rule page, one result for each place.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use crate::text::printable;
use crate::{Format, Report};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use yagura_model::{CodeDetection, Detection, FlowStep, Severity, Suppressed};

/// The format.
pub struct Sarif;

impl Format for Sarif {
    fn id(&self) -> &'static str {
        "sarif"
    }

    fn media_type(&self) -> &'static str {
        "application/sarif+json"
    }

    fn holds_code(&self) -> bool {
        true
    }

    fn render(&self, report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let mut rules: BTreeMap<&str, &Detection> = BTreeMap::new();
        for detection in report.detections {
            let rule = rules.entry(detection.vulnerability.id.as_str()).or_insert(detection);
            if detection.severity > rule.severity {
                *rule = detection;
            }
        }
        let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, id)| (*id, at)).collect();
        let mut pages: BTreeMap<&str, &CodeDetection> = BTreeMap::new();
        for detection in report.code {
            pages.entry(&detection.cause.rule).or_insert(detection);
        }
        let page_index: BTreeMap<&str, usize> =
            pages.keys().enumerate().map(|(at, id)| (*id, rules.len() + at)).collect();
        let described: Vec<Value> = rules
            .values()
            .map(|detection| rule(detection))
            .chain(pages.values().map(|detection| page(detection, report)))
            .collect();
        let results: Vec<Value> = report
            .detections
            .iter()
            .map(|detection| result(detection, report, &index))
            .chain(report.code.iter().map(|detection| code_result(detection, report, &page_index)))
            .collect();
        let mut run = json!({
            "tool": { "driver": {
                "name": "Yagura",
                "version": report.tool_version,
                "rules": described,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
            "invocations": [{
                "executionSuccessful": report.is_complete(),
                "toolExecutionNotifications": notifications(report),
            }],
        });
        if let (Some(commit), Some(run)) = (&report.target.commit, run.as_object_mut()) {
            run.insert(
                "versionControlProvenance".to_owned(),
                json!([{
                    "repositoryUri": uri(&report.target.name),
                    "revisionId": commit,
                }]),
            );
        }
        let document = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [run],
        });
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    }
}

/// What was not read, and remarks on the result as a whole.
fn notifications(report: &Report<'_>) -> Vec<Value> {
    let unread = report.inventory.unread.iter().map(|entry| {
        let level = if entry.reason.is_failure() { "warning" } else { "note" };
        (level, format!("{}: {}", entry.path, entry.detail))
    });
    let notes = report.notes.iter().map(|note| ("note", note.clone()));
    unread
        .chain(notes)
        .map(|(level, text)| json!({ "level": level, "message": { "text": printable(&text) } }))
        .collect()
}

fn rule(detection: &Detection) -> Value {
    let vulnerability = &detection.vulnerability;
    let id = vulnerability.id.as_str();
    let title = if vulnerability.summary.is_empty() { id } else { &vulnerability.summary };
    let mut tags = vec!["vulnerability".to_owned(), "security".to_owned(), detection.severity.to_string()];
    tags.extend(vulnerability.cwes.iter().map(|cwe| format!("external/cwe/cwe-{cwe:03}")));
    let mut rule = json!({
        "id": id,
        "shortDescription": { "text": printable(title) },
        "fullDescription": { "text": printable(title) },
        "defaultConfiguration": { "level": level(detection.severity) },
        "properties": {
            "tags": tags,
            "precision": "very-high",
            "security-severity": format!("{:.1}", detection.score.unwrap_or_else(|| nominal(detection.severity))),
        },
    });
    let help = vulnerability.references.iter().find(|url| url.starts_with("https://"));
    if let (Some(url), Some(rule)) = (help, rule.as_object_mut()) {
        rule.insert("helpUri".to_owned(), json!(uri(url)));
    }
    rule
}

fn result(detection: &Detection, report: &Report<'_>, index: &BTreeMap<&str, usize>) -> Value {
    let package = &detection.package;
    let id = detection.vulnerability.id.as_str();
    let fix = match detection.fix.versions.as_slice() {
        [] => detection.fix.status.as_str().to_owned(),
        versions => format!("fixed in {}", versions.join(", ")),
    };
    let locations: Vec<Value> = package
        .locations
        .iter()
        .map(|location| {
            let path = location.path.as_str();
            // SARIF has no notion of a member of an archive: the archive is the file to look at.
            let artifact = path.split("!/").next().unwrap_or(path);
            let artifact = if artifact.is_empty() { report.target.name.as_str() } else { artifact };
            json!({
                "physicalLocation": {
                    "artifactLocation": { "uri": uri(artifact) },
                    "region": { "startLine": 1 },
                },
                "message": { "text": printable(&format!("{}@{}", package.name, package.version)) },
            })
        })
        .collect();
    let mut result = json!({
        "ruleId": id,
        "ruleIndex": index.get(id).copied().unwrap_or_default(),
        "level": level(detection.severity),
        "message": { "text": printable(&format!("{} {} has {id} ({}): {fix}", package.name, package.version, detection.severity)) },
        "locations": locations,
        // The same problem keeps its fingerprint when versions move, so that consumers track it.
        "partialFingerprints": { "yagura/v1": format!("{id}|{}|{}", package.ecosystem, package.name) },
    });
    suppress(&mut result, detection.suppressed.as_ref(), "external");
    result
}

fn suppress(result: &mut Value, suppressed: Option<&Suppressed>, kind: &str) {
    if let (Some(suppressed), Some(result)) = (suppressed, result.as_object_mut()) {
        if suppressed.is_known() {
            result.insert("baselineState".to_owned(), json!("unchanged"));
            return;
        }
        let why = suppressed.reason.as_deref().unwrap_or(&suppressed.by);
        result.insert(
            "suppressions".to_owned(),
            json!([{ "kind": kind, "status": "accepted", "justification": printable(why) }]),
        );
    }
}

/// The rule of a flaw in code.
fn page(detection: &CodeDetection, report: &Report<'_>) -> Value {
    let cause = &detection.cause;
    let mut tags = vec!["security".to_owned()];
    tags.extend(cause.tags.iter().cloned());
    tags.extend(cause.cwes.iter().map(|cwe| format!("external/cwe/cwe-{cwe:03}")));
    json!({
        "id": cause.rule,
        "shortDescription": { "text": report.lang.pick(&cause.detector_name, &detection.name_ja) },
        "fullDescription": { "text": printable(&cause.description) },
        "help": { "text": printable(&cause.remediation) },
        "defaultConfiguration": { "level": level(cause.severity) },
        "properties": { "tags": tags, "security-severity": format!("{:.1}", nominal(cause.severity)) },
    })
}

fn code_result(detection: &CodeDetection, report: &Report<'_>, index: &BTreeMap<&str, usize>) -> Value {
    let cause = &detection.cause;
    let artifact = cause.path.split("!/").next().unwrap_or(&cause.path);
    let title = report.lang.pick(&cause.detector_name, &detection.name_ja);
    let mut result = json!({
        "ruleId": cause.rule,
        "ruleIndex": index.get(cause.rule.as_str()).copied().unwrap_or_default(),
        "level": level(cause.severity),
        "message": { "text": printable(&format!("{title}: {}", detection.excerpt)) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(artifact) },
            "region": {
                "startLine": cause.lines.0,
                "startColumn": detection.columns.0,
                "endLine": cause.lines.1,
                // SARIF counts up to the character behind the last one.
                "endColumn": detection.columns.1.saturating_add(1),
            },
        }}],
        "partialFingerprints": { "yagura/v1": format!("{}|{}|{}", cause.rule, cause.path, detection.excerpt) },
    });
    if !cause.flow.is_empty() {
        let steps: Vec<Value> = cause.flow.iter().map(step).collect();
        result["codeFlows"] = json!([{ "threadFlows": [{ "locations": steps }] }]);
    }
    let own = detection.suppressed.as_ref().is_some_and(|one| one.by.starts_with(&cause.path));
    suppress(&mut result, detection.suppressed.as_ref(), if own { "inSource" } else { "external" });
    result
}

fn step(step: &FlowStep) -> Value {
    json!({ "location": { "physicalLocation": {
        "artifactLocation": { "uri": uri(&step.path) },
        "region": { "startLine": step.line },
    }}})
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Informational | Severity::Untriaged => "note",
    }
}

/// The lower end of a band, for consumers that only know scores.
fn nominal(severity: Severity) -> f64 {
    match severity {
        Severity::Critical => 9.0,
        Severity::High => 7.0,
        Severity::Medium => 4.0,
        Severity::Low => 0.1,
        Severity::Informational | Severity::Untriaged => 0.0,
    }
}

/// Percent-encodes what RFC 3986 does not allow in a path or address.
fn uri(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:?#@!$&'()*+,;=".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
