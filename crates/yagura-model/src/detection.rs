//! What a judgement saw.

use crate::{CodeCause, FixStatus, Package, Severity, SourceId, Vulnerability};
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

/// A flaw in a file, as a rule saw it now: a secret, later code and configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeDetection {
    /// Rule, file and lines, severity, what it means and what to do.
    pub cause: CodeCause,
    /// The rule's name in Japanese.
    pub name_ja: String,
    /// First and last column in characters, from 1; the last one is inside.
    pub columns: (u32, u32),
    /// The text that was seen. Of a secret no more than its first characters and its length.
    pub excerpt: String,
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

impl Suppressed {
    /// [`Self::by`] begins with this where nobody decided anything, but an earlier run saw the same.
    pub const BASELINE: &str = "baseline:";

    /// Whether an earlier run saw the same.
    pub fn is_known(&self) -> bool {
        self.by.starts_with(Self::BASELINE)
    }
}
