//! What every store does. Each test runs on SQLite and on PostgreSQL, unchanged.

mod backend;
mod fleet;
mod lists;
mod log;
mod random;
mod resources;
mod settings;
mod work;
