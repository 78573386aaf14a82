//! Hosts that report their own inventory (`yagura host --report URL`), on AWS and elsewhere.

use crate::Api;
use crate::failure::Failure;
use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use yagura_model::{
    Agent, AgentKind, Coverage, Home, Instance, Inventory, Resource, ResourceDetails, ResourceId,
    ResourceKind, ScanKind, ScanMode, ScanReason,
};
use yagura_store::Collected;

/// Where they are handed in.
pub(crate) const PATH: &str = "/yagura/inventories";

/// What the audit log calls it.
pub(crate) const NAME: &str = "PutInventory";

/// How many unread entries coverage keeps.
const UNREAD: usize = 100;

/// Longest id of a host, in bytes.
const LONGEST_ID: usize = 128;

/// What a host says of itself, and what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostReport {
    /// `i-…` of an instance, else the machine id.
    pub id: String,
    /// Host name; shown as the tag `Name` where there is none.
    pub name: String,
    /// `Debian GNU/Linux`.
    pub platform_name: String,
    /// `12`.
    pub platform_version: String,
    /// `x86_64`.
    #[serde(default)]
    pub architecture: Option<String>,
    /// `uname -r`.
    #[serde(default)]
    pub kernel: Option<String>,
    /// IPv4 addresses.
    #[serde(default)]
    pub ipv4: Vec<String>,
    /// IPv6 addresses.
    #[serde(default)]
    pub ipv6: Vec<String>,
    /// Tags that the operator gave.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Version of the reporting program.
    pub version: String,
    /// What was found.
    pub inventory: Inventory,
}

/// Adds a host to the fleet, or brings it up to date.
pub(crate) async fn accept(api: &Api, home: Home, body: &[u8], packed: bool) -> Result<Value, Failure> {
    let report = read(body, packed, api.settings.inventory_bytes)?;
    let now = api.now();
    let id = ResourceId { home, kind: ResourceKind::Instance, name: report.id.as_str().into() };
    let known = api.store.resource(&id).await?;
    let resource = merge(known, &id, &report, now);
    let on_aws = report.id.starts_with("i-");
    let mode = if on_aws { ScanMode::Ec2InspectorAgentBased } else { ScanMode::VmInspectorAgentBased };
    let coverage = Coverage {
        resource: id.clone(),
        scan: ScanKind::Package,
        active: true,
        reason: ScanReason::Successful,
        mode: Some(mode),
        last_scanned_at: Some(now),
        changed_at: now,
        unread: report.inventory.unread.iter().take(UNREAD).cloned().collect(),
    };
    let packages = report.inventory.packages.len();
    let collected = Collected::Packages { inventory: report.inventory, kernel: report.kernel };
    api.store.put_resources(&[resource], now).await?;
    api.store.put_coverage(&[coverage]).await?;
    api.store.put_collected(&id, ScanKind::Package, &collected, now).await?;
    Ok(json!({"resourceId": id.name, "packages": packages}))
}

fn read(body: &[u8], packed: bool, limit: usize) -> Result<HostReport, Failure> {
    let mut unpacked = Vec::new();
    let bytes = if packed {
        let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let decoded = GzDecoder::new(body).take(bound).read_to_end(&mut unpacked);
        decoded.map_err(|error| Failure::CannotParse(format!("the body is not gzip: {error}")))?;
        if unpacked.len() > limit {
            return Err(Failure::TooLarge { limit });
        }
        &unpacked
    } else {
        body
    };
    let report: HostReport = serde_json::from_slice(bytes)
        .map_err(|error| Failure::CannotParse(format!("the body is not a report of a host: {error}")))?;
    let fits =
        !report.id.is_empty() && report.id.len() <= LONGEST_ID && !report.id.chars().any(char::is_control);
    if fits {
        Ok(report)
    } else {
        Err(Failure::Invalid(format!("`id` must have 1 to {LONGEST_ID} characters")))
    }
}

/// What discovery knows stays; the host knows its platform and addresses better.
fn merge(known: Option<Resource>, id: &ResourceId, report: &HostReport, now: jiff::Timestamp) -> Resource {
    let (mut tags, instance) = match known {
        Some(Resource { tags, details: ResourceDetails::Instance(instance), .. }) => (tags, *instance),
        _ => (BTreeMap::new(), Instance { beyond_aws: !report.id.starts_with("i-"), ..Instance::default() }),
    };
    tags.extend(report.tags.clone());
    tags.entry("Name".to_owned()).or_insert_with(|| report.name.clone());
    let agent = Agent {
        kind: AgentKind::Own,
        online: true,
        last_seen: Some(now),
        platform_name: report.platform_name.clone(),
        platform_version: report.platform_version.clone(),
        version: Some(report.version.clone()),
        inventory_at: Some(now),
    };
    let instance = Instance {
        ipv4: if instance.beyond_aws { report.ipv4.clone() } else { instance.ipv4 },
        ipv6: if instance.beyond_aws { report.ipv6.clone() } else { instance.ipv6 },
        architecture: report.architecture.clone().or(instance.architecture),
        agent: Some(agent),
        ..instance
    };
    Resource { id: id.clone(), tags, details: ResourceDetails::Instance(Box::new(instance)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn report() -> Value {
        json!({
            "id": "machine-1", "name": "web", "platformName": "Debian GNU/Linux", "platformVersion": "12",
            "version": "0.1.0", "inventory": {"packages": []},
        })
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn reports_come_plain_and_packed() {
        let plain = report().to_string();
        let first = read(plain.as_bytes(), false, 1000).unwrap();
        assert_eq!(read(&packed(plain.as_bytes()), true, 1000).unwrap(), first);
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let bomb = packed(&vec![b' '; 1_000_000]);
        assert_eq!(read(&bomb, true, 1000), Err(Failure::TooLarge { limit: 1000 }));
        assert!(matches!(read(b"x", true, 1000), Err(Failure::CannotParse(_))));
    }

    #[test]
    fn what_discovery_knows_stays() {
        let home = Home { account: "123456789012".into(), region: "us-east-1".into() };
        let id = ResourceId { home, kind: ResourceKind::Instance, name: "i-1".into() };
        let details = Instance {
            vpc: Some("vpc-1".to_owned()),
            ipv4: vec!["10.0.0.1".to_owned()],
            ..Instance::default()
        };
        let known = Resource {
            id: id.clone(),
            tags: BTreeMap::from([("Name".to_owned(), "theirs".to_owned())]),
            details: ResourceDetails::Instance(Box::new(details)),
        };
        let report: HostReport = serde_json::from_value(report()).unwrap();
        let merged = merge(Some(known), &id, &report, jiff::Timestamp::UNIX_EPOCH);
        let ResourceDetails::Instance(instance) = merged.details else { panic!("not an instance") };
        assert_eq!(merged.tags["Name"], "theirs");
        assert_eq!(instance.vpc.as_deref(), Some("vpc-1"));
        assert_eq!(instance.ipv4, ["10.0.0.1"]);
        assert_eq!(instance.agent.map(|agent| agent.kind), Some(AgentKind::Own));
    }
}
