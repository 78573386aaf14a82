//! Lists the resources of every account and region, and says of each whether it is scanned, and why.

use super::cloud::{Cloud, told};
use super::driver::{Loop, Step};
use super::enroll::enroll;
use super::{Service, start};
use anyhow::Context;
use async_trait::async_trait;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use yagura_cloud::collect::usage::{ImageName, usage};
use yagura_cloud::collect::{Discovery, Place};
use yagura_findings::coverage::{Looked, coverage, is_trouble};
use yagura_model::{
    Account, Coverage, Criteria, Criterion, Field, Home, ImageUse, Resource, ResourceDetails, ResourceId,
    ResourceKind, ScanFrequency, ScanKind, Test,
};
use yagura_store::PageRequest;

/// Longer than listing one account takes.
const LEASE: Duration = Duration::from_secs(900);
/// Entries of one look into the store.
const PAGE: usize = 1000;

/// The loop.
pub struct Discover;

#[async_trait]
impl Loop for Discover {
    fn name(&self) -> &'static str {
        "discover"
    }

    fn every(&self, service: &Service) -> Duration {
        service.config.every_discover.0
    }

    async fn step(&self, service: &Service) -> anyhow::Result<Step> {
        let Some(cloud) = &service.cloud else { return Ok(Step::default()) };
        let mut step = Step::default();
        let mut failed = Vec::new();
        let (accounts, organization) =
            cloud.watched(&service.config).await.context("cannot list the organization")?;
        enroll(service, cloud, &accounts, organization.as_ref(), Timestamp::now()).await?;
        service.nudge("activate");
        for watched in accounts {
            let places = match watched.places(&cloud.aws).await {
                Ok(places) => places,
                Err(error) => {
                    failed.push(format!("account {}: {}", watched.account, told(&error.into())));
                    continue;
                }
            };
            for place in places {
                cloud.remember(&place).await;
                match discover(service, cloud, &place).await {
                    Ok(count) => step.handled += count,
                    Err(error) => failed.push(format!("{}: {error:#}", place.home)),
                }
            }
        }
        service.nudge("collect");
        service.nudge("network");
        match failed.as_slice() {
            [] => Ok(step),
            failed => Err(anyhow::anyhow!("{}", failed.join("; "))),
        }
    }
}

async fn discover(service: &Service, cloud: &Cloud, place: &Place) -> anyhow::Result<u64> {
    let now = Timestamp::now();
    let lease = format!("discover/{}", place.home);
    if service.store.lease(&lease, &service.worker, LEASE, now).await?.is_none() {
        return Ok(0);
    }
    let outcome = list(service, cloud, place, now).await;
    service.store.release(&lease, &service.worker).await?;
    outcome
}

/// Runs every collector; one that fails does not hold the others back.
async fn list(service: &Service, cloud: &Cloud, place: &Place, now: Timestamp) -> anyhow::Result<u64> {
    start::switch_on(service, &place.home).await?;
    let account = service.store.account(&place.home).await?;
    let mut count = 0;
    let mut failed = Vec::new();
    for collector in cloud.collectors() {
        match collector.discover(place, now).await {
            Ok(mut discovery) => {
                for gap in &discovery.gaps {
                    tracing::warn!(home = %place.home, what = %gap.what, error = %gap.error, "not learnt");
                }
                remember_inventories(service, &mut discovery).await?;
                if collector.kinds().contains(&ResourceKind::Image) {
                    use_images(service, place, &mut discovery, now).await?;
                }
                count += discovery.resources.len() as u64;
                keep(service, &account, &discovery, collector.kinds(), now).await?;
            }
            Err(error) => {
                failed.push(format!("{}: {}", collector.id(), told(&error)));
            }
        }
    }
    match failed.as_slice() {
        [] => Ok(count),
        failed => Err(anyhow::anyhow!("{}", failed.join("; "))),
    }
}

/// Discovery does not tell when an agent last sent an inventory: what the last look found stays. An agent that is met
/// for the first time is believed to have one until it is asked.
async fn remember_inventories(service: &Service, discovery: &mut Discovery) -> anyhow::Result<()> {
    for resource in &mut discovery.resources {
        let ResourceDetails::Instance(instance) = &mut resource.details else { continue };
        let Some(agent) = &mut instance.agent else { continue };
        let known = match service.store.resource(&resource.id).await?.map(|known| known.details) {
            Some(ResourceDetails::Instance(known)) => known.agent,
            _ => None,
        };
        agent.inventory_at = match known {
            Some(known) => known.inventory_at,
            None => agent.last_seen,
        };
    }
    Ok(())
}

/// Adds where images run.
async fn use_images(
    service: &Service,
    place: &Place,
    discovery: &mut Discovery,
    now: Timestamp,
) -> anyhow::Result<()> {
    let uses: BTreeMap<ImageName, Vec<ImageUse>> = match usage(place, now).await {
        Ok(found) => {
            for gap in &found.gaps {
                tracing::warn!(home = %place.home, what = %gap.what, error = %gap.error, "not learnt");
            }
            found.images
        }
        Err(error) => {
            tracing::warn!(home = %place.home, %error, "clusters were not asked");
            BTreeMap::new()
        }
    };
    for resource in &mut discovery.resources {
        let ResourceDetails::Image(image) = &mut resource.details else { continue };
        let known = service.store.resource(&resource.id).await?;
        if let Some(ResourceDetails::Image(known)) = known.map(|known| known.details) {
            image.platform = image.platform.take().or(known.platform);
            image.author = image.author.take().or(known.author);
            image.last_in_use_at = known.last_in_use_at;
        }
        let name = ImageName {
            registry: image.registry.clone(),
            repository: image.repository.clone(),
            digest: image.digest.clone(),
        };
        if let Some(uses) = uses.get(&name) {
            image.uses = uses.clone();
            image.last_in_use_at = uses.iter().map(|one| one.last_in_use_at).max().or(image.last_in_use_at);
        }
        image.uses_seen_at = Some(now);
    }
    Ok(())
}

/// Stores what is there, takes out what is gone, and says of each whether it is scanned.
async fn keep(
    service: &Service,
    account: &Account,
    discovery: &Discovery,
    kinds: &[ResourceKind],
    now: Timestamp,
) -> anyhow::Result<()> {
    let store = &service.store;
    store.put_resources(&discovery.resources, now).await?;
    let there: BTreeSet<&ResourceId> = discovery.resources.iter().map(|resource| &resource.id).collect();
    for kind in kinds {
        let mut gone = Vec::new();
        let mut after: Option<ResourceId> = None;
        loop {
            let known = store.resources(Some(&account.home), Some(*kind), after.as_ref(), PAGE).await?;
            let Some(last) = known.last() else { break };
            after = Some(last.id.clone());
            let listed_elsewhere = |resource: &Resource| match &resource.details {
                ResourceDetails::Instance(instance) => instance.beyond_aws,
                _ => false,
            };
            gone.extend(
                known
                    .into_iter()
                    .filter(|resource| !there.contains(&resource.id) && !listed_elsewhere(resource))
                    .map(|resource| resource.id),
            );
        }
        store.remove_resources(&gone, now).await?;
    }
    let previous = previous(service, &account.home).await?;
    let frequencies: BTreeMap<&str, ScanFrequency> = discovery
        .resources
        .iter()
        .filter_map(|resource| match &resource.details {
            ResourceDetails::ImageRepository(repository) => {
                Some((repository.name.as_str(), repository.frequency))
            }
            _ => None,
        })
        .collect();
    let mut entries = Vec::new();
    for resource in &discovery.resources {
        // open paths are looked for whatever becomes of the packages.
        let instance = matches!(resource.id.kind, ResourceKind::Instance);
        for scan in [ScanKind::Package].into_iter().chain(instance.then_some(ScanKind::Network)) {
            let before = previous.get(&(resource.id.clone(), scan));
            let looked = looked(resource, before, &frequencies, now);
            entries.extend(coverage(resource, scan, account, &looked, before, now));
        }
    }
    store.put_coverage(&entries).await?;
    Ok(())
}

/// What was known of the last look. A repository has nothing to look into.
fn looked(
    resource: &Resource,
    before: Option<&Coverage>,
    frequencies: &BTreeMap<&str, ScanFrequency>,
    now: Timestamp,
) -> Looked {
    let frequency = match &resource.details {
        ResourceDetails::Image(image) => {
            frequencies.get(image.repository.as_str()).copied().unwrap_or_default()
        }
        ResourceDetails::ImageRepository(repository) => repository.frequency,
        _ => ScanFrequency::default(),
    };
    let repository = matches!(resource.details, ResourceDetails::ImageRepository(_));
    Looked {
        scanned_at: before.and_then(|before| before.last_scanned_at).or(repository.then_some(now)),
        trouble: before.map(|before| before.reason).filter(|reason| is_trouble(*reason)),
        unread: before.map(|before| before.unread.clone()).unwrap_or_default(),
        frequency,
        ..Looked::default()
    }
}

/// The coverage of a home as it stands.
async fn previous(
    service: &Service,
    home: &Home,
) -> anyhow::Result<BTreeMap<(ResourceId, ScanKind), Coverage>> {
    let kinds = ["PACKAGE", "NETWORK"].map(|kind| Test::Equals(kind.to_owned()));
    let criteria = Criteria(vec![Criterion { field: Field::ScanType, tests: kinds.to_vec() }]);
    let mut found = BTreeMap::new();
    let mut page = PageRequest { limit: PAGE, after: None };
    loop {
        let rows = service.store.coverage(std::slice::from_ref(home), &criteria, &page).await?;
        for row in rows.items {
            found.insert((row.coverage.resource.clone(), row.coverage.scan), row.coverage);
        }
        match rows.next {
            Some(next) => page.after = Some(next),
            None => return Ok(found),
        }
    }
}
