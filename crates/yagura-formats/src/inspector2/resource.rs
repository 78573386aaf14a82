//! Resources of findings.

use super::shapes::{
    AwsEc2InstanceDetails, AwsEcrContainerImageDetails, AwsLambdaFunctionDetails, CodeRepositoryDetails,
    MachineImageDetails, PackageType, Provider, Resource, ResourceDetails, Runtime,
};
use super::words::{platform, runtime};
use crate::service::Epoch;
use yagura_model::{Function, Image, Instance, MachineImage, ResourceDetails as Details};

/// A resource with its tags and details.
pub fn resource(resource: &yagura_model::Resource) -> Resource {
    let home = &resource.id.home;
    let details = match &resource.details {
        Details::Instance(instance) => {
            ResourceDetails { aws_ec2_instance: Some(of_instance(instance)), ..Default::default() }
        }
        Details::Image(image) => {
            ResourceDetails { aws_ecr_container_image: Some(of_image(image)), ..Default::default() }
        }
        Details::ImageRepository(_) => ResourceDetails::default(),
        Details::Function(function) => {
            ResourceDetails { aws_lambda_function: Some(of_function(function)), ..Default::default() }
        }
        Details::CodeRepository(repository) => ResourceDetails {
            code_repository: Some(CodeRepositoryDetails {
                integration_arn: Some(repository.integration.clone()),
                project_name: Some(repository.project.clone()),
                provider_type: Some(repository.provider.as_str().into()),
            }),
            ..Default::default()
        },
        Details::MachineImage(image) => ResourceDetails {
            machine_image: Some(of_machine_image(image, &resource.id.name)),
            ..Default::default()
        },
    };
    Resource {
        details: Some(details),
        id: resource.id.name.to_string(),
        partition: Some(home.partition().to_owned()),
        provider: Some(Provider::Aws),
        provider_account_id: Some(home.account.to_string()),
        provider_org_id: None,
        region: Some(home.region.to_string()),
        tags: Some(resource.tags.clone()),
        r#type: resource.id.kind.resource_type().into(),
    }
}

/// The platform of an instance, as its agent tells it.
pub fn instance_platform(instance: &Instance) -> Option<String> {
    let agent = instance.agent.as_ref()?;
    platform(&agent.platform_name, &agent.platform_version)
}

/// How many tasks and pods run an image; `None` before usage was looked at.
pub fn in_use_count(image: &Image) -> Option<i64> {
    image.uses_seen_at.map(|_| image.uses.iter().map(|place| i64::from(place.running)).sum())
}

fn of_instance(instance: &Instance) -> AwsEc2InstanceDetails {
    AwsEc2InstanceDetails {
        iam_instance_profile_arn: instance.instance_profile.clone(),
        image_id: instance.machine_image.clone(),
        ip_v4_addresses: Some(instance.ipv4.clone()),
        ip_v6_addresses: Some(instance.ipv6.clone()),
        key_name: instance.key_name.clone(),
        launched_at: instance.launched_at.map(Epoch),
        platform: instance_platform(instance),
        subnet_id: instance.subnet.clone(),
        r#type: instance.instance_type.clone(),
        vpc_id: instance.vpc.clone(),
    }
}

fn of_image(image: &Image) -> AwsEcrContainerImageDetails {
    AwsEcrContainerImageDetails {
        architecture: image.architecture.clone(),
        author: image.author.clone(),
        image_hash: image.digest.clone(),
        image_tags: Some(image.tags.clone()),
        in_use_count: in_use_count(image),
        last_in_use_at: image.last_in_use_at.map(Epoch),
        platform: image.platform.as_deref().and_then(|text| platform(text, "")),
        pushed_at: image.pushed_at.map(Epoch),
        registry: image.registry.clone(),
        repository_name: image.repository.clone(),
    }
}

fn of_function(function: &Function) -> AwsLambdaFunctionDetails {
    AwsLambdaFunctionDetails {
        architectures: Some(function.architectures.iter().map(|word| word.to_uppercase().into()).collect()),
        code_sha256: function.code_sha256.clone(),
        execution_role_arn: function.role.clone().unwrap_or_default(),
        function_name: function.name.clone(),
        last_modified_at: function.last_modified.map(Epoch),
        layers: (!function.layers.is_empty()).then(|| function.layers.clone()),
        package_type: Some(if function.image { PackageType::Image } else { PackageType::Zip }),
        runtime: function.runtime.as_deref().map_or(Runtime::Unsupported, runtime),
        version: function.version.clone(),
        vpc_config: None,
    }
}

fn of_machine_image(image: &MachineImage, id: &str) -> MachineImageDetails {
    MachineImageDetails {
        architecture: None,
        creation_date: image.created_at.map(Epoch),
        is_public: None,
        machine_image_id: id.to_owned(),
        name: image.name.clone(),
        owner_account_id: image.owner.as_ref().map(ToString::to_string),
        platform: image.platform.clone(),
        root_device_type: None,
        source_resource_id: None,
        state: None,
        virtualization_type: None,
    }
}
