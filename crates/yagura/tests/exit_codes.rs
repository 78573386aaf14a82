//! The exit codes and streams that scripts rely on, through the real binary.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A lockfile with one package that the starter advisories know and one that they do not.
const LOCKFILE: &str = r#"{
  "name": "shop", "version": "1.0.0", "lockfileVersion": 3,
  "packages": {
    "": {"name": "shop", "version": "1.0.0", "dependencies": {"lodash": "4.17.15", "left-pad": "1.3.0"}},
    "node_modules/lodash": {"version": "4.17.15", "license": "MIT"},
    "node_modules/left-pad": {"version": "1.3.0", "license": "WTFPL"}
  }
}"#;

fn project(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

fn yagura(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_yagura"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory.join("home"))
        .output()
        .unwrap()
}

#[track_caller]
fn check(directory: &Path, arguments: &[&str], code: i32) -> Output {
    let output = yagura(directory, arguments);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\nstdout: {}\nstderr: {}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn code_0_findings_alone_fail_nothing() {
    let project = project(&[("package-lock.json", LOCKFILE.as_bytes())]);
    let output = check(project.path(), &["fs", "."], 0);
    let table = stdout(&output);
    assert!(table.contains("lodash") && table.contains("CVE-"), "{table}");
    assert!(table.contains("starter advisories"), "says which data was used: {table}");
}

#[test]
fn code_1_a_gate_failed() {
    let project = project(&[("package-lock.json", LOCKFILE.as_bytes())]);
    check(project.path(), &["fs", ".", "--fail-on", "high"], 1);
    check(project.path(), &["fs", ".", "--fail-on", "high", "--exit-code", "42"], 42);
    check(project.path(), &["fs", ".", "--exit-code", "7"], 7);
    check(project.path(), &["fs", ".", "--fail-on", "high", "--severity", "low"], 0);
}

#[test]
fn code_1_a_comparison_does_not_hold() {
    let project = project(&[("pairs", b"1.0\t<\t2.0\n2.0\t<\t1.0\n")]);
    let output = check(project.path(), &["compare", "dpkg", "pairs"], 1);
    assert_eq!(stdout(&output).lines().count(), 1);
}

#[test]
fn code_2_wrong_usage() {
    let project = project(&[("package-lock.json", LOCKFILE.as_bytes())]);
    let output = check(project.path(), &["fs", ".", "--serverity", "high"], 2);
    assert!(stderr(&output).contains("--severity"), "suggests: {}", stderr(&output));
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
}

#[test]
fn code_4_advisory_data_is_missing_or_damaged() {
    let project = project(&[("package-lock.json", LOCKFILE.as_bytes()), ("damaged", b"not a database")]);
    let output = check(project.path(), &["fs", ".", "--db", "missing"], 4);
    assert!(stderr(&output).contains("hint:"), "{}", stderr(&output));
    check(project.path(), &["fs", ".", "--db", "damaged"], 4);
    check(project.path(), &["db", "status", "--db", "damaged"], 4);
}

#[test]
fn code_5_there_was_nothing_to_scan() {
    let project = project(&[("empty/readme.txt", b"nothing here")]);
    check(project.path(), &["fs", "empty"], 5);
    check(project.path(), &["inventory", "dir:empty"], 5);
}

#[test]
fn help_and_version_succeed_in_both_languages() {
    let project = project(&[]);
    for verb in ["host", "fs", "repo", "image", "sbom", "inventory", "explain", "db", "compare"] {
        let english = stdout(&check(project.path(), &["help", verb], 0));
        let japanese = stdout(&check(project.path(), &["--lang", "ja", "help", verb], 0));
        assert_ne!(english, japanese, "{verb}");
    }
    assert!(stdout(&check(project.path(), &["version"], 0)).starts_with("yagura "));
    assert!(stdout(&check(project.path(), &["--version"], 0)).starts_with("yagura "));
}

#[test]
fn japanese_tables_are_japanese() {
    let project = project(&[("package-lock.json", LOCKFILE.as_bytes())]);
    let table = stdout(&check(project.path(), &["fs", ".", "--lang", "ja"], 0));
    assert!(table.contains("深刻度") && table.contains("検出"), "{table}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let project = project(&[("package-lock.json", LOCKFILE.as_bytes())]);
    for format in ["table", "csv", "sarif", "junit"] {
        let first = stdout(&check(project.path(), &["fs", ".", "-f", format], 0));
        let second = stdout(&check(project.path(), &["fs", ".", "-f", format], 0));
        assert_eq!(first, second, "{format}");
    }
}

#[test]
fn an_ignore_file_suppresses_and_explain_says_so() {
    let project = project(&[("package-lock.json", LOCKFILE.as_bytes())]);
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
    let project = project(&[("package-lock.json", LOCKFILE.as_bytes())]);
    check(project.path(), &["fs", ".", "-o", "json=a.json", "-o", "sarif=b.sarif"], 0);
    for file in ["a.json", "b.sarif"] {
        let text = fs::read_to_string(project.path().join(file)).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}
