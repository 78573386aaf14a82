//! The bytes of one member.

use super::directory::{Header, read, u16_at};
use crate::budget::Budget;
use crate::stream::Stream;
use crate::{Content, File, Metadata, ReadError};
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use std::cell::OnceCell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;
use yagura_model::TreePath;

/// The first bytes of a member's local header.
pub const LOCAL: &[u8; 4] = b"PK\x03\x04";

/// A member as a file at `path`. Nothing of it is read yet.
pub fn file<'a>(archive: &'a File<'a>, header: &'a Header, path: &'a TreePath) -> File<'a> {
    let content = MemberContent { archive, header, path, stream: OnceCell::new() };
    File::lazy(path, archive.limits, Box::new(content))
}

struct MemberContent<'a> {
    archive: &'a File<'a>,
    header: &'a Header,
    path: &'a TreePath,
    stream: OnceCell<Stream<'a, Checked<'a>>>,
}

impl<'a> MemberContent<'a> {
    fn stream(&self) -> io::Result<&Stream<'a, Checked<'a>>> {
        if let Some(stream) = self.stream.get() {
            return Ok(stream);
        }
        let reader = self.open().map_err(ReadError::into_io)?;
        let stream = Stream::new(self.path, self.archive.limits.file_bytes, reader);
        Ok(self.stream.get_or_init(|| stream))
    }

    fn open(&self) -> Result<Checked<'a>, ReadError> {
        let header = self.header;
        if header.encrypted {
            return Err(ReadError::Encrypted { path: self.path.clone() });
        }
        // Name and extra field of the local header may have other lengths than those in the directory.
        let local = read(self.archive, header.offset, 30)?;
        if !local.starts_with(LOCAL) || local.len() < 30 {
            return Err(ReadError::malformed(self.path, "its header is not where the directory says"));
        }
        let lengths = [26, 28].map(|at| u64::from(u16_at(&local, at).unwrap_or_default()));
        let start = header.offset.saturating_add(30 + lengths[0] + lengths[1]);
        let section = Section { archive: self.archive, position: start, left: header.compressed };
        Ok(Checked {
            reader: decoder(header.method, section).ok_or_else(|| ReadError::Unsupported {
                path: self.path.clone(),
                detail: format!("zip compression method {}", header.method),
            })??,
            path: self.path,
            header,
            budget: self.archive.budget(),
            crc: Crc::new(),
            count: 0,
        })
    }
}

impl Content for MemberContent<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream()?.read_at(offset, buffer)
    }

    fn metadata(&self) -> io::Result<Metadata> {
        Ok(Metadata { size: self.header.size, executable: self.header.is_executable() })
    }

    fn take(&self, limit: u64) -> Option<io::Result<Vec<u8>>> {
        match self.stream() {
            Ok(stream) => stream.take(limit),
            Err(error) => Some(Err(error)),
        }
    }
}

type Decoder<'a> = Box<dyn Read + 'a>;

/// The decompressor of a method; `None` when there is none.
fn decoder<'a>(method: u16, section: Section<'a>) -> Option<Result<Decoder<'a>, ReadError>> {
    let path = section.archive.path;
    let size = usize::try_from(section.left).unwrap_or(usize::MAX).clamp(64, 32 * 1024);
    let buffered: Box<dyn BufRead + 'a> = match section.in_memory() {
        Some(bytes) => Box::new(bytes),
        None => Box::new(BufReader::with_capacity(size, section)),
    };
    Some(Ok(match method {
        0 => Box::new(buffered),
        8 => Box::new(DeflateDecoder::new(buffered)),
        12 => Box::new(bzip2::bufread::BzDecoder::new(buffered)),
        93 => match zstd::Decoder::with_buffer(buffered) {
            Ok(decoder) => Box::new(decoder),
            Err(source) => return Some(Err(ReadError::from_io(path, source))),
        },
        95 => Box::new(liblzma::bufread::XzDecoder::new(buffered)),
        _ => return None,
    }))
}

/// A part of the archive, forward.
struct Section<'a> {
    archive: &'a File<'a>,
    position: u64,
    left: u64,
}

impl<'a> Section<'a> {
    /// The whole part, when the archive is in memory and long enough.
    fn in_memory(&self) -> Option<&'a [u8]> {
        let start = usize::try_from(self.position).ok()?;
        let end = start.checked_add(usize::try_from(self.left).ok()?)?;
        self.archive.loaded()?.get(start..end)
    }
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let Some(buffer) = buffer.get_mut(..most).filter(|buffer| !buffer.is_empty()) else { return Ok(0) };
        let count = self.archive.read_at(self.position, buffer).map_err(ReadError::into_io)?;
        if count == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends within this member"));
        }
        self.position += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Counts what comes out, and compares it with what the archive states at the end.
struct Checked<'a> {
    reader: Decoder<'a>,
    path: &'a TreePath,
    header: &'a Header,
    budget: Rc<Budget>,
    crc: Crc,
    count: u64,
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.reader.read(buffer)?;
        if count == 0 {
            let same = self.count == self.header.size && self.crc.sum() == self.header.crc32;
            let detail = "its bytes do not have the stated size and checksum";
            return if same { Ok(0) } else { Err(ReadError::malformed(self.path, detail).into_io()) };
        }
        self.crc.update(buffer.get(..count).unwrap_or_default());
        self.count += count as u64;
        let spent = self.budget.spend(count as u64);
        spent.map_err(|limit| {
            ReadError::TooLarge { path: self.path.clone(), limit, unit: "bytes" }.into_io()
        })?;
        Ok(count)
    }
}
