//! The life of findings, step by step: each step reconciles what the last one wrote.

use super::*;
use crate::testing::{Table, image, instance, package};
use crate::{Exposure, Slice, View, detect_vulnerability};
use jiff::ToSpan;
use proptest::prelude::*;
use yagura_model::{
    Account, Activation, ActivationStatus, CodeCause, Coverage, Criteria, Criterion, Field, Filter,
    FilterAction, Inventory, NetworkCause, Package, Platform, Resource, ResourceDetails, ScanReason,
    ScanType, Severity, Test, VulnerabilityId,
};

const V9: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";

fn at(text: &str) -> Timestamp {
    format!("{text}T00:00:00Z").parse().unwrap()
}

fn account() -> Account {
    let mut account = Account::new(crate::testing::home());
    for scan in ScanType::ALL {
        let on = Activation { status: ActivationStatus::Enabled, ..Activation::default() };
        account.activations.insert(scan, on);
    }
    account
}

fn view(resource: Resource, packages: &[&str]) -> View {
    View {
        resource: Some(resource),
        account: account(),
        coverage: Vec::new(),
        inventory: Inventory {
            packages: packages.iter().map(|text| package(text)).collect(),
            ..Inventory::default()
        },
        causes: Vec::new(),
        kernel: None,
        exposure: Exposure::Unknown,
        findings: Vec::new(),
        suppressions: Vec::new(),
        now: at("2026-01-01"),
    }
}

fn row(view: &View) -> Slice {
    Slice::Row(
        view.resource.as_ref().map_or_else(|| image("web", &[]).id, |one| one.id.clone()),
        ScanKind::Package,
    )
}

/// Reconciles a slice, writes the decision into the view, and checks that nothing is left to write.
fn apply(view: &mut View, slice: &Slice, advisories: &Table) -> Vec<String> {
    let decision = reconcile(slice, view, advisories);
    for finding in &decision.findings {
        view.findings.retain(|stored| stored.id != finding.id);
        view.findings.push(finding.clone());
    }
    assert_eq!(reconcile(slice, view, advisories), Decision::default(), "not idempotent");
    decision.findings.iter().map(line).collect()
}

fn step(view: &mut View, date: &str, advisories: &Table) -> Vec<String> {
    view.now = at(date);
    let slice = row(view);
    apply(view, &slice, advisories)
}

fn line(finding: &Finding) -> String {
    let day = |at: Timestamp| at.strftime("%m-%d").to_string();
    let closed = finding.closed.map(|closed| format!(" {:?}", closed.because)).unwrap_or_default();
    format!(
        "{} {} {}{closed} first {} last {} updated {}",
        finding.title,
        finding.severity,
        finding.status.as_str(),
        day(finding.first_observed_at),
        day(finding.last_observed_at),
        day(finding.updated_at)
    )
}

fn coverage(view: &mut View, active: bool, reason: ScanReason) {
    view.coverage = vec![Coverage {
        resource: view.resource.as_ref().unwrap().id.clone(),
        scan: ScanKind::Package,
        active,
        reason,
        mode: None,
        last_scanned_at: None,
        changed_at: view.now,
        unread: Vec::new(),
    }];
}

fn rule(id: &str, field: Field, value: &str) -> Filter {
    Filter {
        id: id.into(),
        home: crate::testing::home(),
        name: id.to_owned(),
        description: None,
        reason: None,
        action: FilterAction::Suppress,
        criteria: Criteria(vec![Criterion { field, tests: vec![Test::Equals(value.to_owned())] }]),
        document: serde_json::Value::Null,
        tags: std::collections::BTreeMap::new(),
        owner: "111122223333".into(),
        created_at: at("2026-01-01"),
        updated_at: at("2026-01-01"),
    }
}

fn openssl() -> Table {
    Table::new("debian D1 CVE-1 Debian:12/openssl [,3.0.2-1)").fact("CVE-1", &[], &[("nvd", V9, Some(9.8))])
}

#[test]
fn r111_all_packages_of_a_vulnerability_are_one_finding() {
    let mut view = view(
        image("web", &[]),
        &[
            "Debian:12 openssl 3.0.1-1",
            "Debian:12 libssl3 3.0.1-1 source=openssl@3.0.1-1",
            "Debian:12 libssl-dev 3.0.1-1 source=openssl@3.0.1-1",
        ],
    );
    assert_eq!(
        step(&mut view, "2026-01-01", &openssl()),
        ["CVE-1 - libssl-dev, libssl3 and 1 more CRITICAL ACTIVE first 01-01 last 01-01 updated 01-01"]
    );
    let finding = &view.findings[0];
    assert_eq!(finding.id.as_str().len(), 32);
    let Cause::Package(cause) = &finding.cause else { panic!() };
    assert_eq!(cause.packages.len(), 3);
    assert_eq!(cause.packages[0].path, None);
    assert_eq!(cause.fix_available(), "YES");
}

#[test]
fn r113_the_id_is_that_of_the_identity() {
    let one = image("web", &[]).id;
    let other = image("api", &[]).id;
    let mut elsewhere = one.clone();
    elsewhere.home.region = "us-east-1".into();
    let id = |resource: &ResourceId, cve: &str| package_finding_id(resource, &VulnerabilityId::from(cve));
    // Stored ids must never change.
    assert_eq!(id(&one, "CVE-1").as_str(), id(&one, "CVE-1").as_str());
    insta::assert_snapshot!(id(&one, "CVE-1"));
    let ids = [id(&one, "CVE-1"), id(&one, "CVE-2"), id(&other, "CVE-1"), id(&elsewhere, "CVE-1")];
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 4);
}

#[test]
fn r114_titles_name_two_packages() {
    let table =
        Table::new("osv/npm A CVE-1 npm/a [,2)\nosv/npm A CVE-1 npm/b [,2)\nosv/npm A CVE-1 npm/c [,2)");
    let title = |packages: &[&str]| {
        let mut view = view(image("web", &[]), packages);
        step(&mut view, "2026-01-01", &table);
        view.findings[0].title.clone()
    };
    assert_eq!(title(&["npm a 1", "npm a 1.1"]), "CVE-1 - a");
    assert_eq!(title(&["npm a 1", "npm b 1"]), "CVE-1 - a, b");
    assert_eq!(title(&["npm a 1", "npm b 1", "npm c 1"]), "CVE-1 - a, b and 1 more");
}

#[test]
fn r117_fix_available_counts_packages() {
    let table = Table::new("osv/npm A CVE-1 npm/a [,2)\nosv/npm A CVE-1 npm/b [,)");
    let word = |packages: &[&str]| {
        let mut view = view(image("web", &[]), packages);
        step(&mut view, "2026-01-01", &table);
        view.findings[0].cause.fix_available()
    };
    assert_eq!(word(&["npm a 1"]), Some("YES"));
    assert_eq!(word(&["npm b 1"]), Some("NO"));
    assert_eq!(word(&["npm a 1", "npm b 1"]), Some("PARTIAL"));
}

#[test]
fn r128_times_move_when_something_changes() {
    let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    step(&mut view, "2026-01-01", &openssl());
    assert_eq!(step(&mut view, "2026-01-02", &openssl()), [""; 0]);
    view.inventory.packages[0] = package("Debian:12 openssl 3.0.1-2");
    assert_eq!(
        step(&mut view, "2026-01-03", &openssl()),
        ["CVE-1 - openssl CRITICAL ACTIVE first 01-01 last 01-03 updated 01-03"]
    );
}

#[test]
fn r129_r132_findings_close_and_reopen_within_seven_days() {
    let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    step(&mut view, "2026-01-01", &openssl());
    let id = view.findings[0].id.clone();
    view.inventory.packages[0] = package("Debian:12 openssl 3.0.2-1");
    assert_eq!(
        step(&mut view, "2026-01-02", &openssl()),
        ["CVE-1 - openssl CRITICAL CLOSED Remediated first 01-01 last 01-01 updated 01-02"]
    );
    view.inventory.packages[0] = package("Debian:12 openssl 3.0.1-1");
    assert_eq!(
        step(&mut view, "2026-01-09", &openssl()),
        ["CVE-1 - openssl CRITICAL ACTIVE first 01-01 last 01-09 updated 01-09"]
    );
    view.inventory.packages.clear();
    step(&mut view, "2026-01-10", &openssl());
    view.inventory.packages.push(package("Debian:12 openssl 3.0.1-1"));
    // More than seven days: the same finding begins anew.
    assert_eq!(
        step(&mut view, "2026-01-18", &openssl()),
        ["CVE-1 - openssl CRITICAL ACTIVE first 01-18 last 01-18 updated 01-18"]
    );
    assert_eq!(view.findings[0].id, id);
}

#[test]
fn r129_a_withdrawn_advisory_closes_its_column() {
    let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    let column = Slice::Column("CVE-1".into());
    apply(&mut view, &column, &openssl());
    view.now = at("2026-01-02");
    assert_eq!(
        apply(&mut view, &column, &Table::default()),
        ["CVE-1 - openssl CRITICAL CLOSED Remediated first 01-01 last 01-01 updated 01-02"]
    );
}

#[test]
fn r130_findings_close_with_their_resource() {
    let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    step(&mut view, "2026-01-01", &openssl());
    view.resource = None;
    assert_eq!(
        step(&mut view, "2026-01-02", &openssl()),
        ["CVE-1 - openssl CRITICAL CLOSED ResourceGone first 01-01 last 01-01 updated 01-02"]
    );
    let closed = view.findings[0].closed.unwrap();
    assert_eq!(listed_until(&closed), at("2026-01-05"));
    assert_eq!(listed_until(&Closed { because: CloseReason::Remediated, ..closed }), at("2026-02-01"));
    assert_eq!(listed_until(&Closed { because: CloseReason::Disabled, ..closed }), at("2026-01-03"));
}

#[test]
fn r13_a_scan_type_that_is_switched_off_and_on_makes_new_findings() {
    let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    step(&mut view, "2026-01-01", &openssl());
    view.account.activations.get_mut(&ScanType::Ecr).unwrap().status = ActivationStatus::Disabling;
    assert_eq!(
        step(&mut view, "2026-01-02", &openssl()),
        ["CVE-1 - openssl CRITICAL CLOSED Disabled first 01-01 last 01-01 updated 01-02"]
    );
    view.account.activations.get_mut(&ScanType::Ecr).unwrap().status = ActivationStatus::Enabled;
    assert_eq!(
        step(&mut view, "2026-01-03", &openssl()),
        ["CVE-1 - openssl CRITICAL ACTIVE first 01-03 last 01-03 updated 01-03"]
    );
}

#[test]
fn r133_a_suspended_account_keeps_its_findings() {
    let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    step(&mut view, "2026-01-01", &openssl());
    view.account.activations.get_mut(&ScanType::Ecr).unwrap().status = ActivationStatus::Suspended;
    view.inventory.packages.clear();
    assert_eq!(step(&mut view, "2026-01-02", &openssl()), [""; 0]);
}

#[test]
fn r179_reasons_keep_close_or_judge() {
    // A package was fixed and another one arrived while the reason held.
    let outcome = |reason| {
        let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
        step(&mut view, "2026-01-01", &openssl());
        coverage(&mut view, false, reason);
        view.inventory.packages[0] = package("Debian:12 openssl 3.0.1-2");
        match step(&mut view, "2026-01-02", &openssl()).first() {
            None => "keeps",
            Some(line) if line.contains("CLOSED") => "closes",
            Some(_) => "judges",
        }
    };
    let lines: Vec<String> =
        ScanReason::ALL.iter().map(|&reason| format!("{} {}", outcome(reason), reason.as_str())).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn r56_new_advisories_do_not_touch_images_that_are_scanned_on_push() {
    let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    coverage(&mut view, false, ScanReason::ScanFrequencyScanOnPush);
    assert_eq!(apply(&mut view, &Slice::Column("CVE-1".into()), &openssl()), [""; 0]);
    assert_eq!(step(&mut view, "2026-01-01", &openssl()).len(), 1);
    assert_eq!(apply(&mut view, &Slice::Column("CVE-1".into()), &Table::default()), [""; 0]);
}

#[test]
fn r141_a_discontinued_os_is_a_finding_for_twelve_months_and_then_silent() {
    let table = Table::new("alpine A CVE-1 Alpine:v3.18/openssl [,3.1.2-r0)\nosv/npm N CVE-2 npm/a [,2)");
    let mut view = view(image("web", &[]), &["Alpine:v3.18 openssl 3.1.1-r0", "npm a 1"]);
    view.inventory.platform = Some(Platform {
        id: "alpine".into(),
        version: "3.18.4".into(),
        name: "Alpine Linux v3.18".into(),
        ecosystem: Some("Alpine:v3.18".into()),
        ..Platform::default()
    });
    insta::assert_snapshot!(step(&mut view, "2025-06-01", &table).join("\n"));
    insta::assert_snapshot!(step(&mut view, "2026-06-01", &table).join("\n"));
}

#[test]
fn r144_scores_of_images_are_base_scores() {
    let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    view.exposure = Exposure::None;
    step(&mut view, "2026-01-01", &openssl());
    let Cause::Package(cause) = &view.findings[0].cause else { panic!() };
    let score = cause.score.as_ref().unwrap();
    assert_eq!((score.value, score.base, score.adjustments.len()), (9.8, 9.8, 0));
}

#[test]
fn r152_scores_of_instances_follow_their_exposure() {
    let scored = |exposure| {
        let mut view = view(instance("i-1"), &["Debian:12 openssl 3.0.1-1"]);
        view.exposure = exposure;
        step(&mut view, "2026-01-01", &openssl());
        let finding = view.findings.remove(0);
        let Cause::Package(cause) = finding.cause else { panic!() };
        let score = cause.score.unwrap();
        let metrics: Vec<String> = score.adjustments.into_iter().map(|one| one.metric).collect();
        format!("{} {} {} {}", finding.severity, score.value, score.vector, metrics.join(","))
    };
    insta::assert_snapshot!(
        [Exposure::Unknown, Exposure::Internet, Exposure::Private, Exposure::None].map(scored).join(
            "
"
        )
    );
}

#[test]
fn r152_a_path_from_the_internet_is_what_counts() {
    let path = |edge: &str| {
        Cause::Network(NetworkCause {
            protocol: "TCP".into(),
            ports: (22, 22),
            steps: vec![("x".into(), edge.into()), ("i-1".into(), "AWS::EC2::Instance".into())],
            one_way: false,
        })
    };
    let (internet, peering) = (path("AWS::EC2::InternetGateway"), path("AWS::EC2::VPCPeeringConnection"));
    assert_eq!(Exposure::of(None), Exposure::Unknown);
    assert_eq!(Exposure::of(Some(&[])), Exposure::None);
    assert_eq!(Exposure::of(Some(std::slice::from_ref(&peering))), Exposure::Private);
    assert_eq!(Exposure::of(Some(&[peering.clone(), internet.clone()])), Exposure::Internet);
    assert_eq!(Exposure::of(Some(&[internet, peering])), Exposure::Internet);
}

#[test]
fn r150_without_cvss_there_is_no_score() {
    let mut view = view(instance("i-1"), &["Debian:12 openssl 3.0.1-1"]);
    let table = Table::new("debian D1 CVE-1 Debian:12/openssl [,) severity=medium");
    step(&mut view, "2026-01-01", &table);
    let Cause::Package(cause) = &view.findings[0].cause else { panic!() };
    assert_eq!((cause.score.clone(), view.findings[0].severity), (None, Severity::Medium));
    assert_eq!(cause.vendor_severity.as_deref(), Some("medium"));
}

#[test]
fn r151_ubuntu_keeps_its_word_and_has_a_score() {
    let mut view = view(instance("i-1"), &["Ubuntu:22.04 openssl 3.0.1-1"]);
    view.exposure = Exposure::None;
    let table = Table::new("osv/Ubuntu U CVE-1 Ubuntu:22.04/openssl [,) severity=medium").fact(
        "CVE-1",
        &[],
        &[("nvd", V9, Some(9.8))],
    );
    step(&mut view, "2026-01-01", &table);
    let Cause::Package(cause) = &view.findings[0].cause else { panic!() };
    let score = cause.score.as_ref().unwrap();
    assert_eq!((score.value, score.base, view.findings[0].severity), (8.4, 9.8, Severity::Medium));
}

#[test]
fn r164_r166_rules_suppress_new_and_old_findings() {
    let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    step(&mut view, "2026-01-01", &openssl());
    let mut saved = rule("a", Field::VulnerabilityId, "CVE-1");
    saved.action = FilterAction::None;
    view.suppressions = vec![saved];
    assert_eq!(step(&mut view, "2026-01-02", &openssl()), [""; 0]);
    view.suppressions = vec![rule("b", Field::VulnerabilityId, "CVE-1")];
    assert_eq!(
        step(&mut view, "2026-01-03", &openssl()),
        ["CVE-1 - openssl CRITICAL SUPPRESSED first 01-01 last 01-01 updated 01-03"]
    );
    view.findings.clear();
    assert_eq!(
        step(&mut view, "2026-01-04", &openssl()),
        ["CVE-1 - openssl CRITICAL SUPPRESSED first 01-04 last 01-04 updated 01-04"]
    );
}

#[test]
fn r167_a_suppressed_finding_that_is_remediated_is_closed() {
    let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    view.suppressions = vec![rule("a", Field::VulnerabilityId, "CVE-1")];
    step(&mut view, "2026-01-01", &openssl());
    view.inventory.packages.clear();
    assert_eq!(
        step(&mut view, "2026-01-02", &openssl()),
        ["CVE-1 - openssl CRITICAL CLOSED Remediated first 01-01 last 01-01 updated 01-02"]
    );
    assert!(view.findings[0].suppressed_by.is_empty());
}

#[test]
fn r168_without_its_rule_a_finding_is_active_again() {
    let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    let (a, b) = (rule("a", Field::VulnerabilityId, "CVE-1"), rule("b", Field::Severity, "CRITICAL"));
    view.suppressions = vec![b.clone(), a];
    step(&mut view, "2026-01-01", &openssl());
    assert_eq!(view.findings[0].suppressed_by.len(), 2);
    view.suppressions = vec![b];
    step(&mut view, "2026-01-02", &openssl());
    assert_eq!(view.findings[0].status, FindingStatus::Suppressed);
    view.suppressions.clear();
    assert_eq!(
        step(&mut view, "2026-01-03", &openssl()),
        ["CVE-1 - openssl CRITICAL ACTIVE first 01-01 last 01-01 updated 01-03"]
    );
}

#[test]
fn r166_a_rule_on_the_state_does_not_undo_itself() {
    let mut view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    view.suppressions = vec![rule("a", Field::FindingStatus, "ACTIVE")];
    step(&mut view, "2026-01-01", &openssl());
    assert_eq!(view.findings[0].status, FindingStatus::Suppressed);
    let mut on_time = rule("b", Field::UpdatedAt, "");
    on_time.criteria.0[0].tests = vec![Test::During(None, Some(at("2026-01-02")))];
    view.suppressions = vec![on_time];
    step(&mut view, "2026-01-05", &openssl());
    assert_eq!(view.findings[0].status, FindingStatus::Suppressed);
}

#[test]
fn r33_rules_apply_to_findings_of_stopped_instances() {
    let mut view = view(instance("i-1"), &["Debian:12 openssl 3.0.1-1"]);
    step(&mut view, "2026-01-01", &openssl());
    coverage(&mut view, false, ScanReason::Ec2InstanceStopped);
    view.inventory.packages.clear();
    assert_eq!(step(&mut view, "2026-01-02", &openssl()), [""; 0]);
    view.suppressions = vec![rule("a", Field::ResourceId, "i-1")];
    step(&mut view, "2026-01-03", &openssl());
    assert_eq!(view.findings[0].status, FindingStatus::Suppressed);
    view.suppressions.clear();
    step(&mut view, "2026-01-04", &openssl());
    assert_eq!(view.findings[0].status, FindingStatus::Active);
}

#[test]
fn r50_r102_paths_and_flaws_live_the_same_way() {
    let mut view = view(instance("i-1"), &[]);
    view.causes = vec![Cause::Network(NetworkCause {
        protocol: "TCP".into(),
        ports: (22, 22),
        steps: vec![("igw-1".into(), "AWS::EC2::InternetGateway".into())],
        one_way: false,
    })];
    let network = Slice::Row(view.resource.as_ref().unwrap().id.clone(), ScanKind::Network);
    assert_eq!(
        apply(&mut view, &network, &Table::default()),
        [
            "Port 22 is reachable from an Internet Gateway - TCP MEDIUM ACTIVE first 01-01 last 01-01 updated 01-01"
        ]
    );
    // The row of packages leaves them alone.
    assert_eq!(step(&mut view, "2026-01-02", &Table::default()), [""; 0]);
    view.causes.clear();
    assert_eq!(
        apply(&mut view, &network, &Table::default()),
        [
            "Port 22 is reachable from an Internet Gateway - TCP MEDIUM CLOSED Remediated first 01-01 last 01-01 updated 01-02"
        ]
    );
    let flaw = Cause::Code(CodeCause {
        detector: "python/os-command-injection@v1".into(),
        detector_name: "OS command injection".into(),
        tags: Vec::new(),
        cwes: vec![78],
        severity: Severity::High,
        description: String::new(),
        remediation: String::new(),
        rule: "python-os-command-injection".into(),
        path: "app.py".into(),
        lines: (4, 4),
        layer: None,
        flow: Vec::new(),
    });
    let mut function = view.clone();
    let mut resource = image("x", &[]);
    resource.id.kind = yagura_model::ResourceKind::Function;
    resource.details = ResourceDetails::Function(Box::default());
    function.resource = Some(resource);
    function.findings.clear();
    function.causes = vec![flaw];
    let code = Slice::Row(function.resource.as_ref().unwrap().id.clone(), ScanKind::Code);
    assert_eq!(
        apply(&mut function, &code, &Table::default()),
        ["CWE-78 - OS command injection HIGH ACTIVE first 01-02 last 01-02 updated 01-02"]
    );
}

#[test]
fn facts_come_with_the_findings_that_name_them() {
    let view = view(image("web", &[]), &["Debian:12 openssl 3.0.1-1"]);
    let decision = reconcile(&row(&view), &view, &openssl());
    assert_eq!(decision.facts.len(), 1);
    assert_eq!(decision.facts[0].id.as_str(), "CVE-1");
}

// Laws, over random advisories and inventories.

#[derive(Debug, Clone)]
struct World {
    advisories: Vec<String>,
    packages: Vec<String>,
}

const NAMES: [&str; 3] = ["Debian:12/a", "Debian:12/linux", "npm/b"];

fn worlds() -> impl Strategy<Value = World> {
    let statement = (0..4u8, 0..3usize, 1..6u8, any::<bool>()).prop_map(|(cve, name, fixed, open)| {
        let end = if open { "[,)".to_owned() } else { format!("[,{fixed}.0-1)") };
        format!("s A{cve} CVE-{cve} {} {end}", NAMES[name])
    });
    let package = prop_oneof![
        (1..6u8).prop_map(|version| format!("Debian:12 a {version}.0-1")),
        (1..6u8).prop_map(|version| format!("Debian:12 liba {version}.0-1 source=a@{version}.0-1")),
        (1..6u8).prop_map(|version| format!("npm b {version}.0-1 path=app{version}/package-lock.json")),
        (1..3u8).prop_map(|version| {
            format!("Debian:12 linux-image-{version}-amd64 {version}.0-1 source=linux@{version}.0-1")
        }),
        (1..3u8).prop_map(|version| {
            format!("Debian:12 linux-image-{version}-aws {version}.0-1 source=linux-aws@{version}.0-1")
        }),
    ];
    (proptest::collection::vec(statement, 0..8), proptest::collection::vec(package, 0..6)).prop_map(
        |(advisories, mut packages)| {
            packages.sort();
            packages.dedup();
            World { advisories, packages }
        },
    )
}

impl World {
    fn table(&self) -> Table {
        Table::new(&self.advisories.join("\n"))
    }

    fn packages(&self) -> Vec<Package> {
        self.packages.iter().map(|text| package(text)).collect()
    }

    /// The packages that a column shows: those whose own or source name its statements mention.
    fn column(&self, cve: &str) -> Vec<Package> {
        let named: Vec<&str> = self
            .advisories
            .iter()
            .map(|line| line.split(' ').collect::<Vec<_>>())
            .filter(|words| words[2] == cve)
            .filter_map(|words| words[3].split_once('/'))
            .map(|(_, name)| name)
            .collect();
        let source = |package: &Package| package.source.as_ref().map(|source| source.name.clone());
        self.packages()
            .into_iter()
            .filter(|package| {
                named.contains(&package.name.as_str())
                    || source(package).is_some_and(|source| named.contains(&source.as_str()))
            })
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_rows_are_all_columns(before in worlds(), after in worlds(), running in any::<bool>()) {
        let packages = after.packages();
        let kernel = packages
            .iter()
            .find_map(|package| package.name.strip_prefix("linux-image-"))
            .filter(|_| running)
            .map(str::to_owned);
        let mut by_row = view(instance("i-1"), &[]);
        by_row.inventory.packages = before.packages();
        let slice = row(&by_row);
        apply(&mut by_row, &slice, &before.table());
        let mut by_column = by_row.clone();
        for view in [&mut by_row, &mut by_column] {
            view.now = at("2026-01-02");
            view.kernel.clone_from(&kernel);
        }
        by_row.inventory.packages.clone_from(&packages);
        apply(&mut by_row, &slice, &after.table());
        for cve in ["CVE-0", "CVE-1", "CVE-2", "CVE-3"] {
            by_column.inventory.packages = after.column(cve);
            apply(&mut by_column, &Slice::Column(cve.into()), &after.table());
        }
        let sorted = |view: View| {
            let mut findings = view.findings;
            findings.sort_by(|a, b| a.id.cmp(&b.id));
            findings
        };
        prop_assert_eq!(sorted(by_row), sorted(by_column));
    }

    #[test]
    fn suppressing_and_releasing_changes_nothing_but_the_update(world in worlds()) {
        let mut view = view(image("web", &[]), &[]);
        view.inventory.packages = world.packages();
        step(&mut view, "2026-01-01", &world.table());
        let before = view.findings.clone();
        view.suppressions = vec![rule("a", Field::FindingType, "PACKAGE_VULNERABILITY")];
        step(&mut view, "2026-01-02", &world.table());
        prop_assert!(view.findings.iter().all(|finding| finding.status == FindingStatus::Suppressed));
        view.suppressions.clear();
        step(&mut view, "2026-01-03", &world.table());
        let mut released = view.findings.clone();
        for finding in &mut released {
            finding.updated_at = at("2026-01-01");
        }
        released.sort_by(|a, b| a.id.cmp(&b.id));
        let mut before = before;
        before.sort_by(|a, b| a.id.cmp(&b.id));
        prop_assert_eq!(released, before);
    }

    #[test]
    fn a_finding_is_there_exactly_while_a_detection_is(world in worlds()) {
        let mut view = view(image("web", &[]), &[]);
        view.inventory.packages = world.packages();
        view.now = view.now.checked_add(1.hour()).unwrap();
        let slice = row(&view);
        apply(&mut view, &slice, &world.table());
        for cve in ["CVE-0", "CVE-1", "CVE-2", "CVE-3"] {
            let detected = !detect_vulnerability(cve, &view.inventory, &world.table(), None).is_empty();
            let found = view.findings.iter().any(|finding| vulnerability_of(finding) == Some(cve));
            prop_assert_eq!(detected, found, "{}", cve);
        }
    }
}
