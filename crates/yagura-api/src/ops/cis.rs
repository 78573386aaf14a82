//! CIS scans (tier 3). None can be made, so lists are empty and everything that names one is not found.

use crate::call::Call;
use crate::failure::Failure;
use serde_json::Value;
use yagura_formats::inspector2::shapes::{ListCisScanConfigurationsResponse, ListCisScansResponse};

/// No benchmark can be run.
pub(crate) async fn unavailable(_: &Call<'_>, _: Value) -> Result<Value, Failure> {
    Err(Failure::Invalid("CIS scans are not available: this service runs no CIS benchmark".to_owned()))
}

/// No configuration exists.
pub(crate) async fn no_configuration(_: &Call<'_>, input: Value) -> Result<Value, Failure> {
    let arn = input.get("scanConfigurationArn").and_then(Value::as_str).unwrap_or_default();
    Err(Failure::NotFound(format!("there is no CIS scan configuration `{arn}`")))
}

/// None.
pub(crate) async fn configurations(
    _: &Call<'_>,
    _: Value,
) -> Result<ListCisScanConfigurationsResponse, Failure> {
    Ok(ListCisScanConfigurationsResponse { next_token: None, scan_configurations: Some(Vec::new()) })
}

/// None.
pub(crate) async fn scans(_: &Call<'_>, _: Value) -> Result<ListCisScansResponse, Failure> {
    Ok(ListCisScansResponse { next_token: None, scans: Some(Vec::new()) })
}

/// No scan exists. These calls do not model a missing resource where they list results.
pub(crate) async fn no_scan(call: &Call<'_>, input: Value) -> Result<Value, Failure> {
    let arn = input.get("scanArn").and_then(Value::as_str).unwrap_or_default();
    let message = format!("there is no CIS scan `{arn}`");
    Err(if call.operation.name == "GetCisScanReport" {
        Failure::NotFound(message)
    } else {
        Failure::Invalid(message)
    })
}

/// No session was started.
pub(crate) async fn no_session(_: &Call<'_>, input: Value) -> Result<Value, Failure> {
    let job = input.get("scanJobId").and_then(Value::as_str).unwrap_or_default();
    Err(Failure::Invalid(format!("there is no CIS scan job `{job}`")))
}
