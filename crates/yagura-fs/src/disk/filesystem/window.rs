//! What the crates that read file systems see of a volume. They are guests: a hostile volume may lead them in circles
//! or into a defect, so that every call has a budget of bytes and may panic without taking the scan with it.

use crate::disk::source::{BlockSource, malformed};
use crate::{Limits, ReadError};
use std::cell::{Cell, RefCell};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use yagura_model::TreePath;

/// Most bytes that one call may ask for, besides what the caller wants to have.
const PER_CALL: u64 = 1 << 30;

/// A volume as a guest sees it.
pub struct Window {
    source: Rc<dyn BlockSource>,
    limits: Limits,
    /// Bytes that all calls together may ask for. Guests read the same blocks again and again.
    left: Cell<u64>,
    /// Bytes that this call may ask for.
    left_of_call: Cell<u64>,
    /// What went wrong below the guest: guests keep only a word of it.
    failure: RefCell<Option<io::Error>>,
}

impl Window {
    /// Lets a guest see a volume.
    pub fn new(source: Rc<dyn BlockSource>, limits: &Limits) -> Self {
        let left = source.size().saturating_mul(256).saturating_add(8 << 30);
        Self {
            source,
            limits: limits.clone(),
            left: Cell::new(left),
            left_of_call: Cell::new(PER_CALL),
            failure: RefCell::default(),
        }
    }

    /// Bytes of the volume.
    pub fn size(&self) -> u64 {
        self.source.size()
    }

    /// Reads for a guest.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Denied> {
        self.read_checked(offset, buffer).map_err(|error| {
            self.failure.borrow_mut().get_or_insert(error);
            Denied
        })
    }

    fn read_checked(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let path = TreePath::default();
        if self.limits.is_cancelled() {
            return Err(ReadError::Cancelled { path }.into_io());
        }
        let wanted = buffer.len() as u64;
        let (left, left_of_call) = (self.left.get(), self.left_of_call.get());
        if wanted > left || wanted > left_of_call {
            let limit = if wanted > left_of_call { PER_CALL } else { left };
            return Err(ReadError::TooLarge { path, limit, unit: "bytes of metadata" }.into_io());
        }
        self.left.set(left - wanted);
        self.left_of_call.set(left_of_call - wanted);
        self.source.read_at(offset, buffer)
    }

    /// Calls a guest. `wanted` bytes are for the caller, `word` turns the guest's own errors into ours.
    pub fn call<T, E>(
        &self,
        wanted: u64,
        word: impl FnOnce(E) -> io::Error,
        call: impl FnOnce() -> Result<T, E>,
    ) -> io::Result<T> {
        self.left_of_call.set(PER_CALL.saturating_add(wanted.saturating_mul(4)));
        *self.failure.borrow_mut() = None;
        // The guest's state is caches of what it read: none of it is wrong after a panic.
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.failure.borrow_mut().take().unwrap_or_else(|| word(error))),
            Err(_) => Err(malformed("reading it failed in the reader of its file system; please report it")),
        }
    }
}

/// The error that guests see; [`Window::call`] knows the reason.
#[derive(Debug)]
pub struct Denied;

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cannot be read")
    }
}

impl std::error::Error for Denied {}

/// How the guests ask.
pub struct Reader(pub Rc<Window>);

impl ext4_view::Ext4Read for Reader {
    fn read(
        &mut self,
        start: u64,
        buffer: &mut [u8],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync + 'static>> {
        self.0.read(start, buffer).map_err(Into::into)
    }
}

impl lamxfs::BlockRead for Reader {
    type Error = Denied;

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<(), Denied> {
        self.0.read(offset, buffer)
    }
}

impl lambutter::BlockRead for Reader {
    type Error = Denied;

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<(), Denied> {
        self.0.read(offset, buffer)
    }
}
