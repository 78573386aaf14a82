//! The words and names that the API of Amazon Inspector uses for things of this vocabulary. Filters compare them,
//! documents print them, and both must agree.

use crate::{Cause, Finding, FindingStatus, Home, PackageCause, ResourceKind, ScanKind, ScanMode, ScanType};

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

/// The parts of an OS package's version as the API prints them: epoch, version, release.
///
/// `1:2.3-4` is (1, `2.3`, `4`); a version without a hyphen has no release.
pub fn version_parts(version: &str) -> (u64, &str, Option<&str>) {
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
    fn r120_versions_of_distributions_have_parts() {
        assert_eq!(version_parts("1:9.2p1-2+deb12u1"), (1, "9.2p1", Some("2+deb12u1")));
        assert_eq!(version_parts("1.36.1-r15"), (0, "1.36.1", Some("r15")));
        assert_eq!(version_parts("20240101"), (0, "20240101", None));
    }
}
