//! QEMU's qcow2: clusters found through two levels of tables.
//!
//! Format: <https://www.qemu.org/docs/master/interop/qcow2.html>. Left out: images on top of another file, whose name
//! the image chooses, encrypted images, and data in a file of its own.

use crate::disk::mapped::{Mapping, Place, Stretch};
use crate::disk::source::{BlockSource, Fields, array, encrypted, malformed, unsupported};
use std::io::{self, Read};
use std::rc::Rc;

/// The first bytes of an image.
pub const MAGIC: &[u8] = b"QFI\xfb";

const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;
const COMPRESSED: u64 = 1 << 62;
const ALL_ZEROS: u64 = 1;
const EXTERNAL_DATA: u64 = 1 << 2;
const COMPRESSION_TYPE: u64 = 1 << 3;
const EXTENDED_ENTRIES: u64 = 1 << 4;
const SUBCLUSTERS: u64 = 32;

/// The tables of an image.
pub struct Qcow2 {
    size: u64,
    cluster_bits: u32,
    l1: u64,
    l1_entries: u64,
    extended: bool,
    zstd: bool,
    version: u32,
}

impl Qcow2 {
    /// Reads the header.
    ///
    /// # Errors
    /// It is damaged, or of a kind that is left out.
    pub fn open(file: &dyn BlockSource) -> io::Result<Self> {
        let header: [u8; 112] = array(file, 0)?;
        let version = header.be32(4);
        if !(2..=3).contains(&version) {
            return Err(unsupported(format!("qcow version {version}")));
        }
        if header.be64(8) != 0 {
            return Err(unsupported(
                "a qcow2 image on top of a backing file; flatten it with `qemu-img convert`",
            ));
        }
        if header.be32(32) != 0 {
            return Err(encrypted());
        }
        let features = if version >= 3 { header.be64(72) } else { 0 };
        if features & EXTERNAL_DATA != 0 {
            return Err(unsupported("a qcow2 image with its data in another file"));
        }
        if features >> 5 != 0 {
            return Err(unsupported(format!("qcow2 features {features:#x}")));
        }
        let cluster_bits = header.be32(20);
        if !(9..=21).contains(&cluster_bits) {
            return Err(malformed(format!("clusters of 2^{cluster_bits} bytes in a qcow2 image")));
        }
        let compression = if features & COMPRESSION_TYPE == 0 { 0 } else { header.field::<1>(104)[0] };
        if compression > 1 {
            return Err(unsupported(format!("qcow2 compression type {compression}")));
        }
        Ok(Self {
            size: header.be64(24),
            cluster_bits,
            l1: header.be64(40),
            l1_entries: u64::from(header.be32(36)),
            extended: features & EXTENDED_ENTRIES != 0,
            zstd: compression == 1,
            version,
        })
    }

    fn cluster(&self) -> u64 {
        1 << self.cluster_bits
    }
}

impl Mapping for Qcow2 {
    fn size(&self) -> u64 {
        self.size
    }

    fn find(&self, parts: &[Rc<dyn BlockSource>], offset: u64) -> io::Result<(Stretch, u64)> {
        let Some(file) = parts.first() else { return Err(malformed("no image")) };
        let within = offset & (self.cluster() - 1);
        let left = self.cluster() - within;
        let entry_size = if self.extended { 16 } else { 8 };
        let per_table = self.cluster() / entry_size;
        let cluster = offset >> self.cluster_bits;
        let (outer, inner) = (cluster / per_table, cluster % per_table);
        if outer >= self.l1_entries {
            return Err(malformed("the first table of the qcow2 image is too short for its size"));
        }
        let position = |base: u64, index: u64, size: u64| {
            base.checked_add(index.saturating_mul(size))
                .ok_or_else(|| malformed("an offset that is out of range"))
        };
        let table = u64::from_be_bytes(array(&**file, position(self.l1, outer, 8)?)?) & OFFSET;
        if table == 0 {
            // None of the clusters of this table is there.
            let whole = per_table.saturating_mul(self.cluster());
            return Ok((Stretch::Zeros, whole - (inner * self.cluster() + within)));
        }
        let entry: [u8; 16] = if self.extended {
            array(&**file, position(table, inner, 16)?)?
        } else {
            let mut entry = [0; 16];
            entry[..8].copy_from_slice(&array::<8>(&**file, position(table, inner, 8)?)?);
            entry
        };
        let (word, bitmap) = (entry.be64(0), entry.be64(8));
        if word & COMPRESSED != 0 {
            let low = 62 - (self.cluster_bits - 8);
            let at = word & ((1 << low) - 1);
            let sectors = (word & (COMPRESSED - 1)) >> low;
            let most = usize::try_from((sectors + 1) * 512 - (at & 511)).unwrap_or(0);
            let within = usize::try_from(within).unwrap_or(0);
            return Ok((Stretch::Packed { place: Place { part: 0, at, most }, within }, left));
        }
        let stored = word & OFFSET;
        if self.extended {
            let size = self.cluster() / SUBCLUSTERS;
            let number = within / size;
            let left = size - within % size;
            let there = stored != 0 && bitmap >> number & 1 == 1 && bitmap >> (32 + number) & 1 == 0;
            let stretch =
                if there { Stretch::Stored { part: 0, at: stored + within } } else { Stretch::Zeros };
            return Ok((stretch, left));
        }
        let zeros = stored == 0 || (self.version >= 3 && word & ALL_ZEROS != 0);
        Ok((if zeros { Stretch::Zeros } else { Stretch::Stored { part: 0, at: stored + within } }, left))
    }

    fn unpack(&self, parts: &[Rc<dyn BlockSource>], place: Place) -> io::Result<Vec<u8>> {
        let Some(file) = parts.first() else { return Err(malformed("no image")) };
        // The count is in sectors, and the last of them may lie behind the end of the file.
        let there = file.size().saturating_sub(place.at).min(place.most as u64);
        let packed = crate::disk::source::bytes(&**file, place.at, usize::try_from(there).unwrap_or(0))?;
        let mut bytes = vec![0; usize::try_from(self.cluster()).unwrap_or(0)];
        let outcome = if self.zstd {
            zstd::stream::read::Decoder::new(&*packed).and_then(|mut decoder| decoder.read_exact(&mut bytes))
        } else {
            flate2::read::DeflateDecoder::new(&*packed).read_exact(&mut bytes)
        };
        outcome.map_err(|error| malformed(format!("a compressed cluster of the qcow2 image: {error}")))?;
        Ok(bytes)
    }
}
