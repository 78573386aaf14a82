//! Microsoft's VHD: a fixed disk with a footer, or blocks found through one table.
//!
//! Format: "Virtual Hard Disk Image Format Specification" 1.0 of October 2006. Left out: differencing disks.

use crate::disk::mapped::{Mapping, Place, Stretch};
use crate::disk::source::{BlockSource, Fields, array, malformed, unsupported};
use std::io;
use std::rc::Rc;

/// The first bytes of the footer, and of its copy at the start of dynamic disks.
pub const MAGIC: &[u8] = b"conectix";

const SECTOR: u64 = 512;
const UNUSED: u32 = u32::MAX;

/// What an image file says about itself.
pub enum Vhd {
    /// The disk is the file without its footer; its size in bytes.
    Fixed(u64),
    /// The table of a dynamic disk.
    Dynamic(Dynamic),
}

/// The table of a dynamic disk.
pub struct Dynamic {
    size: u64,
    table: u64,
    entries: u64,
    block: u64,
    bitmap: u64,
}

impl Vhd {
    /// Reads footer and header. `footer` is where the footer, or its copy, begins.
    ///
    /// # Errors
    /// They are damaged, or of a kind that is left out.
    pub fn open(file: &dyn BlockSource, footer: u64) -> io::Result<Self> {
        let footer: [u8; 512] = array(file, footer)?;
        let size = footer.be64(48);
        match footer.be32(60) {
            2 => return Ok(Self::Fixed(size.min(file.size().saturating_sub(SECTOR)))),
            3 => {}
            4 => return Err(unsupported("a differencing VHD image; merge it into its parent")),
            other => return Err(malformed(format!("VHD image of the unknown type {other}"))),
        }
        let header: [u8; 1024] = array(file, footer.be64(16))?;
        if !header.starts_with(b"cxsparse") {
            return Err(malformed("the VHD image has no dynamic header"));
        }
        let block = u64::from(header.be32(32));
        if !(SECTOR..=256 << 20).contains(&block) || block % SECTOR != 0 {
            return Err(malformed(format!("VHD blocks of {block} bytes")));
        }
        let bitmap = (block / SECTOR).div_ceil(8).next_multiple_of(SECTOR);
        Ok(Self::Dynamic(Dynamic {
            size,
            table: header.be64(16),
            entries: header.be32(28).into(),
            block,
            bitmap,
        }))
    }
}

impl Mapping for Dynamic {
    fn size(&self) -> u64 {
        self.size
    }

    fn find(&self, parts: &[Rc<dyn BlockSource>], offset: u64) -> io::Result<(Stretch, u64)> {
        let Some(file) = parts.first() else { return Err(malformed("no image")) };
        let (index, within) = (offset / self.block, offset % self.block);
        if index >= self.entries {
            return Err(malformed("the table of the VHD image is too short for its size"));
        }
        let entry = u32::from_be_bytes(array(&**file, self.table.saturating_add(index.saturating_mul(4)))?);
        let left = self.block - within;
        if entry == UNUSED {
            return Ok((Stretch::Zeros, left));
        }
        Ok((Stretch::Stored { part: 0, at: u64::from(entry) * SECTOR + self.bitmap + within }, left))
    }

    fn unpack(&self, _: &[Rc<dyn BlockSource>], _: Place) -> io::Result<Vec<u8>> {
        Err(malformed("VHD images are not compressed"))
    }
}
