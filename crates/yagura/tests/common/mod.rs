//! The real binary in scratch directories of its own.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of this")]
#![allow(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A lockfile with one package that the starter advisories know and one that they do not.
pub const LOCKFILE: &str = r#"{
  "name": "shop", "version": "1.0.0", "lockfileVersion": 3,
  "packages": {
    "": {"name": "shop", "version": "1.0.0", "dependencies": {"lodash": "4.17.15", "left-pad": "1.3.0"}},
    "node_modules/lodash": {"version": "4.17.15", "license": "MIT"},
    "node_modules/left-pad": {"version": "1.3.0", "license": "WTFPL"}
  }
}"#;

/// A directory with these files.
pub fn project(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

/// A directory with the lockfile.
pub fn shop() -> tempfile::TempDir {
    project(&[("package-lock.json", LOCKFILE.as_bytes())])
}

/// The binary, with nothing of this environment but a home of its own.
pub fn command(directory: &Path, arguments: &[&str]) -> Command {
    isolated(Command::new(env!("CARGO_BIN_EXE_yagura")), directory, arguments)
}

/// Another program with the same arguments and environment, as `strace`.
pub fn isolated(mut command: Command, directory: &Path, arguments: &[&str]) -> Command {
    command
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", directory.join("home"));
    command
}

#[track_caller]
pub fn check(directory: &Path, arguments: &[&str], code: i32) -> Output {
    let output = command(directory, arguments).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}\nstdout: {}\nstderr: {}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
