//! The 512-byte header of a tar entry, PAX records, and maps of sparse files.

/// Bytes of one block; headers and data are padded to it.
pub const BLOCK: usize = 512;

/// One header as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Name with its prefix.
    pub name: Vec<u8>,
    /// Target of a link.
    pub link: Vec<u8>,
    /// Length of the data that follows.
    pub size: u64,
    /// Permission bits.
    pub mode: u64,
    /// What it is: `0` file, `5` directory, …
    pub kind: u8,
}

impl Header {
    /// Reads a block. `None` when its checksum is wrong or a number is none.
    pub fn parse(block: &[u8; BLOCK]) -> Option<Self> {
        let stated = number(block.get(148..156)?)?;
        let signed = |byte: &u8| i64::from(byte.cast_signed());
        let checksum = block.get(148..156)?;
        let blank = 8 * i64::from(b' ');
        let plain: i64 = block.iter().map(|byte| i64::from(*byte)).sum::<i64>()
            - checksum.iter().map(|byte| i64::from(*byte)).sum::<i64>()
            + blank;
        // Some old writers added up signed bytes.
        let old = block.iter().map(signed).sum::<i64>() - checksum.iter().map(signed).sum::<i64>() + blank;
        let stated = i64::try_from(stated).ok()?;
        if stated != plain && stated != old {
            return None;
        }
        let mut name = text(block.get(..100)?).to_vec();
        // Only POSIX headers have a prefix; GNU ones keep other things there.
        if block.get(257..263)? == b"ustar\0" {
            let prefix = text(block.get(345..500)?);
            if !prefix.is_empty() {
                name = [prefix, b"/", &name].concat();
            }
        }
        Some(Self {
            name,
            link: text(block.get(157..257)?).to_vec(),
            size: number(block.get(124..136)?)?,
            mode: number(block.get(100..108)?).unwrap_or(0o644),
            kind: *block.get(156)?,
        })
    }
}

/// Up to the first zero byte.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// An octal number, or a binary one when the first bit is set.
pub fn number(field: &[u8]) -> Option<u64> {
    let (&first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // 0xff begins negative numbers.
        let high = u64::from(first & 0x7f);
        return rest.iter().try_fold(high, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte)));
    }
    let digits = text(field).trim_ascii();
    digits.iter().try_fold(0_u64, |sum, digit| match digit {
        b'0'..=b'7' => sum.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })
}

/// What PAX records say about the next entry.
#[derive(Debug, Default, Clone)]
pub struct Extended {
    /// Replaces the name.
    pub name: Option<Vec<u8>>,
    /// Replaces the link target.
    pub link: Option<Vec<u8>>,
    /// Replaces the size.
    pub size: Option<u64>,
    /// The size of a sparse file with its holes.
    pub real_size: Option<u64>,
    /// Offsets and lengths of a sparse file's pieces, one after the other.
    pub map: Vec<u64>,
    /// True when the map is at the beginning of the data.
    pub map_in_data: bool,
}

impl Extended {
    /// Adds the records of one PAX header. Broken records end it; what came before counts.
    pub fn add(&mut self, mut records: &[u8]) {
        let mut sparse_name = None;
        while let Some(space) = records.iter().position(|byte| *byte == b' ') {
            let length =
                records.get(..space).and_then(decimal).and_then(|length| usize::try_from(length).ok());
            let Some(record) = length.and_then(|length| records.get(space + 1..length)) else { break };
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            records = length.and_then(|length| records.get(length..)).unwrap_or_default();
            let Some(equals) = record.iter().position(|byte| *byte == b'=') else { continue };
            let (key, value) = (record.get(..equals), record.get(equals + 1..).unwrap_or_default());
            match key.unwrap_or_default() {
                b"path" => self.name = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => self.size = decimal(value),
                b"GNU.sparse.name" => sparse_name = Some(value.to_vec()),
                b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.real_size = decimal(value),
                b"GNU.sparse.major" => self.map_in_data = value == b"1",
                b"GNU.sparse.map" => {
                    self.map = value.split(|byte| *byte == b',').filter_map(decimal).collect();
                }
                b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => self.map.extend(decimal(value)),
                _ => {}
            }
        }
        // The name in `path` is then an invented one.
        self.name = sparse_name.or(self.name.take());
    }
}

/// A decimal number.
pub fn decimal(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Pieces of an old GNU sparse header, four in the header itself or 21 in a block that follows.
pub fn pieces(fields: &[u8]) -> Vec<u64> {
    let mut map = Vec::new();
    for field in fields.chunks_exact(12) {
        if field.first() == Some(&0) {
            break;
        }
        map.extend(number(field));
    }
    map
}
