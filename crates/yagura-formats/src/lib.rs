//! Documents out and in. Everything printed is one rendering of a [`Report`]; the same report always gives
//! the same bytes.

pub mod report;

pub use report::{Format, Report, SourceState, Target, TargetKind};
