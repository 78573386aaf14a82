//! Blocks of a disk, each asked for once while it is remembered.

use super::source::{BlockSource, ends_early};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::io;
use std::rc::Rc;

/// Bytes of a block: what the EBS direct APIs give at a time.
pub const BLOCK: u64 = 512 << 10;

/// Most blocks that are remembered of one disk: 64 MiB.
const MOST_BLOCKS: usize = 128;

/// What reading a disk cost. Shared by everybody who holds a clone.
#[derive(Debug, Clone, Default)]
pub struct Meter(Rc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    blocks: Cell<u64>,
    distinct: Cell<u64>,
    bytes: Cell<u64>,
}

impl Meter {
    /// Blocks of 512 KiB that were asked of the source, those asked for again included.
    pub fn blocks(&self) -> u64 {
        self.0.blocks.get()
    }

    /// Different blocks among them.
    pub fn distinct_blocks(&self) -> u64 {
        self.0.distinct.get()
    }

    /// Bytes of these blocks. Blocks that the source knows to be zeros cost nothing.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.get()
    }

    fn count(&self, bytes: u64, first: bool) {
        self.0.blocks.set(self.0.blocks.get() + 1);
        self.0.bytes.set(self.0.bytes.get() + bytes);
        if first {
            self.0.distinct.set(self.0.distinct.get() + 1);
        }
    }
}

/// A source behind a bounded memory of its blocks.
pub struct Cached {
    source: Box<dyn BlockSource>,
    size: u64,
    meter: Meter,
    remembered: RefCell<Remembered>,
}

#[derive(Default)]
struct Remembered {
    blocks: HashMap<u64, (Vec<u8>, u64)>,
    /// Blocks that were fetched at some time.
    fetched: HashSet<u64>,
    clock: u64,
}

impl Cached {
    /// Puts a memory in front of a source.
    pub fn new(source: Box<dyn BlockSource>, meter: Meter) -> Self {
        Self { size: source.size(), source, meter, remembered: RefCell::default() }
    }

    fn load(&self, index: u64, remembered: &mut Remembered) -> io::Result<()> {
        let start = index.saturating_mul(BLOCK);
        let length = self.size.saturating_sub(start).min(BLOCK);
        let mut block = vec![0; usize::try_from(length).unwrap_or(0)];
        if self.source.holds(start, length) {
            self.source.read_at(start, &mut block)?;
            let first = remembered.fetched.insert(index);
            self.meter.count(length, first);
        }
        while remembered.blocks.len() >= MOST_BLOCKS {
            let Some(oldest) =
                remembered.blocks.iter().min_by_key(|(_, (_, used))| *used).map(|(index, _)| *index)
            else {
                break;
            };
            remembered.blocks.remove(&oldest);
        }
        remembered.blocks.insert(index, (block, 0));
        Ok(())
    }
}

impl BlockSource for Cached {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if offset.checked_add(buffer.len() as u64).is_none_or(|end| end > self.size) {
            return Err(ends_early());
        }
        let remembered = &mut *self.remembered.borrow_mut();
        let mut position = offset;
        let mut rest = buffer;
        while !rest.is_empty() {
            let index = position / BLOCK;
            if !remembered.blocks.contains_key(&index) {
                self.load(index, remembered)?;
            }
            remembered.clock += 1;
            let clock = remembered.clock;
            let Some((block, used)) = remembered.blocks.get_mut(&index) else { return Err(ends_early()) };
            *used = clock;
            let within = usize::try_from(position % BLOCK).unwrap_or(0);
            let there = block.get(within..).unwrap_or_default();
            let count = there.len().min(rest.len());
            let (to, after) = rest.split_at_mut(count);
            to.copy_from_slice(there.get(..count).unwrap_or_default());
            if count == 0 {
                return Err(ends_early());
            }
            rest = after;
            position += count as u64;
        }
        Ok(())
    }

    fn holds(&self, offset: u64, length: u64) -> bool {
        self.source.holds(offset, length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_asked_for_once_and_memory_is_bounded() {
        let size = usize::try_from(BLOCK).unwrap() * 2 + 100;
        let bytes: Vec<u8> = (0..size).map(|index| u8::try_from(index % 251).unwrap()).collect();
        let meter = Meter::default();
        let cached = Cached::new(Box::new(bytes.clone()), meter.clone());
        for (offset, length) in [(0, 10), (524_280, 20), (1_048_570, 106), (5, 0)] {
            let mut buffer = vec![0; length];
            cached.read_at(offset as u64, &mut buffer).unwrap();
            assert_eq!(buffer, bytes[offset..offset + length]);
        }
        assert_eq!((meter.blocks(), meter.distinct_blocks(), meter.bytes()), (3, 3, size as u64));
        assert!(cached.read_at(size as u64 - 1, &mut [0; 2]).is_err());
        assert!(cached.read_at(u64::MAX, &mut [0; 2]).is_err());

        struct Zeros;
        impl BlockSource for Zeros {
            fn size(&self) -> u64 {
                1 << 40
            }
            fn read_at(&self, _: u64, buffer: &mut [u8]) -> io::Result<()> {
                buffer.fill(0);
                Ok(())
            }
        }
        let cached = Cached::new(Box::new(Zeros), Meter::default());
        for index in 0..200 {
            cached.read_at(index * BLOCK, &mut [0; 1]).unwrap();
        }
        assert_eq!(cached.remembered.borrow().blocks.len(), MOST_BLOCKS);
    }
}
