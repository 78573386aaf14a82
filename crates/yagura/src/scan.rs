//! From what the user typed to an inventory: opens the target, catalogs it, joins the layers.

use crate::cli::{Failure, exit};
use crate::said;
use crate::said::Said;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;
use yagura_ecosystems::analyze::analyze;
use yagura_ecosystems::catalog::{Catalog, Selection, catalog};
use yagura_formats::{Target, TargetKind};
use yagura_fs::{Limits, Tree};
use yagura_model::{Inventory, TreePath};

mod cache;
mod code;
mod disk;
pub mod evidence;
mod image;
mod progress;
mod repository;
mod target;

pub use code::{Code, rules, wanted as looks_into_files};
pub use progress::Progress;
pub use target::TargetSpec;

/// How to look.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What is looked for beside packages: `secret`.
    pub scanners: Vec<String>,
    /// Folders of rule pages beside the built-in ones.
    pub rules: Vec<PathBuf>,
    /// Globs of directories to leave out.
    pub skip_dirs: Vec<String>,
    /// Globs of files to leave out.
    pub skip_files: Vec<String>,
    /// The platform to take of a multi-platform image.
    pub platform: Option<String>,
    /// Ask registries without TLS.
    pub insecure: bool,
    /// When to stop.
    pub timeout: Option<Duration>,
    /// How many layers are read at the same time; one per processor when left out.
    pub parallel: Option<usize>,
    /// Where layer results are kept; `None` keeps none.
    pub cache_dir: Option<PathBuf>,
    /// Refuse every connection.
    pub offline: bool,
}

/// What was found.
#[derive(Debug)]
pub struct Scanned {
    /// What was scanned.
    pub target: Target,
    /// Its packages and gaps.
    pub inventory: Inventory,
    /// Flaws in files, where they were asked for.
    pub code: Code,
    /// Directories in which ignore files are looked for.
    pub roots: Vec<PathBuf>,
    /// The release of the kernel that runs on the scanned machine, when it is this one.
    pub kernel: Option<String>,
}

/// Scans a target.
///
/// # Errors
/// The target as a whole cannot be read; anything less is in the inventory's `unread`.
pub fn scan(spec: &TargetSpec, options: &Options, progress: &Progress) -> Result<Scanned, Failure> {
    target::check(spec)?;
    code::check(spec, &options.scanners)?;
    let limits = Limits::default();
    let _deadline = Deadline::start(&limits, options.timeout);
    let selection = Selection::new(&options.skip_dirs, &options.skip_files).map_err(|error| {
        Failure::new(exit::USAGE, said::library("--skip-dirs または --skip-files が正しくありません", &error))
    })?;
    let target = |kind, name: String| Target { kind, name, digest: None, tags: Vec::new(), commit: None };
    match spec {
        TargetSpec::Root(root) => {
            progress.phase("reading files");
            let tree =
                yagura_fs::Directory::open(root).map_err(|error| cannot_open(root, &error))?.as_machine();
            let tree = if root == Path::new("/") { tree.skip(foreign_mounts()) } else { tree };
            let (inventory, code) = looked_at(&tree, &selection, options, &limits)?;
            Ok(Scanned {
                target: target(TargetKind::Host, root.display().to_string()),
                inventory,
                code,
                roots: Vec::new(),
                kernel: if root == Path::new("/") { running_kernel() } else { None },
            })
        }
        TargetSpec::Directory(path) => {
            progress.phase("reading files");
            let name = path.display().to_string();
            let tree: Box<dyn Tree> = if path.is_file() {
                Box::new(yagura_fs::SingleFile::open(path).map_err(|error| cannot_open(path, &error))?)
            } else {
                Box::new(yagura_fs::Directory::open(path).map_err(|error| cannot_open(path, &error))?)
            };
            let (inventory, code) = looked_at(&*tree, &selection.of_part(), options, &limits)?;
            Ok(Scanned {
                target: target(TargetKind::Directory, name),
                inventory,
                code,
                roots: vec![path.clone()],
                kernel: None,
            })
        }
        TargetSpec::Repository(place) => repository::scan(place, options, &selection, &limits, progress),
        TargetSpec::LocalImage(path, storage) => {
            image::local(*storage, path, options, &selection, &limits, progress)
        }
        TargetSpec::RemoteImage(reference) => {
            image::remote(reference, options, &selection, &limits, progress)
        }
        TargetSpec::Zip(path) => {
            let tree = yagura_fs::ZipTree::open(path).map_err(|error| cannot_open(path, &error))?;
            let (inventory, code) = looked_at(&tree, &selection, options, &limits)?;
            Ok(Scanned {
                target: target(TargetKind::Archive, path.display().to_string()),
                inventory,
                code,
                roots: Vec::new(),
                kernel: None,
            })
        }
        TargetSpec::Disks(paths) => {
            progress.phase("reading disks");
            let disks = disk::open(paths, &limits)?;
            let (inventory, code) = looked_at(&disks, &selection, options, &limits)?;
            let meter = disks.meter();
            tracing::info!(blocks = meter.distinct_blocks(), bytes = meter.bytes(), "read from disks");
            Ok(Scanned {
                target: target(TargetKind::Disk, disk::name(paths)),
                inventory,
                code,
                roots: Vec::new(),
                kernel: None,
            })
        }
        TargetSpec::Sbom(path) => {
            let bytes = read_file(path, MOST_DOCUMENT)?;
            let sbom = yagura_formats::sbom::read(&bytes, &sbom_ecosystems())
                .map_err(|error| unreadable_document(path, &error))?;
            let name =
                if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
            Ok(Scanned {
                target: target(TargetKind::Sbom, name),
                inventory: sbom.inventory,
                code: Code::default(),
                roots: Vec::new(),
                kernel: None,
            })
        }
    }
}

/// How documents' purls and platforms become packages.
pub fn sbom_ecosystems() -> yagura_formats::sbom::Ecosystems {
    yagura_formats::sbom::Ecosystems {
        from_purl: |text| yagura_ecosystems::purl::from_purl(text).map_err(|error| error.to_string()),
        of_platform: yagura_ecosystems::platform::ecosystem_of,
    }
}

/// `uname -r`, as the kernel itself tells it.
fn running_kernel() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    Some(text.trim().to_owned()).filter(|release| !release.is_empty())
}

/// Mounts of this machine that hold no local software: network and pseudo file systems.
fn foreign_mounts() -> Vec<TreePath> {
    std::fs::read_to_string("/proc/self/mountinfo")
        .map(|text| yagura_fs::mounts::foreign(&text))
        .unwrap_or_default()
}

/// What a tree holds, and the flaws in its files where they were asked for.
fn looked_at(
    tree: &dyn Tree,
    selection: &Selection,
    options: &Options,
    limits: &Limits,
) -> Result<(Inventory, Code), Failure> {
    let mut found = inventory(tree, selection, limits);
    let code = code::look(tree, selection, options, limits, &mut found)?;
    Ok((found, code))
}

/// What a tree holds. A tree that cannot be walked to its end is a gap in the result, not the end of the scan.
fn inventory(tree: &dyn Tree, selection: &Selection, limits: &Limits) -> Inventory {
    let catalog = catalog(tree, selection, limits)
        .unwrap_or_else(|error| Catalog { unread: vec![error.to_unread()], ..Catalog::default() });
    analyze(&[catalog])
}

/// Largest SBOM, in bytes.
const MOST_DOCUMENT: u64 = 1 << 30;

/// Reads a file, a pipe, or standard input where the path is `-`.
///
/// # Errors
/// It cannot be read, or has more than `most` bytes.
pub(crate) fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut read = |source: &mut dyn Read| source.take(most.saturating_add(1)).read_to_end(&mut bytes);
    let outcome = if path == Path::new("-") {
        read(&mut std::io::stdin().lock())
    } else {
        std::fs::File::open(path).and_then(|mut file| read(&mut file))
    };
    outcome.map_err(|error| cannot_read(path, &error))?;
    if bytes.len() as u64 > most {
        return Err(Failure::new(
            exit::USAGE,
            said!("`{}` is larger than {} bytes", "`{}` は {} バイトを超えています", path.display(), most),
        ));
    }
    Ok(bytes)
}

pub(crate) fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(exit::USAGE, said!("cannot read `{}`: {}", "`{}` を読めません: {}", path.display(), error))
}

fn unreadable_document(path: &Path, error: &dyn std::error::Error) -> Failure {
    let detail = said::library("SBOM として読めません", error);
    let message = Said {
        en: format!("cannot read `{}` as an SBOM: {}", path.display(), detail.en),
        ja: format!("`{}` を{}", path.display(), detail.ja),
    };
    Failure::new(exit::USAGE, message).hint(said!(
        "give a CycloneDX JSON or SPDX document; for a directory or archive use `yagura fs`",
        "CycloneDX JSON または SPDX 文書を指定してください。ディレクトリやアーカイブは `yagura fs` です"
    ))
}

fn cannot_open(path: &Path, error: &dyn std::error::Error) -> Failure {
    let detail = said::library("開けません", error);
    Failure::new(
        exit::USAGE,
        Said {
            en: format!("cannot scan `{}`: {}", path.display(), detail.en),
            ja: format!("`{}` を{}", path.display(), detail.ja),
        },
    )
}

/// The runtime of network code.
///
/// # Errors
/// The operating system gives no threads.
pub(crate) fn network_runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| {
        Failure::new(
            exit::USAGE,
            said!("cannot start the network runtime: {}", "ネットワーク処理を開始できません: {}", error),
        )
    })
}

/// Cancels the limits when time runs out; the timer ends with this value.
struct Deadline {
    _until_dropped: Option<std::sync::mpsc::Sender<()>>,
}

impl Deadline {
    fn start(limits: &Limits, timeout: Option<Duration>) -> Self {
        let Some(timeout) = timeout else { return Self { _until_dropped: None } };
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        if timeout.is_zero() {
            limits.cancel();
        }
        let limits = limits.clone();
        std::thread::spawn(move || {
            if receiver.recv_timeout(timeout) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                limits.cancel();
            }
        });
        Self { _until_dropped: Some(sender) }
    }
}
