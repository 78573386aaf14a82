//! Flaws in the files of a tree: source code, secrets, and resources of templates.

use super::{Options, TargetSpec};
use crate::cli::{Failure, exit};
use crate::said;
use std::path::{Path, PathBuf};
use yagura_ecosystems::catalog::Selection;
use yagura_fs::{Limits, Tree};
use yagura_model::{CodeDetection, Inventory};
use yagura_rules::{RuleSet, Scan};

/// What was found in files.
#[derive(Debug, Default)]
pub struct Code {
    /// Sorted by path and line.
    pub detections: Vec<CodeDetection>,
    /// How many text files were read.
    pub files: u64,
}

/// Most pages of a folder, bytes of one, and folders inside of each other.
const MOST_PAGES: usize = 20_000;
const MOST_PAGE: u64 = 1 << 20;
const MOST_FOLDERS: usize = 32;

/// Scanners that look into files.
pub fn wanted(scanners: &[String]) -> bool {
    scanners.iter().any(|scanner| matches!(scanner.as_str(), "secret" | "config" | "code"))
}

/// Refuses what cannot be looked into, instead of finding nothing in it.
///
/// # Errors
/// Exit code 2.
pub fn check(spec: &TargetSpec, scanners: &[String]) -> Result<(), Failure> {
    let refused =
        matches!(spec, TargetSpec::LocalImage(..) | TargetSpec::RemoteImage(_) | TargetSpec::Sbom(_));
    if refused && wanted(scanners) {
        return Err(Failure::new(
            exit::USAGE,
            said!(
                "code, secrets and configuration are looked at in directories, archives, repositories and disks only",
                "コード、シークレット、設定を調べられるのはディレクトリ、アーカイブ、リポジトリ、ディスクだけです"
            ),
        ));
    }
    Ok(())
}

/// The built-in rules and those of these folders.
///
/// # Errors
/// Exit code 2: a folder cannot be read, or a page in it is not a rule.
pub fn rules(folders: &[PathBuf]) -> Result<RuleSet, Failure> {
    let pages = own_pages(folders)?;
    let own = pages.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    RuleSet::with_own(own).map_err(|error| {
        Failure::new(exit::USAGE, said!("cannot read the rules: {}", "ルールを読めません: {}", error)).hint(
            said!(
                "docs/adding/rule.md has every field of a page; `yagura rules test DIR` tries its examples",
                "ページの項目は docs/adding/rule.md にあります。`yagura rules test DIR` で例を試せます"
            ),
        )
    })
}

/// Path and text of the pages in these folders, sorted. `README.md` is for people.
fn own_pages(folders: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    let mut pages = Vec::new();
    for folder in folders {
        gather(folder, MOST_FOLDERS, &mut pages)?;
    }
    Ok(pages)
}

fn gather(folder: &Path, depth: usize, pages: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let cannot = |error: &std::io::Error| super::cannot_read(folder, error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| cannot(&error))? {
        paths.push(entry.map_err(|error| cannot(&error))?.path());
    }
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') {
            if depth == 0 {
                return Err(Failure::new(
                    exit::USAGE,
                    said!(
                        "`{}` has folders inside of each other beyond {}",
                        "`{}` のフォルダーの入れ子が {} 段を超えています",
                        path.display(),
                        MOST_FOLDERS
                    ),
                ));
            }
            gather(&path, depth - 1, pages)?;
        } else if name.ends_with(".md") && !name.eq_ignore_ascii_case("README.md") {
            if pages.len() >= MOST_PAGES {
                return Err(Failure::new(
                    exit::USAGE,
                    said!(
                        "there are more than {} rule pages",
                        "ルールのページが {} 件を超えています",
                        MOST_PAGES
                    ),
                ));
            }
            let bytes = super::read_file(&path, MOST_PAGE)?;
            let text = String::from_utf8(bytes).map_err(|_| {
                Failure::new(
                    exit::USAGE,
                    said!("`{}` is not UTF-8", "`{}` は UTF-8 ではありません", path.display()),
                )
            })?;
            pages.push((path.display().to_string(), text.replace("\r\n", "\n")));
        }
    }
    Ok(())
}

/// Looks into every file that is not left out. What could not be read joins the gaps of the inventory.
///
/// # Errors
/// As [`rules`].
pub fn look(
    tree: &dyn Tree,
    selection: &Selection,
    options: &Options,
    limits: &Limits,
    inventory: &mut Inventory,
) -> Result<Code, Failure> {
    if !wanted(&options.scanners) {
        return Ok(Code::default());
    }
    let rules = rules(&options.rules)?;
    let scan = Scan::new(&rules, &options.scanners);
    let found = scan.tree(tree, limits, &|path, directory| selection.skips(path, directory));
    inventory.unread.extend(found.unread);
    inventory.unread.sort();
    inventory.unread.dedup();
    Ok(Code { detections: found.detections, files: found.files })
}
