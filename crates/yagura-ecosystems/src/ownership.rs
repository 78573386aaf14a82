//! Which package ships a file.
//!
//! A root file system lists tens of thousands of files, so paths are kept as 64-bit hashes. With a million
//! paths the chance of one wrong answer is below one in ten million.

use crate::Owned;
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use yagura_model::TreePath;

/// Package formats whose packages own files of other ecosystems.
const SYSTEM_FORMATS: &[&str] = &["apk", "dpkg", "pacman", "portage", "rpm"];

/// Directories that are links to their twins below `/usr` on merged systems, while package databases may
/// name either.
const MERGED: &[&str] = &["bin/", "lib/", "lib32/", "lib64/", "libx32/", "sbin/"];

/// Ownership is asked only for executables and for files that name language packages; catalogers leave the rest
/// of a package's files out, which keeps the list to a third.
pub fn could_hold_software(path: &[u8]) -> bool {
    const WITHOUT: [&[u8]; 6] =
        [b"share/doc/", b"share/man/", b"share/locale/", b"share/zoneinfo/", b"share/licenses/", b"include/"];
    let path = path.strip_prefix(b"/").unwrap_or(path);
    path.strip_prefix(b"usr/").is_none_or(|rest| !WITHOUT.iter().any(|directory| rest.starts_with(directory)))
}

/// All files of all packages of a tree.
#[derive(Debug, Default)]
pub struct Index {
    /// (format, package name), referred to by position.
    owners: Vec<(String, String)>,
    files: HashMap<u64, u32>,
    directories: HashMap<u64, u32>,
}

impl Index {
    /// Collects what packages say they ship.
    pub fn new<'a>(owned: impl Iterator<Item = &'a Owned>) -> Self {
        let mut index = Self::default();
        for Owned { name, ecosystem, files, directories } in owned {
            let owner = u32::try_from(index.owners.len()).unwrap_or(u32::MAX);
            index.owners.push((ecosystem.clone(), name.clone()));
            let system = SYSTEM_FORMATS.contains(&ecosystem.as_str());
            for path in files {
                index.insert_file(path.as_str(), owner, system);
            }
            for path in directories {
                index.directories.entry(hash(unmerged(path.as_str()))).or_insert(owner);
            }
        }
        index
    }

    /// An OS package's claim outweighs that of a language package.
    fn insert_file(&mut self, path: &str, owner: u32, system: bool) {
        let key = hash(unmerged(path));
        if system {
            self.files.insert(key, owner);
        } else {
            self.files.entry(key).or_insert(owner);
        }
    }

    /// The OS package that ships a file, as (format, name). For a member of an archive the archive decides.
    pub fn system_owner_of(&self, path: &TreePath) -> Option<(&str, &str)> {
        let owner = self.files.get(&hash(unmerged(outermost(path.as_str()))))?;
        let (format, name) = self.owners.get(usize::try_from(*owner).ok()?)?;
        SYSTEM_FORMATS.contains(&format.as_str()).then_some((format.as_str(), name.as_str()))
    }

    /// True when any package, of the system or of a language, ships the file.
    pub fn explains(&self, path: &TreePath) -> bool {
        let path = unmerged(outermost(path.as_str()));
        self.files.contains_key(&hash(path))
            || !self.directories.is_empty()
                && path.match_indices('/').any(|(end, _)| self.directories.contains_key(&hash(&path[..end])))
    }
}

fn outermost(path: &str) -> &str {
    path.split("!/").next().unwrap_or(path)
}

/// `usr/lib/x` and `lib/x` are one file on merged systems.
fn unmerged(path: &str) -> &str {
    match path.strip_prefix("usr/") {
        Some(rest) if MERGED.iter().any(|directory| rest.starts_with(directory)) => rest,
        _ => path,
    }
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::from_text(text).unwrap()
    }

    fn owned(ecosystem: &str, name: &str, files: &[&str], directories: &[&str]) -> Owned {
        Owned {
            name: name.to_owned(),
            ecosystem: ecosystem.to_owned(),
            files: files.iter().map(|text| path(text)).collect(),
            directories: directories.iter().map(|text| path(text)).collect(),
        }
    }

    #[test]
    fn r158_system_packages_own_files_under_either_name_of_a_merged_directory() {
        let owned = [
            owned("dpkg", "python3-six", &["lib/python3/dist-packages/six.py", "usr/share/java/a.jar"], &[]),
            owned("npm", "esbuild", &[], &["app/node_modules/esbuild"]),
            owned("PyPI", "numpy", &["usr/lib/python3/dist-packages/numpy/core.so"], &[]),
        ];
        let index = Index::new(owned.iter());
        let six = Some(("dpkg", "python3-six"));
        assert_eq!(index.system_owner_of(&path("usr/lib/python3/dist-packages/six.py")), six);
        assert_eq!(
            index.system_owner_of(&path("usr/share/java/a.jar!/b.jar")),
            Some(("dpkg", "python3-six"))
        );
        assert_eq!(index.system_owner_of(&path("usr/lib/python3/dist-packages/numpy/core.so")), None);
        assert!(index.explains(&path("usr/lib/python3/dist-packages/numpy/core.so")));
        assert!(index.explains(&path("app/node_modules/esbuild/bin/esbuild")));
        assert!(!index.explains(&path("app/node_modules/esbuild2/bin/esbuild")));
    }
}
