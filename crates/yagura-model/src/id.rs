//! Identifiers as newtypes, so that one is never taken for another.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// Wraps a text as it is.
            pub fn new(text: impl Into<Box<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id! {
    /// Namespace in which names and versions compare, spelled as OSV does: `npm`, `Debian:12`,
    /// `Ubuntu:Pro:18.04:LTS`, `Alpine:v3.19`. The part before the first colon names the [base](Self::base).
    EcosystemId
}

text_id! {
    /// A vulnerability: a CVE id when one exists, otherwise the advisory's own id.
    VulnerabilityId
}

text_id! {
    /// Where an advisory came from: `osv/PyPI`, `debian`, `alpine`, `amazon`, `redhat`, `starter`.
    SourceId
}

text_id! {
    /// A container layer's diff id: `sha256:` and 64 hex digits of the uncompressed layer; for a
    /// function, the ARN of the layer version.
    LayerId
}

text_id! {
    /// An AWS account: twelve digits.
    AccountId
}

text_id! {
    /// An AWS region: `eu-central-1`.
    Region
}

text_id! {
    /// A stored finding: 32 lower-case hexadecimal digits, derived from what it is about.
    FindingId
}

text_id! {
    /// A filter: 16 lower-case hexadecimal digits, the last part of its ARN.
    FilterId
}

impl EcosystemId {
    /// The ecosystem without its release: `Debian` of `Debian:12`.
    pub fn base(&self) -> &str {
        self.0.split_once(':').map_or(&*self.0, |(base, _)| base)
    }

    /// What follows the first colon: `12` of `Debian:12`, `Pro:18.04:LTS` of `Ubuntu:Pro:18.04:LTS`.
    pub fn release(&self) -> Option<&str> {
        self.0.split_once(':').map(|(_, release)| release)
    }
}

impl VulnerabilityId {
    /// True for `CVE-…` ids.
    pub fn is_cve(&self) -> bool {
        self.0.starts_with("CVE-")
    }
}
