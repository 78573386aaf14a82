//! One of everything, for this folder's tests.

use jiff::Timestamp;
use jiff::civil::date;
use yagura_model::{
    Adjustment, Agent, AgentKind, Cause, Epss, Finding, FindingStatus, FixStatus, Function, Home, Image,
    Instance, InstanceState, Kev, NetworkCause, PackageCause, Rating, Resource, ResourceDetails, ResourceId,
    ResourceKind, Score, Severity, Vulnerability, VulnerablePackage,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn resource(kind: ResourceKind, name: &str, details: ResourceDetails) -> Resource {
    let home = Home { account: "111122223333".into(), region: "eu-central-1".into() };
    Resource {
        id: ResourceId { home, kind, name: name.into() },
        tags: [("team".to_owned(), "shop".to_owned()), ("stage".to_owned(), "prod, eu".to_owned())].into(),
        details,
    }
}

pub fn image() -> Resource {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let name = format!("arn:aws:ecr:eu-central-1:111122223333:repository/web/app/{digest}");
    let details = Image {
        registry: "111122223333".into(),
        repository: "web/app".into(),
        digest,
        tags: vec!["1.0".into(), "latest".into()],
        pushed_at: Some(at("2026-10-30T00:00:00Z")),
        architecture: Some("amd64".into()),
        platform: Some("Debian 12".into()),
        ..Image::default()
    };
    resource(ResourceKind::Image, &name, ResourceDetails::Image(Box::new(details)))
}

pub fn instance() -> Resource {
    let details = Instance {
        instance_type: Some("t3.small".into()),
        machine_image: Some("ami-1".into()),
        ipv4: vec!["203.0.113.7".into(), "10.0.0.7".into()],
        ipv6: vec!["2001:db8::7".into()],
        key_name: Some("ops".into()),
        instance_profile: Some("arn:aws:iam::111122223333:instance-profile/web".into()),
        vpc: Some("vpc-1".into()),
        subnet: Some("subnet-1".into()),
        launched_at: Some(at("2026-10-01T00:00:00Z")),
        architecture: Some("x86_64".into()),
        state: InstanceState::Running,
        agent: Some(Agent {
            kind: AgentKind::SystemsManager,
            online: true,
            last_seen: None,
            platform_name: "Ubuntu".into(),
            platform_version: "22.04".into(),
            version: None,
            inventory_at: None,
        }),
        ..Instance::default()
    };
    resource(ResourceKind::Instance, "i-0123456789abcdef0", ResourceDetails::Instance(Box::new(details)))
}

pub fn function() -> Resource {
    let details = Function {
        name: "orders".into(),
        runtime: Some("python3.12".into()),
        code_sha256: "YWJj".into(),
        version: "$LATEST".into(),
        role: Some("arn:aws:iam::111122223333:role/orders".into()),
        layers: vec!["arn:aws:lambda:eu-central-1:111122223333:layer:common:1".into()],
        architectures: vec!["arm64".into()],
        last_modified: Some(at("2026-10-02T00:00:00Z")),
        ..Function::default()
    };
    let name = "arn:aws:lambda:eu-central-1:111122223333:function:orders:$LATEST";
    resource(ResourceKind::Function, name, ResourceDetails::Function(Box::new(details)))
}

pub fn vulnerability() -> Vulnerability {
    let rating = |source: &str, vector: &str, score| Rating {
        source: source.into(),
        vector: Some(vector.to_owned()),
        score: Some(score),
        word: None,
    };
    Vulnerability {
        id: "CVE-2026-0001".into(),
        aliases: vec!["GHSA-xxxx-yyyy-zzzz".into()],
        summary: "A short line".into(),
        details: "Reads \"past\" the end,\nthen =crashes.".into(),
        ratings: vec![
            rating("debian", "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H", 8.1),
            rating("nvd", "AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5),
            rating("nvd", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ],
        cwes: vec![125],
        published: Some(at("2026-09-01T00:00:00Z")),
        modified: Some(at("2026-09-02T00:00:00Z")),
        references: vec!["https://example.org/a".into(), "https://example.org/b".into()],
        epss: Some(Epss { score: 0.25, percentile: 0.9, date: date(2026, 11, 1) }),
        kev: Some(Kev { added: date(2026, 10, 10), due: None, action: "update".into(), ransomware: false }),
    }
}

fn found(resource: &Resource, title: &str, severity: Severity, cause: Cause) -> Finding {
    Finding {
        id: "0123456789abcdef0123456789abcdef".into(),
        resource: resource.id.clone(),
        cause,
        title: title.to_owned(),
        severity,
        status: FindingStatus::Active,
        suppressed_by: Vec::new(),
        first_observed_at: at("2026-11-01T00:00:00Z"),
        last_observed_at: at("2026-11-02T00:00:00.5Z"),
        updated_at: at("2026-11-03T00:00:00Z"),
        closed: None,
    }
}

/// An OS package with a fix and a language package without.
pub fn package_finding(resource: &Resource) -> Finding {
    let package = |purl: &str, ecosystem: &str, name: &str, version: &str| VulnerablePackage {
        purl: purl.to_owned(),
        ecosystem: ecosystem.to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
        arch: None,
        path: None,
        layer: None,
        fixed_in: None,
        fix: FixStatus::Affected,
    };
    let cause = PackageCause {
        vulnerability: "CVE-2026-0001".into(),
        packages: vec![
            VulnerablePackage {
                arch: Some("amd64".into()),
                layer: Some("sha256:01".into()),
                fixed_in: Some("1:3.0.2-1".into()),
                fix: FixStatus::Fixed,
                ..package("pkg:deb/debian/libssl3@1:3.0.1-1", "Debian:12", "libssl3", "1:3.0.1-1")
            },
            VulnerablePackage {
                path: Some("app/package-lock.json".into()),
                ..package("pkg:npm/openssl@1.0.0", "npm", "openssl", "1.0.0")
            },
        ],
        source: "debian".into(),
        advisory: "CVE-2026-0001".into(),
        vendor_severity: Some("not yet assigned".into()),
        score: Some(Score {
            value: 7.5,
            vector: "CVSS:3.1/AV:L/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H".into(),
            version: "3.1".into(),
            source: "debian".into(),
            base: 8.1,
            adjustments: vec![Adjustment {
                metric: "AV".into(),
                reason: "No network path to the instance is open.".into(),
            }],
        }),
    };
    found(resource, "CVE-2026-0001 - libssl3, openssl", Severity::High, Cause::Package(cause))
}

pub fn network_finding(resource: &Resource) -> Finding {
    let step = |id: &str, kind: &str| (id.to_owned(), kind.to_owned());
    let cause = NetworkCause {
        protocol: "TCP".into(),
        ports: (22, 23),
        steps: vec![
            step("igw-1", "AWS::EC2::InternetGateway"),
            step("sg-1", "AWS::EC2::SecurityGroup"),
            step("i-0123456789abcdef0", "AWS::EC2::Instance"),
        ],
        one_way: false,
    };
    let title = "Port range 22 - 23 is reachable from an Internet Gateway - TCP";
    found(resource, title, Severity::High, Cause::Network(cause))
}
