//! What lies on disks: partitions, logical volumes, and what each of them holds.

mod content;
mod lvm;
mod lvm_text;
mod partition;

use super::source::{BlockSource, Slice};
use crate::ReadError;
pub use content::{Content, FileSystemKind};
use std::io;
use std::rc::Rc;
use yagura_model::{TreePath, Unread, UnreadReason};

/// A place that could hold a file system.
pub struct Volume {
    /// What people and `unread` entries call it: `disk1`, `disk1:p2`, `vg0/root`.
    pub name: String,
    /// Its bytes.
    pub source: Rc<dyn BlockSource>,
    /// What it begins with.
    pub content: Content,
    /// How `/etc/fstab` may call it, besides what its file system says.
    pub names: Names,
}

/// Names of a volume that do not come from its file system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// As in `PARTUUID=`.
    pub part_uuid: Option<String>,
    /// As in `PARTLABEL=`.
    pub part_label: Option<String>,
    /// Which of the given disks it is on, from 0, and the partition's number, where there are partitions.
    pub place: Option<(usize, Option<u32>)>,
    /// Group and name of a logical volume.
    pub logical: Option<(String, String)>,
}

/// A volume that cannot be read: its names and why.
pub struct Lost {
    /// How `/etc/fstab` may call it.
    pub names: Names,
    /// The entry about it.
    pub unread: Unread,
}

/// All volumes of some disks. What cannot be read is in the second list.
pub fn volumes(disks: &[Rc<dyn BlockSource>]) -> (Vec<Volume>, Vec<Lost>) {
    let mut search = Search { volumes: Vec::new(), lost: Vec::new(), physical: Vec::new() };
    for (index, disk) in disks.iter().enumerate() {
        let name = format!("disk{}", index + 1);
        let names = |number| Names { place: Some((index, number)), ..Names::default() };
        match partition::partitions(&**disk) {
            Err(error) => search.lose(&name, names(None), error),
            Ok(None) => search.add(name, disk.clone(), names(None)),
            Ok(Some(partitions)) => {
                for partition in partitions.iter().filter(|partition| !partition.internal) {
                    let slice = Rc::new(Slice::new(disk.clone(), partition.start, partition.size));
                    let names = Names {
                        part_uuid: Some(partition.uuid.clone()),
                        part_label: partition.label.clone(),
                        ..names(Some(partition.number))
                    };
                    search.add(format!("{name}:p{}", partition.number), slice, names);
                }
            }
        }
    }
    for volume in lvm::logical(&search.physical) {
        let name = format!("{}/{}", volume.group, volume.name);
        let names = Names { logical: Some((volume.group, volume.name)), ..Names::default() };
        match volume.source {
            Ok(source) => search.add(name, source, names),
            Err(error) => search.lose(&name, names, error),
        }
    }
    (search.volumes, search.lost)
}

struct Search {
    volumes: Vec<Volume>,
    lost: Vec<Lost>,
    physical: Vec<lvm::Physical>,
}

impl Search {
    fn lose(&mut self, name: &str, names: Names, error: io::Error) {
        let path = TreePath::from_text(name).unwrap_or_default();
        self.lost.push(Lost { names, unread: ReadError::of_medium(&path, error).to_unread() });
    }

    fn say(&mut self, name: &str, names: Names, reason: UnreadReason, detail: impl Into<String>) {
        let path = TreePath::from_text(name).unwrap_or_default();
        self.lost.push(Lost { names, unread: Unread { path, reason, detail: detail.into() } });
    }

    fn add(&mut self, name: String, source: Rc<dyn BlockSource>, names: Names) {
        let content = match content::of(&*source) {
            Ok(content) => content,
            Err(error) => return self.lose(&name, names, error),
        };
        match content {
            Content::FileSystem(_) => self.volumes.push(Volume { name, source, content, names }),
            Content::Physical => match lvm::physical(&source) {
                Ok(Some(physical)) => self.physical.push(physical),
                Ok(None) => {}
                Err(error) => self.lose(&name, names, error),
            },
            Content::Encrypted(what) => {
                self.say(&name, names, UnreadReason::Encrypted, format!("encrypted with {what}"));
            }
            Content::Boot => {
                let detail = "a FAT file system, as boot loaders use it: no packages are looked for there";
                self.say(&name, names, UnreadReason::LeftOut, detail);
            }
            Content::Other(what) => {
                self.say(&name, names, UnreadReason::Unsupported, format!("{what} is not read"));
            }
            Content::Unknown => {
                self.say(&name, names, UnreadReason::Unsupported, "no known file system");
            }
            Content::Swap | Content::Empty => {}
        }
    }
}
