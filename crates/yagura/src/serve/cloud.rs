//! The accounts and regions that this configuration reaches, and as whom.

use crate::config::Config;
use std::collections::BTreeMap;
use tokio::sync::Mutex;
use yagura_cloud::collect::account::Watched;
use yagura_cloud::collect::organization::{Organization, organization};
use yagura_cloud::collect::{Collector, Place, collectors};
use yagura_cloud::{Aws, AwsError, Client, CloudError};
use yagura_model::{AccountId, Home, Region, ResourceKind};

/// Variables that say where credentials come from, without asking anybody.
const SIGNS: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// Whether AWS is asked at all. Without a sign of credentials no connection is made, not even to instance metadata.
pub fn wanted(config: &Config) -> bool {
    let set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let home = || std::env::var_os("HOME").map(std::path::PathBuf::from);
    let files = || {
        home().is_some_and(|home| home.join(".aws/credentials").exists() || home.join(".aws/config").exists())
    };
    !config.offline
        && match config.aws.as_str() {
            "always" => true,
            "auto" => SIGNS.iter().any(set) || files(),
            _ => false,
        }
}

/// An error with its next step, in one line.
pub fn told(error: &CloudError) -> String {
    match error.hint() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    }
}

/// Access to AWS.
pub struct Cloud {
    /// The service's own credentials.
    pub aws: Aws,
    /// The account that they belong to.
    pub account: AccountId,
    collectors: Vec<Box<dyn Collector>>,
    places: Mutex<BTreeMap<Home, Place>>,
}

impl Cloud {
    /// Access with the credentials of the environment; `None` where there are none, or none are wanted.
    ///
    /// # Errors
    /// There are credentials, and they do not work.
    pub async fn of(config: &Config, client: Option<&Client>) -> Result<Option<Self>, CloudError> {
        let Some(client) = client.filter(|_| wanted(config)) else { return Ok(None) };
        let region = Some(config.region.as_str()).filter(|region| !region.is_empty());
        let aws = match Aws::from_environment(client, region).await {
            Ok(aws) => aws,
            Err(AwsError::NoCredentials { .. } | AwsError::NoRegion) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let account = match yagura_cloud::collect::account::whoami(&aws).await {
            Ok(account) => account,
            Err(AwsError::NoCredentials { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(Some(Self { aws, account, collectors: collectors(), places: Mutex::default() }))
    }

    /// Every account that is watched (the caller's own, those configured, and with `aws.role` those of the organization),
    /// and the organization as far as the caller may see it.
    ///
    /// # Errors
    /// The organization cannot be listed though its accounts are wanted.
    pub async fn watched(&self, config: &Config) -> Result<(Vec<Watched>, Option<Organization>), CloudError> {
        let regions: Vec<Region> = match config.aws_regions.as_slice() {
            [] => vec![Region::from(self.aws.region())],
            named => named.iter().map(|region| Region::from(region.as_str())).collect(),
        };
        let mut watched: BTreeMap<AccountId, Watched> = BTreeMap::new();
        let mut add = |account: AccountId, role: Option<String>, external_id: Option<String>| {
            let entry = Watched { account: account.clone(), role, external_id, regions: regions.clone() };
            watched.entry(account).or_insert(entry);
        };
        add(self.account.clone(), None, None);
        for access in &config.aws_accounts {
            add(access.id.as_str().into(), Some(access.role.clone()), access.external_id.clone());
        }
        let everywhere = !config.aws_role.is_empty();
        let organization = match organization(&self.aws).await {
            Ok(organization) => organization,
            Err(error) if everywhere => return Err(error.into()),
            // Nobody asked for the organization, so it is no error not to see it.
            Err(error) => {
                tracing::debug!(%error, "the organization is not known");
                None
            }
        };
        if everywhere && let Some(organization) = &organization {
            let external_id = Some(config.aws_external_id.clone()).filter(|id| !id.is_empty());
            for member in organization.members.iter().filter(|member| member.active) {
                add(member.account.clone(), Some(config.aws_role.clone()), external_id.clone());
            }
        }
        Ok((watched.into_values().collect(), organization))
    }

    /// Notes how a home is entered, for the other loops.
    pub async fn remember(&self, place: &Place) {
        self.places.lock().await.insert(place.home.clone(), place.clone());
    }

    /// How a home is entered, once discovery met it.
    pub async fn place(&self, home: &Home) -> Option<Place> {
        self.places.lock().await.get(home).cloned()
    }

    /// All collectors.
    pub fn collectors(&self) -> &[Box<dyn Collector>] {
        &self.collectors
    }

    /// The collector that lists a kind of resource.
    pub fn collector(&self, kind: ResourceKind) -> Option<&dyn Collector> {
        self.collectors.iter().map(AsRef::as_ref).find(|collector| collector.kinds().contains(&kind))
    }
}
