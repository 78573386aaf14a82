//! `yagura serve` and `yagura worker`: the loops, the API, and what they share.
//!
//! Loops are idempotent steps without input, woken by a timer or a nudge and safe to kill at any line: their state is
//! in the store. `serve` also listens; `worker` only runs loops against a shared database.

mod activate;
mod advisories;
mod cloud;
mod collect;
mod credentials;
mod deliver;
mod discover;
mod driver;
mod enroll;
mod export;
mod http;
mod ingest;
mod machine;
mod metrics;
mod network;
mod rematch;
mod service;
mod start;
mod sweep;

pub use driver::{Loop, Step};
pub use service::Service;
pub use start::{Mode, run};
