//! npm: lockfiles of npm, Yarn, pnpm and Bun, and installed packages.
//!
//! A lockfile tells what would be installed, with edges and scopes; `package.json` files below `node_modules`
//! tell what is installed. Both name the same packages, so one inventory merges them.

mod bun_lock;
mod indented;
mod package_json;
mod package_lock;
mod pnpm_lock;
mod yarn_lock;

use crate::{Cataloger, Ecosystem, as_is, version};
use std::borrow::Cow;
use yagura_model::TreePath;

/// The npm registry.
pub static NPM: Ecosystem = Ecosystem {
    id: ID,
    purl: "npm",
    versions: &version::npm::NPM,
    normalize: as_is,
    release: as_is,
    catalogers: CATALOGERS,
    resolve: None,
};

/// The readers of npm's files.
static CATALOGERS: &[&dyn Cataloger] = &[
    &bun_lock::BunLock,
    &bun_lock::BunLockBinary,
    &package_json::PackageJson,
    &package_lock::PackageLock,
    &pnpm_lock::PnpmLock,
    &yarn_lock::YarnLock,
];

pub(crate) const ID: &str = "npm";

/// True for lockfiles that a package carries: nobody installs from them.
fn is_installed(path: &TreePath) -> bool {
    path.parent().split('/').any(|part| part == "node_modules")
}

/// Splits `name@rest`; the `@` of a scope does not count.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let at = text.char_indices().skip(1).find(|&(_, c)| c == '@')?.0;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// True for texts that look like a version and not like a range, tag, path or address.
fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    core.split('.').count() == 3
        && core.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'_'))
}

/// The commit that a git address points to: 40 hexadecimal digits after `#` or `/`, also as `commit=`.
fn commit(address: &str) -> Option<&str> {
    let is_git = address.starts_with("git")
        || address.contains("github.com")
        || address.contains(".git#")
        || address.contains("commit=")
        || address.contains("/tar.gz/")
        || address.contains("/get/");
    is_git
        .then(|| address.rsplit(['#', '/', '=']).next())
        .flatten()
        .map(|tail| tail.split(['(', '&', '.']).next().unwrap_or(tail))
        .filter(|tail| tail.len() == 40 && tail.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The version in the name of a registry tarball: `1.2.3` of `https://…/x/-/x-1.2.3.tgz`.
fn tarball_version<'a>(name: &str, address: &'a str) -> Option<&'a str> {
    let file = address.split(['?', '#']).next()?.rsplit('/').next()?;
    let stem = file.strip_suffix(".tgz").or_else(|| file.strip_suffix(".tar.gz"))?;
    let bare = name.rsplit('/').next()?;
    let version = stem.strip_prefix(bare)?.strip_prefix('-')?;
    is_version(version).then_some(version)
}

/// An alias target `npm:real@range` as name and range.
fn alias(specifier: &str) -> Option<(&str, &str)> {
    split_name(specifier.strip_prefix("npm:")?)
}

/// Borrows a part of a borrowed text, copies a part of an owned one.
fn part<'a>(text: &Cow<'a, str>, pick: impl Fn(&str) -> &str) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(pick(text)),
        Cow::Owned(text) => Cow::Owned(pick(text).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    /// Reads a fixture as the file it is a sample of; the snapshot stands beside it.
    fn check(cataloger: &dyn Cataloger, name: &str, fixture: &str, bytes: &[u8]) {
        let mut settings = insta::Settings::clone_current();
        let folder = fixture.split('/').next().unwrap_or_default();
        settings.set_snapshot_path(format!("fixtures/{folder}"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let rendered = render(&read(cataloger, &format!("shop/{name}"), bytes));
        settings.bind(|| insta::assert_snapshot!(fixture.rsplit('/').next().unwrap_or_default(), rendered));
    }

    /// One small project with a workspace, an alias, a development and an optional dependency, locked by every
    /// package manager.
    macro_rules! fixtures {
        ($($test:ident: $cataloger:expr, $name:literal, $fixture:literal;)*) => {
            $(#[test]
            fn $test() {
                check(&$cataloger, $name, $fixture, include_bytes!(concat!("fixtures/", $fixture)));
            })*
        };
    }

    fixtures! {
        package_lock_v1: package_lock::PackageLock, "package-lock.json", "package_lock/v1.json";
        package_lock_v2: package_lock::PackageLock, "package-lock.json", "package_lock/v2.json";
        package_lock_v3: package_lock::PackageLock, "package-lock.json", "package_lock/v3.json";
        yarn_1: yarn_lock::YarnLock, "yarn.lock", "yarn_lock/v1.lock";
        yarn_3: yarn_lock::YarnLock, "yarn.lock", "yarn_lock/v3.lock";
        yarn_4: yarn_lock::YarnLock, "yarn.lock", "yarn_lock/v4.lock";
        pnpm_5: pnpm_lock::PnpmLock, "pnpm-lock.yaml", "pnpm_lock/v5.yaml";
        pnpm_6: pnpm_lock::PnpmLock, "pnpm-lock.yaml", "pnpm_lock/v6.yaml";
        pnpm_9: pnpm_lock::PnpmLock, "pnpm-lock.yaml", "pnpm_lock/v9.yaml";
        bun: bun_lock::BunLock, "bun.lock", "bun_lock/bun.lock";
    }
}
