//! OVAL definitions of Azure Linux (CBL-Mariner), Oracle Linux, SUSE and openSUSE, and Ubuntu.
//!
//! Format: <https://oval.mitre.org/language/version5.11/>. A definition's criteria name tests, a test names an
//! object (the package, or a variable with a list of packages) and a state (`evr` less than the fixed version).
//! Every such test is one statement about the platforms that its branch of the criteria asks for; nesting beyond
//! that only says which tests must hold together. Left out: signature and architecture tests, patterns, live
//! patches, and the "is installed" tests, which name no version.

mod criteria;
mod document;

use crate::archive;
use crate::feed::{Document, Feed, FeedError, Pick, Sink, timestamp};
use crate::rating;
use crate::xml;
use criteria::{Leaf, leaves};
use document::{Definition, Reader};
use yagura_model::{Advisory, Affected, Event, FixStatus, Range, RangeKind, Reference, SourceId};

/// A distribution that publishes OVAL.
pub struct Oval {
    id: &'static str,
    title: &'static str,
    base: &'static str,
    documents: &'static [&'static str],
    /// The ecosystem that a document is about, by its path.
    of_path: fn(&str) -> Option<String>,
    /// The ecosystem of a platform named in the criteria or in the metadata.
    of_platform: fn(&str) -> Option<String>,
    /// True when objects name installed packages.
    binary: bool,
}

/// Microsoft's Azure Linux; 1.0 and 2.0 were called CBL-Mariner. Objects name source packages.
pub static AZURE_LINUX: Oval = Oval {
    id: "azurelinux",
    title: "Azure Linux OVAL",
    base: "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main",
    documents: &["azurelinux-3.0-oval.xml", "cbl-mariner-2.0-oval.xml", "cbl-mariner-1.0-oval.xml"],
    of_path: |path| {
        let version = path.strip_prefix("azurelinux-").or_else(|| path.strip_prefix("cbl-mariner-"))?;
        Some(format!("Azure Linux:{}", version.split(['.', '-']).next()?))
    },
    of_platform: |_| None,
    binary: false,
};

/// Oracle Linux; the release is in the platform of each definition. Objects name installed packages.
pub static ORACLE_LINUX: Oval = Oval {
    id: "oracle",
    title: "Oracle Linux OVAL",
    base: "https://linux.oracle.com/security/oval",
    documents: &["com.oracle.elsa-all.xml.bz2"],
    of_path: |_| None,
    of_platform: |name| {
        let release = name.strip_prefix("Oracle Linux ")?.split(['.', ' ']).next()?;
        Some(format!("Oracle Linux:{release}"))
    },
    binary: true,
};

/// SUSE Linux Enterprise and openSUSE: one definition per CVE, with what is fixed, affected and not affected on each
/// product. Objects name installed packages.
pub static SUSE: Oval = Oval {
    id: "suse-oval",
    title: "SUSE OVAL",
    base: "https://ftp.suse.com/pub/projects/security/oval",
    documents: &[
        "suse.linux.enterprise.server.12-affected.xml.gz",
        "suse.linux.enterprise.server.15-affected.xml.gz",
        "suse.linux.enterprise.server.16.0-affected.xml.gz",
        "suse.linux.enterprise.micro.5-affected.xml.gz",
        "opensuse.leap.15.6-affected.xml.gz",
        "opensuse.leap.16.0-affected.xml.gz",
        "opensuse.tumbleweed-affected.xml.gz",
    ],
    of_path: |_| None,
    of_platform: suse_platform,
    binary: true,
};

/// Ubuntu's OVAL of its CVE tracker (`cve`) and of its notices (`usn`), one file per release.
pub static UBUNTU: Oval = Oval {
    id: "ubuntu-oval",
    title: "Ubuntu OVAL",
    base: "https://security-metadata.canonical.com/oval",
    documents: &[
        "com.ubuntu.bionic.cve.oval.xml.bz2",
        "com.ubuntu.focal.cve.oval.xml.bz2",
        "com.ubuntu.jammy.cve.oval.xml.bz2",
        "com.ubuntu.noble.cve.oval.xml.bz2",
        "com.ubuntu.resolute.cve.oval.xml.bz2",
    ],
    of_path: ubuntu_path,
    of_platform: |_| None,
    binary: true,
};

/// `SUSE Linux Enterprise Server 15 SP5`, `openSUSE Leap 15.6`; the ecosystems' own rules name the release.
pub fn suse_platform(name: &str) -> Option<String> {
    if let Some(release) = name.strip_prefix("openSUSE ") {
        return Some(format!("openSUSE:{release}"));
    }
    name.strip_prefix("SUSE ").map(|product| format!("SUSE:{product}"))
}

/// Codenames of the releases with published files.
const UBUNTU_RELEASES: &[(&str, &str)] = &[
    ("trusty", "14.04"),
    ("xenial", "16.04"),
    ("bionic", "18.04"),
    ("focal", "20.04"),
    ("jammy", "22.04"),
    ("noble", "24.04"),
    ("plucky", "25.04"),
    ("questing", "25.10"),
    ("resolute", "26.04"),
];

/// `com.ubuntu.jammy.cve.oval.xml.bz2`, `com.ubuntu.xenial.esm-infra.cve.oval.xml`.
fn ubuntu_path(path: &str) -> Option<String> {
    let (_, release) = UBUNTU_RELEASES.iter().find(|(codename, _)| path.contains(codename))?;
    Some(if path.contains("esm") { format!("Ubuntu:Pro:{release}") } else { format!("Ubuntu:{release}") })
}

impl Feed for Oval {
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
        let packed = self.documents.iter().filter(|path| path.ends_with(".xml"));
        let packed = packed.map(|path| Pick::new(format!("{path}.gz")).optional());
        self.documents.iter().map(|path| Pick::new(*path).optional()).chain(packed).collect()
    }

    /// What OSV has of SUSE and Ubuntu is enough; these large files are for those who want the publisher's own word.
    fn on_request(&self) -> bool {
        matches!(self.id, "suse-oval" | "ubuntu-oval")
    }

    fn reads(&self, path: &str) -> bool {
        let known = ["oval", "elsa", "suse"].iter().any(|word| path.contains(word));
        path.contains(".xml") && known
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from(self.id)
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = archive::unpack(document.path, document.bytes)?;
        let mut reader = Reader::default();
        let result = xml::walk(document.path, &bytes, &mut |step| reader.step(&step));
        if let Some(date) = reader.dated {
            out.dated(date);
        }
        let fixed = (self.of_path)(document.path);
        for definition in std::mem::take(&mut reader.definitions) {
            if let Some(advisory) = self.advisory(definition, fixed.as_deref(), &reader) {
                out.advisory(advisory);
            }
        }
        result
    }
}

impl Oval {
    fn advisory(&self, mut definition: Definition, fixed: Option<&str>, reader: &Reader) -> Option<Advisory> {
        let (cves, errata): (Vec<_>, Vec<_>) = std::mem::take(&mut definition.references)
            .into_iter()
            .partition(|(source, id, _)| source.contains("CVE") || id.starts_with("CVE-"));
        let mut ids: Vec<String> = cves
            .iter()
            .filter_map(|(_, id, _)| id.split([' ', '(']).next())
            .filter(|id| id.starts_with("CVE-"))
            .map(str::to_owned)
            .collect();
        let titled = definition.title.split([' ', ':']).next().unwrap_or_default();
        if titled.starts_with("CVE-") {
            ids.insert(0, titled.to_owned());
        }
        let mut seen = std::collections::BTreeSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        let erratum = errata.iter().map(|(_, id, _)| id).find(|id| {
            ["ELSA-", "USN-", "LSN-", "SUSE-", "openSUSE-"].iter().any(|prefix| id.starts_with(prefix))
        });
        // A definition about one CVE is that CVE's; errata are only its references.
        let id = match erratum.filter(|_| definition.class != "vulnerability") {
            Some(id) => id.clone(),
            None => ids.first()?.clone(),
        };
        let mut advisory = Advisory::new(self.id, id);
        advisory.upstream = ids.into_iter().filter(|id| *id != advisory.id).collect();
        advisory.references = errata
            .into_iter()
            .chain(cves)
            .filter(|(_, _, url)| !url.is_empty())
            .map(|(_, _, url)| Reference { kind: "ADVISORY".to_owned(), url })
            .collect();
        let severity = Some(definition.severity.as_str()).filter(|word| !matches!(*word, "" | "N/A"));
        advisory.ratings.extend(severity.map(|word| rating::from_word(self.id, word)));
        let mut affected: Vec<Affected> = Vec::new();
        for leaf in leaves(&definition.criteria) {
            let platforms = if leaf.platforms.is_empty() { &definition.platforms } else { &leaf.platforms };
            let mut ecosystems: Vec<String> = match fixed {
                Some(fixed) => vec![fixed.to_owned()],
                None => platforms.iter().filter_map(|name| (self.of_platform)(name)).collect(),
            };
            ecosystems.sort_unstable();
            ecosystems.dedup();
            for (name, binary, status, event) in self.said(&leaf, reader) {
                for ecosystem in &ecosystems {
                    let mut one = Affected::new(subscription(ecosystem, event.as_ref()), name.clone());
                    one.binary = binary;
                    one.status = status;
                    one.module = leaf.module.clone();
                    one.severity = severity.map(str::to_owned);
                    let events =
                        std::iter::once(Event::Introduced("0".to_owned())).chain(event.clone()).collect();
                    one.ranges.push(Range { kind: RangeKind::Ecosystem, events });
                    affected.push(one);
                }
            }
        }
        affected.sort_by(|a, b| (&a.ecosystem, &a.name).cmp(&(&b.ecosystem, &b.name)));
        affected.dedup();
        advisory.affected = affected;
        advisory.summary = definition.title;
        advisory.details = definition.description;
        advisory.published = definition.date.as_deref().and_then(timestamp);
        Some(advisory)
    }

    /// What a test says: names, whether they are of installed packages, the state, and the end of the range.
    fn said(&self, leaf: &Leaf, reader: &Reader) -> Vec<(String, bool, FixStatus, Option<Event>)> {
        let Some(test) = reader.tests.get(&leaf.test).filter(|test| !test.negated) else { return Vec::new() };
        let names = reader.names(&test.object);
        let state = reader.states.get(&test.state);
        let spoken = if self.id == "ubuntu-oval" { ubuntu_words(&leaf.comment) } else { None };
        let event = match state.map(|(operation, version)| (operation.as_str(), version)) {
            Some(("less than", version)) => Some(Event::Fixed(version.clone())),
            Some(("less than or equal", version)) => Some(Event::LastAffected(version.clone())),
            // SUSE says "affected" as "greater than nothing"; a test without a state is about any version.
            Some(("greater than", version)) if version.trim_start_matches(['0', ':', '-']).is_empty() => None,
            None if spoken.is_some() || leaf.comment.ends_with("affected") => None,
            _ => return Vec::new(),
        };
        let status = match (&event, spoken.as_ref().map(|(_, status)| *status)) {
            (Some(Event::Fixed(_)), _) => FixStatus::Fixed,
            (_, Some(status)) => status,
            _ if leaf.comment.ends_with("is not affected") => FixStatus::NotAffected,
            _ => FixStatus::Affected,
        };
        match spoken {
            // Ubuntu's comments name the source; the versions are the source's.
            Some((source, _)) => vec![(source, false, status, event)],
            None => names.into_iter().map(|name| (name, self.binary, status, event.clone())).collect(),
        }
    }
}

/// Fixes of Ubuntu Pro carry `esm` in their version.
fn subscription(ecosystem: &str, event: Option<&Event>) -> String {
    match (ecosystem.strip_prefix("Ubuntu:"), event) {
        (Some(release), Some(Event::Fixed(version)))
            if version.contains("esm") && !release.starts_with("Pro:") =>
        {
            format!("Ubuntu:Pro:{release}")
        }
        _ => ecosystem.to_owned(),
    }
}

/// The source package and the state in a comment like `curl package in jammy is affected and needs fixing.`
fn ubuntu_words(comment: &str) -> Option<(String, FixStatus)> {
    let (source, rest) =
        comment.split_once(" package in ").or_else(|| comment.split_once(": while related"))?;
    let source = source.rsplit(' ').next()?.trim_end_matches(':');
    let status = if rest.contains("not affected") {
        FixStatus::NotAffected
    } else if rest.contains("defer") {
        FixStatus::Deferred
    } else if rest.contains("ignore") {
        FixStatus::WillNotFix
    } else if rest.contains("needs evaluation")
        || rest.contains("may be affected")
        || rest.contains("may need fixing")
    {
        FixStatus::UnderInvestigation
    } else {
        FixStatus::Affected
    };
    (!source.is_empty()).then(|| (source.to_owned(), status))
}

#[cfg(test)]
mod tests;
