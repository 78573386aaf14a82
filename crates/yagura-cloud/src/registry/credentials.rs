//! Credentials from Docker's `config.json` and the helper programs it names.
//!
//! Format: <https://docs.docker.com/reference/cli/docker/login/#credential-stores>; helpers speak
//! <https://github.com/docker/docker-credential-helpers>.

use crate::{CloudError, base64};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a helper may take; some ask the user.
const PATIENCE: Duration = Duration::from_secs(60);
/// Most bytes that a helper may say.
const MOST: u64 = 64 << 10;

/// What to show to a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// User and password.
    Password(String, String),
    /// A refresh token, exchanged for an access token.
    Identity(String),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
    #[serde(default)]
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
struct Auth {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    identitytoken: Option<String>,
}

/// Credentials for a registry from the configuration in `directory`; `None` when there are none. May run a helper
/// and wait for it.
///
/// # Errors
/// [`CloudError::Credentials`]: the configuration or a helper is broken.
pub fn find(directory: &Path, registry: &str) -> Result<Option<Credentials>, CloudError> {
    let path = directory.join("config.json");
    let error = |detail: String| CloudError::Credentials { from: path.display().to_string(), detail };
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(error(source.to_string())),
    };
    // The parser's message would quote the file, which holds secrets.
    let config: Config = serde_json::from_slice(&text).map_err(|parse| {
        error(format!("not valid JSON at line {}, column {}", parse.line(), parse.column()))
    })?;
    let server = match registry {
        "docker.io" => "https://index.docker.io/v1/",
        other => other,
    };
    if let Some(helper) = config.cred_helpers.get(registry) {
        return ask(&program(helper)?, server);
    }
    let host = |key: &str| {
        let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
        let host = key.split('/').next().unwrap_or_default();
        if host == "index.docker.io" || host == "registry-1.docker.io" { "docker.io" } else { host }
            .to_owned()
    };
    let entry = config.auths.iter().find(|(key, _)| host(key) == registry).map(|(_, auth)| auth);
    if let Some(credentials) = entry.and_then(from_file) {
        return Ok(Some(credentials));
    }
    match &config.creds_store {
        Some(helper) => ask(&program(helper)?, server),
        None => Ok(None),
    }
}

fn from_file(auth: &Auth) -> Option<Credentials> {
    if let Some(token) = auth.identitytoken.clone().filter(|token| !token.is_empty()) {
        return Some(Credentials::Identity(token));
    }
    if let Some(encoded) = auth.auth.as_deref().filter(|text| !text.is_empty()) {
        let decoded = String::from_utf8(base64::decode(encoded)?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        return Some(Credentials::Password(user.to_owned(), password.trim_end_matches('\0').to_owned()));
    }
    Some(Credentials::Password(auth.username.clone()?, auth.password.clone()?))
}

/// The program of a helper, which is looked up on the search path only.
fn program(helper: &str) -> Result<PathBuf, CloudError> {
    let name = format!("docker-credential-{helper}");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if helper.bytes().all(plain) {
        return Ok(PathBuf::from(name));
    }
    Err(CloudError::Credentials { from: name, detail: "not the name of a program".to_owned() })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Asks a helper. `None` when it has nothing for this server.
fn ask(program: &Path, server: &str) -> Result<Option<Credentials>, CloudError> {
    let error = |detail: String| CloudError::Credentials { from: program.display().to_string(), detail };
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|source| error(source.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that ended already says why below.
        let _ = input.write_all(server.as_bytes());
    }
    let output = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(output) = output {
            let _ = output.take(MOST).read_to_end(&mut bytes);
        }
        bytes
    });
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|source| error(source.to_string()))? {
            Some(status) => break status,
            None if begun.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(error(format!("no answer within {} seconds", PATIENCE.as_secs())));
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let bytes = reader.join().unwrap_or_default();
    if !status.success() {
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        let nothing = text.contains("not found") || text.contains("no credentials");
        return if nothing { Ok(None) } else { Err(error(format!("it ended with {status}"))) };
    }
    let answer: Answer =
        serde_json::from_slice(&bytes).map_err(|_| error("its answer cannot be understood".to_owned()))?;
    Ok(match (answer.username.as_str(), answer.secret.is_empty()) {
        (_, true) => None,
        ("<token>", _) => Some(Credentials::Identity(answer.secret)),
        _ => Some(Credentials::Password(answer.username, answer.secret)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_config(text: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("config.json"), text).unwrap();
        directory
    }

    #[test]
    fn entries_of_the_file_are_found_in_every_spelling() {
        let config = with_config(
            r#"{"auths": {
                "https://index.docker.io/v1/": {"auth": "dXNlcjpwYTpzcw=="},
                "https://ghcr.io": {"username": "u", "password": "p"},
                "localhost:5000": {"identitytoken": "t"},
                "empty.example": {}}}"#,
        );
        let found = |registry| find(config.path(), registry).unwrap();
        assert_eq!(found("docker.io"), Some(Credentials::Password("user".into(), "pa:ss".into())));
        assert_eq!(found("ghcr.io"), Some(Credentials::Password("u".into(), "p".into())));
        assert_eq!(found("localhost:5000"), Some(Credentials::Identity("t".into())));
        assert_eq!(found("empty.example"), None);
        assert_eq!(found("evil-ghcr.io"), None);
        assert_eq!(find(Path::new("/nowhere"), "ghcr.io").unwrap(), None);
    }

    #[test]
    fn a_broken_file_is_told_without_its_content() {
        let config = with_config(r#"{"auths": {"a": {"auth": "c2VjcmV0"#);
        let error = find(config.path(), "a").unwrap_err().to_string();
        assert!(error.contains("line 1") && !error.contains("c2Vj"), "{error}");
        let config = with_config(r#"{"credHelpers": {"a": "../../bin/sh"}}"#);
        assert!(find(config.path(), "a").unwrap_err().to_string().ends_with("not the name of a program"));
    }

    #[test]
    fn helpers_are_asked() {
        let directory = tempfile::tempdir().unwrap();
        let script = |name: &str, body: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            path
        };
        let good = script(
            "good",
            r#"read s; echo "{\"ServerURL\":\"$s\",\"Username\":\"$1 $s\",\"Secret\":\"x\"}""#,
        );
        assert_eq!(ask(&good, "host").unwrap(), Some(Credentials::Password("get host".into(), "x".into())));
        let none = script("none", "echo credentials not found in native keychain; exit 1");
        assert_eq!(ask(&none, "host").unwrap(), None);
        let broken = script("broken", "echo secret; exit 3");
        let error = ask(&broken, "host").unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && !error.contains("secret"), "{error}");
        assert!(ask(Path::new("docker-credential-that-is-not-there"), "host").is_err());
    }
}
