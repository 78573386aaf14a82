//! A local AWS account for tests: starts the emulator once for a test binary, on unused ports, and stops it with the
//! process.
//!
//! The emulator is the folder `testbed` of `YAGURA_CONFORMANCE`; `tests/peers/install.sh` installs what it needs. Without it
//! tests are skipped and say so, except in CI, where they fail.

#![allow(dead_code)] // each test binary uses some of it

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;

/// A running emulator with the account `acme` in it.
pub struct Testbed {
    /// `http://127.0.0.1:port`, where all of AWS answers.
    pub endpoint: String,
    /// Its registry, `127.0.0.1:port`.
    pub registry: String,
    /// What the account contains.
    pub acme: serde_json::Value,
    /// Files of the emulator, among them `acme.json`.
    pub home: PathBuf,
    /// When this is closed, a watchdog stops the servers.
    _watchdog: Option<ChildStdin>,
}

impl Testbed {
    /// The emulator of this process; `None` where it is not there, after saying so.
    pub fn get() -> Option<&'static Self> {
        static ONE: OnceLock<Option<Testbed>> = OnceLock::new();
        let one = ONE.get_or_init(|| {
            let started = start();
            if let Err(reason) = &started {
                assert!(std::env::var_os("CI").is_none(), "the testbed is needed in CI: {reason}");
                println!("skipped: no testbed: {reason}");
            }
            started.ok()
        });
        if one.is_none() {
            println!("skipped: no testbed");
        }
        one.as_ref()
    }

    /// An account id of `acme`: `management`, `security`, `prod`.
    pub fn account(&self, name: &str) -> &str {
        self.acme["accounts"][name].as_str().unwrap()
    }

    /// The id of something in `acme`, as in `web-1`.
    pub fn id(&self, name: &str) -> &str {
        self.acme["ids"][name].as_str().unwrap()
    }
}

fn folder() -> PathBuf {
    let named = std::env::var_os("YAGURA_CONFORMANCE").map(PathBuf::from);
    named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared")).join("testbed")
}

/// Where `tests/peers/install.sh` put the emulator's Python packages.
fn installed() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let tools = set("YAGURA_TOOLS").or_else(|| {
        let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
        cache.map(|cache| cache.join("yagura/tools"))
    })?;
    Some(tools.join("testbed"))
}

fn free_ports() -> Option<[u16; 3]> {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut ports = [0; 3];
    for (slot, listener) in ports.iter_mut().zip(listeners) {
        *slot = listener.ok()?.local_addr().ok()?.port();
    }
    Some(ports)
}

fn start() -> Result<Testbed, String> {
    let script = folder().join("tb");
    if !script.is_file() {
        return Err(format!("`{}` is not there", script.display()));
    }
    let installed = installed().ok_or("no home directory")?;
    if !installed.join("venv").is_dir() {
        return Err(format!("`{}` is empty: run tests/peers/install.sh", installed.display()));
    }
    let home = std::env::temp_dir().join(format!("yagura-testbed-{}", std::process::id()));
    std::fs::create_dir_all(&home).map_err(|error| error.to_string())?;
    // Packages are shared, everything that changes is not.
    for shared in ["venv", "tools", "cache"] {
        let from = installed.join(shared);
        if from.is_dir() {
            std::os::unix::fs::symlink(from, home.join(shared)).map_err(|error| error.to_string())?;
        }
    }
    let [port, registry, git] = free_ports().ok_or("no free ports")?;
    let environment = [
        ("TESTBED_HOME", home.display().to_string()),
        ("TESTBED_PORT", port.to_string()),
        ("TESTBED_REGISTRY_PORT", registry.to_string()),
        ("TESTBED_GIT_PORT", git.to_string()),
    ];
    let run = |verb: &str| {
        let output =
            Command::new("timeout").arg("300").arg(&script).arg(verb).envs(environment.clone()).output();
        match output {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(format!("`tb {verb}` failed: {}", String::from_utf8_lossy(&output.stderr))),
            Err(error) => Err(error.to_string()),
        }
    };
    // The pipe closes when this process ends, however it does.
    let after = "cat >/dev/null; \"$0\" stop; rm -rf \"$TESTBED_HOME\"";
    let watchdog = Command::new("sh")
        .args(["-c", after])
        .arg(&script)
        .envs(environment.clone())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let watchdog = watchdog.map_err(|error| error.to_string())?;
    run("start")?;
    run("seed")?;
    let text = std::fs::read_to_string(home.join("acme.json")).map_err(|error| error.to_string())?;
    Ok(Testbed {
        endpoint: format!("http://127.0.0.1:{port}"),
        registry: format!("127.0.0.1:{registry}"),
        acme: serde_json::from_str(&text).map_err(|error| error.to_string())?,
        home,
        _watchdog: watchdog.stdin,
    })
}
