//! What a user feels: from an advisory to findings, a day's advisories, lists and groups over a large fleet.
//!
//! `cargo bench -p yagura-store` measures SQLite, and PostgreSQL where it is installed. Every resource holds one of
//! `IMAGES` inventories of 300 packages; a tenth of the packages of an image are its own, the rest are shared.
//! `YAGURA_BENCH_RESOURCES`, `YAGURA_BENCH_FINDINGS` and `YAGURA_BENCH_DATABASE` (an address, or `sqlite` or
//! `postgres`) change the size and the place.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing unwrap ends the measurement"
)]

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use yagura_findings::{Decision, Slice, View, finding_id};
use yagura_model::{
    Cause, Criteria, Criterion, Field, Finding, FindingStatus, FixStatus, Home, Image, Inventory, LayerId,
    Location, Package, PackageCause, PackageTest, Resource, ResourceDetails, ResourceId, ResourceKind,
    ScanKind, Severity, SourceId, Test, TreePath, Vulnerability, VulnerabilityId, VulnerablePackage,
};
use yagura_store::{
    AdvisoryChange, AggregateOrder, AggregateRequest, Aggregation, Collected, PageRequest, Sort, SqlStore,
    Store,
};

/// Distinct inventories.
const IMAGES: usize = 1_000;
/// Packages of each.
const PACKAGES: usize = 300;
/// Inventories of a hundred have one base.
const FAMILY: usize = 100;
/// Advisories of a day.
const DAY: usize = 500;
/// Resources that one advisory affects: all copies of so many images.
const AFFECTED: usize = 10;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()?.block_on(run())
}

async fn run() -> Result<(), Failure> {
    let wanted = std::env::var("YAGURA_BENCH_DATABASE").unwrap_or_default();
    if wanted.contains(':') {
        return measure(&wanted).await;
    }
    if wanted != "postgres" {
        let folder = tempfile::tempdir()?;
        measure(&format!("sqlite:{}", folder.path().join("bench.db").display())).await?;
    }
    if wanted != "sqlite" {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/peers/postgres.sh");
        let started = Command::new(script)
            .arg(std::process::id().to_string())
            .env("YAGURA_POSTGRES_FSYNC", "on")
            .env("YAGURA_POSTGRES_OPTIONS", "-c shared_buffers=1GB -c max_wal_size=4GB")
            .output()?;
        if started.status.success() {
            measure(String::from_utf8(started.stdout)?.trim()).await?;
        } else {
            println!("PostgreSQL: skipped, it is not installed");
        }
    }
    Ok(())
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

async fn measure(address: &str) -> Result<(), Failure> {
    let resources = number("YAGURA_BENCH_RESOURCES", 100_000);
    let findings = number("YAGURA_BENCH_FINDINGS", 1_000_000);
    let store = Arc::new(SqlStore::open(address).await?);
    println!("\n{} ({resources} resources)", address.split(':').next().unwrap_or_default());

    timed("fleet stored", fill(&store, resources)).await?;
    timed("every row judged once, nothing found", settle(&store)).await?;

    // One advisory about a package that ten images have.
    timed("one advisory to findings and changes", publish(&store, &[0])).await?;
    timed("a day: 500 advisories", publish(&store, &(1..=DAY).collect::<Vec<_>>())).await?;

    // Widely held packages, until there are enough findings.
    let mut next = DAY + 1;
    let each = resources * AFFECTED / IMAGES;
    timed("more findings", async {
        let mut written = (DAY + 1) * each;
        while written < findings {
            let step: Vec<usize> = (next..next + 100).collect();
            written += publish(&store, &step).await?;
            next += 100;
        }
        Ok(written)
    })
    .await?;
    lists(&store).await?;
    groups(&store).await
}

async fn timed(what: &str, work: impl Future<Output = Result<usize, Failure>>) -> Result<(), Failure> {
    let start = Instant::now();
    let count = work.await?;
    println!("{what:45} {:9.3} s  ({count})", start.elapsed().as_secs_f64());
    Ok(())
}

fn home() -> Home {
    Home { account: "111122223333".into(), region: "eu-central-1".into() }
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn resource(number: usize) -> Resource {
    let image = number % IMAGES;
    Resource {
        id: ResourceId {
            home: home(),
            kind: ResourceKind::Image,
            name: format!(
                "arn:aws:ecr:eu-central-1:111122223333:repository/r{}/sha256:{number:064x}",
                image / 5
            )
            .into(),
        },
        tags: BTreeMap::from([("team".to_owned(), format!("team-{}", number % 40))]),
        details: ResourceDetails::Image(Box::new(Image {
            registry: "111122223333".into(),
            repository: format!("r{}", image / 5),
            digest: format!("sha256:{number:064x}"),
            tags: vec![format!("v{}", number % 100)],
            architecture: Some("amd64".into()),
            ..Image::default()
        })),
    }
}

fn inventory(image: usize) -> Result<Inventory, Failure> {
    let mut packages = Vec::with_capacity(PACKAGES);
    for number in 0..PACKAGES {
        let own = number % 10 == 0;
        let name = if own { format!("own-{}-{number}", image / AFFECTED) } else { format!("base-{number}") };
        let version = if own { "1.0.0".to_owned() } else { format!("{}.0.0", image / FAMILY) };
        let mut location = Location::path(
            TreePath::from_text(&format!("node_modules/{name}/package.json")).ok_or("no path")?,
        );
        location.layer =
            Some(LayerId::new(format!("sha256:{:064x}", if own { image + 1_000 } else { image / FAMILY })));
        packages.push(Package::new("npm", name, version, location));
    }
    Ok(Inventory { platform: None, packages, unread: Vec::new() })
}

async fn fill(store: &Arc<SqlStore>, resources: usize) -> Result<usize, Failure> {
    let inventories: Vec<Inventory> = (0..IMAGES).map(inventory).collect::<Result<_, _>>()?;
    let inventories = Arc::new(inventories);
    let numbers: Vec<usize> = (0..resources).collect();
    let mut tasks = Vec::new();
    for part in numbers.chunks(resources.div_ceil(8).max(1)) {
        let (store, inventories, part) = (store.clone(), inventories.clone(), part.to_vec());
        tasks.push(tokio::spawn(async move {
            for part in part.chunks(500) {
                let batch: Vec<Resource> = part.iter().map(|number| resource(*number)).collect();
                store.put_resources(&batch, now()).await?;
                for (number, resource) in part.iter().zip(&batch) {
                    let Some(inventory) = inventories.get(number % IMAGES) else { continue };
                    let brought = Collected::Packages { inventory: inventory.clone(), kernel: None };
                    store.put_collected(&resource.id, ScanKind::Package, &brought, now()).await?;
                }
            }
            Ok::<_, Failure>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(resources)
}

/// Column `n`: the `n`-th way to choose a package that ten images have.
fn package_of(column: usize) -> String {
    let families = IMAGES / AFFECTED;
    format!("own-{}-{}", column % families, column / families % (PACKAGES / 10) * 10)
}

fn advisory(column: usize) -> AdvisoryChange {
    let id = VulnerabilityId::new(format!("CVE-2026-{column:05}"));
    AdvisoryChange {
        vulnerability: id.clone(),
        packages: vec![("npm".into(), package_of(column))],
        facts: Some(facts(&id)),
    }
}

fn facts(id: &VulnerabilityId) -> Vulnerability {
    Vulnerability {
        id: id.clone(),
        aliases: vec![format!("GHSA-{id}")],
        summary: "Something can be made to do something else".into(),
        details: "A sentence that says more. ".repeat(20),
        ratings: Vec::new(),
        cwes: vec![79],
        published: Some(now()),
        modified: None,
        references: vec!["https://example.com/".into()],
        epss: None,
        kev: None,
    }
}

async fn publish(store: &Arc<SqlStore>, columns: &[usize]) -> Result<usize, Failure> {
    let batch: Vec<AdvisoryChange> = columns.iter().map(|column| advisory(*column)).collect();
    store.put_advisories(&batch).await?;
    settle(store).await
}

async fn settle(store: &Arc<SqlStore>) -> Result<usize, Failure> {
    let mut tasks = Vec::new();
    for worker in 0..4 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let mut written = 0;
            loop {
                let name = format!("worker {worker}");
                let leases = store.claim_marked(&name, Duration::from_secs(600), 20, now()).await?;
                if leases.is_empty() {
                    return Ok::<_, Failure>(written);
                }
                for lease in leases {
                    let slice = lease.work.clone();
                    written += store.rematch(&lease, &|view| decide(&slice, view), None, now()).await?;
                }
            }
        }));
    }
    let mut written = 0;
    for task in tasks {
        written += task.await??;
    }
    Ok(written)
}

/// A column affects every package that it shows; a row finds nothing.
fn decide(slice: &Slice, view: &View) -> Decision {
    let (Slice::Column(id), Some(resource)) = (slice, &view.resource) else { return Decision::default() };
    if view.inventory.packages.is_empty() || !view.findings.is_empty() {
        return Decision::default();
    }
    let packages: Vec<VulnerablePackage> = view.inventory.packages.iter().map(vulnerable).collect();
    let severity = Severity::ALL.get(id.as_str().bytes().map(usize::from).sum::<usize>() % 6);
    let names = packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>().join(", ");
    let cause = Cause::Package(PackageCause {
        vulnerability: id.clone(),
        packages,
        source: SourceId::new("osv/npm"),
        advisory: format!("GHSA-{id}"),
        vendor_severity: None,
        score: None,
    });
    let finding = Finding {
        id: finding_id(&resource.id, &cause),
        resource: resource.id.clone(),
        title: format!("{id} - {names}"),
        cause,
        severity: severity.copied().unwrap_or(Severity::High),
        status: FindingStatus::Active,
        suppressed_by: Vec::new(),
        first_observed_at: view.now,
        last_observed_at: view.now,
        updated_at: view.now,
        closed: None,
    };
    Decision { findings: vec![finding], facts: vec![facts(id)] }
}

fn vulnerable(package: &Package) -> VulnerablePackage {
    let location = package.locations.first();
    VulnerablePackage {
        purl: format!("pkg:npm/{}@{}", package.name, package.version),
        ecosystem: "npm".into(),
        name: package.name.clone(),
        version: package.version.clone(),
        arch: None,
        path: location.map(|location| location.path.to_string()),
        layer: location.and_then(|location| location.layer.clone()),
        fixed_in: Some("1.0.1".into()),
        fix: FixStatus::Fixed,
    }
}

/// Filters as users ask them, each a few times with other values, first and second page of 100.
async fn lists(store: &Arc<SqlStore>) -> Result<(), Failure> {
    let mut times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for round in 0..20_usize {
        let equals = |text: &str| vec![Test::Equals(text.to_owned())];
        let severity = (Field::Severity, equals("HIGH"));
        let active = (Field::FindingStatus, equals("ACTIVE"));
        let team =
            (Field::ResourceTags, vec![Test::Tag("team".into(), Some(format!("team-{}", round * 7 % 40)))]);
        let repository = (Field::ImageRepository, equals(&format!("r{}", round * 13 % 200)));
        let id = (Field::VulnerabilityId, equals(&format!("CVE-2026-{:05}", round * 31 % DAY)));
        let name = PackageTest {
            texts: vec![(yagura_model::PackageField::Name, Test::Equals(package_of(round * 3)))],
            epoch: None,
        };
        let package = (Field::VulnerablePackages, vec![Test::Package(Box::new(name))]);
        let tag = (Field::ImageTags, equals(&format!("v{}", round * 11 % 100)));
        let fixable = (Field::FixAvailable, equals("YES"));
        let not = (Field::ImageRepository, vec![Test::NotEquals("r1".into())]);
        let first = Sort { field: Some(Field::FirstObservedAt), descending: true };
        let by_id = Sort { field: Some(Field::VulnerabilityId), descending: false };
        type Asked<'a> = (&'a str, Vec<(Field, Vec<Test>)>, Sort);
        let asked: Vec<Asked<'_>> = vec![
            ("everything", vec![], Sort::default()),
            ("active, high", vec![active.clone(), severity.clone()], Sort::default()),
            ("closed (none)", vec![(Field::FindingStatus, equals("CLOSED"))], Sort::default()),
            ("team's active", vec![active.clone(), team.clone()], Sort::default()),
            ("repository", vec![repository.clone()], Sort::default()),
            ("repository and team, high", vec![repository, team.clone(), severity], Sort::default()),
            ("vulnerability", vec![id.clone()], Sort::default()),
            ("vulnerability and team", vec![id, team], Sort::default()),
            ("package", vec![package], Sort::default()),
            ("image tag, fixable", vec![tag, fixable], Sort::default()),
            ("not a repository", vec![not], Sort::default()),
            ("newest first", vec![active.clone()], first),
            ("by vulnerability", vec![active], by_id),
        ];
        for (what, criteria, sort) in asked {
            let criteria =
                Criteria(criteria.into_iter().map(|(field, tests)| Criterion { field, tests }).collect());
            let mut page = PageRequest { limit: 100, after: None };
            for _ in 0..2 {
                let start = Instant::now();
                let answer = store.findings(&[home()], &criteria, sort, &page).await?;
                times.entry(what).or_default().push(start.elapsed().as_secs_f64() * 1e3);
                page.after = answer.next;
                if page.after.is_none() {
                    break;
                }
            }
        }
    }
    let mut all = Vec::new();
    for (what, times) in times {
        report(&format!("findings: {what}"), times.clone());
        all.extend(times);
    }
    report("findings: all of these", all);
    Ok(())
}

async fn groups(store: &Arc<SqlStore>) -> Result<(), Failure> {
    for by in [
        Aggregation::Account,
        Aggregation::FindingType,
        Aggregation::Package,
        Aggregation::Title,
        Aggregation::Repository,
        Aggregation::AwsEcrContainer,
        Aggregation::ImageLayer,
    ] {
        let mut times = Vec::new();
        for _ in 0..5 {
            let request = AggregateRequest {
                homes: vec![home()],
                by,
                criteria: Criteria::default(),
                order: AggregateOrder::Critical,
                descending: true,
            };
            let start = Instant::now();
            store.aggregate(&request, &PageRequest { limit: 100, after: None }).await?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        report(&format!("groups: {by:?}"), times);
    }
    Ok(())
}

fn report(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at =
        |share: f64| times.get(((times.len() as f64 - 1.0) * share).round() as usize).copied().unwrap_or(0.0);
    println!("{what:45} median {:8.1} ms  p99 {:8.1} ms  ({})", at(0.5), at(0.99), times.len());
}
