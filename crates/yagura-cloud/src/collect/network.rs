//! The configuration of the VPCs of a home, as documents that the AWS CLI would print: what `yagura-network` reads from
//! a folder, it reads from here too.
//!
//! Nothing is left out silently: a listing that fails ends the look, because a path that is not seen would be taken for
//! closed. Only VPC Block Public Access may be missing, which closes paths.

use super::{Gap, Place};
use crate::CloudError;
use crate::aws::services::{ec2, elb, elbv2};
use crate::aws::{Aws, AwsError, page};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// One answer, under the name of its call: `ec2.describe-vpcs.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// As a file of a snapshot folder.
    pub name: String,
    /// The answer, all pages joined.
    pub body: Value,
}

/// What the calls brought.
#[derive(Debug, Default)]
pub struct Configuration {
    /// The answers.
    pub documents: Vec<Document>,
    /// What could not be learnt.
    pub gaps: Vec<Gap>,
}

impl Configuration {
    fn add(&mut self, call: &str, member: &str, items: impl Serialize) -> Result<(), CloudError> {
        let items = serde_json::to_value(items).map_err(|error| CloudError::Invalid {
            what: "answer of a listing",
            text: call.to_owned(),
            detail: error.to_string(),
        })?;
        self.documents.push(Document { name: format!("{call}.json"), body: json!({ member: items }) });
        Ok(())
    }
}

/// The part of an ARN that names a keyed document.
fn key(arn: &str) -> String {
    arn.rsplit(':').next().unwrap_or(arn).replace('/', "_")
}

/// A listing of EC2.
macro_rules! listed {
    ($aws:expr, $operation:ident, $call:ident, $request:ident, $items:ident $(, $member:ident: $value:expr)*) => {
        page::all(&ec2::$operation, async |next_token| {
            let input = ec2::$request { next_token, $($member: $value,)* ..Default::default() };
            let answer = ec2::$call($aws, &input).await?;
            Ok((answer.$items, answer.next_token))
        })
    };
}

/// A listing of Elastic Load Balancing.
macro_rules! marked {
    ($aws:expr, $service:ident, $operation:ident, $call:ident, $request:ident, $items:ident $(, $member:ident: $value:expr)*) => {
        page::all(&$service::$operation, async |marker| {
            let input = $service::$request { marker, $($member: $value,)* ..Default::default() };
            let answer = $service::$call($aws, &input).await?;
            Ok((answer.$items, answer.next_marker))
        })
    };
}

/// Everything that decides which packets get where.
///
/// # Errors
/// A listing failed.
pub async fn configuration(place: &Place) -> Result<Configuration, CloudError> {
    let aws = &place.aws;
    let mut found = Configuration::default();
    vpcs(aws, &mut found).await?;
    edges(aws, &mut found).await?;
    transit(aws, &mut found).await?;
    balancers(aws, &mut found).await?;
    classic(aws, &mut found).await?;
    public_access(aws, &mut found).await;
    assume_nodes(&mut found);
    Ok(found)
}

async fn vpcs(aws: &Aws, found: &mut Configuration) -> Result<(), CloudError> {
    let vpcs = listed!(aws, DESCRIBE_VPCS, describe_vpcs, DescribeVpcsRequest, vpcs).await?;
    found.add("ec2.describe-vpcs", "Vpcs", vpcs)?;
    let subnets = listed!(aws, DESCRIBE_SUBNETS, describe_subnets, DescribeSubnetsRequest, subnets).await?;
    found.add("ec2.describe-subnets", "Subnets", subnets)?;
    let reservations =
        listed!(aws, DESCRIBE_INSTANCES, describe_instances, DescribeInstancesRequest, reservations).await?;
    found.add("ec2.describe-instances", "Reservations", reservations)?;
    let interfaces = listed!(
        aws,
        DESCRIBE_NETWORK_INTERFACES,
        describe_network_interfaces,
        DescribeNetworkInterfacesRequest,
        network_interfaces
    );
    found.add("ec2.describe-network-interfaces", "NetworkInterfaces", interfaces.await?)?;
    let groups = listed!(
        aws,
        DESCRIBE_SECURITY_GROUPS,
        describe_security_groups,
        DescribeSecurityGroupsRequest,
        security_groups
    );
    found.add("ec2.describe-security-groups", "SecurityGroups", groups.await?)?;
    let lists =
        listed!(aws, DESCRIBE_NETWORK_ACLS, describe_network_acls, DescribeNetworkAclsRequest, network_acls)
            .await?;
    found.add("ec2.describe-network-acls", "NetworkAcls", lists)?;
    let tables =
        listed!(aws, DESCRIBE_ROUTE_TABLES, describe_route_tables, DescribeRouteTablesRequest, route_tables)
            .await?;
    found.add("ec2.describe-route-tables", "RouteTables", tables)?;
    let endpoints = listed!(
        aws,
        DESCRIBE_VPC_ENDPOINTS,
        describe_vpc_endpoints,
        DescribeVpcEndpointsRequest,
        vpc_endpoints
    );
    found.add("ec2.describe-vpc-endpoints", "VpcEndpoints", endpoints.await?)?;
    let lists = listed!(
        aws,
        DESCRIBE_MANAGED_PREFIX_LISTS,
        describe_managed_prefix_lists,
        DescribeManagedPrefixListsRequest,
        prefix_lists
    );
    for id in lists.await?.into_iter().filter_map(|list| list.prefix_list_id) {
        let entries = listed!(
            aws,
            GET_MANAGED_PREFIX_LIST_ENTRIES,
            get_managed_prefix_list_entries,
            GetManagedPrefixListEntriesRequest,
            entries,
            prefix_list_id: Some(id.clone())
        );
        found.add(&format!("ec2.get-managed-prefix-list-entries@{id}"), "Entries", entries.await?)?;
    }
    Ok(())
}

async fn edges(aws: &Aws, found: &mut Configuration) -> Result<(), CloudError> {
    let gateways = listed!(
        aws,
        DESCRIBE_INTERNET_GATEWAYS,
        describe_internet_gateways,
        DescribeInternetGatewaysRequest,
        internet_gateways
    );
    found.add("ec2.describe-internet-gateways", "InternetGateways", gateways.await?)?;
    let peerings = listed!(
        aws,
        DESCRIBE_VPC_PEERING_CONNECTIONS,
        describe_vpc_peering_connections,
        DescribeVpcPeeringConnectionsRequest,
        vpc_peering_connections
    );
    found.add("ec2.describe-vpc-peering-connections", "VpcPeeringConnections", peerings.await?)?;
    let gateways = ec2::describe_vpn_gateways(aws, &ec2::DescribeVpnGatewaysRequest::default()).await?;
    found.add("ec2.describe-vpn-gateways", "VpnGateways", gateways.vpn_gateways)
}

async fn transit(aws: &Aws, found: &mut Configuration) -> Result<(), CloudError> {
    let gateways = listed!(
        aws,
        DESCRIBE_TRANSIT_GATEWAYS,
        describe_transit_gateways,
        DescribeTransitGatewaysRequest,
        transit_gateways
    );
    found.add("ec2.describe-transit-gateways", "TransitGateways", gateways.await?)?;
    let attachments = listed!(
        aws,
        DESCRIBE_TRANSIT_GATEWAY_ATTACHMENTS,
        describe_transit_gateway_attachments,
        DescribeTransitGatewayAttachmentsRequest,
        transit_gateway_attachments
    );
    found.add("ec2.describe-transit-gateway-attachments", "TransitGatewayAttachments", attachments.await?)?;
    let attachments = listed!(
        aws,
        DESCRIBE_TRANSIT_GATEWAY_VPC_ATTACHMENTS,
        describe_transit_gateway_vpc_attachments,
        DescribeTransitGatewayVpcAttachmentsRequest,
        transit_gateway_vpc_attachments
    );
    found.add(
        "ec2.describe-transit-gateway-vpc-attachments",
        "TransitGatewayVpcAttachments",
        attachments.await?,
    )?;
    let tables = listed!(
        aws,
        DESCRIBE_TRANSIT_GATEWAY_ROUTE_TABLES,
        describe_transit_gateway_route_tables,
        DescribeTransitGatewayRouteTablesRequest,
        transit_gateway_route_tables
    );
    for id in tables.await?.into_iter().filter_map(|table| table.transit_gateway_route_table_id) {
        let states = ["active", "blackhole"].map(str::to_owned).to_vec();
        let input = ec2::SearchTransitGatewayRoutesRequest {
            transit_gateway_route_table_id: Some(id.clone()),
            filters: vec![ec2::Filter { name: Some("state".to_owned()), values: states }],
            max_results: Some(1000),
            ..Default::default()
        };
        let answer = ec2::search_transit_gateway_routes(aws, &input).await?;
        // More than a thousand routes cannot be listed by this call: half a table would be worse than an unknown one.
        if answer.additional_routes_available != Some(true) {
            found.add(&format!("ec2.search-transit-gateway-routes@{id}"), "Routes", answer.routes)?;
        }
    }
    Ok(())
}

async fn balancers(aws: &Aws, found: &mut Configuration) -> Result<(), CloudError> {
    let balancers = marked!(
        aws,
        elbv2,
        DESCRIBE_LOAD_BALANCERS,
        describe_load_balancers,
        DescribeLoadBalancersInput,
        load_balancers
    )
    .await?;
    for arn in balancers.iter().filter_map(|balancer| balancer.load_balancer_arn.clone()) {
        let listeners = marked!(
            aws, elbv2, DESCRIBE_LISTENERS, describe_listeners, DescribeListenersInput, listeners,
            load_balancer_arn: Some(arn.clone())
        )
        .await?;
        for listener in listeners.iter().filter_map(|listener| listener.listener_arn.clone()) {
            let rules = marked!(
                aws, elbv2, DESCRIBE_RULES, describe_rules, DescribeRulesInput, rules,
                listener_arn: Some(listener.clone())
            );
            found.add(&format!("elbv2.describe-rules@{}", key(&listener)), "Rules", rules.await?)?;
        }
        found.add(&format!("elbv2.describe-listeners@{}", key(&arn)), "Listeners", listeners)?;
        let input = elbv2::DescribeLoadBalancerAttributesInput { load_balancer_arn: Some(arn.clone()) };
        let answer = elbv2::describe_load_balancer_attributes(aws, &input).await?;
        found.add(
            &format!("elbv2.describe-load-balancer-attributes@{}", key(&arn)),
            "Attributes",
            answer.attributes,
        )?;
    }
    found.add("elbv2.describe-load-balancers", "LoadBalancers", balancers)?;
    let groups = marked!(
        aws,
        elbv2,
        DESCRIBE_TARGET_GROUPS,
        describe_target_groups,
        DescribeTargetGroupsInput,
        target_groups
    )
    .await?;
    for arn in groups.iter().filter_map(|group| group.target_group_arn.clone()) {
        let input =
            elbv2::DescribeTargetHealthInput { target_group_arn: Some(arn.clone()), ..Default::default() };
        let health = elbv2::describe_target_health(aws, &input).await?.target_health_descriptions;
        found.add(
            &format!("elbv2.describe-target-health@{}", key(&arn)),
            "TargetHealthDescriptions",
            health,
        )?;
        let input = elbv2::DescribeTargetGroupAttributesInput { target_group_arn: Some(arn.clone()) };
        let attributes = elbv2::describe_target_group_attributes(aws, &input).await?.attributes;
        found.add(
            &format!("elbv2.describe-target-group-attributes@{}", key(&arn)),
            "Attributes",
            attributes,
        )?;
    }
    found.add("elbv2.describe-target-groups", "TargetGroups", groups)
}

async fn classic(aws: &Aws, found: &mut Configuration) -> Result<(), CloudError> {
    let balancers = marked!(
        aws,
        elb,
        DESCRIBE_LOAD_BALANCERS,
        describe_load_balancers,
        DescribeAccessPointsInput,
        load_balancer_descriptions
    )
    .await?;
    for name in balancers.iter().filter_map(|balancer| balancer.load_balancer_name.clone()) {
        let input = elb::DescribeLoadBalancerAttributesInput { load_balancer_name: Some(name.clone()) };
        let answer = elb::describe_load_balancer_attributes(aws, &input).await?;
        found.add(
            &format!("elb.describe-load-balancer-attributes@{name}"),
            "LoadBalancerAttributes",
            answer.load_balancer_attributes,
        )?;
    }
    found.add("elb.describe-load-balancers", "LoadBalancerDescriptions", balancers)
}

/// Regions and partitions without it are many: its absence is a gap.
async fn public_access(aws: &Aws, found: &mut Configuration) {
    let outcome = async {
        let input = ec2::DescribeVpcBlockPublicAccessOptionsRequest::default();
        let options = ec2::describe_vpc_block_public_access_options(aws, &input).await?;
        let exclusions = listed!(
            aws,
            DESCRIBE_VPC_BLOCK_PUBLIC_ACCESS_EXCLUSIONS,
            describe_vpc_block_public_access_exclusions,
            DescribeVpcBlockPublicAccessExclusionsRequest,
            vpc_block_public_access_exclusions
        );
        Ok::<_, AwsError>((options.vpc_block_public_access_options, exclusions.await?))
    };
    let added = match outcome.await {
        Ok((options, exclusions)) => found
            .add("ec2.describe-vpc-block-public-access-options", "VpcBlockPublicAccessOptions", options)
            .and_then(|()| {
                found.add(
                    "ec2.describe-vpc-block-public-access-exclusions",
                    "VpcBlockPublicAccessExclusions",
                    exclusions,
                )
            }),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = added {
        found.gaps.push(Gap { what: "VPC Block Public Access".to_owned(), error });
    }
}

/// AWS lists an interface for each node of a load balancer. Where it lists none, as for one that is just being made, one
/// node per subnet is assumed, public where the load balancer faces the internet, on the addresses that AWS keeps for
/// itself in every subnet.
fn assume_nodes(found: &mut Configuration) {
    let list = |name: &str, member: &str| -> Vec<Value> {
        let document = found.documents.iter().find(|document| document.name == name);
        document.and_then(|document| document.body[member].as_array()).cloned().unwrap_or_default()
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let texts = |value: &Value| value.as_array().into_iter().flatten().map(text).collect::<Vec<String>>();
    let blocks: BTreeMap<String, (String, String)> = list("ec2.describe-subnets.json", "Subnets")
        .iter()
        .map(|subnet| (text(&subnet["SubnetId"]), (text(&subnet["CidrBlock"]), text(&subnet["VpcId"]))))
        .collect();
    let listed: BTreeSet<String> = list("ec2.describe-network-interfaces.json", "NetworkInterfaces")
        .iter()
        .map(|interface| text(&interface["Description"]))
        .collect();
    // Description of nodes, subnets, scheme, groups.
    let mut wanted: Vec<(String, Vec<String>, String, Vec<String>)> = Vec::new();
    for one in list("elbv2.describe-load-balancers.json", "LoadBalancers") {
        let arn = text(&one["LoadBalancerArn"]);
        let Some((_, suffix)) = arn.split_once("loadbalancer/") else { continue };
        let zones = one["AvailabilityZones"].as_array().cloned().unwrap_or_default();
        let subnets = zones.iter().map(|zone| text(&zone["SubnetId"])).collect();
        wanted.push((format!("ELB {suffix}"), subnets, text(&one["Scheme"]), texts(&one["SecurityGroups"])));
    }
    for one in list("elb.describe-load-balancers.json", "LoadBalancerDescriptions") {
        let name = format!("ELB {}", text(&one["LoadBalancerName"]));
        wanted.push((name, texts(&one["Subnets"]), text(&one["Scheme"]), texts(&one["SecurityGroups"])));
    }
    let (mut assumed, mut used) = (Vec::new(), BTreeMap::<String, u32>::new());
    for (description, subnets, scheme, groups) in
        wanted.into_iter().filter(|(name, ..)| !listed.contains(name))
    {
        for subnet in subnets {
            let Some((block, vpc)) = blocks.get(&subnet) else { continue };
            let first = block.split('/').next().and_then(|first| first.parse::<Ipv4Addr>().ok());
            let nth = used.entry(subnet.clone()).or_insert(0);
            *nth += 1;
            let (Some(first), 1..=3) = (first, *nth) else { continue };
            let private = Ipv4Addr::from(u32::from(first).saturating_add(*nth));
            // No address of the internet stands in for one that is not known.
            let number = u32::try_from(assumed.len()).unwrap_or(u32::MAX);
            let public = Ipv4Addr::from(u32::from(Ipv4Addr::new(240, 0, 0, 0)).saturating_add(number));
            let mut address = json!({"PrivateIpAddress": private.to_string(), "Primary": true});
            if scheme == "internet-facing" {
                address["Association"] = json!({"PublicIp": public.to_string()});
            }
            let name = description.trim_start_matches("ELB ");
            assumed.push(json!({
                "NetworkInterfaceId": format!("{name} in {subnet}"), "Description": description, "SubnetId": subnet, "VpcId": vpc,
                "Groups": groups.iter().map(|group| json!({"GroupId": group})).collect::<Vec<_>>(),
                "PrivateIpAddress": private.to_string(), "PrivateIpAddresses": [address],
            }));
        }
    }
    let interfaces =
        found.documents.iter_mut().find(|document| document.name == "ec2.describe-network-interfaces.json");
    if let Some(all) = interfaces.and_then(|document| document.body["NetworkInterfaces"].as_array_mut()) {
        all.append(&mut assumed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_are_not_listed_are_assumed() {
        let mut found = Configuration::default();
        found
            .add(
                "ec2.describe-subnets",
                "Subnets",
                json!([{"SubnetId": "subnet-1", "CidrBlock": "10.0.1.0/24", "VpcId": "vpc-1"}]),
            )
            .unwrap();
        found
            .add(
                "ec2.describe-network-interfaces",
                "NetworkInterfaces",
                json!([{"Description": "ELB app/listed/1"}]),
            )
            .unwrap();
        let balancer = |name: &str| {
            json!({"LoadBalancerArn": format!("arn:aws:elasticloadbalancing:r:1:loadbalancer/app/{name}/1"),
            "Scheme": "internet-facing", "SecurityGroups": ["sg-1"], "AvailabilityZones": [{"SubnetId": "subnet-1"}]})
        };
        found
            .add(
                "elbv2.describe-load-balancers",
                "LoadBalancers",
                json!([balancer("listed"), balancer("bare")]),
            )
            .unwrap();
        assume_nodes(&mut found);
        let interfaces = found.documents[1].body["NetworkInterfaces"].as_array().unwrap();
        assert_eq!(interfaces.len(), 2);
        assert_eq!(interfaces[1]["NetworkInterfaceId"], "app/bare/1 in subnet-1");
        assert_eq!(interfaces[1]["PrivateIpAddress"], "10.0.1.1");
        assert_eq!(interfaces[1]["Groups"], json!([{"GroupId": "sg-1"}]));
    }

    #[test]
    fn answers_are_written_as_the_cli_prints_them() {
        let route = ec2::Route {
            destination_cidr_block: Some("0.0.0.0/0".into()),
            gateway_id: Some("igw-1".into()),
            ..Default::default()
        };
        let table = ec2::RouteTable {
            route_table_id: Some("rtb-1".into()),
            routes: vec![route],
            ..Default::default()
        };
        assert_eq!(
            serde_json::to_value(&table).unwrap(),
            json!({"RouteTableId": "rtb-1", "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"}]})
        );
    }
}
