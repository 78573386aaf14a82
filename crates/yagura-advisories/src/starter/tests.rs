//! What holds for the starter set as a whole, and how its tables are read.

use super::*;
use crate::feed::Batch;
use std::collections::BTreeSet;
use yagura_ecosystems::ecosystem;

#[test]
fn the_tables_are_in_order() {
    let (set, complaints) = parse(VULNERABILITIES, AFFECTED);
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(set.advisories.len() >= 200, "{}", set.advisories.len());
    let key = |id: &str| -> (bool, Vec<u64>, String) {
        let numbers = id.strip_prefix("CVE-").unwrap_or_default();
        let numbers = numbers.split('-').filter_map(|part| part.parse().ok()).collect();
        (!id.starts_with("CVE-"), numbers, id.to_owned())
    };
    assert!(set.advisories.is_sorted_by(|a, b| key(&a.id) < key(&b.id)), "sorted, and no id twice");
    let mut ids = BTreeSet::new();
    for advisory in &set.advisories {
        for id in std::iter::once(&advisory.id).chain(&advisory.aliases) {
            assert!(ids.insert(id.clone()), "{id} appears twice");
        }
    }
}

#[test]
fn summaries_are_one_short_line() {
    for (line, fields) in rows(VULNERABILITIES) {
        let summary = fields.get(6).unwrap();
        assert!(summary.chars().count() <= 90 && !summary.ends_with('.') && summary.is_ascii(), "{line}");
        if let Some(japanese) = fields.get(7) {
            assert!(!japanese.is_ascii() && japanese.chars().count() <= 60, "{line}");
        }
    }
    assert!(japanese("CVE-2021-44228").unwrap().starts_with("Log4Shell"));
    assert_eq!(japanese("CVE-0000-0000"), None);
}

#[test]
fn vectors_have_scores_and_dates_are_dates() {
    for (line, fields) in rows(VULNERABILITIES) {
        if let Some(vector) = known(fields.get(2).unwrap()) {
            assert!(rating::score(vector).is_some(), "line {line}: {vector}");
        }
        if let Some(date) = known(fields.get(1).unwrap()) {
            assert!(date.parse::<Date>().is_ok(), "line {line}: {date}");
        }
        for cwe in list(fields.get(3).unwrap()) {
            assert!(cwe.parse::<u16>().is_ok_and(|number| number > 0), "line {line}: {cwe}");
        }
    }
}

#[test]
fn bounds_can_be_ordered() {
    let mut ecosystems = BTreeSet::new();
    for advisory in starter() {
        for affected in &advisory.affected {
            // Distributions that another crate version registers are checked as soon as they are known.
            let Some(ecosystem) = ecosystem(&affected.ecosystem) else { continue };
            ecosystems.insert(ecosystem.id);
            for range in &affected.ranges {
                let mut keys = Vec::new();
                for event in &range.events {
                    let (Event::Introduced(version)
                    | Event::Fixed(version)
                    | Event::LastAffected(version)
                    | Event::Limit(version)) = event;
                    if version != "0" {
                        keys.push(
                            ecosystem
                                .versions
                                .key(version)
                                .unwrap_or_else(|error| panic!("{} {}: {error}", advisory.id, affected.name)),
                        );
                    }
                }
                assert!(keys.is_sorted(), "{} {}: {range:?}", advisory.id, affected.name);
            }
        }
    }
    assert!(ecosystems.len() >= 8, "{ecosystems:?}");
}

#[test]
fn well_known_vulnerabilities_are_there() {
    let all = starter();
    for (id, ecosystem, package) in [
        ("CVE-2021-44228", "Maven", "org.apache.logging.log4j:log4j-core"),
        ("CVE-2014-0160", "Debian:7", "openssl"),
        ("CVE-2024-6387", "Debian:12", "openssh"),
        ("CVE-2023-4911", "AlmaLinux:9", "glibc"),
        ("CVE-2024-3094", "Alpine:v3.20", "xz"),
        ("CVE-2023-39325", "Go", "stdlib"),
        ("CVE-2023-32681", "PyPI", "requests"),
        ("CVE-2019-5418", "RubyGems", "actionview"),
        ("CVE-2021-23337", "npm", "lodash"),
    ] {
        let advisory = all.iter().find(|advisory| advisory.id == id).unwrap();
        assert!(
            advisory.affected.iter().any(|one| one.ecosystem.as_str() == ecosystem && one.name == package),
            "{id} {package}"
        );
    }
}

#[test]
fn everything_is_pushed_as_a_feed_does() {
    let mut batch = Batch::default();
    read(&mut batch);
    assert_eq!(batch.advisories, starter());
    assert_eq!(batch.kev, kev());
    let (_, log4shell) = batch.kev.iter().find(|(id, _)| id == "CVE-2021-44228").unwrap();
    assert_eq!(log4shell.added.to_string(), "2021-12-10");
    assert!(log4shell.ransomware);
}

#[test]
fn wrong_lines_are_told() {
    let (set, complaints) = parse(
        "# comment\nCVE-1\t2020-01-01\t-\t-\t-\t-\tText\nCVE-2\t-\t-\t-\tsoon\t-\tText\nCVE-3",
        &["CVE-1\tnpm\ta\t>=1 <2 | *\nCVE-2\tnpm\ta\t=1\nCVE-4\tDebian:11,12\ta\t<=1\nCVE-1\tnpm"],
    );
    assert_eq!(set.advisories.len(), 2);
    insta::assert_snapshot!(complaints.join("\n"), @r#"
    line 2: `=1` is not a list of ranges
    line 4: 4 columns are expected, not 2
    line 3: no package is affected by CVE-2
    line 3: `soon` is not added/due[/ransomware]
    line 4: 7 or 8 columns are expected, not 1
    packages name CVE-4, which is not described
    "#);
}
