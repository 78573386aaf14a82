//! The settings documents that the API writes and the loops read: kind, id and shape of each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use yagura_model::AccountId;

/// Kind of [`yagura_model::Filter`] documents; the id is the filter's.
pub const FILTER: &str = "filter";
/// Kind of [`Organization`]; its home is the management account's, its id is `organization`.
pub const ORGANIZATION: &str = "organization";
/// Kind of [`Member`]; its home is the administrator's, its id the member's account.
pub const MEMBER: &str = "member";
/// Kind of findings reports ([`Report`]); the id is the report's.
pub const FINDINGS_REPORT: &str = "findings-report";
/// Kind of SBOM exports ([`Report`]).
pub const SBOM_EXPORT: &str = "sbom-export";
/// Kind of [`Integration`]; the id is the last part of the ARN.
pub const INTEGRATION: &str = "code-integration";
/// Kind of [`ScanConfiguration`]; the id is the last part of the ARN.
pub const SCAN_CONFIGURATION: &str = "code-scan-configuration";
/// Kind of [`CodeScan`]; the id is the scan's.
pub const CODE_SCAN: &str = "code-scan";
/// Kind of [`DeepInspection`]; the id is `deep-inspection`.
pub const DEEP_INSPECTION: &str = "deep-inspection";
/// Kind of [`EncryptionKey`]; the id is the resource type.
pub const ENCRYPTION_KEY: &str = "encryption-key";
/// Kind of machine-image settings (the request's own `amiConfiguration`); the id is `machine-images`.
pub const MACHINE_IMAGES: &str = "machine-images";
/// Kind of [`Snippet`]; the id is the finding's.
pub const SNIPPET: &str = "code-snippet";
/// Kind of remembered answers ([`Remembered`]), by digest of the client's token.
pub const ANSWER: &str = "client-token";

/// An organization, as the management account or discovery wrote it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Organization {
    /// `o-…`; empty until Organizations was asked.
    pub id: String,
    /// Accounts that are known to belong to it; empty until Organizations was asked.
    pub accounts: Vec<AccountId>,
    /// The delegated administrator.
    pub administrator: Option<AccountId>,
    /// True while the administrator is being removed.
    pub removing: bool,
    /// What is switched on for new members.
    pub auto_enable: AutoEnable,
    /// More accounts than auto-enable reaches.
    pub limit_reached: bool,
    /// Paths that deep inspection looks into on every member.
    pub deep_paths: Vec<String>,
}

/// Scan types that new members get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)] // the scan types
pub struct AutoEnable {
    pub ec2: bool,
    pub ecr: bool,
    pub lambda: bool,
    pub lambda_code: bool,
    pub code_repository: bool,
    pub ami: bool,
}

/// A member of an administrator. `CREATED` and `REMOVED` are intents: [`crate::settle()`] turns them into
/// `ENABLED`, or takes the member out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The relationship's word.
    pub status: String,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// False when the member switched deep inspection off.
    pub deep_inspection: bool,
}

/// A findings report or SBOM export. `IN_PROGRESS` is the intent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `IN_PROGRESS`, `SUCCEEDED`, `CANCELLED`, `FAILED`.
    pub status: String,
    /// `CSV`, `JSON`, `CYCLONEDX_1_4`, `SPDX_2_3`.
    pub format: String,
    /// The request's `s3Destination`.
    pub destination: Value,
    /// The request's criteria; null when there were none.
    pub criteria: Value,
    /// Why it failed.
    pub error_code: Option<String>,
    /// The same for people.
    pub error_message: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A connection to a code host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Integration {
    /// Unique in the account.
    pub name: String,
    /// `GITHUB` or `GITLAB_SELF_MANAGED`.
    pub provider: String,
    /// `PENDING`, `IN_PROGRESS`, `ACTIVE`, `INACTIVE`, `DISABLING`.
    pub status: String,
    /// Why.
    pub status_reason: String,
    /// GitLab: address of the instance.
    pub instance_url: Option<String>,
    /// GitLab: personal access token. GitHub: code and installation id. Never shown.
    pub secrets: BTreeMap<String, String>,
    /// Where the user authorises.
    pub authorization_url: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What is scanned in code projects, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScanConfiguration {
    /// Unique per owner.
    pub name: String,
    /// `ACCOUNT` or `ORGANIZATION`.
    pub level: String,
    /// The account, or the organization for that level.
    pub owner: String,
    /// The request's own configuration.
    pub configuration: Value,
    /// True for the default configuration.
    pub all_projects: bool,
    /// Projects it is attached to, sorted.
    pub projects: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A scan of a project on request. `IN_PROGRESS` is the intent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CodeScan {
    /// `project-…`.
    pub project: String,
    /// `IN_PROGRESS`, `SUCCESSFUL`, `FAILED`, `SKIPPED`.
    pub status: String,
    /// Why.
    pub status_reason: Option<String>,
    /// The commit that was scanned.
    pub commit: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Deep inspection of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeepInspection {
    /// On.
    pub active: bool,
    /// Paths of the account.
    pub paths: Vec<String>,
}

impl Default for DeepInspection {
    fn default() -> DeepInspection {
        DeepInspection { active: true, paths: Vec::new() }
    }
}

/// The customer's key for code snippets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionKey {
    /// ARN of the key.
    pub kms_key: String,
}

/// Lines around a code finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    /// Line numbers and text.
    pub lines: Vec<(u32, String)>,
    /// Suggested fixes: description and code.
    pub fixes: Vec<(String, String)>,
}

/// The first answer to an idempotency token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// When it was given.
    pub at: Timestamp,
    /// The answer.
    pub answer: Value,
}
