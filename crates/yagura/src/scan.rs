//! From what the user typed to an inventory: opens the target, catalogs it, joins the layers.

use crate::cli::{Failure, exit};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;
use yagura_ecosystems::analyze::analyze;
use yagura_ecosystems::catalog::{Selection, catalog};
use yagura_formats::{Target, TargetKind};
use yagura_fs::image::Storage;
use yagura_fs::{Limits, Tree};
use yagura_model::{Inventory, TreePath};

mod cache;
mod image;
mod repository;

/// What to scan, as the command line or another caller names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetSpec {
    /// The root file system of a machine.
    Root(PathBuf),
    /// A directory, or one file.
    Directory(PathBuf),
    /// A git work tree, or an address to clone.
    Repository(String),
    /// An image on disk, and how it is stored where the user said so.
    LocalImage(PathBuf, Option<Storage>),
    /// An image in a registry.
    RemoteImage(String),
    /// A zip archive.
    Zip(PathBuf),
    /// An SBOM document; `-` is standard input.
    Sbom(PathBuf),
}

impl TargetSpec {
    /// An argument of `yagura image`.
    pub fn image(text: &str) -> Self {
        if let Some((scheme, path)) = text.split_once(':')
            && let Some(storage) = storage(scheme)
        {
            return Self::LocalImage(PathBuf::from(path), Some(storage));
        }
        if let Some(reference) = text.strip_prefix("registry:") {
            return Self::RemoteImage(reference.to_owned());
        }
        // An image reference cannot begin like this, so it is a file somebody pointed at.
        if (text.starts_with(['/', '.']) || text.ends_with(".tar")) && Path::new(text).exists() {
            return Self::LocalImage(PathBuf::from(text), None);
        }
        Self::RemoteImage(text.to_owned())
    }

    /// An argument with an optional scheme, as `yagura inventory` takes it.
    ///
    /// # Errors
    /// A bare path that does not exist.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let path = |rest: &str| PathBuf::from(rest);
        Ok(match text.split_once(':') {
            Some(("dir" | "fs", rest)) => Self::Directory(path(rest)),
            Some(("root" | "host", rest)) => Self::Root(path(rest)),
            Some(("repo", rest)) => Self::Repository(rest.to_owned()),
            Some((scheme @ ("oci-dir" | "oci-archive" | "docker-archive"), rest)) => {
                Self::LocalImage(path(rest), storage(scheme))
            }
            Some(("image", rest)) => Self::image(rest),
            Some(("registry", rest)) => Self::RemoteImage(rest.to_owned()),
            Some(("zip", rest)) => Self::Zip(path(rest)),
            Some(("sbom", rest)) => Self::Sbom(path(rest)),
            _ => Self::guess(Path::new(text))?,
        })
    }

    /// A bare path: what lies there decides.
    fn guess(path: &Path) -> Result<Self, Failure> {
        if !path.exists() {
            return Err(Failure::new(exit::USAGE, format!("there is no `{}`", path.display()))
                .hint("for an image in a registry write image:REFERENCE"));
        }
        if path.is_dir() {
            return Ok(match () {
                () if path.join("oci-layout").is_file() => Self::LocalImage(path.to_owned(), None),
                () if path.join("etc/os-release").exists() || path.join("usr/lib/os-release").exists() => {
                    Self::Root(path.to_owned())
                }
                () => Self::Directory(path.to_owned()),
            });
        }
        let mut head = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head));
        read.map_err(|error| cannot_read(path, &error))?;
        let text = String::from_utf8_lossy(&head);
        Ok(match () {
            () if head.starts_with(b"PK") => Self::Zip(path.to_owned()),
            () if text.contains("\"bomFormat\"")
                || text.contains("spdxVersion")
                || text.contains("SPDXVersion") =>
            {
                Self::Sbom(path.to_owned())
            }
            () if image::looks_like_image(path) => Self::LocalImage(path.to_owned(), None),
            () => Self::Directory(path.to_owned()),
        })
    }
}

fn storage(scheme: &str) -> Option<Storage> {
    match scheme {
        "oci-dir" => Some(Storage::OciDir),
        "oci-archive" => Some(Storage::OciArchive),
        "docker-archive" => Some(Storage::DockerArchive),
        _ => None,
    }
}

/// How to look.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Globs of directories to leave out.
    pub skip_dirs: Vec<String>,
    /// Globs of files to leave out.
    pub skip_files: Vec<String>,
    /// The platform to take of a multi-platform image.
    pub platform: Option<String>,
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
    let limits = Limits::default();
    let _deadline = Deadline::start(&limits, options.timeout);
    let selection = Selection::new(&options.skip_dirs, &options.skip_files)
        .map_err(|error| Failure::from_error(exit::USAGE, &error))?;
    let target = |kind, name: String| Target { kind, name, digest: None, tags: Vec::new(), commit: None };
    match spec {
        TargetSpec::Root(root) => {
            progress.phase("reading files");
            let tree =
                yagura_fs::Directory::open(root).map_err(|error| cannot_open(root, &error))?.as_machine();
            let tree = if root == Path::new("/") { tree.skip(foreign_mounts()) } else { tree };
            Ok(Scanned {
                target: target(TargetKind::Host, root.display().to_string()),
                inventory: inventory(&tree, &selection, &limits)?,
                roots: Vec::new(),
                kernel: if root == Path::new("/") { running_kernel() } else { None },
            })
        }
        TargetSpec::Directory(path) => {
            progress.phase("reading files");
            let name = path.display().to_string();
            let inventory = if path.is_file() {
                inventory(
                    &yagura_fs::SingleFile::open(path).map_err(|error| cannot_open(path, &error))?,
                    &selection,
                    &limits,
                )?
            } else {
                inventory(
                    &yagura_fs::Directory::open(path).map_err(|error| cannot_open(path, &error))?,
                    &selection,
                    &limits,
                )?
            };
            Ok(Scanned {
                target: target(TargetKind::Directory, name),
                inventory,
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
            Ok(Scanned {
                target: target(TargetKind::Archive, path.display().to_string()),
                inventory: inventory(&tree, &selection, &limits)?,
                roots: Vec::new(),
                kernel: None,
            })
        }
        TargetSpec::Sbom(path) => {
            let bytes = read_file(path)?;
            let ecosystems = yagura_formats::sbom::Ecosystems {
                from_purl: |text| yagura_ecosystems::purl::from_purl(text).map_err(|error| error.to_string()),
                of_platform: yagura_ecosystems::platform::ecosystem_of,
            };
            let sbom = yagura_formats::sbom::read(&bytes, &ecosystems)
                .map_err(|error| Failure::from_error(exit::USAGE, &error))?;
            Ok(Scanned {
                target: target(TargetKind::Sbom, path.display().to_string()),
                inventory: sbom.inventory,
                roots: Vec::new(),
                kernel: None,
            })
        }
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

fn inventory(tree: &dyn Tree, selection: &Selection, limits: &Limits) -> Result<Inventory, Failure> {
    let catalog =
        catalog(tree, selection, limits).map_err(|error| Failure::from_error(exit::USAGE, &error))?;
    Ok(analyze(&[catalog]))
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(|error| cannot_read(path, &error))?;
        return Ok(bytes);
    }
    std::fs::read(path).map_err(|error| cannot_read(path, &error))
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(exit::USAGE, format!("cannot read `{}`: {error}", path.display()))
}

fn cannot_open(path: &Path, error: &dyn std::error::Error) -> Failure {
    let failure = Failure::from_error(exit::USAGE, error);
    Failure { message: format!("cannot scan `{}`: {}", path.display(), failure.message), ..failure }
}

/// Cancels the limits when time runs out; the timer ends with this value.
struct Deadline {
    _until_dropped: Option<std::sync::mpsc::Sender<()>>,
}

impl Deadline {
    fn start(limits: &Limits, timeout: Option<Duration>) -> Self {
        let Some(timeout) = timeout else { return Self { _until_dropped: None } };
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let limits = limits.clone();
        std::thread::spawn(move || {
            if receiver.recv_timeout(timeout) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                limits.cancel();
            }
        });
        Self { _until_dropped: Some(sender) }
    }
}

/// Shows what is going on, on a terminal, once it takes more than a second.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// A progress display; hidden unless wanted and standard error is a terminal.
    pub fn new(wanted: bool) -> Self {
        if !wanted || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        // The first tick comes after a second, so that quick scans show nothing.
        bar.enable_steady_tick(Duration::from_secs(1));
        Self(Some(bar))
    }

    /// Names what is being done now.
    pub fn phase(&self, text: impl Into<String>) {
        if let Some(bar) = &self.0 {
            bar.set_message(text.into());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_name_targets() {
        let parse = |text| TargetSpec::parse(text).map_err(|failure| failure.message);
        assert_eq!(parse("dir:/x"), Ok(TargetSpec::Directory("/x".into())));
        assert_eq!(parse("root:/"), Ok(TargetSpec::Root("/".into())));
        assert_eq!(
            parse("oci-archive:a.tar"),
            Ok(TargetSpec::LocalImage("a.tar".into(), Some(Storage::OciArchive)))
        );
        assert_eq!(parse("image:alpine:3.19"), Ok(TargetSpec::RemoteImage("alpine:3.19".into())));
        assert_eq!(parse("sbom:-"), Ok(TargetSpec::Sbom("-".into())));
        assert_eq!(parse("no-such-file"), Err("there is no `no-such-file`".to_owned()));
        assert_eq!(TargetSpec::image("localhost:5000/x"), TargetSpec::RemoteImage("localhost:5000/x".into()));
    }
}
