//! Looks into every executable once and asks each build tool's reader about its own section.

use super::image::{Image, Section};
use super::note;
use crate::cargo::auditable;
use crate::go::build_info;
use crate::{Cataloger, Found};
use yagura_fs::{File, ReadError};

/// Reads executables of all formats.
pub(super) struct Executable;

impl Cataloger for Executable {
    fn id(&self) -> &'static str {
        "binary/executable"
    }

    fn files(&self) -> &'static [&'static str] {
        &[]
    }

    fn wants_executables(&self) -> bool {
        true
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let image = Image::parse(file)?;
        let mut outcome = build_info::read(&image, file, found);
        // Mach-O puts it into the segment `__DATA` as section `.dep-v0`, ELF and PE call the section so.
        if let Some(section) = image.section(".dep-v0") {
            outcome = outcome.and(audit(section, file, found));
        }
        if let Some(section) = image.section(".note.package") {
            let bytes = Image::read(file, section, note::MAX_NOTE)?;
            outcome = outcome.and(note::read(&bytes, file, found));
        }
        outcome
    }
}

fn audit(section: &Section, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
    let bytes = Image::read(file, section, auditable::MAX_COMPRESSED)?;
    auditable::read(&bytes, file, found)
}
