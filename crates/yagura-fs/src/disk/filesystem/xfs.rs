//! XFS, read by `lamxfs`, which replays the log.
//!
//! Left out, and told so: realtime devices, logs on other devices, and logs of version 4 that must be replayed.

use super::window::{Reader, Window};
use super::{FileSystem, Handle, Item, ItemKind, Node, is_name, uuid};
use crate::Metadata;
use crate::disk::source::{malformed, unsupported};
use crate::file::Content;
use lamxfs::{EntryKind, Error, Inode, Path, SuperblockReason, Xfs};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// An opened file system.
pub struct XfsVolume {
    window: Rc<Window>,
    volume: RefCell<Xfs<Reader>>,
    uuid: String,
    label: String,
    root: u64,
}

impl XfsVolume {
    /// Opens a volume and replays its log in memory.
    ///
    /// # Errors
    /// It is damaged, or has a feature that is not read.
    pub fn open(window: Rc<Window>) -> io::Result<Self> {
        let reader = Reader(window.clone());
        let mut volume = window.call(0, word, || Xfs::open(reader, window.size()))?;
        let root = window.call(0, word, || volume.resolve(Path::new(b"/")))?.ino;
        Ok(Self {
            uuid: uuid(&volume.uuid()),
            label: volume.label().unwrap_or_default().to_owned(),
            window,
            volume: RefCell::new(volume),
            root,
        })
    }
}

impl FileSystem for XfsVolume {
    fn kind(&self) -> &'static str {
        "xfs"
    }

    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn root(&self) -> Node {
        Node { path: Vec::new(), handle: Handle::Number(self.root) }
    }

    fn list(&self, directory: &Node) -> io::Result<Vec<Item>> {
        let path = directory.absolute();
        let volume = &mut *self.volume.borrow_mut();
        let entries = self.window.call(0, word, || volume.read_dir(Path::new(&path)))?;
        let entries = entries.into_iter().filter(|entry| is_name(&entry.name));
        Ok(entries
            .map(|entry| Item {
                kind: match entry.kind {
                    EntryKind::Regular => ItemKind::File,
                    EntryKind::Directory => ItemKind::Directory,
                    EntryKind::Symlink => ItemKind::Symlink,
                    EntryKind::Other => ItemKind::Other,
                },
                node: directory.child(&entry.name, Handle::Number(entry.inode_number)),
                name: entry.name,
            })
            .collect())
    }

    fn target(&self, link: &Node) -> io::Result<Vec<u8>> {
        let path = link.absolute();
        let volume = &mut *self.volume.borrow_mut();
        self.window.call(0, word, || volume.read_link(Path::new(&path)))
    }

    fn open<'a>(&'a self, file: &Node) -> io::Result<Box<dyn Content + 'a>> {
        let Handle::Number(ino) = file.handle else { return Err(malformed("no inode")) };
        Ok(Box::new(XfsFile { volume: self, inode: Inode { ino } }))
    }

    fn most_directories(&self) -> u64 {
        // Directories are told apart by their inodes.
        u64::MAX
    }
}

/// A file.
struct XfsFile<'a> {
    volume: &'a XfsVolume,
    inode: Inode,
}

impl Content for XfsFile<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let volume = &mut *self.volume.volume.borrow_mut();
        let wanted = buffer.len() as u64;
        self.volume.window.call(wanted, word, || volume.read_file_at(&self.inode, offset, buffer))
    }

    fn metadata(&self) -> io::Result<Metadata> {
        let volume = &mut *self.volume.volume.borrow_mut();
        let metadata = self.volume.window.call(0, word, || volume.metadata(&self.inode))?;
        Ok(Metadata { size: metadata.size(), executable: metadata.mode() & 0o111 != 0 })
    }
}

/// The guest's errors in our words.
fn word(error: Error) -> io::Error {
    match error {
        Error::BadSuperblock(SuperblockReason::DirtyLog) => {
            unsupported("XFS: its log holds changes that cannot be replayed")
        }
        Error::BadSuperblock(SuperblockReason::ExternalLog) => {
            unsupported("XFS: its log is on another device")
        }
        Error::BadSuperblock(SuperblockReason::RealtimeDevice) => unsupported("XFS: a realtime device"),
        Error::BadSuperblock(SuperblockReason::UnsupportedVersion) => unsupported("XFS: its version"),
        Error::UnsupportedFeature(what) => unsupported(format!("XFS: {what}")),
        other => malformed(format!("damaged XFS: {}", other.token())),
    }
}
