//! An archive without a directory, read header by header from the front: what is left of a truncated one.

use super::directory::{Header, Show, read, u16_at, u32_at, wide_fields};
use super::member::LOCAL;
use crate::complaints::Complaints;
use crate::{File, Flow, ReadError};
use flate2::{Decompress, FlushDecompress, Status};

/// Shows the members before the point where the archive breaks off, then says so.
pub fn walk(
    archive: &File<'_>,
    complaints: &mut Complaints<'_>,
    show: &mut Show<'_>,
) -> Result<(), ReadError> {
    let mut position = 0;
    while let Some((header, next)) = member(archive, position)? {
        if header.compressed > archive.size().saturating_sub(position) {
            break;
        }
        if show(&header, complaints)? == Flow::Stop {
            return Ok(());
        }
        position = next;
    }
    if position == 0 {
        return Err(ReadError::malformed(archive.path, "not a zip archive"));
    }
    Err(ReadError::truncated(archive.path, format!("no directory, and no member after byte {position}")))
}

/// The member at a position, and where the next one begins.
fn member(archive: &File<'_>, position: u64) -> Result<Option<(Header, u64)>, ReadError> {
    let local = read(archive, position, 30)?;
    if !local.starts_with(LOCAL) || local.len() < 30 {
        return Ok(None);
    }
    let number = |at| u16_at(&local, at).unwrap_or_default();
    let flags = number(6);
    let (name, extra) = (usize::from(number(26)), usize::from(number(28)));
    let names = read(archive, position + 30, name + extra)?;
    let Some((name, extra)) = names.split_at_checked(name) else { return Ok(None) };
    let mut header = Header {
        name: name.to_vec(),
        offset: position,
        compressed: u64::from(u32_at(&local, 18).unwrap_or_default()),
        size: u64::from(u32_at(&local, 22).unwrap_or_default()),
        crc32: u32_at(&local, 14).unwrap_or_default(),
        method: number(8),
        encrypted: flags & 1 != 0,
        mode: None,
    };
    let mut wide = wide_fields(extra);
    for field in [&mut header.size, &mut header.compressed] {
        if *field == u64::from(u32::MAX) {
            *field = wide.next().unwrap_or(*field);
        }
    }
    let data = position + 30 + names.len() as u64;
    // Bit 3: sizes follow the data. Only a decompressor knows where that is.
    if flags & 8 == 0 {
        let next = data.saturating_add(header.compressed);
        return Ok(Some((header, next)));
    }
    if header.method != 8 || header.encrypted {
        return Ok(None);
    }
    let Some((compressed, size)) = measure(archive, data)? else { return Ok(None) };
    let descriptor = read(archive, data + compressed, 24)?;
    let skip = if descriptor.starts_with(b"PK\x07\x08") { 4 } else { 0 };
    header.crc32 = u32_at(&descriptor, skip).unwrap_or_default();
    header.compressed = compressed;
    header.size = size;
    // Sizes have 4 bytes, or 8 in Zip64.
    let narrow = u32_at(&descriptor, skip + 8).map(u64::from) == Some(size & u64::from(u32::MAX));
    let length = skip as u64 + if narrow { 12 } else { 20 };
    Ok(Some((header, data + compressed + length)))
}

/// Inflates without keeping: how many bytes went in and came out. `None` when the data breaks off.
fn measure(archive: &File<'_>, start: u64) -> Result<Option<(u64, u64)>, ReadError> {
    let budget = archive.budget();
    let mut inflate = Decompress::new(false);
    let mut output = vec![0; 64 * 1024];
    loop {
        let input = read(archive, start + inflate.total_in(), 32 * 1024)?;
        let before = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(&input, &mut output, FlushDecompress::None);
        let after = (inflate.total_in(), inflate.total_out());
        budget.spend(after.1 - before.1).map_err(|limit| ReadError::TooLarge {
            path: archive.path.clone(),
            limit,
            unit: "bytes",
        })?;
        match status {
            Ok(Status::StreamEnd) => return Ok(Some(after)),
            Ok(_) if after != before => {}
            _ => return Ok(None),
        }
    }
}
