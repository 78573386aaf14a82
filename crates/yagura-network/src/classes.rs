//! What interfaces have in common, so that each distinct question is answered once: subnets with equal lists, table and
//! zone, and addresses that no prefix in the data tells apart (N-102).

use crate::address::{Address, Family, Prefix};
use crate::edge::Entrance;
use crate::network::{Network, Target};
use crate::set::Addresses;
use std::collections::{HashMap, HashSet};

/// Representatives of subnets and addresses.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    subnets: Vec<usize>,
    /// VPCs into which the way depends on the address, with the numbers at which the answer may change, per family.
    cuts: HashMap<usize, [Vec<u128>; 2]>,
    /// Interfaces that some route names as its target.
    targets: HashSet<usize>,
}

impl Classes {
    pub fn new(network: &Network, entrances: &[Entrance]) -> Self {
        let mut targets = HashSet::new();
        let mut own: HashSet<usize> = HashSet::new();
        for table in &network.tables {
            for route in &table.routes {
                match route.target {
                    Target::Interface(interface) => {
                        targets.insert(interface);
                        own.insert(network.interfaces[interface].subnet);
                    }
                    Target::Endpoint(endpoint) => own.extend(network.endpoints[endpoint].subnet),
                    _ => {}
                }
            }
        }
        own.extend(network.attachments.iter().flat_map(|attachment| attachment.subnets.iter().copied()));
        let mut first = HashMap::new();
        let subnets = (0..network.subnets.len())
            .map(|index| {
                let subnet = &network.subnets[index];
                let itself = own.contains(&index).then_some(index);
                let key =
                    (subnet.vpc, subnet.acl, subnet.table, subnet.zone.as_str(), subnet.blocked, itself);
                *first.entry(key).or_insert(index)
            })
            .collect();
        let mut dependent: HashSet<usize> =
            entrances.iter().filter(|e| e.table.is_some()).map(|e| e.vpc).collect();
        let attached = network.attachments.iter().filter(|attachment| attachment.kind == "vpc");
        dependent.extend(attached.filter_map(|attachment| network.vpc_of(&attachment.resource)));
        let cuts = dependent.into_iter().map(|vpc| (vpc, cuts(network, vpc, &targets))).collect();
        Self { subnets, cuts, targets }
    }

    /// A subnet in whose place this one may be asked about.
    pub fn subnet(&self, subnet: usize) -> usize {
        self.subnets[subnet]
    }

    /// Equal for addresses of a VPC to which the same ways lead.
    pub fn address(&self, vpc: usize, interface: usize, address: Address) -> (usize, usize) {
        let Some(cuts) = self.cuts.get(&vpc) else { return (0, 0) };
        let cuts = match address.family {
            Family::V4 => &cuts[0],
            Family::V6 => &cuts[1],
        };
        let itself = if self.targets.contains(&interface) { interface + 1 } else { 0 };
        (cuts.partition_point(|cut| *cut <= address.bits), itself)
    }
}

/// Every number at which a table, list or outbound rule that a packet to `vpc` may meet starts or ends.
fn cuts(network: &Network, vpc: usize, targets: &HashSet<usize>) -> [Vec<u128>; 2] {
    let mut out = [Vec::new(), Vec::new()];
    let mut add = |family: Family, low: u128, high: u128| {
        let side = &mut out[usize::from(family == Family::V6)];
        side.push(low);
        side.extend(high.checked_add(1));
    };
    let prefixes = |list: &[Prefix], add: &mut dyn FnMut(Family, u128, u128)| {
        for prefix in list {
            add(prefix.family, prefix.low, prefix.high());
        }
    };
    let sets = |family: Family, set: &Addresses, add: &mut dyn FnMut(Family, u128, u128)| {
        for &(low, high) in set.pairs() {
            add(family, low, high);
        }
    };
    for family in Family::ALL {
        sets(family, network.vpcs[vpc].blocks.of(family), &mut add);
    }
    let gateways = network.internet_gateways.iter().map(|g| (&g.vpcs, g.table));
    let gateways = gateways.chain(network.vpn_gateways.iter().map(|g| (&g.vpcs, g.table)));
    let edge =
        gateways.filter(|(vpcs, _)| vpcs.iter().any(|(own, _)| *own == vpc)).filter_map(|(_, table)| table);
    let own = || network.subnets.iter().filter(|subnet| subnet.vpc == vpc);
    let tables: HashSet<usize> = edge.chain(own().filter_map(|subnet| subnet.table)).collect();
    for route in tables.into_iter().flat_map(|table| &network.tables[table].routes) {
        prefixes(&route.prefixes, &mut add);
    }
    let lists: HashSet<usize> = own().filter_map(|subnet| subnet.acl).collect();
    for entry in lists.into_iter().flat_map(|acl| &network.acls[acl].entries) {
        add(entry.prefix.family, entry.prefix.low, entry.prefix.high());
    }
    for route in network.transit_tables.values().flatten() {
        prefixes(&route.prefixes, &mut add);
    }
    for &interface in targets.iter().filter(|&&interface| network.interfaces[interface].vpc == vpc) {
        for rule in
            network.interfaces[interface].groups.iter().flat_map(|&group| &network.groups[group].outbound)
        {
            for family in Family::ALL {
                sets(family, rule.peers.of(family), &mut add);
            }
            for member in rule.groups.iter().flat_map(|reference| &network.members[reference.group]) {
                for address in &network.interfaces[*member].addresses {
                    add(address.private.family, address.private.bits, address.private.bits);
                }
            }
        }
    }
    for side in &mut out {
        side.sort_unstable();
        side.dedup();
    }
    out
}
