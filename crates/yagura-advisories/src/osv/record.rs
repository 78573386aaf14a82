//! The OSV JSON record, as far as it is read. Every field may be absent or null: databases differ.

use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// One record.
#[derive(Debug, Deserialize)]
pub struct Record {
    pub id: String,
    pub modified: Option<String>,
    pub published: Option<String>,
    pub withdrawn: Option<String>,
    pub aliases: Option<Vec<String>>,
    pub upstream: Option<Vec<String>>,
    pub related: Option<Vec<String>>,
    pub summary: Option<String>,
    pub details: Option<String>,
    pub severity: Option<Vec<Severity>>,
    pub affected: Option<Vec<Affected>>,
    pub references: Option<Vec<Link>>,
    pub database_specific: Option<Words>,
}

/// A vector, or a word of a named scheme.
#[derive(Debug, Deserialize)]
pub struct Severity {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub score: Option<Scalar>,
}

/// A link.
#[derive(Debug, Deserialize)]
pub struct Link {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub url: Option<String>,
}

/// What is said of one package.
#[derive(Debug, Deserialize)]
pub struct Affected {
    pub package: Option<Package>,
    pub ranges: Option<Vec<Range>>,
    pub versions: Option<Vec<String>>,
    pub severity: Option<Vec<Severity>>,
    pub ecosystem_specific: Option<Words>,
    pub database_specific: Option<Words>,
}

/// A package.
#[derive(Debug, Deserialize)]
pub struct Package {
    pub ecosystem: Option<String>,
    pub name: Option<String>,
}

/// A range.
#[derive(Debug, Deserialize)]
pub struct Range {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub repo: Option<String>,
    pub events: Option<Vec<Event>>,
}

/// An event; exactly one field is set.
#[derive(Debug, Deserialize)]
pub struct Event {
    pub introduced: Option<String>,
    pub fixed: Option<String>,
    pub last_affected: Option<String>,
    pub limit: Option<String>,
}

/// The free-form objects, as far as databases put known words into them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Words {
    pub severity: Option<Scalar>,
    pub status: Option<Scalar>,
    pub urgency: Option<Scalar>,
    pub ubuntu_priority: Option<Scalar>,
    pub priority_reason: Option<IgnoredAny>,
    pub cvss: Option<Scalar>,
    pub informational: Option<Scalar>,
    pub cwe_ids: Option<Texts>,
    pub cwes: Option<Texts>,
    pub binaries: Option<Binaries>,
    pub module: Option<Scalar>,
}

/// A text where one is expected; anything else is passed over.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    Text(String),
    Other(IgnoredAny),
}

impl Scalar {
    /// The text, when it is one and not empty.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.trim().is_empty() => Some(text.trim()),
            _ => None,
        }
    }
}

/// A list of texts where one is expected.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Texts {
    List(Vec<String>),
    Objects(Vec<CweObject>),
    Other(IgnoredAny),
}

/// A weakness as an object, as the older GitHub exports have it.
#[derive(Debug, Deserialize)]
pub struct CweObject {
    #[serde(alias = "cweId")]
    pub cwe_id: String,
}

impl Texts {
    /// The texts.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::List(texts) => texts.iter().map(String::as_str).collect(),
            Self::Objects(objects) => objects.iter().map(|object| object.cwe_id.as_str()).collect(),
            Self::Other(_) => Vec::new(),
        }
    }
}

/// SUSE's and Ubuntu's binary packages with their versions.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Binaries {
    /// SUSE: name to fixed version.
    Versions(Vec<BTreeMap<String, String>>),
    Other(IgnoredAny),
}
