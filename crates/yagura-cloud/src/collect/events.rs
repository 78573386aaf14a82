//! Events of AWS that tell of changes, from an SQS queue that EventBridge rules fill.
//!
//! An event is only a nudge: what it names is looked at again as discovery would. Lost, late and repeated events do no
//! harm, and polling finds what they would have told. Formats: EventBridge's envelope, and the `detail` of each source.

use super::Place;
use crate::aws::services::sqs;
use crate::aws::{Aws, AwsError};
use serde::Deserialize;
use serde_json::Value;
use yagura_model::{AccountId, Home, Region, ResourceKind};

/// Messages of one request; the most that SQS allows.
const BATCH: i64 = 10;
/// Seconds that SQS waits for a message.
const WAIT: i64 = 20;

/// What to look at again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nudge {
    /// Where.
    pub home: Home,
    /// Which kind of resource.
    pub kind: ResourceKind,
    /// The instance's id, the repository's name, the function's name; `None` for all of the kind.
    pub name: Option<String>,
}

/// A message of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// To delete it with.
    receipt: String,
    /// What it asks for; `None` for events that change nothing here.
    pub nudge: Option<Nudge>,
}

/// Waits up to twenty seconds for messages. They come again unless they are deleted.
///
/// # Errors
/// The queue cannot be read.
pub async fn receive(place: &Place, queue: &str) -> Result<Vec<Received>, AwsError> {
    let input = sqs::ReceiveMessageRequest {
        queue_url: Some(queue.to_owned()),
        max_number_of_messages: Some(BATCH),
        wait_time_seconds: Some(WAIT),
        ..Default::default()
    };
    let answer = sqs::receive_message(&place.aws, &input).await?;
    let received = |message: sqs::Message| {
        let nudge = nudge(message.body.as_deref().unwrap_or_default(), &place.home);
        Some(Received { receipt: message.receipt_handle?, nudge })
    };
    Ok(answer.messages.into_iter().filter_map(received).collect())
}

/// Removes messages that were acted on.
///
/// # Errors
/// The queue cannot be written. Messages that stay come again, which does no harm.
pub async fn acknowledge(aws: &Aws, queue: &str, messages: &[Received]) -> Result<(), AwsError> {
    for messages in messages.chunks(10) {
        let entry = |(index, message): (usize, &Received)| sqs::DeleteMessageBatchRequestEntry {
            id: Some(index.to_string()),
            receipt_handle: Some(message.receipt.clone()),
        };
        let input = sqs::DeleteMessageBatchRequest {
            queue_url: Some(queue.to_owned()),
            entries: messages.iter().enumerate().map(entry).collect(),
        };
        let answer = sqs::delete_message_batch(aws, &input).await?;
        if let Some(failed) = answer.failed.first() {
            tracing::warn!(code = failed.code, count = answer.failed.len(), "messages stay in the queue");
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Envelope {
    account: Option<String>,
    region: Option<String>,
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    #[serde(default)]
    detail: Value,
}

/// What an event asks to look at. Events of services that are only compatible may not say where they are from; then it
/// is where the queue is.
pub fn nudge(body: &str, queue: &Home) -> Option<Nudge> {
    let event: Envelope = serde_json::from_str(body).ok()?;
    let text = |path: &str| event.detail.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let call = event.detail_type == "AWS API Call via CloudTrail";
    let (kind, name) = match (event.source.as_str(), event.detail_type.as_str()) {
        ("aws.ec2", "EC2 Instance State-change Notification") => {
            (ResourceKind::Instance, text("/instance-id"))
        }
        ("aws.ecr", "ECR Image Action") => (ResourceKind::Image, text("/repository-name")),
        ("aws.ecr", "ECR Scan Resource Change") => (ResourceKind::ImageRepository, None),
        ("aws.ecs", "ECS Task State Change") => (ResourceKind::Image, None),
        ("aws.ssm", kind) if kind.contains("Inventory") || kind.contains("Association") => {
            (ResourceKind::Instance, text("/instance-id").or_else(|| text("/resource-id")))
        }
        _ if call => called(&text("/eventSource")?, &text("/eventName")?, &event.detail)?,
        _ => return None,
    };
    let home = Home {
        account: event.account.map_or_else(|| queue.account.clone(), AccountId::from),
        region: event.region.map_or_else(|| queue.region.clone(), Region::from),
    };
    Some(Nudge { home, kind, name })
}

/// Calls that change what is watched. Lambda's names carry the version of its API.
fn called(source: &str, name: &str, detail: &Value) -> Option<(ResourceKind, Option<String>)> {
    let parameter = |path: &str| detail.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let name = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == 'v');
    Some(match (source, name) {
        (
            "lambda.amazonaws.com",
            "CreateFunction" | "UpdateFunctionCode" | "UpdateFunctionConfiguration" | "DeleteFunction",
        ) => (ResourceKind::Function, parameter("/requestParameters/functionName").map(|name| last(&name))),
        ("lambda.amazonaws.com", "TagResource" | "UntagResource") => {
            (ResourceKind::Function, parameter("/requestParameters/resource").map(|arn| last(&arn)))
        }
        ("lambda.amazonaws.com", "PublishLayerVersion") => (ResourceKind::Function, None),
        (
            "ec2.amazonaws.com",
            "CreateTags" | "DeleteTags" | "AttachVolume" | "DetachVolume" | "RunInstances",
        ) => (ResourceKind::Instance, None),
        ("ssm.amazonaws.com", "PutInventory" | "RegisterManagedInstance" | "UpdateInstanceInformation") => {
            (ResourceKind::Instance, parameter("/requestParameters/instanceId"))
        }
        (
            "ecr.amazonaws.com",
            "PutRegistryScanningConfiguration"
            | "CreateRepository"
            | "DeleteRepository"
            | "TagResource"
            | "UntagResource",
        ) => (ResourceKind::ImageRepository, None),
        ("ecr.amazonaws.com", "UpdateImageStorageClass" | "BatchDeleteImage" | "PutImage") => {
            (ResourceKind::Image, parameter("/requestParameters/repositoryName"))
        }
        _ => return None,
    })
}

/// The function's name from its ARN; names have no colons.
fn last(arn: &str) -> String {
    match arn.split(':').nth(6) {
        Some(name) => name.to_owned(),
        None => arn.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn queue() -> Home {
        Home { account: AccountId::from("222233334444"), region: Region::from("us-east-1") }
    }

    fn asked(source: &str, kind: &str, detail: &Value) -> Option<(ResourceKind, Option<String>)> {
        let event = json!({"account": "111122223333", "region": "eu-west-1", "source": source, "detail-type": kind, "detail": detail});
        nudge(&event.to_string(), &queue()).map(|nudge| (nudge.kind, nudge.name))
    }

    #[test]
    fn events_name_what_changed() {
        let call = |source: &str, name: &str, parameters: Value| {
            let detail = json!({"eventSource": source, "eventName": name, "requestParameters": parameters});
            asked("aws.x", "AWS API Call via CloudTrail", &detail)
        };
        let state = json!({"instance-id": "i-1", "state": "stopped"});
        assert_eq!(
            asked("aws.ec2", "EC2 Instance State-change Notification", &state),
            Some((ResourceKind::Instance, Some("i-1".into())))
        );
        let push = json!({"repository-name": "acme/web", "action-type": "PUSH"});
        assert_eq!(
            asked("aws.ecr", "ECR Image Action", &push),
            Some((ResourceKind::Image, Some("acme/web".into())))
        );
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:orders";
        for (name, parameters) in [
            ("CreateFunction20150331", json!({"functionName": "orders"})),
            ("UpdateFunctionCode20150331v2", json!({"functionName": arn})),
            ("TagResource20170331v2", json!({"resource": arn})),
        ] {
            assert_eq!(
                call("lambda.amazonaws.com", name, parameters),
                Some((ResourceKind::Function, Some("orders".into())))
            );
        }
        assert_eq!(call("ec2.amazonaws.com", "CreateTags", json!({})), Some((ResourceKind::Instance, None)));
        assert_eq!(call("iam.amazonaws.com", "CreateRole", json!({})), None);
        let bare = r#"{"source": "aws.ecs", "detail-type": "ECS Task State Change"}"#;
        assert_eq!(nudge(bare, &queue()).unwrap().home, queue());
        for body in ["", "{}", "null", "[1]"] {
            assert_eq!(nudge(body, &queue()), None);
        }
    }
}
