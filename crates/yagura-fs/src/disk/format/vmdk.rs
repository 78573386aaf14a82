//! VMware's VMDK: sparse files of grains, also stream-optimised ones, and descriptors that name several files.
//!
//! Format: "Virtual Disk Format 5.0" by VMware,
//! <https://github.com/libyal/libvmdk/blob/main/documentation/VMWare%20Virtual%20Disk%20Format%20(VMDK).asciidoc>.
//! Left out: snapshots on top of another disk, and the sparse formats of ESX itself.

use crate::disk::mapped::{Mapping, Place, Stretch};
use crate::disk::source::{BlockSource, Fields, array, bytes, malformed, unsupported};
use std::io::{self, Read};
use std::rc::Rc;

/// The first bytes of a sparse extent.
pub const MAGIC: &[u8] = b"KDMV";

/// The first bytes of a descriptor.
pub const DESCRIPTOR: &[u8] = b"# Disk DescriptorFile";

const SECTOR: u64 = 512;
const ZERO_GRAINS: u32 = 1 << 2;
const COMPRESSED: u32 = 1 << 16;
const AT_END: u64 = u64::MAX;
/// Most bytes of a descriptor.
pub const MOST_DESCRIPTOR: u64 = 64 << 10;
/// Most bytes of one grain: the format says 128 sectors, tools allow more.
const MOST_GRAIN: u64 = 2 << 20;

/// The tables of one sparse extent.
pub struct Sparse {
    size: u64,
    grain: u64,
    tables: u64,
    per_table: u64,
    flags: u32,
}

impl Sparse {
    /// Reads the header, or the footer where the header says that the tables are found through it.
    ///
    /// # Errors
    /// It is damaged, or of a kind that is left out.
    pub fn open(file: &dyn BlockSource) -> io::Result<Self> {
        let mut header: [u8; 512] = array(file, 0)?;
        if header.le64(56) == AT_END {
            // The footer is the last sector but one; the last is the end marker.
            header = array(file, file.size().saturating_sub(2 * SECTOR))?;
            if !header.starts_with(MAGIC) || header.le64(56) == AT_END {
                return Err(malformed("the VMDK image has no footer: its end is missing"));
            }
        }
        let flags = header.le32(8);
        let compression = header.le16(77);
        if flags & COMPRESSED != 0 && compression != 1 {
            return Err(unsupported(format!("VMDK compression {compression}")));
        }
        let descriptor_size = header.le64(36).saturating_mul(SECTOR).min(MOST_DESCRIPTOR);
        if header.le64(28) != 0 && descriptor_size != 0 {
            let at = header.le64(28).saturating_mul(SECTOR);
            let text = bytes(file, at, usize::try_from(descriptor_size).unwrap_or(0))?;
            refuse_parent(&String::from_utf8_lossy(&text))?;
        }
        let grain = header.le64(20).saturating_mul(SECTOR);
        let per_table = u64::from(header.le32(44));
        if grain == 0 || grain > MOST_GRAIN || per_table == 0 || per_table > 1 << 16 {
            return Err(malformed("grains or tables of the VMDK image have an impossible size"));
        }
        Ok(Self {
            size: header.le64(12).saturating_mul(SECTOR),
            grain,
            tables: header.le64(56).saturating_mul(SECTOR),
            per_table,
            flags,
        })
    }
}

/// A disk that holds only what differs from another one would read as garbage.
fn refuse_parent(descriptor: &str) -> io::Result<()> {
    for line in descriptor.lines() {
        let Some((key, value)) = line.split_once('=') else { continue };
        if key.trim().eq_ignore_ascii_case("parentCID") && !value.trim().eq_ignore_ascii_case("ffffffff") {
            return Err(unsupported(
                "a VMDK image on top of another one; flatten it with `qemu-img convert`",
            ));
        }
    }
    Ok(())
}

impl Mapping for Sparse {
    fn size(&self) -> u64 {
        self.size
    }

    fn find(&self, parts: &[Rc<dyn BlockSource>], offset: u64) -> io::Result<(Stretch, u64)> {
        let Some(file) = parts.first() else { return Err(malformed("no image")) };
        let (grain, within) = (offset / self.grain, offset % self.grain);
        let (outer, inner) = (grain / self.per_table, grain % self.per_table);
        let position = |base: u64, index: u64| base.saturating_add(index.saturating_mul(4));
        let table = u64::from(u32::from_le_bytes(array(&**file, position(self.tables, outer))?)) * SECTOR;
        if table == 0 {
            let whole = self.per_table.saturating_mul(self.grain);
            return Ok((Stretch::Zeros, whole - (inner * self.grain + within)));
        }
        let sector = u64::from(u32::from_le_bytes(array(&**file, position(table, inner))?));
        let left = self.grain - within;
        if sector == 0 || (sector == 1 && self.flags & ZERO_GRAINS != 0) {
            return Ok((Stretch::Zeros, left));
        }
        let at = sector * SECTOR;
        if self.flags & COMPRESSED == 0 {
            return Ok((Stretch::Stored { part: 0, at: at + within }, left));
        }
        // A grain is preceded by its number and the size of its compressed bytes.
        let marker: [u8; 12] = array(&**file, at)?;
        let most = usize::try_from(u64::from(marker.le32(8)).min(2 * MOST_GRAIN)).unwrap_or(0);
        let within = usize::try_from(within).unwrap_or(0);
        Ok((Stretch::Packed { place: Place { part: 0, at: at + 12, most }, within }, left))
    }

    fn unpack(&self, parts: &[Rc<dyn BlockSource>], place: Place) -> io::Result<Vec<u8>> {
        let Some(file) = parts.first() else { return Err(malformed("no image")) };
        let packed = bytes(&**file, place.at, place.most)?;
        let mut grain = Vec::new();
        flate2::read::ZlibDecoder::new(&*packed)
            .take(self.grain)
            .read_to_end(&mut grain)
            .map_err(|error| malformed(format!("a compressed grain of the VMDK image: {error}")))?;
        // The last grain of a disk may be cut.
        grain.resize(usize::try_from(self.grain).unwrap_or(0), 0);
        Ok(grain)
    }
}

/// One line of a descriptor: what a stretch of the disk is made of.
#[derive(Debug, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of the disk.
    pub size: u64,
    /// The file, in the folder of the descriptor.
    pub file: Option<String>,
    /// True for a sparse file, false for one that is used byte for byte.
    pub sparse: bool,
    /// Where in a flat file it begins, in bytes.
    pub at: u64,
}

/// Reads the extents of a descriptor.
///
/// # Errors
/// A kind that is left out, or a name that leads out of the folder.
pub fn extents(descriptor: &str) -> io::Result<Vec<Extent>> {
    refuse_parent(descriptor)?;
    let mut extents = Vec::new();
    for line in descriptor.lines() {
        let (words, name) = match line.split_once('"') {
            Some((words, rest)) => (words, rest.split_once('"')),
            None => (line, None),
        };
        let mut words = words.split_whitespace();
        let Some("RW" | "RDONLY" | "NOACCESS") = words.next() else { continue };
        let sectors: u64 = words
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or_else(|| malformed("an extent of the VMDK descriptor has no size"))?;
        let kind = words.next().unwrap_or_default();
        let sparse = match kind {
            "SPARSE" => true,
            "FLAT" | "VMFS" | "ZERO" => false,
            other => return Err(unsupported(format!("VMDK extents of the kind {other}"))),
        };
        let (file, at) = match name {
            Some((name, rest)) => (Some(name.to_owned()), rest.trim().parse().unwrap_or(0)),
            None => (None, 0),
        };
        if file.as_deref().is_some_and(|name| name.contains(['/', '\\']) || name == "..") {
            return Err(unsupported("a VMDK descriptor that names files of other folders"));
        }
        if file.is_none() && kind != "ZERO" {
            return Err(malformed("an extent of the VMDK descriptor names no file"));
        }
        let size = sectors.saturating_mul(SECTOR);
        extents.push(Extent { size, file, sparse, at: u64::saturating_mul(at, SECTOR) });
        if extents.len() > 4096 {
            return Err(malformed("more than 4096 extents in a VMDK descriptor"));
        }
    }
    if extents.is_empty() {
        return Err(malformed("the VMDK descriptor names no extents"));
    }
    Ok(extents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_name_files_of_their_own_folder() {
        let text = "# Disk DescriptorFile\nparentCID=ffffffff\nRW 16 FLAT \"a-flat.vmdk\" 2\nRW 8 ZERO\n";
        let flat =
            |size, file: Option<&str>, at| Extent { size, file: file.map(str::to_owned), sparse: false, at };
        assert_eq!(extents(text).unwrap(), [flat(8192, Some("a-flat.vmdk"), 1024), flat(4096, None, 0)]);
        for bad in [
            "RW 16 FLAT \"../../etc/shadow\" 0",
            "RW 16 FLAT \"/dev/sda\" 0",
            "RW 16 SESPARSE \"a\"",
            "RW x FLAT \"a\" 0",
            "RW 1 FLAT",
            "parentCID=1234abcd\nRW 16 SPARSE \"a\"",
            "",
        ] {
            assert!(extents(bad).is_err(), "{bad}");
        }
    }
}
