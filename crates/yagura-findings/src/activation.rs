//! Switching scan types on and off (section 2 of the rules), as functions on an [`Account`].
//!
//! A request only moves a type to ENABLING or DISABLING; [`settle`] ends the transition once a loop has done what
//! it asks for.

use jiff::{SignedDuration, Timestamp};
use yagura_model::{Account, Activation, ActivationStatus, Configuration, ScanType};

///
pub const TRIAL: SignedDuration = SignedDuration::from_hours(15 * 24);

/// Who asks, as far as it matters here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asker {
    /// The account itself, as a member of an organization.
    pub member: bool,
    /// Scan types of the account are managed by an organization's policy.
    pub policy: bool,
    /// The account is a delegated administrator that still has members.
    pub has_members: bool,
}

/// Why an account could not be changed; the API's `ErrorCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A scan type is being switched on.
    #[error("scan types are being enabled")]
    EnableInProgress,
    /// A scan type is being switched off.
    #[error("scan types are being disabled")]
    DisableInProgress,
    /// The account is about to be suspended.
    #[error("the account is being suspended")]
    SuspendInProgress,
    /// Only the delegated administrator may do this, or the account is suspended.
    #[error("the account may not change this")]
    AccessDenied,
    /// An organization's policy manages it.
    #[error("an organization policy manages the scan types of this account")]
    BlockedByOrganizationPolicy,
    /// Members have to be disassociated first.
    #[error("the delegated administrator still has members")]
    DisassociateAllMembers,
    /// LAMBDA_CODE without LAMBDA; refused as a whole with a validation error.
    #[error("LAMBDA_CODE needs LAMBDA")]
    NeedsLambda,
}

impl Refused {
    /// The word of the API; `None` where the request as a whole is invalid.
    pub fn code(self) -> Option<&'static str> {
        Some(match self {
            Self::EnableInProgress => "ENABLE_IN_PROGRESS",
            Self::DisableInProgress => "DISABLE_IN_PROGRESS",
            Self::SuspendInProgress => "SUSPEND_IN_PROGRESS",
            Self::AccessDenied => "ACCESS_DENIED",
            Self::BlockedByOrganizationPolicy => "BLOCKED_BY_ORGANIZATION_POLICY",
            Self::DisassociateAllMembers => "DISASSOCIATE_ALL_MEMBERS",
            Self::NeedsLambda => return None,
        })
    }
}

/// Moves scan types to ENABLING; those that are on stay as they are.
///
/// # Errors
/// [`Refused`], and nothing has changed.
pub fn enable(account: &mut Account, types: &[ScanType], now: Timestamp) -> Result<(), Refused> {
    let lambda = types.contains(&ScanType::Lambda) || is_on(account.status(ScanType::Lambda));
    if types.contains(&ScanType::LambdaCode) && !lambda {
        return Err(Refused::NeedsLambda);
    }
    for &scan in types {
        refuse_suspended(account.status(scan))?;
        if account.status(scan) == ActivationStatus::Disabling {
            return Err(Refused::DisableInProgress);
        }
    }
    for scan in types {
        let activation = account.activations.entry(*scan).or_default();
        if is_on(activation.status) {
            continue;
        }
        activation.status = ActivationStatus::Enabling;
        activation.since = now;
        activation.trial_started.get_or_insert(now);
    }
    Ok(())
}

/// Moves scan types to DISABLING; an empty list means all of them. LAMBDA takes LAMBDA_CODE along.
///
/// # Errors
/// [`Refused`], and nothing has changed.
pub fn disable(
    account: &mut Account,
    types: &[ScanType],
    asker: Asker,
    now: Timestamp,
) -> Result<(), Refused> {
    let mut types: Vec<ScanType> = if types.is_empty() { ScanType::ALL.to_vec() } else { types.to_vec() };
    if types.contains(&ScanType::Lambda) {
        types.push(ScanType::LambdaCode);
    }
    if asker.policy {
        return Err(Refused::BlockedByOrganizationPolicy);
    }
    if asker.member {
        return Err(Refused::AccessDenied);
    }
    let left = ScanType::ALL.iter().any(|scan| !types.contains(scan) && is_on(account.status(*scan)));
    if asker.has_members && !left {
        return Err(Refused::DisassociateAllMembers);
    }
    for scan in &types {
        refuse_suspended(account.status(*scan))?;
        if account.status(*scan) == ActivationStatus::Enabling {
            return Err(Refused::EnableInProgress);
        }
    }
    for scan in types {
        if let Some(activation) =
            account.activations.get_mut(&scan).filter(|one| one.status == ActivationStatus::Enabled)
        {
            activation.status = ActivationStatus::Disabling;
            activation.since = now;
        }
    }
    Ok(())
}

/// What the end of a transition asks for beyond the account itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// Types that are on now: discover everything at once.
    pub enabled: Vec<ScanType>,
    /// Types that are off now: their findings close.
    pub disabled: Vec<ScanType>,
    /// The last type went off: settings, filters and suppression rules are to be deleted.
    pub deactivated: bool,
}

/// Ends all transitions of an account.
pub fn settle(account: &mut Account, now: Timestamp) -> Settled {
    let mut settled = Settled::default();
    for (scan, activation) in &mut account.activations {
        let (status, list) = match activation.status {
            ActivationStatus::Enabling => (ActivationStatus::Enabled, &mut settled.enabled),
            ActivationStatus::Disabling => (ActivationStatus::Disabled, &mut settled.disabled),
            _ => continue,
        };
        activation.status = status;
        activation.since = now;
        list.push(*scan);
    }
    settled.deactivated = !settled.disabled.is_empty() && status(account) == ActivationStatus::Disabled;
    if settled.deactivated {
        account.configuration = Configuration::default();
    }
    settled
}

/// the status of the account as a whole.
pub fn status(account: &Account) -> ActivationStatus {
    let has = |status| account.activations.values().any(|one| one.status == status);
    [
        ActivationStatus::Suspended,
        ActivationStatus::Suspending,
        ActivationStatus::Disabling,
        ActivationStatus::Enabling,
        ActivationStatus::Enabled,
    ]
    .into_iter()
    .find(|status| has(*status))
    .unwrap_or(ActivationStatus::Disabled)
}

/// Begin and end of the free trial of a scan type, once it was ever on.
pub fn trial(activation: &Activation) -> Option<(Timestamp, Timestamp)> {
    let start = activation.trial_started?;
    Some((start, start.checked_add(TRIAL).unwrap_or(Timestamp::MAX)))
}

fn is_on(status: ActivationStatus) -> bool {
    matches!(status, ActivationStatus::Enabled | ActivationStatus::Enabling)
}

fn refuse_suspended(status: ActivationStatus) -> Result<(), Refused> {
    match status {
        ActivationStatus::Suspending => Err(Refused::SuspendInProgress),
        ActivationStatus::Suspended => Err(Refused::AccessDenied),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::home;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn on(types: &[ScanType]) -> Account {
        let mut account = Account::new(home());
        enable(&mut account, types, now()).unwrap();
        settle(&mut account, now());
        account
    }

    #[test]
    fn r7_enabling_is_a_transition() {
        let mut account = Account::new(home());
        enable(&mut account, &[ScanType::Ec2], now()).unwrap();
        assert_eq!(account.status(ScanType::Ec2), ActivationStatus::Enabling);
        assert_eq!(status(&account), ActivationStatus::Enabling);
        let settled = settle(&mut account, now());
        assert_eq!(settled, Settled { enabled: vec![ScanType::Ec2], ..Settled::default() });
        assert_eq!(status(&account), ActivationStatus::Enabled);
        enable(&mut account, &[ScanType::Ec2], now()).unwrap();
        assert_eq!(account.status(ScanType::Ec2), ActivationStatus::Enabled);
    }

    #[test]
    fn r9_code_scanning_needs_lambda() {
        let mut account = Account::new(home());
        assert_eq!(enable(&mut account, &[ScanType::LambdaCode], now()), Err(Refused::NeedsLambda));
        assert_eq!(account, Account::new(home()));
        enable(&mut account, &[ScanType::LambdaCode, ScanType::Lambda], now()).unwrap();
        enable(&mut on(&[ScanType::Lambda]), &[ScanType::LambdaCode], now()).unwrap();
    }

    #[test]
    fn r10_lambda_takes_code_scanning_along() {
        let mut account = on(&[ScanType::Lambda, ScanType::LambdaCode]);
        disable(&mut account, &[ScanType::Lambda], Asker::default(), now()).unwrap();
        assert_eq!(account.status(ScanType::LambdaCode), ActivationStatus::Disabling);
    }

    #[test]
    fn r12_the_last_type_takes_the_settings_along() {
        let mut account = on(&[ScanType::Ec2, ScanType::Ecr]);
        account.configuration.own_agent = true;
        disable(&mut account, &[ScanType::Ec2], Asker::default(), now()).unwrap();
        assert_eq!(status(&account), ActivationStatus::Disabling);
        assert!(!settle(&mut account, now()).deactivated);
        assert!(account.configuration.own_agent);
        disable(&mut account, &[], Asker::default(), now()).unwrap();
        assert!(settle(&mut account, now()).deactivated);
        assert_eq!((status(&account), account.configuration.own_agent), (ActivationStatus::Disabled, false));
        assert!(!settle(&mut account, now()).deactivated);
    }

    #[test]
    fn r16_the_trial_runs_from_the_first_activation() {
        let mut account = on(&[ScanType::Ec2]);
        disable(&mut account, &[ScanType::Ec2], Asker::default(), now()).unwrap();
        settle(&mut account, now());
        enable(&mut account, &[ScanType::Ec2], "2026-03-01T00:00:00Z".parse().unwrap()).unwrap();
        let (start, end) = trial(&account.activations[&ScanType::Ec2]).unwrap();
        assert_eq!((start, end), (now(), "2026-01-16T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn r17_r19_r201_who_may_disable() {
        let refused = |asker, types: &[ScanType]| {
            disable(&mut on(&[ScanType::Ec2, ScanType::Ecr]), types, asker, now())
                .err()
                .and_then(Refused::code)
        };
        let asker = Asker::default();
        assert_eq!(refused(asker, &[ScanType::Ec2]), None);
        assert_eq!(refused(Asker { member: true, ..asker }, &[ScanType::Ec2]), Some("ACCESS_DENIED"));
        assert_eq!(
            refused(Asker { policy: true, ..asker }, &[ScanType::Ec2]),
            Some("BLOCKED_BY_ORGANIZATION_POLICY")
        );
        assert_eq!(refused(Asker { has_members: true, ..asker }, &[ScanType::Ec2]), None);
        assert_eq!(refused(Asker { has_members: true, ..asker }, &[]), Some("DISASSOCIATE_ALL_MEMBERS"));
    }

    #[test]
    fn r8_transitions_and_suspension_refuse() {
        let mut account = on(&[ScanType::Ec2]);
        disable(&mut account, &[], Asker::default(), now()).unwrap();
        assert_eq!(enable(&mut account, &[ScanType::Ec2], now()), Err(Refused::DisableInProgress));
        let mut account = Account::new(home());
        enable(&mut account, &[ScanType::Ec2], now()).unwrap();
        assert_eq!(disable(&mut account, &[], Asker::default(), now()), Err(Refused::EnableInProgress));
        account.activations.get_mut(&ScanType::Ec2).unwrap().status = ActivationStatus::Suspended;
        assert_eq!(enable(&mut account, &[ScanType::Ec2], now()), Err(Refused::AccessDenied));
        assert_eq!(status(&account), ActivationStatus::Suspended);
    }
}
