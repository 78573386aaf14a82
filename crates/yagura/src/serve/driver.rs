//! Runs one loop until the end of the process: wait, step, note how it went.

use super::Service;
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use yagura_store::LoopState;

/// After an error the wait doubles up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What a step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Step {
    /// How many things it handled.
    pub handled: u64,
    /// How many wait.
    pub backlog: u64,
    /// True when more can be done at once.
    pub again: bool,
}

/// An idempotent step without input.
#[async_trait]
pub trait Loop: Send + Sync {
    /// Its name in metrics, nudges and logs.
    fn name(&self) -> &'static str;
    /// How long it rests without a nudge.
    fn every(&self, service: &Service) -> Duration;
    /// Does what is due.
    async fn step(&self, service: &Service) -> anyhow::Result<Step>;
}

/// Runs a loop until `stop` says so. A step that has begun is finished.
pub async fn drive(work: Arc<dyn Loop>, service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let name = work.name();
    let mut state = LoopState { name: name.to_owned(), ..LoopState::default() };
    if let Ok(states) = service.store.loop_states().await
        && let Some(stored) = states.into_iter().find(|state| state.name == name)
    {
        state = stored;
    }
    let mut failures = 0u32;
    while !*stop.borrow() {
        state.started_at = Some(Timestamp::now());
        let span = tracing::info_span!("loop", name);
        let outcome = {
            let _entered = span.enter();
            work.step(&service)
        }
        .await;
        let rest = match outcome {
            Ok(step) => {
                failures = 0;
                state.succeeded_at = Some(Timestamp::now());
                state.error = None;
                state.backlog = step.backlog;
                *state.counts.entry("handled".to_owned()).or_default() += step.handled;
                if step.again { Duration::ZERO } else { work.every(&service) }
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                tracing::warn!(loop_name = name, "{error:#}");
                state.error = Some(format!("{error:#}"));
                *state.counts.entry("failed".to_owned()).or_default() += 1;
                let base = work.every(&service).max(Duration::from_secs(1));
                base.saturating_mul(1 << failures.min(8)).min(LONGEST_WAIT.max(base))
            }
        };
        *state.counts.entry("runs".to_owned()).or_default() += 1;
        if let Err(error) = service.store.put_loop_state(&state).await {
            tracing::debug!(loop_name = name, %error, "the loop's state was not stored");
        }
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = service.nudged(name) => {}
            _ = stop.changed() => {}
        }
    }
}
