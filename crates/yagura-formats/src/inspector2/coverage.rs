//! Coverage as the interface shows it (section 17 of the rules).

use super::resource::in_use_count;
use super::shapes::{
    AwsEcsMetadataDetails, AwsEksMetadataDetails, AwsEksWorkloadInfo, ClusterDetails, ClusterInformation,
    ClusterMetadata, CodeRepositoryMetadata, CoveredResource, Ec2Metadata, Ec2Platform,
    EcrContainerImageMetadata, EcrRepositoryMetadata, EcrScanFrequency, LambdaFunctionMetadata,
    MachineImageMetadata, MachineImagePlatform, Provider, ResourceScanMetadata, ScanStatus,
};
use super::words::runtime;
use crate::service::Epoch;
use std::collections::BTreeMap;
use yagura_model::{Coverage, ImageUse, Instance, Resource, ResourceDetails as Details, ScanFrequency};

/// A resource under one kind of scan.
pub fn covered(coverage: &Coverage, resource: &Resource) -> CoveredResource {
    let home = &coverage.resource.home;
    CoveredResource {
        account_id: home.account.to_string(),
        last_scanned_at: coverage.last_scanned_at.map(Epoch),
        provider: Some(Provider::Aws),
        provider_account_id: Some(home.account.to_string()),
        provider_org_id: None,
        provider_partition: Some(home.partition().to_owned()),
        provider_region: Some(home.region.to_string()),
        resource_id: coverage.resource.name.to_string(),
        resource_metadata: Some(metadata(resource)),
        resource_type: coverage.resource.kind.resource_type().into(),
        scan_mode: coverage.mode.map(|mode| mode.as_str().into()),
        scan_status: Some(ScanStatus {
            reason: coverage.reason.as_str().into(),
            status_code: if coverage.active { "ACTIVE" } else { "INACTIVE" }.into(),
        }),
        scan_type: coverage.scan.as_str().into(),
    }
}

fn metadata(resource: &Resource) -> ResourceScanMetadata {
    let mut shown = ResourceScanMetadata::default();
    match &resource.details {
        Details::Instance(instance) => {
            shown.ec2 = Some(Ec2Metadata {
                ami_id: instance.machine_image.clone(),
                platform: Some(instance_family(instance)),
                tags: Some(resource.tags.clone()),
            });
        }
        Details::Image(image) => {
            shown.ecr_image = Some(EcrContainerImageMetadata {
                image_pulled_at: image.pulled_at.map(Epoch),
                in_use_count: in_use_count(image),
                last_in_use_at: image.last_in_use_at.map(Epoch),
                tags: Some(image.tags.clone()),
            });
        }
        Details::ImageRepository(repository) => {
            shown.ecr_repository = Some(EcrRepositoryMetadata {
                name: Some(repository.name.clone()),
                scan_frequency: Some(match repository.frequency {
                    ScanFrequency::Manual => EcrScanFrequency::Manual,
                    ScanFrequency::OnPush => EcrScanFrequency::ScanOnPush,
                    ScanFrequency::Continuous => EcrScanFrequency::ContinuousScan,
                }),
            });
        }
        Details::Function(function) => {
            shown.lambda_function = Some(LambdaFunctionMetadata {
                function_name: Some(function.name.clone()),
                function_tags: Some(resource.tags.clone()),
                layers: (!function.layers.is_empty()).then(|| function.layers.clone()),
                runtime: function.runtime.as_deref().map(runtime),
            });
        }
        Details::CodeRepository(repository) => {
            shown.code_repository = Some(CodeRepositoryMetadata {
                integration_arn: Some(repository.integration.clone()),
                last_scanned_commit_id: repository.commit.clone(),
                on_demand_scan: None,
                project_name: repository.project.clone(),
                provider_type: repository.provider.clone(),
                provider_type_visibility: repository
                    .visibility
                    .clone()
                    .unwrap_or_else(|| "PRIVATE".to_owned()),
                scan_configuration: None,
            });
        }
        Details::MachineImage(image) => {
            let windows = image.platform.as_ref().is_some_and(|platform| platform.starts_with("WINDOWS"));
            shown.machine_image = Some(MachineImageMetadata {
                platform: Some(if windows {
                    MachineImagePlatform::Windows
                } else {
                    MachineImagePlatform::Linux
                }),
                tags: Some(resource.tags.clone()),
            });
        }
    }
    shown
}

fn instance_family(instance: &Instance) -> Ec2Platform {
    match instance.agent.as_ref().map(|agent| agent.platform_name.to_lowercase()) {
        Some(name) if name.contains("windows") => Ec2Platform::Windows,
        Some(name) if name.contains("macos") || name.contains("mac os") => Ec2Platform::Macos,
        Some(_) => Ec2Platform::Linux,
        None => Ec2Platform::Unknown,
    }
}

/// The clusters in which an image runs or ran, by ARN.
pub fn clusters(uses: &[ImageUse]) -> Vec<ClusterInformation> {
    let mut by_cluster: BTreeMap<&str, Vec<ClusterDetails>> = BTreeMap::new();
    for place in uses {
        by_cluster.entry(&place.cluster).or_default().push(cluster_details(place));
    }
    by_cluster
        .into_iter()
        .map(|(arn, details)| ClusterInformation {
            cluster_arn: arn.to_owned(),
            cluster_details: Some(details),
        })
        .collect()
}

fn cluster_details(place: &ImageUse) -> ClusterDetails {
    let workload = place.workload.clone().unwrap_or_default();
    let metadata = if place.kubernetes {
        let (namespace, name) = workload.split_once('/').unwrap_or(("default", &workload));
        ClusterMetadata::AwsEksMetadataDetails(AwsEksMetadataDetails {
            namespace: Some(namespace.to_owned()),
            workload_info_list: Some(vec![AwsEksWorkloadInfo {
                name: name.to_owned(),
                r#type: "POD".to_owned(),
            }]),
        })
    } else {
        // `arn:aws:ecs:…:task-definition/web:7`
        let group = workload.rsplit('/').next().unwrap_or_default();
        ClusterMetadata::AwsEcsMetadataDetails(AwsEcsMetadataDetails {
            details_group: group.to_owned(),
            task_definition_arn: workload.clone(),
        })
    };
    ClusterDetails {
        cluster_metadata: metadata,
        last_in_use: place.last_in_use_at.into(),
        running_unit_count: Some(i64::from(place.running)),
        stopped_unit_count: Some(i64::from(place.stopped)),
    }
}
