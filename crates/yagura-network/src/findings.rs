//! Facts become findings: one per maximal range of ports, with the steps from the edge to the instance (N-80, N-83).

use crate::address::{Address, Family};
use crate::edge::EdgeKind;
use crate::facts::{Analysis, Fact, Opening};
use crate::network::{BalancerKind, Protocol};
use crate::set::Ports;
use crate::walk::balancer_type;
use crate::ways::Hop;
use std::collections::BTreeMap;
use yagura_model::NetworkCause;

/// An open path to an instance.
#[derive(Debug, Clone)]
pub struct Finding<'a> {
    /// The facts of one instance, interface, edge, load balancer, protocol and reply path.
    facts: Vec<&'a Fact>,
    /// First and last port.
    pub ports: (u16, u16),
}

/// The instance of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceView<'a> {
    /// `i-…`
    pub id: &'a str,
    /// Twelve digits; empty where unknown.
    pub account: &'a str,
    /// As in `eu-west-1`; empty where unknown.
    pub region: &'a str,
    /// As in `t3.micro`.
    pub kind: &'a str,
    /// `ami-…`
    pub image: &'a str,
    /// `vpc-…`
    pub vpc: &'a str,
    /// `subnet-…`
    pub subnet: &'a str,
    /// Its tags.
    pub tags: &'a BTreeMap<String, String>,
    /// Private and public addresses of all its interfaces, by family.
    pub v4: Vec<Address>,
    /// IPv6 addresses of all its interfaces.
    pub v6: Vec<Address>,
}

impl<'a> Analysis<'a> {
    /// Every finding, ordered as the facts are, then by port.
    pub fn findings(&self) -> impl Iterator<Item = Finding<'_>> {
        let same = |a: &Fact, b: &Fact| {
            (a.instance, a.interface, a.edge, a.balancer, a.protocol)
                == (b.instance, b.interface, b.edge, b.balancer, b.protocol)
                && a.edge_id == b.edge_id
        };
        // Families lie side by side between protocols: sorting a path's facts brings them together.
        let path = |a: &Fact, b: &Fact| {
            (a.instance, a.interface, a.edge, a.balancer) == (b.instance, b.interface, b.edge, b.balancer)
                && a.edge_id == b.edge_id
        };
        self.facts.chunk_by(move |a, b| path(a, b)).flat_map(move |facts| {
            let mut facts: Vec<&Fact> = facts.iter().collect();
            facts.sort_by_key(|fact| fact.protocol);
            let mut out = Vec::new();
            for facts in facts.chunk_by(|a, b| same(a, b)) {
                let mut taken = Ports::empty();
                for reply in [true, false] {
                    let these: Vec<&Fact> =
                        facts.iter().copied().filter(|fact| fact.reply == reply).collect();
                    let ports =
                        these.iter().fold(Ports::empty(), |all, fact| all.union(&fact.ports)).minus(&taken);
                    out.extend(ports.pairs().iter().map(|&ports| Finding { facts: these.clone(), ports }));
                    taken = taken.union(&ports);
                }
            }
            out
        })
    }

    /// The instance that a fact speaks of.
    pub fn instance(&self, fact: &Fact) -> InstanceView<'a> {
        let network = self.network;
        let instance = &network.instances[fact.instance];
        let addresses = || instance.interfaces.iter().flat_map(|&index| &network.interfaces[index].addresses);
        let of = |family: Family| {
            let all =
                addresses().flat_map(|address| [Some(address.private), address.public].into_iter().flatten());
            all.filter(move |address| address.family == family).collect()
        };
        InstanceView {
            id: &instance.id,
            account: &instance.account,
            region: &instance.region,
            kind: &instance.kind,
            image: &instance.image,
            vpc: &instance.vpc,
            subnet: &instance.subnet,
            tags: &instance.tags,
            v4: of(Family::V4),
            v6: of(Family::V6),
        }
    }

    /// `eni-…` of a fact.
    pub fn interface(&self, fact: &Fact) -> &'a str {
        &self.network.interfaces[fact.interface].id
    }

    /// The load balancer that a fact passes: ARN, or name of a Classic one.
    pub fn via(&self, fact: &Fact) -> Option<&'a str> {
        fact.balancer.map(|index| self.network.balancers[index].id.as_str())
    }

    /// What a finding says of its instance, in the words of the model.
    pub fn cause(&self, finding: &Finding<'_>) -> Option<NetworkCause> {
        let (fact, opening) = finding.opening()?;
        Some(NetworkCause {
            protocol: fact.protocol.name().to_owned(),
            ports: finding.ports,
            steps: self.steps(fact, opening),
            one_way: !fact.reply,
        })
    }

    /// N-83: id and type of each component.
    fn steps(&self, fact: &Fact, opening: &Opening) -> Vec<(String, String)> {
        let network = self.network;
        let way = &self.ways[opening.way];
        let mut steps = vec![(fact.edge_id.clone(), fact.edge.component().to_owned())];
        let mut add = |id: &str, kind: &str| steps.push((id.to_owned(), kind.to_owned()));
        for hop in &way.boxes {
            match hop {
                Hop::Endpoint(index) => add(&network.endpoints[*index].id, "AWS::EC2::VPCEndpoint"),
                Hop::Interface(index) => add(&network.interfaces[*index].id, "AWS::EC2::NetworkInterface"),
            }
        }
        let acl = |subnet: usize| network.subnets[subnet].acl.map(|acl| network.acls[acl].id.as_str());
        let group = |index: Option<usize>| index.map(|index| network.groups[index].id.as_str());
        if let Some(front) = &opening.front {
            let (node, balancer) = (&network.interfaces[front.node], &network.balancers[front.balancer]);
            acl(node.subnet).into_iter().for_each(|id| add(id, "AWS::EC2::NetworkAcl"));
            group(front.group).into_iter().for_each(|id| add(id, "AWS::EC2::SecurityGroup"));
            add(&node.id, "AWS::EC2::NetworkInterface");
            add(&balancer.id, balancer_type(balancer.kind));
            if balancer.kind != BalancerKind::Classic {
                add(&front.target_group, "AWS::ElasticLoadBalancingV2::TargetGroup");
            }
        }
        let interface = &network.interfaces[fact.interface];
        acl(interface.subnet).into_iter().for_each(|id| add(id, "AWS::EC2::NetworkAcl"));
        group(opening.group).into_iter().for_each(|id| add(id, "AWS::EC2::SecurityGroup"));
        add(&interface.id, "AWS::EC2::NetworkInterface");
        add(&network.instances[fact.instance].id, "AWS::EC2::Instance");
        steps
    }
}

impl<'a> Finding<'a> {
    /// The fact that opens its first port.
    pub fn fact(&self) -> Option<&'a Fact> {
        self.opening().map(|(fact, _)| fact)
    }

    fn opening(&self) -> Option<(&'a Fact, &'a Opening)> {
        let all = self
            .facts
            .iter()
            .copied()
            .flat_map(|fact| fact.openings.iter().map(move |opening| (fact, opening)));
        let mut all = all.filter(|(_, opening)| opening.ports.contains(self.ports.0));
        all.next()
    }

    /// Edge of the path.
    pub fn edge(&self) -> Option<EdgeKind> {
        self.facts.first().map(|fact| fact.edge)
    }

    /// TCP or UDP.
    pub fn protocol(&self) -> Option<Protocol> {
        self.facts.first().map(|fact| fact.protocol)
    }
}
