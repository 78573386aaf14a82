//! The starter advisories beside what the sources publish. The published data is not part of the repository:
//! set `YAGURA_CONFORMANCE` to a folder that holds it, or put it beside the checkout as `shared`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing unwrap is a failing test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use yagura_advisories::osv::Osv;
use yagura_advisories::{Document, Facts, Feed, Sink, starter};
use yagura_ecosystems::{canonical, normalize};
use yagura_model::{Advisory, Affected, EcosystemId, Epss, Event, Kev};

/// Ecosystem, package and vulnerability.
type Cell = (EcosystemId, String, String);

/// One interval as its boundaries.
type Interval = Vec<String>;

fn data() -> Option<PathBuf> {
    let root = std::env::var_os("YAGURA_CONFORMANCE")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")));
    let data = root.join("advisories/osv");
    data.is_dir().then_some(data)
}

fn cell(affected: &Affected, id: &str) -> Cell {
    let ecosystem = canonical(&affected.ecosystem);
    let name = normalize(&ecosystem, &affected.name).into_owned();
    (ecosystem, name, id.to_owned())
}

/// Every interval of every range: one record may hold several in one list of events.
fn intervals(affected: &Affected) -> BTreeSet<Interval> {
    let mut all = BTreeSet::new();
    for range in &affected.ranges {
        let mut open: Interval = Vec::new();
        for event in &range.events {
            match event {
                Event::Introduced(version) => {
                    if !open.is_empty() {
                        all.insert(std::mem::take(&mut open));
                    }
                    open.push(format!(">={version}"));
                }
                Event::Fixed(version) => open.push(format!("<{version}")),
                Event::LastAffected(version) => open.push(format!("<={version}")),
                Event::Limit(version) => open.push(format!("limit {version}")),
            }
            if open.len() == 2 {
                all.insert(std::mem::take(&mut open));
            }
        }
        if !open.is_empty() {
            all.insert(open);
        }
    }
    all
}

/// Keeps the intervals of the cells that the starter set speaks of.
struct Published<'a> {
    wanted: &'a BTreeSet<Cell>,
    intervals: BTreeMap<Cell, BTreeSet<Interval>>,
}

impl Sink for Published<'_> {
    fn advisory(&mut self, advisory: Advisory) {
        let ids = std::iter::once(&advisory.id).chain(&advisory.aliases).chain(&advisory.upstream);
        for id in ids {
            for affected in &advisory.affected {
                let cell = cell(affected, id);
                if self.wanted.contains(&cell) {
                    self.intervals.entry(cell).or_default().append(&mut intervals(affected));
                }
            }
        }
    }
    fn facts(&mut self, _: Facts) {}
    fn epss(&mut self, _: &str, _: Epss) {}
    fn kev(&mut self, _: &str, _: Kev) {}
    fn dated(&mut self, _: jiff::Timestamp) {}
    fn unread(&mut self, _: String) {}
}

#[test]
fn starter_ranges_are_those_that_the_sources_publish() {
    let Some(data) = data() else {
        println!("skipped: no conformance data");
        return;
    };
    let starter = starter();
    let wanted: BTreeSet<Cell> = starter
        .iter()
        .flat_map(|advisory| advisory.affected.iter().map(|affected| cell(affected, &advisory.id)))
        .collect();
    let bases: BTreeSet<&str> = wanted.iter().map(|(ecosystem, ..)| ecosystem.base()).collect();
    let mut published = Published { wanted: &wanted, intervals: BTreeMap::new() };
    let mut present = BTreeSet::new();
    for base in bases {
        let Ok(bytes) = std::fs::read(data.join(base).join("all.zip")) else { continue };
        present.insert(base);
        let path = format!("{base}/all.zip");
        Osv.read(&Document { path: &path, bytes: &bytes }, &mut published).unwrap();
    }
    let mut checked = 0;
    let mut differences = Vec::new();
    for advisory in &starter {
        for affected in &advisory.affected {
            // Amazon publishes in another format, which has no zip here.
            if !present.contains(affected.ecosystem.base()) {
                continue;
            }
            checked += 1;
            let cell = cell(affected, &advisory.id);
            let known = published.intervals.get(&cell);
            for interval in intervals(affected) {
                if !known.is_some_and(|known| known.contains(&interval)) {
                    differences.push(format!("{cell:?}: {interval:?} is not among {known:?}"));
                }
            }
        }
    }
    differences.truncate(20);
    assert!(differences.is_empty(), "{differences:#?}");
    println!("{checked} affected packages agree");
    assert!(checked > 1_000);
}
