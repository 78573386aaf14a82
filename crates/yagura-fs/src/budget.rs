//! How much the members of one archive may expand to, archives inside it included.

use crate::Limits;
use std::cell::Cell;

/// Below this many bytes no ratio is checked: small files of zeros compress very well.
pub const RATIO_FROM: u64 = 16 << 20;

/// Counts bytes that came out of an outermost archive. Shared by all archives nested in it, so that nesting
/// does not multiply what is allowed.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    spent: Cell<u64>,
}

impl Budget {
    /// The budget of an archive of `compressed` bytes.
    pub fn new(compressed: u64, limits: &Limits) -> Self {
        let by_ratio = compressed.saturating_mul(limits.ratio).max(RATIO_FROM);
        Self { limit: by_ratio.min(limits.archive_bytes), spent: Cell::new(0) }
    }

    /// Counts bytes. `Err` with the limit once more came out than is allowed.
    pub fn spend(&self, bytes: u64) -> Result<(), u64> {
        let spent = self.spent.get().saturating_add(bytes);
        self.spent.set(spent);
        if spent > self.limit { Err(self.limit) } else { Ok(()) }
    }
}
