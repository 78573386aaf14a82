//! Julia packages.

mod manifest;
mod project;

use crate::version::semver::SEMVER as VERSIONS;
use crate::{Ecosystem, as_is};

const ID: &str = "Julia";

/// The General registry.
pub static JULIA: Ecosystem = Ecosystem {
    id: ID,
    purl: "julia",
    versions: &VERSIONS,
    normalize: as_is,
    release: as_is,
    catalogers: &[&manifest::ManifestToml, &project::ProjectToml],
    resolve: None,
};
