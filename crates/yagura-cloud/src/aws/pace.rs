//! Manners: after a service said that it is too much, everybody who asks it waits.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longest time that callers are held back.
const LONGEST: Duration = Duration::from_secs(20);
/// Pause after the first refusal.
const FIRST: Duration = Duration::from_millis(250);

/// What one account in all its regions allows, by service id and region.
#[derive(Debug, Default)]
pub struct Pace(Mutex<BTreeMap<(&'static str, Box<str>), State>>);

#[derive(Debug, Clone, Copy)]
struct State {
    not_before: Instant,
    pause: Duration,
}

impl Pace {
    /// Waits until the service may be asked again.
    pub async fn wait(&self, service: &'static str, region: &str) {
        let until = self.states().get(&(service, region.into())).map(|state| state.not_before);
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
    }

    /// The service refused: the pause doubles.
    pub fn throttled(&self, service: &'static str, region: &str, asked: Option<Duration>) {
        let mut states = self.states();
        let entry = states.entry((service, region.into()));
        let state = entry.or_insert(State { not_before: Instant::now(), pause: FIRST / 2 });
        state.pause = state.pause.saturating_mul(2).min(LONGEST);
        let pause = asked.unwrap_or(state.pause).min(LONGEST);
        state.not_before = state.not_before.max(Instant::now() + pause);
    }

    /// The service answered: the pause halves, and is forgotten once it is short.
    pub fn answered(&self, service: &'static str, region: &str) {
        let mut states = self.states();
        let key = (service, Box::from(region));
        if let Some(state) = states.get_mut(&key) {
            state.pause /= 2;
            if state.pause < FIRST {
                states.remove(&key);
            }
        }
    }

    fn states(&self) -> std::sync::MutexGuard<'_, BTreeMap<(&'static str, Box<str>), State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(pace: &Pace, service: &'static str, region: &str) -> Duration {
        let state = pace.states().get(&(service, region.into())).copied();
        state.map_or(Duration::ZERO, |state| state.not_before.saturating_duration_since(Instant::now()))
    }

    #[test]
    fn a_refusal_holds_everybody_back_and_is_forgotten() {
        let pace = Pace::default();
        pace.throttled("EC2", "us-east-1", None);
        assert!(waits(&pace, "EC2", "us-east-1") <= FIRST);
        pace.throttled("EC2", "us-east-1", Some(Duration::from_secs(3600)));
        let wait = waits(&pace, "EC2", "us-east-1");
        assert!(wait <= LONGEST && wait > LONGEST / 2, "{wait:?}");
        assert_eq!(waits(&pace, "SSM", "us-east-1"), Duration::ZERO);
        assert_eq!(waits(&pace, "EC2", "eu-west-1"), Duration::ZERO);
        pace.answered("EC2", "us-east-1");
        pace.answered("EC2", "us-east-1");
        assert!(pace.states().is_empty());
    }
}
