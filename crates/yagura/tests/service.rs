//! `yagura serve` as a newcomer starts it: from nothing, on a free port, until a signal.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing unwrap is a failing test")]

mod served;

use served::Served;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn serve(directory: &Path) -> Served {
    let mut command = served::command(directory);
    command.args(["--offline", "--set", "this-machine=false"]);
    let served = served::start(command, directory);
    // The last thing that is said without a database.
    let begun = Instant::now();
    while !served.said().contains("yagura db update") {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", served.said());
        std::thread::sleep(Duration::from_millis(10));
    }
    served
}

#[test]
fn the_first_start_makes_a_key_and_the_second_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let served = serve(directory.path());
    let file = directory.path().join("yagura-data/credentials");
    let text = std::fs::read_to_string(&file).unwrap();
    let secret = text.lines().last().unwrap().rsplit(' ').next().unwrap();
    assert!(served.said().contains(secret), "{}", served.said());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    assert!(served.get("/healthz").ends_with("ok\n"));
    assert!(served.get("/readyz").starts_with("HTTP/1.1 200"));
    assert!(served.get("/version").contains(env!("CARGO_PKG_VERSION")));
    let metrics = served.get("/metrics");
    assert!(metrics.contains("yagura_build_info{version="), "{metrics}");
    assert!(!metrics.contains(secret));
    // Nothing of the API is for those who do not sign.
    let refused = served.get("/findings/list");
    assert!(!refused.starts_with("HTTP/1.1 200"), "{refused}");
    assert_eq!(served.end(), Some(0));

    let again = serve(directory.path());
    assert!(!again.said().contains(secret), "{}", again.said());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    assert_eq!(again.end(), Some(0));
}

#[test]
fn a_wrong_option_is_named_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("yagura.toml"), "\nlisten = \"127.0.0.1:0\"\nlisen = 1\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_yagura"))
        .args(["serve", "--lang", "en"])
        .current_dir(directory.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("yagura.toml:3: there is no option `lisen`; did you mean `listen`?"), "{told}");
}
