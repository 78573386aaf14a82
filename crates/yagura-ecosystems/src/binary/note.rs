//! Package notes: JSON in the ELF section `.note.package` that names the package an executable came from
//! (<https://systemd.io/PACKAGE_METADATA_FOR_EXECUTABLE_FILES/>).
//!
//! `type` is the format of the package (`deb`, `rpm`, `apk`, `alpm`) or a language's own. The operating system's
//! database knows its packages better, so a note only explains the executable there; a note of a type without a
//! database becomes a `generic` package.

use super::ID;
use super::image::Order;
use crate::document::text;
use crate::{Found, Note};
use serde_json::Value;
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package};

/// Notes are a few hundred bytes.
pub(super) const MAX_NOTE: u64 = 1 << 20;

/// The number of this kind of note.
const PACKAGE: u64 = 0xcafe_1a7e;

/// Reads the notes of the section.
pub(super) fn read(bytes: &[u8], file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
    // The order of bytes shows in the kind.
    let Some(order) =
        [Order::Little, Order::Big].into_iter().find(|order| order.number(bytes, 8, 4) == Some(PACKAGE))
    else {
        return Ok(());
    };
    let size = |at: usize| order.number(bytes, at, 4).and_then(|size| usize::try_from(size).ok());
    let (Some(name), Some(length)) = (size(0), size(4)) else { return Ok(()) };
    let json = name
        .checked_next_multiple_of(4)
        .and_then(|name| name.checked_add(12))
        .and_then(|start| bytes.get(start..start.checked_add(length)?))
        .ok_or_else(|| ReadError::truncated(file.path, "section `.note.package` is shorter than its note"))?;
    let json = json.split(|&byte| byte == 0).next().unwrap_or_default();
    let value: Value = serde_json::from_slice(json)
        .map_err(|error| ReadError::malformed(file.path, format!("section `.note.package`: {error}")))?;
    let (kind, name, version) = (text(&value, "type"), text(&value, "name"), text(&value, "version"));
    found.notes.push(Note::Explained);
    if !matches!(kind, "deb" | "rpm" | "apk" | "alpm") && !name.is_empty() && !version.is_empty() {
        let mut package = Package::new(ID, name, version, Location::path(file.path.clone()));
        let architecture = text(&value, "architecture");
        package.arch = (!architecture.is_empty()).then(|| architecture.to_owned());
        found.packages.push(package);
    }
    Ok(())
}
