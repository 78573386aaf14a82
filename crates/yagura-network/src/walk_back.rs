//! The way of an answer: from the subnet of an interface to the place from which the request came.

use crate::address::{Address, Family};
use crate::edge::{EdgeKind, Entrance, Place};
use crate::network::{Protocol, Target};
use crate::walk::{
    ATTACHMENT, ENDPOINT, ENI, Middle, Outcome, Remote, TABLE, TRANSIT, TRANSIT_TABLE, Walker, longest,
};

impl Walker<'_> {
    /// From a subnet back to where the request came from (N-18, N-28, N-51 to N-55).
    #[allow(clippy::too_many_arguments, reason = "what a packet carries, spelled out")]
    pub(crate) fn back_to_edge(
        &self,
        entrance: &Entrance,
        remote: Remote<'_>,
        boxes: &[Middle],
        subnet: usize,
        from: Address,
        protocol: Protocol,
        mut out: Outcome,
    ) -> Outcome {
        let network = self.network;
        let (mut at, mut leaving) = (subnet, subnet);
        // The subnet of the next middlebox that has an interface: within it no list is asked (N-37).
        let next_subnet = |from: usize| {
            boxes.iter().rev().skip(from).find_map(|middle| match middle {
                Middle::Interface(index) => Some(network.interfaces[*index].subnet),
                Middle::Endpoint(_) => None,
            })
        };
        if next_subnet(0) != Some(at) {
            self.list(at, true, remote.address, remote.port, protocol, true, 9, &mut out);
        }
        for (nth, middle) in boxes.iter().rev().enumerate() {
            let wanted = match middle {
                Middle::Interface(index) => Target::Interface(*index),
                Middle::Endpoint(index) => Target::Endpoint(*index),
            };
            let Some((route, table)) = self.way_back(leaving, remote.address, &mut out) else { return out };
            if route != wanted {
                return out.stop(
                    "INGRESS_RTB_TRAFFIC_REDIRECTION",
                    TABLE,
                    &network.tables[table].id,
                    true,
                    11,
                );
            }
            match middle {
                Middle::Interface(index) => {
                    let own = network.interfaces[*index].subnet;
                    if own != at {
                        self.list(own, false, from, remote.port, protocol, true, 11, &mut out);
                    }
                    out.step(ENI, &network.interfaces[*index].id, true, String::new());
                    (at, leaving) = (own, own);
                    if next_subnet(nth + 1) != Some(at) {
                        self.list(at, true, remote.address, remote.port, protocol, true, 11, &mut out);
                    }
                }
                Middle::Endpoint(index) => {
                    out.step(ENDPOINT, &network.endpoints[*index].id, true, String::new());
                    let Some(own) = network.endpoints[*index].subnet else {
                        return out.stop("BAD_STATE", ENDPOINT, &network.endpoints[*index].id, true, 11);
                    };
                    leaving = own;
                }
            }
        }
        let Some((route, table)) = self.way_back(leaving, remote.address, &mut out) else { return out };
        self.leave(entrance, remote, &route, table, leaving, from, protocol, out)
    }

    /// Out of the VPC by a route.
    #[allow(clippy::too_many_arguments, reason = "what a packet carries, spelled out")]
    fn leave(
        &self,
        entrance: &Entrance,
        remote: Remote<'_>,
        route: &Target,
        table: usize,
        leaving: usize,
        from: Address,
        protocol: Protocol,
        mut out: Outcome,
    ) -> Outcome {
        let network = self.network;
        let table_id = &network.tables[table].id;
        match (&entrance.place, route) {
            (Place::Internet(gateway), Target::Internet(other)) if gateway == other => {
                out.step(entrance.kind.component(), &entrance.id, true, String::new());
            }
            (Place::Vpc(place), Target::Peering(peering)) => {
                let peering = &network.peerings[*peering];
                let own = &network.vpcs[entrance.vpc].id;
                let leads = peering.ends.iter().any(|(vpc, _)| vpc == place)
                    && peering.ends.iter().any(|(vpc, _)| vpc == own);
                if !leads || place == own {
                    return out.stop("NO_ROUTE_TO_DESTINATION", TABLE, table_id, true, 10);
                }
                if !peering.active {
                    return out.stop("BAD_STATE", EdgeKind::Peering.component(), &peering.id, true, 10);
                }
                out.step(EdgeKind::Peering.component(), &peering.id, true, String::new());
            }
            (Place::OnPremises, Target::Vpn(gateway)) if remote.address.family == Family::V4 => {
                let gateway = &network.vpn_gateways[*gateway];
                if !gateway.available || !gateway.vpcs.contains(&(entrance.vpc, true)) {
                    return out.stop("BAD_STATE", EdgeKind::Vpn.component(), &gateway.id, true, 10);
                }
                out.step(EdgeKind::Vpn.component(), &gateway.id, true, String::new());
            }
            (Place::Internet(_), Target::Endpoint(_) | Target::Interface(_)) => {
                return out.stop("INGRESS_RTB_TRAFFIC_REDIRECTION", TABLE, table_id, true, 11);
            }
            (Place::Vpc(_) | Place::OnPremises | Place::Attachment(_), Target::Transit(gateway)) => {
                let own = network.attachments.iter().find(|a| {
                    a.kind == "vpc"
                        && a.gateway == *gateway
                        && network.vpc_of(&a.resource) == Some(entrance.vpc)
                });
                let Some(own) = own.filter(|own| own.available) else {
                    return out.stop("BAD_STATE_ATTACHMENT", TRANSIT, gateway, true, 12);
                };
                let zone = &network.subnets[leaving].zone;
                let Some(&exit) = own.subnets.iter().find(|&&subnet| network.subnets[subnet].zone == *zone)
                else {
                    return out.stop("TGW_ROUTE_AZ_RESTRICTION", TRANSIT, gateway, true, 12);
                };
                self.list(exit, false, from, remote.port, protocol, true, 12, &mut out);
                out.step(TRANSIT, gateway, true, String::new());
                let Some(table) = &own.table else {
                    return out.stop("TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION", ATTACHMENT, &own.id, true, 13);
                };
                let there = |id: &str, kind: &str, resource: &str| {
                    let known = network.attachments.iter().find(|a| a.id == id);
                    let (kind, resource, live) = known.map_or((kind, resource, true), |a| {
                        (a.kind.as_str(), a.resource.as_str(), a.available)
                    });
                    live && id != own.id && Place::behind(kind, resource, id) == entrance.place
                };
                match self.transit_route(table, remote.address, there) {
                    Ok(rule) => out.step(TRANSIT_TABLE, table, true, rule),
                    Err((code, rule)) => out.block(code, TRANSIT_TABLE, table, true, 13, rule),
                }
            }
            _ => return out.stop("NO_ROUTE_TO_DESTINATION", TABLE, table_id, true, 10),
        }
        out
    }

    /// The route of a subnet towards an address.
    fn way_back(&self, subnet: usize, to: Address, out: &mut Outcome) -> Option<(Target, usize)> {
        let network = self.network;
        let Some(table) = network.subnets[subnet].table else {
            out.block(
                "NO_ROUTE_TO_DESTINATION",
                "AWS::EC2::Subnet",
                &network.subnets[subnet].id,
                true,
                10,
                String::new(),
            );
            return None;
        };
        let id = &network.tables[table].id;
        match longest(&network.tables[table].routes, to) {
            None => {
                out.block("NO_ROUTE_TO_DESTINATION", TABLE, id, true, 10, String::new());
                None
            }
            Some((route, prefix)) if route.blackhole => {
                out.block("BAD_STATE_ROUTE", TABLE, id, true, 10, format!("{prefix} → blackhole"));
                None
            }
            Some((route, prefix)) => {
                out.step(TABLE, id, true, format!("{prefix} → {}", self.target_name(&route.target)));
                Some((route.target.clone(), table))
            }
        }
    }
}
