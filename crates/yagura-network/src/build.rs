//! From documents to the resolved network.

use crate::address::{Address, Family, Prefix};
use crate::document::{self as doc, Scope, Snapshot};
use crate::network::*;
use crate::set::Addresses;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One copy of each resource, by id: the owner's if it is there, else the first (N-4).
pub(crate) fn merge<T>(
    items: &[(Scope, T)],
    id: impl Fn(&T) -> &str,
    owner: impl Fn(&T) -> &str,
) -> Vec<(&Scope, &T)> {
    let mut best: BTreeMap<&str, (&Scope, &T, (bool, bool))> = BTreeMap::new();
    for (scope, item) in items {
        let rank = (scope.changed, !scope.account.is_empty() && owner(item) == scope.account);
        let name = id(item);
        if name.is_empty() {
            continue;
        }
        match best.get(name) {
            Some((_, _, kept)) if *kept >= rank => {}
            _ => {
                // The key must live as long as the items.
                best.insert(id(item), (scope, item, rank));
            }
        }
    }
    best.into_values().map(|(scope, item, _)| (scope, item)).collect()
}

fn index<'a>(ids: impl Iterator<Item = &'a str>) -> HashMap<String, usize> {
    ids.enumerate().map(|(index, id)| (id.to_owned(), index)).collect()
}

/// Ports of a rule; absent or −1 is every port. `None` where no port is left.
fn ports(from: Option<i64>, to: Option<i64>) -> Option<(u16, u16)> {
    let (from, to) = (from.filter(|port| *port >= 0), to.filter(|port| *port >= 0));
    let (Some(low), Some(high)) = (from.or(to.map(|_| 0)), to.or(from)) else { return Some((0, u16::MAX)) };
    (low <= high && low <= 65_535)
        .then(|| (u16::try_from(low).unwrap_or(u16::MAX), u16::try_from(high).unwrap_or(u16::MAX)))
}

pub(crate) fn port(value: Option<i64>) -> Option<u16> {
    value.and_then(|port| u16::try_from(port).ok())
}

/// The part of an ARN that names a keyed document.
pub(crate) fn key(arn: &str) -> String {
    arn.rsplit(':').next().unwrap_or(arn).replace('/', "_")
}

pub(crate) struct Builder<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) network: Network,
    warnings: BTreeSet<Warning>,
    lists: BTreeMap<String, Vec<Prefix>>,
}

impl Network {
    /// Resolves a snapshot. Never fails: what is missing becomes a warning.
    pub fn build(snapshot: &Snapshot) -> Self {
        let mut builder =
            Builder { snapshot, network: Self::default(), warnings: BTreeSet::new(), lists: BTreeMap::new() };
        builder.lists();
        builder.vpcs();
        builder.gateways();
        builder.acls();
        let subnets = builder.subnets();
        let instances = builder.instances();
        let groups = builder.groups();
        let interfaces = builder.interfaces(&subnets, &instances, &groups);
        builder.endpoints(&subnets);
        builder.attachments(&subnets);
        builder.tables(&subnets, &instances, &interfaces);
        builder.balancers(&subnets, &instances, &groups);
        builder.network.warnings = builder.warnings.into_iter().collect();
        builder.network
    }
}

impl Builder<'_> {
    pub(crate) fn warn(&mut self, code: &'static str, component: &str, message: impl Into<String>) {
        let component = component.to_owned();
        self.warnings.insert(Warning { code, component, message: message.into() });
    }

    /// A prefix, or a warning that names the component.
    fn prefix(&mut self, text: &str, component: &str) -> Option<Prefix> {
        if text.is_empty() {
            return None;
        }
        let prefix = Prefix::parse(text);
        if prefix.is_none() {
            self.warn("MALFORMED_ADDRESS", component, format!("`{text}` is not a CIDR block"));
        }
        prefix
    }

    fn address(&mut self, text: &str, component: &str) -> Option<Address> {
        if text.is_empty() {
            return None;
        }
        let address = Address::parse(text);
        if address.is_none() {
            self.warn("MALFORMED_ADDRESS", component, format!("`{text}` is not an address"));
        }
        address
    }

    pub(crate) fn prefixes<'s>(
        &mut self,
        texts: impl Iterator<Item = &'s str>,
        component: &str,
    ) -> Vec<Prefix> {
        texts.filter_map(|text| self.prefix(text, component)).collect()
    }

    fn lists(&mut self) {
        for (_, list) in &self.snapshot.prefix_lists {
            let prefixes = self.prefixes(list.blocks.iter().map(String::as_str), &list.id);
            self.lists.insert(list.id.clone(), prefixes);
        }
        for (id, entries) in &self.snapshot.list_entries {
            let prefixes = self.prefixes(entries.iter().map(|entry| entry.block.as_str()), id);
            self.lists.insert(id.clone(), prefixes);
        }
    }

    fn list(&mut self, id: &str) -> Vec<Prefix> {
        if let Some(list) = self.lists.get(id) {
            return list.clone();
        }
        self.warn("PREFIX_LIST_MISSING", id, "the prefix list is not in the snapshot: it matches nothing");
        Vec::new()
    }

    fn vpcs(&mut self) {
        for (_, vpc) in merge(&self.snapshot.vpcs, |vpc| &vpc.id, |vpc| &vpc.owner) {
            let live = |state: &str| state.is_empty() || state == "associated";
            let texts = [vpc.block.as_str()]
                .into_iter()
                .chain(vpc.v4.iter().filter(|b| live(&b.state.state)).map(|b| b.block.as_str()))
                .chain(vpc.v6.iter().filter(|b| live(&b.state.state)).map(|b| b.block.as_str()));
            let blocks = Both::from_prefixes(self.prefixes(texts, &vpc.id));
            let vpc = Vpc { id: vpc.id.clone(), blocks, known: true };
            self.network.vpc_index.insert(vpc.id.clone(), self.network.vpcs.len());
            self.network.vpcs.push(vpc);
        }
    }

    /// The index of a VPC; one that no document describes has no blocks.
    fn vpc(&mut self, id: &str) -> usize {
        if let Some(index) = self.network.vpc_of(id) {
            return index;
        }
        self.warn("VPC_MISSING", id, "the VPC is not in the snapshot: its address blocks are unknown");
        let index = self.network.vpcs.len();
        self.network.vpcs.push(Vpc { id: id.to_owned(), ..Vpc::default() });
        self.network.vpc_index.insert(id.to_owned(), index);
        index
    }

    fn gateways(&mut self) {
        let snapshot = self.snapshot;
        let attached = |state: &str| state == "available" || state == "attached";
        for (_, gateway) in merge(&snapshot.internet_gateways, |g| &g.id, |g| &g.owner) {
            let vpcs = gateway.attachments.iter().map(|a| (self.vpc(&a.vpc), attached(&a.state))).collect();
            self.network.internet_gateways.push(InternetGateway {
                id: gateway.id.clone(),
                vpcs,
                table: None,
            });
        }
        for (_, gateway) in merge(&snapshot.vpn_gateways, |g| &g.id, |_| "") {
            let vpcs =
                gateway.attachments.iter().map(|a| (self.vpc(&a.vpc), a.state == "attached")).collect();
            let available = gateway.state == "available";
            self.network.vpn_gateways.push(VpnGateway {
                id: gateway.id.clone(),
                available,
                vpcs,
                table: None,
            });
        }
        for (_, peering) in merge(&snapshot.peerings, |p| &p.id, |_| "") {
            let ends = [&peering.accepter, &peering.requester].map(|end| {
                let sets = end.v4.iter().map(|block| block.block.as_str());
                let alone = end.v4.is_empty().then_some(end.block.as_str());
                let texts = sets.chain(alone).chain(end.v6.iter().map(|block| block.block.as_str()));
                (end.vpc.clone(), Both::from_prefixes(self.prefixes(texts, &peering.id)))
            });
            let regions = (&peering.accepter.region, &peering.requester.region);
            let same_region = regions.0.is_empty() || regions.1.is_empty() || regions.0 == regions.1;
            let active = peering.status.code == "active";
            self.network.peerings.push(Peering { id: peering.id.clone(), active, same_region, ends });
        }
        for (_, gateway) in merge(&snapshot.transit_gateways, |g| &g.id, |g| &g.owner) {
            if gateway.options.references == "enable" {
                self.network.referencing.insert(gateway.id.clone());
            }
        }
    }

    fn acls(&mut self) {
        for (_, acl) in merge(&self.snapshot.acls, |acl| &acl.id, |acl| &acl.owner) {
            let mut entries = Vec::new();
            for entry in &acl.entries {
                let text = if entry.v4.is_empty() { &entry.v6 } else { &entry.v4 };
                let Some(prefix) = self.prefix(text, &acl.id) else { continue };
                let range = entry.ports.as_ref().map_or((None, None), |range| (range.from, range.to));
                let Some(ports) = ports(range.0, range.1) else { continue };
                entries.push(AclEntry {
                    egress: entry.egress,
                    number: entry.number,
                    allow: entry.action == "allow",
                    protocols: Protocols::parse(&entry.protocol),
                    ports,
                    prefix,
                });
            }
            entries.sort_by_key(|entry| entry.number);
            self.network.acls.push(Acl { id: acl.id.clone(), entries });
        }
    }

    fn subnets(&mut self) -> HashMap<String, usize> {
        let snapshot = self.snapshot;
        let mut acl_of: HashMap<&str, usize> = HashMap::new();
        for (index, (_, acl)) in merge(&snapshot.acls, |acl| &acl.id, |acl| &acl.owner).iter().enumerate() {
            acl_of.extend(acl.associations.iter().map(|association| (association.id.as_str(), index)));
        }
        for (scope, subnet) in merge(&snapshot.subnets, |s| &s.id, |s| &s.owner) {
            let acl = acl_of.get(subnet.id.as_str()).copied();
            if acl.is_none() {
                self.warn(
                    "NETWORK_ACL_MISSING",
                    &subnet.id,
                    "no network ACL of the subnet is in the snapshot: taken as open",
                );
            }
            let zone = if subnet.zone.is_empty() { &subnet.zone_name } else { &subnet.zone };
            let subnet = Subnet {
                id: subnet.id.clone(),
                vpc: self.vpc(&subnet.vpc),
                zone: zone.clone(),
                acl,
                table: None,
                blocked: self.blocked(scope, subnet),
            };
            self.network.subnets.push(subnet);
        }
        index(self.network.subnets.iter().map(|subnet| subnet.id.as_str()))
    }

    /// N-40.
    fn blocked(&self, scope: &Scope, subnet: &doc::Subnet) -> bool {
        let blocks = |mode: &str| mode == "block-ingress" || mode == "block-bidirectional";
        if !subnet.public_access.mode.is_empty() {
            return blocks(&subnet.public_access.mode);
        }
        let here = |other: &Scope| {
            (scope.account.is_empty() || other.account.is_empty() || other.account == scope.account)
                && (scope.region.is_empty() || other.region.is_empty() || other.region == scope.region)
        };
        let mut options: Vec<_> =
            self.snapshot.block_options.iter().filter(|(other, _)| here(other)).collect();
        if options.iter().any(|(other, _)| other.changed) {
            options.retain(|(other, _)| other.changed);
        }
        let on = options.iter().any(|(_, options)| blocks(&options.mode));
        let exclusions = merge(&self.snapshot.exclusions, |exclusion| &exclusion.id, |_| "");
        on && !exclusions.iter().any(|(_, exclusion)| {
            let named = exclusion.resource.rsplit('/').next().unwrap_or_default();
            let live = !["delete-complete", "create-failed", "disable-complete"]
                .contains(&exclusion.state.as_str())
                && !exclusion.state.starts_with("create-in");
            live && exclusion.mode == "allow-bidirectional" && (named == subnet.id || named == subnet.vpc)
        })
    }

    fn instances(&mut self) -> HashMap<String, usize> {
        let mut flat: Vec<(Scope, (String, doc::Instance))> = Vec::new();
        for (scope, reservation) in &self.snapshot.reservations {
            for instance in &reservation.instances {
                flat.push((scope.clone(), (reservation.owner.clone(), instance.clone())));
            }
        }
        for (scope, (owner, instance)) in merge(&flat, |i| &i.1.id, |i| &i.0) {
            self.network.instances.push(Instance {
                id: instance.id.clone(),
                account: if owner.is_empty() { scope.account.clone() } else { owner.clone() },
                region: scope.region.clone(),
                running: instance.state.name == "running",
                kind: instance.kind.clone(),
                image: instance.image.clone(),
                vpc: instance.vpc.clone(),
                subnet: instance.subnet.clone(),
                tags: instance.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
                interfaces: Vec::new(),
                blind: false,
            });
        }
        index(self.network.instances.iter().map(|instance| instance.id.as_str()))
    }

    fn groups(&mut self) -> HashMap<String, usize> {
        let snapshot = self.snapshot;
        let merged = merge(&snapshot.groups, |g| &g.id, |g| &g.owner);
        let known = index(merged.iter().map(|(_, group)| group.id.as_str()));
        for (_, group) in merged {
            let group = Group {
                id: group.id.clone(),
                vpc: group.vpc.clone(),
                inbound: self.permissions(&group.id, &group.inbound, &known),
                outbound: self.permissions(&group.id, &group.outbound, &known),
            };
            self.network.groups.push(group);
        }
        self.network.members = vec![Vec::new(); self.network.groups.len()];
        known
    }

    fn permissions(
        &mut self,
        id: &str,
        all: &[doc::Permission],
        known: &HashMap<String, usize>,
    ) -> Vec<GroupRule> {
        let mut rules = Vec::new();
        for permission in all {
            let protocols = Protocols::parse(&permission.protocol);
            let Some(mut range) = ports(permission.from, permission.to) else { continue };
            if permission.protocol == "-1" {
                range = (0, u16::MAX);
            }
            let texts = permission
                .v4
                .iter()
                .map(|r| r.block.as_str())
                .chain(permission.v6.iter().map(|r| r.block.as_str()));
            let mut prefixes = self.prefixes(texts, id);
            for list in &permission.lists {
                prefixes.extend(self.list(&list.id));
            }
            let mut groups = Vec::new();
            for pair in &permission.groups {
                let stale = !(pair.status.is_empty() || pair.status == "active");
                match known.get(&pair.id) {
                    Some(&group) => groups.push(GroupReference { group, peering: pair.peering.clone(), stale }),
                    None if pair.peering.is_empty() => {
                        self.warn("SECURITY_GROUP_MISSING", &pair.id, format!("`{id}` refers to a group that is not in the snapshot: it matches nothing"));
                    }
                    None => self.warn("UNKNOWN_PEERED_SGS", &pair.id, format!("`{id}` refers to a group of a peer that is not in the snapshot: it matches nothing")),
                }
            }
            rules.push(GroupRule { protocols, ports: range, peers: Both::from_prefixes(prefixes), groups });
        }
        rules
    }

    fn interfaces(
        &mut self,
        subnets: &HashMap<String, usize>,
        instances: &HashMap<String, usize>,
        groups: &HashMap<String, usize>,
    ) -> HashMap<String, usize> {
        for (_, interface) in merge(&self.snapshot.interfaces, |i| &i.id, |i| &i.owner) {
            let Some(&subnet) = subnets.get(&interface.subnet) else {
                self.warn(
                    "SUBNET_MISSING",
                    &interface.subnet,
                    format!(
                        "the subnet of `{}` is not in the snapshot: nothing is said about the interface",
                        interface.id
                    ),
                );
                if let Some(&instance) = instances.get(&interface.attachment.instance) {
                    self.network.instances[instance].blind = true;
                }
                continue;
            };
            let index = self.network.interfaces.len();
            let mut addresses: Vec<HostAddress> = Vec::new();
            let alone = doc::PrivateAddress {
                address: interface.address.clone(),
                primary: true,
                association: interface.association.clone(),
            };
            let listed: Vec<&doc::PrivateAddress> = if interface.addresses.is_empty() {
                vec![&alone]
            } else {
                interface.addresses.iter().collect()
            };
            for item in listed {
                let Some(private) = self.address(&item.address, &interface.id) else { continue };
                let primary = item.primary || item.address == interface.address;
                let own = if item.association.public.is_empty() && primary {
                    &interface.association
                } else {
                    &item.association
                };
                let public = self.address(&own.public, &interface.id);
                addresses.push(HostAddress { private, public, primary });
            }
            for (nth, item) in interface.v6.iter().enumerate() {
                if let Some(private) = self.address(&item.address, &interface.id) {
                    addresses.push(HostAddress { private, public: None, primary: nth == 0 });
                }
            }
            let vpc = self.network.subnets[subnet].vpc;
            for (nth, address) in addresses.iter().enumerate() {
                let _ = nth;
                self.network.by_private.entry((vpc, address.private)).or_insert(index);
                if let Some(public) = address.public {
                    self.network.by_public.entry(public).or_insert(index);
                }
            }
            let attached = interface.attachment.status == "attached";
            let instance = instances.get(&interface.attachment.instance).copied().filter(|_| attached);
            if attached && instance.is_none() && !interface.attachment.instance.is_empty() {
                self.warn(
                    "INSTANCE_MISSING",
                    &interface.attachment.instance,
                    format!("the instance of `{}` is not in the snapshot", interface.id),
                );
            }
            if let Some(instance) = instance {
                self.network.instances[instance].interfaces.push(index);
            }
            let mut carried: Vec<usize> = Vec::new();
            for group in &interface.groups {
                match groups.get(&group.id) {
                    Some(&group) => carried.push(group),
                    None => self.warn(
                        "SECURITY_GROUP_MISSING",
                        &group.id,
                        format!("a group of `{}` is not in the snapshot: it allows nothing", interface.id),
                    ),
                }
            }
            carried.sort_unstable();
            carried.dedup();
            for &group in &carried {
                self.network.members[group].push(index);
            }
            self.network.interfaces.push(Interface {
                id: interface.id.clone(),
                vpc,
                subnet,
                groups: carried,
                addresses,
                instance,
                primary: interface.attachment.device == 0,
                check: interface.check.unwrap_or(true),
                description: interface.description.clone(),
            });
        }
        index(self.network.interfaces.iter().map(|interface| interface.id.as_str()))
    }

    fn endpoints(&mut self, subnets: &HashMap<String, usize>) {
        for (_, endpoint) in merge(&self.snapshot.endpoints, |e| &e.id, |e| &e.owner) {
            self.network.endpoints.push(Endpoint {
                id: endpoint.id.clone(),
                gateway_balancer: endpoint.kind == "GatewayLoadBalancer",
                available: endpoint.state.eq_ignore_ascii_case("available"),
                subnet: endpoint.subnets.first().and_then(|id| subnets.get(id)).copied(),
            });
        }
    }

    fn attachments(&mut self, subnets: &HashMap<String, usize>) {
        let snapshot = self.snapshot;
        let mut all: BTreeMap<String, Attachment> = BTreeMap::new();
        for (_, item) in merge(&snapshot.transit_attachments, |a| &a.id, |_| "") {
            let live = item.association.state.is_empty() || item.association.state == "associated";
            let table = Some(item.association.table.clone()).filter(|table| live && !table.is_empty());
            all.insert(
                item.id.clone(),
                Attachment {
                    id: item.id.clone(),
                    gateway: item.gateway.clone(),
                    kind: item.kind.clone(),
                    resource: item.resource.clone(),
                    available: item.state == "available",
                    table,
                    subnets: Vec::new(),
                    references: false,
                },
            );
        }
        for (_, item) in merge(&snapshot.transit_vpc_attachments, |a| &a.id, |a| &a.owner) {
            let entry = all.entry(item.id.clone()).or_insert_with(|| Attachment {
                id: item.id.clone(),
                gateway: item.gateway.clone(),
                kind: "vpc".to_owned(),
                resource: item.vpc.clone(),
                available: true,
                table: None,
                subnets: Vec::new(),
                references: false,
            });
            entry.available &= item.state == "available";
            entry.subnets = item.subnets.iter().filter_map(|id| subnets.get(id).copied()).collect();
            entry.references = item.options.references == "enable";
        }
        self.network.attachments = all.into_values().collect();
        for (id, routes) in &snapshot.transit_routes {
            let mut table = Vec::new();
            for route in routes {
                let prefixes = if route.list.is_empty() {
                    self.prefix(&route.block, id).into_iter().collect()
                } else if route.block.is_empty() {
                    self.list(&route.list)
                } else {
                    self.prefix(&route.block, id).into_iter().collect()
                };
                table.push(TransitRoute {
                    prefixes,
                    propagated: route.kind == "propagated",
                    blackhole: route.state == "blackhole",
                    targets: route
                        .attachments
                        .iter()
                        .map(|t| (t.id.clone(), t.kind.clone(), t.resource.clone()))
                        .collect(),
                });
            }
            self.network.transit_tables.insert(id.clone(), table);
        }
    }

    fn tables(
        &mut self,
        subnets: &HashMap<String, usize>,
        instances: &HashMap<String, usize>,
        interfaces: &HashMap<String, usize>,
    ) {
        let internet = index(self.network.internet_gateways.iter().map(|g| g.id.as_str()));
        let vpn = index(self.network.vpn_gateways.iter().map(|g| g.id.as_str()));
        let peerings = index(self.network.peerings.iter().map(|p| p.id.as_str()));
        let endpoints = index(self.network.endpoints.iter().map(|e| e.id.as_str()));
        let mut main: HashMap<usize, usize> = HashMap::new();
        for (_, table) in merge(&self.snapshot.tables, |t| &t.id, |t| &t.owner) {
            let number = self.network.tables.len();
            for association in &table.associations {
                if !(association.state.state.is_empty() || association.state.state == "associated") {
                    continue;
                }
                if association.main {
                    let vpc = self.vpc(&table.vpc);
                    main.insert(vpc, number);
                } else if let Some(&subnet) = subnets.get(&association.subnet) {
                    self.network.subnets[subnet].table = Some(number);
                } else if let Some(&gateway) = internet.get(&association.gateway) {
                    self.network.internet_gateways[gateway].table = Some(number);
                } else if let Some(&gateway) = vpn.get(&association.gateway) {
                    self.network.vpn_gateways[gateway].table = Some(number);
                }
            }
            let mut routes = Vec::new();
            for route in &table.routes {
                let (prefixes, class) = if !route.list.is_empty() {
                    (self.list(&route.list), 1)
                } else {
                    let text = if route.v4.is_empty() { &route.v6 } else { &route.v4 };
                    let class = if route.origin == "EnableVgwRoutePropagation" { 2 } else { 0 };
                    (self.prefix(text, &table.id).into_iter().collect(), class)
                };
                let find = |map: &HashMap<String, usize>, id: &str| map.get(id).copied();
                let gateway = route.gateway.as_str();
                let target = if gateway == "local" {
                    Target::Local
                } else if let Some(gateway) = find(&internet, gateway) {
                    Target::Internet(gateway)
                } else if let Some(gateway) = find(&vpn, gateway) {
                    Target::Vpn(gateway)
                } else if let Some(endpoint) = find(&endpoints, gateway) {
                    Target::Endpoint(endpoint)
                } else if let Some(peering) = find(&peerings, &route.peering) {
                    Target::Peering(peering)
                } else if !route.transit.is_empty() {
                    Target::Transit(route.transit.clone())
                } else if let Some(interface) = find(interfaces, &route.interface) {
                    Target::Interface(interface)
                } else if let Some(interface) = find(instances, &route.instance)
                    .and_then(|instance| primary_interface(&self.network, instance))
                {
                    Target::Interface(interface)
                } else {
                    for id in [&route.local, &route.carrier, &route.core] {
                        if !id.is_empty() {
                            self.warn(
                                "UNMODELLED_COMPONENT",
                                id,
                                format!("`{}` routes to it; what passes there is not modelled", table.id),
                            );
                        }
                    }
                    let ids = [
                        &route.gateway,
                        &route.nat,
                        &route.peering,
                        &route.interface,
                        &route.instance,
                        &route.egress_only,
                        &route.local,
                        &route.carrier,
                        &route.core,
                    ];
                    Target::Other(ids.into_iter().find(|id| !id.is_empty()).cloned().unwrap_or_default())
                };
                routes.push(Route {
                    prefixes,
                    class,
                    list: route.list.clone(),
                    blackhole: route.state == "blackhole",
                    target,
                });
            }
            self.network.tables.push(Table { id: table.id.clone(), routes });
        }
        for subnet in 0..self.network.subnets.len() {
            let entry = &mut self.network.subnets[subnet];
            entry.table = entry.table.or_else(|| main.get(&entry.vpc).copied());
            if entry.table.is_none() {
                let id = entry.id.clone();
                self.warn(
                    "ROUTE_TABLE_MISSING",
                    &id,
                    "no route table of the subnet is in the snapshot: nothing is said about its interfaces",
                );
            }
        }
        self.list_ties();
    }

    /// N-24: two lists with one prefix and different targets.
    fn list_ties(&mut self) {
        let mut ties = Vec::new();
        for table in &self.network.tables {
            let mut seen: HashMap<Prefix, (&str, &Target)> = HashMap::new();
            for route in table.routes.iter().filter(|route| route.class == 1) {
                for prefix in &route.prefixes {
                    let (list, target) = *seen.entry(*prefix).or_insert((&route.list, &route.target));
                    if list != route.list && *target != route.target {
                        ties.push((table.id.clone(), format!("two prefix lists hold {prefix} with different targets: the lower list id is used")));
                    }
                }
            }
        }
        for (table, message) in ties {
            self.warn("PREFIX_LIST_CONFLICT", &table, message);
        }
    }
}

pub(crate) fn primary_interface(network: &Network, instance: usize) -> Option<usize> {
    let own = &network.instances[instance].interfaces;
    own.iter().copied().find(|&index| network.interfaces[index].primary)
}

/// Senders that never are (N-12), per family.
pub(crate) fn bogus(family: Family) -> Addresses {
    let texts: &[&str] = match family {
        Family::V4 => &["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"],
        Family::V6 => &["::/8", "fe80::/10", "ff00::/8"],
    };
    set(texts)
}

/// A set from prefixes written in this program.
pub(crate) fn set(texts: &[&str]) -> Addresses {
    Addresses::from_pairs(texts.iter().filter_map(|text| Prefix::parse(text)).map(|p| (p.low, p.high())))
}
