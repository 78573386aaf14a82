//! Bytes that only come forward, as the content of a file: members of archives.

use crate::{Content, ReadError};
use std::cell::RefCell;
use std::io::{self, Read};
use yagura_model::TreePath;

/// Content over a reader. Nothing is read before it is asked for; what was read is kept, so that a look at the
/// first bytes costs only those.
pub struct Stream<'a, R> {
    path: &'a TreePath,
    /// Most bytes that are kept.
    limit: u64,
    state: RefCell<State<R>>,
}

struct State<R> {
    reader: R,
    bytes: Vec<u8>,
    ended: bool,
    /// The error that ended the reader. Later reads must not take it for the end of the file.
    failed: Option<io::Error>,
}

impl<'a, R: Read> Stream<'a, R> {
    /// The content of the file at `path`, of which at most `limit` bytes are held in memory.
    pub fn new(path: &'a TreePath, limit: u64, reader: R) -> Self {
        Self {
            path,
            limit,
            state: RefCell::new(State { reader, bytes: Vec::new(), ended: false, failed: None }),
        }
    }

    /// Reads on until `count` bytes are there or the reader ends.
    fn fill(&self, state: &mut State<R>, count: u64) -> io::Result<()> {
        const STEP: usize = 64 * 1024;
        while !state.ended && (state.bytes.len() as u64) < count {
            if let Some(error) = &state.failed {
                return Err(ReadError::copy(error));
            }
            let filled = state.bytes.len();
            if filled as u64 > self.limit {
                let path = self.path.clone();
                return Err(ReadError::TooLarge { path, limit: self.limit, unit: "bytes" }.into_io());
            }
            let wanted = usize::try_from(count - filled as u64).unwrap_or(STEP).clamp(512, STEP);
            state.bytes.resize(filled + wanted, 0);
            let outcome = state.reader.read(state.bytes.get_mut(filled..).unwrap_or_default());
            state.bytes.truncate(filled + outcome.as_ref().copied().unwrap_or(0));
            match outcome {
                Ok(0) => state.ended = true,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    state.failed = Some(ReadError::copy(&error));
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> Content for Stream<'_, R> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state.borrow_mut();
        let outcome = self.fill(&mut state, offset.saturating_add(buffer.len() as u64));
        let count = state.bytes.as_slice().read_at(offset, buffer)?;
        // Bytes that came before an error are good.
        if count > 0 {
            return Ok(count);
        }
        outcome.map(|()| 0)
    }

    fn take(&self, limit: u64) -> Option<io::Result<Vec<u8>>> {
        let mut state = self.state.borrow_mut();
        let outcome = self.fill(&mut state, u64::MAX);
        Some(outcome.and_then(|()| {
            if state.bytes.len() as u64 > limit {
                return Err(ReadError::TooLarge { path: self.path.clone(), limit, unit: "bytes" }.into_io());
            }
            Ok(std::mem::take(&mut state.bytes))
        }))
    }
}
