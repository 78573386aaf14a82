//! Alpine packages: Alpine, Wolfi, Chainguard, MinimOS, Alpaquita.
//! <https://wiki.alpinelinux.org/wiki/Apk_spec>

mod installed;

use crate::version::apk::APK;
use crate::{Cataloger, Ecosystem, as_is, platform};

static CATALOGERS: &[&dyn Cataloger] =
    &[&installed::INSTALLED, &platform::OS_RELEASE, &platform::RELEASE_FILES];

/// BellSoft's Alpaquita Linux.
pub static ALPAQUITA: Ecosystem =
    Ecosystem { id: "Alpaquita", release: |text| platform::canonical_release("Alpaquita", text), ..ALPINE };

/// Alpine Linux.
pub static ALPINE: Ecosystem = Ecosystem {
    id: "Alpine",
    purl: "apk",
    versions: &APK,
    normalize: as_is,
    release: |text| platform::canonical_release("Alpine", text),
    catalogers: CATALOGERS,
    resolve: None,
};

/// Chainguard's images.
pub static CHAINGUARD: Ecosystem =
    Ecosystem { id: "Chainguard", release: |text| platform::canonical_release("Chainguard", text), ..ALPINE };

/// Images of Minimus.
pub static MINIMOS: Ecosystem =
    Ecosystem { id: "MinimOS", release: |text| platform::canonical_release("MinimOS", text), ..ALPINE };

/// Wolfi.
pub static WOLFI: Ecosystem =
    Ecosystem { id: "Wolfi", release: |text| platform::canonical_release("Wolfi", text), ..ALPINE };
