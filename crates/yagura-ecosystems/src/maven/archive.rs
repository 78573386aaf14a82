//! Java archives, and archives inside them (<https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html>).
//!
//! Each `pom.properties` names a package: the archive's own and those that were merged into it. Without any, the
//! manifest and the file name tell what the archive is. Class files are not opened, so classes that were copied
//! or relocated without their metadata are not recognized. An archive without class files has no code and needs
//! no explanation.

use super::identity::{Coordinates, identify};
use super::manifest::Manifest;
use super::{ID, file_name, pom};
use crate::{Cataloger, Found, Note};
use std::collections::BTreeMap;
use yagura_fs::zip::{Member, walk_members};
use yagura_fs::{File, Flow, ReadError};
use yagura_model::{Location, Package, TreePath, Unread, UnreadReason};

/// Most bytes of a document about an archive.
const MAX_METADATA: usize = 1 << 20;

/// More packages than this are not in one archive.
const MAX_POMS: usize = 10_000;

const ENDINGS: [&str; 14] = [
    ".jar", ".war", ".ear", ".par", ".sar", ".nar", ".hpi", ".jpi", ".kar", ".rar", ".jmod", ".lpkg", ".ejb",
    ".aar",
];

/// Reads all kinds.
pub(super) struct Archive;

impl Cataloger for Archive {
    fn id(&self) -> &'static str {
        "maven/archive"
    }

    fn files(&self) -> &'static [&'static str] {
        &[
            "*.jar", "*.war", "*.ear", "*.par", "*.sar", "*.nar", "*.hpi", "*.jpi", "*.kar", "*.lpkg",
            "*.ejb", "*.aar",
        ]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        read(file, 0, found)
    }
}

/// What the members of one archive told so far.
#[derive(Default)]
struct Seen {
    /// By the folder below `META-INF/maven`; `pom.properties` outweighs `pom.xml`.
    poms: BTreeMap<String, Coordinates>,
    manifest: Option<Manifest>,
    has_code: bool,
    /// What archives inside said, and errors of members.
    inner: Found,
}

/// Reads an archive that has `depth` archives around it.
fn read(file: &File<'_>, depth: usize, found: &mut Found) -> Result<(), ReadError> {
    let mut seen = Seen::default();
    let mut unread = Vec::new();
    let outcome = walk_members(file, depth, &mut unread, &mut |member| {
        if let Err(error) = visit(&member, depth, &mut seen) {
            seen.inner.unread.push(error.to_unread());
        }
        Flow::Continue
    });
    let inner_before = found.packages.len();
    conclude(file, &mut seen, found);
    let Seen { inner, has_code, .. } = seen;
    let unexplained = found.packages.len() == inner_before && inner.packages.is_empty();
    found.packages.extend(inner.packages);
    found.unread.extend(inner.unread);
    found.unread.extend(unread);
    if unexplained && outcome.is_ok() {
        // The outermost archive is reported by the walk over the tree when nothing explains it.
        if !has_code && depth == 0 {
            found.notes.push(Note::Explained);
        } else if has_code && depth > 0 {
            found.unread.push(Unread {
                path: file.path.clone(),
                reason: UnreadReason::UnknownArchive,
                detail: "neither pom.properties, manifest nor file name tell what it is".to_owned(),
            });
        }
    }
    outcome
}

fn visit(member: &Member<'_>, depth: usize, seen: &mut Seen) -> Result<(), ReadError> {
    let name = member.name.as_str();
    if name.ends_with(".class") || name.ends_with(".so") || name.ends_with(".dex") {
        seen.has_code = true;
        return Ok(());
    }
    if let Some(rest) = name.strip_prefix("META-INF/") {
        if rest.eq_ignore_ascii_case("MANIFEST.MF") {
            seen.manifest = Some(Manifest::parse(&member.file.head(MAX_METADATA)?));
            return Ok(());
        }
        if let Some((folder, leaf)) = rest.strip_prefix("maven/").and_then(|rest| rest.rsplit_once('/'))
            && seen.poms.len() < MAX_POMS
        {
            match leaf {
                "pom.properties" => {
                    if let Some(coordinates) = properties(&whole(member)?) {
                        seen.poms.insert(folder.to_owned(), coordinates);
                    }
                }
                "pom.xml" if !seen.poms.contains_key(folder) => {
                    if let Some(coordinates) = pom::own_coordinates(&whole(member)?) {
                        seen.poms.insert(folder.to_owned(), coordinates);
                    }
                }
                _ => {}
            }
            return Ok(());
        }
    }
    if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        // A stored size of nearly nothing is an empty placeholder.
        member.file.bytes()?;
        return read(&member.file, depth + 1, &mut seen.inner);
    }
    Ok(())
}

/// A document of which a part says nothing. A manifest's main section is at its start, whatever its size.
fn whole(member: &Member<'_>) -> Result<Vec<u8>, ReadError> {
    let bytes = member.file.head(MAX_METADATA + 1)?;
    if bytes.len() > MAX_METADATA {
        let path = member.file.path.clone();
        return Err(ReadError::TooLarge { path, limit: MAX_METADATA as u64, unit: "bytes" });
    }
    Ok(bytes)
}

/// `key=value` lines of a Java properties file, as Maven writes them.
fn properties(bytes: &[u8]) -> Option<Coordinates> {
    let text = String::from_utf8_lossy(bytes);
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.trim_start().strip_prefix(key)?.trim_start().strip_prefix(['=', ':']))
            .map(str::trim)
            .filter(|value| !value.is_empty() && !value.contains("${"))
            .map(str::to_owned)
    };
    Some(Coordinates {
        group: Some(value("groupId")?),
        artifact: value("artifactId")?,
        version: value("version")?,
    })
}

/// Turns what was seen into packages: the archive's own first.
fn conclude(file: &File<'_>, seen: &mut Seen, found: &mut Found) {
    let stem = stem(file.path);
    let named = file_name::split(stem).map(|(artifact, _)| artifact);
    let mut all: Vec<Coordinates> = std::mem::take(&mut seen.poms).into_values().collect();
    all.sort();
    all.dedup();
    let is_own = |coordinates: &Coordinates| {
        named == Some(coordinates.artifact.as_str()) || stem.starts_with(coordinates.artifact.as_str())
    };
    if let Some(own) = all.iter().position(is_own) {
        let own = all.remove(own);
        all.insert(0, own);
    } else if let Some(own) = identify(seen.manifest.as_ref(), stem)
        // With other packages inside, a bare file name is too little.
        && (all.is_empty() && (seen.has_code || own.group.is_some()) || own.group.is_some())
    {
        all.insert(0, own);
    }
    for coordinates in all {
        let location = Location::path(file.path.clone());
        found.packages.push(Package::new(ID, coordinates.name(), coordinates.version, location));
    }
}

/// The file name without its ending, also of a member.
fn stem(path: &TreePath) -> &str {
    let name = path.name();
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read as read_file, render};
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn jar(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    const LOG4J: &[u8] =
        b"#Created by Apache Maven\nversion=2.14.1\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\n";
    const GUAVA: &[u8] = b"version=31.0\r\ngroupId=com.google.guava\r\nartifactId=guava\r\n";
    const GUAVA_PATH: &str = "META-INF/maven/com.google.guava/guava/pom.properties";
    const LOG4J_PATH: &str = "META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties";

    #[test]
    fn merged_and_nested_archives_are_all_reported() {
        let shaded = jar(&[(GUAVA_PATH, GUAVA), (LOG4J_PATH, LOG4J), ("A.class", b"x")]);
        let bare = jar(&[("B.class", b"x")]);
        let unknown = jar(&[("C.class", b"x")]);
        let resources = jar(&[("c.txt", b"x")]);
        let pom = b"<project><parent><groupId>org.p</groupId><version>3</version></parent><artifactId>xmlonly</artifactId></project>";
        let xml = jar(&[("META-INF/maven/org.p/xmlonly/pom.xml", pom), ("D.class", b"x")]);
        let ear = jar(&[(
            "web.war",
            &jar(&[
                ("WEB-INF/lib/log4j-core-2.14.1.jar", &shaded),
                ("WEB-INF/lib/commons-io-2.4.jar", &bare),
                ("WEB-INF/lib/mystery.jar", &unknown),
                ("WEB-INF/lib/resources.jar", &resources),
                ("WEB-INF/lib/xmlonly.jar", &xml),
                ("WEB-INF/lib/broken-1.0.jar", b"not a zip"),
            ]),
        )]);
        insta::assert_snapshot!(render(&read_file(&Archive, "a.ear", &ear)));
    }

    #[test]
    fn archives_in_archives_end_at_the_limit() {
        let mut inner = jar(&[(GUAVA_PATH, GUAVA)]);
        for _ in 0..100 {
            inner = jar(&[("a.jar", &inner)]);
        }
        let found = read_file(&Archive, "a.jar", &inner);
        assert!(found.packages.is_empty());
        assert_eq!(found.unread.iter().filter(|entry| entry.reason == UnreadReason::TooDeep).count(), 1);
    }

    #[test]
    fn truncated_and_corrupt_archives_do_not_panic() {
        let whole =
            jar(&[("lib/x-1.jar", &jar(&[(GUAVA_PATH, GUAVA)])), (LOG4J_PATH, LOG4J), ("A.class", b"x")]);
        for end in 0..whole.len() {
            read_file(&Archive, "a.jar", &whole[..end]);
            let mut corrupt = whole.clone();
            corrupt[end] ^= 0xff;
            read_file(&Archive, "a.jar", &corrupt);
        }
    }

    #[test]
    fn metadata_that_expands_without_end_is_cut() {
        let bomb = vec![b' '; 64 << 20];
        let archive = jar(&[("META-INF/MANIFEST.MF", &bomb), (GUAVA_PATH, GUAVA), ("A.class", b"x")]);
        assert_eq!(read_file(&Archive, "a.jar", &archive).packages.len(), 1);
    }
}
