//! RPM packages: Red Hat and its rebuilds, Fedora, Amazon Linux, SUSE, Photon OS, Azure Linux, Mageia, openEuler.
//!
//! The reader of the database is our own, because no C library shall read hostile bytes.

mod bdb;
mod database;
mod header;
mod manifest;
mod ndb;
mod sqlite;
mod sqlite_log;
#[cfg(test)]
mod tests;

pub(crate) use sqlite_log::settle;

use crate::version::rpm::RPM;
use crate::{Cataloger, Ecosystem, as_is, platform};

static CATALOGERS: &[&dyn Cataloger] =
    &[&database::DATABASE, &manifest::MANIFEST, &platform::OS_RELEASE, &platform::RELEASE_FILES];

/// AlmaLinux.
pub static ALMA_LINUX: Ecosystem = Ecosystem {
    id: "AlmaLinux",
    purl: "rpm",
    versions: &RPM,
    normalize: as_is,
    release: |text| platform::canonical_release("AlmaLinux", text),
    catalogers: CATALOGERS,
    resolve: None,
};

/// Amazon Linux 1, 2, 2022 and 2023.
pub static AMAZON_LINUX: Ecosystem = Ecosystem {
    id: "Amazon Linux",
    release: |text| platform::canonical_release("Amazon Linux", text),
    ..ALMA_LINUX
};

/// Azure Linux, called CBL-Mariner before release 3.
pub static AZURE_LINUX: Ecosystem = Ecosystem {
    id: "Azure Linux",
    release: |text| platform::canonical_release("Azure Linux", text),
    ..ALMA_LINUX
};

/// Fedora.
pub static FEDORA: Ecosystem =
    Ecosystem { id: "Fedora", release: |text| platform::canonical_release("Fedora", text), ..ALMA_LINUX };

/// Mageia.
pub static MAGEIA: Ecosystem =
    Ecosystem { id: "Mageia", release: |text| platform::canonical_release("Mageia", text), ..ALMA_LINUX };

/// openEuler; every service pack is a release.
pub static OPENEULER: Ecosystem = Ecosystem {
    id: "openEuler",
    release: |text| platform::canonical_release("openEuler", text),
    ..ALMA_LINUX
};

/// openSUSE Leap and Tumbleweed.
pub static OPENSUSE: Ecosystem =
    Ecosystem { id: "openSUSE", release: |text| platform::canonical_release("openSUSE", text), ..ALMA_LINUX };

/// Oracle Linux.
pub static ORACLE_LINUX: Ecosystem = Ecosystem {
    id: "Oracle Linux",
    release: |text| platform::canonical_release("Oracle Linux", text),
    ..ALMA_LINUX
};

/// Photon OS.
pub static PHOTON_OS: Ecosystem = Ecosystem {
    id: "Photon OS",
    release: |text| platform::canonical_release("Photon OS", text),
    ..ALMA_LINUX
};

/// Red Hat Enterprise Linux, and CentOS, whose packages have the same names and versions.
pub static RED_HAT: Ecosystem =
    Ecosystem { id: "Red Hat", release: |text| platform::canonical_release("Red Hat", text), ..ALMA_LINUX };

/// Rocky Linux.
pub static ROCKY_LINUX: Ecosystem = Ecosystem {
    id: "Rocky Linux",
    release: |text| platform::canonical_release("Rocky Linux", text),
    ..ALMA_LINUX
};

/// SUSE Linux Enterprise.
pub static SUSE: Ecosystem =
    Ecosystem { id: "SUSE", release: |text| platform::canonical_release("SUSE", text), ..ALMA_LINUX };
