//! Go modules: `go.mod`, vendored modules, workspaces, and the build information of executables.
//!
//! The standard library is a package too: `stdlib` in the version of the toolchain, as the Go vulnerability
//! database names it (<https://go.dev/doc/security/vuln/database>). Versions keep their `v`. Module paths have
//! case, but purls of them are lower-case by definition, so they are compared without it.
//! `go.sum` is not read: it holds checksums of versions that were looked at, not only of those that are used.

pub(crate) mod build_info;
mod directives;
mod go_mod;
mod vendor;

use crate::version::go::GO as VERSIONS;
use crate::{Ecosystem, as_is, lower_case};

pub(crate) const ID: &str = "Go";

/// The name of the standard library in advisories.
const STDLIB: &str = "stdlib";

/// Go modules.
pub static GO: Ecosystem = Ecosystem {
    id: ID,
    purl: "golang",
    versions: &VERSIONS,
    normalize: lower_case,
    release: as_is,
    catalogers: &[&go_mod::GoMod, &go_mod::GoWork, &vendor::ModulesTxt],
    resolve: None,
};

/// `1.22.1` of `go1.22.1`, `go1.22.1 X:rangefunc` or `go1.22.1-vendor`. `None` for development versions,
/// which no advisory knows.
fn toolchain_version(text: &str) -> Option<&str> {
    let rest = text.trim().strip_prefix("go")?;
    let version = rest.split([' ', '-', '+']).next()?;
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}
