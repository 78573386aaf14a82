//! The document of `yagura reach --format json`. It is written as it is made: an organization has many findings.

use super::changes::Change;
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use std::collections::BTreeMap;
use yagura_findings::network::{severity, title};
use yagura_formats::inspector2::finding::{NETWORK_REMEDIATION, network_description};
use yagura_model::NetworkCause;
use yagura_network::explain::Unreachable;
use yagura_network::facts::Analysis;
use yagura_network::findings::{Finding, InstanceView};
use yagura_network::network::Warning;
use yagura_network::probe::Answer;
use yagura_network::report::{AnswerView, Each, FactView, UnreachableView};

/// Everything the document holds.
pub struct Report<'a> {
    /// The facts.
    pub analysis: &'a Analysis<'a>,
    /// Packets that were asked about.
    pub answers: &'a [Answer],
    /// With `--explain`.
    pub unreachable: &'a [Unreachable],
    /// What is missing or not modelled.
    pub warnings: &'a [Warning],
    /// With `--what-if`: opened, closed.
    pub changes: Option<&'a (Vec<Change>, Vec<Change>)>,
}

#[derive(Serialize)]
struct WhatIf<'a> {
    opened: &'a [Change],
    closed: &'a [Change],
}

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let analysis = self.analysis;
        let mut out = to.serialize_struct("Report", 7)?;
        out.serialize_field("schemaVersion", "1")?;
        out.serialize_field(
            "reachability",
            &Each(|| analysis.facts.iter().map(|fact| FactView(analysis, fact))),
        )?;
        out.serialize_field(
            "findings",
            &Each(|| analysis.findings().filter_map(|finding| finding_of(analysis, &finding))),
        )?;
        out.serialize_field(
            "probes",
            &Each(|| self.answers.iter().map(|answer| AnswerView(analysis, answer))),
        )?;
        out.serialize_field(
            "unreachable",
            &Each(|| self.unreachable.iter().map(|one| UnreachableView(analysis, one))),
        )?;
        out.serialize_field("warnings", self.warnings)?;
        if let Some((opened, closed)) = self.changes {
            out.serialize_field("whatIf", &WhatIf { opened, closed })?;
        }
        out.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    aws_account_id: &'a str,
    severity: &'static str,
    title: String,
    description: String,
    status: &'static str,
    remediation: Remediation,
    resources: [ResourceView<'a>; 1],
    network_reachability_details: Details,
}

#[derive(Serialize)]
struct Remediation {
    recommendation: Recommendation,
}

#[derive(Serialize)]
struct Recommendation {
    text: &'static str,
}

#[derive(Serialize)]
struct ResourceView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    partition: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    region: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'a BTreeMap<String, String>,
    details: InstanceDetails<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InstanceDetails<'a> {
    aws_ec2_instance: Ec2Instance<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ec2Instance<'a> {
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    kind: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    image_id: &'a str,
    ip_v4_addresses: Vec<String>,
    ip_v6_addresses: Vec<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    vpc_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subnet_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    open_port_range: PortRange,
    protocol: String,
    network_path: Path,
}

#[derive(Serialize)]
struct PortRange {
    begin: u16,
    end: u16,
}

#[derive(Serialize)]
struct Path {
    steps: Vec<Step>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    component_id: String,
    component_type: String,
}

fn finding_of<'a>(analysis: &Analysis<'a>, finding: &Finding<'_>) -> Option<FindingView<'a>> {
    let instance = analysis.instance(finding.fact()?);
    let cause = analysis.cause(finding)?;
    Some(FindingView {
        kind: "NETWORK_REACHABILITY",
        aws_account_id: instance.account,
        severity: severity(&cause).as_str(),
        title: title(&cause),
        description: network_description(&cause, instance.id),
        status: "ACTIVE",
        remediation: Remediation { recommendation: Recommendation { text: NETWORK_REMEDIATION } },
        resources: [resource(instance)],
        network_reachability_details: details(cause),
    })
}

fn resource(instance: InstanceView<'_>) -> ResourceView<'_> {
    ResourceView {
        kind: "AWS_EC2_INSTANCE",
        id: instance.id,
        partition: partition(instance.region),
        region: instance.region,
        tags: instance.tags,
        details: InstanceDetails {
            aws_ec2_instance: Ec2Instance {
                kind: instance.kind,
                image_id: instance.image,
                ip_v4_addresses: instance.v4.iter().map(ToString::to_string).collect(),
                ip_v6_addresses: instance.v6.iter().map(ToString::to_string).collect(),
                vpc_id: instance.vpc,
                subnet_id: instance.subnet,
            },
        },
    }
}

fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

fn details(cause: NetworkCause) -> Details {
    let step = |(component_id, component_type)| Step { component_id, component_type };
    Details {
        open_port_range: PortRange { begin: cause.ports.0, end: cause.ports.1 },
        protocol: cause.protocol,
        network_path: Path { steps: cause.steps.into_iter().map(step).collect() },
    }
}
