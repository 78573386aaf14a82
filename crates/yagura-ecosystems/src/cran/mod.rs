//! R packages of CRAN and Bioconductor.

mod description;
mod packrat_lock;
mod records;
mod renv_lock;

use crate::version::cran::CRAN as VERSIONS;
use crate::{Ecosystem, as_is};

const ID: &str = "CRAN";
const BIOCONDUCTOR_ID: &str = "Bioconductor";

/// The Comprehensive R Archive Network.
pub static CRAN: Ecosystem = Ecosystem {
    id: ID,
    purl: "cran",
    versions: &VERSIONS,
    normalize: as_is,
    release: as_is,
    catalogers: &[&renv_lock::RenvLock, &packrat_lock::PackratLock, &description::Description],
    resolve: None,
};

/// Bioconductor; the same files list its packages.
pub static BIOCONDUCTOR: Ecosystem = Ecosystem {
    id: BIOCONDUCTOR_ID,
    purl: "bioconductor",
    versions: &VERSIONS,
    normalize: as_is,
    release: as_is,
    catalogers: &[],
    resolve: None,
};

/// The ecosystem of a package from a source or repository of this name.
fn ecosystem(source: &str) -> &'static str {
    if source.to_ascii_lowercase().starts_with("bioc") { BIOCONDUCTOR_ID } else { ID }
}
