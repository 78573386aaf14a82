//! Disk images: opened in whatever format they have, and read as the machine that they belong to.

use super::cannot_open;
use crate::cli::Failure;
use std::path::PathBuf;
use yagura_fs::disk::{BlockSource, Disks, format};
use yagura_fs::{Limits, ReadError};
use yagura_model::TreePath;

/// What a report calls them.
pub fn name(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// The disks of one machine.
///
/// # Errors
/// A disk cannot be opened, or has a format that is not read.
pub fn open(paths: &[PathBuf], limits: &Limits) -> Result<Disks, Failure> {
    let mut disks: Vec<Box<dyn BlockSource>> = Vec::new();
    for path in paths {
        let image = format::open(path).map_err(|error| {
            let shown = TreePath::from_text(&path.to_string_lossy()).unwrap_or_default();
            cannot_open(path, &ReadError::of_medium(&shown, error))
        })?;
        tracing::info!(path = %path.display(), format = image.format, bytes = image.disk.size(), "disk");
        disks.push(image.disk);
    }
    Ok(Disks::open(disks, limits))
}
