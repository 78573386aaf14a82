//! Reads a snapshot folder: the answers of the Describe calls, one file each.

use crate::cli::{Failure, exit};
use crate::said;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use yagura_network::document::{DocumentError, Scope, Snapshot};

/// One file and where it was taken.
struct File {
    path: PathBuf,
    /// As people know it: below the folder.
    name: String,
    scope: Scope,
    size: u64,
}

/// Reads every document below a folder: directly in it, in `REGION/`, or in `ACCOUNT/REGION/`.
///
/// # Errors
/// The folder or a file that cannot be read, or the document and field that are not what the name says.
pub fn snapshot(folder: &Path) -> Result<Snapshot, Failure> {
    let mut files = Vec::new();
    list(folder, &Scope::default(), "", 0, &mut files)?;
    // The largest first: the threads end together.
    files.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    let queue = Mutex::new(files.into_iter().enumerate());
    let threads = thread::available_parallelism().map_or(1, usize::from).min(8);
    let mut read: Vec<(usize, String, Result<Snapshot, Failure>)> = thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            loop {
                let next = queue.lock().ok().and_then(|mut queue| queue.next());
                let Some((index, file)) = next else { return done };
                done.push((index, file.name.clone(), one(&file)));
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    // By name: the same folder gives the same document and the same first error.
    read.sort_by(|a, b| a.1.cmp(&b.1));
    let mut whole = Snapshot::default();
    for (_, _, part) in read {
        whole.absorb(part?);
    }
    Ok(whole)
}

/// Lays changed documents over a snapshot: a resource with the id of another takes its place, a keyed document that of
/// its key.
///
/// # Errors
/// As [`snapshot`].
pub fn with_changes(snapshot: &Snapshot, files: &[PathBuf]) -> Result<Snapshot, Failure> {
    let mut changed = snapshot.clone();
    for path in files {
        let name = path.display().to_string();
        let size = fs::metadata(path).map_err(|error| unreadable(&name, &error))?.len();
        let scope = Scope { changed: true, ..scope_of(path) };
        changed.overlay(one(&File { path: path.clone(), name, scope, size })?);
    }
    Ok(changed)
}

/// Account and region, where the folders above a file tell.
fn scope_of(path: &Path) -> Scope {
    let mut above = path.parent().into_iter().flat_map(Path::components).rev();
    let mut next =
        || above.next().map(|part| part.as_os_str().to_string_lossy().into_owned()).unwrap_or_default();
    let (region, account) = (next(), next());
    if is_account(&account) { Scope { account, region, changed: false } } else { Scope::default() }
}

fn is_account(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn list(
    folder: &Path,
    scope: &Scope,
    above: &str,
    depth: usize,
    files: &mut Vec<File>,
) -> Result<(), Failure> {
    let shown = || folder.display().to_string();
    let entries = fs::read_dir(folder).map_err(|error| unreadable(&shown(), &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(&shown(), &error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        let about = fs::metadata(&path).map_err(|error| unreadable(&path.display().to_string(), &error))?;
        if about.is_dir() {
            let inside = match depth {
                0 if is_account(&name) => Scope { account: name.clone(), ..Scope::default() },
                0 => Scope { region: name.clone(), ..Scope::default() },
                1 if scope.region.is_empty() => Scope { region: name.clone(), ..scope.clone() },
                _ => continue,
            };
            list(&path, &inside, &format!("{above}{name}/"), depth + 1, files)?;
        } else if about.is_file() && name.ends_with(".json") {
            files.push(File {
                path,
                name: format!("{above}{name}"),
                scope: scope.clone(),
                size: about.len(),
            });
        }
    }
    Ok(())
}

fn one(file: &File) -> Result<Snapshot, Failure> {
    let mut snapshot = Snapshot::default();
    if !Snapshot::knows(&file.name) {
        return Ok(snapshot);
    }
    let bytes = fs::read(&file.path).map_err(|error| unreadable(&file.name, &error))?;
    snapshot.read(&file.scope, &file.name, &bytes).map_err(malformed)?;
    Ok(snapshot)
}

fn unreadable(what: &str, error: &std::io::Error) -> Failure {
    Failure::new(exit::USAGE, said!("cannot read `{}`: {}", "`{}` を読めません: {}", what, error))
}

/// A document that is not what its name says.
pub fn malformed(error: DocumentError) -> Failure {
    let DocumentError::Shape { file, field, detail } = error;
    Failure::new(exit::USAGE, said!("`{}` at `{}`: {}", "`{}` の `{}`: {}", file, field, detail)).hint(said!(
        "it must be what `aws … --output json` prints for the call that the file name says",
        "ファイル名が示す呼び出しについて `aws … --output json` が出力するものにしてください"
    ))
}
