//! Flaws in source code through the binary: table, SARIF, JSON, gates, both languages.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use serde_json::Value;
use std::process::{Command, Output};

const APP: &str = "from flask import Flask, request\nimport os\napp = Flask(__name__)\n\ndef ping(host):\n    os.system(\"ping \" + host)\n\n@app.route(\"/p\")\ndef p():\n    ping(request.args[\"h\"])\n    return \"ok\"\n";

fn yagura(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.py"), APP).unwrap();
    Command::new(env!("CARGO_BIN_EXE_yagura")).args(args).current_dir(folder.path()).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_flow_is_shown_in_every_form() {
    let table = text(&yagura(&["fs", ".", "--scanners", "code"]));
    for part in ["Source code", "python-command-injection", "app.py", "HIGH", "from line 10"] {
        assert!(table.contains(part), "{part} is missing:\n{table}");
    }
    let table = text(&yagura(&["fs", ".", "--scanners", "code", "--lang", "ja"]));
    for part in ["ソースコード", "10 行目から"] {
        assert!(table.contains(part), "{part} is missing:\n{table}");
    }
    let sarif: Value =
        serde_json::from_slice(&yagura(&["fs", ".", "--scanners", "code", "-f", "sarif"]).stdout).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 6);
    let steps = result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().unwrap();
    let lines: Vec<i64> = steps
        .iter()
        .map(|step| step["location"]["physicalLocation"]["region"]["startLine"].as_i64().unwrap())
        .collect();
    assert_eq!(lines, [10, 5, 6]);
    let json: Value =
        serde_json::from_slice(&yagura(&["fs", ".", "--scanners", "code", "-f", "json"]).stdout).unwrap();
    assert_eq!(json["findings"][0]["flow"][0]["line"], 10);
}

#[test]
fn gates_hold_for_code() {
    assert_eq!(yagura(&["fs", ".", "--scanners", "code"]).status.code(), Some(0));
    assert_eq!(yagura(&["fs", ".", "--scanners", "code", "--fail-on", "high"]).status.code(), Some(1));
    assert_eq!(yagura(&["fs", ".", "--scanners", "code", "--fail-on", "critical"]).status.code(), Some(0));
}
