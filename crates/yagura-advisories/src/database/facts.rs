//! The facts about each vulnerability: gathered from all sources in a fixed order, stored once.

use super::DatabaseError;
use super::codec::{Cursor, put_signed, put_text, put_varint};
use super::group::Groups;
use super::records::{MOST_REFERENCES, Place, Rated, Record, Records};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use yagura_model::{Kev, Rating, Vulnerability, VulnerabilityId};

/// Upper bound of one unpacked text record.
const LARGEST_TEXT: usize = 1 << 20;

/// A vulnerability while building.
pub(super) struct One<'a> {
    pub id: &'a str,
    pub aliases: Vec<&'a str>,
    /// Numbers of the advisories that speak of it.
    pub advisories: Vec<u32>,
    sources: Vec<Place>,
    kev: Option<&'a Kev>,
}

impl One<'_> {
    /// What its sources tell, best first.
    pub fn told<'b>(&self, records: &'b Records) -> Vec<Record<'b>> {
        self.sources.iter().map(|place| records.record(*place)).collect()
    }
}

/// Every vulnerability that an advisory or a source of facts names, by id. An advisory gives its text and
/// ratings only to the one vulnerability it is about; errata about several give none.
pub(super) fn gather<'a, 'b>(
    records: &'a Records,
    advisories: impl Iterator<Item = (Place, &'b [&'a str])>,
    facts: &[Place],
    kev: &'a BTreeMap<String, Kev>,
    groups: &Groups<'a>,
) -> Vec<One<'a>>
where
    'a: 'b,
{
    let mut all: BTreeMap<&str, One<'_>> = BTreeMap::new();
    let blank = |id| One { id, aliases: Vec::new(), advisories: Vec::new(), sources: Vec::new(), kev: None };
    for (place, speaks) in advisories {
        for id in speaks {
            let one = all.entry(id).or_insert_with(|| blank(id));
            if speaks.len() > 1 {
                continue;
            }
            one.sources.push(place);
            let claim = records.claim(place);
            let same = claim.same().filter(|alias| alias != id && groups.representative(alias) == *id);
            one.aliases.extend(same);
        }
    }
    for place in facts {
        let id = groups.representative(records.head(*place).0);
        all.entry(id).or_insert_with(|| blank(id)).sources.push(*place);
    }
    for (id, kev) in kev {
        all.entry(id).or_insert_with(|| blank(id)).kev = Some(kev);
    }
    for one in all.values_mut() {
        one.aliases.sort_unstable();
        one.aliases.dedup();
        one.sources.sort_by_key(|place| {
            let (id, source) = records.head(*place);
            (text_rank(source), source, id)
        });
    }
    all.into_values().collect()
}

/// Whose words come first: databases of the language ecosystems, then the CVE record, NVD, the rest.
fn text_rank(source: &str) -> u8 {
    match source {
        "osv/Ubuntu" | "osv/Alpine" | "osv/Debian" | "osv/Bitnami" | "osv/OSS-Fuzz" | "osv/AlmaLinux" => 4,
        "cve" => 2,
        "nvd" => 3,
        "starter" => 5,
        source if source.starts_with("osv/") => 1,
        _ => 4,
    }
}

/// Summary, details and links as one record to be compressed.
pub(super) fn texts(told: &[Record<'_>]) -> Vec<u8> {
    fn first<'a>(mut texts: impl Iterator<Item = &'a str>) -> &'a str {
        texts.find(|text| !text.is_empty()).unwrap_or_default()
    }
    let mut seen = HashSet::new();
    let links = told.iter().flat_map(|record| &record.references).filter(|link| seen.insert(**link));
    let references: Vec<&&str> = links.take(MOST_REFERENCES).collect();
    let mut out = Vec::new();
    put_text(&mut out, first(told.iter().map(|record| record.summary)));
    put_text(&mut out, first(told.iter().map(|record| record.details)));
    put_varint(&mut out, references.len() as u64);
    references.iter().for_each(|link| put_text(&mut out, link));
    out
}

/// Writes the record of a vulnerability; `place` is where its texts are.
pub(super) fn encode(out: &mut Vec<u8>, one: &One<'_>, told: &[Record<'_>], place: (u32, u32, u32)) {
    put_text(out, one.id);
    put_varint(out, one.aliases.len() as u64);
    for alias in &one.aliases {
        put_text(out, alias);
    }
    put_varint(out, one.advisories.len() as u64);
    for advisory in &one.advisories {
        put_varint(out, u64::from(*advisory));
    }
    let mut cwes: Vec<u16> = told.iter().flat_map(|record| record.cwes.iter().copied()).collect();
    cwes.sort_unstable();
    cwes.dedup();
    put_varint(out, cwes.len() as u64);
    for cwe in cwes {
        put_varint(out, u64::from(cwe));
    }
    let published = told.iter().filter_map(|record| record.published).min();
    let modified = told.iter().filter_map(|record| record.modified).max();
    for time in [published, modified] {
        put_signed(out, time.unwrap_or(i64::MIN));
    }
    let mut ratings: Vec<&Rated<'_>> = Vec::new();
    for rating in told.iter().flat_map(|record| &record.ratings) {
        if !ratings.contains(&rating) {
            ratings.push(rating);
        }
    }
    put_varint(out, ratings.len() as u64);
    for rating in ratings {
        put_text(out, rating.source);
        put_text(out, rating.vector.unwrap_or_default());
        put_varint(out, rating.score.map_or(0, |score| (score * 10.0).round() as u64 + 1));
        put_text(out, rating.word.unwrap_or_default());
    }
    match one.kev {
        None => put_varint(out, 0),
        Some(kev) => {
            put_varint(out, 1 + u64::from(kev.ransomware) + 2 * u64::from(kev.due.is_some()));
            put_text(out, &kev.added.to_string());
            if let Some(due) = kev.due {
                put_text(out, &due.to_string());
            }
            put_text(out, &kev.action);
        }
    }
    for number in [place.0, place.1, place.2] {
        put_varint(out, u64::from(number));
    }
}

/// The head of a vulnerability record.
pub(super) struct Head<'a> {
    pub id: &'a str,
    pub aliases: Vec<&'a str>,
    pub advisories: Vec<u32>,
}

/// Reads id, aliases and advisories.
pub(super) fn head<'a>(cursor: &mut Cursor<'a>) -> Option<Head<'a>> {
    let id = cursor.text()?;
    let mut aliases = Vec::new();
    for _ in 0..cursor.count()? {
        aliases.push(cursor.text()?);
    }
    let mut advisories = Vec::new();
    for _ in 0..cursor.count()? {
        advisories.push(u32::try_from(cursor.varint()?).ok()?);
    }
    Some(Head { id, aliases, advisories })
}

/// Reads a whole record; `unpack` gives the texts of a place. Texts that are damaged are left empty.
pub(super) fn decode(
    cursor: &mut Cursor<'_>,
    unpack: impl FnOnce(u32, u32, u32) -> Option<Vec<u8>>,
) -> Option<Vulnerability> {
    let head = head(cursor)?;
    let mut cwes = Vec::new();
    for _ in 0..cursor.count()? {
        cwes.push(u16::try_from(cursor.varint()?).ok()?);
    }
    let published = Timestamp::from_second(cursor.signed()?).ok();
    let modified = Timestamp::from_second(cursor.signed()?).ok();
    let mut ratings = Vec::new();
    let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    for _ in 0..cursor.count()? {
        let source = cursor.text()?.into();
        let vector = optional(cursor.text()?);
        let score = cursor.varint()?.checked_sub(1).map(|tenths| tenths.min(100) as f64 / 10.0);
        ratings.push(Rating { source, vector, score, word: optional(cursor.text()?) });
    }
    let kev = match cursor.varint()? {
        0 => None,
        flags => {
            let flags = flags - 1;
            let added: Date = cursor.text()?.parse().ok()?;
            let due = if flags & 2 != 0 { cursor.text()?.parse().ok() } else { None };
            Some(Kev { added, due, action: cursor.text()?.to_owned(), ransomware: flags & 1 != 0 })
        }
    };
    let mut place = || u32::try_from(cursor.varint()?).ok();
    let record = unpack(place()?, place()?, place()?).unwrap_or_default();
    let mut text = Cursor::at(&record, 0);
    let summary = text.text().unwrap_or_default().to_owned();
    let details = text.text().unwrap_or_default().to_owned();
    let mut references = Vec::new();
    for _ in 0..text.count().unwrap_or_default() {
        references.extend(text.text().map(str::to_owned));
    }
    Some(Vulnerability {
        id: VulnerabilityId::from(head.id),
        aliases: head.aliases.into_iter().map(str::to_owned).collect(),
        summary,
        details,
        ratings,
        cwes,
        published,
        modified,
        references,
        epss: None,
        kev,
    })
}

/// Compressed texts and their dictionary.
pub(super) struct Texts {
    pub bytes: Vec<u8>,
    pub dictionary: Vec<u8>,
    compressor: zstd::bulk::Compressor<'static>,
}

impl Texts {
    /// Trains a dictionary on a spread of the texts.
    pub fn train(records: &Records, all: &[One<'_>]) -> Result<Self, DatabaseError> {
        const SAMPLES: usize = 8000;
        const LONGEST_SAMPLE: usize = 2048;
        // Texts are made twice, here and when they are compressed, so that they need not all be kept.
        let text = |one: &One<'_>| texts(&one.told(records));
        let worth: Vec<&One<'_>> = all.iter().filter(|one| text(one).len() > 64).collect();
        let samples: Vec<Vec<u8>> = worth
            .iter()
            .step_by(worth.len().div_ceil(SAMPLES).max(1))
            .map(|one| {
                let mut sample = text(one);
                sample.truncate(LONGEST_SAMPLE);
                sample
            })
            .collect();
        // Training needs many samples; a small file does without.
        let dictionary = if samples.len() < 1000 {
            Vec::new()
        } else {
            zstd::dict::from_samples(&samples, 64 << 10).unwrap_or_default()
        };
        let compressor = zstd::bulk::Compressor::with_dictionary(6, &dictionary)
            .map_err(|source| DatabaseError::Compression { source })?;
        Ok(Self { bytes: Vec::new(), dictionary, compressor })
    }

    /// Compresses one record: its offset, packed length and length.
    pub fn add(&mut self, text: &[u8]) -> Result<(u32, u32, u32), DatabaseError> {
        if text.len() <= 3 {
            return Ok((0, 0, 0));
        }
        let packed =
            self.compressor.compress(text).map_err(|source| DatabaseError::Compression { source })?;
        let place = (self.bytes.len() as u32, packed.len() as u32, text.len() as u32);
        self.bytes.extend_from_slice(&packed);
        Ok(place)
    }
}

/// Unpacks records. What the dictionary unfolds to is kept, because it takes longer to make than a record to unpack.
#[derive(Default)]
pub(super) struct Unpacker(Mutex<Option<zstd::bulk::Decompressor<'static>>>);

impl Unpacker {
    /// Unpacks one record of `texts`, within bounds. The dictionary must be the same at every call.
    pub fn unpack(&self, texts: &[u8], dictionary: &[u8], place: (u32, u32, u32)) -> Option<Vec<u8>> {
        let (offset, packed, length) = (place.0 as usize, place.1 as usize, place.2 as usize);
        if length == 0 || length > LARGEST_TEXT {
            return None;
        }
        let packed = texts.get(offset..offset.checked_add(packed)?)?;
        let fresh = || zstd::bulk::Decompressor::with_dictionary(dictionary).ok();
        // Whoever comes while another thread unpacks does not wait.
        let Ok(mut kept) = self.0.try_lock() else { return fresh()?.decompress(packed, length).ok() };
        let decompressor = match &mut *kept {
            Some(decompressor) => decompressor,
            empty => empty.insert(fresh()?),
        };
        decompressor.decompress(packed, length).ok()
    }
}
