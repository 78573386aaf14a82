//! Disks as one tree: what a machine sees under `/` when its volumes are mounted as its `/etc/fstab` says, read
//! without mounting anything.
//!
//! A disk is a [`BlockSource`]: a file in one of the formats of [`format`], or the snapshot of a volume. Between it and
//! its readers are a bounded memory of blocks ([`cache`]), partitions and logical volumes ([`volume`]), and file
//! systems ([`filesystem`]). What cannot be read is an [`Unread`] entry: at its mount point where `/etc/fstab` names it,
//! and otherwise under the name of its volume, as `disk1:p3` or `vg0/data`.

pub mod cache;
mod checksum;
mod filesystem;
pub mod format;
mod fstab;
mod mapped;
pub mod source;
mod tree;
mod volume;

use crate::{Limits, ReadError};
use cache::Cached;
pub use cache::{BLOCK, Meter};
use filesystem::{FileSystem, ItemKind, Node, Subvolume};
pub use source::{BlockSource, RawFile};
use std::io;
use std::rc::Rc;
use volume::{Content, Lost, Volume};
use yagura_model::{TreePath, Unread, UnreadReason};

/// The disks of one machine, or disks with data.
pub struct Disks {
    mounts: Vec<Mount>,
    /// True when an operating system was found.
    machine: bool,
    unread: Vec<Unread>,
    meter: Meter,
}

/// A file system and its place in the tree.
struct Mount {
    at: TreePath,
    file_system: Rc<dyn FileSystem>,
}

/// A volume whose file system is open.
struct Opened {
    volume: Volume,
    file_system: Rc<dyn FileSystem>,
}

impl Disks {
    /// Looks at disks, the first of which is the one that the machine started from where that matters. This never
    /// fails: what cannot be read will be told by the walk.
    pub fn open(disks: Vec<Box<dyn BlockSource>>, limits: &Limits) -> Self {
        let meter = Meter::default();
        let disks: Vec<Rc<dyn BlockSource>> = disks
            .into_iter()
            .map(|disk| Rc::new(Cached::new(disk, meter.clone())) as Rc<dyn BlockSource>)
            .collect();
        let (volumes, mut lost) = volume::volumes(&disks);
        let mut opened: Vec<Opened> = Vec::new();
        for volume in volumes {
            match open(&volume, &Subvolume::Default, limits) {
                // Another device of a file system that is there already.
                Ok(same)
                    if same.kind() == "btrfs" && opened.iter().any(|known| known.has_uuid(same.uuid())) => {}
                Ok(file_system) => opened.push(Opened { volume, file_system }),
                Err(error) => {
                    let path = TreePath::from_text(&volume.name).unwrap_or_default();
                    let unread = ReadError::of_medium(&path, error).to_unread();
                    lost.push(Lost { names: volume.names, unread });
                }
            }
        }
        let mut disks = Self { mounts: Vec::new(), machine: false, unread: Vec::new(), meter };
        disks.assemble(opened, lost, limits);
        disks
    }

    /// What was read of the disks so far.
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    fn assemble(&mut self, opened: Vec<Opened>, lost: Vec<Lost>, limits: &Limits) {
        let roots = roots(&opened, limits);
        let mut used = Vec::new();
        let mut explained = Vec::new();
        // The system whose own fstab says that it is the root, else the first.
        let own = roots.iter().position(|root| {
            let Some(names) = opened.get(root.index) else { return false };
            root.fstab.iter().any(|entry| entry.at.as_str().is_empty() && names.is_named(&entry.what))
        });
        let chosen = own.unwrap_or(0);
        if let Some(root) = roots.get(chosen) {
            self.machine = true;
            self.mounts.push(Mount { at: TreePath::default(), file_system: root.file_system.clone() });
            used.push(root.index);
            for entry in root.fstab.iter().filter(|entry| !entry.at.as_str().is_empty()) {
                self.mount(entry, &opened, &lost, limits, &mut used, &mut explained);
            }
            for other in roots.iter().filter(|other| !used.contains(&other.index)) {
                if let Some(opened) = opened.get(other.index) {
                    self.unread.push(Unread {
                        path: TreePath::from_text(&opened.volume.name).unwrap_or_default(),
                        reason: UnreadReason::LeftOut,
                        detail: "another operating system: its own packages are not looked for".to_owned(),
                    });
                }
            }
        }
        // Volumes that nothing mounts are looked at as well, below their own names.
        let single = opened.len() == 1;
        for (index, other) in opened.into_iter().enumerate() {
            if !used.contains(&index) {
                let name = if single { "" } else { &other.volume.name };
                let at = TreePath::from_text(name).unwrap_or_default();
                self.mounts.push(Mount { at, file_system: other.file_system });
            }
        }
        let rest = lost.into_iter().enumerate().filter(|(index, _)| !explained.contains(index));
        self.unread.extend(rest.map(|(_, lost)| lost.unread));
    }

    fn mount(
        &mut self,
        entry: &fstab::Entry,
        opened: &[Opened],
        lost: &[Lost],
        limits: &Limits,
        used: &mut Vec<usize>,
        explained: &mut Vec<usize>,
    ) {
        let mut lose = |reason, detail| self.unread.push(Unread { path: entry.at.clone(), reason, detail });
        if let Some((index, found)) =
            opened.iter().enumerate().find(|(_, opened)| opened.is_named(&entry.what))
        {
            used.push(index);
            let file_system = match entry.subvolume {
                Subvolume::Default => Ok(found.file_system.clone()),
                _ => open(&found.volume, &entry.subvolume, limits),
            };
            match file_system {
                Ok(file_system) => self.mounts.push(Mount { at: entry.at.clone(), file_system }),
                Err(error) => self.unread.push(ReadError::of_medium(&entry.at, error).to_unread()),
            }
        } else if let Some((index, found)) =
            lost.iter().enumerate().find(|(_, lost)| fstab::is_named(&entry.what, &lost.names, "", ""))
        {
            explained.push(index);
            // A part of the machine that is missing must not look like one that need not be read.
            let reason = match found.unread.reason {
                UnreadReason::Unsupported => UnreadReason::Unreadable,
                reason => reason,
            };
            lose(reason, format!("its volume `{}`: {}", found.unread.path, found.unread.detail));
        } else {
            let reason = if entry.optional { UnreadReason::LeftOut } else { UnreadReason::Unreadable };
            lose(reason, format!("none of the volumes is `{}`, which is mounted here", entry.what));
        }
    }
}

impl Opened {
    fn is_named(&self, what: &str) -> bool {
        fstab::is_named(what, &self.volume.names, self.file_system.uuid(), self.file_system.label())
    }

    fn has_uuid(&self, uuid: &str) -> bool {
        self.file_system.uuid() == uuid
    }
}

fn open(volume: &Volume, subvolume: &Subvolume, limits: &Limits) -> io::Result<Rc<dyn FileSystem>> {
    let Content::FileSystem(kind) = volume.content else {
        return Err(source::malformed("no file system"));
    };
    filesystem::open(kind, volume.source.clone(), subvolume, limits).map(Rc::from)
}

/// A file system that looks like the root of a machine.
struct Root {
    index: usize,
    file_system: Rc<dyn FileSystem>,
    fstab: Vec<fstab::Entry>,
}

/// Most subvolumes of one file system that are tried.
const MOST_SUBVOLUMES: usize = 16;

/// Every root of a machine among these file systems. In btrfs it may be a subvolume other than the default one.
fn roots(opened: &[Opened], limits: &Limits) -> Vec<Root> {
    let mut roots = Vec::new();
    for (index, candidate) in opened.iter().enumerate() {
        if let Some(fstab) = system(&*candidate.file_system) {
            roots.push(Root { index, file_system: candidate.file_system.clone(), fstab });
        } else if candidate.file_system.kind() == "btrfs"
            && let Some((file_system, fstab)) = subvolume_root(candidate, limits)
        {
            roots.push(Root { index, file_system, fstab });
        }
    }
    roots
}

/// The subvolume at the top level that is the root of a machine.
fn subvolume_root(candidate: &Opened, limits: &Limits) -> Option<(Rc<dyn FileSystem>, Vec<fstab::Entry>)> {
    let top = open(&candidate.volume, &Subvolume::Path(Vec::new()), limits).ok()?;
    let mut items = top.list(&top.root()).ok()?;
    items.retain(|item| item.kind == ItemKind::Directory);
    items.sort_by(|a, b| a.name.cmp(&b.name));
    items.into_iter().take(MOST_SUBVOLUMES).find_map(|item| {
        let file_system = open(&candidate.volume, &Subvolume::Path(item.name), limits).ok()?;
        let fstab = system(&*file_system)?;
        Some((file_system, fstab))
    })
}

/// The mounts of the machine whose root this is; `None` when it is none.
fn system(file_system: &dyn FileSystem) -> Option<Vec<fstab::Entry>> {
    let find = |path: &str| find(file_system, path);
    let fstab = find("etc/fstab").filter(|(kind, _)| *kind == ItemKind::File);
    let system = fstab.is_some() || find("etc/os-release").is_some() || find("usr/lib/os-release").is_some();
    let entries = fstab.map(|(_, node)| read_text(file_system, &node)).map(|text| fstab::entries(&text));
    system.then(|| entries.unwrap_or_default())
}

/// What is at a path, without following links.
fn find(file_system: &dyn FileSystem, path: &str) -> Option<(ItemKind, Node)> {
    let mut found = (ItemKind::Directory, file_system.root());
    for part in path.split('/') {
        let items = file_system.list(&found.1).ok()?;
        let item = items.into_iter().find(|item| item.name == part.as_bytes())?;
        found = (item.kind, item.node);
    }
    Some(found)
}

/// Most bytes of a configuration file.
const MOST_TEXT: usize = 1 << 20;

fn read_text(file_system: &dyn FileSystem, node: &Node) -> String {
    let mut text = vec![0; MOST_TEXT];
    let mut filled = 0;
    if let Ok(content) = file_system.open(node) {
        while let Some(rest) = text.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match content.read_at(filled as u64, rest) {
                Ok(count) if count > 0 => filled += count,
                _ => break,
            }
        }
    }
    text.truncate(filled);
    String::from_utf8_lossy(&text).into_owned()
}
