//! Systems Manager: which instances have an agent, and what it says is installed.
//!
//! Sources: `AWS:Application` for the operating system's packages, `AWS:WindowsUpdate` for Windows, custom types for
//! language packages that deep inspection found. Formats:
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/inventory-schema.html>.

mod application;
mod association;

pub use association::{INVENTORY, collect_inventory, stop_collecting};

use super::Reported;
use crate::aws::services::ssm;
use crate::aws::{Aws, AwsError, page};
use jiff::Timestamp;
use std::collections::BTreeMap;
use yagura_model::{Agent, AgentKind};

/// Items of one page; the most that Systems Manager allows.
const PAGE: i64 = 50;

/// The type of software inventory.
const APPLICATION: &str = "AWS:Application";
/// The type of installed updates.
const WINDOWS_UPDATE: &str = "AWS:WindowsUpdate";

/// A line of an inventory.
type Entry = BTreeMap<String, String>;

/// Agents on EC2 instances, by instance id.
///
/// # Errors
/// They cannot be listed.
pub async fn agents(aws: &Aws) -> Result<BTreeMap<String, Agent>, AwsError> {
    let found = page::all(&ssm::DESCRIBE_INSTANCE_INFORMATION, async |next_token| {
        let input = ssm::DescribeInstanceInformationRequest {
            next_token,
            max_results: Some(PAGE),
            ..Default::default()
        };
        let answer = ssm::describe_instance_information(aws, &input).await?;
        Ok((answer.instance_information_list, answer.next_token))
    });
    let agent = |found: ssm::InstanceInformation| {
        let id = found.instance_id.filter(|id| id.starts_with("i-"))?;
        Some((
            id,
            Agent {
                kind: AgentKind::SystemsManager,
                online: found.ping_status.as_deref() == Some("Online"),
                last_seen: found.last_ping_date_time.map(|time| time.0),
                platform_name: found.platform_name.unwrap_or_default(),
                platform_version: found.platform_version.unwrap_or_default(),
                version: found.agent_version,
                inventory_at: None,
            },
        ))
    };
    Ok(found.await?.into_iter().filter_map(agent).collect())
}

/// Everything that an instance's agent says; nothing where there is none. `language_types` are custom inventory types
/// with language packages, beside those that the account's schema has.
///
/// # Errors
/// The inventory cannot be read.
pub async fn report(
    aws: &Aws,
    instance: &str,
    agent: Option<&Agent>,
    language_types: &[String],
) -> Result<Reported, AwsError> {
    let mut reported = Reported::default();
    // Without an agent Systems Manager does not know the instance.
    let Some(agent) = agent else { return Ok(reported) };
    let (captured_at, applications) = entries(aws, instance, APPLICATION).await?;
    reported.captured_at = captured_at;
    reported.platform = Some(application::platform(&agent.platform_name, &agent.platform_version));
    application::system(&applications, &mut reported);
    if agent.platform_name.contains("Windows") {
        let (_, updates) = entries(aws, instance, WINDOWS_UPDATE).await?;
        reported.updates = application::updates(&updates);
    }
    let mut kinds = custom_types(aws).await?;
    kinds.extend(language_types.iter().cloned());
    kinds.sort();
    kinds.dedup();
    for kind in kinds {
        let (captured, lines) = entries(aws, instance, &kind).await?;
        if application::languages(&kind, &lines, &mut reported) || captured.is_some() {
            reported.deep_captured_at = reported.deep_captured_at.max(captured);
        }
    }
    Ok(reported)
}

/// Custom inventory types of the account that list packages: those with a name and a version.
async fn custom_types(aws: &Aws) -> Result<Vec<String>, AwsError> {
    let schemas = page::all(&ssm::GET_INVENTORY_SCHEMA, async |next_token| {
        let input =
            ssm::GetInventorySchemaRequest { next_token, max_results: Some(200), ..Default::default() };
        let answer = ssm::get_inventory_schema(aws, &input).await?;
        Ok((answer.schemas, answer.next_token))
    });
    let lists_packages = |schema: &ssm::InventoryItemSchema| {
        let has = |name: &str| {
            schema.attributes.iter().any(|attribute| {
                attribute.name.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(name))
            })
        };
        has("Name") && has("Version")
    };
    let kinds = schemas
        .await?
        .into_iter()
        .filter(lists_packages)
        .filter_map(|schema| schema.type_name)
        .filter(|kind| kind.starts_with("Custom:"));
    Ok(kinds.collect())
}

/// Lines of one type of an instance's inventory, and when they were captured.
async fn entries(aws: &Aws, instance: &str, kind: &str) -> Result<(Option<Timestamp>, Vec<Entry>), AwsError> {
    let captured = std::sync::Mutex::new(None);
    let found = page::all(&ssm::LIST_INVENTORY_ENTRIES, async |next_token| {
        let input = ssm::ListInventoryEntriesRequest {
            instance_id: Some(instance.to_owned()),
            type_name: Some(kind.to_owned()),
            next_token,
            max_results: Some(PAGE),
            ..Default::default()
        };
        let answer = ssm::list_inventory_entries(aws, &input).await?;
        if let (Some(time), Ok(mut captured)) =
            (answer.capture_time.and_then(|time| time.parse::<Timestamp>().ok()), captured.lock())
        {
            *captured = Some(time);
        }
        Ok((answer.entries, answer.next_token))
    });
    let found = found.await?;
    Ok((captured.into_inner().unwrap_or_default(), found))
}
