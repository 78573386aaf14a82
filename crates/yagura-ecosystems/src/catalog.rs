//! One walk over a tree: which files are wanted, what each of them says.

mod links;

use crate::{Cataloger, ECOSYSTEMS, Found};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use yagura_fs::{Entry, EntryKind, File, Flow, Limits, ReadError, Tree};
use yagura_model::{LayerId, TreePath, Unread, UnreadReason};

/// Raised whenever a cataloger reads more or different things from the same bytes; part of every cache key.
pub const CATALOGER_SET: u32 = 3;

/// Levels of directories that are noted: `var/lib/rpm` is the deepest that distributions replace by a link.
const LAYOUT_DEPTH: usize = 3;

/// What one tree, or one layer of an image, says, file by file. This is what the layer cache stores.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// The layer's diff id; `None` for trees that are not layers.
    pub layer: Option<LayerId>,
    /// What each wanted file says.
    pub files: BTreeMap<TreePath, Found>,
    /// Executables and archives that no cataloger could read anything from.
    pub unexplained: BTreeMap<TreePath, UnreadReason>,
    /// Paths that hide the same path, and everything below, of lower layers: whiteouts, and files that say nothing.
    pub removed: Vec<TreePath>,
    /// Symbolic links and their targets as stored. They hide lower layers as well, and upper layers reach through them.
    pub symlinks: BTreeMap<TreePath, String>,
    /// Directories, where one could take the place of a link that belongs to the layout of a system: down to
    /// [`LAYOUT_DEPTH`].
    pub directories: Vec<TreePath>,
    /// Directories whose content in lower layers is hidden.
    pub opaque: Vec<TreePath>,
    /// Hard links to earlier entries, as (link, target).
    pub hardlinks: Vec<(TreePath, TreePath)>,
    /// Entries that could not be read.
    pub unread: Vec<Unread>,
    /// True when the tree broke or the scan was stopped before its end. Such a catalog must not be remembered.
    pub interrupted: bool,
    /// Files seen, wanted or not.
    pub files_seen: u64,
}

/// Which parts of a tree are looked at.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Directories to leave out, as globs over paths.
    pub skip_dirs: Option<GlobSet>,
    /// Files to leave out, as globs over paths.
    pub skip_files: Option<GlobSet>,
    /// The tree is a directory of a larger file system: a link under a wanted name that leads out of it is told. In
    /// the tree of a whole system no link leads out.
    pub part: bool,
}

impl Selection {
    /// Compiles user-given globs. A pattern without `/` matches names anywhere.
    ///
    /// # Errors
    /// The pattern that is not a glob.
    pub fn new(skip_dirs: &[String], skip_files: &[String]) -> Result<Self, globset::Error> {
        let compile = |patterns: &[String]| {
            let mut set = GlobSetBuilder::new();
            for pattern in patterns {
                set.add(glob(pattern.trim_start_matches("./").trim_matches('/'))?);
            }
            (!patterns.is_empty()).then(|| set.build()).transpose()
        };
        Ok(Self { skip_dirs: compile(skip_dirs)?, skip_files: compile(skip_files)?, part: false })
    }

    /// The same for a directory of a larger file system.
    #[must_use]
    pub fn of_part(&self) -> Self {
        Self { part: true, ..self.clone() }
    }

    /// True for what is left out; `directory` tells what the path is of.
    pub fn skips(&self, path: &TreePath, directory: bool) -> bool {
        self.skips_entry(path) || (directory && self.skips_directory(path.as_str()))
    }

    fn skips_directory(&self, path: &str) -> bool {
        self.skip_dirs.as_ref().is_some_and(|set| set.is_match(path))
    }

    fn skips_file(&self, path: &str) -> bool {
        self.skip_files.as_ref().is_some_and(|set| set.is_match(path))
    }

    /// Archives deliver entries below a directory that was skipped, so every part is checked.
    fn skips_entry(&self, path: &TreePath) -> bool {
        let path = path.as_str();
        self.skips_file(path)
            || self.skip_dirs.is_some()
                && path.match_indices('/').any(|(end, _)| self.skips_directory(&path[..end]))
    }
}

/// Reads every wanted file of a tree once.
///
/// # Errors
/// Only when the tree as a whole cannot be read; everything else is in [`Catalog::unread`].
pub fn catalog(tree: &dyn Tree, selection: &Selection, limits: &Limits) -> Result<Catalog, ReadError> {
    let mut catalog = Catalog::default();
    let mut unread = Vec::new();
    let mut buffer = Vec::new();
    let outcome = tree
        .walk(limits, &mut unread, &mut |entry| visit(entry, selection, limits, &mut buffer, &mut catalog));
    let outcome = outcome.and_then(|()| links::read(tree, selection, limits, &mut catalog));
    catalog.unread.append(&mut unread);
    match outcome {
        // A tree that breaks half-way still tells what came before.
        Err(error) if catalog.files_seen > 0 => {
            catalog.unread.push(error.to_unread());
            catalog.interrupted = true;
        }
        Err(error) => return Err(error),
        Ok(()) => catalog.interrupted = limits.is_cancelled(),
    }
    if catalog.interrupted && limits.is_cancelled() {
        catalog.unread.push(ReadError::Cancelled { path: TreePath::default() }.to_unread());
    }
    Ok(catalog)
}

fn visit(
    entry: Entry<'_>,
    selection: &Selection,
    limits: &Limits,
    matches: &mut Vec<usize>,
    catalog: &mut Catalog,
) -> Flow {
    if limits.is_cancelled() {
        return Flow::Stop;
    }
    let path = entry.path;
    match entry.kind {
        EntryKind::Directory => {
            if selection.skips_directory(path.as_str()) {
                return Flow::SkipDirectory;
            }
            if path.as_str().split('/').count() <= LAYOUT_DEPTH {
                catalog.directories.push(path.clone());
            }
        }
        EntryKind::File(file) => {
            catalog.files_seen += 1;
            if !selection.skips_entry(path) {
                read_file(&file, matches, catalog);
            }
        }
        EntryKind::Symlink(target) => {
            if selection.part && links::leads_out(path, target) {
                readers().set.matches_into(path.as_str(), matches);
                if !matches.is_empty() && !selection.skips_entry(path) {
                    let detail = format!("a link to `{target}`, which is not part of the target");
                    let reason = UnreadReason::LeftOut;
                    catalog.unread.push(Unread { path: path.clone(), reason, detail });
                }
            }
            catalog.symlinks.insert(path.clone(), target.to_owned());
        }
        EntryKind::Whiteout => catalog.removed.push(path.clone()),
        EntryKind::Opaque => catalog.opaque.push(path.clone()),
        EntryKind::Hardlink(target) => catalog.hardlinks.push((path.clone(), target)),
        EntryKind::Other => {}
    }
    Flow::Continue
}

fn read_file(file: &File<'_>, matches: &mut Vec<usize>, catalog: &mut Catalog) {
    let readers = readers();
    readers.set.matches_into(file.path.as_str(), matches);
    let mut found = Found::default();
    let mut called: Vec<usize> = Vec::new();
    for &pattern in matches.iter() {
        let reader = readers.by_pattern[pattern];
        if !called.contains(&reader) {
            called.push(reader);
            call(readers.catalogers[reader], file, &mut found);
        }
    }
    if looks_executable(file) {
        match file.head(4) {
            Ok(head) if is_executable_magic(&head) => {
                for &reader in &readers.executables {
                    call(readers.catalogers[reader], file, &mut found);
                }
                if found.is_empty() {
                    catalog.unexplained.insert(file.path.clone(), UnreadReason::UnknownExecutable);
                }
            }
            Ok(_) => {}
            Err(error) => found.unread.push(error.to_unread()),
        }
    } else if found.is_empty() && is_archive_name(file.path.name()) {
        catalog.unexplained.insert(file.path.clone(), UnreadReason::UnknownArchive);
    }
    if !found.is_empty() || !found.unread.is_empty() {
        catalog.files.insert(file.path.clone(), found);
    } else if !called.is_empty() {
        // An empty answer still hides what a lower layer had at this path.
        catalog.removed.push(file.path.clone());
    }
}

/// Calls one cataloger. A panic in it is a defect of ours, but costs one file, not the scan.
fn call(cataloger: &dyn Cataloger, file: &File<'_>, found: &mut Found) {
    let outcome = catch_unwind(AssertUnwindSafe(|| cataloger.read(file, found)));
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => found.unread.push(error.to_unread()),
        Err(_) => found.unread.push(Unread {
            path: file.path.clone(),
            reason: UnreadReason::Malformed,
            detail: format!("cataloger `{}` failed on this file; please report it", cataloger.id()),
        }),
    }
}

/// All catalogers with their globs in one set.
struct Readers {
    catalogers: Vec<&'static dyn Cataloger>,
    set: GlobSet,
    by_pattern: Vec<usize>,
    executables: Vec<usize>,
}

fn readers() -> &'static Readers {
    static READERS: OnceLock<Readers> = OnceLock::new();
    READERS.get_or_init(|| {
        let mut catalogers: Vec<&'static dyn Cataloger> = Vec::new();
        for cataloger in ECOSYSTEMS.iter().flat_map(|ecosystem| ecosystem.catalogers) {
            if catalogers.iter().all(|known| known.id() != cataloger.id()) {
                catalogers.push(*cataloger);
            }
        }
        let mut set = GlobSetBuilder::new();
        let mut by_pattern = Vec::new();
        let mut executables = Vec::new();
        for (index, cataloger) in catalogers.iter().enumerate() {
            for pattern in cataloger.files() {
                // Checked by a test over all registered catalogers.
                if let Ok(glob) = glob(pattern) {
                    set.add(glob);
                    by_pattern.push(index);
                }
            }
            if cataloger.wants_executables() {
                executables.push(index);
            }
        }
        let set = set.build().unwrap_or_else(|_| GlobSet::empty());
        Readers { catalogers, set, by_pattern, executables }
    })
}

fn glob(pattern: &str) -> Result<globset::Glob, globset::Error> {
    let anywhere = if pattern.contains('/') { pattern.to_owned() } else { format!("**/{pattern}") };
    GlobBuilder::new(&anywhere).literal_separator(true).build()
}

/// Executables by mode; shared libraries and Windows binaries by name, because they carry no execute bit.
fn looks_executable(file: &File<'_>) -> bool {
    const MINIMUM: u64 = 128;
    let name = file.path.name();
    let by_name =
        [".so", ".node", ".dll", ".exe"].iter().any(|ending| name.ends_with(ending)) || name.contains(".so.");
    (by_name || file.executable()) && file.size() >= MINIMUM
}

fn is_executable_magic(head: &[u8]) -> bool {
    matches!(
        head,
        [0x7f, b'E', b'L', b'F']
            | [0xfe, 0xed, 0xfa, 0xce | 0xcf]
            | [0xce | 0xcf, 0xfa, 0xed, 0xfe]
            | [b'M', b'Z', ..]
    )
}

fn is_archive_name(name: &str) -> bool {
    const ENDINGS: [&str; 14] = [
        ".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".tar.bz2", ".7z", ".rar", ".jar",
        ".war", ".ear", ".whl",
    ];
    ENDINGS.iter().any(|ending| name.len() > ending.len() && name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_glob_of_every_cataloger_compiles() {
        for cataloger in ECOSYSTEMS.iter().flat_map(|ecosystem| ecosystem.catalogers) {
            for pattern in cataloger.files() {
                glob(pattern).unwrap_or_else(|error| panic!("{}: {error}", cataloger.id()));
            }
        }
    }
}
