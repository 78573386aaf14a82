//! How scans behave.

use crate::call::{Call, Relation};
use crate::documents::MACHINE_IMAGES;
use crate::failure::Failure;
use serde_json::{Value, json};
use yagura_formats::inspector2::shapes::{
    AmiConfiguration, AmiConfigurationState, AmiConfigurationStatus, AmiScanMode, Ec2Configuration,
    Ec2ConfigurationState, Ec2ScanMode, Ec2ScanModeState, Ec2ScanModeStatus, EcrConfiguration,
    EcrConfigurationState, EcrPullDateRescanMode, EcrRescanDurationState, EcrRescanDurationStatus,
    GetConfigurationRequest, GetConfigurationResponse, UpdateConfigurationRequest,
    UpdateConfigurationResponse, VMScannerState, VMScannerStatus,
};
use yagura_formats::service::Epoch;
use yagura_model::{Account, Configuration, Ec2Mode, Home, ImageWindows, UseBy};

/// Settings of the caller, or of a member.
pub(crate) async fn get(
    call: &Call<'_>,
    request: GetConfigurationRequest,
) -> Result<GetConfigurationResponse, Failure> {
    let home = target(call, &call.relation().await?, request.account_id.as_deref())?;
    let account = call.store().account(&home).await?;
    let configuration = &account.configuration;
    let machine_images: Option<Value> = call.document(&home, MACHINE_IMAGES, MACHINE_IMAGES).await?;
    Ok(GetConfigurationResponse {
        ami_configuration: machine_images.map(|stored| machine_image_state(&stored)).transpose()?,
        ec2_configuration: Some(Ec2ConfigurationState {
            scan_mode_state: Some(Ec2ScanModeState {
                scan_mode: Some(match configuration.ec2_mode {
                    Ec2Mode::Agent => Ec2ScanMode::Ec2SsmAgentBased,
                    Ec2Mode::Hybrid => Ec2ScanMode::Ec2Hybrid,
                }),
                scan_mode_status: Some(Ec2ScanModeStatus::Success),
            }),
            vm_scanner_state: Some(VMScannerState {
                activated: Some(configuration.own_agent),
                activated_at: configuration.updated_at.filter(|_| configuration.own_agent).map(Epoch),
                status: Some(VMScannerStatus::Success),
            }),
        }),
        ecr_configuration: Some(EcrConfigurationState {
            rescan_duration_state: Some(image_state(configuration)),
        }),
    })
}

/// Changes settings; an administrator's reach the members that were not configured themselves.
pub(crate) async fn update(
    call: &Call<'_>,
    request: UpdateConfigurationRequest,
) -> Result<UpdateConfigurationResponse, Failure> {
    let relation = call.relation().await?;
    if matches!(relation, Relation::Member(_)) {
        return Err(Failure::Denied("members follow their delegated administrator".to_owned()));
    }
    let home = target(call, &relation, request.account_id.as_deref())?;
    let for_member = home != call.home;
    if let Some(inheritance) = &request.update_configuration_inheritance {
        let changes = request.ec2_configuration.is_some() || request.ecr_configuration.is_some();
        if !for_member || changes {
            let message =
                "`updateConfigurationInheritance` needs `accountId` of a member, and no other configuration";
            return Err(Failure::Invalid(message.to_owned()));
        }
        let administrator = call.store().account(&call.home).await?.configuration;
        let (ec2, ecr) = (inheritance.ec2_configuration.is_some(), inheritance.ecr_configuration.is_some());
        let inherit = |account: &mut Account| inherit(account, &administrator, ec2, ecr);
        call.store().change_account(&home, &inherit).await?;
        return Ok(UpdateConfigurationResponse {});
    }
    if request.ec2_configuration.is_none()
        && request.ecr_configuration.is_none()
        && request.ami_configuration.is_none()
    {
        return Err(Failure::Invalid(
            "one of `ec2Configuration`, `ecrConfiguration`, `amiConfiguration` is needed".to_owned(),
        ));
    }
    if let Some(wanted) = &request.ami_configuration {
        put_machine_images(call, &home, wanted).await?;
    }
    let now = call.now;
    let apply = |account: &mut Account| {
        apply(
            &mut account.configuration,
            request.ec2_configuration.as_ref(),
            request.ecr_configuration.as_ref(),
        );
        account.configuration.individually |= for_member;
        account.configuration.updated_at = Some(now);
    };
    call.store().change_account(&home, &apply).await?;
    if let Relation::Administrator(_) = &relation
        && !for_member
    {
        for home in call.homes_in(&relation).into_iter().filter(|home| *home != call.home) {
            let follow = |account: &mut Account| {
                if !account.configuration.individually {
                    apply_followed(
                        account,
                        request.ec2_configuration.as_ref(),
                        request.ecr_configuration.as_ref(),
                    );
                    account.configuration.updated_at = Some(now);
                }
            };
            call.store().change_account(&home, &follow).await?;
        }
    }
    Ok(UpdateConfigurationResponse {})
}

fn apply_followed(account: &mut Account, ec2: Option<&Ec2Configuration>, ecr: Option<&EcrConfiguration>) {
    apply(&mut account.configuration, ec2, ecr);
}

fn inherit(account: &mut Account, administrator: &Configuration, ec2: bool, ecr: bool) {
    if ec2 {
        account.configuration.ec2_mode = administrator.ec2_mode;
        account.configuration.own_agent = administrator.own_agent;
    }
    if ecr {
        account.configuration.images = administrator.images.clone();
    }
    account.configuration.individually = false;
}

/// The account that a request is about: the caller's own, or a member's.
fn target(call: &Call<'_>, relation: &Relation, asked: Option<&str>) -> Result<Home, Failure> {
    let Some(id) = asked else { return Ok(call.home.clone()) };
    let known = call.homes_in(relation).into_iter().find(|home| home.account.as_str() == id);
    known.ok_or_else(|| Failure::Denied(format!("the account `{id}` is not a member of the caller")))
}

fn apply(configuration: &mut Configuration, ec2: Option<&Ec2Configuration>, ecr: Option<&EcrConfiguration>) {
    if let Some(ec2) = ec2 {
        configuration.ec2_mode =
            if ec2.scan_mode == Ec2ScanMode::Ec2SsmAgentBased { Ec2Mode::Agent } else { Ec2Mode::Hybrid };
        configuration.own_agent = ec2.activate_vm_scanner.unwrap_or(configuration.own_agent);
    }
    if let Some(ecr) = ecr {
        let old = &configuration.images;
        configuration.images = ImageWindows {
            push_days: days(ecr.rescan_duration.as_str()),
            use_days: ecr
                .pull_date_rescan_duration
                .as_ref()
                .and_then(|word| days(word.as_str()))
                .unwrap_or(old.use_days),
            use_by: match &ecr.pull_date_rescan_mode {
                Some(EcrPullDateRescanMode::LastPullDate) => UseBy::Pull,
                Some(_) => UseBy::InUse,
                None => old.use_by,
            },
        };
    }
}

/// `DAYS_14` → 14; `LIFETIME` has no end.
fn days(word: &str) -> Option<u16> {
    word.strip_prefix("DAYS_")?.parse().ok()
}

fn image_state(configuration: &Configuration) -> EcrRescanDurationState {
    let windows = &configuration.images;
    let push = windows.push_days.map_or("LIFETIME".to_owned(), |days| format!("DAYS_{days}"));
    EcrRescanDurationState {
        pull_date_rescan_duration: Some(format!("DAYS_{}", windows.use_days).into()),
        pull_date_rescan_mode: Some(match windows.use_by {
            UseBy::InUse => EcrPullDateRescanMode::LastInUseAt,
            UseBy::Pull => EcrPullDateRescanMode::LastPullDate,
        }),
        rescan_duration: Some(push.into()),
        status: Some(EcrRescanDurationStatus::Success),
        updated_at: configuration.updated_at.map(Epoch),
    }
}

async fn put_machine_images(call: &Call<'_>, home: &Home, wanted: &AmiConfiguration) -> Result<(), Failure> {
    let mode = &wanted.scan_mode_configuration;
    let tags = mode.tags.as_ref().map_or(0, Vec::len);
    if mode.scan_mode == AmiScanMode::TargetScanning && tags != 1 {
        return Err(Failure::Invalid("TARGET_SCANNING needs exactly one tag".to_owned()));
    }
    let stored = json!({
        "createdWithin": wanted.created_within,
        "lastLaunchedWithin": wanted.last_launched_within,
        "scanModeConfiguration": wanted.scan_mode_configuration,
        "updatedAt": Epoch(call.now),
    });
    call.change(home, MACHINE_IMAGES, MACHINE_IMAGES, |_: Option<Value>| Ok((stored.clone(), ()))).await
}

fn machine_image_state(stored: &Value) -> Result<AmiConfigurationState, Failure> {
    let wanted: AmiConfiguration = crate::call::read(stored, MACHINE_IMAGES)?;
    Ok(AmiConfigurationState {
        created_within: wanted.created_within,
        last_launched_within: wanted.last_launched_within,
        scan_mode_configuration: Some(wanted.scan_mode_configuration),
        status: Some(AmiConfigurationStatus::Success),
        updated_at: stored.get("updatedAt").and_then(Epoch::read),
    })
}
