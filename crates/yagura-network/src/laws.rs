//! Properties over generated networks: what the sets say and what single packets do must agree. The topologies mix
//! everything that is modelled; packets are taken at and beside every number in them.

#![cfg(test)]

use crate::address::{Address, Family, Prefix};
use crate::document::{Scope, Snapshot};
use crate::edge::EdgeKind;
use crate::facts::{Analysis, Question};
use crate::network::{Network, Protocol};
use crate::walk::{Packet, Sender, Walker};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Choices, drawn from bytes that shrink.
struct Dice<'a>(&'a [u8], usize);

impl Dice<'_> {
    fn roll(&mut self, sides: usize) -> usize {
        let byte = self.0.get(self.1).copied().unwrap_or(0);
        self.1 += 1;
        usize::from(byte) % sides
    }

    fn often(&mut self) -> bool {
        self.roll(4) > 0
    }

    fn seldom(&mut self) -> bool {
        self.roll(4) == 0
    }

    fn pick<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        let index = self.roll(of.len());
        of[index]
    }
}

const CIDRS: &[&str] = &[
    "0.0.0.0/0",
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/16",
    "10.1.0.0/16",
    "10.1.1.0/24",
    "10.1.2.10/32",
    "198.51.100.0/24",
    "198.51.100.7/32",
    "203.0.113.0/25",
    "192.168.0.0/16",
    "192.168.7.0/24",
    "128.0.0.0/1",
    "10.0.1.0/24",
    "10.0.2.0/24",
];
const CIDRS6: &[&str] =
    &["::/0", "2001:db8:a::/56", "2001:db8:b::/56", "2001:db8:c::/48", "2600::/16", "2001:db8:b:1::/64"];
const PORTS: &[(i64, i64)] = &[
    (22, 22),
    (80, 80),
    (443, 443),
    (0, 65535),
    (1024, 65535),
    (32768, 60999),
    (1, 1023),
    (8080, 8090),
    (53, 53),
];

fn protocol(dice: &mut Dice<'_>) -> &'static str {
    dice.pick(&["tcp", "6", "udp", "17", "-1", "-1", "tcp", "icmp"])
}

fn number(dice: &mut Dice<'_>) -> &'static str {
    dice.pick(&["6", "17", "-1", "-1", "6", "1"])
}

fn ports(dice: &mut Dice<'_>) -> (i64, i64) {
    let index = dice.roll(PORTS.len());
    PORTS[index]
}

fn acl(dice: &mut Dice<'_>, id: &str, subnets: &[String]) -> Value {
    let mut entries = Vec::new();
    for egress in [false, true] {
        for nth in 0..dice.roll(4) {
            let (from, to) = ports(dice);
            let mut entry = json!({"RuleNumber": 10 + nth * 10 + dice.roll(3), "Egress": egress, "Protocol": number(dice),
                "RuleAction": dice.pick(&["allow", "deny", "allow"])});
            if dice.often() {
                entry["PortRange"] = json!({"From": from, "To": to});
            }
            if dice.seldom() {
                entry["Ipv6CidrBlock"] = json!(dice.pick(CIDRS6));
            } else {
                entry["CidrBlock"] = json!(dice.pick(CIDRS));
            }
            entries.push(entry);
        }
        if dice.often() {
            entries.push(json!({"RuleNumber": 100, "Egress": egress, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}));
            entries.push(json!({"RuleNumber": 101, "Egress": egress, "Protocol": "-1", "RuleAction": "allow", "Ipv6CidrBlock": "::/0"}));
        }
    }
    let associations: Vec<Value> = subnets.iter().map(|subnet| json!({"SubnetId": subnet})).collect();
    json!({"NetworkAclId": id, "Entries": entries, "Associations": associations})
}

fn group(dice: &mut Dice<'_>, id: &str, vpc: &str) -> Value {
    let rules = |dice: &mut Dice<'_>, least: usize| -> Vec<Value> {
        let count = least + dice.roll(3);
        (0..count).map(|_| {
            let (from, to) = ports(dice);
            let mut rule = json!({"IpProtocol": protocol(dice), "FromPort": from, "ToPort": to});
            match dice.roll(6) {
                0 => rule["UserIdGroupPairs"] = json!([{"GroupId": dice.pick(&["sg-a1", "sg-a2", "sg-b1", "sg-b2"]),
                    "VpcPeeringConnectionId": dice.pick(&["", "pcx-1"]), "PeeringStatus": dice.pick(&["", "active", "deleted"])}]),
                1 => rule["PrefixListIds"] = json!([{"PrefixListId": dice.pick(&["pl-1", "pl-2", "pl-none"])}]),
                2 => rule["Ipv6Ranges"] = json!([{"CidrIpv6": dice.pick(CIDRS6)}]),
                _ => rule["IpRanges"] = json!([{"CidrIp": dice.pick(CIDRS)}, {"CidrIp": dice.pick(CIDRS)}]),
            }
            rule
        }).collect()
    };
    let mut inbound = rules(dice, 1);
    if dice.often() {
        let all = json!({"IpProtocol": protocol(dice), "FromPort": 1, "ToPort": 9000,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]});
        inbound.push(all);
    }
    let mut outbound = rules(dice, 0);
    if dice.often() {
        outbound.push(json!({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}));
    }
    json!({"GroupId": id, "VpcId": vpc, "IpPermissions": inbound, "IpPermissionsEgress": outbound})
}

fn table(
    dice: &mut Dice<'_>,
    id: &str,
    vpc: &str,
    block: (&str, &str),
    (nth, inspected): (usize, bool),
    associations: Vec<Value>,
) -> Value {
    let mut routes = vec![
        json!({"DestinationCidrBlock": block.0, "GatewayId": "local", "State": "active", "Origin": "CreateRouteTable"}),
        json!({"DestinationIpv6CidrBlock": block.1, "GatewayId": "local", "State": "active", "Origin": "CreateRouteTable"}),
    ];
    let own = vpc.trim_start_matches("vpc-");
    for _ in 0..2 + dice.roll(4) {
        let mut route = json!({"State": "active", "Origin": "CreateRoute"});
        match dice.roll(6) {
            0 => route["DestinationIpv6CidrBlock"] = json!(dice.pick(CIDRS6)),
            1 => route["DestinationPrefixListId"] = json!(dice.pick(&["pl-1", "pl-2"])),
            _ => route["DestinationCidrBlock"] = json!(dice.pick(CIDRS)),
        }
        let (member, target) = match dice.roll(9) {
            0 => ("NatGatewayId", "nat-1".to_owned()),
            1 => ("VpcPeeringConnectionId", "pcx-1".to_owned()),
            2 => ("GatewayId", format!("vgw-{own}")),
            3 | 4 => ("TransitGatewayId", "tgw-1".to_owned()),
            5 => ("NetworkInterfaceId", format!("eni-{own}9")),
            6 => ("GatewayId", format!("vpce-{own}")),
            _ => ("GatewayId", format!("igw-{own}")),
        };
        route[member] = json!(target);
        if dice.roll(8) == 0 {
            route["State"] = json!("blackhole");
        }
        if dice.roll(6) == 0 {
            route["Origin"] = json!("EnableVgwRoutePropagation");
        }
        routes.push(route);
    }
    // With inspection: gateways send to the middlebox, which is in the third subnet, and two tables answer through it.
    let middlebox = if dice.often() {
        ("NetworkInterfaceId", format!("eni-{own}9"))
    } else {
        ("GatewayId", format!("vpce-{own}"))
    };
    let gateway = ("GatewayId", format!("igw-{own}"));
    let mut add = |to: &str, (member, target): &(&str, String)| {
        if !routes
            .iter()
            .any(|route| route["DestinationCidrBlock"] == to || route["DestinationIpv6CidrBlock"] == to)
        {
            let destination =
                if to.contains(':') { "DestinationIpv6CidrBlock" } else { "DestinationCidrBlock" };
            routes
                .push(json!({destination: to, *member: target, "State": "active", "Origin": "CreateRoute"}));
        }
    };
    match (nth, inspected) {
        (3 | 4, true) => {
            let second = block.0.split('.').nth(1).unwrap_or_default();
            for subnet in 1..=2 {
                add(&format!("10.{second}.{subnet}.0/24"), &middlebox);
            }
        }
        (0 | 1, true) if dice.often() => {
            add("0.0.0.0/0", &middlebox);
            add("::/0", &middlebox);
        }
        (0..=2, _) if dice.often() => {
            add("0.0.0.0/0", &gateway);
            add("::/0", &gateway);
        }
        _ => {}
    }
    json!({"RouteTableId": id, "VpcId": vpc, "Routes": routes, "Associations": associations})
}

/// Everything that is modelled, in two VPCs; documents by file name.
fn topology(dice: &mut Dice<'_>) -> BTreeMap<String, Value> {
    let mut docs: BTreeMap<String, Value> = BTreeMap::new();
    let (mut vpcs, mut subnets, mut tables, mut acls, mut groups) = (vec![], vec![], vec![], vec![], vec![]);
    let (mut interfaces, mut instances, mut gateways, mut vpn, mut endpoints) =
        (vec![], vec![], vec![], vec![], vec![]);
    for (nth, own) in ["a", "b"].into_iter().enumerate() {
        let vpc = format!("vpc-{own}");
        let (v4, v6) = (format!("10.{nth}.0.0/16"), format!("2001:db8:{own}::/56"));
        vpcs.push(
            json!({"VpcId": vpc, "CidrBlock": v4, "Ipv6CidrBlockAssociationSet": [{"Ipv6CidrBlock": v6}]}),
        );
        gateways.push(json!({"InternetGatewayId": format!("igw-{own}"),
            "Attachments": [{"VpcId": vpc, "State": dice.pick(&["available", "attached", "available", "detaching"])}]}));
        vpn.push(json!({"VpnGatewayId": format!("vgw-{own}"), "State": "available",
            "VpcAttachments": [{"VpcId": vpc, "State": dice.pick(&["attached", "attached", "detached"])}]}));
        let inspected = dice.seldom();
        let names: Vec<String> = (1..=3).map(|n| format!("subnet-{own}{n}")).collect();
        let mut by_acl: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let mut by_table: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
        for name in &names {
            subnets.push(
                json!({"SubnetId": name, "VpcId": vpc, "AvailabilityZoneId": dice.pick(&["z1", "z2", "z1"])}),
            );
            let acl = dice.roll(5);
            if acl < 4 {
                by_acl.entry(acl / 2).or_default().push(name.clone());
            }
            by_table
                .entry(if inspected && name.ends_with('3') { 2 } else { dice.roll(3) })
                .or_default()
                .push(json!({"SubnetId": name}));
        }
        for (nth, associated) in by_acl {
            acls.push(acl(dice, &format!("acl-{own}{nth}"), &associated));
        }
        by_table.entry(0).or_default().push(json!({"Main": true}));
        if inspected || dice.seldom() {
            by_table.entry(3).or_default().push(json!({"GatewayId": format!("igw-{own}")}));
        }
        if dice.seldom() {
            by_table.entry(4).or_default().push(json!({"GatewayId": format!("vgw-{own}")}));
        }
        for (nth, associations) in by_table {
            tables.push(table(
                dice,
                &format!("rtb-{own}{nth}"),
                &vpc,
                (&v4, &v6),
                (nth, inspected),
                associations,
            ));
        }
        for n in 1..=2 {
            groups.push(group(dice, &format!("sg-{own}{n}"), &vpc));
        }
        endpoints.push(json!({"VpcEndpointId": format!("vpce-{own}"), "VpcEndpointType": dice.pick(&["GatewayLoadBalancer", "GatewayLoadBalancer", "Interface"]),
            "State": dice.pick(&["available", "available", "pending"]), "VpcId": vpc, "SubnetIds": [if inspected { &names[2] } else { dice.pick(&[&names[0], &names[1], &names[2]]) }]}));
        // 1 to 3: hosts; 9: an appliance; 5 to 7: nodes of load balancers.
        for n in [1, 2, 3, 9, 5, 6, 7] {
            let subnet = if inspected && n == 9 { 2 } else { dice.roll(3) };
            let (id, instance) = (format!("eni-{own}{n}"), format!("i-{own}{n}"));
            let private = format!("10.{nth}.{}.{}", subnet + 1, n * 5);
            let mut address = json!({"PrivateIpAddress": private, "Primary": true});
            if dice.roll(3) > 0 {
                address["Association"] = json!({"PublicIp": format!("52.0.{nth}.{n}")});
            }
            let mut addresses = vec![address];
            if dice.seldom() {
                addresses.push(json!({"PrivateIpAddress": format!("10.{nth}.{}.{}", subnet + 1, n * 5 + 100), "Primary": false,
                    "Association": {"PublicIp": format!("52.1.{nth}.{n}")}}));
            }
            let v6 = if dice.often() {
                json!([{"Ipv6Address": format!("2001:db8:{own}:{}::{n}", subnet + 1)}])
            } else {
                json!([])
            };
            let mut carried = vec![
                json!({"GroupId": dice.pick(&[format!("sg-{own}1").as_str(), format!("sg-{own}2").as_str()])}),
            ];
            if dice.seldom() {
                carried.push(json!({"GroupId": format!("sg-{own}1")}));
            }
            let mut interface = json!({"NetworkInterfaceId": id, "SubnetId": names[subnet], "VpcId": vpc, "Groups": carried,
                "PrivateIpAddress": private, "PrivateIpAddresses": addresses, "Ipv6Addresses": v6,
                "SourceDestCheck": n != 9 || dice.roll(8) == 0, "Description": match n { 5 => "ELB app/front/1", 6 => "ELB net/front/2", 7 => "ELB classic", _ => "" }});
            if !(5..=7).contains(&n) {
                interface["Attachment"] =
                    json!({"InstanceId": instance, "Status": "attached", "DeviceIndex": 0});
                instances.push(json!({"InstanceId": instance, "State": {"Name": if dice.roll(8) == 0 { "stopped" } else { "running" }}}));
            }
            // Only the load balancers of the first VPC have nodes.
            if !(5..=7).contains(&n) || own == "a" {
                interfaces.push(interface);
            }
        }
    }
    let end = |own: &str, nth: usize| {
        json!({"VpcId": format!("vpc-{own}"), "CidrBlockSet": [{"CidrBlock": format!("10.{nth}.0.0/16")}],
        "Ipv6CidrBlockSet": [{"Ipv6CidrBlock": format!("2001:db8:{own}::/56")}], "Region": "r"})
    };
    let mut put =
        |name: &str, member: &str, value: Value| docs.insert(format!("{name}.json"), json!({member: value}));
    put(
        "ec2.describe-vpc-peering-connections",
        "VpcPeeringConnections",
        json!([{"VpcPeeringConnectionId": "pcx-1",
        "Status": {"Code": dice.pick(&["active", "active", "pending-acceptance"])}, "AccepterVpcInfo": end("a", 0), "RequesterVpcInfo": end("b", 1)}]),
    );
    let support = |dice: &mut Dice<'_>| json!({"SecurityGroupReferencingSupport": dice.pick(&["enable", "disable", "enable"])});
    put(
        "ec2.describe-transit-gateways",
        "TransitGateways",
        json!([{"TransitGatewayId": "tgw-1", "Options": support(dice)}]),
    );
    let mut attachments = Vec::new();
    for (id, kind, resource) in [
        ("tgw-attach-a", "vpc", "vpc-a"),
        ("tgw-attach-b", "vpc", "vpc-b"),
        ("tgw-attach-v", "vpn", "vpn-1"),
        ("tgw-attach-p", "peering", "tgw-2"),
    ] {
        let mut attachment = json!({"TransitGatewayAttachmentId": id, "TransitGatewayId": "tgw-1", "ResourceType": kind, "ResourceId": resource,
            "State": if dice.roll(6) == 0 { "deleting" } else { "available" }});
        if dice.often() {
            attachment["Association"] = json!({"TransitGatewayRouteTableId": dice.pick(&["tgw-rtb-1", "tgw-rtb-2", "tgw-rtb-unknown"]), "State": "associated"});
        }
        attachments.push(attachment);
    }
    put("ec2.describe-transit-gateway-attachments", "TransitGatewayAttachments", json!(attachments));
    let mut vpc_attachments = Vec::new();
    for own in ["a", "b"] {
        let mut chosen = vec![format!("subnet-{own}{}", 1 + dice.roll(3))];
        if dice.seldom() {
            chosen.push(format!("subnet-{own}{}", 1 + dice.roll(3)));
            chosen.dedup();
        }
        vpc_attachments.push(json!({"TransitGatewayAttachmentId": format!("tgw-attach-{own}"), "TransitGatewayId": "tgw-1", "VpcId": format!("vpc-{own}"),
            "State": "available", "SubnetIds": chosen, "Options": support(dice)}));
    }
    put(
        "ec2.describe-transit-gateway-vpc-attachments",
        "TransitGatewayVpcAttachments",
        json!(vpc_attachments),
    );
    for table in ["tgw-rtb-1", "tgw-rtb-2"] {
        let mut routes = Vec::new();
        for (id, block) in
            [("tgw-attach-a", "10.0.0.0/16"), ("tgw-attach-b", "10.1.0.0/16"), ("tgw-attach-v", "0.0.0.0/0")]
        {
            if dice.often() {
                routes.push(json!({"DestinationCidrBlock": block, "Type": "propagated", "State": "active",
                    "TransitGatewayAttachments": [{"TransitGatewayAttachmentId": id}]}));
            }
        }
        for _ in 0..dice.roll(3) {
            let block = if dice.seldom() { dice.pick(CIDRS6) } else { dice.pick(CIDRS) };
            routes.push(json!({"DestinationCidrBlock": block, "Type": "static", "State": dice.pick(&["active", "active", "blackhole"]),
                "TransitGatewayAttachments": [{"TransitGatewayAttachmentId": dice.pick(&["tgw-attach-a", "tgw-attach-b", "tgw-attach-v", "tgw-attach-p"])}]}));
        }
        put(&format!("ec2.search-transit-gateway-routes@{table}"), "Routes", json!(routes));
    }
    for list in ["pl-1", "pl-2"] {
        put(
            &format!("ec2.get-managed-prefix-list-entries@{list}"),
            "Entries",
            json!([{"Cidr": dice.pick(CIDRS)}, {"Cidr": dice.pick(CIDRS)}, {"Cidr": dice.pick(CIDRS6)}]),
        );
    }
    put(
        "ec2.describe-vpc-block-public-access-options",
        "VpcBlockPublicAccessOptions",
        json!({"InternetGatewayBlockMode": dice.pick(&["off", "off", "off", "block-ingress"])}),
    );
    put(
        "ec2.describe-vpc-block-public-access-exclusions",
        "VpcBlockPublicAccessExclusions",
        json!([{"ExclusionId": "e", "ResourceArn": "arn:aws:ec2:r:1:vpc/vpc-a", "InternetGatewayExclusionMode": "allow-bidirectional", "State": "create-complete"}]),
    );
    let zones = |dice: &mut Dice<'_>| -> Vec<Value> {
        let mut out = vec![
            json!({"SubnetId": "subnet-a1"}),
            json!({"SubnetId": "subnet-a2"}),
            json!({"SubnetId": "subnet-a3"}),
        ];
        out.truncate(2 + dice.roll(2));
        out
    };
    let (mut balancers, mut target_groups) = (Vec::new(), Vec::new());
    for (kind, short, n) in [("application", "app", 1), ("network", "net", 2)] {
        let arn = format!("arn:aws:elasticloadbalancing:r:1:loadbalancer/{short}/front/{n}");
        let groups = if kind == "network" && dice.seldom() {
            json!([])
        } else {
            json!([dice.pick(&["sg-a1", "sg-a2"])])
        };
        balancers.push(json!({"LoadBalancerArn": arn, "LoadBalancerName": "front", "VpcId": "vpc-a", "Type": kind, "State": {"Code": "active"},
            "AvailabilityZones": zones(dice), "SecurityGroups": groups, "IpAddressType": dice.pick(&["ipv4", "dualstack"])}));
        let group = format!("arn:aws:elasticloadbalancing:r:1:targetgroup/t{n}/1");
        let kind_of = dice.pick(&["instance", "ip"]);
        target_groups.push(json!({"TargetGroupArn": group, "Protocol": "TCP", "Port": 8080, "VpcId": "vpc-a", "TargetType": kind_of}));
        let mut targets = Vec::new();
        for n in 1..=2 {
            let id = if kind_of == "ip" {
                interfaces
                    .iter()
                    .find(|i| i["NetworkInterfaceId"] == format!("eni-a{n}"))
                    .map(|i| i["PrivateIpAddress"].clone())
                    .unwrap_or_default()
            } else {
                json!(format!("i-a{n}"))
            };
            targets.push(json!({"Target": {"Id": id, "Port": dice.pick(&[&80_i64, &8080, &22])}}));
        }
        put(
            &format!("elbv2.describe-target-health@targetgroup_t{n}_1"),
            "TargetHealthDescriptions",
            json!(targets),
        );
        let mut attributes = vec![
            json!({"Key": "load_balancing.cross_zone.enabled", "Value": dice.pick(&["true", "false", "use_load_balancer_configuration"])}),
        ];
        if dice.seldom() {
            attributes
                .push(json!({"Key": "preserve_client_ip.enabled", "Value": dice.pick(&["true", "false"])}));
        }
        put(
            &format!("elbv2.describe-target-group-attributes@targetgroup_t{n}_1"),
            "Attributes",
            json!(attributes),
        );
        let protocol = if kind == "network" { dice.pick(&["TCP", "UDP", "TCP_UDP", "TLS"]) } else { "HTTP" };
        let listener = format!("arn:aws:elasticloadbalancing:r:1:listener/{short}/front/{n}/9");
        put(
            &format!("elbv2.describe-listeners@loadbalancer_{short}_front_{n}"),
            "Listeners",
            json!([{"ListenerArn": listener, "LoadBalancerArn": arn,
            "Port": dice.pick(&[&80_i64, &443, &22]), "Protocol": protocol, "DefaultActions": [{"Type": dice.pick(&["forward", "forward", "redirect"]), "TargetGroupArn": group}]}]),
        );
        if kind == "application" && dice.seldom() {
            put(
                &format!("elbv2.describe-rules@listener_{short}_front_{n}_9"),
                "Rules",
                json!([{"RuleArn": "r", "Actions": [{"Type": "forward", "TargetGroupArn": group}],
                "Conditions": [{"Field": "source-ip", "SourceIpConfig": {"Values": [dice.pick(CIDRS)]}}]}]),
            );
        }
    }
    put("elbv2.describe-load-balancers", "LoadBalancers", json!(balancers));
    put("elbv2.describe-target-groups", "TargetGroups", json!(target_groups));
    put(
        "elb.describe-load-balancers",
        "LoadBalancerDescriptions",
        json!([{"LoadBalancerName": "classic", "VPCId": "vpc-a",
        "Subnets": ["subnet-a1", "subnet-a2"], "SecurityGroups": [dice.pick(&["sg-a1", "sg-a2"])], "Instances": [{"InstanceId": "i-a3"}],
        "ListenerDescriptions": [{"Listener": {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 443}}]}]),
    );
    put("ec2.describe-vpcs", "Vpcs", json!(vpcs));
    put("ec2.describe-subnets", "Subnets", json!(subnets));
    put("ec2.describe-route-tables", "RouteTables", json!(tables));
    put("ec2.describe-network-acls", "NetworkAcls", json!(acls));
    put("ec2.describe-security-groups", "SecurityGroups", json!(groups));
    put("ec2.describe-network-interfaces", "NetworkInterfaces", json!(interfaces));
    put("ec2.describe-instances", "Reservations", json!([{"Instances": instances}]));
    put("ec2.describe-internet-gateways", "InternetGateways", json!(gateways));
    put("ec2.describe-vpn-gateways", "VpnGateways", json!(vpn));
    put("ec2.describe-vpc-endpoints", "VpcEndpoints", json!(endpoints));
    docs
}

fn read(docs: &BTreeMap<String, Value>) -> Network {
    let mut snapshot = Snapshot::default();
    for (name, value) in docs {
        snapshot
            .read(&Scope::default(), name, value.to_string().as_bytes())
            .unwrap_or_else(|error| panic!("{error}"));
    }
    Network::build(&snapshot)
}

/// Senders at and beside every block in the data.
fn sources() -> Vec<Address> {
    let mut out = BTreeSet::new();
    for text in CIDRS.iter().chain(CIDRS6).chain(&[
        "172.16.0.0/12",
        "100.64.0.0/10",
        "8.8.8.8/32",
        "2001:db8:a:1::1/128",
    ]) {
        let prefix = Prefix::parse(text).unwrap_or_else(|| panic!("{text}"));
        let edges =
            [Some(prefix.low), Some(prefix.high()), prefix.low.checked_sub(1), prefix.high().checked_add(1)];
        for bits in edges
            .into_iter()
            .flatten()
            .filter(|bits| prefix.family == Family::V6 || *bits <= u128::from(u32::MAX))
        {
            out.insert(Address { family: prefix.family, bits });
        }
    }
    out.into_iter().collect()
}

/// The properties say little if the generated networks hold little.
#[test]
fn generated_networks_hold_everything_that_is_modelled() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut state = 1_u64;
    for _ in 0..500 {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u8::try_from(state >> 56).unwrap_or_default()
        };
        let bytes: Vec<u8> = (0..900).map(|_| next()).collect();
        let network = read(&topology(&mut Dice(&bytes, 0)));
        let analysis = Analysis::new(&network, &Question::default());
        for fact in &analysis.facts {
            let mut count = |what: String| *seen.entry(what).or_default() += 1;
            count(format!(
                "{} {} {}",
                fact.edge.name(),
                fact.family.name(),
                if fact.reply { "answered" } else { "one way" }
            ));
            let via = fact
                .balancer
                .map_or("direct".to_owned(), |index| format!("{:?}", network.balancers[index].kind));
            count(format!("{} {via}", fact.edge.name()));
            for opening in &fact.openings {
                for hop in &analysis.ways[opening.way].boxes {
                    count(format!(
                        "{} through {}",
                        fact.edge.name(),
                        format!("{hop:?}").split('(').next().unwrap_or_default()
                    ));
                }
            }
            fact.assumptions.iter().for_each(|assumption| count((*assumption).to_owned()));
        }
    }
    for wanted in [
        "INTERNET_GATEWAY IPV4 answered",
        "INTERNET_GATEWAY IPV6 answered",
        "INTERNET_GATEWAY IPV4 one way",
        "INTERNET_GATEWAY Application",
        "INTERNET_GATEWAY Network",
        "INTERNET_GATEWAY Classic",
        "INTERNET_GATEWAY through Interface",
        "INTERNET_GATEWAY through Endpoint",
        "TRANSIT_GATEWAY IPV4 answered",
        "TRANSIT_GATEWAY IPV4 one way",
        "TRANSIT_GATEWAY Network",
        "TRANSIT_GATEWAY through Interface",
        "VIRTUAL_PRIVATE_GATEWAY IPV4 answered",
        "VPC_PEERING_CONNECTION IPV4 answered",
        "VPC_PEERING_CONNECTION IPV6 answered",
        "NETWORK_ACL_MISSING",
        "TGW_RTB_ROUTES_ARE_UNKNOWN",
        "INSPECTED_BY_APPLIANCE",
    ] {
        assert!(seen.get(wanted).is_some_and(|count| *count > 0), "{wanted}: {seen:#?}");
    }
}

/// Interface, edge, load balancer, family, protocol, reply path.
type FactKey<'a> = (usize, EdgeKind, &'a str, Option<usize>, Family, Protocol, bool);

proptest! {
    #[test]
    fn n105_sets_and_packets_agree(bytes in prop::collection::vec(any::<u8>(), 900), ask in prop::collection::vec(any::<u32>(), 400)) {
        let docs = topology(&mut Dice(&bytes, 0));
        let network = read(&docs);
        let analysis = Analysis::new(&network, &Question::default());
        // Every witness is a packet that arrives.
        for fact in &analysis.facts {
            prop_assert!(!fact.assumptions.contains(&"WITNESS_NOT_CONFIRMED"), "{:?} {:?}\n{:#?}", fact.witness, fact.ports, docs);
        }
        // Every packet that arrives is in a fact.
        let mut open: BTreeMap<FactKey<'_>, crate::set::Ports> = BTreeMap::new();
        for fact in &analysis.facts {
            open.insert((fact.interface, fact.edge, &fact.edge_id, fact.balancer, fact.family, fact.protocol, fact.reply), fact.ports.clone());
        }
        let walker = Walker::new(&network, &analysis.entrances);
        let sources = sources();
        let targets: Vec<Address> = network.interfaces.iter().flat_map(|i| &i.addresses).flat_map(|a| [Some(a.private), a.public]).flatten().collect();
        let asked_ports = [0_u16, 22, 23, 53, 80, 443, 1023, 1024, 8080, 8091, 32768, 61000, 65535];
        for ask in ask {
            let mut ask = ask as usize;
            let mut take = |n: usize| { let at = ask % n; ask = ask / n + at * 7919; at };
            let entrance = &analysis.entrances[take(analysis.entrances.len())];
            let to = targets[take(targets.len())];
            let alike: Vec<&Address> = sources.iter().filter(|source| source.family == to.family).collect();
            let packet = Packet {
                from: Sender::Edge(entrance.kind, entrance.id.clone()),
                protocol: Protocol::ALL[take(2)],
                source: *alike[take(alike.len())],
                source_port: asked_ports[1 + take(asked_ports.len() - 1)],
                destination: to,
                destination_port: asked_ports[take(asked_ports.len())],
            };
            let outcome = walker.walk(&packet);
            if !outcome.delivered(packet.protocol) {
                continue;
            }
            let one = outcome.target.map(|(interface, port)| (interface, port, outcome.answered()));
            for (interface, port, answered) in outcome.targets.iter().copied().chain(one) {
                if !answered && packet.protocol == Protocol::Tcp {
                    continue;
                }
                let has = |reply| {
                    let key = (interface, entrance.kind, entrance.id.as_str(), outcome.balancer, to.family, packet.protocol, reply);
                    open.get(&key).is_some_and(|ports| ports.contains(port))
                };
                prop_assert!(has(true) || (!answered && has(false)), "{:?} arrives, no fact says so: {:#?}\n{:#?}", packet, outcome.steps, docs);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 200), junk in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut docs = topology(&mut Dice(&bytes, 0));
        // Documents go missing, members lose their values.
        let names: Vec<String> = docs.keys().cloned().collect();
        for pair in junk.chunks(2) {
            let name = &names[usize::from(pair[0]) % names.len()];
            match pair.get(1).copied().unwrap_or(0) % 3 {
                0 => { docs.remove(name); }
                _ => if let Some(list) = docs.get_mut(name).and_then(|doc| doc.as_object_mut()).and_then(|doc| doc.values_mut().next()).and_then(Value::as_array_mut) {
                    list.truncate(usize::from(pair[0]) % 3);
                },
            }
        }
        let network = read(&docs);
        let question = Question::default();
        let analysis = Analysis::new(&network, &question);
        let _ = (analysis.unreachable(&question), analysis.findings().count());
        let mut snapshot = Snapshot::default();
        let _ = snapshot.read(&Scope::default(), "ec2.describe-vpcs.json", &junk);
    }
}
