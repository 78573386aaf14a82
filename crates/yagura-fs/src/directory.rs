//! A real directory as a tree.
//!
//! Walks sorted by path, one directory level in memory at a time, without following symbolic links. Files are
//! opened when their content is asked for, and only if they still are regular files then.

use crate::{Content, Entry, EntryKind, File, Flow, Limits, ReadError, Tree};
use std::cell::OnceCell;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use yagura_model::{TreePath, Unread, UnreadReason};

/// Mount points of a running system that hold no software, relative to its root.
const PSEUDO: &[&str] = &["proc", "sys", "dev", "run"];

/// `O_NONBLOCK`: a file that was swapped for a pipe must not block us.
const NON_BLOCKING: i32 = 0o4000;

/// A directory below which everything is read.
pub struct Directory {
    root: PathBuf,
    skip: &'static [&'static str],
}

impl Directory {
    /// Opens a directory.
    ///
    /// # Errors
    /// It does not exist, is not a directory, or cannot be listed.
    pub fn open(root: &Path) -> Result<Self, ReadError> {
        let io_error = |source| ReadError::Io { path: TreePath::default(), source };
        let root = fs::canonicalize(root).map_err(io_error)?;
        fs::read_dir(&root).map_err(io_error)?;
        Ok(Self { root, skip: &[] })
    }

    /// The same directory as the root of a machine: `/proc`, `/sys`, `/dev` and `/run` are left out.
    #[must_use]
    pub fn as_machine(mut self) -> Self {
        self.skip = PSEUDO;
        self
    }
}

/// One directory that is being walked: names still to visit, in reverse order.
struct Level {
    path: String,
    on_disk: PathBuf,
    names: Vec<(OsString, fs::FileType)>,
}

impl Tree for Directory {
    fn walk(
        &self,
        limits: &Limits,
        unread: &mut Vec<Unread>,
        visit: &mut dyn FnMut(Entry<'_>) -> Flow,
    ) -> Result<(), ReadError> {
        let mut levels = Vec::new();
        levels.extend(list(String::new(), self.root.clone(), unread));
        let mut seen: u64 = 0;
        while let Some(level) = levels.last_mut() {
            let Some((name, kind)) = level.names.pop() else {
                levels.pop();
                continue;
            };
            seen += 1;
            let raw = if level.path.is_empty() {
                name.as_bytes().to_vec()
            } else {
                [level.path.as_bytes(), b"/", name.as_bytes()].concat()
            };
            let Some(path) = TreePath::new(&raw) else { continue };
            if seen > limits.entries {
                return Err(ReadError::TooLarge { path, limit: limits.entries, unit: "entries" });
            }
            if limits.is_cancelled() {
                return Err(ReadError::Cancelled { path });
            }
            let on_disk = level.on_disk.join(&name);
            if kind.is_dir() {
                if self.skip.contains(&path.as_str()) {
                    continue;
                }
                match visit(Entry { path: &path, kind: EntryKind::Directory }) {
                    Flow::Stop => return Ok(()),
                    Flow::SkipDirectory => continue,
                    Flow::Continue => {}
                }
                if levels.len() >= limits.path_depth {
                    unread.push(ReadError::TooDeep { path, limit: limits.path_depth }.to_unread());
                } else {
                    levels.extend(list(path.as_str().to_owned(), on_disk, unread));
                }
            } else if show(&path, &on_disk, kind, limits, unread, visit) == Flow::Stop {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Shows an entry that is not a directory.
fn show(
    path: &TreePath,
    on_disk: &Path,
    kind: fs::FileType,
    limits: &Limits,
    unread: &mut Vec<Unread>,
    visit: &mut dyn FnMut(Entry<'_>) -> Flow,
) -> Flow {
    if kind.is_symlink() {
        let target = fs::read_link(on_disk).map(|target| target.to_string_lossy().into_owned());
        return visit(Entry { path, kind: EntryKind::Symlink(target.as_deref().unwrap_or_default()) });
    }
    if !kind.is_file() {
        return visit(Entry { path, kind: EntryKind::Other });
    }
    match fs::symlink_metadata(on_disk) {
        Ok(metadata) => {
            let content = DiskContent { on_disk, file: OnceCell::new() };
            let executable = metadata.mode() & 0o111 != 0;
            let file = File::new(path, metadata.len(), executable, limits, Box::new(content));
            visit(Entry { path, kind: EntryKind::File(file) })
        }
        // Gone between listing and looking: nothing is there to be read.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Flow::Continue,
        Err(source) => {
            unread.push(ReadError::Io { path: path.clone(), source }.to_unread());
            Flow::Continue
        }
    }
}

/// Lists a directory, sorted so that the last name is visited first.
fn list(path: String, on_disk: PathBuf, unread: &mut Vec<Unread>) -> Option<Level> {
    let tree_path = || TreePath::new(path.as_bytes()).unwrap_or_default();
    let entries = match fs::read_dir(&on_disk) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(source) => {
            unread.push(ReadError::Io { path: tree_path(), source }.to_unread());
            return None;
        }
    };
    let mut names = Vec::new();
    for entry in entries {
        match entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))) {
            Ok(named) => names.push(named),
            Err(source) => unread.push(ReadError::Io { path: tree_path(), source }.to_unread()),
        }
    }
    names.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
    Some(Level { path, on_disk, names })
}

/// A file's bytes on disk, opened at the first read.
struct DiskContent<'a> {
    on_disk: &'a Path,
    file: OnceCell<fs::File>,
}

impl DiskContent<'_> {
    fn file(&self) -> io::Result<&fs::File> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let file = fs::OpenOptions::new().read(true).custom_flags(NON_BLOCKING).open(self.on_disk)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("no longer a regular file"));
        }
        Ok(self.file.get_or_init(|| file))
    }
}

impl Content for DiskContent<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.file()?.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }
}

/// One file as a tree with one entry.
pub struct SingleFile {
    on_disk: PathBuf,
    path: TreePath,
}

impl SingleFile {
    /// Takes a file; its name is its path in the tree.
    ///
    /// # Errors
    /// It does not exist or is not a regular file.
    pub fn open(on_disk: &Path) -> Result<Self, ReadError> {
        let io_error = |source| ReadError::Io { path: TreePath::default(), source };
        let on_disk = fs::canonicalize(on_disk).map_err(io_error)?;
        let name = on_disk.file_name().map(|name| name.to_owned().into_vec()).unwrap_or_default();
        if !fs::metadata(&on_disk).map_err(io_error)?.is_file() {
            return Err(io_error(io::Error::other("not a regular file")));
        }
        Ok(Self { path: TreePath::new(&name).unwrap_or_default(), on_disk })
    }
}

impl Tree for SingleFile {
    fn walk(
        &self,
        limits: &Limits,
        unread: &mut Vec<Unread>,
        visit: &mut dyn FnMut(Entry<'_>) -> Flow,
    ) -> Result<(), ReadError> {
        match fs::symlink_metadata(&self.on_disk) {
            Ok(metadata) => {
                show(&self.path, &self.on_disk, metadata.file_type(), limits, unread, visit);
            }
            Err(error) => unread.push(Unread {
                path: self.path.clone(),
                reason: UnreadReason::Unreadable,
                detail: error.to_string(),
            }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
