//! What the loops and the API share.

use super::advisories::Current;
use super::cloud::Cloud;
use crate::config::Config;
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Notify;
use yagura_cloud::Client;
use yagura_model::{AccountId, Home, Region};
use yagura_store::Store;

/// The running service.
pub struct Service {
    /// The effective configuration.
    pub config: Config,
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// What is judged by.
    pub advisories: Current,
    /// HTTP, unless offline.
    pub client: Option<Client>,
    /// Access to AWS, where there are credentials.
    pub cloud: Option<Cloud>,
    /// Where the first key, this machine and pushed hosts belong.
    pub home: Home,
    /// The name under which this process holds leases.
    pub worker: String,
    nudges: BTreeMap<&'static str, Notify>,
}

impl Service {
    /// A service whose loops are named.
    pub fn new(
        config: Config,
        store: Arc<dyn Store>,
        advisories: Current,
        client: Option<Client>,
        cloud: Option<Cloud>,
        loops: &[&'static str],
    ) -> Self {
        let text = |configured: &str, variables: &[&str], default: &str| {
            let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
            match configured {
                "" => variables.iter().find_map(set).unwrap_or_else(|| default.to_owned()),
                configured => configured.to_owned(),
            }
        };
        let own = cloud.as_ref().map_or("000000000000", |cloud: &Cloud| cloud.account.as_str());
        let home = Home {
            account: AccountId::from(text(&config.account, &[], own)),
            region: Region::from(text(&config.region, &["AWS_REGION", "AWS_DEFAULT_REGION"], "us-east-1")),
        };
        Self {
            config,
            store,
            advisories,
            client,
            cloud,
            home,
            worker: worker_name(),
            nudges: loops.iter().map(|name| (*name, Notify::new())).collect(),
        }
    }

    /// Wakes a loop before its time.
    pub fn nudge(&self, name: &str) {
        if let Some(notify) = self.nudges.get(name) {
            notify.notify_one();
        }
    }

    /// Waits until a loop is nudged.
    pub(super) async fn nudged(&self, name: &str) {
        match self.nudges.get(name) {
            Some(notify) => notify.notified().await,
            None => std::future::pending().await,
        }
    }
}

/// Unique per process, also across machines that share a database.
fn worker_name() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut random = [0u8; 6];
    let random = match SystemRandom::new().fill(&mut random) {
        Ok(()) => random.iter().map(|byte| format!("{byte:02x}")).collect(),
        Err(_) => String::from("norandom"),
    };
    format!("{}:{}:{random}", host.trim(), std::process::id())
}
