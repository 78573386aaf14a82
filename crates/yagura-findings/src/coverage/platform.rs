//! Operating systems by the names that agents give them, and whether they are supported.

use crate::end_of_life;
use jiff::civil::Date;
use yagura_ecosystems::platform::{ecosystem_of, package_format};
use yagura_model::{Inventory, Platform, ScanReason};

/// How Systems Manager names distributions, in lower case, and their os-release ids. The first that the name begins
/// with counts.
const NAMES: &[(&str, &str)] = &[
    ("almalinux", "almalinux"),
    ("amazon linux", "amzn"),
    ("bottlerocket", "bottlerocket"),
    ("centos", "centos"),
    ("debian", "debian"),
    ("fedora", "fedora"),
    ("oracle linux", "ol"),
    ("red hat enterprise linux", "rhel"),
    ("rocky linux", "rocky"),
    ("sles", "sles"),
    ("suse linux enterprise server", "sles"),
    ("ubuntu", "ubuntu"),
];

/// The platform that an agent tells of, with its ecosystem. `None` for one without advisories, such as Windows and
/// macOS.
pub fn platform_of_agent(name: &str, version: &str) -> Option<Platform> {
    let lower = name.to_lowercase();
    let (_, id) = NAMES.iter().find(|(start, _)| lower.starts_with(start))?;
    let mut platform = Platform {
        id: (*id).to_owned(),
        version: version.to_owned(),
        name: format!("{name} {version}").trim().to_owned(),
        ..Platform::default()
    };
    platform.ecosystem = ecosystem_of(&platform);
    platform.ecosystem.is_some().then_some(platform)
}

/// True while a platform has advisories and was not discontinued more than twelve months ago. Goes beyond
/// R-206 on purpose: every release with advisories counts.
pub fn supported(platform: &Platform, today: Date) -> bool {
    let inventory = Inventory { platform: Some(platform.clone()), ..Inventory::default() };
    platform.ecosystem.is_some() && end_of_life(&inventory, today).is_none_or(|end| end.reported)
}

/// What an inventory says of its own scan: UNSUPPORTED_OS when all it holds are packages of an operating system
/// without advisories. One with language packages is judged by those.
pub fn trouble(inventory: &Inventory) -> Option<ScanReason> {
    let unsupported = |package: &yagura_model::Package| {
        // Without a known platform the ecosystem is still the format of the package database.
        package_format(&package.ecosystem) == Some(package.ecosystem.as_str())
    };
    let all = !inventory.packages.is_empty() && inventory.packages.iter().all(unsupported);
    all.then_some(ScanReason::UnsupportedOs)
}
