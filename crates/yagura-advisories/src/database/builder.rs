//! Builds the advisory file from what feeds read.

use super::DatabaseError;
use super::codec::{self, put_bytes, put_signed, put_text, put_varint};
use super::epss;
use super::facts::{self, Texts};
use super::group::{Claim, Groups};
use super::interval::{End, Span, spans};
use super::layout::{self, Section};
use super::precedence::rank;
use super::row;
use super::status::SourceStatus;
use crate::feed::{Document, Facts, Feed, FeedError, Sink};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use yagura_ecosystems::{canonical, ecosystem, normalize};
use yagura_model::{Advisory, Affected, EcosystemId, Epss, Kev, SourceId};

/// Collects advisories and facts, then writes one file.
pub struct Builder {
    built: Timestamp,
    words: Interner,
    keys: HashMap<(u32, Box<str>), u32>,
    ecosystems: HashMap<EcosystemId, EcosystemId>,
    advisories: Vec<Entry>,
    /// By id and source: the place in `advisories`.
    known: HashMap<(String, SourceId), usize>,
    rows: Vec<RawRow>,
    facts: Vec<Facts>,
    epss: epss::Scores,
    kev: BTreeMap<String, Kev>,
    sources: BTreeMap<SourceId, SourceStatus>,
}

/// An advisory without its packages.
pub(super) struct Entry {
    pub facts: Facts,
    pub aliases: Vec<String>,
    pub upstream: Vec<String>,
    /// False once a newer copy came, or when its source took it back.
    alive: bool,
    /// The advisory's own severity word, for packages that have none.
    word: Option<String>,
}

struct RawRow {
    key: u32,
    advisory: u32,
    /// See [`row`].
    body: Box<[u8]>,
}

/// Texts that occur often, numbered in the order of first use and renumbered at the end.
#[derive(Default)]
struct Interner {
    index: HashMap<Box<str>, u32>,
}

impl Interner {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.index.get(text) {
            return *number;
        }
        let number = self.index.len() as u32;
        self.index.insert(text.into(), number);
        number
    }

    fn texts(&self) -> Vec<&str> {
        let mut texts: Vec<(u32, &str)> =
            self.index.iter().map(|(text, number)| (*number, &**text)).collect();
        texts.sort_unstable();
        texts.into_iter().map(|(_, text)| text).collect()
    }
}

impl Builder {
    /// An empty file of this build time.
    pub fn new(now: Timestamp) -> Self {
        Self {
            built: now,
            words: Interner::default(),
            keys: HashMap::new(),
            ecosystems: HashMap::new(),
            advisories: Vec::new(),
            known: HashMap::new(),
            rows: Vec::new(),
            facts: Vec::new(),
            epss: epss::Scores::default(),
            kev: BTreeMap::new(),
            sources: BTreeMap::new(),
        }
    }

    /// Reads one document of a feed. What fails is recorded with its source as well as returned; what was
    /// read before the failure stays.
    ///
    /// # Errors
    /// As [`Feed::read`].
    pub fn read(&mut self, feed: &dyn Feed, document: &Document<'_>) -> Result<(), FeedError> {
        let source = feed.source(document.path);
        let title = feed.title();
        let status = self.status(&source);
        if status.title.is_empty() {
            title.clone_into(&mut status.title);
        }
        let result = feed.read(document, &mut Reading { builder: self, source: source.clone() });
        if let Err(error) = &result {
            self.status(&source).error = Some(error.to_string());
        }
        result
    }

    /// Adds the advisories that are compiled in, under the source `starter`.
    pub fn starter(&mut self) {
        let source = SourceId::from("starter");
        self.status(&source).title = "Starter advisories".to_owned();
        crate::starter::read(&mut Reading { builder: self, source });
    }

    /// The state of a source, to be completed by whoever downloads (time fetched, last error).
    pub fn status(&mut self, source: &SourceId) -> &mut SourceStatus {
        self.sources.entry(source.clone()).or_insert_with(|| SourceStatus::new(source.clone()))
    }

    /// Adds one advisory. A newer copy of the same id from the same source replaces the
    /// older; advisories without a modification time add to each other, as the per-release lists of secdb do.
    pub fn advisory(&mut self, advisory: Advisory) {
        let Advisory { id, source, aliases, upstream, summary, details, ratings, cwes, affected, .. } =
            advisory;
        let status = self.status(&source);
        status.advisories += 1;
        if advisory.withdrawn.is_some() {
            status.withdrawn += 1;
        }
        let identity = (id.clone(), source.clone());
        let facts = Facts {
            id,
            source,
            summary,
            details,
            ratings,
            cwes,
            published: advisory.published,
            modified: advisory.modified,
            references: advisory.references.into_iter().map(|reference| reference.url).collect(),
        };
        let word = facts.ratings.iter().find_map(|rating| rating.word.clone());
        let entry = Entry { facts, aliases, upstream, alive: advisory.withdrawn.is_none(), word };
        let index = match self.known.get(&identity).copied() {
            Some(index) => {
                let Some(old) = self.advisories.get_mut(index) else { return };
                match (old.facts.modified, entry.facts.modified) {
                    (Some(before), Some(now)) if now > before => old.alive = false,
                    (Some(_), Some(_)) => return,
                    _ => {
                        for alias in entry.aliases {
                            if !old.aliases.contains(&alias) {
                                old.aliases.push(alias);
                            }
                        }
                        self.rows_of(index, affected);
                        return;
                    }
                }
                self.advisories.len()
            }
            None => self.advisories.len(),
        };
        let alive = entry.alive;
        self.known.insert(identity, index);
        self.advisories.push(entry);
        if alive {
            self.rows_of(index, affected);
        }
    }

    fn rows_of(&mut self, index: usize, affected: Vec<Affected>) {
        let word = self.advisories.get(index).and_then(|entry| entry.word.clone());
        let source = self.advisories.get(index).map(|entry| entry.facts.source.clone());
        for mut affected in affected {
            if affected.severity.is_none() {
                affected.severity.clone_from(&word);
            }
            let id = match self.ecosystems.get(&affected.ecosystem) {
                Some(id) => id.clone(),
                None => {
                    let id = canonical(&affected.ecosystem);
                    self.ecosystems.insert(affected.ecosystem.clone(), id.clone());
                    id
                }
            };
            let name = normalize(&id, &affected.name).into_owned();
            let word = self.words.number(id.as_str());
            let keys = self.keys.len() as u32;
            let key = *self.keys.entry((word, name.into_boxed_str())).or_insert(keys);
            let known = ecosystem(&id);
            let (mut spans, unordered) = spans(&affected.ranges, known.map(|known| known.versions));
            if affected.ranges.is_empty() && affected.versions.is_empty() {
                spans = vec![Span { lower: None, end: End::Open }];
            }
            let body = row::encode(&affected, &spans, |text| self.words.number(text));
            self.rows.push(RawRow { key, advisory: index as u32, body });
            if let Some(source) = &source {
                let status = self.status(source);
                status.unordered += unordered as u64;
                status.unknown += u64::from(known.is_none());
            }
        }
    }

    /// Adds facts about a vulnerability.
    pub fn facts(&mut self, facts: Facts) {
        self.status(&facts.source.clone()).facts += 1;
        self.facts.push(facts);
    }

    /// Writes the file. The result depends only on what was added, not on the order between sources.
    ///
    /// # Errors
    /// More than 4 GiB in a section, or failing compression.
    pub fn finish(mut self) -> Result<Vec<u8>, DatabaseError> {
        // Sorted advisories make the numbering independent of reading order.
        let mut order: Vec<usize> = (0..self.advisories.len()).collect();
        order.retain(|index| self.advisories.get(*index).is_some_and(|entry| entry.alive));
        order.sort_by_key(|index| {
            self.advisories.get(*index).map(|entry| (entry.facts.id.as_str(), entry.facts.source.as_str()))
        });
        let entries: Vec<&Entry> = order.iter().filter_map(|index| self.advisories.get(*index)).collect();
        let mut number_of = vec![u32::MAX; self.advisories.len()];
        for (number, index) in order.iter().enumerate() {
            if let Some(slot) = number_of.get_mut(*index) {
                *slot = number as u32;
            }
        }
        let claims = || {
            entries.iter().map(|entry| Claim {
                id: &entry.facts.id,
                aliases: &entry.aliases,
                upstream: &entry.upstream,
            })
        };
        let groups = Groups::new(claims());
        let speaks: Vec<Vec<&str>> = claims().map(|claim| groups.vulnerabilities(claim)).collect();
        let mut vulnerabilities = facts::gather(&entries, &speaks, &self.facts, &self.kev, &groups);
        let numbers: HashMap<&str, u32> =
            vulnerabilities.iter().enumerate().map(|(number, one)| (one.id, number as u32)).collect();

        let mut sections: [Vec<u8>; Section::ALL.len()] = Default::default();
        let mut set = |section: Section, bytes: Vec<u8>| -> Result<(), DatabaseError> {
            if bytes.len() > u32::MAX as usize {
                return Err(DatabaseError::TooLarge { section: section.name() });
            }
            if let Some(slot) = sections.get_mut(section as usize) {
                *slot = bytes;
            }
            Ok(())
        };

        // Rows: by key, then advisory.
        let texts = self.words.texts();
        let mut keys: Vec<(&str, &str, u32)> = self
            .keys
            .iter()
            .map(|((word, name), key)| {
                (texts.get(*word as usize).copied().unwrap_or_default(), &**name, *key)
            })
            .collect();
        keys.sort_unstable();
        let mut place = vec![0u32; keys.len()];
        for (position, (_, _, key)) in keys.iter().enumerate() {
            if let Some(slot) = place.get_mut(*key as usize) {
                *slot = position as u32;
            }
        }
        let word_of = |text: &str| self.words.index.get(text).copied().unwrap_or_default();
        let mut sorted: Vec<(u32, u32, &[u8])> = self
            .rows
            .iter()
            .filter_map(|row| {
                let number = *number_of.get(row.advisory as usize)?;
                (number != u32::MAX).then_some((*place.get(row.key as usize)?, number, &*row.body))
            })
            .collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut rows = Vec::new();
        let mut slots: Vec<(u64, u32)> = Vec::new();
        let mut packages_of: Vec<Vec<u32>> = vec![Vec::new(); entries.len()];
        let mut statements = 0u64;
        for group in sorted.chunk_by(|a, b| a.0 == b.0) {
            let Some((ecosystem, name, _)) = group.first().and_then(|row| keys.get(row.0 as usize)) else {
                continue;
            };
            let kept = decide(ecosystem, group, &entries, &speaks);
            if kept.is_empty() {
                continue;
            }
            let offset = rows.len();
            if offset > u32::MAX as usize {
                return Err(DatabaseError::TooLarge { section: Section::Rows.name() });
            }
            slots.push((codec::hash(&[ecosystem.as_bytes(), name.as_bytes()]), offset as u32));
            put_varint(&mut rows, u64::from(word_of(ecosystem)));
            put_text(&mut rows, name);
            put_varint(&mut rows, kept.len() as u64);
            for (advisory, body, subset) in kept {
                statements += 1;
                let mut record = Vec::with_capacity(body.len() + 8);
                put_varint(&mut record, u64::from(advisory));
                match subset {
                    None => put_varint(&mut record, 0),
                    Some(subset) => {
                        put_varint(&mut record, subset.len() as u64);
                        for id in subset {
                            put_varint(&mut record, u64::from(numbers.get(id).copied().unwrap_or_default()));
                        }
                    }
                }
                record.extend_from_slice(body);
                put_bytes(&mut rows, &record);
                if let Some(list) = packages_of.get_mut(advisory as usize) {
                    list.push(offset as u32);
                }
            }
        }
        set(Section::Keys, codec::hash_table(&slots))?;
        set(Section::Rows, rows)?;

        // Advisories, with the packages they speak of.
        let mut ids: Vec<(u64, u32)> = Vec::new();
        let mut offsets = Vec::with_capacity(entries.len() * 4);
        let mut records = Vec::new();
        for (number, ((entry, speaks), packages)) in
            entries.iter().zip(&speaks).zip(&mut packages_of).enumerate()
        {
            offsets.extend_from_slice(&(records.len() as u32).to_le_bytes());
            put_text(&mut records, &entry.facts.id);
            put_text(&mut records, entry.facts.source.as_str());
            put_varint(&mut records, speaks.len() as u64);
            for id in speaks {
                let vulnerability = numbers.get(id).copied().unwrap_or_default();
                put_varint(&mut records, u64::from(vulnerability));
                if let Some(one) = vulnerabilities.get_mut(vulnerability as usize) {
                    one.advisories.push(number as u32);
                }
            }
            put_signed(&mut records, entry.facts.modified.map_or(i64::MIN, Timestamp::as_second));
            packages.sort_unstable();
            packages.dedup();
            put_varint(&mut records, packages.len() as u64);
            for offset in packages.iter() {
                put_varint(&mut records, u64::from(*offset));
            }
            ids.push((codec::hash(&[entry.facts.id.as_bytes()]), number as u32 | super::ADVISORY));
        }
        set(Section::AdvisoryOffsets, offsets)?;
        set(Section::Advisories, records)?;

        // Vulnerabilities, texts compressed with a shared dictionary.
        let texts_of: Vec<Vec<u8>> = vulnerabilities.iter().map(facts::texts).collect();
        let mut texts = Texts::train(&texts_of)?;
        let mut offsets = Vec::with_capacity(vulnerabilities.len() * 4);
        let mut records = Vec::new();
        for (number, (one, text)) in vulnerabilities.iter().zip(&texts_of).enumerate() {
            offsets.extend_from_slice(&(records.len() as u32).to_le_bytes());
            facts::encode(&mut records, one, texts.add(text)?);
            ids.push((codec::hash(&[one.id.as_bytes()]), number as u32));
            for alias in &one.aliases {
                ids.push((codec::hash(&[alias.as_bytes()]), number as u32));
            }
        }
        set(Section::VulnerabilityOffsets, offsets)?;
        set(Section::Vulnerabilities, records)?;
        set(Section::Texts, texts.bytes)?;
        set(Section::Dictionary, texts.dictionary)?;
        set(Section::Ids, codec::hash_table(&ids))?;
        set(Section::Epss, self.epss.encode())?;

        let mut words = Vec::new();
        let list = self.words.texts();
        put_varint(&mut words, list.len() as u64);
        for word in list {
            put_text(&mut words, word);
        }
        set(Section::Words, words)?;
        for status in self.sources.values_mut() {
            status.settle();
        }
        let sources: Vec<&SourceStatus> = self.sources.values().collect();
        let counts = super::status::Contents {
            statements,
            packages: slots.len() as u64,
            advisories: entries.len() as u64,
            vulnerabilities: vulnerabilities.len() as u64,
            sources,
        };
        set(Section::Sources, serde_json::to_vec(&counts).unwrap_or_default())?;
        Ok(layout::assemble(self.built.as_second(), &sections))
    }
}

/// The rows of one package that count, each with its vulnerabilities where they are fewer than the
/// advisory's.
#[allow(clippy::type_complexity)]
fn decide<'a, 'b>(
    ecosystem: &str,
    group: &[(u32, u32, &'a [u8])],
    entries: &[&Entry],
    speaks: &'b [Vec<&'b str>],
) -> Vec<(u32, &'a [u8], Option<Vec<&'b str>>)> {
    let base = ecosystem.split_once(':').map_or(ecosystem, |(base, _)| base);
    let ranked: Vec<(u8, u32, &[u8])> = group
        .iter()
        .filter_map(|(_, advisory, body)| {
            let entry = entries.get(*advisory as usize)?;
            Some((rank(base, entry.facts.source.as_str(), &entry.facts.id), *advisory, *body))
        })
        .collect();
    let one_rank = ranked.windows(2).all(|pair| matches!(pair, [a, b] if a.0 == b.0));
    if one_rank {
        return ranked.into_iter().map(|(_, advisory, body)| (advisory, body, None)).collect();
    }
    let mut best: HashMap<&str, u8> = HashMap::new();
    for (rank, advisory, _) in &ranked {
        for id in speaks.get(*advisory as usize).into_iter().flatten() {
            let entry = best.entry(id).or_insert(*rank);
            *entry = (*entry).min(*rank);
        }
    }
    ranked
        .into_iter()
        .filter_map(|(rank, advisory, body)| {
            let all = speaks.get(advisory as usize)?;
            let kept: Vec<&str> = all.iter().copied().filter(|id| best.get(id) == Some(&rank)).collect();
            match kept.len() {
                0 => None,
                count if count == all.len() => Some((advisory, body, None)),
                _ => Some((advisory, body, Some(kept))),
            }
        })
        .collect()
}

/// A sink that adds to a builder and counts for one source.
struct Reading<'a> {
    builder: &'a mut Builder,
    source: SourceId,
}

impl Sink for Reading<'_> {
    fn advisory(&mut self, advisory: Advisory) {
        self.builder.advisory(advisory);
    }

    fn facts(&mut self, facts: Facts) {
        self.builder.facts(facts);
    }

    fn epss(&mut self, cve: &str, epss: Epss) {
        self.builder.status(&self.source).facts += 1;
        self.builder.epss.add(cve, epss);
    }

    fn kev(&mut self, cve: &str, kev: Kev) {
        self.builder.status(&self.source).facts += 1;
        self.builder.kev.insert(cve.to_owned(), kev);
    }

    fn dated(&mut self, date: Timestamp) {
        let now = self.builder.built;
        let status = self.builder.status(&self.source);
        // Some records are dated in the future; they must not make the source look fresh for ever.
        if date <= now {
            status.upstream = status.upstream.max(Some(date));
        }
    }

    fn unread(&mut self, what: String) {
        let status = self.builder.status(&self.source);
        status.unread += 1;
        if status.error.is_none() {
            status.error = Some(what);
        }
    }
}
