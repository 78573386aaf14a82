//! .NET packages: NuGet lockfiles, project files and what a published application says of itself.
//!
//! Package ids are case-insensitive (<https://learn.microsoft.com/nuget/reference/nuspec#id>).

mod assembly;
mod assets;
mod deps;
mod lock;
mod packages_config;
mod project;

use crate::version::nuget::NUGET as VERSIONS;
use crate::{Ecosystem, Note, as_is, lower_case};
use yagura_model::{Package, TreePath, Unread};

const ID: &str = "NuGet";

/// nuget.org.
pub static NUGET: Ecosystem = Ecosystem {
    id: ID,
    purl: "nuget",
    versions: &VERSIONS,
    normalize: lower_case,
    release: as_is,
    catalogers: &[
        &assembly::Assembly,
        &lock::PackagesLock,
        &assets::ProjectAssets,
        &deps::DepsJson,
        &packages_config::PackagesConfig,
        &project::ProjectFile,
    ],
    resolve: Some(resolve),
};

fn resolve(notes: &[(&TreePath, &Note)], unread: &mut Vec<Unread>) -> Vec<Package> {
    let mut packages = project::resolve(notes, unread);
    packages.append(&mut assembly::resolve(notes));
    packages
}
