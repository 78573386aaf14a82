//! Instances (R-21…R-40), and machines elsewhere that report themselves.

use super::{Answer, Looked, is_partial, platform};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use yagura_model::{Agent, AgentKind, Configuration, Ec2Mode, Instance, InstanceState, ScanMode, ScanReason};

///
const STALE_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long an agent that has just come up may take for its first inventory: two of its intervals.
const FIRST_INVENTORY: SignedDuration = SignedDuration::from_hours(1);

/// eight volumes are allowed, GiB together.
const VOLUMES: usize = 8;
const STORAGE: u64 = 1_200;

/// any letter case, any value.
const EXCLUSION: &str = "InspectorEc2Exclusion";

/// What holds for every kind of scan.
fn barred(instance: &Instance, tags: &BTreeMap<String, String>) -> Option<Answer> {
    let excluded = tags.keys().any(|key| key.eq_ignore_ascii_case(EXCLUSION));
    match instance.state {
        InstanceState::Terminated => Some(Answer::no(ScanReason::ResourceTerminated)),
        _ if excluded => Some(Answer::no(ScanReason::ExcludedByTag)),
        InstanceState::Stopped if instance.beyond_aws => Some(Answer::no(ScanReason::ResourceStopped)),
        InstanceState::Stopped => Some(Answer::no(ScanReason::Ec2InstanceStopped)),
        InstanceState::Running => None,
    }
}

/// Open paths.
pub(super) fn network(instance: &Instance, tags: &BTreeMap<String, String>, looked: &Looked) -> Answer {
    barred(instance, tags).unwrap_or_else(|| Answer::yes(looked))
}

/// Packages: through the agent where there is one that works, through snapshots where there is none and the mode
/// allows it.
pub(super) fn packages(
    instance: &Instance,
    tags: &BTreeMap<String, String>,
    configuration: &Configuration,
    looked: &Looked,
    now: Timestamp,
) -> Answer {
    if let Some(answer) = barred(instance, tags) {
        return answer;
    }
    let agent = instance.agent.as_ref();
    if let Some(agent) = agent {
        let today = now.to_zoned_datetime(TimeZone::UTC).date();
        let platform = platform::platform_of_agent(&agent.platform_name, &agent.platform_version);
        if !platform.is_some_and(|platform| platform::supported(&platform, today)) {
            return Answer::no(ScanReason::UnsupportedOs);
        }
    }
    let missing = match agent {
        None if instance.beyond_aws => ScanReason::ResourceUnmanaged,
        None => ScanReason::UnmanagedEc2Instance,
        Some(agent) => {
            let mode = mode(instance, agent);
            match agent.inventory_at {
                Some(at) if now.duration_since(at) <= STALE_AFTER => return Answer::yes(looked).mode(mode),
                Some(_) => ScanReason::StaleInventory,
                None if is_new(instance, now) => {
                    return Answer { active: true, reason: ScanReason::PendingInitialScan, mode: Some(mode) };
                }
                None => ScanReason::NoInventory,
            }
        }
    };
    let ebs_backed = instance.volumes.iter().any(|volume| volume.root);
    if configuration.ec2_mode == Ec2Mode::Agent || instance.beyond_aws || !ebs_backed {
        return Answer { mode: agent.map(|agent| mode(instance, agent)), ..Answer::no(missing) };
    }
    let storage: u64 = instance.volumes.iter().map(|volume| u64::from(volume.size)).sum();
    if instance.volumes.len() > VOLUMES || storage > STORAGE {
        return Answer::no(ScanReason::AgentlessInstanceStorageLimitExceeded).mode(ScanMode::Ec2Agentless);
    }
    // What deep inspection lacked is the agent's affair.
    let trouble = looked.trouble.filter(|trouble| !is_partial(*trouble));
    Answer::yes(&Looked { trouble, ..looked.clone() }).mode(ScanMode::Ec2Agentless)
}

fn is_new(instance: &Instance, now: Timestamp) -> bool {
    instance.launched_at.is_some_and(|launched| now.duration_since(launched) <= FIRST_INVENTORY)
}

fn mode(instance: &Instance, agent: &Agent) -> ScanMode {
    match agent.kind {
        AgentKind::SystemsManager => ScanMode::Ec2SsmAgentBased,
        AgentKind::Own if instance.beyond_aws => ScanMode::VmInspectorAgentBased,
        AgentKind::Own => ScanMode::Ec2InspectorAgentBased,
    }
}

/// True for Windows, whose inventory comes every six hours.
pub(super) fn is_windows(instance: &Instance) -> bool {
    instance.agent.as_ref().is_some_and(|agent| agent.platform_name.contains("Windows"))
}
