//! Collects what feeds read. Everything is packed as it comes (see [`Records`]); `compile` writes the file.

use super::epss;
use super::interval::{End, Span, spans};
use super::records::{Interner, Place, Records};
use super::row;
use super::status::SourceStatus;
use super::{DatabaseError, compile, layout};
use crate::feed::{Document, Facts, Feed, FeedError, Sink};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use yagura_ecosystems::{canonical, ecosystem, normalize};
use yagura_model::{Advisory, Affected, EcosystemId, Epss, Kev, SourceId};

/// Collects advisories and facts, then writes one file.
pub struct Builder {
    built: Timestamp,
    /// Texts that occur often, as the file numbers them.
    pub(super) words: Interner,
    /// Names of packages, ids and sources.
    pub(super) names: Interner,
    /// From ecosystem (a word) and package (a name) to a number.
    pub(super) keys: HashMap<(u32, u32), u32>,
    ecosystems: HashMap<EcosystemId, EcosystemId>,
    pub(super) records: Records,
    pub(super) advisories: Vec<Entry>,
    /// From id and source (names) to the place in `advisories`.
    known: HashMap<(u32, u32), u32>,
    pub(super) rows: Rows,
    pub(super) facts: Vec<Place>,
    pub(super) epss: epss::Scores,
    pub(super) kev: BTreeMap<String, Kev>,
    pub(super) sources: BTreeMap<SourceId, SourceStatus>,
}

/// An advisory without its packages.
pub(super) struct Entry {
    pub place: Place,
    modified: Option<Timestamp>,
    /// False once a newer copy came, or when its source took it back.
    pub alive: bool,
}

/// Statements as [`row::encode`] wrote them, in one buffer.
#[derive(Default)]
pub(super) struct Rows {
    bytes: Vec<u8>,
    rows: Vec<RawRow>,
}

struct RawRow {
    key: u32,
    advisory: u32,
    start: usize,
}

impl Rows {
    /// Key, advisory and body of each statement.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32, &[u8])> {
        let ends = self.rows.iter().skip(1).map(|row| row.start).chain([self.bytes.len()]);
        self.rows
            .iter()
            .zip(ends)
            .map(|(row, end)| (row.key, row.advisory, self.bytes.get(row.start..end).unwrap_or_default()))
    }
}

impl Builder {
    /// An empty file of this build time.
    pub fn new(now: Timestamp) -> Self {
        Self {
            built: now,
            words: Interner::default(),
            names: Interner::default(),
            keys: HashMap::new(),
            ecosystems: HashMap::new(),
            records: Records::default(),
            advisories: Vec::new(),
            known: HashMap::new(),
            rows: Rows::default(),
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
        let identity = (self.names.number(&id), self.names.number(source.as_str()));
        let modified = advisory.modified;
        if let Some(index) = self.known.get(&identity).copied()
            && let Some(old) = self.advisories.get_mut(index as usize)
        {
            match (old.modified, modified) {
                (Some(before), Some(now)) if now > before => old.alive = false,
                (Some(_), Some(_)) => return,
                _ => {
                    old.place = self.records.add_aliases(old.place, &aliases);
                    let word = self.records.record(old.place).ratings.iter().find_map(|rating| rating.word);
                    let word = word.map(str::to_owned);
                    self.rows_of(index, &source, word.as_deref(), affected);
                    return;
                }
            }
        }
        let facts = Facts {
            id,
            source,
            summary,
            details,
            ratings,
            cwes,
            published: advisory.published,
            modified,
            references: advisory.references.into_iter().map(|reference| reference.url).collect(),
        };
        let index = self.advisories.len() as u32;
        self.known.insert(identity, index);
        let alive = advisory.withdrawn.is_none();
        let place = self.records.add(&facts, &aliases, &upstream);
        self.advisories.push(Entry { place, modified, alive });
        if alive {
            // The advisory's own severity word, for packages that have none.
            let word = facts.ratings.iter().find_map(|rating| rating.word.as_deref());
            self.rows_of(index, &facts.source, word, affected);
        }
    }

    fn rows_of(&mut self, advisory: u32, source: &SourceId, severity: Option<&str>, affected: Vec<Affected>) {
        let (mut unordered, mut unknown) = (0, 0);
        for mut affected in affected {
            if affected.severity.is_none() {
                affected.severity = severity.map(str::to_owned);
            }
            let id = match self.ecosystems.get(&affected.ecosystem) {
                Some(id) => id.clone(),
                None => {
                    let id = canonical(&affected.ecosystem);
                    self.ecosystems.insert(affected.ecosystem.clone(), id.clone());
                    id
                }
            };
            let name = self.names.number(&normalize(&id, &affected.name));
            let word = self.words.number(id.as_str());
            let keys = self.keys.len() as u32;
            let key = *self.keys.entry((word, name)).or_insert(keys);
            let known = ecosystem(&id);
            let (mut spans, without_order) = spans(&affected.ranges, known.map(|known| known.versions));
            if affected.ranges.is_empty() && affected.versions.is_empty() {
                spans = vec![Span { lower: None, end: End::Open }];
            }
            self.rows.rows.push(RawRow { key, advisory, start: self.rows.bytes.len() });
            row::encode(&mut self.rows.bytes, &affected, &spans, |text| self.words.number(text));
            unordered += without_order as u64;
            unknown += u64::from(known.is_none());
        }
        let status = self.status(source);
        status.unordered += unordered;
        status.unknown += unknown;
    }

    /// Adds facts about a vulnerability.
    pub fn facts(&mut self, facts: Facts) {
        self.status(&facts.source).facts += 1;
        let place = self.records.add(&facts, &[], &[]);
        self.facts.push(place);
    }

    /// Writes the file. The result depends only on what was added, not on the order between sources.
    ///
    /// # Errors
    /// More than 4 GiB in a section, or failing compression.
    pub fn finish(mut self) -> Result<Vec<u8>, DatabaseError> {
        self.sources.values_mut().for_each(SourceStatus::settle);
        let sections = compile::sections(&self)?;
        let built = self.built.as_second();
        drop(self);
        Ok(layout::assemble(built, &sections))
    }
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
