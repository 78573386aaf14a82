//! Debian packages: Debian, Ubuntu and what derives from them.
//! <https://www.debian.org/doc/debian-policy/ch-controlfields.html>

mod files;
mod source_name;
mod status;

pub use source_name::source_of;

use crate::version::dpkg::DPKG;
use crate::{Cataloger, Ecosystem, as_is, platform};

static CATALOGERS: &[&dyn Cataloger] =
    &[&status::STATUS, &files::FILES, &platform::OS_RELEASE, &platform::RELEASE_FILES];

/// Debian.
pub static DEBIAN: Ecosystem = Ecosystem {
    id: "Debian",
    purl: "deb",
    versions: &DPKG,
    normalize: as_is,
    release: |text| platform::canonical_release("Debian", text),
    catalogers: CATALOGERS,
    resolve: None,
};

/// Echo, whose images are rebuilds of Debian's packages with fixes of its own.
pub static ECHO: Ecosystem =
    Ecosystem { id: "Echo", release: |text| platform::canonical_release("Echo", text), ..DEBIAN };

/// Ubuntu; `Ubuntu:Pro:…` are the fixes that only subscribers get.
pub static UBUNTU: Ecosystem =
    Ecosystem { id: "Ubuntu", release: |text| platform::canonical_release("Ubuntu", text), ..DEBIAN };
