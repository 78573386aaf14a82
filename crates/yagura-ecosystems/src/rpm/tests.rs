//! The same three packages in all three formats, and what happens when their bytes are not as they should be.
//!
//! The packages were built and installed with rpm 4.18; SQLite and Berkeley DB wrote their files with pages of
//! 512 bytes, so that small databases have interior and overflow pages.

use super::database::DATABASE;
use crate::Found;
use crate::testing::{read, render};
use std::time::{Duration, Instant};

const SQLITE: &[u8] = include_bytes!("fixtures/rpmdb.sqlite");
const NDB: &[u8] = include_bytes!("fixtures/Packages.db");
const BERKELEY: &[u8] = include_bytes!("fixtures/Packages");

const ALL: [(&str, &[u8]); 3] = [
    ("var/lib/rpm/rpmdb.sqlite", SQLITE),
    ("usr/lib/sysimage/rpm/Packages.db", NDB),
    ("var/lib/rpm/Packages", BERKELEY),
];

/// As `rpm -qa --qf '%{NAME} %{EPOCH}:%{VERSION}-%{RELEASE} %{SOURCERPM}'`, sorted; epoch 0 left out.
fn names(found: &Found) -> Vec<String> {
    let mut names: Vec<String> =
        found.packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect();
    names.sort();
    names
}

#[test]
fn sqlite_pages_chains_and_trees_are_read() {
    insta::assert_snapshot!(render(&read(&DATABASE, ALL[0].0, SQLITE)));
}

#[test]
fn every_format_holds_the_same_packages() {
    for (path, bytes) in ALL {
        let found = read(&DATABASE, path, bytes);
        assert_eq!(
            names(&found),
            ["yagura-docs 2:1.2.3-4.el9", "yagura-lib 2:1.2.3-4.el9", "yagura-tool 7.0-4.el9"],
            "{path}"
        );
        assert!(found.unread.is_empty(), "{path}: {}", render(&found));
    }
}

#[test]
fn a_cut_database_says_so_and_keeps_what_came_before() {
    for (path, bytes) in ALL {
        let mut best = 0;
        for end in (1..bytes.len()).step_by(97) {
            let found = read(&DATABASE, path, &bytes[..end]);
            assert!(!found.unread.is_empty(), "{path} cut at {end} is silent");
            best = best.max(found.packages.len());
        }
        assert!(best > 0, "{path}: nothing was kept");
    }
    assert!(read(&DATABASE, "var/lib/rpm/Packages", b"").unread.is_empty());
}

#[test]
fn changed_bytes_never_panic_and_never_take_long() {
    let mut noise = 7_u64;
    let mut next = || {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (noise >> 33) as usize
    };
    for (path, bytes) in ALL {
        for _ in 0..400 {
            let mut changed = bytes.to_vec();
            for _ in 0..1 + next() % 16 {
                // Structure is dense at the beginning of the file and of each page.
                let at = match next() % 3 {
                    0 => next() % 128,
                    1 => (next() % (bytes.len() / 512)) * 512 + next() % 32,
                    _ => next() % bytes.len(),
                };
                if let Some(byte) = changed.get_mut(at) {
                    *byte = [0, 1, 0x7f, 0x80, 0xff, next() as u8][next() % 6];
                }
            }
            let start = Instant::now();
            let found = read(&DATABASE, path, &changed);
            assert!(start.elapsed() < Duration::from_secs(2), "{path} took long");
            assert!(found.unread.len() <= 21, "{path}: {} complaints", found.unread.len());
        }
    }
}

#[test]
fn trees_and_chains_that_loop_end() {
    // The root of the schema becomes an interior page whose only children are itself.
    let mut looping = SQLITE.to_vec();
    looping[100] = 5;
    looping[103..105].copy_from_slice(&[0, 0]);
    looping[108..112].copy_from_slice(&1_u32.to_be_bytes());
    let found = read(&DATABASE, ALL[0].0, &looping);
    assert!(!found.unread.is_empty() && found.packages.is_empty(), "{}", render(&found));

    // Every overflow page of Berkeley DB is its own successor.
    let mut looping = BERKELEY.to_vec();
    for (number, page) in looping.chunks_mut(512).enumerate() {
        if page[25] == 7 {
            page[16..20].copy_from_slice(&u32::try_from(number).unwrap().to_le_bytes());
        }
    }
    assert!(read(&DATABASE, ALL[2].0, &looping).packages.len() <= 3);

    // Every slot points at the first package.
    let mut repeated = NDB.to_vec();
    let first = repeated[32..48].to_vec();
    for slot in repeated[48..4096].chunks_mut(16) {
        slot.copy_from_slice(&first);
    }
    let found = read(&DATABASE, ALL[1].0, &repeated);
    assert!(!found.unread.is_empty(), "overlapping blobs exhaust the budget");
}

/// What an inventory of these files holds.
fn settled(files: &[(&str, &[u8])]) -> (Vec<String>, Vec<String>) {
    let mut catalog = crate::catalog::Catalog::default();
    for (path, bytes) in files {
        let found = read(&DATABASE, path, bytes);
        catalog.files.insert(yagura_model::TreePath::from_text(path).unwrap(), found);
    }
    let inventory = crate::analyze::analyze(&[catalog]);
    (
        inventory.packages.iter().map(|package| format!("{} {}", package.name, package.version)).collect(),
        inventory.unread.iter().map(|entry| format!("{} {}", entry.path, entry.detail)).collect(),
    )
}

const DATABASE_PATH: &str = "var/lib/rpm/rpmdb.sqlite";
const LOG_PATH: &str = "var/lib/rpm/rpmdb.sqlite-wal";
const UPGRADED: (&[u8], &[u8]) =
    (include_bytes!("fixtures/upgraded.sqlite"), include_bytes!("fixtures/upgraded.sqlite-wal"));
const CREATED: (&[u8], &[u8]) =
    (include_bytes!("fixtures/created.sqlite"), include_bytes!("fixtures/created.sqlite-wal"));

/// The logs were written by SQLite and never folded into their databases: in one, `yagura-tool` was upgraded and
/// `yagura-docs` removed, the other holds everything since `create table`.
#[test]
fn packages_that_are_only_in_the_log_count_and_those_it_removes_do_not() {
    for (what, (database, log), expected) in [
        ("upgraded", UPGRADED, &["yagura-lib 2:1.2.3-4.el9", "yagura-tool 8.1-4.el9"][..]),
        (
            "created",
            CREATED,
            &["yagura-docs 2:1.2.3-4.el9", "yagura-lib 2:1.2.3-4.el9", "yagura-tool 7.0-4.el9"],
        ),
    ] {
        let (packages, unread) = settled(&[(DATABASE_PATH, database), (LOG_PATH, log)]);
        assert_eq!(packages, expected, "{what}");
        assert!(unread.is_empty(), "{what}: {unread:?}");
    }
    // Without its log, the database alone is what there is.
    assert_eq!(settled(&[(DATABASE_PATH, UPGRADED.0)]).0.len(), 3);
}

#[test]
fn a_log_counts_up_to_its_last_whole_transaction() {
    let (database, log) = UPGRADED;
    let mut seen = std::collections::BTreeSet::new();
    for end in (0..log.len()).step_by(97).chain([log.len()]) {
        let (packages, _) = settled(&[(DATABASE_PATH, database), (LOG_PATH, &log[..end])]);
        seen.insert(packages.join(", "));
    }
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(
        seen,
        [
            "yagura-docs 2:1.2.3-4.el9, yagura-lib 2:1.2.3-4.el9, yagura-tool 7.0-4.el9",
            "yagura-docs 2:1.2.3-4.el9, yagura-lib 2:1.2.3-4.el9, yagura-tool 8.1-4.el9",
            "yagura-lib 2:1.2.3-4.el9, yagura-tool 8.1-4.el9",
        ]
    );
    // A changed byte breaks the checksum of its frame, and everything behind it is as if it were not there.
    for at in (0..log.len()).step_by(89) {
        let mut changed = log.to_vec();
        changed[at] ^= 0x41;
        settled(&[(DATABASE_PATH, database), (LOG_PATH, &changed)]);
    }
}

#[test]
fn other_files_are_unsupported_and_empty_logs_are_silent() {
    let mut btree = BERKELEY.to_vec();
    btree[12..16].copy_from_slice(&0x0005_3162_u32.to_le_bytes());
    let told = [
        read(&DATABASE, "var/lib/rpm/Packages", &btree),
        read(&DATABASE, "var/lib/rpm/Packages", b"something else that is long enough"),
        read(&DATABASE, LOG_PATH, b"not a log, but long enough to be one"),
        read(&DATABASE, LOG_PATH, b""),
        read(&DATABASE, LOG_PATH, &[0; 4096]),
    ];
    let told: String = told.iter().map(render).collect();
    insta::assert_snapshot!(told, @r"
    unread var/lib/rpm/Packages Unsupported Berkeley DB of another kind than hash
    unread var/lib/rpm/Packages Unsupported neither SQLite, NDB nor Berkeley DB
    unread var/lib/rpm/rpmdb.sqlite-wal Malformed is no write-ahead log
    ");
}
