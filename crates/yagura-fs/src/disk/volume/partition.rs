//! Partition tables: GPT with its backup, and MBR with logical partitions.
//!
//! Formats: UEFI specification 2.10, chapter 5, <https://uefi.org/specs/UEFI/2.10/05_GUID_Partition_Table_Format.html>;
//! for MBR the same chapter and what `sfdisk` writes.

use crate::disk::checksum::crc32;
use crate::disk::source::{BlockSource, Fields, array, bytes, malformed};
use std::io;

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// As the kernel counts: from 1; logical partitions of an MBR from 5.
    pub number: u32,
    /// Where it begins, in bytes.
    pub start: u64,
    /// Its bytes.
    pub size: u64,
    /// As in `/dev/disk/by-partuuid`.
    pub uuid: String,
    /// As in `/dev/disk/by-partlabel`.
    pub label: Option<String>,
    /// True for those that hold no file system: boot loaders, reserved space.
    pub internal: bool,
}

/// Boot loaders of BIOS and PowerPC, and Microsoft's reserved space.
const INTERNAL: &[&str] = &[
    "21686148-6449-6e6f-744e-656564454649",
    "9e1a2d38-c612-4316-aa26-8b49521e5a8b",
    "e3c9e316-0b5c-4db8-817d-f92df00215ae",
];

/// Most partitions of one table.
const MOST: u32 = 1024;
/// Most logical partitions: the kernel stops at fewer.
const MOST_LOGICAL: u32 = 128;
const EXTENDED: [u8; 3] = [0x05, 0x0f, 0x85];
const PROTECTIVE: u8 = 0xee;

/// The partitions of a disk; `None` when it has no table.
///
/// # Errors
/// The table is damaged, and so is its backup.
pub fn partitions(disk: &dyn BlockSource) -> io::Result<Option<Vec<Partition>>> {
    if disk.size() < 1024 {
        return Ok(None);
    }
    for sector in [512, 4096] {
        let last = (disk.size() / sector).saturating_sub(1);
        for header in [1, last] {
            if let Some(found) = gpt(disk, sector, header)? {
                return Ok(Some(found));
            }
        }
    }
    let found = mbr(disk)?;
    match found {
        Some(found) if found.iter().any(|(kind, _)| *kind == PROTECTIVE) => {
            Err(malformed("the GPT partition table and its backup are damaged"))
        }
        found => Ok(found.map(|found| found.into_iter().map(|(_, partition)| partition).collect())),
    }
}

/// The partitions of the GPT whose header is at a sector; `None` when no valid header is there.
fn gpt(disk: &dyn BlockSource, sector: u64, at: u64) -> io::Result<Option<Vec<Partition>>> {
    let Ok(header) = array::<512>(disk, at.saturating_mul(sector)) else { return Ok(None) };
    let length = usize::try_from(header.le32(12)).unwrap_or(0);
    if !header.starts_with(b"EFI PART") || !(92..=512).contains(&length) {
        return Ok(None);
    }
    let mut covered = header.get(..length).unwrap_or_default().to_vec();
    if let Some(field) = covered.get_mut(16..20) {
        field.fill(0);
    }
    if crc32(&covered) != header.le32(16) || header.le64(24) != at {
        return Ok(None);
    }
    let (count, size) = (header.le32(80), header.le32(84));
    if count > MOST || !(128..=4096).contains(&size) {
        return Ok(None);
    }
    let length = usize::try_from(u64::from(count) * u64::from(size)).unwrap_or(0);
    let Ok(entries) = bytes(disk, header.le64(72).saturating_mul(sector), length) else { return Ok(None) };
    if crc32(&entries) != header.le32(88) {
        return Ok(None);
    }
    let mut found = Vec::new();
    for (number, entry) in (1..).zip(entries.chunks(usize::try_from(size).unwrap_or(128))) {
        let kind: [u8; 16] = entry.field(0);
        let (first, last) = (entry.le64(32), entry.le64(40));
        if kind == [0; 16] || last < first {
            continue;
        }
        let name: Vec<u16> =
            (56..128).step_by(2).map(|at| entry.le16(at)).take_while(|unit| *unit != 0).collect();
        found.push(Partition {
            number,
            start: first.saturating_mul(sector),
            size: (last - first).saturating_add(1).saturating_mul(sector),
            uuid: guid(&entry.field(16)),
            label: (!name.is_empty()).then(|| String::from_utf16_lossy(&name)),
            internal: INTERNAL.contains(&guid(&kind).as_str()),
        });
    }
    Ok(Some(found))
}

/// A GUID as it is written: its first three groups are little-endian.
fn guid(bytes: &[u8; 16]) -> String {
    let b = bytes;
    format!(
        "{:08x}-{:04x}-{:04x}-{:02x}{:02x}-{:02x}{:02x}{:02x}{:02x}{:02x}{:02x}",
        b.le32(0),
        b.le16(4),
        b.le16(6),
        b[8],
        b[9],
        b[10],
        b[11],
        b[12],
        b[13],
        b[14],
        b[15]
    )
}

/// The partitions of an MBR, with their types. Boot sectors of file systems end in the same two bytes, so entries
/// that cannot be true mean that this is none.
fn mbr(disk: &dyn BlockSource) -> io::Result<Option<Vec<(u8, Partition)>>> {
    const SECTOR: u64 = 512;
    let table: [u8; 512] = array(disk, 0)?;
    if table.le16(510) != 0xaa55 {
        return Ok(None);
    }
    let id = table.le32(440);
    let mut found = Vec::new();
    let mut extended = None;
    for number in 1..=4_u32 {
        let entry = table.field::<16>(446 + 16 * (usize::try_from(number).unwrap_or(1) - 1));
        let (kind, first, sectors) = (entry[4], entry.le32(8), entry.le32(12));
        if entry == [0; 16] {
            continue;
        }
        let beyond = u64::from(first) * SECTOR >= disk.size();
        if !matches!(entry[0], 0 | 0x80) || (kind != 0 && (sectors == 0 || first == 0 || beyond)) {
            return Ok(None);
        }
        if EXTENDED.contains(&kind) {
            extended = extended.or(Some(u64::from(first)));
        } else if kind != 0 {
            found.push((kind, entry_of(number, id, first.into(), sectors.into())));
        }
    }
    if let Some(base) = extended {
        logical(disk, base, id, &mut found);
    }
    Ok((!found.is_empty()).then_some(found))
}

fn entry_of(number: u32, id: u32, first: u64, sectors: u64) -> Partition {
    Partition {
        number,
        start: first.saturating_mul(512),
        size: sectors.saturating_mul(512),
        uuid: format!("{id:08x}-{number:02x}"),
        label: None,
        internal: false,
    }
}

/// Logical partitions: a chain of tables, each with one partition and the way to the next.
fn logical(disk: &dyn BlockSource, base: u64, id: u32, found: &mut Vec<(u8, Partition)>) {
    let mut at = base;
    for number in 5..5 + MOST_LOGICAL {
        let Ok(table) = array::<512>(disk, at.saturating_mul(512)) else { return };
        if table.le16(510) != 0xaa55 {
            return;
        }
        let (first, next) = (table.field::<16>(446), table.field::<16>(462));
        if first[4] != 0 && first.le32(12) != 0 {
            let start = at.saturating_add(first.le32(8).into());
            found.push((first[4], entry_of(number, id, start, first.le32(12).into())));
        }
        if !EXTENDED.contains(&next[4]) || next.le32(8) == 0 {
            return;
        }
        at = base.saturating_add(next.le32(8).into());
    }
}
