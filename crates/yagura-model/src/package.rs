//! Packages as an inventory holds them.

use crate::{EcosystemId, LayerId, TreePath};
use serde::{Deserialize, Serialize};

/// Name and version in an ecosystem, found at one or more locations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Where name and version compare. OS packages carry the release (`Debian:12`) once the platform is known.
    pub ecosystem: EcosystemId,
    /// The name as its ecosystem spells it; `group:artifact` for Maven, `@scope/name` for npm.
    pub name: String,
    /// The full version, with epoch and release for OS packages (`1:2.3-4`, `0:3.0.7-1.el9`; epoch 0 may be left out).
    pub version: String,
    /// The source package that an OS package was built from; advisories often name it instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourcePackage>,
    /// The architecture in the ecosystem's own spelling: `amd64`, `x86_64`, `noarch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// The RPM module and stream, as in `nodejs:18:8060020220523160029:ad008a3a`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Who built it, where the package says so: RPM vendor, dpkg origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Everywhere it was found, sorted.
    pub locations: Vec<Location>,
    /// What the package is needed for.
    #[serde(default)]
    pub scope: Scope,
    /// Whether the project asked for it or another package did.
    #[serde(default)]
    pub relation: Relation,
    /// Names (with `@version` where a name alone is ambiguous) of the packages it asks for, as its lockfile tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// One shortest way from the project to this package, both ends left out; empty for direct packages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependency_path: Vec<String>,
    /// Licences as the metadata states them, SPDX ids where it uses them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<String>,
    /// The OS package that ships this one; the distribution's advisories then decide alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The commit it was built from, for packages that are versioned by git only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

impl Package {
    /// A package with everything optional left out.
    pub fn new(
        ecosystem: impl Into<EcosystemId>,
        name: impl Into<String>,
        version: impl Into<String>,
        location: Location,
    ) -> Self {
        Self {
            ecosystem: ecosystem.into(),
            name: name.into(),
            version: version.into(),
            source: None,
            arch: None,
            module: None,
            vendor: None,
            locations: vec![location],
            scope: Scope::default(),
            relation: Relation::default(),
            depends_on: Vec::new(),
            dependency_path: Vec::new(),
            licenses: Vec::new(),
            owner: None,
            commit: None,
        }
    }
}

/// The source package of an OS package.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its version; the binary's own version where the database does not tell another.
    pub version: String,
}

/// Where a package was found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// The file that names the package; `!/` enters archives.
    pub path: TreePath,
    /// The image layer that introduced it; `None` outside images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<LayerId>,
}

impl Location {
    /// A location outside an image.
    pub fn path(path: TreePath) -> Self {
        Self { path, layer: None }
    }
}

/// The OS package that ships a language package or an executable.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Owner {
    /// The ecosystem of the owner, as in `Debian:12`.
    pub ecosystem: EcosystemId,
    /// Its name, as in `python3-requests`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What a package is needed for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// At run time, or nothing else is known.
    #[default]
    Runtime,
    /// Only while developing, building or testing.
    Development,
    /// Only when an extra or optional feature is asked for.
    Optional,
}

/// Whether the project asked for a package itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// The file does not tell.
    #[default]
    Unknown,
    /// Named by the project's manifest.
    Direct,
    /// Needed by another package.
    Transitive,
}
