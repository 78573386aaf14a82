//! SQLite's write-ahead log: pages that replace those of the database beside it.
//! <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>
//!
//! rpm folds the log into the database when it ends well; a machine that was copied while rpm ran, or that
//! crashed, has packages that are only here. Frames count up to the last one that ends a transaction and whose
//! checksum holds, as for SQLite itself. The two files are read apart from each other, because an archive shows
//! them one after the other; [`settle`] joins what they say.

use super::database::{Blobs, Numbers};
use super::sqlite::{Layout, Seen, blob};
use crate::{Found, Note, RpmRows};
use std::collections::{HashMap, HashSet};
use yagura_fs::ReadError;
use yagura_model::{Package, TreePath};

const BIG: Numbers = Numbers { big: true };
const HEADER: usize = 32;
const FRAME: usize = 24;
/// The last bit tells the order of bytes in checksums.
const MAGIC: u32 = 0x377f_0682;

/// Reads the packages on the pages of a log.
pub fn read(blobs: &mut Blobs<'_, '_>, head: &[u8]) -> Result<(), ReadError> {
    let magic = BIG.u32(head, 0).unwrap_or_default();
    // A log that was folded into its database may be overwritten by zeros.
    if head.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    if magic & !1 != MAGIC {
        return Err(blobs.malformed("is no write-ahead log"));
    }
    let size = usize::try_from(BIG.u32(head, 8).unwrap_or_default()).unwrap_or(0);
    if !(512..=65_536).contains(&size) || !size.is_power_of_two() {
        return Err(blobs.malformed("has no valid page size"));
    }
    let places = committed(blobs, head, size)?;
    if places.is_empty() {
        return Ok(());
    }
    let mut numbers: Vec<u32> = places.keys().copied().collect();
    numbers.sort_unstable();
    let layout = Layout::of_log(blobs, size, places)?;
    let mut rows = RpmRows { root: layout.root(blobs)?, ..RpmRows::default() };
    for number in numbers.into_iter().filter(|number| *number != 1) {
        let outcome = layout.one(blobs, number, &mut |blobs, seen| {
            match seen {
                Seen::Interior { page, children } => {
                    rows.interior.insert(page, children.to_vec());
                }
                Seen::Leaf { page } => {
                    rows.leaves.insert(page, Vec::new());
                }
                Seen::Row { page, id, record } => {
                    rows.leaves.entry(page).or_default().push(id);
                    // Rows of other tables, and those that go on in the database, are no blobs here.
                    if let Some(blob) = blob(record)
                        && blobs.blob(blob)?
                    {
                        rows.packages.push(id);
                    }
                }
            }
            Ok(())
        });
        // Pages that hold the middle of a record, or an index, look like anything.
        match outcome {
            Err(error @ (ReadError::Cancelled { .. } | ReadError::Io { .. })) => return Err(error),
            _ if blobs.is_spent() => return Err(blobs.malformed("names the same pages again and again")),
            _ => {}
        }
    }
    blobs.note(Note::RpmRows(rows));
    Ok(())
}

/// Where the last version of each page lies, up to the last whole transaction.
fn committed(blobs: &mut Blobs<'_, '_>, head: &[u8], size: usize) -> Result<HashMap<u32, u64>, ReadError> {
    let order = Numbers { big: BIG.u32(head, 0).is_some_and(|magic| magic & 1 == 1) };
    let mut sums = checksum(order, (0, 0), head.get(..24).unwrap_or_default());
    let stated = (BIG.u32(head, 24).unwrap_or_default(), BIG.u32(head, 28).unwrap_or_default());
    let mut places = HashMap::new();
    if sums != stated {
        return Ok(places);
    }
    let mut open: Vec<(u32, u64)> = Vec::new();
    let mut frame = Vec::new();
    let mut at = HEADER as u64;
    while at + (FRAME + size) as u64 <= blobs.file.size() {
        blobs.read_at(at, FRAME + size, &mut frame)?;
        let field = |place: usize| BIG.u32(&frame, place).unwrap_or_default();
        let (page, ends) = (field(0), field(4) != 0);
        // Frames behind are left over from an earlier round of the log.
        if frame.get(8..16) != head.get(16..24) {
            break;
        }
        sums = checksum(order, sums, frame.get(..8).unwrap_or_default());
        sums = checksum(order, sums, frame.get(FRAME..).unwrap_or_default());
        if sums != (field(16), field(20)) {
            break;
        }
        open.push((page, at + FRAME as u64));
        if ends {
            places.extend(open.drain(..));
        }
        at += (FRAME + size) as u64;
    }
    Ok(places)
}

fn checksum(order: Numbers, (mut first, mut second): (u32, u32), bytes: &[u8]) -> (u32, u32) {
    for pair in bytes.chunks_exact(8) {
        let word = |at| order.u32(pair, at).unwrap_or_default();
        first = first.wrapping_add(word(0)).wrapping_add(second);
        second = second.wrapping_add(word(4)).wrapping_add(first);
    }
    (first, second)
}

/// Leaves of the packages of a database, or of its log, those that the two files together still hold. `other` finds
/// what another file says.
pub(crate) fn settle<'f>(
    path: &TreePath,
    found: &'f Found,
    packages: &mut Vec<Package>,
    other: impl Fn(&str) -> Option<&'f Found>,
) {
    let Some(own) = rows(found) else { return };
    let (database, log) = match path.as_str().strip_suffix("-wal") {
        Some(database) => (other(database).and_then(rows), Some(own)),
        None => (Some(own), other(&format!("{path}-wal")).and_then(rows)),
    };
    let Some(log) = log else { return };
    let Some(root) = log.root.or(database.and_then(|database| database.root)) else { return };
    let alive = reachable(root, database, log);
    let in_database: HashSet<u64> =
        database.iter().flat_map(|database| database.packages.iter().copied()).collect();
    let is_log = std::ptr::eq(own, log);
    let mut ids = own.packages.iter();
    packages
        .retain(|_| ids.next().is_none_or(|id| alive.contains(id) && !(is_log && in_database.contains(id))));
}

fn rows(found: &Found) -> Option<&RpmRows> {
    found.notes.iter().find_map(|note| match note {
        Note::RpmRows(rows) => Some(rows),
        _ => None,
    })
}

/// The rows of the tree below a page, where the log's version of a page replaces the database's.
fn reachable(root: u32, database: Option<&RpmRows>, log: &RpmRows) -> HashSet<u64> {
    let mut alive = HashSet::new();
    let mut known = HashSet::new();
    let mut open = vec![root];
    while let Some(page) = open.pop() {
        if !known.insert(page) {
            continue;
        }
        for rows in [Some(log), database].into_iter().flatten() {
            if let Some(children) = rows.interior.get(&page) {
                open.extend(children);
            } else if let Some(ids) = rows.leaves.get(&page) {
                alive.extend(ids);
            } else {
                continue;
            }
            break;
        }
    }
    alive
}
