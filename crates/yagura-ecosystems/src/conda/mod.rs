//! Conda: installed environments, environment files and conda-lock. Inventory alone: no advisories name conda
//! packages. What pip installed into an environment is found as PyPI packages.

mod conda_lock;
mod conda_meta;
mod environment;

use crate::{Cataloger, Ecosystem, as_is, lower_case, version};

/// Conda channels.
pub static CONDA: Ecosystem = Ecosystem {
    id: ID,
    purl: "conda",
    versions: &version::conda::CONDA,
    normalize: lower_case,
    release: as_is,
    catalogers: CATALOGERS,
    resolve: None,
};

/// The readers of conda's files.
static CATALOGERS: &[&dyn Cataloger] =
    &[&conda_lock::CondaLock, &conda_meta::CondaMeta, &environment::Environment];

pub(crate) const ID: &str = "conda";
