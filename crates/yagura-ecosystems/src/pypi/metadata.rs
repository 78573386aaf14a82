//! Installed distributions: `*.dist-info/METADATA`, `*.egg-info/PKG-INFO`, `EGG-INFO/PKG-INFO` and the single
//! `*.egg-info` file of distutils (<https://packaging.python.org/specifications/core-metadata/>).
//!
//! Only the headers are read; the description after the first blank line, often most of the file, is not.

use super::{ID, requirement_name};
use crate::{Cataloger, Found};
use std::borrow::Cow;
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, TreePath};

/// Headers end within this many bytes, or the file is not metadata.
const MAX_HEADERS: usize = 1 << 20;

/// A longer `License` field is the licence's text and not its name.
const MAX_LICENSE: usize = 120;

/// Reads all of them.
pub(super) struct Metadata;

impl Cataloger for Metadata {
    fn id(&self) -> &'static str {
        "pypi/metadata"
    }

    fn files(&self) -> &'static [&'static str] {
        &["METADATA", "PKG-INFO", "*.egg-info"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let above = file.path.parent().rsplit('/').next().unwrap_or_default();
        let wanted = match file.path.name() {
            "METADATA" => above.ends_with(".dist-info"),
            "PKG-INFO" => above.ends_with(".egg-info") || above == "EGG-INFO",
            _ => true,
        };
        if wanted {
            found.packages.push(package(&headers(file)?, file.path)?);
        }
        Ok(())
    }
}

/// Everything before the first blank line.
fn headers(file: &File<'_>) -> Result<Vec<u8>, ReadError> {
    const STEP: usize = 8 << 10;
    let mut bytes = Vec::new();
    loop {
        let start = bytes.len();
        bytes.resize(start + STEP, 0);
        let count = file.read_at(start as u64, bytes.get_mut(start..).unwrap_or_default())?;
        bytes.truncate(start + count);
        // A blank line may straddle two steps.
        let tail = bytes.get(start.saturating_sub(3)..).unwrap_or_default();
        if count == 0 || blank_line(tail) {
            return Ok(bytes);
        }
        if bytes.len() > MAX_HEADERS {
            return Err(ReadError::TooLarge {
                path: file.path.clone(),
                limit: MAX_HEADERS as u64,
                unit: "bytes of headers",
            });
        }
    }
}

fn blank_line(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == b"\n\n") || bytes.windows(4).any(|four| four == b"\r\n\r\n")
}

/// A package from core metadata.
///
/// # Errors
/// [`ReadError::Malformed`] without a name or version.
pub(super) fn package(bytes: &[u8], path: &TreePath) -> Result<Package, ReadError> {
    let text = String::from_utf8_lossy(bytes);
    let mut name = None;
    let mut version = None;
    let mut expression = None;
    let mut license: Option<&str> = None;
    let mut classifiers: Vec<String> = Vec::new();
    let mut asks: Vec<String> = Vec::new();
    let mut multiline = false;
    for line in text.trim_start_matches('\u{feff}').lines() {
        if line.trim_end().is_empty() {
            break;
        }
        if line.starts_with([' ', '\t', '|']) {
            multiline = true;
            continue;
        }
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if license.is_some() && std::mem::take(&mut multiline) {
            // Continuation lines so far belonged to some field; only a licence's own would matter, and a
            // licence of several lines is a text.
            license = license.filter(|text| text.len() <= MAX_LICENSE);
        }
        if value.is_empty() || value == "UNKNOWN" {
            continue;
        }
        if key.eq_ignore_ascii_case("Name") {
            name = name.or(Some(value));
        } else if key.eq_ignore_ascii_case("Version") {
            version = version.or(Some(value));
        } else if key.eq_ignore_ascii_case("License-Expression") {
            expression = Some(value);
        } else if key.eq_ignore_ascii_case("License") {
            license = Some(value).filter(|value| value.len() <= MAX_LICENSE);
        } else if key.eq_ignore_ascii_case("Classifier") {
            if let Some(rest) = value.strip_prefix("License :: ") {
                let last = rest.rsplit(" :: ").next().unwrap_or(rest);
                if last != "OSI Approved" {
                    classifiers.push(last.to_owned());
                }
            }
        } else if key.eq_ignore_ascii_case("Requires-Dist") && !only_for_extra(value) {
            asks.extend(requirement_name(value).map(|(name, _)| name.to_owned()));
        }
    }
    let missing = |what: &str| ReadError::malformed(path, format!("it has no {what}"));
    let name = name.ok_or_else(|| missing("name"))?;
    let version = version.ok_or_else(|| missing("version"))?;
    let mut package = Package::new(ID, name, version, Location::path(path.clone()));
    package.licenses = match (expression, license, classifiers.is_empty()) {
        (Some(expression), ..) => vec![expression.to_owned()],
        (None, _, false) => classifiers,
        (None, Some(license), true) => vec![license.to_owned()],
        (None, None, true) => Vec::new(),
    };
    asks.sort_unstable_by_key(|name| super::normalize(name).into_owned());
    asks.dedup_by(|a, b| super::normalize(a) == super::normalize(b));
    package.depends_on = asks;
    Ok(package)
}

/// True for `x; extra == "tests"`: nothing asks for it unless somebody asked for the extra.
fn only_for_extra(requirement: &str) -> bool {
    requirement.split_once(';').is_some_and(|(_, marker)| {
        let marker: Cow<'_, str> = marker.into();
        marker.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == "extra")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    const PLACE: &str = "venv/lib/site-packages/Foo_Bar-1.0.dist-info/METADATA";

    #[test]
    fn headers_name_the_package() {
        let text = "Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.0\nLicense: MIT\nClassifier: License :: OSI Approved :: MIT License\nClassifier: Topic :: X\nRequires-Dist: urllib3 (<3,>=1.2)\nRequires-Dist: pytest ; extra == 'test'\nRequires-Dist: Zope.Interface; python_version < '3'\n\nName: other\nVersion: 2\n";
        insta::assert_snapshot!(render(&read(&Metadata, PLACE, text.as_bytes())), @r#"
        PyPI Foo_Bar 1.0 runtime/unknown (MIT License) -> urllib3, Zope.Interface @venv/lib/site-packages/Foo_Bar-1.0.dist-info/METADATA
        "#);
    }

    #[test]
    fn an_expression_beats_classifiers_and_a_text_is_no_licence() {
        let licenses = |field: &str| {
            let text = format!("Name: a\r\nVersion: 1\r\n{field}\r\n\r\nbody");
            read(&Metadata, PLACE, text.as_bytes()).packages.remove(0).licenses
        };
        assert_eq!(
            licenses(
                "License-Expression: MIT OR Apache-2.0\r\nClassifier: License :: OSI Approved :: BSD License"
            ),
            ["MIT OR Apache-2.0"]
        );
        assert_eq!(licenses("License: UNKNOWN"), [""; 0]);
        assert_eq!(licenses("License: BSD 3-Clause"), ["BSD 3-Clause"]);
        assert_eq!(licenses(&format!("License: {}", "Permission ".repeat(40))), [""; 0]);
    }

    #[test]
    fn only_metadata_of_installed_distributions_counts() {
        let text = b"Name: a\nVersion: 1\n";
        for (path, count) in [
            ("x/a-1.dist-info/METADATA", 1),
            ("x/METADATA", 0),
            ("x/a.egg-info/PKG-INFO", 1),
            ("x/a-1.egg/EGG-INFO/PKG-INFO", 1),
            ("sdist-1/PKG-INFO", 0),
            ("usr/lib/python3/dist-packages/a-1.egg-info", 1),
        ] {
            assert_eq!(read(&Metadata, path, text).packages.len(), count, "{path}");
        }
    }

    #[test]
    fn metadata_without_a_version_is_reported() {
        insta::assert_snapshot!(render(&read(&Metadata, PLACE, b"Name: a\n\nVersion: 1")), @r#"
        unread venv/lib/site-packages/Foo_Bar-1.0.dist-info/METADATA Malformed it has no version
        "#);
    }

    #[test]
    fn headers_without_end_are_bounded() {
        let endless = b"X: y\n".repeat(400_000);
        insta::assert_snapshot!(render(&read(&Metadata, PLACE, &endless)), @r#"
        unread venv/lib/site-packages/Foo_Bar-1.0.dist-info/METADATA TooLarge over 1048576 bytes of headers
        "#);
    }
}
