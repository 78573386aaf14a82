//! One document per distribution.

use super::*;
use crate::feed::Batch;

fn read(feed: &Oval, path: &str, xml: &str) -> Vec<Advisory> {
    let mut batch = Batch::default();
    feed.read(&Document { path, bytes: xml.as_bytes() }, &mut batch).unwrap();
    batch.advisories
}

/// `id: ecosystem/name kind state fix`, one a line.
fn told(advisories: &[Advisory]) -> String {
    let mut lines = Vec::new();
    for advisory in advisories {
        for one in &advisory.affected {
            let kind = if one.binary { "binary" } else { "source" };
            let end = one.ranges.iter().flat_map(|range| &range.events).nth(1);
            let fix = match end {
                Some(Event::Fixed(version)) => version.as_str(),
                _ => "-",
            };
            lines.push(format!(
                "{}: {}/{} {kind} {} {fix}",
                advisory.id,
                one.ecosystem,
                one.name,
                one.status.as_str()
            ));
        }
    }
    lines.join("\n")
}

#[test]
fn azure_linux_names_source_packages() {
    insta::assert_json_snapshot!(
        "azurelinux",
        read(&AZURE_LINUX, "azurelinux-3.0-oval.xml.gz", include_str!("fixtures/azurelinux.xml"))
    );
}

#[test]
fn oracle_linux_names_installed_packages_and_modules() {
    insta::assert_json_snapshot!(
        "oracle",
        read(&ORACLE_LINUX, "com.oracle.elsa-all.xml.bz2", include_str!("fixtures/oracle.xml"))
    );
}

#[test]
fn suse_tells_products_apart_and_what_is_not_affected() {
    let advisories =
        read(&SUSE, "suse.linux.enterprise.server.15-affected.xml.gz", include_str!("fixtures/suse.xml"));
    insta::assert_snapshot!(told(&advisories), @r"
    CVE-2024-0001: SUSE:Linux Enterprise Module for Basesystem 15 SP5/foo binary fixed 0:1.2-150500.3.1
    CVE-2024-0001: SUSE:Linux Enterprise Module for Basesystem 15 SP5/libbar binary affected -
    CVE-2024-0001: SUSE:Linux Enterprise Server 15 SP5/foo binary fixed 0:1.2-150500.3.1
    CVE-2024-0001: SUSE:Linux Enterprise Server 15 SP5/libbar binary affected -
    CVE-2024-0001: openSUSE:Leap 15.6/foo binary not-affected -
    ");
}

#[test]
fn ubuntu_tells_the_state_in_words_and_the_subscription_in_versions() {
    let tracker = read(&UBUNTU, "com.ubuntu.jammy.cve.oval.xml.bz2", include_str!("fixtures/ubuntu-cve.xml"));
    insta::assert_snapshot!(told(&tracker), @r"
    CVE-2024-0001: Ubuntu:22.04/bar source affected -
    CVE-2024-0001: Ubuntu:22.04/baz source deferred -
    CVE-2024-0001: Ubuntu:22.04/foo source fixed 0:1.0-1ubuntu0.1
    CVE-2024-0001: Ubuntu:22.04/qux source under-investigation -
    CVE-2024-0001: Ubuntu:Pro:22.04/quux source fixed 0:2.0-1+esm1
    ");
    let notices = read(&UBUNTU, "com.ubuntu.jammy.usn.oval.xml.bz2", include_str!("fixtures/ubuntu-usn.xml"));
    insta::assert_snapshot!(told(&notices), @r"
    USN-1-1: Ubuntu:22.04/foo binary fixed 0:1.0-1ubuntu0.1
    USN-1-1: Ubuntu:22.04/libfoo1 binary fixed 0:1.0-1ubuntu0.1
    USN-1-1: Ubuntu:Pro:22.04/bar binary fixed 0:2.0-1ubuntu0.1~esm1
    ");
    assert_eq!(notices[0].upstream, ["CVE-2024-0001", "CVE-2024-0002"]);
}
