//! Programs out of Debian's archive: what their executables say, beside the version of the package they come from.
//!
//! `tests/peers/binaries.sh` unpacks them. They stand here without their package database, as they would in an image
//! that copied them from another one.

use std::collections::BTreeSet;
use std::path::PathBuf;
use yagura_ecosystems::analyze::analyze;
use yagura_ecosystems::catalog::{Selection, catalog};
use yagura_fs::{Directory, Limits};

/// (package, the program that is found in it).
const EXPECTED: &[(&str, &str)] = &[
    ("apache2-bin", "httpd"),
    ("bash", "bash"),
    ("busybox", "busybox"),
    ("curl", "curl"),
    ("erlang-base", "erlang"),
    ("git", "git"),
    ("haproxy", "haproxy"),
    ("libcurl4", "curl"),
    ("libnode108", "node"),
    ("libperl5.36", "perl"),
    ("libpython3.11", "python"),
    ("libruby3.1", "ruby"),
    ("libssl3", "openssl"),
    ("lighttpd", "lighttpd"),
    ("mariadb-client-core", "mariadb"),
    ("mariadb-server-core", "mariadb"),
    ("memcached", "memcached"),
    ("nginx", "nginx"),
    ("openssh-client", "openssh"),
    ("openssh-server", "openssh"),
    ("openssl", "openssl"),
    ("perl-base", "perl"),
    ("php8.2-cli", "php"),
    ("php8.2-fpm", "php"),
    ("postgresql-15", "postgresql"),
    ("python3.11-minimal", "python"),
    ("redis-tools", "redis"),
];

fn binaries() -> Option<PathBuf> {
    let tools = std::env::var_os("YAGURA_TOOLS").map(PathBuf::from).or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
        Some(cache.join("yagura/tools"))
    })?;
    Some(tools.join("binaries")).filter(|path| path.is_dir())
}

/// `9.2p1` of `1:9.2p1-2+deb12u10`, `18.20.4` of `18.20.4+dfsg-1~deb12u1`.
fn upstream(version: &str) -> &str {
    // `3.1.7+really3.1.2`: what was uploaded by mistake comes first.
    let version = version.trim();
    let version = version.split_once("+really").map_or(version, |(_, version)| version);
    let version = version.split_once(':').map_or(version, |(_, version)| version);
    let version = version.rsplit_once('-').map_or(version, |(version, _)| version);
    version.split(['+', '~']).next().unwrap_or(version)
}

#[test]
fn programs_without_a_package_manager_tell_their_versions() {
    let Some(root) = binaries() else {
        assert!(std::env::var_os("CI").is_none(), "run tests/peers/install.sh");
        println!("skipped: no binaries; run tests/peers/install.sh");
        return;
    };
    let mut wrong = Vec::new();
    for (package, program) in EXPECTED {
        let Ok(version) = std::fs::read_to_string(root.join(format!("{package}.version"))) else { continue };
        let tree = Directory::open(&root.join(package)).unwrap();
        let inventory = analyze(&[catalog(&tree, &Selection::default(), &Limits::default()).unwrap()]);
        let found: BTreeSet<String> = inventory
            .packages
            .iter()
            .filter(|package| package.ecosystem.as_str() == "generic")
            .map(|package| format!("{} {}", package.name, package.version))
            .collect();
        let expected = format!("{program} {}", upstream(&version));
        if found != BTreeSet::from([expected.clone()]) {
            wrong.push(format!("{package}: expected {expected}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
