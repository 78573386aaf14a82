//! The operating system: what identifies it, which ecosystem its packages belong to, and until when it is
//! supported.

mod distribution;
mod end_of_life;
mod release_files;

pub use distribution::{
    DISTRIBUTIONS, Distribution, Precision, base as canonical_base, release as canonical_release,
};
pub use end_of_life::{DATES, end_of_life, platform_end_of_life};
pub use release_files::{OS_RELEASE, RELEASE_FILES};

use std::collections::BTreeSet;
use yagura_model::{EcosystemId, Package, Platform, TreePath, Unread, UnreadReason};

/// Ids of package formats, which catalogers of package databases use as the ecosystem until the platform is
/// known.
const FORMATS: &[&str] = &["apk", "bottlerocket", "dpkg", "opkg", "pacman", "portage", "rpm"];

/// The package format of an OS package's ecosystem id: `dpkg` of `Debian:12`, of `dpkg`, and of `Ubuntu:22.04`.
/// `None` for languages.
pub fn package_format(id: &EcosystemId) -> Option<&'static str> {
    let base = id.base();
    DISTRIBUTIONS
        .iter()
        .find(|distribution| distribution.ecosystem == Some(base))
        .map(|distribution| distribution.format)
        .or_else(|| FORMATS.iter().find(|format| **format == base).copied())
}

/// The ecosystem of a platform's packages. `None` for distributions without advisories here.
pub fn ecosystem_of(platform: &Platform) -> Option<EcosystemId> {
    // Told by os-release already, for derivatives that name the release they share packages with.
    if platform.ecosystem.is_some() {
        return platform.ecosystem.clone();
    }
    let distribution = distribution::by_id(&platform.id)?;
    let ecosystem = distribution.ecosystem?;
    Some(match distribution.release_of(platform) {
        Some(release) => EcosystemId::from(format!("{ecosystem}:{release}")),
        None => EcosystemId::from(ecosystem),
    })
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

/// The extended support streams of Red Hat that a package's version can be from, by the minor release that it was
/// built for (`.el9_2`, `+el8.6.0+`): their advisories tell fixes that the newest minor release brings later, under
/// other versions.
pub fn streams(id: &EcosystemId, version: &str) -> Vec<EcosystemId> {
    const KINDS: &[&str] = &["rhel_aus", "rhel_e4s", "rhel_eus", "rhel_eus_long_life", "rhel_tus"];
    let Some(major) = id.release().filter(|_| id.base() == "Red Hat") else { return Vec::new() };
    let after = |mark: String| version.split_once(mark.as_str()).map(|(_, rest)| rest);
    let minor = after(format!(".el{major}_")).or_else(|| after(format!("+el{major}.")));
    let minor = minor.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    match minor.filter(|minor| !minor.is_empty()) {
        Some(minor) => KINDS.iter().map(|kind| format!("Red Hat:{kind}:{major}.{minor}").into()).collect(),
        None => Vec::new(),
    }
}

/// True for the ecosystem of an extended support stream.
pub fn is_stream(ecosystem: &str) -> bool {
    ecosystem.starts_with("Red Hat:rhel_")
}

/// Picks the platform from what the files of a root say, repairing what is missing, and reports when they
/// contradict the package databases that were found.
pub fn choose(
    told: &[(&TreePath, &Platform)],
    formats: &BTreeSet<&str>,
    unread: &mut Vec<Unread>,
) -> Option<Platform> {
    let mut told = told.to_vec();
    told.sort_by_key(|(path, _)| release_files::rank(path.as_str()));
    let (path, first) = *told.first()?;
    let mut platform = first.clone();
    // Debian testing and sid have no VERSION_ID; other files may still name the release.
    if platform.version.is_empty()
        && let Some((_, other)) =
            told.iter().find(|(_, other)| other.id == platform.id && !other.version.is_empty())
    {
        platform.version.clone_from(&other.version);
    }
    let present: Vec<&str> = FORMATS.iter().copied().filter(|format| formats.contains(format)).collect();
    let claimed = format_of(&platform);
    let Some((claimed, only)) = claimed.zip(present.first()) else {
        platform.ecosystem = ecosystem_of(&platform);
        return Some(platform);
    };
    if present.contains(&claimed) {
        platform.ecosystem = ecosystem_of(&platform);
        return Some(platform);
    }
    let claim = format!("claims to be `{}`, but the packages are of format `{only}`", platform.id);
    let other =
        told.iter().find(|(_, other)| format_of(other).is_some_and(|format| present.contains(&format)));
    let (detail, chosen) = match other {
        Some((witness, other)) => {
            let mut other = (*other).clone();
            other.ecosystem = ecosystem_of(&other);
            (format!("{claim}: `{witness}` is believed instead"), other)
        }
        None => {
            platform.ecosystem = None;
            (format!("{claim}: they are listed, not judged"), platform)
        }
    };
    unread.push(Unread { path: path.clone(), reason: UnreadReason::Malformed, detail });
    Some(chosen)
}

/// The package format that a platform must have.
fn format_of(platform: &Platform) -> Option<&'static str> {
    match &platform.ecosystem {
        Some(ecosystem) => package_format(ecosystem),
        None => distribution::by_id(&platform.id).map(|distribution| distribution.format),
    }
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

#[cfg(test)]
mod tests;
