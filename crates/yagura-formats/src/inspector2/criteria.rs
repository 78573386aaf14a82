//! Filter criteria of the interface as criteria of the model.
//!
//! The three criteria shapes (findings, coverage, exported resources) say the same things under different names, so
//! they share one table. A member without a counterpart speaks of other clouds: nothing here has such a value.

use super::shapes::Runtime;
use super::words::{raw_runtime, sources_of};
use crate::service::Epoch;
use serde_json::{Map, Value};
use yagura_model::{Criteria, Criterion, Field, PackageField, PackageTest, Test};

/// Member and attribute.
const MEMBERS: &[(&str, Field)] = &[
    // Findings
    ("findingArn", Field::FindingArn),
    ("awsAccountId", Field::Account),
    ("findingType", Field::FindingType),
    ("severity", Field::Severity),
    ("findingStatus", Field::FindingStatus),
    ("title", Field::Title),
    ("firstObservedAt", Field::FirstObservedAt),
    ("lastObservedAt", Field::LastObservedAt),
    ("updatedAt", Field::UpdatedAt),
    ("inspectorScore", Field::InspectorScore),
    ("epssScore", Field::EpssScore),
    ("fixAvailable", Field::FixAvailable),
    ("exploitAvailable", Field::ExploitAvailable),
    ("vulnerabilityId", Field::VulnerabilityId),
    ("vulnerabilitySource", Field::VulnerabilitySource),
    ("vendorSeverity", Field::VendorSeverity),
    ("relatedVulnerabilities", Field::RelatedVulnerabilities),
    ("vulnerablePackages", Field::VulnerablePackages),
    ("portRange", Field::PortRange),
    ("networkProtocol", Field::NetworkProtocol),
    ("componentId", Field::ComponentId),
    ("componentType", Field::ComponentType),
    ("codeVulnerabilityDetectorName", Field::DetectorName),
    ("codeVulnerabilityDetectorTags", Field::DetectorTags),
    ("codeVulnerabilityFilePath", Field::CodePath),
    // Resources
    ("resourceType", Field::ResourceType),
    ("resourceId", Field::ResourceId),
    ("resourceTags", Field::ResourceTags),
    ("ec2InstanceImageId", Field::InstanceImage),
    ("ec2InstanceVpcId", Field::InstanceVpc),
    ("ec2InstanceSubnetId", Field::InstanceSubnet),
    ("ec2InstanceTags", Field::ResourceTags),
    ("ecrImageArchitecture", Field::ImageArchitecture),
    ("ecrImageHash", Field::ImageHash),
    ("ecrImagePushedAt", Field::ImagePushedAt),
    ("imagePulledAt", Field::ImagePulledAt),
    ("ecrImageRegistry", Field::ImageRegistry),
    ("ecrImageRepositoryName", Field::ImageRepository),
    ("ecrRepositoryName", Field::ImageRepository),
    ("ecrImageTags", Field::ImageTags),
    ("ecrImageInUseCount", Field::ImageInUseCount),
    ("ecrImageLastInUseAt", Field::ImageLastInUseAt),
    ("lambdaFunctionName", Field::FunctionName),
    ("lambdaFunctionLayers", Field::FunctionLayers),
    ("lambdaFunctionRuntime", Field::FunctionRuntime),
    ("lambdaFunctionLastModifiedAt", Field::FunctionLastModifiedAt),
    ("lambdaFunctionExecutionRoleArn", Field::FunctionRole),
    ("lambdaFunctionTags", Field::ResourceTags),
    ("codeRepositoryProjectName", Field::ProjectName),
    ("codeRepositoryProviderType", Field::ProjectProvider),
    ("codeRepositoryProviderTypeVisibility", Field::ProjectVisibility),
    ("lastScannedCommitId", Field::ProjectCommit),
    ("machineImageId", Field::MachineImageId),
    ("machineImageName", Field::MachineImageName),
    ("machineImageOwnerAccountId", Field::MachineImageOwner),
    ("machineImagePlatform", Field::MachineImagePlatform),
    ("machineImageTags", Field::ResourceTags),
    // Where they are
    ("cloudProvider", Field::Provider),
    ("cloudProviderRegion", Field::ProviderRegion),
    ("cloudProviderAccountId", Field::ProviderAccount),
    ("cloudProviderOrgId", Field::ProviderOrganization),
    ("provider", Field::Provider),
    ("providerRegion", Field::ProviderRegion),
    ("providerAccountId", Field::ProviderAccount),
    ("providerOrgId", Field::ProviderOrganization),
    // Coverage
    ("accountId", Field::Account),
    ("scanStatusCode", Field::ScanStatusCode),
    ("scanStatusReason", Field::ScanStatusReason),
    ("scanType", Field::ScanType),
    ("scanMode", Field::ScanMode),
    ("lastScannedAt", Field::LastScannedAt),
];

/// Attributes of packages in a package filter.
const PACKAGE_MEMBERS: &[(&str, PackageField)] = &[
    ("name", PackageField::Name),
    ("version", PackageField::Version),
    ("release", PackageField::Release),
    ("architecture", PackageField::Architecture),
    ("sourceLayerHash", PackageField::Layer),
    ("sourceLambdaLayerArn", PackageField::FunctionLayer),
    ("filePath", PackageField::Path),
];

/// The attribute of a member; `None` for attributes that only resources of other clouds have.
pub fn field_of(member: &str) -> Option<Field> {
    MEMBERS.iter().find(|(name, _)| *name == member).map(|(_, field)| *field)
}

/// Reads criteria that were checked against their shape.
pub fn criteria(document: &Value) -> Criteria {
    let members = document.as_object().into_iter().flatten();
    Criteria(members.filter_map(|(member, list)| criterion(member, list)).collect())
}

fn criterion(member: &str, list: &Value) -> Option<Criterion> {
    let filters: Vec<&Map<String, Value>> = list.as_array()?.iter().filter_map(Value::as_object).collect();
    // No resource has a value for what is only known of other clouds; neither has any an organization of such a one.
    let field = field_of(member).unwrap_or(Field::ProviderOrganization);
    let tests: Vec<Test> = filters.iter().flat_map(|filter| tests(field, filter)).collect();
    (!tests.is_empty()).then_some(Criterion { field, tests })
}

fn tests(field: Field, filter: &Map<String, Value>) -> Vec<Test> {
    let text = |name: &str| filter.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| filter.get(name).and_then(Value::as_f64);
    let time = |name: &str| filter.get(name).and_then(Epoch::read).map(|time| time.0);
    if field == Field::VulnerablePackages {
        return vec![Test::Package(Box::new(package_test(filter)))];
    }
    if let Some(key) = text("key") {
        return vec![Test::Tag(key, text("value").filter(|value| !value.is_empty()))];
    }
    if let (Some(comparison), Some(value)) = (text("comparison"), text("value")) {
        return text_tests(field, &comparison, value);
    }
    // Ports and times share a member's name.
    if field == Field::PortRange {
        return vec![Test::Between(number("beginInclusive"), number("endInclusive"))];
    }
    if ["startInclusive", "endInclusive"].iter().any(|name| filter.contains_key(*name)) {
        return vec![Test::During(time("startInclusive"), time("endInclusive"))];
    }
    vec![Test::Between(number("lowerInclusive"), number("upperInclusive"))]
}

/// A comparison of text. Words that the model spells differently are turned into the model's, which can be several.
fn text_tests(field: Field, comparison: &str, value: String) -> Vec<Test> {
    let values: Vec<String> = match (field, comparison) {
        (Field::VulnerabilitySource, "PREFIX") => sources_of(|word| word.starts_with(&value), &value),
        (Field::VulnerabilitySource, _) => sources_of(|word| word == value, &value),
        (Field::FunctionRuntime, "PREFIX") => {
            let runtimes = Runtime::WORDS.iter().filter(|word| word.starts_with(&value));
            let runtimes: Vec<String> = runtimes.map(|word| raw_runtime(word)).collect();
            if runtimes.is_empty() {
                return vec![Test::Prefix(value)];
            }
            runtimes
        }
        (Field::FunctionRuntime, _) => vec![raw_runtime(&value)],
        _ => {
            return vec![match comparison {
                "PREFIX" => Test::Prefix(value),
                "NOT_EQUALS" => Test::NotEquals(value),
                _ => Test::Equals(value),
            }];
        }
    };
    let test = if comparison == "NOT_EQUALS" { Test::NotEquals } else { Test::Equals };
    values.into_iter().map(test).collect()
}

fn package_test(filter: &Map<String, Value>) -> PackageTest {
    let texts = PACKAGE_MEMBERS.iter().filter_map(|(name, field)| {
        let text = filter.get(*name)?;
        let value = text.get("value")?.as_str()?.to_owned();
        let test = match text.get("comparison")?.as_str()? {
            "PREFIX" => Test::Prefix(value),
            "NOT_EQUALS" => Test::NotEquals(value),
            _ => Test::Equals(value),
        };
        Some((*field, test))
    });
    let bound = |epoch: &Value, name: &str| epoch.get(name).and_then(Value::as_f64);
    PackageTest {
        texts: texts.collect(),
        epoch: filter
            .get("epoch")
            .map(|epoch| (bound(epoch, "lowerInclusive"), bound(epoch, "upperInclusive"))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::shapes::{COVERAGE_FILTER_CRITERIA, FILTER_CRITERIA, RESOURCE_FILTER_CRITERIA};
    use super::*;
    use crate::service::Constraint;
    use serde_json::json;

    fn members(constraint: &'static Constraint) -> Vec<&'static str> {
        let Constraint::Structure(fields) = constraint else { panic!("not a structure") };
        fields.iter().map(|field| field.name).collect()
    }

    #[test]
    fn every_criterion_has_an_attribute_unless_it_is_about_other_clouds() {
        let all =
            [&FILTER_CRITERIA, &COVERAGE_FILTER_CRITERIA, &RESOURCE_FILTER_CRITERIA].map(members).concat();
        let without: Vec<&str> = all.into_iter().filter(|member| field_of(member).is_none()).collect();
        insta::assert_debug_snapshot!(without);
    }

    #[test]
    fn r160_every_kind_of_filter_is_read() {
        let criteria = criteria(&json!({
            "severity": [{"comparison": "EQUALS", "value": "HIGH"}, {"comparison": "NOT_EQUALS", "value": "LOW"}],
            "inspectorScore": [{"lowerInclusive": 7.0}],
            "updatedAt": [{"startInclusive": 1_700_000_000}],
            "resourceTags": [{"comparison": "EQUALS", "key": "team", "value": "web"}, {"comparison": "EQUALS", "key": "x"}],
            "portRange": [{"beginInclusive": 22, "endInclusive": 22}],
            "vulnerablePackages": [{"name": {"comparison": "PREFIX", "value": "lib"}, "epoch": {"lowerInclusive": 1}}],
            "vulnerabilitySource": [{"comparison": "EQUALS", "value": "DEBIAN_CVE"}],
            "lambdaFunctionRuntime": [{"comparison": "EQUALS", "value": "PYTHON_3_12"}],
            "cloudVmNetworkId": [{"comparison": "EQUALS", "value": "net"}],
        }));
        insta::assert_json_snapshot!(criteria);
    }
}
