//! Images and their repositories (R-53…R-66).

use super::{Answer, Looked};
use jiff::{SignedDuration, Timestamp};
use yagura_model::{Coverage, Image, ImageRepository, ImageWindows, ScanFrequency, ScanReason, UseBy};

/// images that were pushed longer before the activation need a new push.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(14 * 24);

///
const MANIFESTS: &[&str] =
    &["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];

/// A rule of a registry's scanning configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryRule {
    /// What it asks for.
    pub frequency: ScanFrequency,
    /// Wildcards on repository names.
    pub filters: Vec<String>,
}

/// When the images of a repository are scanned, by the rules of its registry under enhanced scanning.
pub fn frequency(rules: &[RegistryRule], repository: &str) -> ScanFrequency {
    if rules.is_empty() {
        return ScanFrequency::Continuous;
    }
    let of = |frequency| {
        rules
            .iter()
            .filter(|rule| rule.frequency == frequency)
            .flat_map(|rule| &rule.filters)
            .any(|filter| wildcard(filter, repository))
    };
    if of(ScanFrequency::Continuous) {
        ScanFrequency::Continuous
    } else if of(ScanFrequency::OnPush) {
        ScanFrequency::OnPush
    } else {
        ScanFrequency::Manual
    }
}

/// with `*` the pattern is the whole name, without it a part of it.
fn wildcard(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(first) = parts.next() else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return name.contains(pattern) };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A repository is listed, not scanned.
pub(super) fn repository(repository: &ImageRepository, looked: &Looked) -> Answer {
    let trouble = looked.trouble.map(|trouble| match trouble {
        ScanReason::AccessDenied => trouble,
        _ => ScanReason::InternalError,
    });
    match (trouble, repository.frequency) {
        (Some(trouble), _) => Answer::no(trouble),
        (None, ScanFrequency::Manual) => Answer::no(ScanReason::ScanFrequencyManual),
        (None, _) => Answer { active: true, reason: ScanReason::Successful, mode: None },
    }
}

/// Everything that an image is asked about.
pub(super) struct Asked<'a> {
    pub windows: &'a ImageWindows,
    /// When image scanning was switched on.
    pub activated_at: Timestamp,
    pub previous: Option<&'a Coverage>,
    pub looked: &'a Looked,
    pub now: Timestamp,
}

pub(super) fn image(image: &Image, asked: &Asked<'_>) -> Answer {
    if image.archived {
        return Answer::no(ScanReason::ImageArchived);
    }
    if asked.looked.frequency == ScanFrequency::Manual {
        return Answer::no(ScanReason::ScanFrequencyManual);
    }
    if image.media_type.as_deref().is_some_and(|kind| !MANIFESTS.contains(&kind)) {
        return Answer::no(ScanReason::UnsupportedMediaType);
    }
    let expired = asked.previous.filter(|previous| previous.reason == ScanReason::ScanEligibilityExpired);
    if !in_window(image, asked)
        || expired.is_some_and(|expired| !is_revived(image, asked, expired.changed_at))
    {
        return Answer::no(ScanReason::ScanEligibilityExpired);
    }
    let looked = asked.looked;
    // A look before the last push or activation was at the same bytes, but its window has ended.
    let revived_at = match (expired, asked.previous) {
        (Some(expired), _) => Some(expired.changed_at),
        (None, Some(previous)) if previous.reason == ScanReason::PendingRevivalScan => {
            Some(previous.changed_at)
        }
        _ => None,
    };
    if let (Some(at), Some(scanned), None) = (revived_at, looked.scanned_at, looked.trouble)
        && scanned <= at
    {
        return Answer { active: true, reason: ScanReason::PendingRevivalScan, mode: None };
    }
    let answer = Answer::yes(looked);
    // once is enough.
    if looked.frequency == ScanFrequency::OnPush && answer.reason == ScanReason::Successful {
        return Answer::no(ScanReason::ScanFrequencyScanOnPush);
    }
    answer
}

/// The last push, or the last way out of the archive.
fn started(image: &Image) -> Option<Timestamp> {
    image.pushed_at.max(image.activated_at)
}

/// The last use that counts. Use is not tracked for images that are platforms of an index.
fn used(image: &Image, windows: &ImageWindows) -> Option<Timestamp> {
    match windows.use_by {
        UseBy::InUse if image.index.is_some() => None,
        UseBy::InUse => image.last_in_use_at,
        UseBy::Pull => image.pulled_at,
    }
}

/// A registry that does not tell pushes never ends a window.
fn in_window(image: &Image, asked: &Asked<'_>) -> bool {
    let Some(started) = started(image) else { return true };
    if asked.looked.scanned_at.is_none() && asked.activated_at.duration_since(started) > LOOK_BACK {
        return false;
    }
    let within = |since: Timestamp, days: u16| {
        asked.now.duration_since(since) <= SignedDuration::from_hours(i64::from(days) * 24)
    };
    asked.windows.push_days.is_none_or(|days| within(started, days))
        || used(image, asked.windows).is_some_and(|used| within(used, asked.windows.use_days))
}

/// only what happened since can bring an expired image back. A longer window alone does not.
fn is_revived(image: &Image, asked: &Asked<'_>, expired_at: Timestamp) -> bool {
    let since = |at: Option<Timestamp>| at.is_some_and(|at| at > expired_at);
    let continuous = asked.looked.frequency == ScanFrequency::Continuous;
    since(started(image)) || (continuous && (since(image.pulled_at) || since(used(image, asked.windows))))
}
