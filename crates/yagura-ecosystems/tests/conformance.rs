//! Published comparison facts. They are not part of the repository: set `YAGURA_CONFORMANCE` to a folder that
//! holds `version-vectors/<scheme>.tsv`, or put it beside the checkout as `shared`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing unwrap is a failing test")]

use std::path::PathBuf;
use yagura_ecosystems::version::{check_lines, scheme};

fn conformance() -> Option<PathBuf> {
    let root = std::env::var_os("YAGURA_CONFORMANCE")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")));
    root.is_dir().then_some(root)
}

#[test]
fn every_published_comparison_holds() {
    let Some(root) = conformance() else {
        println!("skipped: no conformance data");
        return;
    };
    let mut report = String::new();
    let mut files = 0;
    for entry in std::fs::read_dir(root.join("version-vectors")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "tsv") {
            continue;
        }
        files += 1;
        let id = path.file_stem().unwrap().to_string_lossy().into_owned();
        let scheme = scheme(&id).unwrap_or_else(|| panic!("no scheme `{id}`"));
        let text = std::fs::read_to_string(&path).unwrap();
        for broken in check_lines(scheme, &text) {
            report.push_str(&format!("{id}: {broken}\n"));
        }
    }
    assert!(files > 0, "no version vectors in {}", root.display());
    assert!(report.is_empty(), "\n{report}");
}
