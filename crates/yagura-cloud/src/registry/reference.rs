//! How people name images, and what that means.
//!
//! Grammar: <https://github.com/distribution/reference>. Without a host a name is one of Docker Hub, where names
//! without an owner are official images.

use crate::CloudError;
use std::fmt;
use yagura_fs::Digest;

const HUB: &str = "docker.io";

/// A parsed reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Host and port: `docker.io`, `localhost:5000`.
    pub registry: String,
    /// `library/alpine`.
    pub repository: String,
    /// `latest` when neither tag nor digest is given.
    pub tag: Option<String>,
    /// Wins over the tag.
    pub digest: Option<Digest>,
}

/// Amazon's registries, which have their own way to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ecr {
    /// `public.ecr.aws`.
    Public,
    /// The registry of an account.
    Private {
        /// Twelve digits.
        account: String,
        /// As in `eu-west-1`.
        region: String,
    },
}

impl Reference {
    /// Reads `[host[:port]/]name[:tag][@digest]`.
    ///
    /// # Errors
    /// [`CloudError::Invalid`] with what is wrong.
    pub fn parse(text: &str) -> Result<Self, CloudError> {
        let invalid = |detail: &str| {
            let (text, detail) = (text.to_owned(), detail.to_owned());
            Err(CloudError::Invalid { what: "image reference", text, detail })
        };
        let (rest, digest) = match text.split_once('@') {
            None => (text, None),
            Some((rest, digest)) => match Digest::parse(digest) {
                Some(digest) => (rest, Some(digest)),
                None => return invalid("a digest is `sha256:` and 64 hex digits"),
            },
        };
        // A colon after the last slash begins a tag; before it, a port.
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (rest, None),
        };
        let (registry, repository) = match path.split_once('/') {
            Some((host, name)) if host.contains(['.', ':']) || host == "localhost" => (host, name.to_owned()),
            _ => (HUB, path.to_owned()),
        };
        let registry =
            if registry == "index.docker.io" || registry == "registry-1.docker.io" { HUB } else { registry };
        let official = registry == HUB && !repository.contains('/');
        let repository = if official { format!("library/{repository}") } else { repository };
        if !repository.split('/').all(is_name) || repository.len() > 255 {
            return invalid(
                "a name has lower-case letters, digits, and single `.`, `_`, `-` or `/` between them",
            );
        }
        let host =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | ':' | '[' | ']');
        if !registry.chars().all(host) {
            return invalid("the registry is not a host name");
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return invalid("a tag has letters, digits, `.`, `_` and `-`, at most 128");
        }
        let latest = digest.is_none().then_some("latest");
        Ok(Self { registry: registry.to_owned(), repository, tag: tag.or(latest).map(str::to_owned), digest })
    }

    /// Where the registry answers.
    pub(crate) fn host(&self) -> &str {
        if self.registry == HUB { "registry-1.docker.io" } else { &self.registry }
    }

    /// True for registries on this machine, which rarely have TLS.
    pub(crate) fn is_local(&self) -> bool {
        let host = match self.registry.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => self.registry.split(':').next().unwrap_or_default(),
        };
        host == "localhost"
            || host == "::1"
            || host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// What identifies the manifest in a URL.
    pub(crate) fn version(&self) -> &str {
        self.digest.as_ref().map(Digest::as_str).or(self.tag.as_deref()).unwrap_or("latest")
    }

    /// The Amazon registry that this host is; `None` for any other.
    pub fn ecr(&self) -> Option<Ecr> {
        if self.registry == "public.ecr.aws" {
            return Some(Ecr::Public);
        }
        let parts: Vec<&str> = self.registry.split('.').collect();
        let (account, region, rest) = match *parts.as_slice() {
            [account, "dkr", "ecr" | "ecr-fips", region, ref rest @ ..] => (account, region, rest),
            _ => return None,
        };
        let amazon = matches!(rest, ["amazonaws", "com"] | ["amazonaws", "com", "cn"] | ["amazonaws", "eu"]);
        let twelve = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        (amazon && twelve).then(|| Ecr::Private { account: account.to_owned(), region: region.to_owned() })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

fn is_name(part: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().copied().is_some_and(inner) && bytes.last().copied().is_some_and(inner);
    ends && bytes.iter().all(|&byte| inner(byte) || matches!(byte, b'.' | b'_' | b'-'))
        && !part.contains("..")
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_docker_hub() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, expected) in [
            ("alpine", "docker.io/library/alpine:latest".to_owned()),
            ("alpine:3.19", "docker.io/library/alpine:3.19".to_owned()),
            ("owner/app", "docker.io/owner/app:latest".to_owned()),
            ("index.docker.io/library/alpine", "docker.io/library/alpine:latest".to_owned()),
            ("localhost:5000/x", "localhost:5000/x:latest".to_owned()),
            ("localhost/x/y:1", "localhost/x/y:1".to_owned()),
            ("ghcr.io/a/b/c:v1", "ghcr.io/a/b/c:v1".to_owned()),
            (&format!("a@{digest}"), format!("docker.io/library/a@{digest}")),
            (&format!("quay.io/a/b:1@{digest}"), format!("quay.io/a/b:1@{digest}")),
        ] {
            assert_eq!(Reference::parse(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "Alpine", "a/../b", "a:b c", "a@sha256:00", "a//b", "-a", "host.name/", "a:"] {
            assert!(Reference::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amazon_hosts_are_recognized() {
        for (host, region) in [
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "eu-west-1"),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ] {
            let expected = Ecr::Private { account: "123456789012".to_owned(), region: region.to_owned() };
            assert_eq!(Reference::parse(&format!("{host}/app")).unwrap().ecr(), Some(expected));
        }
        assert_eq!(Reference::parse("public.ecr.aws/a/b").unwrap().ecr(), Some(Ecr::Public));
        for host in ["123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.org", "1.dkr.ecr.x.amazonaws.com"] {
            assert_eq!(Reference::parse(&format!("{host}/app")).unwrap().ecr(), None);
        }
    }
}
