//! The key that code snippets are encrypted with.

use crate::call::Call;
use crate::documents::{ENCRYPTION_KEY, EncryptionKey};
use crate::failure::Failure;
use yagura_formats::inspector2::shapes::{
    GetEncryptionKeyRequest, GetEncryptionKeyResponse, ResetEncryptionKeyRequest, ResetEncryptionKeyResponse,
    ResourceType, ScanType, UpdateEncryptionKeyRequest, UpdateEncryptionKeyResponse,
};

/// The customer's key; not found means that the service's own is in use.
pub(crate) async fn get(
    call: &Call<'_>,
    request: GetEncryptionKeyRequest,
) -> Result<GetEncryptionKeyResponse, Failure> {
    let id = id(&request.scan_type, &request.resource_type)?;
    let stored: Option<EncryptionKey> = call.document(&call.home, ENCRYPTION_KEY, id).await?;
    let stored = stored.ok_or_else(|| Failure::NotFound(format!("no customer key is set for {id}")))?;
    Ok(GetEncryptionKeyResponse { kms_key_id: stored.kms_key })
}

/// Sets the customer's key.
pub(crate) async fn update(
    call: &Call<'_>,
    request: UpdateEncryptionKeyRequest,
) -> Result<UpdateEncryptionKeyResponse, Failure> {
    let id = id(&request.scan_type, &request.resource_type)?;
    let set = |_: Option<EncryptionKey>| Ok((EncryptionKey { kms_key: request.kms_key_id.clone() }, ()));
    call.change(&call.home, ENCRYPTION_KEY, id, set).await?;
    Ok(UpdateEncryptionKeyResponse {})
}

/// Returns to the service's own key.
pub(crate) async fn reset(
    call: &Call<'_>,
    request: ResetEncryptionKeyRequest,
) -> Result<ResetEncryptionKeyResponse, Failure> {
    let id = id(&request.scan_type, &request.resource_type)?;
    call.store().delete_document(&call.home, ENCRYPTION_KEY, id).await?;
    Ok(ResetEncryptionKeyResponse {})
}

fn id(scan: &ScanType, resource: &ResourceType) -> Result<&'static str, Failure> {
    match (scan, resource) {
        (ScanType::Code, ResourceType::AwsLambdaFunction) => Ok("AWS_LAMBDA_FUNCTION"),
        (ScanType::Code, ResourceType::CodeRepository) => Ok("CODE_REPOSITORY"),
        _ => Err(Failure::Invalid(
            "keys are for CODE scans of AWS_LAMBDA_FUNCTION or CODE_REPOSITORY".to_owned(),
        )),
    }
}
