//! The first key: made at the first start, printed once, and written where AWS tools look for it.

use anyhow::Context;
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use yagura_model::AccountId;
use yagura_store::{Credential, Role, Store};

/// The administrator key that a first start made, and the file that has it.
pub struct FirstKey {
    /// The key.
    pub credential: Credential,
    /// The shared-credentials file.
    pub file: PathBuf,
}

/// Makes a key when there is none. Killed between its two writes, the next start finds the file and stores what it says.
///
/// # Errors
/// The file cannot be written, or the store does not answer.
pub async fn first_key(
    store: &dyn Store,
    folder: &Path,
    account: &AccountId,
    now: Timestamp,
) -> anyhow::Result<Option<FirstKey>> {
    if !store.credentials().await?.is_empty() {
        return Ok(None);
    }
    let file = folder.join("credentials");
    let (key_id, secret) = match read_back(&file) {
        Some(found) => found,
        None => {
            let made = (format!("AKIA{}", random(16, BASE32)?), random(40, BASE62)?);
            write(&file, &made.0, &made.1).with_context(|| format!("cannot write `{}`", file.display()))?;
            made
        }
    };
    let credential = Credential {
        key_id,
        secret,
        home_account: account.clone(),
        role: Role::Administrator,
        name: "first administrator".to_owned(),
        created_at: now,
        revoked_at: None,
    };
    store.put_credential(&credential).await?;
    Ok(Some(FirstKey { credential, file }))
}

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE62: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Letters drawn evenly: bytes beyond the last whole multiple of the alphabet are drawn again.
fn random(length: usize, alphabet: &[u8]) -> anyhow::Result<String> {
    let even = 256 - 256 % alphabet.len();
    let mut text = String::new();
    while text.len() < length {
        let mut bytes = [0u8; 64];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| anyhow::anyhow!("the system has no random numbers"))?;
        let letters = bytes.iter().filter(|byte| usize::from(**byte) < even);
        let letters = letters.filter_map(|byte| alphabet.get(usize::from(*byte) % alphabet.len()));
        text.extend(letters.map(|letter| char::from(*letter)).take(length - text.len()));
    }
    Ok(text)
}

fn write(file: &Path, key_id: &str, secret: &str) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut out = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    write!(out, "[default]\naws_access_key_id = {key_id}\naws_secret_access_key = {secret}\n")?;
    out.sync_all()?;
    std::fs::rename(beside, file)
}

fn read_back(file: &Path) -> Option<(String, String)> {
    let text = std::fs::read_to_string(file).ok()?;
    let value = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        })
    };
    Some((value("aws_access_key_id")?, value("aws_secret_access_key")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_is_for_its_owner_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        write(&file, "AKIAEXAMPLE", "secret").unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read_back(&file), Some(("AKIAEXAMPLE".to_owned(), "secret".to_owned())));
    }

    #[test]
    fn keys_look_like_keys() {
        let key = random(16, BASE32).unwrap();
        assert!(key.len() == 16 && key.bytes().all(|byte| BASE32.contains(&byte)));
        assert_ne!(key, random(16, BASE32).unwrap());
    }
}
