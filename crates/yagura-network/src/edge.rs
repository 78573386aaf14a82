//! Edges of a VPC and who can send from behind them (section 2 of the rules, N-10 to N-19).

use crate::address::Family;
use crate::build::{bogus, set};
use crate::network::{Both, Network};

/// Kinds of edges, in the order of results (by name).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// `INTERNET_GATEWAY`
    Internet,
    /// `TRANSIT_GATEWAY`
    Transit,
    /// `VIRTUAL_PRIVATE_GATEWAY`
    Vpn,
    /// `VPC_PEERING_CONNECTION`
    Peering,
}

impl EdgeKind {
    /// All, in the order of results.
    pub const ALL: [Self; 4] = [Self::Internet, Self::Transit, Self::Vpn, Self::Peering];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Internet => "INTERNET_GATEWAY",
            Self::Transit => "TRANSIT_GATEWAY",
            Self::Vpn => "VIRTUAL_PRIVATE_GATEWAY",
            Self::Peering => "VPC_PEERING_CONNECTION",
        }
    }

    /// The CloudFormation type.
    pub fn component(self) -> &'static str {
        match self {
            Self::Internet => "AWS::EC2::InternetGateway",
            Self::Transit => "AWS::EC2::TransitGateway",
            Self::Vpn => "AWS::EC2::VPNGateway",
            Self::Peering => "AWS::EC2::VPCPeeringConnection",
        }
    }
}

/// Where an answer must go (N-18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Internet(usize),
    Vpc(String),
    OnPremises,
    Attachment(String),
}

impl Place {
    /// The place behind an attachment of a transit gateway.
    pub fn behind(kind: &str, resource: &str, id: &str) -> Self {
        match kind {
            "vpc" => Self::Vpc(resource.to_owned()),
            "vpn" | "direct-connect-gateway" | "connect" => Self::OnPremises,
            _ => Self::Attachment(id.to_owned()),
        }
    }
}

/// One way into one VPC: an edge seen from one of its ends.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    pub kind: EdgeKind,
    pub id: String,
    pub vpc: usize,
    pub usable: bool,
    /// Legal senders, those of the destination VPC taken out.
    pub senders: Both,
    /// The same before anything is taken out.
    pub claimed: Both,
    pub place: Place,
    /// The table of the gateway itself (N-26).
    pub table: Option<usize>,
    /// Attachments of sender and destination.
    pub transit: Option<(usize, usize)>,
    /// The VPC whose groups rules may refer to, and the peering connection (N-34, N-35).
    pub references: Option<(String, String)>,
}

/// Every entrance, usable or not, ordered by kind and id.
pub(crate) fn entrances(network: &Network) -> Vec<Entrance> {
    let mut out = Vec::new();
    for (index, gateway) in network.internet_gateways.iter().enumerate() {
        for &(vpc, usable) in &gateway.vpcs {
            let v4 = Family::V4.everything().minus(&set(&[
                "10.0.0.0/8",
                "172.16.0.0/12",
                "192.168.0.0/16",
                "100.64.0.0/10",
            ]));
            out.push(entrance(
                network,
                EdgeKind::Internet,
                &gateway.id,
                vpc,
                usable,
                Both { v4, v6: set(&["2000::/3"]) },
                Place::Internet(index),
                gateway.table,
            ));
        }
    }
    for peering in &network.peerings {
        for (own, other) in [(0, 1), (1, 0)] {
            let Some(vpc) = network.vpc_of(&peering.ends[own].0) else { continue };
            let (peer, blocks) = &peering.ends[other];
            let place = Place::Vpc(peer.clone());
            let mut entrance = entrance(
                network,
                EdgeKind::Peering,
                &peering.id,
                vpc,
                peering.active,
                blocks.clone(),
                place,
                None,
            );
            entrance.references = peering.same_region.then(|| (peer.clone(), peering.id.clone()));
            out.push(entrance);
        }
    }
    for gateway in &network.vpn_gateways {
        for &(vpc, attached) in &gateway.vpcs {
            let claimed = Both { v4: Family::V4.everything(), ..Both::default() };
            out.push(entrance(
                network,
                EdgeKind::Vpn,
                &gateway.id,
                vpc,
                attached && gateway.available,
                claimed,
                Place::OnPremises,
                gateway.table,
            ));
        }
    }
    for (to, own) in network.attachments.iter().enumerate().filter(|(_, a)| a.kind == "vpc") {
        let Some(vpc) = network.vpc_of(&own.resource) else { continue };
        for (from, other) in network.attachments.iter().enumerate() {
            if from == to || other.gateway != own.gateway {
                continue;
            }
            let known =
                network.vpc_of(&other.resource).filter(|&vpc| other.kind == "vpc" && network.vpcs[vpc].known);
            let claimed = known.map_or_else(
                || Both { v4: Family::V4.everything(), v6: Family::V6.everything() },
                |vpc| network.vpcs[vpc].blocks.clone(),
            );
            let place = Place::behind(&other.kind, &other.resource, &other.id);
            let usable = own.available && other.available;
            let mut entrance =
                entrance(network, EdgeKind::Transit, &own.gateway, vpc, usable, claimed, place, None);
            entrance.transit = Some((from, to));
            entrance.references = (network.referencing.contains(&own.gateway)
                && own.references
                && other.references
                && other.kind == "vpc")
                .then(|| (other.resource.clone(), String::new()));
            out.push(entrance);
        }
    }
    out.sort_by(|a, b| (a.kind, &a.id, a.vpc).cmp(&(b.kind, &b.id, b.vpc)));
    out
}

#[allow(clippy::too_many_arguments, reason = "the members of one value")]
fn entrance(
    network: &Network,
    kind: EdgeKind,
    id: &str,
    vpc: usize,
    usable: bool,
    claimed: Both,
    place: Place,
    table: Option<usize>,
) -> Entrance {
    let own = &network.vpcs[vpc].blocks;
    let senders = Both {
        v4: claimed.v4.minus(&bogus(Family::V4)).minus(&own.v4),
        v6: claimed.v6.minus(&bogus(Family::V6)).minus(&own.v6),
    };
    Entrance {
        kind,
        id: id.to_owned(),
        vpc,
        usable,
        senders,
        claimed,
        place,
        table,
        transit: None,
        references: None,
    }
}
