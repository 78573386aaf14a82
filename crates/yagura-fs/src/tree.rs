//! A tree of files, walked once in whatever order it comes.

use crate::{File, Limits, ReadError};
use yagura_model::{TreePath, Unread};

/// Something with files in it: a directory, an archive, one image layer, later a disk.
pub trait Tree {
    /// Shows every entry to `visit`, once, in the tree's own order: sorted by path for directories,
    /// stream order for archives. Entries that cannot be read are pushed to `unread` and do not stop the walk.
    ///
    /// # Errors
    /// Only when the tree as a whole cannot be read on.
    fn walk(
        &self,
        limits: &Limits,
        unread: &mut Vec<Unread>,
        visit: &mut dyn FnMut(Entry<'_>) -> Flow,
    ) -> Result<(), ReadError>;
}

/// What the visitor wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Do not enter this directory. Ignored for other entries; archives still deliver entries below it,
    /// so a visitor checks paths itself as well.
    SkipDirectory,
    /// End the walk.
    Stop,
}

/// One entry of a tree.
pub struct Entry<'a> {
    /// Where it is.
    pub path: &'a TreePath,
    /// What it is.
    pub kind: EntryKind<'a>,
}

/// The kinds of entries.
pub enum EntryKind<'a> {
    /// A regular file, or a hard link shown as one; opened only when asked for content.
    File(File<'a>),
    /// A directory.
    Directory,
    /// A symbolic link and its target as stored.
    Symlink(&'a str),
    /// A hard link of an archive to an earlier entry.
    Hardlink(TreePath),
    /// OCI whiteout: the path is gone from the layers below.
    Whiteout,
    /// OCI opaque marker: everything below this directory is gone from the layers below.
    Opaque,
    /// Devices, sockets, pipes.
    Other,
}
