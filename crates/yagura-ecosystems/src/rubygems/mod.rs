//! Ruby gems: Bundler's lockfile and the specifications of installed gems.

mod gemfile;
mod gemfile_lock;
mod gemspec;

use crate::version::gem::GEM as VERSIONS;
use crate::{Ecosystem, as_is};

const ID: &str = "RubyGems";

/// rubygems.org.
pub static RUBYGEMS: Ecosystem = Ecosystem {
    id: ID,
    purl: "gem",
    versions: &VERSIONS,
    normalize: as_is,
    release: as_is,
    catalogers: &[&gemfile::Gemfile, &gemfile_lock::GemfileLock, &gemspec::Gemspec],
    resolve: None,
};
