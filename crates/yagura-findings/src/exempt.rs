//! Packages that are listed but not judged, and why.

use crate::kernel::{self, Role};
use crate::sourced::sourced;
use yagura_model::{Owner, Package};

/// Why a package is not judged by its own advisories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exempt<'p> {
    /// An OS package ships it and is judged in its place.
    Owned(&'p Owner),
    /// A compiler; the Go toolchain is judged.
    Toolchain,
    /// Built from a kernel's source, but not the kernel.
    NotKernel,
    /// A kernel that is installed while another one runs.
    NotRunning,
}

/// Why a package is not judged; `None` when it is. `running` is the release of the running kernel where it is
/// known and one of the installed ones.
pub fn exempt<'p>(package: &'p Package, running: Option<&str>) -> Option<Exempt<'p>> {
    if let Some(owner) = &package.owner {
        return Some(Exempt::Owned(owner));
    }
    if package.ecosystem.as_str() == "GHC" {
        return Some(Exempt::Toolchain);
    }
    match kernel::role(package) {
        Role::None => None,
        Role::Beside => Some(Exempt::NotKernel),
        Role::Image => match running {
            Some(running) if !kernel::runs(package, running) => Some(Exempt::NotRunning),
            _ => None,
        },
    }
}

/// The running kernel's release, if it is one of the installed kernels. A kernel that no package explains
/// leaves all installed ones judged.
pub fn installed_running<'k>(packages: &[Package], running: Option<&'k str>) -> Option<&'k str> {
    running.filter(|running| {
        packages
            .iter()
            .any(|package| kernel::runs(package, running) && kernel::role(&sourced(package)) == Role::Image)
    })
}
