//! From OSV events to disjoint intervals of sort keys.

use yagura_ecosystems::VersionScheme;
use yagura_model::{Event, Range, RangeKind};

/// A bound: sort key and text.
pub type Bound = (Vec<u8>, String);

/// The end of an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// No end.
    Open,
    /// Exclusive, with a fix.
    Fixed(Bound),
    /// Exclusive, without a known fix.
    Limit(Bound),
    /// Inclusive.
    Last(Bound),
}

impl End {
    /// Orders ends; an inclusive one lies after an exclusive one of the same key.
    fn position(&self) -> (bool, &[u8], bool) {
        match self {
            Self::Open => (true, &[], false),
            Self::Fixed((key, _)) | Self::Limit((key, _)) => (false, key, false),
            Self::Last((key, _)) => (false, key, true),
        }
    }
}

/// Versions from `lower` (`None`: the beginning) to `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// First affected version.
    pub lower: Option<Bound>,
    /// Where it ends.
    pub end: End,
}

impl Span {
    fn start(&self) -> &[u8] {
        self.lower.as_ref().map_or(&[], |(key, _)| key)
    }

    fn is_empty(&self) -> bool {
        match &self.end {
            End::Open => false,
            End::Fixed((key, _)) | End::Limit((key, _)) => {
                self.lower.as_ref().is_some_and(|(lower, _)| lower >= key)
            }
            End::Last((key, _)) => self.lower.as_ref().is_some_and(|(lower, _)| lower > key),
        }
    }
}

/// The union of the ranges that order by version, disjoint and ascending, and how many bounds had no order.
/// Without a scheme only the range of all versions can be said.
pub fn spans(ranges: &[Range], scheme: Option<&dyn VersionScheme>) -> (Vec<Span>, usize) {
    let mut spans = Vec::new();
    let mut unordered = 0;
    for range in ranges.iter().filter(|range| range.kind == RangeKind::Ecosystem) {
        let keys: Vec<Option<Bound>> = range.events.iter().map(|event| bound(event, scheme)).collect();
        let lost = keys.iter().filter(|key| key.is_none()).count();
        if lost == 0 {
            one_range(range.events.iter().zip(keys.into_iter().flatten()), &mut spans);
        } else {
            unordered += lost;
            orderable_pairs(&range.events, &keys, &mut spans);
        }
    }
    (merge(spans), unordered)
}

/// The bound of an event; the beginning has an empty key.
fn bound(event: &Event, scheme: Option<&dyn VersionScheme>) -> Option<Bound> {
    let text = match event {
        Event::Introduced(text) | Event::Fixed(text) | Event::LastAffected(text) | Event::Limit(text) => text,
    };
    match event {
        Event::Introduced(text) if text == "0" => Some((Vec::new(), String::new())),
        Event::Limit(text) if text == "*" => Some((Vec::new(), String::new())),
        _ => scheme?.key(text).ok().map(|key| (key.as_bytes().to_vec(), text.clone())),
    }
}

fn lower_of(bound: Bound) -> Option<Bound> {
    (!bound.1.is_empty()).then_some(bound)
}

/// OSV's evaluation: events in version order switch between affected and not. Where events share a version,
/// the order is the one that changes the state: a fix closes what is open before the next opens. One thing goes
/// beyond it: of several last affected versions after one introduction, the last counts, because each is named
/// as affected.
fn one_range<'a>(events: impl Iterator<Item = (&'a Event, Bound)>, spans: &mut Vec<Span>) {
    let mut limits: Vec<Bound> = Vec::new();
    let mut endless = false;
    let mut sorted: Vec<(Bound, &Event)> = Vec::new();
    for (event, bound) in events {
        match event {
            Event::Limit(_) if bound.1.is_empty() => endless = true,
            Event::Limit(_) => limits.push(bound),
            _ => sorted.push((bound, event)),
        }
    }
    sorted.sort_by(|a, b| a.0.0.cmp(&b.0.0));
    let mut own: Vec<Span> = Vec::new();
    let mut open: Option<Option<Bound>> = None;
    for same in sorted.chunk_by(|a, b| a.0.0 == b.0.0) {
        let fix = same.iter().find(|(_, event)| matches!(event, Event::Fixed(_)));
        let start = same.iter().find(|(_, event)| matches!(event, Event::Introduced(_)));
        let last = same.iter().find(|(_, event)| matches!(event, Event::LastAffected(_)));
        if let (Some((fixed, _)), Some(lower)) = (fix, open.take_if(|_| fix.is_some())) {
            own.push(Span { lower, end: End::Fixed(fixed.clone()) });
            open = start.map(|(bound, _)| lower_of(bound.clone()));
        } else if let Some((bound, _)) = start.filter(|_| open.is_none() && fix.is_none()) {
            open = Some(lower_of(bound.clone()));
        }
        if let Some((bound, _)) = last {
            if let Some(lower) = open.take() {
                own.push(Span { lower, end: End::Last(bound.clone()) });
            } else if let Some(Span { end: end @ End::Last(_), .. }) = own.last_mut() {
                *end = End::Last(bound.clone());
            }
        }
    }
    if let Some(lower) = open {
        own.push(Span { lower, end: End::Open });
    }
    // A version counts when it lies before any limit, hence before the greatest.
    if let Some(limit) = limits.into_iter().max().filter(|_| !endless) {
        own.retain(|span| span.start() < limit.0.as_slice());
        for span in &mut own {
            if span.end.position() > (false, &limit.0, false) {
                span.end = End::Limit(limit.clone());
            }
        }
    }
    spans.append(&mut own);
}

/// Where some bounds have no order, neighbours as published are still an interval of their own.
fn orderable_pairs(events: &[Event], keys: &[Option<Bound>], spans: &mut Vec<Span>) {
    let all: Vec<(&Event, &Option<Bound>)> = events.iter().zip(keys).collect();
    for pair in all.windows(2) {
        let [(Event::Introduced(_), Some(lower)), (event, Some(upper))] = pair else { continue };
        let end = match event {
            Event::Fixed(_) => End::Fixed(upper.clone()),
            Event::LastAffected(_) => End::Last(upper.clone()),
            _ => continue,
        };
        spans.push(Span { lower: lower_of(lower.clone()), end });
    }
}

/// Sorts, drops empty spans, joins overlapping ones. Spans that only touch stay apart, each with its fix.
fn merge(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| !span.is_empty());
    spans.sort_by(|a, b| a.start().cmp(b.start()).then_with(|| a.end.position().cmp(&b.end.position())));
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if last.end.position() > (false, span.start(), false) => {
                if span.end.position() > last.end.position() {
                    last.end = span.end;
                }
            }
            _ => merged.push(span),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use yagura_model::{BadVersion, VersionKey};

    /// Versions are numbers.
    struct Numbers;

    impl VersionScheme for Numbers {
        fn id(&self) -> &'static str {
            "numbers"
        }

        fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
            let number: u32 =
                version.parse().map_err(|_| BadVersion { version: version.to_owned(), scheme: self.id() })?;
            Ok(VersionKey::new(number.to_be_bytes().to_vec()))
        }
    }

    fn show(ranges: &[&str]) -> String {
        let ranges: Vec<Range> = ranges
            .iter()
            .map(|text| Range {
                kind: RangeKind::Ecosystem,
                events: text
                    .split_whitespace()
                    .map(|word| {
                        let (kind, version) = word.split_at(1);
                        match kind {
                            "i" => Event::Introduced(version.to_owned()),
                            "f" => Event::Fixed(version.to_owned()),
                            "l" => Event::LastAffected(version.to_owned()),
                            _ => Event::Limit(version.to_owned()),
                        }
                    })
                    .collect(),
            })
            .collect();
        let (spans, unordered) = spans(&ranges, Some(&Numbers));
        let mut text: Vec<String> = spans
            .iter()
            .map(|span| {
                let lower = span.lower.as_ref().map_or("-", |(_, text)| text.as_str());
                match &span.end {
                    End::Open => format!("[{lower},)"),
                    End::Fixed((_, text)) => format!("[{lower},{text})"),
                    End::Limit((_, text)) => format!("[{lower},{text}|"),
                    End::Last((_, text)) => format!("[{lower},{text}]"),
                }
            })
            .collect();
        if unordered > 0 {
            text.push(format!("?{unordered}"));
        }
        text.join(" ")
    }

    #[test]
    fn events_switch_in_version_order() {
        assert_eq!(show(&["i0 f2"]), "[-,2)");
        assert_eq!(show(&["i0"]), "[-,)");
        assert_eq!(show(&["f2 i0 i5 f7"]), "[-,2) [5,7)");
        assert_eq!(show(&["i1 l3 i5"]), "[1,3] [5,)");
        assert_eq!(show(&["i0 f2 f3"]), "[-,2)");
        assert_eq!(show(&["f2"]), "");
    }

    #[test]
    fn the_greatest_of_several_last_affected_versions_counts() {
        assert_eq!(show(&["i0 l9 l11 l5"]), "[-,11]");
        assert_eq!(show(&["i0 l2 i4 l5 l6"]), "[-,2] [4,6]");
        assert_eq!(show(&["i0 f2 l3"]), "[-,2)");
    }

    #[test]
    fn events_at_one_version() {
        assert_eq!(show(&["i0 f2 i2 f3"]), "[-,2) [2,3)");
        assert_eq!(show(&["i2 f2"]), "");
        assert_eq!(show(&["i2 l2"]), "[2,2]");
    }

    #[test]
    fn limits_cut_and_know_no_fix() {
        assert_eq!(show(&["i1 x3"]), "[1,3|");
        assert_eq!(show(&["i1 f2 i4 x3"]), "[1,2)");
        assert_eq!(show(&["i1 x3 x*"]), "[1,)");
    }

    #[test]
    fn ranges_unite() {
        assert_eq!(show(&["i1 f5", "i3 f7"]), "[1,7)");
        assert_eq!(show(&["i3 f7", "i1 f3"]), "[1,3) [3,7)");
        assert_eq!(show(&["i1 l3", "i3 f4"]), "[1,4)");
        assert_eq!(show(&["i0 f4", "i0 f4"]), "[-,4)");
    }

    #[test]
    fn what_has_no_order_is_left_out_and_counted() {
        assert_eq!(show(&["i0 fx"]), "?1");
        assert_eq!(show(&["i0 f2 i3 fx i5 f6"]), "[-,2) [5,6) ?1");
    }
}
