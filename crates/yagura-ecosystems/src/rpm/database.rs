//! The database of installed packages, in whichever of its three formats: SQLite, NDB, Berkeley DB.
//!
//! All three store one header blob per package ([`super::header`]). The formats are read page by page through
//! [`Blobs`], which bounds the work: the bytes read and the bytes handed out are paid from a budget of a few
//! times the file's size, so chains that loop and records that overlap run out instead of running on.

use super::{bdb, header, ndb, sqlite, sqlite_log};
use crate::{Cataloger, Found, Note};
use yagura_fs::{File, ReadError};

/// Reads `rpmdb.sqlite`, `Packages.db` and `Packages`.
pub static DATABASE: Database = Database;

/// See [`DATABASE`].
pub struct Database;

impl Cataloger for Database {
    fn id(&self) -> &'static str {
        "rpm/database"
    }

    fn files(&self) -> &'static [&'static str] {
        &[
            "{var/lib,usr/lib/sysimage,usr/share}/rpm/Packages",
            "{var/lib,usr/lib/sysimage,usr/share}/rpm/Packages.db",
            "{var/lib,usr/lib/sysimage,usr/share}/rpm/rpmdb.sqlite",
            "{var/lib,usr/lib/sysimage,usr/share}/rpm/rpmdb.sqlite-wal",
        ]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let head = file.head(64)?;
        let mut blobs = Blobs::new(file, found);
        match head.as_slice() {
            // A database that rpm has created but never filled.
            [] => Ok(()),
            head if file.path.name().ends_with("-wal") => sqlite_log::read(&mut blobs, head),
            head if head.starts_with(sqlite::MAGIC) => sqlite::read(&mut blobs),
            head if head.starts_with(ndb::MAGIC) => ndb::read(&mut blobs),
            head => bdb::read(&mut blobs, head),
        }
    }
}

/// Most broken records that are reported one by one; a database with more is broken as a whole.
const MOST_FAULTS: usize = 20;

/// Positioned, bounded reading of a database, and the place where its blobs go.
pub struct Blobs<'a, 'f> {
    /// The database.
    pub file: &'a File<'f>,
    found: &'a mut Found,
    budget: u64,
    faults: usize,
}

impl<'a, 'f> Blobs<'a, 'f> {
    fn new(file: &'a File<'f>, found: &'a mut Found) -> Self {
        let budget = file.size().saturating_mul(4).saturating_add(64 << 10);
        Self { file, found, budget, faults: 0 }
    }

    /// Replaces `out` by `length` bytes at `offset`.
    pub fn read_at(&mut self, offset: u64, length: usize, out: &mut Vec<u8>) -> Result<(), ReadError> {
        /// Memory grows only as fast as bytes really come.
        const STEP: usize = 1 << 20;
        if self.file.limits.is_cancelled() {
            return Err(ReadError::Cancelled { path: self.file.path.clone() });
        }
        self.spend(length)?;
        out.clear();
        while out.len() < length {
            let start = out.len();
            out.resize(length.min(start + STEP), 0);
            let rest = out.get_mut(start..).unwrap_or_default();
            let count = self.file.read_at(offset.saturating_add(start as u64), rest)?;
            out.truncate(start + count);
            if count == 0 {
                return Err(self.truncated(format!("{length} bytes at {offset} are missing")));
            }
        }
        Ok(())
    }

    /// Takes one header blob; true when it is a package, which then is the last one found.
    pub fn blob(&mut self, bytes: &[u8]) -> Result<bool, ReadError> {
        self.spend(bytes.len())?;
        let before = self.found.packages.len();
        if let Err(fault) = header::read(bytes, self.file.path, self.found) {
            let error = self.malformed(fault.to_string());
            self.fault(error)?;
        }
        Ok(self.found.packages.len() > before)
    }

    /// Keeps a fact beside the packages.
    pub fn note(&mut self, note: Note) {
        self.found.notes.push(note);
    }

    /// Reports one broken record and goes on, unless there are too many or the scan must stop.
    pub fn fault(&mut self, error: ReadError) -> Result<(), ReadError> {
        self.faults += 1;
        let fatal = matches!(error, ReadError::Cancelled { .. } | ReadError::Io { .. });
        if fatal || self.faults > MOST_FAULTS || self.budget == 0 {
            return Err(error);
        }
        self.found.unread.push(error.to_unread());
        Ok(())
    }

    /// The error for bytes that contradict the format.
    pub fn malformed(&self, detail: impl Into<String>) -> ReadError {
        ReadError::malformed(self.file.path, detail)
    }

    /// The error for bytes that are not there.
    pub fn truncated(&self, detail: impl Into<String>) -> ReadError {
        ReadError::truncated(self.file.path, detail)
    }

    /// The error for formats that are not read here.
    pub fn unsupported(&self, detail: impl Into<String>) -> ReadError {
        ReadError::Unsupported { path: self.file.path.clone(), detail: detail.into() }
    }

    /// True once all the work that the file's size allows is done.
    pub fn is_spent(&self) -> bool {
        self.budget == 0
    }

    fn spend(&mut self, bytes: usize) -> Result<(), ReadError> {
        match self.budget.checked_sub(bytes as u64) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => {
                self.budget = 0;
                Err(self.malformed("names the same pages again and again"))
            }
        }
    }
}

/// Unsigned integers of a fixed width at an offset; `None` past the end.
#[derive(Clone, Copy)]
pub struct Numbers {
    /// Big-endian bytes.
    pub big: bool,
}

impl Numbers {
    /// 16 bits.
    pub fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) })
    }

    /// 32 bits.
    pub fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) })
    }
}
