//! Which platform comes out of what the files of a root say.

use super::*;
use crate::testing::read;
use crate::{Cataloger, Note};

fn platform(file: &str, text: &str) -> (TreePath, Platform) {
    let cataloger: &dyn Cataloger = if file.ends_with("os-release") { &OS_RELEASE } else { &RELEASE_FILES };
    let found = read(cataloger, file, text.as_bytes());
    let platform = found.notes.into_iter().find_map(|note| match note {
        Note::Platform(platform) => Some(platform),
        _ => None,
    });
    (TreePath::from_text(file).unwrap(), platform.unwrap_or_else(|| panic!("{file}: {text}")))
}

/// Ecosystem and complaints.
fn chosen(files: &[(&str, &str)], formats: &[&str]) -> String {
    let told: Vec<_> = files.iter().map(|(file, text)| platform(file, text)).collect();
    let told: Vec<_> = told.iter().map(|(path, platform)| (path, platform)).collect();
    let mut unread = Vec::new();
    let platform = choose(&told, &formats.iter().copied().collect(), &mut unread);
    let mut out = match platform.and_then(|platform| platform.ecosystem) {
        Some(ecosystem) => ecosystem.to_string(),
        None => "-".to_owned(),
    };
    unread.iter().for_each(|unread| out.push_str(&format!(" | {}: {}", unread.path, unread.detail)));
    out
}

#[test]
fn os_release_names_the_ecosystem() {
    for (text, format, expected) in [
        ("ID=debian\nVERSION_ID=\"12\"", "dpkg", "Debian:12"),
        ("ID=ubuntu\nVERSION_ID=22.04", "dpkg", "Ubuntu:22.04"),
        ("ID=alpine\nVERSION_ID=3.19.1", "apk", "Alpine:v3.19"),
        ("ID=alpine\nVERSION_ID=3.23.0_alpha20250612", "apk", "Alpine:edge"),
        ("ID=postmarketos\nVERSION_ID=v24.06", "apk", "Alpine:v3.20"),
        ("ID=wolfi\nVERSION_ID=20230201", "apk", "Wolfi"),
        ("ID=chainguard\nVERSION_ID=20230214", "apk", "Chainguard"),
        ("ID=amzn\nVERSION_ID=2023", "rpm", "Amazon Linux:2023"),
        ("ID=amzn\nVERSION_ID=2017.09", "rpm", "Amazon Linux:2018.03"),
        ("ID=\"rhel\"\nVERSION_ID=\"9.4\"", "rpm", "Red Hat:9"),
        ("ID=\"centos\"\nVERSION_ID=\"7\"", "rpm", "Red Hat:7"),
        ("ID=\"almalinux\"\nVERSION_ID=\"9.4\"", "rpm", "AlmaLinux:9"),
        ("ID=\"rocky\"\nVERSION_ID=\"8.9\"", "rpm", "Rocky Linux:8"),
        ("ID=\"ol\"\nVERSION_ID=\"9.3\"", "rpm", "Oracle Linux:9"),
        ("ID=fedora\nVERSION_ID=43", "rpm", "Fedora:43"),
        ("ID=\"sles\"\nVERSION_ID=\"15.5\"", "rpm", "SUSE:15.5"),
        ("ID=\"sl-micro\"\nVERSION_ID=\"6.0\"", "rpm", "SUSE:Micro 6.0"),
        ("ID=\"opensuse-leap\"\nVERSION_ID=\"15.6\"", "rpm", "openSUSE:15.6"),
        ("ID=\"opensuse-tumbleweed\"\nVERSION_ID=\"20240801\"", "rpm", "openSUSE:Tumbleweed"),
        ("ID=photon\nVERSION_ID=5.0", "rpm", "Photon OS:5.0"),
        ("ID=azurelinux\nVERSION_ID=\"3.0\"", "rpm", "Azure Linux:3"),
        ("ID=mariner\nVERSION_ID=\"2.0\"", "rpm", "Azure Linux:2"),
        ("ID=arch", "pacman", "Arch"),
        ("ID=bottlerocket\nVERSION_ID=1.19.0", "bottlerocket", "Bottlerocket"),
        ("ID=minimos\nVERSION_ID=20241031", "apk", "MinimOS"),
        ("ID=alpaquita\nVERSION_ID=stream", "apk", "Alpaquita:stream"),
        ("ID=alpaquita\nVERSION_ID=23", "apk", "Alpaquita:23"),
        ("ID=echo\nID_LIKE=debian\nVERSION_ID=1", "dpkg", "Echo"),
        ("ID=mageia\nVERSION_ID=9", "rpm", "Mageia:9"),
        (
            "ID=\"openEuler\"\nVERSION_ID=\"24.03\"\nVERSION=\"24.03 (LTS-SP1)\"",
            "rpm",
            "openEuler:24.03-LTS-SP1",
        ),
        ("ID=\"opensuse-microos\"\nVERSION_ID=\"20240801\"", "rpm", "openSUSE:Tumbleweed"),
        ("ID=\"sles_sap\"\nVERSION_ID=\"15.4\"", "rpm", "SUSE:15.4"),
        ("ID=\"centos\"\nNAME=\"CentOS Stream\"\nVERSION_ID=\"9\"", "rpm", "Red Hat:9"),
        ("ID=\"rhcos\"\nVERSION_ID=\"4.16\"\nRHEL_VERSION=\"9.4\"", "rpm", "Red Hat:9"),
        ("ID=\"amzn\"\nVERSION_ID=\"2\"", "rpm", "Amazon Linux:2"),
        ("ID=\"amzn\"\nVERSION_ID=\"2018.03\"", "rpm", "Amazon Linux:2018.03"),
        ("ID=gentoo", "portage", "-"),
        ("ID=raspbian\nID_LIKE=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm", "dpkg", "-"),
        ("ID=kali\nID_LIKE=debian", "dpkg", "-"),
        ("ID=linuxmint\nVERSION_ID=21.3\nUBUNTU_CODENAME=jammy", "dpkg", "Ubuntu:22.04"),
        ("ID=linuxmint\nVERSION_ID=6\nDEBIAN_CODENAME=bookworm", "dpkg", "Debian:12"),
    ] {
        assert_eq!(chosen(&[("etc/os-release", text)], &[format]), expected, "{text}");
    }
}

#[test]
fn missing_and_lying_files_are_repaired() {
    let debian = ("etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux\"");
    assert_eq!(chosen(&[debian, ("etc/debian_version", "trixie/sid")], &["dpkg"]), "Debian:13");
    assert_eq!(
        chosen(
            &[("usr/lib/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux trixie/sid\"")],
            &["dpkg"]
        ),
        "Debian:13"
    );
    assert_eq!(chosen(&[("etc/debian_version", "11.9")], &["dpkg"]), "Debian:11");
    let lsb = ("etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=20.04\nDISTRIB_CODENAME=focal\n");
    assert_eq!(chosen(&[lsb, ("etc/debian_version", "bullseye/sid")], &["dpkg"]), "Ubuntu:20.04");
    assert_eq!(chosen(&[("etc/redhat-release", "CentOS release 6.10 (Final)")], &["rpm"]), "Red Hat:6");
    assert_eq!(
        chosen(
            &[("etc/SuSE-release", "SUSE Linux Enterprise Server 12 (x86_64)\nVERSION = 12\nPATCHLEVEL = 5")],
            &["rpm"]
        ),
        "SUSE:12.5"
    );
    assert_eq!(
        chosen(&[("etc/os-release", "ID=debian\nVERSION_ID=12")], &["rpm"]),
        "- | etc/os-release: claims to be `debian`, but the packages are of format `rpm`: they are listed, not judged"
    );
    assert_eq!(
        chosen(
            &[
                ("etc/os-release", "ID=debian\nVERSION_ID=12"),
                ("etc/redhat-release", "Rocky Linux release 9.3")
            ],
            &["rpm"]
        ),
        "Rocky Linux:9 | etc/os-release: claims to be `debian`, but the packages are of format `rpm`: `etc/redhat-release` is believed instead"
    );
    assert_eq!(chosen(&[], &["dpkg"]), "-");
}

#[test]
fn pro_advisories_are_asked_for_ubuntu_alone() {
    let ids = |text: &str| -> Vec<String> {
        lookups(&EcosystemId::from(text)).iter().map(ToString::to_string).collect()
    };
    assert_eq!(ids("Ubuntu:22.04"), ["Ubuntu:22.04", "Ubuntu:Pro:22.04"]);
    assert_eq!(ids("Debian:12"), ["Debian:12"]);
}

#[test]
fn r209_every_release_with_an_end_is_in_canonical_spelling() {
    for (text, expected) in [
        ("Debian:11", Some((2026, 8, 31))),
        ("Debian:13", None),
        ("SUSE:15.3", Some((2022, 12, 31))),
        ("CentOS:7", Some((2024, 6, 30))),
        ("Ubuntu:22.10", Some((2023, 7, 20))),
    ] {
        assert_eq!(end_of_life(&crate::canonical(&EcosystemId::from(text))), expected, "{text}");
    }
    for (ecosystem, release, ..) in end_of_life::DATES {
        let id = EcosystemId::from(format!("{ecosystem}:{release}"));
        assert_eq!(crate::canonical(&id), id);
        assert!(crate::ecosystem(&id).is_some(), "{id}");
    }
}
