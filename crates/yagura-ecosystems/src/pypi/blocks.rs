//! Lockfiles that are long lists of `[[package]]` tables in TOML, one table at a time.
//!
//! A block is parsed alone, so that a broken block costs itself and not the file, and memory stays that of
//! one block. Tables at the end that only hold hashes are not parsed at all.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::ops::Range;
use yagura_fs::{File, ReadError};

/// One block as a document.
#[derive(Deserialize)]
struct Block<T> {
    #[serde(alias = "packages")]
    package: Vec<T>,
}

/// Calls `each` with every block whose header is `[[NAME]]`, parsed, then with sub-tables of it.
///
/// # Errors
/// The first block that is not TOML of this shape, after all others were delivered; or what precedes them, when that
/// is no TOML.
pub(crate) fn blocks<T: DeserializeOwned>(
    text: &str,
    name: &str,
    file: &File<'_>,
    mut each: impl FnMut(T),
) -> Result<(), ReadError> {
    let header = format!("[[{name}]]");
    let sub_tables = [format!("[{name}."), format!("[[{name}.")];
    let mut head = 0..text.len();
    let mut block: Option<Range<usize>> = None;
    let mut outcome = Ok(());
    let mut finish = |block: Option<Range<usize>>| {
        let Some(range) = block else { return };
        let last = range.end == text.len();
        let source = text.get(range.clone()).unwrap_or_default();
        match toml::from_str::<Block<T>>(source) {
            Ok(block) => block.package.into_iter().for_each(&mut each),
            Err(error) if outcome.is_ok() => {
                let line = text.get(..range.start).unwrap_or_default().matches('\n').count() + 1;
                let detail = format!("the package at line {line}: {}", error.message().trim_end());
                outcome = Err(if last {
                    ReadError::truncated(file.path, detail)
                } else {
                    ReadError::malformed(file.path, detail)
                });
            }
            Err(_) => {}
        }
    };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with('[') {
            let title = line.trim_end();
            if title == header {
                head.end = head.end.min(at);
                finish(block.replace(at..text.len()).map(|open| open.start..at));
            } else if !sub_tables.iter().any(|sub| title.starts_with(sub.as_str())) {
                // `[metadata]`, `[extras]` and the like end the list.
                if let Some(open) = block.take() {
                    finish(Some(open.start..at));
                }
            }
        }
        at += line.len();
    }
    finish(block);
    outcome?;
    toml::from_str::<toml::Table>(text.get(head).unwrap_or_default()).map(drop).map_err(|error| {
        ReadError::malformed(file.path, format!("before the first package: {}", error.message().trim_end()))
    })
}
