//! Catalogers, name rules and version schemes: everything that differs between ecosystems.
//!
//! One folder per ecosystem (or per package format, where several distributions share one). Each registers
//! itself in [`ECOSYSTEMS`]; every list elsewhere is derived from that slice.
//!
//! Two steps turn a tree into an inventory: [`catalog`](catalog::catalog) reads each wanted file once and
//! notes what it says; [`analyze`](analyze::analyze) joins the notes of all layers. Only the first sees bytes.

pub mod analyze;
pub mod apk;
pub mod binary;
pub mod bitnami;
pub mod bottlerocket;
pub mod cargo;
pub mod catalog;
pub mod conan;
pub mod conda;
pub mod cran;
mod document;
pub mod dpkg;
pub mod found;
pub mod github_actions;
pub mod go;
mod graph;
pub mod hackage;
pub mod hex;
pub mod julia;
mod lenient;
pub mod maven;
pub mod npm;
pub mod nuget;
pub mod ownership;
pub mod packagist;
pub mod pacman;
pub mod platform;
pub mod portage;
pub mod pub_;
pub mod purl;
pub mod pypi;
pub mod rpm;
pub mod rubygems;
pub mod swift;
pub mod testing;
pub mod version;

pub use found::{
    DotnetAssembly, DotnetProject, DotnetReference, Found, Manifest, Note, Owned, PomDependency, PomParent,
    PomProject, RpmRows,
};
pub use version::VersionScheme;

use std::borrow::Cow;
use yagura_fs::{File, ReadError};
use yagura_model::{EcosystemId, Package, TreePath, Unread};

/// Reads one kind of file. Sees bytes through [`File`], never the operating system.
pub trait Cataloger: Sync {
    /// `ecosystem/file-kind`, as in `npm/pnpm-lock`; appears in documentation and logs.
    fn id(&self) -> &'static str;

    /// Globs over tree paths; a pattern without `/` matches the file name anywhere. All patterns of all
    /// catalogers are compiled into one set, and each file is matched once.
    fn files(&self) -> &'static [&'static str];

    /// True for catalogers that look inside ELF, PE and Mach-O files wherever they are. Such a cataloger
    /// is called for every executable and shared library, and returns `Ok` without findings for those it
    /// does not understand.
    fn wants_executables(&self) -> bool {
        false
    }

    /// Pushes what the file says as it goes: an error keeps what was found before it.
    ///
    /// # Errors
    /// Becomes an `unread` entry; never stops a scan.
    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError>;
}

/// Joins notes; what they leave open is pushed to the list of unread entries.
pub type Resolve = fn(&[(&TreePath, &Note)], &mut Vec<Unread>) -> Vec<Package>;

/// Everything that is true of one ecosystem, in one place.
pub struct Ecosystem {
    /// OSV spelling, without a release: `crates.io`, `Debian`.
    pub id: &'static str,
    /// The purl type: `cargo`, `deb`.
    pub purl: &'static str,
    /// How versions order.
    pub versions: &'static dyn VersionScheme,
    /// The one spelling of a package name that is compared: `Foo_Bar` becomes `foo-bar` on PyPI.
    pub normalize: fn(&str) -> Cow<'_, str>,
    /// The one spelling of a release that is compared: `22.04:LTS` becomes `22.04` for Ubuntu.
    pub release: fn(&str) -> Cow<'_, str>,
    /// The readers of its files.
    pub catalogers: &'static [&'static dyn Cataloger],
    /// Joins notes of several files (parents, central versions) into packages, after all layers are merged.
    pub resolve: Option<Resolve>,
}

/// Every ecosystem that is known, in alphabetical order of folders.
pub static ECOSYSTEMS: &[&Ecosystem] = &[
    &apk::ALPAQUITA,
    &apk::ALPINE,
    &apk::CHAINGUARD,
    &apk::MINIMOS,
    &apk::WOLFI,
    &binary::GENERIC,
    &bitnami::BITNAMI,
    &bottlerocket::BOTTLEROCKET,
    &cargo::CRATES_IO,
    &conan::CONAN_CENTER,
    &conda::CONDA,
    &cran::BIOCONDUCTOR,
    &cran::CRAN,
    &dpkg::DEBIAN,
    &dpkg::ECHO,
    &dpkg::UBUNTU,
    &github_actions::GITHUB_ACTIONS,
    &go::GO,
    &hackage::GHC,
    &hackage::HACKAGE,
    &hex::HEX,
    &julia::JULIA,
    &maven::MAVEN,
    &npm::NPM,
    &nuget::NUGET,
    &packagist::PACKAGIST,
    &pacman::ARCH,
    &portage::GENTOO,
    &pub_::PUB,
    &pypi::PYPI,
    &rpm::ALMA_LINUX,
    &rpm::AMAZON_LINUX,
    &rpm::AZURE_LINUX,
    &rpm::FEDORA,
    &rpm::MAGEIA,
    &rpm::OPENEULER,
    &rpm::OPENSUSE,
    &rpm::ORACLE_LINUX,
    &rpm::PHOTON_OS,
    &rpm::RED_HAT,
    &rpm::ROCKY_LINUX,
    &rpm::SUSE,
    &rubygems::RUBYGEMS,
    &swift::COCOAPODS,
    &swift::SWIFT_URL,
];

/// The ecosystem of an id, release or not. `None` when it is not known.
pub fn ecosystem(id: &EcosystemId) -> Option<&'static Ecosystem> {
    let base = platform::canonical_base(id.base());
    ECOSYSTEMS.iter().copied().find(|ecosystem| ecosystem.id == base)
}

/// The spelling of an ecosystem id in which advisories and packages meet.
pub fn canonical(id: &EcosystemId) -> EcosystemId {
    match (ecosystem(id), id.release()) {
        (Some(ecosystem), Some(release)) => {
            EcosystemId::from(format!("{}:{}", ecosystem.id, (ecosystem.release)(release)))
        }
        (Some(ecosystem), None) => EcosystemId::from(ecosystem.id),
        (None, _) => id.clone(),
    }
}

/// The spelling of a package name in which advisories and packages meet; unchanged where the ecosystem is
/// not known.
pub fn normalize<'a>(id: &EcosystemId, name: &'a str) -> Cow<'a, str> {
    ecosystem(id).map_or(Cow::Borrowed(name), |ecosystem| (ecosystem.normalize)(name))
}

/// Name rule of case-sensitive ecosystems: names are what they are.
pub fn as_is(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(name)
}

/// Name rule of case-insensitive ecosystems.
pub fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}
