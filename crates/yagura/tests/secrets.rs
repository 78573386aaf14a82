//! Secrets from the command line: what is shown, what is not, and exit codes.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::{command, project};
use std::path::Path;
use std::process::Output;

/// A value of the right shape that nobody issued.
fn value() -> String {
    let letters: String =
        ('a'..='z').step_by(2).zip("8Q3kZ1vT7mX5p".chars()).flat_map(|(a, b)| [a, b]).collect();
    format!("sk_live_{letters}")
}

fn yagura(root: &Path, arguments: &[&str]) -> Output {
    command(root, arguments).output().unwrap()
}

fn repository() -> tempfile::TempDir {
    let value = value();
    let settings = format!("DEBUG = True\nstripe.api_key = \"{value}\"\n");
    let test = format!("# yagura:ignore stripe-key of a closed account\nkey = \"{value}\"\n");
    project(&[
        ("app/settings.py", settings.as_bytes()),
        ("app/test.py", test.as_bytes()),
        ("app/clean.py", b"password = os.environ[\"PASSWORD\"]\n"),
        (".git/config", format!("token = {value}\n").as_bytes()),
    ])
}

#[test]
fn secrets_are_shown_by_place_and_never_by_value() {
    let root = repository();
    for format in ["table", "json", "sarif"] {
        let out =
            yagura(root.path(), &["fs", ".", "--scanners", "secret", "-f", format, "--show-suppressed"]);
        let text = String::from_utf8(out.stdout).unwrap();
        assert!(text.contains("stripe-key") && text.contains("app/settings.py"), "{text}");
        assert!(!text.contains(&value()) && !text.contains(".git/config"), "{text}");
        assert_eq!(out.status.code(), Some(0));
    }
    let out = yagura(root.path(), &["fs", ".", "--scanners", "secret", "-f", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2);
    assert_eq!((&findings[0]["type"], &findings[0]["startLine"]), (&"CODE_VULNERABILITY".into(), &2.into()));
    assert_eq!(findings[1]["suppressed"]["reason"], "of a closed account");
}

#[test]
fn gates_and_ignore_files_hold_for_secrets() {
    let root = repository();
    let code = |arguments: &[&str]| yagura(root.path(), arguments).status.code();
    assert_eq!(code(&["fs", ".", "--scanners", "secret", "--fail-on", "high"]), Some(1));
    assert_eq!(code(&["fs", ".", "--scanners", "secret", "--exit-code", "7"]), Some(7));
    std::fs::write(root.path().join(".yaguraignore"), "stripe-key # rotated\n").unwrap();
    assert_eq!(code(&["fs", ".", "--scanners", "secret", "--fail-on", "high"]), Some(0));
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(yagura(empty.path(), &["fs", ".", "--scanners", "secret"]).status.code(), Some(5));
    assert_eq!(code(&["image", "alpine:3.19", "--scanners", "secret", "--offline"]), Some(2));
}

#[test]
fn rules_are_listed_and_shown() {
    let root = tempfile::tempdir().unwrap();
    let out = yagura(root.path(), &["rules", "list", "-f", "json"]);
    let rules: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert!(rules.as_array().unwrap().len() > 150);
    let shown = yagura(root.path(), &["rules", "show", "github-token", "--lang", "ja"]);
    assert!(String::from_utf8(shown.stdout).unwrap().contains("個人用アクセストークン"));
    assert_eq!(yagura(root.path(), &["rules", "show", "no-such-rule"]).status.code(), Some(2));
}
