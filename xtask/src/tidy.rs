//! House rules that a compiler does not check: which crate may use which, and what pure crates must not touch.

use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Crate, and the workspace crates it may use. Arrows never turn round.
const MAY_USE: &[(&str, &[&str])] = &[
    ("yagura-model", &[]),
    ("yagura-fs", &["yagura-model"]),
    ("yagura-network", &["yagura-model"]),
    ("yagura-formats", &["yagura-model"]),
    ("yagura-ecosystems", &["yagura-model", "yagura-fs"]),
    ("yagura-rules", &["yagura-model", "yagura-fs"]),
    ("yagura-advisories", &["yagura-model", "yagura-ecosystems"]),
    ("yagura-findings", &["yagura-model", "yagura-ecosystems"]),
    ("yagura-store", &["yagura-model", "yagura-findings"]),
    ("yagura-cloud", &["yagura-model", "yagura-fs", "yagura-formats"]),
    ("yagura-api", &["yagura-model", "yagura-formats", "yagura-findings", "yagura-store"]),
    (
        "yagura",
        &[
            "yagura-model",
            "yagura-fs",
            "yagura-network",
            "yagura-formats",
            "yagura-ecosystems",
            "yagura-rules",
            "yagura-advisories",
            "yagura-findings",
            "yagura-store",
            "yagura-cloud",
            "yagura-api",
        ],
    ),
];

/// Crates above the line: no async, network, database, environment or clock.
const PURE: &[&str] = &[
    "yagura-model",
    "yagura-fs",
    "yagura-network",
    "yagura-formats",
    "yagura-ecosystems",
    "yagura-rules",
    "yagura-advisories",
    "yagura-findings",
];

/// What pure code must not mention, and why.
const IMPURE: &[(&str, &str)] = &[
    ("std::net", "pure crates open no connection"),
    ("std::env", "pure crates read no environment"),
    ("std::process", "pure crates start no process"),
    ("SystemTime::now", "time is an argument"),
    ("Timestamp::now", "time is an argument"),
    ("Zoned::now", "time is an argument"),
    ("Instant::now", "time is an argument"),
    ("println!", "only the binary prints"),
    ("tokio::", "async stops at the shell"),
];

/// Longest file that nobody asks about.
const LONG_FILE: usize = 900;

/// Every broken rule, one line each.
///
/// # Errors
/// The repository cannot be read.
pub fn check(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    check_arrows(root, &mut complaints)?;
    check_dependencies_are_explained(root, &mut complaints)?;
    for (crate_name, path) in sources(root)? {
        check_source(root, &crate_name, &path, &mut complaints)?;
    }
    complaints.sort();
    Ok(complaints)
}

fn check_arrows(root: &Path, complaints: &mut Vec<String>) -> Result<()> {
    let rules: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    for entry in fs::read_dir(root.join("crates"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let manifest = manifest(&root.join("crates").join(&name).join("Cargo.toml"))?;
        let Some(allowed) = rules.get(name.as_str()) else {
            complaints.push(format!("crates/{name}: not in the crate map of xtask/src/tidy.rs"));
            continue;
        };
        let used = ["dependencies", "dev-dependencies", "build-dependencies"]
            .into_iter()
            .filter_map(|table| manifest.get(table)?.as_table())
            .flat_map(|table| table.keys());
        for dependency in used.filter(|name| name.starts_with("yagura")) {
            if !allowed.contains(&dependency.as_str()) {
                complaints.push(format!("crates/{name}: must not use `{dependency}`"));
            }
        }
        if manifest.get("lints").is_none() {
            complaints.push(format!("crates/{name}: does not inherit the workspace lints"));
        }
    }
    Ok(())
}

/// Each line of `[workspace.dependencies]` says what the dependency is for; no crate declares its own version.
fn check_dependencies_are_explained(root: &Path, complaints: &mut Vec<String>) -> Result<()> {
    let text = fs::read_to_string(root.join("Cargo.toml"))?;
    let section = text.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    for line in section.lines().take_while(|line| !line.starts_with('[')) {
        if line.contains(" = ") && !line.starts_with("yagura") && !line.contains(" # ") {
            complaints.push(format!("Cargo.toml: say what this is for: {line}"));
        }
    }
    for entry in fs::read_dir(root.join("crates"))? {
        let path = entry?.path().join("Cargo.toml");
        let text = fs::read_to_string(&path)?;
        for line in text.lines().skip_while(|line| !line.contains("dependencies]")) {
            if line.contains("version =") {
                complaints.push(format!("{}: declare it in the workspace: {line}", path.display()));
            }
        }
    }
    Ok(())
}

fn check_source(root: &Path, crate_name: &str, path: &Path, complaints: &mut Vec<String>) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let shown = path.strip_prefix(root).unwrap_or(path).display().to_string();
    if !text.starts_with("//!") {
        complaints.push(format!("{shown}: begins without `//!`"));
    }
    // What is generated is as long as its source.
    let generated = text.lines().take(2).any(|line| line.contains("Generated by `cargo xtask"));
    if text.lines().count() > LONG_FILE && !generated {
        complaints.push(format!("{shown}: over {LONG_FILE} lines; look for the second idea"));
    }
    let mut in_tests = path
        .components()
        .any(|part| ["tests", "benches", "tests.rs"].iter().any(|name| part.as_os_str() == *name));
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        in_tests |= line.trim_start() == "#[cfg(test)]";
        let code = line.split("//").next().unwrap_or_default();
        if line.contains("// TODO") && !line.contains('#') && crate_name != "xtask" {
            complaints.push(format!("{shown}:{number}: a TODO carries an issue number"));
        }
        if code.trim_start().starts_with("#[ignore") {
            complaints.push(format!("{shown}:{number}: assert today's answer instead of ignoring a test"));
        }
        if PURE.contains(&crate_name) && !in_tests {
            for (word, reason) in IMPURE {
                if code.contains(word) {
                    complaints.push(format!("{shown}:{number}: `{word}` in a pure crate: {reason}"));
                }
            }
            if crate_name != "yagura-fs" && code.contains("std::fs") {
                complaints.push(format!("{shown}:{number}: only yagura-fs opens files"));
            }
        }
    }
    Ok(())
}

/// All Rust files of the workspace with the crate they belong to.
fn sources(root: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let mut crates: Vec<(String, PathBuf)> = vec![("xtask".to_owned(), root.join("xtask"))];
    for entry in fs::read_dir(root.join("crates"))? {
        let entry = entry?;
        crates.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    for (name, folder) in crates {
        let mut folders: Vec<PathBuf> =
            ["src", "tests", "benches", "examples"].iter().map(|part| folder.join(part)).collect();
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries {
                let path = entry?.path();
                if path.is_dir() {
                    if path.file_name().is_none_or(|name| name != "fixtures") {
                        folders.push(path);
                    }
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    found.push((name.clone(), path));
                }
            }
        }
    }
    Ok(found)
}

fn manifest(path: &Path) -> Result<toml::Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    toml::from_str(&text).with_context(|| format!("`{}` is not TOML", path.display()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_house_is_tidy() {
        let complaints = super::check(&crate::root()).unwrap();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }

    #[test]
    fn the_code_is_formatted() {
        let status = std::process::Command::new("cargo")
            .args(["fmt", "--all", "--check"])
            .current_dir(crate::root())
            .status()
            .unwrap();
        assert!(status.success(), "run `cargo fmt --all`");
    }
}
