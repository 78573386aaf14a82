//! Looks inside resources whose time has come, and hands what it finds to matching.

use super::Service;
use super::cloud::told;
use super::driver::{Loop, Step};
use crate::scan::evidence::Workbench;
use anyhow::{Context, anyhow};
use async_trait::async_trait;
use jiff::Timestamp;
use std::path::PathBuf;
use std::time::Duration;
use yagura_cloud::CloudError;
use yagura_cloud::collect::Evidence;
use yagura_findings::coverage::{Looked, coverage, due, trouble};
use yagura_fs::Limits;
use yagura_model::{
    Coverage, Criteria, Criterion, Field, Inventory, Resource, ResourceDetails, ResourceId, ScanKind,
    ScanReason, Test,
};
use yagura_store::{Collected, CoverageRow, PageRequest};

/// Longer than a look takes; a killed one is taken over after it.
const LEASE: Duration = Duration::from_secs(1800);
/// Entries of one look into the store.
const PAGE: usize = 500;
/// Unread entries that coverage keeps.
const UNREAD: usize = 100;
/// When an agent without an inventory is asked again.
const ASK_AGAIN: jiff::SignedDuration = jiff::SignedDuration::from_mins(30);
/// How long one resource may take.
const TIMEOUT: Duration = Duration::from_secs(900);

/// The loop.
pub struct Collect;

#[async_trait]
impl Loop for Collect {
    fn name(&self) -> &'static str {
        "collect"
    }

    fn every(&self, service: &Service) -> Duration {
        service.config.every_collect.0
    }

    async fn step(&self, service: &Service) -> anyhow::Result<Step> {
        if service.cloud.is_none() {
            return Ok(Step::default());
        }
        let rows = due_rows(service).await?;
        let backlog = rows.len() as u64;
        let mut handled = 0;
        let workers = match service.config.workers {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
            workers => usize::try_from(workers).unwrap_or(1),
        };
        let mut failed = None;
        for batch in rows.chunks(workers.max(1)) {
            let looks = batch.iter().map(|row| look(service, row));
            for outcome in futures_util::future::join_all(looks).await {
                match outcome {
                    Ok(looked) => handled += u64::from(looked),
                    // The store does not answer: nothing more can be done now.
                    Err(error) => failed = Some(error),
                }
            }
            service.nudge("rematch");
            if failed.is_some() {
                break;
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(Step { handled, backlog: backlog.saturating_sub(handled), again: false }),
        }
    }
}

/// Entries that should be looked at now, in the homes that can be entered.
async fn due_rows(service: &Service) -> anyhow::Result<Vec<CoverageRow>> {
    let now = Timestamp::now();
    let homes: Vec<_> = service.store.accounts().await?.into_iter().map(|account| account.home).collect();
    let criteria =
        Criteria(vec![Criterion { field: Field::ScanType, tests: vec![Test::Equals("PACKAGE".to_owned())] }]);
    let is_due = |row: &CoverageRow| {
        can_look(row) && (due(&row.resource, &row.coverage, now) || may_have_inventory(row, now))
    };
    let mut found = Vec::new();
    let mut page = PageRequest { limit: PAGE, after: None };
    loop {
        let rows = service.store.coverage(&homes, &criteria, &page).await?;
        found.extend(rows.items.into_iter().filter(is_due));
        match rows.next {
            Some(next) => page.after = Some(next),
            None => return Ok(found),
        }
    }
}

/// Machines beyond AWS report themselves, and disks are not read yet.
fn can_look(row: &CoverageRow) -> bool {
    match &row.resource.details {
        ResourceDetails::Instance(instance) => !instance.beyond_aws && instance.agent.is_some(),
        ResourceDetails::Image(_) | ResourceDetails::Function(_) => true,
        _ => false,
    }
}

/// An agent that had sent nothing is asked again.
fn may_have_inventory(row: &CoverageRow, now: Timestamp) -> bool {
    let silent = match &row.resource.details {
        ResourceDetails::Instance(instance) => {
            instance.agent.as_ref().is_some_and(|agent| agent.online && agent.inventory_at.is_none())
        }
        _ => false,
    };
    silent && now.duration_since(row.coverage.changed_at) >= ASK_AGAIN
}

/// Looks inside one resource. False when somebody else does.
async fn look(service: &Service, row: &CoverageRow) -> anyhow::Result<bool> {
    let id = &row.resource.id;
    let lease = format!("collect/{id}");
    if service.store.lease(&lease, &service.worker, LEASE, Timestamp::now()).await?.is_none() {
        return Ok(false);
    }
    let outcome = match tokio::time::timeout(TIMEOUT, evidence(service, &row.resource)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Trouble {
            reason: ScanReason::ExtractionCollectionTimeLimitExceeded,
            error: anyhow!("it took more than {} s", TIMEOUT.as_secs()),
        }),
    };
    let stored = store(service, row, outcome).await;
    service.store.release(&lease, &service.worker).await?;
    stored.map(|()| true)
}

/// What stands in the way of looking, as coverage says it.
struct Trouble {
    reason: ScanReason,
    error: anyhow::Error,
}

impl From<CloudError> for Trouble {
    fn from(error: CloudError) -> Self {
        let reason = match &error {
            CloudError::Denied { .. } => ScanReason::AccessDenied,
            CloudError::Aws(aws) if aws.is_denied() => ScanReason::AccessDenied,
            CloudError::Image(yagura_fs::image::ImageError::UnsupportedMediaType { .. }) => {
                ScanReason::UnsupportedMediaType
            }
            CloudError::TooLarge { .. } => ScanReason::StorageLimitExceeded,
            CloudError::Image(_) | CloudError::Digest { .. } => ScanReason::InvalidArtifact,
            _ => ScanReason::InternalError,
        };
        Self { reason, error: anyhow!(told(&error)) }
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self { reason: ScanReason::InternalError, error }
    }
}

/// An inventory, and what is odd about it though it could be made.
struct Seen {
    inventory: Inventory,
    trouble: Option<ScanReason>,
    /// When the agent looked; `None` without an agent, or when it never did.
    captured_at: Option<Timestamp>,
}

async fn evidence(service: &Service, resource: &Resource) -> Result<Seen, Trouble> {
    let cloud = service.cloud.as_ref().context("no access to AWS")?;
    let place = cloud.place(&resource.id.home).await.context("its account was not entered yet")?;
    let collector = cloud.collector(resource.id.kind).context("nothing looks into such a resource")?;
    let folder = PathBuf::from(&service.config.data_dir);
    let bench = Workbench {
        cache: Some(folder.join("cache")),
        scratch: folder.join("scratch"),
        limits: Limits::default(),
        workers: 1,
    };
    std::fs::create_dir_all(&bench.scratch).context("cannot make the scratch folder")?;
    let evidence = collector.collect(&place, resource).await?;
    let captured_at = match &evidence {
        Evidence::Reported(reported) => reported.captured_at,
        _ => None,
    };
    let told = match &evidence {
        Evidence::Reported(reported) if reported.captured_at.is_none() => Some(ScanReason::NoInventory),
        Evidence::Reported(reported) if reported.deep_captured_at.is_none() => {
            Some(ScanReason::DeepInspectionNoInventory)
        }
        _ => None,
    };
    let inventory = bench.inventory(evidence).await?;
    let odd = match told {
        Some(ScanReason::NoInventory) => told,
        told => trouble(&inventory).or(told),
    };
    Ok(Seen { inventory, trouble: odd, captured_at })
}

/// Writes what was seen, and what that means for coverage.
async fn store(service: &Service, row: &CoverageRow, outcome: Result<Seen, Trouble>) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let id = &row.resource.id;
    let mut looked = Looked { scanned_at: row.coverage.last_scanned_at, ..Looked::default() };
    looked.frequency = frequency(service, &row.resource).await?;
    let mut resource = row.resource.clone();
    match outcome {
        Ok(seen) => {
            looked.scanned_at = Some(now);
            looked.trouble = seen.trouble;
            looked.unread = seen.inventory.unread.iter().take(UNREAD).cloned().collect();
            match &mut resource.details {
                ResourceDetails::Image(image) => {
                    image.platform = seen.inventory.platform.as_ref().map(|platform| platform.name.clone());
                }
                ResourceDetails::Instance(instance) => {
                    if let Some(agent) = &mut instance.agent {
                        agent.inventory_at = seen.captured_at;
                    }
                }
                _ => {}
            }
            service.store.put_resources(std::slice::from_ref(&resource), now).await?;
            let collected = Collected::Packages { inventory: seen.inventory, kernel: None };
            service.store.put_collected(id, ScanKind::Package, &collected, now).await?;
        }
        Err(trouble) => {
            tracing::warn!(resource = %id, reason = trouble.reason.as_str(), "{:#}", trouble.error);
            looked.trouble = Some(trouble.reason);
        }
    }
    let account = service.store.account(&id.home).await?;
    let entry: Option<Coverage> =
        coverage(&resource, ScanKind::Package, &account, &looked, Some(&row.coverage), now);
    service.store.put_coverage(entry.as_slice()).await?;
    Ok(())
}

/// The frequency of an image's repository.
async fn frequency(service: &Service, resource: &Resource) -> anyhow::Result<yagura_model::ScanFrequency> {
    let ResourceDetails::Image(_) = &resource.details else { return Ok(Default::default()) };
    let Some((arn, _)) = resource.id.name.split_once("/sha256:") else { return Ok(Default::default()) };
    let repository = ResourceId {
        home: resource.id.home.clone(),
        kind: yagura_model::ResourceKind::ImageRepository,
        name: arn.into(),
    };
    Ok(match service.store.resource(&repository).await?.map(|found| found.details) {
        Some(ResourceDetails::ImageRepository(found)) => found.frequency,
        _ => Default::default(),
    })
}
