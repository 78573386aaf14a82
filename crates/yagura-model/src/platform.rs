//! The operating system of a resource.

use crate::EcosystemId;
use serde::{Deserialize, Serialize};

/// What os-release, or its substitutes, say about a root file system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// `ID` of os-release: `debian`, `amzn`, `rhel`.
    pub id: String,
    /// `VERSION_ID`: `12`, `2023`, `9.4`; empty for rolling releases.
    pub version: String,
    /// `PRETTY_NAME`, for people.
    pub name: String,
    /// `ID_LIKE`, split at spaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub like: Vec<String>,
    /// `CPE_NAME`, where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpe: Option<String>,
    /// The ecosystem its packages belong to, as in `Debian:12`; `None` when no advisories are known for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecosystem: Option<EcosystemId>,
}
