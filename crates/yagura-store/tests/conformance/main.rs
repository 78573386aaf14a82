//! What every store does. Each test runs on SQLite and on PostgreSQL, unchanged.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing unwrap is a failing test"
)]

mod backend;
mod fleet;
mod lists;
mod log;
mod random;
mod resources;
mod settings;
mod work;
