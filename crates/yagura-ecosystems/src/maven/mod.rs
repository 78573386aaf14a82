//! Java packages: archives of all kinds, `pom.xml` and Gradle lockfiles.
//!
//! A package is named `group:artifact`. Where an archive tells its artifact but nothing tells the group, the
//! artifact stands for both (`commons-io:commons-io`), as it was custom before groups were domains; a name that
//! does not exist in Maven Central matches no advisory.

mod archive;
mod file_name;
mod gradle_lock;
mod identity;
mod manifest;
mod pom;

use crate::version::maven::MAVEN as VERSIONS;
use crate::{Ecosystem, as_is};

const ID: &str = "Maven";

/// Maven Central and repositories like it.
pub static MAVEN: Ecosystem = Ecosystem {
    id: ID,
    purl: "maven",
    versions: &VERSIONS,
    normalize: as_is,
    release: as_is,
    catalogers: &[&archive::Archive, &gradle_lock::GradleLock, &pom::Pom],
    resolve: Some(pom::resolve),
};
