//! Load balancers: from a node that a client reaches to the targets behind it (section 7 of the rules).

use crate::address::{Address, Family};
use crate::facts::{Engine, named};
use crate::network::{Balancer, BalancerKind, ForwardTo, GroupRule, Network, Protocol, Target};
use crate::set::{Addresses, PortMap, Ports};
use crate::ways::{egress_ports, rule_peers};

/// How a target is reached through a load balancer.
#[derive(Debug, Clone)]
pub(crate) struct Front {
    pub balancer: usize,
    pub node: usize,
    /// The group of the load balancer whose rule admits; `None`: it has none and admits everything.
    pub group: Option<usize>,
    /// The listener's port.
    pub port: u16,
    /// Empty for a Classic load balancer.
    pub target_group: String,
    pub assumptions: Vec<&'static str>,
}

/// One target port that some client reaches through one node.
#[derive(Debug)]
pub(crate) struct Balanced {
    pub interface: usize,
    pub port: u16,
    pub way: usize,
    /// The group of the target whose rule admits.
    pub group: Option<usize>,
    pub front: Front,
    /// The address of the node that the client names.
    pub to: Address,
    /// Clients whose request arrives and is answered.
    pub both: Addresses,
    /// Clients whose request arrives; empty for TCP.
    pub request: Addresses,
    /// Client port → clients that are answered, where it differs from the way to the node.
    pub answer: Option<PortMap>,
}

/// Source ports of nodes (N-17).
const NODE_PORTS: (u16, u16) = (1024, u16::MAX);

/// Everything that load balancers open.
pub(crate) fn all(engine: &mut Engine<'_>, of_vpc: &[Vec<usize>]) -> Vec<Balanced> {
    let network = engine.world.network;
    let mut out = Vec::new();
    for index in 0..network.balancers.len() {
        let balancer = &network.balancers[index];
        for &node in balancer.nodes.iter().filter(|_| balancer.active) {
            for &entrance in &of_vpc[network.interfaces[node].vpc] {
                from(engine, index, node, entrance, &mut out);
            }
        }
    }
    out
}

fn from(engine: &mut Engine<'_>, index: usize, node: usize, entrance: usize, out: &mut Vec<Balanced>) {
    let world = engine.world;
    let network = world.network;
    let balancer = &network.balancers[index];
    for (to, private) in named(&world.entrances[entrance], &network.interfaces[node].addresses) {
        if to.family == Family::V6 && !balancer.v6 {
            continue;
        }
        for protocol in Protocol::ALL {
            if !balancer.listeners.iter().any(|listener| listener.protocols.has(protocol)) {
                continue;
            }
            for &way in engine.sets.ways(world, entrance, node, private, protocol).iter() {
                for listener in balancer.listeners.iter().filter(|listener| listener.protocols.has(protocol))
                {
                    let (clients, group) = admitted(engine, balancer, way, listener.port);
                    if clients.is_empty() {
                        continue;
                    }
                    for forward in &listener.forwards {
                        let clients = match &forward.senders {
                            Some(senders) => clients.intersect(senders.of(to.family)),
                            None => clients.clone(),
                        };
                        let front = Front {
                            balancer: index,
                            node,
                            group,
                            port: listener.port,
                            target_group: forward.group.clone(),
                            assumptions: Vec::new(),
                        };
                        targets(engine, way, &front, forward, to, &clients, out);
                    }
                }
            }
        }
    }
}

/// Clients that the groups of a load balancer admit to a listener, and the first group that does.
fn admitted(
    engine: &mut Engine<'_>,
    balancer: &Balancer,
    way: usize,
    port: u16,
) -> (Addresses, Option<usize>) {
    if balancer.open {
        return ((*engine.sets.all[way].request.at(port)).clone(), None);
    }
    let (mut clients, mut first) = (Addresses::empty(), None);
    for &group in &balancer.groups {
        let open = engine.open(way, group);
        let map = if engine.sets.all[way].protocol == Protocol::Udp { &open.request } else { &open.both };
        let own = map.at(port);
        if !own.is_empty() {
            clients = clients.union(&own);
            first = first.or(Some(group));
        }
    }
    (clients, first)
}

fn targets(
    engine: &mut Engine<'_>,
    way: usize,
    front: &Front,
    forward: &ForwardTo,
    to: Address,
    clients: &Addresses,
    out: &mut Vec<Balanced>,
) {
    let network = engine.world.network;
    let (protocol, family) = (engine.sets.all[way].protocol, to.family);
    for &(interface, target, port) in &forward.targets {
        if network.running(interface).is_none() || !zones_allow(network, front, forward, interface) {
            continue;
        }
        let mut front = front.clone();
        if network.subnets[network.interfaces[interface].subnet].acl.is_none() {
            front.assumptions.push("NETWORK_ACL_MISSING");
        }
        // The address of the client survives only within a family (N-66).
        let preserved = forward.preserve && family == target.family;
        let leg = Leg { front: &front, interface, target, port, protocol };
        let found = if preserved {
            leg.preserved(engine, way, clients)
        } else {
            leg.translated(engine, way, clients)
        };
        let Some((group, both, request, answer)) = found else { continue };
        let request = if protocol == Protocol::Udp { request } else { Addresses::empty() };
        if !both.is_empty() || !request.is_empty() {
            out.push(Balanced { interface, port, way, group, front, to, both, request, answer });
        }
    }
}

/// N-64.
fn zones_allow(network: &Network, front: &Front, forward: &ForwardTo, interface: usize) -> bool {
    let zone = |index: usize| &network.subnets[network.interfaces[index].subnet].zone;
    network.balancers[front.balancer].zones.contains(zone(interface))
        && (forward.cross_zone || zone(front.node) == zone(interface))
}

/// From a node to one target.
struct Leg<'a> {
    front: &'a Front,
    interface: usize,
    target: Address,
    port: u16,
    protocol: Protocol,
}

/// The admitting group, clients that are answered, clients that get through, client ports.
type Found = (Option<usize>, Addresses, Addresses, Option<PortMap>);

impl Leg<'_> {
    /// What both manners share: outbound rules, outbound list of the node, route to the target (N-65).
    fn leaves(&self, engine: &mut Engine<'_>) -> bool {
        let network = engine.world.network;
        let balancer = &network.balancers[self.front.balancer];
        let (node, target) = (&network.interfaces[self.front.node], &network.interfaces[self.interface]);
        let lets_out = balancer.open
            || egress_ports(network, &balancer.groups, self.target, node.vpc, self.protocol)
                .contains(self.port);
        if !lets_out || node.vpc != target.vpc || !self.local(engine, node.subnet, self.target) {
            return false;
        }
        let listed = node.subnet != target.subnet || balancer.kind == BalancerKind::Classic;
        !listed
            || engine
                .sets
                .list(network, node.subnet, true, self.protocol, self.target.family)
                .at(self.port)
                .contains(self.target.bits)
    }

    fn local(&self, engine: &mut Engine<'_>, subnet: usize, to: Address) -> bool {
        let network = engine.world.network;
        let table = network.subnets[subnet].table;
        table.is_some_and(|table| engine.sets.route(network, table, to) == Some(Target::Local))
    }

    fn rules<'n>(&self, network: &'n Network) -> impl Iterator<Item = (usize, &'n GroupRule)> + use<'n> {
        let (protocol, port) = (self.protocol, self.port);
        network.interfaces[self.interface].groups.iter().flat_map(move |&group| {
            let rules = network.groups[group].inbound.iter();
            rules
                .filter(move |rule| {
                    rule.protocols.has(protocol) && rule.ports.0 <= port && port <= rule.ports.1
                })
                .map(move |rule| (group, rule))
        })
    }

    /// Whether a rule names a group of the load balancer.
    fn names_balancer(&self, network: &Network, rule: &GroupRule) -> bool {
        rule.groups
            .iter()
            .any(|reference| network.balancers[self.front.balancer].groups.contains(&reference.group))
    }

    /// The target sees the node.
    fn translated(&self, engine: &mut Engine<'_>, way: usize, clients: &Addresses) -> Option<Found> {
        let network = engine.world.network;
        let family = self.target.family;
        let (node, target) = (&network.interfaces[self.front.node], &network.interfaces[self.interface]);
        if !self.leaves(engine) {
            return None;
        }
        let mut request_group = None;
        let mut answered_group = None;
        for seen in
            node.addresses.iter().map(|address| address.private).filter(|address| address.family == family)
        {
            let crosses = node.subnet != target.subnet;
            if crosses
                && !engine
                    .sets
                    .list(network, target.subnet, false, self.protocol, family)
                    .at(self.port)
                    .contains(seen.bits)
            {
                continue;
            }
            let admits = |rule: &GroupRule| self.names_balancer(network, rule) || rule.peers.has(seen);
            let Some((group, _)) = self.rules(network).find(|(_, rule)| admits(rule)) else { continue };
            request_group = request_group.or(Some(group));
            if !self.local(engine, target.subnet, seen) {
                continue;
            }
            let back = if crosses {
                let out =
                    engine.sets.list(network, target.subnet, true, self.protocol, family).ports_of(seen.bits);
                out.intersect(
                    &engine
                        .sets
                        .list(network, node.subnet, false, self.protocol, family)
                        .ports_of(self.target.bits),
                )
            } else {
                Ports::of(0, u16::MAX)
            };
            if !back.intersect(&Ports::of(NODE_PORTS.0, NODE_PORTS.1)).is_empty() {
                answered_group = answered_group.or(Some(group));
            }
        }
        let answered = &engine.sets.all[way].answered;
        let both = if answered_group.is_some() { clients.intersect(answered) } else { Addresses::empty() };
        Some((answered_group.or(Some(request_group?)), both, clients.clone(), None))
    }

    /// The target sees the client (N-66).
    fn preserved(&self, engine: &mut Engine<'_>, way: usize, clients: &Addresses) -> Option<Found> {
        let network = engine.world.network;
        let family = self.target.family;
        let (node, target) = (&network.interfaces[self.front.node], &network.interfaces[self.interface]);
        if !self.leaves(engine) {
            return None;
        }
        let crosses = node.subnet != target.subnet;
        let mut clients = clients.clone();
        if crosses {
            clients = clients.intersect(
                &engine.sets.list(network, target.subnet, false, self.protocol, family).at(self.port),
            );
        }
        let entrance = &engine.world.entrances[engine.sets.all[way].entrance];
        let references = entrance.references.as_ref().filter(|_| engine.sets.all[way].boxes.is_empty());
        let mut admitted = Addresses::empty();
        let mut groups: Vec<(usize, Addresses)> = Vec::new();
        for (group, rule) in self.rules(network) {
            let own = if self.names_balancer(network, rule) {
                clients.clone()
            } else {
                clients.intersect(&rule_peers(network, rule, family, references))
            };
            admitted = admitted.union(&own);
            groups.push((group, own));
        }
        let mut answer = engine.sets.all[way].answer.clone();
        if crosses {
            answer = answer.intersect(&engine.sets.list(network, target.subnet, true, self.protocol, family));
            answer = answer.on_ports(
                &engine
                    .sets
                    .list(network, node.subnet, false, self.protocol, family)
                    .ports_of(self.target.bits),
            );
        }
        let both = admitted.intersect(&answer.addresses());
        let first = both.first().or_else(|| admitted.first());
        let group = groups
            .into_iter()
            .find(|(_, own)| first.is_some_and(|first| own.contains(first)))
            .map(|(group, _)| group);
        Some((group, both, admitted, Some(answer)))
    }
}
