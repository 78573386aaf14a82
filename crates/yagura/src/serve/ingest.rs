//! Looks for another advisory file, and marks the columns in which it differs from the last one.
//!
//! The order makes every line safe to be killed at: the file is stored, then judged by, then the columns that differ
//! are marked, and only then its fingerprints replace those of the old file. Whoever starts again marks the same
//! columns once more.

use super::Service;
use super::advisories::{self, Held};
use super::driver::{Loop, Step};
use anyhow::Context;
use async_trait::async_trait;
use jiff::Timestamp;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::Mutex;
use yagura_advisories::database::{ColumnPrints, Difference};
use yagura_model::{Advisories, VulnerabilityId};
use yagura_store::{ADVISORIES, AdvisoryChange};

/// Fingerprints of the file that was marked last, as a stored file.
const PRINTS: &str = "advisory-columns";
/// Columns are marked in batches of this many.
const BATCH: usize = 500;
/// Longer than any ingest takes; a killed one is taken over after it.
const LEASE: Duration = Duration::from_secs(600);

/// The loop. It remembers which stored file it has seen marked, so that the fingerprints are not read again.
#[derive(Default)]
pub struct Ingest(Mutex<Option<Timestamp>>);

#[async_trait]
impl Loop for Ingest {
    fn name(&self) -> &'static str {
        "ingest"
    }

    fn every(&self, service: &Service) -> Duration {
        service.config.every_ingest.0.min(Duration::from_secs(30))
    }

    async fn step(&self, service: &Service) -> anyhow::Result<Step> {
        let now = Timestamp::now();
        if service.store.lease("ingest", &service.worker, LEASE, now).await?.is_none() {
            refresh(service).await?;
            return Ok(Step::default());
        }
        let outcome = self.ingest(service, now).await;
        service.store.release("ingest", &service.worker).await?;
        outcome
    }
}

/// Loads the stored file if another process stored a newer one.
pub async fn refresh(service: &Service) -> anyhow::Result<()> {
    let written = service.store.file_written(ADVISORIES).await?;
    if written.is_none() || service.advisories.get().written == written {
        return Ok(());
    }
    let bytes = service.store.file(ADVISORIES).await?.context("the stored advisory file is gone")?;
    let folder = PathBuf::from(&service.config.data_dir);
    let data = tokio::task::spawn_blocking(move || advisories::keep(&folder, &bytes)).await??;
    service.advisories.replace(Held { data, written });
    tracing::info!("judging by the advisory file that another process stored");
    Ok(())
}

impl Ingest {
    async fn ingest(&self, service: &Service, now: Timestamp) -> anyhow::Result<Step> {
        refresh(service).await?;
        let configured = service.config.advisories.clone();
        let data = tokio::task::spawn_blocking(move || advisories::configured(&configured)).await??;
        let fresh = Held { data, written: None };
        let held = service.advisories.get();
        // A process without a file of its own does not take the fleet back to the starter advisories.
        let older = fresh.is_starter() && !held.is_starter();
        if held.written.is_none() || (fresh.checksum() != held.checksum() && !older) {
            service.store.put_file(ADVISORIES, fresh.bytes(), now).await?;
            let written = service.store.file_written(ADVISORIES).await?;
            service.advisories.replace(Held { written, ..fresh });
        }
        let held = service.advisories.get();
        let mut seen = self.0.lock().await;
        if held.written.is_some() && *seen == held.written {
            return Ok(Step::default());
        }
        let marked = mark(service, &held).await?;
        *seen = held.written;
        Ok(Step { handled: marked, ..Step::default() })
    }
}

/// Marks what differs from the fingerprints of the last file; returns how many columns were marked.
async fn mark(service: &Service, held: &std::sync::Arc<Held>) -> anyhow::Result<u64> {
    let written = held.written.map(|written| written.to_string()).unwrap_or_default();
    let kept = service.store.file(PRINTS).await?;
    let (stamp, old) = match kept.as_deref().and_then(split_stamp) {
        Some((stamp, prints)) => (stamp, ColumnPrints::from_bytes(prints).unwrap_or_default()),
        None => (String::new(), ColumnPrints::default()),
    };
    if stamp == written {
        return Ok(0);
    }
    let data = held.clone();
    let new = tokio::task::spawn_blocking(move || data.column_prints()).await?;
    let differences: Vec<(VulnerabilityId, Difference)> =
        new.differences(&old).into_iter().map(|(id, difference)| (id.into(), difference)).collect();
    let mut marked = 0;
    for batch in differences.chunks(BATCH) {
        let mut changes = Vec::new();
        let mut facts = Vec::new();
        for (id, difference) in batch {
            let known = held.vulnerability(id.as_str());
            match difference {
                Difference::Facts => facts.extend(known),
                Difference::Decides => changes.push(AdvisoryChange {
                    vulnerability: id.clone(),
                    packages: held
                        .packages(id.as_str())
                        .into_iter()
                        .map(|(ecosystem, name)| (ecosystem.into(), name.to_owned()))
                        .collect(),
                    facts: known,
                }),
            }
        }
        marked += service.store.put_advisories(&changes).await? as u64;
        service.store.put_facts(&facts).await?;
        service.nudge("rematch");
    }
    let mut bytes = written.into_bytes();
    bytes.push(b'\n');
    bytes.extend(new.to_bytes());
    service.store.put_file(PRINTS, &bytes, Timestamp::now()).await?;
    if !differences.is_empty() {
        tracing::info!(columns = differences.len(), marked, "advisories changed");
    }
    Ok(marked)
}

fn split_stamp(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (stamp, rest) = bytes.split_at_checked(end)?;
    Some((String::from_utf8_lossy(stamp).into_owned(), rest.get(1..)?))
}
