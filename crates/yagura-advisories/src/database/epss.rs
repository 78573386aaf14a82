//! EPSS scores of one day: 12 bytes per CVE, sorted, so that any CVE can be asked for.

use jiff::civil::Date;
use std::collections::HashMap;
use yagura_model::Epss;

/// FIRST publishes five decimals.
const UNIT: f64 = 100_000.0;

/// The newest day's scores while building.
#[derive(Debug, Default)]
pub struct Scores {
    date: Option<Date>,
    scores: HashMap<u32, (u32, u32)>,
}

impl Scores {
    /// Adds a score. Scores of an older day than those held are dropped; a newer day replaces all.
    pub fn add(&mut self, cve: &str, epss: Epss) {
        let Some(key) = key(cve) else { return };
        if self.date.is_none_or(|date| epss.date > date) {
            self.scores.clear();
            self.date = Some(epss.date);
        }
        if self.date == Some(epss.date) {
            let parts = |share: f64| (share.clamp(0.0, 1.0) * UNIT).round() as u32;
            self.scores.insert(key, (parts(epss.score), parts(epss.percentile)));
        }
    }

    /// The section.
    pub fn encode(&self) -> Vec<u8> {
        let Some(date) = self.date else { return Vec::new() };
        let mut bytes = Vec::with_capacity(8 + self.scores.len() * 12);
        bytes.extend_from_slice(&date.year().to_le_bytes());
        bytes.extend_from_slice(&[date.month() as u8, date.day() as u8, 0, 0, 0, 0]);
        let mut scores: Vec<(&u32, &(u32, u32))> = self.scores.iter().collect();
        scores.sort_unstable();
        for (key, (score, percentile)) in scores {
            for number in [key, score, percentile] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        bytes
    }
}

/// The score of a CVE in a section that [`Scores::encode`] wrote.
pub fn find(section: &[u8], cve: &str) -> Option<Epss> {
    let wanted = key(cve)?;
    let (head, entries) = section.split_at_checked(8)?;
    let [low, high, month, day, ..] = *head else { return None };
    let date = Date::new(i16::from_le_bytes([low, high]), i8::try_from(month).ok()?, i8::try_from(day).ok()?)
        .ok()?;
    let number = |entry: &[u8], at: usize| Some(u32::from_le_bytes(entry.get(at..at + 4)?.try_into().ok()?));
    let (entries, _) = entries.as_chunks::<12>();
    let found = entries.binary_search_by_key(&Some(wanted), |entry| number(entry, 0)).ok()?;
    let entry = entries.get(found)?;
    let share = |at| Some(f64::from(number(entry, at)?.min(UNIT as u32)) / UNIT);
    Some(Epss { score: share(4)?, percentile: share(8)?, date })
}

/// Year and number of a CVE id in 32 bits.
fn key(cve: &str) -> Option<u32> {
    let (year, number) = cve.strip_prefix("CVE-")?.split_once('-')?;
    let year = year.parse::<u32>().ok()?.checked_sub(1980).filter(|year| *year < 64)?;
    let number = number.parse::<u32>().ok().filter(|number| *number < 1 << 26)?;
    Some(year << 26 | number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_day_counts_and_decimals_survive() {
        let mut scores = Scores::default();
        let epss = |score, day| Epss { score, percentile: 0.9765, date: Date::constant(2026, 8, day) };
        scores.add("CVE-1999-0001", epss(0.5, 1));
        scores.add("CVE-2024-3094", epss(0.03351, 16));
        scores.add("CVE-1999-0002", epss(0.5, 2));
        scores.add("GHSA-1", epss(0.5, 16));
        let section = scores.encode();
        assert_eq!(find(&section, "CVE-2024-3094"), Some(epss(0.03351, 16)));
        assert_eq!(find(&section, "CVE-1999-0001"), None);
        assert_eq!(find(&section, "CVE-1999-0002"), None);
        assert_eq!(find(&section[..13], "CVE-2024-3094"), None);
    }
}
