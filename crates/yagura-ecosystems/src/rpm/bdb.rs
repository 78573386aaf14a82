//! The hash access method of Berkeley DB, `Packages`, used by rpm until 4.15.
//! <https://github.com/berkeleydb/libdb/blob/v5.3.28/src/dbinc/db_page.h>
//!
//! Every page is looked at in file order, which finds every pair without hashing: free pages carry another
//! type. Values are almost always too long for a page and lie on a chain of overflow pages. Integers are in the
//! byte order of the machine that wrote the file.

use super::database::{Blobs, Numbers};
use yagura_fs::ReadError;

const HASH_MAGIC: u32 = 0x0006_1561;
const BTREE_MAGIC: u32 = 0x0005_3162;
/// Where the first page tells the number of the last one.
const LAST_PAGE: usize = 32;
const PAGE_HEADER: usize = 26;
const PAGE_UNSORTED_HASH: u8 = 2;
const PAGE_OVERFLOW: u8 = 7;
const PAGE_HASH: u8 = 13;
const ITEM_INLINE: u8 = 1;
const ITEM_OFF_PAGE: u8 = 3;

/// Reads every package of the database.
pub fn read(blobs: &mut Blobs<'_, '_>, head: &[u8]) -> Result<(), ReadError> {
    let numbers = [Numbers { big: false }, Numbers { big: true }]
        .into_iter()
        .find(|numbers| matches!(numbers.u32(head, 12), Some(HASH_MAGIC | BTREE_MAGIC)))
        .ok_or_else(|| blobs.unsupported("neither SQLite, NDB nor Berkeley DB"))?;
    if numbers.u32(head, 12) != Some(HASH_MAGIC) {
        return Err(blobs.unsupported("Berkeley DB of another kind than hash"));
    }
    if head.get(24).is_some_and(|algorithm| *algorithm != 0) {
        return Err(ReadError::Encrypted { path: blobs.file.path.clone() });
    }
    let size = numbers.u32(head, 20).unwrap_or_default();
    if !(512..=65_536).contains(&size) || !size.is_power_of_two() {
        return Err(blobs.malformed("has no valid page size"));
    }
    let layout = Layout { numbers, size: usize::try_from(size).unwrap_or(512) };
    let mut page = Vec::new();
    let pages = blobs.file.size() / u64::from(size);
    for number in 1..pages {
        layout.page(blobs, number, &mut page)?;
        if matches!(page.get(25), Some(&(PAGE_HASH | PAGE_UNSORTED_HASH))) {
            layout.pairs(blobs, &page)?;
        }
    }
    let last = u64::from(numbers.u32(head, LAST_PAGE).unwrap_or_default());
    match blobs.file.size() % u64::from(size) {
        // Cut at the border of a page, the rest looks sound.
        0 if pages <= last => Err(blobs.truncated(format!("{pages} of {} pages are there", last + 1))),
        0 => Ok(()),
        rest => Err(blobs.truncated(format!("the last page has {rest} of {size} bytes"))),
    }
}

struct Layout {
    numbers: Numbers,
    size: usize,
}

impl Layout {
    fn page(&self, blobs: &mut Blobs<'_, '_>, number: u64, out: &mut Vec<u8>) -> Result<(), ReadError> {
        blobs.read_at(number.saturating_mul(self.size as u64), self.size, out)
    }

    /// Items alternate between key and value, and grow from the end of the page.
    fn pairs(&self, blobs: &mut Blobs<'_, '_>, page: &[u8]) -> Result<(), ReadError> {
        let offset = |index: usize| self.numbers.u16(page, PAGE_HEADER + index * 2).map(usize::from);
        let entries = self.numbers.u16(page, 20).map_or(0, usize::from);
        for index in (1..entries).step_by(2) {
            let item = offset(index).zip(offset(index - 1)).and_then(|(start, end)| page.get(start..end));
            let outcome = match item.and_then(<[u8]>::split_first) {
                // Key 0 holds the next free number instead of a package.
                Some((&ITEM_INLINE, value)) if value.len() <= 4 => Ok(()),
                Some((&ITEM_INLINE, value)) => blobs.blob(value).map(drop),
                Some((&ITEM_OFF_PAGE, rest)) => self.overflow(blobs, rest),
                _ => Err(blobs.malformed("a hash page has a broken item")),
            };
            if let Err(error) = outcome {
                blobs.fault(error)?;
            }
        }
        Ok(())
    }

    fn overflow(&self, blobs: &mut Blobs<'_, '_>, item: &[u8]) -> Result<(), ReadError> {
        let first = self.numbers.u32(item, 3).unwrap_or_default();
        let length = self.numbers.u32(item, 7).unwrap_or_default();
        if u64::from(length) > blobs.file.size() {
            return Err(blobs.malformed("a value is larger than the file"));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut value = Vec::new();
        let mut page = Vec::new();
        let mut next = first;
        while value.len() < length && next != 0 {
            self.page(blobs, next.into(), &mut page)?;
            if page.get(25) != Some(&PAGE_OVERFLOW) {
                return Err(blobs.malformed(format!("page {next} is no overflow page")));
            }
            let used = self.numbers.u16(&page, 22).map_or(0, usize::from);
            let part = page.get(PAGE_HEADER..PAGE_HEADER + used);
            let part = part.ok_or_else(|| blobs.malformed(format!("page {next} holds more than fits")))?;
            value.extend_from_slice(part);
            next = self.numbers.u32(&page, 16).unwrap_or_default();
        }
        if value.len() < length {
            return Err(blobs.truncated("an overflow chain ends before its value"));
        }
        value.truncate(length);
        blobs.blob(&value).map(drop)
    }
}
