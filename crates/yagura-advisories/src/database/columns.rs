//! Which columns of the matrix differ between two advisory files.
//!
//! A column is a vulnerability and all that is said of it. Each gets two fingerprints: of what decides (statements
//! and ratings) and of the facts that are only shown or joined (text, references, EPSS, KEV). Fingerprints of the file in
//! use are kept, so that the difference can be told when the old file is gone.

use super::Database;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};
use yagura_model::{Advisories, EcosystemId, Statement, Upper};

/// The fingerprints of one column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ColumnPrint {
    /// Of everything that a verdict, severity or score depends on.
    pub decides: u128,
    /// Of the other facts.
    pub facts: u128,
}

/// The fingerprints of a whole file, by vulnerability.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnPrints(BTreeMap<Box<str>, ColumnPrint>);

/// How a column differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// A verdict, severity or score may differ.
    Decides,
    /// Only facts differ.
    Facts,
}

impl ColumnPrints {
    /// Reads a whole file: about 30 µs for each vulnerability.
    pub fn of<B: AsRef<[u8]>>(database: &Database<B>) -> Self {
        let mut prints: BTreeMap<Box<str>, ColumnPrint> = BTreeMap::new();
        for (ecosystem, name, _) in database.keys() {
            database.statements(&EcosystemId::from(ecosystem), name, &mut |statement| {
                let print = of_statement(&statement);
                for id in &statement.vulnerabilities {
                    let column = match prints.get_mut(*id) {
                        Some(column) => column,
                        None => prints.entry((*id).into()).or_default(),
                    };
                    // Addition, because statements come in no order.
                    column.decides = column.decides.wrapping_add(print);
                }
            });
        }
        for (id, column) in &mut prints {
            let Some(facts) = database.vulnerability(id) else { continue };
            let mut decides = Print::default();
            for rating in &facts.ratings {
                decides.text(rating.source.as_str());
                decides.text(rating.vector.as_deref().unwrap_or("\0"));
                decides.text(rating.word.as_deref().unwrap_or("\0"));
                decides.text(&rating.score.map(|score| score.to_string()).unwrap_or_default());
            }
            column.decides = column.decides.wrapping_add(decides.finish());
            let mut rest = Print::default();
            for text in facts.aliases.iter().chain(&facts.references) {
                rest.text(text);
            }
            rest.text(&facts.summary);
            rest.text(&facts.details);
            rest.text(&format!("{:?}{:?}{:?}", facts.cwes, facts.epss, facts.kev));
            rest.text(&format!("{:?}{:?}", facts.published, facts.modified));
            column.facts = rest.finish();
        }
        Self(prints)
    }

    /// What differs from an older file, by vulnerability; one that is missing on a side differs.
    pub fn differences<'a>(&'a self, old: &'a Self) -> Vec<(&'a str, Difference)> {
        let new = self.0.iter().filter_map(|(id, print)| {
            let difference = match old.0.get(id) {
                Some(before) if before.decides == print.decides => {
                    if before.facts == print.facts {
                        return None;
                    }
                    Difference::Facts
                }
                _ => Difference::Decides,
            };
            Some((&**id, difference))
        });
        let gone = old.0.keys().filter(|id| !self.0.contains_key(*id)).map(|id| (&**id, Difference::Decides));
        let mut all: Vec<_> = new.chain(gone).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }

    /// The number of columns.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As bytes to keep.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 52);
        for (id, print) in &self.0 {
            let length = u16::try_from(id.len()).unwrap_or(u16::MAX);
            bytes.extend(length.to_le_bytes());
            bytes.extend(id.as_bytes().iter().take(usize::from(length)));
            bytes.extend(print.decides.to_le_bytes());
            bytes.extend(print.facts.to_le_bytes());
        }
        bytes
    }

    /// From bytes that were kept; `None` when they are damaged.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut prints = BTreeMap::new();
        while !bytes.is_empty() {
            let (length, rest) = bytes.split_first_chunk::<2>()?;
            let (id, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            let (decides, rest) = rest.split_first_chunk::<16>()?;
            let (facts, rest) = rest.split_first_chunk::<16>()?;
            let print =
                ColumnPrint { decides: u128::from_le_bytes(*decides), facts: u128::from_le_bytes(*facts) };
            prints.insert(std::str::from_utf8(id).ok()?.into(), print);
            bytes = rest;
        }
        Some(Self(prints))
    }
}

fn of_statement(statement: &Statement<'_>) -> u128 {
    let mut print = Print::default();
    for text in [statement.advisory, statement.source, statement.ecosystem, statement.name] {
        print.text(text);
    }
    print.text(&format!("{}{:?}", statement.binary, statement.status));
    print.text(statement.module.unwrap_or("\0"));
    print.text(statement.severity.unwrap_or("\0"));
    for interval in &statement.intervals {
        print.text(interval.lower.map_or("\0", |(_, text)| text));
        let (kind, text) = match interval.upper {
            Upper::Open => ("open", ""),
            Upper::Fixed(_, text) => ("fixed", text),
            Upper::Limit(_, text) => ("limit", text),
            Upper::LastAffected(_, text) => ("last", text),
        };
        print.text(kind);
        print.text(text);
    }
    for text in statement.versions.iter().chain(&statement.arches) {
        print.text(text);
    }
    for range in &statement.commits {
        print.text(range.introduced);
        print.text(range.fixed.unwrap_or("\0"));
    }
    print.finish()
}

/// Two independent 64-bit hashes. They guard against accident, not against somebody who looks for collisions: whoever
/// writes advisories may make them say anything anyway.
struct Print(std::hash::DefaultHasher, std::hash::DefaultHasher);

impl Default for Print {
    fn default() -> Self {
        // `DefaultHasher::new` has fixed keys, so that fingerprints of two runs compare.
        let build = std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default();
        let mut second = build.build_hasher();
        1u8.hash(&mut second);
        Self(build.build_hasher(), second)
    }
}

impl Print {
    fn text(&mut self, text: &str) {
        text.hash(&mut self.0);
        text.hash(&mut self.1);
    }

    fn finish(&self) -> u128 {
        (u128::from(self.0.finish()) << 64) | u128::from(self.1.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Builder;
    use crate::feed::Facts;
    use yagura_model::{Advisory, Affected, Event, Range, RangeKind};

    fn file(fixed: &[(&str, &str)], reference: &str) -> Database<Vec<u8>> {
        let mut builder = Builder::new(jiff::Timestamp::UNIX_EPOCH);
        for (id, version) in fixed {
            let mut advisory = Advisory::new("osv/npm", *id);
            let mut affected = Affected::new("npm", "foo");
            let events = vec![Event::Introduced("0".into()), Event::Fixed((*version).into())];
            affected.ranges.push(Range { kind: RangeKind::Ecosystem, events });
            advisory.affected.push(affected);
            builder.advisory(advisory);
        }
        let mut facts = Facts::new("nvd", "CVE-2024-1");
        facts.references = vec![reference.to_owned()];
        builder.facts(facts);
        Database::open(builder.finish().unwrap()).unwrap()
    }

    #[test]
    fn r154_only_what_differs_is_a_changed_column() {
        let of = |fixed: &[(&str, &str)], reference| ColumnPrints::of(&file(fixed, reference));
        let both = &[("CVE-2024-1", "1.0.0"), ("CVE-2024-2", "1.0.0")];
        let old = of(both, "https://a.example");
        assert_eq!(old.len(), 2);
        assert_eq!(of(both, "https://a.example").differences(&old), []);
        assert_eq!(of(both, "https://b.example").differences(&old), [("CVE-2024-1", Difference::Facts)]);
        let moved = of(&[("CVE-2024-1", "1.0.1"), ("CVE-2024-3", "1.0.0")], "https://a.example");
        assert_eq!(
            moved.differences(&old),
            [
                ("CVE-2024-1", Difference::Decides),
                ("CVE-2024-2", Difference::Decides),
                ("CVE-2024-3", Difference::Decides)
            ]
        );
    }

    #[test]
    fn prints_are_kept_and_read_back() {
        let prints = ColumnPrints::of(&file(&[("CVE-2024-1", "1.0.0")], "https://a.example"));
        let bytes = prints.to_bytes();
        assert_eq!(ColumnPrints::from_bytes(&bytes).as_ref(), Some(&prints));
        for end in 1..bytes.len() {
            assert_eq!(ColumnPrints::from_bytes(&bytes[..end]), None);
        }
    }
}
