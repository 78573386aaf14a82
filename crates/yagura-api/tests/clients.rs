//! The API with an unmodified client: boto3 in strict validation. A real server over a real store in this process;
//! the client is a real process. `tests/conformance/api.py` is what it does.

#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use yagura_api::{Api, Settings, router, settle};
use yagura_formats::sbom::Ecosystems;
use yagura_model::{
    Advisories, EcosystemId, FixStatus, Location, Package, Rating, Statement, TreePath, Vulnerability,
};
use yagura_store::{Credential, Role, SqlStore, Store};

const KEY: &str = "AKIAYAGURATESTS00001";
const SECRET: &str = "not-a-secret-not-a-secret-not-a-secret-0";
const ACCOUNT: &str = "123456789012";

/// One advisory, about the version of lodash that the script scans.
struct OneAdvisory;

impl Advisories for OneAdvisory {
    fn statements<'a>(&'a self, ecosystem: &EcosystemId, name: &str, visit: &mut dyn FnMut(Statement<'a>)) {
        if (ecosystem.as_str(), name) == ("npm", "lodash") {
            visit(Statement {
                advisory: "CVE-2021-44228",
                source: "osv/npm",
                ecosystem: "npm",
                name: "lodash",
                binary: false,
                vulnerabilities: vec!["CVE-2021-44228"],
                intervals: Vec::new(),
                versions: vec!["4.17.20"],
                commits: Vec::new(),
                status: FixStatus::Affected,
                module: None,
                arches: Vec::new(),
                severity: None,
            });
        }
    }

    fn vulnerability(&self, id: &str) -> Option<Vulnerability> {
        let rating = Rating {
            source: "nvd".into(),
            vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()),
            score: Some(9.8),
            word: None,
        };
        (id == "CVE-2021-44228").then(|| Vulnerability {
            id: id.into(),
            aliases: Vec::new(),
            summary: "an example".to_owned(),
            details: String::new(),
            ratings: vec![rating],
            cwes: vec![20],
            published: Some(jiff::Timestamp::UNIX_EPOCH),
            modified: None,
            references: vec!["https://example.org/".to_owned()],
            epss: None,
            kev: None,
        })
    }
}

/// Enough of a purl for the one package of the script.
fn from_purl(text: &str) -> Result<Package, String> {
    let rest = text.strip_prefix("pkg:npm/").ok_or("not an npm purl")?;
    let (name, version) = rest.split_once('@').ok_or("no version")?;
    Ok(Package::new("npm", name, version, Location::path(TreePath::default())))
}

/// The address of a server that answers until the test ends.
async fn start(folder: &std::path::Path) -> SocketAddr {
    let database = format!("sqlite:{}", folder.join("store.db").display());
    let store: Arc<dyn Store> = Arc::new(SqlStore::open(&database).await.unwrap());
    let now = jiff::Timestamp::now;
    let credential = Credential {
        key_id: KEY.to_owned(),
        secret: SECRET.to_owned(),
        home_account: ACCOUNT.into(),
        role: Role::Administrator,
        name: "tests".to_owned(),
        created_at: now(),
        revoked_at: None,
    };
    store.put_credential(&credential).await.unwrap();
    let advisories: Arc<dyn Advisories + Send + Sync> = Arc::new(OneAdvisory);
    let ecosystems = Ecosystems { from_purl, of_platform: |_| None };
    let source = Arc::new(move || Some(advisories.clone()));
    let api = Api::new(store.clone(), source, ecosystems, Settings::new("test", now));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let service = router(api).into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service).await.unwrap();
    });
    tokio::spawn(async move {
        loop {
            settle(&*store, now()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    address
}

fn run(client: &str) {
    let python = std::env::var("YAGURA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let check = Command::new(&python).args(["-c", "import boto3, botocore, awscli"]).output();
    if !check.is_ok_and(|check| check.status.success()) {
        println!("skipped: boto3 and the AWS CLI are not installed; tests/peers/install.sh does it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let address = runtime.block_on(start(folder.path()));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/conformance/api.py");
    let output = Command::new(python)
        .args([script, &format!("http://{address}"), client])
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("YAGURA_ACCOUNT", ACCOUNT)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> =
        text.lines().filter(|line| line.contains("PROBLEM") || line.contains("problems")).collect();
    assert!(output.status.success(), "{}\n{}", lines.join("\n"), String::from_utf8_lossy(&output.stderr));
    println!("{}", lines.join("\n"));
}

#[test]
fn every_operation_answers_boto3_as_the_model_says() {
    run("boto3");
}
