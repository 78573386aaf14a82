//! What one file says, before it is joined with the others.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use yagura_model::{Package, Platform, Scope, TreePath, Unread};

/// Everything that was read from one file. Serializable, because layers are cached.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Packages, in file order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Package>,
    /// Facts for [`analyze`](crate::analyze).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// What could not be read inside this file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Unread>,
}

impl Found {
    /// True when the file said nothing at all.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.notes.is_empty()
    }
}

/// A fact that matters only together with other files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// The file identifies the operating system.
    Platform(Platform),
    /// The file lists what the project in its directory asks for.
    Manifest(Manifest),
    /// A package ships these files.
    Owned(Owned),
    /// A .NET project, or a part of one; versions and references live in different files.
    DotnetProject(DotnetProject),
    /// A .NET assembly that says its name and version.
    DotnetAssembly(DotnetAssembly),
    /// A Maven project; versions may come from its parents and from imported lists.
    Pom(PomProject),
    /// Where an RPM database of SQLite, or its write-ahead log, keeps its packages.
    RpmRows(RpmRows),
    /// The file is understood and explained, though it names no package.
    Explained,
}

/// The direct dependencies that a project's manifest declares. Joined with the lockfile in the same directory,
/// which often does not tell direct from transitive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The ecosystem's id, as in `npm`.
    pub ecosystem: String,
    /// Name to what it is needed for.
    pub direct: BTreeMap<String, Scope>,
    /// True when the manifest alone names versions, so that a missing lockfile is no gap.
    pub complete: bool,
}

/// Files that a package ships.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// The owner's name in [`Self::ecosystem`].
    pub name: String,
    /// `dpkg`, `rpm`, `apk` for OS packages, otherwise a language ecosystem's id. Only OS packages become
    /// owners of language packages; all of them explain executables.
    pub ecosystem: String,
    /// Whole paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<TreePath>,
    /// Directories with everything below them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directories: Vec<TreePath>,
}

/// The tree of the table `Packages`, as far as one of its two files holds it: the database itself or its log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RpmRows {
    /// The page the tree begins on; `None` when the other file tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<u32>,
    /// The pages below each inner page.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub interior: BTreeMap<u32, Vec<u32>>,
    /// The rows on each leaf page.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub leaves: BTreeMap<u32, Vec<u64>>,
    /// The rows of the packages found in the file, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<u64>,
}

/// What an MSBuild file says about packages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DotnetProject {
    /// The packages asked for, in file order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<DotnetReference>,
    /// Versions set for references elsewhere, by package in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub versions: BTreeMap<String, String>,
    /// Properties that versions may refer to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// True for the note of a lockfile: the project beside it has nothing to add.
    #[serde(default)]
    pub locked: bool,
}

/// What a .NET assembly says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DotnetAssembly {
    /// Its name, which is its file's name without `.dll`.
    pub name: String,
    /// The version of the product, as NuGet would spell it.
    pub version: String,
}

/// One `PackageReference`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DotnetReference {
    /// The package.
    pub name: String,
    /// The requirement as written; empty when it is set centrally.
    pub version: String,
    /// What it is needed for.
    pub scope: Scope,
}

/// What a `pom.xml` says, with properties as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PomProject {
    /// Its group; empty when inherited.
    pub group: String,
    /// Its artifact.
    pub artifact: String,
    /// Its version; empty when inherited.
    pub version: String,
    /// The project it inherits from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<PomParent>,
    /// Properties by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// Versions for dependencies that name none (`dependencyManagement`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub managed: Vec<PomDependency>,
    /// What it asks for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<PomDependency>,
}

/// The parent of a Maven project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PomParent {
    /// Its group.
    pub group: String,
    /// Its artifact.
    pub artifact: String,
    /// Its version.
    pub version: String,
    /// Where it is, `../pom.xml` when not told; empty for a parent that is not in the tree.
    pub relative_path: Option<String>,
}

/// One dependency of a Maven project; fields that the file leaves out are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PomDependency {
    /// The group.
    pub group: String,
    /// The artifact.
    pub artifact: String,
    /// The version.
    pub version: String,
    /// `compile`, `test`, `provided`, `import`, …
    pub scope: String,
    /// True when users of the project need not have it.
    pub optional: bool,
}
