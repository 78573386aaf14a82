//! Where the sections of an ELF, PE or Mach-O file are, from its headers alone.
//!
//! Formats: <https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>,
//! <https://learn.microsoft.com/windows/win32/debug/pe-format>,
//! <https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h>.
//! Universal Mach-O files and PE names that point into a string table are left out.

use yagura_fs::{File, ReadError};

/// More sections than this are not looked at; real programs have fewer than a hundred.
const MAX_SECTIONS: usize = 4096;

/// Bytes of a Mach-O's load commands that are read.
const MAX_COMMANDS: usize = 256 << 10;

/// A named range of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Section {
    /// The name as stored; empty for program segments of files without sections.
    pub name: String,
    /// Where it is in memory.
    pub address: u64,
    /// Where it is in the file.
    pub offset: u64,
    /// Bytes in the file.
    pub size: u64,
    /// True for data that the program may write.
    pub writable: bool,
}

/// The headers of one executable.
#[derive(Debug, Default)]
pub(crate) struct Image {
    /// In the order of the headers.
    pub sections: Vec<Section>,
}

impl Image {
    /// Reads the headers; an image without sections when the file is something else or is broken.
    ///
    /// # Errors
    /// The file cannot be read at all.
    pub fn parse(file: &File<'_>) -> Result<Self, ReadError> {
        let head = file.head(64)?;
        let sections = match head.as_slice() {
            [0x7f, b'E', b'L', b'F', ..] => elf(file, &head)?,
            [b'M', b'Z', ..] => pe(file, &head)?,
            [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => mach_o(file, &head, Order::Little)?,
            [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] => mach_o(file, &head, Order::Big)?,
            _ => None,
        };
        Ok(Self { sections: sections.unwrap_or_default() })
    }

    /// The first section of a name.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// Up to `limit` bytes of a section.
    pub fn read(file: &File<'_>, section: &Section, limit: u64) -> Result<Vec<u8>, ReadError> {
        read(file, section.offset, usize::try_from(section.size.min(limit)).unwrap_or(0))
    }

    /// Up to `count` bytes at an address of the running program.
    pub fn read_address(
        &self,
        file: &File<'_>,
        address: u64,
        count: usize,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        for section in &self.sections {
            let Some(delta) = address.checked_sub(section.address).filter(|delta| *delta < section.size)
            else {
                continue;
            };
            let count = count.min(usize::try_from(section.size - delta).unwrap_or(usize::MAX));
            return read(file, section.offset.saturating_add(delta), count).map(Some);
        }
        Ok(None)
    }
}

/// Up to `count` bytes at a position; never allocates more than the file has.
pub(crate) fn read(file: &File<'_>, offset: u64, count: usize) -> Result<Vec<u8>, ReadError> {
    let left = usize::try_from(file.size().saturating_sub(offset)).unwrap_or(usize::MAX);
    let mut bytes = vec![0; count.min(left)];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let count = file.read_at(offset.saturating_add(filled as u64), rest)?;
        if count == 0 {
            break;
        }
        filled += count;
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// The order of bytes in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Least significant first.
    Little,
    /// Most significant first.
    Big,
}

impl Order {
    /// The number of `width` bytes, at most eight, at a place.
    pub fn number(self, bytes: &[u8], at: usize, width: usize) -> Option<u64> {
        let bytes = bytes.get(at..at.checked_add(width)?)?;
        let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Some(match self {
            Self::Little => bytes.iter().rev().fold(0, join),
            Self::Big => bytes.iter().fold(0, join),
        })
    }

    fn size(self, bytes: &[u8], at: usize, width: usize) -> Option<usize> {
        usize::try_from(self.number(bytes, at, width)?).ok()
    }
}

/// Text up to the first zero byte.
pub(crate) fn text_at(bytes: &[u8], at: usize) -> Option<String> {
    let rest = bytes.get(at..)?;
    let end = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
    Some(String::from_utf8_lossy(rest.get(..end.min(256))?).into_owned())
}

type Sections = Result<Option<Vec<Section>>, ReadError>;

fn elf(file: &File<'_>, head: &[u8]) -> Sections {
    let order = if head.get(5) == Some(&2) { Order::Big } else { Order::Little };
    let wide = head.get(4) == Some(&2);
    // (table offset, entry size, count) of sections and of segments.
    let (word, places) = if wide { (8, [40, 58, 60, 32, 54, 56]) } else { (4, [32, 46, 48, 28, 42, 44]) };
    let field = |place: usize, width: usize| order.number(head, places[place], width).unwrap_or(0);
    let small = |place: usize| usize::try_from(field(place, 2)).unwrap_or(0);
    let (entry, count) = (small(1), small(2).min(MAX_SECTIONS));
    if field(0, word) != 0 && count > 0 && entry >= if wide { 64 } else { 40 } {
        let table = read(file, field(0, word), entry * count)?;
        let names_index = order.size(head, if wide { 62 } else { 50 }, 2).unwrap_or(0);
        let parse = |entry: &[u8]| {
            let kind = order.number(entry, 4, 4)?;
            let at = if wide { [8, 16, 24, 32] } else { [8, 12, 16, 20] };
            let [flags, address, offset, size] = at.map(|at| order.number(entry, at, word));
            // Kind 8 has no bytes in the file.
            let size = if kind == 8 { 0 } else { size? };
            let section = Section {
                name: String::new(),
                address: address?,
                offset: offset?,
                size,
                writable: flags? & 1 != 0,
            };
            Some((order.size(entry, 0, 4)?, section))
        };
        let parsed: Vec<(usize, Section)> = table.chunks_exact(entry).filter_map(parse).collect();
        let names = match parsed.get(names_index) {
            Some((_, section)) => Image::read(file, section, 256 << 10)?,
            None => Vec::new(),
        };
        let named = parsed
            .into_iter()
            .map(|(name, section)| Section { name: text_at(&names, name).unwrap_or_default(), ..section });
        return Ok(Some(named.collect()));
    }
    // Without sections the loadable segments have to do.
    let (entry, count) = (small(4), small(5).min(MAX_SECTIONS));
    if entry < if wide { 56 } else { 32 } {
        return Ok(None);
    }
    let table = read(file, field(3, word), entry * count)?;
    let parse = |entry: &[u8]| {
        let (offset, address, size, flags) = if wide { (8, 16, 32, 4) } else { (4, 8, 16, 24) };
        (order.number(entry, 0, 4)? == 1).then_some(())?;
        Some(Section {
            name: String::new(),
            address: order.number(entry, address, word)?,
            offset: order.number(entry, offset, word)?,
            size: order.number(entry, size, word)?,
            writable: order.number(entry, flags, 4)? & 2 != 0,
        })
    };
    Ok(Some(table.chunks_exact(entry).filter_map(parse).collect()))
}

fn pe(file: &File<'_>, head: &[u8]) -> Sections {
    let order = Order::Little;
    let Some(start) = order.number(head, 60, 4) else { return Ok(None) };
    // Signature, file header, and the optional header up to the image base.
    let header = read(file, start, 24 + 32)?;
    if !header.starts_with(b"PE\0\0") {
        return Ok(None);
    }
    let optional = order.number(&header, 20, 2).unwrap_or(0);
    let count = order.size(&header, 6, 2).unwrap_or(0).min(MAX_SECTIONS);
    let base = match order.number(&header, 24, 2) {
        Some(0x20b) => order.number(&header, 48, 8),
        _ => order.number(&header, 52, 4),
    };
    let table = read(file, start.saturating_add(24 + optional), count * 40)?;
    let parse = |entry: &[u8]| {
        Some(Section {
            name: text_at(entry.get(..8)?, 0)?,
            address: base?.wrapping_add(order.number(entry, 12, 4)?),
            size: order.number(entry, 16, 4)?,
            offset: order.number(entry, 20, 4)?,
            writable: order.number(entry, 36, 4)? & 0x8000_0000 != 0,
        })
    };
    Ok(Some(table.chunks_exact(40).filter_map(parse).collect()))
}

fn mach_o(file: &File<'_>, head: &[u8], order: Order) -> Sections {
    let wide = order.number(head, 0, 4) == Some(0xfeed_facf);
    let (Some(count), Some(length)) = (order.size(head, 16, 4), order.size(head, 20, 4)) else {
        return Ok(None);
    };
    let commands = read(file, if wide { 32 } else { 28 }, length.min(MAX_COMMANDS))?;
    let mut sections = Vec::new();
    let mut rest = commands.as_slice();
    for _ in 0..count {
        let (Some(kind), Some(size)) = (order.number(rest, 0, 4), order.size(rest, 4, 4)) else { break };
        let Some(command) = rest.get(..size).filter(|command| command.len() >= 8) else { break };
        // LC_SEGMENT_64 and LC_SEGMENT.
        let (first, entry) = match kind {
            0x19 => (72, 80),
            0x1 => (56, 68),
            _ => (size, 1),
        };
        if size > first {
            let writable = order.number(command, if kind == 0x19 { 60 } else { 44 }, 4).unwrap_or(0) & 2 != 0;
            for section in command.get(first..).unwrap_or_default().chunks_exact(entry) {
                sections.extend(mach_section(section, order, kind == 0x19, writable));
            }
        }
        rest = rest.get(size..).unwrap_or_default();
        if sections.len() > MAX_SECTIONS {
            break;
        }
    }
    Ok(Some(sections))
}

fn mach_section(bytes: &[u8], order: Order, wide: bool, writable: bool) -> Option<Section> {
    let (word, offset) = if wide { (8, 48) } else { (4, 40) };
    Some(Section {
        name: text_at(bytes.get(..16)?, 0)?,
        address: order.number(bytes, 32, word)?,
        size: order.number(bytes, 32 + word, word)?,
        offset: order.number(bytes, offset, 4)?,
        writable,
    })
}
