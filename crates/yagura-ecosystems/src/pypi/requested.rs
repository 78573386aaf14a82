//! `REQUESTED` of a dist-info directory: its installer was asked for this distribution, and did not only need it
//! for another one (<https://peps.python.org/pep-0376/#requested>).
//!
//! The file is empty: that it is there tells everything, and [`analyze`](crate::analyze) asks for that.

use crate::{Cataloger, Found, Note};
use yagura_fs::{File, ReadError};

/// Notes the file.
pub(super) struct Requested;

impl Cataloger for Requested {
    fn id(&self) -> &'static str {
        "pypi/requested"
    }

    fn files(&self) -> &'static [&'static str] {
        &["**/*.dist-info/REQUESTED"]
    }

    fn read(&self, _file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        found.notes.push(Note::Explained);
        Ok(())
    }
}
