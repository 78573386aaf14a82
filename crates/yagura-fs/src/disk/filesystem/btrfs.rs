//! btrfs, read by `lambutter`: one device, or mirrors of it, with compression and subvolumes.
//!
//! What was written after the last commit is in the tree log, which is not replayed: at most the last 30 seconds of a
//! file system that was in use. Left out, and told so: RAID 0, 5, 6 and 10, and encryption.

use super::window::{Reader, Window};
use super::{FileSystem, Handle, Item, ItemKind, Node, Subvolume, is_name, text, uuid};
use crate::Metadata;
use crate::disk::source::{Fields, malformed, unsupported};
use crate::file::Content;
use lambutter::{Btrfs, Error, Inode, Path, SuperblockReason};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// Where the first superblock is.
const SUPERBLOCK: u64 = 64 << 10;

/// An opened subvolume of a file system.
pub struct BtrfsVolume {
    window: Rc<Window>,
    volume: RefCell<Btrfs<Reader>>,
    uuid: String,
    label: String,
    root: Inode,
}

impl BtrfsVolume {
    /// Opens a volume at its default subvolume, or at the one that is asked for.
    ///
    /// # Errors
    /// It is damaged, has a feature that is not read, or no such subvolume.
    pub fn open(window: Rc<Window>, subvolume: &Subvolume) -> io::Result<Self> {
        let mut superblock = [0; 1024];
        window.call(0, |_| malformed("no superblock"), || window.read(SUPERBLOCK, &mut superblock))?;
        let (reader, size) = (Reader(window.clone()), window.size());
        let mut volume = window.call(0, word, || match subvolume {
            Subvolume::Default => Btrfs::open(reader, size),
            Subvolume::Number(number) => Btrfs::open_subvol_id(reader, size, *number),
            Subvolume::Path(path) => {
                let path = [b"/", path.as_slice()].concat();
                let path = Path::new(&path).ok_or(Error::NotFound)?;
                Btrfs::open_subvol_path(reader, size, path)
            }
        })?;
        let root = window.call(0, word, || volume.resolve(Path::new(b"/").ok_or(Error::NotFound)?))?;
        Ok(Self {
            uuid: uuid(&superblock.field::<16>(32)),
            label: text(&superblock.field::<256>(0x12b)),
            window,
            volume: RefCell::new(volume),
            root,
        })
    }
}

impl FileSystem for BtrfsVolume {
    fn kind(&self) -> &'static str {
        "btrfs"
    }

    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn root(&self) -> Node {
        Node { path: Vec::new(), handle: Handle::Btrfs(self.root) }
    }

    fn list(&self, directory: &Node) -> io::Result<Vec<Item>> {
        let path = directory.absolute();
        let volume = &mut *self.volume.borrow_mut();
        let entries =
            self.window.call(0, word, || volume.read_dir(Path::new(&path).ok_or(Error::NotFound)?))?;
        let entries = entries.into_iter().filter(|entry| is_name(&entry.name));
        Ok(entries
            .map(|entry| Item {
                // The types of `linux/fs_types.h`.
                kind: match entry.kind_byte {
                    1 => ItemKind::File,
                    2 => ItemKind::Directory,
                    7 => ItemKind::Symlink,
                    _ => ItemKind::Other,
                },
                node: directory.child(&entry.name, Handle::Btrfs(entry.inode)),
                name: entry.name,
            })
            .collect())
    }

    fn target(&self, link: &Node) -> io::Result<Vec<u8>> {
        let path = link.absolute();
        let volume = &mut *self.volume.borrow_mut();
        self.window.call(0, word, || volume.read_link(Path::new(&path).ok_or(Error::NotFound)?))
    }

    fn open<'a>(&'a self, file: &Node) -> io::Result<Box<dyn Content + 'a>> {
        let Handle::Btrfs(inode) = file.handle else { return Err(malformed("no inode")) };
        Ok(Box::new(BtrfsFile { volume: self, inode }))
    }

    fn most_directories(&self) -> u64 {
        // Directories are told apart by their inodes.
        u64::MAX
    }
}

/// A file.
struct BtrfsFile<'a> {
    volume: &'a BtrfsVolume,
    inode: Inode,
}

impl Content for BtrfsFile<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let volume = &mut *self.volume.volume.borrow_mut();
        let wanted = buffer.len() as u64;
        self.volume.window.call(wanted, word, || volume.read_file_at(&self.inode, offset, buffer))
    }

    fn metadata(&self) -> io::Result<Metadata> {
        let volume = &mut *self.volume.volume.borrow_mut();
        let metadata = self.volume.window.call(0, word, || volume.metadata(&self.inode))?;
        Ok(Metadata { size: metadata.size, executable: metadata.mode & 0o111 != 0 })
    }
}

/// The guest's errors in our words.
fn word(error: Error) -> io::Error {
    match error {
        Error::UnsupportedFeature(what) => unsupported(format!("btrfs: {what}")),
        Error::UnsupportedProfile(what) => unsupported(format!("btrfs: the profile {what}")),
        Error::UnsupportedChecksum(what) => unsupported(format!("btrfs: the checksum {what}")),
        Error::BadSuperblock(
            reason @ (SuperblockReason::UnsupportedCsumType | SuperblockReason::UnsupportedIncompat),
        ) => unsupported(format!("btrfs: {reason:?}")),
        other => malformed(format!("damaged btrfs: {other}")),
    }
}
