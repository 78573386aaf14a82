//! The delegated administrator and its members (section 20 of the rules).

use crate::call::{Call, Known, Relation};
use crate::documents::{AutoEnable, MEMBER, Member, ORGANIZATION, Organization};
use crate::failure::Failure;
use yagura_formats::inspector2::shapes::{
    AssociateMemberRequest, AssociateMemberResponse, AutoEnable as Flags, DelegatedAdmin,
    DelegatedAdminAccount, DelegatedAdminStatus, DescribeOrganizationConfigurationRequest,
    DescribeOrganizationConfigurationResponse, DisableDelegatedAdminAccountRequest,
    DisableDelegatedAdminAccountResponse, DisassociateMemberRequest, DisassociateMemberResponse,
    EnableDelegatedAdminAccountRequest, EnableDelegatedAdminAccountResponse, GetDelegatedAdminAccountRequest,
    GetDelegatedAdminAccountResponse, GetMemberRequest, GetMemberResponse, ListDelegatedAdminAccountsRequest,
    ListDelegatedAdminAccountsResponse, ListMembersRequest, ListMembersResponse, Member as Shown,
    RelationshipStatus, UpdateOrganizationConfigurationRequest, UpdateOrganizationConfigurationResponse,
};
use yagura_model::Home;

/// Designates the administrator; by the management account. Before AWS Organizations was asked, whoever designates
/// one manages an organization of his own.
pub(crate) async fn enable_administrator(
    call: &Call<'_>,
    request: EnableDelegatedAdminAccountRequest,
) -> Result<EnableDelegatedAdminAccountResponse, Failure> {
    let id = request.delegated_admin_account_id;
    managed(call).await?;
    call.change(&call.home, ORGANIZATION, ORGANIZATION, |stored: Option<Organization>| {
        let mut organization = stored.unwrap_or_default();
        match &organization.administrator {
            Some(administrator) if administrator.as_str() == id => {
                let message =
                    format!("the delegated administrator `{id}` is already enabled for the organization");
                return Err(Failure::Conflict { message, id: id.clone(), kind: "ACCOUNT".to_owned() });
            }
            Some(administrator) => {
                let message = format!("`{administrator}` is the delegated admin of the organization already");
                return Err(Failure::Conflict {
                    message,
                    id: administrator.to_string(),
                    kind: "ACCOUNT".to_owned(),
                });
            }
            None => {}
        }
        if !organization.accounts.is_empty()
            && !organization.accounts.iter().any(|known| known.as_str() == id)
        {
            return Err(Failure::Invalid(format!("the account `{id}` does not belong to the organization")));
        }
        organization.administrator = Some(id.as_str().into());
        organization.removing = false;
        Ok((organization, ()))
    })
    .await?;
    Ok(EnableDelegatedAdminAccountResponse { delegated_admin_account_id: id })
}

/// Removes the administrator; its members stay enabled as standalone accounts.
pub(crate) async fn disable_administrator(
    call: &Call<'_>,
    request: DisableDelegatedAdminAccountRequest,
) -> Result<DisableDelegatedAdminAccountResponse, Failure> {
    let id = request.delegated_admin_account_id;
    managed(call).await?;
    let missing = || Failure::NotFound(format!("`{id}` is not the delegated administrator"));
    call.change(&call.home, ORGANIZATION, ORGANIZATION, |stored: Option<Organization>| {
        let mut organization = stored.ok_or_else(missing)?;
        if organization.administrator.as_ref().is_none_or(|administrator| administrator.as_str() != id) {
            return Err(missing());
        }
        organization.administrator = None;
        Ok((organization, ()))
    })
    .await?;
    let home = call.home_of(&id);
    for (member, _) in call.documents::<Member>(&home, MEMBER).await? {
        call.store().change_account(&call.home_of(&member), &|account| account.administrator = None).await?;
        call.store().delete_document(&home, MEMBER, &member).await?;
    }
    Ok(DisableDelegatedAdminAccountResponse { delegated_admin_account_id: id })
}

/// Fails for accounts of an organization that somebody else manages.
async fn managed(call: &Call<'_>) -> Result<(), Failure> {
    match call.organization().await? {
        Some(known) if known.home.account != call.home.account => Err(Failure::Denied(
            "only the management account designates the delegated administrator".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// The administrator as the caller sees it.
pub(crate) async fn administrator(
    call: &Call<'_>,
    _: GetDelegatedAdminAccountRequest,
) -> Result<GetDelegatedAdminAccountResponse, Failure> {
    let known = call.organization().await?;
    let account = known.and_then(|known| known.organization.administrator);
    let account =
        account.ok_or_else(|| Failure::NotFound("there is no delegated administrator".to_owned()))?;
    let relationship_status = Some(RelationshipStatus::Enabled);
    Ok(GetDelegatedAdminAccountResponse {
        delegated_admin: Some(DelegatedAdmin { account_id: Some(account.to_string()), relationship_status }),
    })
}

/// The administrator as the management account sees it.
pub(crate) async fn administrators(
    call: &Call<'_>,
    request: ListDelegatedAdminAccountsRequest,
) -> Result<ListDelegatedAdminAccountsResponse, Failure> {
    let pager = call.page(5, request.max_results, request.next_token.as_deref())?;
    let known = call.organization().await?;
    let shown = known.and_then(|known| {
        let removing = known.organization.removing;
        Some(DelegatedAdminAccount {
            account_id: Some(known.organization.administrator?.to_string()),
            status: Some(if removing {
                DelegatedAdminStatus::DisableInProgress
            } else {
                DelegatedAdminStatus::Enabled
            }),
        })
    });
    let (accounts, next_token) = pager.part(shown.into_iter().collect())?;
    Ok(ListDelegatedAdminAccountsResponse { delegated_admin_accounts: Some(accounts), next_token })
}

/// The organization that the caller administers.
async fn administered(call: &Call<'_>) -> Result<Known, Failure> {
    let known = call.organization().await?;
    let administers = |known: &Known| known.organization.administrator.as_ref() == Some(&call.home.account);
    let denied = "Invoking account is not the delegated administrator of the organization";
    known.filter(administers).ok_or_else(|| Failure::Denied(denied.to_owned()))
}

/// What new members get.
pub(crate) async fn describe(
    call: &Call<'_>,
    _: DescribeOrganizationConfigurationRequest,
) -> Result<DescribeOrganizationConfigurationResponse, Failure> {
    let organization = administered(call).await?.organization;
    Ok(DescribeOrganizationConfigurationResponse {
        auto_enable: Some(flags(organization.auto_enable)),
        max_account_limit_reached: Some(organization.limit_reached),
    })
}

/// Sets what new members get.
pub(crate) async fn update(
    call: &Call<'_>,
    request: UpdateOrganizationConfigurationRequest,
) -> Result<UpdateOrganizationConfigurationResponse, Failure> {
    let Known { home, .. } = administered(call).await?;
    let asked = &request.auto_enable;
    let set = |flag: Option<bool>| flag.unwrap_or(false);
    let wanted = AutoEnable {
        ec2: asked.ec2,
        ecr: asked.ecr,
        lambda: set(asked.lambda),
        lambda_code: set(asked.lambda_code),
        code_repository: set(asked.code_repository),
        ami: set(asked.ami),
    };
    if wanted.lambda_code && !wanted.lambda {
        return Err(Failure::Invalid("`lambdaCode` needs `lambda`".to_owned()));
    }
    call.change(&home, ORGANIZATION, ORGANIZATION, |stored: Option<Organization>| {
        let mut organization = stored.unwrap_or_default();
        organization.auto_enable = wanted;
        Ok((organization, ()))
    })
    .await?;
    Ok(UpdateOrganizationConfigurationResponse { auto_enable: flags(wanted) })
}

fn flags(stored: AutoEnable) -> Flags {
    Flags {
        ami: Some(stored.ami),
        code_repository: Some(stored.code_repository),
        ec2: stored.ec2,
        ecr: stored.ecr,
        lambda: Some(stored.lambda),
        lambda_code: Some(stored.lambda_code),
    }
}

/// Starts to associate a member.
pub(crate) async fn associate(
    call: &Call<'_>,
    request: AssociateMemberRequest,
) -> Result<AssociateMemberResponse, Failure> {
    let known = administered(call).await?;
    let id = request.account_id;
    if id == call.home.account.as_str() {
        return Err(Failure::Invalid(format!("`{id}` is the delegated admin and cannot be its own member")));
    }
    let accounts = &known.organization.accounts;
    if !accounts.is_empty() && !accounts.iter().any(|account| account.as_str() == id) {
        return Err(Failure::Invalid(format!("the account `{id}` does not belong to the organization")));
    }
    let members = call.documents::<Member>(&call.home, MEMBER).await?;
    if members.len() >= call.api.settings.members && !members.iter().any(|(member, _)| *member == id) {
        let message = format!("there are {} members already", members.len());
        return Err(Failure::Quota { message, resource: id });
    }
    let now = call.now;
    call.change(&call.home, MEMBER, &id, |stored: Option<Member>| {
        let deep_inspection = stored.as_ref().is_none_or(|member| member.deep_inspection);
        let member = match stored {
            Some(member) if member.status == "ENABLED" => member,
            _ => Member { status: "CREATED".to_owned(), updated_at: now, deep_inspection },
        };
        Ok((member, ()))
    })
    .await?;
    Ok(AssociateMemberResponse { account_id: id })
}

/// Takes a member out; it stays enabled as a standalone account.
pub(crate) async fn disassociate(
    call: &Call<'_>,
    request: DisassociateMemberRequest,
) -> Result<DisassociateMemberResponse, Failure> {
    administered(call).await?;
    let id = request.account_id;
    let is_member = |member: &Member| member.status != "REMOVED";
    let stored: Option<Member> = call.document(&call.home, MEMBER, &id).await?;
    if !stored.is_some_and(|member| is_member(&member)) {
        let message = format!("the account `{id}` cannot be disassociated: it is not yet associated to it");
        return Err(Failure::Invalid(message));
    }
    call.store().change_account(&call.home_of(&id), &|account| account.administrator = None).await?;
    let now = call.now;
    call.change(&call.home, MEMBER, &id, |stored: Option<Member>| {
        let deep_inspection = stored.is_none_or(|member| member.deep_inspection);
        Ok((Member { status: "REMOVED".to_owned(), updated_at: now, deep_inspection }, ()))
    })
    .await?;
    Ok(DisassociateMemberResponse { account_id: id })
}

/// One member, as its administrator sees it, or the caller as a member.
pub(crate) async fn member(call: &Call<'_>, request: GetMemberRequest) -> Result<GetMemberResponse, Failure> {
    let id = request.account_id;
    let home = match call.relation().await? {
        Relation::Administrator(_) => call.home.clone(),
        Relation::Member(administrator) if id == call.home.account.as_str() => {
            call.home_of(administrator.as_str())
        }
        _ => {
            let message = "Invoking account does not have access to get member account";
            return Err(Failure::Denied(message.to_owned()));
        }
    };
    let stored: Option<Member> = call.document(&home, MEMBER, &id).await?;
    let member = stored.ok_or_else(|| Failure::NotFound(format!("the account `{id}` is not a member")))?;
    Ok(GetMemberResponse { member: Some(show(&home, &id, member)) })
}

/// Members; associated ones unless all are asked for.
pub(crate) async fn members(
    call: &Call<'_>,
    request: ListMembersRequest,
) -> Result<ListMembersResponse, Failure> {
    let pager = call.page(50, request.max_results, request.next_token.as_deref())?;
    administered(call).await?;
    let only_associated = request.only_associated.unwrap_or(true);
    let members = call.documents::<Member>(&call.home, MEMBER).await?;
    let shown = members
        .into_iter()
        .filter(|(_, member)| !only_associated || member.status == "ENABLED")
        .map(|(id, member)| show(&call.home, &id, member));
    let (members, next_token) = pager.part(shown.collect())?;
    Ok(ListMembersResponse { members: Some(members), next_token })
}

fn show(administrator: &Home, id: &str, member: Member) -> Shown {
    Shown {
        account_id: Some(id.to_owned()),
        delegated_admin_account_id: Some(administrator.account.to_string()),
        relationship_status: Some(member.status.into()),
        updated_at: Some(member.updated_at.into()),
    }
}
