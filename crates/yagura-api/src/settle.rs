//! Ends the transitions that the API only begins: activation, deactivation, membership (R-7, R-12, R-101, R-202,
//! A loop calls it; it may be killed and repeated at any line.

use crate::documents::{
    CODE_SCAN, DEEP_INSPECTION, FILTER, FINDINGS_REPORT, INTEGRATION, MACHINE_IMAGES, MEMBER, Member,
    ORGANIZATION, Organization, SBOM_EXPORT, SCAN_CONFIGURATION,
};
use jiff::Timestamp;
use yagura_findings::activation;
use yagura_model::{Account, ActivationStatus, Home, ScanType};
use yagura_store::{Document, Store, StoreError};

/// Documents that end with the service in a home.
const OF_THE_SERVICE: &[&str] = &[
    FILTER,
    FINDINGS_REPORT,
    SBOM_EXPORT,
    DEEP_INSPECTION,
    MACHINE_IMAGES,
    INTEGRATION,
    SCAN_CONFIGURATION,
    CODE_SCAN,
];

/// Documents that end with code security.
const OF_CODE: &[&str] = &[INTEGRATION, SCAN_CONFIGURATION, CODE_SCAN];

/// What was ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Accounts whose scan types changed.
    pub accounts: usize,
    /// Members that are associated now.
    pub members: usize,
}

/// One round over everything that is in transition.
///
/// # Errors
/// The store's.
pub async fn settle(store: &dyn Store, now: Timestamp) -> Result<Settled, StoreError> {
    let mut settled = Settled::default();
    for document in store.documents(None, MEMBER).await? {
        settled.members += usize::from(associate(store, document, now).await?);
    }
    for account in store.accounts().await? {
        settled.accounts += usize::from(activate(store, &account, now).await?);
    }
    Ok(settled)
}

async fn activate(store: &dyn Store, account: &Account, now: Timestamp) -> Result<bool, StoreError> {
    let moves = |status| matches!(status, ActivationStatus::Enabling | ActivationStatus::Disabling);
    if !account.activations.values().any(|activation| moves(activation.status)) {
        return Ok(false);
    }
    let disabling = |scan| account.status(scan) == ActivationStatus::Disabling;
    let left = |account: &Account| {
        let on = |scan: &ScanType| {
            matches!(account.status(*scan), ActivationStatus::Enabled | ActivationStatus::Enabling)
        };
        ScanType::ALL.iter().any(on)
    };
    // Documents go first: a process that is killed in between finds the transition again.
    if !left(account) {
        forget(store, &account.home, OF_THE_SERVICE).await?;
    } else if disabling(ScanType::CodeRepository) {
        forget(store, &account.home, OF_CODE).await?;
    }
    let end = |account: &mut Account| {
        activation::settle(account, now);
    };
    store.change_account(&account.home, &end).await?;
    Ok(true)
}

async fn forget(store: &dyn Store, home: &Home, kinds: &[&str]) -> Result<(), StoreError> {
    for kind in kinds {
        for document in store.documents(Some(home), kind).await? {
            store.delete_document(home, kind, &document.id).await?;
        }
    }
    Ok(())
}

/// Ends the association of a member: it follows its administrator, and gets the scan types of new members.
async fn associate(store: &dyn Store, document: Document, now: Timestamp) -> Result<bool, StoreError> {
    let Ok(member) = serde_json::from_value::<Member>(document.body.clone()) else { return Ok(false) };
    if member.status != "CREATED" {
        return Ok(false);
    }
    let administrator = document.home.account.clone();
    let home = Home { account: document.id.as_str().into(), region: document.home.region.clone() };
    let followed = store.account(&document.home).await?.configuration;
    let flags = auto_enable(store, &document.home).await?;
    let join = |account: &mut Account| {
        account.administrator = Some(administrator.clone());
        if !account.configuration.individually {
            account.configuration = followed.clone();
            account.configuration.individually = false;
        }
        for scan in &flags {
            let activation = account.activations.entry(*scan).or_default();
            if activation.status == ActivationStatus::Disabled {
                activation.status = ActivationStatus::Enabling;
                activation.since = now;
                activation.trial_started = activation.trial_started.or(Some(now));
            }
        }
    };
    store.change_account(&home, &join).await?;
    let enabled = Member { status: "ENABLED".to_owned(), updated_at: now, ..member };
    let Ok(body) = serde_json::to_value(&enabled) else { return Ok(false) };
    match store.put_document(&Document { body, ..document }).await {
        Ok(_) => Ok(true),
        // Somebody else changed it; the next round looks again.
        Err(StoreError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn auto_enable(store: &dyn Store, administrator: &Home) -> Result<Vec<ScanType>, StoreError> {
    for document in store.documents(None, ORGANIZATION).await? {
        let Ok(organization) = serde_json::from_value::<Organization>(document.body) else { continue };
        if document.home.region == administrator.region
            && organization.administrator.as_ref() == Some(&administrator.account)
        {
            let flags = organization.auto_enable;
            let wanted = [
                (flags.ec2, ScanType::Ec2),
                (flags.ecr, ScanType::Ecr),
                (flags.lambda, ScanType::Lambda),
                (flags.lambda_code && flags.lambda, ScanType::LambdaCode),
                (flags.code_repository, ScanType::CodeRepository),
            ];
            return Ok(wanted.into_iter().filter(|(on, _)| *on).map(|(_, scan)| scan).collect());
        }
    }
    Ok(Vec::new())
}
