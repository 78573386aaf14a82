//! Which finding a cause on a resource is (R-111…R-113).

use yagura_model::{Cause, FindingId, ResourceId, VulnerabilityId};

/// The id of the finding that a cause makes on a resource: the same for ever, whatever else changes.
///
/// A vulnerability is one finding whatever packages have it. A network path is told by protocol, ports, edge,
/// load balancer and interface (R-44, N-85): another group or list on the way makes no other path. A flaw in code is told
/// by detector, rule, file and lines.
pub fn finding_id(resource: &ResourceId, cause: &Cause) -> FindingId {
    match cause {
        Cause::Package(cause) => package_finding_id(resource, &cause.vulnerability),
        Cause::Network(cause) => {
            let mut id = Identity::of(resource, "network");
            id.add(&cause.protocol);
            id.add(&cause.ports.0.to_string());
            id.add(&cause.ports.1.to_string());
            let interface = cause.steps.iter().rposition(|(_, kind)| kind == "AWS::EC2::NetworkInterface");
            for (nth, (component, kind)) in cause.steps.iter().enumerate() {
                if nth == 0 || Some(nth) == interface || kind.ends_with("::LoadBalancer") {
                    id.add(component);
                }
            }
            id.finish()
        }
        Cause::Code(cause) => {
            let mut id = Identity::of(resource, "code");
            id.add(&cause.detector);
            id.add(&cause.rule);
            id.add(&cause.path);
            id.add(&cause.lines.0.to_string());
            id.add(&cause.lines.1.to_string());
            id.add(cause.layer.as_deref().unwrap_or_default());
            id.finish()
        }
    }
}

/// The id of the finding of a vulnerability on a resource.
pub fn package_finding_id(resource: &ResourceId, vulnerability: &VulnerabilityId) -> FindingId {
    let mut id = Identity::of(resource, "package");
    id.add(vulnerability.as_str());
    id.finish()
}

/// A hash over parts that cannot run into each other.
struct Identity(blake3::Hasher);

impl Identity {
    fn of(resource: &ResourceId, kind: &str) -> Self {
        let mut id = Self(blake3::Hasher::new());
        for part in [
            resource.home.account.as_str(),
            resource.home.region.as_str(),
            resource.kind.as_str(),
            &resource.name,
            kind,
        ] {
            id.add(part);
        }
        id
    }

    fn add(&mut self, part: &str) {
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part.as_bytes());
    }

    fn finish(self) -> FindingId {
        let hex = self.0.finalize().to_hex();
        FindingId::from(hex.get(..32).unwrap_or_default())
    }
}
