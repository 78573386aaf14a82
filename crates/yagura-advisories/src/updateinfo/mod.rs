//! RPM repositories' errata: `repodata/repomd.xml` names an `updateinfo.xml`, as Amazon Linux, Fedora, AlmaLinux,
//! Rocky Linux and openSUSE have it.
//!
//! Format: <https://fedoraproject.org/wiki/Infrastructure/UpdateInfo>. Package lists name binary packages with
//! the version that has the fixes. Left out: errata that are not about security.

use crate::archive;
use crate::feed::{Document, Feed, FeedError, From, Pick, Sink, timestamp};
use crate::rating;
use crate::xml::{self, Attributes, Step};
use yagura_model::{Advisory, Affected, Event, FixStatus, Range, RangeKind, Reference, SourceId};

/// A distribution with such repositories. Documents lie in `RELEASE/REPOSITORY…/repodata/`.
pub struct UpdateInfo {
    id: &'static str,
    title: &'static str,
    base: &'static str,
    ecosystem: &'static str,
    repositories: &'static [(&'static str, &'static str)],
}

/// Amazon Linux 1, 2 and 2023, with the extras of 2. Repositories are found through mirror lists.
pub static AMAZON: UpdateInfo = UpdateInfo {
    id: "amazon",
    title: "Amazon Linux Security Center",
    base: "https://cdn.amazonlinux.com",
    ecosystem: "Amazon Linux",
    repositories: &[
        ("2018.03/updates", "http://repo.us-east-1.amazonaws.com/2018.03/updates/x86_64/mirror.list"),
        ("2/core", "https://cdn.amazonlinux.com/2/core/latest/x86_64/mirror.list"),
        ("2023/core", "https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list"),
        (
            "2023/kernel-livepatch",
            "https://cdn.amazonlinux.com/al2023/kernel-livepatch/mirrors/latest/x86_64/mirror.list",
        ),
    ],
};

/// Fedora's updates of the releases in support.
pub static FEDORA: UpdateInfo = UpdateInfo {
    id: "fedora",
    title: "Fedora updates",
    base: "https://dl.fedoraproject.org/pub/fedora/linux/updates",
    ecosystem: "Fedora",
    repositories: &[("42/Everything", ""), ("43/Everything", ""), ("44/Everything", "")],
};

/// AlmaLinux's own repositories. OSV has the same errata.
pub static ALMA_LINUX: UpdateInfo = UpdateInfo {
    id: "almalinux",
    title: "AlmaLinux errata",
    base: "https://repo.almalinux.org/almalinux",
    ecosystem: "AlmaLinux",
    repositories: REBUILDS,
};

/// Rocky Linux's own repositories.
pub static ROCKY_LINUX: UpdateInfo = UpdateInfo {
    id: "rocky",
    title: "Rocky Linux errata",
    base: "https://dl.rockylinux.org/pub/rocky",
    ecosystem: "Rocky Linux",
    repositories: REBUILDS,
};

/// openSUSE Leap's update repositories. OSV has the same errata.
pub static OPENSUSE: UpdateInfo = UpdateInfo {
    id: "opensuse",
    title: "openSUSE updates",
    base: "https://download.opensuse.org/update/leap",
    ecosystem: "openSUSE",
    repositories: &[("15.6/oss", ""), ("15.6/sle", ""), ("15.6/backports", ""), ("16.0/oss", "")],
};

/// Repositories of the rebuilds of Red Hat's releases.
const REBUILDS: &[(&str, &str)] = &[
    ("8/BaseOS", ""),
    ("8/AppStream", ""),
    ("9/BaseOS", ""),
    ("9/AppStream", ""),
    ("9/CRB", ""),
    ("10/BaseOS", ""),
    ("10/AppStream", ""),
    ("10/CRB", ""),
];

impl Feed for UpdateInfo {
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

    /// Publishers with mirror lists are asked for those; mirrors of this service have `repomd.xml` itself.
    fn start(&self) -> Vec<Pick> {
        let mut picks = Vec::new();
        for (folder, list) in self.repositories {
            let repomd = format!("{folder}/repodata/repomd.xml");
            if list.is_empty() {
                let below = match self.id {
                    "almalinux" | "rocky" => "/x86_64/os",
                    "opensuse" => "",
                    _ => "/x86_64",
                };
                let url = format!("{}/{folder}{below}/repodata/repomd.xml", self.base);
                picks.push(Pick::at(repomd, url).optional());
            } else {
                picks.push(Pick::at(format!("{folder}/mirror.list"), *list).optional());
                picks.push(Pick::new(repomd).optional());
            }
        }
        if self.id == "amazon" {
            picks.push(
                Pick::at("2/extras-catalog.json", format!("{}/2/extras-catalog.json", self.base)).optional(),
            );
            picks.push(Pick::new("2/extras-catalog.json.gz").optional());
        }
        picks
    }

    fn follow(&self, document: &Document<'_>) -> Vec<Pick> {
        let Some((folder, file)) = document.path.rsplit_once('/') else { return Vec::new() };
        let text = archive::unpack(document.path, document.bytes).unwrap_or_default();
        match file {
            "mirror.list" => {
                let text = String::from_utf8_lossy(&text);
                let mirror = text.lines().map(str::trim).find(|line| line.starts_with("http"));
                let url =
                    mirror.map(|mirror| format!("{}/repodata/repomd.xml", mirror.trim_end_matches('/')));
                url.map(|url| Pick::at(format!("{folder}/repodata/repomd.xml"), url)).into_iter().collect()
            }
            "repomd.xml" => {
                let href = updateinfo_of(document).unwrap_or_default();
                let name = href.rsplit('/').next().unwrap_or_default();
                if name.is_empty() {
                    return Vec::new();
                }
                let from = From::Sibling(name.to_owned());
                vec![Pick { path: format!("{folder}/{name}"), from, optional: false }]
            }
            "extras-catalog.json" | "extras-catalog.json.gz" => extras(&text),
            _ => Vec::new(),
        }
    }

    fn on_request(&self) -> bool {
        matches!(self.id, "almalinux" | "opensuse")
    }

    fn reads(&self, path: &str) -> bool {
        path.contains("/repodata/")
            && path.rsplit('/').next().is_some_and(|name| name.contains("updateinfo.xml"))
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from(self.id)
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = archive::unpack(document.path, document.bytes)?;
        let release = document.path.split('/').next().unwrap_or_default();
        let topic = document.path.split_once("/extras/").and_then(|(_, rest)| rest.split('/').next());
        let mut reader = Reader {
            source: self.source(document.path),
            ecosystem: format!("{}:{release}", self.ecosystem),
            lower: topic.map(topic_version).unwrap_or_default(),
            open: None,
            kind: String::new(),
            word: String::new(),
            module: None,
        };
        xml::walk(document.path, &bytes, &mut |step| reader.step(&step, out))
    }
}

/// Where `repomd.xml` says that the errata are.
fn updateinfo_of(document: &Document<'_>) -> Option<String> {
    let mut inside = false;
    let mut href = None;
    xml::walk(document.path, document.bytes, &mut |step| match step {
        Step::Open("data", attributes) => inside = attributes.get("type") == Some("updateinfo"),
        Step::Open("location", attributes) if inside => href = attributes.get("href").map(str::to_owned),
        _ => {}
    })
    .ok()?;
    href
}

/// The mirror lists of the extras' topics of Amazon Linux 2.
fn extras(catalogue: &[u8]) -> Vec<Pick> {
    #[derive(serde::Deserialize)]
    struct Catalogue {
        topics: Vec<Topic>,
    }
    #[derive(serde::Deserialize)]
    struct Topic {
        n: String,
    }
    let Ok(catalogue) = serde_json::from_slice::<Catalogue>(catalogue) else { return Vec::new() };
    let plain =
        |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+'));
    catalogue
        .topics
        .into_iter()
        .map(|topic| topic.n)
        .filter(|name| plain(name) && !name.starts_with('.'))
        .flat_map(|name| {
            let url = format!("https://cdn.amazonlinux.com/2/extras/{name}/latest/x86_64/mirror.list");
            let repomd = Pick::new(format!("2/extras/{name}/repodata/repomd.xml")).optional();
            [Pick::at(format!("2/extras/{name}/mirror.list"), url).optional(), repomd]
        })
        .collect()
}

/// A topic like `kernel-5.15` or `php8.0` speaks only of packages of that version: the core repository has
/// packages of the same names. Empty when the topic has no version.
fn topic_version(topic: &str) -> String {
    let start = topic.rfind(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(0, |at| at + 1);
    topic.get(start..).unwrap_or_default().trim_matches('.').to_owned()
}

struct Reader {
    source: SourceId,
    ecosystem: String,
    lower: String,
    open: Option<Advisory>,
    kind: String,
    word: String,
    module: Option<String>,
}

impl Reader {
    fn step(&mut self, step: &Step<'_>, out: &mut dyn Sink) {
        match step {
            Step::Open("update", attributes) => {
                self.open = Some(Advisory::new(self.source.clone(), ""));
                self.kind = attributes.get("type").unwrap_or_default().to_owned();
                self.word.clear();
            }
            Step::Close("update", _) => self.close(out),
            Step::Close("module", _) => {}
            Step::Open("collection", _) => self.module = None,
            Step::Open("module", attributes) => {
                let (name, stream) = (attributes.get("name"), attributes.get("stream"));
                self.module = name.zip(stream).map(|(name, stream)| format!("{name}:{stream}"));
            }
            other => {
                if let Some(advisory) = self.open.as_mut() {
                    inside(
                        other,
                        advisory,
                        &mut self.word,
                        &self.ecosystem,
                        &self.lower,
                        self.module.as_deref(),
                    );
                }
            }
        }
    }

    fn close(&mut self, out: &mut dyn Sink) {
        let Some(mut advisory) = self.open.take() else { return };
        if advisory.id.is_empty() {
            out.unread("an update without an id".to_owned());
            return;
        }
        let security = self.kind == "security" || !advisory.upstream.is_empty();
        if !security {
            return;
        }
        if !matches!(self.word.as_str(), "" | "None" | "none") {
            advisory.ratings.push(rating::from_word(self.source.clone(), &self.word));
        }
        if let Some(date) = advisory.modified.or(advisory.published) {
            out.dated(date);
        }
        out.advisory(advisory);
    }
}

fn inside(
    step: &Step<'_>,
    advisory: &mut Advisory,
    word: &mut String,
    ecosystem: &str,
    lower: &str,
    module: Option<&str>,
) {
    match step {
        Step::Close("id", text) if advisory.id.is_empty() => (*text).clone_into(&mut advisory.id),
        Step::Close("title", text) if advisory.summary.is_empty() => {
            (*text).clone_into(&mut advisory.summary)
        }
        Step::Close("description", text) => (*text).clone_into(&mut advisory.details),
        Step::Close("severity", text) => (*text).clone_into(word),
        Step::Open("issued", attributes) => advisory.published = date(attributes),
        Step::Open("updated", attributes) => advisory.modified = date(attributes),
        Step::Open("reference", attributes) => {
            // Fedora refers to Bugzilla entries whose titles name the CVEs.
            let texts = [attributes.get("id"), attributes.get("title")];
            for cve in texts.into_iter().flatten().flat_map(cves) {
                if !advisory.upstream.contains(&cve) {
                    advisory.upstream.push(cve);
                }
            }
            if let Some(url) = attributes.get("href") {
                advisory.references.push(Reference { kind: "WEB".to_owned(), url: url.to_owned() });
            }
        }
        Step::Open("package", attributes) => {
            if let Some(affected) = package(attributes, ecosystem, lower, module) {
                advisory_push(advisory, affected);
            }
        }
        _ => {}
    }
}

/// Builds for several architectures with one version are one statement.
fn advisory_push(advisory: &mut Advisory, affected: Affected) {
    let same = advisory.affected.iter_mut().rev().take(64).find(|one| {
        one.name == affected.name && one.ranges == affected.ranges && one.module == affected.module
    });
    match same {
        Some(one) => {
            // No list of architectures means all of them.
            if one.arches.is_empty() || affected.arches.is_empty() {
                one.arches.clear();
            } else {
                one.arches.extend(affected.arches);
                one.arches.sort_unstable();
                one.arches.dedup();
            }
        }
        None => advisory.affected.push(affected),
    }
}

fn package(attributes: &Attributes, ecosystem: &str, lower: &str, module: Option<&str>) -> Option<Affected> {
    let (name, version, release) =
        (attributes.get("name")?, attributes.get("version")?, attributes.get("release")?);
    let epoch = attributes.get("epoch").filter(|epoch| !epoch.is_empty()).unwrap_or("0");
    let arch = attributes.get("arch").unwrap_or("noarch");
    if arch == "src" {
        return None;
    }
    let mut affected = Affected::new(ecosystem, name);
    affected.binary = true;
    affected.status = FixStatus::Fixed;
    affected.module = module.map(str::to_owned);
    let introduced = if lower.is_empty() { "0".to_owned() } else { format!("{epoch}:{lower}") };
    let events = vec![Event::Introduced(introduced), Event::Fixed(format!("{epoch}:{version}-{release}"))];
    affected.ranges.push(Range { kind: RangeKind::Ecosystem, events });
    if arch != "noarch" {
        affected.arches.push(arch.to_owned());
    }
    Some(affected)
}

fn date(attributes: &Attributes) -> Option<jiff::Timestamp> {
    let text = attributes.get("date")?.trim();
    // `2011-09-27 22:46` has no seconds.
    let full = if text.len() == 16 { format!("{text}:00") } else { text.to_owned() };
    timestamp(&full)
}

/// The CVE ids that a text names.
fn cves(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|word| {
            let mut parts = word.splitn(3, '-');
            parts.next() == Some("CVE")
                && parts.next().is_some_and(|year| year.len() == 4)
                && parts
                    .next()
                    .is_some_and(|number| number.len() >= 4 && number.chars().all(|c| c.is_ascii_digit()))
        })
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    fn read(feed: &UpdateInfo, path: &str, xml: &str) -> Batch {
        let mut batch = Batch::default();
        feed.read(&Document { path, bytes: xml.as_bytes() }, &mut batch).unwrap();
        batch
    }

    const AMAZON_UPDATE: &str = include_str!("fixtures/amazon.xml");

    #[test]
    fn binary_packages_with_epochs_and_architectures() {
        let batch = read(&AMAZON, "2023/core/repodata/updateinfo.xml.gz", AMAZON_UPDATE);
        insta::assert_json_snapshot!("amazon", batch.advisories);
    }

    #[test]
    fn a_topic_speaks_of_its_own_version_only() {
        let batch = read(&AMAZON, "2/extras/kernel-5.15/repodata/updateinfo.xml.gz", AMAZON_UPDATE);
        assert_eq!(
            batch.advisories[0].affected[0].ranges[0].events[0],
            Event::Introduced("1:5.15".to_owned())
        );
        assert_eq!(topic_version("postgresql14"), "14");
        assert_eq!(topic_version("docker"), "");
    }

    #[test]
    fn fedora_names_cves_in_titles_and_has_bug_fixes() {
        let batch =
            read(&FEDORA, "42/Everything/repodata/x-updateinfo.xml.zst", include_str!("fixtures/fedora.xml"));
        insta::assert_json_snapshot!("fedora", batch.advisories);
    }

    #[test]
    fn repomd_and_mirror_lists_name_the_next_document() {
        let repomd = r#"<repomd><data type="primary"><location href="repodata/p.xml"/></data>
            <data type="updateinfo"><location href="repodata/abc-updateinfo.xml.gz"/></data></repomd>"#;
        let document = Document { path: "2023/core/repodata/repomd.xml", bytes: repomd.as_bytes() };
        let picks = AMAZON.follow(&document);
        assert_eq!(picks[0].path, "2023/core/repodata/abc-updateinfo.xml.gz");
        let list =
            Document { path: "2/core/mirror.list", bytes: b"https://cdn.example.org/2/core/abc/x86_64\n" };
        let url = "https://cdn.example.org/2/core/abc/x86_64/repodata/repomd.xml".to_owned();
        assert_eq!(AMAZON.follow(&list)[0].from, From::Url(url));
    }
}
