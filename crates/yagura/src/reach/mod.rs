//! `yagura reach`: a snapshot folder, the analysis of `yagura-network`, and what is printed of it.

mod changes;
mod json;
mod load;
mod text;
mod words;

pub use changes::{Change, changes};
pub use json::Report;
pub use load::{malformed, snapshot, with_changes};
pub use text::{explained, table};
