//! Scans of machine images on request (tier 3). None can be started.

use crate::call::Call;
use crate::failure::Failure;
use serde_json::Value;
use yagura_formats::inspector2::shapes::ListOnDemandScansResponse;

/// No scan can be started.
pub(crate) async fn unavailable(_: &Call<'_>, _: Value) -> Result<Value, Failure> {
    Err(Failure::Invalid("on-demand scans of machine images are not available".to_owned()))
}

/// No scan exists.
pub(crate) async fn no_scan(_: &Call<'_>, input: Value) -> Result<Value, Failure> {
    let id = input.get("scanId").and_then(Value::as_str).unwrap_or_default();
    Err(Failure::NotFound(format!("there is no on-demand scan `{id}`")))
}

/// None.
pub(crate) async fn scans(_: &Call<'_>, _: Value) -> Result<ListOnDemandScansResponse, Failure> {
    Ok(ListOnDemandScansResponse { items: Vec::new(), next_token: None })
}
