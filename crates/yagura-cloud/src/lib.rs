//! Everything that talks to a network: registries and feed downloads.
//!
//! Async stops here. What a caller gets is plain data, a file on disk, or a blocking reader. Every connection goes
//! through one [`Client`], which does not exist with [`Network::Offline`].

pub mod client;
pub mod download;
pub mod error;
pub mod registry;
#[cfg(test)]
mod testing;

pub use client::{Client, Network};
pub use error::CloudError;
pub use registry::{Reference, Registry};
