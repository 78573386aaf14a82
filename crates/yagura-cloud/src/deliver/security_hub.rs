//! Security Hub: `BatchImportFindings`, a hundred findings in ASFF and 6 MB at a time.
//!
//! Limits: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>. Importing a finding
//! again updates it.

use super::Undelivered;
use crate::aws::services::securityhub;
use crate::aws::{Aws, AwsError};
use serde_json::Value;
use std::collections::BTreeMap;

/// Findings of one request.
const FINDINGS: usize = 100;
/// Bytes of one finding.
const FINDING_BYTES: usize = 240 << 10;
/// Bytes of one request.
const REQUEST_BYTES: usize = 6_000_000;

/// Imports findings and answers with those that were not taken.
///
/// # Errors
/// Security Hub is not enabled, denies, or cannot be reached; then some findings may have arrived.
pub async fn import(aws: &Aws, findings: &[Value]) -> Result<Vec<Undelivered>, AwsError> {
    let mut refused = Vec::new();
    let mut batch: Vec<usize> = Vec::new();
    let mut bytes = 0;
    for (index, finding) in findings.iter().enumerate() {
        let size = finding.to_string().len();
        if size > FINDING_BYTES {
            refused.push(Undelivered {
                index,
                code: "FindingTooLarge".to_owned(),
                message: format!("{size} bytes, Security Hub takes {FINDING_BYTES}"),
                again: false,
            });
            continue;
        }
        if batch.len() >= FINDINGS || bytes + size > REQUEST_BYTES {
            refused.extend(send(aws, findings, &batch).await?);
            batch.clear();
            bytes = 0;
        }
        batch.push(index);
        bytes += size;
    }
    if !batch.is_empty() {
        refused.extend(send(aws, findings, &batch).await?);
    }
    refused.sort_by_key(|failure| failure.index);
    Ok(refused)
}

async fn send(aws: &Aws, findings: &[Value], batch: &[usize]) -> Result<Vec<Undelivered>, AwsError> {
    let chosen: Vec<Value> = batch.iter().filter_map(|&index| findings.get(index).cloned()).collect();
    let by_id: BTreeMap<String, usize> = batch
        .iter()
        .filter_map(|&index| Some((findings.get(index)?.get("Id")?.as_str()?.to_owned(), index)))
        .collect();
    let input = securityhub::BatchImportFindingsRequest { findings: chosen };
    let answer = securityhub::batch_import_findings(aws, &input).await?;
    let failure = |failed: securityhub::ImportFindingsError| {
        let code = failed.error_code.unwrap_or_default();
        let again = code.contains("Internal") || code.contains("Throttl");
        let index = failed.id.and_then(|id| by_id.get(&id).copied())?;
        Some(Undelivered { index, code, message: failed.error_message.unwrap_or_default(), again })
    };
    Ok(answer.failed_findings.into_iter().filter_map(failure).collect())
}
