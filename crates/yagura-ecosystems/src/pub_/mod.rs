//! Dart and Flutter packages. The folder has a trailing underscore because `pub` is a keyword.

mod pubspec_lock;

use crate::version::pub_::PUB as VERSIONS;
use crate::{Ecosystem, as_is};

const ID: &str = "Pub";

/// pub.dev.
pub static PUB: Ecosystem = Ecosystem {
    id: ID,
    purl: "pub",
    versions: &VERSIONS,
    normalize: as_is,
    release: as_is,
    catalogers: &[&pubspec_lock::PubspecLock],
    resolve: None,
};
