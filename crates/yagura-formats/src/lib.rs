//! Documents out and in. Everything printed is one rendering of a [`Report`]; the same report always gives
//! the same bytes.

pub mod csv;
pub mod cyclonedx;
pub mod delivery;
pub mod gitlab;
pub mod html;
pub mod inspector2;
pub mod inspector_scan;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod report;
pub mod sarif;
pub mod sbom;
pub mod service;
pub mod spdx;
pub mod text;

pub use report::{Format, Report, SourceState, Target, TargetKind};

use cyclonedx::CycloneDx;

/// Every format, in alphabetical order.
pub static FORMATS: &[&dyn Format] = &[
    &csv::Csv,
    &CycloneDx { id: "cyclonedx", version: "1.6" },
    &CycloneDx { id: "cyclonedx-1.4", version: "1.4" },
    &CycloneDx { id: "cyclonedx-1.5", version: "1.5" },
    &gitlab::Gitlab,
    &html::Html,
    &json::Json,
    &junit::Junit,
    &markdown::Markdown,
    &sarif::Sarif,
    &spdx::Spdx,
];

/// The format of a name.
pub fn format(id: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.id() == id)
}
