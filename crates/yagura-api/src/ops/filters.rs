//! Saved filters and suppression rules (section 15 of the rules).

use crate::call::{Call, Known, Relation};
use crate::documents::FILTER;
use crate::failure::Failure;
use crate::page::hex;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;
use std::collections::BTreeMap;
use yagura_formats::inspector2::criteria::criteria;
use yagura_formats::inspector2::shapes::{
    CreateFilterRequest, CreateFilterResponse, DeleteFilterRequest, DeleteFilterResponse, Filter as Shown,
    FilterAction, FilterCriteria, ListFiltersRequest, ListFiltersResponse, UpdateFilterRequest,
    UpdateFilterResponse,
};
use yagura_formats::inspector2::words::arn;
use yagura_model::{Filter, FilterAction as Action, FilterId, Home};

/// Most tags of one thing.
pub(crate) const TAGS: usize = 50;

/// Makes a filter; one with the action SUPPRESS takes effect at once.
pub(crate) async fn create(
    call: &Call<'_>,
    request: CreateFilterRequest,
) -> Result<CreateFilterResponse, Failure> {
    let action = action_of(&request.action);
    may_suppress(call, action).await?;
    let filters: Vec<(String, Filter)> = call.documents(&call.home, FILTER).await?;
    if filters.iter().any(|(_, filter)| filter.name == request.name) {
        return Err(taken(&request.name));
    }
    let rules = filters.iter().filter(|(_, filter)| filter.action == Action::Suppress).count();
    if action == Action::Suppress && rules >= call.api.settings.suppression_rules {
        let message = format!("there are {rules} suppression rules already");
        return Err(Failure::Quota { message, resource: request.name });
    }
    let tags = request.tags.unwrap_or_default();
    check_tags(&tags)?;
    let document = criteria_document(call, "filterCriteria");
    let filter = Filter {
        id: new_id(8)?.into(),
        home: call.home.clone(),
        name: request.name,
        description: request.description,
        reason: request.reason,
        action,
        criteria: criteria(&document),
        document,
        tags,
        owner: call.home.account.clone(),
        created_at: call.now,
        updated_at: call.now,
    };
    call.create(&call.home, FILTER, filter.id.as_str(), &filter).await?;
    Ok(CreateFilterResponse { arn: filter_arn(call, &filter.id, &filter.home) })
}

/// Changes what is given.
pub(crate) async fn update(
    call: &Call<'_>,
    request: UpdateFilterRequest,
) -> Result<UpdateFilterResponse, Failure> {
    let id = owned(call, &request.filter_arn)?;
    if let Some(action) = &request.action {
        may_suppress(call, action_of(action)).await?;
    }
    if let Some(name) = &request.name {
        let filters: Vec<(String, Filter)> = call.documents(&call.home, FILTER).await?;
        if filters.iter().any(|(other, filter)| *other != id && filter.name == *name) {
            return Err(taken(name));
        }
    }
    let document = request.filter_criteria.is_some().then(|| criteria_document(call, "filterCriteria"));
    let now = call.now;
    call.change(&call.home, FILTER, &id, |stored: Option<Filter>| {
        let mut filter = stored.ok_or_else(|| unknown(&request.filter_arn))?;
        if let Some(action) = &request.action {
            filter.action = action_of(action);
        }
        if let Some(document) = &document {
            filter.criteria = criteria(document);
            filter.document = document.clone();
        }
        filter.name = request.name.clone().unwrap_or(filter.name);
        filter.description = request.description.clone().or(filter.description);
        filter.reason = request.reason.clone().or(filter.reason);
        filter.updated_at = now;
        Ok((filter, ()))
    })
    .await?;
    Ok(UpdateFilterResponse { arn: request.filter_arn })
}

/// Filters of the caller.
pub(crate) async fn list(
    call: &Call<'_>,
    request: ListFiltersRequest,
) -> Result<ListFiltersResponse, Failure> {
    let pager = call.page(100, request.max_results, request.next_token.as_deref())?;
    let filters: Vec<(String, Filter)> = call.documents(&call.home, FILTER).await?;
    let mut shown = Vec::new();
    for (_, filter) in filters {
        let arn = filter_arn(call, &filter.id, &filter.home);
        let by_arn = request.arns.as_ref().is_none_or(|arns| arns.contains(&arn));
        let by_action = request.action.as_ref().is_none_or(|action| action_of(action) == filter.action);
        if by_arn && by_action {
            shown.push(show(filter, arn)?);
        }
    }
    shown.sort_by(|left, right| (&left.name, &left.arn).cmp(&(&right.name, &right.arn)));
    let (filters, next_token) = pager.part(shown)?;
    Ok(ListFiltersResponse { filters, next_token })
}

/// Removes a filter; what it suppressed and no other rule matches becomes active again.
pub(crate) async fn delete(
    call: &Call<'_>,
    request: DeleteFilterRequest,
) -> Result<DeleteFilterResponse, Failure> {
    let id = owned(call, &request.arn)?;
    let stored: Option<Filter> = call.document(&call.home, FILTER, &id).await?;
    let Some(filter) = stored else { return Err(unknown(&request.arn)) };
    may_suppress(call, filter.action).await?;
    if !call.store().delete_document(&call.home, FILTER, &id).await? {
        return Err(unknown(&request.arn));
    }
    Ok(DeleteFilterResponse { arn: request.arn })
}

/// The id in the ARN of one of the caller's filters.
pub(crate) fn owned(call: &Call<'_>, arn: &str) -> Result<String, Failure> {
    let prefix = filter_arn(call, &FilterId::from(""), &call.home);
    let id = arn.strip_prefix(&prefix).filter(|id| !id.is_empty() && !id.contains('/'));
    id.map(str::to_owned).ok_or_else(|| unknown(arn))
}

fn filter_arn(call: &Call<'_>, id: &FilterId, home: &Home) -> String {
    let region = Home { account: home.account.clone(), region: call.home.region.clone() };
    arn(&region, &format!("owner/{}/filter/{id}", home.account))
}

fn unknown(arn: &str) -> Failure {
    Failure::NotFound(format!("there is no filter `{arn}`"))
}

fn taken(name: &str) -> Failure {
    Failure::BadRequest(format!("a filter named `{name}` exists already"))
}

/// Members have no suppression rules of their own.
async fn may_suppress(call: &Call<'_>, action: Action) -> Result<(), Failure> {
    if action == Action::Suppress && matches!(call.relation().await?, Relation::Member(_)) {
        return Err(Failure::Denied("suppression rules belong to the delegated administrator".to_owned()));
    }
    Ok(())
}

fn action_of(action: &FilterAction) -> Action {
    if *action == FilterAction::Suppress { Action::Suppress } else { Action::None }
}

fn criteria_document(call: &Call<'_>, member: &str) -> Value {
    call.input.get(member).cloned().unwrap_or_default()
}

fn show(filter: Filter, arn: String) -> Result<Shown, Failure> {
    let shown: FilterCriteria = crate::call::read(&filter.document, FILTER)?;
    Ok(Shown {
        action: if filter.action == Action::Suppress { FilterAction::Suppress } else { FilterAction::None },
        arn,
        created_at: filter.created_at.into(),
        criteria: shown,
        description: filter.description,
        name: filter.name,
        owner_id: filter.owner.to_string(),
        reason: filter.reason,
        tags: Some(filter.tags),
        updated_at: filter.updated_at.into(),
    })
}

/// Refuses too many tags.
pub(crate) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Failure> {
    if tags.len() > TAGS {
        return Err(Failure::Invalid(format!("there can be {TAGS} tags at most")));
    }
    Ok(())
}

/// Random hexadecimal digits of a number of bytes.
pub(crate) fn new_id(bytes: usize) -> Result<String, Failure> {
    let mut random = vec![0; bytes];
    let filled = SystemRandom::new().fill(&mut random);
    filled.map_err(|_| Failure::Internal("the operating system gives no random bytes".to_owned()))?;
    Ok(hex(&random))
}

/// The owner in ARNs of organization-wide things: the organization's id where it is known, else the account.
pub(crate) fn owner(call: &Call<'_>, known: Option<&Known>) -> String {
    match known {
        Some(known) if !known.organization.id.is_empty() => known.organization.id.clone(),
        _ => call.home.account.to_string(),
    }
}
