//! Bytes at positions: a file, a decoded disk image, a partition, a logical volume, a snapshot.

use crate::{Content, ReadError};
use std::fs::File;
use std::io::{self, Seek};
use std::rc::Rc;
use yagura_model::TreePath;

/// Something of a known size that gives bytes at positions.
pub trait BlockSource {
    /// Size in bytes.
    fn size(&self) -> u64;

    /// Fills the whole buffer from `offset`.
    ///
    /// # Errors
    /// `UnexpectedEof` where the range ends behind the source; otherwise whatever the medium says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// False when the range is known to hold zeros only, so that nobody needs to ask for it.
    fn holds(&self, _offset: u64, _length: u64) -> bool {
        true
    }
}

impl<T: BlockSource + ?Sized> BlockSource for Box<T> {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        (**self).read_at(offset, buffer)
    }

    fn holds(&self, offset: u64, length: u64) -> bool {
        (**self).holds(offset, length)
    }
}

impl BlockSource for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| ends_early())?;
        let bytes = start.checked_add(buffer.len()).and_then(|end| self.get(start..end));
        buffer.copy_from_slice(bytes.ok_or_else(ends_early)?);
        Ok(())
    }
}

/// The error of a read behind the end.
pub fn ends_early() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the disk ends before its content does")
}

/// The error of contradicting bytes.
pub fn malformed(detail: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, detail.into())
}

/// The error of a format or feature that is not read.
pub fn unsupported(detail: impl Into<String>) -> io::Error {
    ReadError::Unsupported { path: TreePath::default(), detail: detail.into() }.into_io()
}

/// The error of content whose key we do not have.
pub fn encrypted() -> io::Error {
    ReadError::Encrypted { path: TreePath::default() }.into_io()
}

/// Reads an array at a position.
pub fn array<const N: usize>(source: &dyn BlockSource, offset: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    source.read_at(offset, &mut bytes)?;
    Ok(bytes)
}

/// Reads `length` bytes at a position. The caller has bounded `length`.
pub fn bytes(source: &dyn BlockSource, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    if offset.checked_add(length as u64).is_none_or(|end| end > source.size()) {
        return Err(ends_early());
    }
    let mut bytes = vec![0; length];
    source.read_at(offset, &mut bytes)?;
    Ok(bytes)
}

/// Numbers out of bytes; where the bytes end, zeros follow.
pub trait Fields {
    /// The bytes.
    fn field<const N: usize>(&self, at: usize) -> [u8; N];

    /// Little-endian.
    fn le16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.field(at))
    }
    /// Little-endian.
    fn le32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.field(at))
    }
    /// Little-endian.
    fn le64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.field(at))
    }
    /// Big-endian.
    fn be32(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.field(at))
    }
    /// Big-endian.
    fn be64(&self, at: usize) -> u64 {
        u64::from_be_bytes(self.field(at))
    }
}

impl Fields for [u8] {
    fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut field = [0; N];
        let there = self.get(at..).unwrap_or_default();
        let count = there.len().min(N);
        if let (Some(to), Some(from)) = (field.get_mut(..count), there.get(..count)) {
            to.copy_from_slice(from);
        }
        field
    }
}

/// A file, or a block device, byte for byte.
pub struct RawFile {
    file: File,
    size: u64,
}

impl RawFile {
    /// Takes an open file. Devices tell their size only by their end.
    ///
    /// # Errors
    /// The end cannot be found.
    pub fn new(mut file: File) -> io::Result<Self> {
        let size = file.seek(io::SeekFrom::End(0))?;
        Ok(Self { file, size })
    }
}

impl BlockSource for RawFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match Content::read_at(&self.file, offset.saturating_add(filled as u64), rest)? {
                0 => return Err(ends_early()),
                count => filled += count,
            }
        }
        Ok(())
    }
}

/// Part of a source, as a partition is.
pub struct Slice {
    source: Rc<dyn BlockSource>,
    start: u64,
    size: u64,
}

impl Slice {
    /// `size` bytes from `start`; fewer where the source ends.
    pub fn new(source: Rc<dyn BlockSource>, start: u64, size: u64) -> Self {
        let size = size.min(source.size().saturating_sub(start));
        Self { source, start, size }
    }
}

impl BlockSource for Slice {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if offset.checked_add(buffer.len() as u64).is_none_or(|end| end > self.size) {
            return Err(ends_early());
        }
        self.source.read_at(self.start.saturating_add(offset), buffer)
    }

    fn holds(&self, offset: u64, length: u64) -> bool {
        self.source.holds(self.start.saturating_add(offset), length)
    }
}
