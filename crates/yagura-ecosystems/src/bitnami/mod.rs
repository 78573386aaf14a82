//! Applications in Bitnami's images, which describe themselves in SPDX documents.

mod spdx;

use crate::version::bitnami::BITNAMI as VERSIONS;
use crate::{Ecosystem, as_is};

const ID: &str = "Bitnami";

/// Bitnami's own vulnerability data names applications as its images do.
pub static BITNAMI: Ecosystem = Ecosystem {
    id: ID,
    purl: "bitnami",
    versions: &VERSIONS,
    normalize: as_is,
    release: as_is,
    catalogers: &[&spdx::BitnamiSpdx],
    resolve: None,
};
