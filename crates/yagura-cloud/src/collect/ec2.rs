//! EC2 instances: what they are, what they run on, and what their agents say.
//!
//! Left out: machines that Systems Manager manages outside EC2 (`mi-…`), which Inspector does not scan either; they can
//! report themselves.

use super::{Collector, Discovery, Evidence, Gap, Place, not_ours, ssm};
use crate::CloudError;
use crate::aws::services::ec2;
use crate::aws::{AwsError, page};
use async_trait::async_trait;
use jiff::Timestamp;
use std::collections::BTreeMap;
use yagura_model::{
    Agent, Instance, InstanceState, Resource, ResourceDetails, ResourceId, ResourceKind, Volume,
};

/// Instances of EC2.
#[derive(Debug, Clone, Default)]
pub struct Ec2 {
    /// Custom inventory types of Systems Manager that hold language packages, beside those that the account's
    /// schema lists.
    pub language_types: Vec<String>,
}

/// Items of one page; the most that EC2 allows for instances.
const PAGE: i64 = 1000;

#[async_trait]
impl Collector for Ec2 {
    fn id(&self) -> &'static str {
        "ec2"
    }

    fn kinds(&self) -> &'static [ResourceKind] {
        &[ResourceKind::Instance]
    }

    async fn discover(&self, place: &Place, _now: Timestamp) -> Result<Discovery, CloudError> {
        let instances = instances(place).await?;
        let mut gaps = Vec::new();
        let mut agents = ssm::agents(&place.aws).await.unwrap_or_else(|error| {
            gaps.push(Gap::new("agents of instances", error));
            BTreeMap::new()
        });
        let mut volumes = volumes(place).await.unwrap_or_else(|error| {
            gaps.push(Gap::new("sizes and keys of volumes", error));
            BTreeMap::new()
        });
        let mut resources: Vec<Resource> = instances
            .into_iter()
            .filter_map(|instance| {
                let id = instance.instance_id.clone()?;
                Some(resource(place, &id, instance, agents.remove(&id), volumes.remove(&id)))
            })
            .collect();
        resources.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Discovery { resources, gaps })
    }

    async fn collect(&self, place: &Place, resource: &Resource) -> Result<Evidence, CloudError> {
        match &resource.details {
            ResourceDetails::Instance(instance) => {
                let reported =
                    ssm::report(&place.aws, &resource.id.name, instance.agent.as_ref(), &self.language_types)
                        .await?;
                Ok(Evidence::Reported(Box::new(reported)))
            }
            _ => Err(not_ours(self.id(), resource)),
        }
    }
}

async fn instances(place: &Place) -> Result<Vec<ec2::Instance>, AwsError> {
    let reservations = page::all(&ec2::DESCRIBE_INSTANCES, async |next_token| {
        let input =
            ec2::DescribeInstancesRequest { next_token, max_results: Some(PAGE), ..Default::default() };
        let answer = ec2::describe_instances(&place.aws, &input).await?;
        Ok((answer.reservations, answer.next_token))
    });
    Ok(reservations.await?.into_iter().flat_map(|reservation| reservation.instances).collect())
}

/// Attached volumes by instance.
async fn volumes(place: &Place) -> Result<BTreeMap<String, Vec<ec2::Volume>>, AwsError> {
    let volumes = page::all(&ec2::DESCRIBE_VOLUMES, async |next_token| {
        let input = ec2::DescribeVolumesRequest { next_token, max_results: Some(500), ..Default::default() };
        let answer = ec2::describe_volumes(&place.aws, &input).await?;
        Ok((answer.volumes, answer.next_token))
    });
    let mut found: BTreeMap<String, Vec<ec2::Volume>> = BTreeMap::new();
    for volume in volumes.await? {
        for attachment in &volume.attachments {
            if let Some(instance) = &attachment.instance_id {
                found.entry(instance.clone()).or_default().push(volume.clone());
            }
        }
    }
    Ok(found)
}

fn resource(
    place: &Place,
    id: &str,
    instance: ec2::Instance,
    agent: Option<Agent>,
    volumes: Option<Vec<ec2::Volume>>,
) -> Resource {
    let tags = instance
        .tags
        .iter()
        .filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default())));
    let state = instance.state.as_ref().and_then(|state| state.name.as_deref());
    let profile = instance.iam_instance_profile.as_ref().and_then(|profile| profile.arn.clone());
    let (ipv4, ipv6) = addresses(&instance);
    let details = Instance {
        instance_type: instance.instance_type.clone(),
        machine_image: instance.image_id.clone(),
        ipv4,
        ipv6,
        key_name: instance.key_name.clone(),
        instance_profile: profile,
        vpc: instance.vpc_id.clone(),
        subnet: instance.subnet_id.clone(),
        launched_at: instance.launch_time.map(|time| time.0),
        architecture: instance.architecture.clone(),
        state: match state {
            Some("stopping" | "stopped") => InstanceState::Stopped,
            Some("shutting-down" | "terminated") => InstanceState::Terminated,
            _ => InstanceState::Running,
        },
        agent,
        volumes: attached(id, &instance, volumes.unwrap_or_default()),
        beyond_aws: false,
    };
    Resource {
        id: ResourceId { home: place.home.clone(), kind: ResourceKind::Instance, name: id.into() },
        tags: tags.collect(),
        details: ResourceDetails::Instance(Box::new(details)),
    }
}

/// All addresses of all interfaces, public ones first.
fn addresses(instance: &ec2::Instance) -> (Vec<String>, Vec<String>) {
    let (mut public, mut private, mut six) = (Vec::new(), Vec::new(), Vec::new());
    public.extend(instance.public_ip_address.clone());
    private.extend(instance.private_ip_address.clone());
    for interface in &instance.network_interfaces {
        for address in &interface.private_ip_addresses {
            private.extend(address.private_ip_address.clone());
            public.extend(address.association.as_ref().and_then(|association| association.public_ip.clone()));
        }
        six.extend(interface.ipv6_addresses.iter().filter_map(|address| address.ipv6_address.clone()));
    }
    public.extend(private);
    for list in [&mut public, &mut six] {
        let mut seen = std::collections::BTreeSet::new();
        list.retain(|address| seen.insert(address.clone()));
    }
    (public, six)
}

/// EBS volumes of an instance, by device. Without the volumes themselves size and key are unknown.
fn attached(id: &str, instance: &ec2::Instance, volumes: Vec<ec2::Volume>) -> Vec<Volume> {
    let known: BTreeMap<String, ec2::Volume> =
        volumes.into_iter().filter_map(|volume| Some((volume.volume_id.clone()?, volume))).collect();
    let root = instance.root_device_name.as_deref();
    let mapped = instance.block_device_mappings.iter().filter_map(|mapping| {
        Some((mapping.ebs.as_ref()?.volume_id.clone()?, mapping.device_name.clone().unwrap_or_default()))
    });
    let mut devices: BTreeMap<String, String> = mapped.collect();
    for (volume, described) in &known {
        let here = described.attachments.iter().find(|found| found.instance_id.as_deref() == Some(id));
        if let Some(device) = here.and_then(|found| found.device.clone()) {
            devices.entry(volume.clone()).or_insert(device);
        }
    }
    let mut found: Vec<Volume> = devices
        .into_iter()
        .map(|(id, device)| {
            let volume = known.get(&id);
            let size = volume.and_then(|volume| u32::try_from(volume.size?).ok()).unwrap_or_default();
            let root = root == Some(device.as_str());
            Volume { id, device, size, root, kms_key: volume.and_then(|volume| volume.kms_key_id.clone()) }
        })
        .collect();
    found.sort_by(|one, other| one.device.cmp(&other.device));
    // Some images name another root device than the one that is attached.
    if !found.iter().any(|volume| volume.root) {
        let usual = |found: &[Volume]| {
            let device = |name: &&str| found.iter().position(|volume| volume.device == *name);
            ["/dev/xvda", "/dev/sda1", "/dev/sda"].iter().find_map(device)
        };
        let root = usual(&found).unwrap_or_default();
        found.iter_mut().skip(root).take(1).for_each(|volume| volume.root = true);
    }
    found
}
