//! Real databases of three distributions. They are not part of the repository: set `YAGURA_CONFORMANCE` to a
//! folder that holds `testbed/data/rpmdb/*.gz`, or put it beside the checkout as `shared`.

use std::io::Read;
use std::path::PathBuf;
use yagura_ecosystems::testing::read;
use yagura_ecosystems::{Cataloger, ECOSYSTEMS};

fn conformance() -> Option<PathBuf> {
    let root = std::env::var_os("YAGURA_CONFORMANCE")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")));
    let root = root.join("testbed/data/rpmdb");
    root.is_dir().then_some(root)
}

fn cataloger() -> Option<&'static dyn Cataloger> {
    let mut all = ECOSYSTEMS.iter().flat_map(|ecosystem| ecosystem.catalogers);
    all.find(|cataloger| cataloger.id() == "rpm/database").copied()
}

#[test]
fn databases_of_real_distributions_are_read_whole() {
    let Some(root) = conformance() else {
        println!("skipped: no conformance data");
        return;
    };
    // Counts are those of `rpm -qa`, without keys.
    for (file, path, count, package) in [
        ("cbl-mariner-2.0.rpmdb.sqlite.gz", "var/lib/rpm/rpmdb.sqlite", 129, "gzip 1.11-1.cm2"),
        ("sle15-bci.ndb.Packages.db.gz", "usr/lib/sysimage/rpm/Packages.db", 35, "rpm-ndb 4.14.3-40.1"),
        ("libuuid.bdb.Packages.gz", "var/lib/rpm/Packages", 1, "libuuid 2.32.1-42.el8_8"),
    ] {
        let mut bytes = Vec::new();
        let compressed = std::fs::File::open(root.join(file)).unwrap();
        flate2::read::GzDecoder::new(compressed).read_to_end(&mut bytes).unwrap();
        let found = read(cataloger().unwrap(), path, &bytes);
        assert!(found.unread.is_empty(), "{file}: {:?}", found.unread);
        let names: Vec<String> =
            found.packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect();
        assert_eq!(names.len(), count, "{file}");
        assert!(names.iter().any(|name| name == package), "{file}: {names:?}");
    }
}

/// Cut at page borders, where a copy that stopped usually ends.
#[test]
fn a_cut_at_any_page_is_told_and_quick() {
    const PAGE: usize = 4096;
    let Some(root) = conformance() else {
        println!("skipped: no conformance data");
        return;
    };
    for (file, path) in [
        ("cbl-mariner-2.0.rpmdb.sqlite.gz", "var/lib/rpm/rpmdb.sqlite"),
        ("sle15-bci.ndb.Packages.db.gz", "usr/lib/sysimage/rpm/Packages.db"),
        ("libuuid.bdb.Packages.gz", "var/lib/rpm/Packages"),
    ] {
        let mut bytes = Vec::new();
        let compressed = std::fs::File::open(root.join(file)).unwrap();
        flate2::read::GzDecoder::new(compressed).read_to_end(&mut bytes).unwrap();
        let whole = read(cataloger().unwrap(), path, &bytes).packages.len();
        let mut silent = Vec::new();
        // Each page of a small database, and about a hundred places of a large one.
        for end in (PAGE..bytes.len()).step_by(PAGE * (bytes.len() / PAGE / 100).max(1)) {
            let start = std::time::Instant::now();
            let found = read(cataloger().unwrap(), path, &bytes[..end]);
            assert!(start.elapsed() < std::time::Duration::from_secs(10), "{file} cut at {end} took long");
            assert!(found.packages.len() <= whole, "{file} cut at {end}");
            // Behind the last package there may be indexes, which nobody reads.
            if found.unread.is_empty() && found.packages.len() < whole {
                silent.push(end);
            }
        }
        assert!(silent.is_empty(), "{file} cut at {silent:?} lacks packages and does not say so");
    }
}
