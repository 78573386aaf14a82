//! Microsoft's VHDX: blocks found through a table, which is found through regions.
//!
//! Format: [MS-VHDX], <https://learn.microsoft.com/openspecs/windows_protocols/ms-vhdx/>. Left out: differencing
//! disks, and images whose log holds changes because they were not closed.

use crate::disk::checksum::crc32c;
use crate::disk::mapped::{Mapping, Place, Stretch};
use crate::disk::source::{BlockSource, Fields, array, bytes, malformed, unsupported};
use std::io;
use std::rc::Rc;

/// The first bytes of an image.
pub const MAGIC: &[u8] = b"vhdxfile";

const BAT: [u8; 16] = guid(0x2dc2_7766, 0xf623, 0x4200, 0x9d64_115e_9bfd_4a08);
const METADATA: [u8; 16] = guid(0x8b7c_a206, 0x4790, 0x4b9a, 0xb8fe_575f_050f_886e);
const PARAMETERS: [u8; 16] = guid(0xcaa1_6737, 0xfa36, 0x4d43, 0xb3b6_33f0_aa44_e76b);
const DISK_SIZE: [u8; 16] = guid(0x2fa5_4224, 0xcd1b, 0x4876, 0xb211_5dbe_d83b_f4b8);
const SECTOR_SIZE: [u8; 16] = guid(0x8141_bf1d, 0xa96f, 0x4709, 0xba47_f233_a8fa_ab5f);

/// The first three groups are little-endian, the rest is as written.
const fn guid(a: u32, b: u16, c: u16, d: u64) -> [u8; 16] {
    let (a, b, c, d) = (a.to_le_bytes(), b.to_le_bytes(), c.to_le_bytes(), d.to_be_bytes());
    [a[0], a[1], a[2], a[3], b[0], b[1], c[0], c[1], d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]]
}

/// The table of an image.
pub struct Vhdx {
    size: u64,
    table: u64,
    entries: u64,
    block: u64,
    chunk_ratio: u64,
}

impl Vhdx {
    /// Reads headers, regions and metadata.
    ///
    /// # Errors
    /// They are damaged, or of a kind that is left out.
    pub fn open(file: &dyn BlockSource) -> io::Result<Self> {
        let header = newest_header(file)?;
        if header.field::<16>(48) != [0; 16] {
            return Err(unsupported(
                "a VHDX image that was not closed: its log holds changes; convert it with `qemu-img convert`",
            ));
        }
        let (table, table_size) = region(file, &BAT)?;
        let (metadata, metadata_size) = region(file, &METADATA)?;
        let items = bytes(file, metadata, 64 << 10)?;
        let item = |id: &[u8; 16]| {
            let count = usize::from(items.le16(10)).min(2047);
            let entry = (1..=count).map(|index| 32 * index).find(|at| items.field::<16>(*at) == *id);
            let at = entry.map(|at| u64::from(items.le32(at + 16)));
            at.filter(|at| *at < metadata_size)
                .ok_or_else(|| malformed("the VHDX image lacks metadata"))
                .and_then(|at| array::<8>(file, metadata.saturating_add(at)))
        };
        let parameters = item(&PARAMETERS)?;
        if parameters.le32(4) & 2 != 0 {
            return Err(unsupported("a differencing VHDX image; merge it into its parent"));
        }
        let block = u64::from(parameters.le32(0));
        let sector = match array::<4>(&item(&SECTOR_SIZE)?.to_vec(), 0)?.le32(0) {
            sector @ (512 | 4096) => u64::from(sector),
            other => return Err(malformed(format!("VHDX sectors of {other} bytes"))),
        };
        if !block.is_power_of_two() || !(1 << 20..=256 << 20).contains(&block) {
            return Err(malformed(format!("VHDX blocks of {block} bytes")));
        }
        Ok(Self {
            size: u64::from_le_bytes(item(&DISK_SIZE)?),
            table,
            entries: table_size / 8,
            block,
            chunk_ratio: (sector << 23) / block,
        })
    }
}

/// The valid header with the higher sequence number.
fn newest_header(file: &dyn BlockSource) -> io::Result<Vec<u8>> {
    let valid = |at: u64| {
        let header = bytes(file, at, 4096).ok()?;
        (header.starts_with(b"head") && checked(&header)).then_some(header)
    };
    [valid(64 << 10), valid(128 << 10)]
        .into_iter()
        .flatten()
        .max_by_key(|header| header.le64(8))
        .ok_or_else(|| malformed("the VHDX image has no valid header"))
}

/// Offset and size of a region.
fn region(file: &dyn BlockSource, id: &[u8; 16]) -> io::Result<(u64, u64)> {
    for at in [192 << 10, 256 << 10] {
        let Ok(table) = bytes(file, at, 64 << 10) else { continue };
        if !table.starts_with(b"regi") || !checked(&table) {
            continue;
        }
        let count = usize::try_from(table.le32(8)).unwrap_or(0).min(2047);
        let entry = (0..count).map(|index| 16 + 32 * index).find(|at| table.field::<16>(*at) == *id);
        if let Some(entry) = entry {
            return Ok((table.le64(entry + 16), table.le32(entry + 24).into()));
        }
    }
    Err(malformed("the VHDX image lacks a region"))
}

/// The checksum at byte 4 covers the structure with that field as zeros.
fn checked(structure: &[u8]) -> bool {
    let mut covered = structure.to_vec();
    if let Some(field) = covered.get_mut(4..8) {
        field.fill(0);
    }
    crc32c(&covered) == structure.le32(4)
}

impl Mapping for Vhdx {
    fn size(&self) -> u64 {
        self.size
    }

    fn find(&self, parts: &[Rc<dyn BlockSource>], offset: u64) -> io::Result<(Stretch, u64)> {
        let Some(file) = parts.first() else { return Err(malformed("no image")) };
        let (block, within) = (offset / self.block, offset % self.block);
        // After each chunk of blocks, one entry is about bitmaps.
        let index = block.saturating_add(block / self.chunk_ratio.max(1));
        if index >= self.entries {
            return Err(malformed("the table of the VHDX image is too short for its size"));
        }
        let entry = u64::from_le_bytes(array(&**file, self.table.saturating_add(index.saturating_mul(8)))?);
        let at = (entry >> 20 << 20).saturating_add(within);
        let left = self.block - within;
        match entry & 7 {
            0..=3 => Ok((Stretch::Zeros, left)),
            6 => Ok((Stretch::Stored { part: 0, at }, left)),
            state => Err(malformed(format!("a VHDX block in the state {state}"))),
        }
    }

    fn unpack(&self, _: &[Rc<dyn BlockSource>], _: Place) -> io::Result<Vec<u8>> {
        Err(malformed("VHDX images are not compressed"))
    }
}
