//! The package database: `var/lib/dpkg/status`, and the `status.d` of images without dpkg.

use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, SourcePackage};

/// Reads dpkg's status files.
pub static STATUS: Status = Status;

/// See [`STATUS`].
pub struct Status;

impl Cataloger for Status {
    fn id(&self) -> &'static str {
        "dpkg/status"
    }

    fn files(&self) -> &'static [&'static str] {
        &[
            "var/lib/dpkg/status",
            "var/lib/dpkg/status.d/*",
            "usr/lib/dpkg/status.d/*",
            "usr/lib/opkg/status",
            "var/lib/opkg/status",
        ]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        // `status.d` holds checksum lists beside the paragraphs.
        if file.path.name().ends_with(".md5sums") {
            return Ok(());
        }
        let text = file.text()?;
        // Outside `status` a paragraph is a package that is there, without a `Status` line.
        let one_each = file.path.name() != "status";
        let mut entry = Entry::default();
        // The first; paragraphs after it are read all the same.
        let mut problem = None;
        for (number, line) in (1..).zip(text.lines().chain([""])) {
            if line.is_empty() {
                if let Some(missing) = std::mem::take(&mut entry).finish(file, one_each, found) {
                    problem.get_or_insert(format!(
                        "the paragraph that ends at line {number} has no `{missing}`"
                    ));
                }
            } else if let Some((name, value)) = line.split_once(':') {
                if !line.starts_with([' ', '\t']) {
                    entry.field(name, value.trim());
                }
            } else if !line.starts_with([' ', '\t']) {
                problem.get_or_insert(format!("line {number} is not a field"));
            }
        }
        problem.map_or(Ok(()), |problem| Err(ReadError::malformed(file.path, problem)))
    }
}

/// One paragraph, as far as it matters.
#[derive(Default)]
struct Entry<'a> {
    fields: usize,
    package: &'a str,
    version: &'a str,
    status: &'a str,
    source: &'a str,
    arch: &'a str,
    origin: &'a str,
}

impl<'a> Entry<'a> {
    fn field(&mut self, name: &str, value: &'a str) {
        self.fields += 1;
        match name {
            "Package" => self.package = value,
            "Version" => self.version = value,
            "Status" => self.status = value,
            "Source" => self.source = value,
            "Architecture" => self.arch = value,
            "Origin" => self.origin = value,
            _ => {}
        }
    }

    /// Pushes the package if its files are on disk. Returns the field without which nobody can tell.
    fn finish(self, file: &File<'_>, one_each: bool, found: &mut Found) -> Option<&'static str> {
        if self.fields == 0 {
            return None;
        }
        let state = self.status.split(' ').nth(2).unwrap_or_default();
        // `config-files` and `not-installed` leave nothing to attack; half-done states do.
        let on_disk = match state {
            "" if one_each => true,
            "" => return Some("Status"),
            "not-installed" | "config-files" => false,
            _ => true,
        };
        if !on_disk {
            return None;
        }
        if self.package.is_empty() {
            return Some("Package");
        }
        if self.version.is_empty() {
            return Some("Version");
        }
        // opkg of OpenWrt keeps the same paragraphs.
        let format = if file.path.parent().ends_with("/opkg") { "opkg" } else { "dpkg" };
        let mut package = Package::new(format, self.package, self.version, Location::path(file.path.clone()));
        package.arch = Some(self.arch).filter(|arch| !arch.is_empty()).map(str::to_owned);
        package.vendor = Some(self.origin).filter(|origin| !origin.is_empty()).map(str::to_owned);
        // `Source: gcc-12 (12.2.0-14)` gives a version only when it differs from the binary's.
        let (name, version) = match self.source.split_once(' ') {
            Some((name, version)) => (name, version.trim_matches(['(', ')', ' '])),
            None => (self.source, ""),
        };
        package.source = Some(SourcePackage {
            name: if name.is_empty() { self.package } else { name }.to_owned(),
            version: if version.is_empty() { self.version } else { version }.to_owned(),
        });
        found.packages.push(package);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn only_packages_with_files_on_disk_count() {
        let text = "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl (3.0.11-1)\n\
                    Version: 3.0.11-1~deb12u2\nDescription: x\n Package: not-a-field\n\n\
                    Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
                    Package: half\nStatus: install ok half-configured\nVersion: 2:1-1\nOrigin: Docker\n";
        insta::assert_snapshot!(render(&read(&STATUS, "var/lib/dpkg/status", text.as_bytes())), @r"
        dpkg libssl3 3.0.11-1~deb12u2 source=openssl@3.0.11-1 arch=amd64 runtime/unknown @var/lib/dpkg/status
        dpkg half 2:1-1 source=half@2:1-1 vendor=Docker runtime/unknown @var/lib/dpkg/status
        ");
    }

    #[test]
    fn what_cannot_be_told_is_said() {
        for (text, detail) in [
            (
                "Package: a\nStatus: install ok installed\n\n",
                "the paragraph that ends at line 3 has no `Version`",
            ),
            (
                "Status: install ok installed\nVersion: 1\n",
                "the paragraph that ends at line 3 has no `Package`",
            ),
            ("Package: a\nVersion: 1\n", "the paragraph that ends at line 3 has no `Status`"),
            ("Package: a\nStatus: purge ok not-installed\n\nPack", "line 4 is not a field"),
        ] {
            let complete = "Package: z\nStatus: install ok installed\nVersion: 1\n\n";
            let found = read(&STATUS, "var/lib/dpkg/status", text.as_bytes());
            let told: Vec<&str> = found.unread.iter().map(|unread| unread.detail.as_str()).collect();
            assert_eq!((found.packages.len(), told), (0, vec![detail]), "{text}");
            let found = read(&STATUS, "var/lib/dpkg/status", format!("{text}\n\n{complete}").as_bytes());
            assert_eq!((found.packages.len(), found.unread.len()), (1, 1), "{text}");
        }
        assert!(read(&STATUS, "var/lib/dpkg/status", b"").is_empty());
    }

    #[test]
    fn opkg_keeps_the_same_paragraphs() {
        let text =
            b"Package: busybox\nVersion: 1.36.1-1\nStatus: install user installed\nArchitecture: mips_24kc\n";
        insta::assert_snapshot!(render(&read(&STATUS, "usr/lib/opkg/status", text)), @"opkg busybox 1.36.1-1 source=busybox@1.36.1-1 arch=mips_24kc runtime/unknown @usr/lib/opkg/status");
    }

    #[test]
    fn distroless_paragraphs_have_no_status() {
        let text = b"Package: base-files\nVersion: 12.4\nArchitecture: amd64";
        insta::assert_snapshot!(render(&read(&STATUS, "var/lib/dpkg/status.d/base", text)), @"dpkg base-files 12.4 source=base-files@12.4 arch=amd64 runtime/unknown @var/lib/dpkg/status.d/base");
        assert!(read(&STATUS, "var/lib/dpkg/status.d/base.md5sums", text).is_empty());
    }
}
