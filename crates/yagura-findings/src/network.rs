//! Severity and title of open network paths.

use yagura_model::{NetworkCause, Severity};

/// What listens on some ports, and how severe it is that they can be reached.
struct Service {
    tcp: &'static [u16],
    udp: &'static [u16],
    /// From the internet.
    internet: Severity,
    /// From another private network.
    private: Severity,
}

/// A row of R-142 in which both protocols have the same ports.
const fn same(ports: &'static [u16], internet: Severity, private: Severity) -> Service {
    Service { tcp: ports, udp: ports, internet, private }
}

const fn tcp(ports: &'static [u16], internet: Severity, private: Severity) -> Service {
    Service { tcp: ports, udp: &[], internet, private }
}

const fn both(tcp: &'static [u16], udp: &'static [u16], internet: Severity, private: Severity) -> Service {
    Service { tcp, udp, internet, private }
}

use Severity::{High, Informational, Low, Medium};

/// R-142, in the order of the guide.
const SERVICES: &[Service] = &[
    // DHCP
    same(&[67, 68, 546, 547], Medium, Informational),
    // Elasticsearch
    tcp(&[9300, 9200], Medium, Informational),
    // FTP
    same(&[21], High, Medium),
    // Global catalog over LDAP, without and with TLS
    tcp(&[3268, 3269], Medium, Informational),
    // HTTP, HTTPS
    same(&[80, 443], Low, Informational),
    // Kerberos
    both(&[88, 464, 543, 544, 749, 751], &[88, 464, 749, 750, 751, 752], Medium, Informational),
    // LDAP, without and with TLS
    same(&[389], Medium, Informational),
    tcp(&[636], Medium, Informational),
    // MongoDB
    tcp(&[27017, 27018, 27019, 28017], Medium, Informational),
    // MySQL
    tcp(&[3306], Medium, Informational),
    // NetBIOS
    both(&[137, 139], &[137, 138], Medium, Informational),
    // NFS
    same(&[111, 2049, 4045, 1110], Medium, Informational),
    // Oracle
    tcp(&[1521, 1630], Medium, Informational),
    // PostgreSQL
    tcp(&[5432], Medium, Informational),
    // Print services
    tcp(&[515], High, Medium),
    // RDP
    same(&[3389], Medium, Low),
    // RPC
    same(&[111, 135, 530], Medium, Informational),
    // SMB
    same(&[445], Medium, Informational),
    // SSH
    same(&[22], Medium, Low),
    // SQL Server
    both(&[1433], &[1434], Medium, Informational),
    // Syslog
    both(&[601], &[514], Medium, Informational),
    // Telnet
    same(&[23], High, Medium),
    // WINS
    same(&[1512, 42], Medium, Informational),
];

/// The component type at which a path from the internet begins.
pub const INTERNET_GATEWAY: &str = "AWS::EC2::InternetGateway";

/// The severity of an open path: that of the most severe service in its range, INFORMATIONAL without any.
pub fn severity(path: &NetworkCause) -> Severity {
    let (first, last) = path.ports;
    let from_internet = path.steps.first().is_some_and(|(_, kind)| kind == INTERNET_GATEWAY);
    let udp = path.protocol.eq_ignore_ascii_case("UDP");
    SERVICES
        .iter()
        .filter(|service| {
            let ports = if udp { service.udp } else { service.tcp };
            ports.iter().any(|port| (first..=last).contains(port))
        })
        .map(|service| if from_internet { service.internet } else { service.private })
        .max()
        .unwrap_or(Informational)
}

/// `Port 22 is reachable from an Internet Gateway - TCP`.
pub fn title(path: &NetworkCause) -> String {
    let (first, last) = path.ports;
    let ports =
        if first == last { format!("Port {first} is") } else { format!("Port range {first} - {last} is") };
    let edge = match path.steps.first().map_or("", |(_, kind)| kind.as_str()) {
        INTERNET_GATEWAY => "an Internet Gateway",
        "AWS::EC2::VPNGateway" => "a Virtual Private Gateway",
        "AWS::EC2::VPCPeeringConnection" => "a VPC Peering Connection",
        "AWS::EC2::TransitGateway" => "a Transit Gateway",
        "AWS::EC2::VPCEndpoint" => "a VPC Endpoint",
        kind if kind.starts_with("AWS::DirectConnect::") => "Direct Connect",
        _ => "another network",
    };
    format!("{ports} reachable from {edge} - {}", path.protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(protocol: &str, ports: (u16, u16), edge: &str) -> NetworkCause {
        NetworkCause { protocol: protocol.into(), ports, steps: vec![("x-1".into(), edge.into())] }
    }

    #[test]
    fn r142_severity_by_service_and_edge() {
        const PEERING: &str = "AWS::EC2::VPCPeeringConnection";
        for (protocol, ports, edge, expected) in [
            ("TCP", (22, 22), INTERNET_GATEWAY, Medium),
            ("TCP", (22, 22), PEERING, Low),
            ("TCP", (80, 80), INTERNET_GATEWAY, Low),
            ("TCP", (443, 443), PEERING, Informational),
            ("TCP", (3306, 3306), INTERNET_GATEWAY, Medium),
            ("UDP", (3306, 3306), INTERNET_GATEWAY, Informational),
            ("UDP", (514, 514), INTERNET_GATEWAY, Medium),
            ("TCP", (514, 514), INTERNET_GATEWAY, Informational),
            ("TCP", (8080, 8080), INTERNET_GATEWAY, Informational),
            // the highest of several.
            ("TCP", (0, 65535), INTERNET_GATEWAY, High),
            ("TCP", (80, 443), PEERING, Informational),
        ] {
            assert_eq!(severity(&path(protocol, ports, edge)), expected, "{protocol} {ports:?} {edge}");
        }
    }

    #[test]
    fn r46_titles() {
        assert_eq!(
            title(&path("TCP", (22, 22), INTERNET_GATEWAY)),
            "Port 22 is reachable from an Internet Gateway - TCP"
        );
        assert_eq!(
            title(&path("UDP", (1, 9), "AWS::EC2::VPNGateway")),
            "Port range 1 - 9 is reachable from a Virtual Private Gateway - UDP"
        );
    }
}
