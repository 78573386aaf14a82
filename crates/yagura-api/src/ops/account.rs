//! Switching scan types on and off, and what the caller may change.

use crate::call::{Call, Relation};
use crate::documents::Member;
use crate::failure::Failure;
use std::collections::BTreeSet;
use yagura_findings::activation::{self, Asker, Refused};
use yagura_formats::inspector2::shapes::{
    Account as Shown, AccountState, BatchGetAccountStatusRequest, BatchGetAccountStatusResponse,
    DisableRequest, DisableResponse, EnableRequest, EnableResponse, ErrorCode, FailedAccount,
    ListAccountPermissionsRequest, ListAccountPermissionsResponse, Operation, Permission, ResourceScanType,
    ResourceState, ResourceStatus, Service, State, Status,
};
use yagura_model::{Account, AccountId, ActivationStatus, ScanType};

/// Turns scan types on. The answer shows them as ENABLING; a loop finishes.
pub(crate) async fn enable(call: &Call<'_>, request: EnableRequest) -> Result<EnableResponse, Failure> {
    let wanted = scan_types(&request.resource_types);
    let relation = call.relation().await?;
    let (mut accounts, mut failed) = (Vec::new(), Vec::new());
    for id in asked(call, request.account_ids.as_deref()) {
        if !may_see(call, &relation, &id) {
            failed.push(refused(&id, ErrorCode::AccessDenied, "the account is not a member of the caller"));
            continue;
        }
        let home = call.home_of(&id);
        let stored = call.store().account(&home).await?;
        match activation::enable(&mut stored.clone(), &wanted, call.now) {
            Ok(()) => {}
            Err(Refused::NeedsLambda) => {
                return Err(Failure::Invalid("LAMBDA_CODE needs LAMBDA: enable both".to_owned()));
            }
            Err(refusal) => {
                failed.push(refused(&id, code(refusal), &refusal.to_string()));
                continue;
            }
        }
        let now = call.now;
        // What was refused meanwhile leaves the account as it is; the answer shows that.
        let change = |account: &mut Account| {
            let _ = activation::enable(account, &wanted, now);
        };
        let account = call.store().change_account(&home, &change).await?;
        accounts.push(shown(&account));
    }
    Ok(EnableResponse { accounts, failed_accounts: Some(failed) })
}

/// Turns scan types off; all of them when none is named.
pub(crate) async fn disable(call: &Call<'_>, request: DisableRequest) -> Result<DisableResponse, Failure> {
    let named = request.resource_types.filter(|types| !types.is_empty());
    let wanted = named.map_or_else(Vec::new, |types| scan_types(&types));
    let relation = call.relation().await?;
    let (mut accounts, mut failed) = (Vec::new(), Vec::new());
    for id in asked(call, request.account_ids.as_deref()) {
        let home = call.home_of(&id);
        let stored = call.store().account(&home).await?;
        let asker = match &relation {
            Relation::Member(_) => Asker { member: true, ..Asker::default() },
            Relation::Administrator(members) if id == call.home.account.as_str() => {
                Asker { has_members: has_members(members), ..Asker::default() }
            }
            _ => Asker::default(),
        };
        let refusal = match may_see(call, &relation, &id) {
            true => activation::disable(&mut stored.clone(), &wanted, asker, call.now).err(),
            false => Some(Refused::AccessDenied),
        };
        if let Some(refusal) = refusal {
            failed.push(refused(&id, code(refusal), &refusal.to_string()));
            continue;
        }
        let now = call.now;
        let change = |account: &mut Account| {
            let _ = activation::disable(account, &wanted, asker, now);
        };
        let account = call.store().change_account(&home, &change).await?;
        accounts.push(shown(&account));
    }
    Ok(DisableResponse { accounts, failed_accounts: Some(failed) })
}

/// State by scan type; the call that every client polls.
pub(crate) async fn status(
    call: &Call<'_>,
    request: BatchGetAccountStatusRequest,
) -> Result<BatchGetAccountStatusResponse, Failure> {
    let relation = call.relation().await?;
    let (mut accounts, mut failed) = (Vec::new(), Vec::new());
    for id in asked(call, request.account_ids.as_deref()) {
        if may_see(call, &relation, &id) {
            let account = call.store().account(&call.home_of(&id)).await?;
            let state =
                |scan| State { error_code: None, error_message: None, status: word(account.status(scan)) };
            accounts.push(AccountState {
                account_id: id,
                resource_state: ResourceState {
                    ami: Some(State { error_code: None, error_message: None, status: Status::Disabled }),
                    code_repository: Some(state(ScanType::CodeRepository)),
                    ec2: state(ScanType::Ec2),
                    ecr: state(ScanType::Ecr),
                    lambda: Some(state(ScanType::Lambda)),
                    lambda_code: Some(state(ScanType::LambdaCode)),
                },
                state: State { error_code: None, error_message: None, status: overall(&account) },
            });
        } else {
            failed.push(refused(&id, ErrorCode::AccessDenied, "the account is not a member of the caller"));
        }
    }
    Ok(BatchGetAccountStatusResponse { accounts, failed_accounts: Some(failed) })
}

/// What the caller may change: members may not switch anything off.
pub(crate) async fn permissions(
    call: &Call<'_>,
    request: ListAccountPermissionsRequest,
) -> Result<ListAccountPermissionsResponse, Failure> {
    let is_member = matches!(call.relation().await?, Relation::Member(_));
    let pager = call.page(1024, request.max_results, request.next_token.as_deref())?;
    let mut all = Vec::new();
    for service in [Service::Ec2, Service::Ecr, Service::Lambda] {
        let mut operations = vec![(Operation::EnableScanning, true), (Operation::DisableScanning, false)];
        if service == Service::Ecr {
            operations.extend([(Operation::EnableRepository, true), (Operation::DisableRepository, false)]);
        }
        let wanted = request.service.as_ref().is_none_or(|asked| *asked == service);
        let granted = operations.into_iter().filter(|(_, on)| wanted && (*on || !is_member));
        all.extend(granted.map(|(operation, _)| Permission { operation, service: service.clone() }));
    }
    let (permissions, next_token) = pager.part(all)?;
    Ok(ListAccountPermissionsResponse { next_token, permissions })
}

/// The accounts a request is about: the caller when none is listed.
fn asked(call: &Call<'_>, ids: Option<&[String]>) -> Vec<String> {
    match ids {
        Some(ids) if !ids.is_empty() => ids.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
        _ => vec![call.home.account.to_string()],
    }
}

/// Whether the caller speaks for an account: itself, or a member that is associated.
fn may_see(call: &Call<'_>, relation: &Relation, id: &str) -> bool {
    call.homes_in(relation).iter().any(|home| home.account.as_str() == id)
}

fn has_members(members: &[(AccountId, Member)]) -> bool {
    members.iter().any(|(_, member)| member.status != "REMOVED")
}

fn scan_types(types: &[ResourceScanType]) -> Vec<ScanType> {
    types
        .iter()
        .filter_map(|word| match word {
            ResourceScanType::Ec2 => Some(ScanType::Ec2),
            ResourceScanType::Ecr => Some(ScanType::Ecr),
            ResourceScanType::Lambda => Some(ScanType::Lambda),
            ResourceScanType::LambdaCode => Some(ScanType::LambdaCode),
            ResourceScanType::CodeRepository => Some(ScanType::CodeRepository),
            ResourceScanType::Other(_) => None,
        })
        .collect()
}

/// The interface's word for a refusal.
fn code(refusal: Refused) -> ErrorCode {
    refusal.code().map_or(ErrorCode::InternalError, ErrorCode::from)
}

fn refused(id: &str, code: ErrorCode, message: &str) -> FailedAccount {
    FailedAccount {
        account_id: id.to_owned(),
        error_code: code,
        error_message: message.to_owned(),
        resource_status: None,
        status: None,
    }
}

fn shown(account: &Account) -> Shown {
    let status = |scan| word(account.status(scan));
    Shown {
        account_id: account.home.account.to_string(),
        resource_status: ResourceStatus {
            ami: Some(Status::Disabled),
            code_repository: Some(status(ScanType::CodeRepository)),
            ec2: status(ScanType::Ec2),
            ecr: status(ScanType::Ecr),
            lambda: Some(status(ScanType::Lambda)),
            lambda_code: Some(status(ScanType::LambdaCode)),
        },
        status: overall(account),
    }
}

/// A status as the interface says it.
pub(crate) fn word(status: ActivationStatus) -> Status {
    match status {
        ActivationStatus::Enabling => Status::Enabling,
        ActivationStatus::Enabled => Status::Enabled,
        ActivationStatus::Disabling => Status::Disabling,
        ActivationStatus::Disabled => Status::Disabled,
        ActivationStatus::Suspending => Status::Suspending,
        ActivationStatus::Suspended => Status::Suspended,
    }
}

/// The status of an account from those of its scan types.
pub(crate) fn overall(account: &Account) -> Status {
    word(activation::status(account))
}
