//! The association that makes agents collect their software inventory.

use crate::aws::services::ssm;
use crate::aws::{Aws, AwsError, page};

/// Its name, which is Inspector's.
pub const INVENTORY: &str = "InspectorInventoryCollection-do-not-delete";
/// The document that it runs.
const DOCUMENT: &str = "AWS-GatherSoftwareInventory";

async fn associations(aws: &Aws) -> Result<Vec<ssm::Association>, AwsError> {
    page::all(&ssm::LIST_ASSOCIATIONS, async |next_token| {
        let filter =
            ssm::AssociationFilter { key: Some("Name".to_owned()), value: Some(DOCUMENT.to_owned()) };
        let input = ssm::ListAssociationsRequest {
            association_filter_list: vec![filter],
            max_results: Some(50),
            next_token,
        };
        let answer = ssm::list_associations(aws, &input).await?;
        Ok((answer.associations, answer.next_token))
    })
    .await
}

/// Makes all agents collect their inventory every 30 minutes. An association that somebody made for all instances
/// serves as well. Returns true when one was created.
///
/// # Errors
/// Associations cannot be listed or created.
pub async fn collect_inventory(aws: &Aws) -> Result<bool, AwsError> {
    let everywhere = |target: &ssm::Target| {
        target.key.as_deref() == Some("InstanceIds") && target.values.iter().any(|value| value == "*")
    };
    let found = associations(aws).await?;
    if found.iter().any(|association| association.targets.iter().any(everywhere)) {
        return Ok(false);
    }
    let input = ssm::CreateAssociationRequest {
        name: Some(DOCUMENT.to_owned()),
        association_name: Some(INVENTORY.to_owned()),
        targets: vec![ssm::Target { key: Some("InstanceIds".to_owned()), values: vec!["*".to_owned()] }],
        schedule_expression: Some("rate(30 minutes)".to_owned()),
        ..Default::default()
    };
    ssm::create_association(aws, &input).await.map(|_| true)
}

/// Removes the association if it is ours. Returns true when it was there.
///
/// # Errors
/// Associations cannot be listed or deleted.
pub async fn stop_collecting(aws: &Aws) -> Result<bool, AwsError> {
    let ours = |association: &ssm::Association| association.association_name.as_deref() == Some(INVENTORY);
    let Some(association) = associations(aws).await?.into_iter().find(ours) else { return Ok(false) };
    let input =
        ssm::DeleteAssociationRequest { association_id: association.association_id, ..Default::default() };
    ssm::delete_association(aws, &input).await.map(|_| true)
}
