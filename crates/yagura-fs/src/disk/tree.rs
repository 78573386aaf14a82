//! The walk over mounted file systems.

use super::filesystem::{FileSystem, Item, ItemKind, Node};
use super::{Disks, Mount};
use crate::complaints::Complaints;
use crate::container_storage::is_container_storage;
use crate::directory::{PSEUDO, left_out};
use crate::{Content, Entry, EntryKind, File, Flow, Limits, Metadata, ReadError, Tree};
use std::cell::OnceCell;
use std::collections::HashSet;
use std::io;
use yagura_model::{TreePath, Unread};

impl Tree for Disks {
    fn walk(
        &self,
        limits: &Limits,
        unread: &mut Vec<Unread>,
        visit: &mut dyn FnMut(Entry<'_>) -> Flow,
    ) -> Result<(), ReadError> {
        unread.extend(self.unread.iter().cloned());
        let mut complaints = Complaints::new(&TreePath::default(), unread);
        let mut walk = Walk {
            disks: self,
            limits,
            seen: 0,
            entered: HashSet::new(),
            directories: vec![0; self.mounts.len()],
            mounted: HashSet::new(),
        };
        // A mount point that its outer file system lacks is still a place in the tree.
        for index in 0..self.mounts.len() {
            if !walk.mounted.contains(&index) && walk.below(index, &mut complaints, visit)? == Flow::Stop {
                break;
            }
        }
        Ok(())
    }
}

struct Walk<'d> {
    disks: &'d Disks,
    limits: &'d Limits,
    seen: u64,
    /// Directories that were entered, where their file system tells them apart.
    entered: HashSet<(usize, (u64, u64))>,
    /// Directories of each mount that were entered.
    directories: Vec<u64>,
    /// Mounts that were entered.
    mounted: HashSet<usize>,
}

/// A directory that is being walked.
struct Level {
    mount: usize,
    path: Vec<u8>,
    /// The next one last.
    left: Vec<Item>,
}

impl Walk<'_> {
    fn below(
        &mut self,
        mount: usize,
        complaints: &mut Complaints<'_>,
        visit: &mut dyn FnMut(Entry<'_>) -> Flow,
    ) -> Result<Flow, ReadError> {
        let Some(top) = self.disks.mounts.get(mount) else { return Ok(Flow::Continue) };
        self.mounted.insert(mount);
        if !top.at.as_str().is_empty() {
            match visit(Entry { path: &top.at, kind: EntryKind::Directory }) {
                Flow::Continue => {}
                flow => return Ok(flow),
            }
        }
        let mut levels = Vec::new();
        levels.extend(self.enter(
            mount,
            &top.file_system.root(),
            top.at.as_str().as_bytes(),
            &top.at,
            complaints,
        ));
        while let Some(level) = levels.last_mut() {
            let Some(item) = level.left.pop() else {
                levels.pop();
                continue;
            };
            let mount = level.mount;
            let mut raw = level.path.clone();
            if !raw.is_empty() {
                raw.push(b'/');
            }
            raw.extend_from_slice(&item.name);
            let Some(path) = TreePath::new(&raw) else { continue };
            self.seen += 1;
            if self.seen > self.limits.entries {
                return Err(ReadError::TooLarge { path, limit: self.limits.entries, unit: "entries" });
            }
            if self.limits.is_cancelled() {
                return Err(ReadError::Cancelled { path });
            }
            let Some(Mount { file_system, .. }) = self.disks.mounts.get(mount) else { continue };
            if item.kind != ItemKind::Directory {
                if show(&path, &**file_system, &item, self.limits, complaints, visit) == Flow::Stop {
                    return Ok(Flow::Stop);
                }
                continue;
            }
            let here = self.disks.mounts.iter().position(|mount| mount.at == path);
            if self.disks.machine && PSEUDO.contains(&path.as_str()) {
                continue;
            }
            let (mount, node) = match here.and_then(|index| Some((index, self.disks.mounts.get(index)?))) {
                Some((index, inner)) if self.mounted.insert(index) => (index, inner.file_system.root()),
                _ => (mount, item.node),
            };
            if self.disks.machine && is_container_storage(&path) {
                let inside = self.enter(mount, &node, &raw, &path, complaints);
                if inside.is_some_and(|level| !level.left.is_empty()) {
                    complaints.say(left_out(path));
                }
                continue;
            }
            match visit(Entry { path: &path, kind: EntryKind::Directory }) {
                Flow::Stop => return Ok(Flow::Stop),
                Flow::SkipDirectory => continue,
                Flow::Continue => {}
            }
            if levels.len() >= self.limits.path_depth {
                complaints.error(&ReadError::TooDeep { path, limit: self.limits.path_depth });
                continue;
            }
            levels.extend(self.enter(mount, &node, &raw, &path, complaints));
        }
        Ok(Flow::Continue)
    }

    /// Lists a directory. `None` when there is nothing to walk.
    fn enter(
        &mut self,
        mount: usize,
        node: &Node,
        raw: &[u8],
        path: &TreePath,
        complaints: &mut Complaints<'_>,
    ) -> Option<Level> {
        let file_system = &self.disks.mounts.get(mount)?.file_system;
        let count = self.directories.get_mut(mount)?;
        *count += 1;
        let again = node.identity().is_some_and(|identity| !self.entered.insert((mount, identity)));
        if again || *count > file_system.most_directories() {
            complaints
                .error(&ReadError::malformed(path, "a directory that contains itself or has two names"));
            return None;
        }
        match file_system.list(node) {
            Ok(mut left) => {
                left.sort_by(|a, b| b.name.cmp(&a.name));
                Some(Level { mount, path: raw.to_vec(), left })
            }
            Err(error) => {
                complaints.error(&ReadError::of_medium(path, error));
                None
            }
        }
    }
}

/// Shows an entry that is not a directory.
fn show(
    path: &TreePath,
    file_system: &dyn FileSystem,
    item: &Item,
    limits: &Limits,
    complaints: &mut Complaints<'_>,
    visit: &mut dyn FnMut(Entry<'_>) -> Flow,
) -> Flow {
    match item.kind {
        ItemKind::File => {
            let content = Lazy { file_system, node: &item.node, opened: OnceCell::new() };
            visit(Entry { path, kind: EntryKind::File(File::lazy(path, limits, Box::new(content))) })
        }
        ItemKind::Symlink => match file_system.target(&item.node) {
            Ok(target) => visit(Entry { path, kind: EntryKind::Symlink(&String::from_utf8_lossy(&target)) }),
            Err(error) => {
                complaints.error(&ReadError::of_medium(path, error));
                Flow::Continue
            }
        },
        ItemKind::Directory | ItemKind::Other => visit(Entry { path, kind: EntryKind::Other }),
    }
}

/// A file that is opened when somebody asks.
struct Lazy<'a> {
    file_system: &'a dyn FileSystem,
    node: &'a Node,
    opened: OnceCell<Box<dyn Content + 'a>>,
}

impl Lazy<'_> {
    fn open(&self) -> io::Result<&dyn Content> {
        if let Some(opened) = self.opened.get() {
            return Ok(&**opened);
        }
        let opened = self.file_system.open(self.node)?;
        Ok(&**self.opened.get_or_init(|| opened))
    }
}

impl Content for Lazy<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.open()?.read_at(offset, buffer)
    }

    fn metadata(&self) -> io::Result<Metadata> {
        // A file that cannot even be asked must look worth reading: reading then tells why it cannot be.
        let unknown = Metadata { size: 4096, executable: true };
        Ok(self.open().and_then(Content::metadata).unwrap_or(unknown))
    }
}
