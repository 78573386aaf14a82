//! Tar archives, plain or compressed, and image layers: one pass over a stream.
//!
//! Formats: POSIX ustar and pax, <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>; GNU long
//! names and sparse files, <https://www.gnu.org/software/tar/manual/html_node/Standard.html>; whiteouts of image
//! layers, <https://github.com/opencontainers/image-spec/blob/main/layer.md>. An entry's bytes are read when the
//! visitor asks, and passed over otherwise. What comes before a defect is shown.
//! Left out: multi-volume archives, and incremental dumps beyond their names.

mod header;
mod members;
mod source;

use crate::complaints::Complaints;
use crate::stream::Stream;
use crate::{Digest, Entry, EntryKind, File, Flow, Limits, ReadError, Tree, directory};
use header::{BLOCK, Extended, Header};
use source::{Data, Source, Sparse};

pub(crate) use members::{Members, Skip};
pub(crate) use source::Bounded;

use std::cell::RefCell;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use yagura_model::{TreePath, Unread};

/// Longest name or PAX header.
const MOST_META: u64 = 1 << 20;

type Open = dyn Fn() -> io::Result<Box<dyn Read>> + Send + Sync;

/// A tar archive as a tree.
pub struct TarTree {
    open: Box<Open>,
    layer: bool,
    diff_id: Option<Digest>,
}

impl TarTree {
    /// An archive from a source that can be opened again for each walk. Gzip, zstd, xz and bzip2 are recognized.
    pub fn new(open: impl Fn() -> io::Result<Box<dyn Read>> + Send + Sync + 'static) -> Self {
        Self { open: Box::new(open), layer: false, diff_id: None }
    }

    /// An archive on disk.
    ///
    /// # Errors
    /// It cannot be opened or is not a regular file.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let file = directory::open_regular(path)
            .map_err(|source| ReadError::Io { path: TreePath::default(), source })?;
        let file = Arc::new(file);
        Ok(Self::new(move || Ok(Box::new(crate::file::Forward::new(file.clone())) as Box<dyn Read>)))
    }

    /// The archive as an image layer: whiteouts are shown as such, and the walk fails at its end when the
    /// uncompressed bytes do not have this digest.
    #[must_use]
    pub fn as_layer(mut self, diff_id: Option<Digest>) -> Self {
        self.layer = true;
        self.diff_id = diff_id;
        self
    }
}

impl Tree for TarTree {
    fn walk(
        &self,
        limits: &Limits,
        unread: &mut Vec<Unread>,
        visit: &mut dyn FnMut(Entry<'_>) -> Flow,
    ) -> Result<(), ReadError> {
        let root = TreePath::default();
        let error = |source| ReadError::from_io(&root, source);
        let reader = (self.open)().map_err(error)?;
        let source = Source::new(reader, self.diff_id.clone(), limits).map_err(error)?;
        let source = RefCell::new(source);
        let mut walk = Walk {
            source: &source,
            limits,
            layer: self.layer,
            complaints: Complaints::new(&root, unread),
            visit,
            last: TreePath::default(),
        };
        let outcome = walk.entries();
        let last = match walk.last.as_str() {
            "" => "its beginning".to_owned(),
            last => format!("`{last}`"),
        };
        match outcome {
            Ok(Flow::Stop) => Ok(()),
            Ok(_) => source.borrow_mut().finish().map_err(error),
            Err(source) => Err(match ReadError::from_io(&root, source) {
                ReadError::Truncated { path, .. } => {
                    ReadError::truncated(&path, format!("the archive is cut off after {last}"))
                }
                ReadError::Malformed { path, detail } => {
                    ReadError::malformed(&path, format!("after {last}: {detail}"))
                }
                other => other,
            }),
        }
    }
}

/// One walk.
struct Walk<'a, 's> {
    source: &'a RefCell<Source<'s>>,
    limits: &'a Limits,
    layer: bool,
    complaints: Complaints<'a>,
    visit: &'a mut dyn FnMut(Entry<'_>) -> Flow,
    /// The last entry that was begun, for messages.
    last: TreePath,
}

impl Walk<'_, '_> {
    fn entries(&mut self) -> io::Result<Flow> {
        let mut extended = Extended::default();
        let mut seen: u64 = 0;
        loop {
            let block = self.source.borrow_mut().block()?;
            let Some(block) = block else { return Ok(Flow::Continue) };
            let root = TreePath::default;
            if self.limits.is_cancelled() {
                return Err(ReadError::Cancelled { path: root() }.into_io());
            }
            seen += 1;
            if seen > self.limits.entries {
                let limit = self.limits.entries;
                return Err(ReadError::TooLarge { path: root(), limit, unit: "entries" }.into_io());
            }
            let Some(mut header) = Header::parse(&block) else {
                return Err(malformed("a header is damaged"));
            };
            if matches!(header.kind, b'x' | b'g' | b'L' | b'K') {
                self.meta(&header, &mut extended)?;
                continue;
            }
            let extended = std::mem::take(&mut extended);
            header.name = extended.name.clone().unwrap_or(header.name);
            header.link = extended.link.clone().unwrap_or(header.link);
            header.size = extended.size.unwrap_or(header.size);
            // Links, devices, directories and pipes have no data, whatever they state.
            if matches!(header.kind, b'1'..=b'6') {
                header.size = 0;
            }
            let sparse = self.sparse(&header, &extended, &block)?;
            let flow = self.entry(&header, sparse)?;
            if flow == Flow::Stop {
                return Ok(flow);
            }
            self.source.borrow_mut().skip()?;
        }
    }

    /// Long names and PAX records, which are about the next entry. Global records only hold dates and comments in
    /// practice and are passed over.
    fn meta(&mut self, header: &Header, extended: &mut Extended) -> io::Result<()> {
        let mut source = self.source.borrow_mut();
        if header.size > MOST_META {
            return Err(malformed("a name is longer than a megabyte"));
        }
        source.begin(header.size);
        let mut bytes = Vec::new();
        source.by_ref().read_to_end(&mut bytes)?;
        let name = |bytes: &[u8]| bytes.split(|byte| *byte == 0).next().map(<[u8]>::to_vec);
        match header.kind {
            b'x' => extended.add(&bytes),
            b'L' => extended.name = name(&bytes),
            b'K' => extended.link = name(&bytes),
            _ => {}
        }
        source.skip()
    }

    /// Where the pieces of a sparse file are, in any of its four notations. Leaves the source at the data.
    fn sparse(
        &mut self,
        header: &Header,
        extended: &Extended,
        block: &[u8; BLOCK],
    ) -> io::Result<Option<Sparse>> {
        let mut source = self.source.borrow_mut();
        let mut map = extended.map.clone();
        let mut size = extended.real_size;
        if header.kind == b'S' {
            map = header::pieces(block.get(386..482).unwrap_or_default());
            size = block.get(483..495).and_then(header::number);
            let mut more = block.get(482) == Some(&1);
            while more {
                let Some(block) = source.block()? else { return Err(io::ErrorKind::UnexpectedEof.into()) };
                map.extend(header::pieces(block.get(..504).unwrap_or_default()));
                more = block.get(504) == Some(&1);
                if map.len() as u64 > MOST_META {
                    return Err(malformed("a sparse file has too many pieces"));
                }
            }
        }
        source.begin(header.size);
        if extended.map_in_data {
            map = source.sparse_map(MOST_META)?;
        }
        Ok(size.map(|size| Sparse::new(&map, size)))
    }

    fn entry(&mut self, header: &Header, sparse: Option<Sparse>) -> io::Result<Flow> {
        let Some(path) = TreePath::new(&header.name) else {
            self.complaints.escape(&header.name);
            return Ok(Flow::Continue);
        };
        if path.as_str().is_empty() {
            return Ok(Flow::Continue);
        }
        self.last = path.clone();
        if self.layer
            && let Some(hidden) = path.name().strip_prefix(".wh.")
        {
            return Ok(self.whiteout(&path, hidden));
        }
        let directory = header.kind == b'5' || header.kind == b'D' || header.name.ends_with(b"/");
        let kind = match header.kind {
            _ if directory && header.kind != b'2' => EntryKind::Directory,
            b'0' | 0 | b'7' | b'S' => {
                let size = sparse.as_ref().map_or(header.size, |sparse| sparse.size);
                let data = Data::new(self.source, sparse);
                let content = Stream::new(&path, self.limits.file_bytes, data);
                let executable = header.mode & 0o111 != 0;
                EntryKind::File(File::new(&path, size, executable, self.limits, Box::new(content)))
            }
            b'1' => match TreePath::new(&header.link) {
                Some(target) => EntryKind::Hardlink(target),
                None => {
                    self.complaints.escape(&header.link);
                    return Ok(Flow::Continue);
                }
            },
            b'2' => {
                let target = String::from_utf8_lossy(&header.link);
                return Ok((self.visit)(Entry { path: &path, kind: EntryKind::Symlink(&target) }));
            }
            _ => EntryKind::Other,
        };
        Ok((self.visit)(Entry { path: &path, kind }))
    }

    fn whiteout(&mut self, path: &TreePath, hidden: &str) -> Flow {
        let below =
            |name: &str| TreePath::from_text(&format!("{}/{name}", path.parent())).unwrap_or_default();
        match hidden {
            ".wh..opq" => (self.visit)(Entry { path: &below(""), kind: EntryKind::Opaque }),
            // Bookkeeping of aufs.
            _ if hidden.starts_with(".wh.") => Flow::Continue,
            // These would hide the directory itself or lead out of it.
            "" | "." | ".." => Flow::Continue,
            _ => (self.visit)(Entry { path: &below(hidden), kind: EntryKind::Whiteout }),
        }
    }
}

fn malformed(detail: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, detail)
}

#[cfg(test)]
mod tests;
