//! The fifteen aggregations: which question each of them is, and the shape of its answer.

use serde_json::{Map, Value, json};
use yagura_formats::inspector2::criteria;
use yagura_formats::inspector2::resource::{in_use_count, instance_platform};
use yagura_formats::inspector2::shapes::{
    AccountAggregationResponse, AggregationResponse, AggregationType, AmiAggregationResponse,
    AwsEcrContainerAggregationResponse, CodeRepositoryAggregationResponse, Ec2InstanceAggregationResponse,
    FindingTypeAggregationResponse, ImageLayerAggregationResponse, LambdaFunctionAggregationResponse,
    LambdaLayerAggregationResponse, PackageAggregationResponse, RepositoryAggregationResponse,
    SeverityCounts, TitleAggregationResponse,
};
use yagura_formats::service::Epoch;
use yagura_model::{Criteria, Resource, ResourceDetails};
use yagura_store::{Aggregate, AggregateKey, AggregateOrder, Aggregation};

/// The question of a type; `None` for types of other clouds.
pub(super) fn by(kind: &AggregationType) -> Option<Aggregation> {
    Some(match kind {
        AggregationType::FindingType => Aggregation::FindingType,
        AggregationType::Package => Aggregation::Package,
        AggregationType::Title => Aggregation::Title,
        AggregationType::Repository => Aggregation::Repository,
        AggregationType::Ami => Aggregation::Ami,
        AggregationType::AwsEc2Instance => Aggregation::AwsEc2Instance,
        AggregationType::AwsEcrContainer => Aggregation::AwsEcrContainer,
        AggregationType::ImageLayer => Aggregation::ImageLayer,
        AggregationType::Account => Aggregation::Account,
        AggregationType::AwsLambdaFunction => Aggregation::AwsLambdaFunction,
        AggregationType::LambdaLayer => Aggregation::LambdaLayer,
        AggregationType::CodeRepository => Aggregation::CodeRepository,
        AggregationType::VmInstance
        | AggregationType::ContainerImage
        | AggregationType::ServerlessFunction
        | AggregationType::Other(_) => return None,
    })
}

/// The member of the request that goes with a type.
pub(super) fn member_of(kind: &AggregationType) -> Option<&'static str> {
    Some(match kind {
        AggregationType::Account => "accountAggregation",
        AggregationType::Ami => "amiAggregation",
        AggregationType::AwsEcrContainer => "awsEcrContainerAggregation",
        AggregationType::CodeRepository => "codeRepositoryAggregation",
        AggregationType::ContainerImage => "containerImageAggregation",
        AggregationType::AwsEc2Instance => "ec2InstanceAggregation",
        AggregationType::FindingType => "findingTypeAggregation",
        AggregationType::ImageLayer => "imageLayerAggregation",
        AggregationType::AwsLambdaFunction => "lambdaFunctionAggregation",
        AggregationType::LambdaLayer => "lambdaLayerAggregation",
        AggregationType::Package => "packageAggregation",
        AggregationType::Repository => "repositoryAggregation",
        AggregationType::ServerlessFunction => "serverlessFunctionAggregation",
        AggregationType::Title => "titleAggregation",
        AggregationType::VmInstance => "vmInstanceAggregation",
        AggregationType::Other(_) => return None,
    })
}

/// Member of an aggregation request, and the finding criterion that it is.
const MEMBERS: &[(&str, &str)] = &[
    ("amis", "ec2InstanceImageId"),
    ("architectures", "ecrImageArchitecture"),
    ("imageShas", "ecrImageHash"),
    ("imageTags", "ecrImageTags"),
    ("inUseCount", "ecrImageInUseCount"),
    ("lastInUseAt", "ecrImageLastInUseAt"),
    ("repositories", "ecrImageRepositoryName"),
    ("resourceIds", "resourceId"),
    ("projectNames", "codeRepositoryProjectName"),
    ("providerTypes", "codeRepositoryProviderType"),
    ("instanceIds", "resourceId"),
    ("instanceTags", "resourceTags"),
    ("functionNames", "lambdaFunctionName"),
    ("functionTags", "resourceTags"),
    ("runtimes", "lambdaFunctionRuntime"),
    ("layerArns", "lambdaFunctionLayers"),
    ("titles", "title"),
    ("vulnerabilityIds", "vulnerabilityId"),
];

/// The conditions of a request. What no finding has a value for (operating systems, other clouds) is left to the
/// criteria reader, which knows such attributes as empty.
pub(super) fn criteria(detail: &Value, accounts: Option<&Value>) -> Criteria {
    let mut document = Map::new();
    for (member, value) in detail.as_object().into_iter().flatten() {
        let name = match member.as_str() {
            "sortBy" | "sortOrder" => continue,
            "findingType" | "resourceType" => {
                document.insert(member.clone(), json!([{"comparison": "EQUALS", "value": value}]));
                continue;
            }
            "packageNames" => {
                let tests = value.as_array().into_iter().flatten().map(|test| json!({"name": test}));
                document.insert("vulnerablePackages".to_owned(), tests.collect());
                continue;
            }
            "layerHashes" => {
                let tests =
                    value.as_array().into_iter().flatten().map(|test| json!({"sourceLayerHash": test}));
                document.insert("vulnerablePackages".to_owned(), tests.collect());
                continue;
            }
            "cloudAccountIds" => "awsAccountId",
            "cloudProviders" => "cloudProvider",
            "cloudRegions" => "cloudProviderRegion",
            member => {
                MEMBERS.iter().find(|(name, _)| *name == member).map_or(member, |(_, criterion)| criterion)
            }
        };
        document.insert(name.to_owned(), value.clone());
    }
    if let Some(accounts) = accounts {
        document.insert("awsAccountId".to_owned(), accounts.clone());
    }
    criteria::criteria(&Value::Object(document))
}

/// What groups are sorted by.
pub(super) fn order(detail: &Value) -> AggregateOrder {
    match detail.get("sortBy").and_then(Value::as_str) {
        Some("CRITICAL") => AggregateOrder::Critical,
        Some("HIGH") => AggregateOrder::High,
        Some("AFFECTED_INSTANCES") => AggregateOrder::AffectedInstances,
        Some("AFFECTED_IMAGES") => AggregateOrder::AffectedImages,
        Some("NETWORK_FINDINGS") => AggregateOrder::NetworkFindings,
        _ => AggregateOrder::All,
    }
}

fn number(count: u64) -> Option<i64> {
    Some(i64::try_from(count).unwrap_or(i64::MAX))
}

fn counts(severities: [u64; 6]) -> Option<SeverityCounts> {
    let [untriaged, informational, low, medium, high, critical] = severities;
    Some(SeverityCounts {
        all: number(severities.iter().sum()),
        critical: number(critical),
        high: number(high),
        informational: number(informational),
        low: number(low),
        medium: number(medium),
        untriaged: number(untriaged),
    })
}

/// One row of an answer; `None` for a key that belongs to another aggregation.
pub(super) fn response(by: Aggregation, group: &Aggregate) -> Option<AggregationResponse> {
    let account_id = group.account.as_ref().map(ToString::to_string);
    let severity_counts = counts(group.severities);
    Some(match (&group.key, by) {
        (AggregateKey::Account, _) => AggregationResponse::AccountAggregation(AccountAggregationResponse {
            account_id,
            exploit_available_count: number(group.exploitable),
            fix_available_count: number(group.fixable),
            severity_counts,
        }),
        (AggregateKey::FindingType(_), _) => {
            AggregationResponse::FindingTypeAggregation(FindingTypeAggregationResponse {
                account_id,
                exploit_available_count: number(group.exploitable),
                fix_available_count: number(group.fixable),
                severity_counts,
                ..FindingTypeAggregationResponse::default()
            })
        }
        (AggregateKey::Package(name), _) => {
            AggregationResponse::PackageAggregation(PackageAggregationResponse {
                account_id,
                package_name: name.clone(),
                severity_counts,
            })
        }
        (AggregateKey::Title(title, vulnerability), _) => {
            AggregationResponse::TitleAggregation(TitleAggregationResponse {
                account_id,
                severity_counts,
                title: title.clone(),
                vulnerability_id: vulnerability.clone(),
            })
        }
        (AggregateKey::Repository(name), _) => {
            AggregationResponse::RepositoryAggregation(RepositoryAggregationResponse {
                account_id,
                affected_images: number(group.related),
                cloud_account_id: None,
                cloud_org_id: None,
                cloud_partition: None,
                cloud_provider: None,
                cloud_region: None,
                repository: name.clone(),
                severity_counts,
            })
        }
        (AggregateKey::MachineImage(ami), _) => AggregationResponse::AmiAggregation(AmiAggregationResponse {
            account_id,
            affected_instances: number(group.related),
            ami: ami.clone(),
            cloud_account_id: None,
            cloud_org_id: None,
            cloud_partition: None,
            cloud_provider: None,
            cloud_region: None,
            scan_source: None,
            severity_counts,
        }),
        (AggregateKey::ImageLayer { layer, repository, image }, _) => {
            AggregationResponse::ImageLayerAggregation(ImageLayerAggregationResponse {
                account_id: account_id.unwrap_or_default(),
                cloud_account_id: None,
                cloud_org_id: None,
                cloud_partition: None,
                cloud_provider: None,
                cloud_region: None,
                layer_hash: layer.clone(),
                repository: repository.clone(),
                resource_id: image.clone(),
                severity_counts,
            })
        }
        (AggregateKey::FunctionLayer { layer, function }, _) => {
            AggregationResponse::LambdaLayerAggregation(LambdaLayerAggregationResponse {
                account_id: account_id.unwrap_or_default(),
                function_name: function.clone(),
                layer_arn: layer.clone(),
                resource_id: function.clone(),
                severity_counts,
            })
        }
        (AggregateKey::Project(name), _) => {
            AggregationResponse::CodeRepositoryAggregation(CodeRepositoryAggregationResponse {
                account_id,
                exploit_available_active_findings_count: number(group.exploitable),
                fix_available_active_findings_count: number(group.fixable),
                project_names: name.clone(),
                provider_type: None,
                resource_id: None,
                severity_counts,
            })
        }
        (AggregateKey::Resource(resource), _) => of_resource(resource, group, account_id)?,
    })
}

fn of_resource(
    resource: &Resource,
    group: &Aggregate,
    account_id: Option<String>,
) -> Option<AggregationResponse> {
    let severity_counts = counts(group.severities);
    let resource_id = resource.id.name.to_string();
    let account_id = account_id.or_else(|| Some(resource.id.home.account.to_string()));
    Some(match &resource.details {
        ResourceDetails::Instance(instance) => {
            AggregationResponse::Ec2InstanceAggregation(Ec2InstanceAggregationResponse {
                account_id,
                ami: instance.machine_image.clone(),
                instance_id: resource_id,
                instance_tags: Some(resource.tags.clone()),
                network_findings: number(group.related),
                operating_system: instance_platform(instance),
                severity_counts,
            })
        }
        ResourceDetails::Image(image) => {
            AggregationResponse::AwsEcrContainerAggregation(AwsEcrContainerAggregationResponse {
                account_id,
                architecture: image.architecture.clone(),
                image_sha: Some(image.digest.clone()),
                image_tags: Some(image.tags.clone()),
                in_use_count: in_use_count(image),
                last_in_use_at: image.last_in_use_at.map(Epoch),
                repository: Some(image.repository.clone()),
                resource_id,
                severity_counts,
            })
        }
        ResourceDetails::Function(function) => {
            AggregationResponse::LambdaFunctionAggregation(LambdaFunctionAggregationResponse {
                account_id,
                function_name: Some(function.name.clone()),
                lambda_tags: Some(resource.tags.clone()),
                last_modified_at: function.last_modified.map(Epoch),
                resource_id,
                runtime: function.runtime.clone(),
                severity_counts,
            })
        }
        ResourceDetails::CodeRepository(repository) => {
            AggregationResponse::CodeRepositoryAggregation(CodeRepositoryAggregationResponse {
                account_id,
                exploit_available_active_findings_count: number(group.exploitable),
                fix_available_active_findings_count: number(group.fixable),
                project_names: repository.project.clone(),
                provider_type: Some(repository.provider.clone()),
                resource_id: Some(resource_id),
                severity_counts,
            })
        }
        ResourceDetails::ImageRepository(_) | ResourceDetails::MachineImage(_) => return None,
    })
}
