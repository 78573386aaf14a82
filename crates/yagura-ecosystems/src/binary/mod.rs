//! Executables: what their build tools wrote into them, and software that no package manager knows.
//!
//! One cataloger looks inside every executable and hands its sections to Go, Rust and package notes; another
//! knows the names of widely used programs and finds their version texts. Such programs have no ecosystem with
//! advisories of its own, so they are `generic` packages, named like the upstream project.
//! Their versions compare like those of RPM, which knows letters and suffixes of all kinds.

mod classifier;
mod executable;
pub(crate) mod image;
mod java_release;
mod note;
mod software;

use crate::version::rpm::RPM;
use crate::{Ecosystem, as_is};

/// The purl type, too.
pub(crate) const ID: &str = "generic";

/// Software without an ecosystem.
pub static GENERIC: Ecosystem = Ecosystem {
    id: ID,
    purl: "generic",
    versions: &RPM,
    normalize: as_is,
    release: as_is,
    catalogers: &[&executable::Executable, &classifier::Classifier, &java_release::JavaRelease],
    resolve: None,
};

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::elf;
