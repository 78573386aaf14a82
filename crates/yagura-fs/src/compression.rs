//! Which compressor made a stream, by its first bytes, and the way back.
//!
//! Formats: gzip (RFC 1952, several members), zstd (RFC 8878), xz, bzip2. Anything else is taken as it is.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

/// Memory that an xz stream may ask for.
const XZ_MEMORY: u64 = 256 << 20;

/// An uncompressed stream, and how many compressed bytes went into it so far.
pub type Decompressed<'a> = (Box<dyn Read + 'a>, Rc<Cell<u64>>);

/// Undoes the compression of a stream.
///
/// # Errors
/// The reader's, and a decompressor that cannot start.
pub fn decompressed<'a>(reader: impl Read + 'a) -> io::Result<Decompressed<'a>> {
    let taken = Rc::new(Cell::new(0));
    let mut reader = BufReader::with_capacity(64 * 1024, Counted { reader, taken: taken.clone() });
    // A pipe may deliver single bytes, and a decision needs up to six.
    let mut head = [0; 6];
    let mut filled = 0;
    while let Some(rest) = head.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let whole = Ahead { head, position: 0, filled, reader };
    let decoder: Box<dyn Read + 'a> = match head.get(..filled).unwrap_or_default() {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(whole)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            Box::new(zstd::Decoder::with_buffer(whole)?)
        }
        [0xfd, b'7', b'z', b'X', b'Z', 0] => {
            let stream =
                liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, liblzma::stream::CONCATENATED)?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(whole, stream))
        }
        [b'B', b'Z', b'h', ..] => Box::new(bzip2::bufread::MultiBzDecoder::new(whole)),
        _ => Box::new(whole),
    };
    Ok((decoder, taken))
}

/// True when the first bytes are those of a compressed stream.
pub fn is_compressed(head: &[u8]) -> bool {
    matches!(head, [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [b'B', b'Z', b'h', ..])
        || head.starts_with(b"\xfd7zXZ\0")
}

struct Counted<R> {
    reader: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.taken.set(self.taken.get() + count as u64);
        Ok(count)
    }
}

/// The bytes that were looked at, then the rest.
struct Ahead<R> {
    head: [u8; 6],
    position: usize,
    filled: usize,
    reader: R,
}

impl<R: BufRead> BufRead for Ahead<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position < self.filled {
            return Ok(self.head.get(self.position..self.filled).unwrap_or_default());
        }
        self.reader.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if self.position < self.filled {
            self.position += count;
        } else {
            self.reader.consume(count);
        }
    }
}

impl<R: BufRead> Read for Ahead<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.filled {
            return self.reader.read(buffer);
        }
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}
