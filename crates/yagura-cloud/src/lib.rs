//! Everything that talks to a network: clouds, registries and feed downloads.
//!
//! Async stops here. What a caller gets is plain data, a file on disk, or a blocking reader. Every connection goes
//! through one [`Client`], which does not exist with [`Network::Offline`].

pub mod aws;
mod base64;
pub mod client;
pub mod collect;
pub mod deliver;
pub mod download;
pub mod error;
pub mod registry;
#[cfg(test)]
mod testing;

pub use aws::{Aws, AwsError};
pub use client::{Client, Network};
pub use error::CloudError;
pub use registry::{Reference, Registry};
