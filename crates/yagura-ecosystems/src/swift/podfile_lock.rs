//! `Podfile.lock`: what CocoaPods resolved. <https://guides.cocoapods.org/using/using-cocoapods.html>
//!
//! Subspecs (`Firebase/Core`) belong to their pod and are not packages of their own.

use super::PODS;
use crate::document::Packages;
use crate::{Cataloger, Found};
use std::collections::BTreeSet;
use yagura_fs::{File, ReadError};

pub(super) struct PodfileLock;

impl Cataloger for PodfileLock {
    fn id(&self) -> &'static str {
        "swift/podfile-lock"
    }

    fn files(&self) -> &'static [&'static str] {
        &["Podfile.lock"]
    }

    fn read(&self, file: &File<'_>, found: &mut Found) -> Result<(), ReadError> {
        let text = file.text()?;
        let mut packages = Packages::new(PODS, file);
        let mut direct: BTreeSet<&str> = BTreeSet::new();
        let (mut section, mut parent, mut seen) = ("", ("", ""), false);
        for line in text.lines() {
            let indent = line.len() - line.trim_start().len();
            let content = line.trim().trim_start_matches("- ").trim_end_matches(':').trim_matches('"');
            match (indent, section) {
                (0, _) if !line.is_empty() => {
                    section = content;
                    seen |= section == "PODS";
                }
                (2, "PODS") => {
                    parent = pod(content);
                    packages.add(parent.0, parent.1);
                }
                (4, "PODS") => {
                    let name = pod(content).0;
                    if name != parent.0
                        && let Some(package) = packages.add(parent.0, parent.1)
                    {
                        package.depends_on.push(name.to_owned());
                    }
                }
                (2, "DEPENDENCIES") => {
                    direct.insert(pod(content).0);
                }
                _ => {}
            }
        }
        if !seen {
            return Err(ReadError::malformed(file.path, "there is no `PODS` section"));
        }
        packages.relate(|package| direct.contains(package.name.as_str()));
        packages.finish(found);
        Ok(())
    }
}

/// The pod and version of `Firebase/Core (8.0.0)`.
fn pod(text: &str) -> (&str, &str) {
    let (name, rest) = text.split_once(" (").unwrap_or((text, ""));
    let name = name.split_once('/').map_or(name, |(pod, _)| pod);
    (name.trim(), rest.trim_end_matches(')'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, render};

    #[test]
    fn subspecs_are_their_pod() {
        let lock = b"PODS:\n  - Alamofire (5.4.3)\n  - Firebase/Core (8.0.0):\n    - Firebase/CoreOnly\n    - FirebaseAnalytics (= 8.0.0)\n  - Firebase/CoreOnly (8.0.0)\n  - FirebaseAnalytics (8.0.0)\n  - \"GoogleUtilities/NSData+zlib (7.4.0)\"\n\nDEPENDENCIES:\n  - Alamofire (~> 5.4)\n  - Firebase/Core\n\nSPEC CHECKSUMS:\n  Alamofire: e447a2774a40c996748296fa2c55112fdbbc42f9\n\nCOCOAPODS: 1.10.1\n";
        insta::assert_snapshot!(render(&read(&PodfileLock, "Podfile.lock", lock)), @r#"
        CocoaPods Alamofire 5.4.3 runtime/direct @Podfile.lock
        CocoaPods Firebase 8.0.0 runtime/direct -> FirebaseAnalytics @Podfile.lock
        CocoaPods FirebaseAnalytics 8.0.0 runtime/transitive @Podfile.lock
        CocoaPods GoogleUtilities 7.4.0 runtime/transitive @Podfile.lock
        "#);
        assert_eq!(read(&PodfileLock, "Podfile.lock", b"\xff nothing").unread.len(), 1);
    }
}
