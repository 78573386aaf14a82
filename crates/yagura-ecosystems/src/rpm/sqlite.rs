//! The `Packages` table of an SQLite database. <https://www.sqlite.org/fileformat2.html>
//!
//! Only what a full scan of one table needs: B-tree pages of tables, overflow chains, records. Indexes, other
//! tables and the write-ahead log are left out; a log that was never written back is reported.

use super::database::{Blobs, Numbers};
use yagura_fs::{File, ReadError};

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
        Some(size) if size >= 512 && size.is_power_of_two() => usize::from(size),
        _ => return Err(blobs.malformed("has no valid page size")),
    };
    let reserved = head.get(20).copied().map_or(0, usize::from);
    let usable = size.checked_sub(reserved).filter(|usable| *usable >= 480);
    let usable = usable.ok_or_else(|| blobs.malformed("reserves too much of each page"))?;
    let layout = Layout { size, usable };

    let mut root = None;
    layout.scan(blobs, 1, 0, &mut |_, row| {
        let values = columns(row, 4).unwrap_or_default();
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
    let root = root.ok_or_else(|| blobs.unsupported("an SQLite database without a table `Packages`"))?;
    // The key is the row's id, so the record holds an empty value and then the blob.
    layout.scan(blobs, root, 0, &mut |blobs, row| match columns(row, 2).as_deref() {
        Some([_, blob]) => blobs.blob(blob),
        _ => {
            let error = blobs.malformed("a row of `Packages` has no blob");
            blobs.fault(error)
        }
    })
}

/// Says so when a write-ahead log holds pages: the database beside it may then miss the newest packages.
pub fn read_log(file: &File<'_>, head: &[u8]) -> Result<(), ReadError> {
    /// Header of the log and of one frame, without the page.
    const ONE_FRAME: u64 = 32 + 24;
    let is_log = matches!(BIG.u32(head, 0), Some(0x377f_0682 | 0x377f_0683));
    if is_log && file.size() > ONE_FRAME {
        return Err(ReadError::Unsupported {
            path: file.path.clone(),
            detail: "a write-ahead log with changes: the newest packages may be missing".to_owned(),
        });
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Layout {
    size: usize,
    usable: usize,
}

type Row<'v> = &'v mut dyn FnMut(&mut Blobs<'_, '_>, &[u8]) -> Result<(), ReadError>;

impl Layout {
    fn page(self, blobs: &mut Blobs<'_, '_>, number: u32, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let index = number.checked_sub(1).ok_or_else(|| blobs.malformed("names page 0"))?;
        blobs.read_at(u64::from(index) * self.size as u64, self.size, out)
    }

    /// Shows the records of the tree below a page, in order.
    fn scan(
        self,
        blobs: &mut Blobs<'_, '_>,
        number: u32,
        depth: usize,
        row: Row<'_>,
    ) -> Result<(), ReadError> {
        if depth > DEEPEST {
            return Err(ReadError::TooDeep { path: blobs.file.path.clone(), limit: DEEPEST });
        }
        let mut page = Vec::new();
        self.page(blobs, number, &mut page)?;
        // The first page begins with the header of the file.
        let start = if number == 1 { 100 } else { 0 };
        let kind = page.get(start).copied().unwrap_or_default();
        let cells = usize::from(BIG.u16(&page, start + 3).unwrap_or_default());
        let pointers = start + if kind == INTERIOR { 12 } else { 8 };
        match kind {
            LEAF => {
                for cell in 0..cells {
                    let at = BIG.u16(&page, pointers + cell * 2).map(usize::from);
                    match at.and_then(|at| self.cell(&page, at)) {
                        Some(cell) => self.record(blobs, &cell, row)?,
                        None => {
                            let error = blobs.malformed(format!("page {number} has a broken cell"));
                            blobs.fault(error)?;
                        }
                    }
                }
                Ok(())
            }
            INTERIOR => {
                let children = (0..cells)
                    .map(|cell| {
                        let at = BIG.u16(&page, pointers + cell * 2)?;
                        BIG.u32(&page, at.into())
                    })
                    .chain([BIG.u32(&page, start + 8)]);
                for child in children {
                    let outcome = match child {
                        Some(child) => self.scan(blobs, child, depth + 1, row),
                        None => Err(blobs.malformed(format!("page {number} has a broken cell"))),
                    };
                    if let Err(error) = outcome {
                        blobs.fault(error)?;
                    }
                }
                Ok(())
            }
            _ => Err(blobs.malformed(format!("page {number} is no page of a table"))),
        }
    }

    /// A leaf cell: length of the payload, row id, the payload's beginning, and where it goes on.
    fn cell(self, page: &[u8], at: usize) -> Option<Cell<'_>> {
        let (length, used) = varint(page.get(at..)?)?;
        let length = usize::try_from(length).ok()?;
        let start = at + used;
        let start = start + varint(page.get(start..)?)?.1;
        let most = self.usable - 35;
        if length <= most {
            return Some(Cell { length, local: page.get(start..start.checked_add(length)?)?, next: 0 });
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (self.usable - 4);
        let local = if fitting <= most { fitting } else { least };
        let end = start + local;
        Some(Cell { length, local: page.get(start..end)?, next: BIG.u32(page, end)? })
    }

    fn record(self, blobs: &mut Blobs<'_, '_>, cell: &Cell<'_>, row: Row<'_>) -> Result<(), ReadError> {
        if cell.next == 0 {
            return row(blobs, cell.local);
        }
        if cell.length as u64 > blobs.file.size() {
            let error = blobs.malformed("a record is larger than the file");
            return blobs.fault(error);
        }
        let mut whole = cell.local.to_vec();
        let mut next = cell.next;
        let mut page = Vec::new();
        while whole.len() < cell.length && next != 0 {
            if let Err(error) = self.page(blobs, next, &mut page) {
                return blobs.fault(error);
            }
            next = BIG.u32(&page, 0).unwrap_or_default();
            let wanted = (cell.length - whole.len()).min(self.usable - 4);
            whole.extend_from_slice(page.get(4..4 + wanted).unwrap_or_default());
        }
        if whole.len() < cell.length {
            let error = blobs.truncated("an overflow chain ends before its record");
            return blobs.fault(error);
        }
        row(blobs, &whole)
    }
}

struct Cell<'a> {
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
