//! A small fleet, and a way of deciding that is easy to predict: a package whose version is `bad` has the
//! vulnerability that its name says, `CVE-<name>`.

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;
use yagura_findings::{Decision, Slice, View, finding_id};
use yagura_model::{
    Activation, ActivationStatus, Cause, CloseReason, Closed, EcosystemId, Finding, FindingStatus, FixStatus,
    Home, Image, Instance, Inventory, Location, Package, PackageCause, Resource, ResourceDetails, ResourceId,
    ResourceKind, ScanKind, ScanType, Severity, SourceId, TreePath, Vulnerability, VulnerabilityId,
    VulnerablePackage,
};
use yagura_store::{AdvisoryChange, Collected, PageRequest, Store};

/// A time in 2026, by day and second.
pub fn at(day: i64, second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + day * 86_400 + second).unwrap()
}

/// A home in Frankfurt.
pub fn home(account: &str) -> Home {
    Home { account: account.into(), region: "eu-central-1".into() }
}

/// The usual home.
pub fn acme() -> Home {
    home("111122223333")
}

/// Everything on one page.
pub fn all() -> PageRequest {
    PageRequest { limit: 1_000_000, after: None }
}

/// An image of a repository.
pub fn image(home: &Home, repository: &str, name: &str) -> Resource {
    Resource {
        id: ResourceId { home: home.clone(), kind: ResourceKind::Image, name: name.into() },
        tags: BTreeMap::from([("team".to_owned(), repository.to_owned())]),
        details: ResourceDetails::Image(Box::new(Image {
            registry: home.account.to_string(),
            repository: repository.into(),
            digest: format!("sha256:{name}"),
            tags: vec!["latest".into()],
            ..Image::default()
        })),
    }
}

/// An instance of a machine image.
pub fn instance(home: &Home, ami: &str, name: &str) -> Resource {
    Resource {
        id: ResourceId { home: home.clone(), kind: ResourceKind::Instance, name: name.into() },
        tags: BTreeMap::new(),
        details: ResourceDetails::Instance(Box::new(Instance {
            machine_image: Some(ami.into()),
            ..Instance::default()
        })),
    }
}

/// A package of npm.
pub fn package(name: &str, version: &str) -> Package {
    Package::new("npm", name, version, Location::path(TreePath::from_text("package-lock.json").unwrap()))
}

/// Packages, written `name@version`.
pub fn inventory(packages: &[&str]) -> Inventory {
    let mut packages: Vec<Package> = packages
        .iter()
        .map(|text| {
            let (name, version) = text.split_once('@').unwrap();
            package(name, version)
        })
        .collect();
    packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Inventory { platform: None, packages, unread: Vec::new() }
}

/// Packages as collected.
pub fn collected(packages: &[&str]) -> Collected {
    Collected::Packages { inventory: inventory(packages), kernel: None }
}

/// The vulnerability of a package name.
pub fn vulnerability(name: &str) -> VulnerabilityId {
    VulnerabilityId::new(format!("CVE-{name}"))
}

/// Facts about it.
pub fn facts(name: &str) -> Vulnerability {
    Vulnerability {
        id: vulnerability(name),
        aliases: vec![format!("GHSA-{name}")],
        summary: format!("{name} is bad"),
        details: String::new(),
        ratings: Vec::new(),
        cwes: vec![79],
        published: Some(at(0, 0)),
        modified: None,
        references: Vec::new(),
        epss: None,
        kev: None,
    }
}

/// An advisory about a package name that is new or changed.
pub fn advisory(name: &str) -> AdvisoryChange {
    AdvisoryChange {
        vulnerability: vulnerability(name),
        packages: vec![(EcosystemId::new("npm"), name.to_owned())],
        facts: Some(facts(name)),
    }
}

/// Switches all scans of a home on.
pub async fn enable(store: &dyn Store, home: &Home) {
    store
        .change_account(home, &|account| {
            for scan in ScanType::ALL {
                let on = Activation { status: ActivationStatus::Enabled, ..Activation::default() };
                account.activations.insert(scan, on);
            }
        })
        .await
        .unwrap();
}

/// Puts a resource and its packages.
pub async fn put(store: &dyn Store, resource: &Resource, packages: &[&str], now: Timestamp) {
    store.put_resources(std::slice::from_ref(resource), now).await.unwrap();
    store.put_collected(&resource.id, ScanKind::Package, &collected(packages), now).await.unwrap();
}

/// Decides as the module says; `said` tells of which names there is an advisory.
pub fn decide(slice: &Slice, view: &View, said: &dyn Fn(&str) -> bool) -> Decision {
    let mut decision = Decision::default();
    let mut bad: BTreeMap<&str, Vec<VulnerablePackage>> = BTreeMap::new();
    for package in view.inventory.packages.iter().filter(|package| package.version == "bad") {
        let concerns = match slice {
            Slice::Column(column) => *column == vulnerability(&package.name),
            Slice::Row(_, scan) => *scan == ScanKind::Package,
        };
        if concerns && said(&package.name) && view.resource.is_some() {
            bad.entry(&package.name).or_default().push(VulnerablePackage {
                purl: format!("pkg:npm/{}@bad", package.name),
                ecosystem: "npm".into(),
                name: package.name.clone(),
                version: "bad".into(),
                arch: None,
                path: Some("package-lock.json".into()),
                layer: None,
                fixed_in: Some("good".into()),
                fix: FixStatus::Fixed,
            });
        }
    }
    let mut open = Vec::new();
    for (name, packages) in bad {
        let resource = &view.resource.as_ref().unwrap().id;
        let cause = Cause::Package(PackageCause {
            vulnerability: vulnerability(name),
            packages,
            source: SourceId::new("test"),
            advisory: format!("GHSA-{name}"),
            vendor_severity: None,
            score: None,
        });
        let id = finding_id(resource, &cause);
        open.push(id.clone());
        let old = view.findings.iter().find(|finding| finding.id == id);
        let finding = Finding {
            id,
            resource: resource.clone(),
            cause,
            title: format!("CVE-{name} - {name}"),
            severity: Severity::High,
            status: FindingStatus::Active,
            suppressed_by: Vec::new(),
            first_observed_at: old.map_or(view.now, |old| old.first_observed_at),
            last_observed_at: old.map_or(view.now, |old| old.last_observed_at),
            updated_at: old.map_or(view.now, |old| old.updated_at),
            closed: None,
        };
        if old != Some(&finding) {
            decision.facts.push(facts(name));
            decision.findings.push(finding);
        }
    }
    for finding in &view.findings {
        if !open.contains(&finding.id) && finding.status != FindingStatus::Closed {
            let because =
                if view.resource.is_some() { CloseReason::Remediated } else { CloseReason::ResourceGone };
            decision.findings.push(Finding {
                status: FindingStatus::Closed,
                closed: Some(Closed { at: view.now, because }),
                updated_at: view.now,
                ..finding.clone()
            });
        }
    }
    decision
}

/// Computes everything that is marked; answers the number of changes.
pub async fn settle(store: &dyn Store, now: Timestamp, said: &(dyn Fn(&str) -> bool + Sync)) -> usize {
    let mut written = 0;
    loop {
        let leases = store.claim_marked("worker", Duration::from_secs(60), 100, now).await.unwrap();
        if leases.is_empty() {
            return written;
        }
        for lease in leases {
            written +=
                store.rematch(&lease, &|view| decide(&lease.work, view, said), None, now).await.unwrap();
        }
    }
}

/// Every advisory there could be.
pub fn everything(_: &str) -> bool {
    true
}
