//! Builds the advisory file from the reference data and compares it with what is known of the data.

mod common;

use yagura_advisories::{Builder, Database};
use yagura_model::{Advisories, EcosystemId};

#[test]
fn the_reference_data_is_read_whole() {
    let Some(folder) = common::reference() else {
        println!("skipped: no conformance data");
        return;
    };
    let start = std::time::Instant::now();
    let mut builder = Builder::new("2026-11-24T00:00:00Z".parse().unwrap());
    assert_eq!(common::read_all(&folder, &mut builder), 0);
    let bytes = builder.finish().unwrap();
    println!("built {} MiB in {:.1} s", bytes.len() >> 20, start.elapsed().as_secs_f64());
    let database = Database::open(bytes).unwrap();
    database.verify().unwrap();
    let sources = database.sources();
    for one in &sources {
        println!(
            "{} advisories {} facts {} unread {} unordered {} unknown {} {:?}",
            one.id, one.advisories, one.facts, one.unread, one.unordered, one.unknown, one.error
        );
    }
    let source = |id: &str| sources.iter().find(|one| one.id.as_str() == id).unwrap();
    assert_eq!(source("osv/Ubuntu").advisories, 20_890);
    assert_eq!(source("osv/Debian").advisories, 11_345);
    assert_eq!(source("osv/PyPI").advisories, 7_111);
    assert_eq!(source("osv/crates.io").advisories, 1_226);
    // 154 advisories of Bottlerocket, 1222 and 2252 definitions of Azure Linux.
    assert_eq!(source("bottlerocket").advisories, 154);
    assert_eq!(source("azurelinux").advisories, 1_222 + 2_252);
    assert!(sources.iter().all(|one| one.unread == 0));
    let speaks = |ecosystem: &str, name: &str, id: &str| {
        let mut found = 0;
        database.statements(&EcosystemId::from(ecosystem), name, &mut |one| {
            found += usize::from(one.vulnerabilities.contains(&id));
        });
        found
    };
    assert!(speaks("Maven", "org.apache.logging.log4j:log4j-core", "CVE-2021-44228") > 0);
    assert_eq!(speaks("Debian:12", "openssl", "CVE-2023-5363"), 1);
    let log4shell = database.vulnerability("CVE-2021-44228").unwrap();
    assert!(log4shell.kev.is_some() && log4shell.epss.is_some());
    assert!(log4shell.ratings.iter().any(|rating| rating.score == Some(10.0)));
}
