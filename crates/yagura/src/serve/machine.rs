//! The machine that the service runs on, as a resource: discovered at the start, read when its inventory is due.

use super::Service;
use super::driver::{Loop, Step};
use crate::scan::{self, Progress, TargetSpec};
use anyhow::anyhow;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use std::path::PathBuf;
use std::time::Duration;
use yagura_model::{
    Agent, AgentKind, Coverage, Home, Instance, Resource, ResourceDetails, ResourceId, ResourceKind,
    ScanKind, ScanMode, ScanReason,
};
use yagura_store::Collected;

/// Longer than reading a machine takes.
const LEASE: Duration = Duration::from_secs(1800);
/// Unread entries that coverage keeps.
const UNREAD: usize = 100;

/// The loop.
pub struct ThisMachine;

#[async_trait]
impl Loop for ThisMachine {
    fn name(&self) -> &'static str {
        "machine"
    }

    fn every(&self, service: &Service) -> Duration {
        service.config.packages_stale.0.min(Duration::from_secs(60))
    }

    async fn step(&self, service: &Service) -> anyhow::Result<Step> {
        let now = Timestamp::now();
        let Some(id) = machine_id(&service.home) else {
            return Err(anyhow!("this machine has neither /etc/machine-id nor a host name"));
        };
        let every = SignedDuration::try_from(service.config.packages_stale.0).unwrap_or(SignedDuration::MAX);
        let known = service.store.resource(&id).await?;
        let last = known.as_ref().and_then(|resource| match &resource.details {
            ResourceDetails::Instance(instance) => instance.agent.as_ref()?.inventory_at,
            _ => None,
        });
        if last.is_some_and(|last| now.duration_since(last) < every) {
            return Ok(Step::default());
        }
        let lease = format!("collect/{}", id.name);
        if service.store.lease(&lease, &service.worker, LEASE, now).await?.is_none() {
            return Ok(Step::default());
        }
        let outcome = collect(service, id, last.is_none()).await;
        service.store.release(&lease, &service.worker).await?;
        outcome
    }
}

async fn collect(service: &Service, id: ResourceId, first: bool) -> anyhow::Result<Step> {
    let now = Timestamp::now();
    if first {
        service.store.put_resources(&[resource(&id, None, "", "", now)], now).await?;
        service.store.put_coverage(&[coverage(&id, ScanReason::PendingInitialScan, None, now)]).await?;
    }
    let options = scan::Options {
        cache_dir: Some(PathBuf::from(&service.config.data_dir).join("cache")),
        offline: true,
        ..scan::Options::default()
    };
    let scanned = tokio::task::spawn_blocking(move || {
        scan::scan(&TargetSpec::Root(PathBuf::from("/")), &options, &Progress::new(false))
    })
    .await?
    .map_err(|failure| anyhow!(failure.message.en))?;
    let now = Timestamp::now();
    let (name, version) = match &scanned.inventory.platform {
        Some(platform) => (platform.id.clone(), platform.version.clone()),
        None => Default::default(),
    };
    let mut covered = coverage(&id, ScanReason::Successful, Some(now), now);
    covered.unread = scanned.inventory.unread.iter().take(UNREAD).cloned().collect();
    let packages = scanned.inventory.packages.len() as u64;
    let collected = Collected::Packages { inventory: scanned.inventory, kernel: scanned.kernel };
    service.store.put_resources(&[resource(&id, Some(now), &name, &version, now)], now).await?;
    service.store.put_collected(&id, ScanKind::Package, &collected, now).await?;
    service.store.put_coverage(&[covered]).await?;
    service.nudge("rematch");
    Ok(Step { handled: packages, ..Step::default() })
}

/// `mi-` and 17 hexadecimal digits, as Systems Manager numbers machines outside EC2; derived from the machine's own id,
/// which is itself a secret.
pub fn machine_id(home: &Home) -> Option<ResourceId> {
    let read = |path: &str| std::fs::read_to_string(path).ok().filter(|text| !text.trim().is_empty());
    let own = read("/etc/machine-id").or_else(|| read("/proc/sys/kernel/hostname"))?;
    let digest = blake3::derive_key("yagura machine id", own.trim().as_bytes());
    let hex: String = digest.iter().take(9).map(|byte| format!("{byte:02x}")).collect();
    Some(ResourceId {
        home: home.clone(),
        kind: ResourceKind::Instance,
        name: format!("mi-{}", hex.get(..17)?).into(),
    })
}

fn resource(
    id: &ResourceId,
    inventory_at: Option<Timestamp>,
    platform_name: &str,
    platform_version: &str,
    now: Timestamp,
) -> Resource {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let agent = Agent {
        kind: AgentKind::Own,
        online: true,
        last_seen: Some(now),
        platform_name: platform_name.to_owned(),
        platform_version: platform_version.to_owned(),
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        inventory_at,
    };
    Resource {
        id: id.clone(),
        tags: [("Name".to_owned(), name.trim().to_owned())].into(),
        details: ResourceDetails::Instance(Box::new(Instance {
            architecture: Some(std::env::consts::ARCH.to_owned()),
            agent: Some(agent),
            beyond_aws: true,
            ..Instance::default()
        })),
    }
}

fn coverage(id: &ResourceId, reason: ScanReason, scanned: Option<Timestamp>, now: Timestamp) -> Coverage {
    Coverage {
        resource: id.clone(),
        scan: ScanKind::Package,
        active: true,
        reason,
        mode: Some(ScanMode::VmInspectorAgentBased),
        last_scanned_at: scanned,
        changed_at: now,
        unread: Vec::new(),
    }
}
