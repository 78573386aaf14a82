//! Swift packages, and the pods of CocoaPods that older applications use instead.
//!
//! A Swift package's name is the address of its repository, compared without scheme and `.git`
//! (<https://ossf.github.io/osv-schema/#affectedpackage-field>).

mod package_resolved;
mod podfile_lock;

use crate::version::gem::GEM;
use crate::version::semver::SEMVER;
use crate::{Ecosystem, as_is};
use std::borrow::Cow;

const ID: &str = "SwiftURL";
const PODS: &str = "CocoaPods";

/// Packages of the Swift Package Manager.
pub static SWIFT_URL: Ecosystem = Ecosystem {
    id: ID,
    purl: "swift",
    versions: &SEMVER,
    normalize: repository,
    release: as_is,
    catalogers: &[&package_resolved::PackageResolved],
    resolve: None,
};

/// Pods; RubyGems' rules order their versions.
pub static COCOAPODS: Ecosystem = Ecosystem {
    id: PODS,
    purl: "cocoapods",
    versions: &GEM,
    normalize: as_is,
    release: as_is,
    catalogers: &[&podfile_lock::PodfileLock],
    resolve: None,
};

/// `https://github.com/Apple/swift-nio.git` and `git@github.com:apple/swift-nio` are one repository.
fn repository(name: &str) -> Cow<'_, str> {
    let bare = name.split_once("://").map_or(name, |(_, rest)| rest);
    let bare = bare.split_once('@').filter(|(user, _)| !user.contains('/')).map_or(bare, |(_, rest)| rest);
    let bare = bare.trim_end_matches('/');
    let bare = bare.strip_suffix(".git").unwrap_or(bare);
    let scp = bare.find(':').filter(|&colon| !bare.get(..colon).unwrap_or_default().contains('/'));
    if scp.is_none() && !bare.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Borrowed(bare);
    }
    let mut owned = bare.to_ascii_lowercase();
    if let Some(colon) = scp {
        owned.replace_range(colon..=colon, "/");
    }
    Cow::Owned(owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repository_has_one_spelling() {
        for name in [
            "https://github.com/apple/swift-nio.git",
            "https://github.com/Apple/swift-nio/",
            "git@github.com:apple/swift-nio.git",
            "ssh://git@github.com/apple/swift-nio",
            "github.com/apple/swift-nio",
        ] {
            assert_eq!(repository(name), "github.com/apple/swift-nio");
        }
    }
}
