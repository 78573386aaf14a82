//! Git repositories: a work tree on disk, or an address that is cloned first.

use super::{Options, Progress, Scanned, cannot_open, inventory};
use crate::cli::{Failure, exit};
use std::path::Path;
use std::process::Command;
use yagura_ecosystems::catalog::Selection;
use yagura_formats::{Target, TargetKind};
use yagura_fs::Limits;

/// Scans a work tree; clones it into a temporary directory when `place` is not a directory.
pub fn scan(
    place: &str,
    options: &Options,
    selection: &Selection,
    limits: &Limits,
    progress: &Progress,
) -> Result<Scanned, Failure> {
    let local = Path::new(place);
    if local.is_dir() {
        return scan_work_tree(local, place, selection, limits, true);
    }
    if options.offline && !place.starts_with("file:") {
        return Err(Failure::new(
            exit::USAGE,
            format!("`{place}` is not a directory, and --offline forbids cloning it"),
        ));
    }
    progress.phase(format!("cloning {place}"));
    let temporary = tempfile::tempdir()
        .map_err(|error| Failure::new(exit::USAGE, format!("cannot make a temporary directory: {error}")))?;
    clone(place, temporary.path())?;
    progress.phase("reading files");
    scan_work_tree(temporary.path(), place, selection, limits, false)
}

fn scan_work_tree(
    root: &Path,
    name: &str,
    selection: &Selection,
    limits: &Limits,
    keeps: bool,
) -> Result<Scanned, Failure> {
    let tree = yagura_fs::Directory::open(root).map_err(|error| cannot_open(root, &error))?;
    Ok(Scanned {
        target: Target {
            kind: TargetKind::Repository,
            name: name.to_owned(),
            digest: None,
            tags: Vec::new(),
            commit: head_commit(&root.join(".git")),
        },
        inventory: inventory(&tree, selection, limits)?,
        roots: if keeps { vec![root.to_owned()] } else { Vec::new() },
        kernel: None,
    })
}

/// Clones without history, without hooks, and without asking anybody for a password.
fn clone(address: &str, into: &Path) -> Result<(), Failure> {
    let output = Command::new("git")
        .args(["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"])
        .args(["clone", "--quiet", "--depth=1", "--no-tags", "--", address])
        .arg(into)
        .env("GIT_TERMINAL_PROMPT", "0")
        .output()
        .map_err(|error| {
            Failure::new(exit::USAGE, format!("cannot start `git`: {error}"))
                .hint("install git, or scan a directory")
        })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("git failed");
    Err(Failure::new(exit::USAGE, format!("cannot clone `{address}`: {}", crate::table::clean(last)))
        .hint("give the path of a directory, or an address that `git clone` takes"))
}

/// The commit of HEAD, read without git: a detached id, a loose ref or a packed one.
fn head_commit(git: &Path) -> Option<String> {
    let head = std::fs::read_to_string(git.join("HEAD")).ok()?;
    let head = head.trim();
    let Some(name) = head.strip_prefix("ref: ") else {
        return is_commit(head).then(|| head.to_owned());
    };
    if name.split('/').any(|part| part == "..") {
        return None;
    }
    if let Ok(id) = std::fs::read_to_string(git.join(name)) {
        return is_commit(id.trim()).then(|| id.trim().to_owned());
    }
    let packed = std::fs::read_to_string(git.join("packed-refs")).ok()?;
    packed.lines().find_map(|line| {
        let (id, reference) = line.split_once(' ')?;
        (reference == name && is_commit(id)).then(|| id.to_owned())
    })
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
