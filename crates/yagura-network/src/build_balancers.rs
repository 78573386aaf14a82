//! Load balancers with their nodes, listeners and targets, resolved from documents (N-60 to N-64).

use crate::address::{Address, Family};
use crate::build::{Builder, key, merge, port, primary_interface};
use crate::document as doc;
use crate::network::*;
use std::collections::HashMap;

impl Builder<'_> {
    pub(crate) fn balancers(
        &mut self,
        subnets: &HashMap<String, usize>,
        instances: &HashMap<String, usize>,
        groups: &HashMap<String, usize>,
    ) {
        let snapshot = self.snapshot;
        let mut nodes: HashMap<&str, Vec<usize>> = HashMap::new();
        let interfaces = self.network.interfaces.clone();
        for (index, interface) in interfaces.iter().enumerate() {
            if let Some(name) = interface.description.strip_prefix("ELB ") {
                nodes.entry(name).or_default().push(index);
            }
        }
        let attributes = |all: &[(String, Vec<doc::Attribute>)], arn: &str, name: &str| -> Option<String> {
            let wanted = key(arn);
            let list = &all.iter().find(|(key, _)| *key == wanted || key == arn)?.1;
            list.iter().find(|attribute| attribute.key == name).map(|attribute| attribute.value.clone())
        };
        let known: HashMap<&str, &doc::TargetGroup> =
            snapshot.target_groups.iter().map(|(_, group)| (group.arn.as_str(), group)).collect();
        for (_, item) in merge(&snapshot.balancers, |b| &b.arn, |_| "") {
            let kind = match item.kind.as_str() {
                "network" => BalancerKind::Network,
                "application" => BalancerKind::Application,
                _ => continue,
            };
            let cross =
                attributes(&snapshot.balancer_attributes, &item.arn, "load_balancing.cross_zone.enabled")
                    .map_or(kind == BalancerKind::Application, |value| value == "true");
            let suffix = item.arn.split_once("loadbalancer/").map_or("", |(_, suffix)| suffix);
            let mine: Vec<usize> =
                item.zones.iter().filter_map(|zone| subnets.get(&zone.subnet).copied()).collect();
            let mut balancer = Balancer {
                id: item.arn.clone(),
                kind,
                active: item.state.code == "active" || item.state.code == "active_impaired",
                zones: mine.iter().map(|&subnet| self.network.subnets[subnet].zone.clone()).collect(),
                nodes: nodes
                    .get(suffix)
                    .into_iter()
                    .flatten()
                    .copied()
                    .filter(|&n| mine.contains(&interfaces[n].subnet))
                    .collect(),
                groups: item.groups.iter().filter_map(|id| groups.get(id).copied()).collect(),
                open: kind == BalancerKind::Network && item.groups.is_empty(),
                v6: !(item.addresses.is_empty() || item.addresses == "ipv4"),
                listeners: Vec::new(),
            };
            let wanted = key(&item.arn);
            let listeners = snapshot.listeners.iter().filter(|(name, _)| *name == wanted);
            for listener in listeners.flat_map(|(_, listeners)| listeners) {
                let Some(port) = port(listener.port) else { continue };
                let protocols = match listener.protocol.as_str() {
                    "UDP" | "QUIC" => Protocols { tcp: false, udp: true },
                    "TCP_UDP" => Protocols { tcp: true, udp: true },
                    _ => Protocols { tcp: true, udp: false },
                };
                let mut actions: Vec<(Option<Both>, &doc::Action)> =
                    listener.actions.iter().map(|action| (None, action)).collect();
                let rules_key = key(&listener.arn);
                for rule in
                    snapshot.rules.iter().filter(|(name, _)| *name == rules_key).flat_map(|(_, rules)| rules)
                {
                    let mut senders: Option<Both> = None;
                    for condition in rule.conditions.iter().filter(|condition| condition.field == "source-ip")
                    {
                        let texts =
                            condition.sources.values.iter().chain(&condition.values).map(String::as_str);
                        let these = Both::from_prefixes(self.prefixes(texts, &rule.arn));
                        senders = Some(match senders {
                            Some(so_far) => Both {
                                v4: so_far.v4.intersect(&these.v4),
                                v6: so_far.v6.intersect(&these.v6),
                            },
                            None => these,
                        });
                    }
                    actions.extend(rule.actions.iter().map(|action| (senders.clone(), action)));
                }
                let mut forwards = Vec::new();
                for (senders, action) in actions.into_iter().filter(|(_, action)| action.kind == "forward") {
                    let arns: Vec<&str> = if action.forward.groups.is_empty() {
                        vec![action.group.as_str()]
                    } else {
                        action
                            .forward
                            .groups
                            .iter()
                            .filter(|group| group.weight != Some(0))
                            .map(|group| group.arn.as_str())
                            .collect()
                    };
                    for arn in arns {
                        let Some(group) = known.get(arn).copied() else {
                            self.warn(
                                "TARGET_GROUP_MISSING",
                                arn,
                                format!(
                                    "`{}` forwards to a target group that is not in the snapshot",
                                    item.arn
                                ),
                            );
                            continue;
                        };
                        let preserve = kind == BalancerKind::Network
                            && (matches!(group.protocol.as_str(), "UDP" | "TCP_UDP" | "QUIC" | "TCP_QUIC")
                                || attributes(
                                    &snapshot.target_group_attributes,
                                    arn,
                                    "preserve_client_ip.enabled",
                                )
                                .map_or(group.kind == "instance", |value| value == "true"));
                        let cross_zone = match attributes(
                            &snapshot.target_group_attributes,
                            arn,
                            "load_balancing.cross_zone.enabled",
                        )
                        .as_deref()
                        {
                            Some("true") => true,
                            Some("false") => false,
                            _ => cross,
                        };
                        let targets = self.targets(group, instances);
                        forwards.push(ForwardTo {
                            senders: senders.clone(),
                            group: arn.to_owned(),
                            cross_zone,
                            preserve,
                            targets,
                        });
                    }
                }
                balancer.listeners.push(Listener { port, protocols, forwards });
            }
            self.network.balancers.push(balancer);
        }
        for (_, item) in merge(&snapshot.classics, |b| &b.name, |_| "") {
            let mine: Vec<usize> = item.subnets.iter().filter_map(|id| subnets.get(id).copied()).collect();
            let cross_zone = snapshot
                .classic_attributes
                .iter()
                .filter(|(name, _)| *name == item.name)
                .flat_map(|(_, list)| list)
                .any(|a| a.cross_zone.enabled);
            let mut listeners = Vec::new();
            for described in &item.listeners {
                let (Some(port), Some(target)) =
                    (port(described.listener.port), port(described.listener.instance_port))
                else {
                    continue;
                };
                let targets = item
                    .instances
                    .iter()
                    .filter_map(|i| instances.get(&i.id))
                    .filter_map(|&i| primary_address(&self.network, i, Family::V4))
                    .map(|(n, a)| (n, a, target))
                    .collect();
                let forward =
                    ForwardTo { senders: None, group: String::new(), cross_zone, preserve: false, targets };
                listeners.push(Listener {
                    port,
                    protocols: Protocols { tcp: true, udp: false },
                    forwards: vec![forward],
                });
            }
            self.network.balancers.push(Balancer {
                id: item.name.clone(),
                kind: BalancerKind::Classic,
                active: true,
                zones: mine.iter().map(|&subnet| self.network.subnets[subnet].zone.clone()).collect(),
                nodes: nodes
                    .get(item.name.as_str())
                    .into_iter()
                    .flatten()
                    .copied()
                    .filter(|&n| mine.contains(&interfaces[n].subnet))
                    .collect(),
                groups: item.groups.iter().filter_map(|id| groups.get(id).copied()).collect(),
                open: false,
                v6: false,
                listeners,
            });
        }
    }

    fn targets(
        &mut self,
        group: &doc::TargetGroup,
        instances: &HashMap<String, usize>,
    ) -> Vec<(usize, Address, u16)> {
        let wanted = key(&group.arn);
        let mut out = Vec::new();
        if group.kind == "alb" {
            self.warn(
                "UNMODELLED_COMPONENT",
                &group.arn,
                "a load balancer behind a load balancer is not modelled",
            );
            return out;
        }
        let vpc = self.network.vpc_of(&group.vpc);
        let health = self.snapshot.target_health.iter().filter(|(name, _)| *name == wanted);
        for health in health.flat_map(|(_, list)| list) {
            let Some(port) = port(health.target.port.or(group.port)) else { continue };
            let found = if group.kind == "ip" {
                Address::parse(&health.target.id)
                    .and_then(|address| Some((*self.network.by_private.get(&(vpc?, address))?, address)))
            } else {
                let family = if group.addresses == "ipv6" { Family::V6 } else { Family::V4 };
                instances
                    .get(&health.target.id)
                    .and_then(|&instance| primary_address(&self.network, instance, family))
            };
            if let Some((interface, address)) = found {
                out.push((interface, address, port));
            }
        }
        out
    }
}

/// The primary address of the primary interface (N-64).
fn primary_address(network: &Network, instance: usize, family: Family) -> Option<(usize, Address)> {
    let interface = primary_interface(network, instance)?;
    let mut own =
        network.interfaces[interface].addresses.iter().filter(|address| address.private.family == family);
    own.find(|address| address.primary).map(|address| (interface, address.private))
}
