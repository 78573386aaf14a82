//! Rust crates: `Cargo.lock`, the manifests beside it, and what `cargo auditable` puts into executables.
//!
//! crates.io compares names as they are spelled; `-` and `_` differ in names of dependencies only by custom.

pub(crate) mod auditable;
mod cargo_lock;
mod cargo_toml;

use crate::version::semver::SEMVER;
use crate::{Ecosystem, as_is};

pub(crate) const ID: &str = "crates.io";

/// crates.io.
pub static CRATES_IO: Ecosystem = Ecosystem {
    id: ID,
    purl: "cargo",
    versions: &SEMVER,
    normalize: as_is,
    release: as_is,
    catalogers: &[&cargo_lock::CargoLock, &cargo_toml::CargoToml],
    resolve: None,
};
