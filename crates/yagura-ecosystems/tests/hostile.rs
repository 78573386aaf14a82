//! No input panics: every fixture and every entry of the fuzz corpus goes to every cataloger, whole, cut
//! short and with bytes changed.

use std::fs;
use std::path::{Path, PathBuf};
use yagura_ecosystems::ECOSYSTEMS;
use yagura_ecosystems::testing::{read, read_with_all, wanted_paths};

/// Larger fixtures are only read whole: cutting them at many places costs more than it shows.
const LARGE: usize = 64 * 1024;

fn files_below(root: &Path, wanted: &dyn Fn(&Path) -> bool, out: &mut Vec<PathBuf>) {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if wanted(&path) {
                out.push(path);
            }
        }
    }
    out.sort();
}

/// A small generator with a fixed seed, so that a failure is seen again.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize
    }
}

#[test]
fn no_fixture_panics_however_damaged() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_fixture = |path: &Path| {
        path.components().any(|part| part.as_os_str() == "fixtures")
            && path.extension().is_none_or(|extension| extension != "snap")
    };
    let mut fixtures = Vec::new();
    files_below(&source, &is_fixture, &mut fixtures);
    assert!(!fixtures.is_empty());
    let mut noise = Noise(7);
    for fixture in fixtures {
        let bytes = fs::read(&fixture).unwrap();
        let path = fixture.strip_prefix(&source).unwrap().to_string_lossy().into_owned();
        read_with_all(&path, &bytes);
        if bytes.is_empty() || bytes.len() > LARGE {
            continue;
        }
        for _ in 0..6 {
            read_with_all(&path, &bytes[..noise.next() % bytes.len()]);
            let mut changed = bytes.clone();
            for _ in 0..4 {
                let at = noise.next() % changed.len();
                changed[at] = (noise.next() & 0xff) as u8;
            }
            read_with_all(&path, &changed);
        }
    }
}

#[test]
fn the_fuzz_corpus_is_replayed() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/catalogers");
    let mut entries = Vec::new();
    files_below(&corpus, &|_| true, &mut entries);
    assert!(!entries.is_empty());
    for entry in entries {
        read_with_all("corpus", &fs::read(entry).unwrap());
    }
}

/// A fuzzer changes samples; without one it has to find the format first.
#[test]
fn every_cataloger_has_a_sample_in_the_corpus_that_it_reads() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/catalogers");
    let mut missing = Vec::new();
    for cataloger in ECOSYSTEMS.iter().flat_map(|ecosystem| ecosystem.catalogers) {
        let name = cataloger.id().replace('/', "-");
        let bytes = fs::read(corpus.join(&name)).unwrap_or_default();
        let reads = |path: &String| !read(*cataloger, path, &bytes).is_empty();
        // The binary lockfile of Bun is named as unread; that is all there is to it.
        if !wanted_paths(*cataloger).iter().any(reads) && name != "npm-bun-lock-binary" {
            missing.push(name);
        }
    }
    missing.sort();
    missing.dedup();
    assert!(
        missing.is_empty(),
        "put the smallest sound file into fuzz/corpus/catalogers for each of {missing:?}"
    );
}
