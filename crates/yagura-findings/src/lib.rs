//! Judging inventories against advisories: what is affected, why or why not, how severe it is, and what was
//! suppressed by whom.
//!
//! Everything here is a function from data to data: no clock, no files, no network. [`judge`](judge::judge)
//! looks at one package and one statement; [`combine`](combine::combine) joins the statements of one cell;
//! [`detect`](detect::detect) computes a row; [`explain`](explain::explain) gives the proof of a column on an
//! inventory; [`decision`] marks what somebody decided before. For the service, [`reconcile`](reconcile::reconcile) turns
//! detections into findings with a life, and [`filter`] selects among them.

pub mod activation;
pub mod combine;
pub mod coverage;
pub mod decision;
pub mod detect;
pub mod end_of_life;
mod exempt;
pub mod explain;
pub mod filter;
pub mod judge;
mod kernel;
mod lookup;
pub mod network;
pub mod reconcile;
#[cfg(test)]
mod rules;
pub mod score;
pub mod severity;
mod sourced;
#[cfg(test)]
mod testing;
pub mod usage;
pub mod view;

pub use combine::{Cell, combine};
pub use decision::{Decisions, Rule};
pub use detect::{Judged, detect, detect_running, detect_vulnerability};
pub use end_of_life::{EndOfLife, end_of_life};
pub use exempt::{Exempt, exempt, installed_running as running_kernel};
pub use judge::{Match, Verdict, judge};
pub use lookup::names;
pub use reconcile::{finding_id, reconcile};
pub use score::Exposure;
pub use view::{Decision, Slice, View};
