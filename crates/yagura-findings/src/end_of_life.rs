//! Operating systems that their vendor no longer maintains.

use jiff::ToSpan;
use jiff::civil::Date;
use yagura_ecosystems::{canonical, platform};
use yagura_model::{
    Detection, EcosystemId, Fix, FixStatus, Inventory, Location, Package, Platform, Severity, TreePath,
    Vulnerability,
};

/// A platform past its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndOfLife {
    /// The last day of support; outputs flag it for ever.
    pub date: Date,
    /// True during the twelve months in which it is a finding of its own.
    pub reported: bool,
}

/// Whether the platform of an inventory is past its end on `today`.
pub fn end_of_life(inventory: &Inventory, today: Date) -> Option<EndOfLife> {
    let platform = inventory.platform.as_ref()?;
    let ecosystem = platform.ecosystem.as_ref()?;
    let (year, month, day) = platform::platform_end_of_life(platform, &canonical(ecosystem))?;
    let date = Date::new(year, month, day).ok()?;
    if today <= date {
        return None;
    }
    let last = date.checked_add(12.months()).unwrap_or(Date::MAX);
    Some(EndOfLife { date, reported: today <= last })
}

/// True when what is said of a platform changes after `from` and up to `to`: its support ended, or the twelve months
/// of its finding did. Nothing else marks its resources then.
pub fn turns(platform: &EcosystemId, from: Date, to: Date) -> bool {
    let at = |day: Date| {
        let ecosystem = Some(platform.clone());
        let inventory = Inventory {
            platform: Some(Platform { ecosystem, ..Platform::default() }),
            ..Inventory::default()
        };
        end_of_life(&inventory, day)
    };
    at(from) != at(to)
}

impl EndOfLife {
    /// The one CRITICAL finding about a discontinued platform; `None` after its twelve months.
    pub(crate) fn detection(&self, inventory: &Inventory) -> Option<Detection> {
        if !self.reported {
            return None;
        }
        let platform = inventory.platform.as_ref()?;
        let ecosystem = platform.ecosystem.as_ref()?;
        let location = Location::path(TreePath::from_text("etc/os-release")?);
        let id = format!("EOL-{}", ecosystem.as_str().replace([' ', ':'], "-"));
        let package =
            Package::new(ecosystem.clone(), platform.id.clone(), platform.version.clone(), location);
        Some(Detection {
            vulnerability: Vulnerability {
                id: id.as_str().into(),
                aliases: Vec::new(),
                summary: format!("{} gets no more security updates since {}", platform.name, self.date),
                details:
                    "New vulnerabilities of its packages are neither announced nor fixed. Move to a release \
                      that is maintained."
                        .to_owned(),
                ratings: Vec::new(),
                cwes: Vec::new(),
                published: None,
                modified: None,
                references: Vec::new(),
                epss: None,
                kev: None,
            },
            package,
            severity: Severity::Critical,
            score: None,
            vector: None,
            score_source: None,
            vendor_severity: None,
            advisory: id,
            source: "yagura".into(),
            fix: Fix { status: FixStatus::EndOfLife, versions: Vec::new() },
            suppressed: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::turns;
    use jiff::civil::date;

    #[test]
    fn r141_two_days_change_what_is_said_of_a_platform() {
        let alpine = "Alpine:v3.18".into();
        let turned = |from, to| turns(&alpine, from, to);
        assert!(!turned(date(2025, 5, 1), date(2025, 5, 9)));
        assert!(turned(date(2025, 5, 9), date(2025, 5, 10)));
        assert!(!turned(date(2025, 5, 10), date(2026, 5, 9)));
        assert!(turned(date(2026, 5, 9), date(2026, 5, 10)));
        assert!(!turned(date(2026, 5, 10), date(2030, 1, 1)));
    }
}
