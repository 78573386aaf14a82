//! The `Packages` table of an SQLite database. <https://www.sqlite.org/fileformat2.html>
//!
//! Only what a full scan of one table needs: B-tree pages of tables, overflow chains, records. Indexes and other
//! tables are left out. Where the database is in write-ahead mode, the shape of the tree is noted beside the
//! packages, because the log ([`super::sqlite_log`]) may replace pages of it.

use super::database::{Blobs, Numbers};
use crate::{Note, RpmRows};
use std::collections::HashMap;
use yagura_fs::ReadError;

/// How a database begins.
pub const MAGIC: &[u8] = b"SQLite format 3\0";

const BIG: Numbers = Numbers { big: true };
/// SQLite's own bound on the depth of its trees.
const DEEPEST: usize = 20;
const LEAF: u8 = 13;
const INTERIOR: u8 = 5;

/// Reads every package of the database.
pub fn read(blobs: &mut Blobs<'_, '_>) -> Result<(), ReadError> {
    let mut head = Vec::new();
    blobs.read_at(0, 100, &mut head)?;
    let size = match BIG.u16(&head, 16) {
        Some(1) => 65_536,
        size => usize::from(size.unwrap_or_default()),
    };
    let reserved = head.get(20).copied().map_or(0, usize::from);
    let layout = Layout::new(blobs, size, reserved)?;
    // 2 in the version of the format for readers: changes go to a log first.
    let logged = head.get(19) == Some(&2);

    let mut rows = RpmRows { root: layout.root(blobs)?, ..RpmRows::default() };
    let Some(root) = rows.root else {
        // A database whose first pages are still in the log.
        if logged {
            blobs.note(Note::RpmRows(rows));
            return Ok(());
        }
        return Err(blobs.unsupported("an SQLite database without a table `Packages`"));
    };
    let outcome = layout.scan(blobs, root, 0, &mut |blobs, seen| match seen {
        Seen::Interior { page, children } => {
            rows.interior.insert(page, children.to_vec());
            Ok(())
        }
        Seen::Leaf { page } => {
            rows.leaves.insert(page, Vec::new());
            Ok(())
        }
        Seen::Row { page, id, record } => match blob(record) {
            Some(blob) => {
                rows.leaves.entry(page).or_default().push(id);
                if blobs.blob(blob)? {
                    rows.packages.push(id);
                }
                Ok(())
            }
            None => {
                let error = blobs.malformed("a row of `Packages` has no blob");
                blobs.fault(error)
            }
        },
    });
    if logged {
        blobs.note(Note::RpmRows(rows));
    }
    outcome
}

/// The header in a row of `Packages`: its key is the row's id, so the record holds an empty value and then the blob.
pub(super) fn blob(record: &[u8]) -> Option<&[u8]> {
    match columns(record, 2)?.as_slice() {
        [b"", blob] if !blob.is_empty() => Some(blob),
        _ => None,
    }
}

/// How pages are laid out, and where they are.
pub(super) struct Layout {
    size: usize,
    usable: usize,
    /// Where each page begins, for a log; pages of a database lie one after the other.
    places: Option<HashMap<u32, u64>>,
}

/// What a scan comes across.
pub(super) enum Seen<'r> {
    Interior { page: u32, children: &'r [u32] },
    Leaf { page: u32 },
    Row { page: u32, id: u64, record: &'r [u8] },
}

type Visit<'v> = &'v mut dyn FnMut(&mut Blobs<'_, '_>, Seen<'_>) -> Result<(), ReadError>;

impl Layout {
    fn new(blobs: &Blobs<'_, '_>, size: usize, reserved: usize) -> Result<Self, ReadError> {
        if !(512..=65_536).contains(&size) || !size.is_power_of_two() {
            return Err(blobs.malformed("has no valid page size"));
        }
        let usable = size.checked_sub(reserved).filter(|usable| *usable >= 480);
        let usable = usable.ok_or_else(|| blobs.malformed("reserves too much of each page"))?;
        Ok(Self { size, usable, places: None })
    }

    /// The layout of a log whose pages begin at these places. rpm reserves nothing on a page.
    pub fn of_log(blobs: &Blobs<'_, '_>, size: usize, places: HashMap<u32, u64>) -> Result<Self, ReadError> {
        Ok(Self { places: Some(places), ..Self::new(blobs, size, 0)? })
    }

    /// False for a page that is not in the log.
    fn page(&self, blobs: &mut Blobs<'_, '_>, number: u32, out: &mut Vec<u8>) -> Result<bool, ReadError> {
        let index = number.checked_sub(1).ok_or_else(|| blobs.malformed("names page 0"))?;
        let place = match &self.places {
            None => Some(u64::from(index) * self.size as u64),
            Some(places) => places.get(&number).copied(),
        };
        match place {
            Some(place) => blobs.read_at(place, self.size, out).map(|()| true),
            None => Ok(false),
        }
    }

    /// The first page of the table `Packages`, as the table of tables says, which begins on page 1.
    pub fn root(&self, blobs: &mut Blobs<'_, '_>) -> Result<Option<u32>, ReadError> {
        let mut root = None;
        self.scan(blobs, 1, 0, &mut |_, seen| {
            let Seen::Row { record, .. } = seen else { return Ok(()) };
            let values = columns(record, 4).unwrap_or_default();
            if let [kind, _, table, page] = values.as_slice()
                && *kind == b"table"
                && table.eq_ignore_ascii_case(b"Packages")
            {
                root = page
                    .iter()
                    .try_fold(0_u32, |number, byte| number.checked_mul(256)?.checked_add((*byte).into()));
            }
            Ok(())
        })?;
        Ok(root)
    }

    /// Shows the records of the tree below a page, in order.
    fn scan(
        &self,
        blobs: &mut Blobs<'_, '_>,
        number: u32,
        depth: usize,
        visit: Visit<'_>,
    ) -> Result<(), ReadError> {
        if depth > DEEPEST {
            return Err(ReadError::TooDeep { path: blobs.file.path.clone(), limit: DEEPEST });
        }
        let Some(children) = self.one(blobs, number, visit)? else {
            return Err(blobs.malformed(format!("page {number} is no page of a table")));
        };
        for child in children {
            if let Err(error) = self.scan(blobs, child, depth + 1, visit) {
                blobs.fault(error)?;
            }
        }
        Ok(())
    }

    /// Shows what is on one page and returns the pages below it; `None` for a page of another kind. A page that is
    /// not in the log shows nothing.
    pub fn one(
        &self,
        blobs: &mut Blobs<'_, '_>,
        number: u32,
        visit: Visit<'_>,
    ) -> Result<Option<Vec<u32>>, ReadError> {
        let mut page = Vec::new();
        if !self.page(blobs, number, &mut page)? {
            return Ok(Some(Vec::new()));
        }
        // The first page begins with the header of the file.
        let start = if number == 1 { 100 } else { 0 };
        let kind = page.get(start).copied().unwrap_or_default();
        let cells = usize::from(BIG.u16(&page, start + 3).unwrap_or_default());
        let pointers = start + if kind == INTERIOR { 12 } else { 8 };
        let broken = |blobs: &Blobs<'_, '_>| blobs.malformed(format!("page {number} has a broken cell"));
        match kind {
            LEAF => {
                visit(blobs, Seen::Leaf { page: number })?;
                for cell in 0..cells {
                    let at = BIG.u16(&page, pointers + cell * 2).map(usize::from);
                    match at.and_then(|at| self.cell(&page, at)) {
                        Some(cell) => self.record(blobs, number, &cell, visit)?,
                        None => {
                            let error = broken(blobs);
                            blobs.fault(error)?;
                        }
                    }
                }
                Ok(Some(Vec::new()))
            }
            INTERIOR => {
                let mut children = Vec::with_capacity(cells.min(self.size));
                let named = (0..cells)
                    .map(|cell| {
                        let at = BIG.u16(&page, pointers + cell * 2)?;
                        BIG.u32(&page, at.into())
                    })
                    .chain([BIG.u32(&page, start + 8)]);
                for child in named {
                    match child {
                        Some(child) => children.push(child),
                        None => {
                            let error = broken(blobs);
                            blobs.fault(error)?;
                        }
                    }
                }
                visit(blobs, Seen::Interior { page: number, children: &children })?;
                Ok(Some(children))
            }
            _ => Ok(None),
        }
    }

    /// A leaf cell: length of the payload, row id, the payload's beginning, and where it goes on.
    fn cell<'p>(&self, page: &'p [u8], at: usize) -> Option<Cell<'p>> {
        let (length, used) = varint(page.get(at..)?)?;
        let length = usize::try_from(length).ok()?;
        let start = at + used;
        let (id, used) = varint(page.get(start..)?)?;
        let start = start + used;
        let most = self.usable - 35;
        if length <= most {
            return Some(Cell { id, length, local: page.get(start..start.checked_add(length)?)?, next: 0 });
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (self.usable - 4);
        let local = if fitting <= most { fitting } else { least };
        let end = start + local;
        Some(Cell { id, length, local: page.get(start..end)?, next: BIG.u32(page, end)? })
    }

    fn record(
        &self,
        blobs: &mut Blobs<'_, '_>,
        number: u32,
        cell: &Cell<'_>,
        visit: Visit<'_>,
    ) -> Result<(), ReadError> {
        let seen = |record| Seen::Row { page: number, id: cell.id, record };
        if cell.next == 0 {
            return visit(blobs, seen(cell.local));
        }
        if self.places.is_none() && cell.length as u64 > blobs.file.size() {
            let error = blobs.malformed("a record is larger than the file");
            return blobs.fault(error);
        }
        let mut whole = cell.local.to_vec();
        let mut next = cell.next;
        let mut page = Vec::new();
        while whole.len() < cell.length && next != 0 {
            match self.page(blobs, next, &mut page) {
                Ok(true) => {}
                // A record that was not changed goes on in the database; that it is here is all that matters.
                Ok(false) => return visit(blobs, seen(cell.local)),
                Err(error) => return blobs.fault(error),
            }
            next = BIG.u32(&page, 0).unwrap_or_default();
            let wanted = (cell.length - whole.len()).min(self.usable - 4);
            whole.extend_from_slice(page.get(4..4 + wanted).unwrap_or_default());
        }
        if whole.len() < cell.length {
            let error = blobs.truncated("an overflow chain ends before its record");
            return blobs.fault(error);
        }
        visit(blobs, seen(&whole))
    }
}

struct Cell<'a> {
    id: u64,
    length: usize,
    local: &'a [u8],
    /// First overflow page; 0 when everything is local.
    next: u32,
}

/// The raw bytes of a record's first columns.
fn columns(record: &[u8], count: usize) -> Option<Vec<&[u8]>> {
    let (header, mut at) = varint(record)?;
    let header = record.get(..usize::try_from(header).ok()?)?;
    let mut body = header.len();
    let mut values = Vec::with_capacity(count);
    while values.len() < count && at < header.len() {
        let (kind, used) = varint(header.get(at..)?)?;
        at += used;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            // Even: a blob; odd: text.
            kind => usize::try_from((kind - 12) / 2).ok()?,
        };
        let end = body.checked_add(length)?;
        values.push(record.get(body..end)?);
        body = end;
    }
    Some(values)
}

/// A big-endian integer of one to nine bytes, and how many it took.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, &byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Some((value << 8 | u64::from(byte), 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}
