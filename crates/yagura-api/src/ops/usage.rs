//! Metered use, and the free trial.

use crate::call::Call;
use crate::failure::Failure;
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};
use yagura_findings::activation::trial;
use yagura_findings::usage::monthly_cost;
use yagura_formats::inspector2::shapes::{
    BatchGetFreeTrialInfoRequest, BatchGetFreeTrialInfoResponse, CloudProvider, Currency,
    FreeTrialAccountInfo, FreeTrialInfo, FreeTrialInfoError, FreeTrialInfoErrorCode, FreeTrialStatus,
    FreeTrialType, ListUsageTotalsRequest, ListUsageTotalsResponse, Usage as Shown, UsageTotal,
};
use yagura_model::{Account, ScanType};
use yagura_store::Usage;

/// What totals look back on.
const MONTH: SignedDuration = SignedDuration::from_hours(720);

/// Use of the last 30 days by account, with the projected cost.
pub(crate) async fn totals(
    call: &Call<'_>,
    request: ListUsageTotalsRequest,
) -> Result<ListUsageTotalsResponse, Failure> {
    let pager = call.page(500, request.max_results, request.next_token.as_deref())?;
    let mut homes = call.homes().await?;
    if let Some(ids) = request.account_ids.filter(|ids| !ids.is_empty()) {
        homes.retain(|home| ids.iter().any(|id| id == home.account.as_str()));
    }
    let since = call.now.checked_sub(MONTH).unwrap_or(call.now);
    let mut by_account: BTreeMap<String, Vec<Shown>> =
        homes.iter().map(|home| (home.account.to_string(), Vec::new())).collect();
    for usage in call.store().usage(&homes, since).await? {
        by_account.entry(usage.home.account.to_string()).or_default().push(show(call, usage));
    }
    let totals =
        by_account.into_iter().map(|(id, usage)| UsageTotal { account_id: Some(id), usage: Some(usage) });
    let (totals, next_token) = pager.part(totals.collect())?;
    Ok(ListUsageTotalsResponse { next_token, totals: Some(totals) })
}

fn show(call: &Call<'_>, usage: Usage) -> Shown {
    let price = call.api.settings.prices.get(&usage.meter).copied().unwrap_or(0.0);
    let cost = monthly_cost(usage.total, usage.since, call.now, price);
    Shown {
        cloud_provider: Some(CloudProvider::Aws),
        currency: Some(Currency::Usd),
        estimated_monthly_cost: Some((cost * 100.0).round() / 100.0),
        total: Some(usage.total),
        r#type: Some(usage.meter.into()),
    }
}

/// The trial of each scan type that was ever on.
pub(crate) async fn free_trial(
    call: &Call<'_>,
    request: BatchGetFreeTrialInfoRequest,
) -> Result<BatchGetFreeTrialInfoResponse, Failure> {
    let homes = call.homes().await?;
    let (mut accounts, mut failed) = (Vec::new(), Vec::new());
    for id in request.account_ids.into_iter().collect::<BTreeSet<_>>() {
        if homes.iter().any(|home| home.account.as_str() == id) {
            let account = call.store().account(&call.home_of(&id)).await?;
            accounts.push(FreeTrialAccountInfo { account_id: id, free_trial_info: trials(call, &account) });
        } else {
            failed.push(FreeTrialInfoError {
                account_id: id,
                code: FreeTrialInfoErrorCode::AccessDenied,
                message: "the account is not a member of the caller".to_owned(),
            });
        }
    }
    Ok(BatchGetFreeTrialInfoResponse { accounts, failed_accounts: failed })
}

fn trials(call: &Call<'_>, account: &Account) -> Vec<FreeTrialInfo> {
    let started = account.activations.iter().filter_map(|(scan, one)| Some((scan, trial(one)?)));
    started
        .map(|(scan, (start, end))| FreeTrialInfo {
            cloud_provider: Some(CloudProvider::Aws),
            end: end.into(),
            start: start.into(),
            status: if call.now < end { FreeTrialStatus::Active } else { FreeTrialStatus::Inactive },
            r#type: match scan {
                ScanType::Ec2 => FreeTrialType::Ec2,
                ScanType::Ecr => FreeTrialType::Ecr,
                ScanType::Lambda => FreeTrialType::Lambda,
                ScanType::LambdaCode => FreeTrialType::LambdaCode,
                ScanType::CodeRepository => FreeTrialType::CodeRepository,
            },
        })
        .collect()
}
