//! Git repositories: a work tree on disk, or an address that is cloned first.

use super::{Options, Progress, Scanned, cannot_open, looked_at};
use crate::cli::{Failure, exit};
use crate::said;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use yagura_ecosystems::catalog::Selection;
use yagura_formats::{Target, TargetKind};
use yagura_fs::Limits;

/// Most bytes of git's complaints that are kept.
const MOST_SAID: u64 = 64 << 10;

/// Scans a work tree; clones it into a temporary directory when `place` is not a directory.
pub fn scan(
    place: &str,
    options: &Options,
    selection: &Selection,
    limits: &Limits,
    progress: &Progress,
) -> Result<Scanned, Failure> {
    let local = Path::new(place);
    if local.is_dir() && !is_bare(local) {
        return scan_work_tree(local, place, options, selection, limits, true);
    }
    if local.is_dir() {
        let path = std::fs::canonicalize(local).map_err(|error| super::cannot_read(local, &error))?;
        return scan_clone(
            &format!("file://{}", path.display()),
            place,
            options,
            selection,
            limits,
            progress,
        );
    }
    if local.exists() || place.starts_with(['/', '.']) {
        let message = if local.exists() {
            said!("`{}` is not a directory", "`{}` はディレクトリではありません", place)
        } else {
            said!("there is no `{}`", "`{}` はありません", place)
        };
        return Err(Failure::new(exit::USAGE, message));
    }
    if options.offline && !place.starts_with("file:") {
        return Err(Failure::new(
            exit::USAGE,
            said!(
                "`{}` is not a directory, and --offline forbids cloning it",
                "`{}` はディレクトリではなく、--offline のためクローンできません",
                place
            ),
        ));
    }
    scan_clone(place, place, options, selection, limits, progress)
}

/// True for a repository without a work tree, as servers keep them.
fn is_bare(directory: &Path) -> bool {
    !directory.join(".git").exists()
        && directory.join("HEAD").is_file()
        && directory.join("objects").is_dir()
        && directory.join("refs").is_dir()
}

fn scan_clone(
    address: &str,
    name: &str,
    options: &Options,
    selection: &Selection,
    limits: &Limits,
    progress: &Progress,
) -> Result<Scanned, Failure> {
    progress.phase(format!("cloning {name}"));
    let temporary = tempfile::tempdir().map_err(|error| {
        Failure::new(
            exit::USAGE,
            said!("cannot make a temporary directory: {}", "一時ディレクトリを作れません: {}", error),
        )
    })?;
    clone(address, temporary.path(), limits)?;
    progress.phase("reading files");
    scan_work_tree(temporary.path(), name, options, selection, limits, false)
}

fn scan_work_tree(
    root: &Path,
    name: &str,
    options: &Options,
    selection: &Selection,
    limits: &Limits,
    keeps: bool,
) -> Result<Scanned, Failure> {
    let tree = yagura_fs::Directory::open(root).map_err(|error| cannot_open(root, &error))?;
    let (inventory, code) = looked_at(&tree, &selection.of_part(), options, limits)?;
    Ok(Scanned {
        target: Target {
            kind: TargetKind::Repository,
            name: name.to_owned(),
            digest: None,
            tags: Vec::new(),
            commit: head_commit(&root.join(".git")),
        },
        inventory,
        code,
        roots: if keeps { vec![root.to_owned()] } else { Vec::new() },
        kernel: None,
    })
}

/// Clones without history, without hooks, and without asking anybody for a password.
fn clone(address: &str, into: &Path, limits: &Limits) -> Result<(), Failure> {
    let cannot = |detail: &str| {
        Failure::new(
            exit::USAGE,
            said!("cannot clone `{}`: {}", "`{}` をクローンできません: {}", address, detail),
        )
        .hint(said!(
            "give the path of a directory, or an address that `git clone` takes",
            "ディレクトリのパス、または `git clone` が受け付けるアドレスを指定してください"
        ))
    };
    let mut child = Command::new("git")
        .args(["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"])
        .args(["clone", "--quiet", "--depth=1", "--no-tags", "--", address])
        .arg(into)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            Failure::new(exit::USAGE, said!("cannot start `git`: {}", "`git` を起動できません: {}", error))
                .hint(said!(
                    "install git, or scan a directory",
                    "git を導入するか、ディレクトリを検査してください"
                ))
        })?;
    // What git says is read beside it, so that a full pipe does not stop it.
    let mut stderr = child.stderr.take();
    let listener = std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(stderr) = &mut stderr {
            let _ = stderr.take(MOST_SAID).read_to_end(&mut said);
        }
        said
    });
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if limits.is_cancelled() => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(Failure::new(
                    exit::INCOMPLETE,
                    said!(
                        "time ran out while cloning `{}`",
                        "`{}` のクローン中に時間切れになりました",
                        address
                    ),
                ));
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => return Err(cannot(&error.to_string())),
        }
    };
    if status.success() {
        return Ok(());
    }
    let said = listener.join().unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    Err(cannot(said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("git failed")))
}

/// The commit of HEAD, read without git: a detached id, a loose ref or a packed one. `git` is the `.git` of a work
/// tree: a directory, or in linked work trees and submodules a file that names it.
/// <https://git-scm.com/docs/gitrepository-layout>
fn head_commit(git: &Path) -> Option<String> {
    let linked = std::fs::read_to_string(git).ok();
    let git = match linked.as_deref().and_then(|text| text.trim().strip_prefix("gitdir: ")) {
        Some(place) => git.parent()?.join(place),
        None => git.to_owned(),
    };
    let head = std::fs::read_to_string(git.join("HEAD")).ok()?;
    let head = head.trim();
    let Some(name) = head.strip_prefix("ref: ") else {
        return is_commit(head).then(|| head.to_owned());
    };
    if name.split('/').any(|part| part == "..") {
        return None;
    }
    let shared = match std::fs::read_to_string(git.join("commondir")) {
        Ok(place) => git.join(place.trim()),
        Err(_) => git,
    };
    if let Ok(id) = std::fs::read_to_string(shared.join(name)) {
        return is_commit(id.trim()).then(|| id.trim().to_owned());
    }
    let packed = std::fs::read_to_string(shared.join("packed-refs")).ok()?;
    packed.lines().find_map(|line| {
        let (id, reference) = line.split_once(' ')?;
        (reference == name && is_commit(id)).then(|| id.to_owned())
    })
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_commit_is_found_wherever_git_keeps_it() {
        let id = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
        for files in [
            &[(".git/HEAD", id)][..],
            &[(".git/HEAD", "ref: refs/heads/x\n"), (".git/refs/heads/x", id)],
            &[
                (".git/HEAD", "ref: refs/heads/x\n"),
                (".git/packed-refs", "# pack-refs\n0a1b2c3d4e5f60718293a4b5c6d7e8f901234567 refs/heads/x\n"),
            ],
            &[
                (".git", "gitdir: main/worktrees/w\n"),
                ("main/worktrees/w/HEAD", "ref: refs/heads/x\n"),
                ("main/worktrees/w/commondir", "../..\n"),
                ("main/refs/heads/x", id),
            ],
        ] {
            let root = tree(files);
            assert_eq!(head_commit(&root.path().join(".git")).as_deref(), Some(id), "{files:?}");
        }
        let hostile = tree(&[(".git/HEAD", "ref: ../../etc/passwd\n")]);
        assert_eq!(head_commit(&hostile.path().join(".git")), None);
    }

    #[test]
    fn repositories_of_servers_are_told_from_work_trees() {
        let bare = tree(&[("HEAD", "ref: refs/heads/x\n"), ("objects/x", ""), ("refs/x", "")]);
        assert!(is_bare(bare.path()));
        assert!(!is_bare(tree(&[(".git/HEAD", ""), ("src/x", "")]).path()));
    }
}
