//! File systems of volumes, through one trait. The formats are read by crates; what these are given, and for how long
//! they may go on, is decided here.

mod btrfs;
mod ext;
mod window;
mod xfs;

use super::source::BlockSource;
use super::volume::FileSystemKind;
use crate::Limits;
use crate::file::Content;
use std::io;
use std::rc::Rc;
use window::Window;

/// A file system of a volume.
pub trait FileSystem {
    /// Its name as `/etc/fstab` has it: `ext4`, `xfs`, `btrfs`.
    fn kind(&self) -> &'static str;

    /// Its UUID as `blkid` writes it.
    fn uuid(&self) -> &str;

    /// Its label; empty where it has none.
    fn label(&self) -> &str;

    /// Its root directory.
    fn root(&self) -> Node;

    /// The entries of a directory, without `.` and `..`, in the order of the medium.
    ///
    /// # Errors
    /// It is no directory, is damaged, or has a feature that is not read.
    fn list(&self, directory: &Node) -> io::Result<Vec<Item>>;

    /// The target of a symbolic link, as stored.
    ///
    /// # Errors
    /// As [`Self::list`].
    fn target(&self, link: &Node) -> io::Result<Vec<u8>>;

    /// A file's metadata and bytes.
    ///
    /// # Errors
    /// As [`Self::list`].
    fn open<'a>(&'a self, file: &Node) -> io::Result<Box<dyn Content + 'a>>;

    /// Most directories that there can be: a tree with more of them goes round in circles.
    fn most_directories(&self) -> u64;
}

/// A file or directory of one file system.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its path from the file system's root, `/`-separated, without a leading slash.
    pub path: Vec<u8>,
    /// How the file system finds it.
    handle: Handle,
}

#[derive(Debug, Clone, Copy)]
enum Handle {
    /// By its path.
    Path,
    /// By the number of its inode.
    Number(u64),
    /// By tree and number.
    Btrfs(lambutter::Inode),
}

impl Node {
    /// What two names of one directory have in common; `None` where the file system does not tell.
    pub fn identity(&self) -> Option<(u64, u64)> {
        match self.handle {
            Handle::Path => None,
            Handle::Number(number) => Some((0, number)),
            Handle::Btrfs(inode) => Some((inode.subvolume(), inode.objectid())),
        }
    }

    /// An entry of this directory.
    fn child(&self, name: &[u8], handle: Handle) -> Self {
        let mut path = self.path.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Self { path, handle }
    }

    /// The path from the root, as the crates want it.
    fn absolute(&self) -> Vec<u8> {
        [b"/", &*self.path].concat()
    }
}

/// An entry of a directory.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its name; any bytes but `/`.
    pub name: Vec<u8>,
    /// What the directory says it is.
    pub kind: ItemKind,
    /// The entry itself.
    pub node: Node,
}

/// The kinds of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Devices, sockets, pipes.
    Other,
}

/// True for names that an entry can have: not the directory itself, not its parent, nothing that leads elsewhere.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name != b"." && name != b".." && !name.contains(&b'/') && !name.contains(&0)
}

/// Which tree of a btrfs file system is meant; others have only one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subvolume {
    /// The one that a plain mount shows.
    Default,
    /// By path from the top level.
    Path(Vec<u8>),
    /// By number.
    Number(u64),
}

/// Opens the file system of a volume.
///
/// # Errors
/// It is damaged, or has a feature that is not read.
pub fn open(
    kind: FileSystemKind,
    source: Rc<dyn BlockSource>,
    subvolume: &Subvolume,
    limits: &Limits,
) -> io::Result<Box<dyn FileSystem>> {
    let window = Rc::new(Window::new(source, limits));
    Ok(match kind {
        FileSystemKind::Ext => Box::new(ext::Ext::open(window)?),
        FileSystemKind::Xfs => Box::new(xfs::XfsVolume::open(window)?),
        FileSystemKind::Btrfs => Box::new(btrfs::BtrfsVolume::open(window, subvolume)?),
    })
}

/// A UUID as it is written.
fn uuid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Text up to the first zero byte.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}
