//! RPM packages: Red Hat and its rebuilds, Fedora, Amazon Linux, SUSE, Photon OS, Azure Linux.
//!
//! The reader of the database is our own, because no C library shall read hostile bytes.

mod bdb;
mod database;
mod header;
mod manifest;
mod ndb;
mod sqlite;
#[cfg(test)]
mod tests;

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
    release: platform::canonical_release,
    catalogers: CATALOGERS,
    resolve: None,
};

/// Amazon Linux 1, 2, 2022 and 2023.
pub static AMAZON_LINUX: Ecosystem = Ecosystem { id: "Amazon Linux", ..ALMA_LINUX };

/// Azure Linux, called CBL-Mariner before release 3.
pub static AZURE_LINUX: Ecosystem = Ecosystem { id: "Azure Linux", ..ALMA_LINUX };

/// Fedora.
pub static FEDORA: Ecosystem = Ecosystem { id: "Fedora", ..ALMA_LINUX };

/// openSUSE Leap and Tumbleweed.
pub static OPENSUSE: Ecosystem = Ecosystem { id: "openSUSE", ..ALMA_LINUX };

/// Oracle Linux.
pub static ORACLE_LINUX: Ecosystem = Ecosystem { id: "Oracle Linux", ..ALMA_LINUX };

/// Photon OS.
pub static PHOTON_OS: Ecosystem = Ecosystem { id: "Photon OS", ..ALMA_LINUX };

/// Red Hat Enterprise Linux, and CentOS, whose packages have the same names and versions.
pub static RED_HAT: Ecosystem = Ecosystem { id: "Red Hat", ..ALMA_LINUX };

/// Rocky Linux.
pub static ROCKY_LINUX: Ecosystem = Ecosystem { id: "Rocky Linux", ..ALMA_LINUX };

/// SUSE Linux Enterprise.
pub static SUSE: Ecosystem = Ecosystem { id: "SUSE", ..ALMA_LINUX };
