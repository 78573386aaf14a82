//! One handler per operation, a file per group.

mod account;
mod cis;
mod code_integration;
mod code_scan;
mod configuration;
mod connectors;
mod coverage;
mod deep_inspection;
mod encryption;
mod filters;
mod findings;
mod on_demand;
mod organization;
mod reports;
mod sbom;
mod tags;
mod usage;

use crate::call::Call;
use crate::documents::{ANSWER, Remembered};
use crate::failure::Failure;
use crate::page::hex;
use jiff::SignedDuration;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// How long an answer is remembered for its token.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Answers a call whose input was checked. The same idempotency token repeats the first answer.
pub(crate) async fn answer(call: &Call<'_>) -> Result<Value, Failure> {
    let token = call.operation.token.and_then(|name| call.input.get(name)?.as_str());
    let Some(token) = token.map(|token| hex(&Sha256::digest(format!("{}\n{token}", call.operation.name))))
    else {
        return dispatch(call).await;
    };
    let remembered: Option<Remembered> = call.document(&call.home, ANSWER, &token).await?;
    if let Some(remembered) = remembered.filter(|old| call.now.duration_since(old.at) < REMEMBERED) {
        return Ok(remembered.answer);
    }
    let answer = dispatch(call).await?;
    let remember = |_| Ok((Remembered { at: call.now, answer: answer.clone() }, ()));
    call.change::<Remembered, ()>(&call.home, ANSWER, &token, remember).await?;
    Ok(answer)
}

macro_rules! handlers {
    ($call:ident; $($operation:literal => $handler:path,)*) => {
        match $call.operation.name {
            $($operation => write($handler($call, read($call.input.clone())?).await?),)*
            _ => Err(Failure::UnknownOperation),
        }
    };
}

async fn dispatch(call: &Call<'_>) -> Result<Value, Failure> {
    handlers! { call;
        "Enable" => account::enable,
        "Disable" => account::disable,
        "BatchGetAccountStatus" => account::status,
        "ListAccountPermissions" => account::permissions,
        "BatchGetFreeTrialInfo" => usage::free_trial,
        "ListUsageTotals" => usage::totals,
        "GetConfiguration" => configuration::get,
        "UpdateConfiguration" => configuration::update,
        "ListFindings" => findings::list,
        "ListFindingAggregations" => findings::aggregate,
        "BatchGetFindingDetails" => findings::details,
        "BatchGetCodeSnippet" => findings::snippets,
        "SearchVulnerabilities" => findings::search,
        "CreateFilter" => filters::create,
        "UpdateFilter" => filters::update,
        "ListFilters" => filters::list,
        "DeleteFilter" => filters::delete,
        "ListCoverage" => coverage::list,
        "ListCoverageStatistics" => coverage::statistics,
        "GetClustersForImage" => coverage::clusters,
        "CreateFindingsReport" => reports::create_findings,
        "GetFindingsReportStatus" => reports::get_findings,
        "CancelFindingsReport" => reports::cancel_findings,
        "CreateSbomExport" => reports::create_sbom,
        "GetSbomExport" => reports::get_sbom,
        "CancelSbomExport" => reports::cancel_sbom,
        "CreateCodeSecurityIntegration" => code_integration::create,
        "GetCodeSecurityIntegration" => code_integration::get,
        "ListCodeSecurityIntegrations" => code_integration::list,
        "UpdateCodeSecurityIntegration" => code_integration::update,
        "DeleteCodeSecurityIntegration" => code_integration::delete,
        "CreateCodeSecurityScanConfiguration" => code_scan::create,
        "GetCodeSecurityScanConfiguration" => code_scan::get,
        "ListCodeSecurityScanConfigurations" => code_scan::list,
        "UpdateCodeSecurityScanConfiguration" => code_scan::update,
        "DeleteCodeSecurityScanConfiguration" => code_scan::delete,
        "BatchAssociateCodeSecurityScanConfiguration" => code_scan::associate,
        "BatchDisassociateCodeSecurityScanConfiguration" => code_scan::disassociate,
        "ListCodeSecurityScanConfigurationAssociations" => code_scan::associations,
        "StartCodeSecurityScan" => code_scan::start,
        "GetCodeSecurityScan" => code_scan::scan,
        "EnableDelegatedAdminAccount" => organization::enable_administrator,
        "DisableDelegatedAdminAccount" => organization::disable_administrator,
        "GetDelegatedAdminAccount" => organization::administrator,
        "ListDelegatedAdminAccounts" => organization::administrators,
        "DescribeOrganizationConfiguration" => organization::describe,
        "UpdateOrganizationConfiguration" => organization::update,
        "AssociateMember" => organization::associate,
        "DisassociateMember" => organization::disassociate,
        "GetMember" => organization::member,
        "ListMembers" => organization::members,
        "GetEc2DeepInspectionConfiguration" => deep_inspection::get,
        "UpdateEc2DeepInspectionConfiguration" => deep_inspection::update,
        "UpdateOrgEc2DeepInspectionConfiguration" => deep_inspection::update_organization,
        "BatchGetMemberEc2DeepInspectionStatus" => deep_inspection::member_status,
        "BatchUpdateMemberEc2DeepInspectionStatus" => deep_inspection::update_members,
        "GetEncryptionKey" => encryption::get,
        "UpdateEncryptionKey" => encryption::update,
        "ResetEncryptionKey" => encryption::reset,
        "ListTagsForResource" => tags::list,
        "TagResource" => tags::tag,
        "UntagResource" => tags::untag,
        "CreateCisScanConfiguration" => cis::unavailable,
        "UpdateCisScanConfiguration" => cis::no_configuration,
        "DeleteCisScanConfiguration" => cis::no_configuration,
        "ListCisScanConfigurations" => cis::configurations,
        "ListCisScans" => cis::scans,
        "ListCisScanResultsAggregatedByChecks" => cis::no_scan,
        "ListCisScanResultsAggregatedByTargetResource" => cis::no_scan,
        "GetCisScanResultDetails" => cis::no_scan,
        "GetCisScanReport" => cis::no_scan,
        "StartCisSession" => cis::no_session,
        "SendCisSessionTelemetry" => cis::no_session,
        "SendCisSessionHealth" => cis::no_session,
        "StopCisSession" => cis::no_session,
        "StartOnDemandScan" => on_demand::unavailable,
        "GetOnDemandScanStatus" => on_demand::no_scan,
        "ListOnDemandScans" => on_demand::scans,
        "CreateConnector" => connectors::unavailable,
        "UpdateConnector" => connectors::no_connector,
        "DeleteConnector" => connectors::no_connector,
        "ListConnectors" => connectors::list,
        "ListConnectorScanConfigurations" => connectors::configurations,
        "UpdateConnectorScanConfiguration" => connectors::no_connector,
        "ScanSbom" => sbom::scan,
    }
}

/// The input as its shape. It was checked, so that this fails only where the generator is wrong.
fn read<T: DeserializeOwned>(input: Value) -> Result<T, Failure> {
    serde_json::from_value(input).map_err(|error| Failure::CannotParse(error.to_string()))
}

fn write<T: Serialize>(answer: T) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(|error| Failure::Internal(error.to_string()))
}
