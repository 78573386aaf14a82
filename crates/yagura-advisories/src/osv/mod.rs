//! The OSV bucket: one folder per ecosystem with `all.zip` (one JSON record per advisory) and
//! `modified_id.csv` (newest first), as served by `osv-vulnerabilities.storage.googleapis.com`.
//!
//! Format: <https://ossf.github.io/osv-schema/>. Every ecosystem is read, known or not: what cannot be ordered
//! is matched by its listed versions. Left out: credits, severity of unknown types, and errata that fix bugs
//! only (`ALBA-…` without any CVE), because they speak of no vulnerability.

mod convert;
mod record;
pub mod repository;

use crate::archive;
use crate::feed::{Document, Feed, FeedError, Pick, Sink};
use record::Record;
use yagura_model::{Advisory, SourceId};

/// Ecosystems of the bucket that are fetched: those whose packages the catalogers can find, and the
/// distributions. `ecosystems.txt` decides which of them exist.
const SKIPPED: &[&str] = &["Android", "Linux", "UVI", "GIT", "[EMPTY]"];

/// The OSV bucket.
pub struct Osv;

impl Feed for Osv {
    fn id(&self) -> &'static str {
        "osv"
    }

    fn title(&self) -> &'static str {
        "OSV"
    }

    fn base(&self) -> &'static str {
        "https://osv-vulnerabilities.storage.googleapis.com"
    }

    fn folder(&self) -> &'static str {
        "osv"
    }

    fn start(&self) -> Vec<Pick> {
        vec![Pick::new("ecosystems.txt")]
    }

    /// `ecosystems.txt` names folders; an ecosystem with a release (`Debian:12`) is part of its base's zip.
    fn follow(&self, document: &Document<'_>) -> Vec<Pick> {
        if document.path != "ecosystems.txt" {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(document.bytes);
        let mut names: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|name| {
                let plain = !name.contains([':', '/', '\\']) && !name.starts_with('.');
                !name.is_empty() && plain && !SKIPPED.contains(name)
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(|name| Pick::new(format!("{name}/all.zip"))).collect()
    }

    fn reads(&self, path: &str) -> bool {
        path.split_once('/').is_some_and(|(folder, file)| {
            !folder.is_empty() && !file.contains('/') && (file == "all.zip" || file.ends_with(".json"))
        })
    }

    fn source(&self, path: &str) -> SourceId {
        SourceId::from(format!("osv/{}", path.split('/').next().unwrap_or_default()))
    }

    fn changes(&self, path: &str) -> Option<String> {
        path.strip_suffix("/all.zip").map(|folder| format!("{folder}/modified_id.csv"))
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let source = self.source(document.path);
        if !document.path.ends_with(".zip") {
            return read_record(document.path, document.bytes, &source, out);
        }
        archive::each_member(
            document.path,
            document.bytes,
            |name| name.ends_with(".json"),
            &mut |name, bytes| {
                if let Err(error) = bytes.and_then(|bytes| read_record(name, bytes, &source, out)) {
                    out.unread(error.to_string());
                }
            },
        )
    }
}

fn read_record(path: &str, bytes: &[u8], source: &SourceId, out: &mut dyn Sink) -> Result<(), FeedError> {
    let record: Record = serde_json::from_slice(bytes).map_err(|error| FeedError::malformed(path, error))?;
    if let Some(mut advisory) = convert::advisory(record, source) {
        if !keep_own(&mut advisory, source) {
            return Ok(());
        }
        if let Some(modified) = advisory.modified {
            out.dated(modified);
        }
        out.advisory(advisory);
    }
    Ok(())
}

/// Keeps what the record says of its folder's ecosystem: a record about several lies in the folder of each, and
/// the copies may be of different age. False when nothing is left.
fn keep_own(advisory: &mut Advisory, source: &SourceId) -> bool {
    let Some((_, folder)) = source.as_str().split_once('/') else { return true };
    let before = advisory.affected.len();
    advisory
        .affected
        .retain(|affected| matches!(affected.ecosystem.base(), base if base == folder || base == "GIT"));
    before == 0 || !advisory.affected.is_empty()
}

/// The changes a `modified_id.csv` lists after `since`: ids, newest first. The file is sorted newest first, so
/// reading stops at the first older line.
pub fn changed_since(csv: &str, since: jiff::Timestamp) -> Vec<&str> {
    csv.lines()
        .filter_map(|line| line.split_once(','))
        .map_while(|(stamp, id)| (stamp.parse::<jiff::Timestamp>().ok()? > since).then_some(id.trim()))
        .filter(|id| !id.is_empty() && !id.contains(['/', '\\']) && !id.starts_with('.'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    fn read(json: &str) -> Batch {
        let mut batch = Batch::default();
        Osv.read(&Document { path: "PyPI/x.json", bytes: json.as_bytes() }, &mut batch).unwrap();
        batch
    }

    #[test]
    fn every_event_type_status_word_and_range_kind() {
        let record: Record = serde_json::from_str(include_str!("fixtures/everything.json")).unwrap();
        let advisory = convert::advisory(record, &SourceId::from("osv/PyPI")).unwrap();
        insta::assert_json_snapshot!("everything", [advisory]);
    }

    #[test]
    fn an_erratum_speaks_of_the_cves_it_relates_to() {
        let record: Record = serde_json::from_str(include_str!("fixtures/erratum.json")).unwrap();
        let advisory = convert::advisory(record, &SourceId::from("osv/PyPI")).unwrap();
        insta::assert_json_snapshot!("erratum", [advisory]);
    }

    #[test]
    fn each_folder_speaks_of_its_own_ecosystem() {
        let batch = read(
            r#"{"id":"GHSA-1","modified":"2020-01-01T00:00:00Z","affected":[
                {"package":{"ecosystem":"PyPI","name":"a"},"versions":["1"]},
                {"package":{"ecosystem":"npm","name":"b"},"versions":["1"]}]}"#,
        );
        let names: Vec<&str> = batch.advisories[0].affected.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["a"]);
    }

    #[test]
    fn a_bug_fix_erratum_speaks_of_nothing() {
        let batch =
            read(r#"{"id":"ALBA-2020:1","modified":"2020-01-01T00:00:00Z","related":[],"affected":[]}"#);
        assert!(batch.advisories.is_empty());
    }

    #[test]
    fn a_damaged_record_is_an_error_and_nulls_are_not() {
        let mut batch = Batch::default();
        let document = Document { path: "PyPI/x.json", bytes: b"{\"id\":\"A\",\"affected\":[" };
        assert!(Osv.read(&document, &mut batch).is_err());
        let batch = read(
            r#"{"id":"A-1","modified":"2020-01-01T00:00:00Z","aliases":null,"affected":null,"severity":null}"#,
        );
        assert_eq!(batch.advisories.len(), 1);
    }

    #[test]
    fn a_zip_keeps_its_good_records() {
        use std::io::Write;
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in
            [("A-1.json", r#"{"id":"A-1","modified":"2020-01-01T00:00:00Z"}"#), ("B.json", "{")]
        {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        let bytes = zip.finish().unwrap().into_inner();
        let mut batch = Batch::default();
        Osv.read(&Document { path: "npm/all.zip", bytes: &bytes }, &mut batch).unwrap();
        assert_eq!((batch.advisories.len(), batch.unread.len()), (1, 1));
        assert_eq!(batch.advisories[0].source.as_str(), "osv/npm");
        for cut in 0..bytes.len() {
            let _ = Osv.read(&Document { path: "npm/all.zip", bytes: &bytes[..cut] }, &mut Batch::default());
        }
    }

    #[test]
    fn folders_come_from_the_bucket_and_cannot_escape() {
        let document =
            Document { path: "ecosystems.txt", bytes: b"PyPI\nDebian:12\n../etc\nLinux\nRed Hat\n" };
        assert_eq!(Osv.follow(&document), [Pick::new("PyPI/all.zip"), Pick::new("Red Hat/all.zip")]);
    }

    #[test]
    fn changes_stop_at_what_is_held() {
        let csv = "2024-03-01T00:00:00Z,C\n2024-02-01T00:00:00Z,../B\n2024-01-01T00:00:00Z,A\n";
        assert_eq!(changed_since(csv, "2024-01-15T00:00:00Z".parse().unwrap()), ["C"]);
    }
}
