//! Why not: for an interface and an edge the packet that gets furthest, and what stops it (N-103).

use crate::address::{Address, Family};
use crate::classes::Classes;
use crate::edge::{EdgeKind, Entrance};
use crate::facts::{Analysis, Engine, Question, client_port, interfaces, named};
use crate::network::{Network, Protocol};
use crate::set::Ports;
use crate::walk::{Blocker, Outcome, Packet, Sender, Walker};
use crate::ways::{World, rule_peers};
use std::collections::BTreeSet;

/// Packets tried per address, protocol and edge; bounds the work for groups with very many rules.
const TRIED: usize = 64;

/// An interface that an edge does not reach.
#[derive(Debug, Clone)]
pub struct Unreachable {
    pub(crate) interface: usize,
    /// Kind of the edge.
    pub edge: EdgeKind,
    /// Its id.
    pub edge_id: String,
    /// The packet that gets furthest; `None` where no packet can even name the interface.
    pub packet: Option<Packet>,
    /// What stops it, in path order.
    pub blockers: Vec<Blocker>,
}

impl Unreachable {
    /// Ids of instance and interface.
    pub fn names<'a>(&self, analysis: &'a Analysis<'_>) -> (&'a str, &'a str) {
        let network = analysis.network;
        let own = &network.interfaces[self.interface];
        (own.instance.map_or("", |instance| network.instances[instance].id.as_str()), &own.id)
    }
}

/// The answer to "can this port of this instance be reached": one entry per interface and edge.
#[derive(Debug, Clone)]
pub struct Explained {
    /// `eni-…`
    pub interface: String,
    /// Kind of the edge.
    pub edge: EdgeKind,
    /// Its id.
    pub edge_id: String,
    /// The packet that gets furthest.
    pub packet: Option<Packet>,
    /// What became of it.
    pub outcome: Outcome,
}

impl Analysis<'_> {
    /// Every pair of interface and edge without an answered fact, with what stops the packet that gets furthest.
    pub fn unreachable(&self, question: &Question) -> Vec<Unreachable> {
        let reached: BTreeSet<(usize, EdgeKind, &str)> = self
            .facts
            .iter()
            .filter(|fact| fact.reply)
            .map(|fact| (fact.interface, fact.edge, fact.edge_id.as_str()))
            .collect();
        let mut out = Vec::new();
        self.with_engine(|engine, walker| {
            for index in interfaces(self.network, question) {
                for (edge, id) in edges(&self.entrances, self.network.interfaces[index].vpc) {
                    if reached.contains(&(index, edge, id)) {
                        continue;
                    }
                    let (packet, outcome) = furthest(engine, walker, index, edge, id, None);
                    out.push(Unreachable {
                        interface: index,
                        edge,
                        edge_id: id.to_owned(),
                        packet,
                        blockers: outcome.blockers,
                    });
                }
            }
        });
        out
    }

    /// What becomes of packets to one port of an instance, from each edge of its VPC.
    pub fn explain(&self, instance: &str, protocol: Protocol, port: u16) -> Option<Vec<Explained>> {
        let instance = self.network.instances.iter().find(|other| other.id == instance)?;
        let mut out = Vec::new();
        self.with_engine(|engine, walker| {
            for &index in &instance.interfaces {
                let interface = &self.network.interfaces[index];
                for (edge, id) in edges(&self.entrances, interface.vpc) {
                    let (packet, outcome) = furthest(engine, walker, index, edge, id, Some((protocol, port)));
                    out.push(Explained {
                        interface: interface.id.clone(),
                        edge,
                        edge_id: id.to_owned(),
                        packet,
                        outcome,
                    });
                }
            }
        });
        Some(out)
    }

    fn with_engine(&self, work: impl FnOnce(&mut Engine<'_>, &Walker<'_>)) {
        let classes = Classes::new(self.network, &self.entrances);
        let world = World {
            network: self.network,
            entrances: &self.entrances,
            classes: &classes,
            client: self.client,
        };
        work(&mut Engine::new(world), &Walker::new(self.network, &self.entrances));
    }

    /// The name of the instance of a fact.
    pub fn instance_id(&self, fact: &crate::facts::Fact) -> &str {
        &self.network.instances[fact.instance].id
    }
}

/// The edges of a VPC, each once.
fn edges(entrances: &[Entrance], vpc: usize) -> BTreeSet<(EdgeKind, &str)> {
    entrances
        .iter()
        .filter(|entrance| entrance.vpc == vpc)
        .map(|entrance| (entrance.kind, entrance.id.as_str()))
        .collect()
}

fn furthest(
    engine: &mut Engine<'_>,
    walker: &Walker<'_>,
    index: usize,
    edge: EdgeKind,
    id: &str,
    only: Option<(Protocol, u16)>,
) -> (Option<Packet>, Outcome) {
    let world = engine.world;
    let interface = &world.network.interfaces[index];
    let mut best: Option<(Packet, Outcome)> = None;
    for e in 0..world.entrances.len() {
        let entrance = &world.entrances[e];
        if (entrance.kind, entrance.id.as_str(), entrance.vpc) != (edge, id, interface.vpc) {
            continue;
        }
        for (to, private) in named(entrance, &interface.addresses) {
            for protocol in Protocol::ALL
                .into_iter()
                .filter(|protocol| only.is_none_or(|(wanted, _)| wanted == *protocol))
            {
                let port = only.map(|(_, port)| port);
                for (source, source_port, port) in candidates(engine, e, index, private, protocol, port) {
                    let packet = Packet {
                        from: Sender::Edge(edge, id.to_owned()),
                        protocol,
                        source: Address { family: to.family, bits: source },
                        source_port,
                        destination: to,
                        destination_port: port,
                    };
                    let outcome = walker.walk(&packet);
                    if best.as_ref().is_none_or(|(_, kept)| outcome.reach() > kept.reach()) {
                        best = Some((packet, outcome));
                    }
                }
            }
        }
    }
    match best {
        Some((packet, outcome)) => (Some(packet), outcome),
        None => (None, unnamed(world.network, world.entrances, edge, id, interface.vpc)),
    }
}

/// No address of the interface can be named from the edge (N-19).
fn unnamed(network: &Network, entrances: &[Entrance], edge: EdgeKind, id: &str, vpc: usize) -> Outcome {
    let usable = entrances
        .iter()
        .any(|entrance| entrance.kind == edge && entrance.id == id && entrance.vpc == vpc && entrance.usable);
    let _ = network;
    let code = match edge {
        _ if !usable => "BAD_STATE",
        EdgeKind::Internet => "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
        EdgeKind::Vpn => "VGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
        _ => "NO_POSSIBLE_DESTINATION",
    };
    Outcome::default().stop(code, edge.component(), id, false, 2)
}

/// Sender, its port and the port asked: one for each rule, list piece and route that may decide.
fn candidates(
    engine: &mut Engine<'_>,
    e: usize,
    index: usize,
    private: Address,
    protocol: Protocol,
    only: Option<u16>,
) -> Vec<(u128, u16, u16)> {
    let world = engine.world;
    let entrance = &world.entrances[e];
    let family = private.family;
    let senders = entrance.senders.of(family);
    let mut sources: BTreeSet<u128> = senders.first().into_iter().collect();
    let mut ports: BTreeSet<u16> = only.into_iter().collect();
    let rules =
        world.network.interfaces[index].groups.iter().flat_map(|&group| &world.network.groups[group].inbound);
    for rule in rules.filter(|rule| rule.protocols.has(protocol)).take(TRIED) {
        let fits = only.is_none_or(|port| rule.ports.0 <= port && port <= rule.ports.1);
        if fits {
            sources
                .extend(rule_peers(world.network, rule, family, entrance.references.as_ref()).meets(senders));
            if only.is_none() {
                ports.insert(rule.ports.0);
            }
        }
    }
    let ways = engine.sets.ways(world, e, index, private, protocol);
    let mut clients = Ports::empty();
    for &way in ways.iter() {
        let way = &engine.sets.all[way];
        if only.is_none() {
            ports.extend(way.request.iter().map(|piece| piece.0).take(4));
        }
        sources.extend(way.request.iter().filter_map(|piece| piece.2.first()).take(4));
        sources.extend(way.answered.first());
        clients = clients.union(&way.answer.ports());
        let both = way.request.iter().find_map(|piece| piece.2.meets(&way.answered));
        sources.extend(both);
    }
    if ports.is_empty() {
        ports.insert(22);
    }
    if sources.is_empty() {
        // Nobody may send: the walk says why for an address that belongs to nobody.
        sources.insert(match family {
            Family::V4 => 0xC633_6401,
            Family::V6 => 0x2001_0db8_u128 << 96,
        });
    }
    let client = client_port(&clients).unwrap_or(49_152);
    let pairs = ports.iter().flat_map(|&port| sources.iter().map(move |&source| (source, client, port)));
    pairs.take(TRIED * 4).collect()
}
