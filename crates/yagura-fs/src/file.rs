//! One file as catalogers see it.

use crate::{Limits, ReadError};
use std::cell::OnceCell;
use std::io;
use yagura_model::TreePath;

/// Positioned access to a file's bytes. Implementations open lazily: constructing one costs nothing.
pub trait Content {
    /// Reads at `offset` into `buffer`, returning how many bytes were there; 0 at the end.
    ///
    /// # Errors
    /// Whatever the medium says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// All bytes without copying, where they are in memory already.
    fn in_memory(&self) -> Option<&[u8]> {
        None
    }
}

impl Content for [u8] {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let rest = &self[start..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn in_memory(&self) -> Option<&[u8]> {
        Some(self)
    }
}

/// A file of a tree: metadata at once, bytes when asked.
pub struct File<'a> {
    /// Where it is.
    pub path: &'a TreePath,
    /// Its size in bytes as its tree states it.
    pub size: u64,
    /// True when an execute bit is set, or the tree does not know modes.
    pub executable: bool,
    /// The bounds of this scan.
    pub limits: &'a Limits,
    content: Box<dyn Content + 'a>,
    whole: OnceCell<Vec<u8>>,
}

impl<'a> File<'a> {
    /// A file over some content.
    pub fn new(
        path: &'a TreePath,
        size: u64,
        executable: bool,
        limits: &'a Limits,
        content: Box<dyn Content + 'a>,
    ) -> Self {
        Self { path, size, executable, limits, content, whole: OnceCell::new() }
    }

    /// A file whose bytes are in memory, for members of archives and for tests.
    pub fn in_memory(path: &'a TreePath, bytes: &'a [u8], executable: bool, limits: &'a Limits) -> Self {
        struct Slice<'b>(&'b [u8]);
        impl Content for Slice<'_> {
            fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.read_at(offset, buffer)
            }
            fn in_memory(&self) -> Option<&[u8]> {
                Some(self.0)
            }
        }
        Self::new(path, bytes.len() as u64, executable, limits, Box::new(Slice(bytes)))
    }

    /// All bytes, read once and kept while the file lives.
    ///
    /// # Errors
    /// [`ReadError::TooLarge`] over `limits.file_bytes`, [`ReadError::Io`].
    pub fn bytes(&self) -> Result<&[u8], ReadError> {
        if let Some(bytes) = self.content.in_memory() {
            return Ok(bytes);
        }
        if let Some(bytes) = self.whole.get() {
            return Ok(bytes);
        }
        let limit = self.limits.file_bytes;
        let too_large = || ReadError::TooLarge { path: self.path.clone(), limit, unit: "bytes" };
        if self.size > limit {
            return Err(too_large());
        }
        // The stated size is a hint: files grow, `/proc` lies.
        let mut bytes = Vec::with_capacity(usize::try_from(self.size).unwrap_or(0).saturating_add(1));
        let mut chunk = [0; 64 * 1024];
        loop {
            let count = self.read_at(bytes.len() as u64, &mut chunk)?;
            if count == 0 {
                break;
            }
            bytes.extend_from_slice(&chunk[..count]);
            if bytes.len() as u64 > limit {
                return Err(too_large());
            }
        }
        Ok(self.whole.get_or_init(|| bytes))
    }

    /// All bytes as text. Invalid UTF-8 is replaced, and a byte order mark is dropped.
    ///
    /// # Errors
    /// As [`Self::bytes`].
    pub fn text(&self) -> Result<std::borrow::Cow<'_, str>, ReadError> {
        let bytes = self.bytes()?;
        Ok(String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)))
    }

    /// Up to `count` bytes from the start, for sniffing.
    ///
    /// # Errors
    /// [`ReadError::Io`].
    pub fn head(&self, count: usize) -> Result<Vec<u8>, ReadError> {
        let mut head = vec![0; count];
        let mut filled = 0;
        while filled < count {
            let read = self.read_at(filled as u64, &mut head[filled..])?;
            if read == 0 {
                break;
            }
            filled += read;
        }
        head.truncate(filled);
        Ok(head)
    }

    /// Reads at an offset; 0 at the end.
    ///
    /// # Errors
    /// [`ReadError::Io`].
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, ReadError> {
        self.content
            .read_at(offset, buffer)
            .map_err(|source| ReadError::Io { path: self.path.clone(), source })
    }

    /// A `Read + Seek` view, for readers that jump.
    pub fn reader(&self) -> Reader<'_> {
        Reader { content: &*self.content, position: 0, size: self.size }
    }
}

/// `Read + Seek` over a [`File`].
pub struct Reader<'a> {
    content: &'a dyn Content,
    position: u64,
    size: u64,
}

impl io::Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read_at(self.position, buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl io::Seek for Reader<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let target = match to {
            io::SeekFrom::Start(offset) => Some(offset),
            io::SeekFrom::End(delta) => self.size.checked_add_signed(delta),
            io::SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        self.position = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}
