//! Advisory databases that are published as a git repository of OSV records: GitHub's, OpenSSF's malicious packages
//! (R-157), and Canonical's notices.
//!
//! The OSV bucket holds the same records. These feeds are for those who fetch from the publishers themselves, or
//! have a clone. Read are the repository's archive (`.tar.gz`, `.zip`) and single records.

use super::read_record;
use crate::archive;
use crate::feed::{Document, Feed, FeedError, Pick, Sink};
use yagura_model::SourceId;

/// One repository.
pub struct Repository {
    id: &'static str,
    title: &'static str,
    base: &'static str,
    /// Folders of the repository that hold records about packages.
    records: &'static [&'static str],
}

/// GitHub's reviewed advisories. The others name no package.
pub static GITHUB: Repository = Repository {
    id: "ghsa",
    title: "GitHub Advisory Database",
    base: "https://codeload.github.com/github/advisory-database",
    records: &["advisories/github-reviewed/"],
};

/// OpenSSF's malicious packages.
pub static MALICIOUS: Repository = Repository {
    id: "malicious-packages",
    title: "OpenSSF malicious packages",
    base: "https://codeload.github.com/ossf/malicious-packages",
    records: &["osv/malicious/"],
};

/// Canonical's records of CVEs and notices.
pub static UBUNTU: Repository = Repository {
    id: "ubuntu-osv",
    title: "Ubuntu security notices",
    base: "https://codeload.github.com/canonical/ubuntu-security-notices",
    records: &["osv/"],
};

impl Feed for Repository {
    fn id(&self) -> &'static str {
        self.id
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn base(&self) -> &'static str {
        self.base
    }

    fn folder(&self) -> &'static str {
        self.id
    }

    fn start(&self) -> Vec<Pick> {
        vec![Pick::at("main.tar.gz", format!("{}/tar.gz/refs/heads/main", self.base))]
    }

    fn on_request(&self) -> bool {
        true
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with(".json") || path.ends_with(".tar.gz") || path.ends_with(".zip")
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from(self.id)
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let source = self.source(document.path);
        if document.path.ends_with(".json") {
            return read_record(document.path, document.bytes, &source, out);
        }
        let wanted =
            |name: &str| name.ends_with(".json") && self.records.iter().any(|folder| name.contains(folder));
        let mut visit = |name: &str, bytes: Result<&[u8], FeedError>| {
            if let Err(error) = bytes.and_then(|bytes| read_record(name, bytes, &source, out)) {
                out.unread(error.to_string());
            }
        };
        if document.path.ends_with(".zip") {
            archive::each_member(document.path, document.bytes, wanted, &mut visit)
        } else {
            archive::each_tar_member(document.path, document.bytes, wanted, &mut visit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    #[test]
    fn r157_records_of_a_repository_archive_are_read() {
        let mut tar =
            tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (name, text) in [
            (
                "malicious-packages-main/osv/malicious/npm/a/MAL-2024-1.json",
                r#"{"id":"MAL-2024-1","modified":"2024-01-01T00:00:00Z",
                    "affected":[{"package":{"ecosystem":"npm","name":"a"},"versions":["1.0.0"]}]}"#,
            ),
            ("malicious-packages-main/osv/withdrawn/npm/b/MAL-2024-2.json", "{}"),
            ("malicious-packages-main/README.md", "#"),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_cksum();
            tar.append_data(&mut header, name, text.as_bytes()).unwrap();
        }
        let bytes = tar.into_inner().unwrap().finish().unwrap();
        let mut batch = Batch::default();
        MALICIOUS.read(&Document { path: "main.tar.gz", bytes: &bytes }, &mut batch).unwrap();
        assert_eq!(batch.advisories.len(), 1);
        assert_eq!(batch.advisories[0].affected[0].versions, ["1.0.0"]);
        assert_eq!(batch.advisories[0].source.as_str(), "malicious-packages");
    }
}
