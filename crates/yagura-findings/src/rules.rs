//! The rules of judging as tables: advisories and packages in, detections out.

use crate::testing::{Table, package};
use crate::{detect, detect_running, detect_vulnerability};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use yagura_model::{Inventory, Platform, Severity};

const TODAY: Date = date(2026, 1, 1);

fn inventory(packages: &[&str]) -> Inventory {
    Inventory { packages: packages.iter().map(|text| package(text)).collect(), ..Inventory::default() }
}

/// `name version: vulnerability status fixes (advisory)`, one a line.
fn judged(advisories: &str, packages: &[&str]) -> String {
    let table = Table::new(advisories);
    let mut found = detect(&inventory(packages), &table, TODAY).detections;
    let place = |one: &yagura_model::Detection| packages.iter().position(|text| package(text) == one.package);
    found.sort_by_key(place);
    let lines: Vec<String> = found
        .iter()
        .map(|one| {
            let fixes = one.fix.versions.join(",");
            format!(
                "{} {}: {} {} {} ({})",
                one.package.name,
                one.package.version,
                one.vulnerability.id,
                one.fix.status.as_str(),
                if fixes.is_empty() { "-" } else { &fixes },
                one.advisory
            )
        })
        .collect();
    lines.join("\n")
}

#[test]
fn ranges_of_every_end() {
    let advisories = "
        s A1 CVE-1 npm/a [1.0.0,2.0.0)
        s A2 CVE-2 npm/a [,1.5.0]
        s A3 CVE-3 npm/a [1.0.0,1.6.0|
        s A4 CVE-4 npm/a [3.0.0,)
        s A5 CVE-5 npm/a =1.5.0 =9.0.0
        s A6 CVE-6 npm/a [,1.0.0) [1.2.0,1.5.1)
    ";
    insta::assert_snapshot!(judged(advisories, &["npm a 1.5.0"]), @r"
    a 1.5.0: CVE-1 fixed 2.0.0 (A1)
    a 1.5.0: CVE-2 affected - (A2)
    a 1.5.0: CVE-3 affected - (A3)
    a 1.5.0: CVE-5 affected - (A5)
    a 1.5.0: CVE-6 fixed 1.5.1 (A6)
    ");
    insta::assert_snapshot!(judged(advisories, &["npm a 1.1.0"]), @r"
    a 1.1.0: CVE-1 fixed 2.0.0 (A1)
    a 1.1.0: CVE-2 affected - (A2)
    a 1.1.0: CVE-3 affected - (A3)
    ");
    assert_eq!(judged(advisories, &["npm b 1.5.0"]), "");
}

#[test]
fn what_has_no_order_matches_lists_and_all_versions() {
    let advisories = "
        s A1 CVE-1 npm/a [1.0.0,2.0.0)
        s A2 CVE-2 npm/a [1.0.0,2.0.0) =latest
        s A3 MAL-1 npm/a [,)
    ";
    insta::assert_snapshot!(judged(advisories, &["npm a latest"]), @r"
    a latest: MAL-1 affected - (A3)
    a latest: CVE-2 affected - (A2)
    ");
}

#[test]
fn branches_of_packagist_are_in_no_range() {
    let advisories = "
        s A1 CVE-1 Packagist/a/b [,2.0.0)
        s A2 CVE-2 Packagist/a/b [,2.0.0) =dev-main
    ";
    insta::assert_snapshot!(judged(advisories, &["Packagist a/b dev-main", "Packagist a/b 1.x-dev"]), @r"
    a/b dev-main: CVE-2 affected - (A2)
    a/b 1.x-dev: CVE-1 fixed 2.0.0 (A1)
    a/b 1.x-dev: CVE-2 fixed 2.0.0 (A2)
    ");
}

#[test]
fn a_version_that_is_listed_and_in_a_range_has_the_fix_of_the_range() {
    let advisories = "osv/PyPI A1 CVE-1 PyPI/a [,2.20.0) =2.19.0 =2.19.1";
    insta::assert_snapshot!(judged(advisories, &["PyPI a 2.19.1"]), @"a 2.19.1: CVE-1 fixed 2.20.0 (A1)");
}

#[test]
fn what_is_no_version_is_in_no_range() {
    let advisories = "
        s A1 CVE-1 Go/m [,2.0.0)
        s A2 CVE-2 Go/m [,)
        s A3 CVE-3 PyPI/p [,2.0)
        s A4 CVE-4 PyPI/p [,2.0) =2.19.0b1.1
    ";
    insta::assert_snapshot!(judged(advisories, &["Go m v9.9.9rc1", "Go m (devel)", "PyPI p 2.19.0b1.1"]), @r"
    m v9.9.9rc1: CVE-2 affected - (A2)
    m (devel): CVE-2 affected - (A2)
    p 2.19.0b1.1: CVE-4 affected - (A4)
    ");
}

#[test]
fn r157_a_malicious_package_is_critical() {
    let table = Table::new("osv/npm MAL-1 MAL-1 npm/a =1.0.0").fact("MAL-1", &["GHSA-1"], &[]);
    let found = detect(&inventory(&["npm a 1.0.0"]), &table, TODAY).detections;
    assert_eq!(found[0].severity, Severity::Critical);
}

#[test]
fn a_listed_version_counts_in_any_spelling() {
    insta::assert_snapshot!(judged("s A1 CVE-1 PyPI/a =1.0", &["PyPI a 1.0.0"]), @"a 1.0.0: CVE-1 affected - (A1)");
}

#[test]
fn r158_owned_packages_are_judged_as_their_owner() {
    let advisories = "
        osv/PyPI GHSA-1 CVE-1 PyPI/requests [,2.30)
        debian CVE-1 CVE-1 Debian:12/requests [,2.28.1-1+deb12u1)
    ";
    let packages = [
        "Debian:12 python3-requests 2.28.1-1 source=requests@2.28.1-1",
        "PyPI requests 2.28.1 owner=Debian:12/python3-requests@2.28.1-1",
    ];
    insta::assert_snapshot!(judged(advisories, &packages), @"python3-requests 2.28.1-1: CVE-1 fixed 2.28.1-1+deb12u1 (CVE-1)");
    // With the backported fix, nothing is left although upstream's number is still low.
    assert_eq!(
        judged(
            advisories,
            &[
                "Debian:12 python3-requests 2.28.1-1+deb12u1 source=requests@2.28.1-1+deb12u1",
                "PyPI requests 2.28.1 owner=Debian:12/python3-requests@2.28.1-1+deb12u1",
            ]
        ),
        ""
    );
}

#[test]
fn source_and_binary_names_are_not_mixed_up() {
    let advisories = "
        debian S CVE-1 Debian:12/foo [,2-1)
        alma B CVE-2 AlmaLinux:9/foo [,2-1) binary
    ";
    // A binary called foo of another source, and a binary of source foo with its own version.
    insta::assert_snapshot!(judged(advisories, &[
        "Debian:12 foo 1-1 source=bar@1-1",
        "Debian:12 libfoo1 5-1 source=foo@1-1",
        "Debian:12 libfoo2 1-1 source=foo@2-1",
        "AlmaLinux:9 foo 1-1 source=bar@1-1",
        "AlmaLinux:9 foo-libs 1-1 source=foo@1-1",
    ]), @r"
    libfoo1 5-1: CVE-1 fixed 2-1 (S)
    foo 1-1: CVE-2 fixed 2-1 (B)
    ");
}

#[test]
fn r158_binaries_without_their_source_are_judged_by_it() {
    let advisories = "
        debian O CVE-1 Debian:12/openssl [,3.0.11-1)
        debian U CVE-2 Debian:12/util-linux [,2.38.1-5+deb12u1)
        debian K CVE-3 Debian:12/linux [,6.1.90-1)
        debian B CVE-4 Debian:12/libssl3 [,9)
    ";
    insta::assert_snapshot!(judged(advisories, &[
        "Debian:12 libssl3 3.0.9-1",
        // Built from `util-linux` 2.38.1-5, whatever its own epoch says.
        "Debian:12 bsdutils 1:2.38.1-5+b1",
        "Debian:12 linux-image-6.1.0-18-amd64 6.1.76-1",
        "Debian:12 linux-headers-6.1.0-18-amd64 6.1.76-1",
        // What the database tells is believed.
        "Debian:12 libssl3 1 source=own@1",
    ]), @r"
    libssl3 3.0.9-1: CVE-1 fixed 3.0.11-1 (O)
    bsdutils 1:2.38.1-5+b1: CVE-2 fixed 2.38.1-5+deb12u1 (U)
    linux-image-6.1.0-18-amd64 6.1.76-1: CVE-3 fixed 6.1.90-1 (K)
    ");
}

#[test]
fn epochs_count() {
    insta::assert_snapshot!(judged("d A CVE-1 Debian:12/a [,1:2.0-1)", &["Debian:12 a 9.0-1", "Debian:12 a 1:2.0-1"]), @"a 9.0-1: CVE-1 fixed 1:2.0-1 (A)");
}

#[test]
fn modules_are_judged_by_their_stream() {
    let advisories = "
        alma M18 CVE-1 AlmaLinux:8/nodejs [,1:18.14.2-2.module_el8.7.0+3500+abc) binary module=nodejs:18
        alma M16 CVE-1 AlmaLinux:8/nodejs [,1:16.19.1-1.module_el8.7.0+3500+abc) binary module=nodejs:16
        alma PLAIN CVE-2 AlmaLinux:8/nodejs [,1:20.0.0-1.el8) binary
    ";
    insta::assert_snapshot!(judged(advisories, &[
        "AlmaLinux:8 nodejs 1:18.12.1-1.module_el8.7.0+3000+abc module=nodejs:18:80700:abc",
        "AlmaLinux:8 nodejs 1:16.19.1-1.module_el8.7.0+3500+abc module=nodejs:16:80700:abc",
        "AlmaLinux:8 nodejs 1:14.0.0-1.el8",
    ]), @r"
    nodejs 1:18.12.1-1.module_el8.7.0+3000+abc: CVE-1 fixed 1:18.14.2-2.module_el8.7.0+3500+abc (M18)
    nodejs 1:14.0.0-1.el8: CVE-2 fixed 1:20.0.0-1.el8 (PLAIN)
    ");
}

#[test]
fn architectures_are_respected() {
    let advisories = "s A CVE-1 AlmaLinux:9/a [,2-1) binary arch=aarch64";
    insta::assert_snapshot!(judged(advisories, &[
        "AlmaLinux:9 a 1-1 arch=x86_64",
        "AlmaLinux:9 a 1-1 arch=aarch64",
        "AlmaLinux:9 a 1-1 arch=noarch",
    ]), @r"
    a 1-1: CVE-1 fixed 2-1 (A)
    a 1-1: CVE-1 fixed 2-1 (A)
    ");
}

#[test]
fn ubuntu_pro_tells_the_fix_that_the_base_does_not_have() {
    let advisories = "
        osv/Ubuntu BASE CVE-1 Ubuntu:22.04/a [,)
        osv/Ubuntu PRO CVE-1 Ubuntu:Pro:22.04/a [,1.0-1ubuntu1+esm1)
    ";
    insta::assert_snapshot!(judged(advisories, &["Ubuntu:22.04 a 1.0-1"]), @"a 1.0-1: CVE-1 fixed 1.0-1ubuntu1+esm1 (PRO)");
    assert_eq!(judged(advisories, &["Ubuntu:22.04 a 1.0-1ubuntu1+esm1"]), "");
}

#[test]
fn r206_extended_streams_fix_under_their_own_versions() {
    let advisories = "
        redhat RHSA-1 CVE-1 Red_Hat:9/openssl [,1:3.0.7-25.el9_3) binary
        redhat RHSA-2 CVE-1 Red_Hat:rhel_eus:9.2/openssl [,1:3.0.7-16.el9_2.5) binary
        redhat RHSA-3 CVE-2 Red_Hat:9/openssl [,1:3.0.7-27.el9) binary
    ";
    insta::assert_snapshot!(judged(advisories, &[
        "Red_Hat:9 openssl 1:3.0.7-16.el9_2",
        "Red_Hat:9 openssl 1:3.0.7-16.el9_2.5",
        "Red_Hat:9 openssl 1:3.0.7-18.el9_3",
        "Red_Hat:9 openssl 1:3.0.7-25.el9_3",
    ]), @r"
    openssl 1:3.0.7-16.el9_2: CVE-1 fixed 1:3.0.7-16.el9_2.5,1:3.0.7-25.el9_3 (RHSA-2)
    openssl 1:3.0.7-16.el9_2: CVE-2 fixed 1:3.0.7-27.el9 (RHSA-3)
    openssl 1:3.0.7-16.el9_2.5: CVE-2 fixed 1:3.0.7-27.el9 (RHSA-3)
    openssl 1:3.0.7-18.el9_3: CVE-1 fixed 1:3.0.7-25.el9_3 (RHSA-1)
    openssl 1:3.0.7-18.el9_3: CVE-2 fixed 1:3.0.7-27.el9 (RHSA-3)
    openssl 1:3.0.7-25.el9_3: CVE-2 fixed 1:3.0.7-27.el9 (RHSA-3)
    ");
}

#[test]
fn the_vendors_not_affected_wins() {
    let advisories = "
        redhat CVE-1 CVE-1 AlmaLinux:9/a [,) binary status=not-affected
        osv/x A CVE-1 AlmaLinux:9/a [,2-1) binary
    ";
    assert_eq!(judged(advisories, &["AlmaLinux:9 a 1-1"]), "");
}

#[test]
fn states_of_the_fix_are_kept() {
    let advisories = "
        d A CVE-1 Debian:12/a [,) status=will-not-fix
        d B CVE-2 Debian:12/a [,) status=deferred
        d C CVE-3 Debian:12/a [,) status=end-of-life
        d D CVE-4 Debian:12/a [,) status=under-investigation
        d E CVE-5 Debian:12/a [,) status=not-affected
        d F CVE-6 Debian:12/a [,)
    ";
    insta::assert_snapshot!(judged(advisories, &["Debian:12 a 1-1"]), @r"
    a 1-1: CVE-1 will-not-fix - (A)
    a 1-1: CVE-2 deferred - (B)
    a 1-1: CVE-3 end-of-life - (C)
    a 1-1: CVE-4 under-investigation - (D)
    a 1-1: CVE-6 affected - (F)
    ");
}

#[test]
fn fixes_are_upgrades_that_hold() {
    // The first fix was incomplete; a second source knows an older branch.
    let advisories = "
        ghsa A CVE-1 npm/a [1.0.0,1.5.0) [2.0.0,2.3.0)
        pysec B CVE-1 npm/a [1.4.0,1.6.0)
    ";
    insta::assert_snapshot!(judged(advisories, &["npm a 1.4.5", "npm a 2.1.0"]), @r"
    a 1.4.5: CVE-1 fixed 1.6.0 (A)
    a 2.1.0: CVE-1 fixed 2.3.0 (A)
    ");
}

#[test]
fn r35_kernels_are_images_and_flavours() {
    let advisories = "
        debian K CVE-1 Debian:12/linux [,6.1.90-1)
        osv/Ubuntu G CVE-2 Ubuntu:22.04/linux [,5.15.0-2000.1)
        osv/Ubuntu W CVE-3 Ubuntu:22.04/linux-aws [,5.15.0-2000.1)
    ";
    insta::assert_snapshot!(judged(advisories, &[
        "Debian:12 linux-libc-dev 6.1.76-1 source=linux@6.1.76-1",
        "Debian:12 linux-headers-6.1.0-18-amd64 6.1.76-1 source=linux@6.1.76-1",
        "Debian:12 linux-image-6.1.0-18-amd64 6.1.76-1 source=linux-signed-amd64@6.1.76+1",
        "Ubuntu:22.04 linux-image-5.15.0-1050-aws 5.15.0-1050.55 source=linux-signed-aws@5.15.0-1050.55",
    ]), @r"
    linux-image-6.1.0-18-amd64 6.1.76-1: CVE-1 fixed 6.1.90-1 (K)
    linux-image-5.15.0-1050-aws 5.15.0-1050.55: CVE-3 fixed 5.15.0-2000.1 (W)
    ");
}

#[test]
fn r35_the_running_kernel_is_judged() {
    let table = Table::new("debian K CVE-1 Debian:12/linux [,6.1.90-1)");
    let inventory = inventory(&[
        "Debian:12 linux-image-6.1.0-18-amd64 6.1.76-1 source=linux-signed-amd64@6.1.76+1",
        "Debian:12 linux-image-6.1.0-30-amd64 6.1.95-1 source=linux-signed-amd64@6.1.95+1",
    ]);
    let count = |running: Option<&str>| detect_running(&inventory, &table, TODAY, running).detections.len();
    assert_eq!(count(Some("6.1.0-30-amd64")), 0);
    // After an upgrade without a reboot the old one still runs.
    assert_eq!(count(Some("6.1.0-18-amd64")), 1);
    // A kernel that no package explains leaves all installed ones judged.
    assert_eq!(count(Some("6.9.0-custom")), 1);
    assert_eq!(count(None), 1);
}

#[test]
fn commits_match_by_equality() {
    let advisories = "s A CVE-1 npm/a commits=aaaaaaaaaa..bbbbbbbbbb [9.0.0,9.1.0)";
    insta::assert_snapshot!(judged(advisories, &["npm a 1.0.0 commit=aaaaaaaa", "npm a 1.0.0 commit=bbbbbbbb"]), @"a 1.0.0: CVE-1 affected - (A)");
}

#[test]
fn one_erratum_for_several_vulnerabilities() {
    insta::assert_snapshot!(judged("alma ALSA-1 CVE-1,CVE-2 AlmaLinux:9/a [,2-1) binary", &["AlmaLinux:9 a 1-1"]), @r"
    a 1-1: CVE-1 fixed 2-1 (ALSA-1)
    a 1-1: CVE-2 fixed 2-1 (ALSA-1)
    ");
}

#[test]
fn r138_order_of_severity_sources() {
    const V9: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    const V2: &str = "AV:N/AC:L/Au:N/C:P/I:N/A:N";
    const V4: &str = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
    let rate = |ecosystem: &str, word: &str, ratings: &[(&str, &str, Option<f64>)]| {
        let word = if word.is_empty() { String::new() } else { format!("severity={word}") };
        let table = Table::new(&format!("own A CVE-1 {ecosystem}/a [,) {word}")).fact("CVE-1", &[], ratings);
        let found = detect(&inventory(&[&format!("{ecosystem} a 1-1")]), &table, TODAY).detections;
        let one = &found[0];
        let source = one.score_source.as_ref().map_or("-", |source| source.as_str()).to_owned();
        (one.severity, source)
    };
    let own = ("own", V9, Some(4.8));
    let nvd = ("nvd", V9, Some(7.3));
    let nvd2 = ("nvd", V2, Some(5.0));
    let four = ("own", V4, Some(9.3));
    let other = ("cisa-adp", V9, Some(9.8));
    let said = |severity, source: &str| (severity, source.to_owned());
    assert_eq!(rate("Debian:12", "high", &[nvd, own]), said(Severity::Medium, "own"));
    assert_eq!(rate("Debian:12", "low", &[nvd2, nvd]), said(Severity::High, "nvd"));
    assert_eq!(rate("Debian:12", "low", &[nvd2]), said(Severity::Medium, "nvd"));
    assert_eq!(rate("Debian:12", "low", &[other]), said(Severity::Low, "-"));
    assert_eq!(rate("Debian:12", "unimportant", &[]), said(Severity::Informational, "-"));
    assert_eq!(rate("Debian:12", "", &[other]), said(Severity::Critical, "cisa-adp"));
    assert_eq!(rate("Ubuntu:22.04", "medium", &[nvd]), said(Severity::Medium, "-"));
    assert_eq!(rate("Ubuntu:22.04", "", &[nvd]), said(Severity::High, "nvd"));
    // R-145: CVSS 4.0 never drives the score, not even alone.
    assert_eq!(rate("Debian:12", "", &[four]), said(Severity::Untriaged, "-"));
    assert_eq!(rate("Debian:12", "", &[("own", "Moderate", None)]), said(Severity::Medium, "-"));
    assert_eq!(rate("Debian:12", "", &[]), said(Severity::Untriaged, "-"));
}

#[test]
fn r141_a_discontinued_platform_is_one_finding_for_a_year() {
    let platform = Platform {
        id: "debian".into(),
        version: "10".into(),
        name: "Debian GNU/Linux 10 (buster)".into(),
        ecosystem: Some("Debian:10".into()),
        ..Platform::default()
    };
    let inventory = Inventory { platform: Some(platform), ..Inventory::default() };
    let at = |day: &str| {
        let judged = detect(&inventory, &Table::default(), day.parse().unwrap());
        let found = &judged.detections;
        (judged.end_of_life.is_some(), found.len(), found.first().map(|one| one.severity))
    };
    assert_eq!(at("2024-06-30"), (false, 0, None));
    assert_eq!(at("2024-07-01"), (true, 1, Some(Severity::Critical)));
    assert_eq!(at("2025-06-30"), (true, 1, Some(Severity::Critical)));
    assert_eq!(at("2025-07-01"), (true, 0, None));
}

#[test]
fn r209_a_rebuild_ends_on_its_own_day() {
    let centos = |name: &str, version: &str| {
        let platform = Platform {
            id: "centos".into(),
            version: version.into(),
            name: name.into(),
            ecosystem: Some(format!("Red Hat:{version}").into()),
            ..Platform::default()
        };
        let inventory = Inventory { platform: Some(platform), ..Inventory::default() };
        crate::end_of_life(&inventory, TODAY).map(|end| end.date.to_string())
    };
    assert_eq!(centos("CentOS Linux 8", "8").as_deref(), Some("2021-12-31"));
    assert_eq!(centos("CentOS Stream 8", "8").as_deref(), Some("2024-05-31"));
    assert_eq!(centos("CentOS Linux 7 (Core)", "7").as_deref(), Some("2024-06-30"));
    assert_eq!(centos("CentOS Stream 9", "9"), None);
}

#[derive(Debug, Clone)]
struct World {
    advisories: String,
    packages: Vec<String>,
}

fn world() -> impl Strategy<Value = World> {
    let statement = (0..3u8, 0..4u8, 0..4u8, 0..6u8, 1..6u8, 0..5u8, 0..3u8).prop_map(
        |(source, first, second, lower, length, name, end)| {
            let upper = lower + length;
            let range = match end {
                0 => format!("[{lower},{upper})"),
                1 => format!("[{lower},{upper}]"),
                _ => format!("[{lower},)"),
            };
            let ecosystem =
                ["Ubuntu:22.04", "Ubuntu:Pro:22.04", "AlmaLinux:9", "Debian:12", "Debian:12"][name as usize];
            let status = ["", "status=not-affected", "status=under-investigation", ""][second as usize];
            format!(
                "s{source} A{source}{first} CVE-{first},CVE-{second} {ecosystem}/p{} {range} {status}",
                name % 2
            )
        },
    );
    let package =
        (0..3usize, 0..2u8, 0..8u8, any::<bool>()).prop_map(|(ecosystem, name, version, source)| {
            let ecosystem = ["Ubuntu:22.04", "AlmaLinux:9", "Debian:12"][ecosystem];
            if source {
                format!("{ecosystem} lib{name} 1 source=p{name}@{version}")
            } else {
                format!("{ecosystem} p{name} {version}")
            }
        });
    (proptest::collection::vec(statement, 0..12), proptest::collection::vec(package, 0..8))
        .prop_map(|(lines, packages)| World { advisories: lines.join("\n"), packages })
}

proptest! {
    /// The invariant of the whole design: rows and columns give one matrix.
    #[test]
    fn rows_are_columns(world in world()) {
        let table = Table::new(&world.advisories);
        let packages: Vec<&str> = world.packages.iter().map(String::as_str).collect();
        let inventory = inventory(&packages);
        let show = |one: &yagura_model::Detection| format!("{one:?}");
        let mut rows: Vec<String> = detect(&inventory, &table, TODAY).detections.iter().map(show).collect();
        let mut columns: Vec<String> = (0..4)
            .flat_map(|id| detect_vulnerability(&format!("CVE-{id}"), &inventory, &table, None))
            .map(|one| show(&one))
            .collect();
        rows.sort();
        columns.sort();
        prop_assert_eq!(rows, columns);
    }
}
