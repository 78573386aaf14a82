//! Sets of packets that get from an edge to a subnet, and of answers that get back (sections 3, 4 and 6 of the rules).
//!
//! Lists match protocol, remote address and destination port; groups likewise. So the request depends on (sender, port)
//! and the answer on (sender, client port): a [`Way`] keeps both as [`PortMap`]s, and the two share only the sender.

use crate::address::{Address, Family};
use crate::classes::Classes;
use crate::edge::{Entrance, Place};
use crate::network::{GroupRule, Network, Protocol, Target};
use crate::set::{Addresses, PortMap, Ports};
use std::collections::HashMap;
use std::sync::Arc;

/// A middlebox on the way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hop {
    Interface(usize),
    Endpoint(usize),
}

/// One alternative of getting from an entrance to an address in a subnet, and back.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub entrance: usize,
    pub family: Family,
    pub protocol: Protocol,
    /// Destination port → senders whose request arrives at the subnet's side of the interface.
    pub request: PortMap,
    /// Client port → senders to whom an answer gets back.
    pub answer: PortMap,
    /// Senders of `answer` at any client port.
    pub answered: Addresses,
    pub boxes: Vec<Hop>,
    pub assumptions: Vec<&'static str>,
}

type Routed = Arc<Vec<(usize, Addresses)>>;

/// Entrance, subnet, family, protocol, class of the address.
type WayKey = (usize, usize, Family, Protocol, (usize, usize));

/// Computes and keeps what many interfaces share.
#[derive(Debug, Default)]
pub(crate) struct Sets {
    lists: HashMap<(usize, bool, Protocol, Family), Arc<PortMap>>,
    routed: HashMap<(usize, Family), Routed>,
    ways: HashMap<WayKey, Arc<Vec<usize>>>,
    pub all: Vec<Way>,
}

/// What the computation reads.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub network: &'a Network,
    pub entrances: &'a [Entrance],
    pub classes: &'a Classes,
    pub client: (u16, u16),
}

impl Sets {
    /// The addresses that each route of a table gets: longest prefix, then kind, then list id (N-21, N-22, N-24).
    pub fn routed(&mut self, network: &Network, table: usize, family: Family) -> Routed {
        if let Some(done) = self.routed.get(&(table, family)) {
            return Arc::clone(done);
        }
        let routes = &network.tables[table].routes;
        let mut order: Vec<(u32, u8, &str, usize, u128, u128)> = Vec::new();
        for (index, route) in routes.iter().enumerate() {
            for prefix in route.prefixes.iter().filter(|prefix| prefix.family == family) {
                order.push((
                    family.bits() - prefix.length,
                    route.class,
                    &route.list,
                    index,
                    prefix.low,
                    prefix.high(),
                ));
            }
        }
        order.sort_unstable();
        let mut taken = Addresses::empty();
        let mut parts: HashMap<usize, Addresses> = HashMap::new();
        for (_, _, _, index, low, high) in order {
            let block = Addresses::of(low, high);
            let rest = block.minus(&taken);
            taken = taken.union(&block);
            let part = parts.entry(index).or_default();
            *part = part.union(&rest);
        }
        let mut out: Vec<(usize, Addresses)> =
            parts.into_iter().filter(|(_, part)| !part.is_empty()).collect();
        out.sort_by_key(|(index, _)| *index);
        let out = Arc::new(out);
        self.routed.insert((table, family), Arc::clone(&out));
        out
    }

    /// Where a table sends one address; `None` without a route or into a blackhole.
    pub fn route(&mut self, network: &Network, table: usize, to: Address) -> Option<Target> {
        let routed = self.routed(network, table, to.family);
        let (index, _) = routed.iter().find(|(_, part)| part.contains(to.bits))?;
        let route = &network.tables[table].routes[*index];
        (!route.blackhole).then(|| route.target.clone())
    }

    /// Port → remote addresses that a subnet's list lets pass (N-32); everything where no list is known (N-5).
    pub fn list(
        &mut self,
        network: &Network,
        subnet: usize,
        egress: bool,
        protocol: Protocol,
        family: Family,
    ) -> Arc<PortMap> {
        let Some(acl) = network.subnets[subnet].acl else {
            return Arc::new(PortMap::constant(family.everything()));
        };
        if let Some(done) = self.lists.get(&(acl, egress, protocol, family)) {
            return Arc::clone(done);
        }
        let entries: Vec<_> = network.acls[acl]
            .entries
            .iter()
            .filter(|e| e.egress == egress && e.protocols.has(protocol) && e.prefix.family == family)
            .collect();
        let mut cuts: Vec<u16> = vec![0];
        for entry in &entries {
            cuts.push(entry.ports.0);
            cuts.extend(entry.ports.1.checked_add(1));
        }
        cuts.sort_unstable();
        cuts.dedup();
        let ends: Vec<u16> = cuts.iter().skip(1).map(|cut| cut - 1).chain([u16::MAX]).collect();
        let pieces = cuts.iter().zip(ends).map(|(&low, high)| {
            let (mut open, mut allowed) = (family.everything(), Addresses::empty());
            for entry in entries.iter().filter(|e| e.ports.0 <= low && low <= e.ports.1) {
                let block = entry.prefix.addresses();
                if entry.allow {
                    allowed = allowed.union(&open.intersect(&block));
                }
                open = open.minus(&block);
                if open.is_empty() {
                    break;
                }
            }
            (low, high, Arc::new(allowed))
        });
        let map = Arc::new(PortMap::pieces(pieces));
        self.lists.insert((acl, egress, protocol, family), Arc::clone(&map));
        map
    }

    /// The ways from an entrance to an address of an interface in `subnet`.
    pub fn ways(
        &mut self,
        world: World<'_>,
        entrance: usize,
        interface: usize,
        to: Address,
        protocol: Protocol,
    ) -> Arc<Vec<usize>> {
        let own = &world.network.interfaces[interface];
        let subnet = world.classes.subnet(own.subnet);
        let key = (entrance, subnet, to.family, protocol, world.classes.address(own.vpc, interface, to));
        if let Some(done) = self.ways.get(&key) {
            return Arc::clone(done);
        }
        let mut found = Vec::new();
        for way in self.compute(world, entrance, subnet, interface, to, protocol) {
            found.push(self.all.len());
            self.all.push(way);
        }
        let found = Arc::new(found);
        self.ways.insert(key, Arc::clone(&found));
        found
    }

    fn compute(
        &mut self,
        world: World<'_>,
        index: usize,
        subnet: usize,
        interface: usize,
        to: Address,
        protocol: Protocol,
    ) -> Vec<Way> {
        let network = world.network;
        let entrance = &world.entrances[index];
        let family = to.family;
        let senders = entrance.senders.of(family);
        let internet = matches!(entrance.place, Place::Internet(_));
        if senders.is_empty()
            || network.subnets[subnet].table.is_none()
            || (internet && network.subnets[subnet].blocked)
        {
            return Vec::new();
        }
        let mut assumptions = Vec::new();
        // Where the packet enters: a table to consult, and the subnet it is in by then.
        let starts: Vec<(Option<usize>, Option<usize>)> = match entrance.transit {
            Some((from, own)) => {
                match self.carried(
                    network,
                    &network.attachments[from].table,
                    to,
                    &network.attachments[own].id,
                ) {
                    Some(true) => {}
                    Some(false) => return Vec::new(),
                    None => assumptions.push("TGW_RTB_ROUTES_ARE_UNKNOWN"),
                }
                let subnets = network.attachments[own].subnets.iter();
                subnets
                    .filter_map(|&s| network.subnets[s].table.map(|table| (Some(table), Some(s))))
                    .collect()
            }
            None => vec![(entrance.table, None)],
        };
        if network.subnets[subnet].acl.is_none() {
            assumptions.push("NETWORK_ACL_MISSING");
        }
        let mut out = Vec::new();
        for (table, at) in starts {
            let Some(boxes) = self.follow(network, table, to, interface, entrance) else { continue };
            let mut request = PortMap::constant(senders.clone());
            let mut at = at;
            for (nth, hop) in boxes.iter().enumerate() {
                let Hop::Interface(hop) = *hop else { continue };
                let (own, middle) = (network.interfaces[hop].subnet, &network.interfaces[hop]);
                request = self.enter(network, request, at, own, to, protocol);
                let references = if nth == 0 { entrance.references.as_ref() } else { None };
                let mut admitted = PortMap::default();
                for &group in &middle.groups {
                    for rule in
                        network.groups[group].inbound.iter().filter(|rule| rule.protocols.has(protocol))
                    {
                        let set = rule_peers(network, rule, family, references);
                        admitted =
                            admitted.union(&PortMap::pieces([(rule.ports.0, rule.ports.1, Arc::new(set))]));
                    }
                }
                request = request.intersect(&admitted);
                request = request.on_ports(&egress_ports(
                    network,
                    &middle.groups,
                    to,
                    network.interfaces[interface].vpc,
                    protocol,
                ));
                at = Some(own);
            }
            request = self.enter(network, request, at, subnet, to, protocol);
            let mut marks = assumptions.clone();
            if boxes.iter().any(|hop| matches!(hop, Hop::Endpoint(_))) {
                marks.push("INSPECTED_BY_APPLIANCE");
            }
            let answer = self.answer(world, entrance, subnet, &boxes, to, protocol, &mut marks);
            let client = Ports::of(world.client.0, world.client.1);
            let answer = answer.on_ports(&client).among(senders);
            let answered = answer.addresses();
            marks.sort_unstable();
            marks.dedup();
            out.push(Way {
                entrance: index,
                family,
                protocol,
                request,
                answer,
                answered,
                boxes,
                assumptions: marks,
            });
        }
        out
    }

    /// Crossing into `next`: the outbound list of where the packet is, the inbound list of where it goes (N-37).
    fn enter(
        &mut self,
        network: &Network,
        request: PortMap,
        at: Option<usize>,
        next: usize,
        to: Address,
        protocol: Protocol,
    ) -> PortMap {
        if at == Some(next) {
            return request;
        }
        let mut request = request;
        if let Some(at) = at {
            let ports = self.list(network, at, true, protocol, to.family).ports_of(to.bits);
            request = request.on_ports(&ports);
        }
        request.intersect(&self.list(network, next, false, protocol, to.family))
    }

    /// Middleboxes from a table to an interface (N-26, N-27, N-56); `None` where the packet is dropped.
    fn follow(
        &mut self,
        network: &Network,
        table: Option<usize>,
        to: Address,
        interface: usize,
        entrance: &Entrance,
    ) -> Option<Vec<Hop>> {
        let mut boxes = Vec::new();
        let Some(mut table) = table else { return Some(boxes) };
        let internet = matches!(entrance.place, Place::Internet(_));
        loop {
            let next = match self.route(network, table, to)? {
                Target::Local => return network.vpcs[entrance.vpc].blocks.has(to).then_some(boxes),
                Target::Interface(hop) if hop == interface => return Some(boxes),
                Target::Interface(hop) => {
                    let middle = &network.interfaces[hop];
                    let public =
                        to.family == Family::V6 || middle.addresses.iter().any(|a| a.public.is_some());
                    if middle.check || network.running(hop).is_none() || (internet && !public) {
                        return None;
                    }
                    table = network.subnets[middle.subnet].table?;
                    Hop::Interface(hop)
                }
                Target::Endpoint(hop) => {
                    let endpoint = &network.endpoints[hop];
                    if !endpoint.gateway_balancer
                        || !endpoint.available
                        || entrance.kind == crate::edge::EdgeKind::Vpn
                    {
                        return None;
                    }
                    table = network.subnets[endpoint.subnet?].table?;
                    Hop::Endpoint(hop)
                }
                _ => return None,
            };
            if boxes.contains(&next) {
                return None;
            }
            boxes.push(next);
        }
    }

    /// Whether a transit table carries `to` to an attachment (N-50, N-52); `None`: its routes are unknown.
    fn carried(
        &self,
        network: &Network,
        table: &Option<String>,
        to: Address,
        attachment: &str,
    ) -> Option<bool> {
        let Some(table) = table else { return Some(false) };
        let routes = network.transit_tables.get(table)?;
        let sets =
            transit_sets(routes, to.family, |route| route.targets.iter().any(|(id, _, _)| id == attachment));
        Some(sets.contains(to.bits))
    }

    /// Client port → senders to whom the answer from `subnet` gets back (N-18, N-28, N-51 to N-55).
    #[allow(clippy::too_many_arguments, reason = "the answer sees all that the request saw")]
    fn answer(
        &mut self,
        world: World<'_>,
        entrance: &Entrance,
        subnet: usize,
        boxes: &[Hop],
        to: Address,
        protocol: Protocol,
        marks: &mut Vec<&'static str>,
    ) -> PortMap {
        let network = world.network;
        let family = to.family;
        let mut map = PortMap::constant(entrance.senders.of(family).clone());
        let (mut at, mut leaving) = (subnet, subnet);
        for hop in boxes.iter().rev() {
            let Some(table) = network.subnets[leaving].table else { return PortMap::default() };
            let wanted = match hop {
                Hop::Interface(hop) => Target::Interface(*hop),
                Hop::Endpoint(hop) => Target::Endpoint(*hop),
            };
            map = map.among(&self.towards(network, table, family, |target| *target == wanted));
            match hop {
                Hop::Interface(hop) => {
                    let own = network.interfaces[*hop].subnet;
                    if own != at {
                        map = map.intersect(&self.list(network, at, true, protocol, family));
                        map =
                            map.on_ports(&self.list(network, own, false, protocol, family).ports_of(to.bits));
                    }
                    (at, leaving) = (own, own);
                }
                Hop::Endpoint(hop) => match network.endpoints[*hop].subnet {
                    Some(own) => leaving = own,
                    None => return PortMap::default(),
                },
            }
        }
        map = map.intersect(&self.list(network, at, true, protocol, family));
        let Some(table) = network.subnets[leaving].table else { return PortMap::default() };
        if let Place::Internet(gateway) = entrance.place {
            return map
                .among(&self.towards(network, table, family, |target| *target == Target::Internet(gateway)));
        }
        let mut out = map.among(&self.towards(network, table, family, |target| match target {
            Target::Peering(peering) => {
                let peering = &network.peerings[*peering];
                let own = &network.vpcs[entrance.vpc].id;
                let peer = peering.ends.iter().find(|(vpc, _)| vpc != own);
                peering.active && peer.is_some_and(|(vpc, _)| entrance.place == Place::Vpc(vpc.clone()))
            }
            Target::Vpn(gateway) => {
                let gateway = &network.vpn_gateways[*gateway];
                family == Family::V4
                    && entrance.place == Place::OnPremises
                    && gateway.available
                    && gateway.vpcs.contains(&(entrance.vpc, true))
            }
            _ => false,
        }));
        let zone = network.subnets[leaving].zone.clone();
        for own in &network.attachments {
            if own.kind != "vpc" || !own.available || network.vpc_of(&own.resource) != Some(entrance.vpc) {
                continue;
            }
            let Some(&exit) = own.subnets.iter().find(|&&s| network.subnets[s].zone == zone) else {
                continue;
            };
            let routed = self
                .towards(network, table, family, |target| *target == Target::Transit(own.gateway.clone()));
            if routed.is_empty() {
                continue;
            }
            let back = match own.table.as_ref().map(|table| network.transit_tables.get(table)) {
                None => continue,
                Some(None) => {
                    marks.push("TGW_RTB_ROUTES_ARE_UNKNOWN");
                    family.everything()
                }
                Some(Some(routes)) => transit_sets(routes, family, |route| {
                    route.targets.iter().any(|(id, kind, resource)| {
                        let (kind, resource, live) = network
                            .attachment(id)
                            .map_or((kind, resource, true), |a| (&a.kind, &a.resource, a.available));
                        live && *id != own.id && Place::behind(kind, resource, id) == entrance.place
                    })
                }),
            };
            let ports = self.list(network, exit, false, protocol, family).ports_of(to.bits);
            out = out.union(&map.among(&routed.intersect(&back)).on_ports(&ports));
        }
        out
    }

    /// The addresses that a table sends to targets of a kind, blackholes left out.
    fn towards(
        &mut self,
        network: &Network,
        table: usize,
        family: Family,
        wanted: impl Fn(&Target) -> bool,
    ) -> Addresses {
        let routed = self.routed(network, table, family);
        let routes = &network.tables[table].routes;
        routed
            .iter()
            .filter(|(index, _)| !routes[*index].blackhole && wanted(&routes[*index].target))
            .fold(Addresses::empty(), |all, (_, part)| all.union(part))
    }
}

/// Addresses that a transit table sends by routes of a kind: longest prefix, then static (N-52).
fn transit_sets(
    routes: &[crate::network::TransitRoute],
    family: Family,
    wanted: impl Fn(&crate::network::TransitRoute) -> bool,
) -> Addresses {
    let mut order: Vec<(u32, bool, usize, u128, u128)> = Vec::new();
    for (index, route) in routes.iter().enumerate() {
        for prefix in route.prefixes.iter().filter(|prefix| prefix.family == family) {
            order.push((family.bits() - prefix.length, route.propagated, index, prefix.low, prefix.high()));
        }
    }
    order.sort_unstable();
    let (mut taken, mut out) = (Addresses::empty(), Addresses::empty());
    for (_, _, index, low, high) in order {
        let block = Addresses::of(low, high);
        if !routes[index].blackhole && wanted(&routes[index]) {
            out = out.union(&block.minus(&taken));
        }
        taken = taken.union(&block);
    }
    out
}

/// Senders that a rule admits; groups of the peer where the entrance allows references (N-33 to N-35).
pub(crate) fn rule_peers(
    network: &Network,
    rule: &GroupRule,
    family: Family,
    references: Option<&(String, String)>,
) -> Addresses {
    let mut set = rule.peers.of(family).clone();
    let Some((vpc, peering)) = references else { return set };
    for reference in &rule.groups {
        let same = peering.is_empty() || reference.peering.is_empty() || reference.peering == *peering;
        // Staleness is a property of a peering connection (N-34).
        if !same || (reference.stale && !peering.is_empty()) || network.groups[reference.group].vpc != *vpc {
            continue;
        }
        set = set.union(&members(network, reference.group, vpc, family));
    }
    set
}

/// Private addresses of the interfaces that carry a group in a VPC (N-33).
fn members(network: &Network, group: usize, vpc: &str, family: Family) -> Addresses {
    let own = network.members[group].iter().map(|&index| &network.interfaces[index]);
    Addresses::from_pairs(
        own.filter(|interface| network.vpcs[interface.vpc].id == vpc)
            .flat_map(|interface| &interface.addresses)
            .filter(|address| address.private.family == family)
            .map(|address| (address.private.bits, address.private.bits)),
    )
}

/// Ports at which the outbound rules of some groups let `to` be addressed.
pub(crate) fn egress_ports(
    network: &Network,
    groups: &[usize],
    to: Address,
    vpc: usize,
    protocol: Protocol,
) -> Ports {
    let mut out = Ports::empty();
    for rule in groups.iter().flat_map(|&group| &network.groups[group].outbound) {
        let named = || {
            rule.groups.iter().any(|reference| {
                members(network, reference.group, &network.vpcs[vpc].id, to.family).contains(to.bits)
            })
        };
        if rule.protocols.has(protocol) && (rule.peers.has(to) || named()) {
            out = out.union(&Ports::of(rule.ports.0, rule.ports.1));
        }
    }
    out
}
