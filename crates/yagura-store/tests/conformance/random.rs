//! Fleets and filters made at random from few words, so that filters find something.

use crate::fleet::{at, home};
use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;
use yagura_findings::filter::{FieldKind, kind};
use yagura_findings::{Decision, View, finding_id};
use yagura_model::{
    Cause, CloseReason, Closed, CodeCause, Criteria, Criterion, Epss, Field, Finding, FindingStatus,
    FixStatus, Function, Home, Image, Instance, Kev, NetworkCause, PackageCause, PackageField, PackageTest,
    Resource, ResourceDetails, ResourceId, ResourceKind, ScanKind, Score, Severity, SourceId, Test,
    Vulnerability, VulnerabilityId, VulnerablePackage,
};

const WORDS: &[&str] = &["a", "ab", "abc", "b", "openssl", "1", "2.0", "", "é\u{10ffff}", "x86_64", "arn:l"];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => select(WORDS).prop_map(str::to_owned),
        1 => select(&["x", "y"][..]).prop_map(|word| word.repeat(600)),
    ]
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0_i64..4).prop_map(|day| at(day, 0))
}

/// One of two homes.
pub fn homes() -> Vec<Home> {
    vec![home("111122223333"), home("444455556666")]
}

prop_compose! {
    fn details(kind: ResourceKind)(
        texts in proptest::collection::vec(proptest::option::of(word()), 6),
        list in proptest::collection::vec(word(), 0..3),
        times in proptest::collection::vec(proptest::option::of(time()), 3),
    ) -> ResourceDetails {
        let text = |at: usize| texts[at].clone();
        match kind {
            ResourceKind::Image => ResourceDetails::Image(Box::new(Image {
                registry: text(0).unwrap_or_default(),
                repository: text(1).unwrap_or_default(),
                digest: text(2).unwrap_or_default(),
                architecture: text(3),
                tags: list.clone(),
                pushed_at: times[0],
                pulled_at: times[1],
                last_in_use_at: times[2],
                uses_seen_at: times[2],
                ..Image::default()
            })),
            ResourceKind::Function => ResourceDetails::Function(Box::new(Function {
                name: text(0).unwrap_or_default(),
                runtime: text(1),
                role: text(2),
                layers: list.clone(),
                last_modified: times[0],
                ..Function::default()
            })),
            _ => ResourceDetails::Instance(Box::new(Instance {
                machine_image: text(0),
                vpc: text(1),
                subnet: text(2),
                ..Instance::default()
            })),
        }
    }
}

prop_compose! {
    fn resource(number: usize)(kind in select(&[ResourceKind::Image, ResourceKind::Function, ResourceKind::Instance][..]))(
        home in select(homes()),
        tags in proptest::collection::btree_map(select(&["team", "a", ""][..]).prop_map(str::to_owned), word(), 0..3),
        details in details(kind),
        kind in Just(kind),
    ) -> Resource {
        Resource { id: ResourceId { home, kind, name: format!("a{number}").into() }, tags, details }
    }
}

prop_compose! {
    fn package()(
        name in word(),
        version in select(&["1.0", "1:2.0-3", "2.0-1", "abc"][..]),
        arch in proptest::option::of(select(&["x86_64", "amd64", "noarch"][..])),
        path in proptest::option::of(word()),
        layer in proptest::option::of(select(&["sha256:1", "sha256:2", "arn:l"][..])),
        ecosystem in select(&["Debian:12", "npm"][..]),
        fixed in any::<bool>(),
    ) -> VulnerablePackage {
        VulnerablePackage {
            purl: "pkg:x/y".into(),
            ecosystem: ecosystem.into(),
            name,
            version: version.into(),
            arch: arch.map(str::to_owned),
            path,
            layer: layer.map(Into::into),
            fixed_in: fixed.then(|| "9".to_owned()),
            fix: FixStatus::Fixed,
        }
    }
}

fn cause() -> impl Strategy<Value = Cause> {
    let package = (
        0..9_usize,
        proptest::collection::vec(package(), 1..4),
        proptest::option::of(select(&["low", "Moderate"][..])),
        proptest::option::of(select(&[3.5, 7.0, 9.8][..])),
        select(&["debian", "osv/npm", "nvd"][..]),
    )
        .prop_map(|(vulnerability, packages, word, score, source)| {
            Cause::Package(PackageCause {
                vulnerability: VulnerabilityId::new(format!("CVE-{vulnerability}")),
                packages,
                source: SourceId::new(source),
                advisory: format!("A-{vulnerability}"),
                vendor_severity: word.map(str::to_owned),
                score: score.map(|value| Score {
                    value,
                    vector: "CVSS:3.1/AV:N".into(),
                    version: "3.1".into(),
                    source: SourceId::new("nvd"),
                    base: value,
                    adjustments: Vec::new(),
                }),
            })
        });
    let network =
        (select(&["TCP", "UDP"][..]), 1..9_u16, 0..3_u16, proptest::collection::vec((word(), word()), 0..3))
            .prop_map(|(protocol, first, more, steps)| {
                Cause::Network(NetworkCause {
                    protocol: protocol.into(),
                    ports: (first, first + more),
                    steps,
                    one_way: false,
                })
            });
    let code = (word(), proptest::collection::vec(word(), 0..3), word(), 1..5_u32).prop_map(
        |(detector_name, tags, path, line)| {
            Cause::Code(CodeCause {
                detector: "python/x@v1".into(),
                severity: Severity::High,
                description: String::new(),
                remediation: String::new(),
                detector_name,
                tags,
                cwes: vec![79],
                rule: "x".into(),
                path,
                lines: (line, line),
                layer: None,
                flow: Vec::new(),
            })
        },
    );
    prop_oneof![6 => package, 1 => network, 1 => code]
}

prop_compose! {
    fn finding()(
        cause in cause(),
        title in word(),
        severity in select(&Severity::ALL[..]),
        status in select(&[FindingStatus::Active, FindingStatus::Active, FindingStatus::Suppressed, FindingStatus::Closed][..]),
        times in proptest::collection::vec(time(), 3),
    ) -> Finding {
        Finding {
            id: "".into(),
            resource: ResourceId { home: home(""), kind: ResourceKind::Image, name: "".into() },
            cause,
            title,
            severity,
            status,
            suppressed_by: if status == FindingStatus::Suppressed { vec!["f1".into(), "f2".into()] } else { Vec::new() },
            first_observed_at: times[0],
            last_observed_at: times[1],
            updated_at: times[2],
            closed: (status == FindingStatus::Closed)
                .then(|| Closed { at: times[2], because: CloseReason::Remediated }),
        }
    }
}

/// Facts about `CVE-0` … `CVE-8`; some have an EPSS score, some an exploit, the last has none.
pub fn facts() -> Vec<Vulnerability> {
    (0..8)
        .map(|number| {
            let mut facts = crate::fleet::facts(&number.to_string());
            facts.epss = (number % 3 == 0).then(|| Epss {
                score: f64::from(number) / 10.0 + 0.000_31,
                percentile: 0.5,
                date: date(2026, 1, 1),
            });
            facts.kev = (number % 2 == 0).then(|| Kev {
                added: date(2026, 1, 1),
                due: None,
                action: "patch".into(),
                ransomware: false,
            });
            facts.aliases = vec![WORDS[number as usize].to_owned(), "GHSA".to_owned()];
            facts
        })
        .collect()
}

/// A resource with its findings.
pub type Holder = (Resource, Vec<Finding>);

/// Resources with findings.
pub fn fleet() -> impl Strategy<Value = Vec<Holder>> {
    let holder = |number| {
        (resource(number), proptest::collection::vec(finding(), 0..9)).prop_map(|(resource, findings)| {
            let mut unique = BTreeMap::new();
            for mut finding in findings {
                finding.resource = resource.id.clone();
                finding.id = finding_id(&resource.id, &finding.cause);
                unique.insert(finding.id.clone(), finding);
            }
            (resource, unique.into_values().collect())
        })
    };
    (0..50_usize).map(holder).collect::<Vec<_>>()
}

/// The findings of one kind of scan, as a decision.
pub fn decision(findings: &[Finding], scan: ScanKind, _view: &View) -> Decision {
    let of_scan = |finding: &&Finding| match finding.cause {
        Cause::Package(_) => scan == ScanKind::Package,
        Cause::Network(_) => scan == ScanKind::Network,
        Cause::Code(_) => scan == ScanKind::Code,
    };
    Decision { findings: findings.iter().filter(of_scan).cloned().collect(), facts: facts() }
}

fn text_test() -> impl Strategy<Value = Test> {
    let known = select(
        &[
            "HIGH",
            "ACTIVE",
            "CLOSED",
            "PACKAGE_VULNERABILITY",
            "YES",
            "NO",
            "CVE-1",
            "TCP",
            "111122223333",
            "AWS",
            "AWS_ECR_CONTAINER_IMAGE",
            "arn:aws:inspector2:eu-central-1:1",
            "arn:aws:inspector2:eu-central-1:111122223333:finding/a",
            "CRITICAL",
            "a1",
            "AWS::EC2::Instance",
            "PYTHON_3_12",
        ][..],
    )
    .prop_map(str::to_owned);
    let text = prop_oneof![1 => word(), 1 => known];
    (text, 0..3_u8).prop_map(|(text, how)| match how {
        0 => Test::Equals(text),
        1 => Test::Prefix(text),
        _ => Test::NotEquals(text),
    })
}

fn package_test() -> impl Strategy<Value = Test> {
    let field = select(
        &[
            PackageField::Name,
            PackageField::Version,
            PackageField::Release,
            PackageField::Architecture,
            PackageField::Layer,
            PackageField::FunctionLayer,
            PackageField::Path,
        ][..],
    );
    let text = select(
        &["a", "ab", "openssl", "1.0", "2.0", "3", "X86_64", "AMD64", "sha256:", "sha256:1", "arn:l", ""][..],
    );
    let test = (text, 0..3_u8).prop_map(|(text, how)| match how {
        0 => Test::Equals(text.to_owned()),
        1 => Test::Prefix(text.to_owned()),
        _ => Test::NotEquals(text.to_owned()),
    });
    let epoch =
        proptest::option::weighted(0.2, (proptest::option::of(Just(1.0)), proptest::option::of(Just(1.0))));
    (proptest::collection::vec((field, test), 0..3), epoch)
        .prop_map(|(texts, epoch)| Test::Package(Box::new(PackageTest { texts, epoch })))
}

/// A test that fits the attribute, mostly.
fn test(field: Field) -> BoxedStrategy<Test> {
    let number = || select(&[0.0, 0.3, 0.300_31, 1.0, 3.5, 5.0, 7.0, 9.8][..]);
    let numbers = (proptest::option::of(number()), proptest::option::of(number()))
        .prop_map(|(low, high)| Test::Between(low, high));
    let times = (proptest::option::of(time()), proptest::option::of(time()))
        .prop_map(|(start, end)| Test::During(start, end));
    let tags = (select(&["team", "a", "", "none"][..]), proptest::option::of(word()))
        .prop_map(|(key, value)| Test::Tag(key.to_owned(), value));
    let fitting = match kind(field) {
        FieldKind::Texts => text_test().boxed(),
        FieldKind::Number | FieldKind::Ports => numbers.boxed(),
        FieldKind::Time => times.boxed(),
        FieldKind::Tags => tags.boxed(),
        FieldKind::Packages => package_test().boxed(),
    };
    prop_oneof![20 => fitting, 1 => text_test(), 1 => package_test()].boxed()
}

/// A filter over any attributes.
pub fn criteria() -> impl Strategy<Value = Criteria> {
    let criterion = select(Field::ALL).prop_flat_map(|field| {
        proptest::collection::vec(test(field), 1..3).prop_map(move |tests| Criterion { field, tests })
    });
    proptest::collection::vec(criterion, 0..4).prop_map(Criteria)
}
