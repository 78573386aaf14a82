//! What has been read so far, packed into a few large buffers.
//!
//! A build keeps a hundred thousand advisories until the file is written, while parsers allocate and free
//! millions of small pieces between them. Kept as texts and lists of their own they would hold the allocator's
//! memory apart: three times their size stays resident. Packed, they cost their bytes.

use super::codec::{Cursor, put_signed, put_text, put_varint};
use super::group::Claim;
use crate::feed::Facts;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// Longest prose kept, in bytes; what is longer is cut at a line.
const LONGEST_DETAILS: usize = 64 << 10;
/// Longest summary or link kept, in bytes.
const LONGEST_LINE: usize = 4096;
/// Most links kept for one vulnerability, hence of one record.
pub(super) const MOST_REFERENCES: usize = 100;

const VECTOR: u8 = 1;
const SCORE: u8 = 2;
const WORD: u8 = 4;

/// Texts that are numbered in the order of first use, in one buffer.
#[derive(Debug, Default)]
pub(super) struct Interner {
    hasher: RandomState,
    bytes: String,
    ends: Vec<usize>,
    /// From a text's hash to the last number with that hash.
    last: HashMap<u64, u32>,
    /// For each number, the one before it with the same hash, plus one.
    before: Vec<u32>,
}

impl Interner {
    /// The number of a text, a new one if it has none.
    pub fn number(&mut self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text);
        if let Some(number) = self.find(hash, text) {
            return number;
        }
        let number = self.ends.len() as u32;
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        self.before.push(self.last.insert(hash, number).map_or(0, |before| before + 1));
        number
    }

    /// The number of a text that has one.
    pub fn get(&self, text: &str) -> Option<u32> {
        self.find(self.hasher.hash_one(text), text)
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(number).and_then(|end| self.bytes.get(start..*end)).unwrap_or_default()
    }

    /// All texts in the order of their numbers.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|number| self.text(number as u32))
    }

    fn find(&self, hash: u64, text: &str) -> Option<u32> {
        let mut number = *self.last.get(&hash)?;
        while self.text(number) != text {
            number = self.before.get(number as usize)?.checked_sub(1)?;
        }
        Some(number)
    }
}

/// Where a record lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(usize);

/// Advisories without their packages, and facts.
#[derive(Debug, Default)]
pub(super) struct Records(Vec<u8>);

/// A record as it was packed. Texts are trimmed and cut to what the file holds, links are unique.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub summary: &'a str,
    pub details: &'a str,
    pub ratings: Vec<Rated<'a>>,
    pub cwes: Vec<u16>,
    /// Unix seconds.
    pub published: Option<i64>,
    /// Unix seconds.
    pub modified: Option<i64>,
    pub references: Vec<&'a str>,
}

/// A rating as it was packed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rated<'a> {
    pub source: &'a str,
    pub vector: Option<&'a str>,
    pub score: Option<f64>,
    pub word: Option<&'a str>,
}

impl Records {
    /// Packs an advisory, or facts with no other ids.
    pub fn add(&mut self, facts: &Facts, aliases: &[String], upstream: &[String]) -> Place {
        let place = self.0.len();
        let out = &mut self.0;
        put_text(out, &facts.id);
        put_text(out, facts.source.as_str());
        for ids in [aliases, upstream] {
            put_varint(out, ids.len() as u64);
            ids.iter().for_each(|id| put_text(out, id));
        }
        put_text(out, cut(facts.summary.trim(), LONGEST_LINE));
        put_text(out, cut(facts.details.trim(), LONGEST_DETAILS));
        put_varint(out, facts.ratings.len() as u64);
        for rating in &facts.ratings {
            put_text(out, rating.source.as_str());
            let flag = |set: bool, flag: u8| if set { flag } else { 0 };
            out.push(
                flag(rating.vector.is_some(), VECTOR)
                    | flag(rating.score.is_some(), SCORE)
                    | flag(rating.word.is_some(), WORD),
            );
            rating.vector.iter().chain(&rating.word).for_each(|text| put_text(out, text));
            rating.score.iter().for_each(|score| out.extend_from_slice(&score.to_le_bytes()));
        }
        put_varint(out, facts.cwes.len() as u64);
        facts.cwes.iter().for_each(|cwe| put_varint(out, u64::from(*cwe)));
        for time in [facts.published, facts.modified] {
            put_signed(out, time.map_or(i64::MIN, Timestamp::as_second));
        }
        let mut seen = HashSet::new();
        let links: Vec<&str> = facts
            .references
            .iter()
            .map(|link| cut(link, LONGEST_LINE))
            .filter(|link| seen.insert(*link))
            .take(MOST_REFERENCES)
            .collect();
        put_varint(out, links.len() as u64);
        links.iter().for_each(|link| put_text(out, link));
        Place(place)
    }

    /// Packs a record once more with more aliases.
    pub fn add_aliases(&mut self, place: Place, more: &[String]) -> Place {
        let (Claim { id, mut aliases, upstream }, cursor) = self.claim_and_rest(place);
        let before = aliases.len();
        for alias in more {
            if !aliases.contains(&alias.as_str()) {
                aliases.push(alias);
            }
        }
        if aliases.len() == before {
            return place;
        }
        let mut head = Vec::new();
        put_text(&mut head, id);
        put_text(&mut head, self.head(place).1);
        for ids in [aliases, upstream] {
            put_varint(&mut head, ids.len() as u64);
            ids.iter().for_each(|id| put_text(&mut head, id));
        }
        let rest = self.0.len() - cursor.rest().len();
        let end = rest + self.record_length(cursor);
        let new = self.0.len();
        self.0.extend_from_slice(&head);
        self.0.extend_from_within(rest..end);
        Place(new)
    }

    /// Id and source.
    pub fn head(&self, place: Place) -> (&str, &str) {
        let mut cursor = Cursor::at(&self.0, place.0);
        (cursor.text().unwrap_or_default(), cursor.text().unwrap_or_default())
    }

    /// What grouping needs to know.
    pub fn claim(&self, place: Place) -> Claim<'_> {
        self.claim_and_rest(place).0
    }

    /// Everything else.
    pub fn record(&self, place: Place) -> Record<'_> {
        body(&mut self.claim_and_rest(place).1)
    }

    fn record_length(&self, cursor: Cursor<'_>) -> usize {
        let mut end = cursor;
        body(&mut end);
        cursor.rest().len() - end.rest().len()
    }

    fn claim_and_rest(&self, place: Place) -> (Claim<'_>, Cursor<'_>) {
        let mut cursor = Cursor::at(&self.0, place.0);
        let id = cursor.text().unwrap_or_default();
        cursor.bytes();
        let aliases = texts(&mut cursor);
        let upstream = texts(&mut cursor);
        (Claim { id, aliases, upstream }, cursor)
    }
}

/// Reads what follows the ids. These bytes are our own, so that whatever does not fit is simply empty.
fn body<'a>(cursor: &mut Cursor<'a>) -> Record<'a> {
    let summary = cursor.text().unwrap_or_default();
    let details = cursor.text().unwrap_or_default();
    let ratings = (0..cursor.count().unwrap_or_default())
        .map(|_| {
            let source = cursor.text().unwrap_or_default();
            let flags = cursor.byte().unwrap_or_default();
            let mut text = |flag: u8| if flags & flag != 0 { cursor.text() } else { None };
            let (vector, word) = (text(VECTOR), text(WORD));
            let score = if flags & SCORE != 0 { cursor.take(8) } else { None };
            let score = score.and_then(|bytes| bytes.try_into().ok()).map(f64::from_le_bytes);
            Rated { source, vector, score, word }
        })
        .collect();
    let cwes =
        (0..cursor.count().unwrap_or_default()).map(|_| cursor.varint().unwrap_or_default() as u16).collect();
    let mut time = || cursor.signed().filter(|time| *time != i64::MIN);
    let (published, modified) = (time(), time());
    let references = texts(cursor);
    Record { summary, details, ratings, cwes, published, modified, references }
}

fn texts<'a>(cursor: &mut Cursor<'a>) -> Vec<&'a str> {
    (0..cursor.count().unwrap_or_default()).map(|_| cursor.text().unwrap_or_default()).collect()
}

fn cut(text: &str, longest: usize) -> &str {
    if text.len() <= longest {
        return text;
    }
    let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let text = text.get(..end).unwrap_or_default();
    text.rfind('\n').and_then(|line| text.get(..line)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rating;

    #[test]
    fn numbers_follow_first_use() {
        let mut words = Interner::default();
        let numbers: Vec<u32> = ["a", "", "b", "a", "", "ab"].map(|text| words.number(text)).to_vec();
        assert_eq!(numbers, [0, 1, 2, 0, 1, 3]);
        assert_eq!(words.texts().collect::<Vec<_>>(), ["a", "", "b", "ab"]);
        assert_eq!((words.get("ab"), words.get("ba")), (Some(3), None));
    }

    #[test]
    fn a_record_comes_back_also_with_more_aliases() {
        let mut facts = Facts::new("nvd", "CVE-1");
        facts.summary = " one line\n".to_owned();
        facts.details = "x".repeat(LONGEST_DETAILS + 1);
        facts.ratings = vec![
            rating::from_word("a", "high"),
            rating::from_vector("b", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
        ];
        facts.cwes = vec![79, 1321];
        facts.modified = Timestamp::from_second(-5).ok();
        facts.references = ["u", "v", "u"].map(str::to_owned).to_vec();
        let mut records = Records::default();
        let first = records.add(&facts, &["A-1".to_owned()], &["U-1".to_owned()]);
        records.add(&Facts::new("nvd", "CVE-2"), &[], &[]);
        let again = records.add_aliases(first, &["A-1".to_owned(), "A-2".to_owned()]);
        assert_eq!(records.claim(again).aliases, ["A-1", "A-2"]);
        assert_eq!(records.claim(again).upstream, ["U-1"]);
        for place in [first, again] {
            assert_eq!(records.head(place), ("CVE-1", "nvd"));
            let record = records.record(place);
            assert_eq!((record.summary, record.details.len()), ("one line", LONGEST_DETAILS));
            assert_eq!(record.ratings[0].word, Some("high"));
            assert_eq!(record.ratings[1].score, Some(9.8));
            assert_eq!((record.cwes, record.references), (vec![79, 1321], vec!["u", "v"]));
            assert_eq!((record.published, record.modified), (None, Some(-5)));
        }
    }
}
