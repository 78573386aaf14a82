//! The parts of a walk that stay inside VPCs: through a load balancer, and from an interface of the snapshot.

use crate::address::{Address, Family};
use crate::network::{BalancerKind, ForwardTo, Protocol, Target};
use crate::walk::{
    ACL_STAGE, ENI, INSTANCE, Outcome, Packet, Remote, Seen, TABLE, TRANSIT, VPC, Walker, balancer_type,
    best, longest, pick,
};

const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";

/// Behind a load balancer path order goes on after the load balancer: request, answer of the target, answer of the node.
const LEG: u8 = 20;
const LEG_BACK: u8 = 40;
const FRONT_BACK: u8 = 60;

impl Walker<'_> {
    /// Section 7 of the rules.
    pub(crate) fn balance(
        &self,
        index: usize,
        node: usize,
        packet: &Packet,
        remote: Remote<'_>,
        mut out: Outcome,
        back: &dyn Fn(Outcome) -> Outcome,
    ) -> Outcome {
        let network = self.network;
        let balancer = &network.balancers[index];
        let kind = balancer_type(balancer.kind);
        let own = &network.interfaces[node];
        if !balancer.active {
            return out.stop("BAD_STATE", kind, &balancer.id, false, 6);
        }
        if packet.destination.family == Family::V6 && !balancer.v6 {
            return out.stop("PROTOCOL_RESTRICTION", kind, &balancer.id, false, 6);
        }
        if !balancer.open {
            self.admit(
                &balancer.groups,
                kind,
                &balancer.id,
                own.vpc,
                remote,
                packet.destination_port,
                packet.protocol,
                &mut out,
            );
        }
        let listeners = balancer.listeners.iter().filter(|listener| {
            listener.port == packet.destination_port && listener.protocols.has(packet.protocol)
        });
        let forwards = listeners.flat_map(|listener| &listener.forwards);
        let forwards = forwards
            .filter(|forward| forward.senders.as_ref().is_none_or(|senders| senders.has(remote.address)));
        let mismatch = if balancer.kind == BalancerKind::Classic {
            "ELB_LISTENERS_MISMATCH"
        } else {
            "ELBV2_LISTENERS_MISMATCH"
        };
        out.step(ENI, &own.id, false, String::new());
        out.step(kind, &balancer.id, false, String::new());
        let mut any = false;
        let outcomes: Vec<Outcome> = forwards
            .flat_map(|forward| forward.targets.iter().map(move |target| (forward, *target)))
            .map(|(forward, target)| {
                any = true;
                self.to_target(index, node, forward, target, packet, remote, out.clone(), back)
            })
            .collect();
        if !any {
            return out.stop(mismatch, kind, &balancer.id, false, 8);
        }
        // Where no target gets it, the first that is registered speaks for all.
        let fares = |outcome: &Outcome| (outcome.answered(), outcome.requested());
        pick(outcomes.into_iter(), |outcome, kept| fares(outcome) > fares(kept)).unwrap_or(out)
    }

    #[allow(clippy::too_many_arguments, reason = "what a packet carries, spelled out")]
    fn to_target(
        &self,
        index: usize,
        node: usize,
        forward: &ForwardTo,
        target: (usize, Address, u16),
        packet: &Packet,
        remote: Remote<'_>,
        mut out: Outcome,
        back: &dyn Fn(Outcome) -> Outcome,
    ) -> Outcome {
        let network = self.network;
        let balancer = &network.balancers[index];
        let kind = balancer_type(balancer.kind);
        let (interface, to, port) = target;
        let (from, own) = (&network.interfaces[node], &network.interfaces[interface]);
        let zone = |subnet: usize| &network.subnets[subnet].zone;
        let protocol = packet.protocol;
        out.balancer = Some(index);
        if !forward.group.is_empty() {
            out.step(TARGET_GROUP, &forward.group, false, String::new());
        }
        if !balancer.zones.contains(zone(own.subnet)) {
            return out.stop("ELB_INSTALLED_AZ_RESTRICTION", kind, &balancer.id, false, LEG);
        }
        if !forward.cross_zone && zone(from.subnet) != zone(own.subnet) {
            return out.stop("ELB_NOT_CROSSZONE", kind, &balancer.id, false, LEG);
        }
        let Some(instance) = own.instance else {
            return out.stop("UNKNOWN_DESTINATION", ENI, &own.id, false, LEG + 1);
        };
        if !network.instances[instance].running {
            return out.stop("BAD_STATE", INSTANCE, &network.instances[instance].id, false, LEG + 1);
        }
        let preserved = forward.preserve && remote.address.family == to.family;
        let mine: Vec<Address> =
            from.addresses.iter().map(|address| address.private).filter(|a| a.family == to.family).collect();
        let seen: Vec<(Remote<'_>, std::ops::RangeInclusive<u16>)> = if preserved {
            let client = match remote.seen {
                Seen::Vpc(vpc, peering) => Some((vpc, peering)),
                _ => None,
            };
            vec![(Remote { seen: Seen::Balancer(index, client), ..remote }, remote.port..=remote.port)]
        } else {
            let as_node = |address| Remote { address, port: 1024, seen: Seen::Balancer(index, None) };
            mine.iter().map(|&address| (as_node(address), 1024..=u16::MAX)).collect()
        };
        let outcomes = seen.into_iter().map(|(seen, ports)| {
            let mut out = out.clone();
            let before = out.blockers.len();
            if !balancer.open {
                self.groups_out(&balancer.groups, kind, &balancer.id, from.vpc, to, port, protocol, &mut out);
            }
            self.route_local(from.subnet, to, false, &mut out);
            let crosses = from.subnet != own.subnet;
            if crosses || balancer.kind == BalancerKind::Classic {
                self.list(from.subnet, true, to, port, protocol, false, ACL_STAGE, &mut out);
            }
            if crosses {
                self.list(own.subnet, false, seen.address, port, protocol, false, ACL_STAGE, &mut out);
            }
            self.groups_in(interface, seen, port, protocol, &mut out);
            out.target = Some((interface, port));
            self.arrive(interface, &mut out);
            shift(&mut out, before, LEG);
            let before = out.blockers.len();
            if !preserved {
                self.route_local(own.subnet, seen.address, true, &mut out);
            }
            if crosses {
                self.lists_back(own.subnet, from.subnet, seen.address, to, ports, protocol, &mut out);
            }
            shift(&mut out, before, LEG_BACK);
            let before = out.blockers.len();
            let mut out = back(out);
            shift(&mut out, before, FRONT_BACK);
            out
        });
        best(outcomes.collect::<Vec<_>>().into_iter())
            .unwrap_or_else(|| out.clone().stop("NO_POSSIBLE_DESTINATION", kind, &balancer.id, false, LEG))
    }

    /// Lists on the way from a target to a node, at the first client port that gets through, else at the first.
    #[allow(clippy::too_many_arguments, reason = "what a packet carries, spelled out")]
    fn lists_back(
        &self,
        own: usize,
        node: usize,
        to: Address,
        from: Address,
        ports: std::ops::RangeInclusive<u16>,
        protocol: Protocol,
        out: &mut Outcome,
    ) {
        let first = *ports.start();
        // A list can only change its answer where an entry begins or ends.
        let mut candidates = vec![first];
        for subnet in [own, node] {
            for entry in
                self.network.subnets[subnet].acl.iter().flat_map(|&acl| &self.network.acls[acl].entries)
            {
                candidates.push(entry.ports.0);
                candidates.extend(entry.ports.1.checked_add(1));
            }
        }
        candidates.retain(|port| ports.contains(port));
        let mut kept = None;
        for port in candidates {
            let mut tried = out.clone();
            self.list(own, true, to, port, protocol, true, 9, &mut tried);
            self.list(node, false, from, port, protocol, true, 9, &mut tried);
            let passes = tried.blockers.len() == out.blockers.len();
            if passes || kept.is_none() {
                kept = Some(tried);
            }
            if passes {
                break;
            }
        }
        if let Some(kept) = kept {
            *out = kept;
        }
    }

    fn route_local(&self, subnet: usize, to: Address, back: bool, out: &mut Outcome) {
        let network = self.network;
        let Some(table) = network.subnets[subnet].table else {
            return out.block(
                "NO_ROUTE_TO_DESTINATION",
                "AWS::EC2::Subnet",
                &network.subnets[subnet].id,
                back,
                10,
                String::new(),
            );
        };
        let id = &network.tables[table].id;
        match longest(&network.tables[table].routes, to) {
            Some((route, prefix)) if !route.blackhole && route.target == Target::Local => {
                out.step(TABLE, id, back, format!("{prefix} → local"));
            }
            Some((route, prefix)) if route.blackhole => {
                out.block("BAD_STATE_ROUTE", TABLE, id, back, 10, format!("{prefix} → blackhole"))
            }
            _ => out.block("NO_ROUTE_TO_DESTINATION", TABLE, id, back, 10, String::new()),
        }
    }

    /// A packet that an interface of the snapshot sends to a private address.
    pub(crate) fn inside(&self, id: &str, packet: &Packet) -> Outcome {
        let network = self.network;
        let mut out = Outcome::default();
        let Some(index) = network.interfaces.iter().position(|interface| interface.id == id) else {
            return out.stop("UNKNOWN_DESTINATION", ENI, id, false, 0);
        };
        let own = &network.interfaces[index];
        if !own.addresses.iter().any(|address| address.private == packet.source) {
            return out.stop("ENI_ADDRESS_RESTRICTION", ENI, id, false, 1);
        }
        if let Some(instance) = own.instance.filter(|&instance| !network.instances[instance].running) {
            return out.stop("BAD_STATE", INSTANCE, &network.instances[instance].id, false, 1);
        }
        out.step(ENI, id, false, String::new());
        let to = packet.destination;
        let Some(table) = network.subnets[own.subnet].table else {
            return out.stop(
                "NO_ROUTE_TO_DESTINATION",
                "AWS::EC2::Subnet",
                &network.subnets[own.subnet].id,
                false,
                1,
            );
        };
        let table_id = &network.tables[table].id;
        let Some((route, prefix)) = longest(&network.tables[table].routes, to) else {
            return out.stop("NO_ROUTE_TO_DESTINATION", TABLE, table_id, false, 1);
        };
        let rule = format!("{prefix} → {}", self.target_name(&route.target));
        if route.blackhole {
            out.block("BAD_STATE_ROUTE", TABLE, table_id, false, 1, rule);
            return out;
        }
        let target = self.host(own.vpc, to);
        let stays = target.is_some_and(|target| network.interfaces[target].subnet == own.subnet)
            && route.target == Target::Local;
        let leave = |out: &mut Outcome| {
            out.step(TABLE, table_id, false, rule.clone());
            self.groups_out(&own.groups, ENI, id, own.vpc, to, packet.destination_port, packet.protocol, out);
            if !stays {
                self.list(own.subnet, true, to, packet.destination_port, packet.protocol, false, 2, out);
            }
        };
        let home = |out: &mut Outcome| {
            if !stays {
                self.list(own.subnet, false, to, packet.source_port, packet.protocol, true, 70, out);
            }
        };
        match &route.target {
            Target::Local => {
                let Some(target) = target else {
                    return out.stop("NO_POSSIBLE_DESTINATION", VPC, &network.vpcs[own.vpc].id, false, 2);
                };
                leave(&mut out);
                let remote =
                    Remote { address: packet.source, port: packet.source_port, seen: Seen::Vpc(own.vpc, "") };
                let subnet = network.interfaces[target].subnet;
                let back = |mut out: Outcome| {
                    if !stays {
                        self.list(
                            subnet,
                            true,
                            packet.source,
                            packet.source_port,
                            packet.protocol,
                            true,
                            9,
                            &mut out,
                        );
                    }
                    self.route_local(subnet, packet.source, true, &mut out);
                    home(&mut out);
                    out
                };
                self.hand_over(packet, remote, Some(own.subnet), target, to, out, &back)
            }
            Target::Peering(_) | Target::Transit(_) => {
                if let Target::Transit(gateway) = &route.target {
                    let attachment = network.attachments.iter().find(|a| {
                        a.kind == "vpc"
                            && a.gateway == *gateway
                            && network.vpc_of(&a.resource) == Some(own.vpc)
                    });
                    let Some(attachment) = attachment.filter(|attachment| attachment.available) else {
                        return out.stop("BAD_STATE_ATTACHMENT", TRANSIT, gateway, false, 2);
                    };
                    let zone = &network.subnets[own.subnet].zone;
                    let Some(&exit) =
                        attachment.subnets.iter().find(|&&subnet| network.subnets[subnet].zone == *zone)
                    else {
                        return out.stop("TGW_ROUTE_AZ_RESTRICTION", TRANSIT, gateway, false, 2);
                    };
                    leave(&mut out);
                    self.list(
                        exit,
                        false,
                        packet.source,
                        packet.destination_port,
                        packet.protocol,
                        false,
                        2,
                        &mut out,
                    );
                } else {
                    leave(&mut out);
                }
                let leads =
                    self.entrances.iter().filter(|entrance| entrance.vpc != own.vpc).filter(|entrance| {
                        match &route.target {
                            Target::Peering(peering) => {
                                entrance.kind == crate::edge::EdgeKind::Peering
                                    && entrance.id == network.peerings[*peering].id
                            }
                            Target::Transit(gateway) => {
                                let from = |from: usize| {
                                    network.vpc_of(&network.attachments[from].resource) == Some(own.vpc)
                                };
                                entrance.id == *gateway
                                    && entrance.transit.is_some_and(|(sender, _)| from(sender))
                            }
                            _ => false,
                        }
                    });
                let outcomes = leads.map(|entrance| {
                    let mut outcome = self.enter(entrance, packet);
                    let mut all = out.clone();
                    all.steps.append(&mut outcome.steps);
                    all.blockers.append(&mut outcome.blockers);
                    (all.target, all.targets, all.balancer) =
                        (outcome.target, outcome.targets, outcome.balancer);
                    home(&mut all);
                    all
                });
                best(outcomes.collect::<Vec<_>>().into_iter())
                    .unwrap_or_else(|| out.clone().stop("UNKNOWN_DESTINATION", TABLE, table_id, false, 2))
            }
            _ => {
                out.block("CANNOT_ROUTE", TABLE, table_id, false, 2, rule);
                out
            }
        }
    }
}

/// Moves what was found since `from` to a later place in path order.
fn shift(out: &mut Outcome, from: usize, by: u8) {
    for blocker in out.blockers.iter_mut().skip(from) {
        blocker.stage = blocker.stage.saturating_add(by);
    }
}
