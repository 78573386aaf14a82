//! The days on which releases stopped getting security fixes (R-209, and the distributors' own calendars).

use yagura_model::EcosystemId;

/// (ecosystem, release, year, month, day).
const DATES: &[(&str, &str, i16, i8, i8)] = &[
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
    ("Debian", "8", 2020, 6, 30),
    ("Debian", "9", 2022, 6, 30),
    ("Debian", "10", 2024, 6, 30),
    ("Debian", "11", 2026, 8, 31),
    ("Fedora", "38", 2024, 5, 21),
    ("Fedora", "39", 2024, 11, 26),
    ("Fedora", "40", 2025, 5, 13),
    ("Fedora", "41", 2025, 11, 19),
    ("Fedora", "42", 2026, 5, 13),
    ("Oracle Linux", "6", 2021, 3, 1),
    ("Oracle Linux", "7", 2024, 12, 31),
    ("Photon OS", "2.0", 2022, 12, 31),
    ("Photon OS", "3.0", 2024, 3, 1),
    ("Red Hat", "6", 2020, 11, 30),
    ("Red Hat", "7", 2024, 6, 30),
    ("SUSE", "12.5", 2024, 10, 31),
    ("SUSE", "15.4", 2023, 12, 31),
    ("SUSE", "15.5", 2024, 12, 31),
    ("SUSE", "15.6", 2025, 12, 31),
    ("Ubuntu", "14.04", 2024, 4, 1),
    ("Ubuntu", "16.04", 2026, 4, 1),
    ("Ubuntu", "23.04", 2024, 1, 25),
    ("Ubuntu", "23.10", 2024, 7, 11),
    ("Ubuntu", "24.10", 2025, 7, 10),
    ("Ubuntu", "25.04", 2026, 1, 15),
    ("Ubuntu", "25.10", 2026, 7, 9),
    ("openSUSE", "15.4", 2023, 12, 7),
    ("openSUSE", "15.5", 2024, 12, 31),
    ("openSUSE", "15.6", 2026, 4, 30),
];

/// The day a release stopped getting fixes, as (year, month, day); `None` while it is supported, or unknown.
pub fn end_of_life(id: &EcosystemId) -> Option<(i16, i8, i8)> {
    let release = id.release()?;
    DATES
        .iter()
        .find(|(ecosystem, known, ..)| *ecosystem == id.base() && *known == release)
        .map(|&(_, _, year, month, day)| (year, month, day))
}
