//! The real program as a service: started in a directory on a free port, asked over HTTP, ended or killed.

#![allow(dead_code)] // each test binary uses some of it

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a service may take until it listens, and until it ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running service. It is killed when it is dropped.
pub struct Served {
    child: Child,
    /// `127.0.0.1:port`.
    pub address: String,
    said: Arc<Mutex<String>>,
}

/// The program, set up to serve in a directory and with nothing of this process's environment but `PATH`.
pub fn command(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yagura"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--lang", "en"])
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", directory);
    command
}

/// Starts the service; its log goes to `log` in its directory.
pub fn start(mut command: Command, directory: &Path) -> Served {
    let log = std::fs::File::options().create(true).append(true).open(directory.join("log")).unwrap();
    let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let said = Arc::new(Mutex::new(String::new()));
    let (out, into) = (child.stdout.take().unwrap(), said.clone());
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            into.lock().unwrap().push_str(&format!("{line}\n"));
        }
    });
    let mut served = Served { child, address: String::new(), said };
    let told = served.wait_for("/metrics", directory);
    served.address = told.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    served
}

impl Served {
    /// What it said, once a text is part of it.
    fn wait_for(&mut self, text: &str, directory: &Path) -> String {
        let begun = Instant::now();
        loop {
            let told = self.said();
            if told.contains(text) {
                return told;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                let log = std::fs::read_to_string(directory.join("log")).unwrap_or_default();
                panic!("the service ended with {status}: {told}{log}");
            }
            assert!(begun.elapsed() < PATIENCE, "the service does not say `{text}`: {told}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// `http://127.0.0.1:port`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Status line, header fields and body of a page.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The value of a metric, named with its labels.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let page = self.get("/metrics");
        page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGKILL and waits for the end.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM and returns the exit code.
    pub fn end(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
