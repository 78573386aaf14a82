//! The document that the analysis prints: facts, packets that were asked about, what is unreachable, warnings.

use crate::address::prefixes;
use crate::explain::Unreachable;
use crate::facts::{Analysis, Fact};
use crate::network::Warning;
use crate::probe::Answer;
use crate::walk::{Blocker, Outcome, Packet, Sender, Step};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Senders of which nobody would say that they are few.
const WIDE: u128 = 65_536;

/// Serializes each item of an iterator that can be made again.
pub struct Each<F>(pub F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq((self.0)())
    }
}

/// `{"type": …, "id": …}`
struct Named<'a>(&'a str, &'a str);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("type", self.0)?;
        map.serialize_entry("id", self.1)?;
        map.end()
    }
}

impl Serialize for Packet {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(6))?;
        self.members(&mut map)?;
        map.end()
    }
}

impl Packet {
    fn members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let from = match &self.from {
            Sender::Edge(kind, id) => Named(kind.name(), id),
            Sender::Interface(id) => Named("NETWORK_INTERFACE", id),
        };
        map.serialize_entry("from", &from)?;
        map.serialize_entry("protocol", self.protocol.name())?;
        map.serialize_entry("srcIp", &self.source.to_string())?;
        map.serialize_entry("srcPort", &self.source_port)?;
        map.serialize_entry("dstIp", &self.destination.to_string())?;
        map.serialize_entry("dstPort", &self.destination_port)
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("componentType", self.kind)?;
        map.serialize_entry("componentId", &self.id)?;
        if !self.rule.is_empty() {
            map.serialize_entry("rule", &self.rule)?;
        }
        if self.back {
            map.serialize_entry("direction", "return")?;
        }
        map.end()
    }
}

impl Serialize for Blocker {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("code", self.code)?;
        map.serialize_entry("componentType", self.kind)?;
        map.serialize_entry("componentId", &self.id)?;
        map.serialize_entry("direction", if self.back { "return" } else { "forward" })?;
        if !self.rule.is_empty() {
            map.serialize_entry("rule", &self.rule)?;
        }
        map.end()
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(3))?;
        map.serialize_entry("code", self.code)?;
        map.serialize_entry("componentId", &self.component)?;
        map.serialize_entry("message", &self.message)?;
        map.end()
    }
}

/// A fact with the names of what it speaks of.
pub struct FactView<'a>(pub &'a Analysis<'a>, pub &'a Fact);

impl Serialize for FactView<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (analysis, fact) = (self.0, self.1);
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("instanceId", analysis.instance_id(fact))?;
        map.serialize_entry("networkInterfaceId", analysis.interface(fact))?;
        map.serialize_entry("edge", &Named(fact.edge.name(), &fact.edge_id))?;
        map.serialize_entry("via", &analysis.via(fact).map(|id| Named("LOAD_BALANCER", id)))?;
        map.serialize_entry("family", fact.family.name())?;
        map.serialize_entry("protocol", fact.protocol.name())?;
        map.serialize_entry("replyPath", &fact.reply)?;
        map.serialize_entry("ports", fact.ports.pairs())?;
        map.serialize_entry("witness", &fact.witness)?;
        map.serialize_entry("path", &fact.path)?;
        map.serialize_entry("sources", &Sources(fact))?;
        map.serialize_entry("assumptions", &fact.assumptions)?;
        map.end()
    }
}

struct Sources<'a>(&'a Fact);

impl Serialize for Sources<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let count = self.0.senders.count();
        let breadth = match count {
            _ if self.0.everyone => "ANY",
            count if count > WIDE => "WIDE",
            _ => "NARROW",
        };
        let mut map = to.serialize_map(Some(3))?;
        map.serialize_entry("breadth", breadth)?;
        map.serialize_entry("addresses", &count.to_string())?;
        let cidrs = || prefixes(self.0.family, &self.0.senders).map(|prefix| prefix.to_string());
        map.serialize_entry("cidrs", &Each(cidrs))?;
        map.end()
    }
}

/// The answer to a question about a packet.
pub struct AnswerView<'a>(pub &'a Analysis<'a>, pub &'a Answer);

impl Serialize for AnswerView<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (packet, outcome) = (&self.1.packet, &self.1.outcome);
        let mut map = to.serialize_map(None)?;
        packet.members(&mut map)?;
        verdict(self.0, packet, outcome, &mut map)?;
        map.end()
    }
}

fn verdict<M: SerializeMap>(
    analysis: &Analysis<'_>,
    packet: &Packet,
    outcome: &Outcome,
    map: &mut M,
) -> Result<(), M::Error> {
    let network = analysis.network;
    if outcome.delivered(packet.protocol) {
        map.serialize_entry("verdict", "DELIVERED")?;
        map.serialize_entry("replyPath", &outcome.answered())?;
        if let Some(target) = outcome.target {
            map.serialize_entry("target", &TargetView(analysis, target))?;
        }
        if let Some(balancer) = outcome.balancer {
            map.serialize_entry("via", &Named("LOAD_BALANCER", &network.balancers[balancer].id))?;
            // Those that fare as well as the one that is named.
            let alike = || outcome.targets.iter().filter(|(_, _, answered)| *answered == outcome.answered());
            let views = || alike().map(|(interface, port, _)| TargetView(analysis, (*interface, *port)));
            map.serialize_entry("targets", &Each(views))?;
        }
        if let Some(blocker) = outcome.blockers.first() {
            map.serialize_entry("replyBlockedBy", blocker)?;
        }
    } else {
        map.serialize_entry("verdict", "DROPPED")?;
        map.serialize_entry("blockedBy", &outcome.blockers.first())?;
        map.serialize_entry("blockers", &outcome.blockers)?;
    }
    map.serialize_entry("path", &outcome.steps)
}

struct TargetView<'a>(&'a Analysis<'a>, (usize, u16));

impl Serialize for TargetView<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (interface, port) = self.1;
        let network = self.0.network;
        let own = &network.interfaces[interface];
        let mut map = to.serialize_map(Some(3))?;
        map.serialize_entry(
            "instanceId",
            &own.instance.map(|instance| network.instances[instance].id.as_str()),
        )?;
        map.serialize_entry("networkInterfaceId", &own.id)?;
        map.serialize_entry("port", &port)?;
        map.end()
    }
}

/// An edge from which an interface cannot be reached.
pub struct UnreachableView<'a>(pub &'a Analysis<'a>, pub &'a Unreachable);

impl Serialize for UnreachableView<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let of = self.1;
        let network = self.0.network;
        let own = &network.interfaces[of.interface];
        let mut map = to.serialize_map(None)?;
        map.serialize_entry(
            "instanceId",
            &own.instance.map(|instance| network.instances[instance].id.as_str()),
        )?;
        map.serialize_entry("networkInterfaceId", &own.id)?;
        map.serialize_entry("edge", &Named(of.edge.name(), &of.edge_id))?;
        map.serialize_entry("blockers", &of.blockers)?;
        map.serialize_entry("packet", &of.packet)?;
        map.end()
    }
}
