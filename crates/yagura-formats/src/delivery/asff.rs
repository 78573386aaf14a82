//! Findings in AWS Security Finding Format, for Security Hub's `BatchImportFindings`.
//! Source: Amazon Inspector User Guide, *Integration with AWS Security Hub CSPM*; Security Hub User Guide, *ASFF*.
//!
//! Closed and suppressed findings are archived. Findings of source code repositories are not sent.

use super::Subject;
use crate::inspector2::shapes;
use crate::inspector2::words::{source, source_url};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use yagura_model::{
    Cause, FindingStatus, Function, Home, Image, Instance, PackageCause, Resource, ResourceDetails,
    ResourceKind, Severity, cwe_ids,
};

/// Whose findings they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// ARN of the product.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Who makes it.
    pub company: String,
}

impl Product {
    /// The account's own default product, which anybody may import for. The names are Inspector's, so that insights
    /// and rules that match them go on working.
    pub fn of_account(home: &Home) -> Self {
        let account = &home.account;
        Self {
            arn: format!(
                "arn:{}:securityhub:{}:{account}:product/{account}/default",
                home.partition(),
                home.region
            ),
            name: "Inspector".to_owned(),
            company: "Amazon".to_owned(),
        }
    }
}

/// True for findings that are sent.
pub fn is_sent(kind: ResourceKind) -> bool {
    kind != ResourceKind::CodeRepository
}

/// One finding. `gone` is true once it has left the list: it is archived then, whatever its state.
pub fn asff(subject: &Subject<'_>, product: &Product, gone: bool) -> Value {
    let finding = subject.finding;
    let home = &finding.resource.home;
    let shown = subject.shown();
    let label = label(finding.severity);
    let types = json!([kind_word(&finding.cause)]);
    let archived = gone || finding.status != FindingStatus::Active;
    let mut fields = Map::new();
    let mut field = |name: &str, value: String| fields.insert(format!("aws/inspector/{name}"), json!(value));
    field("ProductVersion", "2".to_owned());
    field("FindingStatus", finding.status.as_str().to_owned());
    if let Some(score) = shown.inspector_score {
        field("inspectorScore", score.to_string());
    }
    if finding.resource.kind == ResourceKind::Instance {
        field("instanceId", finding.resource.name.to_string());
        if let Some(platform) = platform(&shown) {
            field("resources/1/resourceDetails/awsEc2InstanceDetails/platform", platform);
        }
    }
    let mut document = json!({
        "SchemaVersion": "2018-10-08",
        "Id": shown.finding_arn,
        "ProductArn": product.arn,
        "ProductName": product.name,
        "CompanyName": product.company,
        "Region": home.region.as_str(),
        "GeneratorId": "AWSInspector",
        "AwsAccountId": home.account.as_str(),
        "Types": types,
        "FirstObservedAt": iso(finding.first_observed_at),
        "LastObservedAt": iso(finding.last_observed_at),
        "CreatedAt": iso(finding.first_observed_at),
        "UpdatedAt": iso(finding.updated_at),
        "Severity": { "Label": label, "Normalized": normalized(finding.severity) },
        "Title": cut(&finding.title, 256),
        "Description": cut(if shown.description.is_empty() { &finding.title } else { &shown.description }, 1024),
        "Remediation": { "Recommendation": { "Text": cut(&remediation(subject, &shown), 512) } },
        "ProductFields": fields,
        "Resources": [resource(subject.resource)],
        "WorkflowState": "NEW",
        "Workflow": { "Status": "NEW" },
        "RecordState": if archived { "ARCHIVED" } else { "ACTIVE" },
        "FindingProviderFields": { "Severity": { "Label": label }, "Types": types },
    });
    match &finding.cause {
        Cause::Package(cause) => {
            document["Vulnerabilities"] = json!([package_vulnerability(subject, cause, &shown)]);
        }
        Cause::Network(cause) => {
            let steps: Vec<Value> = cause
                .steps
                .iter()
                .map(|(id, kind)| json!({ "ComponentId": id, "ComponentType": kind }))
                .collect();
            document["NetworkPath"] = json!(steps);
        }
        Cause::Code(cause) => {
            let mut place = json!({
                "Cwes": cwe_ids(&cause.cwes),
                "FilePath": {
                    "FileName": cause.path.rsplit('/').next().unwrap_or_default(),
                    "FilePath": cause.path,
                    "StartLine": cause.lines.0,
                    "EndLine": cause.lines.1,
                },
            });
            if let Some(layer) = &cause.layer {
                place["SourceArn"] = json!(layer);
            }
            document["Vulnerabilities"] = json!([{ "Id": cause.rule, "CodeVulnerabilities": [place] }]);
        }
    }
    document
}

fn kind_word(cause: &Cause) -> &'static str {
    match cause {
        Cause::Package(_) => "Software and Configuration Checks/Vulnerabilities/CVE",
        Cause::Network(_) => {
            "Software and Configuration Checks/AWS Security Best Practices/Network Reachability"
        }
        Cause::Code(_) => "Software and Configuration Checks/Vulnerabilities",
    }
}

/// The hub has no word for UNTRIAGED.
fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Untriaged => "INFORMATIONAL",
        other => other.as_str(),
    }
}

fn normalized(severity: Severity) -> u8 {
    match severity {
        Severity::Critical => 90,
        Severity::High => 70,
        Severity::Medium => 40,
        Severity::Low => 1,
        Severity::Informational | Severity::Untriaged => 0,
    }
}

/// What to do: the versions with the fix, or what the finding itself says.
fn remediation(subject: &Subject<'_>, shown: &shapes::Finding) -> String {
    if let Cause::Package(cause) = &subject.finding.cause {
        let mut fixes: Vec<String> = cause
            .packages
            .iter()
            .filter_map(|package| Some(format!("{} to {}", package.name, package.fixed_in.as_ref()?)))
            .collect();
        fixes.dedup();
        return match fixes.as_slice() {
            [] => "No fixed version is known yet.".to_owned(),
            fixes => format!("Update {}, or newer.", fixes.join(", ")),
        };
    }
    let advice = shown.remediation.recommendation.as_ref().and_then(|advice| advice.text.clone());
    advice.unwrap_or_else(|| "None Provided".to_owned())
}

fn platform(shown: &shapes::Finding) -> Option<String> {
    shown.resources.first()?.details.as_ref()?.aws_ec2_instance.as_ref()?.platform.clone()
}

fn package_vulnerability(subject: &Subject<'_>, cause: &PackageCause, shown: &shapes::Finding) -> Value {
    let details = shown.package_vulnerability_details.as_ref();
    let rendered = details.and_then(|details| details.vulnerable_packages.as_deref()).unwrap_or_default();
    let packages: Vec<Value> = rendered
        .iter()
        .map(|package| {
            clean(json!({
                "Name": package.name,
                "Version": package.version,
                "Epoch": package.epoch.map(|epoch| epoch.to_string()),
                "Release": package.release,
                "Architecture": package.arch,
                "PackageManager": package.package_manager.as_ref().map(|manager| manager.as_str()),
                "FilePath": package.file_path,
                "FixedInVersion": package.fixed_in_version,
                "Remediation": package.remediation,
                "SourceLayerHash": package.source_layer_hash,
                "SourceLayerArn": package.source_lambda_layer_arn,
            }))
        })
        .collect();
    let mut scores: Vec<Value> = details
        .and_then(|details| details.cvss.as_deref())
        .unwrap_or_default()
        .iter()
        .map(|score| {
            json!({
                "Version": score.version,
                "BaseScore": score.base_score,
                "BaseVector": score.scoring_vector,
                "Source": score.source,
            })
        })
        .collect();
    // Last, the score of this finding.
    if let Some(score) = &cause.score {
        let adjustments: Vec<Value> = score
            .adjustments
            .iter()
            .map(|one| json!({ "Metric": one.metric, "Reason": one.reason }))
            .collect();
        let by = if adjustments.is_empty() { source(&score.source) } else { "YAGURA".to_owned() };
        scores.push(json!({
            "Version": score.version,
            "BaseScore": score.value,
            "BaseVector": score.vector,
            "Source": by,
            "Adjustments": adjustments,
        }));
    }
    let facts = subject.vulnerability;
    clean(json!({
        "Id": cause.vulnerability.as_str(),
        "VulnerablePackages": packages,
        "Cvss": scores,
        "Vendor": clean(json!({
            "Name": details.map(|details| details.source.clone()),
            "Url": source_url(&cause.source, &cause.advisory, cause.vulnerability.as_str()),
            "VendorSeverity": cause.vendor_severity,
            "VendorCreatedAt": facts.and_then(|facts| facts.published).map(iso),
            "VendorUpdatedAt": facts.and_then(|facts| facts.modified).map(iso),
        })),
        "RelatedVulnerabilities": facts.map(|facts| &facts.aliases),
        "ReferenceUrls": details.and_then(|details| details.reference_urls.as_ref()),
        "FixAvailable": cause.fix_available(),
        "EpssScore": facts.and_then(|facts| facts.epss).map(|epss| epss.score),
        "ExploitAvailable": shown.exploit_available.as_ref().map(|word| word.as_str()),
        "LastKnownExploitAt": shown
            .exploitability_details
            .as_ref()
            .and_then(|details| details.last_known_exploit_at)
            .map(|at| iso(at.0)),
    }))
}

/// The hub refuses members that are null.
fn clean(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect())
        }
        other => other,
    }
}

fn resource(resource: &Resource) -> Value {
    let home = &resource.id.home;
    let (kind, id, details) = match &resource.details {
        ResourceDetails::Instance(instance) => {
            let id =
                format!("arn:{}:ec2:{}:{}:{}", home.partition(), home.region, home.account, resource.id.name);
            ("AwsEc2Instance", id, instance_details(instance))
        }
        ResourceDetails::Image(image) => {
            ("AwsEcrContainerImage", resource.id.name.to_string(), image_details(image))
        }
        ResourceDetails::Function(function) => {
            ("AwsLambdaFunction", resource.id.name.to_string(), function_details(function))
        }
        _ => ("Other", resource.id.name.to_string(), Value::Null),
    };
    let mut shown = json!({
        "Type": kind,
        "Id": id,
        "Partition": home.partition(),
        "Region": home.region.as_str(),
        "Tags": resource.tags,
    });
    if !details.is_null() {
        shown["Details"] = json!({ kind: details });
    }
    shown
}

fn instance_details(instance: &Instance) -> Value {
    clean(json!({
        "Type": instance.instance_type,
        "ImageId": instance.machine_image,
        "IpV4Addresses": instance.ipv4,
        "IpV6Addresses": instance.ipv6,
        "KeyName": instance.key_name,
        "IamInstanceProfileArn": instance.instance_profile,
        "VpcId": instance.vpc,
        "SubnetId": instance.subnet,
        "LaunchedAt": instance.launched_at.map(iso),
    }))
}

fn image_details(image: &Image) -> Value {
    clean(json!({
        "RegistryId": image.registry,
        "RepositoryName": image.repository,
        "Architecture": image.architecture,
        "ImageDigest": image.digest,
        "ImageTags": image.tags,
        "ImagePublishedAt": image.pushed_at.map(iso),
    }))
}

fn function_details(function: &Function) -> Value {
    let layers: Vec<Value> = function.layers.iter().map(|arn| json!({ "Arn": arn })).collect();
    clean(json!({
        "FunctionName": function.name,
        "Runtime": function.runtime,
        "CodeSha256": function.code_sha256,
        "Version": function.version,
        "Role": function.role,
        "Layers": layers,
        "Architectures": function.architectures,
        "PackageType": if function.image { "Image" } else { "Zip" },
        "LastModified": function.last_modified.map(iso),
    }))
}

fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::testing::{
        function, image, instance, network_finding, package_finding, vulnerability,
    };

    #[test]
    fn package_findings_by_resource() {
        let facts = vulnerability();
        for (name, resource) in [("image", image()), ("instance", instance()), ("function", function())] {
            let finding = package_finding(&resource);
            let subject = Subject { finding: &finding, resource: &resource, vulnerability: Some(&facts) };
            let product = Product::of_account(&resource.id.home);
            insta::assert_json_snapshot!(format!("asff_{name}"), asff(&subject, &product, false));
        }
    }

    #[test]
    fn network_findings_carry_their_path() {
        let resource = instance();
        let finding = network_finding(&resource);
        let subject = Subject { finding: &finding, resource: &resource, vulnerability: None };
        let product = Product::of_account(&resource.id.home);
        insta::assert_json_snapshot!(asff(&subject, &product, false));
    }

    #[test]
    fn only_active_findings_are_active_in_the_hub() {
        let resource = image();
        let mut finding = package_finding(&resource);
        let mut state = |status, gone| {
            finding.status = status;
            let subject = Subject { finding: &finding, resource: &resource, vulnerability: None };
            asff(&subject, &Product::of_account(&resource.id.home), gone)["RecordState"].clone()
        };
        assert_eq!(state(FindingStatus::Active, false), "ACTIVE");
        assert_eq!(state(FindingStatus::Suppressed, false), "ARCHIVED");
        assert_eq!(state(FindingStatus::Closed, false), "ARCHIVED");
        assert_eq!(state(FindingStatus::Active, true), "ARCHIVED");
    }

    #[test]
    fn r100_code_repositories_are_not_sent() {
        assert!(is_sent(ResourceKind::Function) && !is_sent(ResourceKind::CodeRepository));
    }
}
