//! Which of the packages built from a kernel's source are the kernel.
//!
//! Distributions build headers, documentation, C library headers and tools from the kernel's source; none of
//! them runs, so a kernel's vulnerabilities are not theirs. The package that holds the bootable image
//! stands for the kernel, its modules included.

use std::borrow::Cow;
use yagura_ecosystems::platform::package_format;
use yagura_model::Package;

/// What a package has to do with a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Nothing.
    None,
    /// It is the bootable image.
    Image,
    /// Built from the same source, but not the kernel.
    Beside,
}

/// Flavours that Debian and Ubuntu build from sources named `linux-<flavour>`; other sources that start
/// with `linux-` (firmware, base, atm) are no kernels. A digit names a backported version.
const FLAVOURS: &[&str] = &[
    "aws",
    "azure",
    "bluefield",
    "dell300x",
    "fips",
    "gcp",
    "gke",
    "gkeop",
    "hwe",
    "ibm",
    "intel",
    "iot",
    "kvm",
    "laptop",
    "lowlatency",
    "lts",
    "nvidia",
    "oem",
    "oracle",
    "raspi",
    "raspi2",
    "realtime",
    "riscv",
    "signed",
    "snapdragon",
    "starfive",
    "xilinx",
];

/// RPM packages that hold an image.
const RPM_IMAGES: &[&str] = &[
    "kernel",
    "kernel-64k",
    "kernel-64k-core",
    "kernel-azure",
    "kernel-core",
    "kernel-debug",
    "kernel-debug-core",
    "kernel-default",
    "kernel-default-base",
    "kernel-kvmsmall",
    "kernel-lpae",
    "kernel-preempt",
    "kernel-rt",
    "kernel-rt-core",
    "kernel-uek",
    "kernel-uek-core",
    "kernel-zfcpdump",
    "kernel-zfcpdump-core",
];

/// The role of a package.
pub fn role(package: &Package) -> Role {
    // Nearly every package leaves here.
    let source = package.source.as_ref().map_or(package.name.as_str(), |source| &source.name);
    let named = |prefix: &str| package.name.starts_with(prefix) || source.starts_with(prefix);
    if !named("linux") && !named("kernel") {
        return Role::None;
    }
    match package_format(&package.ecosystem) {
        Some("dpkg") if is_dpkg_source(source) => match image_release(&package.name) {
            Some(_) => Role::Image,
            None => Role::Beside,
        },
        Some("rpm") => {
            let versioned = package.name.strip_prefix("kernel").is_some_and(is_dotted_number);
            if versioned || RPM_IMAGES.contains(&package.name.as_str()) {
                Role::Image
            } else if package.name.starts_with("kernel-livepatch")
                || package.name.starts_with("kernel-firmware")
            {
                Role::None
            } else if package.name.starts_with("kernel-") || source.starts_with("kernel") {
                Role::Beside
            } else {
                Role::None
            }
        }
        Some("apk") if package.name == "linux-headers" => Role::Beside,
        Some("apk")
            if source.starts_with("linux-") && source != "linux-pam" && source != "linux-firmware" =>
        {
            if package.name.ends_with("-dev") || package.name.ends_with("-doc") {
                Role::Beside
            } else {
                Role::None
            }
        }
        _ => Role::None,
    }
}

fn is_dotted_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_dpkg_source(source: &str) -> bool {
    let Some(rest) = source.strip_prefix("linux") else { return false };
    match rest.strip_prefix('-') {
        None => rest.is_empty(),
        Some(flavour) => {
            let first = flavour.split('-').next().unwrap_or_default();
            first.starts_with(|c: char| c.is_ascii_digit()) || FLAVOURS.contains(&first)
        }
    }
}

/// The kernel release that a `linux-image` package boots: `6.1.0-18-amd64`. Meta packages have none.
fn image_release(name: &str) -> Option<&str> {
    let release = name.strip_prefix("linux-image-")?;
    let release = release.strip_prefix("unsigned-").unwrap_or(release);
    release.starts_with(|c: char| c.is_ascii_digit()).then_some(release)
}

/// Advisories name the kernel's source, but signed images are built from a source of their own
/// (`linux-signed-amd64`, `linux-signed-aws`), with the version of the kernel as the binary's version.
pub fn signed_source(source: &str) -> Option<Cow<'static, str>> {
    let flavour = source.strip_prefix("linux-signed")?;
    let flavour =
        ["-amd64", "-arm64", "-i386"].iter().find_map(|arch| flavour.strip_suffix(arch)).unwrap_or(flavour);
    Some(if flavour.is_empty() { Cow::Borrowed("linux") } else { Cow::Owned(format!("linux{flavour}")) })
}

/// True when a kernel image is the one that runs, named as `uname -r` does.
pub fn runs(package: &Package, running: &str) -> bool {
    if let Some(release) = image_release(&package.name) {
        return release == running;
    }
    let version = package.version.split_once(':').map_or(package.version.as_str(), |(_, version)| version);
    let arch = package.arch.as_deref().unwrap_or_default();
    let running = running.split('+').next().unwrap_or(running);
    running == version || running.strip_suffix(arch).and_then(|rest| rest.strip_suffix('.')) == Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::package;

    #[test]
    fn r35_only_the_image_is_a_kernel() {
        for (text, expected) in [
            ("Debian:12 linux-image-6.1.0-18-amd64 6.1.76-1 source=linux-signed-amd64@6.1.76+1", Role::Image),
            ("Debian:12 linux-image-amd64 6.1.76-1 source=linux-signed-amd64@6.1.76+1", Role::Beside),
            ("Debian:12 linux-libc-dev 6.1.76-1 source=linux@6.1.76-1", Role::Beside),
            (
                "Ubuntu:22.04 linux-image-unsigned-5.15.0-91-generic 5.15.0-91.101 source=linux@5.15.0-91.101",
                Role::Image,
            ),
            ("Ubuntu:22.04 linux-headers-5.15.0-91 5.15.0-91.101 source=linux@5.15.0-91.101", Role::Beside),
            ("Ubuntu:22.04 linux-firmware 20220329 source=linux-firmware@20220329", Role::None),
            ("Ubuntu:22.04 linux-base 4.5 source=linux-base@4.5", Role::None),
            ("Red:9 kernel-core 5 source=kernel@5", Role::None),
            ("AlmaLinux:9 kernel-core 5 source=kernel@5", Role::Image),
            ("AlmaLinux:9 kernel-headers 5 source=kernel@5", Role::Beside),
            ("AlmaLinux:9 bpftool 5 source=kernel@5", Role::Beside),
            ("Amazon Linux:2023 kernel6.12 6.12.1 source=kernel6.12@6.12.1", Role::Image),
            ("Alpine:v3.19 linux-headers 6.5-r0", Role::Beside),
            ("Alpine:v3.19 linux-lts 6.5-r0", Role::None),
            ("PyPI kernel 1", Role::None),
        ] {
            assert_eq!(role(&package(text)), expected, "{text}");
        }
    }

    #[test]
    fn signed_images_belong_to_the_kernel_they_sign() {
        assert_eq!(signed_source("linux-signed-amd64").as_deref(), Some("linux"));
        assert_eq!(signed_source("linux-signed").as_deref(), Some("linux"));
        assert_eq!(signed_source("linux-signed-aws").as_deref(), Some("linux-aws"));
        assert_eq!(signed_source("linux-signed-6.1-arm64").as_deref(), Some("linux-6.1"));
        assert_eq!(signed_source("linux"), None);
    }

    #[test]
    fn the_running_kernel_is_recognized() {
        let debian = package("Debian:12 linux-image-6.1.0-18-amd64 6.1.76-1");
        assert!(runs(&debian, "6.1.0-18-amd64") && !runs(&debian, "6.1.0-17-amd64"));
        let rpm = package("AlmaLinux:9 kernel-core 0:5.14.0-362.8.1.el9_3 arch=x86_64");
        assert!(runs(&rpm, "5.14.0-362.8.1.el9_3.x86_64") && !runs(&rpm, "5.14.0-70.el9.x86_64"));
    }
}
