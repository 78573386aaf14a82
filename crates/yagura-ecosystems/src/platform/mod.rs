//! The operating system: what identifies it, which ecosystem its packages belong to, and until when it is
//! supported.

mod end_of_life;
mod release_files;

pub use end_of_life::end_of_life;
pub use release_files::{OS_RELEASE, RELEASE_FILES};

use std::collections::BTreeSet;
use yagura_model::{EcosystemId, Package, Platform, TreePath, Unread, UnreadReason};

/// Ids of package formats, which catalogers of package databases use as the ecosystem until the platform is
/// known, with the ecosystem that stands for an unknown release.
const FORMATS: &[(&str, &str)] =
    &[("apk", "Alpine"), ("dpkg", "Debian"), ("pacman", "Arch"), ("rpm", "Red Hat")];

/// One distribution: its os-release id, its package format, its ecosystem, and how much of `VERSION_ID` names
/// the release.
struct Distribution {
    id: &'static str,
    format: &'static str,
    ecosystem: &'static str,
    release: Precision,
}

/// How much of a version names a release.
#[derive(Clone, Copy)]
enum Precision {
    /// No releases: `Wolfi`.
    Rolling,
    /// `9` of `9.4`.
    Major,
    /// `15.5`, `22.04`.
    Minor,
    /// `v3.19` of `3.19.1`, `edge` for its rolling branch.
    Alpine,
}

const DISTRIBUTIONS: &[Distribution] = &[
    Distribution { id: "almalinux", format: "rpm", ecosystem: "AlmaLinux", release: Precision::Major },
    Distribution { id: "alpine", format: "apk", ecosystem: "Alpine", release: Precision::Alpine },
    Distribution { id: "amzn", format: "rpm", ecosystem: "Amazon Linux", release: Precision::Minor },
    Distribution { id: "arch", format: "pacman", ecosystem: "Arch", release: Precision::Rolling },
    Distribution { id: "azurelinux", format: "rpm", ecosystem: "Azure Linux", release: Precision::Major },
    Distribution { id: "centos", format: "rpm", ecosystem: "Red Hat", release: Precision::Major },
    Distribution { id: "chainguard", format: "apk", ecosystem: "Chainguard", release: Precision::Rolling },
    Distribution { id: "debian", format: "dpkg", ecosystem: "Debian", release: Precision::Major },
    Distribution { id: "fedora", format: "rpm", ecosystem: "Fedora", release: Precision::Major },
    Distribution { id: "mariner", format: "rpm", ecosystem: "Azure Linux", release: Precision::Major },
    Distribution { id: "ol", format: "rpm", ecosystem: "Oracle Linux", release: Precision::Major },
    Distribution { id: "opensuse-leap", format: "rpm", ecosystem: "openSUSE", release: Precision::Minor },
    Distribution {
        id: "opensuse-tumbleweed",
        format: "rpm",
        ecosystem: "openSUSE",
        release: Precision::Rolling,
    },
    Distribution { id: "photon", format: "rpm", ecosystem: "Photon OS", release: Precision::Minor },
    Distribution { id: "rhel", format: "rpm", ecosystem: "Red Hat", release: Precision::Major },
    Distribution { id: "rocky", format: "rpm", ecosystem: "Rocky Linux", release: Precision::Major },
    Distribution { id: "sled", format: "rpm", ecosystem: "SUSE", release: Precision::Minor },
    Distribution { id: "sles", format: "rpm", ecosystem: "SUSE", release: Precision::Minor },
    Distribution { id: "ubuntu", format: "dpkg", ecosystem: "Ubuntu", release: Precision::Minor },
    Distribution { id: "wolfi", format: "apk", ecosystem: "Wolfi", release: Precision::Rolling },
];

/// The package format of an OS package's ecosystem id: `dpkg` of `Debian:12`, of `dpkg`, and of `Ubuntu:22.04`.
/// `None` for languages.
pub fn package_format(id: &EcosystemId) -> Option<&'static str> {
    let base = id.base();
    DISTRIBUTIONS
        .iter()
        .find(|distribution| distribution.ecosystem == base)
        .map(|distribution| distribution.format)
        .or_else(|| FORMATS.iter().find(|(format, _)| *format == base).map(|(format, _)| *format))
}

/// The ecosystem of a platform's packages. `None` for distributions without advisories here.
pub fn ecosystem_of(platform: &Platform) -> Option<EcosystemId> {
    let distribution = DISTRIBUTIONS.iter().find(|distribution| distribution.id == platform.id)?;
    let version = platform.version.trim();
    let release = match distribution.release {
        Precision::Rolling => String::new(),
        // A rolling CentOS Stream precedes the minor releases of the same major one.
        Precision::Major => version.split('.').next().unwrap_or_default().to_owned(),
        Precision::Minor => version.to_owned(),
        Precision::Alpine => alpine_branch(version),
    };
    Some(if release.is_empty() {
        EcosystemId::from(distribution.ecosystem)
    } else {
        EcosystemId::from(format!("{}:{release}", distribution.ecosystem))
    })
}

/// `3.19.1` is of branch `v3.19`; versions like `3.21.0_alpha20240807` are of `edge`.
fn alpine_branch(version: &str) -> String {
    if version.contains('_') || version.is_empty() {
        return "edge".to_owned();
    }
    let branch: Vec<&str> = version.split('.').take(2).collect();
    format!("v{}", branch.join("."))
}

/// The one spelling of a release that is compared, for each distribution's [`Ecosystem::release`](crate::Ecosystem::release).
pub fn canonical_release(text: &str) -> std::borrow::Cow<'_, str> {
    // `22.04:LTS` and `Pro:22.04:LTS` of Ubuntu.
    let text = text.strip_suffix(":LTS").unwrap_or(text);
    // `enterprise_linux:9::baseos` of Red Hat names a product stream by CPE.
    if let Some(rest) = text.strip_prefix("enterprise_linux:") {
        let version = rest.split(':').next().unwrap_or(rest);
        return std::borrow::Cow::Owned(version.split('.').next().unwrap_or(version).to_owned());
    }
    // `Linux Enterprise Server 15 SP5` of SUSE, `Leap 15.5` of openSUSE.
    if let Some(rest) = text.strip_prefix("Leap ") {
        return std::borrow::Cow::Borrowed(rest);
    }
    if let Some(rest) = text.strip_prefix("Linux Enterprise Server ") {
        let rest = rest.split("-LTSS").next().unwrap_or(rest);
        return std::borrow::Cow::Owned(rest.replace(" SP", "."));
    }
    std::borrow::Cow::Borrowed(text)
}

/// The ecosystems whose advisories speak about packages of a release. Fixes that only Ubuntu Pro delivers are
/// statements about the same packages.
pub fn lookups(id: &EcosystemId) -> Vec<EcosystemId> {
    match (id.base(), id.release()) {
        ("Ubuntu", Some(release)) if !release.starts_with("Pro:") => {
            vec![id.clone(), EcosystemId::from(format!("Ubuntu:Pro:{release}"))]
        }
        _ => vec![id.clone()],
    }
}

/// Picks the platform from what the files of a root say, repairing what is missing, and reports when they
/// contradict the package databases that were found.
pub fn choose(
    told: &[(&TreePath, &Platform)],
    formats: &BTreeSet<&str>,
    unread: &mut Vec<Unread>,
) -> Option<Platform> {
    let (path, first) = told.iter().min_by_key(|(path, _)| release_files::rank(path.as_str()))?;
    let mut platform = (*first).clone();
    // Debian testing and sid have no VERSION_ID; other files may still name the release.
    if platform.version.is_empty() {
        let better = told.iter().find(|(_, other)| other.id == platform.id && !other.version.is_empty());
        if let Some((_, other)) = better {
            platform.version.clone_from(&other.version);
        }
    }
    let expected = DISTRIBUTIONS.iter().find(|distribution| distribution.id == platform.id);
    let present: Vec<&&str> =
        formats.iter().filter(|name| FORMATS.iter().any(|(format, _)| format == *name)).collect();
    match (expected, present.as_slice()) {
        (Some(expected), [only, ..]) if !present.contains(&&expected.format) => {
            unread.push(Unread {
                path: (*path).clone(),
                reason: UnreadReason::Malformed,
                detail: format!(
                    "claims to be `{}`, but the packages are of format `{only}`: they are listed, not judged",
                    platform.id
                ),
            });
        }
        _ => platform.ecosystem = ecosystem_of(&platform),
    }
    Some(platform)
}

/// Gives OS packages the ecosystem of their platform. Without one, the format's own id stays, for which there
/// are no advisories.
pub fn assign(platform: Option<&Platform>, packages: &mut [Package]) {
    let Some(ecosystem) = platform.and_then(|platform| platform.ecosystem.as_ref()) else { return };
    let Some(format) = package_format(ecosystem) else { return };
    for package in packages.iter_mut().filter(|package| package.ecosystem.as_str() == format) {
        package.ecosystem = ecosystem.clone();
    }
}
