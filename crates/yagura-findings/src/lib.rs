//! Judging inventories against advisories: what is affected, why or why not, how severe it is, and what was
//! suppressed by whom.

pub mod decision;

pub use decision::{Decisions, Rule};
