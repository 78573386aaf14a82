//! Amazon Web Services: the few operations that the service calls, without the official clients.
//!
//! [`services`] is generated from the public service models by `cargo xtask generate-services`; everything around
//! it is written here: credentials come from the SDK's chain ([`credentials`]), requests are signed by its signer
//! and sent again where that helps ([`send`]), errors are told apart ([`error`]), and the five wire formats are in
//! [`wire`]. The reasons are in `docs/adr/0005-thin-aws-clients.md`.
//! Left out: event streams, SigV4a, endpoint discovery, and the dual-stack and FIPS variants of endpoints, which can
//! be set as endpoint URLs.

pub mod credentials;
pub mod endpoint;
pub mod error;
mod pace;
pub mod page;
mod sdk_http;
mod send;
pub mod services;
mod sign;
pub mod wire;

use crate::Client;
use credentials::{Credentials, Role};
use endpoint::{Endpoints, Partition};
use pace::Pace;
use std::sync::Arc;

pub use error::AwsError;
pub use send::{Call, Limits, Operation, Protocol, Reply, Service, presign};

/// Who asks, in which region. Cloning shares connections, credentials and manners.
#[derive(Clone)]
pub struct Aws {
    client: Client,
    credentials: Credentials,
    endpoints: Endpoints,
    region: Arc<str>,
    pace: Arc<Pace>,
    limits: Limits,
}

impl Aws {
    /// Asks with these credentials.
    pub fn new(client: &Client, credentials: Credentials, endpoints: Endpoints, region: &str) -> Self {
        Self {
            client: client.clone(),
            credentials,
            endpoints,
            region: region.into(),
            pace: Arc::default(),
            limits: Limits::default(),
        }
    }

    /// What the SDKs would use: environment, profile, web identity, container and instance credentials, endpoint
    /// settings. `region` wins over the region they would take.
    ///
    /// # Errors
    /// No region is known.
    pub async fn from_environment(client: &Client, region: Option<&str>) -> Result<Self, AwsError> {
        let found = sdk_http::load(client, region).await?;
        Ok(Self::new(client, found.credentials, found.endpoints, &found.region))
    }

    /// The same credentials in another region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        Self { region: region.into(), ..self.clone() }
    }

    /// A role, assumed with these credentials and kept until shortly before it expires. Its calls have a pace of
    /// their own, because AWS limits each account by itself.
    #[must_use]
    pub fn assuming(&self, role: Role) -> Self {
        Self { credentials: Credentials::assumed(self.clone(), role), pace: Arc::default(), ..self.clone() }
    }

    /// Other bounds.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// As in `eu-west-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The part of AWS that the region belongs to.
    pub fn partition(&self) -> &'static Partition {
        Partition::of(&self.region)
    }

    /// The HTTP client, for what is not an API call: layers and function packages.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Where services answer.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }
}
