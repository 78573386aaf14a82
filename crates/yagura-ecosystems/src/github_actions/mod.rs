//! Actions that GitHub workflows run.

mod workflow;

use crate::version::semver::SEMVER as VERSIONS;
use crate::{Ecosystem, as_is, lower_case};

const ID: &str = "GitHub Actions";

/// Repositories that hold actions; GitHub compares their names without case.
pub static GITHUB_ACTIONS: Ecosystem = Ecosystem {
    id: ID,
    purl: "githubactions",
    versions: &VERSIONS,
    normalize: lower_case,
    release: as_is,
    catalogers: &[&workflow::Workflow],
    resolve: None,
};
