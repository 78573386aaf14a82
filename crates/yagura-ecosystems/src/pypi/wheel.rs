//! Wheels and eggs: zip archives with the same metadata that they leave behind when installed
//! (<https://packaging.python.org/specifications/binary-distribution-format/>).

use super::metadata::package;
use crate::{Cataloger, Found};
use std::io::Read;
use yagura_fs::{File, ReadError};
use zip::ZipArchive;
use zip::result::ZipError;

/// Metadata is a header and a description; more is not metadata.
const MAX_METADATA: u64 = 4 << 20;

/// Reads both.
pub(super) struct Wheel;

impl Cataloger for Wheel {
    fn id(&self) -> &'static str {
        "pypi/wheel"
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.whl", "*.egg"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let mut archive = ZipArchive::new(file.reader()).map_err(|error| broken(file, error))?;
        let names: Vec<String> = archive
            .file_names()
            .filter_map(|name| Some(name.ok()?.into_owned()))
            .filter(|name| {
                // Only at the top: deeper ones are vendored by the package and belong to it.
                name.strip_suffix(".dist-info/METADATA").is_some_and(|above| !above.contains('/'))
                    || name == "EGG-INFO/PKG-INFO"
            })
            .collect();
        for name in names {
            let entry = archive.by_name(&name).map_err(|error| broken(file, error))?;
            let mut bytes = Vec::new();
            entry
                .take(MAX_METADATA)
                .read_to_end(&mut bytes)
                .map_err(|error| ReadError::malformed(file.path, format!("member `{name}`: {error}")))?;
            found.packages.push(package(&bytes, &file.path.member(&name))?);
        }
        Ok(())
    }
}

fn broken(file: &File<'_>, error: ZipError) -> ReadError {
    match error {
        ZipError::Io(source) => ReadError::Io { path: file.path.clone(), source },
        ZipError::UnsupportedArchive(detail) => {
            ReadError::Unsupported { path: file.path.clone(), detail: detail.to_owned() }
        }
        other => ReadError::malformed(file.path, other.to_string()),
    }
}
