//! What a volume holds, told by the bytes that formats put at fixed places.
//!
//! The places are those of `libblkid`, <https://github.com/util-linux/util-linux/tree/master/libblkid/src/superblocks>.

use crate::disk::source::{BlockSource, Fields, array, bytes};
use std::io;

/// What a volume holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A file system that is read.
    FileSystem(FileSystemKind),
    /// A physical volume of LVM2.
    Physical,
    /// Encrypted, and with what.
    Encrypted(&'static str),
    /// FAT.
    Boot,
    /// Something that is recognized and not read.
    Other(&'static str),
    /// Swap space.
    Swap,
    /// Zeros.
    Empty,
    /// None of these.
    Unknown,
}

/// The file systems that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystemKind {
    /// ext2, ext3, ext4.
    Ext,
    /// XFS.
    Xfs,
    /// btrfs.
    Btrfs,
}

/// Position, bytes, meaning. The first that fits counts: layers below file systems come first.
const MARKS: &[(u64, &[u8], Content)] = &[
    (0, b"LUKS\xba\xbe", Content::Encrypted("LUKS")),
    (3, b"-FVE-FS-", Content::Encrypted("BitLocker")),
    (0, b"\xfc\x4e\x2b\xa9", RAID),
    (4096, b"\xfc\x4e\x2b\xa9", RAID),
    (
        4096 + 24,
        b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81",
        Content::Other("a bcache device"),
    ),
    (0, b"XFSB", Content::FileSystem(FileSystemKind::Xfs)),
    (0x1_0040, b"_BHRfS_M", Content::FileSystem(FileSystemKind::Btrfs)),
    (0x438, b"\x53\xef", Content::FileSystem(FileSystemKind::Ext)),
    (4086, b"SWAPSPACE2", Content::Swap),
    (4086, b"SWAP-SPACE", Content::Swap),
    (65526, b"SWAPSPACE2", Content::Swap),
    (3, b"NTFS    ", Content::Other("NTFS")),
    (3, b"EXFAT   ", Content::Other("exFAT")),
    (54, b"FAT1", Content::Boot),
    (82, b"FAT32", Content::Boot),
    (0, b"hsqs", Content::Other("squashfs")),
    (1024, b"\xe2\xe1\xf5\xe0", Content::Other("EROFS")),
    (1024, b"\x10\x20\xf5\xf2", Content::Other("F2FS")),
    (32769, b"CD001", Content::Other("ISO 9660")),
    (0x1_0034, b"ReIsEr", Content::Other("ReiserFS")),
    (32768, b"JFS1", Content::Other("JFS")),
    (4096, b"\xc6\x85\x73\xf6", Content::Other("bcachefs")),
    (0, b"\x05\xd5\x99\x2f", Content::Other("a VDO device")),
];

const RAID: Content = Content::Other("a member of an MD RAID array");

/// Looks at a volume.
///
/// # Errors
/// It cannot be read.
pub fn of(source: &dyn BlockSource) -> io::Result<Content> {
    const FIRST: u64 = 68 << 10;
    let first = bytes(source, 0, usize::try_from(source.size().min(FIRST)).unwrap_or(0))?;
    let physical = (0..4).any(|sector| {
        let label = first.get(sector * 512..).unwrap_or_default();
        label.starts_with(b"LABELONE") && label.field::<8>(24) == *b"LVM2 001"
    });
    if physical {
        return Ok(Content::Physical);
    }
    if raid_at_the_end(source) {
        return Ok(RAID);
    }
    let mark = MARKS.iter().find(|(at, mark, _)| {
        let there = usize::try_from(*at).ok().and_then(|at| first.get(at..)).unwrap_or_default();
        there.starts_with(mark)
    });
    Ok(match mark {
        Some((_, _, content)) => *content,
        None if first.iter().all(|byte| *byte == 0) => Content::Empty,
        None => Content::Unknown,
    })
}

/// MD metadata of the versions 1.0 and 0.90 lies behind the data, which looks like a file system of its own.
fn raid_at_the_end(source: &dyn BlockSource) -> bool {
    const MAGIC: u32 = 0xa92b_4efc;
    let magic_at = |at: Option<u64>| {
        at.and_then(|at| array::<4>(source, at).ok()).is_some_and(|magic| magic.le32(0) == MAGIC)
    };
    let sectors = source.size() / 512;
    magic_at(sectors.checked_sub(16).map(|at| (at & !7) * 512))
        || magic_at((source.size() & !0xffff).checked_sub(0x1_0000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_below_file_systems_are_told_first() {
        let mut disk = vec![0_u8; 256 << 10];
        assert_eq!(of(&disk).unwrap(), Content::Empty);
        disk[9] = 1;
        assert_eq!(of(&disk).unwrap(), Content::Unknown);
        disk[0x438..0x43a].copy_from_slice(b"\x53\xef");
        assert_eq!(of(&disk).unwrap(), Content::FileSystem(FileSystemKind::Ext));
        let end = disk.len();
        disk[end - (64 << 10)..][..4].copy_from_slice(b"\xfc\x4e\x2b\xa9");
        assert_eq!(of(&disk).unwrap(), RAID);
        disk[512..520].copy_from_slice(b"LABELONE");
        disk[536..544].copy_from_slice(b"LVM2 001");
        assert_eq!(of(&disk).unwrap(), Content::Physical);
        assert_eq!(of(&vec![0_u8; 3]).unwrap(), Content::Empty);
    }
}
