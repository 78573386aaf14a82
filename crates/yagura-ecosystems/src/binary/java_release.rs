//! The `release` file of a Java runtime: `KEY="value"` lines
//! (<https://openjdk.org/jeps/223> for the versions).
//!
//! The package is named after the distribution: `openjdk` for builds of OpenJDK, `jdk` where Oracle's own licence
//! applies; `JAVA_VERSION` is the version that vulnerability announcements use.

use super::ID;
use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package};

/// Files of this name are short; others of the name are not worth reading.
const MAX: u64 = 64 << 10;

/// Reads the file.
pub(super) struct JavaRelease;

impl Cataloger for JavaRelease {
    fn id(&self) -> &'static str {
        "binary/java-release"
    }

    fn files(&self) -> &'static [&'static str] {
        &["release"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        if file.size() > MAX {
            return Ok(());
        }
        let text = file.text()?;
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
                .map(|value| value.trim().trim_matches('"'))
                .filter(|value| !value.is_empty())
        };
        let Some(version) = value("JAVA_VERSION") else { return Ok(()) };
        let oracle = value("IMPLEMENTOR") == Some("Oracle Corporation")
            && value("BUILD_TYPE").is_some_and(|kind| kind == "commercial");
        let name = if oracle { "jdk" } else { "openjdk" };
        let mut package = Package::new(ID, name, version, Location::path(file.path.clone()));
        package.vendor = value("IMPLEMENTOR").map(str::to_owned);
        package.arch = value("OS_ARCH").map(str::to_owned);
        found.packages.push(package);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn a_runtime_names_itself() {
        let text = b"IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_VERSION=\"17.0.15\"\nOS_ARCH=\"x86_64\"\n";
        insta::assert_snapshot!(render(&read(&JavaRelease, "opt/jdk/release", text)), @"generic openjdk 17.0.15 arch=x86_64 vendor=Eclipse Adoptium runtime/unknown @opt/jdk/release");
        assert!(read(&JavaRelease, "x/release", b"NAME=\"x\"\n").is_empty());
    }
}
