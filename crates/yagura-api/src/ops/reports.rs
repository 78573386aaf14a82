//! Findings reports and SBOM exports (section 18 of the rules). A request is an intent; a loop writes the objects.

use crate::call::Call;
use crate::documents::{FINDINGS_REPORT, Report, SBOM_EXPORT};
use crate::failure::Failure;
use crate::http::request_id;
use jiff::SignedDuration;
use serde_json::Value;
use yagura_formats::inspector2::shapes::{
    CancelFindingsReportRequest, CancelFindingsReportResponse, CancelSbomExportRequest,
    CancelSbomExportResponse, CreateFindingsReportRequest, CreateFindingsReportResponse,
    CreateSbomExportRequest, CreateSbomExportResponse, GetFindingsReportStatusRequest,
    GetFindingsReportStatusResponse, GetSbomExportRequest, GetSbomExportResponse,
};

/// A report that is older is abandoned.
const ABANDONED: SignedDuration = SignedDuration::from_hours(12);

/// Asks for a report; one at a time.
pub(crate) async fn create_findings(
    call: &Call<'_>,
    request: CreateFindingsReportRequest,
) -> Result<CreateFindingsReportResponse, Failure> {
    let id = create(call, FINDINGS_REPORT, request.report_format.as_str(), "filterCriteria").await?;
    Ok(CreateFindingsReportResponse { report_id: Some(id) })
}

/// How a report is doing: the one that is named, else the latest.
pub(crate) async fn get_findings(
    call: &Call<'_>,
    request: GetFindingsReportStatusRequest,
) -> Result<GetFindingsReportStatusResponse, Failure> {
    let (id, report) = find(call, FINDINGS_REPORT, request.report_id.as_deref()).await?;
    Ok(GetFindingsReportStatusResponse {
        destination: shape(&report.destination)?,
        error_code: report.error_code.map(Into::into),
        error_message: report.error_message,
        filter_criteria: shape(&report.criteria)?,
        report_id: Some(id),
        status: Some(report.status.into()),
    })
}

/// Stops a report that runs.
pub(crate) async fn cancel_findings(
    call: &Call<'_>,
    request: CancelFindingsReportRequest,
) -> Result<CancelFindingsReportResponse, Failure> {
    cancel(call, FINDINGS_REPORT, &request.report_id).await?;
    Ok(CancelFindingsReportResponse { report_id: request.report_id })
}

/// Asks for SBOMs, one object per resource.
pub(crate) async fn create_sbom(
    call: &Call<'_>,
    request: CreateSbomExportRequest,
) -> Result<CreateSbomExportResponse, Failure> {
    let id = create(call, SBOM_EXPORT, request.report_format.as_str(), "resourceFilterCriteria").await?;
    Ok(CreateSbomExportResponse { report_id: Some(id) })
}

/// How an export is doing.
pub(crate) async fn get_sbom(
    call: &Call<'_>,
    request: GetSbomExportRequest,
) -> Result<GetSbomExportResponse, Failure> {
    let (id, report) = find(call, SBOM_EXPORT, Some(&request.report_id)).await?;
    Ok(GetSbomExportResponse {
        error_code: report.error_code.map(Into::into),
        error_message: report.error_message,
        filter_criteria: shape(&report.criteria)?,
        format: Some(report.format.into()),
        report_id: Some(id),
        s3_destination: shape(&report.destination)?,
        status: Some(report.status.into()),
    })
}

/// Stops an export that runs.
pub(crate) async fn cancel_sbom(
    call: &Call<'_>,
    request: CancelSbomExportRequest,
) -> Result<CancelSbomExportResponse, Failure> {
    cancel(call, SBOM_EXPORT, &request.report_id).await?;
    Ok(CancelSbomExportResponse { report_id: Some(request.report_id) })
}

async fn create(call: &Call<'_>, kind: &str, format: &str, criteria: &str) -> Result<String, Failure> {
    let stored: Vec<(String, Report)> = call.documents(&call.home, kind).await?;
    let runs = |report: &Report| {
        report.status == "IN_PROGRESS" && call.now.duration_since(report.created_at) < ABANDONED
    };
    if stored.iter().any(|(_, report)| runs(report)) {
        return Err(Failure::Invalid("Cannot have multiple reports in-progress".to_owned()));
    }
    let member = |name: &str| call.input.get(name).cloned().unwrap_or(Value::Null);
    let report = Report {
        status: "IN_PROGRESS".to_owned(),
        format: format.to_owned(),
        destination: member("s3Destination"),
        criteria: member(criteria),
        error_code: None,
        error_message: None,
        created_at: call.now,
        updated_at: call.now,
    };
    let id = request_id();
    call.create(&call.home, kind, &id, &report).await?;
    Ok(id)
}

async fn find(call: &Call<'_>, kind: &str, id: Option<&str>) -> Result<(String, Report), Failure> {
    let found = match id {
        Some(id) => {
            let report: Option<Report> = call.document(&call.home, kind, id).await?;
            report.map(|report| (id.to_owned(), report))
        }
        None => {
            let all: Vec<(String, Report)> = call.documents(&call.home, kind).await?;
            all.into_iter().max_by_key(|(_, report)| (report.status == "IN_PROGRESS", report.created_at))
        }
    };
    found.ok_or_else(|| unknown(id.unwrap_or("any")))
}

async fn cancel(call: &Call<'_>, kind: &str, id: &str) -> Result<(), Failure> {
    let now = call.now;
    call.change(&call.home, kind, id, |stored: Option<Report>| {
        let mut report = stored.ok_or_else(|| unknown(id))?;
        if report.status != "IN_PROGRESS" {
            return Err(Failure::Invalid(format!("the report `{id}` is {} already", report.status)));
        }
        report.status = "CANCELLED".to_owned();
        report.updated_at = now;
        Ok((report, ()))
    })
    .await
}

fn unknown(id: &str) -> Failure {
    Failure::NotFound(format!("there is no report `{id}`"))
}

fn shape<T: serde::de::DeserializeOwned>(stored: &Value) -> Result<Option<T>, Failure> {
    if stored.is_null() { Ok(None) } else { crate::call::read(stored, "report").map(Some) }
}
