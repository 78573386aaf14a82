//! What filters select, rule by rule.

use super::*;
use crate::testing::{finding, image, vulnerable};
use yagura_model::{Cause, Coverage, FindingStatus, NetworkCause, ScanKind, ScanReason, Severity};

fn all(tests: Vec<(Field, Vec<Test>)>) -> Criteria {
    Criteria(tests.into_iter().map(|(field, tests)| Criterion { field, tests }).collect())
}

fn equals(text: &str) -> Test {
    Test::Equals(text.to_owned())
}

fn not(text: &str) -> Test {
    Test::NotEquals(text.to_owned())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// CVE-1 on an image with tags `1` and `latest`, packages openssl 1:3.0-1 (amd64) and libssl3 1:3.0-1.
fn selects(criteria: Vec<(Field, Vec<Test>)>) -> bool {
    let resource = image("web", &["1", "latest"]);
    let finding = finding(
        &resource,
        "CVE-1",
        vec![vulnerable("Debian:12 openssl 1:3.0-1 arch=amd64"), vulnerable("Debian:12 libssl3 1:3.0-1")],
    );
    matches(&all(criteria), &Subject::finding(&finding, &resource, None))
}

#[test]
fn r160_equals_and_prefix_values_are_alternatives() {
    let severity = |tests| selects(vec![(Field::Severity, tests)]);
    assert!(severity(vec![equals("HIGH"), equals("LOW")]));
    assert!(severity(vec![equals("LOW"), Test::Prefix("HI".into())]));
    assert!(!severity(vec![equals("LOW"), Test::Prefix("IGH".into())]));
}

#[test]
fn r160_not_equals_values_are_all_required() {
    let severity = |tests| selects(vec![(Field::Severity, tests)]);
    assert!(severity(vec![not("LOW"), not("MEDIUM")]));
    assert!(!severity(vec![not("LOW"), not("HIGH")]));
    assert!(!severity(vec![equals("HIGH"), not("HIGH")]));
}

#[test]
fn r160_criteria_are_combined_with_and() {
    let vulnerability = (Field::VulnerabilityId, vec![equals("CVE-1")]);
    assert!(selects(vec![vulnerability.clone(), (Field::Severity, vec![equals("HIGH")])]));
    assert!(!selects(vec![vulnerability, (Field::Severity, vec![equals("LOW")])]));
    assert!(selects(vec![]));
}

#[test]
fn r160_ranges_are_alternatives_and_closed() {
    let first = |ranges: &[(&str, &str)]| {
        let test = |(start, end): &(&str, &str)| Test::During(Some(at(start)), Some(at(end)));
        selects(vec![(Field::FirstObservedAt, ranges.iter().map(test).collect())])
    };
    assert!(first(&[
        ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    ]));
    assert!(!first(&[("2026-01-01T00:00:01Z", "2027-01-01T00:00:00Z")]));
    let score = |low, high| selects(vec![(Field::InspectorScore, vec![Test::Between(low, high)])]);
    assert!(score(Some(7.5), Some(7.5)) && score(None, Some(8.0)) && score(Some(1.0), None));
    assert!(!score(Some(7.6), None));
    // A finding without EPSS is in no range of it.
    assert!(!selects(vec![(Field::EpssScore, vec![Test::Between(None, None)])]));
}

#[test]
fn r161_texts_are_compared_exactly() {
    assert!(!selects(vec![(Field::Severity, vec![equals("high")])]));
    assert!(!selects(vec![(Field::VulnerabilityId, vec![equals("CVE-1 ")])]));
}

#[test]
fn r162_lists_match_with_any_element_and_negatives_with_none() {
    let tags = |tests| selects(vec![(Field::ImageTags, tests)]);
    assert!(tags(vec![equals("latest")]));
    assert!(!tags(vec![not("latest")]));
    assert!(tags(vec![not("2")]));
    // What has no value is equal to nothing.
    assert!(selects(vec![(Field::FunctionName, vec![not("orders")])]));
    assert!(!selects(vec![(Field::FunctionName, vec![equals("orders")])]));
}

#[test]
fn r162_package_tests_look_at_one_package_at_a_time() {
    let package = |texts: &[(PackageField, Test)], epoch| {
        let test = PackageTest { texts: texts.to_vec(), epoch };
        selects(vec![(Field::VulnerablePackages, vec![Test::Package(Box::new(test))])])
    };
    assert!(package(
        &[(PackageField::Name, equals("openssl")), (PackageField::Architecture, equals("AMD64"))],
        None
    ));
    assert!(!package(
        &[(PackageField::Name, equals("libssl3")), (PackageField::Architecture, equals("AMD64"))],
        None
    ));
    assert!(package(&[(PackageField::Version, equals("3.0")), (PackageField::Release, equals("1"))], None));
    assert!(package(&[], Some((Some(1.0), Some(1.0)))) && !package(&[], Some((Some(2.0), None))));
    assert!(!package(&[(PackageField::Name, not("openssl"))], None));
    assert!(package(&[(PackageField::Name, not("curl"))], None));
    assert!(!package(&[(PackageField::Name, equals("openssl")), (PackageField::Version, not("3.0"))], None));
}

#[test]
fn tags_match_by_key_and_value() {
    let tag = |value: Option<&str>| {
        selects(vec![(Field::ResourceTags, vec![Test::Tag("team".into(), value.map(Into::into))])])
    };
    assert!(tag(None) && tag(Some("shop")) && !tag(Some("bank")));
}

#[test]
fn ports_match_where_ranges_overlap() {
    let resource = image("web", &[]);
    let mut finding = finding(&resource, "CVE-1", vec![]);
    finding.cause = Cause::Network(NetworkCause {
        protocol: "TCP".into(),
        ports: (80, 90),
        steps: vec![
            ("igw-1".into(), "AWS::EC2::InternetGateway".into()),
            ("i-1".into(), "AWS::EC2::Instance".into()),
        ],
        one_way: false,
    });
    let subject = Subject::finding(&finding, &resource, None);
    let ports = |low, high| matches(&all(vec![(Field::PortRange, vec![Test::Between(low, high)])]), &subject);
    assert!(ports(Some(90.0), Some(100.0)) && ports(Some(1.0), Some(80.0)) && ports(Some(85.0), None));
    assert!(!ports(Some(91.0), None) && !ports(None, Some(79.0)));
    let component = |text| matches(&all(vec![(Field::ComponentId, vec![equals(text)])]), &subject);
    assert!(component("igw-1") && component("i-1") && !component("i-2"));
}

#[test]
fn coverage_is_filtered_by_the_same_rules() {
    let resource = image("web", &["1"]);
    let coverage = Coverage {
        resource: resource.id.clone(),
        scan: ScanKind::Package,
        active: false,
        reason: ScanReason::ScanEligibilityExpired,
        mode: None,
        last_scanned_at: None,
        changed_at: Timestamp::UNIX_EPOCH,
        unread: Vec::new(),
    };
    let selects =
        |field, test| matches(&all(vec![(field, vec![test])]), &Subject::coverage(&coverage, &resource));
    assert!(selects(Field::ScanStatusCode, equals("INACTIVE")));
    assert!(selects(Field::ScanStatusReason, equals("SCAN_ELIGIBILITY_EXPIRED")));
    assert!(selects(Field::ScanType, not("NETWORK")));
    assert!(selects(Field::ImageRepository, equals("web")));
    assert!(selects(Field::ResourceType, equals("AWS_ECR_CONTAINER_IMAGE")));
    assert!(!selects(Field::LastScannedAt, Test::During(None, None)));
}

#[test]
fn tests_that_do_not_fit_never_pass() {
    assert!(!selects(vec![(Field::Severity, vec![Test::Between(None, None)])]));
    assert!(!selects(vec![(Field::UpdatedAt, vec![equals("2026")])]));
    assert!(!selects(vec![(Field::UpdatedAt, vec![not("2026")])]));
}

#[test]
fn every_attribute_has_values_of_its_kind() {
    let resource = image("web", &["1"]);
    let finding = finding(&resource, "CVE-1", vec![]);
    let subject = Subject::finding(&finding, &resource, None);
    for &field in Field::ALL {
        let fits = matches!(
            (kind(field), values(field, &subject)),
            (FieldKind::Texts, Values::Texts(_))
                | (FieldKind::Number, Values::Number(_))
                | (FieldKind::Time, Values::Time(_))
                | (FieldKind::Tags, Values::Tags(_))
                | (FieldKind::Ports, Values::Ports(_))
                | (FieldKind::Packages, Values::Packages(_))
        );
        assert!(fits, "{field:?}");
    }
}

#[test]
fn lists_are_sorted_by_rank_where_words_have_one() {
    let resource = image("web", &[]);
    let mut low = finding(&resource, "CVE-1", vec![]);
    low.severity = Severity::Low;
    let mut critical = finding(&resource, "CVE-2", vec![]);
    critical.severity = Severity::Critical;
    critical.status = FindingStatus::Closed;
    let compare = |field| {
        order(field, &Subject::finding(&low, &resource, None), &Subject::finding(&critical, &resource, None))
    };
    assert_eq!(compare(Field::Severity), std::cmp::Ordering::Less);
    assert_eq!(compare(Field::FindingStatus), std::cmp::Ordering::Less);
    assert_eq!(compare(Field::VulnerabilityId), std::cmp::Ordering::Less);
    assert_eq!(compare(Field::EpssScore), std::cmp::Ordering::Equal);
}
