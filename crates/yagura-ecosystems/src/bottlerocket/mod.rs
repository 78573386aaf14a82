//! Bottlerocket: the packages that the host's image was built from. Containers on it are scanned as images.
//!
//! `application-inventory.json` is described at
//! <https://github.com/bottlerocket-os/bottlerocket/discussions/3035>; advisories name the same packages, with
//! versions but without releases.

use crate::version::rpm::RPM;
use crate::{Cataloger, Ecosystem, Found, as_is, platform};
use serde::Deserialize;
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package};

/// Bottlerocket.
pub static BOTTLEROCKET: Ecosystem = Ecosystem {
    id: "Bottlerocket",
    purl: "rpm",
    versions: &RPM,
    normalize: as_is,
    release: as_is,
    catalogers: &[&INVENTORY, &platform::OS_RELEASE],
    resolve: None,
};

static INVENTORY: Inventory = Inventory;

/// Reads `application-inventory.json`.
struct Inventory;

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "Content")]
    content: Vec<Application>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Application {
    name: String,
    version: String,
    #[serde(default)]
    release: String,
    #[serde(default)]
    epoch: String,
    #[serde(default)]
    architecture: Option<String>,
    #[serde(default)]
    publisher: Option<String>,
}

impl Cataloger for Inventory {
    fn id(&self) -> &'static str {
        "bottlerocket/application-inventory"
    }

    fn files(&self) -> &'static [&'static str] {
        &["usr/share/bottlerocket/application-inventory.json"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let document: Document = serde_json::from_slice(file.bytes()?)
            .map_err(|error| ReadError::malformed(file.path, error.to_string()))?;
        for application in document.content {
            let Application { name, version, release, epoch, architecture, publisher } = application;
            let mut text =
                if matches!(epoch.as_str(), "" | "0") { version } else { format!("{epoch}:{version}") };
            if !release.is_empty() {
                text = format!("{text}-{release}");
            }
            let mut package = Package::new("bottlerocket", name, text, Location::path(file.path.clone()));
            package.arch = architecture;
            package.vendor = publisher;
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
    fn applications_become_packages() {
        let path = "usr/share/bottlerocket/application-inventory.json";
        let text = br#"{"Content":[{"Name":"containerd","Publisher":"Bottlerocket","Version":"1.7.22","Release":"1.1727.br1","Epoch":"0","Architecture":"x86_64"},{"Name":"glibc","Version":"2.40","Epoch":"1"}]}"#;
        insta::assert_snapshot!(render(&read(&INVENTORY, path, text)), @r"
        bottlerocket containerd 1.7.22-1.1727.br1 arch=x86_64 vendor=Bottlerocket runtime/unknown @usr/share/bottlerocket/application-inventory.json
        bottlerocket glibc 1:2.40 runtime/unknown @usr/share/bottlerocket/application-inventory.json
        ");
        assert_eq!(read(&INVENTORY, path, b"{\"Content\":[{]").unread.len(), 1);
    }
}
