//! Very long files of the smaller ecosystems: time grows with the size, not with its square.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing unwrap is a failing test")]

use std::fmt::Write;
use std::time::{Duration, Instant};
use yagura_ecosystems::testing::read;
use yagura_ecosystems::{Cataloger, ECOSYSTEMS};

const ENTRIES: usize = 20_000;

/// Generous for a debug build on a busy machine; quadratic work over these files takes minutes.
const BOUND: Duration = Duration::from_secs(20);

fn cataloger(id: &str) -> &'static dyn Cataloger {
    let mut all = ECOSYSTEMS.iter().flat_map(|ecosystem| ecosystem.catalogers);
    *all.find(|cataloger| cataloger.id() == id).unwrap_or_else(|| panic!("no cataloger `{id}`"))
}

/// A head, one text per entry, and a tail.
fn long(head: &str, entry: impl Fn(usize) -> String, tail: &str) -> String {
    let mut text = head.to_owned();
    for index in 0..ENTRIES {
        write!(text, "{}", entry(index)).unwrap();
    }
    text + tail
}

#[test]
fn long_files_are_read_in_time() {
    for (id, path, text) in [
        (
            "rubygems/gemfile-lock",
            "Gemfile.lock",
            long(
                "GEM\n  specs:\n",
                |i| format!("    g{i} (1.0)\n      g{}\n", i / 2),
                "DEPENDENCIES\n  g1\n",
            ),
        ),
        (
            "packagist/composer-lock",
            "composer.lock",
            long(
                "{\"packages\": [",
                |i| {
                    format!(
                        "{{\"name\": \"a/p{i}\", \"version\": \"1.{i}\", \"require\": {{\"a/p1\": \"*\"}}}},"
                    )
                },
                "{}]}",
            ),
        ),
        (
            "nuget/packages-lock",
            "packages.lock.json",
            long(
                "{\"dependencies\": {\"net8.0\": {",
                |i| {
                    format!(
                        "\"P{i}\": {{\"resolved\": \"1.{i}\", \"dependencies\": {{\"P1\": \"1\", \"X\": \"1\"}}}},"
                    )
                },
                "\"Z\": {}}}}",
            ),
        ),
        (
            "nuget/project-file",
            "a.csproj",
            long(
                "<Project>",
                |i| format!("<PackageReference Include=\"P{i}\" Version=\"$(V{i})\"/>"),
                "</Project>",
            ),
        ),
        ("nuget/project-file", "deep.csproj", long("<Project>", |i| format!("<a{i}>"), "")),
        (
            "hex/mix-lock",
            "mix.lock",
            long(
                "%{",
                |i| format!("\"p{i}\": {{:hex, :p{i}, \"1.{i}.0\", \"00\", [], [{{:p1, \"1\", []}}]}},\n"),
                "}",
            ),
        ),
        ("hex/mix-lock", "quotes.lock", long("%{", |_| "\"\\\"".to_owned(), "")),
        (
            "swift/podfile-lock",
            "Podfile.lock",
            long("PODS:\n", |i| format!("  - P{i} (1.{i}):\n    - P{}\n", i / 2), ""),
        ),
        (
            "pub/pubspec-lock",
            "pubspec.lock",
            long("packages:\n", |i| format!("  p{i}:\n    version: \"1.0.{i}\"\n"), ""),
        ),
        (
            "cran/packrat-lock",
            "packrat.lock",
            long(
                "PackratFormat: 1.4\n\n",
                |i| format!("Package: p{i}\nVersion: 1.{i}\nRequires: a,\n  b\n\n"),
                "",
            ),
        ),
        (
            "github-actions/workflow",
            ".github/workflows/a.yml",
            long("", |i| format!("  - uses: a/b{i}@v1.2.3\n  - uses: c/d{i}@v1\n"), ""),
        ),
        (
            "julia/manifest",
            "Manifest.toml",
            long(
                "",
                |i| format!("[[deps.P{i}]]\nuuid = \"u\"\nversion = \"1.{i}.0\"\ndeps = [\"P1\"]\n"),
                "",
            ),
        ),
    ] {
        let started = Instant::now();
        let found = read(cataloger(id), path, text.as_bytes());
        let took = started.elapsed();
        assert!(took < BOUND, "{id} {path}: {took:?}");
        let sound = !path.starts_with("deep") && !path.starts_with("quotes") && !path.ends_with("csproj");
        assert!(!sound || found.packages.len() >= ENTRIES, "{id}: {}", found.packages.len());
    }
}
