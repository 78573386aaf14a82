//! AlmaLinux errata as one JSON file per release: `RELEASE/errata.full.json`.
//!
//! Source: <https://errata.almalinux.org/9/errata.full.json>. The updateinfo of the repositories and OSV have the
//! same errata; this file also tells the module stream of each erratum. Left out: errata without a CVE that only
//! fix bugs.

use crate::archive;
use crate::feed::{Document, Feed, FeedError, Pick, Sink, timestamp};
use crate::rating;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use yagura_model::{Advisory, Affected, Event, FixStatus, Range, RangeKind, Reference, SourceId};

/// AlmaLinux errata.
pub struct Errata;

#[derive(Deserialize)]
struct Json {
    data: Vec<Erratum>,
}

#[derive(Deserialize)]
struct Erratum {
    id: Option<String>,
    updateinfo_id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    severity: Option<String>,
    title: Option<String>,
    description: Option<String>,
    issued_date: Option<Time>,
    updated_date: Option<Time>,
    #[serde(default)]
    references: Vec<Link>,
    #[serde(default)]
    packages: Vec<Rpm>,
    #[serde(default)]
    modules: Vec<Module>,
}

/// Seconds or a text; older files wrap milliseconds as `{"$date": …}`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Number(i64),
    Text(String),
    Wrapped {
        #[serde(rename = "$date")]
        date: i64,
    },
}

#[derive(Deserialize)]
struct Link {
    id: Option<String>,
    href: Option<String>,
}

#[derive(Deserialize)]
struct Rpm {
    name: String,
    version: String,
    release: String,
    epoch: Option<serde_json::Value>,
    arch: Option<String>,
    module: Option<String>,
}

#[derive(Deserialize)]
struct Module {
    name: String,
    stream: String,
}

impl Feed for Errata {
    fn id(&self) -> &'static str {
        "almalinux-errata"
    }

    fn title(&self) -> &'static str {
        "AlmaLinux errata"
    }

    fn base(&self) -> &'static str {
        "https://errata.almalinux.org"
    }

    fn folder(&self) -> &'static str {
        "almalinux-errata"
    }

    fn start(&self) -> Vec<Pick> {
        ["8", "9", "10"].map(|release| Pick::new(format!("{release}/errata.full.json")).optional()).into()
    }

    fn on_request(&self) -> bool {
        true
    }

    fn reads(&self, path: &str) -> bool {
        path.contains("/errata") && path.contains(".json")
    }

    fn source(&self, _path: &str) -> SourceId {
        SourceId::from("almalinux-errata")
    }

    fn read(&self, document: &Document<'_>, out: &mut dyn Sink) -> Result<(), FeedError> {
        let bytes = archive::unpack(document.path, document.bytes)?;
        let json: Json =
            serde_json::from_slice(&bytes).map_err(|error| FeedError::malformed(document.path, error))?;
        let release = document.path.split('/').next().unwrap_or_default();
        for erratum in json.data {
            if let Some(advisory) = advisory(erratum, &format!("AlmaLinux:{release}"), &self.source("")) {
                if let Some(date) = advisory.modified {
                    out.dated(date);
                }
                out.advisory(advisory);
            }
        }
        Ok(())
    }
}

fn advisory(erratum: Erratum, ecosystem: &str, source: &SourceId) -> Option<Advisory> {
    let mut advisory = Advisory::new(source.clone(), erratum.updateinfo_id.or(erratum.id)?);
    for link in erratum.references {
        advisory.upstream.extend(link.id.filter(|id| id.starts_with("CVE-")));
        advisory.references.extend(link.href.map(|url| Reference { kind: "WEB".to_owned(), url }));
    }
    advisory.upstream.sort_unstable();
    advisory.upstream.dedup();
    if advisory.upstream.is_empty() && erratum.kind.as_deref() != Some("security") {
        return None;
    }
    advisory.summary = erratum.title.unwrap_or_default();
    advisory.details = erratum.description.unwrap_or_default();
    advisory.published = erratum.issued_date.and_then(time);
    advisory.modified = erratum.updated_date.and_then(time).or(advisory.published);
    let word = erratum.severity.filter(|word| !word.is_empty() && word != "None");
    advisory.ratings.extend(word.map(|word| rating::from_word(source.clone(), &word)));
    // A package of a modular erratum belongs to its only module, unless it says to which.
    let only = match erratum.modules.as_slice() {
        [module] => Some(format!("{}:{}", module.name, module.stream)),
        _ => None,
    };
    let mut packages: BTreeMap<(String, String, Option<String>), Vec<String>> = BTreeMap::new();
    for rpm in erratum.packages {
        let arch = rpm.arch.unwrap_or_default();
        if arch == "src" {
            continue;
        }
        let epoch = match rpm.epoch {
            Some(serde_json::Value::Number(number)) => number.to_string(),
            Some(serde_json::Value::String(text)) if !text.is_empty() => text,
            _ => "0".to_owned(),
        };
        let modular = rpm.release.contains(".module");
        let module = rpm.module.as_deref().map(stream).or_else(|| only.clone()).filter(|_| modular);
        let version = format!("{epoch}:{}-{}", rpm.version, rpm.release);
        packages.entry((rpm.name, version, module)).or_default().push(arch);
    }
    for ((name, version, module), mut arches) in packages {
        let mut affected = Affected::new(ecosystem, name);
        affected.binary = true;
        affected.status = FixStatus::Fixed;
        affected.module = module;
        let events = vec![Event::Introduced("0".to_owned()), Event::Fixed(version)];
        affected.ranges.push(Range { kind: RangeKind::Ecosystem, events });
        if !arches.iter().any(|arch| arch == "noarch" || arch.is_empty()) {
            arches.sort_unstable();
            arches.dedup();
            affected.arches = arches;
        }
        advisory.affected.push(affected);
    }
    Some(advisory)
}

/// `nodejs:18` of `nodejs:18:8060020220523160029:ad008a3a:x86_64`.
fn stream(module: &str) -> String {
    module.split(':').take(2).collect::<Vec<_>>().join(":")
}

fn time(time: Time) -> Option<Timestamp> {
    match time {
        Time::Number(seconds) if seconds.abs() < 100_000_000_000 => Timestamp::from_second(seconds).ok(),
        Time::Number(millis) | Time::Wrapped { date: millis } => Timestamp::from_millisecond(millis).ok(),
        Time::Text(text) => timestamp(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Batch;

    #[test]
    fn errata_name_packages_architectures_and_modules() {
        let mut batch = Batch::default();
        let bytes = include_bytes!("fixtures/errata.json");
        Errata.read(&Document { path: "8/errata.full.json", bytes }, &mut batch).unwrap();
        insta::assert_json_snapshot!("errata", batch.advisories);
    }
}
