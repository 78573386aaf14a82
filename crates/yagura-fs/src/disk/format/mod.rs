//! Files that hold a disk, and the disk inside.

mod qcow2;
mod vhd;
mod vhdx;
mod vmdk;

use super::mapped::{Mapped, Mapping, Place, Stretch};
use super::source::{BlockSource, RawFile, Slice, bytes, malformed, unsupported};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::rc::Rc;

/// A disk inside a file, and how the file holds it.
pub struct Image {
    /// `raw`, `qcow2`, `vmdk`, `vhd`, `vhdx`.
    pub format: &'static str,
    /// The disk.
    pub disk: Box<dyn BlockSource>,
}

/// Files that hold no disk of ours, told by what they begin with: position, bytes, what it is.
const OTHERS: &[(usize, &[u8], &str)] = &[
    (0, b"\x1f\x8b", "a file compressed with gzip; decompress it first"),
    (0, b"\xfd7zXZ\0", "a file compressed with xz; decompress it first"),
    (0, b"\x28\xb5\x2f\xfd", "a file compressed with zstd; decompress it first"),
    (0, b"BZh", "a file compressed with bzip2; decompress it first"),
    (0, b"PK\x03\x04", "a zip archive; extract the disk first"),
    (257, b"ustar", "a tar archive or OVA; extract the disk first"),
    (64, b"\x7f\x10\xda\xbe", "a VDI image; convert it with `qemu-img convert`"),
    (0, b"QED\0", "a QED image; convert it with `qemu-img convert`"),
    (0, b"COWD", "a sparse extent of ESX; convert it with `qemu-img convert`"),
];

/// Opens a file, or a block device, as the disk that it holds. What is no known format is taken byte for byte.
///
/// # Errors
/// It cannot be opened, is damaged, or is of a kind that is not read. A `ReadError` is inside where it says more.
pub fn open(path: &Path) -> io::Result<Image> {
    let file = open_file(path)?;
    let size = file.size();
    let head = bytes(&file, 0, usize::try_from(size.min(4096)).unwrap_or(0))?;
    let (format, disk): (_, Box<dyn BlockSource>) = if head.starts_with(qcow2::MAGIC) {
        ("qcow2", mapped(qcow2::Qcow2::open(&file)?, file))
    } else if head.starts_with(vmdk::MAGIC) {
        ("vmdk", mapped(vmdk::Sparse::open(&file)?, file))
    } else if head.starts_with(vmdk::DESCRIPTOR) {
        ("vmdk", joined(path, &file)?)
    } else if head.starts_with(vhdx::MAGIC) {
        ("vhdx", mapped(vhdx::Vhdx::open(&file)?, file))
    } else if head.starts_with(vhd::MAGIC) {
        ("vhd", vhd(file, 0)?)
    } else if let Some((_, _, what)) =
        OTHERS.iter().find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)))
    {
        return Err(unsupported(*what));
    } else if size >= 512 && bytes(&file, size - 512, 8)? == vhd::MAGIC {
        ("vhd", vhd(file, size - 512)?)
    } else {
        ("raw", Box::new(file))
    };
    Ok(Image { format, disk })
}

fn open_file(path: &Path) -> io::Result<RawFile> {
    let kind = std::fs::metadata(path)?.file_type();
    if !kind.is_file() && !kind.is_block_device() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "neither a file nor a block device"));
    }
    RawFile::new(File::open(path)?)
}

fn mapped<M: Mapping + 'static>(mapping: M, file: RawFile) -> Box<dyn BlockSource> {
    Box::new(Mapped::new(mapping, vec![Rc::new(file)]))
}

fn vhd(file: RawFile, footer: u64) -> io::Result<Box<dyn BlockSource>> {
    Ok(match vhd::Vhd::open(&file, footer)? {
        vhd::Vhd::Fixed(size) => Box::new(Slice::new(Rc::new(file), 0, size)),
        vhd::Vhd::Dynamic(table) => mapped(table, file),
    })
}

/// The disk of a VMDK descriptor, whose extents are other files of its folder.
fn joined(path: &Path, file: &RawFile) -> io::Result<Box<dyn BlockSource>> {
    let length = file.size().min(vmdk::MOST_DESCRIPTOR);
    let text = bytes(file, 0, usize::try_from(length).unwrap_or(0))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut joined = Joined::default();
    let mut parts: Vec<Rc<dyn BlockSource>> = Vec::new();
    for extent in vmdk::extents(&String::from_utf8_lossy(&text))? {
        let mut place = None;
        if let Some(name) = extent.file {
            let file = open_file(&folder.join(&name))
                .map_err(|error| io::Error::new(error.kind(), format!("its part `{name}`: {error}")))?;
            place = Some((parts.len(), extent.at));
            parts.push(match extent.sparse {
                true => Rc::new(Mapped::new(vmdk::Sparse::open(&file)?, vec![Rc::new(file)])),
                false => Rc::new(file),
            });
        }
        joined.push(extent.size, place);
    }
    Ok(Box::new(Mapped::new(joined, parts)))
}

/// Parts one after another.
#[derive(Default)]
struct Joined {
    /// Where each ends on the disk, and its part and offset there; `None` reads as zeros.
    ends: Vec<(u64, Option<(usize, u64)>)>,
}

impl Joined {
    fn push(&mut self, size: u64, place: Option<(usize, u64)>) {
        self.ends.push((self.size().saturating_add(size), place));
    }
}

impl Mapping for Joined {
    fn size(&self) -> u64 {
        self.ends.last().map_or(0, |(end, _)| *end)
    }

    fn find(&self, _: &[Rc<dyn BlockSource>], offset: u64) -> io::Result<(Stretch, u64)> {
        let index = self.ends.partition_point(|(end, _)| *end <= offset);
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
        let Some((end, place)) = self.ends.get(index) else {
            return Err(malformed("behind the last extent"));
        };
        let stretch = match place {
            Some((part, at)) => Stretch::Stored { part: *part, at: at.saturating_add(offset - start) },
            None => Stretch::Zeros,
        };
        Ok((stretch, end - offset))
    }

    fn unpack(&self, _: &[Rc<dyn BlockSource>], _: Place) -> io::Result<Vec<u8>> {
        Err(malformed("extents are not compressed"))
    }
}
