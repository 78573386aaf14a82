//! Who administers whom, as AWS Organizations and the configuration say it.
//!
//! The service's own account administers the accounts that it is configured to enter, unless AWS Organizations has
//! delegated another one. Accounts are associated when they are first met; what the API changes later stays.

use super::Service;
use super::cloud::Cloud;
use jiff::Timestamp;
use std::collections::BTreeSet;
use yagura_api::documents::{MEMBER, Member, ORGANIZATION, Organization};
use yagura_cloud::collect::account::Watched;
use yagura_cloud::collect::organization::Organization as Told;
use yagura_model::{AccountId, Home, Region};
use yagura_store::{Document, StoreError};

/// Writes the organization of every region, and asks for the association of accounts that are new.
///
/// # Errors
/// The store's.
pub async fn enroll(
    service: &Service,
    cloud: &Cloud,
    watched: &[Watched],
    told: Option<&Told>,
    now: Timestamp,
) -> anyhow::Result<()> {
    let regions: BTreeSet<&Region> = watched.iter().flat_map(|account| &account.regions).collect();
    for region in regions {
        let manager = told.map_or(&cloud.account, |told| &told.management);
        let home = Home { account: manager.clone(), region: region.clone() };
        let stored = service.store.document(&home, ORGANIZATION, ORGANIZATION).await?;
        let version = stored.as_ref().map_or(0, |document| document.version);
        let known: Option<Organization> =
            stored.and_then(|document| serde_json::from_value(document.body).ok());
        let first = known.is_none();
        let before = known.unwrap_or_default();
        let mut accounts: BTreeSet<AccountId> = watched.iter().map(|one| one.account.clone()).collect();
        accounts.extend(
            told.into_iter().flat_map(|told| told.members.iter().map(|member| member.account.clone())),
        );
        let mut organization = Organization {
            id: told.map(|told| told.id.clone()).unwrap_or_default(),
            accounts: accounts.into_iter().collect(),
            ..before.clone()
        };
        if first {
            let delegated = told.and_then(|told| told.administrator.clone());
            organization.administrator =
                delegated.or_else(|| (watched.len() > 1).then(|| cloud.account.clone()));
        }
        // Members come first: killed in between, the next round finds them missing again.
        if organization.administrator.as_ref() == Some(&cloud.account) {
            for account in watched.iter().map(|one| &one.account) {
                if *account != cloud.account && (first || !before.accounts.contains(account)) {
                    associate(service, &cloud.account, region, account, now).await?;
                }
            }
        }
        if organization != before || first {
            write(
                service,
                Document {
                    home,
                    kind: ORGANIZATION.to_owned(),
                    id: ORGANIZATION.to_owned(),
                    version,
                    body: serde_json::to_value(&organization)?,
                },
            )
            .await?;
        }
    }
    Ok(())
}

/// The intent that `settle` ends.
async fn associate(
    service: &Service,
    administrator: &AccountId,
    region: &Region,
    account: &AccountId,
    now: Timestamp,
) -> anyhow::Result<()> {
    let member = Member { status: "CREATED".to_owned(), updated_at: now, deep_inspection: true };
    write(
        service,
        Document {
            home: Home { account: administrator.clone(), region: region.clone() },
            kind: MEMBER.to_owned(),
            id: account.to_string(),
            version: 0,
            body: serde_json::to_value(&member)?,
        },
    )
    .await
}

async fn write(service: &Service, document: Document) -> anyhow::Result<()> {
    match service.store.put_document(&document).await {
        // Somebody else wrote it meanwhile; the next round looks again.
        Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
