//! pub.dev: ordered like Dart's `pub_semver`.
//!
//! Algorithm: <https://pub.dev/documentation/pub_semver/latest/>. SemVer, but build metadata counts: a version
//! without it comes first, then its identifiers compare like those of a pre-release.

use super::{VersionScheme, bad, semver};
use yagura_model::{BadVersion, VersionKey};

/// The scheme of pub.dev.
pub struct Pub;

/// The value to register.
pub static PUB: Pub = Pub;

const PLAIN: u8 = 0x01;
const BUILD: u8 = 0x02;

impl VersionScheme for Pub {
    fn id(&self) -> &'static str {
        "pub"
    }

    fn key(&self, version: &str) -> Result<VersionKey, BadVersion> {
        let (mut key, build) = semver::precedence(version, false).ok_or_else(|| bad(self, version))?;
        match build {
            Some(build) if !build.is_empty() => {
                key.tag(BUILD);
                semver::identifiers(&mut key, build, false);
            }
            _ => key.tag(PLAIN),
        }
        Ok(key.done())
    }
}
