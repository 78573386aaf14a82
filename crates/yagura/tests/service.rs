//! `yagura serve` as a newcomer starts it: from nothing, on a free port, until a signal.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing unwrap is a failing test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Served {
    child: Child,
    address: String,
    said: String,
}

/// Starts the service in a directory and reads what it says until the metrics' address and what follows.
fn serve(directory: &Path) -> Served {
    let mut child = Command::new(env!("CARGO_BIN_EXE_yagura"))
        .args(["serve", "--listen", "127.0.0.1:0", "--offline", "--set", "this-machine=false"])
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = String::new();
    for line in lines.by_ref() {
        let line = line.unwrap();
        said.push_str(&line);
        said.push('\n');
        // The last thing that is said without a database.
        if line.contains("yagura db update") {
            break;
        }
    }
    let address = said.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    Served { child, address, said }
}

impl Served {
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends SIGTERM and returns the exit code.
    fn end(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn the_first_start_makes_a_key_and_the_second_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let served = serve(directory.path());
    let file = directory.path().join("yagura-data/credentials");
    let text = std::fs::read_to_string(&file).unwrap();
    let secret = text.lines().last().unwrap().rsplit(' ').next().unwrap();
    assert!(served.said.contains(secret), "{}", served.said);
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
    assert!(!again.said.contains(secret), "{}", again.said);
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
