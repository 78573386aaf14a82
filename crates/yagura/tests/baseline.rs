//! Only what is new: against the result of an earlier run, and against a commit.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing unwrap is a failing test")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const OLD: &str = "import hashlib\na = hashlib.md5(b'')\nb = 1\nc = 2\nd = 3\n";

fn yagura(folder: &Path, args: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_yagura");
    Command::new(program)
        .args(["fs", ".", "--scanners", "code"])
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn git(folder: &Path, args: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
    let status = Command::new("git").args(identity).args(args).current_dir(folder).status().unwrap();
    assert!(status.success(), "{args:?}");
}

fn lines(output: &Output) -> Vec<(String, u64)> {
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = json["findings"].as_array().unwrap().iter();
    all.filter(|one| one["suppressed"].is_null())
        .map(|one| (one["path"].as_str().unwrap().to_owned(), one["startLine"].as_u64().unwrap()))
        .collect()
}

#[test]
fn findings_of_an_earlier_run_are_known_wherever_they_moved() {
    let root = tempfile::tempdir().unwrap();
    let (root, file) = (root.path(), root.path().join("a.py"));
    std::fs::write(&file, OLD).unwrap();
    assert_eq!(yagura(root, &["-o", "json=base.json"]).status.code(), Some(0));
    let moved = format!("# one\n# two\n{}", OLD.replace("a = hash", "a =   hash"));
    std::fs::write(&file, &moved).unwrap();
    let output = yagura(root, &["--baseline", "base.json", "--exit-code", "1"]);
    let table = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{table}");
    assert!(!table.contains("python-weak-hash") && table.contains("1 known before"), "{table}");
    let shown = stdout(&yagura(root, &["--baseline", "base.json", "--show-suppressed", "--lang", "ja"]));
    assert!(shown.contains("[baseline:base.json]") && shown.contains("既知 1 件"), "{shown}");
    let sarif: Value =
        serde_json::from_slice(&yagura(root, &["--baseline", "base.json", "-f", "sarif"]).stdout).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["baselineState"], "unchanged");
    // A copy of a known line is one more finding.
    std::fs::write(&file, format!("{moved}a = hashlib.md5(b'')\n")).unwrap();
    let output = yagura(root, &["--baseline", "base.json", "-f", "json", "--exit-code", "1"]);
    assert_eq!((output.status.code(), lines(&output)), (Some(1), vec![("a.py".to_owned(), 8)]));
    // A result that was made with a baseline is one, too.
    let second = ["--baseline", "base.json", "-o", "json=second.json"];
    assert_eq!(yagura(root, &second).status.code(), Some(0));
    assert_eq!(lines(&yagura(root, &["--baseline", "second.json", "-f", "json"])), []);
}

#[test]
fn what_a_comment_hid_is_new_when_the_comment_is_gone() {
    let root = tempfile::tempdir().unwrap();
    let (root, file) = (root.path(), root.path().join("a.py"));
    let marked = "import hashlib\n# yagura:ignore python-weak-hash a key\na = hashlib.md5(b'')\n";
    std::fs::write(&file, marked).unwrap();
    yagura(root, &["-o", "json=base.json"]);
    std::fs::write(&file, OLD).unwrap();
    assert_eq!(yagura(root, &["--baseline", "base.json", "--exit-code", "1"]).status.code(), Some(1));
}

#[test]
fn what_is_no_baseline_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    std::fs::write(root.join("a.py"), OLD).unwrap();
    std::fs::write(root.join("x.json"), "{\"findings\": []}").unwrap();
    for args in
        [["--baseline", "x.json"], ["--baseline", "a.py"], ["--baseline", "missing"], ["--since", "HEAD"]]
    {
        assert_eq!(yagura(root, &args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn only_lines_that_changed_since_a_commit_are_told() {
    let root = tempfile::tempdir().unwrap();
    let (root, file) = (root.path(), root.path().join("a.py"));
    std::fs::write(&file, OLD).unwrap();
    git(root, &["init", "-q"]);
    git(root, &["add", "."]);
    git(root, &["commit", "-q", "-m", "one"]);
    assert_eq!(lines(&yagura(root, &["--since", "HEAD", "-f", "json"])), []);
    std::fs::write(&file, OLD.replace("c = 2", "c = hashlib.md5(b'')")).unwrap();
    std::fs::create_dir(root.join("new")).unwrap();
    std::fs::write(root.join("new/b.py"), OLD).unwrap();
    let output = yagura(root, &["--since", "HEAD", "-f", "json"]);
    assert_eq!(lines(&output), [("a.py".to_owned(), 4), ("new/b.py".to_owned(), 2)]);
    let table = stdout(&yagura(root, &["--since", "HEAD"]));
    assert!(table.contains("1 finding on lines that have not changed since HEAD"), "{table}");
    // A flow counts by each of its lines.
    let app = "from flask import Flask, request\nimport os\napp = Flask(__name__)\ndef ping(host):\n    os.system('ping ' + host)\n@app.route('/p')\ndef p():\n    host = 'here'\n    ping(host)\n";
    std::fs::write(root.join("app.py"), app).unwrap();
    git(root, &["add", "."]);
    git(root, &["commit", "-q", "-m", "two"]);
    std::fs::write(root.join("app.py"), app.replace("'here'", "request.args['h']")).unwrap();
    assert_eq!(lines(&yagura(root, &["--since", "HEAD", "-f", "json"])), [("app.py".to_owned(), 5)]);
    for wrong in ["no-such-commit", "--output=x"] {
        let output = yagura(root, &[&format!("--since={wrong}")]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
    assert!(!root.join("x").exists());
}
