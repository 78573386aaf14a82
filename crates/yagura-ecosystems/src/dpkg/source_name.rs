//! Which source package a binary package is built from, for inventories that name binaries only.
//!
//! Debian's and Ubuntu's advisories name source packages. dpkg's own database tells the source of each binary;
//! an inventory made by an agent (AWS SSM) or an SBOM without `upstream` does not. The table is `sources.txt`;
//! kernels follow a rule. Left out of the table: binaries whose version says nothing about their source's, because
//! a comparison would be a guess.

use std::collections::HashMap;
use std::sync::LazyLock;
use yagura_model::{EcosystemId, SourcePackage};

static TABLE: LazyLock<HashMap<&str, Vec<Origin>>> = LazyLock::new(|| parse(include_str!("sources.txt")));

/// The kernel version of each release; others are backports with a source of their own.
const KERNELS: &[(&str, &str)] = &[
    ("Debian:10", "4.19"),
    ("Debian:11", "5.10"),
    ("Debian:12", "6.1"),
    ("Debian:13", "6.12"),
    ("Ubuntu:14.04", "3.13"),
    ("Ubuntu:16.04", "4.4"),
    ("Ubuntu:18.04", "4.15"),
    ("Ubuntu:20.04", "5.4"),
    ("Ubuntu:22.04", "5.15"),
    ("Ubuntu:24.04", "6.8"),
];

/// A source that a binary of some name can come from.
struct Origin {
    /// With `#` where the binary's numbers go.
    source: &'static str,
    /// The only release in which it does.
    release: Option<&'static str>,
    /// The binary's version has an epoch that the source's has not.
    epoch: bool,
}

fn parse(text: &'static str) -> HashMap<&'static str, Vec<Origin>> {
    let mut table: HashMap<&str, Vec<Origin>> = HashMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        // A release holds a colon, too.
        let Some((head, binaries)) = line.split_once(": ") else { continue };
        let (source, release) =
            head.split_once('@').map_or((head, None), |(source, release)| (source, Some(release)));
        for word in binaries.split(' ') {
            let name = word.strip_prefix('~').unwrap_or(word);
            table.entry(name).or_default().push(Origin { source, release, epoch: name != word });
        }
    }
    table
}

/// The source of a binary package of Debian or Ubuntu, with the version it must have. `None` when the binary is
/// named like its source, or is not known.
pub fn source_of(ecosystem: &EcosystemId, name: &str, version: &str) -> Option<SourcePackage> {
    if !matches!(ecosystem.base(), "Debian" | "Ubuntu") {
        return None;
    }
    let ecosystem = &crate::canonical(ecosystem);
    let version = without_rebuild(version);
    if let Some(source) = kernel(ecosystem, name) {
        return Some(SourcePackage { name: source, version: version.to_owned() });
    }
    let (pattern, numbers) = generalize(name);
    let origin = [name, pattern.as_str()].into_iter().find_map(|name| {
        let origins = TABLE.get(name)?;
        let of = |release| origins.iter().find(move |origin| origin.release == release);
        of(Some(ecosystem.as_str())).or_else(|| of(None))
    })?;
    let version = version.split_once(':').filter(|_| origin.epoch).map_or(version, |(_, version)| version);
    Some(SourcePackage { name: fill(origin.source, &numbers), version: version.to_owned() })
}

/// `1.2-3+b1` is the source version `1.2-3`, built again.
fn without_rebuild(version: &str) -> &str {
    match version.rsplit_once("+b") {
        Some((source, count)) if !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()) => {
            source
        }
        _ => version,
    }
}

/// `libpython3.11-minimal` is `libpython#.#-minimal` with 3 and 11.
fn generalize(name: &str) -> (String, Vec<&str>) {
    let (mut pattern, mut numbers, mut rest) = (String::with_capacity(name.len()), Vec::new(), name);
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (text, tail) = rest.split_at(start);
        let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (number, tail) = tail.split_at(end);
        pattern.push_str(text);
        pattern.push('#');
        numbers.push(number);
        rest = tail;
    }
    pattern.push_str(rest);
    (pattern, numbers)
}

fn fill(source: &str, numbers: &[&str]) -> String {
    let mut numbers = numbers.iter();
    let mut parts = source.split('#');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(numbers.next().copied().unwrap_or_default());
        text.push_str(part);
    }
    text
}

/// The source of a kernel image, which its name tells: `linux-image-5.15.0-91-aws` of Ubuntu 22.04 is of
/// `linux-aws`, the same package of 20.04 of the backport `linux-aws-5.15`.
fn kernel(ecosystem: &EcosystemId, name: &str) -> Option<String> {
    let image = name.strip_prefix("linux-image-")?;
    let release = image.strip_prefix("unsigned-").unwrap_or(image);
    if !release.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let line: Vec<&str> = release.split(['.', '-', '+']).take(2).collect();
    let line = line.join(".");
    let own = KERNELS.iter().find(|(id, _)| *id == ecosystem.as_str()).is_none_or(|(_, own)| *own == line);
    if ecosystem.base() == "Debian" {
        // Backports carry their origin in the version and are of the same source.
        return Some(if own || release.contains("bpo") {
            "linux".to_owned()
        } else {
            format!("linux-{line}")
        });
    }
    // `5.15.0-91-generic`, `5.15.0-1050-aws`, `6.5.0-14-generic-64k`.
    let flavour = release.splitn(3, '-').nth(2)?;
    let flavour = match flavour.strip_suffix("-64k").unwrap_or(flavour) {
        "generic" | "generic-lpae" | "virtual" | "server" => "",
        "azure-fde" => "azure",
        other => other,
    };
    Some(match (flavour, own) {
        ("", true) => "linux".to_owned(),
        ("", false) => format!("linux-hwe-{line}"),
        // Until 20.04 the low-latency kernel was another build of the generic source.
        ("lowlatency", own) if matches!(ecosystem.release(), Some("14.04" | "16.04" | "18.04" | "20.04")) => {
            if own {
                "linux".to_owned()
            } else {
                format!("linux-hwe-{line}")
            }
        }
        ("lowlatency", false) => format!("linux-lowlatency-hwe-{line}"),
        ("oem", _) => format!("linux-oem-{line}"),
        (flavour, true) => format!("linux-{flavour}"),
        (flavour, false) => format!("linux-{flavour}-{line}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(ecosystem: &str, name: &str, version: &str) -> String {
        match source_of(&EcosystemId::from(ecosystem), name, version) {
            Some(source) => format!("{} {}", source.name, source.version),
            None => "-".to_owned(),
        }
    }

    #[test]
    fn r158_binaries_lead_to_their_source() {
        for (ecosystem, name, version, expected) in [
            ("Ubuntu:22.04", "libssl3", "3.0.2-0ubuntu1.10", "openssl 3.0.2-0ubuntu1.10"),
            ("Ubuntu:22.04", "libc6", "2.35-0ubuntu3.1", "glibc 2.35-0ubuntu3.1"),
            ("Ubuntu:22.04", "login", "1:4.8.1-2ubuntu2.1", "shadow 1:4.8.1-2ubuntu2.1"),
            ("Ubuntu:22.04", "libpython3.10-minimal", "3.10.6-1", "python3.10 3.10.6-1"),
            ("Ubuntu:22.04", "libpq5", "14.8-0ubuntu0.22.04.1", "postgresql-14 14.8-0ubuntu0.22.04.1"),
            ("Ubuntu:22.04", "openjdk-11-jre-headless", "11.0.19", "openjdk-lts 11.0.19"),
            ("Ubuntu:22.04", "openjdk-17-jre-headless", "17.0.7", "openjdk-17 17.0.7"),
            ("Debian:12", "libicu72", "72.1-3", "icu 72.1-3"),
            ("Debian:13", "libicu76", "76.1-4", "icu 76.1-4"),
            ("Debian:12", "libgnutls30", "3.7.9-2", "gnutls28 3.7.9-2"),
            ("Debian:12", "libnghttp2-14", "1.52.0-1+b2", "nghttp2 1.52.0-1"),
            // Its epoch is its own.
            ("Debian:12", "bsdutils", "1:2.38.1-5+deb12u3", "util-linux 2.38.1-5+deb12u3"),
            ("Debian:12", "curl", "7.88.1-10", "-"),
            ("Debian:12", "not-a-package", "1", "-"),
            ("AlmaLinux:9", "libssl3", "1", "-"),
        ] {
            assert_eq!(source(ecosystem, name, version), expected, "{ecosystem} {name}");
        }
    }

    #[test]
    fn r35_a_kernel_image_names_its_flavour() {
        for (ecosystem, name, expected) in [
            ("Debian:12", "linux-image-6.1.0-18-amd64", "linux 1"),
            ("Debian:12", "linux-image-6.12.12+bpo-amd64", "linux 1"),
            ("Debian:10", "linux-image-5.10.0-0.deb10.16-amd64", "linux-5.10 1"),
            ("Ubuntu:22.04", "linux-image-5.15.0-91-generic", "linux 1"),
            ("Ubuntu:22.04", "linux-image-unsigned-5.15.0-91-generic", "linux 1"),
            ("Ubuntu:22.04", "linux-image-6.5.0-14-generic", "linux-hwe-6.5 1"),
            ("Ubuntu:22.04", "linux-image-5.15.0-1050-aws", "linux-aws 1"),
            ("Ubuntu:20.04", "linux-image-5.15.0-1050-aws", "linux-aws-5.15 1"),
            ("Ubuntu:20.04", "linux-image-5.4.0-169-lowlatency", "linux 1"),
            ("Ubuntu:22.04", "linux-image-5.15.0-91-lowlatency", "linux-lowlatency 1"),
            ("Ubuntu:22.04", "linux-image-6.1.0-1028-oem", "linux-oem-6.1 1"),
            ("Ubuntu:22.04", "linux-image-generic", "-"),
            ("Ubuntu:22.04", "linux-headers-5.15.0-91-generic", "-"),
        ] {
            assert_eq!(source(ecosystem, name, "1"), expected, "{ecosystem} {name}");
        }
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        for line in include_str!("sources.txt").lines().filter(|line| !line.starts_with('#')) {
            assert!(line.contains(": "), "{line}");
        }
        assert!(TABLE.len() > 3_000);
    }
}
