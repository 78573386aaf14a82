//! Commands that are killed, and disks that are full: what was there before stays.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::{check, command, project};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn kev(entries: usize) -> Vec<u8> {
    let mut text = String::from(r#"{"vulnerabilities":["#);
    for number in 0..entries {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(text, r#"{comma}{{"cveID":"CVE-2024-{number}","dateAdded":"2024-01-01"}}"#);
    }
    text.push_str("]}");
    text.into_bytes()
}

const FILE: &str = "feeds/kev/known_exploited_vulnerabilities.json";
const BUILD: &[&str] = &["db", "build", "--from", "feeds", "--out", "a.db"];

#[test]
fn a_killed_build_leaves_the_old_database() {
    let directory = project(&[(FILE, &kev(3))]);
    check(directory.path(), BUILD, 0);
    let before = fs::read(directory.path().join("a.db")).unwrap();
    fs::write(directory.path().join(FILE), kev(40_000)).unwrap();
    for delay in [1, 20, 60, 150, 300] {
        let mut child = command(directory.path(), BUILD).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        let finished = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        check(directory.path(), &["db", "status", "--db", "a.db"], 0);
        assert!(finished || fs::read(directory.path().join("a.db")).unwrap() == before, "{delay} ms");
        if finished {
            break;
        }
    }
    check(directory.path(), BUILD, 0);
    assert!(fs::read(directory.path().join("a.db")).unwrap() != before);
}

/// Runs in a mount namespace of its own with 256 KiB of disk.
#[test]
fn a_full_disk_leaves_the_old_database_and_says_so() {
    let probe = ["--mount", "--map-root-user", "mount", "-t", "tmpfs", "none", "/mnt"];
    if !Command::new("unshare").args(probe).output().is_ok_and(|output| output.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "mount namespaces cannot be made here");
        println!("skipped: mount namespaces cannot be made here");
        return;
    }
    let directory =
        project(&[(FILE, &kev(40_000)), ("small/kev/known_exploited_vulnerabilities.json", &kev(3))]);
    let script = r#"
        mount -t tmpfs -o size=256k none /mnt
        "$0" db build --from small --out /mnt/a.db -q || exit 10
        cp /mnt/a.db before.db
        "$0" db build --from feeds --out /mnt/a.db && exit 11
        cmp /mnt/a.db before.db || exit 12
        "$0" fs . -f json -o /mnt/report.json --allow-incomplete || exit 13
        head -c 1M /dev/zero > /mnt/fill
        "$0" fs . -f json -o /mnt/report.json && exit 14
        "$0" db status --db /mnt/a.db > /dev/null || exit 15
        ls /mnt | grep partial && exit 16
        exit 0
    "#;
    let run = |directory: &Path| {
        let mut shell = Command::new("unshare");
        shell.args(["--mount", "--map-root-user", "sh", "-c", script, env!("CARGO_BIN_EXE_yagura")]);
        common::isolated(shell, directory, &[]).output().unwrap()
    };
    fs::write(directory.path().join("package-lock.json"), common::LOCKFILE).unwrap();
    let output = run(directory.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{}{said}", String::from_utf8_lossy(&output.stdout));
    assert!(said.contains("No space left on device"), "{said}");
}
