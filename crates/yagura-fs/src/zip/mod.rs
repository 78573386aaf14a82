//! Zip archives: jars, wheels, function packages, and archives inside archives.
//!
//! Reads the central directory piece by piece, so that an archive of a million members needs no more memory than
//! one of ten, and inflates a member only when somebody reads it. Format: PKWARE APPNOTE 6.3.10,
//! <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>. An archive whose directory is missing, because it
//! is truncated, is read from the front, header by header.
//! Left out: encryption, archives in several volumes, and the methods before deflate and beyond xz.

mod directory;
mod member;
mod salvage;

use crate::complaints::Complaints;
use crate::{Content, Entry, EntryKind, File, Flow, Limits, ReadError, Tree};
use std::path::Path;
use yagura_model::{TreePath, Unread};

use directory::Header;

/// One file of an archive.
pub struct Member<'a> {
    /// Its name inside the archive.
    pub name: &'a TreePath,
    /// The file, whose path is the archive's path, `!/` and the name. Bytes are inflated when asked for.
    pub file: File<'a>,
    /// The checksum that the archive states. Reading all bytes checks it.
    pub crc32: u32,
}

/// Shows the files of the archive in `archive` to `visit`, in the order of its directory. `depth` is how many
/// archives are around it: 0 for a file of a tree, 1 for a jar in it, and so on; what members of all of them
/// expand to is counted together. Members that cannot be read are pushed to `unread`.
///
/// # Errors
/// [`ReadError::TooDeep`] over `limits.archive_depth`, and what makes the rest of the archive unreadable; members
/// before it were shown.
pub fn walk_members(
    archive: &File<'_>,
    depth: usize,
    unread: &mut Vec<Unread>,
    visit: &mut dyn FnMut(Member<'_>) -> Flow,
) -> Result<(), ReadError> {
    let limit = archive.limits.archive_depth;
    if depth >= limit {
        return Err(ReadError::TooDeep { path: archive.path.clone(), limit });
    }
    let mut complaints = Complaints::new(archive.path, unread);
    let budget = archive.budget();
    walk(archive, &mut complaints, &mut |header, name| {
        if header.is_directory() || header.is_symlink() {
            return Flow::Continue;
        }
        let path = archive.path.member(name.as_str());
        let file = member::file(archive, header, &path).with_budget(budget.clone());
        visit(Member { name, file, crc32: header.crc32 })
    })
}

/// A zip archive as a tree of its own.
pub struct ZipTree {
    content: Box<dyn Content + Send + Sync>,
    size: u64,
}

impl ZipTree {
    /// Opens an archive on disk.
    ///
    /// # Errors
    /// It cannot be opened or is not a regular file.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let file = crate::directory::open_regular(path)
            .map_err(|source| ReadError::Io { path: TreePath::default(), source })?;
        let size =
            file.metadata().map_err(|source| ReadError::Io { path: TreePath::default(), source })?.len();
        Ok(Self { content: Box::new(file), size })
    }

    /// An archive in memory.
    pub fn in_memory(bytes: Vec<u8>) -> Self {
        Self { size: bytes.len() as u64, content: Box::new(bytes) }
    }
}

impl Tree for ZipTree {
    fn walk(
        &self,
        limits: &Limits,
        unread: &mut Vec<Unread>,
        visit: &mut dyn FnMut(Entry<'_>) -> Flow,
    ) -> Result<(), ReadError> {
        let root = TreePath::default();
        let content: &(dyn Content + Send + Sync) = &*self.content;
        let archive = File::new(&root, self.size, false, limits, Box::new(content));
        let mut complaints = Complaints::new(&root, unread);
        let mut broken = Vec::new();
        let budget = archive.budget();
        let outcome = walk(&archive, &mut complaints, &mut |header, path| {
            if header.is_directory() {
                return visit(Entry { path, kind: EntryKind::Directory });
            }
            let file = member::file(&archive, header, path).with_budget(budget.clone());
            if !header.is_symlink() {
                return visit(Entry { path, kind: EntryKind::File(file) });
            }
            // A target is a path: a few kilobytes at most.
            match file.head(4096) {
                Ok(target) => {
                    visit(Entry { path, kind: EntryKind::Symlink(&String::from_utf8_lossy(&target)) })
                }
                Err(error) => {
                    broken.push(error);
                    Flow::Continue
                }
            }
        });
        broken.iter().take(100).for_each(|error| complaints.error(error));
        outcome
    }
}

/// What `visit` of [`walk`] gets: the header and the name as a path.
type VisitHeader<'v> = dyn FnMut(&Header, &TreePath) -> Flow + 'v;

/// Shows every member by its header.
fn walk(
    archive: &File<'_>,
    complaints: &mut Complaints<'_>,
    visit: &mut VisitHeader<'_>,
) -> Result<(), ReadError> {
    let mut seen: u64 = 0;
    let mut stored: u64 = 0;
    let mut overlap_told = false;
    let mut show = |header: &Header, complaints: &mut Complaints<'_>| -> Result<Flow, ReadError> {
        seen += 1;
        let limits = archive.limits;
        if seen > limits.entries {
            let path = archive.path.clone();
            return Err(ReadError::TooLarge { path, limit: limits.entries, unit: "entries" });
        }
        if limits.is_cancelled() {
            return Err(ReadError::Cancelled { path: archive.path.clone() });
        }
        // Members that share bytes are the trick of zip bombs; what they expand to is bounded anyway.
        stored = stored.saturating_add(header.compressed);
        if stored > archive.size() && !overlap_told {
            overlap_told = true;
            complaints.error(&ReadError::malformed(archive.path, "members overlap each other"));
        }
        let Some(name) = TreePath::new(&header.name) else {
            complaints.escape(&header.name);
            return Ok(Flow::Continue);
        };
        if name.as_str().is_empty() {
            return Ok(Flow::Continue);
        }
        Ok(visit(header, &name))
    };
    match directory::find(archive)? {
        Some(directory) => directory.walk(archive, complaints, &mut show),
        None => salvage::walk(archive, complaints, &mut show),
    }
}

#[cfg(test)]
mod tests;
