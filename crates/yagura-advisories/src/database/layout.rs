//! The outer shape of the file: a header with a table of sections, then the sections.
//!
//! All integers are little-endian. Header: magic (8 bytes), format (u32), number of sections (u32), build
//! time (i64, Unix seconds), file length (u64), then per section offset (u64), length (u64), BLAKE3
//! (32 bytes), and last the BLAKE3 of the header itself. `docs/advisory-file.md` has the whole format.

use super::error::DatabaseError;

/// First bytes of every advisory file.
pub const MAGIC: &[u8; 8] = b"YAGURADB";
/// Changes whenever older programs could misread the file.
pub const FORMAT: u32 = 1;

const FIXED: usize = 8 + 4 + 4 + 8 + 8;
const ENTRY: usize = 8 + 8 + 32;
/// The bytes before the first section.
pub const HEADER: usize = FIXED + Section::ALL.len() * ENTRY + 32;

/// The parts of the file, in file order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Section {
    /// Source states as JSON.
    Sources,
    /// Interned words: offsets, then texts.
    Words,
    /// Hash table from (ecosystem, name) to an offset in `Rows`.
    Keys,
    /// Statements, grouped by key.
    Rows,
    /// Offset of every advisory.
    AdvisoryOffsets,
    /// Advisories.
    Advisories,
    /// Offset of every vulnerability.
    VulnerabilityOffsets,
    /// Vulnerabilities.
    Vulnerabilities,
    /// Hash table from id to advisory or vulnerability.
    Ids,
    /// Compressed texts.
    Texts,
    /// The zstd dictionary of `Texts`.
    Dictionary,
    /// EPSS scores, sorted by CVE.
    Epss,
}

impl Section {
    /// All, in file order.
    pub const ALL: [Self; 12] = [
        Self::Sources,
        Self::Words,
        Self::Keys,
        Self::Rows,
        Self::AdvisoryOffsets,
        Self::Advisories,
        Self::VulnerabilityOffsets,
        Self::Vulnerabilities,
        Self::Ids,
        Self::Texts,
        Self::Dictionary,
        Self::Epss,
    ];

    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sources => "sources",
            Self::Words => "words",
            Self::Keys => "keys",
            Self::Rows => "rows",
            Self::AdvisoryOffsets => "advisory offsets",
            Self::Advisories => "advisories",
            Self::VulnerabilityOffsets => "vulnerability offsets",
            Self::Vulnerabilities => "vulnerabilities",
            Self::Ids => "ids",
            Self::Texts => "texts",
            Self::Dictionary => "dictionary",
            Self::Epss => "epss",
        }
    }
}

/// A parsed header.
#[derive(Debug, Clone)]
pub struct Header {
    /// Unix seconds.
    pub built: i64,
    /// Start and end of each section, in the order of [`Section::ALL`]; inside the file.
    pub bounds: [(usize, usize); Section::ALL.len()],
    hashes: [[u8; 32]; Section::ALL.len()],
}

impl Header {
    /// Checks the header's own checksum, the length and the bounds; not the sections' contents.
    ///
    /// # Errors
    /// Whatever does not fit.
    pub fn parse(bytes: &[u8]) -> Result<Self, DatabaseError> {
        let number = |at: usize| -> Option<u64> {
            bytes.get(at..at.checked_add(8)?)?.try_into().ok().map(u64::from_le_bytes)
        };
        if !bytes.starts_with(MAGIC) {
            return Err(DatabaseError::NotADatabase);
        }
        let both = number(8).ok_or(DatabaseError::Damaged { what: "header" })?;
        let (format, sections) = (both as u32, (both >> 32) as usize);
        if format != FORMAT {
            return Err(DatabaseError::Version { found: format, expected: FORMAT });
        }
        let damaged = DatabaseError::Damaged { what: "header" };
        let (Some(header), Some(sum)) = (bytes.get(..HEADER - 32), bytes.get(HEADER - 32..HEADER)) else {
            return Err(damaged);
        };
        if sections != Section::ALL.len() || blake3::hash(header).as_bytes() != sum {
            return Err(damaged);
        }
        let (Some(built), Some(length)) = (number(16), number(24)) else { return Err(damaged) };
        if length != bytes.len() as u64 {
            return Err(DatabaseError::Length { expected: length, found: bytes.len() as u64 });
        }
        let mut parsed = Self { built: built as i64, bounds: Default::default(), hashes: Default::default() };
        for ((index, bounds), hash) in parsed.bounds.iter_mut().enumerate().zip(&mut parsed.hashes) {
            let at = FIXED + index * ENTRY;
            let inside = || -> Option<(usize, usize)> {
                let start = usize::try_from(number(at)?).ok()?;
                let end = start.checked_add(usize::try_from(number(at + 8)?).ok()?)?;
                (start >= HEADER && end <= bytes.len()).then_some((start, end))
            };
            *bounds = inside().ok_or(DatabaseError::Damaged { what: "section table" })?;
            if let Some(sum) = bytes.get(at + 16..at + 48).and_then(|sum| sum.try_into().ok()) {
                *hash = sum;
            }
        }
        Ok(parsed)
    }

    /// Compares the contents of every section with its checksum.
    ///
    /// # Errors
    /// Names the first section that differs.
    pub fn verify(&self, bytes: &[u8]) -> Result<(), DatabaseError> {
        for section in Section::ALL {
            self.verify_section(bytes, section)?;
        }
        Ok(())
    }

    /// The same for one section.
    ///
    /// # Errors
    /// The section differs.
    pub fn verify_section(&self, bytes: &[u8], section: Section) -> Result<(), DatabaseError> {
        let index = section as usize;
        let content =
            self.bounds.get(index).and_then(|(start, end)| bytes.get(*start..*end)).unwrap_or_default();
        match self.hashes.get(index) {
            Some(sum) if blake3::hash(content).as_bytes() == sum => Ok(()),
            _ => Err(DatabaseError::Damaged { what: section.name() }),
        }
    }
}

/// Puts header and sections together.
pub fn assemble(built: i64, sections: &[Vec<u8>; Section::ALL.len()]) -> Vec<u8> {
    let length = HEADER + sections.iter().map(|section| section.len().next_multiple_of(8)).sum::<usize>();
    let mut file = Vec::with_capacity(length);
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&FORMAT.to_le_bytes());
    file.extend_from_slice(&(sections.len() as u32).to_le_bytes());
    file.extend_from_slice(&built.to_le_bytes());
    file.extend_from_slice(&(length as u64).to_le_bytes());
    let mut offset = HEADER;
    for section in sections {
        file.extend_from_slice(&(offset as u64).to_le_bytes());
        file.extend_from_slice(&(section.len() as u64).to_le_bytes());
        file.extend_from_slice(blake3::hash(section).as_bytes());
        offset += section.len().next_multiple_of(8);
    }
    let sum = blake3::hash(&file);
    file.extend_from_slice(sum.as_bytes());
    for section in sections {
        file.extend_from_slice(section);
        file.resize(file.len().next_multiple_of(8), 0);
    }
    file
}
