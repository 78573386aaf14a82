//! Haskell packages, and the compiler that builds them.

mod cabal_freeze;
mod stack_lock;

use crate::version::hackage::HACKAGE as VERSIONS;
use crate::{Ecosystem, as_is};

const ID: &str = "Hackage";

/// hackage.haskell.org.
pub static HACKAGE: Ecosystem = Ecosystem {
    id: ID,
    purl: "hackage",
    versions: &VERSIONS,
    normalize: as_is,
    release: as_is,
    catalogers: &[&stack_lock::StackLock, &cabal_freeze::CabalFreeze],
    resolve: None,
};

/// Components of the Glasgow Haskell Compiler; only SBOMs name them.
pub static GHC: Ecosystem = Ecosystem {
    id: "GHC",
    purl: "generic",
    versions: &VERSIONS,
    normalize: as_is,
    release: as_is,
    catalogers: &[],
    resolve: None,
};
