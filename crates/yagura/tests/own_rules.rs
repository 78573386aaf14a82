//! Rules of users: their pages beside the built-in ones, what is said of wrong ones, their examples.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing unwrap is a failing test")]

use std::path::Path;
use std::process::{Command, Output};

const PAGE: &str = "---\nid: acme-debug\nseverity: high\ncwe: [489]\n---\n# Debug call\n\nIt prints everything.\n\n## Instead\n\nLeave it out.\n\n```yaml code\nlanguages: [python]\nsinks:\n  - call: acme.debug\n```\n\n```python finding\nimport acme\nacme.debug(1)\n```\n\n```python ok\nimport acme\nacme.info(1)\n```\n";

fn yagura(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_yagura")).args(args).current_dir(folder).output().unwrap()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    root
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn pages_of_a_folder_find_beside_the_built_in_ones() {
    let root = folder(&[
        ("rules/acme-debug.md", PAGE),
        ("rules/README.md", "for people"),
        ("src/a.py", "import acme, hashlib\nacme.debug(1)\nhashlib.md5(b'')\n"),
    ]);
    let table = stdout(&yagura(root.path(), &["fs", "src", "--scanners", "code", "--rules", "rules"]));
    assert!(table.contains("acme-debug") && table.contains("python-weak-hash"), "{table}");
    let list = stdout(&yagura(root.path(), &["rules", "list", "--rules", "rules"]));
    assert!(list.contains("acme-debug"), "{list}");
    let shown = stdout(&yagura(root.path(), &["rules", "show", "acme-debug", "--rules", "rules"]));
    assert!(shown.contains("Leave it out."), "{shown}");
    let tried = yagura(root.path(), &["rules", "test", "rules"]);
    assert_eq!((tried.status.code(), stdout(&tried).as_str()), (Some(0), "2 examples, 0 do not hold\n"));
}

#[test]
fn a_page_with_the_id_of_a_built_in_one_replaces_it() {
    let page = PAGE.replace("acme-debug", "python-weak-hash");
    let root = folder(&[("rules/hash.md", &page), ("src/a.py", "import hashlib\nhashlib.md5(b'')\n")]);
    let table = stdout(&yagura(root.path(), &["fs", "src", "--scanners", "code", "--rules", "rules"]));
    assert!(!table.contains("python-weak-hash"), "{table}");
}

#[test]
fn examples_that_do_not_hold_are_named() {
    let page = PAGE.replace("acme.info", "acme.debug");
    let root = folder(&[("rules/acme-debug.md", &page)]);
    let tried = yagura(root.path(), &["rules", "test", "rules"]);
    assert_eq!(tried.status.code(), Some(1));
    assert_eq!(
        stdout(&tried),
        "rules/acme-debug.md:26 (acme-debug): found, and should not be\n2 examples, 1 do not hold\n"
    );
}

#[test]
fn a_wrong_page_is_told_with_its_line_and_what_to_write() {
    for (from, to, said) in [
        ("severity: high", "severity: bad", "rules/x.md:3"),
        ("cwe: [489]", "cwes: [489]", "rules/x.md:4`: front matter: unknown field `cwes`, expected one of"),
        (
            "languages: [python]",
            "languages: [pyhton]",
            "rules/x.md:15`: code: `languages`: `pyhton` is no language; there are c, csharp",
        ),
        ("  - call:", "  - calls:", "rules/x.md:17"),
        (
            "sinks:\n",
            "sources: [wab]\nsinks:\n",
            "rules/x.md:16`: sources: `wab` is no kind of source; there are",
        ),
        ("acme.debug\n```", "acme.debug\n    where: [{ arg: 0, matches: '(' }]\n```", "unclosed group"),
        (
            "acme.debug\n```",
            "acme.debug\n    where: [{ arg: 0, matches: '(((a{1,200}){1,200}){1,200})' }]\n```",
            "Compiled regex exceeds size limit",
        ),
        ("yaml code", "yaml cod", "there are `secret`, `config`, `code`, `model`"),
        ("---\nid", "id", "does not begin with a front matter"),
    ] {
        assert!(PAGE.contains(from));
        let root = folder(&[("rules/x.md", &PAGE.replacen(from, to, 1)), ("src/a.py", "x = 1\n")]);
        let output = yagura(root.path(), &["fs", "src", "--scanners", "code", "--rules", "rules"]);
        assert_eq!(output.status.code(), Some(2), "{to}");
        assert!(stderr(&output).contains(said), "{to}: {}", stderr(&output));
    }
    let root = folder(&[("rules/a.md", PAGE), ("rules/b.md", PAGE)]);
    let output = yagura(root.path(), &["rules", "list", "--rules", "rules"]);
    assert!(stderr(&output).contains("`rules/a.md` has the id `acme-debug` too"), "{}", stderr(&output));
    let output = yagura(root.path(), &["rules", "list", "--rules", "missing"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn marks_of_other_tools_suppress_with_their_words() {
    let root = folder(&[(
        "a.py",
        "import hashlib\nhashlib.md5(b'')  # nosec B324\nhashlib.md5(b'')  # nosemgrep\nhashlib.md5(b'')  # nosec B101\n# yagura:ignore python-weak-hash a cache key\nhashlib.md5(b'')\n",
    )]);
    let output = yagura(root.path(), &["fs", ".", "--scanners", "code", "-f", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let marks: Vec<(u64, Option<&str>)> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["rule"] == "python-weak-hash")
        .map(|one| (one["startLine"].as_u64().unwrap(), one["suppressed"]["reason"].as_str()))
        .collect();
    assert_eq!(
        marks,
        [(2, Some("nosec B324")), (3, Some("nosemgrep")), (4, None), (6, Some("a cache key"))],
        "{json:#}"
    );
}
