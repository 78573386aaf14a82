//! Advisory feeds, and the one file that all of them are compiled into.
//!
//! A [`Feed`] says what to download and how to read it; it performs no I/O. What it reads goes into a
//! [`Sink`]: advisories about packages, or facts about vulnerabilities (scores, descriptions, exploitation).
//! [`database`] builds and reads the advisory file over plain bytes.

pub mod archive;
pub mod database;
pub mod feed;
pub mod osv;
pub mod rating;
pub mod starter;
pub mod xml;

pub use database::{Builder, Database, DatabaseError};
pub use feed::{Batch, Document, Facts, Feed, FeedError, Pick, Sink};
pub use starter::starter;

/// Every feed that is known, in alphabetical order of folders.
pub static FEEDS: &[&dyn Feed] = &[&osv::Osv];

/// The feed of an id.
pub fn feed(id: &str) -> Option<&'static dyn Feed> {
    FEEDS.iter().copied().find(|feed| feed.id() == id)
}
