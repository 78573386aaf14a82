//! The advisory file: immutable, checksummed, read where it lies.
//!
//! [`Database`] answers from plain bytes, usually a memory map: opening it reads the header only, a look-up by
//! package touches one hash slot and its rows. [`Builder`] writes it. Nothing here trusts the bytes: offsets,
//! counts and texts are checked at every read, so that a damaged file can at worst know too little.
//! `docs/advisory-file.md` describes the format, `docs/adr/0001-own-advisory-file.md` why it is ours.

mod builder;
mod codec;
mod columns;
mod compile;
mod epss;
mod error;
mod facts;
mod group;
mod interval;
mod layout;
mod precedence;
mod records;
mod row;
mod status;

pub use builder::Builder;
pub use columns::{ColumnPrint, ColumnPrints, Difference};
pub use error::DatabaseError;
pub use layout::FORMAT;
pub use status::{SourceState, SourceStatus, Summary};

use codec::{Cursor, u32_at};
use jiff::Timestamp;
use layout::{Header, Section};
use yagura_model::{Advisories, Candidate, EcosystemId, Statement, Vulnerability};

/// Set in the values of the id table for advisories, clear for vulnerabilities.
const ADVISORY: u32 = 1 << 31;

/// An open advisory file over any bytes.
pub struct Database<B> {
    bytes: B,
    header: Header,
    /// Start and end of each word, relative to its section.
    words: Vec<(u32, u32)>,
    unpacker: facts::Unpacker,
}

/// What the file knows of an advisory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvisoryEntry<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its source.
    pub source: &'a str,
    /// The vulnerabilities it speaks of.
    pub vulnerabilities: Vec<&'a str>,
    /// Last change.
    pub modified: Option<Timestamp>,
    /// The packages it speaks of: ecosystem and name. Those that a better source decides are left out.
    pub packages: Vec<(&'a str, &'a str)>,
}

impl<B: AsRef<[u8]>> Database<B> {
    /// Checks header, bounds and the small sections. The large ones are checked where they are read; call
    /// [`Self::verify`] after a download.
    ///
    /// # Errors
    /// Not an advisory file, of another format, truncated or damaged; [`DatabaseError::hint`] says what to do.
    pub fn open(bytes: B) -> Result<Self, DatabaseError> {
        let header = Header::parse(bytes.as_ref())?;
        for section in [Section::Sources, Section::Words, Section::Dictionary] {
            header.verify_section(bytes.as_ref(), section)?;
        }
        let mut database = Self { bytes, header, words: Vec::new(), unpacker: facts::Unpacker::default() };
        database.words = database.read_words().ok_or(DatabaseError::Damaged { what: "words" })?;
        Ok(database)
    }

    /// Compares every section with its checksum; takes about 0.3 s per GiB.
    ///
    /// # Errors
    /// Names the first damaged section.
    pub fn verify(&self) -> Result<(), DatabaseError> {
        self.header.verify(self.bytes.as_ref())
    }

    /// When the file was built.
    pub fn built(&self) -> Timestamp {
        Timestamp::from_second(self.header.built).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The whole file, to be copied.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// The checksum of the header, which holds those of all sections: equal for equal files.
    pub fn checksum(&self) -> &[u8] {
        self.bytes.as_ref().get(layout::HEADER - 32..layout::HEADER).unwrap_or_default()
    }

    /// Counts and sources.
    pub fn summary(&self) -> Summary {
        serde_json::from_slice(self.section(Section::Sources)).unwrap_or_default()
    }

    /// The state of every source, by id.
    pub fn sources(&self) -> Vec<SourceStatus> {
        self.summary().sources
    }

    /// Advisories by their own id, of any source, in the order of sources.
    pub fn advisories(&self, id: &str) -> Vec<AdvisoryEntry<'_>> {
        let mut found: Vec<(u32, AdvisoryEntry<'_>)> =
            codec::probe(self.section(Section::Ids), codec::hash(&[id.as_bytes()]))
                .filter(|value| value & ADVISORY != 0)
                .filter_map(|value| Some((value, self.advisory(value & !ADVISORY)?)))
                .filter(|(_, entry)| entry.id == id)
                .collect();
        found.sort_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, entry)| entry).collect()
    }

    /// The advisories that speak of a vulnerability, given its id or an alias.
    pub fn advisories_about(&self, id: &str) -> Vec<AdvisoryEntry<'_>> {
        let Some(number) = self.vulnerability_number(id) else { return Vec::new() };
        let head = self.vulnerability_cursor(number).and_then(|mut cursor| facts::head(&mut cursor));
        head.into_iter().flat_map(|head| head.advisories).filter_map(|number| self.advisory(number)).collect()
    }

    /// The inverse index: every package any advisory speaks of for this vulnerability, sorted, once.
    pub fn packages(&self, id: &str) -> Vec<(&str, &str)> {
        let mut packages: Vec<(&str, &str)> =
            self.advisories_about(id).into_iter().flat_map(|advisory| advisory.packages).collect();
        packages.sort_unstable();
        packages.dedup();
        packages
    }

    /// The vulnerabilities that an id stands for: itself, the group of an alias, or what an advisory of this
    /// id speaks of.
    pub fn vulnerabilities_of(&self, id: &str) -> Vec<&str> {
        if let Some(own) = self.vulnerability_number(id).and_then(|number| self.vulnerability_id(number)) {
            return vec![own];
        }
        let mut ids: Vec<&str> =
            self.advisories(id).into_iter().flat_map(|entry| entry.vulnerabilities).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Every key of the file with the number of its statements, in no order.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &str, usize)> {
        let (slots, _) = self.section(Section::Keys).get(8..).unwrap_or_default().as_chunks::<8>();
        slots.iter().filter_map(|slot| {
            let [.., a, b, c, d] = *slot;
            let offset = u32::from_le_bytes([a, b, c, d]).checked_sub(1)?;
            let (ecosystem, name, mut cursor) = self.group(offset)?;
            Some((ecosystem, name, cursor.count()?))
        })
    }

    fn section(&self, section: Section) -> &[u8] {
        let bounds = self.header.bounds.get(section as usize);
        bounds.and_then(|(start, end)| self.bytes.as_ref().get(*start..*end)).unwrap_or_default()
    }

    fn read_words(&self) -> Option<Vec<(u32, u32)>> {
        let section = self.section(Section::Words);
        let mut cursor = Cursor::at(section, 0);
        let mut words = Vec::new();
        for _ in 0..cursor.count()? {
            let text = cursor.text()?;
            let start = text.as_ptr() as usize - section.as_ptr() as usize;
            words.push((u32::try_from(start).ok()?, u32::try_from(start + text.len()).ok()?));
        }
        Some(words)
    }

    fn word(&self, number: u64) -> Option<&str> {
        let (start, end) = self.words.get(usize::try_from(number).ok()?)?;
        std::str::from_utf8(self.section(Section::Words).get(*start as usize..*end as usize)?).ok()
    }

    /// Ecosystem, name and a cursor at the count of rows.
    fn group(&self, offset: u32) -> Option<(&str, &str, Cursor<'_>)> {
        let mut cursor = Cursor::at(self.section(Section::Rows), offset as usize);
        let ecosystem = self.word(cursor.varint()?)?;
        let name = cursor.text()?;
        Some((ecosystem, name, cursor))
    }

    /// Ecosystem and name as the file spells them, and the records of the statements about this package.
    fn find(&self, ecosystem: &EcosystemId, name: &str) -> Option<(&str, &str, impl Iterator<Item = &[u8]>)> {
        let hash = codec::hash(&[ecosystem.as_str().as_bytes(), name.as_bytes()]);
        let (ecosystem, name, mut cursor) = codec::probe(self.section(Section::Keys), hash)
            .filter_map(|offset| self.group(offset))
            .find(|(found, found_name, _)| *found == ecosystem.as_str() && *found_name == name)?;
        let count = cursor.count()?;
        Some((ecosystem, name, (0..count).map_while(move |_| cursor.bytes())))
    }

    fn vulnerability_cursor(&self, number: u32) -> Option<Cursor<'_>> {
        let offset = u32_at(self.section(Section::VulnerabilityOffsets), number as usize)?;
        Some(Cursor::at(self.section(Section::Vulnerabilities), offset as usize))
    }

    fn vulnerability_id(&self, number: u32) -> Option<&str> {
        self.vulnerability_cursor(number)?.text()
    }

    fn vulnerability_number(&self, id: &str) -> Option<u32> {
        codec::probe(self.section(Section::Ids), codec::hash(&[id.as_bytes()]))
            .filter(|value| value & ADVISORY == 0)
            .find(|number| {
                self.vulnerability_cursor(*number)
                    .and_then(|mut cursor| facts::head(&mut cursor))
                    .is_some_and(|head| head.id == id || head.aliases.contains(&id))
            })
    }

    fn advisory(&self, number: u32) -> Option<AdvisoryEntry<'_>> {
        let (id, source, mut cursor) = self.advisory_cursor(number)?;
        let mut vulnerabilities = Vec::new();
        for _ in 0..cursor.count()? {
            vulnerabilities.push(self.vulnerability_id(u32::try_from(cursor.varint()?).ok()?)?);
        }
        let modified = Timestamp::from_second(cursor.signed()?).ok();
        let mut packages = Vec::new();
        for _ in 0..cursor.count()? {
            let (ecosystem, name, _) = self.group(u32::try_from(cursor.varint()?).ok()?)?;
            packages.push((ecosystem, name));
        }
        Some(AdvisoryEntry { id, source, vulnerabilities, modified, packages })
    }

    /// Id, source and a cursor at the vulnerabilities.
    fn advisory_cursor(&self, number: u32) -> Option<(&str, &str, Cursor<'_>)> {
        let offset = u32_at(self.section(Section::AdvisoryOffsets), number as usize)?;
        let mut cursor = Cursor::at(self.section(Section::Advisories), offset as usize);
        Some((cursor.text()?, cursor.text()?, cursor))
    }

    fn statement<'a>(&'a self, ecosystem: &'a str, name: &'a str, record: &'a [u8]) -> Option<Statement<'a>> {
        let mut cursor = Cursor::at(record, 0);
        let (advisory, source, mut all) = self.advisory_cursor(u32::try_from(cursor.varint()?).ok()?)?;
        let subset = cursor.count()?;
        let mut vulnerabilities = Vec::new();
        let (count, from) = if subset == 0 { (all.count()?, &mut all) } else { (subset, &mut cursor) };
        vulnerabilities.reserve(count.min(256));
        for _ in 0..count {
            vulnerabilities.push(self.vulnerability_id(u32::try_from(from.varint()?).ok()?)?);
        }
        let row = row::decode(&mut cursor)?;
        let word = |number: Option<u32>| number.and_then(|number| self.word(u64::from(number)));
        Some(Statement {
            advisory,
            source,
            ecosystem,
            name,
            binary: row.binary,
            vulnerabilities,
            intervals: row.intervals,
            versions: row.versions,
            commits: row.commits,
            status: row.status,
            module: word(row.module),
            arches: row.arches.into_iter().filter_map(|number| word(Some(number))).collect(),
            severity: word(row.severity),
        })
    }
}

impl<B: AsRef<[u8]>> Advisories for Database<B> {
    fn statements<'a>(&'a self, ecosystem: &EcosystemId, name: &str, visit: &mut dyn FnMut(Statement<'a>)) {
        let Some((ecosystem, name, records)) = self.find(ecosystem, name) else { return };
        records.filter_map(|record| self.statement(ecosystem, name, record)).for_each(visit);
    }

    fn may_affect(&self, ecosystem: &EcosystemId, name: &str, candidate: &Candidate<'_>) -> bool {
        self.find(ecosystem, name).is_some_and(|(_, _, mut records)| {
            // What cannot be decoded here is no statement there either.
            records.any(|record| may_affect(record, candidate).unwrap_or_default())
        })
    }

    fn vulnerability(&self, id: &str) -> Option<Vulnerability> {
        let number = self.vulnerability_number(id).or_else(|| match self.vulnerabilities_of(id).as_slice() {
            [one] => self.vulnerability_number(one),
            _ => None,
        });
        let epss = |id: &str| epss::find(self.section(Section::Epss), id);
        let Some(number) = number else {
            // A CVE that nobody but FIRST speaks of.
            let epss = epss(id)?;
            return Some(Vulnerability {
                id: id.into(),
                aliases: Vec::new(),
                summary: String::new(),
                details: String::new(),
                ratings: Vec::new(),
                cwes: Vec::new(),
                published: None,
                modified: None,
                references: Vec::new(),
                epss: Some(epss),
                kev: None,
            });
        };
        let mut cursor = self.vulnerability_cursor(number)?;
        let (texts, dictionary) = (self.section(Section::Texts), self.section(Section::Dictionary));
        let mut found = facts::decode(&mut cursor, |offset, packed, length| {
            self.unpacker.unpack(texts, dictionary, (offset, packed, length))
        })?;
        found.epss = epss(found.id.as_str());
        Some(found)
    }
}

/// [`row::may_affect`] of the statement in a record.
fn may_affect(record: &[u8], candidate: &Candidate<'_>) -> Option<bool> {
    let mut cursor = Cursor::at(record, 0);
    let _advisory = cursor.varint()?;
    for _ in 0..cursor.count()? {
        cursor.varint()?;
    }
    row::may_affect(&mut cursor, candidate)
}

#[cfg(test)]
mod tests;
