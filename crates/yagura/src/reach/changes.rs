//! What a changed configuration opens and closes.

use serde::Serialize;
use std::collections::BTreeMap;
use yagura_network::facts::Analysis;
use yagura_network::set::Ports;

/// Ports that open, or close, on one interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// `i-…`
    pub instance_id: String,
    /// `eni-…`
    pub network_interface_id: String,
    /// As in `INTERNET_GATEWAY`.
    pub edge_type: &'static str,
    /// Id of the edge.
    pub edge_id: String,
    /// The load balancer.
    pub via: Option<String>,
    /// `IPV4` or `IPV6`.
    pub family: &'static str,
    /// `TCP` or `UDP`.
    pub protocol: &'static str,
    /// Whether answers get back.
    pub reply_path: bool,
    /// The ranges.
    pub ports: Vec<(u16, u16)>,
}

type Key = (String, String, &'static str, String, Option<String>, &'static str, &'static str, bool);

fn by_key(analysis: &Analysis<'_>) -> BTreeMap<Key, Ports> {
    let key = |fact| {
        let fact: &yagura_network::facts::Fact = fact;
        (
            analysis.instance_id(fact).to_owned(),
            analysis.interface(fact).to_owned(),
            fact.edge.name(),
            fact.edge_id.clone(),
            analysis.via(fact).map(str::to_owned),
            fact.family.name(),
            fact.protocol.name(),
            fact.reply,
        )
    };
    analysis.facts.iter().map(|fact| (key(fact), fact.ports.clone())).collect()
}

/// What is open after and was not before, and the reverse.
pub fn changes(before: &Analysis<'_>, after: &Analysis<'_>) -> (Vec<Change>, Vec<Change>) {
    let (before, after) = (by_key(before), by_key(after));
    (minus(&after, &before), minus(&before, &after))
}

fn minus(of: &BTreeMap<Key, Ports>, other: &BTreeMap<Key, Ports>) -> Vec<Change> {
    let mut out = Vec::new();
    for (key, ports) in of {
        let left = other.get(key).map_or_else(|| ports.clone(), |gone| ports.minus(gone));
        if left.is_empty() {
            continue;
        }
        let (instance_id, network_interface_id, edge_type, edge_id, via, family, protocol, reply_path) =
            key.clone();
        let ports = left.pairs().to_vec();
        out.push(Change {
            instance_id,
            network_interface_id,
            edge_type,
            edge_id,
            via,
            family,
            protocol,
            reply_path,
            ports,
        });
    }
    out
}
