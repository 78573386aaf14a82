//! One file as catalogers see it.

use crate::budget::Budget;
use crate::{Limits, ReadError};
use std::cell::OnceCell;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::rc::Rc;
use std::sync::Arc;
use yagura_model::TreePath;

/// What a medium states about a file without reading it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Size in bytes. A hint: files grow, headers lie.
    pub size: u64,
    /// True when an execute bit is set, or the medium does not know modes.
    pub executable: bool,
}

/// Positioned access to a file's bytes. Implementations open lazily: constructing one costs nothing.
pub trait Content {
    /// Reads at `offset` into `buffer`, returning how many bytes were there; 0 at the end.
    ///
    /// # Errors
    /// Whatever the medium says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Asks the medium about the file. Only called for files made by [`File::lazy`], at most once.
    ///
    /// # Errors
    /// Whatever the medium says.
    fn metadata(&self) -> io::Result<Metadata> {
        Ok(Metadata::default())
    }

    /// Hands over all bytes at once, where that is cheaper than reading piece by piece. The content is not
    /// read again afterwards. Fails with a [`ReadError::TooLarge`] inside above `limit` bytes.
    fn take(&self, _limit: u64) -> Option<io::Result<Vec<u8>>> {
        None
    }

    /// All bytes without copying, where they are in memory already.
    fn in_memory(&self) -> Option<&[u8]> {
        None
    }
}

impl<T: Content + ?Sized> Content for &T {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buffer)
    }

    fn metadata(&self) -> io::Result<Metadata> {
        (**self).metadata()
    }

    fn take(&self, limit: u64) -> Option<io::Result<Vec<u8>>> {
        (**self).take(limit)
    }

    fn in_memory(&self) -> Option<&[u8]> {
        (**self).in_memory()
    }
}

impl Content for std::fs::File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match FileExt::read_at(self, buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }

    fn metadata(&self) -> io::Result<Metadata> {
        let metadata = std::fs::File::metadata(self)?;
        Ok(Metadata { size: metadata.len(), executable: metadata.mode() & 0o111 != 0 })
    }
}

impl Content for Vec<u8> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buffer)
    }

    fn in_memory(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl Content for [u8] {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let mut rest = self.get(start..).unwrap_or_default();
        rest.read(buffer)
    }

    fn in_memory(&self) -> Option<&[u8]> {
        Some(self)
    }
}

/// A file of a tree: a path at once, metadata and bytes when asked.
pub struct File<'a> {
    /// Where it is.
    pub path: &'a TreePath,
    /// The bounds of this scan.
    pub limits: &'a Limits,
    content: Box<dyn Content + 'a>,
    metadata: OnceCell<Metadata>,
    whole: OnceCell<Vec<u8>>,
    budget: OnceCell<Rc<Budget>>,
}

impl<'a> File<'a> {
    /// A file over some content whose metadata is known.
    pub fn new(
        path: &'a TreePath,
        size: u64,
        executable: bool,
        limits: &'a Limits,
        content: Box<dyn Content + 'a>,
    ) -> Self {
        let file = Self::lazy(path, limits, content);
        // A fresh cell is empty, so this cannot fail.
        let _ = file.metadata.set(Metadata { size, executable });
        file
    }

    /// A file whose metadata is asked for only when somebody wants it.
    pub fn lazy(path: &'a TreePath, limits: &'a Limits, content: Box<dyn Content + 'a>) -> Self {
        Self {
            path,
            limits,
            content,
            metadata: OnceCell::new(),
            whole: OnceCell::new(),
            budget: OnceCell::new(),
        }
    }

    /// The same file under another of its names.
    pub fn named<'b>(&'b self, path: &'b TreePath) -> File<'b> {
        File {
            path,
            limits: self.limits,
            content: Box::new(self),
            metadata: self.metadata.clone(),
            whole: OnceCell::new(),
            budget: OnceCell::new(),
        }
    }

    /// Its size in bytes as its tree states it; 0 when the tree cannot tell, which reading then reports.
    pub fn size(&self) -> u64 {
        self.metadata().size
    }

    /// True when an execute bit is set, or the tree does not know modes.
    pub fn executable(&self) -> bool {
        self.metadata().executable
    }

    fn metadata(&self) -> Metadata {
        *self.metadata.get_or_init(|| self.content.metadata().unwrap_or_default())
    }

    /// The same file as a member of an archive whose expansion is counted in `budget`.
    pub(crate) fn with_budget(mut self, budget: Rc<Budget>) -> Self {
        self.budget = OnceCell::from(budget);
        self
    }

    /// What members of this archive may expand to: shared with the archive this file lies in.
    pub(crate) fn budget(&self) -> Rc<Budget> {
        self.budget.get_or_init(|| Rc::new(Budget::new(self.size(), self.limits))).clone()
    }

    /// A file whose bytes are in memory, for members of archives and for tests.
    pub fn in_memory(path: &'a TreePath, bytes: &'a [u8], executable: bool, limits: &'a Limits) -> Self {
        Self::new(path, bytes.len() as u64, executable, limits, Box::new(bytes))
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
        if self.size() > limit {
            return Err(too_large());
        }
        if let Some(outcome) = self.content.take(limit) {
            let bytes = outcome.map_err(|source| self.error(source))?;
            return Ok(self.whole.get_or_init(|| bytes));
        }
        // The stated size is a hint: files grow, `/proc` lies, sparse files pretend. Read to the end.
        const MOST_AT_ONCE: u64 = 16 << 20;
        let expected = usize::try_from(self.size().min(MOST_AT_ONCE)).unwrap_or(0);
        let mut bytes = Vec::with_capacity(expected.saturating_add(1));
        let mut step = expected.clamp(4 * 1024, 1 << 20) + 1;
        loop {
            let filled = bytes.len();
            bytes.resize(filled + step, 0);
            let count = self.read_at(filled as u64, bytes.get_mut(filled..).unwrap_or_default())?;
            bytes.truncate(filled + count);
            if count == 0 {
                break;
            }
            if bytes.len() as u64 > limit {
                return Err(too_large());
            }
            // Close to the stated end, a small piece is enough to see that nothing follows.
            step = expected.saturating_sub(bytes.len()).clamp(4 * 1024, 1 << 20);
        }
        Ok(self.whole.get_or_init(|| bytes))
    }

    /// All bytes, when they are in memory already.
    pub(crate) fn loaded(&self) -> Option<&[u8]> {
        self.content.in_memory().or_else(|| self.whole.get().map(Vec::as_slice))
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
        if let Some(bytes) = self.whole.get() {
            return bytes.read_at(offset, buffer).map_err(|source| self.error(source));
        }
        self.content.read_at(offset, buffer).map_err(|source| self.error(source))
    }

    /// Archive readers say precisely what is wrong, through an `io::Error`.
    fn error(&self, source: io::Error) -> ReadError {
        ReadError::from_io(self.path, source)
    }

    /// A `Read + Seek` view, for readers that jump.
    pub fn reader(&self) -> Reader<'_> {
        Reader { file: self, position: 0 }
    }
}

impl Content for &File<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        File::read_at(self, offset, buffer).map_err(ReadError::into_io)
    }

    fn metadata(&self) -> io::Result<Metadata> {
        Ok(File::metadata(self))
    }

    fn take(&self, _limit: u64) -> Option<io::Result<Vec<u8>>> {
        Some(self.bytes().map(<[u8]>::to_vec).map_err(ReadError::into_io))
    }
}

/// Reads any content from a position to its end or to another position, without a `File` around it.
pub struct Forward<C> {
    content: C,
    position: u64,
    end: u64,
}

impl<C: Content> Forward<Arc<C>> {
    /// The whole content.
    pub fn new(content: Arc<C>) -> Self {
        Self { content, position: 0, end: u64::MAX }
    }

    /// `length` bytes from `start`; fewer where the content ends.
    pub fn part(content: Arc<C>, start: u64, length: u64) -> Self {
        Self { content, position: start, end: start.saturating_add(length) }
    }

    /// Passes over bytes without reading them.
    pub fn advance(&mut self, count: u64) {
        self.position = self.position.saturating_add(count).min(self.end);
    }
}

impl<C: Content> Read for Forward<Arc<C>> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.end - self.position).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.content.read_at(self.position, buffer.get_mut(..most).unwrap_or_default())?;
        self.position += count as u64;
        Ok(count)
    }
}

/// `Read + Seek` over a [`File`].
pub struct Reader<'a> {
    file: &'a File<'a>,
    position: u64,
}

impl io::Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(self.position, buffer).map_err(ReadError::into_io)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl io::Seek for Reader<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let target = match to {
            io::SeekFrom::Start(offset) => Some(offset),
            io::SeekFrom::End(delta) => self.file.size().checked_add_signed(delta),
            io::SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        self.position = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}
