//! What is printed validates against the published schemas of its format.
//!
//! The schemas come with the packages that `tests/peers/install.sh` installs. Where they are missing, the test
//! says so and passes; in CI it fails.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use jiff::Timestamp;
use std::path::Path;
use std::process::Command;
use yagura_formats::{FORMATS, Report, SourceState, Target, TargetKind};
use yagura_model::{
    Detection, Epss, Fix, FixStatus, Inventory, Kev, Lang, Location, Owner, Package, Platform, Rating,
    Relation, Scope, Severity, SourcePackage, Suppressed, TreePath, Unread, UnreadReason, Vulnerability,
};

fn package(ecosystem: &str, name: &str, version: &str, path: &str) -> Package {
    Package::new(ecosystem, name, version, Location::path(TreePath::from_text(path).unwrap()))
}

fn purl(package: &Package) -> String {
    let name: String =
        package.name.chars().filter(|c| c.is_ascii_alphanumeric() || "-./".contains(*c)).collect();
    format!("pkg:{}/{name}@{}", package.ecosystem.base().to_lowercase(), package.version.trim())
}

/// An inventory with something in every field, hostile texts included.
fn inventory() -> Inventory {
    let mut openssl = package("Debian:12", "libssl3", "3.0.11-1~deb12u2", "var/lib/dpkg/status");
    openssl.source = Some(SourcePackage { name: "openssl".into(), version: "3.0.11-1~deb12u2".into() });
    openssl.arch = Some("amd64".into());
    openssl.licenses = vec!["Apache-2.0".into(), "a licence of their own <&>".into()];
    let mut requests = package("PyPI", "requests", "2.20.0", "usr/lib/python3/requests-2.20.0.egg-info");
    requests.licenses = vec!["MIT OR Apache-2.0".into()];
    requests.owner = Some(Owner {
        ecosystem: "Debian:12".into(),
        name: "python3-requests".into(),
        version: "2.20.0-2".into(),
    });
    requests.depends_on = vec!["urllib3".into()];
    requests.relation = Relation::Direct;
    let mut urllib3 = package("PyPI", "urllib3", "1.24", "app/requirements.txt");
    urllib3.scope = Scope::Development;
    urllib3.commit = Some("0a1b2c3d4e5f60718293a4b5c6d7e8f901234567".into());
    let evil =
        package("npm", "@evil/\u{1b}[31m\"<script>\u{0}", "1.0.0\n", "app/a b/#\u{3042}/package-lock.json");
    Inventory {
        platform: Some(Platform {
            id: "debian".into(),
            version: "12".into(),
            name: "Debian GNU/Linux 12 (bookworm)".into(),
            ecosystem: Some("Debian:12".into()),
            ..Platform::default()
        }),
        packages: vec![openssl, requests, urllib3, evil],
        unread: vec![Unread {
            path: TreePath::from_text("app/broken\u{7}.jar").unwrap(),
            reason: UnreadReason::Truncated,
            detail: "ends \u{1b}[0m early".into(),
        }],
    }
}

fn detection(package: &Package, id: &str, severity: Severity, suppressed: bool) -> Detection {
    let time: Timestamp = "2024-02-03T04:05:06.789Z".parse().unwrap();
    Detection {
        vulnerability: Vulnerability {
            id: id.into(),
            aliases: vec!["GHSA-jfh8-c2jp-5v3q".into(), "OTHER".into()],
            summary: "a summary with \u{1b}]0;title\u{7} and <b>tags</b> | pipes".into(),
            details: "## Details\n\nprose".into(),
            ratings: vec![Rating {
                source: "nvd".into(),
                vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into()),
                score: Some(9.8),
                word: None,
            }],
            cwes: vec![79, 502],
            published: Some(time),
            modified: Some(time),
            references: vec!["https://example.org/advisory?a=b c".into(), "not a url".into()],
            epss: Some(Epss { score: 0.97, percentile: 0.99, date: "2024-02-03".parse().unwrap() }),
            kev: Some(Kev {
                added: "2024-02-03".parse().unwrap(),
                due: None,
                action: "Update.".into(),
                ransomware: true,
            }),
        },
        package: package.clone(),
        severity,
        score: Some(9.8),
        vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into()),
        score_source: Some("nvd".into()),
        vendor_severity: Some("important".into()),
        advisory: "GHSA-jfh8-c2jp-5v3q".into(),
        source: "osv/PyPI".into(),
        fix: Fix { status: FixStatus::Fixed, versions: vec!["2.31.0".into(), "3.0.0".into()] },
        suppressed: suppressed.then(|| Suppressed {
            by: ".trivyignore:3".into(),
            reason: Some("vulnerable_code_not_in_execute_path".into()),
            until: Some(time),
        }),
    }
}

/// Renders the sample in every format into a folder.
fn render_all(folder: &Path, kind: TargetKind, lang: Lang) {
    let inventory = inventory();
    let detections: Vec<Detection> = inventory
        .packages
        .iter()
        .zip([Severity::Critical, Severity::Untriaged, Severity::Informational, Severity::Low])
        .enumerate()
        .map(|(at, (package, severity))| detection(package, &format!("CVE-2024-{at}"), severity, at == 1))
        .collect();
    let target = Target {
        kind,
        name: "registry.example/app:1 \"x\"".into(),
        digest: Some(format!("sha256:{}", "0".repeat(64))),
        tags: vec!["1".into()],
        commit: Some("0a1b2c3d4e5f60718293a4b5c6d7e8f901234567".into()),
    };
    let created: Timestamp = "2024-03-04T05:06:07.8Z".parse().unwrap();
    let data =
        [SourceState { id: "osv/PyPI".into(), date: Some(created), count: 3, error: Some("offline".into()) }];
    for (name, judged, timed) in [("judged", true, true), ("undated", true, false), ("listed", false, true)] {
        let report = Report {
            target: &target,
            inventory: &inventory,
            detections: if judged { &detections } else { &[] },
            code: &[],
            judged,
            data: &data,
            end_of_life: Some("2024-01-01".parse().unwrap()),
            notes: &["a note".to_owned()],
            tool_version: "0.1.0",
            now: created,
            created: timed.then_some(created),
            lang,
            purl,
        };
        for format in FORMATS {
            let mut first = Vec::new();
            format.render(&report, &mut first).unwrap();
            let mut second = Vec::new();
            format.render(&report, &mut second).unwrap();
            assert_eq!(first, second, "{} is not reproducible", format.id());
            let text = String::from_utf8(first).unwrap();
            assert!(
                !text.contains(['\u{1b}', '\u{7}', '\0']),
                "{} lets control characters through",
                format.id()
            );
            let json = format.media_type().contains("json");
            if json {
                serde_json::from_str::<serde_json::Value>(&text).unwrap();
            }
            let extension = if json { "json" } else { "txt" };
            std::fs::write(folder.join(format!("{}-{name}.{extension}", format.id())), text).unwrap();
        }
    }
}

#[test]
fn documents_validate_against_their_published_schemas() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/schemas.py");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemas");
    std::fs::create_dir_all(&folder).unwrap();
    let probe = Command::new("python3")
        .args(["-c", "import cyclonedx.schema, jsonschema, junitparser, referencing, rfc3339_validator, spdx_tools.spdx"])
        .output();
    for (kind, lang) in
        [(TargetKind::Image, Lang::En), (TargetKind::Host, Lang::Ja), (TargetKind::Repository, Lang::En)]
    {
        render_all(&folder, kind, lang);
        if !probe.as_ref().is_ok_and(|output| output.status.success()) {
            assert!(std::env::var_os("CI").is_none(), "the schemas are missing; run tests/peers/install.sh");
            println!("skipped: the schemas are missing; run tests/peers/install.sh");
            continue;
        }
        let output = Command::new("python3").arg(&script).arg(&folder).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.matches(": valid").count() >= 24, "too few documents were checked:\n{text}");
    }
}
