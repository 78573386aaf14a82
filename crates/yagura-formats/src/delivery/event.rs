//! Events of EventBridge. Source: Amazon Inspector User Guide, *Amazon EventBridge event schema*.
//!
//! An event is made of a change; [`Event::envelope`] is the form that rules match and webhooks get, the parts are what
//! `PutEvents` takes. AWS keeps sources that begin with `aws.` for itself, so the source is the operator's.

use super::Subject;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use yagura_model::{Coverage, Home, Resource, ResourceDetails, ResourceKind, Severity};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `Inspector2 Finding`, `Inspector2 Scan`, `Inspector2 Coverage`, `Inspector2 AutoEnable`.
    pub detail_type: &'static str,
    /// The account and region that it is about.
    pub home: Home,
    /// When it happened.
    pub at: Timestamp,
    /// What it is about.
    pub resources: Vec<String>,
    /// The content.
    pub detail: Value,
}

impl Event {
    /// The whole event. `id` is a UUID of the caller's, the same when an event is sent again.
    pub fn envelope(&self, id: &str, source: &str) -> Value {
        json!({
            "version": "0",
            "id": id,
            "detail-type": self.detail_type,
            "source": source,
            "account": self.home.account.as_str(),
            "time": self.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": self.home.region.as_str(),
            "resources": self.resources,
            "detail": self.detail,
        })
    }
}

/// A finding was created, or changed in content, state or tags.
pub fn finding(subject: &Subject<'_>, at: Timestamp) -> Event {
    let mut detail = serde_json::to_value(subject.shown()).unwrap_or_default();
    for resource in detail["resources"].as_array_mut().into_iter().flatten() {
        if let Some(details) = resource["details"].as_object_mut() {
            add_twins(details);
        }
    }
    date_strings(&mut detail);
    Event {
        detail_type: "Inspector2 Finding",
        home: subject.finding.resource.home.clone(),
        at,
        resources: vec![subject.finding.resource.name.to_string()],
        detail,
    }
}

/// Members that hold times. In events they are text.
const TIMES: &[&str] = &[
    "firstObservedAt",
    "lastInUseAt",
    "lastKnownExploitAt",
    "lastModifiedAt",
    "lastObservedAt",
    "launchedAt",
    "pushedAt",
    "updatedAt",
    "vendorCreatedAt",
    "vendorUpdatedAt",
    "creationDate",
];

fn date_strings(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                // Tags may be named like a time; they are text.
                match member.as_f64().filter(|_| TIMES.contains(&name.as_str())) {
                    Some(seconds) => *member = date_string(seconds).map_or(Value::Null, Value::String),
                    None => date_strings(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(date_strings),
        _ => {}
    }
}

/// `Wed Sep 04 16:59:44.356 UTC 2024`.
fn date_string(seconds: f64) -> Option<String> {
    let at = Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()?;
    Some(at.strftime("%a %b %d %H:%M:%S.%3f UTC %Y").to_string())
}

/// Provider-neutral twins of resource details: old member, twin, and the names that differ.
type Twin = (&'static str, &'static str, &'static [(&'static str, &'static str)]);
const TWINS: [Twin; 3] = [
    (
        "awsEc2Instance",
        "vm",
        &[
            ("imageId", "vmImageReference"),
            ("vpcId", "networkId"),
            ("iamInstanceProfileArn", "executionRole"),
        ],
    ),
    ("awsEcrContainerImage", "image", &[("imageHash", "imageDigest")]),
    (
        "awsLambdaFunction",
        "serverlessFunction",
        &[
            ("functionName", "serverlessFunctionName"),
            ("codeSha256", "codeDigest"),
            ("executionRoleArn", "executionRole"),
        ],
    ),
];

fn add_twins(details: &mut Map<String, Value>) {
    for (name, twin, renamed) in TWINS {
        let Some(Value::Object(members)) = details.get(name) else { continue };
        let mut copy = Map::new();
        for (member, value) in members {
            if member == "subnetId" {
                copy.insert("subnetIds".to_owned(), json!([value]));
                continue;
            }
            let name = renamed.iter().find(|(old, _)| old == member).map_or(member.as_str(), |(_, new)| new);
            copy.insert(name.to_owned(), value.clone());
        }
        details.insert(twin.to_owned(), Value::Object(copy));
    }
}

/// The first scan of a resource ended, with the counts of active findings by severity, least severe first.
pub fn first_scan(resource: &Resource, counts: &[u32; 6], at: Timestamp) -> Event {
    let of = |severity: Severity| {
        let index = Severity::ALL.iter().position(|one| *one == severity);
        index.and_then(|index| counts.get(index)).copied().unwrap_or_default()
    };
    let mut detail = json!({
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "finding-severity-counts": {
            "CRITICAL": of(Severity::Critical),
            "HIGH": of(Severity::High),
            "MEDIUM": of(Severity::Medium),
            "TOTAL": counts.iter().sum::<u32>(),
        },
        "version": "1.0",
    });
    let mut resources = vec![resource.id.name.to_string()];
    match &resource.details {
        ResourceDetails::Instance(_) => detail["instance-id"] = json!(&*resource.id.name),
        ResourceDetails::Image(image) => {
            // The name is that of the repository's ARN, here and there.
            let repository = repository_arn(&resource.id.name);
            detail["repository-name"] = json!(repository);
            detail["image-digest"] = json!(image.digest);
            detail["image-tags"] = json!(image.tags);
            resources = vec![repository.to_owned()];
        }
        ResourceDetails::MachineImage(_) => detail["machine-image-id"] = json!(&*resource.id.name),
        _ => {}
    }
    Event { detail_type: "Inspector2 Scan", home: resource.id.home.clone(), at, resources, detail }
}

/// `arn:…:repository/acme/web` of `arn:…:repository/acme/web/sha256:…`.
fn repository_arn(image: &str) -> &str {
    image.rsplit_once("/sha256:").map_or(image, |(repository, _)| repository)
}

/// The coverage of a resource changed.
pub fn coverage(coverage: &Coverage, at: Timestamp) -> Event {
    let home = &coverage.resource.home;
    Event {
        detail_type: "Inspector2 Coverage",
        home: home.clone(),
        at,
        resources: vec![coverage.resource.name.to_string()],
        detail: json!({
            "scanStatus": {
                "reason": coverage.reason.as_str(),
                "statusCodeValue": if coverage.active { "ACTIVE" } else { "INACTIVE" },
            },
            "scanType": coverage.scan.as_str(),
            "provider": "AWS",
            "providerAccountId": home.account.as_str(),
            "providerRegion": home.region.as_str(),
            "eventTimestamp": at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
            "version": "1.0",
        }),
    }
}

/// The organization has more accounts than may be switched on by themselves.
pub fn auto_enable_failed(home: &Home, reason: &str, at: Timestamp) -> Event {
    Event {
        detail_type: "Inspector2 AutoEnable",
        home: home.clone(),
        at,
        resources: Vec::new(),
        detail: json!({ "version": "1.0.0", "AutoEnableStatus": "Failed", "Reason": reason }),
    }
}

/// True for kinds of resource whose findings and coverage are published.
pub fn is_published(kind: ResourceKind) -> bool {
    kind != ResourceKind::ImageRepository
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::testing::{
        function, image, instance, network_finding, package_finding, vulnerability,
    };
    use yagura_model::{ScanKind, ScanMode, ScanReason};

    fn at() -> Timestamp {
        "2026-11-03T04:05:06.789123Z".parse().unwrap()
    }

    #[test]
    fn r135_findings_carry_text_dates_and_twins() {
        let facts = vulnerability();
        for (name, resource) in [("image", image()), ("instance", instance()), ("function", function())] {
            let finding = package_finding(&resource);
            let subject = Subject { finding: &finding, resource: &resource, vulnerability: Some(&facts) };
            let event = super::finding(&subject, at());
            insta::assert_json_snapshot!(
                format!("finding_{name}"),
                event.envelope("00000000-0000-0000-0000-000000000000", "yagura.inspector2")
            );
        }
    }

    #[test]
    fn network_findings_are_events_too() {
        let resource = instance();
        let finding = network_finding(&resource);
        let subject = Subject { finding: &finding, resource: &resource, vulnerability: None };
        insta::assert_json_snapshot!(super::finding(&subject, at()).detail["networkReachabilityDetails"]);
    }

    #[test]
    fn first_scans_count_by_severity() {
        for (name, resource) in [("image", image()), ("instance", instance()), ("function", function())] {
            let event = first_scan(&resource, &[1, 2, 3, 4, 5, 6], at());
            insta::assert_json_snapshot!(format!("scan_{name}"), (&event.resources, &event.detail));
        }
    }

    #[test]
    fn coverage_changes_name_reason_and_status() {
        let coverage = Coverage {
            resource: instance().id,
            scan: ScanKind::Package,
            active: false,
            reason: ScanReason::Ec2InstanceStopped,
            mode: Some(ScanMode::Ec2SsmAgentBased),
            last_scanned_at: None,
            changed_at: at(),
            unread: Vec::new(),
        };
        let event = super::coverage(&coverage, at());
        insta::assert_json_snapshot!((&event.resources, &event.detail));
    }

    #[test]
    fn r203_organizations_can_be_too_large() {
        let event = auto_enable_failed(&instance().id.home, "the organization has 6000 accounts", at());
        insta::assert_json_snapshot!(event.detail);
    }

    #[test]
    fn dates_are_written_as_inspector_does() {
        assert_eq!(date_string(1_725_469_184.356).as_deref(), Some("Wed Sep 04 16:59:44.356 UTC 2024"));
    }
}
