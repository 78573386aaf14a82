//! FIRST's daily EPSS file: every CVE with its probability of exploitation.
//!
//! Format: <https://www.first.org/epss/data_stats>. The newest day in the folder counts.

use crate::archive;
use crate::feed::{Document, Feed, FeedError, Pick, Sink, timestamp};
use jiff::civil::Date;
use yagura_model::{Epss, SourceId};

/// The daily scores.
pub struct Scores;

impl Feed for Scores {
    fn id(&self) -> &'static str {
        "epss"
    }

    fn title(&self) -> &'static str {
        "FIRST EPSS"
    }

    fn base(&self) -> &'static str {
        "https://epss.empiricalsecurity.com"
    }

    fn folder(&self) -> &'static str {
        "epss"
    }

    fn start(&self) -> Vec<Pick> {
        vec![Pick::new("epss_scores-current.csv.gz")]
    }

    fn reads(&self, path: &str) -> bool {
        path.starts_with("epss_scores-") && (path.ends_with(".csv.gz") || path.ends_with(".csv"))
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from("epss")
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = archive::unpack(document.path, document.bytes)?;
        let text = std::str::from_utf8(&bytes).map_err(|error| FeedError::malformed(document.path, error))?;
        let mut lines = text.lines();
        let head = lines.next().unwrap_or_default();
        let (_, date) = head
            .split_once("score_date:")
            .ok_or_else(|| FeedError::malformed(document.path, "the first line has no `score_date`"))?;
        let date: Date = date
            .get(..10)
            .and_then(|day| day.parse().ok())
            .ok_or_else(|| FeedError::malformed(document.path, "`score_date` is no date"))?;
        if let Some(stamp) = timestamp(&date.to_string()) {
            out.dated(stamp);
        }
        for line in lines.filter(|line| line.starts_with("CVE-")) {
            let mut fields = line.split(',');
            let cve = fields.next().unwrap_or_default();
            let mut share =
                || fields.next()?.trim().parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
            match (share(), share()) {
                (Some(score), Some(percentile)) => out.epss(cve, Epss { score, percentile, date }),
                _ => out.unread(format!("`{line}` has no scores")),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    #[test]
    fn scores_with_their_day() {
        let text = "#model_version:v2025,score_date:2026-08-16T00:00:00+0000\ncve,epss,percentile\n\
            CVE-1999-0001,0.03351,0.87650\nCVE-1999-0002,2,x\n";
        let mut batch = Batch::default();
        let document = Document { path: "epss_scores-current.csv.gz", bytes: text.as_bytes() };
        Scores.read(&document, &mut batch).unwrap();
        assert_eq!(batch.epss.len(), 1);
        assert_eq!(batch.epss[0].1.date.to_string(), "2026-08-16");
        assert_eq!(batch.unread.len(), 1);
        assert!(Scores.read(&Document { path: "x", bytes: b"<html>" }, &mut batch).is_err());
    }
}
