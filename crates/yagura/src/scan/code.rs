//! Flaws in the files of a tree: source code, secrets, and resources of templates.

use super::TargetSpec;
use crate::cli::{Failure, exit};
use crate::said;
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

/// Scanners that look into files.
fn wanted(scanners: &[String]) -> bool {
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

/// The built-in rules.
///
/// # Errors
/// A page is not a rule, which tests rule out.
pub fn rules() -> Result<RuleSet, Failure> {
    RuleSet::built_in().map_err(|error| {
        Failure::new(exit::USAGE, said!("cannot read the rules: {}", "ルールを読めません: {}", error))
    })
}

/// Looks into every file that is not left out. What could not be read joins the gaps of the inventory.
///
/// # Errors
/// As [`rules`].
pub fn look(
    tree: &dyn Tree,
    selection: &Selection,
    scanners: &[String],
    limits: &Limits,
    inventory: &mut Inventory,
) -> Result<Code, Failure> {
    if !wanted(scanners) {
        return Ok(Code::default());
    }
    let rules = rules()?;
    let scan = Scan::new(&rules, scanners);
    let found = scan.tree(tree, limits, &|path, directory| selection.skips(path, directory));
    inventory.unread.extend(found.unread);
    inventory.unread.sort();
    inventory.unread.dedup();
    Ok(Code { detections: found.detections, files: found.files })
}
