//! One scan with everything in it, in both layouts.

use super::*;
use yagura_model::{Kev, Rating, Vulnerability};

fn facts(id: &str, ratings: Vec<Rating>) -> Vulnerability {
    Vulnerability {
        id: id.into(),
        aliases: vec!["GHSA-aaaa-bbbb-cccc".to_owned()],
        summary: "a flaw".to_owned(),
        details: String::new(),
        ratings,
        cwes: vec![79],
        published: Some("2026-01-01T00:00:00Z".parse().unwrap()),
        modified: Some("2026-01-02T00:00:00.25Z".parse().unwrap()),
        references: vec!["https://example.org/advisory".to_owned()],
        epss: Some(yagura_model::Epss { score: 0.5, percentile: 0.9, date: "2026-11-01".parse().unwrap() }),
        kev: Some(Kev {
            added: "2026-02-03".parse().unwrap(),
            due: Some("2026-03-03".parse().unwrap()),
            action: "patch".to_owned(),
            ransomware: false,
        }),
    }
}

fn rating(source: &str, vector: &str, score: f64) -> Rating {
    Rating { source: source.into(), vector: Some(vector.to_owned()), score: Some(score), word: None }
}

fn found(facts: Vulnerability) -> Found {
    Found {
        facts,
        severity: Severity::High,
        source: "osv/npm".into(),
        advisory: "GHSA-aaaa-bbbb-cccc".to_owned(),
        affects: vec![Affected {
            reference: "comp-3".to_owned(),
            purl: Some("pkg:npm/thing@1.0.0".to_owned()),
            fixed: Some("1.0.1".to_owned()),
            path: Some("app/package-lock.json".to_owned()),
        }],
    }
}

fn scan(found: Vec<Found>) -> Scan {
    let system = Component {
        reference: "comp-1".to_owned(),
        kind: "operating-system".to_owned(),
        name: "alpine".to_owned(),
        version: Some("3.16".to_owned()),
        end_of_life: Some("2024-05-23".parse().unwrap()),
        ..Component::default()
    };
    let inner = Component {
        reference: "comp-3".to_owned(),
        kind: "library".to_owned(),
        name: "thing".to_owned(),
        purl: Some("pkg:npm/thing@1.0.0".to_owned()),
        path: Some("app/package-lock.json".to_owned()),
        ..Component::default()
    };
    let outer = Component {
        reference: "comp-2".to_owned(),
        kind: "application".to_owned(),
        name: "outer".to_owned(),
        warning: Some("Component skipped: no purl provided.".to_owned()),
        components: vec![inner],
        ..Component::default()
    };
    Scan {
        components: vec![system, outer],
        found,
        time: "2026-11-25T12:00:00.5Z".parse().unwrap(),
        serial_number: "urn:uuid:00000000-0000-4000-8000-000000000000".to_owned(),
        version: "0.1.0".to_owned(),
    }
}

#[test]
fn a_scan_in_both_layouts() {
    let nvd = rating("nvd", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8);
    let scan = scan(vec![found(facts("CVE-2026-0001", vec![nvd])), found(facts("MAL-2026-1", Vec::new()))]);
    insta::assert_json_snapshot!("cyclonedx", cyclonedx(&scan));
    insta::assert_json_snapshot!("inspector", inspector(&scan));
}

#[test]
fn r223_counters_use_nvd_then_ours_then_other() {
    let second = rating("nvd", "AV:N/AC:L/Au:N/C:P/I:P/A:P", 7.5);
    let vendor = rating("redhat", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8);
    let scan = scan(vec![
        found(facts("CVE-2026-0001", vec![second])),
        found(facts("CVE-2026-0002", vec![vendor])),
        found(facts("GHSA-dddd-eeee-ffff", Vec::new())),
    ]);
    assert_eq!(scan.counts(), [("critical", 0), ("high", 2), ("medium", 0), ("low", 0), ("other", 1)]);
}

#[test]
fn r228_nothing_found_is_no_member() {
    let document = cyclonedx(&scan(Vec::new()));
    assert!(document.get("vulnerabilities").is_none());
    assert_eq!(document["metadata"]["properties"].as_array().map(Vec::len), Some(5));
}
