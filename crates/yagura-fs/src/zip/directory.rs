//! The central directory at the end of an archive, and its Zip64 form.

use crate::complaints::Complaints;
use crate::{File, Flow, ReadError};

const END: &[u8; 4] = b"PK\x05\x06";
const END_64: &[u8; 4] = b"PK\x06\x06";
const LOCATOR_64: &[u8; 4] = b"PK\x06\x07";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";

/// What an archive states about one member.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Header {
    /// The name as stored, with `/` between parts.
    pub name: Vec<u8>,
    /// Where its local header begins in the archive.
    pub offset: u64,
    /// Bytes in the archive.
    pub compressed: u64,
    /// Bytes after decompression.
    pub size: u64,
    /// CRC-32 of those.
    pub crc32: u32,
    /// How it is compressed: 0 stored, 8 deflated.
    pub method: u16,
    /// True when it needs a key.
    pub encrypted: bool,
    /// Unix type and permission bits, where the archive has them.
    pub mode: Option<u32>,
}

impl Header {
    /// True for a member that only names a directory.
    pub fn is_directory(&self) -> bool {
        self.name.ends_with(b"/")
    }

    /// True for a symbolic link, whose bytes are the target.
    pub fn is_symlink(&self) -> bool {
        self.mode.is_some_and(|mode| mode & 0o170_000 == 0o120_000)
    }

    /// True when an execute bit is set or modes are unknown.
    pub fn is_executable(&self) -> bool {
        self.mode.is_none_or(|mode| mode & 0o111 != 0)
    }
}

/// What walkers of headers call for each; it may end the walk.
pub type Show<'s> = dyn FnMut(&Header, &mut Complaints<'_>) -> Result<Flow, ReadError> + 's;

/// Where the directory is.
#[derive(Debug)]
pub struct Directory {
    start: u64,
    end: u64,
    /// What to add to stated offsets: the length of what was put before the archive, as in launcher scripts.
    base: u64,
}

/// Finds the directory. `None` when the archive has no end record.
pub fn find(archive: &File<'_>) -> Result<Option<Directory>, ReadError> {
    const MOST: u64 = 22 + 65_535;
    let size = archive.size();
    let from = size.saturating_sub(MOST);
    let tail = read(archive, from, MOST as usize)?;
    // The last record whose comment fits into what follows it.
    let position = tail.windows(4).enumerate().rev().find_map(|(at, window)| {
        let record = tail.get(at..)?;
        let fits = window == END && 22 + usize::from(u16_at(record, 20)?) <= record.len();
        fits.then_some(at)
    });
    let Some(record) = position.and_then(|at| tail.get(at..)) else { return Ok(None) };
    let mut end = from + position.unwrap_or_default() as u64;
    let mut length = u64::from(u32_at(record, 12).unwrap_or_default());
    let mut offset = u64::from(u32_at(record, 16).unwrap_or_default());
    let full = u16_at(record, 8) == Some(u16::MAX) || length == u64::from(u32::MAX);
    if full || offset == u64::from(u32::MAX) {
        let locator = read(archive, end.saturating_sub(20), 20)?;
        if locator.starts_with(LOCATOR_64) {
            let stated = u64_at(&locator, 8).unwrap_or_default();
            // With something before the archive the stated place is wrong, and the record is right here.
            for place in [stated, end.saturating_sub(20 + 56)] {
                let record = read(archive, place, 56)?;
                if record.starts_with(END_64) {
                    length = u64_at(&record, 40).unwrap_or_default();
                    offset = u64_at(&record, 48).unwrap_or_default();
                    end = place;
                    break;
                }
            }
        }
    }
    let start = end
        .checked_sub(length)
        .ok_or_else(|| ReadError::malformed(archive.path, "its directory is larger than what is there"))?;
    // An archive that was cut at the front, or whose offset lies, is read as far as its members can be found.
    Ok(Some(Directory { start, end, base: start.saturating_sub(offset) }))
}

impl Directory {
    /// Shows every header in order.
    pub fn walk(
        &self,
        archive: &File<'_>,
        complaints: &mut Complaints<'_>,
        show: &mut Show<'_>,
    ) -> Result<(), ReadError> {
        let mut window = Window { archive, bytes: Vec::new(), start: self.start };
        let mut position = self.start;
        while position < self.end {
            let fixed = window.get(position, 46)?;
            if !fixed.starts_with(CENTRAL) || fixed.len() < 46 {
                let detail = format!("its directory breaks off at byte {position}");
                return Err(ReadError::truncated(archive.path, detail));
            }
            let lengths = [28, 30, 32].map(|at| usize::from(u16_at(fixed, at).unwrap_or_default()));
            let total = 46 + lengths.iter().sum::<usize>();
            let record = window.get(position, total)?;
            let Some(header) = self.header(record, lengths[0], lengths[1]) else {
                let detail = format!("its directory breaks off at byte {position}");
                return Err(ReadError::truncated(archive.path, detail));
            };
            position += total as u64;
            if show(&header, complaints)? == Flow::Stop {
                return Ok(());
            }
        }
        Ok(())
    }

    fn header(&self, record: &[u8], name: usize, extra: usize) -> Option<Header> {
        let made_by = *record.get(5)?;
        let attributes = u32_at(record, 38)?;
        let mut header = Header {
            name: record.get(46..46 + name)?.to_vec(),
            offset: u64::from(u32_at(record, 42)?),
            compressed: u64::from(u32_at(record, 20)?),
            size: u64::from(u32_at(record, 24)?),
            crc32: u32_at(record, 16)?,
            method: u16_at(record, 10)?,
            encrypted: u16_at(record, 8)? & 1 != 0,
            // 3: Unix, 19: macOS. Zero means that the writer did not care.
            mode: (matches!(made_by, 3 | 19) && attributes >> 16 != 0).then_some(attributes >> 16),
        };
        let full = u64::from(u32::MAX);
        let mut wide = wide_fields(record.get(46 + name..46 + name + extra)?);
        for field in [&mut header.size, &mut header.compressed, &mut header.offset] {
            if *field == full {
                *field = wide.next().unwrap_or(full);
            }
        }
        header.offset = header.offset.saturating_add(self.base);
        // Old Windows writers separate with backslashes.
        if made_by == 0 && !header.name.contains(&b'/') {
            header.name.iter_mut().filter(|byte| **byte == b'\\').for_each(|byte| *byte = b'/');
        }
        Some(header)
    }
}

/// The 64-bit numbers of the Zip64 extra field.
pub fn wide_fields(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut numbers = Vec::new();
    while let (Some(id), Some(length)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let Some(data) = extra.get(4..4 + usize::from(length)) else { break };
        if id == 1 {
            numbers.extend(data.chunks_exact(8).filter_map(|chunk| u64_at(chunk, 0)));
        }
        extra = extra.get(4 + usize::from(length)..).unwrap_or_default();
    }
    numbers.into_iter()
}

/// A piece of the archive in memory that moves forward.
struct Window<'a> {
    archive: &'a File<'a>,
    bytes: Vec<u8>,
    start: u64,
}

impl Window<'_> {
    /// Bytes at a position not before the last one; fewer at the end of the archive.
    fn get(&mut self, position: u64, count: usize) -> Result<&[u8], ReadError> {
        const STEP: usize = 64 * 1024;
        let offset = usize::try_from(position.saturating_sub(self.start)).unwrap_or(usize::MAX);
        if self.bytes.len() < offset.saturating_add(count) {
            self.bytes = read(self.archive, position, count.max(STEP))?;
            self.start = position;
            return Ok(self.bytes.get(..count.min(self.bytes.len())).unwrap_or_default());
        }
        Ok(self.bytes.get(offset..offset + count).unwrap_or_default())
    }
}

/// Up to `count` bytes at a position.
pub fn read(archive: &File<'_>, position: u64, count: usize) -> Result<Vec<u8>, ReadError> {
    let mut bytes = vec![0; count];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let read = archive.read_at(position.saturating_add(filled as u64), rest)?;
        if read == 0 {
            break;
        }
        filled += read;
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// A little-endian number.
pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A little-endian number.
pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A little-endian number.
pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
