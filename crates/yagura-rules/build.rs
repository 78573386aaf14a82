//! Lists the rule pages, so that adding one edits nothing else.

#![allow(clippy::unwrap_used, reason = "a build that cannot read its pages has to stop")]

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let root =
        Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../rules").canonicalize().unwrap();
    println!("cargo:rerun-if-changed={}", root.display());
    let mut pages = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        println!("cargo:rerun-if-changed={}", folder.display());
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md")
                && !path.ends_with("README.md")
            {
                pages.push(path);
            }
        }
    }
    pages.sort();
    let mut out = String::from("&[\n");
    for page in pages {
        let name = page.strip_prefix(&root).unwrap().display().to_string();
        writeln!(out, "    ({name:?}, include_str!({:?})),", page.display().to_string()).unwrap();
    }
    out.push_str("]\n");
    std::fs::write(Path::new(&std::env::var("OUT_DIR").unwrap()).join("pages.rs"), out).unwrap();
}
