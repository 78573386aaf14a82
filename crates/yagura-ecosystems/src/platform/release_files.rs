//! The files that name an operating system.
//!
//! os-release is specified at <https://www.freedesktop.org/software/systemd/man/os-release.html>; the older
//! files are one line in whatever words the distribution chose.

use super::distribution::by_id;
use crate::{Cataloger, Found, Note};
use yagura_fs::{File, ReadError};
use yagura_model::{EcosystemId, Platform};

/// os-release itself.
pub static OS_RELEASE: OsRelease = OsRelease;
/// The files from before os-release.
pub static RELEASE_FILES: ReleaseFiles = ReleaseFiles;

/// Reads os-release.
pub struct OsRelease;
/// Reads `alpine-release`, `debian_version`, `redhat-release` and their like.
pub struct ReleaseFiles;

/// Longer values are no names or versions of a system.
const VALUE_BYTES: usize = 256;

/// Which file is believed first, when several tell.
pub fn rank(path: &str) -> usize {
    ["etc/os-release", "usr/lib/os-release"]
        .iter()
        .chain(ReleaseFiles.files())
        .position(|known| *known == path)
        .unwrap_or(usize::MAX)
}

impl Cataloger for OsRelease {
    fn id(&self) -> &'static str {
        "platform/os-release"
    }

    fn files(&self) -> &'static [&'static str] {
        &["etc/os-release", "usr/lib/os-release"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let value = |key: &str| {
            text.lines().rev().find_map(|line| {
                let (name, value) = line.trim().split_once('=')?;
                (name == key).then(|| unquoted(value))
            })
        };
        let value = |key: &str| value(key).filter(|value| value.len() <= VALUE_BYTES);
        let Some(id) = value("ID").filter(|id| !id.is_empty()) else {
            return Err(ReadError::malformed(file.path, format!("has no `ID` of 1 to {VALUE_BYTES} bytes")));
        };
        let mut version = value("VERSION_ID").unwrap_or_default();
        let name = value("PRETTY_NAME").unwrap_or_default();
        if version.is_empty() && id == "debian" {
            // Before a release is out, only its name is told: `Debian GNU/Linux trixie/sid`.
            let last = name.rsplit(' ').next().and_then(|word| word.split('/').next());
            version =
                value("VERSION_CODENAME").as_deref().or(last).and_then(debian_release).unwrap_or_default();
        }
        // `24.03 (LTS-SP1)`: the service pack is not in VERSION_ID.
        if id.eq_ignore_ascii_case("openEuler")
            && let Some((release, pack)) = value("VERSION").as_deref().and_then(|text| text.split_once(" ("))
        {
            version = format!("{release}-{}", pack.trim_end_matches(')'));
        }
        // Derivatives that install the packages of a release name that release.
        let ecosystem = match (by_id(&id), value("UBUNTU_CODENAME"), value("DEBIAN_CODENAME")) {
            // Red Hat's CoreOS has a version of its own, and the packages of a release of Enterprise Linux.
            (None, None, None) => value("RHEL_VERSION")
                .as_deref()
                .and_then(|release| release.split('.').next())
                .filter(|major| !major.is_empty() && major.bytes().all(|byte| byte.is_ascii_digit()))
                .map(|major| format!("Red Hat:{major}")),
            (None, Some(codename), _) => ubuntu_release(&codename).map(|release| format!("Ubuntu:{release}")),
            (None, None, Some(codename)) => {
                debian_release(&codename).map(|release| format!("Debian:{release}"))
            }
            _ => None,
        };
        found.notes.push(Note::Platform(Platform {
            id,
            version,
            name,
            like: value("ID_LIKE").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            cpe: value("CPE_NAME"),
            ecosystem: ecosystem.map(EcosystemId::from),
        }));
        Ok(())
    }
}

/// Shell quoting as os-release allows it: one level of quotes, backslash escapes inside.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inner = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value);
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        out.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    out
}

fn debian_release(codename: &str) -> Option<String> {
    const RELEASES: &[(&str, &str)] = &[
        ("forky", "14"),
        ("trixie", "13"),
        ("bookworm", "12"),
        ("bullseye", "11"),
        ("buster", "10"),
        ("stretch", "9"),
        ("jessie", "8"),
    ];
    RELEASES.iter().find(|(name, _)| *name == codename).map(|(_, release)| (*release).to_owned())
}

fn ubuntu_release(codename: &str) -> Option<&'static str> {
    const RELEASES: &[(&str, &str)] = &[
        ("trusty", "14.04"),
        ("xenial", "16.04"),
        ("bionic", "18.04"),
        ("focal", "20.04"),
        ("jammy", "22.04"),
        ("noble", "24.04"),
        ("plucky", "25.04"),
        ("questing", "25.10"),
        ("resolute", "26.04"),
    ];
    RELEASES.iter().find(|(name, _)| *name == codename).map(|(_, release)| *release)
}

impl Cataloger for ReleaseFiles {
    fn id(&self) -> &'static str {
        "platform/release-files"
    }

    fn files(&self) -> &'static [&'static str] {
        &[
            "etc/alpine-release",
            "etc/oracle-release",
            "etc/centos-release",
            "etc/rocky-release",
            "etc/almalinux-release",
            "etc/fedora-release",
            "etc/photon-release",
            "etc/mariner-release",
            "etc/azurelinux-release",
            "etc/system-release",
            "etc/redhat-release",
            "etc/SuSE-release",
            "etc/lsb-release",
            "etc/debian_version",
        ]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let line = text.lines().next().unwrap_or_default().trim();
        if line.len() > VALUE_BYTES {
            return Err(ReadError::malformed(
                file.path,
                format!("line 1 is longer than {VALUE_BYTES} bytes"),
            ));
        }
        // The lines after the first are assignments, where there are any.
        let value = |key: &str| {
            text.lines().find_map(|line| {
                let (name, value) = line.split_once('=')?;
                (name.trim() == key && value.len() <= VALUE_BYTES).then(|| unquoted(value))
            })
        };
        let id = match file.path.name() {
            "lsb-release" => match value("DISTRIB_ID").as_deref() {
                Some("Ubuntu") => Some("ubuntu"),
                _ => None,
            },
            "alpine-release" => Some("alpine"),
            "debian_version" => Some("debian"),
            _ => by_words(line),
        };
        let Some(id) = id else {
            found.notes.push(Note::Explained);
            return Ok(());
        };
        let version = match id {
            // `trixie/sid` has no number; `12.5` has one.
            "debian" => {
                debian_release(line.split('/').next().unwrap_or(line)).unwrap_or_else(|| number(line))
            }
            "alpine" => line.to_owned(),
            "ubuntu" => value("DISTRIB_RELEASE").unwrap_or_default(),
            // `VERSION = 12` and `PATCHLEVEL = 5`.
            "sles" => match value("PATCHLEVEL").filter(|level| level != "0") {
                Some(level) => format!("{}.{level}", number(line)),
                None => number(line),
            },
            _ => number(line),
        };
        found.notes.push(Note::Platform(Platform {
            id: id.to_owned(),
            version,
            name: line.to_owned(),
            ..Platform::default()
        }));
        Ok(())
    }
}

fn by_words(line: &str) -> Option<&'static str> {
    const WORDS: &[(&str, &str)] = &[
        ("Oracle Linux", "ol"),
        ("CentOS", "centos"),
        ("Rocky", "rocky"),
        ("AlmaLinux", "almalinux"),
        ("Fedora", "fedora"),
        ("Photon", "photon"),
        ("CBL-Mariner", "mariner"),
        ("Azure Linux", "azurelinux"),
        ("Amazon Linux", "amzn"),
        ("Red Hat", "rhel"),
        ("Scientific Linux", "scientific"),
        ("SUSE Linux Enterprise", "sles"),
        ("openSUSE", "opensuse-leap"),
    ];
    WORDS.iter().find(|(words, _)| line.contains(words)).map(|(_, id)| *id)
}

/// The first number of a line: `7.9.2009` of `CentOS Linux release 7.9.2009 (Core)`.
fn number(line: &str) -> String {
    line.split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn os_release_quotes_and_missing_versions() {
        let text = b"# comment\nNAME='Debian GNU/Linux'\nID=debian\nPRETTY_NAME=\"Debian \\\"sid\\\"\"\nVERSION_CODENAME=trixie\n";
        insta::assert_snapshot!(render(&read(&OS_RELEASE, "etc/os-release", text)), @r#"note {"platform":{"id":"debian","version":"13","name":"Debian \"sid\""}}"#);
        insta::assert_snapshot!(render(&read(&OS_RELEASE, "etc/os-release", b"NAME=x\n")), @"unread etc/os-release Malformed has no `ID` of 1 to 256 bytes");
    }

    #[test]
    fn older_files_are_understood() {
        for (path, text, expected) in [
            ("etc/alpine-release", "3.19.1\n", "alpine 3.19.1"),
            ("etc/debian_version", "12.5\n", "debian 12.5"),
            ("etc/debian_version", "trixie/sid\n", "debian 13"),
            ("etc/redhat-release", "CentOS Linux release 7.9.2009 (Core)\n", "centos 7.9.2009"),
            ("etc/system-release", "Amazon Linux release 2 (Karoo)\n", "amzn 2"),
            ("etc/redhat-release", "Something else 1\n", ""),
        ] {
            let found = read(&RELEASE_FILES, path, text.as_bytes());
            let told = found.notes.iter().find_map(|note| match note {
                Note::Platform(platform) => Some(format!("{} {}", platform.id, platform.version)),
                _ => None,
            });
            assert_eq!(told.unwrap_or_default(), expected, "{path} {text}");
        }
    }
}
