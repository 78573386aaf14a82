//! Hard links of archives whose names say more than the name of the file they link to.
//!
//! The first name of a file is the one an archive stores bytes under, and nobody chooses which that is: `bin/[` for
//! `bin/busybox`, an object of an ostree repository for `usr/share/rpm/rpmdb.sqlite`, an entry of pnpm's store for a
//! `package.json`. Where a later name is wanted by a cataloger that did not see the first, the tree is walked once
//! more. On disk every name is a file of its own.

use super::{Catalog, Selection, read_file, readers};
use std::collections::BTreeMap;
use yagura_fs::{EntryKind, Flow, Limits, ReadError, Tree};
use yagura_model::TreePath;

/// Most links to one file, and most steps from link to link.
const MOST: usize = 64;

/// Reads files under those later names.
pub(super) fn read(
    tree: &dyn Tree,
    selection: &Selection,
    limits: &Limits,
    catalog: &mut Catalog,
) -> Result<(), ReadError> {
    let mut wanted = wanted(selection, catalog);
    if wanted.is_empty() || limits.is_cancelled() {
        return Ok(());
    }
    let mut matches = Vec::new();
    // What is wrong with entries was told by the first walk.
    let mut told = Vec::new();
    tree.walk(limits, &mut told, &mut |entry| {
        if let EntryKind::File(file) = entry.kind
            && let Some(links) = wanted.remove(entry.path)
        {
            for link in &links {
                read_file(&file.named(link), &mut matches, catalog);
                // The file is understood, under whichever name.
                if catalog.files.get(link).is_some_and(|found| !found.is_empty()) {
                    catalog.unexplained.remove(entry.path);
                }
                catalog.unexplained.remove(link);
            }
        }
        if wanted.is_empty() || limits.is_cancelled() { Flow::Stop } else { Flow::Continue }
    })
}

/// True for a symbolic link whose target, as stored, is outside the tree.
pub(super) fn leads_out(link: &TreePath, target: &str) -> bool {
    let mut depth = link.as_str().matches('/').count();
    target.starts_with('/')
        || target.split('/').any(|part| {
            match part {
                "" | "." => {}
                ".." if depth == 0 => return true,
                ".." => depth -= 1,
                _ => depth += 1,
            }
            false
        })
}

/// The links to read, by the file that holds their bytes.
fn wanted(selection: &Selection, catalog: &Catalog) -> BTreeMap<TreePath, Vec<TreePath>> {
    let links: BTreeMap<&TreePath, &TreePath> =
        catalog.hardlinks.iter().map(|(link, target)| (link, target)).collect();
    let mut wanted: BTreeMap<TreePath, Vec<TreePath>> = BTreeMap::new();
    let mut matches = Vec::new();
    let mut readers_of = |path: &TreePath| {
        let readers = readers();
        readers.set.matches_into(path.as_str(), &mut matches);
        let mut of: Vec<usize> = matches.iter().map(|pattern| readers.by_pattern[*pattern]).collect();
        of.sort_unstable();
        of.dedup();
        of
    };
    for (&link, &target) in &links {
        let readers = readers_of(link);
        if readers.is_empty() || selection.skips_entry(link) {
            continue;
        }
        let mut first = target;
        for _ in 0..MOST {
            let Some(next) = links.get(first) else { break };
            first = next;
        }
        let seen = readers_of(first);
        if readers.iter().all(|reader| seen.contains(reader)) {
            continue;
        }
        let names = wanted.entry(first.clone()).or_default();
        if names.len() < MOST {
            names.push(link.clone());
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::catalog;
    use yagura_fs::TarTree;

    fn tar(entries: &[(&str, &str, &[u8])]) -> TarTree {
        let mut bytes = Vec::new();
        for (name, link, content) in entries {
            let mut block = [0_u8; 512];
            block[..name.len()].copy_from_slice(name.as_bytes());
            block[100..107].copy_from_slice(b"0000755");
            block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
            block[156] = if link.is_empty() { b'0' } else { b'1' };
            block[157..157 + link.len()].copy_from_slice(link.as_bytes());
            block[257..263].copy_from_slice(b"ustar\0");
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
            block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
            bytes.extend(block);
            bytes.extend(*content);
            bytes.resize(bytes.len().next_multiple_of(512), 0);
        }
        bytes.resize(bytes.len() + 1024, 0);
        TarTree::new(move || Ok(Box::new(std::io::Cursor::new(bytes.clone()))))
    }

    #[test]
    fn links_out_of_a_tree_are_recognized() {
        for (link, target, expected) in [
            ("a", "b", false),
            ("a", "../b", true),
            ("d/a", "../b", false),
            ("d/a", "./../e/../../b", true),
            ("d/a", "../d/..", false),
            ("a", "/a", true),
            ("a", "", false),
        ] {
            assert_eq!(
                leads_out(&TreePath::from_text(link).unwrap(), target),
                expected,
                "{link} -> {target}"
            );
        }
    }

    #[test]
    fn later_names_of_a_file_are_read_where_the_first_says_nothing() {
        let status = b"Package: a\nVersion: 1\nStatus: install ok installed\n";
        let busybox = crate::binary::elf(".rodata", &[&b"BusyBox v1.36.1 (2024)\0"[..], &[0; 200]].concat());
        let tree = tar(&[
            ("bin/[", "", &busybox),
            ("bin/busybox", "bin/[", b""),
            ("bin/sh", "bin/[", b""),
            ("ostree/objects/ab.file", "", status),
            ("var/lib/dpkg/status", "ostree/objects/ab.file", b""),
            ("var/lib/opkg/status", "var/lib/dpkg/status", b""),
            ("loop", "loop", b""),
        ]);
        let catalog = catalog(&tree, &Selection::default(), &Limits::default()).unwrap();
        let told: Vec<String> = catalog
            .files
            .iter()
            .flat_map(|(path, found)| {
                found.packages.iter().map(move |p| format!("{path}: {} {}", p.name, p.version))
            })
            .collect();
        assert_eq!(
            told,
            ["bin/busybox: busybox 1.36.1", "var/lib/dpkg/status: a 1", "var/lib/opkg/status: a 1"]
        );
        assert!(catalog.unexplained.is_empty(), "{:?}", catalog.unexplained);
        let inventory = crate::analyze::analyze(&[catalog]);
        assert_eq!(inventory.packages.len(), 3);
    }
}
