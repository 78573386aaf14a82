//! `awsJson1_0` and `awsJson1_1`: POST to one place, the operation in a header.

use super::unreadable;
use crate::aws::send::{Call, Operation, Protocol};
use crate::aws::{Aws, AwsError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Sends an input and reads the output.
pub(in crate::aws) async fn call<I, O>(
    aws: &Aws,
    operation: &'static Operation,
    input: &I,
) -> Result<O, AwsError>
where
    I: Serialize + Sync,
    O: DeserializeOwned,
{
    let service = operation.service;
    let version = if service.protocol == Protocol::Json10 { "1.0" } else { "1.1" };
    let call = Call {
        path: "/".to_owned(),
        headers: vec![
            ("content-type".to_owned(), format!("application/x-amz-json-{version}")),
            ("x-amz-target".to_owned(), format!("{}.{}", service.target, operation.name)),
        ],
        body: body(operation, input)?,
        ..Call::default()
    };
    read(operation, &aws.send(operation, &call).await?.body)
}

/// An input as a document.
pub(super) fn body<I: Serialize>(operation: &Operation, input: &I) -> Result<Vec<u8>, AwsError> {
    serde_json::to_vec(input)
        .map_err(|error| AwsError::Request { action: operation.action, detail: error.to_string() })
}

/// A document as an output; nothing is an empty one.
pub(super) fn read<O: DeserializeOwned>(operation: &Operation, body: &[u8]) -> Result<O, AwsError> {
    let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| unreadable(operation, error))
}
