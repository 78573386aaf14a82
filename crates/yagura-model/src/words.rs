//! The words and names that the API of Amazon Inspector uses for things of this vocabulary. Filters compare them,
//! documents print them, and both must agree.

use crate::{Cause, Finding, FindingStatus, Home, PackageCause, ResourceKind, ScanKind, ScanMode, ScanType};
use std::borrow::Cow;

impl Home {
    /// The partition that the region lies in: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        match self.region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

impl Finding {
    /// `arn:aws:inspector2:<region>:<account>:finding/<id>`.
    pub fn arn(&self) -> String {
        let home = &self.resource.home;
        format!("arn:{}:inspector2:{}:{}:finding/{}", home.partition(), home.region, home.account, self.id)
    }
}

impl FindingStatus {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Suppressed => "SUPPRESSED",
            Self::Closed => "CLOSED",
        }
    }
}

impl Cause {
    /// The finding type.
    pub fn finding_type(&self) -> &'static str {
        match self {
            Self::Package(_) => "PACKAGE_VULNERABILITY",
            Self::Network(_) => "NETWORK_REACHABILITY",
            Self::Code(_) => "CODE_VULNERABILITY",
        }
    }

    /// `YES`, `NO` or `PARTIAL`; code findings always have a fix, network findings have no such
    /// word.
    pub fn fix_available(&self) -> Option<&'static str> {
        match self {
            Self::Package(cause) => Some(cause.fix_available()),
            Self::Network(_) => None,
            Self::Code(_) => Some("YES"),
        }
    }
}

impl PackageCause {
    /// `YES` when every package has a fixed version, `NO` when none has, `PARTIAL` otherwise.
    pub fn fix_available(&self) -> &'static str {
        let fixed = self.packages.iter().filter(|package| package.fixed_in.is_some()).count();
        match fixed {
            0 => "NO",
            all if all == self.packages.len() => "YES",
            _ => "PARTIAL",
        }
    }

    /// Who published the vulnerability as far as this finding is concerned.
    pub fn source_word(&self) -> Cow<'static, str> {
        source_word(self.source.as_str(), &self.advisory)
    }
}

impl ResourceKind {
    /// The API's `ResourceType`.
    pub fn resource_type(self) -> &'static str {
        match self {
            Self::Instance => "AWS_EC2_INSTANCE",
            Self::Image => "AWS_ECR_CONTAINER_IMAGE",
            Self::ImageRepository => "AWS_ECR_REPOSITORY",
            Self::Function => "AWS_LAMBDA_FUNCTION",
            Self::CodeRepository => "CODE_REPOSITORY",
            Self::MachineImage => "MACHINE_IMAGE",
        }
    }

    /// The kind of a word of [`Self::resource_type`].
    pub fn from_resource_type(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.resource_type() == word)
    }

    /// The scan type that looks at this kind of resource in this way; `None` where nothing does.
    pub fn scan_type(self, scan: ScanKind) -> Option<ScanType> {
        Some(match (self, scan) {
            (Self::Instance, ScanKind::Package | ScanKind::Network) => ScanType::Ec2,
            (Self::MachineImage, ScanKind::Package) => ScanType::Ec2,
            (Self::Image | Self::ImageRepository, ScanKind::Package) => ScanType::Ecr,
            (Self::Function, ScanKind::Package) => ScanType::Lambda,
            (Self::Function, ScanKind::Code) => ScanType::LambdaCode,
            (Self::CodeRepository, ScanKind::Package | ScanKind::Code) => ScanType::CodeRepository,
            _ => return None,
        })
    }
}

impl ScanKind {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Package => "PACKAGE",
            Self::Network => "NETWORK",
            Self::Code => "CODE",
        }
    }
}

impl ScanMode {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ec2SsmAgentBased => "EC2_SSM_AGENT_BASED",
            Self::Ec2Agentless => "EC2_AGENTLESS",
            Self::Ec2InspectorAgentBased => "EC2_INSPECTOR_AGENT_BASED",
            Self::VmInspectorAgentBased => "VM_INSPECTOR_AGENT_BASED",
        }
    }
}

impl ScanType {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::Ecr => "ECR",
            Self::Lambda => "LAMBDA",
            Self::LambdaCode => "LAMBDA_CODE",
            Self::CodeRepository => "CODE_REPOSITORY",
        }
    }
}

/// The API's word for a runtime of Lambda: `PYTHON_3_12` of `python3.12`, `JAVA_8_AL2` of `java8.al2`,
/// `NODEJS_20_X` of `nodejs20.x`, `DOTNET_8` of `dotnet8`. Runtimes without a word are `UNSUPPORTED`.
pub fn runtime_word(runtime: &str) -> Cow<'static, str> {
    const WORDS: &[&str] = &[
        "DOTNETCORE_3_1",
        "DOTNET_10",
        "DOTNET_6",
        "DOTNET_7",
        "DOTNET_8",
        "GO_1_X",
        "JAVA_11",
        "JAVA_17",
        "JAVA_21",
        "JAVA_25",
        "JAVA_8",
        "JAVA_8_AL2",
        "NODEJS",
        "NODEJS_12_X",
        "NODEJS_14_X",
        "NODEJS_16_X",
        "NODEJS_18_X",
        "NODEJS_20_X",
        "NODEJS_22_X",
        "NODEJS_24_X",
        "PYTHON_3_10",
        "PYTHON_3_11",
        "PYTHON_3_12",
        "PYTHON_3_13",
        "PYTHON_3_14",
        "PYTHON_3_7",
        "PYTHON_3_8",
        "PYTHON_3_9",
        "RUBY_2_7",
        "RUBY_3_2",
        "RUBY_3_3",
    ];
    let letters = runtime.find(|c: char| c.is_ascii_digit()).unwrap_or(runtime.len());
    let (name, rest) = runtime.split_at(letters);
    let word = match rest {
        "" => name.to_ascii_uppercase(),
        _ => format!("{}_{}", name, rest.replace('.', "_")).to_ascii_uppercase(),
    };
    Cow::Borrowed(WORDS.iter().copied().find(|known| *known == word).unwrap_or("UNSUPPORTED"))
}

/// the API's word for a source of advisories. Sources that publish for several parties are told apart by
/// the advisory's id.
pub fn source_word(source: &str, advisory: &str) -> Cow<'static, str> {
    let by_id = |id: &str| {
        Some(match id.split('-').next().unwrap_or_default() {
            "GHSA" => "GITHUB",
            "PYSEC" => "PYPA",
            "RUSTSEC" => "RUSTSEC",
            "GO" => "GO_VULNDB",
            "MAL" => "OPENSSF_MALICIOUS_PACKAGES",
            _ => return None,
        })
    };
    if let Some(word) = by_id(advisory) {
        return Cow::Borrowed(word);
    }
    let name = source.strip_prefix("osv/").unwrap_or(source);
    let base = name.split([':', '/']).next().unwrap_or(name).to_ascii_lowercase();
    Cow::Borrowed(match base.as_str() {
        "nvd" | "cve" => "NVD",
        "ubuntu" => "UBUNTU_CVE",
        "debian" => "DEBIAN_CVE",
        "amazon" | "amazon linux" | "bottlerocket" => "AMAZON_CVE",
        "redhat" | "red hat" => "REDHAT_CVE",
        "alpine" => "ALPINE_CVE",
        "github" => "GITHUB",
        "yagura" => "YAGURA",
        _ => {
            let word: String = base
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
                .collect();
            return Cow::Owned(word);
        }
    })
}

/// The API's word for the architecture of a package: `X86_64`, `AMD64`, `ARM64`, `NOARCH`.
pub fn architecture_word(arch: &str) -> String {
    match arch {
        "aarch64" => "ARM64".to_owned(),
        other => other.to_ascii_uppercase(),
    }
}

/// the API's word for what manages a package, from its ecosystem (with or without release) and the file
/// that names it. Everything of a distribution is `OS`.
pub fn package_manager(ecosystem: &str, path: Option<&str>) -> &'static str {
    let file = path.and_then(|path| path.rsplit(['/', '!']).next()).unwrap_or_default();
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| file.ends_with(suffix));
    match ecosystem.split(':').next().unwrap_or_default() {
        "npm" if file == "yarn.lock" => "YARN",
        "npm" if ends(&["package-lock.json", "npm-shrinkwrap.json"]) => "NPM",
        "npm" if ends(&["pnpm-lock.yaml", "bun.lock"]) => "NPM",
        "npm" => "NODEPKG",
        "PyPI" if file == "Pipfile.lock" => "PIPENV",
        "PyPI" if file == "poetry.lock" => "POETRY",
        "PyPI" if ends(&[".txt", "uv.lock", "pdm.lock", ".toml"]) => "PIP",
        "PyPI" => "PYTHONPKG",
        "Maven" if ends(&["pom.xml", ".pom", ".lockfile"]) => "POM",
        "Maven" => "JAR",
        "Go" if ends(&["go.mod", "go.sum", "modules.txt", "go.work"]) => "GOMOD",
        "Go" => "GOBINARY",
        "crates.io" => "CARGO",
        "Packagist" => "COMPOSER",
        "RubyGems" if ends(&["Gemfile.lock", "gems.locked", ".lock", "Gemfile"]) => "BUNDLER",
        "RubyGems" => "GEMSPEC",
        "NuGet" if ends(&[".deps.json", ".dll", ".exe"]) => "DOTNET_CORE",
        "NuGet" => "NUGET",
        base if is_language(base) => "GENERIC",
        _ => "OS",
    }
}

/// Ecosystems of languages that the API has no manager for.
fn is_language(base: &str) -> bool {
    matches!(
        base,
        "Bitnami"
            | "CRAN"
            | "ConanCenter"
            | "GHC"
            | "GitHub Actions"
            | "Hackage"
            | "Hex"
            | "Julia"
            | "Pub"
            | "SwiftURL"
            | "CocoaPods"
            | "conda"
            | "generic"
    )
}

/// The parts of an OS package's version as the API prints them: epoch, version, release.
///
/// `1:2.3-4` is (1, `2.3`, `4`); a version without a hyphen has no release. Versions of languages are whole.
pub fn version_parts<'v>(ecosystem: &str, version: &'v str) -> (u64, &'v str, Option<&'v str>) {
    if package_manager(ecosystem, None) != "OS" {
        return (0, version, None);
    }
    let (epoch, rest) = match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|byte| byte.is_ascii_digit()) => {
            (epoch.parse().unwrap_or(0), rest)
        }
        _ => (0, version),
    };
    match rest.rsplit_once('-') {
        Some((version, release)) => (epoch, version, Some(release)),
        None => (epoch, rest, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_have_the_words_of_the_api() {
        for (runtime, word) in [
            ("python3.12", "PYTHON_3_12"),
            ("nodejs20.x", "NODEJS_20_X"),
            ("java8.al2", "JAVA_8_AL2"),
            ("java17", "JAVA_17"),
            ("dotnet8", "DOTNET_8"),
            ("dotnetcore3.1", "DOTNETCORE_3_1"),
            ("go1.x", "GO_1_X"),
            ("ruby3.3", "RUBY_3_3"),
            ("provided.al2023", "UNSUPPORTED"),
            ("", "UNSUPPORTED"),
        ] {
            assert_eq!(runtime_word(runtime), word, "{runtime}");
        }
    }

    #[test]
    fn r121_sources_have_the_words_of_the_api() {
        for (source, advisory, word) in [
            ("osv/Ubuntu", "UBUNTU-CVE-2024-1", "UBUNTU_CVE"),
            ("debian", "CVE-2024-1", "DEBIAN_CVE"),
            ("amazon", "ALAS2023-2024-1", "AMAZON_CVE"),
            ("redhat", "RHSA-2024:1", "REDHAT_CVE"),
            ("osv/npm", "GHSA-x", "GITHUB"),
            ("osv/PyPI", "PYSEC-2024-1", "PYPA"),
            ("osv/npm", "MAL-2024-1", "OPENSSF_MALICIOUS_PACKAGES"),
            ("osv/Rocky Linux", "RLSA-2024:1", "ROCKY_LINUX"),
            ("nvd", "CVE-2024-1", "NVD"),
        ] {
            assert_eq!(source_word(source, advisory), word, "{source} {advisory}");
        }
    }

    #[test]
    fn r120_managers_follow_the_file() {
        for (ecosystem, path, word) in [
            ("Debian:12", None, "OS"),
            ("Amazon Linux:2023", Some("var/lib/rpm/rpmdb.sqlite"), "OS"),
            ("npm", Some("app/package-lock.json"), "NPM"),
            ("npm", Some("app/node_modules/a/package.json"), "NODEPKG"),
            ("PyPI", Some("app/requirements.txt"), "PIP"),
            ("PyPI", Some("a-1.dist-info/METADATA"), "PYTHONPKG"),
            ("Maven", Some("app.jar!/BOOT-INF/lib/a.jar"), "JAR"),
            ("Maven", Some("pom.xml"), "POM"),
            ("Go", Some("usr/bin/x"), "GOBINARY"),
            ("Go", Some("go.mod"), "GOMOD"),
            ("NuGet", Some("app.deps.json"), "DOTNET_CORE"),
            ("Hex", Some("mix.lock"), "GENERIC"),
        ] {
            assert_eq!(package_manager(ecosystem, path), word, "{ecosystem} {path:?}");
        }
    }

    #[test]
    fn r120_versions_of_distributions_have_parts() {
        assert_eq!(version_parts("Debian:12", "1:9.2p1-2+deb12u1"), (1, "9.2p1", Some("2+deb12u1")));
        assert_eq!(version_parts("Alpine:v3.19", "1.36.1-r15"), (0, "1.36.1", Some("r15")));
        assert_eq!(version_parts("Arch", "20240101"), (0, "20240101", None));
        assert_eq!(version_parts("npm", "1.0.0-rc.1"), (0, "1.0.0-rc.1", None));
    }
}
