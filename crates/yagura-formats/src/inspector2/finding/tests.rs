//! One finding of each type.

use super::*;
use jiff::Timestamp;
use std::collections::BTreeMap;
use yagura_model::{
    Adjustment, Finding, FindingId, FindingStatus, FixStatus, Home, Image, Instance, Kev, Resource,
    ResourceDetails, ResourceId, ResourceKind, Severity, VulnerablePackage,
};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn place(kind: ResourceKind, name: &str, details: ResourceDetails) -> Resource {
    let home = Home { account: "123456789012".into(), region: "eu-central-1".into() };
    let tags = BTreeMap::from([("team".to_owned(), "web".to_owned())]);
    Resource { id: ResourceId { home, kind, name: name.into() }, tags, details }
}

fn found(place: &Resource, cause: Cause, title: &str) -> Finding {
    Finding {
        id: FindingId::from("0123456789abcdef0123456789abcdef"),
        resource: place.id.clone(),
        cause,
        title: title.to_owned(),
        severity: Severity::High,
        status: FindingStatus::Active,
        suppressed_by: Vec::new(),
        first_observed_at: time("2026-11-01T00:00:00Z"),
        last_observed_at: time("2026-11-02T00:00:00.5Z"),
        updated_at: time("2026-11-03T00:00:00Z"),
        closed: None,
    }
}

#[test]
fn a_package_finding_on_an_image() {
    let details = ResourceDetails::Image(Box::new(Image {
        registry: "123456789012".to_owned(),
        repository: "acme/web".to_owned(),
        digest: format!("sha256:{}", "ab".repeat(32)),
        tags: vec!["latest".to_owned()],
        platform: Some("Debian 12".to_owned()),
        ..Image::default()
    }));
    let place = place(
        ResourceKind::Image,
        "arn:aws:ecr:eu-central-1:123456789012:repository/acme/web/sha256:ab",
        details,
    );
    let cause = Cause::Package(PackageCause {
        vulnerability: "CVE-2026-0001".into(),
        packages: vec![VulnerablePackage {
            purl: "pkg:deb/debian/libssl3@3.0.11-1".to_owned(),
            ecosystem: "Debian:12".to_owned(),
            name: "libssl3".to_owned(),
            version: "3.0.11-1~deb12u2".to_owned(),
            arch: Some("amd64".to_owned()),
            path: None,
            layer: Some("sha256:01".into()),
            fixed_in: None,
            fix: FixStatus::Affected,
        }],
        source: "debian".into(),
        advisory: "CVE-2026-0001".to_owned(),
        vendor_severity: Some("not yet assigned".to_owned()),
        score: Some(Score {
            value: 7.5,
            vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H".to_owned(),
            version: "3.1".to_owned(),
            source: "nvd".into(),
            base: 7.5,
            adjustments: vec![Adjustment { metric: "AV".to_owned(), reason: "not reachable".to_owned() }],
        }),
    });
    let facts = Vulnerability {
        id: "CVE-2026-0001".into(),
        aliases: vec!["GHSA-xxxx".to_owned()],
        summary: "short".to_owned(),
        details: "ä".repeat(2000),
        ratings: vec![Rating {
            source: "nvd".into(),
            vector: Some("AV:N/AC:L/Au:N/C:N/I:N/A:P".to_owned()),
            score: Some(5.0),
            word: None,
        }],
        cwes: vec![79],
        published: Some(time("2026-01-01T00:00:00Z")),
        modified: None,
        references: (0..20).map(|number| format!("https://example.org/{number}")).collect(),
        epss: None,
        kev: Some(Kev {
            added: "2026-02-03".parse().unwrap(),
            due: None,
            action: String::new(),
            ransomware: false,
        }),
    };
    let finding = found(&place, cause, "CVE-2026-0001 - libssl3");
    let mut shown = super::finding(&finding, &place, Some(&facts));
    assert_eq!(shown.description.chars().count(), 1024);
    shown.description.clear();
    insta::assert_json_snapshot!(shown);
}

#[test]
fn a_network_finding_on_an_instance() {
    let details = ResourceDetails::Instance(Box::new(Instance {
        ipv4: vec!["203.0.113.5".to_owned()],
        instance_type: Some("t3.small".to_owned()),
        ..Instance::default()
    }));
    let place = place(ResourceKind::Instance, "i-0123456789abcdef0", details);
    let cause = Cause::Network(NetworkCause {
        protocol: "TCP".to_owned(),
        ports: (22, 22),
        steps: vec![
            ("igw-1".to_owned(), "AWS::EC2::InternetGateway".to_owned()),
            ("eni-1".to_owned(), "AWS::EC2::NetworkInterface".to_owned()),
        ],
        one_way: false,
    });
    let finding = found(&place, cause, "Port 22 is reachable from an Internet Gateway - TCP");
    insta::assert_json_snapshot!(super::finding(&finding, &place, None));
}
