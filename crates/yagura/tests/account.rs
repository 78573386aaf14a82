//! `yagura serve` on an emulated account, from an empty data directory, judged by all advisories there are: what it says
//! of every resource is what the account's expectation file says, and unmodified clients then call every operation over
//! the findings it made. On both databases. Account, expectations and advisories are not part of the repository; see
//! `tests/testbed`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing unwrap is a failing test")]

mod served;
#[path = "../../../tests/testbed/mod.rs"]
mod testbed;

use served::Served;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use testbed::Testbed;

/// What the service cannot do yet; the comparison counts what it leaves out for each.
const WITHOUT: &str = "agentless,network,code,repositories";

/// The tests share one emulator and two processors.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn conformance() -> PathBuf {
    let named = std::env::var_os("YAGURA_CONFORMANCE").map(PathBuf::from);
    named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"))
}

fn script(name: &str) -> Command {
    let python = std::env::var("YAGURA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance").join(name));
    command
        .env_remove("AWS_PROFILE")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null");
    command
}

/// All advisories in one file, built once by the program itself.
fn advisories() -> &'static Path {
    static FILE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, file) = FILE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("advisories.db");
        let output = Command::new(env!("CARGO_BIN_EXE_yagura"))
            .args(["db", "build", "--from"])
            .arg(conformance().join("advisories"))
            .arg("--out")
            .arg(&file)
            .output()
            .unwrap();
        assert!(file.is_file(), "{}", String::from_utf8_lossy(&output.stderr));
        (folder, file)
    });
    file
}

/// Starts the service from nothing: all accounts, no other machine.
fn serve(testbed: &Testbed, directory: &Path, database: Option<&str>) -> Served {
    let external = testbed.acme["externalId"].as_str().unwrap();
    let prod = testbed.account("prod");
    let options = format!(
        "this-machine = false\nadvisories = \"{}\"\n[aws]\n\
         accounts = [{{ id = \"{prod}\", role = \"VulnScanner\", external-id = \"{external}\" }}]\n\
         [intervals]\ndiscover = \"20s\"\ncollect = \"5s\"\n",
        advisories().display()
    );
    std::fs::write(directory.join("yagura.toml"), options).unwrap();
    let mut command = served::command(directory);
    command
        .env("AWS_ENDPOINT_URL", &testbed.endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", testbed.account("security"))
        .env("AWS_SECRET_ACCESS_KEY", "testbed")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    if let Some(database) = database {
        command.args(["--database", database]);
    }
    served::start(command, directory)
}

/// Fails with what a script found wrong, and shows what it counted.
fn run(mut command: Command) {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let counted: Vec<&str> = text.lines().filter(|line| !line.starts_with("inspector")).collect();
    println!("{}", counted.join("\n"));
}

fn as_expected(testbed: &Testbed, served: &Served, directory: &Path) {
    let mut command = script("account.py");
    command
        .arg(served.endpoint())
        .arg(conformance().join("testbed/accounts/acme/expected.json"))
        .args(["--without", WITHOUT])
        .env("YAGURA_CREDENTIALS", directory.join("yagura-data/credentials"))
        .env("AWS_ENDPOINT_URL", &testbed.endpoint);
    run(command);
}

/// Every operation with a real client, over what the account made.
fn every_operation(testbed: &Testbed, served: &Served, directory: &Path, client: &str) {
    let mut command = script("api.py");
    command
        .args([&served.endpoint(), client])
        .env("AWS_SHARED_CREDENTIALS_FILE", directory.join("yagura-data/credentials"))
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("YAGURA_ACCOUNT", testbed.account("security"))
        .env("YAGURA_MEMBER", testbed.account("prod"));
    run(command);
}

fn whole(database: Option<&str>) {
    let Some(testbed) = Testbed::get() else { return };
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let directory = tempfile::tempdir().unwrap();
    let served = serve(testbed, directory.path(), database);
    as_expected(testbed, &served, directory.path());
    every_operation(testbed, &served, directory.path(), "boto3");
    assert_eq!(served.end(), Some(0));
}

#[test]
fn acme_over_sqlite_is_as_expected() {
    whole(None);
}

#[test]
fn acme_over_postgres_is_as_expected() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/peers/postgres.sh");
    let output = Command::new(script).arg(std::process::id().to_string()).output().unwrap();
    if output.status.code() == Some(3) {
        assert!(std::env::var_os("CI").is_none(), "CI needs PostgreSQL: run tests/peers/install.sh");
        println!("skipped: PostgreSQL is not installed");
        return;
    }
    let address = String::from_utf8(output.stdout).unwrap();
    whole(Some(address.trim()));
}
