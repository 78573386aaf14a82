//! The package list of Azure Linux images without rpm: `rpm -qa` in ten columns, written when the image was made.
//! <https://github.com/microsoft/azurelinux/blob/3.0/toolkit/tools/internal/rpm/rpm.go>
//!
//! `container-manifest-1` beside it lists the same packages with less detail and is left out.

use super::header::source_of;
use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, SourcePackage};

/// Reads `container-manifest-2`.
pub static MANIFEST: Manifest = Manifest;

/// See [`MANIFEST`].
pub struct Manifest;

impl Cataloger for Manifest {
    fn id(&self) -> &'static str {
        "rpm/container-manifest"
    }

    fn files(&self) -> &'static [&'static str] {
        &["var/lib/rpmmanifest/container-manifest-2"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            let columns: Vec<&str> = line.split('\t').collect();
            // Name, version, installed, built, vendor, epoch, size, architecture, epoch again, source.
            let &[name, version, _, _, vendor, epoch, _, arch, _, source] = columns.as_slice() else {
                let detail = format!("line {} has not ten columns", number + 1);
                return Err(ReadError::malformed(file.path, detail));
            };
            let with_epoch = |version: &str| match epoch {
                "" | "0" | "(none)" => version.to_owned(),
                epoch => format!("{epoch}:{version}"),
            };
            if name == "gpg-pubkey" {
                continue;
            }
            let told = |text: &str| (!matches!(text, "" | "(none)")).then(|| text.to_owned());
            let mut package =
                Package::new("rpm", name, with_epoch(version), Location::path(file.path.clone()));
            package.arch = told(arch);
            package.vendor = told(vendor);
            let (source, version) = source_of(source).unwrap_or((name, version));
            package.source = Some(SourcePackage { name: source.to_owned(), version: with_epoch(version) });
            found.packages.push(package);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn columns_become_packages_until_a_line_is_broken() {
        let text = b"openssl-libs\t1.1.1k-21.cm2\t1658163\t1658\tMicrosoft Corporation\t(none)\t1\tx86_64\t0\topenssl-1.1.1k-21.cm2.src.rpm\n\
            bind\t9.16-1\t1\t1\t(none)\t32\t1\tnoarch\t32\t(none)\nhalf a line\n";
        let found = read(&MANIFEST, "var/lib/rpmmanifest/container-manifest-2", text);
        insta::assert_snapshot!(render(&found), @r"
        rpm openssl-libs 1.1.1k-21.cm2 source=openssl@1.1.1k-21.cm2 arch=x86_64 vendor=Microsoft Corporation runtime/unknown @var/lib/rpmmanifest/container-manifest-2
        rpm bind 32:9.16-1 source=bind@32:9.16-1 arch=noarch runtime/unknown @var/lib/rpmmanifest/container-manifest-2
        unread var/lib/rpmmanifest/container-manifest-2 Malformed line 3 has not ten columns
        ");
    }
}
