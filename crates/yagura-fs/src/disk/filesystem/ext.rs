//! ext2, ext3 and ext4, read by `ext4-view`, which replays the journal.
//!
//! Left out, and told so: `inline_data`, `meta_bg`, `large_dir`, `ea_inode`, `mmp`, encrypted directories, journals on
//! other devices, and file systems without types in their directory entries.

use super::window::{Reader, Window};
use super::{FileSystem, Handle, Item, ItemKind, Node, is_name, text, uuid};
use crate::Metadata;
use crate::disk::source::{Fields, encrypted, malformed, unsupported};
use crate::file::Content;
use ext4_view::{Ext4, Ext4Error, FileType};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// An opened file system.
pub struct Ext {
    window: Rc<Window>,
    volume: Ext4,
    uuid: String,
    label: String,
    inodes: u64,
}

impl Ext {
    /// Opens a volume and replays its journal in memory.
    ///
    /// # Errors
    /// It is damaged, or has a feature that is not read.
    pub fn open(window: Rc<Window>) -> io::Result<Self> {
        let mut superblock = [0; 1024];
        window.call(0, |_| malformed("no superblock"), || window.read(1024, &mut superblock))?;
        check_geometry(&superblock, window.size())?;
        let reader = Box::new(Reader(window.clone()));
        let volume = window.call(0, word, || Ext4::load(reader))?;
        Ok(Self {
            uuid: uuid(&superblock.field::<16>(0x68)),
            label: text(&superblock.field::<16>(0x78)),
            inodes: superblock.le32(0).into(),
            window,
            volume,
        })
    }
}

/// The descriptors of all groups are kept in memory, so there cannot be more of them than the volume has room for.
fn check_geometry(superblock: &[u8], size: u64) -> io::Result<()> {
    let wide = superblock.le32(0x60) & 0x80 != 0;
    let high = if wide { u64::from(superblock.le32(0x150)) } else { 0 };
    let blocks = high << 32 | u64::from(superblock.le32(4));
    let groups = blocks.div_ceil(u64::from(superblock.le32(0x20)).max(1));
    if groups.saturating_mul(32) > size {
        return Err(malformed("it has more groups of blocks than its volume has room for"));
    }
    Ok(())
}

impl FileSystem for Ext {
    fn kind(&self) -> &'static str {
        "ext4"
    }

    fn uuid(&self) -> &str {
        &self.uuid
    }

    fn label(&self) -> &str {
        &self.label
    }

    fn root(&self) -> Node {
        Node { path: Vec::new(), handle: Handle::Path }
    }

    fn list(&self, directory: &Node) -> io::Result<Vec<Item>> {
        let path = directory.absolute();
        self.window.call(0, word, || {
            let mut items = Vec::new();
            for entry in self.volume.read_dir(path.as_slice())? {
                let entry = entry?;
                let name = entry.file_name();
                let name: &[u8] = name.as_ref();
                if !is_name(name) {
                    continue;
                }
                let kind = match entry.file_type()? {
                    FileType::Regular => ItemKind::File,
                    FileType::Directory => ItemKind::Directory,
                    FileType::Symlink => ItemKind::Symlink,
                    _ => ItemKind::Other,
                };
                items.push(Item { name: name.to_vec(), kind, node: directory.child(name, Handle::Path) });
            }
            Ok(items)
        })
    }

    fn target(&self, link: &Node) -> io::Result<Vec<u8>> {
        let path = link.absolute();
        self.window.call(0, word, || {
            // The crate keeps whole targets in memory; the format allows one block.
            if self.volume.symlink_metadata(path.as_slice())?.len() > 1 << 16 {
                return Err(Ext4Error::PathTooLong);
            }
            self.volume.read_link(path.as_slice()).map(|target| target.as_path().as_ref().to_vec())
        })
    }

    fn open<'a>(&'a self, file: &Node) -> io::Result<Box<dyn Content + 'a>> {
        let path = file.absolute();
        let file = self.window.call(0, word, || self.volume.open(path.as_slice()))?;
        Ok(Box::new(ExtFile { window: &self.window, file: RefCell::new(file) }))
    }

    fn most_directories(&self) -> u64 {
        self.inodes
    }
}

/// An open file.
struct ExtFile<'a> {
    window: &'a Window,
    file: RefCell<ext4_view::File>,
}

impl Content for ExtFile<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let file = &mut *self.file.borrow_mut();
        self.window.call(buffer.len() as u64, word, || {
            if file.position() != offset {
                file.seek_to(offset)?;
            }
            file.read_bytes(buffer)
        })
    }

    fn metadata(&self) -> io::Result<Metadata> {
        let file = self.file.borrow();
        let metadata = file.metadata();
        Ok(Metadata { size: metadata.len(), executable: metadata.mode() & 0o111 != 0 })
    }
}

/// The guest's errors in our words.
fn word(error: Ext4Error) -> io::Error {
    match error {
        Ext4Error::Encrypted => encrypted(),
        Ext4Error::Incompatible(what) => unsupported(format!("ext4: {what}")),
        other => malformed(other.to_string()),
    }
}
