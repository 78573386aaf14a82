//! The exit codes and streams that scripts rely on, through the real binary.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::{LOCKFILE, check, command, project, shop, stderr, stdout};
use std::fs::{self, File};
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn code_0_findings_alone_fail_nothing() {
    let project = shop();
    let output = check(project.path(), &["fs", "."], 0);
    let table = stdout(&output);
    assert!(table.contains("lodash") && table.contains("CVE-"), "{table}");
    assert!(table.contains("starter advisories"), "says which data was used: {table}");
}

#[test]
fn code_1_a_gate_failed() {
    let project = shop();
    check(project.path(), &["fs", ".", "--fail-on", "high"], 1);
    check(project.path(), &["fs", ".", "--fail-on", "high", "--exit-code", "42"], 42);
    check(project.path(), &["fs", ".", "--exit-code", "7"], 7);
    check(project.path(), &["fs", ".", "--fail-on", "high", "--severity", "low"], 0);
    check(project.path(), &["fs", ".", "--fail-on", "critical"], 0);
    check(project.path(), &["fs", ".", "--fail-on", "HIGH", "--exit-code", "0"], 0);
}

#[test]
fn code_1_only_what_can_be_fixed_fails_the_gate() {
    // Every advisory about `time` 0.1 says that no version of that line has the fix.
    let lock = "version = 3\n[[package]]\nname = \"time\"\nversion = \"0.1.45\"\n\
                source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    let project = project(&[("Cargo.lock", lock.as_bytes())]);
    check(project.path(), &["fs", ".", "--fail-on", "low"], 1);
    check(project.path(), &["fs", ".", "--fail-on", "low", "--only-fixed"], 0);
    check(project.path(), &["fs", ".", "--fail-on", "low", "--ignore-unfixed"], 0);
}

#[test]
fn code_1_a_comparison_does_not_hold() {
    let project = project(&[("pairs", b"1.0\t<\t2.0\n2.0\t<\t1.0\n")]);
    let output = check(project.path(), &["compare", "dpkg", "pairs"], 1);
    assert_eq!(stdout(&output).lines().count(), 1);
}

#[test]
fn code_2_wrong_usage() {
    let project = shop();
    let output = check(project.path(), &["fs", ".", "--serverity", "high"], 2);
    assert!(stderr(&output).contains("did you mean `--severity`?"), "{}", stderr(&output));
    assert!(stderr(&check(project.path(), &["lambda"], 2)).contains("not built yet"));
    for verb in ["fs", "host", "image", "sbom", "repo", "disk"] {
        let target: &[&str] = if verb == "host" { &["--root", "/nowhere"] } else { &["/nowhere"] };
        check(project.path(), &[&[verb], target].concat(), 2);
    }
    check(project.path(), &["fs", ".", "-o", "/nowhere/report"], 2);
    check(project.path(), &["fs", ".", "-o", "."], 2);
    check(project.path(), &["sbom", "package-lock.json"], 2);
    check(project.path(), &["image", "./package-lock.json"], 2);
    check(project.path(), &["fs", ".", "--vex", "package-lock.json"], 2);
    check(project.path(), &["fs", ".", "--parallel", "0"], 2);
    check(project.path(), &[], 2);
    check(project.path(), &["fs"], 2);
    check(project.path(), &["fs", "no-such-directory"], 2);
    let output = check(project.path(), &["fs", ".", "-f", "xml"], 2);
    assert!(stderr(&output).contains("hint: use one of table, "));
    check(project.path(), &["compare", "no-such-scheme"], 2);
    check(project.path(), &["fs", ".", "--timeout", "soon"], 2);
}

#[test]
fn code_3_something_could_not_be_read() {
    let project = project(&[
        ("package-lock.json", LOCKFILE.as_bytes()),
        ("broken/package-lock.json", br#"{"lockfileVersion": 3, "packages": {"#),
    ]);
    let output = check(project.path(), &["fs", "."], 3);
    assert!(stdout(&output).contains("broken/package-lock.json"));
    check(project.path(), &["fs", ".", "--allow-incomplete"], 0);
    check(project.path(), &["fs", ".", "--fail-on", "low"], 1);
    check(project.path(), &["inventory", "dir:."], 3);
    check(project.path(), &["explain", "CVE-2021-23337", "dir:."], 3);
}

#[test]
fn code_3_time_ran_out() {
    let project = shop();
    let started = Instant::now();
    let output = check(project.path(), &["host", "--timeout", "0s", "-f", "json"], 3);
    assert!(started.elapsed() < Duration::from_secs(120));
    assert!(stdout(&output).contains("timed-out"), "{}", stdout(&output));
}

#[test]
fn code_3_the_result_did_not_arrive() {
    let project = shop();
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    for arguments in [&["fs", "."][..], &["db", "status"], &["version"], &["inventory", "dir:."]] {
        let status =
            command(project.path(), arguments).stdout(full()).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(3), "{arguments:?}");
    }
    check(project.path(), &["fs", ".", "-o", "/dev/full"], 3);
}

#[test]
fn a_closed_pipe_is_nobodys_error() {
    let project = shop();
    let mut child = command(project.path(), &["fs", ".", "-f", "json", "--fail-on", "high"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(!stderr(&output).contains("error"), "{}", stderr(&output));
}

#[test]
fn devices_stay_devices_and_failed_scans_leave_no_files() {
    let project = shop();
    check(project.path(), &["fs", ".", "-o", "json=/dev/null"], 0);
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    fs::write(project.path().join("report.json"), "old").unwrap();
    check(project.path(), &["fs", ".", "--db", "missing", "-o", "json=report.json"], 4);
    assert_eq!(fs::read_to_string(project.path().join("report.json")).unwrap(), "old");
    let names: Vec<String> = fs::read_dir(project.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial"))
        .collect();
    assert_eq!(names, Vec::<String>::new());
}

#[test]
fn code_4_advisory_data_is_missing_or_damaged() {
    let project = project(&[("package-lock.json", LOCKFILE.as_bytes()), ("damaged", b"not a database")]);
    let output = check(project.path(), &["fs", ".", "--db", "missing"], 4);
    assert!(stderr(&output).contains("hint:"), "{}", stderr(&output));
    check(project.path(), &["fs", ".", "--db", "damaged"], 4);
    check(project.path(), &["db", "status", "--db", "damaged"], 4);
    check(project.path(), &["db", "status", "--db", "missing"], 4);
    check(project.path(), &["db", "export", "out", "--db", "damaged"], 4);
    check(project.path(), &["db", "import", "damaged"], 4);
    check(project.path(), &["db", "import", "missing"], 4);
    check(project.path(), &["db", "import", "/dev/zero"], 4);
    check(project.path(), &["explain", "CVE-2021-23337", "dir:.", "--db", "damaged"], 4);
    check(project.path(), &["fs", ".", "--max-db-age", "1d"], 4);
}

#[test]
fn code_5_there_was_nothing_to_scan() {
    let project = project(&[("empty/readme.txt", b"nothing here")]);
    check(project.path(), &["fs", "empty"], 5);
    check(project.path(), &["inventory", "dir:empty"], 5);
    check(project.path(), &["explain", "CVE-2021-23337", "dir:empty"], 5);
    let output = check(project.path(), &["fs", "empty"], 5);
    assert!(stdout(&output).contains("nothing to judge"), "does not look clean: {}", stdout(&output));
}

#[test]
fn help_and_version_succeed_in_both_languages() {
    let project = project(&[]);
    for verb in ["host", "fs", "repo", "image", "sbom", "inventory", "explain", "db", "rules", "compare"] {
        let english = stdout(&check(project.path(), &["help", verb], 0));
        let japanese = stdout(&check(project.path(), &["--lang", "ja", "help", verb], 0));
        assert_ne!(english, japanese, "{verb}");
    }
    assert!(stdout(&check(project.path(), &["version"], 0)).starts_with("yagura "));
    assert!(stdout(&check(project.path(), &["--version"], 0)).starts_with("yagura "));
}

#[test]
fn japanese_tables_are_japanese() {
    let project = shop();
    let table = stdout(&check(project.path(), &["fs", ".", "--lang", "ja"], 0));
    assert!(table.contains("深刻度") && table.contains("検出"), "{table}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let project = shop();
    let mut last = Vec::new();
    for round in 0..2 {
        // Times are told in seconds, so that the second round has another one.
        std::thread::sleep(Duration::from_millis(round * 1100));
        let formats = [
            "table",
            "csv",
            "cyclonedx",
            "cyclonedx-1.4",
            "gitlab",
            "html",
            "json",
            "junit",
            "markdown",
            "sarif",
            "spdx",
        ];
        let now: Vec<String> = formats
            .into_iter()
            .map(|format| stdout(&check(project.path(), &["fs", ".", "-f", format], 0)))
            .collect();
        assert!(last.is_empty() || last == now);
        last = now;
    }
}

#[test]
fn documents_carry_a_time_when_asked_to() {
    let project = shop();
    let json = |arguments: &[&str], epoch: &str| {
        let output = command(project.path(), arguments).env("SOURCE_DATE_EPOCH", epoch).output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap_or_default()
    };
    let plain = ["fs", ".", "-f", "json"];
    assert!(json(&plain, "").get("created").is_none());
    assert_eq!(json(&plain, "86400")["created"], "1970-01-02T00:00:00Z");
    assert!(json(&["fs", ".", "-f", "json", "--timestamp"], "")["created"].is_string());
    let output = command(project.path(), &plain).env("SOURCE_DATE_EPOCH", "soon").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn packages_without_any_advisories_are_not_called_clean() {
    let kev = br#"{"vulnerabilities":[{"cveID":"CVE-2024-1","dateAdded":"2024-01-01"}]}"#;
    let project = project(&[
        ("shop/package-lock.json", LOCKFILE.as_bytes()),
        ("feeds/kev/known_exploited_vulnerabilities.json", kev),
        (
            "more/osv/npm/other.json",
            br#"{"id":"A-1","modified":"2025-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"npm","name":"other"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#,
        ),
    ]);
    check(project.path(), &["db", "build", "--from", "feeds", "--out", "a.db"], 0);
    let table = stdout(&check(project.path(), &["fs", "shop", "--db", "a.db"], 0));
    assert!(table.contains("no advisories for npm: 2 packages"), "{table}");
    check(project.path(), &["db", "build", "--from", "more", "--out", "b.db"], 0);
    let table = stdout(&check(project.path(), &["fs", "shop", "--db", "b.db"], 0));
    assert!(!table.contains("no advisories for"), "{table}");
}

#[test]
fn an_ignore_file_suppresses_and_explain_says_so() {
    let project = shop();
    let json = stdout(&check(project.path(), &["fs", ".", "-f", "json"], 0));
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["schema"], "yagura/scan/1");
    let id = report["findings"][0]["vulnerabilityId"].as_str().unwrap().to_owned();
    fs::write(project.path().join(".trivyignore"), format!("{id}\n")).unwrap();
    let table = stdout(&check(project.path(), &["fs", "."], 0));
    assert!(!table.contains(&id), "{table}");
    let explained = stdout(&check(project.path(), &["explain", &id, "dir:."], 0));
    assert!(explained.contains(".trivyignore"), "{explained}");
}

#[test]
fn several_outputs_are_written_at_once() {
    let project = shop();
    check(project.path(), &["fs", ".", "-o", "json=a.json", "-o", "sarif=b.sarif"], 0);
    for file in ["a.json", "b.sarif"] {
        let text = fs::read_to_string(project.path().join(file)).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}

#[test]
fn disks_are_scanned_and_what_is_none_is_refused() {
    if !std::path::Path::new("/usr/sbin/mkfs.ext4").exists() {
        eprintln!("skipped: mkfs.ext4 is not installed (tests/peers/install.sh installs it)");
        return;
    }
    let project = shop();
    let disk = project.path().join("disk.img");
    File::create(&disk).unwrap().set_len(8 << 20).unwrap();
    let made = std::process::Command::new("/usr/sbin/mkfs.ext4")
        .args(["-q", "-F", "-d"])
        .args([project.path(), &disk])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let output = check(project.path(), &["disk", "disk.img", "--fail-on", "high"], 1);
    assert!(stdout(&output).contains("lodash"));
    let output = check(project.path(), &["inventory", "disk:disk.img", "-f", "json"], 0);
    assert!(stdout(&output).contains("\"kind\": \"disk\""), "{}", stdout(&output));
    // Half a disk is an incomplete scan, a file without a disk an empty one, another format a wrong target.
    let bytes = fs::read(&disk).unwrap();
    fs::write(&disk, &bytes[..16 << 10]).unwrap();
    check(project.path(), &["disk", "disk.img"], 3);
    fs::write(&disk, [0; 4096]).unwrap();
    check(project.path(), &["disk", "disk.img"], 5);
    fs::write(&disk, b"PK\x03\x04").unwrap();
    let output = check(project.path(), &["disk", "disk.img", "--lang", "ja"], 2);
    assert!(stderr(&output).contains("エラー:"), "{}", stderr(&output));
}
