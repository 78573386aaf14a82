//! Which ports of which interface are reachable from which edge: the sets of [`crate::ways`] met with the rules of the
//! groups, directly and through load balancers (sections 4, 7 and 10 of the rules).

use crate::address::{Address, Family};
use crate::balance::{self, Front};
use crate::classes::Classes;
use crate::edge::{EdgeKind, Entrance, Place, entrances};
use crate::network::{HostAddress, Network, Protocol};
use crate::set::{Addresses, PortMap, Ports};
use crate::walk::{Packet, Sender, Step, Walker};
use crate::ways::{Sets, Way, World, rule_peers};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// One line of the result: everything that is reachable on one interface from one edge in one manner. What no fact
/// says is not reachable.
#[derive(Debug, Clone)]
pub struct Fact {
    pub(crate) instance: usize,
    pub(crate) interface: usize,
    /// Kind of the edge.
    pub edge: EdgeKind,
    /// Id of the edge.
    pub edge_id: String,
    pub(crate) balancer: Option<usize>,
    /// Family of the address that the sender names.
    pub family: Family,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Whether an answer can get back; false only for UDP (N-39).
    pub reply: bool,
    /// Ports on the instance.
    pub ports: Ports,
    /// A packet that gets through.
    pub witness: Packet,
    /// Every component that the witness crosses, and its answer.
    pub path: Vec<Step>,
    /// Who can send.
    pub senders: Addresses,
    /// Whether the senders are all that are behind the edge.
    pub everyone: bool,
    /// What was taken for granted, sorted.
    pub assumptions: Vec<&'static str>,
    pub(crate) openings: Vec<Opening>,
}

/// What opens some ports of a fact.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    pub ports: Ports,
    pub way: usize,
    /// The group of the interface whose rule admits.
    pub group: Option<usize>,
    pub front: Option<Front>,
}

/// Ports and senders that one group opens on one way.
#[derive(Debug, Default)]
pub(crate) struct Open {
    /// Request and answer get through.
    pub both: PortMap,
    /// The request does.
    pub request: PortMap,
}

/// The result for a network.
#[derive(Debug)]
pub struct Analysis<'a> {
    pub(crate) network: &'a Network,
    pub(crate) entrances: Vec<Entrance>,
    pub(crate) ways: Vec<Way>,
    /// Sorted by instance, interface, edge, load balancer, family, protocol, answered first.
    pub facts: Vec<Fact>,
    pub(crate) client: (u16, u16),
}

/// What to analyse and how.
#[derive(Debug, Clone)]
pub struct Question {
    /// Source ports that senders may choose (N-17).
    pub client_ports: (u16, u16),
    /// Only these instances; empty: all.
    pub instances: BTreeSet<String>,
}

impl Default for Question {
    fn default() -> Self {
        Self { client_ports: (1, u16::MAX), instances: BTreeSet::new() }
    }
}

/// Addresses by which a sender behind an edge can name an interface, with the private one (N-19).
pub(crate) fn named<'a>(
    entrance: &Entrance,
    addresses: &'a [HostAddress],
) -> impl Iterator<Item = (Address, Address)> + 'a {
    let internet = matches!(entrance.place, Place::Internet(_));
    addresses.iter().filter_map(move |address| match (internet, address.private.family) {
        (true, Family::V4) => address.public.map(|public| (public, address.private)),
        _ => Some((address.private, address.private)),
    })
}

/// The source port of a witness: one above the well-known ports where the answer allows it.
pub(crate) fn client_port(ports: &Ports) -> Option<u16> {
    ports.first_from(1024).or_else(|| ports.first())
}

#[derive(Default)]
struct Gathered {
    both: Ports,
    request: Ports,
    answered: Vec<(Opening, PortMap, Candidate)>,
    sent: Vec<(Opening, PortMap, Candidate)>,
}

/// How to make a packet of a pair of sender and port.
#[derive(Clone)]
struct Candidate {
    to: Address,
    /// Set for a load balancer: the listener's port, and client ports per sender.
    front: Option<(u16, Option<PortMap>)>,
}

type Key<'a> = (EdgeKind, &'a str, Option<&'a str>, Family, Protocol);

/// Shared work of one analysis.
pub(crate) struct Engine<'a> {
    pub world: World<'a>,
    pub sets: Sets,
    opens: HashMap<(usize, usize), Arc<Open>>,
}

impl<'a> Engine<'a> {
    pub fn new(world: World<'a>) -> Self {
        Self { world, sets: Sets::default(), opens: HashMap::new() }
    }

    /// What a group opens on a way.
    pub fn open(&mut self, way: usize, group: usize) -> Arc<Open> {
        if let Some(done) = self.opens.get(&(way, group)) {
            return Arc::clone(done);
        }
        let network = self.world.network;
        let of = &self.sets.all[way];
        let entrance = &self.world.entrances[of.entrance];
        // What went through a middlebox is not covered by references (N-33).
        let references = entrance.references.as_ref().filter(|_| of.boxes.is_empty());
        let mut open = Open::default();
        let silent = of.protocol == Protocol::Tcp && of.answered.is_empty();
        if !silent && !of.request.is_empty() {
            let mut admitted: Vec<(u16, u16, Addresses)> = Vec::new();
            for rule in network.groups[group].inbound.iter().filter(|rule| rule.protocols.has(of.protocol)) {
                let peers = rule_peers(network, rule, of.family, references);
                if !peers.is_empty() {
                    admitted.push((rule.ports.0, rule.ports.1, peers));
                }
            }
            let request = PortMap::overlay(&admitted).intersect(&of.request);
            open.both = request.among(&of.answered);
            if of.protocol == Protocol::Udp {
                open.request = request;
            }
        }
        let open = Arc::new(open);
        self.opens.insert((way, group), Arc::clone(&open));
        open
    }
}

impl<'a> Analysis<'a> {
    /// Computes every fact. Cost: linear in interfaces; in the rules of a group once for each distinct manner in which
    /// its interfaces are connected.
    pub fn new(network: &'a Network, question: &Question) -> Self {
        let entrances = entrances(network);
        let classes = Classes::new(network, &entrances);
        let mut facts = Vec::new();
        let ways;
        {
            let world =
                World { network, entrances: &entrances, classes: &classes, client: question.client_ports };
            let mut engine = Engine::new(world);
            let mut of_vpc: Vec<Vec<usize>> = vec![Vec::new(); network.vpcs.len()];
            for (index, entrance) in entrances.iter().enumerate().filter(|(_, entrance)| entrance.usable) {
                of_vpc[entrance.vpc].push(index);
            }
            let mut behind: HashMap<usize, Vec<balance::Balanced>> = HashMap::new();
            for balanced in balance::all(&mut engine, &of_vpc) {
                behind.entry(balanced.interface).or_default().push(balanced);
            }
            let walker = Walker::new(network, &entrances);
            for interface in interfaces(network, question) {
                let gathered = gather(
                    &mut engine,
                    &of_vpc,
                    interface,
                    behind.get(&interface).map_or(&[][..], Vec::as_slice),
                );
                for (key, gathered) in gathered {
                    finish(&engine, &walker, interface, key, gathered, &mut facts);
                }
            }
            ways = engine.sets.all;
        }
        Self { network, entrances, ways, facts, client: question.client_ports }
    }
}

/// Interfaces of running instances, ordered by instance and interface id (N-6).
pub(crate) fn interfaces(network: &Network, question: &Question) -> Vec<usize> {
    let wanted = |index: &usize| {
        network.running(*index).is_some_and(|instance| {
            question.instances.is_empty() || question.instances.contains(&network.instances[instance].id)
        })
    };
    let mut out: Vec<usize> = (0..network.interfaces.len()).filter(wanted).collect();
    let order = |index: &usize| {
        let interface = &network.interfaces[*index];
        (interface.instance.map(|instance| network.instances[instance].id.as_str()), interface.id.as_str())
    };
    out.sort_by(|a, b| order(a).cmp(&order(b)));
    out
}

fn gather<'a>(
    engine: &mut Engine<'a>,
    of_vpc: &[Vec<usize>],
    index: usize,
    behind: &[balance::Balanced],
) -> BTreeMap<Key<'a>, Gathered> {
    let world = engine.world;
    let interface = &world.network.interfaces[index];
    let mut out: BTreeMap<Key<'a>, Gathered> = BTreeMap::new();
    for &e in &of_vpc[interface.vpc] {
        let entrance = &world.entrances[e];
        for (to, private) in named(entrance, &interface.addresses) {
            for protocol in Protocol::ALL {
                for &way in engine.sets.ways(world, e, index, private, protocol).iter() {
                    for &group in &interface.groups {
                        let open = engine.open(way, group);
                        if open.both.is_empty() && open.request.is_empty() {
                            continue;
                        }
                        let key = (entrance.kind, entrance.id.as_str(), None, to.family, protocol);
                        let into = out.entry(key).or_default();
                        let candidate = Candidate { to, front: None };
                        into.add(way, Some(group), None, &open.both, &open.request, candidate);
                    }
                }
            }
        }
    }
    for balanced in behind {
        let way = &engine.sets.all[balanced.way];
        let entrance = &world.entrances[way.entrance];
        let via = world.network.balancers[balanced.front.balancer].id.as_str();
        let key = (entrance.kind, entrance.id.as_str(), Some(via), way.family, way.protocol);
        let at = |senders: &Addresses| PortMap::at_port(balanced.port, senders.clone());
        let candidate =
            Candidate { to: balanced.to, front: Some((balanced.front.port, balanced.answer.clone())) };
        out.entry(key).or_default().add(
            balanced.way,
            balanced.group,
            Some(balanced.front.clone()),
            &at(&balanced.both),
            &at(&balanced.request),
            candidate,
        );
    }
    out
}

impl Gathered {
    fn add(
        &mut self,
        way: usize,
        group: Option<usize>,
        front: Option<Front>,
        both: &PortMap,
        request: &PortMap,
        candidate: Candidate,
    ) {
        for (map, ports, list) in
            [(both, &mut self.both, &mut self.answered), (request, &mut self.request, &mut self.sent)]
        {
            if !map.is_empty() {
                let own = map.ports();
                *ports = ports.union(&own);
                let opening = Opening { ports: own, way, group, front: front.clone() };
                list.push((opening, map.clone(), candidate.clone()));
            }
        }
    }
}

fn finish(
    engine: &Engine<'_>,
    walker: &Walker<'_>,
    interface: usize,
    key: Key<'_>,
    gathered: Gathered,
    facts: &mut Vec<Fact>,
) {
    let network = engine.world.network;
    let Some(instance) = network.running(interface) else { return };
    let one_way = gathered.request.minus(&gathered.both);
    for (reply, ports, list) in [(true, gathered.both, gathered.answered), (false, one_way, gathered.sent)] {
        if ports.is_empty() {
            continue;
        }
        let (mut senders, mut assumptions, mut witness, mut everyone) =
            (Addresses::empty(), BTreeSet::new(), None, false);
        let mut openings = Vec::new();
        for (mut opening, map, candidate) in list {
            let way = &engine.sets.all[opening.way];
            opening.ports = opening.ports.intersect(&ports);
            let Some(port) = opening.ports.first() else { continue };
            let own = if reply { map.addresses() } else { map.on_ports(&ports).addresses() };
            everyone |= own == *engine.world.entrances[way.entrance].senders.of(way.family);
            senders = senders.union(&own);
            assumptions.extend(way.assumptions.iter().copied());
            assumptions.extend(opening.front.iter().flat_map(|front| front.assumptions.iter().copied()));
            // The lowest port is the one that a reader looks at first.
            if witness.as_ref().is_none_or(|(lowest, _)| port < *lowest) {
                witness = packet(engine, key, way, &map, port, &candidate, reply)
                    .map(|packet| (port, packet))
                    .or(witness);
            }
            openings.push(opening);
        }
        let Some((_, witness)) = witness else { continue };
        let outcome = walker.walk(&witness);
        if !outcome.arrives(interface, reply) {
            // The walk and the sets are two pieces of code; where they disagree the reader must know.
            assumptions.insert("WITNESS_NOT_CONFIRMED");
        }
        facts.push(Fact {
            instance,
            interface,
            edge: key.0,
            edge_id: key.1.to_owned(),
            balancer: openings.first().and_then(|opening| opening.front.as_ref()).map(|front| front.balancer),
            family: key.3,
            protocol: key.4,
            reply,
            ports,
            witness,
            path: outcome.steps,
            senders,
            everyone,
            assumptions: assumptions.into_iter().collect(),
            openings,
        });
    }
}

fn packet(
    engine: &Engine<'_>,
    key: Key<'_>,
    way: &Way,
    map: &PortMap,
    port: u16,
    candidate: &Candidate,
    reply: bool,
) -> Option<Packet> {
    let source = map.at(port).first()?;
    let (destination_port, answer) = match &candidate.front {
        Some((listener, answer)) => (*listener, answer.as_ref()),
        None => (port, None),
    };
    let client = engine.world.client;
    let free = Ports::of(client.0, client.1);
    let source_port = if reply {
        client_port(&answer.unwrap_or(&way.answer).ports_of(source))
    } else {
        client_port(&free)
    }?;
    Some(Packet {
        from: Sender::Edge(key.0, key.1.to_owned()),
        protocol: key.4,
        source: Address { family: key.3, bits: source },
        source_port,
        destination: candidate.to,
        destination_port,
    })
}
