//! Reads a folder laid out as the publishers lay out their feeds.

use std::path::{Path, PathBuf};
use yagura_advisories::{Builder, Document, FEEDS};

/// The folder of reference data; `None` where there is none.
pub fn reference() -> Option<PathBuf> {
    let named = std::env::var_os("YAGURA_CONFORMANCE").map(PathBuf::from);
    let root = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    Some(root.join("advisories")).filter(|folder| folder.is_dir())
}

/// Every file below a folder, relative and sorted.
fn files(folder: &Path, below: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(below) else { return };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(folder, &path, found);
        } else if let Ok(relative) = path.strip_prefix(folder) {
            found.push(relative.to_owned());
        }
    }
}

/// Reads all feeds of a folder into a builder; returns how many documents could not be read.
pub fn read_all(from: &Path, builder: &mut Builder) -> usize {
    let mut failed = 0;
    for feed in FEEDS {
        let folder = from.join(feed.folder());
        let mut found = Vec::new();
        files(&folder, &folder, &mut found);
        for path in found {
            let Some(path) = path.to_str().filter(|path| feed.reads(path)) else { continue };
            let Ok(bytes) = std::fs::read(folder.join(path)) else { continue };
            if let Err(error) = builder.read(*feed, &Document { path, bytes: &bytes }) {
                println!("{}: {error}", feed.id());
                failed += 1;
            }
        }
    }
    failed
}
