//! Executables that the Go toolchain built, compared with what `go version -m` says of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use yagura_ecosystems::testing::read_executable;

fn go(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Option<String> {
    let output = Command::new("go")
        .args(arguments)
        .current_dir(directory)
        .env("GOFLAGS", "-mod=mod")
        .env("GOTOOLCHAIN", "local")
        .envs(environment.iter().copied())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Name and version pairs as `go version -m` prints them.
fn told(directory: &Path, file: &str) -> BTreeSet<String> {
    let text = go(directory, &["version", "-m", file], &[]).unwrap_or_default();
    let toolchain =
        text.split([' ', '\n']).nth(1).map(|go| format!("stdlib {}", go.trim_start_matches("go")));
    let modules = text.lines().filter_map(|line| {
        let mut fields = line.trim().split('\t');
        matches!(fields.next()?, "mod" | "dep").then_some(())?;
        Some(format!("{} {}", fields.next()?, fields.next()?))
    });
    modules.chain(toolchain).collect()
}

#[test]
fn go_executables_of_all_formats_tell_what_go_tells() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path();
    if go(directory, &["version"], &[]).is_none() {
        println!("skipped: no Go toolchain");
        return;
    }
    std::fs::write(directory.join("go.mod"), "module example.org/app\n\ngo 1.21\n").unwrap();
    std::fs::write(directory.join("main.go"), "package main\n\nfunc main() {}\n").unwrap();
    for (file, arguments, environment) in [
        ("plain", &["-trimpath"][..], &[][..]),
        ("stripped", &["-ldflags=-s -w"], &[]),
        ("windows.exe", &[], &[("GOOS", "windows")]),
        ("mac", &[], &[("GOOS", "darwin"), ("GOARCH", "arm64")]),
        ("small", &[], &[("GOARCH", "386")]),
        ("big-endian", &[], &[("GOARCH", "s390x")]),
    ] {
        let mut build = vec!["build", "-o", file];
        build.extend(arguments);
        let environment: Vec<(&str, &str)> =
            environment.iter().copied().chain([("CGO_ENABLED", "0")]).collect();
        go(directory, &build, &environment).expect("go build");
        let bytes = std::fs::read(directory.join(file)).unwrap();
        let found: BTreeSet<String> = read_executable(file, &bytes)
            .packages
            .iter()
            .map(|package| format!("{} {}", package.name, package.version))
            .collect();
        assert_eq!(found, told(directory, file), "{file}");
        assert_eq!(found.len(), 2, "{file}: {found:?}");
    }
}
