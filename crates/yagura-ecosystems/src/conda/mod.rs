//! Conda: installed environments, environment files and conda-lock. Inventory alone: no advisories name conda
//! packages. What pip installed into an environment is found as PyPI packages.

mod conda_lock;
mod conda_meta;
mod environment;

use crate::Cataloger;

/// The readers of conda's files.
pub static CATALOGERS: &[&dyn Cataloger] =
    &[&conda_lock::CondaLock, &conda_meta::CondaMeta, &environment::Environment];

pub(crate) const ID: &str = "conda";
