//! What the lines of an inventory mean.

use super::{Entry, Reported};
use yagura_model::{Location, Package, Platform, SourcePackage, TreePath, Unread, UnreadReason};

/// Where packages of an inventory are found: there is no file.
const PLACE: &str = "AWS:Application";

/// Beginnings of platform names, and the ids that os-release uses for them. The longer ones come first.
const PLATFORMS: &[(&str, &str)] = &[
    ("alibaba cloud linux", "alinux"),
    ("almalinux", "almalinux"),
    ("amazon linux", "amzn"),
    ("bottlerocket", "bottlerocket"),
    ("centos", "centos"),
    ("debian", "debian"),
    ("fedora", "fedora"),
    ("microsoft windows", "windows"),
    ("opensuse leap", "opensuse-leap"),
    ("oracle linux", "ol"),
    ("raspbian", "raspbian"),
    ("red hat", "rhel"),
    ("rocky linux", "rocky"),
    ("sles", "sles"),
    ("suse linux enterprise server", "sles"),
    ("ubuntu", "ubuntu"),
    ("windows", "windows"),
    ("macos", "macos"),
];

/// The platform of an agent's words: `Ubuntu` and `22.04`, `Red Hat Enterprise Linux` and `9.2`.
pub fn platform(name: &str, version: &str) -> Platform {
    let lower = name.to_lowercase();
    let known = PLATFORMS.iter().find(|(beginning, _)| lower.starts_with(beginning)).map(|(_, id)| *id);
    let id = known.map_or_else(|| lower.split(' ').next().unwrap_or_default().to_owned(), str::to_owned);
    Platform {
        id,
        version: version.trim().to_owned(),
        name: format!("{name} {version}").trim().to_owned(),
        ..Platform::default()
    }
}

fn field<'a>(entry: &'a Entry, name: &str) -> Option<&'a str> {
    entry.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// Packages of the operating system, in the spelling of its package database.
pub fn system(entries: &[Entry], reported: &mut Reported) {
    let windows = reported
        .platform
        .as_ref()
        .is_some_and(|platform| matches!(platform.id.as_str(), "windows" | "macos"));
    for entry in entries {
        let (Some(name), Some(version)) = (field(entry, "Name"), field(entry, "Version")) else {
            reported.unread.push(Unread {
                path: TreePath::from_text(PLACE).unwrap_or_default(),
                reason: UnreadReason::Malformed,
                detail: "an application without name or version".to_owned(),
            });
            continue;
        };
        let id = field(entry, "PackageId").unwrap_or_default();
        let debian = id.ends_with(".deb")
            || reported
                .platform
                .as_ref()
                .is_some_and(|found| matches!(found.id.as_str(), "debian" | "ubuntu" | "raspbian"));
        let package = match (windows, debian) {
            (true, _) => plain(entry, name, version),
            (false, true) => dpkg(entry, name, version),
            (false, false) => rpm(entry, name, version, id),
        };
        reported.packages.push(package);
    }
    reported.packages.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
}

fn package(ecosystem: &str, name: &str, version: String) -> Package {
    Package::new(ecosystem, name, version, Location::path(TreePath::from_text(PLACE).unwrap_or_default()))
}

/// Software of Windows and macOS has no ecosystem; it is listed as it is.
fn plain(entry: &Entry, name: &str, version: &str) -> Package {
    let mut package = package("generic", name, version.to_owned());
    package.vendor = field(entry, "Publisher").map(str::to_owned);
    package.arch = field(entry, "Architecture").map(str::to_owned);
    package
}

/// dpkg's version is whole, unless an agent took it apart.
fn dpkg(entry: &Entry, name: &str, version: &str) -> Package {
    let mut package = package("dpkg", name.split(':').next().unwrap_or(name), assembled(entry, version));
    package.arch = field(entry, "Architecture").map(|arch| match arch {
        "x86_64" => "amd64".to_owned(),
        "aarch64" => "arm64".to_owned(),
        "noarch" => "all".to_owned(),
        other => other.to_owned(),
    });
    package.vendor = field(entry, "Publisher").map(str::to_owned);
    package
}

/// rpm's version comes in parts, and `PackageId` names the source package.
fn rpm(entry: &Entry, name: &str, version: &str, id: &str) -> Package {
    let mut package = package("rpm", name, assembled(entry, version));
    package.arch = field(entry, "Architecture").map(str::to_owned);
    package.vendor = field(entry, "Publisher").map(str::to_owned);
    let epoch = field(entry, "Epoch").filter(|epoch| *epoch != "0");
    package.source = id.strip_suffix(".src.rpm").and_then(|id| {
        let (rest, release) = id.rsplit_once('-')?;
        let (source, version) = rest.rsplit_once('-')?;
        let version = match epoch {
            Some(epoch) => format!("{epoch}:{version}-{release}"),
            None => format!("{version}-{release}"),
        };
        Some(SourcePackage { name: source.to_owned(), version })
    });
    package
}

/// `epoch:version-release`, with what the parts tell and the version does not have yet.
fn assembled(entry: &Entry, version: &str) -> String {
    let release = field(entry, "Release").filter(|release| !version.ends_with(&format!("-{release}")));
    let whole = match release {
        Some(release) => format!("{version}-{release}"),
        None => version.to_owned(),
    };
    match field(entry, "Epoch").filter(|epoch| *epoch != "0" && *epoch != "(none)" && !whole.contains(':')) {
        Some(epoch) => format!("{epoch}:{whole}"),
        None => whole,
    }
}

/// Ids of installed updates.
pub fn updates(entries: &[Entry]) -> Vec<String> {
    let id = |entry: &Entry| {
        let text = field(entry, "HotFixId")?.to_uppercase();
        Some(if text.starts_with("KB") { text } else { format!("KB{text}") })
    };
    let mut found: Vec<String> = entries.iter().filter_map(id).collect();
    found.sort();
    found.dedup();
    found
}

/// Language packages of a custom inventory type. The name of the type or a column tells the language. True when there
/// were any.
pub fn languages(kind: &str, entries: &[Entry], reported: &mut Reported) -> bool {
    let before = reported.packages.len();
    for entry in entries {
        let any = |names: &[&str]| {
            let column = |(key, value): (&String, &String)| {
                names.iter().any(|name| key.eq_ignore_ascii_case(name)).then(|| value.trim().to_owned())
            };
            entry.iter().find_map(column).filter(|value| !value.is_empty())
        };
        let (Some(name), Some(version)) = (any(&["Name"]), any(&["Version"])) else { continue };
        let told = any(&["PackageManager", "Language", "Ecosystem", "ApplicationType"]);
        let Some(ecosystem) = told.as_deref().and_then(ecosystem).or_else(|| ecosystem(kind)) else {
            continue;
        };
        let path = any(&["Path", "FilePath", "Location"]).unwrap_or_else(|| kind.to_owned());
        let path = TreePath::from_text(path.trim_start_matches('/')).unwrap_or_default();
        reported.packages.push(Package::new(ecosystem, name, version, Location::path(path)));
    }
    reported.packages.len() > before
}

fn ecosystem(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    const WORDS: &[(&str, &str)] = &[
        ("javascript", "npm"),
        ("node", "npm"),
        ("npm", "npm"),
        ("python", "PyPI"),
        ("pip", "PyPI"),
        ("java", "Maven"),
        ("jar", "Maven"),
        ("maven", "Maven"),
    ];
    WORDS.iter().find(|(part, _)| word.contains(part)).map(|(_, ecosystem)| *ecosystem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(pairs: &[(&str, &str)]) -> Entry {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn platforms_are_those_of_os_release() {
        for (name, version, id) in [
            ("Ubuntu", "22.04", "ubuntu"),
            ("Amazon Linux", "2023", "amzn"),
            ("Red Hat Enterprise Linux Server", "7.9", "rhel"),
            ("Debian GNU/Linux", "12", "debian"),
            ("Microsoft Windows Server 2022 Datacenter", "10.0.20348", "windows"),
            ("SLES", "15.5", "sles"),
            ("Oracle Linux Server", "9.2", "ol"),
            ("Plan 9", "4", "plan"),
        ] {
            let found = platform(name, version);
            assert_eq!((found.id.as_str(), found.version.as_str()), (id, version));
        }
    }

    #[test]
    fn versions_are_put_together_as_the_package_databases_write_them() {
        let mut reported =
            Reported { platform: Some(platform("Amazon Linux", "2023")), ..Reported::default() };
        let lines = [
            entry(&[
                ("Name", "openssl-libs"),
                ("Version", "3.0.8"),
                ("Release", "1.amzn2023.0.3"),
                ("Epoch", "1"),
                ("Architecture", "x86_64"),
                ("PackageId", "openssl-3.0.8-1.amzn2023.0.3.src.rpm"),
            ]),
            entry(&[("Name", "bash"), ("Version", "5.2.15"), ("Release", "1.amzn2023.0.2"), ("Epoch", "0")]),
            entry(&[("Name", "nameless")]),
        ];
        system(&lines, &mut reported);
        let shown: Vec<_> = reported
            .packages
            .iter()
            .map(|package| {
                let source =
                    package.source.as_ref().map(|source| format!("{} {}", source.name, source.version));
                (package.ecosystem.as_str(), package.name.as_str(), package.version.as_str(), source)
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("rpm", "bash", "5.2.15-1.amzn2023.0.2", None),
                (
                    "rpm",
                    "openssl-libs",
                    "1:3.0.8-1.amzn2023.0.3",
                    Some("openssl 1:3.0.8-1.amzn2023.0.3".to_owned())
                ),
            ]
        );
        assert_eq!(reported.unread.len(), 1);

        let mut reported = Reported { platform: Some(platform("Ubuntu", "22.04")), ..Reported::default() };
        let line = [
            ("Name", "libc6"),
            ("Version", "2.35-0ubuntu3.1"),
            ("Architecture", "x86_64"),
            ("PackageId", "x.deb"),
        ];
        system(&[entry(&line)], &mut reported);
        let package = reported.packages.first().unwrap();
        assert_eq!((package.ecosystem.as_str(), package.version.as_str()), ("dpkg", "2.35-0ubuntu3.1"));
        assert_eq!(package.arch.as_deref(), Some("amd64"));
    }

    #[test]
    fn r38_language_packages_of_custom_types() {
        let mut reported = Reported::default();
        let lines = [entry(&[("Name", "requests"), ("version", "2.19.1"), ("Path", "/usr/lib/python3/x")])];
        assert!(languages("Custom:DeepInspectionPython", &lines, &mut reported));
        assert!(!languages("Custom:Racks", &lines, &mut reported));
        let package = reported.packages.first().unwrap();
        assert_eq!((package.ecosystem.as_str(), package.name.as_str()), ("PyPI", "requests"));
    }

    #[test]
    fn updates_have_their_prefix() {
        let lines = [entry(&[("HotFixId", "KB5032196")]), entry(&[("HotFixId", "5031539")]), entry(&[])];
        assert_eq!(updates(&lines), ["KB5031539", "KB5032196"]);
    }
}
