//! Ends the transitions that the API begins: scan types that are switched on or off, members that join.

use super::Service;
use super::driver::{Loop, Step};
use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;

/// The loop.
pub struct Activate;

#[async_trait]
impl Loop for Activate {
    fn name(&self) -> &'static str {
        "activate"
    }

    fn every(&self, _: &Service) -> Duration {
        Duration::from_secs(2)
    }

    async fn step(&self, service: &Service) -> anyhow::Result<Step> {
        let settled = yagura_api::settle(service.store.as_ref(), Timestamp::now()).await?;
        let handled = (settled.accounts + settled.members) as u64;
        if handled > 0 {
            service.nudge("discover");
            service.nudge("rematch");
        }
        Ok(Step { handled, ..Step::default() })
    }
}
