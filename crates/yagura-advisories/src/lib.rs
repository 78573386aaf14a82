//! Advisory feeds, and the one file that all of them are compiled into.
//!
//! A [`Feed`] says what to download and how to read it; it performs no I/O. What it reads goes into a
//! [`Sink`]: advisories about packages, or facts about vulnerabilities (scores, descriptions, exploitation).
//! [`database`] builds and reads the advisory file over plain bytes.

pub mod almalinux;
pub mod arch;
pub mod archive;
pub mod bottlerocket;
pub mod cve;
pub mod cvss;
pub mod database;
pub mod debian;
pub mod epss;
pub mod feed;
pub mod kev;
pub mod nvd;
pub mod osv;
pub mod oval;
pub mod photon;
pub mod rating;
pub mod redhat;
pub mod secdb;
pub mod starter;
pub mod testing;
pub mod updateinfo;
pub mod xml;

pub use database::{Builder, Database, DatabaseError};
pub use feed::{Batch, Document, Facts, Feed, FeedError, Pick, Sink};
pub use starter::starter;

/// Every feed that is known, in alphabetical order of folders.
pub static FEEDS: &[&dyn Feed] = &[
    &almalinux::Errata,
    &arch::Arch,
    &bottlerocket::Bottlerocket,
    &cve::Cve,
    &cvss::Cvss,
    &debian::Debian,
    &epss::Scores,
    &kev::Catalogue,
    &nvd::Nvd,
    &osv::Osv,
    &osv::repository::GITHUB,
    &osv::repository::MALICIOUS,
    &osv::repository::UBUNTU,
    &oval::AZURE_LINUX,
    &oval::ORACLE_LINUX,
    &oval::SUSE,
    &oval::UBUNTU,
    &photon::Photon,
    &redhat::RED_HAT,
    &redhat::SUSE,
    &secdb::ALPINE,
    &secdb::CHAINGUARD,
    &secdb::WOLFI,
    &updateinfo::ALMA_LINUX,
    &updateinfo::AMAZON,
    &updateinfo::FEDORA,
    &updateinfo::OPENSUSE,
    &updateinfo::ROCKY_LINUX,
];

/// The feed of an id.
pub fn feed(id: &str) -> Option<&'static dyn Feed> {
    FEEDS.iter().copied().find(|feed| feed.id() == id)
}
