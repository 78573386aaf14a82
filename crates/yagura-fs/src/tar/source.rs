//! The uncompressed stream of an archive: counted, bounded, hashed, and cut into entries.

use super::header::{BLOCK, decimal};
use super::malformed;
use crate::budget::RATIO_FROM;
use crate::compression::decompressed;
use crate::{Digest, Limits, ReadError};
use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, Read};
use std::rc::Rc;
use yagura_model::TreePath;

/// The stream, and how much of the current entry is left in it.
pub struct Source<'a> {
    reader: BufReader<Box<dyn Read + 'a>>,
    limits: &'a Limits,
    /// Data of the current entry that nobody read yet.
    left: u64,
    padding: u64,
    /// The error that ended the stream while somebody read an entry's data.
    failed: Option<io::Error>,
    verified: bool,
    /// True after the marker at the end of an archive.
    ended: bool,
}

impl<'a> Source<'a> {
    pub fn new(reader: Box<dyn Read>, diff_id: Option<Digest>, limits: &'a Limits) -> io::Result<Self> {
        let (reader, taken) = decompressed(reader)?;
        let bounded = Bounded::new(reader, taken, limits);
        let verified = diff_id.is_some();
        let reader: Box<dyn Read + 'a> = match diff_id {
            Some(diff_id) => Box::new(crate::digest::Verified::new(bounded, diff_id, None)),
            None => Box::new(bounded),
        };
        let reader = BufReader::with_capacity(64 * 1024, reader);
        Ok(Self { reader, limits, left: 0, padding: 0, failed: None, verified, ended: false })
    }

    /// The next header block; `None` at the end of the archive.
    pub fn block(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.ended = block == [0; BLOCK];
        Ok((!self.ended).then_some(block))
    }

    /// Begins the data of an entry.
    pub fn begin(&mut self, size: u64) {
        self.left = size;
        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    /// Passes over what is left of the entry.
    pub fn skip(&mut self) -> io::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.left = self.left.checked_add(self.padding).ok_or_else(|| malformed("an entry has no end"))?;
        self.padding = 0;
        let mut scratch = [0; 16 * 1024];
        while self.left > 0 {
            if self.limits.is_cancelled() {
                return Err(ReadError::Cancelled { path: TreePath::default() }.into_io());
            }
            // An end before the entry's end is an error of `read`.
            let _passed = self.read(&mut scratch)?;
        }
        Ok(())
    }

    /// Reads to the end of the stream, where its digest is checked.
    pub fn finish(&mut self) -> io::Result<()> {
        if !self.verified {
            let cut = io::Error::new(io::ErrorKind::UnexpectedEof, "it has no end marker");
            // Whatever follows the marker belongs to nobody.
            return if self.ended { Ok(()) } else { Err(cut) };
        }
        let mut scratch = [0; 16 * 1024];
        while self.reader.read(&mut scratch)? > 0 {
            if self.limits.is_cancelled() {
                return Err(ReadError::Cancelled { path: TreePath::default() }.into_io());
            }
        }
        Ok(())
    }

    /// The map at the beginning of a sparse file's data: decimal numbers, one a line, the first their count.
    pub fn sparse_map(&mut self, most: u64) -> io::Result<Vec<u64>> {
        let mut map = Vec::new();
        let mut expected = None;
        let mut line = Vec::new();
        let mut block = [0; BLOCK];
        while expected.is_none_or(|expected| (map.len() as u64) < expected) {
            self.read_exact(&mut block)?;
            for byte in block {
                if byte != b'\n' {
                    line.push(byte);
                    continue;
                }
                let number =
                    decimal(&line).ok_or_else(|| malformed("the map of a sparse file is damaged"))?;
                line.clear();
                match expected {
                    None if number > most => return Err(malformed("a sparse file has too many pieces")),
                    None => expected = Some(number * 2),
                    Some(expected) if (map.len() as u64) < expected => map.push(number),
                    Some(_) => {}
                }
            }
            // What follows the last number of the map is filling.
            if line.len() > 32 && expected.is_none_or(|expected| (map.len() as u64) < expected) {
                return Err(malformed("the map of a sparse file is damaged"));
            }
        }
        Ok(map)
    }
}

/// The current entry's data.
impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..most).filter(|buffer| !buffer.is_empty()) else { return Ok(0) };
        match self.reader.read(buffer) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends within this entry")),
            Ok(count) => {
                self.left -= count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.read(buffer),
            Err(error) => Err(error),
        }
    }
}

/// Refuses to expand without end.
pub struct Bounded<R> {
    reader: R,
    taken: Rc<Cell<u64>>,
    given: u64,
    limits: Limits,
}

impl<R> Bounded<R> {
    /// `taken` counts the compressed bytes that went into `reader`.
    pub fn new(reader: R, taken: Rc<Cell<u64>>, limits: &Limits) -> Self {
        Self { reader, taken, given: 0, limits: limits.clone() }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.given += count as u64;
        let by_ratio = self.taken.get().saturating_mul(self.limits.ratio).max(RATIO_FROM);
        let limit = by_ratio.min(self.limits.archive_bytes);
        if self.given > limit {
            let path = TreePath::default();
            return Err(ReadError::TooLarge { path, limit, unit: "bytes" }.into_io());
        }
        Ok(count)
    }
}

/// Where the pieces of a sparse file are.
pub struct Sparse {
    /// With holes.
    pub size: u64,
    /// Where each piece begins and ends, in order.
    pieces: Vec<(u64, u64)>,
}

impl Sparse {
    /// Offsets and lengths, one after the other. Pieces out of order are dropped: no writer makes them.
    pub fn new(map: &[u64], size: u64) -> Self {
        let mut pieces: Vec<(u64, u64)> = Vec::new();
        for pair in map.chunks_exact(2) {
            if let [offset, length] = *pair
                && let Some(end) = offset.checked_add(length)
                && end <= size
                && pieces.last().is_none_or(|(_, before)| *before <= offset)
            {
                pieces.push((offset, end));
            }
        }
        Self { size, pieces }
    }
}

/// The bytes of one entry, read from the source while it is the current one.
pub struct Data<'a, 's> {
    source: &'a RefCell<Source<'s>>,
    sparse: Option<Sparse>,
    position: u64,
    piece: usize,
}

impl<'a, 's> Data<'a, 's> {
    pub fn new(source: &'a RefCell<Source<'s>>, sparse: Option<Sparse>) -> Self {
        Self { source, sparse, position: 0, piece: 0 }
    }

    fn stored(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut source = self.source.borrow_mut();
        let outcome = source.read(buffer);
        if let Err(error) = &outcome {
            source.failed = Some(ReadError::copy(error));
        }
        outcome
    }
}

impl Read for Data<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(sparse) = &self.sparse else { return self.stored(buffer) };
        while sparse.pieces.get(self.piece).is_some_and(|(_, end)| *end <= self.position) {
            self.piece += 1;
        }
        let (from, to) = sparse.pieces.get(self.piece).copied().unwrap_or((sparse.size, sparse.size));
        let hole = self.position < from;
        let end = if hole { from } else { to };
        let most = usize::try_from(end.saturating_sub(self.position)).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..most) else { return Ok(0) };
        let count = if hole {
            buffer.fill(0);
            most
        } else {
            self.stored(buffer)?
        };
        self.position += count as u64;
        Ok(count)
    }
}
