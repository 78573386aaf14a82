//! `yagura reach` and `yagura explain reach`, through the binary. The cases are not part of the repository: set
//! `YAGURA_CONFORMANCE` to a folder that holds them, or put it beside the checkout as `shared`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a failing unwrap is a failing test"
)]

mod common;

use common::{check, project, stderr, stdout};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// One public subnet with one instance: a list that denies 23, a group that opens 20-25 to one block.
fn office() -> tempfile::TempDir {
    let documents = [
        ("ec2.describe-vpcs.json", json!({"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}]})),
        (
            "ec2.describe-subnets.json",
            json!({"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "AvailabilityZoneId": "az1"}]}),
        ),
        (
            "ec2.describe-instances.json",
            json!({"Reservations": [{"OwnerId": "111122223333", "Instances": [{"InstanceId": "i-1", "State": {"Name": "running"}}]}]}),
        ),
        (
            "ec2.describe-network-interfaces.json",
            json!({"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1", "VpcId": "vpc-1",
                "Groups": [{"GroupId": "sg-1"}], "PrivateIpAddress": "10.0.0.4",
                "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.4", "Primary": true, "Association": {"PublicIp": "52.0.0.1"}}],
                "Attachment": {"InstanceId": "i-1", "Status": "attached", "DeviceIndex": 0}}]}),
        ),
        ("ec2.describe-security-groups.json", group("198.51.100.0/24")),
        (
            "ec2.describe-network-acls.json",
            json!({"NetworkAcls": [{"NetworkAclId": "acl-1", "Associations": [{"SubnetId": "subnet-1"}], "Entries": [
                {"RuleNumber": 10, "Egress": false, "Protocol": "6", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0", "PortRange": {"From": 23, "To": 23}},
                {"RuleNumber": 100, "Egress": false, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"},
                {"RuleNumber": 100, "Egress": true, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}]}]}),
        ),
        (
            "ec2.describe-route-tables.json",
            json!({"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"Main": true}], "Routes": [
                {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
                {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}]}]}),
        ),
        (
            "ec2.describe-internet-gateways.json",
            json!({"InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": [{"VpcId": "vpc-1", "State": "available"}]}]}),
        ),
    ];
    let texts: Vec<(String, String)> =
        documents.iter().map(|(name, value)| (format!("in/{name}"), value.to_string())).collect();
    let files: Vec<(&str, &[u8])> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    project(&files)
}

fn group(block: &str) -> Value {
    json!({"SecurityGroups": [{"GroupId": "sg-1", "VpcId": "vpc-1", "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 20, "ToPort": 25, "IpRanges": [{"CidrIp": block}]}], "IpPermissionsEgress": []}]})
}

fn document(directory: &Path, arguments: &[&str]) -> Value {
    let mut all = vec!["reach", "--from-dir", "in", "--format", "json"];
    all.extend(arguments);
    serde_json::from_str(&stdout(&check(directory, &all, 0))).unwrap()
}

#[test]
fn a_fact_has_its_ports_its_senders_and_a_witness() {
    let office = office();
    let found = document(office.path(), &[]);
    let fact = &found["reachability"][0];
    assert_eq!(fact["ports"], json!([[20, 22], [24, 25]]));
    assert_eq!(
        fact["sources"],
        json!({"breadth": "NARROW", "addresses": "256", "cidrs": ["198.51.100.0/24"]})
    );
    assert_eq!(
        fact["witness"],
        json!({"from": {"type": "INTERNET_GATEWAY", "id": "igw-1"}, "protocol": "TCP", "srcIp": "198.51.100.0",
            "srcPort": 1024, "dstIp": "52.0.0.1", "dstPort": 20})
    );
    let titles: Vec<&str> =
        found["findings"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
    assert_eq!(
        titles,
        [
            "Port range 20-22 is reachable from an Internet Gateway - TCP",
            "Port range 24-25 is reachable from an Internet Gateway - TCP"
        ]
    );
    // FTP is in the first range, nothing recognized in the second.
    assert_eq!(
        (&found["findings"][0]["severity"], &found["findings"][1]["severity"]),
        (&json!("HIGH"), &json!("INFORMATIONAL"))
    );
    assert_eq!(
        stdout(&check(office.path(), &["reach", "--from-dir", "in", "--format", "json"], 0)).lines().count(),
        1
    );
}

#[test]
fn what_if_tells_what_opens_and_what_closes() {
    let office = office();
    fs::write(
        office.path().join("ec2.describe-security-groups.json"),
        group("203.0.113.7/32").to_string().replace("20,", "22,"),
    )
    .unwrap();
    let found = document(office.path(), &["--what-if", "ec2.describe-security-groups.json"]);
    assert_eq!(found["reachability"][0]["sources"]["cidrs"], json!(["203.0.113.7/32"]));
    assert_eq!(found["whatIf"]["opened"], json!([]));
    assert_eq!(found["whatIf"]["closed"][0]["ports"], json!([[20, 21]]));
}

#[test]
fn explain_names_the_component_and_rule_that_stop_a_packet() {
    let office = office();
    let explain = |port: &str, lang: &str| {
        stdout(&check(
            office.path(),
            &["explain", "reach", "i-1", port, "--from-dir", "in", "--lang", lang],
            0,
        ))
    };
    let open = explain("tcp/22", "en");
    assert!(open.contains("TCP 22 can be reached from internet igw-1"), "{open}");
    assert!(open.contains("✓ request SecurityGroup sg-1"), "{open}");
    let listed = explain("tcp/23", "en");
    assert!(
        listed.contains(
            "NetworkAcl acl-1: a rule of the network ACL denies the packet (ingress 10 deny 0.0.0.0/0 23-23)"
        ),
        "{listed}"
    );
    let grouped = explain("tcp/80", "ja");
    assert!(grouped.contains("到達できません") && grouped.contains("[ENI_SG_RULES_MISMATCH]"), "{grouped}");
    let nobody = check(office.path(), &["explain", "reach", "i-2", "tcp/22", "--from-dir", "in"], 2);
    assert!(stderr(&nobody).contains("there is no instance `i-2`"));
}

#[test]
fn the_table_is_in_both_languages() {
    let office = office();
    let table = |lang: &str| {
        stdout(&check(office.path(), &["reach", "--from-dir", "in", "--explain", "--lang", lang], 0))
    };
    assert!(table("en").contains("HIGH") && table("en").contains("FTP, SSH"), "{}", table("en"));
    assert!(table("ja").contains("インターネット igw-1"), "{}", table("ja"));
}

#[test]
fn a_document_that_is_none_is_named_with_its_place() {
    let office = office();
    fs::write(office.path().join("in/ec2.describe-subnets.json"), r#"{"Subnets": [{"SubnetId": 7}]}"#)
        .unwrap();
    let refused = check(office.path(), &["reach", "--from-dir", "in"], 2);
    let said = stderr(&refused);
    assert!(said.contains("ec2.describe-subnets.json") && said.contains("Subnets[0].SubnetId"), "{said}");
    fs::write(office.path().join("in/ec2.describe-subnets.json"), "{").unwrap();
    check(office.path(), &["reach", "--from-dir", "in"], 2);
    check(office.path(), &["reach", "--from-dir", "nowhere"], 2);
    // A missing document is no error.
    fs::remove_file(office.path().join("in/ec2.describe-subnets.json")).unwrap();
    let found = document(office.path(), &[]);
    assert_eq!(found["reachability"], json!([]));
    assert_eq!(found["warnings"][0]["code"], json!("SUBNET_MISSING"));
}

fn cases() -> Option<PathBuf> {
    let root = std::env::var_os("YAGURA_CONFORMANCE")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")));
    let cases = root.join("reachability/cases");
    cases.is_dir().then_some(cases)
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The members of a fact that the cases compare.
fn told(fact: &Value) -> String {
    let names =
        ["instanceId", "networkInterfaceId", "edge", "via", "family", "protocol", "replyPath", "ports"];
    names.iter().map(|name| format!("{} ", fact.get(*name).unwrap_or(&Value::Null))).collect()
}

fn finding(one: &Value) -> String {
    let steps = list(&one["networkReachabilityDetails"]["networkPath"]["steps"]);
    let interface =
        steps.iter().rev().find(|step| step["componentType"] == "AWS::EC2::NetworkInterface").unwrap();
    assert_eq!(steps.last().unwrap()["componentId"], one["resources"][0]["id"]);
    format!(
        "{} {} {} {} {} {}",
        one["resources"][0]["id"],
        interface["componentId"],
        one["networkReachabilityDetails"]["openPortRange"],
        one["severity"],
        one["title"],
        one["description"]
    )
}

fn expected_finding(one: &Value) -> String {
    format!(
        "{} {} {} {} {} {}",
        one["instanceId"],
        one["networkInterfaceId"],
        one["openPortRange"],
        one["severity"],
        one["title"],
        one["description"]
    )
}

/// What an answer lacks of what is expected of it.
fn wrong(answer: &Value, expect: &Value) -> bool {
    if answer["verdict"] != expect["verdict"] {
        return true;
    }
    let same = |a: &Value, b: &Value| {
        ["code", "componentType", "componentId", "direction"].iter().all(|name| a[*name] == b[*name])
    };
    if answer["verdict"] == "DROPPED" {
        let named = list(&expect["blockers"]).iter().chain([&expect["blockedBy"]]);
        return expect.get("blockedBy").is_some()
            && !named.into_iter().any(|blocker| same(&answer["blockedBy"], blocker));
    }
    let target = &answer["target"];
    let is = |wanted: &Value| {
        ["instanceId", "networkInterfaceId"]
            .iter()
            .all(|name| wanted.get(*name).is_none_or(|id| *id == target[*name]))
    };
    let targets = list(&expect["targets"]);
    let hit = match (targets, expect.get("target")) {
        ([], Some(wanted)) => is(wanted),
        ([], None) => true,
        (several, _) => several.iter().any(is),
    };
    let named = expect.get("instanceId").is_none_or(|id| *id == target["instanceId"]);
    let any = list(&expect["instanceIdAnyOf"]);
    let one_of = any.is_empty() || any.contains(&target["instanceId"]);
    let port = expect.get("port").is_none_or(|port| *port == target["port"]);
    let reply = expect.get("replyPath").is_none_or(|reply| *reply == answer["replyPath"]);
    !(hit && named && one_of && port && reply)
}

/// Every fact, every finding and every packet of every case.
#[test]
fn the_cases_hold() {
    let Some(cases) = cases() else {
        eprintln!("skipped: no conformance data");
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    let mut complaints = Vec::new();
    let mut count = 0;
    let mut names: Vec<PathBuf> = fs::read_dir(cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    names.sort();
    for case in names {
        count += 1;
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let expected = read(&case.join("expected.json"));
        let probes = scratch.path().join("probes.json");
        fs::write(&probes, expected["probes"].to_string()).unwrap();
        let arguments = [
            "reach",
            "--from-dir",
            case.join("in").to_str().unwrap(),
            "--format",
            "json",
            "--probes",
            probes.to_str().unwrap(),
        ]
        .map(str::to_owned);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let found: Value = serde_json::from_str(&stdout(&check(scratch.path(), &arguments, 0))).unwrap();
        let facts: Vec<String> = list(&found["reachability"]).iter().map(told).collect();
        let wanted: Vec<String> = list(&expected["reachable"]).iter().map(told).collect();
        complaints.extend(
            wanted.iter().filter(|fact| !facts.contains(fact)).map(|fact| format!("{name}: missing {fact}")),
        );
        complaints.extend(
            facts.iter().filter(|fact| !wanted.contains(fact)).map(|fact| format!("{name}: too much {fact}")),
        );
        let mut findings: Vec<String> = list(&found["findings"]).iter().map(finding).collect();
        let mut wanted: Vec<String> = list(&expected["findings"]).iter().map(expected_finding).collect();
        findings.sort();
        wanted.sort();
        if findings != wanted {
            complaints.push(format!("{name}: findings {findings:#?}, not {wanted:#?}"));
        }
        for (answer, probe) in list(&found["probes"]).iter().zip(list(&expected["probes"])) {
            if wrong(answer, &probe["expect"]) {
                complaints.push(format!("{name}: {answer}, not {}", probe["expect"]));
            }
        }
    }
    assert!(count >= 38, "{count} cases");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
