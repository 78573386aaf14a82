//! C and C++ packages of Conan.

mod conan_lock;
mod conanfile;

use crate::version::conan::CONAN as VERSIONS;
use crate::{Ecosystem, as_is};

const ID: &str = "ConanCenter";

/// ConanCenter.
pub static CONAN_CENTER: Ecosystem = Ecosystem {
    id: ID,
    purl: "conan",
    versions: &VERSIONS,
    normalize: as_is,
    release: as_is,
    catalogers: &[&conan_lock::ConanLock, &conanfile::Conanfile],
    resolve: None,
};

/// Name and version of a reference `name/version@user/channel#revision%time`; `None` for ranges and local recipes.
fn reference(text: &str) -> Option<(&str, &str)> {
    let text = text.split(['#', '%', '@']).next().unwrap_or_default().trim();
    let (name, version) = text.split_once('/')?;
    let exact = !version.is_empty() && !version.contains(['[', '/', '*', ' ']);
    (exact && !name.is_empty()).then_some((name, version))
}
