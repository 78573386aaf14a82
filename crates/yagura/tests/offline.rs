//! With `--offline` no socket is created: watched by strace, and tried where there is no network at all.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod common;

use common::{LOCKFILE, isolated, project};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Every verb, and the exit code it has to have.
const COMMANDS: &[(&[&str], i32)] = &[
    (&["host", "--root", "root"], 5),
    (&["fs", "."], 0),
    (&["repo", "."], 0),
    (&["repo", "https://git.example/shop"], 2),
    (&["image", "registry.example/shop:1"], 2),
    (&["image", "oci-dir:nowhere"], 2),
    (&["sbom", "shop.cdx.json"], 0),
    (&["inventory", "dir:."], 0),
    (&["inventory", "image:registry.example/shop:1"], 2),
    (&["explain", "CVE-2021-23337", "dir:."], 0),
    (&["db", "update"], 2),
    (&["db", "update", "--db-mirror", "http://mirror.example"], 2),
    (&["fs", ".", "--db-mirror", "http://mirror.example"], 2),
    (&["db", "status"], 0),
    (&["db", "build", "--from", "feeds", "--out", "built.db"], 0),
    (&["db", "export", "exported.db", "--db", "built.db"], 0),
    (&["db", "import", "exported.db", "--db", "imported.db"], 0),
    (&["compare", "dpkg", "pairs"], 0),
    (&["rules", "list"], 0),
    (&["fs", ".", "--scanners", "secret"], 0),
    (&["version"], 0),
    (&["help", "image"], 0),
];

const KEV: &[u8] = br#"{"vulnerabilities":[{"cveID":"CVE-2024-1","dateAdded":"2024-01-01"}]}"#;

fn inputs() -> tempfile::TempDir {
    project(&[
        ("package-lock.json", LOCKFILE.as_bytes()),
        ("root/etc/os-release", b"ID=debian\nVERSION_ID=12\n"),
        (
            "shop.cdx.json",
            br#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"type":"library","name":"lodash","version":"4.17.15","purl":"pkg:npm/lodash@4.17.15"}]}"#,
        ),
        ("feeds/kev/known_exploited_vulnerabilities.json", KEV),
        ("pairs", b"1.0\t<\t2.0\n"),
    ])
}

fn offline(arguments: &[&'static str]) -> Vec<&'static str> {
    [&["--offline"], arguments].concat()
}

fn works(program: &str, arguments: &[&str]) -> bool {
    let works = Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success());
    assert!(
        works || std::env::var_os("CI").is_none(),
        "`{program}` does not work; run tests/peers/install.sh"
    );
    works
}

fn run_under(wrapper: &[&str], directory: &Path, arguments: &[&str], code: i32) {
    let (program, options) = wrapper.split_first().unwrap();
    let mut command = Command::new(program);
    command.args(options).arg(env!("CARGO_BIN_EXE_yagura"));
    let output = isolated(command, directory, arguments).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\nstdout: {}\nstderr: {}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn no_verb_creates_an_internet_socket() {
    if !works("strace", &["-f", "-o", "/dev/null", "true"]) {
        println!("skipped: strace does not work here");
        return;
    }
    let directory = inputs();
    let trace = directory.path().join("trace");
    for (arguments, code) in COMMANDS {
        let wrapper = ["strace", "-f", "-qq", "-e", "trace=%network", "-o", trace.to_str().unwrap()];
        run_under(&wrapper, directory.path(), &offline(arguments), *code);
        let calls = fs::read_to_string(&trace).unwrap();
        let opened: Vec<&str> = calls
            .lines()
            .filter(|line| {
                line.contains("AF_INET") || line.contains("AF_NETLINK") || line.contains("connect(")
            })
            .collect();
        assert!(opened.is_empty(), "{arguments:?}: {opened:#?}");
    }
}

/// The watch itself sees a connection that is made.
#[test]
fn strace_sees_what_goes_online() {
    if !works("strace", &["-f", "-o", "/dev/null", "true"]) {
        println!("skipped: strace does not work here");
        return;
    }
    let directory = inputs();
    let trace = directory.path().join("trace");
    let wrapper = ["strace", "-f", "-qq", "-e", "trace=%network", "-o", trace.to_str().unwrap()];
    run_under(&wrapper, directory.path(), &["image", "localhost:1/shop", "--timeout", "2s"], 3);
    assert!(fs::read_to_string(&trace).unwrap().contains("AF_INET"));
}

#[test]
fn every_verb_works_where_there_is_no_network() {
    let wrapper = ["unshare", "--net", "--map-root-user"];
    if !works("unshare", &["--net", "--map-root-user", "true"]) {
        println!("skipped: network namespaces cannot be made here");
        return;
    }
    let directory = inputs();
    for (arguments, code) in COMMANDS {
        run_under(&wrapper, directory.path(), &offline(arguments), *code);
    }
}
