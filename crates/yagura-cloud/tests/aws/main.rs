//! Clients, collectors and sinks against an emulated AWS with the account `acme` in it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing unwrap is a failing test")]

mod acme;
mod deliveries;
mod faults;
#[path = "../../../../tests/testbed/mod.rs"]
mod testbed;

use serde_json::Value;
use std::time::Duration;
use testbed::Testbed;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use yagura_cloud::aws::credentials::Credentials;
use yagura_cloud::aws::endpoint::Endpoints;
use yagura_cloud::aws::{Aws, Limits};
use yagura_cloud::collect::Place;
use yagura_cloud::collect::account::Watched;
use yagura_cloud::{Client, Network};
use yagura_model::{AccountId, Region};

/// Faults concern everybody who asks, so those who make some are alone.
static FAULTS: RwLock<()> = RwLock::const_new(());

async fn calm() -> RwLockReadGuard<'static, ()> {
    FAULTS.read().await
}

async fn alone() -> RwLockWriteGuard<'static, ()> {
    FAULTS.write().await
}

/// A few quick attempts.
fn hasty() -> Limits {
    Limits { attempts: 4, pause: Duration::from_millis(10), ..Limits::default() }
}

/// The root of an account; the emulator takes its number as the access key.
fn aws(testbed: &Testbed, account: &str) -> Aws {
    let client = Client::new(Network::Online).unwrap().with_first_pause(Duration::from_millis(10));
    let credentials = Credentials::fixed(account, "testbed", None);
    Aws::new(&client, credentials, Endpoints::everywhere(&testbed.endpoint), "us-east-1").with_limits(hasty())
}

/// The account that is watched, entered by its role from the account of the service.
fn watched(testbed: &Testbed, external_id: &str) -> Watched {
    Watched {
        account: AccountId::from(testbed.account("prod")),
        role: Some("VulnScanner".to_owned()),
        external_id: Some(external_id.to_owned()),
        regions: vec![Region::from("us-east-1")],
    }
}

async fn prod(testbed: &Testbed) -> Place {
    let service = aws(testbed, testbed.account("security"));
    let external = testbed.acme["externalId"].as_str().unwrap();
    watched(testbed, external).places(&service).await.unwrap().remove(0)
}

/// A call of the emulator's own interface.
async fn control(testbed: &Testbed, path: &str, body: Value) -> Value {
    let url = format!("{}/_testbed/{path}", testbed.endpoint);
    let http = reqwest::Client::new();
    let request = match body {
        Value::Null => http.get(url),
        body => http.post(url).header("content-type", "application/json").body(body.to_string()),
    };
    let text = request.send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
}
