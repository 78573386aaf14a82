//! Read-only trees: directories, archives, image layers and disks, seen through one trait and bounded by one
//! [`Limits`] value.
//!
//! This is the only pure crate that opens files, and it opens them read-only below a root it is given.
//! Symbolic links are reported, never followed out of the root. Nothing is extracted to disk.

mod budget;
mod complaints;
mod compression;
pub mod container_storage;
pub mod digest;
pub mod directory;
pub mod disk;
pub mod error;
pub mod file;
pub mod image;
pub mod limits;
pub mod mounts;
mod stream;
pub mod tar;
pub mod tree;
pub mod zip;

pub use digest::Digest;
pub use directory::{Directory, SingleFile};
pub use error::ReadError;
pub use file::{Content, File, Metadata};
pub use limits::Limits;
pub use tar::TarTree;
pub use tree::{Entry, EntryKind, Flow, Tree};
pub use zip::ZipTree;
