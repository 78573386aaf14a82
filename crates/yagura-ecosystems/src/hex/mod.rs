//! Elixir and Erlang packages.

mod mix_lock;
mod rebar_lock;
mod term;

use crate::version::semver::SEMVER as VERSIONS;
use crate::{Ecosystem, as_is};

const ID: &str = "Hex";

/// hex.pm.
pub static HEX: Ecosystem = Ecosystem {
    id: ID,
    purl: "hex",
    versions: &VERSIONS,
    normalize: as_is,
    release: as_is,
    catalogers: &[&mix_lock::MixLock, &rebar_lock::RebarLock],
    resolve: None,
};
