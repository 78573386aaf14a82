//! What is there now: detections grouped into one problem per vulnerability, open paths and code flaws as their
//! scans reported them.

use crate::detect;
use crate::network;
use crate::score::{self, Exposure};
use crate::{Slice, View, end_of_life};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use yagura_ecosystems::platform::package_format;
use yagura_ecosystems::purl::purl;
use yagura_model::{
    Advisories, Cause, CodeCause, Detection, FixStatus, PackageCause, ResourceKind, ScanKind, Severity,
    Vulnerability, VulnerabilityId, VulnerablePackage,
};

/// One problem that is there.
pub(super) struct Seen {
    pub cause: Cause,
    pub title: String,
    pub severity: Severity,
    pub facts: Option<Vulnerability>,
}

/// Everything that the slice sees on the resource.
pub(super) fn seen(slice: &Slice, view: &View, advisories: &dyn Advisories) -> Vec<Seen> {
    match slice {
        Slice::Row(_, ScanKind::Package) => packages(view, detections(view, advisories, None)),
        Slice::Column(id) => packages(view, detections(view, advisories, Some(id))),
        Slice::Row(_, ScanKind::Network | ScanKind::Code) => {
            view.causes.iter().filter_map(reported).collect()
        }
    }
}

/// A cause that a scan reported as it is.
fn reported(cause: &Cause) -> Option<Seen> {
    match cause {
        Cause::Package(_) => None,
        Cause::Network(path) => Some(Seen {
            title: network::title(path),
            severity: network::severity(path),
            cause: cause.clone(),
            facts: None,
        }),
        Cause::Code(flaw) => {
            Some(Seen { title: code_title(flaw), severity: flaw.severity, cause: cause.clone(), facts: None })
        }
    }
}

/// `CWE-<n> - <detector name>`.
fn code_title(flaw: &CodeCause) -> String {
    match flaw.cwes.first() {
        Some(cwe) => format!("CWE-{cwe} - {}", flaw.detector_name),
        None => flaw.detector_name.clone(),
    }
}

/// A row, or one column of it. Neither asks whether the running kernel is installed: in a column only some
/// packages are there to ask.
fn detections(view: &View, advisories: &dyn Advisories, only: Option<&VulnerabilityId>) -> Vec<Detection> {
    let kernel = view.kernel.as_deref();
    let today = view.now.to_zoned_datetime(TimeZone::UTC).date();
    let mut found = match only {
        Some(id) => detect::column(id.as_str(), &view.inventory, advisories, kernel),
        None => detect::row(&view.inventory, advisories, today, kernel).detections,
    };
    // findings for a discontinued OS stop after its twelve months; those of languages go on.
    if end_of_life(&view.inventory, today).is_some_and(|end| !end.reported) {
        found.retain(|detection| package_format(&detection.package.ecosystem).is_none());
    }
    found
}

/// one finding for all packages that have a vulnerability. Detections come most severe first, and the first
/// of a vulnerability speaks for it.
fn packages(view: &View, detections: Vec<Detection>) -> Vec<Seen> {
    let mut groups: BTreeMap<VulnerabilityId, Vec<Detection>> = BTreeMap::new();
    for detection in detections {
        groups.entry(detection.vulnerability.id.clone()).or_default().push(detection);
    }
    let is_instance =
        view.resource.as_ref().is_some_and(|resource| resource.id.kind == ResourceKind::Instance);
    let exposure = if is_instance { view.exposure } else { Exposure::Unknown };
    groups.into_values().filter_map(|group| package(group, exposure)).collect()
}

fn package(group: Vec<Detection>, exposure: Exposure) -> Option<Seen> {
    let first = group.first()?;
    let score = score::score(first, exposure);
    let severity = match &score {
        // R-139, where the severity came from that score and not from a word.
        Some(score) if first.score.is_some() && score.value < score.base => Severity::from_score(score.value),
        _ => first.severity,
    };
    let mut packages: Vec<VulnerablePackage> = group.iter().flat_map(vulnerable).collect();
    packages.sort_by(|a, b| (&a.name, &a.version, &a.path, a).cmp(&(&b.name, &b.version, &b.path, b)));
    packages.dedup();
    let facts = first.vulnerability.clone();
    let title = match first.fix.status {
        FixStatus::EndOfLife if facts.id.as_str().starts_with("EOL-") => facts.summary.clone(),
        _ => title(&facts.id, &packages),
    };
    let cause = PackageCause {
        vulnerability: facts.id.clone(),
        packages,
        source: first.source.clone(),
        advisory: first.advisory.clone(),
        vendor_severity: group.iter().find_map(|detection| detection.vendor_severity.clone()),
        score,
    };
    Some(Seen { cause: Cause::Package(cause), title, severity, facts: Some(facts) })
}

/// One entry for an OS package, one for each place of any other.
fn vulnerable(detection: &Detection) -> Vec<VulnerablePackage> {
    let package = &detection.package;
    let entry = |path: Option<String>, layer| VulnerablePackage {
        purl: purl(package),
        ecosystem: package.ecosystem.to_string(),
        name: package.name.clone(),
        version: package.version.clone(),
        arch: package.arch.clone(),
        path,
        layer,
        fixed_in: detection.fix.versions.first().cloned(),
        fix: detection.fix.status,
    };
    if package_format(&package.ecosystem).is_some() {
        return vec![entry(None, package.locations.first().and_then(|place| place.layer.clone()))];
    }
    let place = |place: &yagura_model::Location| entry(Some(place.path.to_string()), place.layer.clone());
    package.locations.iter().map(place).collect()
}

/// `<id> - <a>`, `<id> - <a>, <b>`, `<id> - <a>, <b> and <n> more`, by distinct names.
fn title(id: &VulnerabilityId, packages: &[VulnerablePackage]) -> String {
    let mut names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    names.dedup();
    match names.as_slice() {
        [] => id.to_string(),
        [one] => format!("{id} - {one}"),
        [one, two] => format!("{id} - {one}, {two}"),
        [one, two, rest @ ..] => format!("{id} - {one}, {two} and {} more", rest.len()),
    }
}
