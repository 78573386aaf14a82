//! Tags of filters, code integrations and scan configurations.

use crate::call::Call;
use crate::documents::{FILTER, INTEGRATION, SCAN_CONFIGURATION};
use crate::failure::Failure;
use crate::ops::filters::{TAGS, owned};
use serde_json::Value;
use std::collections::BTreeMap;
use yagura_formats::inspector2::shapes::{
    ListTagsForResourceRequest, ListTagsForResourceResponse, TagResourceRequest, TagResourceResponse,
    UntagResourceRequest, UntagResourceResponse,
};

/// The tags of one thing.
pub(crate) async fn list(
    call: &Call<'_>,
    request: ListTagsForResourceRequest,
) -> Result<ListTagsForResourceResponse, Failure> {
    let (kind, id) = locate(call, &request.resource_arn)?;
    let document: Option<Value> = call.document(&call.home, kind, &id).await?;
    let document = document.ok_or_else(|| unknown(&request.resource_arn))?;
    Ok(ListTagsForResourceResponse { tags: Some(tags_of(&document)) })
}

/// Adds or overwrites tags.
pub(crate) async fn tag(
    call: &Call<'_>,
    request: TagResourceRequest,
) -> Result<TagResourceResponse, Failure> {
    change(call, &request.resource_arn, |tags| tags.extend(request.tags.clone())).await?;
    Ok(TagResourceResponse {})
}

/// Removes tags.
pub(crate) async fn untag(
    call: &Call<'_>,
    request: UntagResourceRequest,
) -> Result<UntagResourceResponse, Failure> {
    change(call, &request.resource_arn, |tags| tags.retain(|key, _| !request.tag_keys.contains(key))).await?;
    Ok(UntagResourceResponse {})
}

async fn change(
    call: &Call<'_>,
    arn: &str,
    edit: impl Fn(&mut BTreeMap<String, String>) + Send + Sync,
) -> Result<(), Failure> {
    let (kind, id) = locate(call, arn)?;
    call.change(&call.home, kind, &id, |stored: Option<Value>| {
        let mut document = stored.ok_or_else(|| unknown(arn))?;
        // A configuration of the organization cannot be tagged.
        if document.get("level").and_then(Value::as_str) == Some("ORGANIZATION") {
            return Err(Failure::Invalid("an organization's scan configuration cannot be tagged".to_owned()));
        }
        let mut tags = tags_of(&document);
        edit(&mut tags);
        if tags.len() > TAGS {
            return Err(Failure::BadRequest(format!("there can be {TAGS} tags at most")));
        }
        if let Some(members) = document.as_object_mut() {
            members.insert("tags".to_owned(), serde_json::json!(tags));
        }
        Ok((document, ()))
    })
    .await
}

fn tags_of(document: &Value) -> BTreeMap<String, String> {
    let tags = document.get("tags").and_then(Value::as_object).into_iter().flatten();
    tags.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The document behind an ARN of the caller.
fn locate(call: &Call<'_>, arn: &str) -> Result<(&'static str, String), Failure> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "inspector2", region, account, rest] = parts[..] else {
        return Err(Failure::Invalid(format!("`{arn}` is not an ARN of this service")));
    };
    if region != call.home.region.as_str() || account != call.home.account.as_str() {
        return Err(unknown(arn));
    }
    let id = rest.rsplit('/').next().unwrap_or_default().to_owned();
    match rest {
        _ if rest.contains("/filter/") => Ok((FILTER, owned(call, arn)?)),
        _ if rest.starts_with("codesecurity-integration/") => Ok((INTEGRATION, id)),
        _ if rest.contains("/codesecurity-configuration/") => Ok((SCAN_CONFIGURATION, id)),
        _ => Err(unknown(arn)),
    }
}

fn unknown(arn: &str) -> Failure {
    Failure::NotFound(format!("there is nothing to tag at `{arn}`"))
}
