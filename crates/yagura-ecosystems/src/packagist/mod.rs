//! PHP packages: Composer's manifest, lockfile and list of installed packages.
//!
//! Package names are lower-case (<https://getcomposer.org/doc/04-schema.md#name>); older files spell them freely.

mod composer_json;
mod composer_lock;
mod installed;

use crate::document::{Packages, entries, text, texts};
use crate::version::packagist::PACKAGIST as VERSIONS;
use crate::{Ecosystem, as_is, lower_case};
use serde_json::Value;
use yagura_model::Scope;

const ID: &str = "Packagist";

/// packagist.org.
pub static PACKAGIST: Ecosystem = Ecosystem {
    id: ID,
    purl: "composer",
    versions: &VERSIONS,
    normalize: lower_case,
    release: as_is,
    catalogers: &[&composer_json::ComposerJson, &composer_lock::ComposerLock, &installed::Installed],
    resolve: None,
};

/// Adds one entry of a lockfile or of `installed.json`.
fn add(packages: &mut Packages<'_>, entry: &Value, scope: Scope) {
    let version = text(entry, "version");
    let Some(package) = packages.add(text(entry, "name"), version) else { return };
    package.scope = scope;
    package.licenses = texts(entry, "license").into_iter().map(str::to_owned).collect();
    package.depends_on.extend(
        entries(entry, "require").filter(|(name, _)| is_package(name)).map(|(name, _)| name.to_owned()),
    );
    // Branches have no number; only the commit tells what is installed.
    if version.starts_with("dev-") || version.ends_with("-dev") {
        let reference = entry.get("source").map_or("", |source| text(source, "reference"));
        package.commit = (!reference.is_empty()).then(|| reference.to_owned());
    }
}

/// False for `php`, `ext-json`, `lib-openssl`: what the platform provides.
fn is_package(name: &str) -> bool {
    name.contains('/')
}
