//! Reading and writing of integers, texts and hash tables. Every read is bounds-checked: the file may be
//! damaged or hostile.

/// Walks over bytes; every method gives `None` at the first thing that does not fit.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// Starts at `offset`; past the end nothing can be read.
    pub fn at(bytes: &'a [u8], offset: usize) -> Self {
        Self(bytes.get(offset..).unwrap_or_default())
    }

    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// A LEB128 integer of at most 64 bits.
    pub fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A count of things of which each takes at least one byte, so that a hostile count reserves no memory.
    pub fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.varint()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    /// So many bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Bytes with their length before them.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        self.take(length)
    }

    /// A text with its length before it.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// A signed integer, zigzag.
    pub fn signed(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

/// Appends a LEB128 integer.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed integer, zigzag.
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// Appends bytes with their length.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a text with its length.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

/// The four bytes at an index of a table of little-endian integers.
pub fn u32_at(bytes: &[u8], index: usize) -> Option<u32> {
    let start = index.checked_mul(4)?;
    let four = bytes.get(start..start.checked_add(4)?)?;
    four.try_into().ok().map(u32::from_le_bytes)
}

/// A 64-bit hash that is part of the file format: eight bytes at a time, folded multiplications.
pub fn hash(parts: &[&[u8]]) -> u64 {
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for part in parts {
        let mut chunks = part.chunks_exact(8);
        for chunk in &mut chunks {
            let word = chunk.try_into().map_or(0, u64::from_le_bytes);
            state = fold(state ^ word, 0xa076_1d64_78bd_642f);
        }
        let mut last = [0u8; 8];
        for (to, from) in last.iter_mut().zip(chunks.remainder()) {
            *to = *from;
        }
        state = fold(state ^ u64::from_le_bytes(last), 0xe703_7ed1_a0b4_28db ^ part.len() as u64);
    }
    fold(state, 0x8ebc_6af0_9c88_c6e3)
}

/// Open addressing with linear probing: slots of a 32-bit tag and a 32-bit value plus one, zero for empty.
/// The eight bytes before the slots hold the longest probe.
pub fn hash_table(entries: &[(u64, u32)]) -> Vec<u8> {
    let slots = (entries.len() * 2).next_power_of_two().max(8);
    let mut table = vec![(0u32, 0u32); slots];
    let mut longest = 0u32;
    for (hash, value) in entries {
        let mut slot = slot_of(*hash, slots);
        let mut probe = 1;
        while table.get(slot).is_some_and(|(_, value)| *value != 0) {
            slot = (slot + 1) & (slots - 1);
            probe += 1;
        }
        longest = longest.max(probe);
        if let Some(entry) = table.get_mut(slot) {
            *entry = (*hash as u32, value + 1);
        }
    }
    let mut bytes = Vec::with_capacity(8 + slots * 8);
    bytes.extend_from_slice(&u64::from(longest).to_le_bytes());
    for (tag, value) in table {
        bytes.extend_from_slice(&tag.to_le_bytes());
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes
}

/// Values whose tag fits the hash; the caller compares the key itself.
pub fn probe(table: &[u8], hash: u64) -> impl Iterator<Item = u32> + '_ {
    let slots = table.len().saturating_sub(8) / 8;
    let usable = slots.is_power_of_two();
    // A damaged length must not turn every look-up into a walk over the table.
    let longest = table.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes)).min(4096) as usize;
    let start = if usable { slot_of(hash, slots) } else { 0 };
    (0..if usable { longest.min(slots) } else { 0 })
        .map_while(move |step| {
            let offset = 8 + ((start + step) & (slots - 1)) * 8;
            let tag = table.get(offset..offset + 4)?.try_into().ok().map(u32::from_le_bytes)?;
            let value = table.get(offset + 4..offset + 8)?.try_into().ok().map(u32::from_le_bytes)?;
            Some((tag, value.checked_sub(1)?))
        })
        .filter(move |(tag, _)| *tag == hash as u32)
        .map(|(_, value)| value)
}

fn slot_of(hash: u64, slots: usize) -> usize {
    (hash >> 32) as usize & (slots - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_survive() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(Cursor::at(&out, 0).varint(), Some(value));
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            put_signed(&mut out, value);
            assert_eq!(Cursor::at(&out, 0).signed(), Some(value));
        }
        assert_eq!(Cursor::at(&[0xff; 20], 0).varint(), None);
    }

    #[test]
    fn every_entry_is_found_and_only_few_others() {
        let keys: Vec<String> = (0..5000).map(|n| format!("key-{n}")).collect();
        let entries: Vec<(u64, u32)> =
            keys.iter().enumerate().map(|(n, key)| (hash(&[key.as_bytes()]), n as u32)).collect();
        let table = hash_table(&entries);
        for (hash, value) in &entries {
            assert!(probe(&table, *hash).any(|found| found == *value));
        }
        let strays: usize =
            (0..5000).map(|n| probe(&table, hash(&[format!("no-{n}").as_bytes()])).count()).sum();
        assert!(strays < 5, "{strays}");
    }
}
