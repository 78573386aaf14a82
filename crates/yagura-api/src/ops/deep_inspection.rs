//! Deep inspection of instances: its switch and its paths.

use crate::call::{Call, Relation};
use crate::documents::{DEEP_INSPECTION, DeepInspection, MEMBER, Member, ORGANIZATION, Organization};
use crate::failure::Failure;
use std::collections::BTreeSet;
use yagura_formats::inspector2::shapes::{
    BatchGetMemberEc2DeepInspectionStatusRequest, BatchGetMemberEc2DeepInspectionStatusResponse,
    BatchUpdateMemberEc2DeepInspectionStatusRequest, BatchUpdateMemberEc2DeepInspectionStatusResponse,
    Ec2DeepInspectionStatus, FailedMemberAccountEc2DeepInspectionStatusState,
    GetEc2DeepInspectionConfigurationRequest, GetEc2DeepInspectionConfigurationResponse,
    MemberAccountEc2DeepInspectionStatusState, UpdateEc2DeepInspectionConfigurationRequest,
    UpdateEc2DeepInspectionConfigurationResponse, UpdateOrgEc2DeepInspectionConfigurationRequest,
    UpdateOrgEc2DeepInspectionConfigurationResponse,
};

/// Switch and paths of the account, with those of its organization.
pub(crate) async fn get(
    call: &Call<'_>,
    _: GetEc2DeepInspectionConfigurationRequest,
) -> Result<GetEc2DeepInspectionConfigurationResponse, Failure> {
    let own: DeepInspection =
        call.document(&call.home, DEEP_INSPECTION, DEEP_INSPECTION).await?.unwrap_or_default();
    Ok(GetEc2DeepInspectionConfigurationResponse {
        error_message: None,
        org_package_paths: Some(organization_paths(call).await?),
        package_paths: Some(own.paths),
        status: Some(status(own.active)),
    })
}

/// Changes them; a member cannot switch it off.
pub(crate) async fn update(
    call: &Call<'_>,
    request: UpdateEc2DeepInspectionConfigurationRequest,
) -> Result<UpdateEc2DeepInspectionConfigurationResponse, Failure> {
    if request.activate_deep_inspection == Some(false)
        && matches!(call.relation().await?, Relation::Member(_))
    {
        return Err(Failure::Denied(
            "only the delegated administrator switches deep inspection off".to_owned(),
        ));
    }
    let own = call
        .change(&call.home, DEEP_INSPECTION, DEEP_INSPECTION, |stored: Option<DeepInspection>| {
            let mut own = stored.unwrap_or_default();
            own.active = request.activate_deep_inspection.unwrap_or(own.active);
            own.paths = request.package_paths.clone().unwrap_or(own.paths);
            Ok((own.clone(), own))
        })
        .await?;
    Ok(UpdateEc2DeepInspectionConfigurationResponse {
        error_message: None,
        org_package_paths: Some(organization_paths(call).await?),
        package_paths: Some(own.paths),
        status: Some(status(own.active)),
    })
}

/// Sets the paths of the organization.
pub(crate) async fn update_organization(
    call: &Call<'_>,
    request: UpdateOrgEc2DeepInspectionConfigurationRequest,
) -> Result<UpdateOrgEc2DeepInspectionConfigurationResponse, Failure> {
    let known = call.organization().await?;
    let known = known.filter(|known| known.organization.administrator.as_ref() == Some(&call.home.account));
    let known = known
        .ok_or_else(|| Failure::Denied("only the delegated administrator sets these paths".to_owned()))?;
    call.change(&known.home, ORGANIZATION, ORGANIZATION, |stored: Option<Organization>| {
        let mut organization = stored.unwrap_or_default();
        organization.deep_paths = request.org_package_paths.clone();
        Ok((organization, ()))
    })
    .await?;
    Ok(UpdateOrgEc2DeepInspectionConfigurationResponse {})
}

/// The switch of members.
pub(crate) async fn member_status(
    call: &Call<'_>,
    request: BatchGetMemberEc2DeepInspectionStatusRequest,
) -> Result<BatchGetMemberEc2DeepInspectionStatusResponse, Failure> {
    let relation = call.relation().await?;
    let Relation::Administrator(members) = &relation else {
        return Err(Failure::Denied("only the delegated administrator asks about members".to_owned()));
    };
    let asked: BTreeSet<String> = match request.account_ids {
        Some(ids) => ids.into_iter().collect(),
        None => members.iter().map(|(id, _)| id.to_string()).collect(),
    };
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for id in asked {
        if members.iter().any(|(member, _)| member.as_str() == id) {
            let home = call.home_of(&id);
            let own: Option<DeepInspection> = call.document(&home, DEEP_INSPECTION, DEEP_INSPECTION).await?;
            found.push(state(id, own.unwrap_or_default().active));
        } else {
            failed.push(stranger(id));
        }
    }
    Ok(BatchGetMemberEc2DeepInspectionStatusResponse {
        account_ids: Some(found),
        failed_account_ids: Some(failed),
    })
}

/// Sets the switch of members.
pub(crate) async fn update_members(
    call: &Call<'_>,
    request: BatchUpdateMemberEc2DeepInspectionStatusRequest,
) -> Result<BatchUpdateMemberEc2DeepInspectionStatusResponse, Failure> {
    let Relation::Administrator(members) = call.relation().await? else {
        return Err(Failure::Denied("only the delegated administrator changes members".to_owned()));
    };
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for asked in request.account_ids {
        let (id, active) = (asked.account_id, asked.activate_deep_inspection);
        if !members.iter().any(|(member, _)| member.as_str() == id) {
            failed.push(stranger(id));
            continue;
        }
        let home = call.home_of(&id);
        call.change(&home, DEEP_INSPECTION, DEEP_INSPECTION, |stored: Option<DeepInspection>| {
            let paths = stored.unwrap_or_default().paths;
            Ok((DeepInspection { active, paths }, ()))
        })
        .await?;
        call.change(&call.home, MEMBER, &id, |stored: Option<Member>| {
            let missing = || Failure::NotFound(format!("the account `{id}` is not a member"));
            let member = stored.ok_or_else(missing)?;
            Ok((Member { deep_inspection: active, ..member }, ()))
        })
        .await?;
        found.push(state(id, active));
    }
    Ok(BatchUpdateMemberEc2DeepInspectionStatusResponse {
        account_ids: Some(found),
        failed_account_ids: Some(failed),
    })
}

async fn organization_paths(call: &Call<'_>) -> Result<Vec<String>, Failure> {
    Ok(call.organization().await?.map(|known| known.organization.deep_paths).unwrap_or_default())
}

fn status(active: bool) -> Ec2DeepInspectionStatus {
    if active { Ec2DeepInspectionStatus::Activated } else { Ec2DeepInspectionStatus::Deactivated }
}

fn state(id: String, active: bool) -> MemberAccountEc2DeepInspectionStatusState {
    MemberAccountEc2DeepInspectionStatusState {
        account_id: id,
        error_message: None,
        status: Some(status(active)),
    }
}

fn stranger(id: String) -> FailedMemberAccountEc2DeepInspectionStatusState {
    FailedMemberAccountEc2DeepInspectionStatusState {
        account_id: id,
        ec2_scan_status: None,
        error_message: Some("the account is not a member of the caller".to_owned()),
    }
}
