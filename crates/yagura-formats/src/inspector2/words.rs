//! The interface's words for things of the model, and the way back where filters need it. Words that filters compare
//! are in [`yagura_model::words`].

use super::shapes::Runtime;
use yagura_model::{EcosystemId, FindingId, Home, SourceId};

/// An ARN of this service: `arn:aws:inspector2:eu-central-1:123456789012:…`.
pub fn arn(home: &Home, rest: &str) -> String {
    let region = home.region.as_str();
    format!("arn:{}:inspector2:{region}:{}:{rest}", home.partition(), home.account)
}

/// The ARN of a finding.
pub fn finding_arn(home: &Home, id: &FindingId) -> String {
    arn(home, &format!("finding/{id}"))
}

/// The finding's id and home in its ARN. `None`: not such an ARN.
pub fn finding_of(arn: &str) -> Option<(Home, FindingId)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "inspector2", region, account, rest] = parts[..] else { return None };
    let id = rest.strip_prefix("finding/")?;
    let home = Home { account: account.into(), region: region.into() };
    Some((home, FindingId::from(id)))
}

/// `python3.12` → `PYTHON_3_12`; what the interface does not know is `UNSUPPORTED`.
pub fn runtime(raw: &str) -> Runtime {
    let split = raw.find(|letter: char| letter.is_ascii_digit()).unwrap_or(raw.len());
    let (name, version) = raw.split_at(split);
    let word = match version {
        "" => name.to_uppercase(),
        version => format!("{}_{}", name, version.replace('.', "_")).to_uppercase(),
    };
    match Runtime::from(word) {
        Runtime::Other(_) => Runtime::Unsupported,
        runtime => runtime,
    }
}

/// `PYTHON_3_12` → `python3.12`. Text in another spelling stays as it is.
pub fn raw_runtime(word: &str) -> String {
    match word.split_once('_') {
        Some((name, version)) if Runtime::WORDS.contains(&word) => {
            format!("{name}{}", version.replace('_', ".")).to_lowercase()
        }
        _ => word.to_owned(),
    }
}

/// `Amazon Linux`, `2023` → `AMAZON_LINUX_2023`.
pub fn platform(name: &str, version: &str) -> Option<String> {
    let text = format!("{name} {version}");
    let words: Vec<String> = text
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_uppercase)
        .collect();
    (!words.is_empty()).then(|| words.join("_"))
}

/// Sources that publish for one distribution or registry, and their words.
const SOURCES: &[(&str, &str)] = &[
    ("nvd", "NVD"),
    ("cve", "MITRE"),
    ("alpine", "ALPINE_CVE"),
    ("amazon", "AMAZON_CVE"),
    ("arch", "ARCH_CVE"),
    ("azure-linux", "AZURE_LINUX_CVE"),
    ("bottlerocket", "BOTTLEROCKET_CVE"),
    ("chainguard", "CHAINGUARD_CVE"),
    ("debian", "DEBIAN_CVE"),
    ("fedora", "FEDORA_CVE"),
    ("oracle-linux", "ORACLE_CVE"),
    ("photon", "PHOTON_CVE"),
    ("redhat", "REDHAT_CVE"),
    ("wolfi", "WOLFI_CVE"),
    ("osv/AlmaLinux", "ALMALINUX_CVE"),
    ("osv/Debian", "DEBIAN_CVE"),
    ("osv/Rocky Linux", "ROCKY_CVE"),
    ("osv/SUSE", "SUSE_CVE"),
    ("osv/openSUSE", "SUSE_CVE"),
    ("osv/Ubuntu", "UBUNTU_CVE"),
    ("ubuntu", "UBUNTU_CVE"),
    ("github", "GITHUB"),
    ("kev", "CISA"),
    ("cisa-adp", "CISA"),
    ("osv/crates.io", "OSV_CRATES_IO"),
    ("osv/Go", "OSV_GO"),
    ("osv/Hex", "OSV_HEX"),
    ("osv/Maven", "OSV_MAVEN"),
    ("osv/npm", "OSV_NPM"),
    ("osv/NuGet", "OSV_NUGET"),
    ("osv/Packagist", "OSV_PACKAGIST"),
    ("osv/Pub", "OSV_PUB"),
    ("osv/PyPI", "OSV_PYPI"),
    ("osv/RubyGems", "OSV_RUBYGEMS"),
];

/// `debian` → `DEBIAN_CVE`; sources without a word of their own in capitals.
pub fn source(source: &SourceId) -> String {
    match SOURCES.iter().find(|(id, _)| *id == source.as_str()) {
        Some((_, word)) => (*word).to_owned(),
        None => platform(source.as_str(), "").unwrap_or_else(|| "UNKNOWN".to_owned()),
    }
}

/// Every source whose word passes a test; what is nobody's word stands for itself.
pub fn sources_of(passes: impl Fn(&str) -> bool, word: &str) -> Vec<String> {
    let found: Vec<String> =
        SOURCES.iter().filter(|(_, word)| passes(word)).map(|(id, _)| (*id).to_owned()).collect();
    if found.is_empty() { vec![word.to_owned()] } else { found }
}

/// The page of a vulnerability at its source.
pub fn source_url(source: &SourceId, advisory: &str, vulnerability: &str) -> String {
    let base = match source.as_str() {
        "alpine" => "https://security.alpinelinux.org/vuln/",
        "amazon" => "https://explore.alas.aws.amazon.com/",
        "debian" | "osv/Debian" => "https://security-tracker.debian.org/tracker/",
        "redhat" => "https://access.redhat.com/security/cve/",
        "osv/Ubuntu" | "ubuntu" => "https://ubuntu.com/security/",
        "nvd" => "https://nvd.nist.gov/vuln/detail/",
        _ => return format!("https://osv.dev/vulnerability/{advisory}"),
    };
    let suffix = if source.as_str() == "amazon" { ".html" } else { "" };
    format!("{base}{vulnerability}{suffix}")
}

/// Ecosystems whose packages belong to an operating system.
pub fn is_os(ecosystem: &EcosystemId) -> bool {
    const OS: &[&str] = &[
        "Alpine",
        "Chainguard",
        "Wolfi",
        "Bottlerocket",
        "Debian",
        "Ubuntu",
        "Arch",
        "AlmaLinux",
        "Amazon Linux",
        "Azure Linux",
        "Fedora",
        "openSUSE",
        "Oracle Linux",
        "Photon OS",
        "Red Hat",
        "Rocky Linux",
        "SUSE",
    ];
    OS.contains(&ecosystem.base())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_go_there_and_back() {
        for (raw, word) in [
            ("python3.12", "PYTHON_3_12"),
            ("nodejs20.x", "NODEJS_20_X"),
            ("java8.al2", "JAVA_8_AL2"),
            ("go1.x", "GO_1_X"),
            ("dotnet8", "DOTNET_8"),
            ("dotnetcore3.1", "DOTNETCORE_3_1"),
        ] {
            assert_eq!(runtime(raw).as_str(), word);
            assert_eq!(raw_runtime(word), raw);
        }
        assert_eq!(runtime("provided.al2023").as_str(), "UNSUPPORTED");
    }

    #[test]
    fn arns_of_findings_are_read_back() {
        let home = Home { account: "123456789012".into(), region: "cn-north-1".into() };
        let id = FindingId::from("0123456789abcdef0123456789abcdef");
        let arn = finding_arn(&home, &id);
        assert_eq!(
            arn,
            "arn:aws-cn:inspector2:cn-north-1:123456789012:finding/0123456789abcdef0123456789abcdef"
        );
        assert_eq!(finding_of(&arn), Some((home, id)));
        assert_eq!(finding_of("arn:aws:s3:::bucket"), None);
    }

    #[test]
    fn platforms_are_shouted() {
        assert_eq!(platform("Ubuntu", "22.04").as_deref(), Some("UBUNTU_22_04"));
        assert_eq!(platform("", ""), None);
    }
}
