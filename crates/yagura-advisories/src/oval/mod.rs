//! OVAL definitions of Azure Linux (CBL-Mariner) and Oracle Linux.
//!
//! Format: <https://oval.mitre.org/language/version5.11/>. A definition's criteria name tests, a test names an
//! object (the package) and a state (`evr` less than the fixed version). Every such test of a definition is one
//! statement; the criteria's nesting only says which of the tests must hold together. Left out: signature and
//! architecture tests, patterns, and the "is installed" tests, which name no version.

use crate::archive;
use crate::feed::{Document, Feed, FeedError, Pick, Sink, timestamp};
use crate::rating;
use crate::xml::{self, Step};
use std::collections::HashMap;
use yagura_model::{Advisory, Affected, Event, FixStatus, Range, RangeKind, Reference, SourceId};

/// A distribution that publishes OVAL.
pub struct Oval {
    id: &'static str,
    title: &'static str,
    base: &'static str,
    documents: &'static [&'static str],
    ecosystem: fn(&str) -> Option<String>,
    /// True when objects name installed packages.
    binary: bool,
}

/// Microsoft's Azure Linux; 1.0 and 2.0 were called CBL-Mariner. Objects name source packages.
pub static AZURE_LINUX: Oval = Oval {
    id: "azurelinux",
    title: "Azure Linux OVAL",
    base: "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main",
    documents: &["azurelinux-3.0-oval.xml", "cbl-mariner-2.0-oval.xml", "cbl-mariner-1.0-oval.xml"],
    ecosystem: |path| {
        let version = path.strip_prefix("azurelinux-").or_else(|| path.strip_prefix("cbl-mariner-"))?;
        Some(format!("Azure Linux:{}", version.split(['.', '-']).next()?))
    },
    binary: false,
};

/// Oracle Linux; the release is in the platform of each definition. Objects name installed packages.
pub static ORACLE_LINUX: Oval = Oval {
    id: "oracle",
    title: "Oracle Linux OVAL",
    base: "https://linux.oracle.com/security/oval",
    documents: &["com.oracle.elsa-all.xml.bz2"],
    ecosystem: |_| None,
    binary: true,
};

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

    fn reads(&self, path: &str) -> bool {
        path.contains(".xml") && (path.contains("oval") || path.contains("elsa"))
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
        let fixed = (self.ecosystem)(document.path);
        for definition in std::mem::take(&mut reader.definitions) {
            if let Some(advisory) = self.advisory(definition, fixed.as_deref(), &reader) {
                out.advisory(advisory);
            }
        }
        result
    }
}

impl Oval {
    fn advisory(&self, definition: Definition, fixed: Option<&str>, reader: &Reader) -> Option<Advisory> {
        let platform = definition.platforms.iter().find_map(|text| text.strip_prefix("Oracle Linux "));
        let ecosystem = match fixed {
            Some(fixed) => fixed.to_owned(),
            None => format!("Oracle Linux:{}", platform?.split(['.', ' ']).next()?),
        };
        let (erratum, cves): (Vec<_>, Vec<_>) =
            definition.references.into_iter().partition(|(source, _, _)| source != "CVE");
        let id = match erratum.iter().find(|(_, id, _)| id.starts_with("ELSA-")) {
            Some((_, id, _)) => id.clone(),
            None => cves.first().map(|(_, id, _)| id.clone())?,
        };
        let mut advisory = Advisory::new(self.id, id);
        advisory.upstream =
            cves.iter().map(|(_, id, _)| id.clone()).filter(|id| *id != advisory.id).collect();
        advisory.references = erratum
            .into_iter()
            .chain(cves)
            .filter(|(_, _, url)| !url.is_empty())
            .map(|(_, _, url)| Reference { kind: "ADVISORY".to_owned(), url })
            .collect();
        advisory.summary = definition.title;
        advisory.details = definition.description;
        advisory.published = definition.date.as_deref().and_then(timestamp);
        if !definition.severity.is_empty() && definition.severity != "N/A" {
            advisory.ratings.push(rating::from_word(self.id, &definition.severity));
        }
        let mut affected: Vec<Affected> = Vec::new();
        for test in &definition.tests {
            let Some((object, state)) = reader.tests.get(test) else { continue };
            let (Some(name), Some((operation, version))) =
                (reader.objects.get(object), reader.states.get(state))
            else {
                continue;
            };
            let event = match operation.as_str() {
                "less than" => Event::Fixed(version.clone()),
                "less than or equal" => Event::LastAffected(version.clone()),
                _ => continue,
            };
            let mut one = Affected::new(ecosystem.as_str(), name.clone());
            one.binary = self.binary;
            one.status =
                if matches!(event, Event::Fixed(_)) { FixStatus::Fixed } else { FixStatus::Affected };
            one.module.clone_from(&definition.module);
            one.severity = (!definition.severity.is_empty()).then(|| definition.severity.clone());
            one.ranges.push(Range {
                kind: RangeKind::Ecosystem,
                events: vec![Event::Introduced("0".to_owned()), event],
            });
            affected.push(one);
        }
        affected.sort_by(|a, b| a.name.cmp(&b.name));
        affected.dedup();
        advisory.affected = affected;
        Some(advisory)
    }
}

#[derive(Default)]
struct Definition {
    title: String,
    description: String,
    severity: String,
    date: Option<String>,
    platforms: Vec<String>,
    /// Source, id and address.
    references: Vec<(String, String, String)>,
    tests: Vec<String>,
    module: Option<String>,
}

#[derive(Default)]
struct Reader {
    definitions: Vec<Definition>,
    open: Option<Definition>,
    /// Test to object and state.
    tests: HashMap<String, (String, String)>,
    objects: HashMap<String, String>,
    states: HashMap<String, (String, String)>,
    /// The id of the test, object or state that is open, and the operation of its `evr`.
    current: String,
    operation: String,
    dated: Option<jiff::Timestamp>,
}

impl Reader {
    fn step(&mut self, step: &Step<'_>) {
        match step {
            Step::Open("definition", _) => self.open = Some(Definition::default()),
            Step::Close("definition", _) => self.definitions.extend(self.open.take()),
            Step::Close("timestamp", text) => self.dated = self.dated.or_else(|| timestamp(text)),
            Step::Open("rpminfo_test" | "rpminfo_object" | "rpminfo_state", attributes) => {
                attributes.get("id").unwrap_or_default().clone_into(&mut self.current);
            }
            Step::Open("object", attributes) => {
                let entry = self.tests.entry(self.current.clone()).or_default();
                attributes.get("object_ref").unwrap_or_default().clone_into(&mut entry.0);
            }
            Step::Open("state", attributes) => {
                let entry = self.tests.entry(self.current.clone()).or_default();
                attributes.get("state_ref").unwrap_or_default().clone_into(&mut entry.1);
            }
            Step::Close("name", text) => {
                self.objects.insert(self.current.clone(), (*text).to_owned());
            }
            Step::Open("evr", attributes) => {
                attributes.get("operation").unwrap_or_default().clone_into(&mut self.operation);
            }
            Step::Close("evr", text) => {
                self.states
                    .insert(self.current.clone(), (std::mem::take(&mut self.operation), (*text).to_owned()));
            }
            other => {
                if let Some(definition) = self.open.as_mut() {
                    metadata(other, definition);
                }
            }
        }
    }
}

fn metadata(step: &Step<'_>, definition: &mut Definition) {
    match step {
        Step::Close("title", text) => (*text).clone_into(&mut definition.title),
        Step::Close("description", text) => (*text).clone_into(&mut definition.description),
        Step::Close("severity", text) => (*text).clone_into(&mut definition.severity),
        Step::Close("platform", text) => definition.platforms.push((*text).to_owned()),
        Step::Close("advisory_date", text) => definition.date = Some((*text).to_owned()),
        Step::Open("issued", attributes) => definition.date = attributes.get("date").map(str::to_owned),
        Step::Open("reference", attributes) => {
            let text = |name| attributes.get(name).unwrap_or_default().to_owned();
            definition.references.push((text("source"), text("ref_id"), text("ref_url")));
        }
        Step::Open("criterion", attributes) => {
            definition.tests.extend(attributes.get("test_ref").map(str::to_owned));
            // Oracle's modular errata: "Module nodejs:18 is enabled".
            let module = attributes.get("comment").and_then(|text| text.strip_prefix("Module "));
            if let Some(stream) = module.and_then(|text| text.strip_suffix(" is enabled")) {
                definition.module = Some(stream.to_owned());
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    fn read(feed: &Oval, path: &str, xml: &str) -> Vec<Advisory> {
        let mut batch = Batch::default();
        feed.read(&Document { path, bytes: xml.as_bytes() }, &mut batch).unwrap();
        batch.advisories
    }

    #[test]
    fn azure_linux_names_source_packages() {
        insta::assert_json_snapshot!(
            "azurelinux",
            read(&AZURE_LINUX, "azurelinux-3.0-oval.xml.gz", include_str!("fixtures/azurelinux.xml"))
        );
    }

    #[test]
    fn oracle_linux_names_installed_packages_and_modules() {
        insta::assert_json_snapshot!(
            "oracle",
            read(&ORACLE_LINUX, "com.oracle.elsa-all.xml.bz2", include_str!("fixtures/oracle.xml"))
        );
    }
}
