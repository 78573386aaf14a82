//! Where the members of an archive of archives are, without looking into them.

use super::header::{BLOCK, Extended, Header};
use super::{MOST_META, malformed};
use crate::file::Forward;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use yagura_model::TreePath;

/// A stream in which bytes can be passed over.
pub trait Skip: Read {
    /// Passes over `count` bytes.
    fn skip(&mut self, count: u64) -> io::Result<()>;
}

impl Skip for Forward<Arc<File>> {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        self.advance(count);
        Ok(())
    }
}

impl Skip for Box<dyn Read> {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.by_ref().take(count), &mut io::sink())?;
        if skipped < count { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

/// A file or link of the archive.
pub struct Member {
    /// Its name.
    pub path: TreePath,
    /// Where its data begins.
    pub offset: u64,
    /// Length of its data.
    pub size: u64,
    /// What it points to, when it is a link: from its own directory, or from the root for hard links.
    pub link: Option<TreePath>,
}

/// Walks headers. The reader stands at a member's data after it was returned; the caller may read from it and says
/// how much with [`Self::consumed`].
pub struct Members<R> {
    /// The archive, uncompressed.
    pub reader: R,
    position: u64,
    next: u64,
}

impl<R: Skip> Members<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, position: 0, next: 0 }
    }

    /// Data of the current member that the caller read.
    pub fn consumed(&mut self, count: u64) {
        self.position += count;
    }

    /// The next file or link.
    pub fn next(&mut self) -> io::Result<Option<Member>> {
        let mut extended = Extended::default();
        loop {
            let gap = self.next.checked_sub(self.position).ok_or_else(|| malformed("it was read too far"))?;
            self.reader.skip(gap)?;
            let mut block = [0; BLOCK];
            match self.reader.read_exact(&mut block) {
                Ok(()) if block == [0; BLOCK] => return Ok(None),
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => return Err(error),
            }
            let offset = self.next + BLOCK as u64;
            let header = Header::parse(&block).ok_or_else(|| malformed("a header is damaged"))?;
            let size = extended.size.unwrap_or(header.size);
            let size = if matches!(header.kind, b'1'..=b'6') { 0 } else { size };
            let padded = size.checked_next_multiple_of(BLOCK as u64);
            self.position = offset;
            self.next = padded
                .and_then(|padded| padded.checked_add(offset))
                .ok_or_else(|| malformed("an entry has no end"))?;
            if matches!(header.kind, b'x' | b'g' | b'L' | b'K') {
                if header.size > MOST_META {
                    return Err(malformed("a name is longer than a megabyte"));
                }
                let mut bytes = Vec::new();
                self.reader.by_ref().take(header.size).read_to_end(&mut bytes)?;
                self.position += bytes.len() as u64;
                let name = bytes.split(|byte| *byte == 0).next().map(<[u8]>::to_vec);
                match header.kind {
                    b'x' => extended.add(&bytes),
                    b'L' => extended.name = name,
                    b'K' => extended.link = name,
                    _ => {}
                }
                continue;
            }
            let extended = std::mem::take(&mut extended);
            let Some(path) = TreePath::new(&extended.name.unwrap_or(header.name)) else { continue };
            let target = extended.link.unwrap_or(header.link);
            let link = match header.kind {
                b'0' | 0 | b'7' => None,
                b'1' => TreePath::new(&target),
                b'2' => path_from(path.parent(), &target),
                _ => continue,
            };
            return Ok(Some(Member { path, offset, size, link }));
        }
    }
}

fn path_from(parent: &str, target: &[u8]) -> Option<TreePath> {
    TreePath::new(&[parent.as_bytes(), b"/", target].concat())
}
