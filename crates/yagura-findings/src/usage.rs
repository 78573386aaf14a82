//! What is metered, and what it would cost (section 19 of the rules).

use jiff::Timestamp;
use yagura_model::{Coverage, ResourceKind, ScanKind, ScanMode};

/// Hours of a month as prices and averages count them.
pub const MONTH: f64 = 720.0;

macro_rules! meters {
    ($($(#[$doc:meta])* $name:ident = $word:literal),* $(,)?) => {
        /// What is counted. The words are the API's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Meter { $($(#[$doc])* $name,)* }

        impl Meter {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The meter of a word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|meter| meter.as_str() == word)
            }
        }
    };
}

meters! {
    /// Hours of instances with an agent.
    Ec2InstanceHours = "EC2_INSTANCE_HOURS",
    /// Hours of instances that are read through snapshots.
    Ec2AgentlessInstanceHours = "EC2_AGENTLESS_INSTANCE_HOURS",
    /// First scans of images.
    EcrInitialScan = "ECR_INITIAL_SCAN",
    /// Later scans of images.
    EcrRescan = "ECR_RESCAN",
    /// Hours of functions, packages.
    LambdaFunctionHours = "LAMBDA_FUNCTION_HOURS",
    /// Hours of functions, code.
    LambdaFunctionCodeHours = "LAMBDA_FUNCTION_CODE_HOURS",
    /// Scans of source code.
    CodeRepositorySast = "CODE_REPOSITORY_SAST",
    /// Scans of infrastructure code.
    CodeRepositoryIac = "CODE_REPOSITORY_IAC",
    /// Scans of dependencies.
    CodeRepositorySca = "CODE_REPOSITORY_SCA",
}

impl Meter {
    /// True where hours are counted, false where scans are.
    pub fn is_hours(self) -> bool {
        matches!(
            self,
            Self::Ec2InstanceHours
                | Self::Ec2AgentlessInstanceHours
                | Self::LambdaFunctionHours
                | Self::LambdaFunctionCodeHours
        )
    }
}

/// The meter that an hour of a coverage entry counts on: active ones alone, so that stopped, terminated and
/// excluded resources cost nothing. Machines beyond AWS cost nothing either.
pub fn hourly(coverage: &Coverage) -> Option<Meter> {
    if !coverage.active {
        return None;
    }
    match (coverage.resource.kind, coverage.scan) {
        (ResourceKind::Instance, ScanKind::Package) => match coverage.mode {
            Some(ScanMode::Ec2Agentless) => Some(Meter::Ec2AgentlessInstanceHours),
            Some(ScanMode::VmInspectorAgentBased) => None,
            _ => Some(Meter::Ec2InstanceHours),
        },
        (ResourceKind::Function, ScanKind::Package) => Some(Meter::LambdaFunctionHours),
        (ResourceKind::Function, ScanKind::Code) => Some(Meter::LambdaFunctionCodeHours),
        _ => None,
    }
}

/// The meter that a scan of an image counts on.
pub fn image_scan(first: bool) -> Meter {
    if first { Meter::EcrInitialScan } else { Meter::EcrRescan }
}

/// The hour that a sample belongs to.
pub fn hour(at: Timestamp) -> Timestamp {
    let seconds = at.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(3600)).unwrap_or(at)
}

/// USD for one unit of a meter, an hour or a scan, as a public example of Amazon Inspector's bill works out.
/// Regions differ. 0 for what the example leaves out.
pub fn published_price(meter: Meter) -> f64 {
    match meter {
        Meter::Ec2InstanceHours => 1.25 / MONTH,
        Meter::Ec2AgentlessInstanceHours => 1.75 / MONTH,
        Meter::LambdaFunctionHours => 0.30 / MONTH,
        Meter::LambdaFunctionCodeHours => 0.60 / MONTH,
        Meter::EcrInitialScan => 0.09,
        Meter::EcrRescan => 0.01,
        Meter::CodeRepositorySast | Meter::CodeRepositoryIac | Meter::CodeRepositorySca => 0.0,
    }
}

/// the cost of 30 days in USD. `total` was metered since `since`, `price` is that of one unit; with less than
/// 30 days of data the total is stretched, as if what is covered now stays covered.
pub fn monthly_cost(total: f64, since: Timestamp, now: Timestamp, price: f64) -> f64 {
    let span = now.duration_since(since).as_secs_f64() / 3600.0;
    price * total * MONTH / span.clamp(1.0, MONTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{image, instance};
    use jiff::SignedDuration;
    use yagura_model::{Resource, ScanReason};

    fn coverage(resource: &Resource, active: bool, mode: Option<ScanMode>) -> Coverage {
        Coverage {
            resource: resource.id.clone(),
            scan: ScanKind::Package,
            active,
            reason: ScanReason::Successful,
            mode,
            last_scanned_at: None,
            changed_at: Timestamp::UNIX_EPOCH,
            unread: Vec::new(),
        }
    }

    #[test]
    fn r193_r195_hours_are_counted_while_active() {
        let resource = instance("i-1");
        let meter = |active, mode| hourly(&coverage(&resource, active, Some(mode))).map(Meter::as_str);
        assert_eq!(meter(true, ScanMode::Ec2SsmAgentBased), Some("EC2_INSTANCE_HOURS"));
        assert_eq!(meter(true, ScanMode::Ec2Agentless), Some("EC2_AGENTLESS_INSTANCE_HOURS"));
        assert_eq!(meter(true, ScanMode::VmInspectorAgentBased), None);
        assert_eq!(meter(false, ScanMode::Ec2SsmAgentBased), None);
        assert_eq!(hourly(&coverage(&image("web", &[]), true, None)), None);
        assert_eq!(
            (image_scan(true).as_str(), image_scan(false).as_str()),
            ("ECR_INITIAL_SCAN", "ECR_RESCAN")
        );
    }

    #[test]
    fn r197_less_than_a_month_is_projected() {
        let since: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let cost = |meter, total, hours| {
            let now = since.checked_add(SignedDuration::from_hours(hours)).unwrap();
            (monthly_cost(total, since, now, published_price(meter)) * 100.0).round() / 100.0
        };
        // Two instances for one hour, for a day, for a month.
        assert_eq!(cost(Meter::Ec2InstanceHours, 2.0, 1), 2.5);
        assert_eq!(cost(Meter::Ec2InstanceHours, 48.0, 24), 2.5);
        assert_eq!(cost(Meter::Ec2InstanceHours, 1440.0, 720), 2.5);
        assert_eq!(cost(Meter::EcrInitialScan, 100.0, 720), 9.0);
        assert_eq!(cost(Meter::CodeRepositorySast, 100.0, 720), 0.0);
    }

    #[test]
    fn samples_of_an_hour_share_its_start() {
        let at: Timestamp = "2026-01-01T10:59:59Z".parse().unwrap();
        assert_eq!(hour(at), "2026-01-01T10:00:00Z".parse().unwrap());
    }
}
