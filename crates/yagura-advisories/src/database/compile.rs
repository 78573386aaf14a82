//! Writes the sections of the file from what a builder collected.

use super::DatabaseError;
use super::builder::Builder;
use super::codec::{self, put_bytes, put_signed, put_text, put_varint};
use super::facts::{self, Texts};
use super::group::Groups;
use super::layout::Section;
use super::precedence::rank;
use super::records::Place;
use super::status::{Contents, SourceStatus};
use std::collections::HashMap;

/// The sections of a file, in file order.
pub(super) type Sections = [Vec<u8>; Section::ALL.len()];

/// An advisory in force; its place in the list is its number in the file.
struct Numbered<'a> {
    id: &'a str,
    source: &'a str,
    /// Its place in the builder's list.
    index: u32,
    place: Place,
    /// The vulnerabilities it speaks of.
    speaks: Vec<&'a str>,
}

/// A row of the file: key in order of text, number of the advisory, body.
type Row<'a> = (u32, u32, &'a [u8]);

/// Writes all sections.
pub(super) fn sections(builder: &Builder) -> Result<Sections, DatabaseError> {
    let records = &builder.records;
    let mut advisories = in_force(builder);
    let groups = Groups::new(advisories.iter().map(|one| records.claim(one.place)));
    for one in &mut advisories {
        one.speaks = groups.vulnerabilities(&records.claim(one.place));
    }
    let told = advisories.iter().map(|one| (one.place, one.speaks.as_slice()));
    let mut vulnerabilities = facts::gather(records, told, &builder.facts, &builder.kev, &groups);
    drop(groups);

    let mut sections = Sections::default();
    let mut set = |section: Section, bytes: Vec<u8>| -> Result<(), DatabaseError> {
        if bytes.len() > u32::MAX as usize {
            return Err(DatabaseError::TooLarge { section: section.name() });
        }
        if let Some(slot) = sections.get_mut(section as usize) {
            *slot = bytes;
        }
        Ok(())
    };

    let numbers: HashMap<&str, u32> =
        vulnerabilities.iter().enumerate().map(|(number, one)| (one.id, number as u32)).collect();
    let Statements { rows, slots, packages, count } = statements(builder, &advisories, &numbers)?;
    set(Section::Keys, codec::hash_table(&slots))?;
    set(Section::Rows, rows)?;

    // Advisories, with the packages they speak of.
    let mut ids: Vec<(u64, u32)> = Vec::new();
    let mut offsets = Vec::with_capacity(advisories.len() * 4);
    let mut bytes = Vec::new();
    let mut packages = packages.chunk_by(|a, b| a.0 == b.0).peekable();
    for (number, one) in advisories.iter().enumerate() {
        let number = number as u32;
        offsets.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        put_text(&mut bytes, one.id);
        put_text(&mut bytes, one.source);
        put_varint(&mut bytes, one.speaks.len() as u64);
        for id in &one.speaks {
            let vulnerability = numbers.get(id).copied().unwrap_or_default();
            put_varint(&mut bytes, u64::from(vulnerability));
            if let Some(one) = vulnerabilities.get_mut(vulnerability as usize) {
                one.advisories.push(number);
            }
        }
        put_signed(&mut bytes, records.record(one.place).modified.unwrap_or(i64::MIN));
        let own = packages.next_if(|group| group.first().is_some_and(|(advisory, _)| *advisory == number));
        let own = own.unwrap_or_default();
        put_varint(&mut bytes, own.len() as u64);
        for (_, offset) in own {
            put_varint(&mut bytes, u64::from(*offset));
        }
        ids.push((codec::hash(&[one.id.as_bytes()]), number | super::ADVISORY));
    }
    drop(numbers);
    set(Section::AdvisoryOffsets, offsets)?;
    set(Section::Advisories, bytes)?;

    // Vulnerabilities, texts compressed with a shared dictionary.
    let mut texts = Texts::train(records, &vulnerabilities)?;
    let mut offsets = Vec::with_capacity(vulnerabilities.len() * 4);
    let mut bytes = Vec::new();
    for (number, one) in vulnerabilities.iter().enumerate() {
        let number = number as u32;
        let told = one.told(records);
        offsets.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        let place = texts.add(&facts::texts(&told))?;
        facts::encode(&mut bytes, one, &told, place);
        for id in std::iter::once(&one.id).chain(&one.aliases) {
            ids.push((codec::hash(&[id.as_bytes()]), number));
        }
    }
    set(Section::VulnerabilityOffsets, offsets)?;
    set(Section::Vulnerabilities, bytes)?;
    set(Section::Texts, texts.bytes)?;
    set(Section::Dictionary, texts.dictionary)?;
    set(Section::Ids, codec::hash_table(&ids))?;
    set(Section::Epss, builder.epss.encode())?;

    let mut words = Vec::new();
    put_varint(&mut words, builder.words.texts().len() as u64);
    builder.words.texts().for_each(|word| put_text(&mut words, word));
    set(Section::Words, words)?;
    let sources: Vec<&SourceStatus> = builder.sources.values().collect();
    let counts = Contents {
        statements: count,
        packages: slots.len() as u64,
        advisories: advisories.len() as u64,
        vulnerabilities: vulnerabilities.len() as u64,
        sources,
    };
    set(Section::Sources, serde_json::to_vec(&counts).unwrap_or_default())?;
    Ok(sections)
}

/// The advisories in force, sorted, which makes their numbers independent of the reading order.
fn in_force(builder: &Builder) -> Vec<Numbered<'_>> {
    let alive = builder.advisories.iter().enumerate().filter(|(_, entry)| entry.alive);
    let mut advisories: Vec<Numbered<'_>> = alive
        .map(|(index, entry)| {
            let (id, source) = builder.records.head(entry.place);
            Numbered { id, source, index: index as u32, place: entry.place, speaks: Vec::new() }
        })
        .collect();
    advisories.sort_unstable_by_key(|one| (one.id, one.source, one.index));
    advisories
}

/// What all advisories say of packages.
struct Statements {
    rows: Vec<u8>,
    /// Hash of each key and offset of its rows.
    slots: Vec<(u64, u32)>,
    /// Advisory and offset of the rows of a package it speaks of, sorted, once.
    packages: Vec<(u32, u32)>,
    count: u64,
}

/// Rows by key, then advisory.
fn statements(
    builder: &Builder,
    advisories: &[Numbered<'_>],
    numbers: &HashMap<&str, u32>,
) -> Result<Statements, DatabaseError> {
    let mut keys: Vec<(&str, &str, u32)> = builder
        .keys
        .iter()
        .map(|((word, name), key)| (builder.words.text(*word), builder.names.text(*name), *key))
        .collect();
    keys.sort_unstable();
    let mut place = vec![0u32; keys.len()];
    for (position, (_, _, key)) in keys.iter().enumerate() {
        if let Some(slot) = place.get_mut(*key as usize) {
            *slot = position as u32;
        }
    }
    let mut number_of = vec![u32::MAX; builder.advisories.len()];
    for (number, one) in advisories.iter().enumerate() {
        if let Some(slot) = number_of.get_mut(one.index as usize) {
            *slot = number as u32;
        }
    }
    let mut sorted: Vec<Row<'_>> = builder
        .rows
        .iter()
        .filter_map(|(key, advisory, body)| {
            let number = *number_of.get(advisory as usize)?;
            (number != u32::MAX).then_some((*place.get(key as usize)?, number, body))
        })
        .collect();
    sorted.sort_unstable();
    sorted.dedup();

    let mut found = Statements { rows: Vec::new(), slots: Vec::new(), packages: Vec::new(), count: 0 };
    let mut record = Vec::new();
    for group in sorted.chunk_by(|a, b| a.0 == b.0) {
        let Some((ecosystem, name, _)) = group.first().and_then(|row| keys.get(row.0 as usize)) else {
            continue;
        };
        let kept = decide(ecosystem, group, advisories);
        if kept.is_empty() {
            continue;
        }
        let offset = u32::try_from(found.rows.len())
            .map_err(|_| DatabaseError::TooLarge { section: Section::Rows.name() })?;
        found.slots.push((codec::hash(&[ecosystem.as_bytes(), name.as_bytes()]), offset));
        put_varint(&mut found.rows, u64::from(builder.words.get(ecosystem).unwrap_or_default()));
        put_text(&mut found.rows, name);
        put_varint(&mut found.rows, kept.len() as u64);
        for (advisory, body, subset) in kept {
            found.count += 1;
            record.clear();
            put_varint(&mut record, u64::from(advisory));
            let subset = subset.unwrap_or_default();
            put_varint(&mut record, subset.len() as u64);
            for id in subset {
                put_varint(&mut record, u64::from(numbers.get(id).copied().unwrap_or_default()));
            }
            record.extend_from_slice(body);
            put_bytes(&mut found.rows, &record);
            found.packages.push((advisory, offset));
        }
    }
    found.packages.sort_unstable();
    found.packages.dedup();
    Ok(found)
}

/// The rows of one package that count, each with its vulnerabilities where they are fewer than the
/// advisory's.
#[allow(clippy::type_complexity)]
fn decide<'a, 'b>(
    ecosystem: &str,
    group: &[Row<'a>],
    advisories: &'b [Numbered<'b>],
) -> Vec<(u32, &'a [u8], Option<Vec<&'b str>>)> {
    let base = ecosystem.split_once(':').map_or(ecosystem, |(base, _)| base);
    let ranked: Vec<(u8, u32, &[u8])> = group
        .iter()
        .filter_map(|(_, advisory, body)| {
            let one = advisories.get(*advisory as usize)?;
            Some((rank(base, one.source, one.id), *advisory, *body))
        })
        .collect();
    let one_rank = ranked.windows(2).all(|pair| matches!(pair, [a, b] if a.0 == b.0));
    if one_rank {
        return ranked.into_iter().map(|(_, advisory, body)| (advisory, body, None)).collect();
    }
    let mut best: HashMap<&str, u8> = HashMap::new();
    for (rank, advisory, _) in &ranked {
        for id in advisories.get(*advisory as usize).into_iter().flat_map(|one| &one.speaks) {
            let entry = best.entry(id).or_insert(*rank);
            *entry = (*entry).min(*rank);
        }
    }
    ranked
        .into_iter()
        .filter_map(|(rank, advisory, body)| {
            let all = &advisories.get(advisory as usize)?.speaks;
            let kept: Vec<&str> = all.iter().copied().filter(|id| best.get(id) == Some(&rank)).collect();
            match kept.len() {
                0 => None,
                count if count == all.len() => Some((advisory, body, None)),
                _ => Some((advisory, body, Some(kept))),
            }
        })
        .collect()
}
