//! Advisories and packages written as text, for this crate's tests.

use std::collections::BTreeMap;
use yagura_ecosystems::{canonical, ecosystem};
use yagura_model::{
    Advisories, Cause, CommitRange, EcosystemId, Finding, FindingStatus, FixStatus, Home, Image, Interval,
    Location, Owner, Package, PackageCause, Rating, Resource, ResourceDetails, ResourceId, ResourceKind,
    Score, SourcePackage, Statement, TreePath, Upper, Vulnerability, VulnerablePackage,
};

/// `Debian:12 name version key=value…`; an ecosystem's space is written `_`, except in `Amazon
/// Linux:2023`. `source=name@version`, `owner=ecosystem/name@version`.
pub fn package(text: &str) -> Package {
    let words: Vec<&str> = text.split(' ').collect();
    let (words, ecosystem) = if words[0] == "Amazon" {
        (&words[1..], format!("Amazon {}", words[1]))
    } else {
        (&words[..], spelled(words[0]).as_str().to_owned())
    };
    let location = Location::path(TreePath::from_text("x").unwrap());
    let mut package = Package::new(ecosystem, words[1], words[2], location);
    for word in &words[3..] {
        let (key, value) = word.split_once('=').unwrap();
        match key {
            "source" => {
                let (name, version) = value.split_once('@').unwrap();
                package.source = Some(SourcePackage { name: name.into(), version: version.into() });
            }
            "owner" => {
                let (ecosystem, rest) = value.split_once('/').unwrap();
                let (name, version) = rest.split_once('@').unwrap();
                package.owner =
                    Some(Owner { ecosystem: ecosystem.into(), name: name.into(), version: version.into() });
            }
            "arch" => package.arch = Some(value.into()),
            "module" => package.module = Some(value.into()),
            "commit" => package.commit = Some(value.into()),
            "path" => package.locations = vec![Location::path(TreePath::from_text(value).unwrap())],
            _ => panic!("unknown key {key}"),
        }
    }
    package
}

/// Sort key and text.
type Bound = (Vec<u8>, String);

/// A statement that owns its texts.
#[derive(Debug, Clone)]
struct Row {
    advisory: String,
    source: String,
    ecosystem: String,
    name: String,
    binary: bool,
    vulnerabilities: Vec<String>,
    /// Lower bound, how the interval ends, upper bound.
    intervals: Vec<(Option<Bound>, char, Bound)>,
    versions: Vec<String>,
    commits: Vec<(String, Option<String>)>,
    status: FixStatus,
    module: Option<String>,
    arches: Vec<String>,
    severity: Option<String>,
}

/// Advisories in memory.
#[derive(Debug, Clone, Default)]
pub struct Table {
    rows: BTreeMap<(String, String), Vec<Row>>,
    facts: BTreeMap<String, Vulnerability>,
}

impl Table {
    /// One statement a line: `source advisory vulnerability[,…] ecosystem/name word…`, where a word is
    /// `[1,2)` (fixed at 2), `[1,2]` (last affected), `[1,2|` (limit), `[,)`, `=1.0` (listed), or a pair.
    /// Spaces in ecosystems are written `_`.
    pub fn new(text: &str) -> Self {
        let mut table = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            table.add(line);
        }
        table
    }

    fn add(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (ecosystem_text, name) = words[3].split_once('/').unwrap();
        let id = canonical(&spelled(ecosystem_text));
        let scheme = ecosystem(&id).map(|known| known.versions);
        let bound = |text: &str| (scheme.unwrap().key(text).unwrap().as_bytes().to_vec(), text.to_owned());
        let mut row = Row {
            advisory: words[1].into(),
            source: words[0].into(),
            ecosystem: id.as_str().into(),
            name: name.into(),
            binary: false,
            vulnerabilities: words[2].split(',').map(str::to_owned).collect(),
            intervals: Vec::new(),
            versions: Vec::new(),
            commits: Vec::new(),
            status: FixStatus::Affected,
            module: None,
            arches: Vec::new(),
            severity: None,
        };
        for word in &words[4..] {
            if let Some(range) = word.strip_prefix('[') {
                let (lower, rest) = range.split_once(',').unwrap();
                let (upper, end) = rest.split_at(rest.len() - 1);
                let lower = (!lower.is_empty()).then(|| bound(lower));
                let end = end.chars().next().unwrap();
                if upper.is_empty() {
                    row.intervals.push((lower, ' ', (Vec::new(), String::new())));
                } else {
                    if end == ')' && row.status == FixStatus::Affected {
                        row.status = FixStatus::Fixed;
                    }
                    row.intervals.push((lower, end, bound(upper)));
                }
                continue;
            }
            if let Some(version) = word.strip_prefix('=') {
                row.versions.push(version.into());
                continue;
            }
            match word.split_once('=') {
                None if *word == "binary" => row.binary = true,
                Some(("status", status)) => row.status = self::status(status),
                Some(("module", module)) => row.module = Some(module.into()),
                Some(("arch", arch)) => row.arches.push(arch.into()),
                Some(("severity", word)) => row.severity = Some(word.into()),
                Some(("commits", range)) => {
                    let (introduced, fixed) = range.split_once("..").unwrap();
                    row.commits.push((introduced.into(), (!fixed.is_empty()).then(|| fixed.into())));
                }
                _ => panic!("unknown word {word}"),
            }
        }
        self.rows.entry((id.as_str().to_owned(), name.to_owned())).or_default().push(row);
    }

    /// Adds facts: id, aliases, ratings as `source vector-or-word score`.
    pub fn fact(mut self, id: &str, aliases: &[&str], ratings: &[(&str, &str, Option<f64>)]) -> Self {
        let vulnerability = Vulnerability {
            id: id.into(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            summary: format!("{id} in a test"),
            details: String::new(),
            ratings: ratings
                .iter()
                .map(|(source, text, score)| Rating {
                    source: (*source).into(),
                    vector: score.map(|_| (*text).to_owned()),
                    score: *score,
                    word: score.is_none().then(|| (*text).to_owned()),
                })
                .collect(),
            cwes: Vec::new(),
            published: None,
            modified: None,
            references: Vec::new(),
            epss: None,
            kev: None,
        };
        self.facts.insert(id.into(), vulnerability);
        self
    }
}

/// `Red_Hat:9` is `Red Hat:9`; a release may have an underscore of its own.
fn spelled(text: &str) -> EcosystemId {
    let (base, release) = text.split_at(text.find(':').unwrap_or(text.len()));
    EcosystemId::from(base.replace('_', " ") + release)
}

fn status(word: &str) -> FixStatus {
    [
        FixStatus::Fixed,
        FixStatus::Affected,
        FixStatus::Deferred,
        FixStatus::WillNotFix,
        FixStatus::NotAffected,
        FixStatus::UnderInvestigation,
        FixStatus::EndOfLife,
    ]
    .into_iter()
    .find(|status| status.as_str() == word)
    .unwrap()
}

impl Advisories for Table {
    fn statements<'a>(&'a self, ecosystem: &EcosystemId, name: &str, visit: &mut dyn FnMut(Statement<'a>)) {
        let rows = self.rows.get(&(ecosystem.as_str().to_owned(), name.to_owned()));
        for row in rows.into_iter().flatten() {
            visit(Statement {
                advisory: &row.advisory,
                source: &row.source,
                ecosystem: &row.ecosystem,
                name: &row.name,
                binary: row.binary,
                vulnerabilities: row.vulnerabilities.iter().map(String::as_str).collect(),
                intervals: row
                    .intervals
                    .iter()
                    .map(|(lower, end, (key, text))| Interval {
                        lower: lower.as_ref().map(|(key, text)| (key.as_slice(), text.as_str())),
                        upper: match end {
                            ')' => Upper::Fixed(key, text),
                            ']' => Upper::LastAffected(key, text),
                            '|' => Upper::Limit(key, text),
                            _ => Upper::Open,
                        },
                    })
                    .collect(),
                versions: row.versions.iter().map(String::as_str).collect(),
                commits: row
                    .commits
                    .iter()
                    .map(|(introduced, fixed)| CommitRange { introduced, fixed: fixed.as_deref() })
                    .collect(),
                status: row.status,
                module: row.module.as_deref(),
                arches: row.arches.iter().map(String::as_str).collect(),
                severity: row.severity.as_deref(),
            });
        }
    }

    fn vulnerability(&self, id: &str) -> Option<Vulnerability> {
        self.facts
            .get(id)
            .or_else(|| self.facts.values().find(|facts| facts.aliases.iter().any(|alias| alias == id)))
            .cloned()
    }
}

/// The home of the tests' resources.
pub fn home() -> Home {
    Home { account: "111122223333".into(), region: "eu-central-1".into() }
}

/// An image of a repository, with a tag `team` = `shop`.
pub fn image(repository: &str, tags: &[&str]) -> Resource {
    let digest = format!("sha256:{}", "1".repeat(64));
    Resource {
        id: ResourceId {
            home: home(),
            kind: ResourceKind::Image,
            name: format!("arn:aws:ecr:eu-central-1:111122223333:repository/{repository}/{digest}").into(),
        },
        tags: [("team".to_owned(), "shop".to_owned())].into(),
        details: ResourceDetails::Image(Box::new(Image {
            registry: "111122223333".into(),
            repository: repository.into(),
            digest,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            architecture: Some("amd64".into()),
            ..Image::default()
        })),
    }
}

/// A running instance.
pub fn instance(name: &str) -> Resource {
    Resource {
        id: ResourceId { home: home(), kind: ResourceKind::Instance, name: name.into() },
        tags: BTreeMap::new(),
        details: ResourceDetails::Instance(Box::default()),
    }
}

/// An affected package, written as for [`package`].
pub fn vulnerable(text: &str) -> VulnerablePackage {
    let package = package(text);
    VulnerablePackage {
        purl: yagura_ecosystems::purl::purl(&package),
        ecosystem: package.ecosystem.to_string(),
        name: package.name,
        version: package.version,
        arch: package.arch,
        path: None,
        layer: None,
        fixed_in: None,
        fix: FixStatus::Affected,
    }
}

/// A HIGH finding of 2026-01-01 with score 7.5.
pub fn finding(resource: &Resource, vulnerability: &str, packages: Vec<VulnerablePackage>) -> Finding {
    let at: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    Finding {
        id: "0123456789abcdef0123456789abcdef".into(),
        resource: resource.id.clone(),
        cause: Cause::Package(PackageCause {
            vulnerability: vulnerability.into(),
            packages,
            source: "debian".into(),
            advisory: vulnerability.to_owned(),
            vendor_severity: None,
            score: Some(Score {
                value: 7.5,
                vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N".into(),
                version: "3.1".into(),
                source: "nvd".into(),
                base: 7.5,
                adjustments: Vec::new(),
            }),
        }),
        title: format!("{vulnerability} - x"),
        severity: yagura_model::Severity::High,
        status: FindingStatus::Active,
        suppressed_by: Vec::new(),
        first_observed_at: at,
        last_observed_at: at,
        updated_at: at,
        closed: None,
    }
}
