//! One value that bounds everything a hostile input could make us do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bounds on bytes, entries, depth and time. Cloning shares the cancellation flag.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest file that is read whole, in bytes (also after decompression).
    pub file_bytes: u64,
    /// Largest total of bytes that one archive or layer may expand to.
    pub archive_bytes: u64,
    /// Most entries of one archive, layer or directory tree.
    pub entries: u64,
    /// Most levels of archives inside archives.
    pub archive_depth: usize,
    /// Most levels of directories.
    pub path_depth: usize,
    /// Largest ratio of expanded to compressed bytes, checked once more than 16 MiB came out.
    pub ratio: u64,
    /// Set when everybody who shares this value is to stop soon.
    pub cancelled: Arc<AtomicBool>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 512 << 20,
            archive_bytes: 64 << 30,
            entries: 10_000_000,
            archive_depth: 8,
            path_depth: 256,
            ratio: 1_000,
            cancelled: Arc::default(),
        }
    }
}

impl Limits {
    /// Asks everybody who shares this value to stop soon.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// True once [`Self::cancel`] was called; long loops look here.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}
