//! The days on which releases stopped getting security fixes (R-209, and the distributors' own calendars).

use yagura_model::{EcosystemId, Platform};

/// (ecosystem, release, year, month, day), sorted.
pub const DATES: &[(&str, &str, i16, i8, i8)] = &[
    ("Alpine", "v3.0", 2016, 5, 1),
    ("Alpine", "v3.1", 2016, 11, 1),
    ("Alpine", "v3.2", 2017, 5, 1),
    ("Alpine", "v3.3", 2017, 11, 1),
    ("Alpine", "v3.4", 2018, 5, 1),
    ("Alpine", "v3.5", 2018, 11, 1),
    ("Alpine", "v3.6", 2019, 5, 1),
    ("Alpine", "v3.7", 2019, 11, 1),
    ("Alpine", "v3.8", 2020, 5, 1),
    ("Alpine", "v3.9", 2020, 11, 1),
    ("Alpine", "v3.10", 2021, 5, 1),
    ("Alpine", "v3.11", 2021, 11, 1),
    ("Alpine", "v3.12", 2022, 5, 1),
    ("Alpine", "v3.13", 2022, 11, 1),
    ("Alpine", "v3.14", 2023, 5, 1),
    ("Alpine", "v3.15", 2023, 11, 1),
    ("Alpine", "v3.16", 2024, 5, 23),
    ("Alpine", "v3.17", 2024, 11, 22),
    ("Alpine", "v3.18", 2025, 5, 9),
    ("Alpine", "v3.19", 2025, 11, 1),
    ("Alpine", "v3.20", 2026, 4, 1),
    ("Amazon Linux", "2", 2026, 6, 30),
    ("Amazon Linux", "2018.03", 2023, 12, 31),
    ("Azure Linux", "1", 2023, 7, 31),
    ("Azure Linux", "2", 2025, 7, 31),
    ("Debian", "4", 2010, 2, 15),
    ("Debian", "5", 2012, 2, 6),
    ("Debian", "6", 2016, 2, 29),
    ("Debian", "7", 2018, 5, 31),
    ("Debian", "8", 2020, 6, 30),
    ("Debian", "9", 2022, 6, 30),
    ("Debian", "10", 2024, 6, 30),
    ("Debian", "11", 2026, 8, 31),
    ("Fedora", "26", 2018, 5, 29),
    ("Fedora", "27", 2018, 11, 30),
    ("Fedora", "28", 2019, 5, 28),
    ("Fedora", "29", 2019, 11, 26),
    ("Fedora", "30", 2020, 5, 26),
    ("Fedora", "31", 2020, 11, 24),
    ("Fedora", "32", 2021, 5, 25),
    ("Fedora", "33", 2021, 11, 30),
    ("Fedora", "34", 2022, 6, 7),
    ("Fedora", "35", 2022, 12, 13),
    ("Fedora", "36", 2023, 5, 16),
    ("Fedora", "37", 2023, 12, 5),
    ("Fedora", "38", 2024, 5, 21),
    ("Fedora", "39", 2024, 11, 26),
    ("Fedora", "40", 2025, 5, 13),
    ("Fedora", "41", 2025, 11, 19),
    ("Fedora", "42", 2026, 5, 13),
    ("Oracle Linux", "5", 2017, 6, 30),
    ("Oracle Linux", "6", 2021, 3, 1),
    ("Oracle Linux", "7", 2024, 12, 31),
    ("Photon OS", "1.0", 2022, 2, 28),
    ("Photon OS", "2.0", 2022, 12, 31),
    ("Photon OS", "3.0", 2024, 3, 1),
    ("Red Hat", "5", 2017, 3, 31),
    ("Red Hat", "6", 2020, 11, 30),
    ("Red Hat", "7", 2024, 6, 30),
    ("SUSE", "11.4", 2019, 3, 31),
    ("SUSE", "12", 2016, 6, 30),
    ("SUSE", "12.1", 2017, 5, 31),
    ("SUSE", "12.2", 2018, 3, 31),
    ("SUSE", "12.3", 2019, 6, 30),
    ("SUSE", "12.4", 2020, 6, 30),
    ("SUSE", "12.5", 2024, 10, 31),
    ("SUSE", "15", 2019, 12, 31),
    ("SUSE", "15.1", 2021, 1, 31),
    ("SUSE", "15.2", 2021, 12, 31),
    ("SUSE", "15.3", 2022, 12, 31),
    ("SUSE", "15.4", 2023, 12, 31),
    ("SUSE", "15.5", 2024, 12, 31),
    ("SUSE", "15.6", 2025, 12, 31),
    ("Ubuntu", "10.04", 2015, 4, 30),
    ("Ubuntu", "12.04", 2017, 4, 28),
    ("Ubuntu", "12.10", 2014, 5, 16),
    ("Ubuntu", "13.04", 2014, 1, 27),
    ("Ubuntu", "13.10", 2014, 7, 17),
    ("Ubuntu", "14.04", 2024, 4, 1),
    ("Ubuntu", "14.10", 2015, 7, 23),
    ("Ubuntu", "15.04", 2016, 2, 4),
    ("Ubuntu", "15.10", 2016, 7, 28),
    ("Ubuntu", "16.04", 2026, 4, 1),
    ("Ubuntu", "16.10", 2017, 7, 20),
    ("Ubuntu", "17.04", 2018, 1, 13),
    ("Ubuntu", "17.10", 2018, 7, 19),
    ("Ubuntu", "18.10", 2019, 7, 18),
    ("Ubuntu", "19.04", 2020, 1, 23),
    ("Ubuntu", "19.10", 2020, 7, 17),
    ("Ubuntu", "20.10", 2021, 7, 22),
    ("Ubuntu", "21.04", 2022, 1, 20),
    ("Ubuntu", "21.10", 2022, 7, 14),
    ("Ubuntu", "22.10", 2023, 7, 20),
    ("Ubuntu", "23.04", 2024, 1, 25),
    ("Ubuntu", "23.10", 2024, 7, 11),
    ("Ubuntu", "24.10", 2025, 7, 10),
    ("Ubuntu", "25.04", 2026, 1, 15),
    ("Ubuntu", "25.10", 2026, 7, 9),
    ("openSUSE", "15.0", 2019, 12, 3),
    ("openSUSE", "15.1", 2021, 2, 2),
    ("openSUSE", "15.2", 2022, 1, 4),
    ("openSUSE", "15.3", 2022, 12, 31),
    ("openSUSE", "15.4", 2023, 12, 7),
    ("openSUSE", "15.5", 2024, 12, 31),
    ("openSUSE", "15.6", 2026, 4, 30),
    ("openSUSE", "42.1", 2017, 5, 17),
    ("openSUSE", "42.2", 2018, 1, 26),
    ("openSUSE", "42.3", 2019, 7, 1),
];

/// Releases that end on another day than those whose packages they share: (os-release id, a word of the name,
/// release, year, month, day).
const REBUILDS: &[(&str, &str, &str, i16, i8, i8)] = &[
    ("centos", "Stream", "8", 2024, 5, 31),
    ("centos", "Stream", "9", 2027, 5, 31),
    ("centos", "Linux", "8", 2021, 12, 31),
];

/// The day a platform stopped getting fixes: its own where it has one, otherwise that of the release whose packages
/// it has. `None` while it is supported, or unknown.
pub fn platform_end_of_life(platform: &Platform, id: &EcosystemId) -> Option<(i16, i8, i8)> {
    let major = platform.version.split('.').next().unwrap_or_default();
    REBUILDS
        .iter()
        .find(|(known, word, release, ..)| {
            platform.id == *known && platform.name.contains(word) && *release == major
        })
        .map(|&(_, _, _, year, month, day)| (year, month, day))
        .or_else(|| end_of_life(id))
}

/// The day a release stopped getting fixes, as (year, month, day); `None` while it is supported, or unknown.
pub fn end_of_life(id: &EcosystemId) -> Option<(i16, i8, i8)> {
    let release = id.release()?;
    DATES
        .iter()
        .find(|(ecosystem, known, ..)| *ecosystem == id.base() && *known == release)
        .map(|&(_, _, year, month, day)| (year, month, day))
}
