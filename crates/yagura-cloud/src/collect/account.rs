//! Which accounts and regions are looked at, and as whom.

use super::Place;
use crate::aws::credentials::Role;
use crate::aws::services::{ec2, sts};
use crate::aws::{Aws, AwsError};
use std::collections::BTreeSet;
use yagura_model::{AccountId, Home, Region};

/// An account that is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Twelve digits.
    pub account: AccountId,
    /// The role to act as: its name or ARN. `None` uses the service's own credentials, which must be the account's.
    pub role: Option<String>,
    /// What the role's trust policy asks for.
    pub external_id: Option<String>,
    /// Regions; empty for all that are enabled in the account.
    pub regions: Vec<Region>,
}

impl Watched {
    /// The account of the service's own credentials.
    ///
    /// # Errors
    /// STS does not say who the caller is.
    pub async fn own(aws: &Aws, regions: Vec<Region>) -> Result<Self, AwsError> {
        Ok(Self { account: whoami(aws).await?, role: None, external_id: None, regions })
    }

    /// Credentials for the account.
    pub fn aws(&self, service: &Aws) -> Aws {
        let Some(role) = &self.role else { return service.clone() };
        let arn = match role.starts_with("arn:") {
            true => role.clone(),
            false => {
                let partition = service.partition().id;
                format!("arn:{partition}:iam::{}:role/{}", self.account, role.trim_start_matches('/'))
            }
        };
        service.assuming(Role::new(arn, self.external_id.clone()))
    }

    /// The account in each of its regions. One set of credentials serves all of them.
    ///
    /// # Errors
    /// The account cannot be entered, or it is another one than it should be.
    pub async fn places(&self, service: &Aws) -> Result<Vec<Place>, AwsError> {
        let aws = self.aws(service);
        let found = whoami(&aws).await?;
        if found != self.account {
            // A wrong role would otherwise fill one account with the resources of another.
            return Err(AwsError::NoCredentials {
                detail: format!("those for account {} are of account {found}", self.account),
            });
        }
        let regions = match self.regions.as_slice() {
            [] => enabled_regions(&aws).await?,
            named => named.iter().cloned().collect(),
        };
        let place = |region: Region| Place {
            aws: aws.in_region(region.as_str()),
            home: Home { account: self.account.clone(), region },
        };
        Ok(regions.into_iter().map(place).collect())
    }
}

/// The account that credentials belong to.
///
/// # Errors
/// STS does not answer.
pub async fn whoami(aws: &Aws) -> Result<AccountId, AwsError> {
    let answer = sts::get_caller_identity(aws, &sts::GetCallerIdentityRequest::default()).await?;
    answer.account.map(AccountId::from).ok_or_else(|| AwsError::Answer {
        action: sts::GET_CALLER_IDENTITY.action,
        detail: "no account".to_owned(),
    })
}

/// Regions that are enabled in the account.
///
/// # Errors
/// EC2 does not answer.
pub async fn enabled_regions(aws: &Aws) -> Result<BTreeSet<Region>, AwsError> {
    let answer = ec2::describe_regions(aws, &ec2::DescribeRegionsRequest::default()).await?;
    Ok(answer.regions.into_iter().filter_map(|region| region.region_name).map(Region::from).collect())
}
