//! One package's header: a table of tags over a block of data.
//! <https://rpm-software-management.github.io/rpm/manual/format_header.html>
//!
//! Signatures, scripts, dependencies and change logs are left out.

use super::database::Numbers;
use crate::ownership::could_hold_software;
use crate::{Found, Note, Owned};
use yagura_model::{Location, Package, SourcePackage, TreePath};

const BIG: Numbers = Numbers { big: true };
const ENTRY: usize = 16;
/// What precedes a header in a package file; databases leave it out.
const FILE_MAGIC: &[u8] = &[0x8e, 0xad, 0xe8, 0x01];

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const VENDOR: u32 = 1011;
const LICENSE: u32 = 1014;
const ARCH: u32 = 1022;
const SOURCE_RPM: u32 = 1044;
const DIR_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIR_NAMES: u32 = 1118;
const MODULARITY_LABEL: u32 = 5096;

/// Why a header is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Shorter than its own counts.
    #[error("a package header is shorter than it says")]
    Short,
    /// Without the fields that every package has.
    #[error("a package header has no name, version or release")]
    Nameless,
    /// A few bytes that stand for very many paths.
    #[error("the file list of `{0}` grows out of proportion")]
    Files(String),
}

/// Pushes the package that a header describes, and the files it ships.
pub fn read(blob: &[u8], path: &TreePath, found: &mut Found) -> Result<(), Fault> {
    let header = Header::new(blob).ok_or(Fault::Short)?;
    let (Some(name), Some(version), Some(release)) =
        (header.text(NAME), header.text(VERSION), header.text(RELEASE))
    else {
        return Err(Fault::Nameless);
    };
    // Trusted signing keys are kept in the same table.
    if name == "gpg-pubkey" {
        return Ok(());
    }
    let epoch = header.number(EPOCH).filter(|epoch| *epoch > 0);
    let with_epoch = |version: &str| match epoch {
        Some(epoch) => format!("{epoch}:{version}"),
        None => version.to_owned(),
    };
    let version = with_epoch(&format!("{version}-{release}"));
    let mut package = Package::new("rpm", name.clone(), version.clone(), Location::path(path.clone()));
    package.arch = header.text(ARCH);
    package.vendor = header.text(VENDOR);
    package.module = header.text(MODULARITY_LABEL);
    package.licenses = header.text(LICENSE).into_iter().collect();
    let source = header.text(SOURCE_RPM);
    package.source = Some(match source.as_deref().and_then(source_of) {
        Some((source, version)) => SourcePackage { name: source.to_owned(), version: with_epoch(version) },
        None => SourcePackage { name: name.clone(), version },
    });
    found.packages.push(package);

    let files = header.files().map_err(|TooMany| Fault::Files(name.chars().take(80).collect()))?;
    if !files.is_empty() {
        let owned = Owned { name, ecosystem: "rpm".to_owned(), files, directories: Vec::new() };
        found.notes.push(Note::Owned(owned));
    }
    Ok(())
}

/// Name and version of `openssl-3.0.7-24.el9.src.rpm`.
pub fn source_of(file: &str) -> Option<(&str, &str)> {
    let stem = file.strip_suffix(".rpm")?;
    let stem = stem.strip_suffix(".src").or_else(|| stem.strip_suffix(".nosrc"))?;
    let (rest, _) = stem.rsplit_once('-')?;
    let (name, _) = rest.rsplit_once('-')?;
    Some((name, stem.get(name.len() + 1..)?))
}

struct TooMany;

/// The two parts of a header. Of a tag that appears twice the first one counts.
struct Header<'a> {
    entries: &'a [u8],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    fn new(blob: &'a [u8]) -> Option<Self> {
        let blob = if blob.starts_with(FILE_MAGIC) { blob.get(8..)? } else { blob };
        let entries = usize::try_from(BIG.u32(blob, 0)?).ok()?.checked_mul(ENTRY)?;
        let data = usize::try_from(BIG.u32(blob, 4)?).ok()?;
        let rest = blob.get(8..)?;
        let (entries, rest) = rest.split_at_checked(entries)?;
        Some(Self { entries, data: rest.get(..data)? })
    }

    /// The data of a tag from its beginning to the end of the block, and how many values it has.
    fn find(&self, tag: u32) -> Option<(&'a [u8], usize)> {
        let entry = self.entries.chunks_exact(ENTRY).find(|entry| BIG.u32(entry, 0) == Some(tag))?;
        let offset = usize::try_from(BIG.u32(entry, 8)?).ok()?;
        Some((self.data.get(offset..)?, usize::try_from(BIG.u32(entry, 12)?).ok()?))
    }

    /// A text; `None` also for an empty one and for rpm's `(none)`.
    fn text(&self, tag: u32) -> Option<String> {
        let (data, _) = self.find(tag)?;
        let text = data.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        Some(text.into_owned()).filter(|text| !text.is_empty() && text != "(none)")
    }

    fn number(&self, tag: u32) -> Option<u32> {
        let (data, _) = self.find(tag)?;
        BIG.u32(data, 0)
    }

    fn texts(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> {
        let (data, count) = self.find(tag).unwrap_or_default();
        data.split(|byte| *byte == 0).take(count)
    }

    /// Every file is a name and the number of its directory.
    fn files(&self) -> Result<Vec<TreePath>, TooMany> {
        let directories: Vec<&[u8]> = self.texts(DIR_NAMES).collect();
        let (indexes, _) = self.find(DIR_INDEXES).unwrap_or_default();
        // Paths share directories, so the list is larger than its header, but not by much.
        let mut left = self.data.len().saturating_mul(16);
        let mut files = Vec::new();
        let mut path = Vec::new();
        for (index, name) in self.texts(BASE_NAMES).enumerate() {
            let directory = BIG.u32(indexes, index * 4).and_then(|number| usize::try_from(number).ok());
            let Some(directory) = directory.and_then(|number| directories.get(number)) else { break };
            left = left.checked_sub(directory.len() + name.len()).ok_or(TooMany)?;
            path.clear();
            path.extend_from_slice(directory);
            path.extend_from_slice(name);
            if could_hold_software(&path) {
                files.extend(TreePath::new(&path));
            }
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_packages_lose_their_suffix() {
        for (file, expected) in [
            ("openssl-3.0.7-24.el9.src.rpm", Some(("openssl", "3.0.7-24.el9"))),
            ("gcc-toolset-12-gcc-12.2.1-7.el8.nosrc.rpm", Some(("gcc-toolset-12-gcc", "12.2.1-7.el8"))),
            ("odd.src.rpm", None),
            ("openssl-1-1.x86_64.rpm", None),
        ] {
            assert_eq!(source_of(file), expected, "{file}");
        }
    }

    #[test]
    fn a_short_list_of_long_directories_stops() {
        // One directory of 4,000 bytes, named by every one of 4,000 files with empty names.
        let mut data = b"n\0v\0r\0/".to_vec();
        data.resize(4_000, b'd');
        data.push(0);
        let names = data.len();
        data.resize(names + 4_000, 0);
        let indexes = data.len();
        data.resize(indexes + 16_000, 0);
        let tags = [
            (NAME, 0, 1),
            (VERSION, 2, 1),
            (RELEASE, 4, 1),
            (DIR_NAMES, 6, 1),
            (BASE_NAMES, names, 4_000),
            (DIR_INDEXES, indexes, 4_000),
        ];
        let mut blob = Vec::new();
        let mut push = |number: usize| blob.extend_from_slice(&u32::try_from(number).unwrap().to_be_bytes());
        push(tags.len());
        push(data.len());
        for (tag, offset, count) in tags {
            [usize::try_from(tag).unwrap(), 0, offset, count].into_iter().for_each(&mut push);
        }
        blob.extend_from_slice(&data);
        let mut found = Found::default();
        let outcome = read(&blob, &TreePath::default(), &mut found);
        assert_eq!(outcome, Err(Fault::Files("n".to_owned())));
        assert_eq!(found.packages.len(), 1);
    }
}
