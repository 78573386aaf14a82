//! What is scanned, and what is not (section 17 of the rules).

use crate::call::Call;
use crate::failure::Failure;
use yagura_formats::inspector2::coverage::{self, covered};
use yagura_formats::inspector2::shapes::{
    Counts, GetClustersForImageRequest, GetClustersForImageResponse, GroupKey, ListCoverageRequest,
    ListCoverageResponse, ListCoverageStatisticsRequest, ListCoverageStatisticsResponse,
};
use yagura_model::{ResourceDetails, ResourceId, ResourceKind};
use yagura_store::{CoverageGroup, PageRequest};

/// One entry per resource and kind of scan.
pub(crate) async fn list(
    call: &Call<'_>,
    request: ListCoverageRequest,
) -> Result<ListCoverageResponse, Failure> {
    let pager = call.page(200, request.max_results, request.next_token.as_deref())?;
    let page = PageRequest { limit: pager.limit, after: pager.after.clone() };
    let page = call.store().coverage(&call.homes().await?, &call.criteria("filterCriteria"), &page).await?;
    let covered = page.items.iter().map(|row| covered(&row.coverage, &row.resource));
    Ok(ListCoverageResponse {
        covered_resources: Some(covered.collect()),
        next_token: pager.token(page.next),
    })
}

/// How many entries match, in all and by group. The group's value travels in `groupKey`.
pub(crate) async fn statistics(
    call: &Call<'_>,
    request: ListCoverageStatisticsRequest,
) -> Result<ListCoverageStatisticsResponse, Failure> {
    let pager = call.page(1000, None, request.next_token.as_deref())?;
    let homes = call.homes().await?;
    let wanted = call.criteria("filterCriteria");
    let group = request.group_by.as_ref().and_then(group);
    let counted = call.store().count_coverage(&homes, &wanted, group).await?;
    let total = counted.iter().filter(|(value, _)| value.is_empty()).map(|(_, count)| *count).sum();
    let mut groups: Vec<(String, u64)> = counted.into_iter().filter(|(value, _)| !value.is_empty()).collect();
    match &request.group_by {
        Some(GroupKey::ResourceType) => {
            for (value, _) in &mut groups {
                if let Some(kind) = ResourceKind::from_word(value) {
                    *value = kind.resource_type().to_owned();
                }
            }
        }
        // Everything here is in one cloud, in the region that was asked; the organization is not known.
        Some(GroupKey::Provider) => groups = vec![("AWS".to_owned(), total)],
        Some(GroupKey::ProviderRegion) => groups = vec![(call.home.region.to_string(), total)],
        Some(GroupKey::ProviderOrgId) => groups.clear(),
        _ => {}
    }
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let counts = groups
        .into_iter()
        .map(|(value, count)| Counts { count: Some(number(count)), group_key: Some(GroupKey::from(value)) });
    let (counts, next_token) = pager.part(counts.collect())?;
    let counts_by_group = request.group_by.is_some().then_some(counts);
    Ok(ListCoverageStatisticsResponse { counts_by_group, next_token, total_counts: number(total) })
}

fn group(key: &GroupKey) -> Option<CoverageGroup> {
    match key {
        GroupKey::ScanStatusCode => Some(CoverageGroup::Status),
        GroupKey::ScanStatusReason => Some(CoverageGroup::Reason),
        GroupKey::AccountId | GroupKey::ProviderAccountId => Some(CoverageGroup::Account),
        GroupKey::ResourceType => Some(CoverageGroup::Kind),
        GroupKey::EcrRepositoryName => Some(CoverageGroup::Repository),
        _ => None,
    }
}

/// Where an image runs or ran.
pub(crate) async fn clusters(
    call: &Call<'_>,
    request: GetClustersForImageRequest,
) -> Result<GetClustersForImageResponse, Failure> {
    let pager = call.page(100, request.max_results, request.next_token.as_deref())?;
    let mut found = Vec::new();
    for home in call.homes().await? {
        let id =
            ResourceId { home, kind: ResourceKind::Image, name: request.filter.resource_id.as_str().into() };
        if let Some(resource) = call.store().resource(&id).await?
            && let ResourceDetails::Image(image) = &resource.details
        {
            found.extend(coverage::clusters(&image.uses));
        }
    }
    let (cluster, next_token) = pager.part(found)?;
    Ok(GetClustersForImageResponse { cluster, next_token })
}
