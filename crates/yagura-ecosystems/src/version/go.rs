//! Go modules and the Go toolchain: ordered like `golang.org/x/mod/semver`.
//!
//! Algorithm: <https://pkg.go.dev/golang.org/x/mod/semver> and, for `go1.22rc1`,
//! <https://pkg.go.dev/go/version>. Pseudo-versions are SemVer pre-releases, `+incompatible` does not count.
//! Versions that x/mod calls invalid are equal and below every valid one. The `v` may be missing, as in OSV
//! records. `(devel)` says that nobody knows, so it has no place.

use super::key::{Key, digits, is_commit, take};
use super::{VersionScheme, bad, semver};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of Go.
pub struct Go;

/// The value to register.
pub static GO: Go = Go;

const INVALID: u8 = 0x00;

impl VersionScheme for Go {
    fn id(&self) -> &'static str {
        "go"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let trimmed = version.trim();
        let refused = || bad(self, version);
        if trimmed.is_empty()
            || trimmed.starts_with('(')
            || trimmed.starts_with("devel")
            || is_commit(trimmed)
        {
            return Err(refused());
        }
        if let Some(toolchain) =
            trimmed.strip_prefix("go").filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        {
            return toolchain_key(toolchain).ok_or_else(refused);
        }
        let bare = trimmed.strip_prefix('v').unwrap_or(trimmed);
        if !is_valid(bare.as_bytes()) {
            let mut key = Key::of("");
            key.tag(INVALID);
            return Ok(key.done());
        }
        let (key, _) = semver::precedence(bare, false).ok_or_else(refused)?;
        Ok(key.done())
    }

    fn is_version(&self, version: &str) -> bool {
        let bare = version.trim();
        bare.starts_with("go") || is_valid(bare.strip_prefix('v').unwrap_or(bare).as_bytes())
    }
}

/// `1.22rc1` as `1.22.0-rc.1`. What the distributor of the toolchain appended does not count.
fn toolchain_key(version: &str) -> Option<VersionKey> {
    let version = version.split([' ', '-', '+']).next().unwrap_or(version);
    let (numbers, label) = take(version.as_bytes(), |byte| byte.is_ascii_digit() || byte == b'.');
    let (kind, number) = take(label, |byte| byte.is_ascii_alphabetic());
    let mut text = String::from_utf8_lossy(numbers).into_owned();
    if !kind.is_empty() {
        text.push('-');
        text.push_str(&String::from_utf8_lossy(kind));
        text.push('.');
        text.push_str(&String::from_utf8_lossy(number));
    }
    semver::precedence(&text, false).map(|(key, _)| key.done())
}

/// What x/mod accepts after the `v`: one to three numbers without leading zeros; pre-release and build
/// only after three.
fn is_valid(version: &[u8]) -> bool {
    let mut rest = version;
    for count in 1..=3 {
        let (number, tail) = digits(rest);
        if number.is_empty() || (number.len() > 1 && number.starts_with(b"0")) {
            return false;
        }
        rest = match (count, tail) {
            (_, []) => return true,
            (1 | 2, [b'.', tail @ ..]) => tail,
            (3, tail) => tail,
            _ => return false,
        };
    }
    if let [b'-', tail @ ..] = rest {
        let (prerelease, tail) = take(tail, |byte| byte != b'+');
        if !are_identifiers(prerelease, true) {
            return false;
        }
        rest = tail;
    }
    match rest {
        [] => true,
        [b'+', build @ ..] => are_identifiers(build, false),
        _ => false,
    }
}

fn are_identifiers(text: &[u8], strict: bool) -> bool {
    text.split(|&byte| byte == b'.').all(|identifier| {
        !identifier.is_empty()
            && identifier.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !(strict
                && identifier.len() > 1
                && identifier.starts_with(b"0")
                && identifier.iter().all(u8::is_ascii_digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(version: &str) -> VersionKey {
        GO.key(version).unwrap()
    }

    #[test]
    fn toolchains_and_modules_share_one_order() {
        assert!(key("go1.21rc2") < key("go1.21rc10"));
        assert!(key("go1.21rc10") < key("go1.21"));
        assert_eq!(key("go1.21"), key("1.21.0"));
        assert_eq!(key("go1.21.3 X:boringcrypto"), key("v1.21.3"));
        assert_eq!(key("go1.21.3-1"), key("v1.21.3"));
        assert!(key("1.21.0-0") < key("go1.21rc1"));
    }

    #[test]
    fn a_pseudo_version_lies_between_its_neighbours() {
        assert!(key("v1.2.3") < key("v1.2.4-0.20200101000000-0123456789ab"));
        assert!(key("v1.2.4-0.20200101000000-0123456789ab") < key("v1.2.4"));
        assert_eq!(key("v2.0.0+incompatible"), key("v2.0.0"));
    }

    #[test]
    fn what_sorts_below_everything_is_no_version() {
        for (text, expected) in
            [("v1.2.3", true), ("1.2", true), ("go1.21rc2", true), ("v2.3.4rc1", false), ("bad", false)]
        {
            assert_eq!(GO.is_version(text), expected, "{text}");
        }
    }

    #[test]
    fn unknown_builds_are_refused() {
        assert!(GO.key("(devel)").is_err());
        assert!(GO.key("0a2e7b4c0a2e7b4c0a2e7b4c0a2e7b4c0a2e7b4c").is_err());
    }
}
