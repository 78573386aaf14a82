//! The distributions that are known by name, and how their releases are spelled.
//!
//! Advisories and packages meet in one spelling of an ecosystem id: OSV's base name, and the shortest text that
//! names the release. [`base`] and [`release`] bring every spelling that feeds, SBOMs and os-release use there.

use std::borrow::Cow;
use yagura_model::Platform;

/// One distribution.
pub struct Distribution {
    /// `ID` of os-release.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    /// `apk`, `dpkg`, `rpm`, `pacman`, …
    pub format: &'static str,
    /// Whose advisories speak about its packages; `None` for an inventory alone.
    pub ecosystem: Option<&'static str>,
    /// How `VERSION_ID` names the release.
    pub precision: Precision,
}

/// How much of a version names a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// There are no releases: `Wolfi`.
    Rolling,
    /// The only release has a name: `openSUSE:Tumbleweed`.
    Named(&'static str),
    /// `9` of `9.4`.
    Major,
    /// `15.5`, `22.04`.
    Minor,
    /// `Micro 5.5` of SUSE.
    Micro,
    /// `v3.19` of `3.19.1`, `edge` for the rolling branch.
    Alpine,
    /// The Alpine release that a postmarketOS release is built on.
    PostmarketOs,
}

macro_rules! distributions {
    ($($format:literal => { $($id:literal $name:literal $ecosystem:expr, $precision:expr;)+ })+) => {
        /// Every distribution that is known, by package format and id. Others are listed under their format.
        pub const DISTRIBUTIONS: &[Distribution] = &[$($(Distribution {
            id: $id,
            name: $name,
            format: $format,
            ecosystem: $ecosystem,
            precision: $precision,
        },)+)+];
    };
}

use Precision::{Alpine, Major, Micro, Minor, Named, PostmarketOs, Rolling};

distributions! {
    "apk" => {
        "alpaquita" "Alpaquita Linux" Some("Alpaquita"), Minor;
        "alpine" "Alpine Linux" Some("Alpine"), Alpine;
        "chainguard" "Chainguard OS" Some("Chainguard"), Rolling;
        "minimos" "MinimOS" Some("MinimOS"), Rolling;
        "postmarketos" "postmarketOS" Some("Alpine"), PostmarketOs;
        "wolfi" "Wolfi" Some("Wolfi"), Rolling;
    }
    "bottlerocket" => {
        "bottlerocket" "Bottlerocket" Some("Bottlerocket"), Rolling;
    }
    "dpkg" => {
        "debian" "Debian" Some("Debian"), Major;
        "devuan" "Devuan" None, Rolling;
        "echo" "Echo" Some("Echo"), Rolling;
        "kali" "Kali Linux" None, Rolling;
        "raspbian" "Raspberry Pi OS (32 bit)" None, Rolling;
        "ubuntu" "Ubuntu" Some("Ubuntu"), Minor;
    }
    "opkg" => {
        "openwrt" "OpenWrt" None, Rolling;
    }
    "pacman" => {
        "arch" "Arch Linux" Some("Arch"), Rolling;
        "archarm" "Arch Linux ARM" None, Rolling;
        "manjaro" "Manjaro" None, Rolling;
    }
    "portage" => {
        "gentoo" "Gentoo" None, Rolling;
    }
    "rpm" => {
        "almalinux" "AlmaLinux" Some("AlmaLinux"), Major;
        "amzn" "Amazon Linux" Some("Amazon Linux"), Minor;
        "azurelinux" "Azure Linux" Some("Azure Linux"), Major;
        "centos" "CentOS" Some("Red Hat"), Major;
        "fedora" "Fedora" Some("Fedora"), Major;
        "mariner" "CBL-Mariner" Some("Azure Linux"), Major;
        "mageia" "Mageia" Some("Mageia"), Major;
        "ol" "Oracle Linux" Some("Oracle Linux"), Major;
        "openEuler" "openEuler" Some("openEuler"), Minor;
        "opensuse" "openSUSE 42 and older" Some("openSUSE"), Minor;
        "opensuse-leap" "openSUSE Leap" Some("openSUSE"), Minor;
        "opensuse-leap-micro" "openSUSE Leap Micro" Some("openSUSE"), Micro;
        "opensuse-microos" "openSUSE MicroOS" Some("openSUSE"), Named("Tumbleweed");
        "opensuse-tumbleweed" "openSUSE Tumbleweed" Some("openSUSE"), Named("Tumbleweed");
        "photon" "Photon OS" Some("Photon OS"), Minor;
        "rhel" "Red Hat Enterprise Linux" Some("Red Hat"), Major;
        "rocky" "Rocky Linux" Some("Rocky Linux"), Major;
        "scientific" "Scientific Linux" Some("Red Hat"), Major;
        "sl-micro" "SUSE Linux Micro" Some("SUSE"), Micro;
        "sle_hpc" "SUSE Linux Enterprise High Performance Computing" Some("SUSE"), Minor;
        "sle-micro" "SUSE Linux Enterprise Micro" Some("SUSE"), Micro;
        "sled" "SUSE Linux Enterprise Desktop" Some("SUSE"), Minor;
        "sles" "SUSE Linux Enterprise Server" Some("SUSE"), Minor;
        "sles_sap" "SUSE Linux Enterprise Server for SAP" Some("SUSE"), Minor;
    }
}

/// The distribution of an os-release id.
pub fn by_id(id: &str) -> Option<&'static Distribution> {
    DISTRIBUTIONS.iter().find(|distribution| distribution.id.eq_ignore_ascii_case(id))
}

impl Distribution {
    /// The release of a platform in canonical spelling; `None` where releases have no name or it is not told.
    pub fn release_of(&self, platform: &Platform) -> Option<String> {
        let version = platform.version.trim();
        let text = match self.precision {
            Rolling => return None,
            Named(name) => name.to_owned(),
            // A rolling CentOS Stream precedes the minor releases of the same major one.
            Major => version.split('.').next().unwrap_or_default().to_owned(),
            Minor => version.to_owned(),
            Micro if version.is_empty() => String::new(),
            Micro => format!("Micro {version}"),
            Alpine => alpine_branch(version),
            PostmarketOs => postmarketos_base(version).to_owned(),
        };
        let text = release(self.ecosystem.unwrap_or_default(), &text).into_owned();
        (!text.is_empty()).then_some(text)
    }
}

/// `3.19.1` is of branch `v3.19`; pre-releases like `3.21.0_alpha20240807` are of `edge`.
fn alpine_branch(version: &str) -> String {
    if version.contains('_') || !version.starts_with(|c: char| c.is_ascii_digit()) {
        return "edge".to_owned();
    }
    let branch: Vec<&str> = version.split('.').take(2).collect();
    format!("v{}", branch.join("."))
}

fn postmarketos_base(version: &str) -> &'static str {
    const RELEASES: &[(&str, &str)] = &[
        ("22.06", "v3.16"),
        ("22.12", "v3.17"),
        ("23.06", "v3.18"),
        ("23.12", "v3.19"),
        ("24.06", "v3.20"),
        ("24.12", "v3.21"),
        ("25.06", "v3.22"),
        ("25.12", "v3.23"),
    ];
    let version = version.trim_start_matches('v');
    RELEASES.iter().find(|(known, _)| *known == version).map_or("edge", |(_, base)| base)
}

/// The base name that is compared: sources disagree on a few.
pub fn base(name: &str) -> &str {
    match name {
        "CBL-Mariner" | "Mariner" | "AzureLinux" => "Azure Linux",
        "AmazonLinux" | "Amazon" => "Amazon Linux",
        "CentOS" | "RHEL" | "RedHat" => "Red Hat",
        "Rocky" | "RockyLinux" => "Rocky Linux",
        "Alma" => "AlmaLinux",
        "Minimos" | "minimos" => "MinimOS",
        "Oracle" | "OracleLinux" => "Oracle Linux",
        "Photon" => "Photon OS",
        "SUSE Linux Enterprise Server" | "SLES" => "SUSE",
        "Arch Linux" => "Arch",
        name => name,
    }
}

/// The spelling of an ecosystem's release that is compared.
pub fn release<'a>(ecosystem: &str, text: &'a str) -> Cow<'a, str> {
    match ecosystem {
        // `22.04:LTS` and `Pro:22.04:LTS`; `Pro:FIPS:22.04:LTS` stays apart.
        "Ubuntu" => Cow::Borrowed(text.strip_suffix(":LTS").unwrap_or(text)),
        "Red Hat" => red_hat(text),
        "SUSE" | "openSUSE" => suse(text),
        "Alpine" if text.starts_with(|c: char| c.is_ascii_digit()) => Cow::Owned(format!("v{text}")),
        // Amazon Linux 1 is one stream of packages, whatever its image was called: `2017.09`.
        "Amazon Linux" if text.len() == 7 && text.get(..2) == Some("20") && text.contains('.') => {
            Cow::Borrowed("2018.03")
        }
        "Amazon Linux" | "AlmaLinux" | "Azure Linux" | "Debian" | "Fedora" | "Mageia" | "Oracle Linux"
        | "Rocky Linux"
            if text.starts_with(|c: char| c.is_ascii_digit()) && text != "2018.03" =>
        {
            Cow::Borrowed(text.split('.').next().unwrap_or(text))
        }
        "Photon OS" if !text.contains('.') && !text.is_empty() => Cow::Owned(format!("{text}.0")),
        _ => Cow::Borrowed(text),
    }
}

/// `enterprise_linux:9::baseos` names a product by CPE. Extended streams (`rhel_eus:9.2`) stay apart:
/// their fixes are not those of the release.
fn red_hat(text: &str) -> Cow<'_, str> {
    // What follows the second colons is a repository of the product.
    let text = text.split_once("::").map_or(text, |(product, _)| product);
    let version = text.strip_prefix("enterprise_linux:").unwrap_or(text);
    match version.split_once('.') {
        _ if !version.starts_with(|c: char| c.is_ascii_digit()) => Cow::Borrowed(text),
        Some((major, _)) => Cow::Borrowed(major),
        None => Cow::Borrowed(version),
    }
}

/// `Linux Enterprise Server 15 SP5`, `Linux Enterprise Module for Basesystem 15 SP5` and
/// `Linux Enterprise Server 15 SP5-LTSS` are products over the packages of one release, `15.5`. `Leap 15.5` is
/// `15.5` of openSUSE. Micro has packages of its own.
fn suse(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix("Leap ").unwrap_or(text);
    let Some(product) = text.strip_prefix("Linux ") else { return Cow::Borrowed(text) };
    if let Some(micro) = product.strip_prefix("Enterprise ").unwrap_or(product).strip_prefix("Micro ") {
        return Cow::Owned(format!("Micro {micro}"));
    }
    let product = ["-LTSS", "-ESPOS", "-TERADATA", "-CLIENT-TOOLS"]
        .iter()
        .fold(product, |product, suffix| product.split(suffix).next().unwrap_or(product));
    let words: Vec<&str> = product.split(' ').collect();
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    match words.as_slice() {
        [.., version, pack] if is_number(version) && pack.starts_with("SP") => {
            Cow::Owned(format!("{version}.{}", pack.trim_start_matches("SP")))
        }
        [.., version] if is_number(version) => Cow::Owned((*version).to_owned()),
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use crate::{ECOSYSTEMS, canonical};
    use yagura_model::EcosystemId;

    #[test]
    fn every_spelling_of_a_release_is_one() {
        for (given, expected) in [
            ("Ubuntu:22.04:LTS", "Ubuntu:22.04"),
            ("Ubuntu:Pro:22.04:LTS", "Ubuntu:Pro:22.04"),
            ("Ubuntu:Pro:FIPS:22.04:LTS", "Ubuntu:Pro:FIPS:22.04"),
            ("Ubuntu:25.10", "Ubuntu:25.10"),
            ("Red Hat:enterprise_linux:9::baseos", "Red Hat:9"),
            ("Red Hat:rhel_eus:9.2::baseos", "Red Hat:rhel_eus:9.2"),
            ("CentOS:8", "Red Hat:8"),
            ("SUSE:Linux Enterprise Server 15 SP5", "SUSE:15.5"),
            ("SUSE:Linux Enterprise Server 15", "SUSE:15"),
            ("SUSE:Linux Enterprise Module for Basesystem 15 SP5", "SUSE:15.5"),
            ("SUSE:Linux Enterprise High Performance Computing 15 SP4-LTSS", "SUSE:15.4"),
            ("SUSE:Linux Enterprise Micro 5.5", "SUSE:Micro 5.5"),
            ("SUSE Linux Enterprise Server:15.5", "SUSE:15.5"),
            ("SUSE:Manager Server 4.3", "SUSE:Manager Server 4.3"),
            ("openSUSE:Leap 15.5", "openSUSE:15.5"),
            ("openSUSE:Tumbleweed", "openSUSE:Tumbleweed"),
            ("Alpine:v3.19", "Alpine:v3.19"),
            ("Alpine:3.19", "Alpine:v3.19"),
            ("Alpine:edge", "Alpine:edge"),
            ("Debian:12", "Debian:12"),
            ("Debian:12.5", "Debian:12"),
            ("AlmaLinux:9.4", "AlmaLinux:9"),
            ("Rocky Linux:9", "Rocky Linux:9"),
            ("Azure Linux:3.0", "Azure Linux:3"),
            ("Mariner:2", "Azure Linux:2"),
            ("CBL-Mariner:2.0", "Azure Linux:2"),
            ("Photon OS:5", "Photon OS:5.0"),
            ("Amazon Linux:2", "Amazon Linux:2"),
            ("Amazon Linux:2023.4.20240401", "Amazon Linux:2023"),
            ("Amazon Linux:2017.09", "Amazon Linux:2018.03"),
            ("npm", "npm"),
        ] {
            assert_eq!(canonical(&EcosystemId::from(given)).as_str(), expected, "{given}");
            assert_eq!(canonical(&EcosystemId::from(expected)).as_str(), expected, "twice: {given}");
        }
    }

    #[test]
    fn distributions_with_advisories_are_registered_ecosystems() {
        for distribution in super::DISTRIBUTIONS {
            let Some(id) = distribution.ecosystem else { continue };
            assert!(ECOSYSTEMS.iter().any(|ecosystem| ecosystem.id == id), "{}", distribution.id);
        }
    }
}
