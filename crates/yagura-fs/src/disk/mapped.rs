//! A disk whose stretches lie elsewhere: in clusters, grains and blocks of an image file, or in extents of
//! physical volumes.

use super::source::{BlockSource, ends_early};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// Where a stretch of a disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch {
    /// Nowhere: it reads as zeros.
    Zeros,
    /// In a part, at an offset.
    Stored {
        /// Index of the part.
        part: usize,
        /// Offset in it, in bytes.
        at: u64,
    },
    /// Compressed. The stretch begins `within` bytes into the unpacked bytes.
    Packed {
        /// What [`Mapping::unpack`] is asked for.
        place: Place,
        /// Offset in the unpacked bytes.
        within: usize,
    },
}

/// A compressed stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index of the part.
    pub part: usize,
    /// Offset in it, in bytes.
    pub at: u64,
    /// Most bytes that it can have there.
    pub most: usize,
}

/// Tells where stretches are.
pub trait Mapping {
    /// Size of the disk in bytes.
    fn size(&self) -> u64;

    /// Where the byte at `offset` is, and how many bytes from there on lie together; at least one.
    ///
    /// # Errors
    /// The image contradicts its format, or cannot be read.
    fn find(&self, parts: &[Rc<dyn BlockSource>], offset: u64) -> io::Result<(Stretch, u64)>;

    /// Unpacks a compressed stretch.
    ///
    /// # Errors
    /// It is no valid compressed data.
    fn unpack(&self, parts: &[Rc<dyn BlockSource>], place: Place) -> io::Result<Vec<u8>>;
}

/// A mapping over its parts, as a source.
pub struct Mapped<M> {
    mapping: M,
    parts: Vec<Rc<dyn BlockSource>>,
    /// The compressed stretch that was unpacked last: neighbours are read in turn.
    unpacked: RefCell<Option<(Place, Vec<u8>)>>,
}

impl<M: Mapping> Mapped<M> {
    /// Joins a mapping and its parts.
    pub fn new(mapping: M, parts: Vec<Rc<dyn BlockSource>>) -> Self {
        Self { mapping, parts, unpacked: RefCell::default() }
    }

    fn copy(&self, stretch: Stretch, piece: &mut [u8]) -> io::Result<()> {
        match stretch {
            Stretch::Zeros => piece.fill(0),
            Stretch::Stored { part, at } => {
                let part = self.parts.get(part).ok_or_else(ends_early)?;
                // The last cluster of an image file may end where its content does.
                let there = part.size().saturating_sub(at).min(piece.len() as u64);
                let (stored, behind) = piece.split_at_mut(usize::try_from(there).unwrap_or(0));
                if stored.is_empty() {
                    return Err(ends_early());
                }
                part.read_at(at, stored)?;
                behind.fill(0);
            }
            Stretch::Packed { place, within } => {
                let remembered = &mut *self.unpacked.borrow_mut();
                let bytes = match remembered {
                    Some((known, bytes)) if *known == place => bytes,
                    _ => &mut remembered.insert((place, self.mapping.unpack(&self.parts, place)?)).1,
                };
                let there = within.checked_add(piece.len()).and_then(|end| bytes.get(within..end));
                piece.copy_from_slice(there.ok_or_else(ends_early)?);
            }
        }
        Ok(())
    }
}

impl<M: Mapping> BlockSource for Mapped<M> {
    fn size(&self) -> u64 {
        self.mapping.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if offset.checked_add(buffer.len() as u64).is_none_or(|end| end > self.size()) {
            return Err(ends_early());
        }
        let mut position = offset;
        let mut rest = buffer;
        while !rest.is_empty() {
            let (stretch, length) = self.mapping.find(&self.parts, position)?;
            let count = usize::try_from(length).unwrap_or(usize::MAX).clamp(1, rest.len());
            let (piece, after) = rest.split_at_mut(count);
            self.copy(stretch, piece)?;
            rest = after;
            position += count as u64;
        }
        Ok(())
    }

    fn holds(&self, offset: u64, length: u64) -> bool {
        let mut position = offset;
        let end = offset.saturating_add(length);
        while position < end {
            match self.mapping.find(&self.parts, position) {
                Ok((Stretch::Zeros, length)) => position = position.saturating_add(length.max(1)),
                _ => return true,
            }
        }
        false
    }
}
