//! Findings as the interface shows them (sections 10 to 13 of the rules). Lists, events, reports and Security Hub
//! render the same value.

use super::package::package;
use super::resource::resource;
use super::shapes::{
    CodeFilePath, CodeVulnerabilityDetails, CvssScore, CvssScoreAdjustment, CvssScoreDetails, EpssDetails,
    ExploitAvailable, ExploitabilityDetails, Finding, FixAvailable, InspectorScoreDetails, NetworkPath,
    NetworkReachabilityDetails, PackageVulnerabilityDetails, PortRange, Recommendation, Remediation, Step,
};
use super::words::{finding_arn, source, source_url};
use crate::service::Epoch;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use yagura_model::{
    Cause, CodeCause, NetworkCause, PackageCause, Rating, Resource, Score, Vulnerability, cvss, cwe_ids,
};

/// Longest description, in characters.
const DESCRIPTION: usize = 1024;

/// Most links that the model of the interface has room for.
pub(super) const LINKS: usize = 10;

/// A finding with its resource and the facts about its vulnerability.
pub fn finding(
    finding: &yagura_model::Finding,
    place: &Resource,
    vulnerability: Option<&Vulnerability>,
) -> Finding {
    let home = &finding.resource.home;
    let mut shown = Finding {
        aws_account_id: home.account.to_string(),
        code_vulnerability_details: None,
        description: String::new(),
        epss: None,
        exploit_available: None,
        exploitability_details: None,
        finding_arn: finding_arn(home, &finding.id),
        first_observed_at: finding.first_observed_at.into(),
        fix_available: None,
        inspector_score: None,
        inspector_score_details: None,
        last_observed_at: finding.last_observed_at.into(),
        network_reachability_details: None,
        package_vulnerability_details: None,
        remediation: advice("None Provided"),
        resources: vec![resource(place)],
        severity: finding.severity.as_str().into(),
        status: finding.status.as_str().into(),
        title: Some(finding.title.clone()),
        r#type: finding.cause.finding_type().into(),
        updated_at: Some(finding.updated_at.into()),
    };
    match &finding.cause {
        Cause::Package(cause) => add_package(&mut shown, cause, vulnerability),
        Cause::Network(cause) => add_network(&mut shown, cause, &finding.resource.name),
        Cause::Code(cause) => add_code(&mut shown, cause),
    }
    shown
}

/// The midnight that begins a day.
pub fn midnight(day: Date) -> Option<Epoch> {
    TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok().map(Epoch)
}

fn advice(text: &str) -> Remediation {
    Remediation {
        recommendation: Some(Recommendation { text: Some(text.to_owned()), ..Recommendation::default() }),
    }
}

fn add_package(shown: &mut Finding, cause: &PackageCause, vulnerability: Option<&Vulnerability>) {
    shown.fix_available = Some(cause.fix_available().into());
    shown.inspector_score = cause.score.as_ref().map(|score| score.value);
    shown.inspector_score_details =
        cause.score.as_ref().map(|score| InspectorScoreDetails { adjusted_cvss: Some(adjusted(score)) });
    let kev = vulnerability.and_then(|vulnerability| vulnerability.kev.as_ref());
    shown.exploit_available = Some(if kev.is_some() { ExploitAvailable::Yes } else { ExploitAvailable::No });
    shown.exploitability_details = kev
        .and_then(|kev| midnight(kev.added))
        .map(|time| ExploitabilityDetails { last_known_exploit_at: Some(time) });
    let epss = vulnerability.and_then(|vulnerability| vulnerability.epss);
    shown.epss = epss.map(|epss| EpssDetails { score: Some(epss.score) });
    shown.description =
        vulnerability.map(description).unwrap_or_else(|| shown.title.clone().unwrap_or_default());
    shown.package_vulnerability_details = Some(PackageVulnerabilityDetails {
        cvss: vulnerability.map(|vulnerability| vulnerability.ratings.iter().filter_map(rated).collect()),
        reference_urls: vulnerability
            .map(|vulnerability| vulnerability.references.iter().take(LINKS).cloned().collect()),
        related_vulnerabilities: vulnerability.map(|vulnerability| vulnerability.aliases.clone()),
        source: source(&cause.source),
        source_url: Some(source_url(&cause.source, &cause.advisory, cause.vulnerability.as_str())),
        vendor_created_at: vulnerability.and_then(|vulnerability| vulnerability.published).map(Epoch),
        vendor_severity: cause.vendor_severity.clone(),
        vendor_updated_at: vulnerability.and_then(|vulnerability| vulnerability.modified).map(Epoch),
        vulnerability_id: cause.vulnerability.to_string(),
        vulnerable_packages: Some(cause.packages.iter().map(package).collect()),
    });
}

/// The text of a vulnerability, cut.
pub fn description(vulnerability: &Vulnerability) -> String {
    let text =
        [&vulnerability.details, &vulnerability.summary].into_iter().find(|text| !text.trim().is_empty());
    let text = text.map_or(vulnerability.id.as_str(), |text| text.trim());
    text.chars().take(DESCRIPTION).collect()
}

/// One source's score with a vector.
fn rated(rating: &Rating) -> Option<CvssScore> {
    let vector = rating.vector.clone()?;
    Some(CvssScore {
        base_score: rating.score?,
        source: source(&rating.source),
        version: cvss::version(&vector).to_owned(),
        scoring_vector: vector,
    })
}

fn adjusted(score: &Score) -> CvssScoreDetails {
    let changed = |(metric, reason): (&str, &str)| CvssScoreAdjustment {
        metric: metric.to_owned(),
        reason: reason.to_owned(),
    };
    let adjustments: Vec<CvssScoreAdjustment> =
        score.adjustments.iter().map(|change| changed((&change.metric, &change.reason))).collect();
    CvssScoreDetails {
        score: score.value,
        // without a change the score is the source's own.
        score_source: if adjustments.is_empty() { source(&score.source) } else { "YAGURA".to_owned() },
        cvss_source: Some(source(&score.source)),
        scoring_vector: score.vector.clone(),
        version: score.version.clone(),
        adjustments: Some(adjustments),
    }
}

/// What to do about an open path (N-81).
pub const NETWORK_REMEDIATION: &str =
    "You can restrict access to your instance by modifying the Security Groups or ACLs in the network path.";

/// `On the instance i-…, the port range 22-22 is reachable from the InternetGateway igw-… from an attached ENI eni-….`
/// (N-81, N-82); the interface is the last one of the path.
pub fn network_description(cause: &NetworkCause, instance: &str) -> String {
    let (begin, end) = cause.ports;
    let (edge, kind) = cause.steps.first().map_or(("", ""), |(id, kind)| (id.as_str(), kind.as_str()));
    let kind = match kind.rsplit("::").next().unwrap_or_default() {
        "VPCPeeringConnection" => "VpcPeeringConnection",
        "VPNGateway" => "VirtualPrivateGateway",
        other => other,
    };
    let interface = cause.steps.iter().rev().find(|(_, kind)| kind == "AWS::EC2::NetworkInterface");
    let interface = interface.map(|(id, _)| format!(" from an attached ENI {id}")).unwrap_or_default();
    format!(
        "On the instance {instance}, the port range {begin}-{end} is reachable from the {kind} {edge}{interface}."
    )
}

fn add_network(shown: &mut Finding, cause: &NetworkCause, instance: &str) {
    let (begin, end) = cause.ports;
    shown.description = network_description(cause, instance);
    shown.remediation = advice(NETWORK_REMEDIATION);
    let step = |(id, kind): &(String, String)| Step {
        component_arn: None,
        component_id: id.clone(),
        component_type: kind.clone(),
    };
    shown.network_reachability_details = Some(NetworkReachabilityDetails {
        network_path: NetworkPath { steps: Some(cause.steps.iter().map(step).collect()) },
        open_port_range: PortRange { begin: i32::from(begin), end: i32::from(end) },
        protocol: cause.protocol.as_str().into(),
    });
}

fn add_code(shown: &mut Finding, cause: &CodeCause) {
    let line = |line: u32| i32::try_from(line).unwrap_or(i32::MAX);
    let place =
        format!("{} in `{}`, lines {}-{}.", cause.detector_name, cause.path, cause.lines.0, cause.lines.1);
    let told = if cause.description.is_empty() { &place } else { &cause.description };
    shown.description = told.chars().take(DESCRIPTION).collect();
    shown.remediation = advice(match cause.remediation.as_str() {
        "" => "Change the code as the page of the rule describes.",
        told => told,
    });
    shown.fix_available = Some(FixAvailable::Yes);
    shown.code_vulnerability_details = Some(CodeVulnerabilityDetails {
        cwes: cwe_ids(&cause.cwes),
        detector_id: cause.detector.clone(),
        detector_name: cause.detector_name.clone(),
        detector_tags: Some(cause.tags.clone()),
        file_path: CodeFilePath {
            file_name: cause.path.rsplit('/').next().unwrap_or_default().to_owned(),
            file_path: cause.path.clone(),
            start_line: line(cause.lines.0),
            end_line: line(cause.lines.1),
        },
        reference_urls: None,
        rule_id: Some(cause.rule.clone()),
        source_lambda_layer_arn: cause.layer.clone(),
    });
}

#[cfg(test)]
mod tests;
