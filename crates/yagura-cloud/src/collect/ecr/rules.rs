//! How often a repository is scanned, which only the registry's rules decide.

use crate::aws::services::ecr;
use crate::aws::{Aws, AwsError};
use yagura_model::ScanFrequency;

/// The scanning rules of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// True for enhanced scanning; basic scanning is ECR's own affair.
    pub enhanced: bool,
    /// Frequency and patterns of repository names.
    pub rules: Vec<(ScanFrequency, Vec<String>)>,
}

impl Rules {
    /// What is assumed when the rules cannot be read: everything is scanned, because less would be silence.
    pub fn unknown() -> Self {
        Self { enhanced: true, rules: Vec::new() }
    }

    /// Reads the rules of a registry.
    ///
    /// # Errors
    /// ECR does not tell them.
    pub async fn of(aws: &Aws) -> Result<Self, AwsError> {
        let input = ecr::GetRegistryScanningConfigurationRequest::default();
        let answer = ecr::get_registry_scanning_configuration(aws, &input).await?;
        let found = answer.scanning_configuration.unwrap_or_default();
        let rule = |rule: ecr::RegistryScanningRule| {
            let frequency = match rule.scan_frequency.as_deref() {
                Some("CONTINUOUS_SCAN") => ScanFrequency::Continuous,
                Some("SCAN_ON_PUSH") => ScanFrequency::OnPush,
                _ => ScanFrequency::Manual,
            };
            (frequency, rule.repository_filters.into_iter().filter_map(|filter| filter.filter).collect())
        };
        Ok(Self {
            enhanced: found.scan_type.as_deref() == Some("ENHANCED"),
            rules: found.rules.into_iter().map(rule).collect(),
        })
    }

    /// Switches the registry to enhanced scanning, or back to basic. Rules are kept.
    ///
    /// # Errors
    /// ECR refuses.
    pub async fn switch(aws: &Aws, enhanced: bool) -> Result<(), AwsError> {
        let input = ecr::GetRegistryScanningConfigurationRequest::default();
        let found = ecr::get_registry_scanning_configuration(aws, &input).await?;
        let found = found.scanning_configuration.unwrap_or_default();
        let wanted = if enhanced { "ENHANCED" } else { "BASIC" };
        if found.scan_type.as_deref() == Some(wanted) {
            return Ok(());
        }
        // Basic scanning knows no continuous rules.
        let rules = match enhanced {
            true => found.rules,
            false => Vec::new(),
        };
        let input =
            ecr::PutRegistryScanningConfigurationRequest { scan_type: Some(wanted.to_owned()), rules };
        ecr::put_registry_scanning_configuration(aws, &input).await.map(|_| ())
    }
}

/// When images of a repository are scanned. Continuous wins when both kinds of rule match.
pub fn frequency(rules: &Rules, repository: &str) -> ScanFrequency {
    if !rules.enhanced {
        return ScanFrequency::Manual;
    }
    if rules.rules.is_empty() {
        return ScanFrequency::Continuous;
    }
    let holds = |wanted: ScanFrequency| {
        rules.rules.iter().any(|(frequency, patterns)| {
            *frequency == wanted && patterns.iter().any(|pattern| matches(pattern, repository))
        })
    };
    match () {
        () if holds(ScanFrequency::Continuous) => ScanFrequency::Continuous,
        () if holds(ScanFrequency::OnPush) => ScanFrequency::OnPush,
        () => ScanFrequency::Manual,
    }
}

/// With `*` the pattern is the whole name, without it a part.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((beginning, rest)) = pattern.split_once('*') else { return name.contains(pattern) };
    let Some(mut name) = name.strip_prefix(beginning) else { return false };
    let parts: Vec<&str> = rest.split('*').collect();
    let Some((last, middle)) = parts.split_last() else { return true };
    for part in middle {
        match name.find(part) {
            Some(at) => name = name.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(rules: &[(ScanFrequency, &[&str])]) -> Rules {
        let owned = |patterns: &[&str]| patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let rules = rules.iter().map(|(frequency, patterns)| (*frequency, owned(patterns))).collect();
        Rules { enhanced: true, rules }
    }

    #[test]
    fn r53_continuous_wins_and_no_rule_is_off() {
        let rules = rules(&[(ScanFrequency::OnPush, &["*"]), (ScanFrequency::Continuous, &["prod/*"])]);
        assert_eq!(frequency(&rules, "prod/web"), ScanFrequency::Continuous);
        assert_eq!(frequency(&rules, "test/web"), ScanFrequency::OnPush);
        let basic = Rules { enhanced: false, ..rules };
        assert_eq!(frequency(&basic, "prod/web"), ScanFrequency::Manual);
    }

    #[test]
    fn r54_a_star_takes_the_whole_name_and_without_one_a_part_is_enough() {
        for (pattern, name, expected) in [
            ("*", "a/b", true),
            ("acme/*", "acme/web", true),
            ("acme/*", "x/acme/web", false),
            ("*web", "acme/web2", false),
            ("web", "acme/web2", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXc", false),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        assert_eq!(frequency(&rules(&[]), "any"), ScanFrequency::Continuous);
        assert_eq!(frequency(&rules(&[(ScanFrequency::OnPush, &["x"])]), "any"), ScanFrequency::Manual);
    }
}
