//! The DSA and DLA lists: a head line per advisory, CVEs in braces, and one line per release.

use crate::feed::{Document, FeedError, Sink};
use jiff::Timestamp;
use jiff::civil::Date;
use yagura_model::{Advisory, Affected, Event, FixStatus, Range, RangeKind, Reference, SourceId};

/// Reads a list; unknown lines (`NOTE:`, `TODO:`) are passed over.
pub fn read(document: &Document<'_>, source: &SourceId, out: &mut dyn Sink) -> Result<(), FeedError> {
    let text = String::from_utf8_lossy(document.bytes);
    let mut open: Option<Advisory> = None;
    let mut any = false;
    for line in text.lines() {
        if line.starts_with('[') {
            out_advisory(open.take(), out);
            open = head(line, source);
            any = true;
        } else if let Some(advisory) = open.as_mut() {
            body(line.trim(), advisory);
        }
    }
    out_advisory(open, out);
    if any { Ok(()) } else { Err(FeedError::malformed(document.path, "no advisory line")) }
}

fn out_advisory(advisory: Option<Advisory>, out: &mut dyn Sink) {
    if let Some(advisory) = advisory {
        if let Some(date) = advisory.published {
            out.dated(date);
        }
        out.advisory(advisory);
    }
}

/// `[21 Aug 2026] DSA-6458-1 gst-plugins-bad1.0 - security update`.
fn head(line: &str, source: &SourceId) -> Option<Advisory> {
    let (date, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let (id, title) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut advisory = Advisory::new(source.clone(), id);
    title.trim().clone_into(&mut advisory.summary);
    advisory.published = day(date);
    let url = format!("https://security-tracker.debian.org/tracker/{id}");
    advisory.references.push(Reference { kind: "ADVISORY".to_owned(), url });
    Some(advisory)
}

fn day(text: &str) -> Option<Timestamp> {
    const MONTHS: &[&str] =
        &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_whitespace();
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| month.starts_with(name))? + 1;
    let date = Date::new(year.parse().ok()?, i8::try_from(month).ok()?, day.parse().ok()?).ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

/// `{CVE-… CVE-…}` or `[trixie] - package version` or `[trixie] - package <state>`.
fn body(line: &str, advisory: &mut Advisory) {
    if let Some(ids) = line.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        advisory.upstream.extend(ids.split_whitespace().map(str::to_owned));
        return;
    }
    let Some((release, rest)) = line.strip_prefix('[').and_then(|rest| rest.split_once("] - ")) else {
        return;
    };
    let Some(number) = super::number(release) else { return };
    let mut words = rest.split_whitespace();
    let (Some(package), Some(version)) = (words.next(), words.next()) else { return };
    let mut affected = Affected::new(format!("Debian:{number}").as_str(), package);
    let mut events = vec![Event::Introduced("0".to_owned())];
    affected.status = match version {
        "<end-of-life>" => FixStatus::EndOfLife,
        "<not-affected>" => FixStatus::NotAffected,
        "<unfixed>" => FixStatus::Affected,
        "<no-dsa>" | "<postponed>" => FixStatus::Deferred,
        "<ignored>" => FixStatus::WillNotFix,
        "<undetermined>" => FixStatus::UnderInvestigation,
        other if other.starts_with('<') => return,
        version => {
            events.push(Event::Fixed(version.to_owned()));
            FixStatus::Fixed
        }
    };
    affected.ranges.push(Range { kind: RangeKind::Ecosystem, events });
    advisory.affected.push(affected);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    #[test]
    fn advisories_of_a_list() {
        let text = "[21 Aug 2026] DSA-2-1 foo - security update\n\t{CVE-2026-1 CVE-2026-2}\n\t[trixie] - foo 1.2-3\n\
            \t[bookworm] - foo <end-of-life>\n\tNOTE: x\n[1 March 2020] DLA-1-1 bar\n\t[wheezy] - bar 1\n";
        let mut batch = Batch::default();
        let source = SourceId::from("debian-dsa");
        read(&Document { path: "data/DSA/list", bytes: text.as_bytes() }, &source, &mut batch).unwrap();
        let [first, second] = batch.advisories.as_slice() else { panic!("two advisories") };
        assert_eq!((first.id.as_str(), first.upstream.len(), first.affected.len()), ("DSA-2-1", 2, 2));
        assert_eq!(first.affected[1].status, FixStatus::EndOfLife);
        assert_eq!(second.published.unwrap().to_string(), "2020-03-01T00:00:00Z");
        assert!(read(&Document { path: "x", bytes: b"<html>" }, &source, &mut batch).is_err());
    }
}
