//! Yagura as a library: scanning, advisory data and the command line.
//!
//! This crate is the shell: it opens files and connections, asks the pure crates, and prints.

mod baseline;
pub mod cli;
pub mod config;
pub mod data;
pub mod db;
pub mod decisions;
pub mod reach;
pub mod said;
pub mod scan;
pub mod serve;
pub mod table;
pub mod update;

pub use cli::run;
