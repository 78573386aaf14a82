//! Takes old things off the lists; what was known stays in the change log.

use super::Service;
use super::driver::{Loop, Step};
use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;

/// Longer than a sweep takes.
const LEASE: Duration = Duration::from_secs(300);

/// The loop.
pub struct Sweep;

#[async_trait]
impl Loop for Sweep {
    fn name(&self) -> &'static str {
        "sweep"
    }

    fn every(&self, service: &Service) -> Duration {
        service.config.every_sweep.0
    }

    async fn step(&self, service: &Service) -> anyhow::Result<Step> {
        let now = Timestamp::now();
        if service.store.lease("sweep", &service.worker, LEASE, now).await?.is_none() {
            return Ok(Step::default());
        }
        let handled = service.store.sweep(now).await;
        service.store.release("sweep", &service.worker).await?;
        Ok(Step { handled: handled?, ..Step::default() })
    }
}
