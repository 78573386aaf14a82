//! Ignore files and VEX documents of a scan, and what becomes of its detections.

use crate::cli::{Failure, exit};
use crate::data::Data;
use crate::said;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};
use yagura_ecosystems::purl::purl;
use yagura_findings::decision::{BadDecisions, IGNORE_FILES, read_ignore_file, read_vex};
use yagura_findings::explain::Explanation;
use yagura_findings::{Decisions, Judged, detect_running};
use yagura_model::Inventory;

/// Largest file of decisions that is read, in bytes.
const LARGEST: u64 = 256 << 20;

/// Reads the VEX documents and ignore files that were named; without any ignore file, those that lie in the
/// scanned directories and the current one.
///
/// # Errors
/// A named file cannot be read, or any of them is not understood.
pub fn load(vex: &[PathBuf], ignore: &[PathBuf], roots: &[PathBuf]) -> Result<Decisions, Failure> {
    let mut decisions = Decisions::default();
    for path in vex {
        let name = path.display().to_string();
        let rules = read_vex(&name, &read(path)?).map_err(|error| not_understood(&error))?;
        decisions.rules.extend(rules);
    }
    let mut files = ignore.to_vec();
    if files.is_empty() {
        let mut directories = roots.to_vec();
        directories.push(PathBuf::from("."));
        directories.dedup_by_key(|directory| std::fs::canonicalize(directory).ok());
        for directory in directories {
            files.extend(IGNORE_FILES.iter().map(|name| directory.join(name)).filter(|path| path.is_file()));
        }
    }
    for path in files {
        let name = path.strip_prefix(".").unwrap_or(&path).display().to_string();
        let text = String::from_utf8(read(&path)?).map_err(|error| {
            let detail = error.utf8_error().to_string();
            not_understood(&BadDecisions { file: name.clone(), line: None, detail })
        })?;
        let rules = read_ignore_file(&name, &text).map_err(|error| not_understood(&error))?;
        decisions.rules.extend(rules);
    }
    Ok(decisions)
}

fn not_understood(error: &dyn std::error::Error) -> Failure {
    Failure::new(exit::USAGE, said::library("判断ファイルを読めません", error))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    crate::scan::read_file(path, LARGEST)
}

/// Judges an inventory and marks what was decided before. `kernel` is the release that runs. The second value has remarks on expired decisions.
pub fn judge(
    inventory: &Inventory,
    kernel: Option<&str>,
    data: &Data,
    decisions: &Decisions,
    now: Timestamp,
) -> (Judged, Vec<String>) {
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let mut judged = detect_running(inventory, data, today, kernel);
    let remarks = decisions.apply(&mut judged.detections, purl, now);
    (judged, remarks)
}

/// The proof that a vulnerability applies, or does not.
pub fn explain(
    id: &str,
    inventory: &Inventory,
    kernel: Option<&str>,
    data: &Data,
    decisions: &Decisions,
    now: Timestamp,
) -> Explanation {
    let (judged, _) = judge(inventory, kernel, data, decisions, now);
    yagura_findings::explain::explain(id, inventory, data, &judged.detections)
}
