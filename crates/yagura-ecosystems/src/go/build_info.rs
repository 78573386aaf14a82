//! What the Go linker writes into executables: the toolchain's version, the main module, all dependencies and
//! build settings (<https://pkg.go.dev/debug/buildinfo>).
//!
//! Since Go 1.18 the texts follow the header; older toolchains store addresses of strings. The main module of a
//! local build has the version `(devel)`; then a version that the linker was told to set, and the commit, tell more.
//! With `-trimpath` Go leaves out the linker's flags.

use super::{ID, STDLIB, toolchain_version};
use crate::binary::image::{Image, Order, Section, read as read_range};
use crate::{Found, Note};
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package, Relation};

const MAGIC: &[u8] = b"\xff Go buildinf:";

/// The header stands on a multiple of this.
const ALIGNMENT: usize = 16;

const HEADER: usize = 32;

/// How far into a data section the header is looked for, when it has no section of its own.
const SEARCHED: u64 = 1 << 20;

/// The list of modules of the largest programs is a few hundred kilobytes.
const MAX_TEXT: u64 = 16 << 20;

/// Reads the build information of an executable, if it has any.
pub(crate) fn read(image: &Image, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
    let Some((toolchain, modules)) = texts(image, file)? else { return Ok(()) };
    let before = found.packages.len();
    parse(&modules, file, found);
    if let Some(version) = toolchain_version(&toolchain) {
        let location = Location::path(file.path.clone());
        let mut package = Package::new(ID, STDLIB, version, location);
        package.relation = Relation::Direct;
        found.packages.push(package);
    }
    if found.packages.len() == before {
        found.notes.push(Note::Explained);
    }
    Ok(())
}

/// The two texts: toolchain and modules.
fn texts(image: &Image, file: &File<'_>) -> Result<Option<(String, String)>, ReadError> {
    for section in candidates(image) {
        let limit = section.size.min(SEARCHED);
        let window = Image::read(file, section, limit)?;
        let found = window.chunks(ALIGNMENT).position(|chunk| chunk.starts_with(MAGIC));
        let Some(at) = found.map(|chunk| chunk * ALIGNMENT) else { continue };
        let Some(header) = window.get(at..at + HEADER) else { continue };
        let (pointer, flags) = (header.get(14).copied().unwrap_or(0), header.get(15).copied().unwrap_or(0));
        if flags & 2 != 0 {
            let start = section.offset.saturating_add((at + HEADER) as u64);
            let Some((toolchain, next)) = inline(file, start)? else { return truncated(file) };
            let Some((modules, _)) = inline(file, next)? else { return truncated(file) };
            return Ok(Some((lossy(&toolchain), unframed(&modules))));
        }
        let order = if flags & 1 != 0 { Order::Big } else { Order::Little };
        let width = usize::from(pointer);
        if !matches!(width, 4 | 8) {
            return truncated(file);
        }
        let text = |at: usize| match order.number(header, at, width) {
            Some(address) => pointed(image, file, address, order, width),
            None => Ok(None),
        };
        let Some(toolchain) = text(16)? else { return truncated(file) };
        // Programs that were built outside of modules have none.
        let modules = text(16 + width)?.unwrap_or_default();
        return Ok(Some((lossy(&toolchain), unframed(&modules))));
    }
    Ok(None)
}

fn truncated<T>(file: &File<'_>) -> Result<T, ReadError> {
    Err(ReadError::truncated(file.path, "its Go build information points outside of the file"))
}

/// Sections that may hold the header: its own, and without one the data of PE files, of Mach-O files that were
/// made by old linkers, and of files without section names.
fn candidates(image: &Image) -> impl Iterator<Item = &Section> {
    let own = image.section(".go.buildinfo").or_else(|| image.section("__go_buildinfo"));
    let others = image.sections.iter().filter(move |section| {
        own.is_none() && section.writable && matches!(section.name.as_str(), "" | ".data" | "__data")
    });
    own.into_iter().chain(others)
}

/// A text with its length before it, and where the next one begins.
fn inline(file: &File<'_>, offset: u64) -> Result<Option<(Vec<u8>, u64)>, ReadError> {
    let head = read_range(file, offset, 10)?;
    let mut length: u64 = 0;
    for (index, byte) in head.iter().enumerate() {
        length |= u64::from(byte & 0x7f).checked_shl(7 * index as u32).unwrap_or(0);
        if byte & 0x80 == 0 {
            let start = offset.saturating_add(index as u64 + 1);
            return Ok(whole(read_range(file, start, capped(length))?, length)
                .map(|text| (text, start.saturating_add(length))));
        }
    }
    Ok(None)
}

/// The text of a Go string: an address of an address and a length.
fn pointed(
    image: &Image,
    file: &File<'_>,
    address: u64,
    order: Order,
    width: usize,
) -> Result<Option<Vec<u8>>, ReadError> {
    let Some(header) = image.read_address(file, address, 2 * width)? else { return Ok(None) };
    let (Some(data), Some(length)) = (order.number(&header, 0, width), order.number(&header, width, width))
    else {
        return Ok(None);
    };
    if length == 0 {
        return Ok(Some(Vec::new()));
    }
    let text = image.read_address(file, data, capped(length))?;
    Ok(text.and_then(|text| whole(text, length)))
}

fn capped(length: u64) -> usize {
    usize::try_from(length.min(MAX_TEXT)).unwrap_or(0)
}

fn whole(text: Vec<u8>, length: u64) -> Option<Vec<u8>> {
    (text.len() as u64 == length).then_some(text)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The module list stands between two marks of 16 bytes; anything else is none.
fn unframed(bytes: &[u8]) -> String {
    const MARK: usize = 16;
    let end = bytes.len().saturating_sub(MARK);
    match bytes.get(MARK..end) {
        Some(inner) if inner.ends_with(b"\n") => lossy(inner),
        _ => String::new(),
    }
}

/// The version of the program that `-ldflags "-X main.version=1.2.3"` sets, with the `v` that modules have. Only
/// variables of the main module count, whose names end in `version` or `tag`: others set the versions of other
/// things.
fn linked_version(flags: &str, module: &str) -> Option<String> {
    // The setting is quoted as in Go where it holds spaces, and its own texts may be quoted inside.
    let flags = flags.replace("\\\"", "\"");
    let mut best: Option<(usize, String)> = None;
    let mut words =
        flags.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let Some(assignment) = word.strip_prefix("-X") else { continue };
        let assignment = match assignment.trim_start_matches('=') {
            "" => words.next().unwrap_or_default(),
            assignment => assignment,
        };
        let Some((variable, value)) = assignment.split_once('=') else { continue };
        let Some((package, name)) = variable.rsplit_once('.') else { continue };
        let name = name.to_ascii_lowercase();
        let rank = match package {
            "main" => 0,
            package
                if package
                    .strip_prefix(module)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) =>
            {
                1
            }
            _ => continue,
        };
        let rank = 2 * rank + usize::from(name != "version");
        let is_version = name.ends_with("version") || name.ends_with("tag");
        let foreign = name.starts_with("go") || name.contains("api") || name.contains("schema");
        if is_version
            && !foreign
            && let Some(version) = release(value)
            && best.as_ref().is_none_or(|(known, _)| rank < *known)
        {
            best = Some((rank, version));
        }
    }
    best.map(|(_, version)| version)
}

/// `v1.2.3` of `v1.2.3`, `1.2.3-rc1`; `None` for texts that are no release.
fn release(value: &str) -> Option<String> {
    let bare = value.strip_prefix('v').unwrap_or(value);
    let core = bare.split(['-', '+']).next().unwrap_or_default();
    let numbers =
        core.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let fine =
        bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'_'));
    (numbers && fine && core.split('.').count() == 3 && bare.len() <= 64).then(|| format!("v{bare}"))
}

/// Lines of tab-separated fields; a line `=>` replaces the module of the line before.
fn parse(modules: &str, file: &File<'_>, found: &mut Found) {
    let first = found.packages.len();
    let mut main = None;
    let mut commit = None;
    let mut flags = None;
    let mut last = None;
    for line in modules.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match *fields.as_slice() {
            [kind @ ("mod" | "dep"), name, version, ..] => {
                let mut package = Package::new(ID, name, version, Location::path(file.path.clone()));
                if kind == "mod" {
                    main = Some(found.packages.len());
                } else {
                    package.relation = Relation::Unknown;
                }
                last = Some(found.packages.len());
                found.packages.push(package);
            }
            ["=>", name, version, ..] => {
                if let Some(package) = last.and_then(|last| found.packages.get_mut(last)) {
                    package.name = name.to_owned();
                    package.version = version.to_owned();
                }
            }
            ["build", setting] => {
                commit = commit.or(setting.strip_prefix("vcs.revision="));
                flags = flags.or(setting.strip_prefix("-ldflags="));
            }
            _ => {}
        }
    }
    if let Some(main) = main.and_then(|main| found.packages.get_mut(main)) {
        main.commit = commit.map(str::to_owned);
        // A pseudo version tells less than the version that the build was given.
        if (main.version == "(devel)" || main.version.starts_with("v0.0.0-"))
            && let Some(version) = flags.and_then(|flags| linked_version(flags, &main.name))
        {
            main.version = version;
        }
    }
    // A directory that stands for a module has no version; its code is unknown to every advisory.
    let mut index = 0;
    found.packages.retain(|package| {
        index += 1;
        index <= first || package.version == "(devel)" || package.version.starts_with('v')
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_the_linker_sets() {
        for (flags, expected) in [
            ("\"-s -w -X main.version=1.2.3 -X main.commit=abc\"", Some("v1.2.3")),
            ("-X=main.Version=v2.0.0-rc.1", Some("v2.0.0-rc.1")),
            ("\"-X 'example.org/app/internal/build.Version=3.4.5'\"", Some("v3.4.5")),
            ("\"-X example.org/app/v.GitTag=v1.0.0 -X main.buildVersion=v1.0.1\"", Some("v1.0.1")),
            ("-X main.goVersion=1.22.1", None),
            ("-X github.com/other/thing.Version=1.2.3", None),
            ("-X example.org/application.Version=1.2.3", None),
            ("-X main.version=dev", None),
            ("-X", None),
            ("-s -w", None),
        ] {
            assert_eq!(linked_version(flags, "example.org/app").as_deref(), expected, "{flags}");
        }
    }
}
