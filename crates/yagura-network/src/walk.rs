//! One concrete packet, walked from its sender to an interface and its answer back, component by component (N-89).
//! Shares no matching with [`crate::ways`]: each checks the other (N-105).

use crate::address::{Address, Family, Prefix};
use crate::edge::{EdgeKind, Entrance};
use crate::network::{BalancerKind, GroupRule, Network, Protocol, Route, Target};
use std::collections::HashMap;

/// Who sends a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// Somebody behind an edge, by kind and id.
    Edge(EdgeKind, String),
    /// An interface of the snapshot, by id.
    Interface(String),
}

/// A packet as it leaves its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Who sends it.
    pub from: Sender,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Address of the sender.
    pub source: Address,
    /// Port of the sender.
    pub source_port: u16,
    /// Address that the sender names.
    pub destination: Address,
    /// Port that the sender names.
    pub destination_port: u16,
}

/// A component that lets a packet or its answer pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// CloudFormation type.
    pub kind: &'static str,
    /// Id, or ARN of a load balancer or target group.
    pub id: String,
    /// Whether the answer crosses it.
    pub back: bool,
    /// The rule or route that applies, as data; empty where there is none.
    pub rule: String,
}

/// A component that stops a packet or its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// One of the codes of N-88.
    pub code: &'static str,
    /// CloudFormation type.
    pub kind: &'static str,
    /// Id, or ARN.
    pub id: String,
    /// Whether it stops the answer.
    pub back: bool,
    /// The rule or route that stops it, as data; empty where nothing matches.
    pub rule: String,
    /// Position in path order (N-89).
    pub(crate) stage: u8,
}

/// What became of a packet.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    pub(crate) target: Option<(usize, u16)>,
    /// Behind a load balancer: all that get the request, and whether their answer gets back.
    pub(crate) targets: Vec<(usize, u16, bool)>,
    pub(crate) balancer: Option<usize>,
    /// What was crossed, in order.
    pub steps: Vec<Step>,
    /// What stops it, in path order: first those of the request.
    pub blockers: Vec<Blocker>,
}

impl Outcome {
    pub(crate) fn stop(
        mut self,
        code: &'static str,
        kind: &'static str,
        id: &str,
        back: bool,
        stage: u8,
    ) -> Self {
        self.block(code, kind, id, back, stage, String::new());
        self
    }

    pub(crate) fn block(
        &mut self,
        code: &'static str,
        kind: &'static str,
        id: &str,
        back: bool,
        stage: u8,
        rule: String,
    ) {
        let blocker = Blocker { code, kind, id: id.to_owned(), back, rule, stage };
        // A list that is asked twice says so once.
        if !self.blockers.contains(&blocker) {
            self.blockers.push(blocker);
        }
    }

    pub(crate) fn step(&mut self, kind: &'static str, id: &str, back: bool, rule: String) {
        self.steps.push(Step { kind, id: id.to_owned(), back, rule });
    }

    /// Whether the request arrives.
    pub fn requested(&self) -> bool {
        self.target.is_some() && self.blockers.iter().all(|blocker| blocker.back)
    }

    /// Whether the answer gets back too.
    pub fn answered(&self) -> bool {
        self.target.is_some() && self.blockers.is_empty()
    }

    /// Whether the packet counts as delivered: TCP needs its answer (N-39).
    pub fn delivered(&self, protocol: Protocol) -> bool {
        if protocol == Protocol::Tcp { self.answered() } else { self.requested() }
    }

    pub(crate) fn arrives(&self, interface: usize, reply: bool) -> bool {
        let direct = self.target.is_some_and(|(index, _)| index == interface);
        let direct = direct && if reply { self.answered() } else { self.requested() };
        direct || self.targets.iter().any(|(index, _, answered)| *index == interface && (*answered || !reply))
    }

    /// How far it got: larger is further.
    pub(crate) fn reach(&self) -> (bool, bool, u8) {
        let first = self.blockers.first().map_or(u8::MAX, |blocker| blocker.stage);
        (self.answered(), self.requested(), first)
    }
}

pub(crate) const TABLE: &str = "AWS::EC2::RouteTable";
pub(crate) const ACL: &str = "AWS::EC2::NetworkAcl";
pub(crate) const GROUP: &str = "AWS::EC2::SecurityGroup";
pub(crate) const ENI: &str = "AWS::EC2::NetworkInterface";
pub(crate) const INSTANCE: &str = "AWS::EC2::Instance";
pub(crate) const VPC: &str = "AWS::EC2::VPC";
pub(crate) const ENDPOINT: &str = "AWS::EC2::VPCEndpoint";
pub(crate) const TRANSIT: &str = "AWS::EC2::TransitGateway";
pub(crate) const TRANSIT_TABLE: &str = "AWS::EC2::TransitGatewayRouteTable";
pub(crate) const ATTACHMENT: &str = "AWS::EC2::TransitGatewayAttachment";

/// Place of lists on the way in, in path order.
pub(crate) const ACL_STAGE: u8 = 7;

/// The CloudFormation type of a load balancer.
pub(crate) fn balancer_type(kind: BalancerKind) -> &'static str {
    match kind {
        BalancerKind::Classic => "AWS::ElasticLoadBalancing::LoadBalancer",
        _ => "AWS::ElasticLoadBalancingV2::LoadBalancer",
    }
}

/// Whose group memberships rules may see.
#[derive(Clone, Copy)]
pub(crate) enum Seen<'a> {
    /// Nobody's: the internet, on premises, behind a middlebox.
    Nobody,
    /// Interfaces of a VPC, by its index and over a peering connection or none.
    Vpc(usize, &'a str),
    /// A load balancer, and perhaps the client behind it.
    Balancer(usize, Option<(usize, &'a str)>),
}

/// The source of a request, for the answer.
#[derive(Clone, Copy)]
pub(crate) struct Remote<'a> {
    pub address: Address,
    pub port: u16,
    pub seen: Seen<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Middle {
    Interface(usize),
    Endpoint(usize),
}

/// Walks packets over a network.
pub struct Walker<'a> {
    pub(crate) network: &'a Network,
    pub(crate) entrances: &'a [Entrance],
    nodes: HashMap<usize, Vec<usize>>,
    by_edge: HashMap<(EdgeKind, &'a str), Vec<usize>>,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(network: &'a Network, entrances: &'a [Entrance]) -> Self {
        let mut nodes: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, balancer) in network.balancers.iter().enumerate() {
            for &node in &balancer.nodes {
                nodes.entry(node).or_default().push(index);
            }
        }
        let mut by_edge: HashMap<(EdgeKind, &str), Vec<usize>> = HashMap::new();
        for (index, entrance) in entrances.iter().enumerate() {
            by_edge.entry((entrance.kind, entrance.id.as_str())).or_default().push(index);
        }
        Self { network, entrances, nodes, by_edge }
    }

    /// What becomes of a packet; of several ways the one that gets furthest.
    pub fn walk(&self, packet: &Packet) -> Outcome {
        match &packet.from {
            Sender::Edge(kind, id) => {
                let entrances = self.by_edge.get(&(*kind, id.as_str())).map_or(&[][..], Vec::as_slice);
                let outcomes = entrances.iter().map(|&index| self.enter(&self.entrances[index], packet));
                best(outcomes)
                    .unwrap_or_else(|| Outcome::default().stop("BAD_STATE", kind.component(), id, false, 0))
            }
            Sender::Interface(id) => self.inside(id, packet),
        }
    }

    /// The interface that has a private address in a VPC.
    pub(crate) fn host(&self, vpc: usize, address: Address) -> Option<usize> {
        self.network.by_private.get(&(vpc, address)).copied()
    }

    pub(crate) fn enter(&self, entrance: &Entrance, packet: &Packet) -> Outcome {
        let network = self.network;
        let (kind, id) = (entrance.kind.component(), entrance.id.as_str());
        let mut out = Outcome::default();
        if !entrance.usable {
            let code = if entrance.transit.is_some() { "BAD_STATE_ATTACHMENT" } else { "BAD_STATE" };
            return out.stop(code, kind, id, false, 0);
        }
        if let Some(code) = self.illegal(entrance, packet) {
            return out.stop(code, kind, id, false, 1);
        }
        out.step(kind, id, false, String::new());
        let internet = entrance.kind == EdgeKind::Internet;
        let vpc = entrance.vpc;
        let (interface, to) = match self.destination(entrance, packet) {
            Ok(found) => found,
            Err(code) => return out.stop(code, kind, id, false, 2),
        };
        let subnet = network.interfaces[interface].subnet;
        if internet && network.subnets[subnet].blocked {
            return out.stop("VPC_BLOCK_PUBLIC_ACCESS_ENABLED", VPC, &network.vpcs[vpc].id, false, 3);
        }
        let seen = match &entrance.references {
            Some((peer, peering)) => {
                network.vpc_of(peer).map_or(Seen::Nobody, |peer| Seen::Vpc(peer, peering))
            }
            None => Seen::Nobody,
        };
        let remote = Remote { address: packet.source, port: packet.source_port, seen };
        let Some((from, own)) = entrance.transit else {
            return self.deliver(entrance, packet, remote, entrance.table, None, interface, to, out);
        };
        let from = &network.attachments[from];
        let own = &network.attachments[own];
        match &from.table {
            None => {
                return out.stop("TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION", ATTACHMENT, &from.id, false, 4);
            }
            Some(table) => match self.transit_route(table, to, |id, _, _| id == own.id) {
                Ok(rule) => out.step(TRANSIT_TABLE, table, false, rule),
                Err((code, rule)) => {
                    out.block(code, TRANSIT_TABLE, table, false, 4, rule);
                    return out;
                }
            },
        }
        let ways = own.subnets.iter().map(|&at| {
            self.deliver(
                entrance,
                packet,
                remote,
                network.subnets[at].table,
                Some(at),
                interface,
                to,
                out.clone(),
            )
        });
        best(ways).unwrap_or_else(|| out.stop("BAD_STATE_ATTACHMENT", ATTACHMENT, &own.id, false, 4))
    }

    fn illegal(&self, entrance: &Entrance, packet: &Packet) -> Option<&'static str> {
        let (family, source) = (packet.source.family, packet.source);
        let inside = |texts: &[&str]| {
            texts.iter().filter_map(|text| Prefix::parse(text)).any(|prefix| prefix.contains(source))
        };
        if family != packet.destination.family {
            return Some("PROTOCOL_RESTRICTION");
        }
        let never =
            ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/8", "fe80::/10", "ff00::/8"];
        if inside(&never) || self.network.vpcs[entrance.vpc].blocks.has(source) {
            return Some("GATEWAY_REJECTS_SPOOFED_TRAFFIC");
        }
        match entrance.kind {
            EdgeKind::Vpn if family == Family::V6 => Some("PROTOCOL_RESTRICTION"),
            EdgeKind::Internet if inside(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]) => {
                Some("IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS")
            }
            EdgeKind::Internet if inside(&["100.64.0.0/10"]) => {
                Some("IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS")
            }
            EdgeKind::Internet if family == Family::V6 && !inside(&["2000::/3"]) => {
                Some("GATEWAY_REJECTS_SPOOFED_TRAFFIC")
            }
            EdgeKind::Peering if !entrance.claimed.has(source) => Some("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"),
            EdgeKind::Transit if !entrance.claimed.has(source) => Some("NO_POSSIBLE_DESTINATION"),
            _ => None,
        }
    }

    /// The interface that the sender names, and its private address (N-19).
    fn destination(&self, entrance: &Entrance, packet: &Packet) -> Result<(usize, Address), &'static str> {
        let (network, to) = (self.network, packet.destination);
        if entrance.kind == EdgeKind::Internet && to.family == Family::V4 {
            let found = network
                .by_public
                .get(&to)
                .copied()
                .filter(|&index| network.interfaces[index].vpc == entrance.vpc);
            let interface = found.ok_or("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS")?;
            let own =
                network.interfaces[interface].addresses.iter().find(|address| address.public == Some(to));
            return own
                .map(|address| (interface, address.private))
                .ok_or("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS");
        }
        match self.host(entrance.vpc, to) {
            Some(interface) => Ok((interface, to)),
            None if entrance.kind == EdgeKind::Vpn => Err("VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"),
            None => Err("NO_POSSIBLE_DESTINATION"),
        }
    }

    /// From a table, and perhaps an attachment's subnet, to the interface and back.
    #[allow(clippy::too_many_arguments, reason = "what a packet carries, spelled out")]
    fn deliver(
        &self,
        entrance: &Entrance,
        packet: &Packet,
        remote: Remote<'_>,
        table: Option<usize>,
        at: Option<usize>,
        interface: usize,
        to: Address,
        mut out: Outcome,
    ) -> Outcome {
        let network = self.network;
        let mut remote = remote;
        let own = &network.interfaces[interface];
        let boxes = match self.middleboxes(entrance, packet, remote, table, at, interface, to, &mut out) {
            Some(boxes) => boxes,
            None => return out,
        };
        let at = boxes
            .iter()
            .rev()
            .find_map(|middle| match middle {
                Middle::Interface(index) => Some(network.interfaces[*index].subnet),
                Middle::Endpoint(_) => None,
            })
            .or(at);
        if !boxes.is_empty() {
            remote.seen = Seen::Nobody;
        }
        let back =
            |out: Outcome| self.back_to_edge(entrance, remote, &boxes, own.subnet, to, packet.protocol, out);
        self.hand_over(packet, remote, at, interface, to, out, &back)
    }

    /// From the door of an interface to what answers there; `back` is the way of the answer.
    #[allow(clippy::too_many_arguments, reason = "what a packet carries, spelled out")]
    pub(crate) fn hand_over(
        &self,
        packet: &Packet,
        remote: Remote<'_>,
        at: Option<usize>,
        interface: usize,
        to: Address,
        mut out: Outcome,
        back: &dyn Fn(Outcome) -> Outcome,
    ) -> Outcome {
        let network = self.network;
        let (protocol, port) = (packet.protocol, packet.destination_port);
        let own = &network.interfaces[interface];
        if let Some(balancers) = self.nodes.get(&interface) {
            self.cross(at, own.subnet, remote.address, to, port, protocol, &mut out);
            let outcomes = balancers
                .iter()
                .map(|&balancer| self.balance(balancer, interface, packet, remote, out.clone(), back));
            return best(outcomes).unwrap_or(out);
        }
        let Some(instance) = own.instance else {
            return out.stop("UNKNOWN_DESTINATION", ENI, &own.id, false, 6);
        };
        if !network.instances[instance].running {
            return out.stop("BAD_STATE", INSTANCE, &network.instances[instance].id, false, 6);
        }
        self.cross(at, own.subnet, remote.address, to, port, protocol, &mut out);
        self.groups_in(interface, remote, port, protocol, &mut out);
        out.target = Some((interface, port));
        self.arrive(interface, &mut out);
        back(out)
    }

    pub(crate) fn arrive(&self, interface: usize, out: &mut Outcome) {
        let own = &self.network.interfaces[interface];
        out.step(ENI, &own.id, false, String::new());
        if let Some(instance) = own.instance {
            out.step(INSTANCE, &self.network.instances[instance].id, false, String::new());
        }
    }

    /// N-26, N-27, N-56.
    #[allow(clippy::too_many_arguments, reason = "what a packet carries, spelled out")]
    fn middleboxes(
        &self,
        entrance: &Entrance,
        packet: &Packet,
        remote: Remote<'_>,
        table: Option<usize>,
        at: Option<usize>,
        interface: usize,
        to: Address,
        out: &mut Outcome,
    ) -> Option<Vec<Middle>> {
        let network = self.network;
        let (mut boxes, mut table, mut at, mut remote) = (Vec::new(), table, at, remote);
        if entrance.transit.is_some() && table.is_none() {
            out.block(
                "NO_ROUTE_TO_DESTINATION",
                VPC,
                &network.vpcs[entrance.vpc].id,
                false,
                5,
                String::new(),
            );
        }
        while let Some(current) = table {
            let id = &network.tables[current].id;
            let Some((route, prefix)) = longest(&network.tables[current].routes, to) else {
                out.block("NO_ROUTE_TO_DESTINATION", TABLE, id, false, 5, String::new());
                return None;
            };
            let rule = format!("{prefix} → {}", self.target_name(&route.target));
            if route.blackhole {
                out.block("BAD_STATE_ROUTE", TABLE, id, false, 5, rule);
                return None;
            }
            let next = match route.target {
                Target::Local if network.vpcs[entrance.vpc].blocks.has(to) => {
                    out.step(TABLE, id, false, rule);
                    return Some(boxes);
                }
                Target::Interface(next) if next == interface => {
                    out.step(TABLE, id, false, rule);
                    return Some(boxes);
                }
                Target::Interface(next) => Middle::Interface(next),
                Target::Endpoint(next)
                    if entrance.kind != EdgeKind::Vpn && network.endpoints[next].gateway_balancer =>
                {
                    Middle::Endpoint(next)
                }
                _ => {
                    out.block("CANNOT_ROUTE", TABLE, id, false, 5, rule);
                    return None;
                }
            };
            out.step(TABLE, id, false, rule);
            if boxes.contains(&next) {
                out.block("CANNOT_ROUTE", TABLE, id, false, 5, String::new());
                return None;
            }
            match next {
                Middle::Endpoint(index) => {
                    let endpoint = &network.endpoints[index];
                    let subnet = endpoint.subnet.filter(|_| endpoint.available);
                    let Some(subnet) = subnet else {
                        out.block("BAD_STATE", ENDPOINT, &endpoint.id, false, 5, String::new());
                        return None;
                    };
                    out.step(ENDPOINT, &endpoint.id, false, String::new());
                    table = network.subnets[subnet].table;
                    if table.is_none() {
                        out.block("NO_ROUTE_TO_DESTINATION", ENDPOINT, &endpoint.id, false, 5, String::new());
                        return None;
                    }
                }
                Middle::Interface(index) => {
                    let middle = &network.interfaces[index];
                    if middle.check {
                        out.block(
                            "ENI_SOURCE_DEST_CHECK_RESTRICTION",
                            ENI,
                            &middle.id,
                            false,
                            5,
                            String::new(),
                        );
                        return None;
                    }
                    if network.running(index).is_none() {
                        let id = middle
                            .instance
                            .map_or(middle.id.as_str(), |instance| network.instances[instance].id.as_str());
                        out.block(
                            "BAD_STATE",
                            if middle.instance.is_some() { INSTANCE } else { ENI },
                            id,
                            false,
                            5,
                            String::new(),
                        );
                        return None;
                    }
                    let public = middle.addresses.iter().any(|address| address.public.is_some());
                    if entrance.kind == EdgeKind::Internet && to.family == Family::V4 && !public {
                        out.block("INGRESS_RTB_NO_PUBLIC_IP", ENI, &middle.id, false, 5, String::new());
                        return None;
                    }
                    self.cross(
                        at,
                        middle.subnet,
                        remote.address,
                        to,
                        packet.destination_port,
                        packet.protocol,
                        out,
                    );
                    self.groups_in(index, remote, packet.destination_port, packet.protocol, out);
                    self.groups_out(
                        &middle.groups,
                        ENI,
                        &middle.id,
                        middle.vpc,
                        to,
                        packet.destination_port,
                        packet.protocol,
                        out,
                    );
                    out.step(ENI, &middle.id, false, String::new());
                    at = Some(middle.subnet);
                    table = network.subnets[middle.subnet].table;
                    if table.is_none() {
                        out.block("NO_ROUTE_TO_DESTINATION", ENI, &middle.id, false, 5, String::new());
                        return None;
                    }
                }
            }
            remote.seen = Seen::Nobody;
            boxes.push(next);
        }
        Some(boxes)
    }

    /// Crossing into a subnet (N-37).
    #[allow(clippy::too_many_arguments, reason = "what a packet carries, spelled out")]
    fn cross(
        &self,
        at: Option<usize>,
        next: usize,
        source: Address,
        to: Address,
        port: u16,
        protocol: Protocol,
        out: &mut Outcome,
    ) {
        if at == Some(next) {
            return;
        }
        if let Some(at) = at {
            self.list(at, true, to, port, protocol, false, 7, out);
        }
        self.list(next, false, source, port, protocol, false, 7, out);
    }

    /// N-32.
    #[allow(clippy::too_many_arguments, reason = "what a packet carries, spelled out")]
    pub(crate) fn list(
        &self,
        subnet: usize,
        egress: bool,
        remote: Address,
        port: u16,
        protocol: Protocol,
        back: bool,
        stage: u8,
        out: &mut Outcome,
    ) {
        let Some(acl) = self.network.subnets[subnet].acl.map(|acl| &self.network.acls[acl]) else { return };
        let first = acl.entries.iter().find(|entry| {
            entry.egress == egress
                && entry.protocols.has(protocol)
                && entry.ports.0 <= port
                && port <= entry.ports.1
                && entry.prefix.contains(remote)
        });
        let rule = first.map_or_else(
            || format!("{} * deny", if egress { "egress" } else { "ingress" }),
            |entry| {
                let (way, does) =
                    (if egress { "egress" } else { "ingress" }, if entry.allow { "allow" } else { "deny" });
                format!("{way} {} {does} {} {}-{}", entry.number, entry.prefix, entry.ports.0, entry.ports.1)
            },
        );
        if first.is_some_and(|entry| entry.allow) {
            out.step(ACL, &acl.id, back, rule);
        } else {
            out.block("SUBNET_ACL_RESTRICTION", ACL, &acl.id, back, stage, rule);
        }
    }

    pub(crate) fn groups_in(
        &self,
        interface: usize,
        remote: Remote<'_>,
        port: u16,
        protocol: Protocol,
        out: &mut Outcome,
    ) {
        let own = &self.network.interfaces[interface];
        self.admit(&own.groups, ENI, &own.id, own.vpc, remote, port, protocol, out);
    }

    /// N-30, N-31, N-33.
    #[allow(clippy::too_many_arguments, reason = "what a packet carries, spelled out")]
    pub(crate) fn admit(
        &self,
        groups: &[usize],
        kind: &'static str,
        id: &str,
        vpc: usize,
        remote: Remote<'_>,
        port: u16,
        protocol: Protocol,
        out: &mut Outcome,
    ) {
        for &group in groups {
            let rules = &self.network.groups[group].inbound;
            let found =
                rules.iter().find(|rule| matches(rule, port, protocol) && self.peer(rule, vpc, remote));
            if let Some(rule) = found {
                out.step(
                    GROUP,
                    &self.network.groups[group].id,
                    false,
                    format!("ingress {} {}-{}", protocol.name(), rule.ports.0, rule.ports.1),
                );
                return;
            }
        }
        out.block("ENI_SG_RULES_MISMATCH", kind, id, false, 8, String::new());
    }

    fn peer(&self, rule: &GroupRule, vpc: usize, remote: Remote<'_>) -> bool {
        if rule.peers.has(remote.address) {
            return true;
        }
        let carries = |from: usize, peering: &str| {
            let Some(interface) = self.host(from, remote.address) else { return false };
            rule.groups.iter().any(|reference| {
                let over = peering.is_empty() || reference.peering.is_empty() || reference.peering == peering;
                let fresh = peering.is_empty() || !reference.stale;
                let home =
                    from == vpc || self.network.groups[reference.group].vpc == self.network.vpcs[from].id;
                over && fresh && home && self.network.interfaces[interface].groups.contains(&reference.group)
            })
        };
        match remote.seen {
            Seen::Nobody => false,
            Seen::Vpc(from, peering) => carries(from, peering),
            Seen::Balancer(balancer, client) => {
                let own = &self.network.balancers[balancer].groups;
                rule.groups.iter().any(|reference| own.contains(&reference.group))
                    || client.is_some_and(|(from, peering)| carries(from, peering))
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "what a packet carries, spelled out")]
    pub(crate) fn groups_out(
        &self,
        groups: &[usize],
        kind: &'static str,
        id: &str,
        vpc: usize,
        to: Address,
        port: u16,
        protocol: Protocol,
        out: &mut Outcome,
    ) {
        let named = |rule: &GroupRule| {
            self.host(vpc, to).is_some_and(|interface| {
                rule.groups
                    .iter()
                    .any(|reference| self.network.interfaces[interface].groups.contains(&reference.group))
            })
        };
        for &group in groups {
            let rules = &self.network.groups[group].outbound;
            if let Some(rule) =
                rules.iter().find(|rule| matches(rule, port, protocol) && (rule.peers.has(to) || named(rule)))
            {
                out.step(
                    GROUP,
                    &self.network.groups[group].id,
                    false,
                    format!("egress {} {}-{}", protocol.name(), rule.ports.0, rule.ports.1),
                );
                return;
            }
        }
        out.block("ENI_SG_RULES_MISMATCH", kind, id, false, 8, String::new());
    }

    /// N-52: the text of the route if it leads where wanted, else code and text.
    pub(crate) fn transit_route(
        &self,
        table: &str,
        to: Address,
        wanted: impl Fn(&str, &str, &str) -> bool,
    ) -> Result<String, (&'static str, String)> {
        let Some(routes) = self.network.transit_tables.get(table) else { return Ok(String::new()) };
        let mut found: Option<(Prefix, bool, usize)> = None;
        for (index, route) in routes.iter().enumerate() {
            for prefix in route.prefixes.iter().filter(|prefix| prefix.contains(to)) {
                let better = found.is_none_or(|(best, propagated, _)| {
                    prefix.length > best.length
                        || (prefix.length == best.length && propagated && !route.propagated)
                });
                if better {
                    found = Some((*prefix, route.propagated, index));
                }
            }
        }
        let Some((prefix, _, index)) = found else {
            return Err(("TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT", String::new()));
        };
        let route = &routes[index];
        let names: Vec<&str> = route.targets.iter().map(|(id, _, _)| id.as_str()).collect();
        if route.blackhole {
            return Err(("TGW_RTB_BAD_STATE_ROUTE", format!("{prefix} → blackhole")));
        }
        let rule = format!("{prefix} → {}", names.join(", "));
        if route.targets.iter().any(|(id, kind, resource)| wanted(id, kind, resource)) {
            Ok(rule)
        } else {
            Err(("TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT", rule))
        }
    }

    pub(crate) fn target_name(&self, target: &Target) -> String {
        let network = self.network;
        match target {
            Target::Local => "local".to_owned(),
            Target::Internet(index) => network.internet_gateways[*index].id.clone(),
            Target::Peering(index) => network.peerings[*index].id.clone(),
            Target::Vpn(index) => network.vpn_gateways[*index].id.clone(),
            Target::Interface(index) => network.interfaces[*index].id.clone(),
            Target::Endpoint(index) => network.endpoints[*index].id.clone(),
            Target::Transit(id) | Target::Other(id) => id.clone(),
        }
    }
}

fn matches(rule: &GroupRule, port: u16, protocol: Protocol) -> bool {
    rule.protocols.has(protocol) && rule.ports.0 <= port && port <= rule.ports.1
}

/// Longest prefix, then static, list, propagated, then list id (N-21, N-22, N-24).
pub(crate) fn longest(routes: &[Route], to: Address) -> Option<(&Route, Prefix)> {
    let mut best: Option<(&Route, Prefix)> = None;
    for route in routes {
        for prefix in route.prefixes.iter().filter(|prefix| prefix.contains(to)) {
            let key =
                |route: &Route, prefix: &Prefix| (u32::MAX - prefix.length, route.class, route.list.clone());
            if best.as_ref().is_none_or(|(other, length)| key(route, prefix) < key(other, length)) {
                best = Some((route, *prefix));
            }
        }
    }
    best
}

pub(crate) fn best(outcomes: impl Iterator<Item = Outcome>) -> Option<Outcome> {
    pick(outcomes, |outcome, kept| outcome.reach() > kept.reach())
}

/// One of several outcomes, and every target that any of them reaches.
pub(crate) fn pick(
    outcomes: impl Iterator<Item = Outcome>,
    better: impl Fn(&Outcome, &Outcome) -> bool,
) -> Option<Outcome> {
    let mut best: Option<Outcome> = None;
    let mut targets = Vec::new();
    for outcome in outcomes {
        targets.extend(outcome.targets.iter().copied());
        if outcome.balancer.is_some() && outcome.requested() {
            targets.extend(outcome.target.map(|(interface, port)| (interface, port, outcome.answered())));
        }
        if best.as_ref().is_none_or(|kept| better(&outcome, kept)) {
            best = Some(outcome);
        }
    }
    let mut best = best?;
    targets.sort_unstable();
    targets.dedup();
    best.targets = targets;
    Some(best)
}
