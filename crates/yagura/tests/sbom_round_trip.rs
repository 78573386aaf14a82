//! An inventory that is printed as an SBOM and read again is the same inventory.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use jiff::Timestamp;
use yagura_ecosystems::{platform, purl};
use yagura_formats::sbom::{self, Ecosystems};
use yagura_formats::{Report, Target, TargetKind, format};
use yagura_model::{
    Inventory, Lang, LayerId, Location, Owner, Package, Platform, Relation, Scope, SourcePackage, TreePath,
};

fn package(ecosystem: &str, name: &str, version: &str, path: &str) -> Package {
    Package::new(ecosystem, name, version, Location::path(TreePath::from_text(path).unwrap()))
}

fn inventory() -> Inventory {
    let mut openssl = package("Debian:12", "libssl3", "3.0.11-1~deb12u2", "var/lib/dpkg/status");
    openssl.source = Some(SourcePackage { name: "openssl".into(), version: "3.0.11-1".into() });
    openssl.arch = Some("amd64".into());
    openssl.licenses = vec!["Apache-2.0".into(), "Artistic, more or less".into()];
    openssl.locations[0].layer = Some(LayerId::from(format!("sha256:{}", "1".repeat(64))));
    let vim = package("Debian:12", "vim", "2:9.0.1378-2", "var/lib/dpkg/status");
    let mut requests =
        package("PyPI", "requests", "2.28.1", "usr/lib/python3/dist-packages/requests.egg-info");
    requests.owner = Some(Owner {
        ecosystem: "Debian:12".into(),
        name: "python3-requests".into(),
        version: "2.28.1+dfsg-1".into(),
    });
    requests.licenses = vec!["MIT OR Apache-2.0".into()];
    requests.depends_on = vec!["urllib3@1.26.12".into()];
    let mut urllib3 = package("PyPI", "urllib3", "1.26.12", "app/requirements.txt");
    urllib3.scope = Scope::Development;
    urllib3.relation = Relation::Unknown;
    let scoped = package("npm", "@angular/core", "17.0.0", "app/package-lock.json");
    let strange = package("Nowhere", "thing", "1 2", "opt/thing");
    Inventory {
        platform: Some(Platform {
            id: "debian".into(),
            version: "12".into(),
            name: "Debian GNU/Linux 12 (bookworm)".into(),
            ecosystem: Some("Debian:12".into()),
            ..Platform::default()
        }),
        packages: vec![openssl, vim, strange, requests, urllib3, scoped],
        unread: Vec::new(),
    }
}

fn again(id: &str, inventory: &Inventory) -> Inventory {
    let target =
        Target { kind: TargetKind::Image, name: "app".into(), digest: None, tags: Vec::new(), commit: None };
    let report = Report {
        target: &target,
        inventory,
        detections: &[],
        code: &[],
        judged: false,
        data: &[],
        end_of_life: None,
        notes: &[],
        tool_version: "0",
        now: Timestamp::UNIX_EPOCH,
        created: None,
        lang: Lang::En,
        purl: purl::purl,
    };
    let mut document = Vec::new();
    format(id).unwrap().render(&report, &mut document).unwrap();
    let ecosystems = Ecosystems {
        from_purl: |text| purl::from_purl(text).map_err(|error| error.to_string()),
        of_platform: platform::ecosystem_of,
    };
    sbom::read(&document, &ecosystems).unwrap().inventory
}

#[test]
fn cyclonedx_keeps_everything() {
    let inventory = inventory();
    for id in ["cyclonedx", "cyclonedx-1.4", "cyclonedx-1.5"] {
        assert_eq!(again(id, &inventory), sorted(inventory.clone()), "{id}");
    }
}

#[test]
fn spdx_keeps_what_is_judged() {
    let inventory = inventory();
    let identities = |inventory: &Inventory| -> Vec<(String, String, Option<SourcePackage>)> {
        inventory
            .packages
            .iter()
            // A type that no ecosystem claims cannot be told from a purl alone.
            .filter(|package| package.ecosystem.as_str() != "Nowhere")
            .filter(|package| package.name != "thing")
            .map(|package| {
                (
                    package.ecosystem.to_string(),
                    format!("{} {}", package.name, package.version),
                    package.source.clone(),
                )
            })
            .collect()
    };
    assert_eq!(identities(&again("spdx", &inventory)), identities(&sorted(inventory.clone())));
}

fn sorted(mut inventory: Inventory) -> Inventory {
    inventory.packages.sort_by(|a, b| (&a.ecosystem, &a.name).cmp(&(&b.ecosystem, &b.name)));
    inventory
}
