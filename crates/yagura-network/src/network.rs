//! The resolved network: documents merged by id (N-4), references replaced by indexes, what is missing said (N-5).

use crate::address::{Address, Family, Prefix};
use crate::set::Addresses;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Something the reader of a result must know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// As in `NETWORK_ACL_MISSING`.
    pub code: &'static str,
    /// What it is about.
    pub component: String,
    /// For people, in English.
    pub message: String,
}

/// TCP or UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Request and answer must get through.
    Tcp,
    /// The request alone makes a port reachable.
    Udp,
}

impl Protocol {
    /// Both, in the order of results.
    pub const ALL: [Self; 2] = [Self::Tcp, Self::Udp];

    /// `TCP` or `UDP`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// Protocols that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocols {
    pub(crate) tcp: bool,
    pub(crate) udp: bool,
}

impl Protocols {
    /// From a name or number of an ACL or group rule.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let all = text == "-1" || text == "all";
        Self { tcp: all || text == "tcp" || text == "6", udp: all || text == "udp" || text == "17" }
    }

    pub(crate) fn has(self, protocol: Protocol) -> bool {
        match protocol {
            Protocol::Tcp => self.tcp,
            Protocol::Udp => self.udp,
        }
    }
}

/// One set per family.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Both {
    pub(crate) v4: Addresses,
    pub(crate) v6: Addresses,
}

impl Both {
    pub(crate) fn of(&self, family: Family) -> &Addresses {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }

    pub(crate) fn from_prefixes(prefixes: impl IntoIterator<Item = Prefix>) -> Self {
        let (v4, v6): (Vec<Prefix>, Vec<Prefix>) =
            prefixes.into_iter().partition(|prefix| prefix.family == Family::V4);
        let set = |list: Vec<Prefix>| Addresses::from_pairs(list.into_iter().map(|p| (p.low, p.high())));
        Self { v4: set(v4), v6: set(v6) }
    }

    pub(crate) fn has(&self, address: Address) -> bool {
        self.of(address.family).contains(address.bits)
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Vpc {
    pub id: String,
    pub blocks: Both,
    pub known: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Subnet {
    pub id: String,
    pub vpc: usize,
    pub zone: String,
    pub acl: Option<usize>,
    pub table: Option<usize>,
    /// Block Public Access stops what comes through an internet gateway.
    pub blocked: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct HostAddress {
    pub private: Address,
    pub public: Option<Address>,
    pub primary: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Interface {
    pub id: String,
    pub vpc: usize,
    pub subnet: usize,
    pub groups: Vec<usize>,
    pub addresses: Vec<HostAddress>,
    pub instance: Option<usize>,
    pub primary: bool,
    pub check: bool,
    pub description: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub id: String,
    pub account: String,
    pub region: String,
    pub running: bool,
    pub kind: String,
    pub image: String,
    pub vpc: String,
    pub subnet: String,
    pub tags: BTreeMap<String, String>,
    pub interfaces: Vec<usize>,
    /// The subnet of one of its interfaces is not there.
    pub blind: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct GroupReference {
    pub group: usize,
    pub peering: String,
    pub stale: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct GroupRule {
    pub protocols: Protocols,
    pub ports: (u16, u16),
    pub peers: Both,
    pub groups: Vec<GroupReference>,
}

#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub id: String,
    pub vpc: String,
    pub inbound: Vec<GroupRule>,
    pub outbound: Vec<GroupRule>,
}

#[derive(Debug, Clone)]
pub(crate) struct AclEntry {
    pub egress: bool,
    pub number: i64,
    pub allow: bool,
    pub protocols: Protocols,
    pub ports: (u16, u16),
    pub prefix: Prefix,
}

#[derive(Debug, Clone)]
pub(crate) struct Acl {
    pub id: String,
    /// Ascending by number.
    pub entries: Vec<AclEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Local,
    Internet(usize),
    Peering(usize),
    Vpn(usize),
    Transit(String),
    Interface(usize),
    Endpoint(usize),
    /// Whatever never carries the packets asked about.
    Other(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub prefixes: Vec<Prefix>,
    /// 0 static CIDR, 1 prefix list, 2 propagated (N-22).
    pub class: u8,
    /// Breaks ties between lists (N-24).
    pub list: String,
    pub blackhole: bool,
    pub target: Target,
}

#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub id: String,
    pub routes: Vec<Route>,
}

#[derive(Debug, Clone)]
pub(crate) struct InternetGateway {
    pub id: String,
    /// VPC and whether it is attached.
    pub vpcs: Vec<(usize, bool)>,
    pub table: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct VpnGateway {
    pub id: String,
    pub available: bool,
    pub vpcs: Vec<(usize, bool)>,
    pub table: Option<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Peering {
    pub id: String,
    pub active: bool,
    pub same_region: bool,
    /// Accepter and requester: VPC id and blocks.
    pub ends: [(String, Both); 2],
}

#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    pub id: String,
    pub gateway: String,
    pub kind: String,
    pub resource: String,
    pub available: bool,
    pub table: Option<String>,
    pub subnets: Vec<usize>,
    pub references: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct TransitRoute {
    pub prefixes: Vec<Prefix>,
    pub propagated: bool,
    pub blackhole: bool,
    /// Id, kind and resource of each attachment.
    pub targets: Vec<(String, String, String)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub id: String,
    pub gateway_balancer: bool,
    pub available: bool,
    pub subnet: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BalancerKind {
    Application,
    Network,
    Classic,
}

#[derive(Debug, Clone)]
pub(crate) struct Balancer {
    pub id: String,
    pub kind: BalancerKind,
    pub active: bool,
    pub zones: BTreeSet<String>,
    pub nodes: Vec<usize>,
    pub groups: Vec<usize>,
    /// A Network load balancer without groups.
    pub open: bool,
    pub v6: bool,
    pub listeners: Vec<Listener>,
}

#[derive(Debug, Clone)]
pub(crate) struct Listener {
    pub port: u16,
    pub protocols: Protocols,
    pub forwards: Vec<ForwardTo>,
}

#[derive(Debug, Clone)]
pub(crate) struct ForwardTo {
    /// `None`: any sender.
    pub senders: Option<Both>,
    pub group: String,
    pub cross_zone: bool,
    pub preserve: bool,
    /// Interface, its private address, port.
    pub targets: Vec<(usize, Address, u16)>,
}

/// The network of one or several accounts.
#[derive(Debug, Clone, Default)]
pub struct Network {
    pub(crate) vpcs: Vec<Vpc>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) groups: Vec<Group>,
    pub(crate) acls: Vec<Acl>,
    pub(crate) tables: Vec<Table>,
    pub(crate) internet_gateways: Vec<InternetGateway>,
    pub(crate) vpn_gateways: Vec<VpnGateway>,
    pub(crate) peerings: Vec<Peering>,
    pub(crate) attachments: Vec<Attachment>,
    /// Transit gateways that support references between groups.
    pub(crate) referencing: BTreeSet<String>,
    pub(crate) transit_tables: BTreeMap<String, Vec<TransitRoute>>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) balancers: Vec<Balancer>,
    pub(crate) vpc_index: HashMap<String, usize>,
    /// Interfaces of each group.
    pub(crate) members: Vec<Vec<usize>>,
    /// Interface and position in its addresses, by private address.
    pub(crate) by_private: HashMap<(usize, Address), usize>,
    pub(crate) by_public: HashMap<Address, usize>,
    /// What is missing or not modelled, sorted.
    pub warnings: Vec<Warning>,
}

impl Network {
    /// Counts, for measurements: interfaces, groups.
    pub fn size(&self) -> (usize, usize) {
        (self.interfaces.len(), self.groups.len())
    }

    /// Account and id of every running instance of which enough is known to say what reaches it: each of its
    /// interfaces is in a subnet with a route table (N-93).
    pub fn judged(&self) -> impl Iterator<Item = (&str, &str)> {
        let known = |interface: &usize| self.subnets[self.interfaces[*interface].subnet].table.is_some();
        let whole = move |instance: &&Instance| {
            instance.running
                && !instance.blind
                && !instance.interfaces.is_empty()
                && instance.interfaces.iter().all(known)
        };
        self.instances.iter().filter(whole).map(|instance| (instance.account.as_str(), instance.id.as_str()))
    }

    pub(crate) fn vpc_of(&self, id: &str) -> Option<usize> {
        self.vpc_index.get(id).copied()
    }

    pub(crate) fn attachment(&self, id: &str) -> Option<&Attachment> {
        self.attachments.iter().find(|attachment| attachment.id == id)
    }

    /// The private address of an interface by which a public or private destination reaches it.
    pub(crate) fn running(&self, interface: usize) -> Option<usize> {
        self.interfaces[interface].instance.filter(|instance| self.instances[*instance].running)
    }
}
