//! `json`: Yagura's own document, schema `yagura/scan/1`. Fields may be added; a change that breaks readers
//! raises the number.

use crate::{Format, Report};
use serde::Serialize;
use std::io;
use yagura_model::{CodeDetection, Detection, Lang, Package, Unread, cwe_ids};

/// The format.
pub struct Json;

/// The version of the schema.
pub const SCHEMA: &str = "yagura/scan/1";

impl Format for Json {
    fn id(&self) -> &'static str {
        "json"
    }

    fn media_type(&self) -> &'static str {
        "application/json"
    }

    fn holds_code(&self) -> bool {
        true
    }

    fn render(&self, report: &Report<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let document = Document::new(report);
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema: &'static str,
    tool: Tool<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    target: TargetView<'a>,
    packages: Vec<PackageView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<AnyFinding<'a>>>,
    unread: &'a [Unread],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Vec<DataView<'a>>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'static str,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TargetView<'a> {
    kind: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a yagura_model::Platform>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_of_life: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PackageView<'a> {
    purl: String,
    ecosystem: &'a str,
    name: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a yagura_model::SourcePackage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arch: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<&'a str>,
    locations: &'a [yagura_model::Location],
    /// Of the first location.
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<&'a yagura_model::LayerId>,
    scope: yagura_model::Scope,
    relation: yagura_model::Relation,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    depends_on: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    dependency_path: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    licenses: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a yagura_model::Owner>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    vulnerability_id: &'a str,
    aliases: &'a [String],
    severity: &'static str,
    score: Option<f64>,
    vector: Option<&'a str>,
    score_source: Option<&'a str>,
    vendor_severity: Option<&'a str>,
    package: &'a str,
    ecosystem: &'a str,
    purl: String,
    installed: &'a str,
    fixed_in: &'a [String],
    status: &'static str,
    source: &'a str,
    advisory: &'a str,
    title: &'a str,
    description: &'a str,
    cwes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epss: Option<&'a yagura_model::Epss>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kev: Option<&'a yagura_model::Kev>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    references: &'a [String],
    location: &'a [yagura_model::Location],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    dependency_path: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<&'a yagura_model::Suppressed>,
}

/// A finding of either type.
#[derive(Serialize)]
#[serde(untagged)]
enum AnyFinding<'a> {
    Package(Box<FindingView<'a>>),
    Code(Box<CodeView<'a>>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    rule: &'a str,
    detector: &'a str,
    title: &'a str,
    severity: &'static str,
    description: &'a str,
    remediation: &'a str,
    cwes: Vec<String>,
    tags: &'a [String],
    path: &'a str,
    start_line: u32,
    end_line: u32,
    start_column: u32,
    end_column: u32,
    excerpt: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    flow: &'a [yagura_model::FlowStep],
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<&'a yagura_model::Suppressed>,
}

#[derive(Serialize)]
struct DataView<'a> {
    source: &'a str,
    date: Option<String>,
    advisories: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> Document<'a> {
    fn new(report: &'a Report<'_>) -> Self {
        let target = report.target;
        Self {
            schema: SCHEMA,
            tool: Tool { name: "yagura", version: report.tool_version },
            created: report.created.map(|time| time.to_string()),
            target: TargetView {
                kind: target.kind.as_str(),
                name: &target.name,
                digest: target.digest.as_deref(),
                tags: &target.tags,
                commit: target.commit.as_deref(),
                platform: report.inventory.platform.as_ref(),
                end_of_life: report.end_of_life.map(|date| date.to_string()),
            },
            packages: report.inventory.packages.iter().map(|one| package(one, report.purl)).collect(),
            findings: report.judged.then(|| {
                let packages = report
                    .detections
                    .iter()
                    .map(|one| AnyFinding::Package(Box::new(finding(one, report.purl))));
                let code = report.code.iter().map(|one| AnyFinding::Code(Box::new(code(one, report.lang))));
                packages.chain(code).collect()
            }),
            unread: &report.inventory.unread,
            data: report.judged.then(|| {
                report
                    .data
                    .iter()
                    .map(|source| DataView {
                        source: &source.id,
                        date: source.date.map(|date| date.to_string()),
                        advisories: source.count,
                        error: source.error.as_deref(),
                    })
                    .collect()
            }),
            notes: report.notes,
        }
    }
}

fn package(package: &Package, purl: fn(&Package) -> String) -> PackageView<'_> {
    PackageView {
        purl: purl(package),
        ecosystem: package.ecosystem.as_str(),
        name: &package.name,
        version: &package.version,
        source: package.source.as_ref(),
        arch: package.arch.as_deref(),
        module: package.module.as_deref(),
        vendor: package.vendor.as_deref(),
        locations: &package.locations,
        layer: package.locations.first().and_then(|location| location.layer.as_ref()),
        scope: package.scope,
        relation: package.relation,
        depends_on: &package.depends_on,
        dependency_path: &package.dependency_path,
        licenses: &package.licenses,
        owner: package.owner.as_ref(),
        commit: package.commit.as_deref(),
    }
}

fn code(detection: &CodeDetection, lang: Lang) -> CodeView<'_> {
    let cause = &detection.cause;
    CodeView {
        kind: "CODE_VULNERABILITY",
        rule: &cause.rule,
        detector: &cause.detector,
        title: lang.pick(&cause.detector_name, &detection.name_ja),
        severity: cause.severity.as_str(),
        description: &cause.description,
        remediation: &cause.remediation,
        cwes: cwe_ids(&cause.cwes),
        tags: &cause.tags,
        path: &cause.path,
        start_line: cause.lines.0,
        end_line: cause.lines.1,
        start_column: detection.columns.0,
        end_column: detection.columns.1,
        excerpt: &detection.excerpt,
        flow: &cause.flow,
        suppressed: detection.suppressed.as_ref(),
    }
}

fn finding(detection: &Detection, purl: fn(&Package) -> String) -> FindingView<'_> {
    let vulnerability = &detection.vulnerability;
    let package = &detection.package;
    FindingView {
        kind: "PACKAGE_VULNERABILITY",
        vulnerability_id: vulnerability.id.as_str(),
        aliases: &vulnerability.aliases,
        severity: detection.severity.as_str(),
        score: detection.score,
        vector: detection.vector.as_deref(),
        score_source: detection.score_source.as_ref().map(yagura_model::SourceId::as_str),
        vendor_severity: detection.vendor_severity.as_deref(),
        package: &package.name,
        ecosystem: package.ecosystem.as_str(),
        purl: purl(package),
        installed: &package.version,
        fixed_in: &detection.fix.versions,
        status: detection.fix.status.as_str(),
        source: detection.source.as_str(),
        advisory: &detection.advisory,
        title: &vulnerability.summary,
        description: &vulnerability.details,
        cwes: cwe_ids(&vulnerability.cwes),
        epss: vulnerability.epss.as_ref(),
        kev: vulnerability.kev.as_ref(),
        published: vulnerability.published.map(|time| time.to_string()),
        modified: vulnerability.modified.map(|time| time.to_string()),
        references: &vulnerability.references,
        location: &package.locations,
        dependency_path: &package.dependency_path,
        suppressed: detection.suppressed.as_ref(),
    }
}
