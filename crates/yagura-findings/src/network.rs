//! Severity and title of open network paths.

use yagura_model::{NetworkCause, Severity};

/// What listens on some ports, and how severe it is that they can be reached.
struct Service {
    name: &'static str,
    tcp: &'static [u16],
    udp: &'static [u16],
    /// From the internet.
    internet: Severity,
    /// From another private network.
    private: Severity,
}

/// A row of R-142 in which both protocols have the same ports.
const fn same(name: &'static str, ports: &'static [u16], internet: Severity, private: Severity) -> Service {
    Service { name, tcp: ports, udp: ports, internet, private }
}

const fn tcp(name: &'static str, ports: &'static [u16], internet: Severity, private: Severity) -> Service {
    Service { name, tcp: ports, udp: &[], internet, private }
}

const fn both(
    name: &'static str,
    tcp: &'static [u16],
    udp: &'static [u16],
    internet: Severity,
    private: Severity,
) -> Service {
    Service { name, tcp, udp, internet, private }
}

use Severity::{High, Informational, Low, Medium};

/// R-142, in the order of the guide.
const SERVICES: &[Service] = &[
    same("DHCP", &[67, 68, 546, 547], Medium, Informational),
    tcp("Elasticsearch", &[9300, 9200], Medium, Informational),
    same("FTP", &[21], High, Medium),
    tcp("Global catalog LDAP", &[3268], Medium, Informational),
    tcp("Global catalog LDAP over TLS", &[3269], Medium, Informational),
    same("HTTP", &[80], Low, Informational),
    same("HTTPS", &[443], Low, Informational),
    both("Kerberos", &[88, 464, 543, 544, 749, 751], &[88, 464, 749, 750, 751, 752], Medium, Informational),
    same("LDAP", &[389], Medium, Informational),
    tcp("LDAP over TLS", &[636], Medium, Informational),
    tcp("MongoDB", &[27017, 27018, 27019, 28017], Medium, Informational),
    tcp("MySQL", &[3306], Medium, Informational),
    both("NetBIOS", &[137, 139], &[137, 138], Medium, Informational),
    same("NFS", &[111, 2049, 4045, 1110], Medium, Informational),
    tcp("Oracle", &[1521, 1630], Medium, Informational),
    tcp("PostgreSQL", &[5432], Medium, Informational),
    tcp("Print services", &[515], High, Medium),
    same("RDP", &[3389], Medium, Low),
    same("RPC", &[111, 135, 530], Medium, Informational),
    same("SMB", &[445], Medium, Informational),
    same("SSH", &[22], Medium, Low),
    both("SQL Server", &[1433], &[1434], Medium, Informational),
    both("Syslog", &[601], &[514], Medium, Informational),
    same("Telnet", &[23], High, Medium),
    same("WINS", &[1512, 42], Medium, Informational),
];

/// The component type at which a path from the internet begins.
pub const INTERNET_GATEWAY: &str = "AWS::EC2::InternetGateway";

fn recognized(path: &NetworkCause) -> impl Iterator<Item = &'static Service> {
    let (first, last) = path.ports;
    let udp = path.protocol.eq_ignore_ascii_case("UDP");
    SERVICES.iter().filter(move |service| {
        let ports = if udp { service.udp } else { service.tcp };
        ports.iter().any(|port| (first..=last).contains(port))
    })
}

/// The severity of an open path: that of the most severe service in its range, INFORMATIONAL without any and
/// where no answer can get back (N-84).
pub fn severity(path: &NetworkCause) -> Severity {
    if path.one_way {
        return Informational;
    }
    let from_internet = path.steps.first().is_some_and(|(_, kind)| kind == INTERNET_GATEWAY);
    recognized(path)
        .map(|service| if from_internet { service.internet } else { service.private })
        .max()
        .unwrap_or(Informational)
}

/// Names of the services whose ports lie in the range, in the order of the guide.
pub fn services(path: &NetworkCause) -> impl Iterator<Item = &'static str> {
    recognized(path).map(|service| service.name)
}

/// `Port 22 is reachable from an Internet Gateway - TCP`.
pub fn title(path: &NetworkCause) -> String {
    let (first, last) = path.ports;
    let ports =
        if first == last { format!("Port {first} is") } else { format!("Port range {first}-{last} is") };
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
        NetworkCause {
            protocol: protocol.into(),
            ports,
            steps: vec![("x-1".into(), edge.into())],
            one_way: false,
        }
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
    fn n84_what_cannot_answer_is_informational() {
        let path = NetworkCause { one_way: true, ..path("UDP", (514, 514), INTERNET_GATEWAY) };
        assert_eq!(severity(&path), Informational);
        assert_eq!(services(&path).collect::<Vec<_>>(), ["Syslog"]);
    }

    #[test]
    fn r46_titles() {
        assert_eq!(
            title(&path("TCP", (22, 22), INTERNET_GATEWAY)),
            "Port 22 is reachable from an Internet Gateway - TCP"
        );
        assert_eq!(
            title(&path("UDP", (1, 9), "AWS::EC2::VPNGateway")),
            "Port range 1-9 is reachable from a Virtual Private Gateway - UDP"
        );
    }
}
