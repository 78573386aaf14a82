//! Severity bands and the ratings they come from.

use crate::SourceId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Inspector's severity words, from least to most severe.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Nobody has rated it yet.
    #[default]
    Untriaged,
    /// Score 0.
    Informational,
    /// 0.1–3.9.
    Low,
    /// 4.0–6.9.
    Medium,
    /// 7.0–8.9.
    High,
    /// 9.0–10.0.
    Critical,
}

impl Severity {
    /// All bands, least severe first.
    pub const ALL: [Self; 6] =
        [Self::Untriaged, Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// the band of a CVSS base score, 0.0–10.0.
    pub fn from_score(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::Informational,
        }
    }

    /// The upper-case word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Untriaged => "UNTRIAGED",
            Self::Informational => "INFORMATIONAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }

    /// R-138 (3): the band that a vendor's own word stands for; `None` for words without one.
    pub fn from_vendor_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "critical" => Self::Critical,
            "high" | "important" => Self::High,
            "medium" | "moderate" => Self::Medium,
            "low" => Self::Low,
            "negligible" | "informational" | "none" | "unimportant" => Self::Informational,
            _ => return None,
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a severity; use one of untriaged, informational, low, medium, high, critical")]
pub struct BadSeverity(pub String);

impl FromStr for Severity {
    type Err = BadSeverity;

    fn from_str(text: &str) -> Result<Self, BadSeverity> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str().eq_ignore_ascii_case(text))
            .or_else(|| match text.to_ascii_lowercase().as_str() {
                "unknown" => Some(Self::Untriaged),
                word => Self::from_vendor_word(word),
            })
            .ok_or_else(|| BadSeverity(text.to_owned()))
    }
}

/// One source's opinion of how severe a vulnerability is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// Who says so: `nvd`, `osv/PyPI`, `ubuntu`, `redhat`, `cisa-adp`.
    pub source: SourceId,
    /// The CVSS vector as published (2.0, 3.x or 4.0), when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<String>,
    /// CVSS base score 0.0–10.0, computed from the vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The source's own word (`Moderate`, `important`, `not yet assigned`), when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
}
