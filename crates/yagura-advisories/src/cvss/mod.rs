//! CVSS vectors by CVE and source, as one tab-separated file.
//!
//! Not an upstream's own format: a compact way to carry the vectors of NVD, CNAs and CISA across an air gap.
//! Columns: `cve`, `source`, `vector`.

use crate::archive;
use crate::feed::{Document, Facts, Feed, FeedError, Pick, Sink};
use crate::rating;
use yagura_model::SourceId;

/// The table of vectors.
pub struct Cvss;

impl Feed for Cvss {
    fn id(&self) -> &'static str {
        "cvss"
    }

    fn title(&self) -> &'static str {
        "CVSS vectors by source"
    }

    fn base(&self) -> &'static str {
        ""
    }

    fn folder(&self) -> &'static str {
        "cvss"
    }

    /// Only mirrors have it.
    fn start(&self) -> Vec<Pick> {
        vec![Pick::new("cve-cvss.tsv.gz").optional()]
    }

    fn reads(&self, path: &str) -> bool {
        path == "cve-cvss.tsv.gz"
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from("cvss")
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = archive::unpack(document.path, document.bytes)?;
        let text = std::str::from_utf8(&bytes).map_err(|error| FeedError::malformed(document.path, error))?;
        let mut lines = text.lines();
        if lines.next() != Some("cve\tsource\tvector") {
            return Err(FeedError::malformed(document.path, "the columns are not cve, source, vector"));
        }
        for line in lines {
            let mut fields = line.split('\t');
            let (Some(cve), Some(source), Some(vector)) = (fields.next(), fields.next(), fields.next())
            else {
                out.unread(format!("`{line}` has fewer than three columns"));
                continue;
            };
            let mut facts = Facts::new("cvss", cve);
            facts.ratings.push(rating::from_vector(source.to_ascii_lowercase(), vector));
            out.facts(facts);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    #[test]
    fn one_rating_for_each_line() {
        let text =
            "cve\tsource\tvector\nCVE-1999-0006\tCISA-ADP\tCVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\nx\n";
        let mut batch = Batch::default();
        Cvss.read(&Document { path: "cve-cvss.tsv.gz", bytes: text.as_bytes() }, &mut batch).unwrap();
        assert_eq!(batch.facts[0].ratings[0].source.as_str(), "cisa-adp");
        assert_eq!(batch.facts[0].ratings[0].score, Some(9.8));
        assert_eq!(batch.unread.len(), 1);
    }
}
