//! Judges marked rows and columns again.

use super::driver::{Loop, Step};
use super::{Service, ingest};
use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;
use yagura_findings::reconcile;
use yagura_store::StoreError;

/// Slices claimed at once.
const CLAIM: usize = 32;
/// A slice that takes longer is taken over by another process; both would write the same.
const LEASE: Duration = Duration::from_secs(120);

/// The loop.
pub struct Rematch;

#[async_trait]
impl Loop for Rematch {
    fn name(&self) -> &'static str {
        "rematch"
    }

    fn every(&self, service: &Service) -> Duration {
        service.config.every_rematch.0
    }

    async fn step(&self, service: &Service) -> anyhow::Result<Step> {
        let leases = service.store.claim_marked(&service.worker, LEASE, CLAIM, Timestamp::now()).await?;
        let claimed = leases.len();
        let mut handled = 0;
        for lease in leases {
            let held = service.advisories.get();
            let decide = |view: &yagura_findings::View| reconcile(&lease.work, view, held.as_ref());
            match service.store.rematch(&lease, &decide, held.written, Timestamp::now()).await {
                Ok(changes) => {
                    handled += 1;
                    if changes > 0 {
                        service.nudge("deliver");
                    }
                }
                // Another advisory file is stored, or somebody took the slice over: it stays marked.
                Err(StoreError::Conflict { .. }) => ingest::refresh(service).await?,
                Err(error) => return Err(error.into()),
            }
        }
        let backlog = service.store.marked().await?;
        Ok(Step { handled, backlog, again: claimed > 0 && backlog > 0 })
    }
}
