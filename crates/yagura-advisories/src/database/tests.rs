//! What is written is read back; what is damaged is refused or known less of.

use super::*;
use crate::feed::Facts;
use yagura_model::{Advisory, Affected, Event, FixStatus, Interval, Range, RangeKind, Upper};

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn all_versions() -> Range {
    Range { kind: RangeKind::Ecosystem, events: vec![Event::Introduced("0".into())] }
}

fn advisory(source: &str, id: &str, ecosystem: &str, upstream: &[&str]) -> Advisory {
    let mut advisory = Advisory::new(source, id);
    advisory.upstream = upstream.iter().map(|id| (*id).to_owned()).collect();
    let mut affected = Affected::new(ecosystem, "foo");
    affected.ranges.push(all_versions());
    advisory.affected.push(affected);
    advisory
}

fn sample() -> Vec<u8> {
    let mut builder = Builder::new(now());
    let mut ghsa = Advisory::new("osv/Example", "GHSA-1");
    ghsa.aliases = vec!["CVE-2024-1".into()];
    ghsa.summary = "one line".into();
    ghsa.details = "prose".into();
    ghsa.modified = Some(now());
    ghsa.ratings =
        vec![crate::rating::from_vector("osv/Example", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")];
    let mut affected = Affected::new("Example", "foo");
    affected.ranges.push(Range {
        kind: RangeKind::Git,
        events: vec![Event::Introduced("0".into()), Event::Fixed("abc".into())],
    });
    affected.versions = vec!["1.0".into(), "1.1".into()];
    affected.arches = vec!["x86_64".into()];
    affected.module = Some("m:1".into());
    affected.severity = Some("high".into());
    affected.binary = true;
    affected.status = FixStatus::Deferred;
    ghsa.affected.push(affected);
    builder.advisory(ghsa);
    builder.advisory(advisory("debian", "CVE-2024-1", "Debian:12", &[]));
    builder.advisory(advisory("osv/Debian", "DSA-1-1", "Debian:12", &["CVE-2024-1", "CVE-2024-2"]));
    builder.advisory(advisory("osv/Debian", "DSA-2-1", "Debian:12", &["CVE-2024-1"]));
    let mut facts = Facts::new("nvd", "CVE-2024-1");
    facts.cwes = vec![79];
    facts.references = vec!["https://example.org/a".into()];
    builder.facts(facts);
    builder.finish().unwrap()
}

fn statements<'a>(database: &'a Database<Vec<u8>>, ecosystem: &str, name: &str) -> Vec<Statement<'a>> {
    let mut found = Vec::new();
    database.statements(&EcosystemId::from(ecosystem), name, &mut |statement| found.push(statement));
    found
}

#[test]
fn a_statement_survives_with_everything_it_says() {
    let database = Database::open(sample()).unwrap();
    database.verify().unwrap();
    let found = statements(&database, "Example", "foo");
    insta::assert_debug_snapshot!("statement", found);
    assert!(statements(&database, "Example", "bar").is_empty());
    assert!(statements(&database, "Other", "foo").is_empty());
}

#[test]
fn r158_the_tracker_decides_and_errata_fill_in() {
    let database = Database::open(sample()).unwrap();
    let found = statements(&database, "Debian:12", "foo");
    let said: Vec<(&str, Vec<&str>)> =
        found.iter().map(|statement| (statement.advisory, statement.vulnerabilities.clone())).collect();
    assert_eq!(said, [("CVE-2024-1", vec!["CVE-2024-1"]), ("DSA-1-1", vec!["CVE-2024-2"])]);
    assert!(matches!(found[0].intervals.as_slice(), [Interval { lower: None, upper: Upper::Open }]));
}

#[test]
fn facts_are_found_by_every_id() {
    let database = Database::open(sample()).unwrap();
    let by_alias = database.vulnerability("GHSA-1").unwrap();
    assert_eq!(by_alias, database.vulnerability("CVE-2024-1").unwrap());
    insta::assert_json_snapshot!("facts", by_alias);
    assert_eq!(database.vulnerabilities_of("DSA-1-1"), ["CVE-2024-1", "CVE-2024-2"]);
    assert_eq!(database.packages("CVE-2024-1"), [("Debian:12", "foo"), ("Example", "foo")]);
    assert_eq!(database.advisories_about("CVE-2024-2").len(), 1);
    assert!(database.vulnerability("CVE-2024-3").is_none());
}

#[test]
fn newer_copies_replace_and_withdrawn_ones_vanish() {
    let mut builder = Builder::new(now());
    let mut old = advisory("osv/A", "GHSA-1", "Example", &[]);
    old.modified = "2020-01-01T00:00:00Z".parse().ok();
    let mut new = advisory("osv/A", "GHSA-1", "Example", &[]);
    new.affected[0].name = "bar".into();
    new.modified = Some(now());
    let mut gone = advisory("osv/B", "GHSA-2", "Example", &[]);
    gone.withdrawn = Some(now());
    for advisory in [&old, &new, &gone, &old] {
        builder.advisory(advisory.clone());
    }
    let database = Database::open(builder.finish().unwrap()).unwrap();
    assert!(statements(&database, "Example", "foo").is_empty());
    assert_eq!(statements(&database, "Example", "bar").len(), 1);
    assert!(database.vulnerability("GHSA-2").is_none());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(sample(), sample());
}

/// Asks everything, whatever the answers.
fn exercise(bytes: &[u8]) -> Result<(), DatabaseError> {
    let database = Database::open(bytes)?;
    for (ecosystem, name) in [("Example", "foo"), ("Debian:12", "foo")] {
        database.statements(&EcosystemId::from(ecosystem), name, &mut |_| ());
    }
    for id in ["GHSA-1", "CVE-2024-1", "DSA-1-1", "CVE-2024-9"] {
        database.vulnerability(id);
        database.packages(id);
        database.vulnerabilities_of(id);
    }
    database.keys().count();
    database.summary();
    database.verify()
}

#[test]
fn every_truncation_and_every_flipped_byte_is_noticed() {
    let good = sample();
    exercise(&good).unwrap();
    for end in 0..good.len() {
        assert!(exercise(&good[..end]).is_err(), "{end}");
    }
    let padding = |at: usize| {
        let header = layout::Header::parse(&good).unwrap();
        at >= layout::HEADER && !header.bounds.iter().any(|(start, end)| (*start..*end).contains(&at))
    };
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        assert!(exercise(&bad).is_err() || padding(at), "{at}");
    }
}

proptest::proptest! {
    /// A hostile author can make checksums fit; the contents must still do no harm.
    #[test]
    fn sections_with_fitting_checksums_do_no_harm(
        changes in proptest::collection::vec((0usize..12, 0usize..4096, proptest::prelude::any::<u8>()), 1..20),
    ) {
        let good = sample();
        let header = layout::Header::parse(&good).unwrap();
        let mut sections: [Vec<u8>; 12] = std::array::from_fn(|index| {
            let (start, end) = header.bounds[index];
            good[start..end].to_vec()
        });
        for (section, at, value) in changes {
            let length = sections[section].len();
            if length > 0 {
                sections[section][at % length] = value;
            }
        }
        let _ = exercise(&layout::assemble(0, &sections));
    }
}

#[test]
fn refusals_say_what_to_do() {
    let error = Database::open(b"SQLite format 3".as_slice()).err().unwrap();
    assert_eq!(error.to_string(), "this is not an advisory database");
    assert!(error.hint().contains("--db"));
    let mut other = sample();
    other[8] = 99;
    let error = Database::open(other).err().unwrap();
    assert_eq!(error.to_string(), "the advisory database has format 99; this program reads format 1");
}
