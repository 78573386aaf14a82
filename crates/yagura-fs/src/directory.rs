//! A real directory as a tree.
//!
//! Walks sorted by name, with one directory level in memory at a time. Every name is opened relative to the
//! descriptor of its directory and without following symbolic links, so that a tree that changes under our feet
//! cannot lead us out of the root. Files are looked at only when somebody asks, and opened only if they are
//! regular files then.

use crate::container_storage::is_container_storage;
use crate::{Content, Entry, EntryKind, File, Flow, Limits, Metadata, ReadError, Tree};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, openat, readlinkat, statat};
use std::cell::OnceCell;
use std::ffi::CStr;
use std::fs;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use yagura_model::{TreePath, Unread, UnreadReason};

/// Mount points of a running system that hold no software, relative to its root.
pub(crate) const PSEUDO: &[&str] = &["proc", "sys", "dev", "run"];

/// A directory below which everything is read.
pub struct Directory {
    root: OwnedFd,
    skip: Vec<TreePath>,
    one_file_system: bool,
    machine: bool,
}

impl Directory {
    /// Opens a directory.
    ///
    /// # Errors
    /// It does not exist, is not a directory, or cannot be listed.
    pub fn open(root: &Path) -> Result<Self, ReadError> {
        // The user named this path, so links in it are followed.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, root, flags, Mode::empty())
            .and_then(|root| Dir::read_from(&root).map(|_| root))
            .map_err(|error| ReadError::Io { path: TreePath::default(), source: error.into() })?;
        Ok(Self { root, skip: Vec::new(), one_file_system: false, machine: false })
    }

    /// The same directory as the root of a machine: `/proc`, `/sys`, `/dev` and `/run` are left out, and so is what
    /// container runtimes store, which is reported.
    #[must_use]
    pub fn as_machine(mut self) -> Self {
        self.machine = true;
        self.skip(PSEUDO.iter().filter_map(|path| TreePath::from_text(path)))
    }

    /// Leaves out these directories, relative to the root; see [`mounts`](crate::mounts).
    #[must_use]
    pub fn skip(mut self, directories: impl IntoIterator<Item = TreePath>) -> Self {
        self.skip.extend(directories);
        self.skip.sort();
        self
    }

    /// Does not enter directories on which another file system is mounted.
    #[must_use]
    pub fn one_file_system(mut self) -> Self {
        self.one_file_system = true;
        self
    }

    /// Opens and lists a directory. `None` when there is nothing to walk.
    fn enter(
        &self,
        levels: &[Level],
        path: &TreePath,
        raw: &[u8],
        name: &CStr,
        unread: &mut Vec<Unread>,
    ) -> Option<Level> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let parent = levels.last().map_or(&self.root, |level| &level.descriptor);
        let opened = openat(parent, name, flags, Mode::empty()).and_then(|descriptor| {
            let stat = fstat(&descriptor)?;
            Level::list(descriptor, (stat.st_dev, stat.st_ino), raw.to_vec())
        });
        match opened {
            Ok(level) => {
                let other_device = levels.first().is_some_and(|root| root.identity.0 != level.identity.0);
                let around_itself = levels.iter().any(|outer| outer.identity == level.identity);
                let left_out = around_itself || (self.one_file_system && other_device);
                (!left_out).then_some(level)
            }
            // Gone, or swapped for something else, since it was listed: nothing is there to be walked.
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => None,
            Err(error) => {
                unread.push(ReadError::Io { path: path.clone(), source: error.into() }.to_unread());
                None
            }
        }
    }
}

/// One directory that is being walked.
struct Level {
    descriptor: OwnedFd,
    /// Device and inode, to notice a directory inside itself.
    identity: (u64, u64),
    /// The path in the tree, as bytes.
    path: Vec<u8>,
    /// All names, each with its zero byte, in the order of the medium.
    names: Vec<u8>,
    /// Where the names still to visit begin and end, the next one last.
    left: Vec<(u32, u32, FileType)>,
}

impl Level {
    fn list(descriptor: OwnedFd, identity: (u64, u64), path: Vec<u8>) -> rustix::io::Result<Self> {
        let mut names = Vec::new();
        let mut left = Vec::new();
        for entry in Dir::read_from(&descriptor)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes_with_nul();
            if matches!(name, b".\0" | b"..\0") {
                continue;
            }
            // Four gigabytes of names in one directory are not listed on.
            let Ok(start) = u32::try_from(names.len()) else { break };
            names.extend_from_slice(name);
            let Ok(end) = u32::try_from(names.len()) else { break };
            left.push((start, end, entry.file_type()));
        }
        left.sort_unstable_by(|a, b| slice(&names, *b).cmp(slice(&names, *a)));
        Ok(Self { descriptor, identity, path, names, left })
    }
}

fn slice(names: &[u8], (start, end, _): (u32, u32, FileType)) -> &[u8] {
    names.get(start as usize..end as usize).unwrap_or_default()
}

impl Tree for Directory {
    fn walk(
        &self,
        limits: &Limits,
        unread: &mut Vec<Unread>,
        visit: &mut dyn FnMut(Entry<'_>) -> Flow,
    ) -> Result<(), ReadError> {
        let mut levels = Vec::new();
        levels.extend(self.enter(&[], &TreePath::default(), b"", c".", unread));
        let mut seen: u64 = 0;
        let mut raw = Vec::new();
        while let Some(level) = levels.last_mut() {
            let Some(next) = level.left.pop() else {
                levels.pop();
                continue;
            };
            let Some(level) = levels.last() else { break };
            let Ok(name) = CStr::from_bytes_with_nul(slice(&level.names, next)) else { continue };
            raw.clear();
            raw.extend_from_slice(&level.path);
            if !raw.is_empty() {
                raw.push(b'/');
            }
            raw.extend_from_slice(name.to_bytes());
            let Some(path) = TreePath::new(&raw) else { continue };
            seen += 1;
            if seen > limits.entries {
                return Err(ReadError::TooLarge { path, limit: limits.entries, unit: "entries" });
            }
            if limits.is_cancelled() {
                return Err(ReadError::Cancelled { path });
            }
            let place = Place { directory: rustix::fd::AsFd::as_fd(&level.descriptor), name };
            let kind = if next.2 == FileType::Unknown { place.kind() } else { next.2 };
            if kind != FileType::Directory {
                if show(&path, place, kind, limits, unread, visit) == Flow::Stop {
                    return Ok(());
                }
                continue;
            }
            if self.skip.binary_search(&path).is_ok() {
                continue;
            }
            if self.machine && is_container_storage(&path) {
                if self.enter(&levels, &path, &raw, name, unread).is_some_and(|level| !level.left.is_empty())
                {
                    unread.push(left_out(path));
                }
                continue;
            }
            match visit(Entry { path: &path, kind: EntryKind::Directory }) {
                Flow::Stop => return Ok(()),
                Flow::SkipDirectory => continue,
                Flow::Continue => {}
            }
            if levels.len() >= limits.path_depth {
                unread.push(ReadError::TooDeep { path, limit: limits.path_depth }.to_unread());
                continue;
            }
            let inner = self.enter(&levels, &path, &raw, name, unread);
            levels.extend(inner);
        }
        Ok(())
    }
}

/// The entry about container storage that is not entered.
pub(crate) fn left_out(path: TreePath) -> Unread {
    Unread {
        path,
        reason: UnreadReason::LeftOut,
        detail: "images and containers of a container runtime are not part of the machine: scan the images"
            .to_owned(),
    }
}

/// A name in an open directory.
#[derive(Clone, Copy)]
struct Place<'a> {
    directory: BorrowedFd<'a>,
    name: &'a CStr,
}

impl Place<'_> {
    /// For file systems that do not tell the kind with the name.
    fn kind(self) -> FileType {
        statat(self.directory, self.name, AtFlags::SYMLINK_NOFOLLOW)
            .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode))
    }
}

/// Shows an entry that is not a directory.
fn show(
    path: &TreePath,
    place: Place<'_>,
    kind: FileType,
    limits: &Limits,
    unread: &mut Vec<Unread>,
    visit: &mut dyn FnMut(Entry<'_>) -> Flow,
) -> Flow {
    match kind {
        FileType::RegularFile => {
            let content = DiskContent { place, file: OnceCell::new() };
            visit(Entry { path, kind: EntryKind::File(File::lazy(path, limits, Box::new(content))) })
        }
        FileType::Symlink => match readlinkat(place.directory, place.name, Vec::new()) {
            Ok(target) => visit(Entry { path, kind: EntryKind::Symlink(&target.to_string_lossy()) }),
            Err(error) => {
                unread.push(ReadError::Io { path: path.clone(), source: error.into() }.to_unread());
                Flow::Continue
            }
        },
        _ => visit(Entry { path, kind: EntryKind::Other }),
    }
}

/// A file's bytes on disk, opened at the first read.
struct DiskContent<'a> {
    place: Place<'a>,
    file: OnceCell<fs::File>,
}

impl DiskContent<'_> {
    fn file(&self) -> io::Result<&fs::File> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let file =
            regular(openat(self.place.directory, self.place.name, READ | OFlags::NOFOLLOW, Mode::empty()))?;
        Ok(self.file.get_or_init(|| file))
    }
}

impl Content for DiskContent<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file()?.read_at(offset, buffer)
    }

    fn metadata(&self) -> io::Result<Metadata> {
        let stat = statat(self.place.directory, self.place.name, AtFlags::SYMLINK_NOFOLLOW)?;
        let size = u64::try_from(stat.st_size).unwrap_or_default();
        Ok(Metadata { size, executable: stat.st_mode & 0o111 != 0 })
    }
}

/// How files are opened. A file that was swapped for a pipe or a terminal must neither block us nor be ours.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

fn regular(opened: rustix::io::Result<OwnedFd>) -> io::Result<fs::File> {
    let file = fs::File::from(opened?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

/// Opens a file that the user named, following links.
///
/// # Errors
/// It cannot be opened or is not a regular file.
pub fn open_regular(path: &Path) -> io::Result<fs::File> {
    regular(openat(CWD, path, READ, Mode::empty()))
}

/// One file as a tree with one entry.
pub struct SingleFile {
    file: fs::File,
    path: TreePath,
}

impl SingleFile {
    /// Takes a file; its name is its path in the tree.
    ///
    /// # Errors
    /// It does not exist, cannot be opened, or is not a regular file.
    pub fn open(on_disk: &Path) -> Result<Self, ReadError> {
        let name = on_disk.file_name().map(|name| name.to_owned().into_vec()).unwrap_or_default();
        let path = TreePath::new(&name).unwrap_or_default();
        let file = open_regular(on_disk).map_err(|source| ReadError::Io { path: path.clone(), source })?;
        Ok(Self { file, path })
    }
}

impl Tree for SingleFile {
    fn walk(
        &self,
        limits: &Limits,
        _unread: &mut Vec<Unread>,
        visit: &mut dyn FnMut(Entry<'_>) -> Flow,
    ) -> Result<(), ReadError> {
        let file = File::lazy(&self.path, limits, Box::new(&self.file));
        visit(Entry { path: &self.path, kind: EntryKind::File(file) });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::os::unix::fs::symlink;

    fn walked(tree: &dyn Tree) -> Vec<String> {
        let mut out = Vec::new();
        let mut unread = Vec::new();
        tree.walk(&Limits::default(), &mut unread, &mut |entry| {
            out.push(match entry.kind {
                EntryKind::File(file) => {
                    format!("{} {}", entry.path, String::from_utf8_lossy(file.bytes().unwrap_or(b"?")))
                }
                EntryKind::Directory => format!("{}/", entry.path),
                EntryKind::Symlink(target) => format!("{} -> {target}", entry.path),
                _ => format!("{} other", entry.path),
            });
            Flow::Continue
        })
        .unwrap();
        out.extend(unread.iter().map(|entry| format!("unread {}", entry.path)));
        out
    }

    #[test]
    fn links_are_shown_and_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("b/c")).unwrap();
        fs::write(root.join("b/c/file"), "content").unwrap();
        fs::write(root.join("a"), "first").unwrap();
        symlink("..", root.join("b/loop")).unwrap();
        symlink("/etc", root.join("escape")).unwrap();
        assert_eq!(
            walked(&Directory::open(root).unwrap()),
            ["a first", "b/", "b/c/", "b/c/file content", "b/loop -> ..", "escape -> /etc"]
        );
        assert_eq!(walked(&SingleFile::open(&root.join("a")).unwrap()), ["a first"]);
    }

    #[test]
    fn pipes_are_not_opened_and_names_may_be_any_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        fs::write(directory.path().join(OsString::from_vec(b"caf\xe9".to_vec())), "x").unwrap();
        assert_eq!(walked(&Directory::open(directory.path()).unwrap()), ["caf\\xe9 x", "pipe other"]);
    }

    #[test]
    fn depth_and_entries_are_bounded() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("a/b/c/d")).unwrap();
        let limits = Limits { path_depth: 2, ..Limits::default() };
        let mut unread = Vec::new();
        let tree = Directory::open(directory.path()).unwrap();
        tree.walk(&limits, &mut unread, &mut |_| Flow::Continue).unwrap();
        assert_eq!(unread[0].reason, UnreadReason::TooDeep);
        let limits = Limits { entries: 1, ..Limits::default() };
        assert!(tree.walk(&limits, &mut unread, &mut |_| Flow::Continue).is_err());
    }

    #[test]
    fn the_machine_leaves_out_pseudo_file_systems() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["proc", "etc"] {
            fs::create_dir(directory.path().join(name)).unwrap();
            fs::write(directory.path().join(name).join("x"), "").unwrap();
        }
        let tree = Directory::open(directory.path()).unwrap().as_machine();
        assert_eq!(walked(&tree), ["etc/", "etc/x "]);
    }

    #[test]
    fn r36_container_storage_of_a_machine_is_left_out_and_said() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["var/lib/docker/overlay2/x", "var/lib/containerd", "var/lib/dpkg"] {
            fs::create_dir_all(directory.path().join(name)).unwrap();
        }
        let mut unread = Vec::new();
        let mut seen = Vec::new();
        let mut visit = |entry: Entry<'_>| {
            seen.push(entry.path.to_string());
            Flow::Continue
        };
        let tree = Directory::open(directory.path()).unwrap().as_machine();
        tree.walk(&Limits::default(), &mut unread, &mut visit).unwrap();
        // Empty storage has nothing to say.
        let told: Vec<_> = unread.iter().map(|entry| (entry.path.as_str(), entry.reason)).collect();
        assert_eq!(told, [("var/lib/docker", UnreadReason::LeftOut)]);
        assert_eq!(seen, ["var", "var/lib", "var/lib/dpkg"]);
        // A directory that is no machine may be anything.
        assert!(
            walked(&Directory::open(directory.path()).unwrap())
                .contains(&"var/lib/docker/overlay2/x/".to_owned())
        );
    }

    #[test]
    fn another_file_system_is_left_out_on_request() {
        let tree = Directory::open(Path::new("/")).unwrap().one_file_system();
        let mut inside = false;
        let mut unread = Vec::new();
        tree.walk(&Limits::default(), &mut unread, &mut |entry| {
            inside |= entry.path.is_below("proc") && entry.path.as_str() != "proc";
            let enter = entry.path.as_str() == "proc" || entry.path.is_below("dev");
            if enter { Flow::Continue } else { Flow::SkipDirectory }
        })
        .unwrap();
        assert!(!inside, "/proc is a mount of its own on every machine that runs this");
    }

    #[test]
    fn a_file_swapped_for_a_pipe_or_a_link_is_neither_waited_for_nor_followed() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for name in ["link", "pipe"] {
            fs::write(root.join(name), "content").unwrap();
        }
        let mut errors = Vec::new();
        let mut unread = Vec::new();
        Directory::open(root)
            .unwrap()
            .walk(&Limits::default(), &mut unread, &mut |entry| {
                let EntryKind::File(file) = entry.kind else { return Flow::Continue };
                let on_disk = root.join(entry.path.as_str());
                fs::remove_file(&on_disk).unwrap();
                if entry.path.as_str() == "link" {
                    symlink("/etc/passwd", &on_disk).unwrap();
                } else {
                    assert!(std::process::Command::new("mkfifo").arg(&on_disk).status().unwrap().success());
                }
                errors.push(file.bytes().unwrap_err().to_string());
                Flow::Continue
            })
            .unwrap();
        assert_eq!(errors, ["cannot read `link`", "cannot read `pipe`"]);
    }

    #[test]
    fn a_file_that_grows_or_shrinks_is_read_to_its_end() {
        let directory = tempfile::tempdir().unwrap();
        let name = directory.path().join("log");
        for (before, after) in [(10, 300_000), (300_000, 10)] {
            fs::write(&name, vec![b'x'; before]).unwrap();
            let mut unread = Vec::new();
            Directory::open(directory.path())
                .unwrap()
                .walk(&Limits::default(), &mut unread, &mut |entry| {
                    let EntryKind::File(file) = entry.kind else { return Flow::Continue };
                    assert_eq!(file.size(), before as u64);
                    fs::write(&name, vec![b'y'; after]).unwrap();
                    assert_eq!(file.bytes().unwrap().len(), after);
                    Flow::Continue
                })
                .unwrap();
        }
    }
}
