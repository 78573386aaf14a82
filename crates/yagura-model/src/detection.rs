//! What a judgement saw.

use crate::{FixStatus, Package, Severity, SourceId, Vulnerability};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One vulnerability on one package of the resource at hand. A stored, numbered detection is a *finding*;
/// the one-shot commands print detections and call them findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Facts about the vulnerability.
    pub vulnerability: Vulnerability,
    /// The affected package.
    pub package: Package,
    /// The severity shown, and the one gates compare.
    pub severity: Severity,
    /// The CVSS base score that the severity came from, 0.0–10.0.
    pub score: Option<f64>,
    /// The vector of that score.
    pub vector: Option<String>,
    /// Who published that score.
    pub score_source: Option<SourceId>,
    /// The deciding source's own severity word.
    pub vendor_severity: Option<String>,
    /// The advisory that decided.
    pub advisory: String,
    /// The feed it came from.
    pub source: SourceId,
    /// What can be done.
    pub fix: Fix,
    /// Why the detection is not shown by default; `None` for an active one.
    pub suppressed: Option<Suppressed>,
}

/// The state of the fix for a detection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// The source's word.
    pub status: FixStatus,
    /// Versions with the fix, nearest first.
    pub versions: Vec<String>,
}

/// Who took a detection out of the default view, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// The file and rule: `.trivyignore:3`, `vex.json#/statements/0`.
    pub by: String,
    /// The reason in the author's words or as a VEX justification.
    pub reason: Option<String>,
    /// When the suppression ends.
    pub until: Option<Timestamp>,
}
