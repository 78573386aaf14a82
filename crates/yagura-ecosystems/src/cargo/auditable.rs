//! The dependency list that `cargo auditable` puts into the section `.dep-v0` of an executable: JSON,
//! compressed with zlib (<https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md>).
//!
//! Packages built from a local path are the program itself and not listed. The list does not tell the commit
//! of a git dependency.

use super::ID;
use crate::{Found, Note};
use flate2::read::ZlibDecoder;
use serde::Deserialize;
use std::io::Read;
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, Relation, Scope};

/// A compressed list is a few kilobytes.
pub(crate) const MAX_COMPRESSED: u64 = 8 << 20;
const MAX_JSON: u64 = 64 << 20;

#[derive(Deserialize)]
struct Document {
    packages: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    version: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    dependencies: Vec<usize>,
    #[serde(default)]
    root: bool,
}

/// Reads the bytes of the section.
pub(crate) fn read(section: &[u8], file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
    let mut json = Vec::new();
    let malformed = |detail: String| ReadError::malformed(file.path, format!("section `.dep-v0`: {detail}"));
    ZlibDecoder::new(section)
        .take(MAX_JSON + 1)
        .read_to_end(&mut json)
        .map_err(|error| malformed(error.to_string()))?;
    if json.len() as u64 > MAX_JSON {
        return Err(ReadError::TooLarge { path: file.path.clone(), limit: MAX_JSON, unit: "bytes" });
    }
    let Document { packages: entries } =
        serde_json::from_slice(&json).map_err(|error| malformed(error.to_string()))?;
    let direct: Vec<usize> = entries
        .iter()
        .filter(|entry| entry.root)
        .flat_map(|entry| entry.dependencies.iter().copied())
        .collect();
    let mut is_direct = vec![false; entries.len()];
    for index in direct {
        if let Some(flag) = is_direct.get_mut(index) {
            *flag = true;
        }
    }
    for (entry, is_direct) in entries.iter().zip(is_direct) {
        if entry.source == "local" {
            continue;
        }
        let location = Location::path(file.path.clone());
        let mut package = Package::new(ID, entry.name.as_str(), entry.version.as_str(), location);
        package.scope = if entry.kind == "build" { Scope::Development } else { Scope::Runtime };
        package.relation = match (entry.root, is_direct) {
            (true, _) => Relation::Unknown,
            (_, true) => Relation::Direct,
            _ => Relation::Transitive,
        };
        package.depends_on = entry
            .dependencies
            .iter()
            .filter_map(|&index| entries.get(index))
            .filter(|target| target.source != "local")
            .take(entries.len())
            .map(|target| format!("{}@{}", target.name, target.version))
            .collect();
        package.depends_on.sort_unstable();
        package.depends_on.dedup();
        found.packages.push(package);
    }
    found.notes.push(Note::Explained);
    Ok(())
}
