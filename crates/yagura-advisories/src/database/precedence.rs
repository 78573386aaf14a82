//! Whose word counts where several sources speak of one package and vulnerability.
//!
//! Only distributions have an order: their own machine-readable tracker first, then their errata, then copies
//! of either. Language ecosystems have none: every database's statement stands.
//! `docs/advisories.md` explains the order to users.

/// The rank of a source for an ecosystem; the lowest decides and the others are dropped for that
/// vulnerability. `advisory` is the advisory's id.
pub fn rank(base: &str, source: &str, advisory: &str) -> u8 {
    // What is compiled in is older than any download.
    if source == crate::starter::SOURCE {
        return u8::MAX;
    }
    match base {
        // The tracker knows states that errata do not tell; changelogs only fill its gaps.
        "Debian" => match source {
            "debian" => 0,
            "debian-changelog" => 1,
            "osv/Debian" if advisory.starts_with("DEBIAN-CVE-") => 2,
            "osv/Debian" => 3,
            _ => 4,
        },
        "Ubuntu" => match source {
            "osv/Ubuntu" | "ubuntu-osv" if advisory.starts_with("UBUNTU-CVE-") => 0,
            "ubuntu-oval" if advisory.starts_with("CVE-") => 1,
            "osv/Ubuntu" | "ubuntu-osv" => 2,
            _ => 3,
        },
        // VEX documents speak of one CVE with all its states, errata of what they fix.
        "Red Hat" => match source {
            "redhat" if advisory.starts_with("CVE-") => 0,
            "redhat" => 1,
            _ => 2,
        },
        "Alpine" | "Wolfi" | "Chainguard" | "AlmaLinux" | "Rocky Linux" | "Oracle Linux" | "Fedora"
        | "Amazon Linux" | "Azure Linux" | "Photon OS" | "Bottlerocket" | "SUSE" | "openSUSE" | "Arch" => {
            u8::from(source.starts_with("osv/"))
        }
        _ => 0,
    }
}
