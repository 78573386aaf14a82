//! Which ports can be reached from outside: the configuration of all VPCs at once, every twelve hours (R-41, N-111).

use super::Service;
use super::cloud::{Cloud, told};
use super::driver::{Loop, Step};
use anyhow::Context;
use async_trait::async_trait;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use yagura_cloud::CloudError;
use yagura_cloud::collect::network::configuration;
use yagura_findings::coverage::{Looked, coverage, due, is_trouble};
use yagura_findings::network::severity;
use yagura_model::{Cause, Criteria, Criterion, Field, Home, NetworkCause, ScanKind, ScanReason, Test};
use yagura_network::document::{Scope, Snapshot};
use yagura_network::facts::{Analysis, Question};
use yagura_network::network::Network as Resolved;
use yagura_store::{Collected, CoverageRow, PageRequest, StoreError};

/// Longer than asking for and analysing an organization takes.
const LEASE: Duration = Duration::from_secs(1800);
/// Entries of one look into the store.
const PAGE: usize = 500;
/// Findings per account.
const MOST: usize = 10_000;

/// The loop.
pub struct Network;

#[async_trait]
impl Loop for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    fn every(&self, service: &Service) -> Duration {
        service.config.every_collect.0
    }

    async fn step(&self, service: &Service) -> anyhow::Result<Step> {
        let Some(cloud) = &service.cloud else { return Ok(Step::default()) };
        let now = Timestamp::now();
        let rows = entries(service).await?;
        if !rows.iter().any(|row| due(&row.resource, &row.coverage, now)) {
            return Ok(Step::default());
        }
        if service.store.lease("network", &service.worker, LEASE, now).await?.is_none() {
            return Ok(Step::default());
        }
        let outcome = look(service, cloud, &rows).await;
        service.store.release("network", &service.worker).await?;
        service.nudge("rematch");
        outcome.map(|handled| Step { handled, ..Step::default() })
    }
}

/// The coverage of all instances under network scans.
async fn entries(service: &Service) -> anyhow::Result<Vec<CoverageRow>> {
    let homes: Vec<_> = service.store.accounts().await?.into_iter().map(|account| account.home).collect();
    let criteria =
        Criteria(vec![Criterion { field: Field::ScanType, tests: vec![Test::Equals("NETWORK".to_owned())] }]);
    let mut found = Vec::new();
    let mut page = PageRequest { limit: PAGE, after: None };
    loop {
        let rows = service.store.coverage(&homes, &criteria, &page).await?;
        found.extend(rows.items);
        match rows.next {
            Some(next) => page.after = Some(next),
            None => return Ok(found),
        }
    }
}

/// Reads every home that can be entered, analyses all of them together, and writes what that says of each instance.
async fn look(service: &Service, cloud: &Cloud, rows: &[CoverageRow]) -> anyhow::Result<u64> {
    let homes: BTreeSet<&Home> = rows.iter().map(|row| &row.resource.id.home).collect();
    let mut snapshot = Snapshot::default();
    let mut failed: BTreeMap<Home, ScanReason> = BTreeMap::new();
    for home in homes {
        let Some(place) = cloud.place(home).await else {
            // Discovery has not entered it since the service came up.
            failed.insert(home.clone(), ScanReason::PendingInitialScan);
            continue;
        };
        match configuration(&place).await {
            Ok(found) => {
                for gap in &found.gaps {
                    tracing::warn!(home = %home, what = %gap.what, error = %gap.error, "not learnt");
                }
                let scope = Scope {
                    account: home.account.to_string(),
                    region: home.region.to_string(),
                    changed: false,
                };
                for document in found.documents {
                    let bytes = serde_json::to_vec(&document.body).context("an answer cannot be written")?;
                    snapshot
                        .read(&scope, &document.name, &bytes)
                        .with_context(|| format!("answer in {home}"))?;
                }
            }
            Err(error) => {
                tracing::warn!(home = %home, error = told(&error), "its network cannot be read");
                failed.insert(home.clone(), reason(&error));
            }
        }
    }
    let seen =
        tokio::task::spawn_blocking(move || analyse(&snapshot)).await.context("the analysis broke off")?;
    let mut handled = 0;
    // of what is excluded or stopped nothing new is said.
    for row in rows.iter().filter(|row| row.coverage.active || is_trouble(row.coverage.reason)) {
        match failed.get(&row.resource.id.home) {
            Some(ScanReason::PendingInitialScan) => {}
            Some(reason) => note(service, row, Some(*reason)).await?,
            None => handled += u64::from(keep(service, row, &seen).await?),
        }
    }
    Ok(handled)
}

fn reason(error: &CloudError) -> ScanReason {
    match error {
        CloudError::Denied { .. } => ScanReason::AccessDenied,
        CloudError::Aws(aws) if aws.is_denied() => ScanReason::AccessDenied,
        _ => ScanReason::InternalError,
    }
}

/// Open paths of every running instance of which enough is known, by account and instance (N-93, R-51).
fn analyse(snapshot: &Snapshot) -> BTreeMap<(String, String), Vec<Cause>> {
    let network = Resolved::build(snapshot);
    for warning in &network.warnings {
        tracing::debug!(code = warning.code, component = %warning.component, "{}", warning.message);
    }
    let analysis = Analysis::new(&network, &Question::default());
    let mut seen: BTreeMap<(String, String), Vec<Cause>> = BTreeMap::new();
    for (account, instance) in network.judged() {
        seen.insert((account.to_owned(), instance.to_owned()), Vec::new());
    }
    let mut by_account: BTreeMap<String, Vec<(String, NetworkCause)>> = BTreeMap::new();
    for finding in analysis.findings() {
        let (Some(fact), Some(cause)) = (finding.fact(), analysis.cause(&finding)) else { continue };
        let instance = analysis.instance(fact);
        by_account.entry(instance.account.to_owned()).or_default().push((instance.id.to_owned(), cause));
    }
    for (account, mut causes) in by_account {
        if causes.len() > MOST {
            tracing::warn!(
                account,
                found = causes.len(),
                kept = MOST,
                "more open paths than an account may have findings"
            );
            // The most severe are kept; the sort is stable.
            causes.sort_by_key(|(_, cause)| std::cmp::Reverse(severity(cause)));
            causes.truncate(MOST);
        }
        for (instance, cause) in causes {
            if let Some(all) = seen.get_mut(&(account.clone(), instance)) {
                all.push(Cause::Network(cause));
            }
        }
    }
    seen
}

/// Writes the paths of one instance. False when nothing is said of it: it does not run, or too little is known.
async fn keep(
    service: &Service,
    row: &CoverageRow,
    seen: &BTreeMap<(String, String), Vec<Cause>>,
) -> anyhow::Result<bool> {
    let id = &row.resource.id;
    let Some(causes) = seen.get(&(id.home.account.to_string(), id.name.to_string())) else {
        return Ok(false);
    };
    let collected = Collected::Causes(causes.clone());
    match service.store.put_collected(id, ScanKind::Network, &collected, Timestamp::now()).await {
        // It left the fleet meanwhile.
        Err(StoreError::Conflict { .. }) => return Ok(false),
        outcome => outcome?,
    }
    note(service, row, None).await?;
    Ok(true)
}

async fn note(service: &Service, row: &CoverageRow, trouble: Option<ScanReason>) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let scanned_at = if trouble.is_none() { Some(now) } else { row.coverage.last_scanned_at };
    let looked = Looked { scanned_at, trouble, ..Looked::default() };
    let account = service.store.account(&row.resource.id.home).await?;
    let entry = coverage(&row.resource, ScanKind::Network, &account, &looked, Some(&row.coverage), now);
    service.store.put_coverage(entry.as_slice()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

    use super::*;
    use serde_json::json;

    fn snapshot(route: bool) -> Snapshot {
        let mut snapshot = Snapshot::default();
        let scope =
            Scope { account: "111122223333".to_owned(), region: "eu-west-1".to_owned(), changed: false };
        let mut read = |name: &str, body: serde_json::Value| {
            snapshot.read(&scope, name, body.to_string().as_bytes()).unwrap();
        };
        read("ec2.describe-vpcs.json", json!({"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}]}));
        read("ec2.describe-subnets.json", json!({"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}]}));
        read(
            "ec2.describe-instances.json",
            json!({"Reservations": [{"OwnerId": "111122223333", "Instances": [
                {"InstanceId": "i-1", "State": {"Name": "running"}}, {"InstanceId": "i-2", "State": {"Name": "stopped"}}]}]}),
        );
        let interface = |n: u8| {
            json!({"NetworkInterfaceId": format!("eni-{n}"), "SubnetId": "subnet-1", "VpcId": "vpc-1", "Groups": [{"GroupId": "sg-1"}],
                "PrivateIpAddress": format!("10.0.0.{n}"), "Association": {"PublicIp": format!("52.0.0.{n}")},
                "Attachment": {"InstanceId": format!("i-{n}"), "Status": "attached", "DeviceIndex": 0}})
        };
        read(
            "ec2.describe-network-interfaces.json",
            json!({"NetworkInterfaces": [interface(1), interface(2)]}),
        );
        read(
            "ec2.describe-security-groups.json",
            json!({"SecurityGroups": [{"GroupId": "sg-1", "VpcId": "vpc-1", "IpPermissions": [
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}]}),
        );
        if route {
            read(
                "ec2.describe-route-tables.json",
                json!({"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Associations": [{"Main": true}],
                    "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}]}]}),
            );
        }
        read(
            "ec2.describe-internet-gateways.json",
            json!({"InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": [{"VpcId": "vpc-1", "State": "available"}]}]}),
        );
        snapshot
    }

    #[test]
    fn r44_r51_paths_of_running_instances() {
        let seen = analyse(&snapshot(true));
        assert_eq!(seen.len(), 1, "the stopped one is not analysed: {seen:?}");
        let causes = &seen[&("111122223333".to_owned(), "i-1".to_owned())];
        let [Cause::Network(path)] = causes.as_slice() else { panic!("{causes:?}") };
        assert_eq!((path.protocol.as_str(), path.ports, path.one_way), ("TCP", (22, 22), false));
        let steps: Vec<&str> = path.steps.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(steps, ["igw-1", "sg-1", "eni-1", "i-1"]);
    }

    #[test]
    fn n93_what_is_not_known_is_not_judged() {
        assert_eq!(analyse(&snapshot(false)).len(), 0);
    }
}
