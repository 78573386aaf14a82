//! Findings: lists, groups, details, snippets, and the vulnerability database (sections 10 to 16 of the rules).

use crate::call::Call;
use crate::documents::{SNIPPET, Snippet};
use crate::failure::Failure;
use serde_json::Value;
use std::collections::BTreeSet;
use yagura_formats::inspector2::finding::finding;
use yagura_formats::inspector2::shapes::{
    BatchGetCodeSnippetRequest, BatchGetCodeSnippetResponse, BatchGetFindingDetailsRequest,
    BatchGetFindingDetailsResponse, CodeLine, CodeSnippetError, CodeSnippetErrorCode, CodeSnippetResult,
    FindingDetailsError, FindingDetailsErrorCode, ListFindingAggregationsRequest,
    ListFindingAggregationsResponse, ListFindingsRequest, ListFindingsResponse, SearchVulnerabilitiesRequest,
    SearchVulnerabilitiesResponse, SortField, SortOrder, SuggestedFix,
};
use yagura_formats::inspector2::vulnerability::{finding_detail, vulnerability};
use yagura_formats::inspector2::words::finding_of;
use yagura_model::{Cause, Field};
use yagura_store::{AggregateRequest, FindingRow, PageRequest, Sort};

#[path = "aggregation.rs"]
mod aggregation;

/// Findings that match, of the caller and its members.
pub(crate) async fn list(
    call: &Call<'_>,
    request: ListFindingsRequest,
) -> Result<ListFindingsResponse, Failure> {
    let pager = call.page(100, request.max_results, request.next_token.as_deref())?;
    let wanted = call.criteria("filterCriteria");
    let sort = match &request.sort_criteria {
        None => Sort::default(),
        Some(sort) => {
            Sort { field: Some(sort_field(&sort.field)), descending: sort.sort_order == SortOrder::Desc }
        }
    };
    let page = PageRequest { limit: pager.limit, after: pager.after.clone() };
    let page = call.store().findings(&call.homes().await?, &wanted, sort, &page).await?;
    let findings =
        page.items.iter().map(|row| finding(&row.finding, &row.resource, row.vulnerability.as_ref()));
    Ok(ListFindingsResponse { findings: Some(findings.collect()), next_token: pager.token(page.next) })
}

fn sort_field(field: &SortField) -> Field {
    match field {
        SortField::AwsAccountId => Field::Account,
        SortField::FindingType => Field::FindingType,
        SortField::Severity | SortField::Other(_) => Field::Severity,
        SortField::FirstObservedAt => Field::FirstObservedAt,
        SortField::LastObservedAt => Field::LastObservedAt,
        SortField::FindingStatus => Field::FindingStatus,
        SortField::ResourceType => Field::ResourceType,
        SortField::EcrImagePushedAt => Field::ImagePushedAt,
        SortField::EcrImageRepositoryName => Field::ImageRepository,
        SortField::EcrImageRegistry => Field::ImageRegistry,
        SortField::NetworkProtocol => Field::NetworkProtocol,
        SortField::ComponentType => Field::ComponentType,
        SortField::VulnerabilityId => Field::VulnerabilityId,
        SortField::VulnerabilitySource => Field::VulnerabilitySource,
        SortField::InspectorScore => Field::InspectorScore,
        SortField::VendorSeverity => Field::VendorSeverity,
        SortField::EpssScore => Field::EpssScore,
    }
}

/// Active findings by group.
pub(crate) async fn aggregate(
    call: &Call<'_>,
    request: ListFindingAggregationsRequest,
) -> Result<ListFindingAggregationsResponse, Failure> {
    let pager = call.page(100, request.max_results, request.next_token.as_deref())?;
    let kind = &request.aggregation_type;
    let asked =
        call.input.get("aggregationRequest").and_then(Value::as_object).and_then(|union| union.iter().next());
    if asked.is_some_and(|(member, _)| aggregation::member_of(kind) != Some(member.as_str())) {
        return Err(Failure::Invalid("`aggregationRequest` is not of `aggregationType`".to_owned()));
    }
    let detail = asked.map(|(_, detail)| detail.clone()).unwrap_or_default();
    // Virtual machines, images and functions of other clouds: none is known.
    let Some(by) = aggregation::by(kind) else {
        return Ok(ListFindingAggregationsResponse {
            aggregation_type: kind.clone(),
            next_token: None,
            responses: Some(Vec::new()),
        });
    };
    let asked = AggregateRequest {
        homes: call.homes().await?,
        by,
        criteria: aggregation::criteria(&detail, call.input.get("accountIds")),
        order: aggregation::order(&detail),
        descending: detail.get("sortOrder").and_then(Value::as_str) != Some("ASC"),
    };
    let page = PageRequest { limit: pager.limit, after: pager.after.clone() };
    let page = call.store().aggregate(&asked, &page).await?;
    let responses = page.items.iter().filter_map(|group| aggregation::response(by, group)).collect();
    Ok(ListFindingAggregationsResponse {
        aggregation_type: kind.clone(),
        next_token: pager.token(page.next),
        responses: Some(responses),
    })
}

/// One finding that the caller may see, or why not: no such ARN, somebody else's, or unknown.
enum Looked {
    Found(Box<FindingRow>),
    Invalid,
    Denied,
    Unknown,
}

async fn look(call: &Call<'_>, arn: &str) -> Result<Looked, Failure> {
    let Some((home, id)) = finding_of(arn) else { return Ok(Looked::Invalid) };
    if !call.homes().await?.contains(&home) {
        return Ok(Looked::Denied);
    }
    let row = call.store().finding(&id).await?.filter(|row| row.finding.resource.home == home);
    Ok(row.map_or(Looked::Unknown, |row| Looked::Found(Box::new(row))))
}

/// Intelligence about the vulnerabilities of findings.
pub(crate) async fn details(
    call: &Call<'_>,
    request: BatchGetFindingDetailsRequest,
) -> Result<BatchGetFindingDetailsResponse, Failure> {
    let (mut finding_details, mut errors) = (Vec::new(), Vec::new());
    for arn in request.finding_arns {
        let (code, message) = match look(call, &arn).await? {
            Looked::Found(row) => match &row.vulnerability {
                Some(facts) => {
                    finding_details.push(finding_detail(&arn, facts));
                    continue;
                }
                None => (
                    FindingDetailsErrorCode::FindingDetailsNotFound,
                    "the finding is not about a known vulnerability",
                ),
            },
            Looked::Invalid => (FindingDetailsErrorCode::InvalidInput, "this is not the ARN of a finding"),
            Looked::Denied => {
                (FindingDetailsErrorCode::AccessDenied, "the finding belongs to another account or region")
            }
            Looked::Unknown => (FindingDetailsErrorCode::FindingDetailsNotFound, "there is no such finding"),
        };
        let error_message = message.to_owned();
        errors.push(FindingDetailsError { error_code: code, error_message, finding_arn: arn });
    }
    Ok(BatchGetFindingDetailsResponse { errors: Some(errors), finding_details: Some(finding_details) })
}

/// Lines of source around code findings; the administrator does not see those of members.
pub(crate) async fn snippets(
    call: &Call<'_>,
    request: BatchGetCodeSnippetRequest,
) -> Result<BatchGetCodeSnippetResponse, Failure> {
    let (mut results, mut errors) = (Vec::new(), Vec::new());
    for arn in request.finding_arns {
        let (code, message) = match look(call, &arn).await? {
            Looked::Found(row) if row.finding.resource.home != call.home => {
                (CodeSnippetErrorCode::AccessDenied, "snippets are shown to their own account only")
            }
            Looked::Found(row) => match snippet(call, &arn, &row).await? {
                Some(result) => {
                    results.push(result);
                    continue;
                }
                None => (CodeSnippetErrorCode::CodeSnippetNotFound, "no source is stored for this finding"),
            },
            Looked::Invalid => (CodeSnippetErrorCode::InvalidInput, "this is not the ARN of a finding"),
            Looked::Denied => {
                (CodeSnippetErrorCode::AccessDenied, "the finding belongs to another account or region")
            }
            Looked::Unknown => (CodeSnippetErrorCode::CodeSnippetNotFound, "there is no such finding"),
        };
        errors.push(CodeSnippetError {
            error_code: code,
            error_message: message.to_owned(),
            finding_arn: arn,
        });
    }
    Ok(BatchGetCodeSnippetResponse { code_snippet_results: Some(results), errors: Some(errors) })
}

async fn snippet(call: &Call<'_>, arn: &str, row: &FindingRow) -> Result<Option<CodeSnippetResult>, Failure> {
    let Cause::Code(cause) = &row.finding.cause else { return Ok(None) };
    let stored: Option<Snippet> = call.document(&call.home, SNIPPET, row.finding.id.as_str()).await?;
    let number = |line: u32| i32::try_from(line).unwrap_or(i32::MAX);
    Ok(stored.map(|stored| CodeSnippetResult {
        code_snippet: Some(
            stored
                .lines
                .into_iter()
                .map(|(line, content)| CodeLine { content, line_number: number(line) })
                .collect(),
        ),
        end_line: Some(number(cause.lines.1)),
        finding_arn: Some(arn.to_owned()),
        start_line: Some(number(cause.lines.0)),
        suggested_fixes: Some(
            stored
                .fixes
                .into_iter()
                .map(|(description, code)| SuggestedFix { code: Some(code), description: Some(description) })
                .collect(),
        ),
    }))
}

/// One CVE of the database; the service must be active here.
pub(crate) async fn search(
    call: &Call<'_>,
    request: SearchVulnerabilitiesRequest,
) -> Result<SearchVulnerabilitiesResponse, Failure> {
    let account = call.store().account(&call.home).await?;
    if account
        .activations
        .values()
        .all(|activation| activation.status == yagura_model::ActivationStatus::Disabled)
    {
        return Err(Failure::Denied("enable a scan type in this region first".to_owned()));
    }
    let advisories = (call.api.advisories)();
    let mut vulnerabilities = Vec::new();
    for id in &request.filter_criteria.vulnerability_ids {
        let facts = match &advisories {
            Some(advisories) => advisories.vulnerability(id),
            None => call.store().facts(id).await?,
        };
        if let Some(facts) = facts {
            let platforms: BTreeSet<String> = facts
                .ratings
                .iter()
                .filter(|rating| rating.source.as_str() != "nvd")
                .map(|rating| yagura_formats::inspector2::words::source(&rating.source))
                .collect();
            vulnerabilities.push(vulnerability(&facts, platforms.into_iter().collect()));
        }
    }
    Ok(SearchVulnerabilitiesResponse { next_token: None, vulnerabilities })
}
