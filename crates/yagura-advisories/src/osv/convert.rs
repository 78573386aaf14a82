//! From an OSV record to an advisory.

use super::record::{self, Binaries, Record, Scalar, Words};
use crate::feed::{cwe, timestamp};
use crate::rating;
use yagura_model::{
    Advisory, Affected, EcosystemId, Event, FixStatus, Range, RangeKind, Rating, Reference, SourceId,
};

/// Ids of errata, which fix vulnerabilities but are none: the CVEs among their `related` ids are what they
/// speak of when `upstream` is empty.
const ERRATA: &[&str] = &[
    "ALBA-",
    "ALEA-",
    "ALSA-",
    "ALAS",
    "CLSA-",
    "DLA-",
    "DSA-",
    "DTSA-",
    "ELSA-",
    "FEDORA-",
    "MGASA-",
    "RHBA-",
    "RHEA-",
    "RHSA-",
    "RLBA-",
    "RLEA-",
    "RLSA-",
    "RXSA-",
    "SUSE-",
    "USN-",
    "LSN-",
    "openSUSE-",
];

/// Errata that fix bugs or add features; without a CVE they are no vulnerability.
const NO_SECURITY: &[&str] = &["ALBA-", "ALEA-", "RHBA-", "RHEA-", "RLBA-", "RLEA-"];

/// Architectures that Red Hat's older records append to versions.
const ARCHES: &[&str] = &["src", "x86_64", "aarch64", "ppc64le", "s390x", "i686", "noarch", "ppc64", "i386"];

/// The advisory of a record; `None` for errata without a vulnerability.
pub fn advisory(record: Record, source: &SourceId) -> Option<Advisory> {
    let erratum = ERRATA.iter().any(|prefix| record.id.starts_with(prefix));
    let mut advisory = Advisory::new(source.clone(), record.id);
    advisory.aliases = record.aliases.unwrap_or_default();
    advisory.upstream = record.upstream.unwrap_or_default();
    if erratum && !advisory.upstream.iter().any(|id| id.starts_with("CVE-")) {
        let related = record.related.unwrap_or_default();
        advisory.upstream.extend(related.into_iter().filter(|id| id.starts_with("CVE-")));
    }
    let no_cve = !advisory.upstream.iter().chain(&advisory.aliases).any(|id| id.starts_with("CVE-"));
    if no_cve && NO_SECURITY.iter().any(|prefix| advisory.id.starts_with(prefix)) {
        return None;
    }
    advisory.summary = record.summary.unwrap_or_default();
    advisory.details = record.details.unwrap_or_default();
    advisory.published = record.published.as_deref().and_then(timestamp);
    advisory.modified = record.modified.as_deref().and_then(timestamp);
    advisory.withdrawn = record.withdrawn.as_deref().and_then(timestamp);
    let words = record.database_specific.unwrap_or_default();
    let packages = record.affected.unwrap_or_default();
    advisory.ratings = ratings(record.severity.as_deref(), &words, &packages, source);
    advisory.cwes = weaknesses(&words, &packages);
    advisory.references = record
        .references
        .unwrap_or_default()
        .into_iter()
        .filter_map(|link| Some(Reference { kind: link.kind.unwrap_or_default(), url: link.url? }))
        .collect();
    let module = if erratum { stream_of_title(&advisory.summary) } else { None };
    for package in packages {
        convert(package, module.as_deref(), &mut advisory.affected);
    }
    Some(advisory)
}

/// Vectors of the record, otherwise those of its packages (RustSec, Bitnami put them there); the database's
/// word goes to the first of them.
fn ratings(
    severity: Option<&[record::Severity]>,
    words: &Words,
    packages: &[record::Affected],
    source: &SourceId,
) -> Vec<Rating> {
    let mut ratings = Vec::new();
    let mut word = words.severity.as_ref().and_then(Scalar::text).map(str::to_owned);
    let of_packages = packages.iter().flat_map(|package| package.severity.as_deref().unwrap_or_default());
    let of_record = severity.unwrap_or_default();
    let listed: Vec<&record::Severity> =
        if of_record.is_empty() { of_packages.collect() } else { of_record.iter().collect() };
    for severity in listed {
        let Some(score) = severity.score.as_ref().and_then(Scalar::text) else { continue };
        match severity.kind.as_deref() {
            Some("CVSS_V2" | "CVSS_V3" | "CVSS_V4") => {
                ratings.push(rating::from_vector(source.clone(), score))
            }
            Some("Ubuntu") => word = Some(score.to_owned()),
            _ => {}
        }
    }
    if ratings.is_empty() {
        let vectors =
            packages.iter().filter_map(|package| package.database_specific.as_ref()?.cvss.as_ref()?.text());
        ratings.extend(vectors.take(1).map(|vector| rating::from_vector(source.clone(), vector)));
    }
    ratings.dedup();
    match (word, ratings.first_mut()) {
        (Some(word), Some(first)) => first.word = Some(word),
        (Some(word), None) => ratings.push(rating::from_word(source.clone(), &word)),
        (None, _) => {}
    }
    ratings
}

fn weaknesses(words: &Words, packages: &[record::Affected]) -> Vec<u16> {
    let of_packages = packages.iter().filter_map(|package| package.database_specific.as_ref());
    let mut cwes: Vec<u16> = std::iter::once(words)
        .chain(of_packages)
        .flat_map(|words| [&words.cwe_ids, &words.cwes])
        .flatten()
        .flat_map(|texts| texts.texts().into_iter().filter_map(cwe).collect::<Vec<u16>>())
        .collect();
    cwes.sort_unstable();
    cwes.dedup();
    cwes
}

fn convert(package: record::Affected, module: Option<&str>, out: &mut Vec<Affected>) {
    let specific = package.ecosystem_specific.unwrap_or_default();
    let database = package.database_specific.unwrap_or_default();
    let ranges: Vec<(Option<String>, Range)> =
        package.ranges.unwrap_or_default().into_iter().map(range).collect();
    let named = package.package.and_then(|package| Some((package.ecosystem?, package.name?)));
    let Some((ecosystem, name)) = named else {
        // A record without a package speaks of a repository.
        for (repository, range) in ranges {
            if let Some(repository) = repository.filter(|_| range.kind == RangeKind::Git) {
                let mut affected = Affected::new("GIT", repository);
                affected.ranges.push(range);
                out.push(affected);
            }
        }
        return;
    };
    let mut affected = Affected::new(EcosystemId::from(plain_ecosystem(ecosystem)), name);
    affected.binary = names_binaries(affected.ecosystem.base());
    affected.ranges = ranges.into_iter().map(|(_, range)| range).collect();
    affected.versions = package.versions.unwrap_or_default();
    affected.status = status(&specific, &affected.ranges);
    affected.severity = words_of(&specific, &database);
    strip_architecture(&mut affected);
    if fixed_texts(&affected.ranges).any(|version| version.contains(".module")) {
        affected.module = module.map(str::to_owned);
    }
    match specific.binaries {
        Some(Binaries::Versions(binaries)) if matches!(affected.ecosystem.base(), "SUSE" | "openSUSE") => {
            binaries_of(&affected, &binaries, out);
        }
        _ => out.push(affected),
    }
}

/// SUSE names the source package and lists the binary packages with the version that fixes each.
fn binaries_of(
    affected: &Affected,
    binaries: &[std::collections::BTreeMap<String, String>],
    out: &mut Vec<Affected>,
) {
    for (name, version) in binaries.iter().flatten() {
        let events = vec![Event::Introduced("0".to_owned()), Event::Fixed(version.clone())];
        out.push(Affected {
            name: name.clone(),
            binary: true,
            ranges: vec![Range { kind: RangeKind::Ecosystem, events }],
            ..affected.clone()
        });
    }
    if binaries.iter().all(|map| map.is_empty()) {
        out.push(affected.clone());
    }
}

/// A release that is an address names a registry (`Packagist:https://packages.drupal.org/8`), whose names do
/// not collide with the ecosystem's own.
fn plain_ecosystem(ecosystem: String) -> String {
    match ecosystem.split_once(':') {
        Some((base, release)) if release.starts_with("http") => base.to_owned(),
        _ => ecosystem,
    }
}

/// Distributions whose records name installed packages, not source packages.
fn names_binaries(base: &str) -> bool {
    matches!(base, "AlmaLinux" | "Red Hat" | "Rocky Linux" | "Oracle Linux" | "Amazon Linux" | "Fedora")
}

fn range(range: record::Range) -> (Option<String>, Range) {
    let kind = if range.kind.as_deref() == Some("GIT") { RangeKind::Git } else { RangeKind::Ecosystem };
    let mut events = Vec::new();
    for event in range.events.unwrap_or_default() {
        events.extend(event.introduced.map(|text| Event::Introduced(bare(text))));
        events.extend(event.fixed.map(|text| match text.trim_start().starts_with("<=") {
            true => Event::LastAffected(bare(text)),
            false => Event::Fixed(bare(text)),
        }));
        events.extend(event.last_affected.map(|text| Event::LastAffected(bare(text))));
        events.extend(event.limit.map(|text| Event::Limit(bare(text))));
    }
    (range.repo, Range { kind, events })
}

/// CNAs write comparisons where a version belongs: `< 4.4.13`, `>= 5.0.0`.
fn bare(text: String) -> String {
    if !text.starts_with(['<', '>', '=', ' ']) {
        return text;
    }
    text.trim_start_matches(['<', '>', '=', ' ']).to_owned()
}

fn fixed_texts(ranges: &[Range]) -> impl Iterator<Item = &str> {
    let ordered = ranges.iter().any(|range| range.kind == RangeKind::Ecosystem);
    // A fix that is only a commit says nothing of releases, where there are any.
    let counts = move |range: &&Range| !ordered || range.kind == RangeKind::Ecosystem;
    ranges.iter().filter(counts).flat_map(|range| &range.events).filter_map(|event| match event {
        Event::Fixed(version) => Some(version.as_str()),
        _ => None,
    })
}

/// Ubuntu's status, Debian's urgency, or simply whether a fix is known.
fn status(specific: &Words, ranges: &[Range]) -> FixStatus {
    let word = [&specific.status, &specific.urgency].into_iter().flatten().find_map(Scalar::text);
    match word.map(|word| word.split([' ', '(']).next().unwrap_or(word)) {
        Some("deferred" | "postponed" | "no-dsa") => FixStatus::Deferred,
        Some("ignored" | "wont-fix" | "will-not-fix") => FixStatus::WillNotFix,
        Some("end-of-life") => FixStatus::EndOfLife,
        Some("not-affected" | "DNE") => FixStatus::NotAffected,
        Some("needs-triage") => FixStatus::UnderInvestigation,
        _ if fixed_texts(ranges).next().is_some() => FixStatus::Fixed,
        _ => FixStatus::Affected,
    }
}

/// The severity word of a package or release: an urgency, a priority, or RustSec's `unmaintained`.
fn words_of(specific: &Words, database: &Words) -> Option<String> {
    let told = [&specific.severity, &specific.ubuntu_priority, &specific.urgency, &database.severity];
    let word = told.into_iter().flatten().find_map(Scalar::text);
    if let Some(word) = word.filter(|word| !matches!(*word, "not yet assigned" | "end-of-life")) {
        return Some(word.to_owned());
    }
    database.informational.as_ref().and_then(Scalar::text).map(|_| "informational".to_owned())
}

/// `0:2.13.3-3.el8_6.1.x86_64` says version and architecture in one; `.src` is the source package.
fn strip_architecture(affected: &mut Affected) {
    if affected.ecosystem.base() != "Red Hat" {
        return;
    }
    for event in affected.ranges.iter_mut().flat_map(|range| &mut range.events) {
        let (Event::Fixed(version) | Event::LastAffected(version)) = event else { continue };
        let Some((bare, arch)) = version.rsplit_once('.') else { continue };
        if !ARCHES.contains(&arch) {
            continue;
        }
        let (bare, arch) = (bare.to_owned(), arch.to_owned());
        *version = bare;
        match arch.as_str() {
            "src" => affected.binary = false,
            "noarch" => {}
            _ if affected.arches.contains(&arch) => {}
            _ => affected.arches.push(arch),
        }
    }
}

/// The module stream that the title of an RPM erratum names: `nodejs:18` of `Important: nodejs:18 security
/// update`. OSV records have no field for it.
fn stream_of_title(title: &str) -> Option<String> {
    let words: Vec<&str> = title.split_whitespace().collect();
    words.windows(2).find_map(|pair| {
        let [name, next] = pair else { return None };
        let (module, stream) = name.split_once(':')?;
        let plain = |text: &str| {
            !text.is_empty()
                && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+'))
        };
        let follows = matches!(*next, "security" | "security," | "bug" | "enhancement" | "security/bug");
        (follows && plain(module) && plain(stream)).then(|| (*name).to_owned())
    })
}
