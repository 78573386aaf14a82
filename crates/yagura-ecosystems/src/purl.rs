//! Packages as purls and back. <https://github.com/package-url/purl-spec>
//!
//! The type of a purl is a fact of the ecosystem ([`Ecosystem::purl`](crate::Ecosystem::purl)); which namespace
//! belongs to which distribution is told here. Qualifiers carry what a purl's name and version cannot: `arch`,
//! `distro` (selects the advisories, R-218), `epoch` of RPMs, `rpmmod`, `upstream` for the source package, and
//! `vcs_url` for the commit. Left out: subpaths, checksums, repository and download addresses.

use crate::platform::{ecosystem_of, package_format};
use crate::{ECOSYSTEMS, ecosystem};
use packageurl::PackageUrl;
use std::str::FromStr;
use yagura_model::{EcosystemId, Location, Package, Platform, SourcePackage, TreePath};

/// Why a text is not a purl.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a purl: {reason}")]
pub struct BadPurl {
    /// The text, cut after 200 characters.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

/// One distribution in purls.
struct Distribution {
    /// Its ecosystem without release.
    ecosystem: &'static str,
    /// The os-release id, which `distro` starts with.
    id: &'static str,
    /// The namespaces it appears under; the first is written.
    namespaces: &'static [&'static str],
}

/// Distributions by purl namespace. Tools disagree: some write the os-release id, some the vendor.
const DISTRIBUTIONS: &[Distribution] = &[
    Distribution { ecosystem: "AlmaLinux", id: "almalinux", namespaces: &["almalinux", "alma"] },
    Distribution { ecosystem: "Alpaquita", id: "alpaquita", namespaces: &["alpaquita"] },
    Distribution { ecosystem: "Alpine", id: "alpine", namespaces: &["alpine"] },
    Distribution { ecosystem: "Amazon Linux", id: "amzn", namespaces: &["amzn", "amazon", "amazonlinux"] },
    Distribution { ecosystem: "Arch", id: "arch", namespaces: &["arch"] },
    Distribution {
        ecosystem: "Azure Linux",
        id: "azurelinux",
        namespaces: &["azurelinux", "mariner", "cbl-mariner"],
    },
    Distribution { ecosystem: "Chainguard", id: "chainguard", namespaces: &["chainguard"] },
    Distribution { ecosystem: "Debian", id: "debian", namespaces: &["debian"] },
    Distribution { ecosystem: "Echo", id: "echo", namespaces: &["echo"] },
    Distribution { ecosystem: "Fedora", id: "fedora", namespaces: &["fedora"] },
    Distribution { ecosystem: "Mageia", id: "mageia", namespaces: &["mageia"] },
    Distribution { ecosystem: "MinimOS", id: "minimos", namespaces: &["minimos"] },
    Distribution { ecosystem: "Oracle Linux", id: "ol", namespaces: &["ol", "oracle", "oraclelinux"] },
    Distribution { ecosystem: "Photon OS", id: "photon", namespaces: &["photon"] },
    Distribution { ecosystem: "Red Hat", id: "rhel", namespaces: &["redhat", "rhel", "centos"] },
    Distribution { ecosystem: "Rocky Linux", id: "rocky", namespaces: &["rocky", "rockylinux"] },
    Distribution { ecosystem: "SUSE", id: "sles", namespaces: &["suse", "sles", "sled"] },
    Distribution { ecosystem: "Ubuntu", id: "ubuntu", namespaces: &["ubuntu"] },
    Distribution { ecosystem: "Wolfi", id: "wolfi", namespaces: &["wolfi"] },
    Distribution { ecosystem: "openEuler", id: "openeuler", namespaces: &["openeuler"] },
    Distribution {
        ecosystem: "openSUSE",
        id: "opensuse-leap",
        namespaces: &["opensuse", "opensuse-leap", "opensuse.leap"],
    },
];

/// Names that stand for releases in `distro`.
const CODENAMES: &[(&str, &str)] = &[
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("xenial", "16.04"),
    ("bionic", "18.04"),
    ("focal", "20.04"),
    ("jammy", "22.04"),
    ("noble", "24.04"),
];

/// The purl of a package, in canonical spelling. Packages of unknown ecosystems are `generic`.
pub fn purl(package: &Package) -> String {
    let format = package_format(&package.ecosystem);
    let kind = match format {
        Some("apk") => "apk",
        Some("dpkg") => "deb",
        Some("pacman") => "alpm",
        Some("rpm") => "rpm",
        _ => ecosystem(&package.ecosystem).map_or("generic", |ecosystem| ecosystem.purl),
    };
    let distribution =
        DISTRIBUTIONS.iter().find(|distribution| distribution.ecosystem == package.ecosystem.base());
    let mut out = format!("pkg:{kind}/");
    if format.is_some() {
        if let Some(distribution) = distribution {
            out.push_str(distribution.namespaces.first().copied().unwrap_or_default());
            out.push('/');
        }
        encode(&mut out, &package.name, b"");
    } else {
        write_name(&mut out, kind, package);
    }
    let (epoch, version) = match package.version.split_once(':') {
        Some((epoch, version)) if kind == "rpm" => (Some(epoch), version),
        _ => (None, package.version.as_str()),
    };
    if !version.is_empty() {
        out.push('@');
        encode(&mut out, version, b":");
    }
    let distro = distribution.and_then(|distribution| {
        let release = package.ecosystem.release()?.trim_start_matches('v');
        Some(format!("{}-{release}", distribution.id))
    });
    let upstream = package.source.as_ref().map(|source| {
        if source.version == package.version || source.version.is_empty() {
            source.name.clone()
        } else {
            format!("{}@{}", source.name, source.version)
        }
    });
    let qualifiers = [
        ("arch", package.arch.as_deref()),
        ("distro", distro.as_deref()),
        ("epoch", epoch.filter(|epoch| *epoch != "0")),
        ("rpmmod", package.module.as_deref()),
        ("upstream", upstream.as_deref().filter(|upstream| *upstream != package.name)),
        ("vcs_url", package.commit.as_deref()),
    ];
    let mut separator = '?';
    for (key, value) in qualifiers {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            out.push(separator);
            out.push_str(key);
            out.push('=');
            encode(&mut out, value, b":");
            separator = '&';
        }
    }
    out
}

/// Writes namespace and name of a language package.
fn write_name(out: &mut String, kind: &str, package: &Package) {
    let name = match kind {
        "maven" => std::borrow::Cow::Owned(package.name.replacen(':', "/", 1)),
        // The specification wants these in the spelling that is compared.
        "composer" | "githubactions" | "pypi" | "swift" => {
            crate::normalize(&package.ecosystem, &package.name)
        }
        _ => std::borrow::Cow::Borrowed(package.name.as_str()),
    };
    for (index, part) in name.split('/').filter(|part| !part.is_empty()).enumerate() {
        if index > 0 {
            out.push('/');
        }
        encode(out, part, b"");
    }
}

/// Percent-encodes everything that is not a letter, a digit, one of `.-_~` or in `plain`.
fn encode(out: &mut String, text: &str, plain: &[u8]) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~".contains(&byte) || plain.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// The package that a purl names, without a location. The version is empty when the purl has none.
/// Types that no ecosystem claims become the ecosystem, so that such packages are listed although nothing is
/// known about them.
///
/// # Errors
/// [`BadPurl`] for texts that the specification does not accept.
pub fn from_purl(text: &str) -> Result<Package, BadPurl> {
    let bad = |reason: String| BadPurl { text: text.chars().take(200).collect(), reason };
    let parsed = PackageUrl::from_str(text).map_err(|error| bad(error.to_string()))?;
    let qualifier =
        |key: &str| parsed.qualifiers().get(key).map(|value| &**value).filter(|value| !value.is_empty());
    let kind = parsed.ty().to_ascii_lowercase();
    let version = parsed.version().unwrap_or_default();
    let nowhere = Location::path(TreePath::default());
    let format = match kind.as_str() {
        "deb" => Some("dpkg"),
        "alpm" => Some("pacman"),
        "apk" | "rpm" => Some(kind.as_str()),
        _ => None,
    };
    let Some(format) = format else {
        let name = match (parsed.namespace(), kind.as_str()) {
            (Some(namespace), "maven") => format!("{namespace}:{}", parsed.name()),
            (Some(namespace), _) => format!("{namespace}/{}", parsed.name()),
            (None, _) => parsed.name().to_owned(),
        };
        let mut package = Package::new(language(&kind), name, version, nowhere);
        package.commit = qualifier("vcs_url").and_then(commit).map(str::to_owned);
        return Ok(package);
    };
    let namespace = parsed.namespace().unwrap_or_default().to_ascii_lowercase();
    let ecosystem =
        distribution(&namespace, qualifier("distro")).unwrap_or_else(|| EcosystemId::from(format));
    let version = match qualifier("epoch") {
        Some(epoch) if !version.contains(':') && epoch != "0" => format!("{epoch}:{version}"),
        _ => version.to_owned(),
    };
    let mut package = Package::new(ecosystem, parsed.name(), version, nowhere);
    package.arch = qualifier("arch").map(str::to_owned);
    package.module = ["rpmmod", "modularitylabel"].into_iter().find_map(qualifier).map(str::to_owned);
    package.source = qualifier("upstream").map(|upstream| source(upstream, &package));
    package.commit = qualifier("vcs_url").and_then(commit).map(str::to_owned);
    Ok(package)
}

/// The ecosystem of a purl type.
fn language(kind: &str) -> EcosystemId {
    // Actions are repositories, and some tools say only that.
    let kind = if kind == "github" { "githubactions" } else { kind };
    match ECOSYSTEMS.iter().find(|ecosystem| ecosystem.purl == kind && kind != "generic") {
        Some(ecosystem) => EcosystemId::from(ecosystem.id),
        None => EcosystemId::from(kind),
    }
}

/// The ecosystem of an OS package. `distro` is `debian-12`, `12.5`, `bookworm` or `debian-bookworm`, depending
/// on the tool.
fn distribution(namespace: &str, distro: Option<&str>) -> Option<EcosystemId> {
    let distro = distro.unwrap_or_default();
    let (prefix, release) = match distro.rsplit_once('-') {
        Some((prefix, release)) => (prefix, release),
        None if distro.starts_with(|c: char| c.is_ascii_digit()) => ("", distro),
        None => match CODENAMES.iter().find(|(name, _)| *name == distro) {
            Some(_) => ("", distro),
            None => (distro, ""),
        },
    };
    // `2 (Karoo)` of Amazon Linux.
    let release = release.split(' ').next().unwrap_or(release);
    let release = CODENAMES.iter().find(|(name, _)| *name == release).map_or(release, |(_, number)| number);
    let known = |name: &str| {
        DISTRIBUTIONS
            .iter()
            .find(|distribution| distribution.id == name || distribution.namespaces.contains(&name))
    };
    // `suse` is the namespace of openSUSE, too; `distro` tells them apart.
    let distribution = known(prefix).or_else(|| known(namespace))?;
    if release.is_empty() {
        return Some(EcosystemId::from(distribution.ecosystem));
    }
    let platform =
        Platform { id: distribution.id.to_owned(), version: release.to_owned(), ..Platform::default() };
    ecosystem_of(&platform).or_else(|| Some(EcosystemId::from(distribution.ecosystem)))
}

/// `name@version`, `name`, or the file name of a source RPM.
fn source(upstream: &str, package: &Package) -> SourcePackage {
    if let Some((name, version, release)) = upstream.strip_suffix(".src.rpm").and_then(|stem| {
        let (rest, release) = stem.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        Some((name, version, release))
    }) {
        let epoch = package.version.split_once(':').map(|(epoch, _)| format!("{epoch}:")).unwrap_or_default();
        return SourcePackage { name: name.to_owned(), version: format!("{epoch}{version}-{release}") };
    }
    match upstream.split_once('@') {
        Some((name, version)) => SourcePackage { name: name.to_owned(), version: version.to_owned() },
        None => SourcePackage { name: upstream.to_owned(), version: package.version.clone() },
    }
}

/// The commit of `git+https://example.org/x.git@<commit>`, or the value itself when it is one.
fn commit(vcs_url: &str) -> Option<&str> {
    let commit = vcs_url.rsplit_once('@').map_or(vcs_url, |(_, commit)| commit);
    (commit.len() >= 7 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(ecosystem: &str, name: &str, version: &str) -> Package {
        Package::new(ecosystem, name, version, Location::path(TreePath::default()))
    }

    #[test]
    fn packages_survive_the_way_to_a_purl_and_back() {
        let mut openssl = package("Debian:12", "libssl3", "3.0.11-1~deb12u2");
        openssl.arch = Some("amd64".to_owned());
        openssl.source =
            Some(SourcePackage { name: "openssl".to_owned(), version: "3.0.11-1~deb12u2".to_owned() });
        let mut module = package("Red Hat:8", "npm", "1:8.19.4-1.el8");
        module.module = Some("nodejs:18:8060020220523160029:ad008a3a".to_owned());
        let packages = [
            openssl,
            module,
            package("Ubuntu:22.04", "vim", "2:8.2.3995-1ubuntu2"),
            package("Alpine:v3.19", "busybox", "1.36.1-r15"),
            package("Wolfi", "glibc", "2.38-r1"),
            package("Amazon Linux:2023", "bash", "5.2.15-1.amzn2023.0.2"),
            package("npm", "@angular/core", "17.0.0"),
            package("PyPI", "requests", "2.31.0"),
            package("Packagist", "symfony/http-kernel", "v5.4.20"),
            package("NuGet", "Newtonsoft.Json", "13.0.1"),
            package("RubyGems", "rack", "2.2.3"),
            package("SwiftURL", "github.com/apple/swift-nio", "2.40.0"),
        ];
        let mut lines = Vec::new();
        for package in &packages {
            let text = purl(package);
            assert_eq!(&from_purl(&text).unwrap(), package, "{text}");
            lines.push(text);
        }
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn other_tools_spell_distributions_differently() {
        for (text, ecosystem, version) in [
            ("pkg:deb/debian/apt@2.6.1?arch=amd64&distro=debian-12.5", "Debian:12", "2.6.1"),
            ("pkg:deb/debian/attr@1%3A2.4.47-2?distro=bookworm", "Debian:12", "1:2.4.47-2"),
            ("pkg:deb/debian/attr@2.4.47-2?distro=debian-bookworm&epoch=1", "Debian:12", "1:2.4.47-2"),
            ("pkg:deb/ubuntu/apt@2.4.8?distro=ubuntu-22.04", "Ubuntu:22.04", "2.4.8"),
            ("pkg:rpm/redhat/bash@5.1.8-4.el9?distro=redhat-9.0", "Red Hat:9", "5.1.8-4.el9"),
            ("pkg:rpm/amzn/bash@5.2?distro=amzn-2023&epoch=0", "Amazon Linux:2023", "5.2"),
            ("pkg:rpm/amazon/bash@5.2?distro=amazon-2%20%28Karoo%29", "Amazon Linux:2", "5.2"),
            ("pkg:apk/alpine/musl@1.2.4?distro=3.19.1", "Alpine:v3.19", "1.2.4"),
            ("pkg:apk/wolfi/musl@1.2.4?distro=20230201", "Wolfi", "1.2.4"),
            ("pkg:deb/debian/apt@2.6.1", "Debian", "2.6.1"),
            ("pkg:rpm/unheard-of/bash@5.1", "rpm", "5.1"),
            ("pkg:github/actions/checkout@v4", "GitHub Actions", "v4"),
            ("pkg:generic/openssl@1.1.1", "generic", "1.1.1"),
        ] {
            let package = from_purl(text).unwrap();
            assert_eq!(
                (package.ecosystem.as_str(), package.version.as_str()),
                (ecosystem, version),
                "{text}"
            );
        }
    }

    #[test]
    fn source_packages_come_from_upstream() {
        let package =
            from_purl("pkg:rpm/rhel/libssh@0.9.6-10.el8?epoch=1&upstream=libssh-0.9.6-10.el8.src.rpm");
        let source = package.unwrap().source.unwrap();
        assert_eq!((source.name.as_str(), source.version.as_str()), ("libssh", "1:0.9.6-10.el8"));
        let package = from_purl("pkg:deb/debian/libc6@2.36-9?upstream=glibc%402.36-8").unwrap();
        assert_eq!(package.source.unwrap().version, "2.36-8");
    }

    #[test]
    fn what_is_no_purl_is_refused_with_the_reason() {
        for text in ["", "npm/foo@1", "pkg:", "pkg:npm", "pkg:npm/", "http://example.org", "pkg:n?m/x@1"] {
            assert!(from_purl(text).is_err(), "{text}");
        }
    }
}
