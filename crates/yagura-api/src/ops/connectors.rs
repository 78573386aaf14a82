//! Connectors to other clouds (tier 3). None can be made.

use crate::call::Call;
use crate::failure::Failure;
use serde_json::Value;
use yagura_formats::inspector2::shapes::{ListConnectorScanConfigurationsResponse, ListConnectorsResponse};

/// No connector can be made.
pub(crate) async fn unavailable(_: &Call<'_>, _: Value) -> Result<Value, Failure> {
    Err(Failure::Invalid("connectors to other clouds are not available".to_owned()))
}

/// No connector exists.
pub(crate) async fn no_connector(_: &Call<'_>, input: Value) -> Result<Value, Failure> {
    let names = ["connectorArn", "awsConfigConnectorArn"];
    let arn = names.iter().find_map(|name| input.get(*name)?.as_str()).unwrap_or_default();
    Err(Failure::NotFound(format!("there is no connector `{arn}`")))
}

/// None.
pub(crate) async fn list(_: &Call<'_>, _: Value) -> Result<ListConnectorsResponse, Failure> {
    Ok(ListConnectorsResponse { items: Vec::new(), next_token: None })
}

/// None.
pub(crate) async fn configurations(
    _: &Call<'_>,
    _: Value,
) -> Result<ListConnectorScanConfigurationsResponse, Failure> {
    Ok(ListConnectorScanConfigurationsResponse { next_token: None, scan_configurations: Vec::new() })
}
