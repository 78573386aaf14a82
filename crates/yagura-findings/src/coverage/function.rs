//! Functions (R-71…R-79).

use super::{Answer, Looked};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use yagura_model::{Function, ScanKind, ScanReason};

///
const IDLE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// key and value by kind of scan.
const EXCLUSIONS: [(ScanKind, &str, &str); 2] = [
    (ScanKind::Package, "InspectorExclusion", "LambdaStandardScanning"),
    (ScanKind::Code, "InspectorCodeExclusion", "LambdaCodeScanning"),
];

/// R-213; the runtimes without code scanning are those of R-214.
const RUNTIMES: &[(&str, bool)] = &[
    ("dotnet10", false),
    ("dotnet6", true),
    ("dotnet8", true),
    ("go1.x", false),
    ("java11", true),
    ("java17", true),
    ("java21", true),
    ("java25", true),
    ("java8", true),
    ("java8.al2", true),
    ("nodejs12.x", true),
    ("nodejs14.x", true),
    ("nodejs16.x", true),
    ("nodejs18.x", true),
    ("nodejs20.x", true),
    ("nodejs22.x", true),
    ("nodejs24.x", false),
    ("provided.al2", false),
    ("provided.al2023", false),
    ("python3.10", true),
    ("python3.11", true),
    ("python3.12", true),
    ("python3.13", true),
    ("python3.14", true),
    ("python3.7", true),
    ("python3.8", true),
    ("python3.9", true),
    ("ruby2.7", true),
    ("ruby3.2", true),
    ("ruby3.3", true),
];

pub(super) fn function(
    function: &Function,
    tags: &BTreeMap<String, String>,
    scan: ScanKind,
    looked: &Looked,
    now: Timestamp,
) -> Answer {
    let excluded = EXCLUSIONS
        .iter()
        .any(|(of, key, value)| *of == scan && tags.get(*key).is_some_and(|tag| tag == value));
    if excluded {
        return Answer::no(ScanReason::ExcludedByTag);
    }
    if function.kms_key.is_some() {
        return Answer::no(ScanReason::AccessDeniedToEncryptionKey);
    }
    if function.image {
        return Answer::no(ScanReason::UnsupportedCodeArtifacts);
    }
    let runtime = function.runtime.as_deref().unwrap_or_default();
    let supported =
        RUNTIMES.iter().any(|(name, code)| *name == runtime && (*code || scan == ScanKind::Package));
    if !supported {
        return Answer::no(ScanReason::UnsupportedRuntime);
    }
    // What is not told does not end it.
    let active_at = function.last_modified.max(function.last_invoked);
    if active_at.is_some_and(|at| now.duration_since(at) > IDLE) {
        return Answer::no(ScanReason::ScanEligibilityExpired);
    }
    Answer::yes(looked)
}
