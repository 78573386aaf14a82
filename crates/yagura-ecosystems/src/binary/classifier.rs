//! Finds the version of well-known programs in the constant data of their executables.
//!
//! The file's name decides which program it may be, so that no other file is searched. A program that the
//! operating system's packages ship is found as well; its owner then says so.

use super::ID;
use super::image::{Image, read as read_range};
use super::software::{Anchor, SOFTWARE, Software};
use crate::{Cataloger, Found};
use std::sync::LazyLock;
use yagura_fs::{File, ReadError};
use yagura_model::{Location, Package};

/// Bytes that are looked at in one go.
const STEP: usize = 1 << 20;

/// Longest version, and how much two steps overlap, so that nothing is cut at a border.
const OVERLAP: usize = 128;

/// Bytes of one file that are searched.
const SEARCHED: u64 = 256 << 20;

/// Reads programs and libraries of known names.
pub(super) struct Classifier;

impl Cataloger for Classifier {
    fn id(&self) -> &'static str {
        "binary/classifier"
    }

    fn files(&self) -> &'static [&'static str] {
        static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
            let mut names: Vec<_> = SOFTWARE.iter().flat_map(|software| software.files).copied().collect();
            names.extend(["OTP_VERSION"]);
            names.sort_unstable();
            names.dedup();
            names
        });
        NAMES.as_slice()
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let name = file.path.name();
        if name == "OTP_VERSION" {
            return erlang(file, found);
        }
        let image = Image::parse(file)?;
        if image.sections.is_empty() {
            return Ok(());
        }
        for software in
            SOFTWARE.iter().filter(|software| software.files.iter().any(|glob| matches(glob, name)))
        {
            if let Some(version) = version(software, &image, file)? {
                found.packages.push(Package::new(
                    ID,
                    software.name,
                    version,
                    Location::path(file.path.clone()),
                ));
                break;
            }
        }
        Ok(())
    }
}

/// `releases/25/OTP_VERSION` holds nothing but the version.
fn erlang(file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
    let head = file.head(64)?;
    let text = String::from_utf8_lossy(&head);
    let version = text.trim();
    if file.size() < 64 && is_version(version.as_bytes()) {
        found.packages.push(Package::new(ID, "erlang", version, Location::path(file.path.clone())));
    }
    Ok(())
}

/// A glob with at most one `*`.
fn matches(glob: &str, name: &str) -> bool {
    match glob.split_once('*') {
        None => glob == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

/// The version at the first anchor that has one.
fn version(software: &Software, image: &Image, file: &File<'_>) -> Result<Option<String>, ReadError> {
    // Texts in variables come last.
    const PLACES: [&str; 5] = [".rodata", ".rdata", "__cstring", "__const", ".data"];
    let mut ranges: Vec<(u64, u64)> = PLACES
        .iter()
        .flat_map(|name| image.sections.iter().filter(move |section| section.name == **name))
        .map(|section| (section.offset, section.size))
        .collect();
    if ranges.is_empty() {
        ranges.push((0, file.size()));
    }
    let named = number_in(file.path.name());
    let mut best: Option<(usize, String)> = None;
    let mut budget = SEARCHED;
    for (offset, size) in ranges {
        let size = size.min(file.size().saturating_sub(offset)).min(budget);
        budget -= size;
        let mut done = 0;
        while done < size {
            let count = usize::try_from(size - done).unwrap_or(STEP).min(STEP + OVERLAP);
            let window = read_range(file, offset.saturating_add(done), count)?;
            for (rank, anchor) in software.anchors.iter().enumerate() {
                if best.as_ref().is_some_and(|(known, _)| *known <= rank) {
                    break;
                }
                if let Some(version) = search(&window, *anchor, &named) {
                    best = Some((rank, version));
                }
            }
            if matches!(best, Some((0, _))) || file.limits.is_cancelled() {
                return Ok(best.map(|(_, version)| version));
            }
            done += STEP as u64;
        }
    }
    Ok(best.map(|(_, version)| version))
}

/// The number in a file name: `3.11` of `libpython3.11.so.1.0`.
fn number_in(name: &str) -> String {
    let rest = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut parts = rest.split('.');
    let major = parts.next().unwrap_or_default();
    let minor: String = parts.next().unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
    format!("{major}.{minor}")
}

fn search(window: &[u8], anchor: Anchor, named: &str) -> Option<String> {
    match anchor {
        Anchor::After(text) => places(window, text).find_map(|at| after(window, at + text.len())),
        Anchor::Dotted(text, dots) => places(window, text).find_map(|at| {
            after(window, at + text.len()).filter(|version| version.matches('.').count() >= dots)
        }),
        Anchor::With(text, inside) => places(window, text).find_map(|at| {
            after(window, at + text.len())
                .filter(|version| version.as_bytes().windows(inside.len()).any(|part| part == inside))
        }),
        Anchor::Between(text, behind) => places(window, text).find_map(|at| {
            let rest = window.get(at + text.len()..)?;
            let line = rest.iter().take(OVERLAP).position(u8::is_ascii_control).unwrap_or(OVERLAP);
            let line = rest.get(..line.min(rest.len()))?;
            let end = line.iter().position(|&byte| byte != b'.' && !byte.is_ascii_digit())?;
            let (version, line) = line.split_at(end);
            line.windows(behind.len()).any(|part| part == behind).then(|| accept(version))?
        }),
        Anchor::Before(text) => places(window, text).find_map(|at| {
            let before = window.get(at.saturating_sub(OVERLAP)..at)?;
            let length =
                before.iter().rev().take_while(|&&byte| byte == b'.' || byte.is_ascii_digit()).count();
            accept(before.get(before.len() - length..)?)
        }),
        Anchor::Named => places(window, format!("\0{named}.").as_bytes()).find_map(|at| {
            let rest = window.get(at + 1..)?;
            let end = rest.iter().take(OVERLAP).position(|&byte| byte == 0)?;
            accept(rest.get(..end)?)
        }),
    }
}

fn after(window: &[u8], at: usize) -> Option<String> {
    let rest = window.get(at..)?;
    let end = rest.iter().take(OVERLAP).position(|&byte| !is_version_byte(byte))?;
    accept(rest.get(..end)?)
}

/// Where `text` stands. Linear for the short texts here: they rarely repeat their first byte.
fn places<'w>(window: &'w [u8], text: &'w [u8]) -> impl Iterator<Item = usize> + 'w {
    let first = text.first().copied().unwrap_or(0);
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let step = window.get(at..)?.iter().position(|&byte| byte == first)?;
            let place = at + step;
            at = place + 1;
            if window.get(place..)?.starts_with(text) {
                return Some(place);
            }
        }
    })
}

fn accept(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().rposition(u8::is_ascii_alphanumeric)? + 1;
    let bytes = bytes.get(..end)?;
    is_version(bytes).then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// A digit first, at least one dot, and nothing longer than versions are.
fn is_version(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_digit)
        && bytes.len() <= 32
        && bytes.windows(2).any(|pair| matches!(pair, [b'0'..=b'9', b'.']))
        && bytes.iter().all(|&byte| is_version_byte(byte))
}

fn is_version_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'~')
}
