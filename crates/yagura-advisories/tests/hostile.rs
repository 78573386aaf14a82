//! No document panics: every fixture and every entry of the fuzz corpus goes to every feed, whole, cut short
//! and with bytes changed.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use std::fs;
use std::path::{Path, PathBuf};
use yagura_advisories::testing::read_with_all;

fn files_below(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

#[test]
fn no_document_panics_however_damaged() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_fixture = |path: &PathBuf| path.components().any(|part| part.as_os_str() == "fixtures");
    let mut documents: Vec<PathBuf> = files_below(&root.join("src")).into_iter().filter(is_fixture).collect();
    let corpus = files_below(&root.join("../../fuzz/corpus/feeds"));
    assert!(!documents.is_empty() && !corpus.is_empty());
    documents.extend(corpus);
    for document in documents {
        let bytes = fs::read(&document).unwrap();
        let name = document.file_name().unwrap().to_string_lossy().into_owned();
        read_with_all(&name, &bytes);
        let mut state: u64 = 7;
        for _ in 0..24 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % bytes.len().max(1);
            read_with_all(&name, &bytes[..at]);
            let mut changed = bytes.clone();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= (state >> 24) as u8 | 1;
            }
            read_with_all(&name, &changed);
        }
    }
}
