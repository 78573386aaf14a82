//! AWS Organizations: the accounts of an organization, and who administers for it.

use crate::aws::services::organizations;
use crate::aws::{Aws, AwsError, page};
use yagura_model::AccountId;

/// The service that the administrator is delegated for.
const PRINCIPAL: &str = "inspector2.amazonaws.com";

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// `o-…`.
    pub id: String,
    /// The management account.
    pub management: AccountId,
    /// Every account, the management account included, sorted by id. Empty when the caller may not list them.
    pub members: Vec<Member>,
    /// Who administers vulnerability management; `None` when nobody was delegated.
    pub administrator: Option<AccountId>,
}

/// An account of an organization.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Twelve digits.
    pub account: AccountId,
    /// As its owner calls it.
    pub name: String,
    /// False while it is suspended or about to be closed.
    pub active: bool,
}

/// The organization of the caller; `None` when it is in none.
///
/// # Errors
/// It cannot be described. Members and administrator may be listed by the management account and delegated
/// administrators only; they are left empty for others.
pub async fn organization(aws: &Aws) -> Result<Option<Organization>, AwsError> {
    let described = match organizations::describe_organization(aws, &()).await {
        Err(AwsError::Refused { code, .. } | AwsError::NotFound { code, .. })
            if code == "AWSOrganizationsNotInUseException" =>
        {
            return Ok(None);
        }
        described => described?.organization.unwrap_or_default(),
    };
    let (Some(id), Some(management)) = (described.id, described.master_account_id) else {
        let action = organizations::DESCRIBE_ORGANIZATION.action;
        return Err(AwsError::Answer { action, detail: "no organization".to_owned() });
    };
    let mut found =
        Organization { id, management: management.into(), members: Vec::new(), administrator: None };
    match members(aws).await {
        Ok(members) => found.members = members,
        Err(error) if error.is_denied() => {
            tracing::info!("this account may not list the accounts of its organization");
            return Ok(Some(found));
        }
        Err(error) => return Err(error),
    }
    match administrator(aws).await {
        Ok(administrator) => found.administrator = administrator,
        Err(error) if error.is_denied() => {
            tracing::info!("this account may not see who administers for its organization");
        }
        Err(error) => return Err(error),
    }
    Ok(Some(found))
}

async fn members(aws: &Aws) -> Result<Vec<Member>, AwsError> {
    let accounts = page::all(&organizations::LIST_ACCOUNTS, async |next_token| {
        let input = organizations::ListAccountsRequest { next_token, ..Default::default() };
        let answer = organizations::list_accounts(aws, &input).await?;
        Ok((answer.accounts, answer.next_token))
    });
    let member = |account: organizations::Account| {
        // `State` replaces `Status`.
        let state = account.state.or(account.status);
        Some(Member {
            account: account.id?.into(),
            name: account.name.unwrap_or_default(),
            active: state.as_deref() == Some("ACTIVE"),
        })
    };
    let mut members: Vec<Member> = accounts.await?.into_iter().filter_map(member).collect();
    members.sort();
    Ok(members)
}

async fn administrator(aws: &Aws) -> Result<Option<AccountId>, AwsError> {
    let found = page::all(&organizations::LIST_DELEGATED_ADMINISTRATORS, async |next_token| {
        let input = organizations::ListDelegatedAdministratorsRequest {
            service_principal: Some(PRINCIPAL.to_owned()),
            next_token,
            ..Default::default()
        };
        let answer = organizations::list_delegated_administrators(aws, &input).await?;
        Ok((answer.delegated_administrators, answer.next_token))
    });
    Ok(found.await?.into_iter().find_map(|found| found.id).map(AccountId::from))
}
