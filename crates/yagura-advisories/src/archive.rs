//! Bounded unpacking of what feeds publish compressed: gzip, bzip2, zstd, zip.

use crate::feed::FeedError;
use std::borrow::Cow;
use std::io::{Cursor, Read};

/// No document expands to more than this; the largest published (an OVAL file) has about 700 MB.
const LARGEST_DOCUMENT: u64 = 2 << 30;
/// No record of an archive is larger than this; the largest published CSAF document has about 60 MB.
const LARGEST_MEMBER: u64 = 256 << 20;

/// The document's bytes, unpacked when its magic says that they are compressed.
///
/// # Errors
/// Damaged compression, or more than [`LARGEST_DOCUMENT`].
pub fn unpack<'a>(path: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, FeedError> {
    match decoder(path, bytes)? {
        Some(reader) => read_bounded(path, reader, LARGEST_DOCUMENT).map(Cow::Owned),
        None => Ok(Cow::Borrowed(bytes)),
    }
}

/// What unpacks these bytes; `None` when they are not compressed.
fn decoder<'a>(path: &str, bytes: &'a [u8]) -> Result<Option<Box<dyn Read + 'a>>, FeedError> {
    Ok(Some(if bytes.starts_with(&[0x1f, 0x8b]) {
        Box::new(flate2::read::MultiGzDecoder::new(bytes))
    } else if bytes.starts_with(b"BZh") {
        Box::new(bzip2::read::MultiBzDecoder::new(bytes))
    } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Box::new(zstd::stream::read::Decoder::new(bytes).map_err(|error| FeedError::malformed(path, error))?)
    } else {
        return Ok(None);
    }))
}

/// Takes the name and the bytes of a member, or why it could not be read.
pub type Visit<'a> = &'a mut dyn FnMut(&str, Result<&[u8], FeedError>);

/// Calls `visit` with the name and bytes of every member of a zip for which `wanted` holds, in archive order.
/// A member that cannot be read is passed to `visit` as an error, and the next one is tried.
///
/// # Errors
/// The zip's directory is unreadable.
pub fn each_member(
    path: &str,
    bytes: &[u8],
    wanted: impl Fn(&str) -> bool,
    visit: Visit<'_>,
) -> Result<(), FeedError> {
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| FeedError::malformed(path, error))?;
    // One buffer for all members: archives have tens of thousands.
    let mut buffer = Vec::new();
    for index in 0..archive.len() {
        let member = match archive.by_index(index) {
            Ok(member) => member,
            Err(error) => {
                visit(&format!("member {index}"), Err(FeedError::malformed(path, error)));
                continue;
            }
        };
        let Ok(name) = member.name().map(Cow::into_owned) else { continue };
        if !wanted(&name) {
            continue;
        }
        match read_into(&mut buffer, &name, member, LARGEST_MEMBER) {
            Ok(()) => visit(&name, Ok(&buffer)),
            Err(error) => visit(&name, Err(error)),
        }
    }
    Ok(())
}

/// The same for a tar, compressed or not.
///
/// # Errors
/// The archive ends early or is damaged; the members before were visited.
pub fn each_tar_member(
    path: &str,
    bytes: &[u8],
    wanted: impl Fn(&str) -> bool,
    visit: Visit<'_>,
) -> Result<(), FeedError> {
    let reader = decoder(path, bytes)?.unwrap_or_else(|| Box::new(bytes));
    let mut archive = tar::Archive::new(reader);
    let mut buffer = Vec::new();
    for member in archive.entries().map_err(|error| FeedError::malformed(path, error))? {
        let member = member.map_err(|error| FeedError::malformed(path, error))?;
        let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
        if wanted(&name) {
            read_into(&mut buffer, &name, member, LARGEST_MEMBER)?;
            visit(&name, Ok(&buffer));
        }
    }
    Ok(())
}

fn read_bounded(path: &str, reader: impl Read, limit: u64) -> Result<Vec<u8>, FeedError> {
    let mut bytes = Vec::new();
    read_into(&mut bytes, path, reader, limit)?;
    Ok(bytes)
}

/// Replaces what the buffer holds.
fn read_into(bytes: &mut Vec<u8>, path: &str, reader: impl Read, limit: u64) -> Result<(), FeedError> {
    bytes.clear();
    reader.take(limit + 1).read_to_end(bytes).map_err(|error| FeedError::malformed(path, error))?;
    if bytes.len() as u64 > limit {
        return Err(FeedError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(())
}
